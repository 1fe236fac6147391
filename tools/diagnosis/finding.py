"""What a check of this machine found, and the table and JSON of all."""

import collections
import dataclasses
from collections.abc import Sequence
from typing import TextIO

from pipelines import console
from pipelines import text_table

OK, WARN, MISSING = "ok", "warn", "missing"
# So many of an area that are ok are told in one line.
_MANY = 8
_COLOURS = {OK: console.GREEN, WARN: console.YELLOW, MISSING: console.RED}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
      area: What it belongs to, as `packages`.
      name: What it is.
      status: ok; warn: it works, but slower, less or otherwise than tested;
        missing: it is not there or does not work.
      found: What was found.
      advice: What to do about it; empty where there is nothing to do.
      needed: Whether the default build or training needs it.
    """

    area: str
    name: str
    status: str
    found: str
    advice: str = ""
    needed: bool = False

    @property
    def breaks(self) -> bool:
        """Whether the default build or training does not work for it."""
        return self.needed and self.status == MISSING


def table(findings: Sequence[Finding], stream: TextIO) -> str:
    """A row each, with its advice below it; colours where they are shown."""
    header = ["status", "area", "what", "found"]
    rows = [[one.status, one.area, one.name, one.found] for one in findings]
    layout = text_table.Layout(header, rows, [False] * len(header))
    lines = layout.head()
    for one, row in zip(findings, rows):
        status = console.coloured(one.status, _COLOURS[one.status], stream)
        lines.append(status + layout.line(row).removeprefix(one.status))
        if one.advice:
            lines.append(layout.line(["", "", "", f"-> {one.advice}"]))
    return "\n".join(lines)


def collapsed(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, those that are ok one for an area where they are many."""
    fine = collections.Counter(
        one.area for one in findings if one.status == OK)
    shown: list[Finding] = []
    told = set()
    for one in findings:
        if one.status != OK or fine[one.area] < _MANY:
            shown.append(one)
        elif one.area not in told:
            told.add(one.area)
            shown.append(Finding(one.area, f"{fine[one.area]} {one.area}", OK,
                                 "as they should be (--all lists them)"))
    return shown
