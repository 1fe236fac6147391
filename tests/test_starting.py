"""Scripts answer before anything heavy is imported."""

import pytest

from tools import starting

# Each takes a tenth of a second and more.
HEAVY = {"tensorflow", "keras", "apache_beam", "pandas", "matplotlib", "cv2",
         "duckdb", "pyarrow"}


@pytest.mark.parametrize("words", [["--help"], [starting.WRONG_FLAG]])
@pytest.mark.parametrize("script", starting.scripts())
def test_help_and_a_wrong_flag_import_nothing_heavy(script, words):
    assert not HEAVY & starting.imported(script, words)


def test_a_wrong_value_is_told_before_beam_is_imported():
    script = "pipelines/build_records.py"
    found = starting.imported(script, ["--variants=resize:416"])
    assert "apache_beam" not in found and "absl" in found


def test_a_question_imports_duckdb_alone(tmp_path):
    assert not (HEAVY - {"duckdb"}) & starting.imported(
        "tools/query.py", [f"--records={tmp_path}", "splits"])


def test_all_scripts_are_known():
    found = starting.scripts()
    assert {"pipelines/build_records.py", "model/train.py",
            "tools/query.py"} <= set(found)
    assert "tools/starting.py" not in found


@pytest.mark.parametrize("words, answers, works", [
    (["--help"], True, True), ([starting.WRONG_FLAG], False, True),
    ([starting.WRONG_FLAG], True, False), (["--list"], False, False)])
def test_a_start_that_does_otherwise_is_an_error(words, answers, works):
    if works:
        found = starting.start("tools/query.py", words, answers)
        assert 0 < found.cpu_seconds and 0 < found.seconds
        return
    with pytest.raises(RuntimeError, match=r"tools/query.py --\w+"):
        starting.start("tools/query.py", words, answers)
