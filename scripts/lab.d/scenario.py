# SPDX-License-Identifier: GPL-2.0-or-later
"""One scenario: its description, and one run of it in the emulated host.

A scenario is tests/lab/scenarios/NAME.sh, a bash script that root runs in the host. Lines `#: key
value` at its top describe the host:

    about     one line for `scripts/lab list`                     (required)
    deadline  seconds that it may take on an idle machine         (required)
    kernel    stock | small: which kernel is the host's           (stock)
    devices   names from machine.py, or "seven"                   (none)
    memory    of the host                                         (3G)
    cpus      of the host                                         (2)
    iommu     on | no-intremap | off                              (on)
    cmdline   more words for the host's kernel                    ()
    qemu      more QEMU options, may be repeated                  ()
    group     check | self | bench | demo: `lab all` runs check (check)

The script reports over the channel (channel.py). A run passes if the script reached its end with
status 0, at least one check said ok, and none said FAIL.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
import time

import assets as lab
import channel
import machine

SCENARIOS = os.path.join(lab.TESTS, "scenarios")
# Deadlines are there to end what hangs, not to measure: how many times as long as on an idle machine
# something may take, because other work, or a slower machine, is no fault of what is tested.
PATIENCE = 3

KEYS = ("about", "deadline", "kernel", "devices", "memory", "cpus", "iommu", "cmdline", "qemu",
        "group")


class BadScenario(Exception):
    """The description at the top of a scenario is wrong."""


class Scenario:
    """What a script's header says."""

    def __init__(self, name):
        self.name = name
        self.path = os.path.join(SCENARIOS, f"{name}.sh")
        if not os.path.exists(self.path):
            raise BadScenario(f"no scenario '{name}'; there are: {' '.join(names())}")
        values = self._header()
        self.about = self._required(values, "about")
        self.deadline = int(self._required(values, "deadline"))
        self.kernel = self._one_of(values, "kernel", "stock", ("stock", "small"))
        self.devices = self._devices(values.get("devices", ""))
        self.memory = values.get("memory", "3G")
        self.cpus = int(values.get("cpus", "2"))
        self.iommu = self._one_of(values, "iommu", "on", tuple(machine.IOMMU))
        self.cmdline = values.get("cmdline", "")
        self.qemu = shlex.split(values.get("qemu", ""))
        self.group = self._one_of(values, "group", "check", ("check", "self", "bench", "demo"))

    def _header(self):
        values = {}
        with open(self.path, encoding="utf-8") as file:
            for line in file:
                if not line.startswith("#:"):
                    continue
                key, _, value = line[2:].strip().partition(" ")
                if key not in KEYS:
                    raise BadScenario(f"{self.path}: unknown key '{key}'")
                values[key] = (values.get(key, "") + " " + value.strip()).strip()
        return values

    def _required(self, values, key):
        if key not in values:
            raise BadScenario(f"{self.path}: '#: {key}' is missing")
        return values[key]

    def _one_of(self, values, key, default, allowed):
        value = values.get(key, default)
        if value not in allowed:
            raise BadScenario(f"{self.path}: {key} is one of {', '.join(allowed)}")
        return value

    def _devices(self, text):
        wanted = text.split()
        if wanted[:1] == ["seven"]:
            wanted = machine.SEVEN + wanted[1:]
        for name in wanted:
            if name not in machine.DEVICES:
                raise BadScenario(f"{self.path}: unknown device '{name}'")
        return wanted


def _processor_seconds(pid):
    """What a process has used that nobody has waited for yet: what `seconds` owe to other work, this
    does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            words = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def names():
    """All scenarios there are."""
    return sorted(n[:-3] for n in os.listdir(SCENARIOS) if n.endswith(".sh"))


class Run:
    """A scenario running, or having run. Results are under build/lab/NAME."""

    _living = set()

    def __init__(self, assets, scenario, tell, keep=False, shell=False):
        self.assets, self.scenario, self.tell = assets, scenario, tell
        self.keep, self.shell = keep, shell
        self.out = os.path.join(lab.LAB, scenario.name)
        self.seconds, self.processor_seconds, self.passed, self.skipped = 0.0, 0.0, False, 0

    @classmethod
    def kill_all(cls):
        """End every running host of this process."""
        for qemu in list(cls._living):
            qemu.kill()

    def _environment(self):
        values = dict(self.assets.environment(), LAB_NAME=self.scenario.name, LAB_OUT=self.out,
                      LAB_SCRIPT=self.scenario.path, LAB_KERNEL=self.scenario.kernel,
                      LAB_KEEP="1" if self.keep else "", LAB_SHELL="1" if self.shell else "",
                      LAB_PATIENCE=str(PATIENCE))
        for name in ("BULKHEAD", "BENCH_RUNS", "BENCH_SIZES", "KVMTOOL", "FWTS"):
            values[name] = os.environ.get(name, "")
        with open(os.path.join(self.out, "environment"), "w", encoding="utf-8") as file:
            for key, value in values.items():
                file.write(f"export {key}={shlex.quote(value)}\n")

    def _start(self, sockets):
        interactive = self.keep or self.shell
        command = machine.command(self.assets, self.scenario, self.out, sockets, interactive)
        with open(os.path.join(self.out, "command"), "w", encoding="utf-8") as file:
            file.write(shlex.join(command) + "\n")
        with open(os.path.join(self.out, "qemu.log"), "wb") as log:
            # It dies with this program, whatever kills that; and a terminal's ctrl-c is not its
            # business unless it owns the terminal.
            return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command],
                                    stdin=None if interactive else subprocess.DEVNULL,
                                    stdout=None if interactive else log, stderr=log,
                                    start_new_session=not interactive)

    def go(self):
        """Boot, follow, power off; then `passed`, `skipped` and the times say how it went."""
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        self._environment()
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lab") as sockets:
            qemu = self._start(sockets)
            self._living.add(qemu)
            try:
                self._follow(qemu, sockets, start + self.scenario.deadline * PATIENCE)
            finally:
                self.processor_seconds = _processor_seconds(qemu.pid)
                qemu.kill()
                qemu.wait()
                self._living.discard(qemu)
        self.seconds = time.monotonic() - start

    def _follow(self, qemu, sockets, deadline):
        if self.shell:
            self.passed = qemu.wait() == 0
            return
        talk = channel.Channel(self.out, self.tell)
        trouble = talk.follow(qemu, sockets, None if self.keep else deadline)
        if trouble:
            self.tell(f"FAIL {trouble}")
        self.passed = not trouble and talk.good()
        self.skipped = talk.count["skip"]
