"""The one table of fields from which every format derives.

`FIELDS` names each column and record feature once: what it is called, what it
holds, where it stands. From it derive the Arrow schemas of the tables `scan`,
`plan`, `converted`, `images` and `records`, the tf.io feature spec, the
`tf.train.Example` encoder and the tables in BUILD.md. Unknown is NULL in
Parquet and -1 (or an empty string) in records.
"""

import dataclasses
import datetime
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 2

SCAN, PLAN, CONVERTED, IMAGES, RECORDS, EXAMPLE = (
    "scan", "plan", "converted", "images", "records", "example")
_HEADER = frozenset({SCAN, PLAN, IMAGES, RECORDS})
_OUTCOME = _HEADER | {CONVERTED}
_PLANNED = frozenset({PLAN, IMAGES, RECORDS})
_PLACED = frozenset({PLAN, RECORDS})
_ONLY_RECORDS = frozenset({RECORDS})
_EXAMPLE = frozenset({EXAMPLE})


@dataclasses.dataclass(frozen=True)
class Field:
    """One column or feature.

    Attributes:
      name: Its name in every format.
      kind: Key of the Arrow types: text, texts, int, float, bool, date, bytes.
      tables: Where it stands, of scan, plan, converted, images, records,
        example.
      meaning: What it holds, with unit and source.
    """

    name: str
    kind: str
    tables: frozenset[str]
    meaning: str

    @property
    def arrow(self) -> "pa.Field":
        import pyarrow as pa

        return pa.field(self.name, _arrow_types()[self.kind])


@functools.cache
def _arrow_types() -> dict[str, Any]:
    import pyarrow as pa  # 0.1 s and NumPy, which a query does without.

    return {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "bytes": pa.binary(),
    }


FIELDS: tuple[Field, ...] = (
    Field("file", "text", _OUTCOME,
          "path as matched; bytes that are not UTF-8 as \\xNN"),
    Field("file_bytes", "int", _HEADER, "size on disk, bytes"),
    Field("file_version", "text", _HEADER,
          "modification time or etag, as the file system gives it"),
    Field("file_key", "text", frozenset({SCAN, PLAN}),
          "keyed hash of the path under --patient_ids=hash, else NULL"),
    Field("dataset", "text", _HEADER,
          "which of several data sets it is of, as --dataset names it"),
    Field("sop_instance_uid", "text", _OUTCOME | _EXAMPLE,
          "(0008,0018)"),
    Field("sop_class_uid", "text", _HEADER, "(0008,0016)"),
    Field("study_instance_uid", "text", _HEADER, "(0020,000D)"),
    Field("series_instance_uid", "text", _HEADER, "(0020,000E)"),
    Field("patient_id", "text", _HEADER | _EXAMPLE,
          "(0010,0020), as given or keyed-hashed; where the label reader "
          "knows better who the patient is, the reader's"),
    Field("study_date", "date", _HEADER | _EXAMPLE,
          "(0008,0020); ISO 8601 text in records"),
    Field("modality", "text", _HEADER, "(0008,0060)"),
    Field("image_kind", "text", _HEADER,
          "2d, synthetic_2d, film, tomosynthesis, tomosynthesis_slice, "
          "projection, biopsy, specimen, phantom or screen_capture"),
    Field("laterality", "text", _HEADER | _EXAMPLE, "L or R"),
    Field("laterality_source", "text", _HEADER,
          "which attribute said so"),
    Field("view", "text", _HEADER | _EXAMPLE,
          "CC, MLO or another view's code"),
    Field("view_source", "text", _HEADER, "which attribute said so"),
    Field("header_laterality", "text", _PLANNED,
          "what the header alone says, where the label table tells the side"),
    Field("header_view", "text", _PLANNED, "likewise of the view"),
    Field("view_modifiers", "texts", _HEADER,
          "implant displaced, spot compression, magnification, ..."),
    Field("patient_age", "int", _HEADER, "(0010,1010), whole years"),
    Field("implant", "bool", _HEADER, "(0028,1300)"),
    Field("manufacturer", "text", _HEADER, "(0008,0070)"),
    Field("manufacturer_model", "text", _HEADER, "(0008,1090)"),
    Field("rows", "int", _HEADER, "(0028,0010), pixels"),
    Field("columns", "int", _HEADER, "(0028,0011), pixels"),
    Field("frames", "int", _HEADER, "(0028,0008), 1 where absent"),
    Field("bits_allocated", "int", _HEADER, "(0028,0100)"),
    Field("bits_stored", "int", _HEADER, "(0028,0101)"),
    Field("photometric", "text", _HEADER, "(0028,0004)"),
    Field("transfer_syntax", "text", _HEADER, "(0002,0010), the UID"),
    Field("lossy", "bool", _HEADER,
          "the pixels were compressed with loss"),
    Field("presentation_intent", "text", _HEADER, "(0008,0068)"),
    Field("window_center", "texts", _HEADER,
          "(0028,1050), of each window, as written"),
    Field("window_width", "texts", _HEADER,
          "(0028,1051), of each window, as written"),
    Field("voi_function", "text", _HEADER, "(0028,1056)"),
    Field("voi_luts", "int", _HEADER,
          "(0028,3010), how many that can be used"),
    Field("pixel_spacing_mm", "float", _HEADER,
          "(0028,0030), between rows, mm"),
    Field("imager_pixel_spacing_mm", "float", _HEADER,
          "(0018,1164), between rows at the detector, mm"),
    Field("magnification_factor", "float", _HEADER, "(0018,1114)"),
    Field("breast_spacing_mm", "float", _HEADER,
          "between rows in the breast, mm: what --resample=spacing goes by"),
    Field("spacing_source", "text", _HEADER, "which attribute said so"),
    Field("status", "text", _OUTCOME,
          "written, planned, unlabelled, excluded or rejected; in scan only "
          "rejected or NULL"),
    Field("reason", "text", _OUTCOME,
          "why it is not written, a code; NULL where it is"),
    Field("detail", "text", _OUTCOME, "what was found in this file"),
    Field("remarks", "texts", _OUTCOME,
          "codes of what is odd about an image that is used all the same"),
    Field("birads", "int", _PLANNED | _EXAMPLE,
          "BI-RADS of the reading that decided, 0 to 6"),
    Field("outcome", "text", _PLANNED, "TP, TN, FP or FN"),
    Field("cancer", "int", _PLANNED | _EXAMPLE,
          "1: cancer was found"),
    Field("follow_up", "int", _PLANNED | _EXAMPLE,
          "1: the reading suggested follow-up (was referred)"),
    Field("label_rule", "text", _PLANNED,
          "own_year, next_year, rounded_year, breast, image or study: how the "
          "diagnosis was found; other_side, prior_exam or later_exam: what "
          "the label reader concluded it from"),
    Field("label_row", "int", _PLANNED,
          "row of the label table, counted from 1 with its header"),
    Field("label_contradicts_rounding", "bool", _PLANNED,
          "the diagnosis is of the visit's own year, but a visit after 2 July "
          "rounds to the next"),
    Field("split", "text", _PLANNED,
          "train, validation or test; NULL where not labelled"),
    Field("shard", "int", _PLACED, "number of its shard within the split"),
    Field("index_in_shard", "int", _PLACED | {CONVERTED},
          "place in the shard; in plan and converted before rejects are "
          "left out"),
    Field("pixel_laterality", "text", frozenset({CONVERTED, IMAGES, RECORDS}),
          "the side that the pixels show, L or R; never used for a label"),
    Field("flipped", "bool", _ONLY_RECORDS,
          "mirrored, so that the breast is on the left"),
    Field("variant", "text", _ONLY_RECORDS, "as in resize:416x512"),
    Field("byte_offset", "int", _ONLY_RECORDS,
          "where its record begins in the shard, bytes"),
    Field("byte_length", "int", _ONLY_RECORDS,
          "length of its record with framing, bytes"),
    Field("crop_left", "int", _ONLY_RECORDS,
          "pixels of the original before the flip"),
    Field("crop_top", "int", _ONLY_RECORDS, "likewise"),
    Field("crop_width", "int", _ONLY_RECORDS, "likewise"),
    Field("crop_height", "int", _ONLY_RECORDS, "likewise"),
    Field("scale_x", "float", _ONLY_RECORDS,
          "original pixels per output pixel"),
    Field("scale_y", "float", _ONLY_RECORDS, "likewise"),
    Field("digest", "text", _ONLY_RECORDS,
          "sha256 of the uncompressed image, hexadecimal"),
    Field("image", "bytes", _EXAMPLE,
          "little-endian uint16 [height, width], or a 16-bit PNG, as "
          "dataset.json says"),
    Field("height", "int", _EXAMPLE, "of the stored image, pixels"),
    Field("width", "int", _EXAMPLE, "likewise"),
    Field("max_value", "int", frozenset({RECORDS, EXAMPLE}),
          "largest value of the stored image"),
)


