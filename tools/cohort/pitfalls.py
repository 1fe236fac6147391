"""The catalogue of what a real archive holds besides good files.

Each pitfall is a function from an `Image` to the files that stand in its
place, usually one, named here as the flag `--pitfalls` names it. A pitfall's
docstring is its help. Each kind has a module of its own.
"""

import dataclasses
from collections.abc import Callable

from tools.cohort.pitfalls_files import FILES
from tools.cohort.pitfalls_headers import HEADERS
from tools.cohort.pitfalls_luts import LUTS
from tools.cohort.pitfalls_objects import OBJECTS
from tools.cohort.pitfalls_pixels import PIXELS
from tools.cohort.pitfalls_views import VIEWS
from tools.cohort.variation import File, Image

PITFALLS: dict[str, Callable[[Image], tuple[File, ...]]] = {
    **PIXELS, **LUTS, **HEADERS, **VIEWS, **FILES, **OBJECTS}


def apply(name: str, image: Image) -> tuple[File, ...]:
    """The files that a pitfall makes of an image.

    A file is explicit little endian unless the pitfall is of another syntax.

    Raises:
      ValueError: There is no pitfall of that name.
    """
    if name not in PITFALLS:
        raise ValueError(f"no pitfall {name!r}; there are "
                         f"{', '.join(sorted(PITFALLS))}")
    return PITFALLS[name](dataclasses.replace(image, syntax="explicit"))


def described() -> str:
    """All names with one line each."""
    return "\n".join(f"  {name}: {(function.__doc__ or '').rstrip('.')}"
                     for name, function in PITFALLS.items())
