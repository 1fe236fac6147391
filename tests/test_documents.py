"""BUILD.md's tables are those of the code."""

import pathlib
import re

import pytest

from pipelines import command
from pipelines import reasons
from pipelines import remarks
from pipelines import schema
from pipelines import usage
from pipelines.labels import formats
from pipelines.labels import generic
from tests import archive
from tests import builds

ROOT = pathlib.Path(__file__).parents[1]
BLOCK = re.compile(r"<!-- {} -->\n(.*?)<!-- end -->", re.DOTALL)


def _records() -> str:
    """The columns of `records` that `images` has not."""
    lines = schema.markdown(schema.RECORDS).splitlines()
    return "\n".join(line for line in lines if line not in
                     schema.markdown(schema.IMAGES).splitlines()[2:])


BLOCKS = {
    "schema:example": schema.markdown(schema.EXAMPLE),
    "schema:images": schema.markdown(schema.IMAGES),
    "schema:records": _records(),
    "reasons": reasons.markdown(),
    "remarks": remarks.markdown(),
    "statuses": usage.statuses_markdown(command.STATUSES),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_build_md_shows_what_the_code_has(name):
    text = (ROOT / "BUILD.md").read_text(encoding="utf-8")
    found = re.search(BLOCK.pattern.format(name), text, re.DOTALL)
    assert found, f"BUILD.md has no block {name}"
    assert found[1].strip() == BLOCKS[name]


def test_build_md_tells_of_every_format_of_labels():
    text = (ROOT / "BUILD.md").read_text(encoding="utf-8")
    found = re.search(BLOCK.pattern.format("formats"), text, re.DOTALL)
    assert found
    _, _, *lines = found[1].strip().splitlines()
    assert [line.split("`")[1] for line in lines] == [*formats.READERS]
    # Files, rows, patient and cancer are told of each.
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 7 and all(cells[:5] + cells[6:]), line
    columns = ", ".join(column.name for column in generic.COLUMNS)
    assert f"`generic` reads `{columns}`" in " ".join(text.split())


def test_the_examples_of_build_md_run(tmp_path, monkeypatch, capsys):
    text = (ROOT / "BUILD.md").read_text(encoding="utf-8")
    section = text.split("With pyarrow:")[1].split("## Running it")[0]
    code = "\n".join(line[4:] for line in section.splitlines()
                     if line.startswith("    "))
    monkeypatch.chdir(archive.write(tmp_path, 20))
    builds.run(builds.config("data/records"))
    code = re.sub(r"test-00000-of-0000\d", _first_test_shard(), code)
    names: dict = {}
    exec(code, names)  # pylint: disable=exec-used
    assert names["example"]["width"] == 224
    assert "cancer_sum" in capsys.readouterr().out


def _first_test_shard() -> str:
    path, *_ = sorted(pathlib.Path("data/records/crop-224x224").glob(
        "test-*.tfrecord"))
    return path.stem
