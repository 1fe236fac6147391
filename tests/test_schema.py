"""One table of fields, and every format that derives from it."""

import datetime
import os

import pyarrow as pa
import pytest

from pipelines import schema
from pipelines import tfrecord

# Names that others build on: DESIGN's contract, which only ever grows.
IMAGES = """file file_bytes sop_instance_uid study_instance_uid patient_id
    study_date laterality view patient_age implant manufacturer
    manufacturer_model rows columns bits_stored photometric transfer_syntax
    presentation_intent pixel_spacing_mm status reason birads outcome cancer
    follow_up split""".split()
RECORDS = IMAGES + """variant shard index_in_shard byte_offset byte_length
    flipped crop_left crop_top crop_width crop_height scale_x scale_y
    max_value digest""".split()
EXAMPLE = """image height width max_value cancer follow_up birads view
    laterality sop_instance_uid patient_id study_date""".split()
CONVERTED = """file sop_instance_uid index_in_shard status reason detail
    pixel_laterality""".split()
TABLES = ("scan", "plan", "converted", "images", "records")

ROW = {
    "image": b"\x01\x00\x02\x00", "height": 1, "width": 2, "max_value": 2,
    "cancer": 1, "follow_up": 0, "birads": 4, "view": "MLO",
    "laterality": "L", "sop_instance_uid": "1.2.3", "patient_id": "Zoë",
    "study_date": datetime.date(2012, 2, 1)}
UNKNOWN = dict.fromkeys(ROW) | {
    "image": b"", "height": 0, "width": 0, "max_value": 0}


@pytest.mark.parametrize("table, names", [
    ("images", IMAGES), ("records", RECORDS), ("example", EXAMPLE),
    ("converted", CONVERTED)])
def test_table_has_the_contract_s_names(table, names):
    found = [field.name for field in schema.fields(table)]
    assert set(names) <= set(found)
    assert len(found) == len(set(found))


def test_record_holds_the_contract_s_features_and_no_other():
    assert {field.name for field in schema.fields("example")} == set(EXAMPLE)


def test_records_have_all_columns_of_images():
    records = schema.arrow_schema("records")
    for field in schema.arrow_schema("images"):
        assert records.field(field.name) == field


def test_names_are_unique():
    names = [field.name for field in schema.FIELDS]
    assert len(names) == len(set(names))


def test_arrow_types():
    images = schema.arrow_schema("images")
    assert images.field("study_date").type == pa.date32()
    assert images.field("cancer").type == pa.int64()
    assert images.field("implant").type == pa.bool_()
    assert images.field("view_modifiers").type == pa.list_(pa.string())
    assert images.field("pixel_spacing_mm").type == pa.float64()


def test_values_of_a_row():
    assert schema.example_values(ROW | {"more": 1}) == {
        "image": b"\x01\x00\x02\x00", "height": 1, "width": 2,
        "max_value": 2, "cancer": 1, "follow_up": 0, "birads": 4,
        "view": b"MLO", "laterality": b"L", "sop_instance_uid": b"1.2.3",
        "patient_id": "Zoë".encode(), "study_date": b"2012-02-01"}


def test_unknown_is_minus_one_or_empty():
    values = schema.example_values(UNKNOWN)
    assert [values[name] for name in ("cancer", "follow_up", "birads")] == [
        -1, -1, -1]
    assert [values[name] for name in (
        "view", "laterality", "sop_instance_uid", "patient_id",
        "study_date")] == [b""] * 5


def test_row_without_a_field_is_an_error():
    with pytest.raises(KeyError, match="birads"):
        schema.example_values(
            {name: ROW[name] for name in ROW if name != "birads"})


def test_feature_spec_reads_what_is_written():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    rows = [schema.example_values(ROW), schema.example_values(UNKNOWN)]
    spec = schema.feature_spec()
    assert set(spec) == set(EXAMPLE)
    parsed = tf.io.parse_example(
        list(map(tfrecord.encode_example, rows)), spec)
    for name, tensor in parsed.items():
        assert tensor.shape == (2,)
        assert tensor.numpy().tolist() == [row[name] for row in rows]
    assert parsed["birads"].dtype == tf.int64
    assert parsed["image"].dtype == tf.string


@pytest.mark.parametrize("table", TABLES + ("example",))
def test_markdown_lists_every_field(table):
    lines = schema.markdown(table).splitlines()
    names = [line.split("`")[1] for line in lines[2:]]
    assert names == [field.name for field in schema.fields(table)]
    assert all(line.count("|") == 4 for line in lines)
