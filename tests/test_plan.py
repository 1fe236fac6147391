"""The plan's rules by name; tests/test_join_random.py has them at random."""

import datetime
import hashlib
import json
import os

import pyarrow as pa
import pytest
from pyarrow import parquet

from pipelines import plan
from pipelines import schema
from pipelines import shards
from pipelines import splits
from pipelines.labels import register, rows
from tests import scan_rows

_HEADER = ("patient_id,laterality,diagnosis_date,birads_1,birads_2,birads_3,"
           "cancer,outcome\n")


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def _labels(*lines: str, **options) -> rows.LabelTable:
    """A register of `patient,L,2014-01-01,1,1,,0,` lines."""
    text = _HEADER + "\n".join(lines)
    return register.read([("labels.csv", text.encode())],
                         rows.LabelOptions(**options))


# Of each case, the days of its visits (one image each, in order), the years
# of its diagnoses, and what becomes of each image by --label_match: the rule
# that found a diagnosis (with ! where that contradicts the rounding), or the
# reason why there is none.
_JOINS = {
    "own year": (["2012-05-01"], [2012], ["own_year"], ["rounded_year"]),
    "next year when there is no own year":
        (["2012-11-01"], [2013], ["next_year"], ["rounded_year"]),
    "own year goes first even after 2 July":
        (["2012-11-01"], [2012, 2013], ["own_year!"], ["rounded_year"]),
    "never two years on": (["2012-11-01"], [2014], ["no_diagnosis"],
                           ["no_diagnosis"]),
    "never the year before": (["2012-02-01"], [2011], ["no_diagnosis"],
                              ["no_diagnosis"]),
    "2 July is rounded down": (["2013-07-02"], [2013, 2014], ["own_year"],
                               ["rounded_year"]),
    "3 July is rounded up": (["2013-07-03"], [2013], ["own_year!"],
                             ["no_diagnosis"]),
    "2 July of a leap year is a tie and the earlier year":
        (["2012-07-02"], [2012], ["own_year"], ["rounded_year"]),
    "3 July of a leap year is rounded up":
        (["2012-07-03"], [2012], ["own_year!"], ["no_diagnosis"]),
    "next year for a visit before July may be a diagnosis made months later":
        (["2012-03-01"], [2013], ["next_year"], ["no_diagnosis"]),
    "31 December is rounded up": (["2012-12-31"], [2013], ["next_year"],
                                  ["rounded_year"]),
    "the most recent of two visits has it":
        (["2012-02-01", "2012-03-01"], [2012], ["superseded", "own_year"],
         ["superseded", "rounded_year"]),
    "superseded visits do not try another year":
        (["2012-09-01", "2012-10-01"], [2012, 2013],
         ["superseded", "own_year!"], ["superseded", "rounded_year"]),
    "own year after next year takes it from the earlier visit":
        (["2012-10-01", "2013-02-01"], [2013], ["superseded", "own_year"],
         ["superseded", "rounded_year"]),
    "two studies of one day are one visit":
        (["2012-02-01", "2012-02-01"], [2012], ["own_year", "own_year"],
         ["rounded_year", "rounded_year"]),
}


def _join_images() -> list[dict]:
    return [scan_rows.row(f"{name}/{number}", patient_id=name,
                          study_date=_day(day))
            for name, (days, *_) in _JOINS.items()
            for number, day in enumerate(days)]


@pytest.fixture(scope="module", params=["year", "rounding"])
def joined(request):
    labels = _labels(*(f"{name},L,{year}-01-01,1,,,0,"
                       for name, (_, years, *_) in _JOINS.items()
                       for year in years))
    found, _ = scan_rows.plan_of(
        _join_images(), labels, plan.PlanRules(label_match=request.param))
    return request.param, found


