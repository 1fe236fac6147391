"""The recipe: its defaults, its errors, and its way through JSON."""

import dataclasses
import itertools
import json

import pytest

from pipelines import recipe as module
from pipelines.geometry import Resample, Variant
from pipelines.recipe import Recipe


def test_defaults_are_the_documented_ones():
    assert Recipe().to_json() == {
        "name": "mammoflow", "version": 1,
        "variants": ["resize:416x512", "crop:224x224"],
        "breast_box": "component", "markers": "brightest",
        "windowing": "none", "encoding": "raw", "normalisation": "max"}


def test_round_trip_through_json_text():
    fields, choices = zip(*module.CHOICES.items())
    for values in itertools.product(*choices):
        recipe = Recipe(variants=(Variant.parse("crop:9x7"),),
                        **dict(zip(fields, values)))
        assert Recipe.from_json(
            json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize("field", module.CHOICES)
def test_unknown_choice_names_the_choices(field):
    with pytest.raises(ValueError) as error:
        Recipe(**{field: "nonsense"})
    for word in (field, "nonsense", *module.CHOICES[field]):
        assert word in str(error.value)


@pytest.mark.parametrize("variants, message", [
    ((), "at least one variant"),
    ((Variant.parse("crop:9x7"),) * 2, "crop:9x7 is named twice"),
    (("crop:9x7",), "not a Variant")])
def test_variants_that_cannot_be_are_refused(variants, message):
    with pytest.raises(ValueError, match=message):
        Recipe(variants=variants)


@pytest.mark.parametrize("change, message", [
    ({"version": 2, "sharpening": "none"}, "version 2 cannot be replayed"),
    ({"name": "other"}, "'other' version 1 cannot be replayed"),
    ({"sharpening": "none"}, "unknown: sharpening"),
    ({"markers": "all"}, "markers 'all' is none of brightest"),
    ({"variants": ["crop"]}, "not METHOD:WIDTHxHEIGHT")])
def test_json_of_another_recipe_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_json(Recipe().to_json() | change)


def test_missing_field_is_named():
    values = Recipe().to_json()
    del values["markers"]
    with pytest.raises(ValueError, match="missing: markers"):
        Recipe.from_json(values)


def test_core_leaves_out_variants_and_loading():
    recipe = Recipe()
    other = dataclasses.replace(recipe, variants=(Variant.parse("crop:9x7"),),
                                normalisation="percentile")
    assert recipe.core() == other.core()
    for field in ("breast_box", "markers", "windowing", "encoding",
                  "tomosynthesis", "j2k"):
        changed = dataclasses.replace(
            recipe, **{field: module.CHOICES[field][1]})
        assert changed.core() != recipe.core()


def test_recipe_is_hashable_and_takes_a_list():
    recipe = Recipe(variants=[Variant.parse("crop:9x7")])
    assert len({recipe, Recipe()}) == 2


@pytest.mark.parametrize("changed, told", [
    ({"resample": Resample.parse("spacing:0.56")},
     {"resample": "spacing:0.56"}),
    ({"resample": Resample.parse("factor:8.0")}, {}),
    ({"voi_index": 2}, {"voi_index": 2}),
    ({"tomosynthesis": "mip"}, {"tomosynthesis": "mip"}),
    ({"lenient": True}, {"lenient": True}),
    ({"j2k": "reduced"}, {"j2k": "reduced"}),
])
def test_of_what_came_later_only_what_differs_is_told(changed, told):
    recipe = dataclasses.replace(Recipe(), **changed)
    assert recipe.to_json() == Recipe().to_json() | told
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    assert (recipe.core() == Recipe().core()) == (not told)


@pytest.mark.parametrize("change, message", [
    ({"voi_index": -1}, "voi_index -1"), ({"voi_index": "1"}, "voi_index"),
    ({"lenient": "no"}, "lenient 'no'"),
    ({"resample": "twice"}, "resampling twice")])
def test_what_came_later_is_checked_too(change, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_json(Recipe().to_json() | change)
