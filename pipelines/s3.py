"""Objects of an S3-compatible store, by boto3.

Where the store is and who asks is told by the environment alone, as AWS's own
tools take it: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION, AWS_PROFILE, or the machine's role. Requests are
tried again, with growing pauses, where the store asks for patience (503 Slow
Down) or does not answer; AWS_MAX_ATTEMPTS says how often.

Beam's own S3 file system is not used: it opens a request to the object's end
for each read, whose bytes the store sends until somebody stops it, and it
makes a client, which takes 20 ms, for each file.
"""

import errno
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

import boto3
import boto3.exceptions
import boto3.s3.transfer
import botocore.config
import botocore.exceptions

from pipelines import stores
from pipelines.stores import Found, Unavailable

SCHEME = "s3://"
# A shard of raw images has 109 MB: it is one request, of which nothing is
# left where it fails.
ONE_REQUEST_BYTES = 256 << 20
_PART_BYTES = 64 << 20
_TRIES = 10
_CONNECTIONS = 64
_PAGE = 1000
_BODY_TRIES = 5

_NO_OBJECT = frozenset({"NoSuchKey", "404", "NotFound"})
_REFUSED = frozenset({
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken",
    "InvalidToken", "TokenRefreshRequired", "RequestTimeTooSkewed",
    "AuthorizationHeaderMalformed"})
