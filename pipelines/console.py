"""What scripts tell: a person at a terminal, a log file, or a scheduler.

Standard output has results. Standard error has the rest: how far it is, what
is odd, what is wrong. `--quiet` leaves only errors of the latter, `--json_logs`
makes each of its lines an object. On a terminal a line of progress renews
itself in place, and errors have a colour (not with NO_COLOR; neither where
TERM is dumb).
"""

import datetime
import io
import json
import math
import os
import re
import sys
import threading
from collections.abc import Mapping
from typing import Any, TextIO

# What a line of progress tells a scheduler, if only that it is not known.
_PROGRESS = dict.fromkeys(("stage", "unit", "done", "total", "rate",
                           "seconds_left"))
_CLEAR = "\r\033[K"
RED, YELLOW, GREEN = "31;1", "33;1", "32"


class Nowhere(io.TextIOBase):
    """Takes text and drops it.

    It has no lock, which a worker's thread could hold when Python ends.
    """

    def write(self, text: str) -> int:
        return len(text)


class JsonLines(io.TextIOBase):
    """Turns each line that is written into a JSON object of its own.

    Args:
      stream: Where the objects go.
      script: What says so.
    """

    def __init__(self, stream: TextIO, script: str):
        self._stream = stream
        self._script = script
        self._begun = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                self.event({"level": "info", "message": line.rstrip()})
        return len(text)

    def event(self, fields: Mapping[str, Any]) -> None:
        """Writes one object; it has the time and the script besides."""
        now = datetime.datetime.now(datetime.timezone.utc)
        told = {"time": now.isoformat(timespec="milliseconds"),
                "level": "info", "script": self._script, **fields}
        self._stream.write(json.dumps(
            # JSON has no infinities.
            {name: None if isinstance(value, float) and not math.isfinite(value)
             else value for name, value in told.items()},
            ensure_ascii=False, default=str) + "\n")
        self._stream.flush()

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()


class _Settings:
    """Of this process; a script sets them when it begins."""

    script = ""
    quiet = False
    stream: Any = None
    shown: "Line | None" = None


_NOW = _Settings()
_LOCK = threading.RLock()


def setup(script: str, quiet: bool = False, json_logs: bool = False) -> None:
    """Says who speaks, and how.

    Args:
      script: Its name, as messages begin.
      quiet: Tell errors only.
      json_logs: Standard error gets an object a line.
    """
    # A build whose workers fail leaves sys.stderr to them.
    stream: Any = sys.__stderr__ or sys.stderr
    if json_logs:
        stream = JsonLines(stream, script)
        sys.stderr = stream
    _NOW.script, _NOW.quiet, _NOW.stream = script, quiet, stream


def stream() -> Any:
    """Where progress and remarks go."""
    return Nowhere() if _NOW.quiet else _stream()


def _stream() -> Any:
    return _NOW.stream or sys.stderr


def info(message: object) -> None:
    """A remark."""
    if not _NOW.quiet:
        _tell("info", str(message))


def warning(message: object) -> None:
    """What is odd, and does not stop it."""
    if not _NOW.quiet:
        _tell("warning", one_line(message), "warning", YELLOW)


def error(message: object) -> None:
    """What stops it, or makes its result wrong; always told."""
    _tell("error", one_line(message), "error", RED)


def _tell(level: str, text: str, mark: str = "", colour: str = "") -> None:
    stream = _stream()
    if isinstance(stream, JsonLines):
        stream.event({"level": level, "message": text.strip()})
        return
    with _LOCK:
        clear()
        if mark:
            # Of an error that it is one goes without saying.
            who = f"{_NOW.script}: " if _NOW.script else ""
            what = f"{mark}: " if mark == "warning" else ""
            text = coloured(who + what, colour, stream) + text
        stream.write(text + "\n")
        stream.flush()


def one_line(message: object) -> str:
    r"""A message without its line breaks; of the system's errors, in words.

    >>> one_line("this\n  and that")
    'this and that'
    >>> one_line(FileNotFoundError(2, "No such file or directory", "a.csv"))
    'a.csv: No such file or directory'
    """
    if isinstance(message, OSError) and message.strerror and (
            message.filename is not None and message.filename2 is None):
        name = os.fsdecode(message.filename) if isinstance(
            message.filename, bytes) else message.filename
        message = f"{name}: {message.strerror}"
    return re.sub(r"\s*[\r\n]\s*", " ", str(message).strip())


class Line:
    """Tells over and over how far something is.

    On a terminal one line that renews itself, else a line each time.

    Args:
      stream: Where; that of all progress unless given.
    """

    def __init__(self, stream: TextIO | None = None):
        self._stream: Any = globals()["stream"]() if stream is None else stream
        self.live = is_live(self._stream)

    def show(self, text: str, fields: Mapping[str, Any] | None = None,
             last: bool = False) -> None:
        """Shows it anew.

        Args:
          text: For a person.
          fields: For `--json_logs`, besides the text.
          last: It stays, and what comes next begins below it.
        """
        if isinstance(self._stream, JsonLines):
            self._stream.event({**_PROGRESS, **(fields or {}),
                                "message": text})
            return
        with _LOCK:
            if not self.live:
                self._stream.write(f"{text}\n")
            else:
                shown = text if last else text[:_columns(self._stream)]
                self._stream.write(_CLEAR + shown + "\n" * last)
                _NOW.shown = None if last else self
            self._stream.flush()

    def clear(self) -> None:
        """Makes room for a line of something else."""
        with _LOCK:
            if _NOW.shown is self:
                self._stream.write(_CLEAR)
                self._stream.flush()
                _NOW.shown = None


def clear() -> None:
    """Makes room on the terminal where a line renews itself."""
    with _LOCK:
        if _NOW.shown is not None:
            _NOW.shown.clear()


def is_live(stream: TextIO) -> bool:
    """Whether it is a terminal that can go back in a line."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def coloured(text: str, colour: str, stream: TextIO) -> str:
    """The text in a colour, where the stream shows colours."""
    if not is_live(stream) or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{colour}m{text}\033[0m"


def _columns(stream: Any) -> int | None:
    """How much of a line that renews itself fits, or None for all of it."""
    try:
        # A line that wraps could not be gone back in.
        return max(os.get_terminal_size(stream.fileno()).columns - 1, 0) or None
    except (OSError, ValueError):
        return None
