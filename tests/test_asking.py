"""The metadata's other stores answer as ours does."""

import pytest

from tests import built
from tools import asking


def test_all_stores_give_the_same_answers(tmp_path):
    built.write(str(tmp_path / "records"))
    stores = asking.write(tmp_path, str(tmp_path / "records"))
    assert [*stores] == ["DuckDB, Parquet", "SQLite, pandas", "DuckDB, JSON"]
    assert all(store.bytes > 0 for store in stores.values())
    found = asking.measures(stores)  # It compares them.
    assert len(found) == 3 * len(asking.QUESTIONS)
    assert all(measure() > 0 for measure in found.values())
    count = stores["SQLite, pandas"].ask("SELECT count(*) FROM images")
    assert count == [(15,)]


def test_another_answer_is_an_error():
    right = asking.Store(1, lambda sql: [(1,)])
    wrong = asking.Store(1, lambda sql: [(2,)])
    assert asking.measures({"a": right, "b": right})
    with pytest.raises(RuntimeError, match="differ"):
        asking.measures({"a": right, "b": wrong})


@pytest.mark.parametrize("one, other, equal", [
    ([(1, "a")], [(1.0, "a")], True),
    ([(None,)], [(float("nan"),)], True),
    ([(1,), (2,)], [(2,), (1,)], True),
    ([(1,)], [(1,), (1,)], False),
    ([(1, "a")], [(1, "b")], False),
])
def test_answers_are_equal_by_value(one, other, equal):
    assert asking.same(one, other) == equal
