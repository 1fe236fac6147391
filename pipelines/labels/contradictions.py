"""One row for each key: what says the same counts once.

Different rows for one key contradict each other. That is an error, or the key
says nothing.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pipelines.labels import errors, ledger, rows

# What makes two rows for one key the same: all that is read of them.
_SAME = slice(rows.Diagnosis._fields.index("patient_id"), None)
# What a key whose rows contradict each other says nothing of.
_LABELS: dict[str, Any] = dict.fromkeys((
    "birads", "birads_1", "birads_2", "birads_3", "cancer", "outcome",
    "follow_up", "rule"))
# What else they may contradict each other in; the header's counts then.
_TOLD: dict[str, Any] = {
    "patient_id": "", "laterality": None, "view": None, "implant": None}
_REPEATED = "as another row has it, counted once"


class Key(NamedTuple):
    """What there may be one row for.

    Attributes:
      fields: Of `rows.Diagnosis`.
      name: In words, for messages.
    """

    fields: tuple[str, ...]
    name: str


# Of a table whose `join` is so.
KEYS = {
    rows.VISIT: Key(("patient_id", "laterality", "year"),
                    "patient, side and year"),
    rows.BREAST: Key(("patient_id", "laterality"), "patient and side"),
    rows.IMAGE: Key(("image",), "image"),
    rows.STUDY: Key(("image", "laterality"), "study and side"),
}


def one_per_key(
    found: Iterable[rows.Diagnosis], key: Key, options: rows.LabelOptions,
    book: ledger.Ledger, places: Iterable[ledger.Place] | None = None,
) -> list[rows.Diagnosis]:
    """One row for each key, in the order of the first.

    Args:
      found: What was read, in the order of the tables.
      key: What there may be one row for.
      options: Whether contradictions are an error.
      book: Is told of the rows that are left out.
      places: Where each row stands, if not where it says.

    Returns:
      The first row of each key; `contradicting`, and without labels, if
      another row contradicts it.

    Raises:
      errors.LabelError: There are contradictions, and they are errors.
    """
    indices = [rows.Diagnosis._fields.index(name) for name in key.fields]
    given = list(found)
    where = [(one.source, one.row) for one in given] if places is None else (
        list(places))
    kept: dict[tuple, rows.Diagnosis] = {}
    first: dict[tuple, int] = {}
    contradicting: dict[tuple, list[ledger.Place]] = {}
    for number, (one, place) in enumerate(zip(given, where, strict=True)):
        values = tuple(one[index] for index in indices)
        known = kept.setdefault(values, one)
        if first.setdefault(values, number) == number:
            continue
        if values in contradicting:
            contradicting[values].append(place)
        elif known[_SAME] == one[_SAME]:
            book.leave_out(_REPEATED, place)
            continue
        else:
            contradicting[values] = [where[first[values]], place]
        kept[values] = _agreed(known, one)
    _settle(contradicting.values(), key.name, options, book)
    return list(kept.values())


def _agreed(first: rows.Diagnosis, second: rows.Diagnosis) -> rows.Diagnosis:
    """What is left of a row when another contradicts it."""
    differing = {name: unknown for name, unknown in _TOLD.items()
                 if getattr(first, name) != getattr(second, name)}
    return first._replace(**_LABELS, **differing, contradicting=True)


def _settle(contradicting: Iterable[list[ledger.Place]], name: str,
            options: rows.LabelOptions, book: ledger.Ledger) -> None:
    """Leaves contradicting rows out, or raises LabelError with their numbers.
    """
    groups = list(contradicting)
    if groups and options.conflicts == "error":
        lines = [f"the label table contradicts itself: different rows for "
                 f"one {name}:"]
        lines += [f"  {ledger.listed(group)}"
                  for group in groups[:errors.MOST_SHOWN]]
        if len(groups) > errors.MOST_SHOWN:
            lines.append(f"  and {len(groups) - errors.MOST_SHOWN:,} more")
        lines.append("Mend them, or leave those images out with "
                     "--label_conflicts=drop")
        raise errors.LabelError("\n".join(lines))
    for group in groups:
        book.leave_out(f"contradicting another row for its {name}, all of "
                       "them dropped", *group)