_DENIED = frozenset({"AccessDenied", "403", "Forbidden"})
_BUSY = frozenset({
    "SlowDown", "503", "ServiceUnavailable", "Throttling",
    "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "429"})

_Answer = TypeVar("_Answer")


class _S3:
    """The store; its client is made when it is first needed."""

    def __init__(self):
        self._lock = threading.Lock()
        self._client: Any = None
        self._process = 0

    @property
    def client(self) -> Any:
        """boto3's, one for each process: making it is slow."""
        with self._lock:
            if self._client is None or self._process != os.getpid():
                self._client, self._process = _make_client(), os.getpid()
            return self._client

    def forget(self) -> None:
        """Has the environment read again at the next request."""
        self._client = None

    def read(self, path: str, start: int = 0,
             length: int | None = None) -> bytes:
        """See `stores.Store`."""
        if length == 0:
            return b""
        bucket, key = split(path)
        wanted = {} if not start and length is None else {
            "Range": f"bytes={start}-" + (
                "" if length is None else str(start + length - 1))}

        def get() -> bytes:
            try:
                answer = self.client.get_object(
                    Bucket=bucket, Key=key, **wanted)
            except botocore.exceptions.ClientError as error:
                if _code(error) in ("InvalidRange", "416"):
                    return b""  # The object ends before.
                raise
            return answer["Body"].read()

        return _asked(path, lambda: _whole_body(get))

    def find(self, path: str) -> Found | None:
        """See `stores.Store`."""
        bucket, key = split(path)
        try:
            found = _asked(path, lambda: self.client.head_object(
                Bucket=bucket, Key=key))
        except FileNotFoundError:
            return None
        return Found(path, found["ContentLength"], _etag(found))

    def below(self, prefix: str) -> Iterator[Found]:
        """See `stores.Store`."""
        for page in self._pages(prefix):
            yield from _objects(prefix, page)

    def children(self, folder: str) -> tuple[list[Found], list[str]]:
        """See `stores.Store`."""
        start = folder.rstrip("/") + "/"
        files, folders = [], []
        for page in self._pages(start, Delimiter="/"):
            files += [one for one in _objects(start, page)
                      if one.path != start]
            folders += [one["Prefix"].rstrip("/").rpartition("/")[2]
                        for one in page.get("CommonPrefixes", ())]
        return files, sorted(folders)

    def put(self, path: str, source: BinaryIO) -> None:
        """See `stores.Store`."""
        bucket, key = split(path)
        config = boto3.s3.transfer.TransferConfig(
            multipart_threshold=ONE_REQUEST_BYTES,
            multipart_chunksize=min(_PART_BYTES, ONE_REQUEST_BYTES))
        _asked(path, lambda: self.client.upload_fileobj(
            source, bucket, key, Config=config))

    def remove(self, path: str) -> None:
        """See `stores.Store`."""
        bucket, key = split(path)
        try:
            _asked(path, lambda: self.client.delete_object(
                Bucket=bucket, Key=key))
        except FileNotFoundError:
            pass  # Some stores say so.

    def check(self, folder: str, write: bool) -> None:
        """See `stores.Store`."""
        bucket, key = split(folder.rstrip("/") + "/")
        probe = f"{key}.tmp-probe-{os.getpid()}"
        try:
            _asked(folder, lambda: self.client.list_objects_v2(
                Bucket=bucket, Prefix=key, MaxKeys=1))
            if write:
                _asked(folder, lambda: self.client.put_object(
                    Bucket=bucket, Key=probe, Body=b""))
                self.remove(f"{SCHEME}{bucket}/{probe}")
        except PermissionError as error:
            what = "written to" if write else "listed"
            raise Unavailable(
                f"{folder} cannot be {what}: the store denies it to these "
                "credentials") from error

    def _pages(self, prefix: str, **options: Any) -> Iterator[dict]:
        bucket, start = split(prefix)
        pages = iter(self.client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=start,
            PaginationConfig={"PageSize": _PAGE}, **options))
        while True:
            page = _asked(prefix, lambda: next(pages, None))
            if page is None:
                return
            yield page


STORE = _S3()


def split(path: str) -> tuple[str, str]:
    """Bucket and key.

    >>> split("s3://bucket/a/b.dcm")
    ('bucket', 'a/b.dcm')
    """
    bucket, _, key = path.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise Unavailable(f"{path} names no bucket: expected s3://BUCKET/NAME")
    return bucket, key


def _make_client() -> Any:
    # It tells where it found the credentials, for one.
    for name in ("boto3", "botocore", "s3transfer", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)
    tries = int(os.environ.get("AWS_MAX_ATTEMPTS", _TRIES))
    return boto3.session.Session().client("s3", config=botocore.config.Config(
        retries={"mode": "standard", "total_max_attempts": tries},
        max_pool_connections=_CONNECTIONS, connect_timeout=10,
        # Stores of others than Amazon do not know its newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required"))


def _objects(prefix: str, page: dict) -> Iterator[Found]:
    bucket = split(prefix)[0]
    for one in page.get("Contents", ()):
        yield Found(f"{SCHEME}{bucket}/{one['Key']}", one["Size"], _etag(one))


def _etag(found: dict) -> str:
    return found["ETag"].strip('"')


def _whole_body(get: Callable[[], bytes]) -> bytes:
    """An answer with its body, asked for again where that breaks off."""
    for attempt in range(1, _BODY_TRIES):
        try:
            return get()
        except (botocore.exceptions.IncompleteReadError,
                botocore.exceptions.ResponseStreamingError,
                botocore.exceptions.ReadTimeoutError):
            time.sleep(random.uniform(0, min(20, 0.1 * 2 ** attempt)))
    return get()


def _asked(path: str, ask: Callable[[], _Answer]) -> _Answer:
    """An answer, or an error that a person can act on."""
    try:
        return ask()
    except boto3.exceptions.S3UploadFailedError as error:
        inner = error.__cause__ or error.__context__
        if isinstance(inner, botocore.exceptions.ClientError):
            raise _explained(path, inner) from error
        raise Unavailable(f"{path}: {_one_line(error)}") from error
    except botocore.exceptions.ClientError as error:
        raise _explained(path, error) from error
    except botocore.exceptions.NoCredentialsError as error:
        raise Unavailable(
            f"{path}: there are no credentials; set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE") from error
    except botocore.exceptions.BotoCoreError as error:
        raise Unavailable(
            f"{path}: {_one_line(error)}; AWS_ENDPOINT_URL says where the "
            f"store is ({_endpoint()})") from error


def _explained(path: str, error: Any) -> OSError:
    code = _code(error)
    if code == "NoSuchBucket":
        return Unavailable(
            f"{path}: there is no bucket {split(path)[0]} at {_endpoint()}; "
            "make it, or mend the path or AWS_ENDPOINT_URL")
    if code in _NO_OBJECT:
        return FileNotFoundError(errno.ENOENT, "there is no such object", path)
    if code in _REFUSED:
        return Unavailable(
            f"{path}: {_endpoint()} refuses the credentials ({code}); set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY as it knows them")
    if code in _DENIED:
        return PermissionError(errno.EACCES, "access denied", path)
    if code in _BUSY:
        return Unavailable(
            f"{path}: {_endpoint()} is too busy ({code}), after "
            f"{_attempts(error)} tries; try later, with fewer workers, or "
            "raise AWS_MAX_ATTEMPTS")
    return Unavailable(f"{path}: {_one_line(error)}")


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _attempts(error: Any) -> int:
    metadata = error.response.get("ResponseMetadata", {})
    return metadata.get("RetryAttempts", 0) + 1


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get(
        "AWS_ENDPOINT_URL") or "Amazon S3"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


_: stores.Store = STORE
