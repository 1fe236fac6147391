"""One image of the frames of a tomosynthesis."""

import dataclasses
import tracemalloc

import numpy as np
import pytest

from pipelines import dicom
from pipelines import intensity
from pipelines import pixels
from pipelines import preprocess
from pipelines import projection
from pipelines.geometry import Resample, Variant
from pipelines.reasons import Rejected
from pipelines.recipe import Recipe
from tests import reference_preprocess as reference
from tests import phantoms
from tests import synthetic
from tools.cohort import dicom_files, pitfalls, variation

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

MIDDLE, MIP = Recipe(tomosynthesis="middle"), Recipe(tomosynthesis="mip")
LIMIT = 1 << 22
PIXELS = synthetic.breast_pixels(256, 320, side="R")
IMAGE = variation.Image(PIXELS, {
    "ImageLaterality": "R", "ViewPosition": "MLO", "BitsStored": 12,
    "SOPInstanceUID": dicom_files.make_uid("projection")})


def pitfall(name: str) -> bytes:
    file, = pitfalls.apply(name, IMAGE)
    return file.data


def levels(image: pixels.StoredImage, recipe: Recipe = MIP) -> np.ndarray:
    return reference.levels(image, recipe.windowing)


def volume(values: np.ndarray, groups: list | None = None,
           **overrides) -> bytes:
    return synthetic.mammogram_bytes(
        values, PerFrameFunctionalGroupsSequence=groups, **overrides)


def group(*index: int, in_stack: int | None = None, window=None,
          slope=None) -> dicom_files.Dataset:
    made, content = dicom_files.Dataset(), dicom_files.Dataset()
    if index:
        content.DimensionIndexValues = list(index)
    if in_stack is not None:
        content.InStackPositionNumber = in_stack
    made.FrameContentSequence = [content]
    if window:
        voi = dicom_files.Dataset()
        voi.WindowCenter, voi.WindowWidth = window
        made.FrameVOILUTSequence = [voi]
    if slope:
        grey = dicom_files.Dataset()
        grey.RescaleSlope, grey.RescaleIntercept = slope, 0
        made.PixelValueTransformationSequence = [grey]
    return made


def frames(count: int) -> np.ndarray:
    """Frame n is n everywhere."""
    return np.broadcast_to(np.arange(count, dtype=np.uint16)[:, None, None],
                           (count, 8, 8)).copy()


@pytest.mark.parametrize("data", [
    pitfall("tomosynthesis"), pitfall("tomosynthesis_shuffled")])
def test_several_frames_are_rejected_by_default(data):
    with pytest.raises(Rejected, match="multi_frame"):
        pixels.decode(data, LIMIT)


@pytest.mark.parametrize("recipe", [MIDDLE, MIP])
def test_projections_are_never_an_image(recipe):
    with pytest.raises(Rejected, match="raw projections") as caught:
        pixels.decode(pitfall("projections"), LIMIT, recipe)
    assert caught.value.reason == "multi_frame"


@pytest.mark.parametrize("name, groups, expected", [
    ("as they lie", None, 2),
    ("an even number", None, 2),
    ("dimension indices", [group(1, p) for p in (3, 5, 1, 2, 4)], 0),
    ("two stacks", [group(s, p) for s, p in (
        (2, 1), (2, 2), (1, 1), (1, 2), (1, 3))], 4),
    ("in-stack positions", [group(in_stack=p) for p in (5, 3, 1, 2, 4)], 1),
    ("indices that repeat", [group(1, 1)] * 5, 2),
    ("too few groups", [group(1, p) for p in (3, 2, 1)], 2),
    ("groups without content", [dicom_files.Dataset()] * 5, 2),
])
def test_the_middle_frame_by_the_order_in_the_breast(name, groups, expected):
    count = 4 if name == "an even number" else 5
    image = pixels.decode(volume(frames(count), groups), LIMIT, MIDDLE)
    assert np.unique(image.pixels).tolist() == [expected]


@pytest.mark.parametrize("syntax", ["implicit", "big_endian"])
def test_the_order_in_every_encoding(syntax):
    data = volume(frames(3), [group(1, p) for p in (2, 1, 3)],
                  transfer_syntax=syntax)
    image = pixels.decode(data, LIMIT, MIDDLE)
    assert np.unique(image.pixels).tolist() == [0]


