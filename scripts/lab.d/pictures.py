# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares screen pictures: PNG of 8 bits, RGB or RGBA, as QEMU writes them."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _chunks(data):
    place = len(SIGNATURE)
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        yield kind, data[place + 8:place + 8 + size]
        place += size + 12


def _paeth(left, up, corner):
    guess = left + up - corner
    by_left, by_up, by_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner


def _unfilter(kind, row, above, step):
    """Undo one row's filter (PNG specification, section 9.2)."""
    for i, value in enumerate(row):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        predicted = (0, left, above[i], (left + above[i]) // 2,
                     _paeth(left, above[i], corner))[kind]
        row[i] = (value + predicted) & 0xff
    return row


def read(path):
    """(width, height, rows), each row 3 bytes a pixel."""
    with open(path, "rb") as file:
        data = file.read()
    if not data.startswith(SIGNATURE):
        raise ValueError(f"{path}: not a PNG file")
    header, packed = None, b""
    for kind, body in _chunks(data):
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
    width, height, depth, colour, _, _, interlace = header
    if depth != 8 or colour not in (2, 6) or interlace:
        raise ValueError(f"{path}: an unexpected kind of PNG")
    step = 3 if colour == 2 else 4
    raw, size = zlib.decompress(packed), width * step
    rows, above = [], bytearray(size)
    for y in range(height):
        start = y * (size + 1)
        above = _unfilter(raw[start], bytearray(raw[start + 1:start + 1 + size]), above, step)
        rows.append(b"".join(above[x:x + 3] for x in range(0, size, step)))
    return width, height, rows


def difference(path, expected, first=None):
    """None if both show the same, in all rows or the first ones, else a sentence."""
    width, height, rows = read(path)
    want_width, want_height, want_rows = read(expected)
    if (width, height) != (want_width, want_height):
        return f"is {width}x{height}, not {want_width}x{want_height}"
    for y, (row, want) in enumerate(zip(rows[:first], want_rows[:first])):
        if row != want:
            x = next(i for i in range(len(row)) if row[i] != want[i]) // 3
            got, should = row[x * 3:x * 3 + 3].hex(), want[x * 3:x * 3 + 3].hex()
            return f"differs at {x},{y}: {got}, not {should}"
    return None