@pytest.mark.parametrize("name", _JOINS)
def test_visit_takes_diagnosis(joined, name):
    match, found = joined
    days, _, by_year, by_rounding = _JOINS[name]
    expected = by_year if match == "year" else by_rounding
    for number, wanted in enumerate(expected):
        row = found[f"{name}/{number}"]
        mark = "!" * bool(row["label_contradicts_rounding"])
        assert (row["label_rule"] or row["reason"]) + mark == wanted
        assert row["status"] == (
            "planned" if row["label_rule"] else "unlabelled")


_READING = {"status": "rejected", "reason": "truncated"}
_RAW = {"presentation_intent": "FOR PROCESSING"}
_DATE = {"study_date": _day("2012-02-01")}
# Of one image whose patient, a cancer that was not referred, has a diagnosis.
_VERDICTS = {
    "interval cancer": ({}, "excluded", "interval_cancer"),
    "interval cancer goes after an implant":
        ({"implant": True}, "excluded", "implant"),
    "implant after for processing":
        ({"implant": True, **_RAW}, "excluded", "for_processing"),
    "for processing after another view":
        ({"view": "ML", **_RAW}, "excluded", "other_view"),
    "unknown view": ({"view": None, **_RAW}, "excluded", "unknown_view"),
    "no laterality before an unknown view":
        ({"laterality": None, "view": None}, "unlabelled", "no_laterality"),
    "no study date": ({"study_date": None}, "unlabelled", "no_study_date"),
    "no laterality before no study date":
        ({"laterality": None, "study_date": None}, "unlabelled",
         "no_laterality"),
    "the other side": ({"laterality": "R", "view": None}, "unlabelled",
                       "no_diagnosis"),
    "rejected by the scan": (_READING, "rejected", "truncated"),
    "rejected before all else":
        ({"view": None, "laterality": None, **_READING}, "rejected",
         "truncated"),
}
_LABEL_COLUMNS = ("birads", "outcome", "cancer", "follow_up", "label_rule",
                  "label_row", "label_contradicts_rounding", "split")


@pytest.fixture(scope="module")
def judged():
    images = [scan_rows.row(name, patient_id=name, **(_DATE | values))
              for name, (values, *_) in _VERDICTS.items()]
    images.append(scan_rows.row("no patient", view=None, **_DATE))
    labels = _labels(*(f"{name},L,2012-01-01,2,,,1," for name in _VERDICTS))
    found, _ = scan_rows.plan_of(
        images, labels, plan.PlanRules(exclude_implants=True))
    return found


@pytest.mark.parametrize("name", _VERDICTS)
def test_status_and_reason(judged, name):
    _, status, reason = _VERDICTS[name]
    row = judged[name]
    assert (row["status"], row["reason"]) == (status, reason)
    labels = [row[column] for column in _LABEL_COLUMNS]
    if status == "excluded":
        assert labels[:-1] == [
            2, "FN", 1, 0, "own_year", list(_VERDICTS).index(name) + 2, False]
        assert labels[-1] == splits.split_of(
            splits.split_value(name, "mammoflow-1"), (0.8, 0.1, 0.1))
    else:
        assert labels == [None] * len(_LABEL_COLUMNS)
    assert row["shard"] is None and row["index_in_shard"] is None


def test_no_patient_id_goes_before_every_exclusion(judged):
    row = judged["no patient"]
    assert (row["status"], row["reason"]) == ("unlabelled", "no_patient_id")


def test_blank_patient_id_is_none():
    found, audit = scan_rows.plan_of(
        [scan_rows.row("a", patient_id="  ", **_DATE)],
        _labels("p,L,2012-01-01,1,,,0,"))
    assert found["a"]["reason"] == "no_patient_id"
    assert audit.unlabelled["no_patient_id"].images == 1


def _images(**values: dict) -> list[dict]:
    return [scan_rows.row(name, **({"patient_id": "p"} | _DATE | changed))
            for name, changed in values.items()]


