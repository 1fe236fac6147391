"""Running builds in this process, and comparing what they wrote."""

import contextlib
import hashlib
import io
import pathlib

from pipelines import beam_options
from pipelines import build
from pipelines import config as configs
from pipelines import shards


def config(output: str = "records", dicoms: tuple[str, ...] = ("dicoms",),
           labels: configs.LabelSource = configs.LabelSource("labels.csv"),
           manifest: str | None = None, **changes) -> configs.BuildConfig:
    """The build of the archive that `tests.archive` wrote here.

    Paths are part of what is written: relative ones are equal everywhere.
    """
    return configs.BuildConfig(**{
        "sources": (configs.Source(None, dicoms, labels, manifest),),
        "output": output, **changes})


def run(settings: configs.BuildConfig,
        *beam_words: str) -> tuple[int, str]:
    """Builds; returns the exit status and what was printed."""
    stream = io.StringIO()
    words = beam_words or ("--direct_num_workers=2",)
    with contextlib.redirect_stderr(stream):
        status = build.build(settings, beam_options.parse(words, []), stream)
    return status, stream.getvalue()


def contents(output: str | pathlib.Path) -> dict[str, str]:
    """The sha256 of every file of a data set, by its path within it.

    What is kept for the next build is left out.
    """
    root = pathlib.Path(output)
    return {
        str(path.relative_to(root)):
            hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and shards.WORK_FOLDER not in path.parts}
