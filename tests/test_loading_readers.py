"""Every loader of the benchmark gives all images, and the same ones."""

import numpy as np
import pytest

from model import index as indices
from model import reading
from tests import built
from tools.loading import formats
from tools.loading import readers
from tools.loading import timing

pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Six images in every format that can be written here."""
    folder = tmp_path_factory.mktemp("loading")
    built.write(str(folder / "records"))
    index = indices.load(str(folder / "records"), "12x16", "train")
    formats.write(index, str(folder))
    return index, str(folder)


def all_readers(index, folder):
    return [*readers.ours(index, 4, True), *readers.floors(index, 4, folder),
            *readers.peers(index, 4, folder)[0]]


def pictures(batch):
    """The images of a batch, whatever holds it."""
    if isinstance(batch, dict):
        batch = batch["image"]
    elif isinstance(batch, (tuple, list)):
        batch = batch[0]
    return np.asarray(batch)


def test_each_reader_gives_every_image_once_as_it_says(written):
    index, folder = written
    stored = reading.read(index, np.arange(len(index)))
    expected = {
        "uint16": stored,
        "float32": np.stack([readers.as_float(image) for image in stored])}
    kinds = set()
    for reader in all_readers(index, folder):
        batches = list(reader.open())
        assert len(batches) == 2, reader
        if reader.gives == "records":
            continue
        found = np.concatenate(list(map(pictures, batches)))
        assert found.dtype == reader.gives, reader
        assert (sorted(image.tobytes() for image in found) ==
                sorted(image.tobytes()
                       for image in expected[reader.gives])), reader
        kinds.add((reader.name.partition(",")[0], reader.gives))
    assert {("ours", "uint16"), ("ours", "float32"),
            ("memory-mapped array", "float32"),
            ("tf.data", "float32")} <= kinds


def test_what_is_written_already_is_not_written_again(written):
    index, folder = written
    index = indices.load(folder + "/records", "12x16", "validation")
    formats.write(index, folder)
    assert len(np.load(folder + "/images.npy")) == 6


def test_a_packed_image_comes_back():
    image = np.arange(12, dtype=np.uint16).reshape(3, 4, 1)
    found, label = formats.unpack(formats.pack(image, -1), image.shape)
    assert label == -1 and np.array_equal(found, image)


def test_a_black_image_stays_black():
    assert not readers.as_float(np.zeros((2, 2, 1), np.uint16)).any()


def test_a_pass_is_timed_to_its_last_batch():
    slow = readers.Reader("slow", "uint16", lambda: iter([0, 1, 2]))
    found = timing.a_pass(slow, 10, 4)()
    assert 0 < found.first <= found.last
    assert found.rate == 10 / found.last
    with pytest.raises(RuntimeError, match="slow gave 3 batches, 2 were"):
        timing.a_pass(slow, 8, 4)()


def test_dropping_a_file_from_the_page_cache_leaves_it_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    timing.drop_from_page_cache(str(path))
    assert path.read_bytes() == b"abc"