def test_the_middle_frame_has_its_own_rescale_and_window():
    image = pixels.decode(pitfall("tomosynthesis_shuffled"), LIMIT, MIDDLE)
    np.testing.assert_array_equal(image.pixels, PIXELS // 2)
    assert image.attributes.rescale_slope == 2
    assert image.attributes.windows == (dicom.Window(2000, 4000),)
    assert image.header.laterality == "R"
    assert image.header.laterality_source == "frame_laterality"
    assert image.header.image_kind == "tomosynthesis"
    assert image.attributes.spacing.source == "pixel_measures"


@pytest.mark.parametrize("windowing", ["none", "window"])
def test_the_maximum_is_of_levels_each_frame_by_its_own_header(windowing):
    data = pitfall("tomosynthesis_shuffled")
    recipe = dataclasses.replace(MIP, windowing=windowing)
    found = pixels.decode(data, LIMIT, recipe)
    expected = np.maximum.reduce([
        reference.levels(phantoms.stored_image(
            part, rescale_slope=slope,
            windows=(dicom.Window(center, 2.0 * center),)), windowing)
        for part, slope, center in (
            (PIXELS // 4, 1.0, 500.0), (PIXELS // 3, 1.0, 1000.0),
            (PIXELS // 2, 2.0, 2000.0))])
    np.testing.assert_array_equal(found.pixels, expected)
    # What comes after leaves the levels as they are.
    assert intensity.mapping(found.attributes, windowing).keeps(found.pixels)


def test_the_brightest_of_inverted_frames_is_the_darkest_value():
    values = frames(5)
    image = pixels.decode(volume(
        values, PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE"), LIMIT, MIP)
    assert np.unique(levels(image)).tolist() == [4095]


def test_padding_of_one_frame_hides_nothing_of_another():
    values = frames(3) + 100
    values[2] = 4095
    image = pixels.decode(volume(values, PixelPaddingValue=4095), LIMIT, MIP)
    assert np.unique(levels(image)).tolist() == [101]


@pytest.mark.parametrize("recipe", [MIDDLE, MIP])
@pytest.mark.parametrize("name", [
    "tomosynthesis", "tomosynthesis_shuffled", "tomosynthesis_fragments"])
def test_a_volume_becomes_a_record(name, recipe):
    recipe = dataclasses.replace(
        recipe, variants=(Variant.parse("resize:16x20"),),
        resample=Resample.parse("fit"))
    image = pixels.decode(pitfall(name), LIMIT, recipe)
    result = preprocess.preprocess(image, recipe)
    assert result.pixel_laterality == "R"
    assert result.outputs[0].pixels[10, 2] > 500


def test_one_frame_at_a_time_is_in_memory():
    values = np.zeros((30, 256, 256), np.uint16)
    data = synthetic.mammogram_bytes(values, transfer_syntax="jpegls")
    pixels.decode(data, LIMIT, MIP)
    tracemalloc.start()
    pixels.decode(data, LIMIT, MIP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * values[0].nbytes + (2 << 20)


def test_the_limit_is_of_a_frame():
    values = np.zeros((4, 64, 64), np.uint16)
    data = volume(values)
    assert pixels.decode(data, values[0].nbytes, MIP)
    with pytest.raises(Rejected, match="over_limit"):
        pixels.decode(data, values[0].nbytes - 1, MIP)
    deflated = volume(values, transfer_syntax="deflated")
    with pytest.raises(Rejected, match="4 deflated frames"):
        pixels.decode(deflated, values[0].nbytes, MIP)


def test_frames_that_are_not_there_take_no_memory():
    dataset = synthetic.mammogram(frames(2))
    dataset.NumberOfFrames = (1 << 31) - 1
    for recipe in (MIDDLE, MIP):
        with pytest.raises(Rejected, match="truncated"):
            pixels.decode(synthetic.to_bytes(dataset), LIMIT, recipe)


def test_the_middle_of_an_even_number():
    assert projection.middle(range(4)) == 2
