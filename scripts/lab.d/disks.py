#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""disks.py FOLDER — make the disk images of the emulated host: nvme.img, sata.img, usb.img, cd.iso.

Each holds a payload that says itself what it should be: a text header of 4096 bytes (label, length,
SHA-256) followed by that many bytes, then a scratch area. The guest checks it without being told
anything. The NVMe disk has a partition table: first an ext2 file system for the host to mount, then
the payload.
"""

import hashlib
import os
import struct
import subprocess
import sys
import tempfile

MIB = 1 << 20
HEADER = 4096
SCRATCH = 4 * MIB


def payload(label, size):
    """Header, contents, scratch."""
    data = hashlib.shake_256(label.encode()).digest(size)
    digest = hashlib.sha256(data).hexdigest()
    head = f"BULKHEAD LAB DISK\nlabel {label}\nbytes {size}\nsha256 {digest}\n".encode()
    return head.ljust(HEADER, b"\0") + data + bytes(SCRATCH)


def partition_table(parts):
    """A DOS partition table; parts are (first, sectors) of type Linux."""
    rows = b"".join(struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", *part)
                    for part in parts)
    return (b"\0" * 446 + rows).ljust(510, b"\0") + b"\x55\xaa"


def file_system(image, offset, size):
    """An ext2 at an offset, with a file that the host reads back."""
    with tempfile.TemporaryDirectory() as content:
        with open(os.path.join(content, "proof"), "w", encoding="ascii") as file:
            file.write("the host's own file\n")
        subprocess.run(["/sbin/mkfs.ext2", "-q", "-F", "-m", "0", "-L", "lab", "-d", content,
                        "-E", f"offset={offset},lazy_itable_init=0", image, f"{size // 1024}k"],
                       check=True)


def nvme(path):
    """1 MiB: ext2 of 16 MiB; 17 MiB: the payload."""
    body = payload("nvme", 16 * MIB)
    first, middle = 1 * MIB, 17 * MIB
    with open(path, "wb") as file:
        file.write(partition_table([(first // 512, (middle - first) // 512),
                                    (middle // 512, len(body) // 512)]))
        file.seek(middle)
        file.write(body)
    file_system(path, first, middle - first)


def plain(path, label, size):
    """A disk that is nothing but payload."""
    with open(path, "wb") as file:
        file.write(payload(label, size))


def disc(path, label, size):
    """An ISO 9660 volume of one file, with the file's SHA-256 beside it."""
    data = hashlib.shake_256(label.encode()).digest(size)
    with tempfile.TemporaryDirectory() as content:
        with open(os.path.join(content, "data"), "wb") as file:
            file.write(data)
        with open(os.path.join(content, "sums"), "w", encoding="ascii") as file:
            file.write(f"{hashlib.sha256(data).hexdigest()}  data\n")
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", label, "-R", "-o", path,
                        content], check=True)


def main():
    """Make all of them."""
    folder = sys.argv[1]
    nvme(os.path.join(folder, "nvme.img"))
    plain(os.path.join(folder, "sata.img"), "sata", 8 * MIB)
    plain(os.path.join(folder, "usb.img"), "usb", 4 * MIB)
    disc(os.path.join(folder, "cd.iso"), "LABCD", 6 * MIB)


if __name__ == "__main__":
    main()
