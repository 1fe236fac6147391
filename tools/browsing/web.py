"""The page's server side: addresses in, answers out, and nothing else.

Only GET, only by the names that lead to this machine's own loopback, only the
files that the page consists of. Whatever is asked for is named by a SOP
Instance UID and a variant and looked up in the catalogue; no part of an
address ever becomes a path.
"""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from pipelines import console
from tools.browsing import facts
from tools.browsing import originals
from tools.browsing import pictures
from tools.browsing.catalogue import Catalogue, Missing
from tools.browsing.originals import Originals, Unavailable
from tools.browsing.selection import Refused, Selection

_STATIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
_TYPES = {".html": "text/html; charset=utf-8",
          ".css": "text/css; charset=utf-8",
          ".js": "text/javascript; charset=utf-8",
          ".svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # What is seen of patients is not to stay in a browser's cache on disk.
    "Cache-Control": "no-store",
}
_PAGE = "/"


class Application:
    """A WSGI application over one catalogue."""

    def __init__(self, catalogue: Callable[[], Catalogue], read: Originals,
                 port: int):
        """Reads the page's own files.

        Args:
          catalogue: Gives what is looked at, as soon as it is loaded.
          read: Reads original files.
          port: Where it is served.
        """
        self._loaded = catalogue
        self._originals = read
        # Any other name for this address is somebody else's, who has his
        # page's visitors ask us (DNS rebinding).
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._static = _static_files()

    def __call__(self, environ: dict[str, Any],
                 start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        response = self.respond(request)
        response.headers.update(_HEADERS)
        return response(environ, start_response)

    def respond(self, request: Request) -> Response:
        """The answer, also to what is wrong."""
        if request.headers.get("Host", "") not in self._hosts:
            return _error(403, "this is served as "
                          f"{' and '.join(sorted(self._hosts))} only")
        if request.method != "GET":
            response = _error(405, "only GET: there is nothing to change")
            response.headers["Allow"] = "GET"
            return response
        if request.path in self._static:
            return Response(*self._static[request.path])
        answer = _ANSWERS.get(request.path)
        if answer is None:
            return _error(404, "there is no such page")
        # Another site may link to the page, but not ask for what is in it.
        if request.headers.get("Sec-Fetch-Site") in ("cross-site",
                                                     "same-site"):
            return _error(403, "only the page itself asks for this")
        try:
            return answer(self, request)
        except Refused as error:
            return _error(400, str(error))
        except (Missing, Unavailable) as error:
            return _error(404, str(error.args[0]))
        except (ValueError, OSError) as error:
            # A damaged record, a missing shard: no fault of the asker's.
            return _error(500, f"the data set is damaged: {error}")
        except Exception as error:  # One request must not end the server.
            console.error(f"{request.path}: {error!r}")
            return _error(500, f"{type(error).__name__}: see the terminal")

    @property
    def _catalogue(self) -> Catalogue:
        return self._loaded()

    def dataset(self, _: Request) -> Response:
        """What stays the same."""
        return _json(facts.data_set(self._catalogue))

    def page(self, request: Request) -> Response:
        """One page of images."""
        number = request.args.get("page") or "1"
        if not number.isdecimal() or len(number) > 9:
            raise Refused(f"page {number[:20]!r} is not a number from 1 on")
        return _json(facts.page(self._catalogue,
                                Selection.parse(request.args), int(number)))

    def facets(self, request: Request) -> Response:
        """Values to choose."""
        return _json(facts.facets(self._catalogue,
                                  Selection.parse(request.args)))

    def image(self, request: Request) -> Response:
        """All that is known of one image."""
        return _json(facts.image(self._catalogue,
                                 Selection.parse(request.args),
                                 _key(request)))

    def _stored(self, row: dict[str, Any], name: str | None) -> Any:
        """A record's pixels; of the variant shown first unless named."""
        places = self._catalogue.places(row["_row"])
        wanted = name or str(self._catalogue.variant)
        for variant, place in places.items():
            if str(variant) == wanted:
                return pictures.stored(self._catalogue.dataset, variant,
                                       place)
        raise Missing(f"there is no record {wanted[:40]!r} of this image")

    def thumbnail(self, request: Request) -> Response:
        """A small picture of it, PNG."""
        row = self._catalogue.image(_key(request))
        return Response(pictures.thumbnail(self._stored(row, None)),
                        content_type="image/png")

    def pixels(self, request: Request) -> Response:
        """The values of one of its pictures, as they are."""
        row = self._catalogue.image(_key(request))
        name = request.args.get("picture")
        pixels = (self._originals.levels(row) if name == facts.ORIGINAL
                  else self._stored(row, name))
        height, width = pixels.shape
        return Response(pictures.to_bytes(pixels), headers={
            "X-Width": str(width), "X-Height": str(height)},
            content_type="application/octet-stream")

    def stages(self, request: Request) -> Response:
        """What the stages are, or why there are none: both are answers."""
        row = self._catalogue.image(_key(request))
        try:
            found = self._originals.stages(row)
        except Unavailable as error:
            found = originals.Stages((), str(error))
        return _json({"ended": found.ended, "stages": [
            {"lines": stage.lines, "width": stage.width,
             "height": stage.height} for stage in found.stages]})

    def stage(self, request: Request) -> Response:
        """The picture of one stage, PNG."""
        row = self._catalogue.image(_key(request))
        stages = self._originals.stages(row).stages
        number = request.args.get("number", "")
        if number not in map(str, range(len(stages))):
            raise Missing(f"there is no stage {number[:20]!r}")
        return Response(stages[int(number)].png, content_type="image/png")


_ANSWERS: dict[str, Callable[[Application, Request], Response]] = {
    "/api/dataset": Application.dataset,
    "/api/page": Application.page,
    "/api/facets": Application.facets,
    "/api/image": Application.image,
    "/api/thumbnail": Application.thumbnail,
    "/api/pixels": Application.pixels,
    "/api/stages": Application.stages,
    "/api/stage": Application.stage,
}


def _static_files() -> dict[str, tuple[bytes, int, dict[str, str]]]:
    """The page's files by address: contents, status and headers."""
    found = {}
    for name in sorted(os.listdir(_STATIC)):
        with open(os.path.join(_STATIC, name), "rb") as file:
            address = _PAGE if name == "index.html" else f"/static/{name}"
            found[address] = file.read(), 200, {
                "Content-Type": _TYPES[os.path.splitext(name)[1]]}
    return found


def _key(request: Request) -> str:
    key = request.args.get("image")
    if not key:
        raise Refused("which image? ?image=SOP_INSTANCE_UID is needed")
    return key


def _json(value: Any) -> Response:
    return Response(json.dumps(value, ensure_ascii=False, allow_nan=False),
                    content_type="application/json")


def _error(status: int, message: str) -> Response:
    response = _json({"error": " ".join(message.split())})
    response.status_code = status
    return response
