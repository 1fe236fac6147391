"""What became of every row of a label table, so that the counts add up.

A row is used, or it is left out by a rule that is named with the rows that it
took: rows read = rows used + rows left out. Identical rows are used once;
different rows for one key contradict each other.
"""

from collections.abc import Callable, Hashable, Iterable

from pipelines.labels import errors, rows

# What makes two rows for one key the same: all that is read of them.
_SAME = slice(rows.Diagnosis._fields.index("patient_id"), None)
_REPEATED = "as another row has it, counted once"

Place = tuple[str, int]


class Ledger:
    """Counts the rows of one reader.

    Attributes:
      noun: What a row is, in the singular.
      read: Rows read so far; the reader counts them.
    """

    def __init__(self, noun: str = "row"):
        self.noun = noun
        self.read = 0
        self._left_out: dict[str, list[Place]] = {}
        self._remarks: dict[str, list[Place]] = {}

    def leave_out(self, rule: str, places: Iterable[Place]) -> None:
        """Notes rows, by file and number, that a rule takes out."""
        self._left_out.setdefault(rule, []).extend(places)

    def remark(self, what: str, place: Place) -> None:
        """Notes a row that is used all the same."""
        self._remarks.setdefault(what, []).append(place)

    def notes(self) -> tuple[str, ...]:
        """What the audit says: the sum, and each rule with its rows."""
        left_out = sum(map(len, self._left_out.values()))
        lines = [f"{self._counted(self.read)} read: "
                 f"{self.read - left_out:,} used, {left_out:,} left out"]
        for kind, rules in (("left out: ", self._left_out),
                            ("", self._remarks)):
            lines += [f"{self._counted(len(places))} {kind}{rule} "
                      f"({listed(places)})"
                      for rule, places in rules.items() if places]
        return tuple(f"label table: {line}" for line in lines)

    def _counted(self, number: int) -> str:
        return errors.counted(number, self.noun)


def listed(places: Iterable[Place]) -> str:
    """The first of some rows, each file named once.

    >>> listed([("a.csv", 2), ("a.csv", 5), ("b.csv", 3)])
    'a.csv, rows 2, 5; b.csv, row 3'
    """
    by_source: dict[str, dict[int, None]] = {}
    for source, number in places:
        by_source.setdefault(source, {})[number] = None
    shown = [f"{source}, {errors.row_list(list(numbers))}"
             for source, numbers
             in list(by_source.items())[:errors.MOST_SHOWN]]
    if len(by_source) > len(shown):
        shown.append("...")
    return "; ".join(shown)


def one_per_key(found: Iterable[rows.Diagnosis],
                key: Callable[[rows.Diagnosis], Hashable], what: str,
                options: rows.LabelOptions,
                ledger: Ledger) -> list[rows.Diagnosis]:
    """One row for each key, in the order of the first.

    Args:
      found: What was read.
      key: What there may be one row for.
      what: The key in words, for messages.
      options: Whether contradictions are an error.
      ledger: Is told of the rows that are left out.

    Returns:
      The rows; of a key that the table contradicts itself for, one that says
      so and nothing else.

    Raises:
      errors.LabelError: There are contradictions, and they are errors.
    """
    by_key: dict[Hashable, list[rows.Diagnosis]] = {}
    for diagnosis in found:
        by_key.setdefault(key(diagnosis), []).append(diagnosis)
    kept, contradicting = [], []
    for same in by_key.values():
        first, *others = same
        if all(other[_SAME] == first[_SAME] for other in others):
            ledger.leave_out(_REPEATED, map(place, others))
            kept.append(first)
        else:
            contradicting.append(same)
            kept.append(_saying_nothing(first))
    if contradicting and options.conflicts == "error":
        raise errors.LabelError(_message(contradicting, what))
    ledger.leave_out(
        f"contradicting another row for its {what}, all of them dropped",
        (place(one) for same in contradicting for one in same))
    return kept


def place(diagnosis: rows.Diagnosis) -> Place:
    """Where a row stands."""
    return diagnosis.source, diagnosis.row


def _saying_nothing(diagnosis: rows.Diagnosis) -> rows.Diagnosis:
    return diagnosis._replace(
        birads=None, birads_1=None, birads_2=None, birads_3=None, cancer=None,
        outcome=None, follow_up=None, contradicting=True)


def _message(contradicting: list[list[rows.Diagnosis]], what: str) -> str:
    lines = [f"the label table contradicts itself: different rows for one "
             f"{what}:"]
    lines += [f"  {listed(map(place, same))}"
              for same in contradicting[:errors.MOST_SHOWN]]
    if len(contradicting) > errors.MOST_SHOWN:
        lines.append(f"  and {len(contradicting) - errors.MOST_SHOWN:,} more")
    lines.append("Mend them, or leave those images out with "
                 "--label_conflicts=drop")
    return "\n".join(lines)
