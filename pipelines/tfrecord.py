"""TFRecord files and `tf.train.Example` bytes, without TensorFlow.

A record is framed as an 8-byte little-endian length, the masked CRC-32C of
those bytes, the payload, and the masked CRC-32C of the payload
(https://www.tensorflow.org/tutorials/load_data/tfrecord). Importing
TensorFlow in a build worker costs seconds and hundreds of MB; its absence
costs nothing.
"""

import functools
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import google_crc32c
from google.protobuf import descriptor_pb2
from google.protobuf import descriptor_pool
from google.protobuf import message as protobuf_message
from google.protobuf import message_factory

HEADER_BYTES = 12
FOOTER_BYTES = 4
_CRC_MASK = 0xA282EAD8
_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")


def masked_crc(data: Any) -> int:
    """The CRC-32C of bytes or of a uint8 array, as TFRecord stores it.

    Rotated and offset, so that the CRC of bytes that hold CRCs stays strong.
    """
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + _CRC_MASK) & 0xFFFFFFFF


def frame(payload: bytes) -> bytes:
    """One record as it stands in a file."""
    length = _LENGTH.pack(len(payload))
    return b"".join((length, _CRC.pack(masked_crc(length)), payload,
                     _CRC.pack(masked_crc(payload))))


def unframe(record: Any, where: str) -> Any:
    """The payload of one whole framed record.

    Args:
      record: The bytes that byte_offset and byte_length name; of a uint8
        array, the payload is a view.
      where: Shard and offset, for the error.

    Raises:
      ValueError: The record is damaged.
    """
    if len(record) < HEADER_BYTES + FOOTER_BYTES:
        raise ValueError(f"{where}: {len(record)} bytes are no record")
    payload = record[HEADER_BYTES:-FOOTER_BYTES]
    header, header_crc = record[:8], record[8:HEADER_BYTES]
    if _CRC.unpack(header_crc)[0] != masked_crc(header):
        raise ValueError(f"{where}: the CRC of the record's length is wrong")
    if _LENGTH.unpack(header)[0] != len(payload):
        raise ValueError(
            f"{where}: the record holds {_LENGTH.unpack(header)[0]} bytes, "
            f"the index says {len(payload)}")
    if _CRC.unpack(record[-FOOTER_BYTES:])[0] != masked_crc(payload):
        raise ValueError(f"{where}: the CRC of the record is wrong")
    return payload


def read_records(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Reads a shard from its start.

    Args:
      file: Opened for reading bytes.
      name: The shard's name, for errors.

    Yields:
      Byte offset and payload of each record.

    Raises:
      ValueError: A record is damaged or cut off.
    """
    offset = 0
    while header := file.read(HEADER_BYTES):
        where = f"{name} at byte {offset}"
        if (len(header) < HEADER_BYTES or
                _CRC.unpack(header[8:])[0] != masked_crc(header[:8])):
            raise ValueError(f"{where}: the record's length is damaged")
        length = _LENGTH.unpack(header[:8])[0]
        rest = file.read(length + FOOTER_BYTES)
        if len(rest) < length + FOOTER_BYTES:
            raise ValueError(f"{where}: the file ends within the record")
        yield offset, unframe(header + rest, where)
        offset += HEADER_BYTES + length + FOOTER_BYTES


def encode_example(values: dict[str, int | bytes]) -> bytes:
    """A serialized `tf.train.Example`; equal values give equal bytes."""
    example = _example_class()()
    features = example.features.feature
    for name, value in values.items():
        if isinstance(value, int):
            features[name].int64_list.value.append(value)
        else:
            features[name].bytes_list.value.append(value)
    return example.SerializeToString(deterministic=True)


def decode_example(payload: bytes) -> dict[str, int | bytes]:
    """The values of a serialized `tf.train.Example` of scalars.

    Raises:
      ValueError: It is no Example, or a feature is not one int or bytes.
    """
    try:
        example = _example_class().FromString(payload)
    except protobuf_message.DecodeError as error:
        raise ValueError(f"the record is no tf.train.Example: {error}"
                         ) from error
    values: dict[str, int | bytes] = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        found: Any = getattr(feature, kind).value if kind else ()
        if len(found) != 1 or kind == "float_list":
            raise ValueError(f"feature {name!r} holds {len(found)} values of "
                             f"{kind}, not one integer or byte string")
        values[name] = found[0]
    return values


@functools.cache
def _example_class() -> Any:
    """The message class of tensorflow/core/example/example.proto.

    It lives in a pool of its own, so that it does not clash with
    TensorFlow's where both are imported.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name="example.proto", package="tensorflow", syntax="proto3")
    _add_message(file, "BytesList", value=(1, "repeated", "TYPE_BYTES"))
    _add_message(file, "FloatList", value=(1, "repeated", "TYPE_FLOAT"))
    _add_message(file, "Int64List", value=(1, "repeated", "TYPE_INT64"))
    feature = _add_message(
        file, "Feature",
        bytes_list=(1, "optional", ".tensorflow.BytesList"),
        float_list=(2, "optional", ".tensorflow.FloatList"),
        int64_list=(3, "optional", ".tensorflow.Int64List"))
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    features = _add_message(
        file, "Features",
        feature=(1, "repeated", ".tensorflow.Features.FeatureEntry"))
    entry = _add_message(features.nested_type, "FeatureEntry",
                         key=(1, "optional", "TYPE_STRING"),
                         value=(2, "optional", ".tensorflow.Feature"))
    entry.options.map_entry = True
    _add_message(file, "Example",
                 features=(1, "optional", ".tensorflow.Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("tensorflow.Example"))


def _add_message(parent: Any, name: str, **fields: tuple[int, str, str]
                 ) -> Any:
    """Adds a message; a field is (number, label, scalar type or message)."""
    messages = getattr(parent, "message_type", parent)
    message = messages.add(name=name)
    kinds = descriptor_pb2.FieldDescriptorProto
    for field, (number, label, kind) in fields.items():
        added = message.field.add(
            name=field, number=number,
            label=getattr(kinds, f"LABEL_{label.upper()}"))
        if kind.startswith("."):
            added.type, added.type_name = kinds.TYPE_MESSAGE, kind
        else:
            added.type = getattr(kinds, kind)
    return message
