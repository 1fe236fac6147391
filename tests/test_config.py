import dataclasses

import pytest

from pipelines import config as configs
from pipelines import plan
from pipelines import privacy
from pipelines import scan
from tests import builds


@pytest.mark.parametrize("changes, message", [
    ({"max_rejects": 1.5}, "--max_rejects=1.5 is not a fraction"),
    ({"labels": configs.LabelSource("t", "cbis_ddsm"),
      "pseudonyms": privacy.Pseudonyms(b"k" * 16)},
     "which --patient_ids=hash hides"),
])
def test_a_config_that_cannot_be_built_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        builds.config(**changes)


def test_limits_below_a_prefix_are_refused():
    with pytest.raises(ValueError, match="--max_image_bytes=9 is less than"):
        scan.Limits(max_image_bytes=9)


@pytest.mark.parametrize("change, equal", [
    ({"max_rejects": 0.5}, True),
    ({"output": "elsewhere"}, True),
    ({"limits": scan.Limits(max_image_bytes=1 << 20)}, False),
    ({"pseudonyms": privacy.Pseudonyms(b"k" * 16)}, False),
])
def test_a_scan_is_used_again_where_it_would_be_the_same(change, equal):
    before = builds.config()
    after = dataclasses.replace(before, **change)
    assert (before.scan_version == after.scan_version) == equal


def test_the_json_holds_no_output_path_and_no_key():
    text = str(builds.config(
        "somewhere", pseudonyms=privacy.Pseudonyms(b"secretsecret1234")
    ).to_json())
    assert "somewhere" not in text and "secret" not in text


@pytest.mark.parametrize("pairs, expected", [
    ([], ()), (["patient_id=pid", "cancer= truth"],
               (("patient_id", "pid"), ("cancer", "truth")))])
def test_label_columns_are_pairs(pairs, expected):
    assert configs.parse_columns(pairs) == expected


def test_what_is_no_pair_is_an_error():
    with pytest.raises(ValueError, match="expected OURS=THEIRS"):
        configs.parse_columns(["pid"])


@pytest.mark.parametrize("categories, expected", [
    (None, None), (["5", " 4", "5"], (4, 5)), ([], ())])
def test_birads_that_count_as_a_cancer_are_numbers(categories, expected):
    assert configs.parse_birads(categories) == expected


def test_the_json_says_which_birads_count_as_a_cancer():
    assert builds.config().to_json()["cancer_birads"] is None
    chosen = builds.config(rules=plan.PlanRules(cancer_birads=(4, 5)))
    assert chosen.to_json()["cancer_birads"] == (4, 5)


@pytest.mark.parametrize("categories", [["4a"], ["7"], [""], []])
def test_what_is_no_birads_category_is_an_error(categories):
    with pytest.raises(ValueError, match="--cancer_birads="):
        plan.PlanRules(cancer_birads=configs.parse_birads(categories))


@pytest.mark.parametrize("numbers", [["0.8", "0.2"], ["a", "b", "c"]])
def test_fractions_are_three_numbers(numbers):
    with pytest.raises(ValueError, match="expected three numbers"):
        configs.parse_fractions(numbers)
