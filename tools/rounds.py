"""What the benchmarks do alike: rounds in turn, ratios, a table and JSON.

Each round measures everything once, so that the ratio of two things within a
round holds on a machine whose speed comes and goes; the median over rounds is
what is told.
"""

import json
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tools import benchmarks

K = TypeVar("K")
T = TypeVar("T")


def interleaved(measures: Mapping[K, Callable[[], T]], rounds: int,
                warm_ups: int = 1) -> dict[K, list[T]]:
    """Measures everything in turn, round after round.

    Args:
      measures: By name; each is called once a round.
      rounds: How many count.
      warm_ups: Rounds before them.

    Returns:
      What each returned in each round that counts.
    """
    found: dict[K, list[T]] = {name: [] for name in measures}
    for number in range(warm_ups + rounds):
        for name, measure in measures.items():
            value = measure()
            if number >= warm_ups:
                found[name].append(value)
    return found


def ratio(values: Sequence[float], to: Sequence[float]) -> float:
    """The median of the quotients of each round.

    >>> ratio([2, 8, 9], [1, 2, 3])
    3.0
    """
    return statistics.median(
        value / other for value, other in zip(values, to, strict=True))


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The lowest and the highest value.

    >>> spread([3, 1.26, 2], 1)
    '1.3-3.0'
    """
    return f"{min(values):.{digits}f}-{max(values):.{digits}f}"


def describe() -> dict[str, Any]:
    """The machine, the date, and what else it had to do."""
    return {"machine": benchmarks.machine(),
            "load_average": round(os.getloadavg()[0], 1)}


def headline() -> str:
    """As `describe`, in one line above a table."""
    found = describe()
    return f"{found['machine']}; load average {found['load_average']}"


def write_json(path: str | None, figures: Any) -> None:
    """Writes figures with the machine they are of; nothing without a path."""
    if not path:
        return
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**describe(), "figures": figures}, file, indent=1)
        file.write("\n")
