"""The join equals plain loops, over thousands of random registers."""

import collections
import csv
import datetime
import io
import random

import pytest

from pipelines import plan
from pipelines.labels import register, rows
from tests import brute_force_join, scan_rows

_REGISTERS_PER_BATCH = 110
_RULES = [
    plan.PlanRules(label_conflicts="drop", **chosen) for chosen in (
        {}, {"label_match": "rounding"}, {"keep_interval_cancers": True},
        {"exclude_implants": True}, {"keep_for_processing": True},
        {"keep_spot_views": True, "image_kinds": ("2d", "specimen")},
        {"keep_special_views": True, "keep_spot_views": True},
        {"views": ("CC", "MLO", "ML")}, {"views": ("MLO",)},
        {"salt": "another", "fractions": (0.5, 0.25, 0.25)},
        {"label_match": "rounding", "keep_interval_cancers": True,
         "exclude_implants": True},
        {"fractions": (1.0, 0.0, 0.0)})]
_BATCHES = [(seed, rules) for seed, rules in enumerate(_RULES * 2)]
# Where years and rounded years begin and end, a leap year among them.
_DAYS = [(1, 1), (3, 15), (7, 1), (7, 2), (7, 3), (12, 31)]
_YEARS = (2011, 2012, 2013)
_COLUMNS = ("patient_id", "laterality", "diagnosis_date", "birads_1",
            "birads_2", "birads_3", "cancer", "outcome")
_MODIFIERS = [None] + [[]] * 9 + [
    ["implant_displaced"], ["spot_compression"], ["cleavage"],
    ["magnification", "rolled_medial"], ["nipple_in_profile"]]
_OUTCOME_OF = {1: ("TP", "FN"), 0: ("TN", "FP")}


def _date(choice: random.Random) -> datetime.date:
    if choice.random() < 0.3:
        return (datetime.date(2011, 1, 1)
                + datetime.timedelta(choice.randrange(3 * 365)))
    return datetime.date(choice.choice(_YEARS), *choice.choice(_DAYS))


def _diagnosis(choice: random.Random, patient: str) -> dict:
    cancer = int(choice.random() < 0.4)
    named = choice.random() < 0.2
    return {
        "patient_id": patient, "laterality": choice.choice("LR"),
        "date": datetime.date(choice.choice((*_YEARS, 2014)), 1, 1),
        **{f"birads_{reader}": choice.choice(
            [None] * blanks + list(range(7)))
           for reader, blanks in ((1, 2), (2, 4), (3, 20))},
        "cancer": cancer,
        "outcome": choice.choice(_OUTCOME_OF[cancer]) if named else None}


def _images(choice: random.Random, patient: str) -> list[dict]:
    """The images of one to four studies."""
    images = []
    for study in range(choice.randint(0, 4)):
        date = _date(choice)
        for number in range(choice.randint(1, 4)):
            file = f"{patient}/{study}/{number}"
            rejected = choice.random() < 0.1
            images.append(scan_rows.row(
                file, study_instance_uid=f"{patient}.{study}",
                patient_id=None if choice.random() < 0.03 else patient,
                laterality=choice.choice("LLLRRR" if choice.random() < 0.95
                                         else [None]),
                study_date=None if choice.random() < 0.03 else date,
                view=choice.choice(["CC", "CC", "MLO", "MLO", "ML", None]),
                image_kind=choice.choice(
                    [None, *["2d"] * 9, "synthetic_2d", "specimen"]),
                view_modifiers=choice.choice(_MODIFIERS),
                implant=choice.choice([None, False, True]),
                presentation_intent=choice.choice(
                    [None, "FOR PRESENTATION", "FOR PROCESSING"]),
                status="rejected" if rejected else None,
                reason="truncated" if rejected else None))
    return images


def _register(choice: random.Random, name: str,
              ) -> tuple[list[dict], list[dict]]:
    """Images and diagnoses of one to three patients."""
    images, diagnoses = [], []
    for number in range(choice.randint(1, 3)):
        patient = f"{name}-{number}"
        images += _images(choice, patient)
        for _ in range(choice.randint(0, 5)):
            diagnosis = _diagnosis(choice, patient)
            diagnoses += [diagnosis] * choice.choice([1, 1, 1, 2])
    return images, diagnoses