def test_duplicates_are_rejected_and_claim_nothing():
    found, _ = scan_rows.plan_of(
        _images(kept={}, later={"study_date": _day("2012-03-01")}),
        _labels("p,L,2012-01-01,1,,,0,"),
        rejected={"later": "duplicate_different"})
    assert found["later"]["status"] == "rejected"
    assert found["later"]["reason"] == "duplicate_different"
    assert found["later"]["detail"] == "shared"
    assert found["later"]["cancer"] is None
    assert found["kept"]["status"] == "planned"


def test_images_that_are_excluded_claim_all_the_same():
    found, _ = scan_rows.plan_of(
        _images(first={}, later={"study_date": _day("2012-03-01"),
                                 "view": "ML"}),
        _labels("p,L,2012-01-01,1,,,0,"))
    assert found["first"]["reason"] == "superseded"
    assert found["later"]["reason"] == "other_view"


def test_switches_keep_what_is_excluded_by_default():
    images = _images(raw=_RAW, implant={"implant": True}, ml={"view": "ML"},
                     missed={"patient_id": "q"})
    labels = _labels("p,L,2012-01-01,1,,,0,", "q,L,2012-01-01,1,,,1,")
    found, _ = scan_rows.plan_of(images, labels, plan.PlanRules(
        keep_for_processing=True, keep_interval_cancers=True,
        views=("CC", "ML")))
    assert {row["status"] for row in found.values()} == {"planned"}
    assert found["missed"]["outcome"] == "FN"


def test_all_visits_of_a_contradicted_key_are_contradicting():
    images = _images(early={}, late={"study_date": _day("2012-03-01")},
                     other={"laterality": "R"})
    lines = ("p,L,2012-01-01,1,,,0,", "p,L,2012-01-01,5,,,1,",
             "p,R,2012-01-01,1,,,0,")
    labels = _labels(*lines, conflicts="drop")
    found, _ = scan_rows.plan_of(
        images, labels, plan.PlanRules(label_conflicts="drop"))
    assert found["early"]["reason"] == "contradicting_diagnosis"
    assert found["late"]["reason"] == "contradicting_diagnosis"
    assert found["late"]["cancer"] is None
    assert found["other"]["status"] == "planned"
    with pytest.raises(rows.LabelError, match="--label_conflicts=drop"):
        scan_rows.plan_of(images, labels)


def test_audit_counts_and_tells():
    images = _images(own={}, late={"study_date": _day("2012-08-01"),
                                   "laterality": "R"},
                     none={"patient_id": "q"}, bad=_READING)
    labels = _labels("p,L,2012-01-01,1,,,0,", "p,R,2012-01-01,1,,,0,",
                     "p,L,1999-01-01,1,,,0,")
    _, audit = scan_rows.plan_of(images, labels)
    assert audit.files == 4 and audit.accepted == 3
    assert audit.matched["own_year"].images == 2
    assert audit.matched["own_year"].visits == 2
    assert audit.unlabelled["no_diagnosis"].images == 1
    assert audit.contradicts_rounding == 1
    assert audit.unmatched == 1
    assert audit.datasets[0].unmatched_examples == ("p L 1999",)
    assert not audit.no_match
    text = "\n".join(audit.lines())
    assert "diagnosis of their own year" in text
    assert "1 of 3 diagnoses belong to no image, as p L 1999" in text
    assert json.loads(json.dumps(audit.to_json()))["unmatched"] == 1


def test_table_that_matches_no_image_still_gives_a_plan():
    images = _images(**{f"f{number}": {"patient_id": f"i{number}"}
                        for number in range(5)})
    labels = _labels(*(f"t{number},R,2012-01-01,1,,,0,"
                       for number in range(5)))
    found, audit = scan_rows.plan_of(images, labels)
    assert audit.no_match
    assert {row["reason"] for row in found.values()} == {"no_diagnosis"}
    assert audit.datasets[0].image_examples == (
        "i0 L 2012-02-01", "i1 L 2012-02-01", "i2 L 2012-02-01")
    assert audit.datasets[0].unmatched_examples == (
        "t0 R 2012", "t1 R 2012", "t2 R 2012")
    assert audit.lines()[-1] == (
        "  patients: 5 of images, 5 of the table, 0 of both")


