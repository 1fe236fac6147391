"""Which row of a table of images a file belongs to."""

import pytest

from pipelines.labels import image_paths

_TABLE = ["/data/A/one/x.png", "/data/B/one/x.png", "/data/B/two/x.png",
          "C/y.dcm", "z", "q", "D/q.jpg"]
_FILES = {
    "same path": ("/data/A/one/x.png", "data/A/one/x"),
    "other root and ending": ("gs://a/B/two/x.dcm.gz", "data/B/two/x"),
    "backslashes": ("E:\\B\\one\\x.DCM", "data/B/one/x"),
    "two rows fit as well": ("/a/one/x.dcm", None),
    "folder that no row has": ("/a/C/x.dcm", None),
    "no folder": ("x.dcm", None),
    "a name that is there once needs no folder": ("/a/b/y", "y"),
    "row without folder": ("/a/z.dicom", "z"),
    "row without folder beside one with": ("/a/D/q.dcm", "D/q"),
    "and no other than that": ("/a/q.dcm", None),
    "name that is part of another": ("/a/zz.dcm", None),
}


@pytest.mark.parametrize("name", _FILES)
def test_file_finds_its_row(name):
    file, key = _FILES[name]
    paths = image_paths.ImagePaths(_TABLE)
    keys = {paths.key_of_row(path) for path in _TABLE}
    assert len(keys) == len(_TABLE)
    assert paths.shared == 2
    found = paths.key_of_file(file)
    assert found == key if key else found not in keys


@pytest.mark.parametrize("path, stem", [
    ("a/1.2.840.113619.dcm", "1.2.840.113619"), ("1.2.3", "1.2.3"),
    ("a.dcm.png", "a"), ("a.png.dcm.gz", "a"), ("a.JPEG", "a"),
    ("a.b.tif", "a.b"), ("", ""), ("folder/", "")])
def test_stem_is_the_name_without_endings(path, stem):
    assert image_paths.stem(path) == stem
