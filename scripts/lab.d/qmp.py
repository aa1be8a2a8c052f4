# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket of the emulated host's QEMU: keys, pictures, quit."""

import json
import socket


class QmpError(Exception):
    """QEMU refused a command."""


class Qmp:
    """A connected QMP session."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(path)
        self._file = self._socket.makefile("r", encoding="utf-8")
        self._file.readline()  # the greeting
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        """Run one command; returns its value, raises QmpError on refusal."""
        text = json.dumps({"execute": command, "arguments": arguments})
        self._socket.sendall(text.encode() + b"\n")
        while True:
            line = self._file.readline()
            if not line:
                raise QmpError(f"{command}: QEMU is gone")
            answer = json.loads(line)
            if "error" in answer:
                raise QmpError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def key(self, name):
        """Press and release one key, by QEMU's name for it."""
        self.do("send-key", keys=[{"type": "qcode", "data": name}])

    def picture(self, device, path):
        """Save what a display adapter shows as PNG."""
        self.do("screendump", filename=path, device=device, format="png")
