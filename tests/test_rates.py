"""What the capacity plan measures of images."""

from pipelines import pixels
from pipelines import recipe as recipes
from tests import archive
from tools import rates


def test_every_round_converts_every_image(tmp_path, monkeypatch):
    folder = archive.write(tmp_path, 4)
    decoded = []
    decode = pixels.decode

    def counting(*words):
        decoded.append(words)
        return decode(*words)

    monkeypatch.setattr(pixels, "decode", counting)
    images = rates.measure_images(folder, recipes.Recipe(), threads=1)
    assert images.count == 16
    assert len(decoded) == 16 * rates.ROUNDS
