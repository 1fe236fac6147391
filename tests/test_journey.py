"""docs/journey.ipynb runs, and what it shows is so."""

import collections
import json
import pathlib
import tempfile

import nbclient
import nbformat
import pyarrow.parquet as pq
import pytest
from traitlets.config import Config

ROOT = pathlib.Path(__file__).parents[1]
PATH = ROOT / "docs/journey.ipynb"
# What its last cell, which is added here, tells of what the others found.
TOLD = """
import hashlib, json
print(json.dumps({
    "counts": counts.values.tolist(), "left_out": left_out[
        ["status", "reason", "files"]].values.tolist(),
    "ages": len(ages), "row": row.sop_instance_uid, "cancer": int(row.cancer),
    "record": example["sop_instance_uid"].decode(),
    "pixels": hashlib.sha256(pixels.tobytes()).hexdigest(),
    "shape": pixels.shape, "stages": [*stages], "report": report,
    "is_the_record": digest == stored}))
"""


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(PATH, 4)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """What it finds in a tiny cohort, and where that is."""
    folder = tmp_path_factory.mktemp("journey")
    notebook = nbformat.read(PATH, 4)
    cell, = (cell for cell in notebook.cells
             if "parameters" in cell.metadata.get("tags", ()))
    cell.source = ("PATIENTS, SCALE = 4, 1 / 16\n"
                   f"FOLDER = pathlib.Path({str(folder / 'data')!r})")
    notebook.cells.append(nbformat.v4.new_code_cell(TOLD))
    # The name of a socket may have 100 bytes: a short folder.
    with (tempfile.TemporaryDirectory() as short,
          pytest.MonkeyPatch.context() as patch):
        for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, short)
        patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        nbclient.NotebookClient(
            notebook, timeout=300, kernel_name="python3",
            # By files: nobody else of this machine can listen.
            config=Config(KernelManager={
                "transport": "ipc", "ip": f"{short}/kernel"}),
            resources={"metadata": {"path": str(PATH.parent)}}).execute()
    return json.loads(notebook.cells[-1].outputs[-1].text), folder / "data"


@pytest.mark.slow
def test_its_counts_are_those_of_the_metadata(executed):
    told, folder = executed
    rows = pq.read_table(folder / "records/metadata").to_pylist()
    written = [row for row in rows if row["status"] == "written"]
    images = collections.Counter((row["split"], row["view"])
                                 for row in written)
    cancers = collections.Counter((row["split"], row["view"])
                                  for row in written if row["cancer"] == 1)
    assert told["counts"] == [[*key, images[key], cancers[key]]
                              for key in sorted(images)]
    assert len(written) > 30
    why = collections.Counter((row["status"], row["reason"])
                              for row in rows if row["reason"])
    assert told["left_out"] == [[*key, why[key]] for key in sorted(why)]
    assert why["rejected", "truncated"] == 2
    assert told["ages"] == sum(
        row["patient_age"] is not None for row in written)
    assert "split" in told["report"] and "truncated" in told["report"]


@pytest.mark.slow
def test_the_image_by_its_offset_is_that_of_its_row(executed):
    told, folder = executed
    variant = folder / "records/resize-416x512"
    rows = [row for path in variant.glob("*.parquet")
            for row in pq.read_table(path).to_pylist()]
    row, = (row for row in rows if row["sop_instance_uid"] == told["row"])
    assert told["record"] == told["row"] and told["shape"] == [512, 416]
    assert told["pixels"] == row["digest"]
    assert told["cancer"] == max(row["cancer"] for row in rows)


@pytest.mark.slow
def test_the_stages_end_in_what_the_record_holds(executed):
    told, _ = executed
    assert told["is_the_record"] is True
    assert told["stages"][0] == "stored"
    assert {"polarity", "breast", "markers", "flipped", "crop:224x224",
            "resize:416x512"} < set(told["stages"])


def test_what_is_committed_is_a_whole_run(committed):
    code = [cell for cell in committed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [*range(
        1, len(code) + 1)]
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs
                if output.output_type == "error" or
                output.get("name") == "stderr"]
    pictures = [output for output in outputs
                if "image/png" in output.get("data", {})]
    assert len(pictures) == 3
    # The digest of what was replayed is that of the record.
    assert code[-1].outputs[0].data["text/plain"] == "True"


def test_what_is_committed_is_small_and_of_no_machine(committed):
    text = PATH.read_text(encoding="utf-8")
    assert len(text) < 300_000
    for word in ("/home/", "/root", "/tmp", "\\u001b"):
        assert word not in text
    for cell in committed.cells:
        assert set(cell.metadata) <= {"tags"}
        assert len(cell.source.splitlines()) <= 25
