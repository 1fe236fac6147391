"""Several data sets in one plan: plain loops, and what each must not touch."""

import collections
import datetime
import itertools
import random

import pytest

from pipelines import plan
from pipelines.labels import rows
from tests import brute_force_join, scan_rows
from tests.brute_force_join import BREAST, IMAGE, VISIT

_PATIENTS = 25
_FILES = 90
_MERGED = [(VISIT, BREAST), (VISIT, IMAGE), (BREAST, IMAGE), (IMAGE, IMAGE),
           (VISIT, VISIT), (VISIT, BREAST, IMAGE)]
_RULES = [plan.PlanRules(label_conflicts="drop", **chosen) for chosen in (
    {}, {"splits": "hash", "label_match": "rounding"},
    {"keep_interval_cancers": True, "fractions": (0.4, 0.3, 0.3)})]
_CASES = [(seed, kinds, rules) for seed, (kinds, rules) in enumerate(
    itertools.product(_MERGED, _RULES))]


def _patient_of(patient_id: str) -> str:
    """As where PatientID names the case: patient 7 has 7#1 and 7#2."""
    return patient_id.split("#")[0]


def _image(choice: random.Random, name: str, number: int, kind: str) -> dict:
    patient = f"{choice.randrange(_PATIENTS)}"
    if kind == BREAST:
        patient += choice.choice(["", "#1", "#2"])
    rejected = choice.random() < 0.05
    return scan_rows.row(
        f"{name}/{number}", dataset=name,
        study_instance_uid=f"{name}.{number // 4}",
        patient_id=None if choice.random() < 0.05 else patient,
        laterality=choice.choice(["L", "L", "R", "R", None]),
        study_date=None if choice.random() < 0.05 else datetime.date(
            choice.choice((2011, 2012)), choice.choice((2, 7, 11)), 2),
        view=choice.choice(["CC", "CC", "MLO", "MLO", "ML", None]),
        presentation_intent=choice.choice([None, "FOR PROCESSING"]),
        status="rejected" if rejected else None,
        reason="truncated" if rejected else None)


def _diagnosis(choice: random.Random, row: int, kind: str,
               official: bool) -> dict:
    of_image = kind == IMAGE
    return {
        "row": row,
        "patient_id": None if of_image and choice.random() < 0.5
        else f"{choice.randrange(_PATIENTS)}",
        "laterality": choice.choice(["L", "R", None] if of_image else "LR"),
        "date": datetime.date(choice.choice((2011, 2012, 2013)), 1, 1),
        "view": choice.choice(["CC", None]),
        "image": f"{choice.randrange(_FILES * 11 // 10)}",
        "birads_1": choice.randrange(7), "birads_2": None, "birads_3": None,
        "cancer": int(choice.random() < 0.3), "outcome": None,
        "official": choice.choice(["train", "train", "test"])
        if official else None}


def _source(choice: random.Random, name: str,
            kind: str) -> brute_force_join.Source:
    official = kind != VISIT and choice.random() < 0.7
    images = [_image(choice, name, number, kind) for number in range(_FILES)]
    diagnoses = [_diagnosis(choice, row, kind, official)
                 for row in range(2, 60)]
    # A second row of one key says the same of whose and where it is.
    first: dict = {}
    for one in diagnoses:
        same = first.setdefault(brute_force_join.key_of(one, kind), one)
        one.update({key: same[key] for key in (
            "patient_id", "laterality", "view", "official")})
    return brute_force_join.Source(images, diagnoses, kind, _patient_of)


def _table(source: brute_force_join.Source) -> rows.LabelTable:
    """What a reader would give."""
    found = []
    for same in brute_force_join.by_key(
            source.diagnoses, source.kind).values():
        one, birads = same[0], brute_force_join.birads(same[0])
        cancer, outcome, follow_up = brute_force_join.truth(one)
        told = rows.Diagnosis(
            one["row"], "labels.csv", one["patient_id"] or "",
            one["laterality"],
            one["date"].year if source.kind == VISIT else None,
            birads, birads, None, None, cancer, outcome, follow_up,
            one["official"])
        if len(same) > 1:
            told = told._replace(birads=None, birads_1=None, cancer=None,
                                 outcome=None, follow_up=None,
                                 contradicting=True)
        if source.kind == IMAGE:
            told = told._replace(image=one["image"], view=one["view"])
        found.append(told)
    return rows.LabelTable(
        rows.to_arrow(found), source.kind,
        patient_of=lambda file, patient_id: _patient_of(patient_id))


def _merged(seed: int, kinds: tuple[str, ...],
            ) -> tuple[dict[str, brute_force_join.Source], dict[str, str]]:
    choice = random.Random(seed)
    sources = {f"{number}-{kind}": _source(choice, f"{number}-{kind}", kind)
               for number, kind in enumerate(kinds)}
    duplicates = {image["file"]: "duplicate_different"
                  for source in sources.values() for image in source.images
                  if image["status"] is None and choice.random() < 0.03}
    return sources, duplicates


def _images(sources: dict[str, brute_force_join.Source],
            seed: int) -> list[dict]:
    images = [image for source in sources.values() for image in source.images]
    random.Random(seed).shuffle(images)
    return images


