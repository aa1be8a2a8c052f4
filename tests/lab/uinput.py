#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""uinput.py FOLDER — makes input devices, and presses their keys as standard input says, a line each:

    plug NAME              a keyboard, or a mouse if that is its name; FOLDER/NAME leads to it
    unplug NAME
    key NAME CODE VALUE    1 pressed, 0 released
    tap NAME CODE          both
    rel NAME AXIS COUNTS
    listen NAME            from now on, as another program of the host that reads the device
    heard NAME             says which keys it heard
    leds NAME              says which lamps are on

Each line is answered by one on standard output. Interface: linux/uinput.h, linux/input.h.
"""

import fcntl
import os
import struct
import sys
import time

EV_SYN, EV_KEY, EV_REL, EV_LED, EV_REP = 0, 1, 2, 0x11, 0x14
UI_DEV_CREATE, UI_DEV_DESTROY = 0x5501, 0x5502
UI_DEV_SETUP, UI_SET_EVBIT, UI_SET_KEYBIT, UI_SET_RELBIT, UI_SET_LEDBIT = (
    0x405C5503, 0x40045564, 0x40045565, 0x40045566, 0x40045569)
UI_GET_SYSNAME_64 = 0x8040552C
EVENT = struct.Struct("llHHi")


class Device:
    """One device of ours, and the node that the host has for it."""

    def __init__(self, folder, name):
        self.link = os.path.join(folder, name)
        self.fd = os.open("/dev/uinput", os.O_RDWR | os.O_NONBLOCK)
        self.listener, self.leds = -1, {}
        if name == "mouse":
            self._can(EV_KEY, UI_SET_KEYBIT, range(0x110, 0x117))
            self._can(EV_REL, UI_SET_RELBIT, (0, 1, 8))
        else:
            self._can(EV_KEY, UI_SET_KEYBIT, range(1, 128))
            self._can(EV_LED, UI_SET_LEDBIT, range(3))
            self._can(EV_REP, None, ())
        setup = struct.pack("HHHH80sI", 3, 0x1234, 0x5678, 1, name.encode(), 0)
        fcntl.ioctl(self.fd, UI_DEV_SETUP, setup)
        fcntl.ioctl(self.fd, UI_DEV_CREATE)
        self.node = "/dev/input/" + self._event_name()
        os.symlink(self.node, self.link + ".new")
        os.rename(self.link + ".new", self.link)

    def _can(self, kind, request, codes):
        fcntl.ioctl(self.fd, UI_SET_EVBIT, kind)
        for code in codes:
            fcntl.ioctl(self.fd, request, code)

    def _event_name(self):
        name = fcntl.ioctl(self.fd, UI_GET_SYSNAME_64, bytes(64)).split(b"\0")[0].decode()
        folder = f"/sys/devices/virtual/input/{name}"
        for _ in range(100):
            found = [entry for entry in os.listdir(folder) if entry.startswith("event")]
            if found and os.path.exists("/dev/input/" + found[0]):
                return found[0]
            time.sleep(0.05)
        raise RuntimeError("no event node; is the module evdev loaded?")

    def event(self, kind, code, value):
        """One event with its report."""
        os.write(self.fd, EVENT.pack(0, 0, kind, code, value) + EVENT.pack(0, 0, EV_SYN, 0, 0))

    def tap(self, code):
        """Pressed and released, as fast as a quick hand."""
        self.event(EV_KEY, code, 1)
        time.sleep(0.03)
        self.event(EV_KEY, code, 0)
        time.sleep(0.03)

    def listen(self):
        """As a terminal of the host would."""
        self.listener = os.open(self.node, os.O_RDONLY | os.O_NONBLOCK)

    def heard(self):
        """Codes of the keys that were pressed."""
        return [code for kind, code, value in _events(self.listener)
                if kind == EV_KEY and value == 1]

    def lamps(self):
        """What the host's kernel has told the device since it was plugged in."""
        for kind, code, value in _events(self.fd):
            if kind == EV_LED:
                self.leds[code] = value
        return [code for code, value in sorted(self.leds.items()) if value]

    def destroy(self):
        """Pulled out; the link goes as udev removes it."""
        os.unlink(self.link)
        fcntl.ioctl(self.fd, UI_DEV_DESTROY)
        os.close(self.fd)


def _events(fd):
    while True:
        try:
            data = os.read(fd, EVENT.size * 64)
        except BlockingIOError:
            return
        for at in range(0, len(data), EVENT.size):
            yield EVENT.unpack_from(data, at)[2:]


def act(devices, folder, command, name, args):
    """One line; what is to be answered."""
    if command == "plug":
        devices[name] = Device(folder, name)
        return devices[name].node
    device = devices[name]
    numbers = [int(arg) for arg in args]
    if command == "unplug":
        devices.pop(name).destroy()
    elif command == "key":
        device.event(EV_KEY, *numbers)
    elif command == "tap":
        device.tap(*numbers)
    elif command == "rel":
        device.event(EV_REL, *numbers)
    elif command == "listen":
        device.listen()
    elif command == "heard":
        return " ".join(map(str, device.heard()))
    elif command == "leds":
        return " ".join(map(str, device.lamps()))
    else:
        return f"what is '{command}'?"
    return "done"


def main():
    """See above."""
    devices, folder = {}, sys.argv[1]
    for line in sys.stdin:
        command, name, *args = line.split()
        try:
            print(act(devices, folder, command, name, args), flush=True)
        except (OSError, RuntimeError, KeyError) as trouble:
            print(f"failed: {trouble!r}", flush=True)


if __name__ == "__main__":
    main()
