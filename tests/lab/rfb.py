#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rfb.py SOCKET COMMAND... — a small VNC client (RFC 6143) for scenarios.

    png FILE        the picture, as a PNG file
    type TEXT       types it, \\n is Return
    key KEYSYM...   presses and releases keys, by number
    move DX DY      moves the pointer from the middle of the picture
    same A B        not a client: whether two PNG files of this program or of bulkhead show the same
"""

import socket
import struct
import sys
import time
import zlib

SHIFT, RETURN = 0xFFE1, 0xFF0D
SHIFTED = set('~!@#$%^&*()_+{}|:"<>?')


class Client:
    """One connection, with true colour as the server has it and raw rectangles."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(path)
        self._read(12)
        self.sock.sendall(b"RFB 003.008\n")
        kinds = self._read(self._read(1)[0])
        assert 1 in kinds, f"the server wants {kinds}"
        self.sock.sendall(b"\x01")
        assert self._read(4) == b"\0\0\0\0"
        self.sock.sendall(b"\x01")
        self.width, self.height, form, length = struct.unpack(">HH16sI", self._read(24))
        self.name = self._read(length).decode()
        bits, _, big, true, _, _, _, self.red, self.green, self.blue = struct.unpack(
            ">BBBBHHHBBB3x", form)
        assert bits == 32 and not big and true

    def _read(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            assert more, "the server hung up"
            data += more
        return data

    def key(self, keysym, down):
        """One press or release."""
        self.sock.sendall(struct.pack(">BBxxI", 4, down, keysym))

    def press(self, *keysyms):
        """All down in this order, then all up; slowly enough for firmware that polls."""
        for keysym in keysyms:
            self.key(keysym, 1)
        time.sleep(0.05)
        for keysym in reversed(keysyms):
            self.key(keysym, 0)
        time.sleep(0.05)

    def type(self, text):
        """Text as a person with a US keyboard types it."""
        for char in text:
            if char == "\n":
                self.press(RETURN)
            elif char in SHIFTED or char.isupper():
                self.press(SHIFT, ord(char))
            else:
                self.press(ord(char))

    def pointer(self, x, y, mask=0):
        """Where it is now."""
        self.sock.sendall(struct.pack(">BBHH", 5, mask, x, y))

    def picture(self):
        """Rows of red, green and blue."""
        self.sock.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height))
        frame = bytearray(self.width * self.height * 4)
        kind, count = struct.unpack(">BxH", self._read(4))
        assert kind == 0
        for _ in range(count):
            x, y, w, h, encoding = struct.unpack(">HHHHi", self._read(12))
            assert encoding == 0
            for row in range(y, y + h):
                at = (row * self.width + x) * 4
                frame[at:at + w * 4] = self._read(w * 4)
        rgb = bytearray(self.width * self.height * 3)
        for sample, shift in enumerate((self.red, self.green, self.blue)):
            rgb[sample::3] = frame[shift // 8::4]
        return bytes(rgb)


def write_png(path, width, height, rgb):
    """Filter 0 on every row, as `bulkhead screenshot` does it too."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    rows = b"".join(b"\0" + rgb[y * width * 3:(y + 1) * width * 3] for y in range(height))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" +
                   chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def read_png(path):
    """Header and rows of a file with one IDAT chunk."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack(">I", data[33:37])[0]
    return data[16:29], zlib.decompress(data[41:41 + size])


def run(client, command, args):
    """One command; what it prints is for people."""
    if command == "png":
        rgb = client.picture()
        write_png(args[0], client.width, client.height, rgb)
        lit = sum(1 for at in range(0, len(rgb), 3) if rgb[at] | rgb[at + 1] | rgb[at + 2])
        print(f"{client.name}: {client.width}x{client.height}, {lit} pixels are not black")
    elif command == "type":
        client.type(args[0].replace("\\n", "\n"))
    elif command == "key":
        for keysym in args:
            client.press(int(keysym, 0))
    elif command == "move":
        x, y = client.width // 2, client.height // 2
        client.pointer(x, y)
        client.pointer(x + int(args[0]), y + int(args[1]))
        time.sleep(0.1)
    else:
        sys.exit(f"rfb.py: what is '{command}'?")


def main():
    """See above."""
    if sys.argv[1] == "same":
        sys.exit(read_png(sys.argv[2]) != read_png(sys.argv[3]))
    run(Client(sys.argv[1]), sys.argv[2], sys.argv[3:])


if __name__ == "__main__":
    main()
