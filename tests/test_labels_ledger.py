"""Rows read are rows used and rows left out."""

import pytest

from pipelines.labels import ledger, rows


def _row(number: int, patient: str, cancer: int,
         source: str = "a.csv") -> rows.Diagnosis:
    return rows.Diagnosis(number, source, patient, "L", *[None] * 5, cancer,
                          None, None)


_FOUND = [_row(2, "p", 1), _row(3, "q", 0), _row(4, "p", 1),
          _row(5, "r", 1), _row(6, "r", 0), _row(2, "r", 1, "b.csv")]


def _kept(conflicts: str) -> tuple[list[rows.Diagnosis], ledger.Ledger]:
    book = ledger.Ledger()
    book.read = 8
    book.leave_out("of both sides", [("a.csv", 7), ("a.csv", 8)])
    book.remark("of an odd kind", ("a.csv", 3))
    return ledger.one_per_key(
        _FOUND, lambda one: one.patient_id, "patient",
        rows.LabelOptions(conflicts=conflicts), book), book


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
