"""The formats by name, as flags and readers have them."""

from pipelines import build_records
from pipelines.labels import formats


def test_the_flag_offers_every_reader():
    assert sorted(build_records.FORMATS) == sorted(formats.READERS)
