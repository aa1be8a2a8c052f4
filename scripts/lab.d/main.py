#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: an emulated host with KVM, an IOMMU and PCI devices, in which bulkhead is tested.

  lab prepare              get or build everything the lab needs, under build/lab/cache
  lab list                 the scenarios
  lab run SCENARIO...      run these, one after another
  lab all                  run every scenario of the check group
  lab guest                print the guest's kernel and RAM disk as shell variables
  lab shell [SCENARIO]     a root prompt in the emulated host, with a scenario's devices

  --kernel stock|small     another kernel for the host than the scenario asks for
  --keep                   (run) a prompt in the host after the script, no deadline

Needs the packages of `scripts/deps lab`; see docs/lab.md. Results are under build/lab/SCENARIO.
"""

import argparse
import concurrent.futures
import contextlib
import fcntl
import os
import shlex
import signal
import sys
import threading
import time

import assets as lab
from scenario import BadScenario, Run, Scenario, names

SLOTS = 2
TRIES = 3  # of `all`, for each scenario
# Seconds of `all` after which nothing is tried again: a build server ends the whole run some time.
ENOUGH = 2700
_print_lock = threading.Lock()
_stopping = threading.Event()


def tell(prefix, text):
    """One line of output, never interleaved with another."""
    with _print_lock:
        print(f"{prefix}: {text}", flush=True)


def _try_lock(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


@contextlib.contextmanager
def slot(name):
    """One of the places for a running host; everybody who uses this tree shares them."""
    os.makedirs(lab.LAB, exist_ok=True)
    files = [open(os.path.join(lab.LAB, f"slot.{n}"), "w", encoding="ascii") for n in range(SLOTS)]
    try:
        if not any(_try_lock(file) for file in files):
            tell(name, f"waiting: {SLOTS} hosts are running")
            while not any(_try_lock(file) for file in files):
                time.sleep(0.5)
        yield
    finally:
        for file in files:
            file.close()


@contextlib.contextmanager
def own_folder(name):
    """A scenario runs once at a time: its results have one place."""
    with open(os.path.join(lab.LAB, f"running.{name}"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_one(assets, scenario, keep=False, shell=False):
    """Run a scenario and say how it went. Returns the Run, None if it was not started."""
    if _stopping.is_set():
        return None
    with own_folder(scenario.name), slot(scenario.name):
        run = Run(assets, scenario, lambda text: tell(scenario.name, text), keep, shell)
        run.go()
    if not shell:
        tell(scenario.name, f"{'passed' if run.passed else 'FAILED'} after {run.seconds:.0f} s "
             f"({run.processor_seconds:.0f} s of processor time)"
             + ("" if run.passed else f"; its logs are in {run.out}"))
    return run


def load(wanted, kernel):
    """The scenarios of these names, with the kernel overridden if asked."""
    found = [Scenario(name) for name in wanted]
    for scenario in found:
        scenario.kernel = kernel or scenario.kernel
    return found


def run_again(assets, scenario, run, began):
    """A run that failed is tried again by itself, and that is said. See "When a guest stops" in
    docs/lab.md: what is really broken fails every time."""
    for _ in range(TRIES - 1):
        if not run or run.passed or _stopping.is_set():
            break
        if time.monotonic() - began > ENOUGH:
            tell(scenario.name, "not tried again: all of it has taken long enough")
            break
        tell(scenario.name, "once more, alone, because a nested guest can stop for good")
        run = run_one(assets, scenario)
    return run


def run_all(assets, kernel):
    """Every scenario of `make check`, two at a time, the long ones first. Two hosts on two cores
    share them well: each is busy with one processor most of the time."""
    wanted = [s for s in load(names(), kernel) if s.group == "check"]
    wanted.sort(key=lambda s: -s.deadline)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
        runs = list(pool.map(lambda s: run_one(assets, s), wanted))
    runs = [run_again(assets, s, run, began) for s, run in zip(wanted, runs)]
    failed = [s.name for s, run in zip(wanted, runs) if not run or not run.passed]
    skipped = sum(run.skipped for run in runs if run)
    if failed:
        print(f"failed: {' '.join(failed)}", flush=True)
    passed = len(runs) - len(failed)
    if "RESULTS" in os.environ:  # scripts/check adds up what its steps leave here
        with open(os.environ["RESULTS"], "a", encoding="ascii") as file:
            file.write(f"lab {passed} {len(failed)} {skipped}\n")
    print(f"{passed} passed, {len(failed)} failed, {skipped} skipped", flush=True)
    return not failed


def print_guest():
    """The guest's kernels and RAM disks, for a shell to read; what is being built goes to stderr."""
    with contextlib.redirect_stdout(sys.stderr):
        environment = lab.prepare().environment()
    for name, value in sorted(environment.items()):
        if name.endswith(("_KERNEL", "_INITRD")):
            print(f"{name}={shlex.quote(value)}")
    return 0


def stop_all(number, frame):
    """A signal: no host is left behind. The runs end as failures by themselves."""
    del number, frame
    _stopping.set()
    Run.kill_all()


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="lab", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["prepare", "list", "run", "all", "guest", "shell"])
    parser.add_argument("scenario", nargs="*")
    parser.add_argument("--kernel", choices=["stock", "small"])
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


def main():
    """Returns the exit status: 0 if everything asked for went well."""
    args = arguments()
    if args.command == "list":
        for name in names():
            print(f"{name:24}{Scenario(name).about}")
        return 0
    if args.command in ("run", "shell") and not args.scenario:
        args.scenario = ["shell"] if args.command == "shell" else []
    if args.command == "run" and not args.scenario:
        sys.exit("lab: run what? `scripts/lab list` names the scenarios")
    if args.command == "guest":
        return print_guest()
    scenarios = load(args.scenario, args.kernel)
    assets = lab.prepare()
    signal.signal(signal.SIGINT, stop_all)
    signal.signal(signal.SIGTERM, stop_all)
    if args.command == "all":
        return 0 if run_all(assets, args.kernel) else 1
    runs = [run_one(assets, s, args.keep, args.command == "shell") for s in scenarios]
    return 0 if all(run and run.passed for run in runs) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BadScenario as error:
        sys.exit(f"lab: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