def test_empty_scan_gives_an_empty_plan():
    found, audit = scan_rows.plan_of([], _labels("p,L,2012-01-01,1,,,0,"))
    assert not found and audit.no_match


def test_lost_zeros_are_an_error_that_names_the_flag():
    images = _images(a={"patient_id": "000123"})
    with pytest.raises(rows.LabelError, match="--patient_id_width=6"):
        scan_rows.plan_of(images, _labels("123,L,2012-01-01,1,,,0,"))
    found, _ = scan_rows.plan_of(images, _labels(
        "123,L,2012-01-01,1,,,0,", patient_id_width=6))
    assert found["a"]["status"] == "planned"


def _hashed(patient_id: str) -> str:
    return hashlib.sha256(f"key{patient_id}".encode()).hexdigest()


def test_hashed_ids_join_and_split_as_stored():
    images = _images(a={"patient_id": _hashed("000123")})
    found, _ = scan_rows.plan_of(images, _labels(
        "123,L,2012-01-01,1,,,0,", patient_id_width=6,
        transform_id=_hashed))
    assert found["a"]["status"] == "planned"
    assert found["a"]["split"] == splits.split_of(
        splits.split_value(_hashed("000123"), "mammoflow-1"),
        (0.8, 0.1, 0.1))
    with pytest.raises(rows.LabelError, match="--patient_id_width=6"):
        scan_rows.plan_of(images, _labels(
            "123,L,2012-01-01,1,,,0,", transform_id=_hashed))


def _by_official(parts: dict[str, str], rules: plan.PlanRules,
                 ) -> dict[str, str]:
    """The split of one image of each patient of an official split."""
    diagnoses = [
        rows.Diagnosis(number, "t", patient, "L", None, 1, 1, None, None, 0,
                       "TN", 0, official_split=part)
        for number, (patient, part) in enumerate(parts.items(), start=2)]
    labels = rows.LabelTable(rows.to_arrow(diagnoses), rows.BREAST)
    found, _ = scan_rows.plan_of(
        [scan_rows.row(patient, patient_id=patient) for patient in parts],
        labels, rules)
    return {patient: row["split"] for patient, row in found.items()}


@pytest.mark.parametrize("has_validation", [False, True])
def test_official_split_is_followed(has_validation):
    parts = {f"patient {number}": ("train", "train", "test")[number % 3]
             for number in range(60)}
    if has_validation:
        parts["patient v"] = "validation"
    found = _by_official(parts, plan.PlanRules())
    assert found == {
        patient: splits.official_split(
            {part}, splits.split_value(patient, "mammoflow-1"),
            has_validation)
        for patient, part in parts.items()}
    assert set(found.values()) == set(shards.SPLITS)


def test_hash_split_can_be_had_in_spite_of_an_official_one():
    parts = {f"patient {number}": "test" for number in range(20)}
    found = _by_official(parts, plan.PlanRules(splits="hash"))
    assert set(found.values()) > {"train"}


def test_official_split_that_is_not_there_is_an_error():
    with pytest.raises(rows.LabelError, match="--splits=official"):
        scan_rows.plan_of(_images(a={}), _labels("p,L,2012-01-01,1,,,0,"),
                          plan.PlanRules(splits="official"))


def _many(count: int) -> tuple[pa.Table, rows.LabelTable]:
    """A scan of so many images of 500 patients, made quickly."""
    scan_schema = schema.arrow_schema(schema.SCAN)
    patients = [f"{number % 500:03d}" for number in range(count)]
    uids = [f"1.2.{number}" for number in range(count)]
    columns = {
        "file": [f"{number:06d}.dcm" for number in range(count)],
        "sop_instance_uid": uids, "study_instance_uid": uids,
        "patient_id": patients, "laterality": ["L"] * count,
        "view": ["CC"] * count, "study_date": [_day("2012-02-01")] * count}
    scan = pa.table(
        [pa.array(columns.get(field.name, [None] * count), field.type)
         for field in scan_schema], schema=scan_schema)
    return scan, _labels(*(f"{number:03d},L,2012-01-01,1,,,0,"
                           for number in range(500)))


