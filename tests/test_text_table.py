import pytest

from pipelines import text_table


@pytest.mark.parametrize("header, rows, expected", [
    (["a"], [], "a\n-"),
    (["name", "n"], [["x", "1,000"], ["longer", "2"]],
     "name        n\n------  -----\nx       1,000\nlonger      2"),
    (["n", "name"], [["1.5", "x"]], "  n  name\n---  ----\n1.5  x"),
    (["t", "AUC"], [["-", "92.1% (83.8-98.8)"], ["0.5", "-"]],
     "  t                AUC\n---  -----------------\n"
     "  -  92.1% (83.8-98.8)\n0.5                  -"),
    # What is empty throughout tells no side.
    (["reason", "n"], [["", "1"]], "reason  n\n------  -\n        1"),
])
def test_a_table_has_a_rule_and_its_numbers_on_the_right(
        header, rows, expected):
    assert text_table.table(header, rows) == expected


def test_sides_can_be_told():
    assert text_table.table(["id", "n"], [["007", "x"]], [False, True]) == (
        "id   n\n---  -\n007  x")


def test_rows_beyond_those_that_gave_the_widths_still_line_up():
    layout = text_table.Layout(["split", "n"], [["train", "12"]])
    assert layout.head() == ["split   n", "-----  --"]
    assert layout.line(["test", "3"]) == "test    3"
    assert layout.line(["validation", "3"]) == "validation   3"
