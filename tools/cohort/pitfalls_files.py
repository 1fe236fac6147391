"""Pitfalls of files: damaged, or packed oddly."""

import dataclasses
import gzip
import struct
import zlib

from tools.cohort import dicom_files, encoders
from tools.cohort.variation import File, Image

Files = tuple[File, ...]
_PREAMBLE = 132
# Group and element of PixelData, explicit little endian, with VR OW.
_PIXELS_OW = b"\xe0\x7f\x10\x00OW\0\0"
_BOMB_MEMBER = 64 << 20  # 64 MiB of zeros are 65 KB of gzip
_BOMB_MEMBERS = 128  # 8 GiB


def _in(syntax: str, image: Image) -> Image:
    return dataclasses.replace(image, syntax=syntax)


def _one(data: bytes, suffix: str = ".dcm") -> Files:
    return (File(suffix, data),)


def no_preamble(image: Image) -> Files:
    """A meta group without the 132 bytes before it."""
    return _one(image.write()[_PREAMBLE:])


def no_meta(image: Image) -> Files:
    """A bare data set, implicit little endian."""
    return _one(_in("implicit", image).body())


def no_meta_explicit(image: Image) -> Files:
    """A bare data set, explicit little endian, without a suffix."""
    return _one(image.body(), "")


def no_meta_big_endian(image: Image) -> Files:
    """A bare data set, explicit big endian."""
    return _one(_in("big_endian", image).body())


def _head(image: Image) -> bytes:
    """Preamble and meta of a deflated file."""
    empty = image.write(body=b"")
    return empty[:len(empty) - len(dicom_files.deflate(b""))]


def deflated_plain(image: Image) -> Files:
    """A data set that is not deflated under the deflated syntax's UID."""
    image = _in("deflated", image)
    return _one(_head(image) + image.body())