def test_plan_is_sorted_and_the_same_bytes_from_any_threads_and_parts(
        tmp_path):
    scan, labels = _many(70_000)
    # A name that would be a pattern, and parts that change the order.
    folder = tmp_path / "we[i]rd*"
    folder.mkdir()
    parts = [str(folder / f"{number}.parquet") for number in range(3)]
    for number, path in enumerate(parts):
        parquet.write_table(scan.slice(number * 25_000, 25_000), path)
    outputs = []
    for threads, order in ((1, parts), (2, parts[::-1])):
        output = tmp_path / f"{threads}.parquet"
        plan.make_plan(order, scan_rows.duplicates({}), {None: labels},
                       plan.PlanRules(), str(output), threads)
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1]
    table = parquet.read_table(tmp_path / "1.parquet")
    placed = list(zip(*(table[name].to_pylist() for name in (
        "split", "shard", "index_in_shard"))))
    assert placed == sorted(placed)
    _assert_order_is_that_of_the_functions(table)


def _assert_order_is_that_of_the_functions(table: pa.Table) -> None:
    for split in shards.SPLITS:
        part = [row for row in table.select(
            ["split", "sop_instance_uid", "patient_id", "shard",
             "index_in_shard"]).to_pylist() if row["split"] == split]
        ranked = sorted(part, key=lambda row: hashlib.sha256(
            f"mammoflow-1{row['sop_instance_uid']}".encode()).hexdigest())
        count = shards.shard_count(len(part))
        assert [(row["shard"], row["index_in_shard"]) for row in ranked] == [
            shards.shard_of(position, len(part), count)
            for position in range(len(part))]
        assert {splits.split_of(
            splits.split_value(patient, "mammoflow-1"), (0.8, 0.1, 0.1))
            for patient in {row["patient_id"] for row in part}} == {split}


def test_unplanned_rows_follow_by_file():
    images = _images(c={"view": "ML"}, a={"laterality": None}, b=_READING,
                     z={})
    found, _ = scan_rows.plan_of(images, _labels("p,L,2012-01-01,1,,,0,"))
    assert list(found) == ["z", "a", "b", "c"]


def test_failure_leaves_nothing_behind(tmp_path):
    scan = str(tmp_path / "scan.parquet")
    scan_rows.write(scan, _images(a={}))
    with pytest.raises(ValueError, match="a file twice"):
        plan.make_plan([scan, scan], scan_rows.duplicates({}),
                       {None: _labels("p,L,2012-01-01,1,,,0,")},
                       plan.PlanRules(), str(tmp_path / "plan.parquet"))
    assert os.listdir(tmp_path) == ["scan.parquet"]


@pytest.mark.parametrize("chosen, message", [
    ({"label_match": "roundin"}, "--label_match=roundin .* rounding"),
    ({"label_conflicts": "keep"}, "--label_conflicts=keep"),
    ({"splits": "offical"}, "--splits=offical .* official"),
    ({"fractions": (0.8, 0.1, 0.2)}, "--fractions=0.8,0.1,0.2"),
    ({"fractions": (0.9, 0.1)}, "--fractions=0.9,0.1"),
    ({"fractions": (1.2, -0.1, -0.1)}, "--fractions=1.2"),
    ({"views": ()}, "--views"),
    ({"views": ("cc",)}, "--views=cc"),
    ({"image_kinds": ("specimens",)}, "--image_kinds=specimens .* specimen"),
])
def test_rules_that_make_no_sense_name_their_flag(chosen, message):
    with pytest.raises(ValueError, match=message):
        plan.PlanRules(**chosen)
