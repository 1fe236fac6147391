"""Rows of a label table that say the same, or contradict each other."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pipelines.labels import errors, rows

# What makes two rows for one key the same: all that is read of them.
_SAME = slice(rows.Diagnosis._fields.index("patient_id"), None)
# What a key whose rows contradict each other says nothing of.
_LABELS: dict[str, Any] = dict.fromkeys((
    "birads", "birads_1", "birads_2", "birads_3", "cancer", "outcome",
    "follow_up", "rule"))
# What else they may contradict each other in; the header's counts then.
_TOLD: dict[str, Any] = {
    "patient_id": "", "laterality": None, "view": None, "implant": None}


class Contradiction(NamedTuple):
    """Two different rows for one key, in the order of the tables."""

    first: rows.Diagnosis
    second: rows.Diagnosis


def one_per_key(
    found: Iterable[rows.Diagnosis], key: tuple[str, ...],
) -> tuple[list[rows.Diagnosis], list[Contradiction]]:
    """One row per key, in the order of the first, and who contradicts it.

    Args:
      found: Rows, in the order of the tables.
      key: Fields of `rows.Diagnosis` of which the key is made.

    Returns:
      The first row of each key, `contradicting` and without labels if another
      row contradicts it; and each row that does, with that first one. All
      other rows say what the first of their key says.
    """
    places = [rows.Diagnosis._fields.index(name) for name in key]
    first: dict[tuple, rows.Diagnosis] = {}
    silent: dict[tuple, rows.Diagnosis] = {}
    contradictions = []
    for diagnosis in found:
        values = tuple(diagnosis[place] for place in places)
        known = first.setdefault(values, diagnosis)
        if known[_SAME] != diagnosis[_SAME]:
            contradictions.append(Contradiction(known, diagnosis))
            silent[values] = _agreed(silent.get(values, known), diagnosis)
    return list((first | silent).values()), contradictions


def _agreed(first: rows.Diagnosis, second: rows.Diagnosis) -> rows.Diagnosis:
    """What is left of a row when another contradicts it."""
    differing = {name: unknown for name, unknown in _TOLD.items()
                 if getattr(first, name) != getattr(second, name)}
    return first._replace(**_LABELS, **differing, contradicting=True)


def refuse(contradictions: list[Contradiction], key: str) -> None:
    """Raises LabelError, with the numbers of the rows, if there are any.

    Args:
      contradictions: Of `one_per_key`.
      key: What the rows of one key have in common, for the message.
    """
    if not contradictions:
        return
    lines = ["the label table contradicts itself: different rows for one "
             f"{key}:"]
    for first, second in contradictions[:errors.MOST_SHOWN]:
        where = (f"rows {first.row} and {second.row}"
                 if first.source == second.source else
                 f"row {first.row} and {second.source}, row {second.row}")
        lines.append(f"  {first.source}, {where}")
    if len(contradictions) > errors.MOST_SHOWN:
        lines.append(
            f"  and {len(contradictions) - errors.MOST_SHOWN:,} more")
    lines.append("Mend them, or leave those images out with "
                 "--label_conflicts=drop")
    raise errors.LabelError("\n".join(lines))
