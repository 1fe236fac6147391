"""Writes sheets as Excel 97 did: BIFF8 records in a compound file.

[MS-XLS] and [MS-CFB]; only what a reader needs. Text is in LABEL records,
numbers are always floating.
"""

import struct
from collections.abc import Iterable, Sequence

_SECTOR = 512
_END, _FAT, _FREE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
# Shorter streams would lie in the mini stream.
_SHORTEST_STREAM = 4096


def xls(rows: Iterable[Sequence[str | float | None]]) -> bytes:
    """A workbook of one sheet; None is an empty cell."""
    return _compound_file(_workbook(rows))


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _start(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x600, kind, 0, 1996, 0, 6))


def _workbook(rows: Iterable[Sequence[str | float | None]]) -> bytes:
    end = _record(0x000A, b"")
    name = b"Sheet1"
    sheet_at = len(_start(5)) + 4 + 8 + len(name) + len(end)
    named = _record(0x0085, struct.pack(
        "<IBBBB", sheet_at, 0, 0, len(name), 0) + name)
    cells = [_cell(row, column, value)
             for row, values in enumerate(rows)
             for column, value in enumerate(values) if value is not None]
    return b"".join([_start(5), named, end, _start(0x10), *cells, end])


def _cell(row: int, column: int, value: str | float) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, str):
        wide = value.encode("utf-16-le")
        return _record(0x0204, place + struct.pack(
            "<HB", len(wide) // 2, 1) + wide)
    return _record(0x0203, place + struct.pack("<d", value))


def _compound_file(stream: bytes) -> bytes:
    stream = stream.ljust(max(_SHORTEST_STREAM, -(-len(stream) // _SECTOR)
                              * _SECTOR), b"\0")
    count = len(stream) // _SECTOR
    tables = 1
    while tables * _SECTOR // 4 < tables + 1 + count:
        tables += 1
    # The tables of sectors, then the directory, then the stream.
    first = tables + 1
    chain = [_FAT] * tables + [_END] + [
        number + 1 for number in range(first, first + count - 1)] + [_END]
    chain += [_FREE] * (tables * _SECTOR // 4 - len(chain))
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII", bytes.fromhex("d0cf11e0a1b11ae1"),
        b"", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, tables, 0, _SHORTEST_STREAM,
        _END, 0, _END, 0)
    places = list(range(tables)) + [_FREE] * (109 - tables)
    directory = (_entry("Root Entry", 5, 1, _END, 0)
                 + _entry("Workbook", 2, _FREE, first, len(stream)))
    return b"".join([
        header, struct.pack("<109I", *places),
        struct.pack(f"<{len(chain)}I", *chain),
        directory.ljust(_SECTOR, b"\0"), stream])


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    wide = name.encode("utf-16-le") + b"\0\0"
    return struct.pack("<64sHBBIII36xIQ", wide, len(wide), kind, 1, _FREE,
                       _FREE, child, start, size)