def _as_csv(choice: random.Random, diagnoses: list[dict]) -> bytes:
    """The table, with its values written as people write them."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for one in diagnoses:
        readings = [one[f"birads_{reader}"] for reader in (1, 2, 3)]
        side = {"L": ("L", "left", "LEFT"), "R": ("R", "r", "Right")}
        writer.writerow([
            one["patient_id"], choice.choice(side[one["laterality"]]),
            one["date"].isoformat(),
            *("" if value is None else choice.choice(
                [f"{value}", f"{value}a", f"BI-RADS {value}"])
              for value in readings),
            choice.choice([("0", "false", "no"), ("1", "TRUE", "Yes")]
                          [one["cancer"]]),
            one["outcome"] or ""])
    return text.getvalue().encode()


def _batch(seed: int) -> tuple[list[dict], list[dict], dict[str, str], bytes]:
    choice = random.Random(seed)
    images, diagnoses = [], []
    for number in range(_REGISTERS_PER_BATCH):
        more_images, more = _register(choice, f"{seed}-{number}")
        images += more_images
        diagnoses += more
    choice.shuffle(images)
    choice.shuffle(diagnoses)
    diagnoses = [one | {"row": number}
                 for number, one in enumerate(diagnoses, start=2)]
    duplicates = {
        image["file"]: choice.choice(
            ["duplicate_identical", "duplicate_different"])
        for image in images
        if image["status"] is None and choice.random() < 0.05}
    return images, diagnoses, duplicates, _as_csv(choice, diagnoses)


@pytest.mark.parametrize("seed, rules", _BATCHES)
def test_join_equals_plain_loops(seed, rules):
    images, diagnoses, duplicates, table = _batch(seed)
    labels = register.read([("labels.csv", table)],
                           rows.LabelOptions(conflicts="drop"))
    found, audit = scan_rows.plan_of(images, labels, rules, duplicates)
    expected, unmatched = brute_force_join.expected(
        images, duplicates, diagnoses, rules)
    assert found.keys() == expected.keys()
    for file, verdict in expected.items():
        assert {name: found[file][name] for name in verdict} == verdict, file
    assert audit.unmatched == len(unmatched)
    assert audit.diagnoses == len(brute_force_join.by_key(diagnoses))
    _assert_audit_counts(audit, images, expected)


def _assert_audit_counts(audit, images, expected):
    members = collections.defaultdict(list)
    for image in images:
        verdict = expected[image["file"]]
        if verdict["status"] != "rejected":
            members[verdict["label_rule"] or verdict["reason"]].append(image)
    counted = audit.matched | audit.unlabelled
    assert counted.keys() == members.keys()
    for name, group in members.items():
        visits = {brute_force_join.visit_of(image) for image in group}
        assert counted[name].images == len(group)
        assert counted[name].studies == len(
            {image["study_instance_uid"] for image in group})
        assert counted[name].visits == len(visits - {None})
    assert audit.contradicts_rounding == sum(
        bool(verdict["label_contradicts_rounding"])
        for verdict in expected.values())


def test_random_registers_meet_every_rule():
    """The batches would prove nothing of a rule that none of them meets."""
    met = collections.Counter()
    for seed, rules in _BATCHES[:4]:
        images, diagnoses, duplicates, _ = _batch(seed)
        expected, _ = brute_force_join.expected(
            images, duplicates, diagnoses, rules)
        for verdict in expected.values():
            met.update([verdict["reason"], verdict["label_rule"],
                        verdict["outcome"], verdict["split"]])
    assert met.keys() >= {
        "truncated", "duplicate_identical", "duplicate_different",
        "no_patient_id", "no_laterality", "no_study_date", "no_diagnosis",
        "contradicting_diagnosis", "superseded", "unknown_view", "other_view",
        "for_processing", "implant", "other_kind", "spot_or_magnification",
        "special_view", "interval_cancer", "own_year",
        "next_year", "rounded_year", "TP", "TN", "FP", "FN", "train",
        "validation", "test", None}


@pytest.mark.parametrize("seed", range(300))
def test_two_different_rows_for_one_key_are_an_error_and_only_they(seed):
    choice = random.Random(seed)
    _, diagnoses = _register(choice, "p")
    table = _as_csv(choice, diagnoses)
    contradicting = any(
        len(different) > 1
        for different in brute_force_join.by_key(diagnoses).values())
    if contradicting:
        with pytest.raises(rows.LabelError, match="contradicts itself"):
            register.read([("labels.csv", table)], rows.LabelOptions())
    elif diagnoses:
        labels = register.read([("labels.csv", table)], rows.LabelOptions())
        assert labels.rows.num_rows == len(
            brute_force_join.by_key(diagnoses))
