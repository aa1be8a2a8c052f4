# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated host's second serial port: what a scenario's script tells the outside and asks of it.

One line each way. The script says `ok NAME`, `FAIL NAME`, `skip NAME`, `note TEXT`, and `end STATUS`
when it is over; it asks `key NAME`, `picture DEVICE NAME`, `compare NAME EXPECTED [ROWS]`, `unplug
DEVICE`. Each but `end` is answered with `done` or with what went wrong.
"""

import os
import select
import socket
import time

import assets as lab
import pictures
import qmp

PICTURES = os.path.join(lab.TESTS, "pictures")


def _connect(path, qemu, deadline):
    """A client of a socket that QEMU is about to open."""
    while qemu.poll() is None and time.monotonic() < deadline:
        try:
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            return client
        except OSError:
            client.close()
            time.sleep(0.05)
    return None


class Channel:
    """Follows one run; counts what it reports."""

    def __init__(self, out, tell):
        self.out, self.tell = out, tell
        self.count = {"ok": 0, "FAIL": 0, "skip": 0}
        self.status = None
        self._start = time.monotonic()
        self._qmp = None
        self._log = open(os.path.join(out, "results"), "w", encoding="utf-8")

    def good(self):
        """True if the script ended well, and showed something."""
        return self.status == 0 and self.count["ok"] > 0 and self.count["FAIL"] == 0

    def follow(self, qemu, sockets, deadline):
        """Serve until QEMU exits. Returns None, or why the run is a failure."""
        line = _connect(os.path.join(sockets, "channel"), qemu, self._start + 30)
        if not line:
            return f"QEMU did not start: see {os.path.join(self.out, 'qemu.log')}"
        self._qmp = qmp.Qmp(os.path.join(sockets, "qmp"))
        trouble = self._serve(line, deadline)
        if not trouble and self.status is None:
            trouble = "the host went down before the script ended: see serial.log"
        if not trouble and self.status != 0:
            trouble = f"the script ended with status {self.status}: see script.log"
        if not trouble and self.count["ok"] == 0:
            trouble = "nothing was checked"
        self._log.close()
        return trouble

    def _serve(self, line, deadline):
        pending = b""
        while True:
            left = 3600 if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return "the deadline has passed"
            if not select.select([line], [], [], left)[0]:
                continue
            data = line.recv(4096)
            if not data:
                return None
            pending += data
            while b"\n" in pending:
                text, _, pending = pending.partition(b"\n")
                answer = self._line(text.decode(errors="replace").strip("\r\n\0 "))
                if answer:
                    line.sendall(answer.encode() + b"\n")

    def _line(self, text):
        word, _, rest = text.partition(" ")
        if word == "end":
            self.status = int(rest) if rest.isdigit() else -1
            return None
        if word in self.count:
            self.count[word] += 1
            self._say(text)
            return "done"
        if word == "note":
            self._say(text)
            return "done"
        try:
            return self._act(word, rest.split())
        except (OSError, ValueError, IndexError, qmp.QmpError) as error:
            return f"{text}: {error}"

    def _say(self, text):
        line = f"{time.monotonic() - self._start:6.1f} {text}"
        self.tell(line)
        self._log.write(line + "\n")
        self._log.flush()

    def _expected(self, name):
        """A picture of the sources, or one that this run has taken."""
        kept = os.path.join(PICTURES, f"{name}.png")
        return kept if os.path.exists(kept) else os.path.join(self.out, f"{name}.png")

    def _act(self, word, args):
        if word == "key":
            self._qmp.key(args[0])
        elif word == "picture":
            self._qmp.picture(args[0], os.path.join(self.out, f"{args[1]}.png"))
        elif word == "compare":
            shot = os.path.join(self.out, f"{args[0]}.png")
            rows = int(args[2]) if len(args) > 2 else None
            found = pictures.difference(shot, self._expected(args[1]), rows)
            if found:
                return f"{shot} {found}"
        elif word == "unplug":
            self._qmp.do("device_del", id=args[0])
        else:
            return f"unknown request '{word}'"
        return "done"
