"""Buffers that are used again, and what is decoded into them."""

import numpy as np
import pytest

from pipelines import decoders
from pipelines import pixels
from pipelines import preprocess
from pipelines import recipe as recipes
from pipelines import scan
from pipelines import workspace as module
from pipelines.geometry import Variant
from pipelines.reasons import Rejected
from pipelines.workspace import Workspace
from tests import phantoms
from tests import synthetic

SYNTAXES = ("explicit", "implicit", "big_endian", "deflated", "rle",
            "jpeg_lossless_sv1", "jpegls", "j2k", "htj2k")
RECIPE = recipes.Recipe(variants=(Variant.parse("resize:30x30"),
                                  Variant.parse("crop:16x16")))


def test_buffers_are_kept_grow_and_are_owned():
    workspace = Workspace()
    first = workspace.buffer("part", 4, 6)
    again = workspace.buffer("part", 3, 2)
    assert np.shares_memory(first, again)
    assert not np.shares_memory(first, workspace.buffer("levels", 4, 6))
    larger = workspace.buffer("part", 5, 6)
    assert larger.shape == (5, 6) and not np.shares_memory(first, larger)
    assert workspace.owns(larger) and not workspace.owns(first)
    room = workspace.room("part", 7)
    assert len(room) == 7 and not room.readonly
    assert workspace.owns(np.frombuffer(room, np.uint8))


def test_what_is_too_large_is_not_kept(monkeypatch):
    monkeypatch.setattr(module, "_MOST_KEPT_BYTES", 100)
    workspace = Workspace()
    large = workspace.buffer("part", 51)
    assert large.shape == (51,) and not workspace.owns(large)
    assert workspace.owns(workspace.buffer("part", 50))


def images():
    """Files of every syntax and size, gzipped and not, some inverted."""
    for seed, syntax in enumerate(2 * SYNTAXES):
        values = phantoms.breast(120 + 8 * (seed % 5), 100 - 4 * (seed % 3),
                                 side="LR"[seed % 2], seed=seed, marker=True)
        photometric = "MONOCHROME1" if seed % 3 == 0 else "MONOCHROME2"
        data = synthetic.mammogram_bytes(
            values, transfer_syntax=syntax,
            PhotometricInterpretation=photometric)
        yield synthetic.gzipped(data) if seed % 4 < 2 else data


def outputs(path, workspace):
    data = scan.read_whole(str(path), scan.Limits(), workspace)
    image = pixels.decode(data, 1 << 24, RECIPE, workspace)
    try:
        return [output.pixels.tobytes() for output in preprocess.preprocess(
            image, RECIPE, workspace).outputs]
    except Rejected as error:
        return [error.reason]


def test_decoding_into_used_buffers_leaves_no_trace(tmp_path):
    """From file to variants: the same bytes as in memory of their own."""
    shared = Workspace()
    for number, data in enumerate(images()):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(data)
        assert outputs(path, shared) == outputs(path, None)


@pytest.mark.parametrize("syntax", SYNTAXES[3:])
def test_a_stream_cut_short_does_not_show_the_image_before_it(syntax):
    """What was in the buffer is another patient's."""
    before = synthetic.mammogram_bytes(
        np.full((64, 48), 999, np.uint16), transfer_syntax=syntax)
    data = synthetic.mammogram_bytes(
        phantoms.breast(64, 48), transfer_syntax=syntax)
    for left in range(len(data) - 2000, len(data), 97):
        workspace = Workspace()
        pixels.decode(before, 1 << 20, RECIPE, workspace)
        found = []
        for space in workspace, None:
            try:
                found.append(pixels.decode(
                    data[:left], 1 << 20, RECIPE, space).pixels.tobytes())
            except Rejected as error:
                found.append((error.reason, error.detail))
        assert found[0] == found[1]


def test_pixels_in_a_buffer_become_levels_in_place():
    values = phantoms.breast(120, 96, marker=True)
    data = synthetic.mammogram_bytes(
        values, transfer_syntax="jpeg_lossless_sv1",
        PhotometricInterpretation="MONOCHROME1")
    workspace = Workspace()
    image = pixels.decode(data, 1 << 20, RECIPE, workspace)
    levels, _ = preprocess._levels(image, RECIPE, workspace)
    assert np.shares_memory(levels, image.pixels)
    alone = pixels.decode(data, 1 << 20, RECIPE)
    kept = alone.pixels.copy()
    levels, _ = preprocess._levels(alone, RECIPE, Workspace())
    np.testing.assert_array_equal(alone.pixels, kept)
    assert not np.shares_memory(levels, alone.pixels)
    assert decoders._DECODED in workspace._buffers
