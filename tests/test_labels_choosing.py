"""Which files of a folder are a reader's tables."""

import pytest

from pipelines.labels import choosing, columns, rows

_PLAIN = (columns.Column("patient", "pid"), columns.Column("side", "side"),
          columns.Column("view", "view", required=False))
_OTHER = (columns.Column("patient", "Folder"), columns.Column("side", "Breast"),
          columns.Column("view", "view", required=False))
_GOOD = b"side,pid\nL,1\n"


def _chosen(files: dict[str, bytes], **named: str):
    return choosing.choose(list(files.items()), named, _PLAIN, _OTHER)


def test_cells_come_in_the_order_of_the_columns_and_blank_where_absent():
    for data, cells in ((_GOOD, ("1", "L", "")),
                        (b"view,x,side,pid\nCC,y,L,1\n", ("1", "L", "CC"))):
        (chosen,), _ = _chosen({"a.csv": data})
        pick = chosen.cells()
        assert [tuple(pick(row)) for _, row in chosen.table.rows] == [cells]
        assert chosen.note() == ([] if "CC" in cells else
                                 ["a.csv has no view"])


def test_table_may_have_any_of_the_forms():
    (chosen,), _ = _chosen({"a.csv": b"Breast,Folder,view\nL,1,CC\n"})
    assert chosen.known == _OTHER
    assert chosen.cells()(("L", "1", "CC")) == ("1", "L", "CC")


def test_reason_is_told_of_every_other_file():
    chosen, others = _chosen({
        "legend.csv": b"Code\nx\n", "half.csv": b"pid\n1\n", "empty.csv": b"",
        "twice.csv": b"pid,pid,side\n1,1,L\n", "a.csv": _GOOD, "b.csv": _GOOD})
    assert [one.table.name for one in chosen] == ["a.csv", "b.csv"]
    assert choosing.not_used(others) == [
        "legend.csv is not used: it has no column pid, side",
        "half.csv is not used: it has no column side",
        "empty.csv is not used: empty.csv is empty",
        "twice.csv is not used: twice.csv has 2 columns 'pid'; rename or "
        "remove all but one"]


def test_named_columns_are_looked_for():
    (chosen,), _ = _chosen({"a.csv": b"who,side\n1,L\n"}, patient="who")
    assert chosen.places == {"patient": 0, "side": 1}
    with pytest.raises(rows.LabelError, match="did you mean 'patient'"):
        _chosen({"a.csv": _GOOD}, pateint="who")


@pytest.mark.parametrize("files, message", [
    ({"legend.csv": b"Code\nx\n", "half.csv": b"pid\n1\n"},
     "half.csv has no column 'side'"),
    ({"empty.csv": b"", "legend.csv": b"Code\nx\n"},
     "legend.csv has no column 'pid'"),
    ({"empty.csv": b""}, "empty.csv is empty"),
])
def test_without_a_table_the_nearest_is_the_error(files, message):
    with pytest.raises(rows.LabelError, match=message):
        _chosen(files)
