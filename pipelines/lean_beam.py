"""Beam without what a build on this machine does not use of it.

`import apache_beam` imports its optional companions too, where they are
installed: half a second and 45 MB that every build would start with, most of
it for pandas, which nothing here needs.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib import abc

# Where a build runs in its own process; other engines may stage their files
# by these.
EMBEDDED = ("DirectRunner", "FnApiRunner")
# Beam tries to import each of these, and does without where it is missing.
_COMPANIONS = ("pandas", "boto3", "pymongo", "apache_beam.io.gcp.bigquery")


def import_beam(arguments: Sequence[str]) -> None:
    """Imports Beam, lean where the words of a command let it.

    Args:
      arguments: Words that may be flags of Beam's.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--runner", default=EMBEDDED[0])
    runner = parser.parse_known_args(list(arguments))[0].runner
    with without(*(_COMPANIONS if runner in EMBEDDED else ())):
        import apache_beam  # noqa: F401
        import pyarrow as pa

        # Arrow looks for pandas when it makes its first array of what it has
        # to guess the type of, and then never again.
        pa.array([True])


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Has imports within the block miss modules that are not imported yet.

    They can be imported again after it.
    """
    missing = _Missing(names)
    sys.meta_path.insert(0, missing)
    try:
        yield
    finally:
        sys.meta_path.remove(missing)


class _Missing(abc.MetaPathFinder):
    """Finds that modules are not there."""

    def __init__(self, names: Sequence[str]):
        self._names = names

    def find_spec(self, fullname, path, target=None):
        if fullname in self._names:
            raise ModuleNotFoundError(f"no module {fullname} is looked for",
                                      name=fullname)
        return None
