"""What a label table's cells may say.

Every function takes a stripped cell and raises `CellError`, whose text says
what was expected, for anything that it does not know: a wrong label is worse
than a stopped build. Results are remembered, as a register has millions of
cells and few different ones.
"""

import datetime
import functools
import re
from collections.abc import Callable
from typing import TypeVar

from pipelines.labels import errors, tables

_SIDES = {"l": "L", "left": "L", "r": "R", "right": "R"}
_TRUTHS = {"1": 1, "1.0": 1, "true": 1, "yes": 1,
           "0": 0, "0.0": 0, "false": 0, "no": 0}
BLANKS = frozenset({"", "-", "na", "n/a", "nan", "none", "null", "<na>",
                    "#n/a"})
_BOTH = frozenset({"b", "both", "bilateral", "lr", "rl", "l/r", "r/l", "l+r",
                   "l and r", "left and right"})
BOTH = "B"
_SPLITS = {"train": "train", "training": "train", "val": "validation",
           "valid": "validation", "dev": "validation",
           "validation": "validation", "test": "test", "testing": "test"}
OUTCOMES = ("TP", "TN", "FP", "FN")

_BIRADS = re.compile(
    r"(?:bi-?\s?rads)?\s*[:=]?\s*([0-6])(?:\.0+)?\s*[abc]?", re.IGNORECASE)
_WHOLE = re.compile(r"(\d+)\.0+")
_VIEW = re.compile(r"[A-Z]{2,6}")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?")
_ISO_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)")
_YEAR = re.compile(r"\d{4}")
_DAY_NUMBER = re.compile(r"\d{5}(?:\.\d+)?")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


Told = TypeVar("Told")


class CellError(ValueError):
    """A cell says what nobody can use; the text says what was expected."""


def told(name: str, parse: Callable[[tables.Cell], Told],
         cell: tables.Cell) -> Told:
    """What a cell says; its error names the column and what was found.

    What was found is told by its looks alone, as it may be a name or a date.
    """
    try:
        return parse(cell)
    except CellError as error:
        raise CellError(f"{name} {error} (found: "
                        f"{errors.shape(tables.text(cell))})") from None


def is_blank(cell: tables.Cell) -> bool:
    """Whether nothing is said, in whatever way people write that.

    >>> is_blank("NaN"), is_blank("0")
    (True, False)
    """
    return tables.text(cell).lower() in BLANKS


@functools.cache
def laterality(cell: tables.Cell) -> str:
    """`L` or `R`, from those or LEFT and RIGHT in any case."""
    try:
        return _SIDES[tables.text(cell).lower()]
    except KeyError:
        raise CellError("is neither L, R, LEFT nor RIGHT") from None


@functools.cache
def side(cell: tables.Cell) -> str | None:
    """`L`, `R` or, of both breasts, `BOTH`; None where blank.

    >>> [side(cell) for cell in ("left", "R", "bilateral", "NaN")]
    ['L', 'R', 'B', None]
    """
    value = tables.text(cell).lower()
    if value in BLANKS:
        return None
    return BOTH if value in _BOTH else laterality(cell)


def identifier(cell: tables.Cell) -> str:
    """An ID as text, without the decimals of a number; empty where blank.

    >>> [identifier(cell) for cell in ("20586934.0", "4e3a57.0a", "NaN")]
    ['20586934', '4e3a57.0a', '']
    """
    value = tables.text(cell)
    match = _WHOLE.fullmatch(value)
    return match[1] if match else "" if value.lower() in BLANKS else value


@functools.cache
def view(cell: tables.Cell) -> str | None:
    """A view's code in capitals, as CC; None where blank."""
    value = tables.text(cell).upper()
    if value.lower() in BLANKS:
        return None
    if not _VIEW.fullmatch(value):
        raise CellError("is not the code of a view, as CC or MLO")
    return value


@functools.cache
def split(cell: tables.Cell) -> str | None:
    """train, validation or test; None where blank."""
    value = tables.text(cell).lower()
    if value in BLANKS:
        return None
    try:
        return _SPLITS[value]
    except KeyError:
        raise CellError("is none of training, validation, test") from None


@functools.cache
def truth(cell: tables.Cell) -> int | None:
    """1 or 0, from those or true, false, yes, no; None where blank."""
    value = tables.text(cell).lower()
    if value in BLANKS:
        return None
    try:
        return _TRUTHS[value]
    except KeyError:
        raise CellError("is none of 0, 1, true, false, yes, no") from None


def flag(cell: tables.Cell) -> bool | None:
    """Whether something is there, as an implant; None where blank."""
    known = truth(cell)
    return None if known is None else bool(known)


@functools.cache
def outcome(cell: tables.Cell) -> str | None:
    """TP, TN, FP or FN; None where blank."""
    value = tables.text(cell).upper()
    if value.lower() in BLANKS:
        return None
    if value not in OUTCOMES:
        raise CellError("is none of TP, TN, FP, FN")
    return value


@functools.cache
def birads(cell: tables.Cell) -> int | None:
    """A BI-RADS category without its letter; None where blank.

    >>> [birads(cell) for cell in ("4a", "BI-RADS 2", "0", "")]
    [4, 2, 0, None]
    """
    value = tables.text(cell)
    if value.lower() in BLANKS:
        return None
    match = _BIRADS.fullmatch(value)
    if not match:
        raise CellError("is not a BI-RADS category, 0 to 6")
    return int(match[1])


@functools.cache
def date(cell: tables.Cell, date_format: str | None) -> datetime.date:
    """The day that a cell names.

    Args:
      cell: A date, or text.
      date_format: How text is to be read, as `datetime.strptime` has it.
        None: ISO 8601, as 2014-01-01, 20140101 or the year alone.
    """
    if not isinstance(cell, str):
        found = cell
    elif not cell:
        raise CellError("is missing")
    elif date_format is not None:
        found = _date_by_format(cell, date_format)
    else:
        found = _iso_date(cell)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise CellError(
            f"has a year outside {_FIRST_YEAR} to {_LAST_YEAR}; check the "
            "cell and --date_format")
    return found


def _date_by_format(cell: str, date_format: str) -> datetime.date:
    try:
        return datetime.datetime.strptime(cell, date_format).date()
    except ValueError:
        raise CellError(
            f"does not match --date_format={date_format}") from None


def _iso_date(cell: str) -> datetime.date:
    match = _ISO.fullmatch(cell) or _ISO_BASIC.fullmatch(cell)
    try:
        if match:
            return datetime.date(*map(int, match.groups()))
        if _YEAR.fullmatch(cell):
            return datetime.date(int(cell), 1, 1)
    except ValueError:
        raise CellError("is not a day of the calendar") from None
    if _DAY_NUMBER.fullmatch(cell):
        raise CellError("is a spreadsheet's day number; give the column a "
                        "date format in the spreadsheet")
    raise CellError("is not an ISO date (YYYY-MM-DD); name its format, as in "
                    "--date_format=%d-%m-%Y")
