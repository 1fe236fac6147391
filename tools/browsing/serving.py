"""Serving the page on this machine's loopback."""

import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Any

from werkzeug import serving

from tools.browsing import web
from tools.browsing.catalogue import Catalogue
from tools.browsing.originals import Originals

LOOPBACK = "127.0.0.1"


class _Quiet(serving.WSGIRequestHandler):
    """What was looked at is nobody else's business."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass


class Server(serving.ThreadedWSGIServer):
    """Serves until it is closed, and then leaves no thread behind."""

    # The interpreter waits for their last answer.
    daemon_threads = False
    block_on_close = False

    def __init__(self, port: int, application: web.Application,
                 descriptor: int):
        super().__init__(LOOPBACK, port, application, _Quiet, fd=descriptor)
        self._open: set[Any] = set()

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close(self) -> None:
        """Ends serving, and connections on which a browser asks nothing."""
        self.shutdown()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        self.server_close()


def bind(catalogue: Callable[[], Catalogue], read: Originals,
         port: int) -> Server:
    """A server that is bound and not yet serving; its `port` is known.

    Args:
      catalogue: Gives what is looked at, as soon as it is loaded.
      read: Reads original files.
      port: 0: any that is free.

    Raises:
      OSError: The port is taken.
    """
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise OSError(f"--port={port} is taken by another program; "
                          "--port=0 takes one that is free") from error
        bound.listen()
        port = bound.getsockname()[1]
        # The server duplicates the descriptor.
        return Server(port, web.Application(catalogue, read, port),
                      bound.fileno())