@pytest.mark.parametrize("seed, kinds, rules", _CASES)
def test_merged_join_equals_plain_loops(seed, kinds, rules):
    sources, duplicates = _merged(seed, kinds)
    found, audit = scan_rows.plan_of(
        _images(sources, seed),
        {name: _table(one) for name, one in sources.items()},
        rules, duplicates)
    expected, unmatched = brute_force_join.expected_of_all(
        sources.values(), duplicates, rules)
    assert found.keys() == expected.keys()
    for file, verdict in expected.items():
        assert {name: found[file][name] for name in verdict} == verdict, file
        assert found[file]["dataset"] == file.split("/")[0]
    assert audit.unmatched == len(unmatched)
    for one, (name, source) in zip(audit.datasets, sources.items(),
                                   strict=True):
        assert (one.name, one.files) == (name, len(source.images))
        assert one.labelled == sum(
            expected[image["file"]]["label_rule"] is not None
            for image in source.images)
        assert one.diagnoses == len(
            brute_force_join.by_key(source.diagnoses, source.kind))


def test_random_data_sets_meet_every_rule():
    """They would prove nothing of a rule that none of them meets."""
    met = collections.Counter()
    for seed, kinds, rules in _CASES[:6]:
        sources, duplicates = _merged(seed, kinds)
        expected, _ = brute_force_join.expected_of_all(
            sources.values(), duplicates, rules)
        splits = collections.defaultdict(set)
        for file, verdict in expected.items():
            met.update([verdict["reason"], verdict["label_rule"]])
            if verdict["split"]:
                splits[verdict["patient_id"]].add(
                    (file.split("/")[0], verdict["split"]))
        # One ID in two data sets, in different splits, by an official one.
        met["split apart"] += sum(
            len({split for _, split in places}) > 1
            for places in splits.values())
    assert met.keys() >= {
        "truncated", "duplicate_different", "no_patient_id", "no_laterality",
        "no_study_date", "no_diagnosis", "superseded", "unknown_view",
        "contradicting_diagnosis", "own_year", "breast", "image"}
    assert met["split apart"] > 10


def test_a_data_set_gets_the_labels_that_it_gets_alone():
    """Merging moves images to other shards, and does nothing else to them."""
    sources, _ = _merged(1, (VISIT, BREAST, IMAGE))
    together, _ = scan_rows.plan_of(
        _images(sources, 1),
        {name: _table(one) for name, one in sources.items()},
        plan.PlanRules(label_conflicts="drop"))
    for name, source in sources.items():
        alone, _ = scan_rows.plan_of(
            [image | {"dataset": None} for image in source.images],
            _table(source), plan.PlanRules(label_conflicts="drop"))
        for file, row in alone.items():
            moved = {"dataset": name, **{
                key: together[file][key]
                for key in ("shard", "index_in_shard")}}
            assert row | moved == together[file]


def _labels(patient: str, side: str = "L", official: str | None = None,
            **changes) -> rows.LabelTable:
    """A table of one breast without cancer."""
    return rows.LabelTable(rows.to_arrow([rows.Diagnosis(
        2, "t.csv", patient, side, None, 1, 1, None, None, 0, "TN", 0,
        official)._replace(**changes)]), BREAST)


def test_one_id_in_two_data_sets_is_two_patients_of_one_hashed_split():
    images = [scan_rows.row(f"{name}/{side}", dataset=name, patient_id="7",
                            laterality=side)
              for name in ("a", "b") for side in "LR"]
    found, audit = scan_rows.plan_of(
        images, {"a": _labels("7", "L"), "b": _labels("7", "R")})
    assert {file: row["reason"] for file, row in found.items()} == {
        "a/L": None, "a/R": "no_diagnosis", "b/L": "no_diagnosis",
        "b/R": None}
    assert found["a/L"]["split"] == found["b/R"]["split"]
    assert audit.matched["breast"].visits == 2
    assert [one.patients for one in audit.datasets] == [(1, 1, 1)] * 2


@pytest.mark.parametrize("splits, expected", [
    ("auto", {"a": "test", "b": "train"}),
    ("hash", {"a": "train", "b": "train"})])
def test_the_official_split_is_of_the_data_set_that_has_one(splits, expected):
    images = [scan_rows.row(f"{name}/1", dataset=name, patient_id="3")
              for name in ("a", "b")]
    labels = {"a": _labels("3", official="test"), "b": _labels("3")}
    found, _ = scan_rows.plan_of(images, labels, plan.PlanRules(splits=splits))
    assert {row["dataset"]: row["split"] for row in found.values()} == expected


@pytest.mark.parametrize("labels, rules, message", [
    ({"a": _labels("3", official="test"), "b": _labels("3")},
     {"splits": "official"}, "--dataset=b: --splits=official"),
    ({"a": _labels("3"), "b": _labels("3", contradicting=True)}, {},
     "--dataset=b: 1 diagnoses contradict"),
    ({"a": _labels("3")}, {}, "the scan has 2 files, of which 1 rows"),
])
def test_what_cannot_be_planned_names_its_data_set(labels, rules, message):
    images = [scan_rows.row(f"{name}/1", dataset=name, patient_id="3")
              for name in ("a", "b")]
    with pytest.raises(ValueError, match=message):
        scan_rows.plan_of(images, labels, plan.PlanRules(**rules))


def test_the_audit_says_which_data_set_matches_nothing():
    images = [scan_rows.row(f"{name}/1", dataset=name, patient_id="3")
              for name in ("a", "b")]
    _, audit = scan_rows.plan_of(
        images, {"a": _labels("3"), "b": _labels("4")})
    assert [one.name for one in audit.no_match] == ["b"]
    text = "\n".join(audit.lines())
    assert ("  a: 1 of 1 files have a diagnosis; 0 of 1 diagnoses belong to "
            "no image\n") in text
    assert ("  b: 0 of 1 files have a diagnosis; 1 of 1 diagnoses belong to "
            "no image, as 4 L\n") in text
    assert ("The label table of b matches no image.\n"
            "  keys of images (patient, side, date): 3 L\n"
            "  keys of the table: 4 L\n") in text
