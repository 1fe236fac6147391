"""Which program and which libraries a run comes from."""

import datetime
import importlib.metadata
import os
import platform
import subprocess


def versions() -> dict[str, str]:
    """Of what decides a run's numbers."""
    return {"python": platform.python_version(),
            **{name: importlib.metadata.version(name)
               for name in ("tensorflow", "keras", "numpy")}}


def git_revision() -> str | None:
    """The revision of this program, `-dirty` where changed; None outside git.
    """
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        done = subprocess.run(
            ["git", "-C", root, "describe", "--always", "--dirty",
             "--abbrev=40", "--exclude=*"],
            capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def utc_now() -> str:
    """The time, as run.json holds it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
