"""Rows of a scan, and the plan made of them, for tests."""

import os
import tempfile

import pyarrow as pa
from pyarrow import parquet

from pipelines import audit
from pipelines import join
from pipelines import plan
from pipelines import schema
from pipelines.labels import rows

_SCAN = schema.arrow_schema(schema.SCAN)


def row(file: str, **values) -> dict:
    """A scanned mammogram; what is not named is usual or unknown."""
    return dict.fromkeys(_SCAN.names) | {
        "file": file, "sop_instance_uid": f"1.2.{file}",
        "study_instance_uid": f"1.3.{file}", "laterality": "L", "view": "CC",
    } | values


def write(path: str, images: list[dict]) -> None:
    """Writes rows as the scan does."""
    parquet.write_table(pa.Table.from_pylist(images, schema=_SCAN), path)


def duplicates(reasons: dict[str, str]) -> pa.Table:
    """Files rejected for their SOP Instance UID, by reason."""
    return pa.table({
        "file": pa.array(list(reasons), pa.string()),
        "reason": pa.array(list(reasons.values()), pa.string()),
        "detail": pa.array(["shared"] * len(reasons), pa.string())})


def plan_of(images: list[dict], labels: rows.LabelTable | join.Labels,
            rules: plan.PlanRules = plan.PlanRules(),
            rejected: dict[str, str] | None = None,
            ) -> tuple[dict[str, dict], audit.Audit]:
    """The plan's rows by file, in their order, and the audit."""
    if isinstance(labels, rows.LabelTable):
        labels = {None: labels}
    with tempfile.TemporaryDirectory() as folder:
        scan = os.path.join(folder, "scan.parquet")
        output = os.path.join(folder, "plan.parquet")
        write(scan, images)
        found = plan.make_plan([scan], duplicates(rejected or {}), labels,
                               rules, output, threads=2)
        planned = parquet.read_table(output)
        assert sorted(os.listdir(folder)) == ["plan.parquet", "scan.parquet"]
    assert planned.schema.equals(schema.arrow_schema(schema.PLAN))
    return {one["file"]: one for one in planned.to_pylist()}, found
