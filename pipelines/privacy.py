"""Keyed hashing of patient IDs, so that no raw ID reaches the disk.

Under `--patient_ids=hash` an ID is hashed where it is first read: in the
header scan, and in the label table as it is loaded. The key is read from a
file and never written.
"""

import dataclasses
import hashlib
import hmac
import re

# 64 bits: in an archive of ten million patients two share a hash with a
# probability of 3e-6.
_HASH_DIGITS = 16
MIN_KEY_BYTES = 16
_OLDEST = 90
_SUFFIX = re.compile(r"(?:\.[A-Za-z]+)?$")


@dataclasses.dataclass(frozen=True)
class Pseudonyms:
    """How patient IDs and paths are written.

    Attributes:
      key: The secret, or None to keep IDs as they are given.
    """

    key: bytes | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self):
        if self.key is not None and len(self.key) < MIN_KEY_BYTES:
            raise ValueError(
                f"--id_key_file holds {len(self.key)} bytes: a key that "
                f"cannot be guessed has at least {MIN_KEY_BYTES}, as "
                "`head -c 32 /dev/urandom` gives")

    def patient(self, patient_id: str) -> str:
        """The ID as it is written: 16 hexadecimal digits, or as given.

        No ID stays none: the hash of an empty text would look like one.
        """
        if self.key is None or not patient_id:
            return patient_id
        return self._hash("patient", patient_id)

    def age(self, years: int | None) -> int | None:
        """The age as it is written; where IDs are hashed, 90 stands for all
        above 89, whom their age could give away (45 CFR 164.514 (b)(2))."""
        if self.key is None or years is None:
            return years
        return min(years, _OLDEST)

    def path_key(self, path: str) -> str | None:
        """What a path is recognised by in a later build, or None."""
        return None if self.key is None else self._hash("path", path)

    def path(self, path: str, patient_id: str | None) -> str:
        """The path as it is written.

        The ID is replaced wherever the path contains it. Where the file did
        not say whose it is, the path could hold any patient's ID, and nothing
        of it but the letters of its suffix stays.
        """
        if self.key is None:
            return path
        if patient_id:
            return path.replace(patient_id, self._hash("patient", patient_id))
        suffix = _SUFFIX.findall(path)[0]
        return f"hidden-{self._hash('path', path)}{suffix}"

    @property
    def fingerprint(self) -> str | None:
        """Tells one key from another without telling the key."""
        return None if self.key is None else self._hash("key", "fingerprint")

    def _hash(self, purpose: str, text: str) -> str:
        assert self.key is not None
        message = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self.key, message, hashlib.sha256).hexdigest()
        return digest[:_HASH_DIGITS]
