"""Records and Examples, byte for byte what TensorFlow writes and reads."""

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import tfrecord

# Made with tf.io.TFRecordWriter of TensorFlow 2.16: one record, b"breast".
GOLDEN = bytes.fromhex("0600000000000000 7369d537 627265617374 064c0e90")
PAYLOADS = [b"", b"x", bytes(range(256)) * 40, b"\0" * 100]
VALUES = st.dictionaries(
    st.text(st.characters(codec="ascii"), max_size=8),
    st.one_of(st.integers(-2**63, 2**63 - 1), st.binary(max_size=40)),
    max_size=6)


@pytest.fixture(scope="module", name="tf")
def _tf():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow

    return tensorflow


def test_golden_record():
    assert tfrecord.frame(b"breast") == GOLDEN
    assert tfrecord.unframe(GOLDEN, "golden") == b"breast"


@given(st.binary(max_size=300))
def test_unframe_undoes_frame(payload):
    record = tfrecord.frame(payload)
    assert len(record) == (
        tfrecord.HEADER_BYTES + len(payload) + tfrecord.FOOTER_BYTES)
    assert tfrecord.unframe(record, "here") == payload


@given(st.lists(st.binary(max_size=50), max_size=6))
def test_read_records_gives_offsets_and_payloads(payloads):
    records = list(map(tfrecord.frame, payloads))
    read = list(tfrecord.read_records(io.BytesIO(b"".join(records)), "here"))
    assert [payload for _, payload in read] == payloads
    assert [offset for offset, _ in read] == [
        sum(map(len, records[:index])) for index in range(len(records))]


def test_tensorflow_reads_what_we_write(tf, tmp_path):
    path = str(tmp_path / "shard.tfrecord")
    with open(path, "wb") as file:
        file.write(b"".join(map(tfrecord.frame, PAYLOADS)))
    assert list(tf.data.TFRecordDataset(path).as_numpy_iterator()) == PAYLOADS


def test_we_write_what_tensorflow_writes(tf, tmp_path):
    path = str(tmp_path / "shard.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for payload in PAYLOADS:
            writer.write(payload)
    with open(path, "rb") as file:
        assert file.read() == b"".join(map(tfrecord.frame, PAYLOADS))


@pytest.mark.parametrize("payload", [b"", b"the payload of a record"])
def test_damage_at_every_byte_is_detected(payload):
    record = tfrecord.frame(payload)
    for offset in range(len(record)):
        for bit in range(8):
            damaged = bytearray(record)
            damaged[offset] ^= 1 << bit
            with pytest.raises(ValueError, match="shard 7"):
                tfrecord.unframe(bytes(damaged), "shard 7")
            with pytest.raises(ValueError, match="shard 7 at byte 0"):
                list(tfrecord.read_records(io.BytesIO(damaged), "shard 7"))


def test_damage_names_the_record_s_offset():
    first, second = tfrecord.frame(b"first"), bytearray(tfrecord.frame(b"2nd"))
    second[13] ^= 1
    records = tfrecord.read_records(io.BytesIO(first + second), "shard 7")
    assert next(records) == (0, b"first")
    with pytest.raises(ValueError, match=f"shard 7 at byte {len(first)}: the "
                       "CRC of the record is wrong"):
        next(records)


def test_every_shorter_file_is_detected():
    first, second = tfrecord.frame(b"first"), tfrecord.frame(b"second")
    for length in range(1, len(first + second)):
        if length == len(first):
            continue  # A whole record less: only the table can tell.
        cut = io.BytesIO((first + second)[:length])
        with pytest.raises(ValueError):
            list(tfrecord.read_records(cut, "here"))


def test_wrong_slice_of_a_shard_is_no_record():
    shard = tfrecord.frame(b"first") + tfrecord.frame(b"second")
    for start in range(len(shard)):
        for end in range(start, len(shard) + 1):
            if (start, end) in ((0, 21), (21, 43)):
                continue
            with pytest.raises(ValueError):
                tfrecord.unframe(shard[start:end], "here")


@given(VALUES)
def test_decode_undoes_encode(values):
    assert tfrecord.decode_example(tfrecord.encode_example(values)) == values


@given(VALUES)
def test_encoding_does_not_depend_on_order(values):
    backwards = dict(reversed(values.items()))
    assert (tfrecord.encode_example(values) ==
            tfrecord.encode_example(backwards))


def test_tensorflow_reads_our_example(tf):
    values = {"n": -1, "large": 2**62, "text": b"\xff\0", "empty": b""}
    example = tf.train.Example.FromString(tfrecord.encode_example(values))
    feature = example.features.feature
    assert feature["n"].int64_list.value == [-1]
    assert feature["large"].int64_list.value == [2**62]
    assert feature["text"].bytes_list.value == [b"\xff\0"]
    assert feature["empty"].bytes_list.value == [b""]
    assert len(feature) == 4


def test_we_read_tensorflow_s_example(tf):
    example = tf.train.Example()
    example.features.feature["n"].int64_list.value.append(7)
    example.features.feature["text"].bytes_list.value.append(b"MLO")
    payload = example.SerializeToString()
    assert tfrecord.decode_example(payload) == {"n": 7, "text": b"MLO"}


@pytest.mark.parametrize("kind, values", [
    ("int64_list", []), ("int64_list", [1, 2]), ("float_list", [0.5]),
    (None, None)])
def test_example_of_other_than_scalars_is_an_error(tf, kind, values):
    example = tf.train.Example()
    feature = example.features.feature["x"]
    if kind:
        getattr(feature, kind).SetInParent()
        getattr(feature, kind).value.extend(values)
    with pytest.raises(ValueError, match="feature 'x' holds"):
        tfrecord.decode_example(example.SerializeToString())


def test_what_is_no_example_is_an_error():
    with pytest.raises(ValueError, match="no tf.train.Example"):
        tfrecord.decode_example(b"\xff\xff\xff\xff")