def fields(table: str) -> tuple[Field, ...]:
    """The fields of one table, in their order there."""
    return tuple(field for field in FIELDS if table in field.tables)


def arrow_schema(table: str) -> "pa.Schema":
    """The Arrow schema of every table but `example`."""
    import pyarrow as pa

    return pa.schema([field.arrow for field in fields(table)])


def feature_spec() -> dict[str, Any]:
    """What `tf.io.parse_example` needs to read a record.

    Returns:
      Feature name to `tf.io.FixedLenFeature`: scalars, int64 or string.
    """
    import tensorflow as tf  # A build worker never calls this.

    return {
        field.name: tf.io.FixedLenFeature(
            [], tf.int64 if field.kind == "int" else tf.string)
        for field in fields(EXAMPLE)
    }


def example_values(row: dict[str, Any]) -> dict[str, int | bytes]:
    """A row's features, with NULL as -1 or an empty string.

    Args:
      row: Values by field name, at least those of `EXAMPLE`.

    Returns:
      Feature name to an int or bytes.
    """
    return {field.name: _example_value(field, row[field.name])
            for field in fields(EXAMPLE)}


def _example_value(field: Field, value: Any) -> int | bytes:
    if field.kind == "int":
        return -1 if value is None else int(value)
    if value is None:
        return b""
    if isinstance(value, datetime.date):
        return value.isoformat().encode()
    return value.encode() if isinstance(value, str) else value


def markdown(table: str) -> str:
    """The fields of one table as BUILD.md shows them."""
    lines = ["| name | type | meaning |", "| --- | --- | --- |"]
    for field in fields(table):
        kind = field.kind
        if table == EXAMPLE:
            kind = "int64" if kind == "int" else "bytes"
        lines.append(f"| `{field.name}` | {kind} | {field.meaning} |")
    return "\n".join(lines)
