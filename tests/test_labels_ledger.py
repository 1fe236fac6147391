"""Rows read are rows used and rows left out; one row counts for each key."""

import pytest

from pipelines.labels import cells, contradictions, ledger, rows, tables


def _row(number: int, patient: str, cancer: int,
         source: str = "a.csv") -> rows.Diagnosis:
    return rows.Diagnosis(number, source, patient, "L", *[None] * 5, cancer,
                          None, None)


_FOUND = [_row(2, "p", 1), _row(3, "q", 0), _row(4, "p", 1),
          _row(5, "r", 1), _row(6, "r", 0), _row(2, "r", 1, "b.csv")]


def _kept(conflicts: str, places: list[ledger.Place] | None = None,
          ) -> tuple[list[rows.Diagnosis], ledger.Ledger]:
    book = ledger.Ledger()
    book.read = 8
    book.leave_out("of both sides", ("a.csv", 7), ("a.csv", 8))
    book.leave_out("of no rows")
    book.remark("of an odd kind", ("a.csv", 3))
    return contradictions.one_per_key(
        _FOUND, contradictions.Key(("patient_id",), "patient"),
        rows.LabelOptions(conflicts=conflicts), book, places), book


def test_one_row_is_kept_of_each_key_and_all_others_are_told():
    kept, book = _kept("drop")
    assert [(one.row, one.cancer, one.contradicting) for one in kept] == [
        (2, 1, False), (3, 0, False), (5, None, True)]
    assert book.notes() == (
        "label table: 8 rows read: 2 used, 6 left out",
        "label table: 2 rows left out: of both sides (a.csv, rows 7, 8)",
        "label table: 1 row left out: as another row has it, counted once "
        "(a.csv, row 4)",
        "label table: 3 rows left out: contradicting another row for its "
        "patient, all of them dropped (a.csv, rows 5, 6; b.csv, row 2)",
        "label table: 1 row of an odd kind (a.csv, row 3)")


def test_contradiction_is_an_error_that_names_all_rows():
    with pytest.raises(rows.LabelError, match=(
            "one patient:\n  a.csv, rows 5, 6; b.csv, row 2\nMend them")):
        _kept("error")


def test_rows_are_told_by_where_they_stand():
    with pytest.raises(rows.LabelError, match="\n  files, rows 4, 5, 6\n"):
        _kept("error", [("files", number) for number in range(1, 7)])


@pytest.mark.parametrize("field, given, unknown", [
    ("patient_id", "q", ""), ("laterality", "R", None), ("view", "CC", None),
    ("implant", True, None)])
def test_what_rows_of_a_key_do_not_agree_on_is_not_told(field, given,
                                                        unknown):
    first = _row(2, "p", 1)._replace(image="i", birads=4)
    kept, = contradictions.one_per_key(
        [first, first._replace(row=3, **{field: given})],
        contradictions.KEYS[rows.IMAGE], rows.LabelOptions(conflicts="drop"),
        ledger.Ledger())
    assert kept == first._replace(
        cancer=None, birads=None, contradicting=True, **{field: unknown})


def _taken(count: int, source: str, book: ledger.Ledger) -> None:
    def add(place: ledger.Place, row: tuple) -> str | None:
        if row == ("wrong",):
            raise cells.CellError("cancer is not known")
        return "of an even number" if place[1] % 2 == 0 else None
    book.take(tables.Table(source, ("x",), (
        (number, ("wrong",) if number > 20 else ("",))
        for number in range(2, count + 2))), add)


def test_rows_of_a_rule_are_counted_and_the_first_of_them_named():
    book = ledger.Ledger("finding")
    for number in range(7):
        _taken(14, f"{number}.csv", book)
    assert book.notes() == (
        "label table: 98 findings read: 49 used, 49 left out",
        "label table: 49 findings left out: of an even number (" + "; ".join(
            f"{number}.csv, rows 2, 4, 6, 8, 10, ..." for number in range(5))
        + "; ...)")


def test_rows_in_error_are_told_before_those_left_out():
    book = ledger.Ledger()
    _taken(20, "a.csv", book)
    with pytest.raises(rows.LabelError, match=(
            "1 error in the label table:\n  a.csv, row 21: cancer is not")):
        book.check([])


def test_table_of_which_nothing_is_left_is_an_error_that_says_why():
    book = ledger.Ledger()
    _taken(1, "a.csv", book)
    book.check(["one"])
    with pytest.raises(rows.LabelError, match=(
            "(?s)no row of a.csv can be used\n.*of an even number .a.csv, row "
            "2")):
        book.check([])
