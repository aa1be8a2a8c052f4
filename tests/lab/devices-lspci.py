# SPDX-License-Identifier: GPL-2.0-or-later
"""devices-lspci.py BULKHEAD — the devices of this machine as bulkhead and as lspci and driverctl see
them. Prints one line a comparison, `ok …` or `FAIL …`."""

import json
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def same(name, theirs, ours):
    if theirs == ours:
        print(f"ok {name}")
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        keys = sorted(k for k in theirs.keys() | ours.keys() if theirs.get(k) != ours.get(k))
        theirs, ours = ({k: d.get(k) for k in keys} for d in (theirs, ours))
    print(f"FAIL {name}: others say {theirs}, bulkhead {ours}")


def find(pattern, text, convert=int, missing=None):
    match = re.search(pattern, text)
    return convert(match.group(1)) if match else missing


def lspci():
    """Address to the lines lspci -vvv has for it."""
    blocks = run("lspci", "-D", "-vvv").strip().split("\n\n")
    return {block.split()[0]: block for block in blocks}


def generation(speed):
    return {"2.5": 1, "5": 2, "8": 3, "16": 4, "32": 5, "64": 6}[speed]


def link(block, register):
    match = re.search(register + r":.*?Speed ([\d.]+)GT/s.*?, Width x(\d+)", block)
    return (generation(match.group(1)), int(match.group(2))) if match and match.group(2) != "0" \
        else None


def our_link(value):
    return value and (value["generation"], value["width"])


SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def bars(block):
    """Index to size; lspci calls the ROM `Expansion ROM` and leaves it out here."""
    return {n: int(size) * SIZES[unit] for n, size, unit in
            re.findall(r"Region (\d): .*\[size=(\d+)([KMG]?)\]", block)}


def our_bars(device):
    return {b["bar"]: b["size"] for b in device["bars"] if b["bar"] != "rom"}


def allowed_vfs(block):
    """What the hardware has, or as many of it as the driver allows (igb: all but one)."""
    total = find(r"Total VFs: (\d+)", block, int, 0)
    if total:
        with open(f"/sys/bus/pci/devices/{block.split()[0]}/sriov_totalvfs") as attribute:
            total = min(total, int(attribute.read()))
    return total


# The capability, and what of it is compared: (name, of lspci's text, of our JSON).
FACTS = (
    ("driver", lambda b: find(r"Kernel driver in use: (\S+)", b, str), lambda d: d["driver"]),
    ("MSI-X", lambda b: find(r"MSI-X: .*Count=(\d+)", b, int, 0), lambda d: d["msix_vectors"]),
    ("MSI", lambda b: find(r"MSI: .*Count=\d+/(\d+)", b, int, 0), lambda d: d["msi_vectors"]),
    ("PCI Express", lambda b: "] Express" in b, lambda d: d["pcie"]),
    ("link as it can be", lambda b: link(b, "LnkCap"), lambda d: our_link(d["max_link"])),
    ("link as it is", lambda b: link(b, "LnkSta"), lambda d: our_link(d["link"])),
    ("possible VFs", allowed_vfs, lambda d: d["max_vfs"]),
    ("VFs", lambda b: find(r"Number of VFs: (\d+)", b, int, 0), lambda d: d["vfs"]),
    ("IOMMU group", lambda b: find(r"IOMMU group: (\d+)", b), lambda d: d["group"]),
    ("revision", lambda b: find(r"\(rev ([0-9a-f]{2})\)", b.split("\n")[0], lambda x: int(x, 16), 0),
     lambda d: d["identity"]["revision"]),
    ("BARs", bars, our_bars),
)

ACS = ("SrcValid", "TransBlk", "ReqRedir", "CmpltRedir", "UpstreamFwd", "EgressCtrl", "DirectTrans")


def acs(block, register):
    match = re.search(register + r":\t(.*)", block)
    if not match:
        return None
    return sum(1 << i for i, name in enumerate(ACS) if f"{name}+" in match.group(1))


def compare_isolation(bulkhead, blocks):
    """Each function's own step of its path has the ACS registers that lspci shows."""
    theirs, ours = {}, {}
    for address, block in blocks.items():
        device = json.loads(run(bulkhead, "devices", address, "--json"))[0]
        step = device["isolation"]["path"][-1]
        theirs[address] = (acs(block, "ACSCap"), acs(block, "ACSCtl"))
        ours[address] = (step["acs"]["capability"], step["acs"]["control"]) if step["acs"] \
            else (None, None)
    same("ACS", theirs, ours)
    print(f"note {sum(1 for cap, _ in theirs.values() if cap is not None)} functions have ACS")


def driverctl():
    drivers = {}
    for line in run("driverctl", "list-devices").splitlines():
        address, driver = line.split()[:2]
        drivers[address] = None if driver == "(none)" else driver
    return drivers


def main(bulkhead):
    blocks = lspci()
    ours = {d["address"]: d for d in json.loads(run(bulkhead, "devices", "--json"))}
    same("devices", sorted(blocks), sorted(ours))
    ids = {a: line.split()[2] for a, line in
           ((line.split()[0], line) for line in run("lspci", "-D", "-n").splitlines())}
    same("vendor and device", ids, {a: "%04x:%04x" % (d["identity"]["vendor"],
                                                      d["identity"]["device"])
                                    for a, d in ours.items()})
    for name, of_block, of_device in FACTS:
        same(name, {a: of_block(b) for a, b in blocks.items()},
             {a: of_device(d) for a, d in ours.items()})
    compare_isolation(bulkhead, blocks)
    drivers = driverctl()
    # driverctl leaves out bridges.
    same("driverctl's devices and drivers", drivers,
         {a: ours[a]["driver"] for a in drivers if a in ours})
    print(f"note {len(blocks)} functions, {len(drivers)} of them known to driverctl")


if __name__ == "__main__":
    main(sys.argv[1])