def deflated_corrupt(image: Image) -> Files:
    """A deflated data set with damage in the middle."""
    image = _in("deflated", image)
    body = image.body()
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    whole = packer.compress(body[:len(body) // 2])
    whole += packer.flush(zlib.Z_FULL_FLUSH)
    # A block of the type that there is not; what follows is any bytes.
    return _one(_head(image) + whole + b"\x07" * 1000)


def gzip_no_suffix(image: Image) -> Files:
    """A gzip file that is named like a plain one."""
    return _one(encoders.gzip_member(image.write()))


def gzip_multi_member(image: Image) -> Files:
    """A gzip file of two members."""
    data = image.write()
    half = len(data) // 2
    return _one(encoders.gzip_member(data[:half])
                + encoders.gzip_member(data[half:]), ".dcm.gz")


def gzip_padded(image: Image) -> Files:
    """A gzip file with zeros behind it, as from a tape."""
    return _one(encoders.gzip_member(image.write()) + b"\0" * 512,
                ".dcm.gz")


def gzip_truncated(image: Image) -> Files:
    """A gzip file of which a fifth is missing."""
    data = encoders.gzip_member(image.write())
    return _one(data[:len(data) * 4 // 5], ".dcm.gz")


def gzip_corrupt(image: Image) -> Files:
    """A gzip file whose checksum is wrong."""
    data = bytearray(encoders.gzip_member(image.write()))
    data[-8] ^= 0xff
    return _one(bytes(data), ".dcm.gz")


def gzip_wrong_size(image: Image) -> Files:
    """A gzip file that promises 4 GB in its size field."""
    data = encoders.gzip_member(image.write())
    return _one(data[:-4] + b"\xff\xff\xff\xff", ".dcm.gz")


def gzip_bomb(image: Image) -> Files:
    """A header and 8 GiB of zeros in 8 MB of gzip."""
    # In the file's own words: so many frames that the zeros are its pixels.
    head = image.write()
    head = head[:head.index(_PIXELS_OW)] + _PIXELS_OW + b"\xfe\xff\xff\xff"
    zeros = gzip.compress(bytes(_BOMB_MEMBER), 9, mtime=0)
    return _one(gzip.compress(head, 1, mtime=0) + zeros * _BOMB_MEMBERS,
                ".dcm.gz")


def truncated(image: Image) -> Files:
    """A file that ends in the middle of its pixels."""
    data = image.write()
    return _one(data[:len(data) - image.pixels.nbytes // 2])


def truncated_stream(image: Image) -> Files:
    """A compressed file that ends in the middle of its stream."""
    data = _in("jpeg_lossless_sv1", image).write()
    return _one(data[:len(data) * 3 // 5])


def truncated_header(image: Image) -> Files:
    """A file that ends within its header."""
    return _one(image.write()[:700])


def excess_padding(image: Image) -> Files:
    """Pixel data that is longer than the image, which is legal."""
    dataset = image.dataset()
    dataset.PixelData += b"\0" * 1026
    return _one(image.write(dataset))


def short_pixels(image: Image) -> Files:
    """A whole file whose pixel data is shorter than rows x columns."""
    dataset = image.dataset()
    dataset.PixelData = dataset.PixelData[:image.pixels.nbytes // 2 & ~1]
    return _one(image.write(dataset))


def _compressed(image: Image, pixels: bytes) -> Files:
    image = _in("jpeg_lossless_sv1", image)
    dataset = image.dataset()
    dataset.PixelData = pixels
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return _one(image.write(dataset))


def _stream(image: Image) -> bytes:
    syntax = encoders.transfer_syntax("jpeg_lossless_sv1")
    return syntax.encode(image.pixels, image.bits)


def _item(data: bytes) -> bytes:
    data += b"\0" * (len(data) % 2)
    return struct.pack("<HHI", 0xfffe, 0xe000, len(data)) + data


_END = struct.pack("<HHI", 0xfffe, 0xe0dd, 0)


def bad_offset_table(image: Image) -> Files:
    """A basic offset table that points nowhere."""
    table = _item(struct.pack("<II", 12345, 0xfffffff0))
    return _compressed(image, table + _item(_stream(image)))


def empty_offset_table(image: Image) -> Files:
    """An empty basic offset table, which is legal."""
    return _compressed(image, _item(b"") + _item(_stream(image)))


def several_fragments(image: Image) -> Files:
    """One frame in three fragments."""
    stream = _stream(image)
    third = len(stream) // 3 & ~1
    parts = stream[:third], stream[third:2 * third], stream[2 * third:]
    return _compressed(image, _item(b"") + b"".join(map(_item, parts)))


def no_delimiter(image: Image) -> Files:
    """Compressed pixels without the delimiter that ends them."""
    data, = _compressed(image, _item(b"") + _item(_stream(image)))
    return _one(data.data.removesuffix(_END))


def wrong_transfer_syntax(image: Image) -> Files:
    """Raw pixels in a file that says they are lossless JPEG."""
    dataset = image.dataset()
    syntax = encoders.transfer_syntax("jpeg_lossless_sv1")
    return _one(dicom_files.file_bytes(dataset, syntax, image.body(dataset)))


def wrong_codec(image: Image) -> Files:
    """A JPEG 2000 stream in a file that says it is lossless JPEG."""
    dataset = _in("j2k", image).dataset()
    return _one(_in("jpeg_lossless_sv1", image).write(dataset))


def unknown_transfer_syntax(image: Image) -> Files:
    """A transfer syntax that nobody knows."""
    syntax = dataclasses.replace(
        encoders.transfer_syntax("explicit"), uid="1.2.840.10008.1.2.4.999")
    return _one(dicom_files.file_bytes(
        image.dataset(), syntax, image.body()))


def huge_header(image: Image) -> Files:
    """A small file whose header promises 8.6 GB of pixels, the most it can."""
    dataset = image.dataset()
    dataset.Rows, dataset.Columns = 65535, 65535
    dataset.NumberOfFrames = 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelData = b"\0" * 4096
    data = image.write(dataset)
    at = data.index(_PIXELS_OW) + len(_PIXELS_OW)
    return _one(data[:at] + struct.pack("<I", 0xfffffffe) + data[at + 4:])


FILES = {function.__name__: function for function in (
    no_preamble, no_meta, no_meta_explicit, no_meta_big_endian,
    deflated_plain, deflated_corrupt, gzip_no_suffix, gzip_multi_member,
    gzip_padded, gzip_truncated, gzip_corrupt, gzip_wrong_size, gzip_bomb,
    truncated, truncated_stream, truncated_header, excess_padding,
    short_pixels, bad_offset_table, empty_offset_table, several_fragments,
    no_delimiter, wrong_transfer_syntax, wrong_codec,
    unknown_transfer_syntax, huge_header)}
