#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest reads of its machine, as facts to compare.

platform.py unpack CONSOLE-LOG DIR     the files a guest's check "platform" has printed
platform.py facts DIR                  one fact a line, "KEY = VALUE" or "KEY", sorted
platform.py compare QEMU BULKHEAD LIST every difference that LIST does not explain; status 1 if any

The list (platform-diff.txt) has reasons, lines that begin with "= ", each followed by the patterns
of what it explains: regular expressions that a difference as printed matches as a whole. Differences are

- FACT                 only under QEMU
+ FACT                 only under bulkhead
! KEY: HERE -> THERE   another value: QEMU's, then bulkhead's

A pattern that matches nothing is an error too: what it explains is no longer so.
"""

import base64
import io
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile


def unpack(log, target):
    """The lines between the two markers, decoded and untarred (regular files alone)."""
    lines, inside = [], False
    with open(log, errors="replace") as text:
        for line in text:
            line = line.rstrip("\r\n")
            if line.endswith("GUEST: platform begins"):
                lines, inside = [], True
            elif line.endswith("GUEST: platform ends"):
                inside = False
            elif inside and re.fullmatch(r"[A-Za-z0-9+/=]+", line):
                lines.append(line)
    packed = io.BytesIO(base64.b64decode("".join(lines)))
    with tarfile.open(fileobj=packed, mode="r:gz") as archive:
        for member in archive.getmembers():
            parts = member.name.split("/")
            if not member.isreg() or ".." in parts or parts[0] != "platform":
                continue
            path = os.path.join(target, *parts[1:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out:
                out.write(archive.extractfile(member).read())


# -- ACPI ------------------------------------------------------------------------------------------

def disassemble(path):
    """iasl's text of one table; what iasl complains of is a fact of its own."""
    with tempfile.TemporaryDirectory() as work:
        table = os.path.join(work, "table.dat")
        with open(path, "rb") as source, open(table, "wb") as out:
            out.write(source.read())
        subprocess.run(["iasl", "-d", table], cwd=work, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(os.path.join(work, "table.dsl"), errors="replace") as text:
            return text.read()


def recompiles(text):
    """Whether iasl builds it again: errors and warnings."""
    with tempfile.TemporaryDirectory() as work:
        source = os.path.join(work, "table.dsl")
        with open(source, "w") as out:
            out.write(text)
        said = subprocess.run(["iasl", "-p", "new", source], cwd=work, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False).stdout
    found = re.search(r"(\d+) Errors, (\d+) Warnings, (\d+) Remarks", said)
    return found.group(0) if found else "iasl gave up"


FIELD = re.compile(r"^\[[0-9A-F]+h [0-9]+ +[0-9.]+h?\] +(.*?) : (.*)$")
BIT = re.compile(r"^ +(\S.*?) : ([0-9A-F]+)$")
PLACED = ("FACS Address", "DSDT Address") # by the firmware: what counts is that they are


def table_fields(name, text):
    """Fields of a table that is data, flags bit by bit; an entry of a list is one fact."""
    group, entry = "", None
    for line in text.splitlines():
        found = FIELD.match(line)
        bit = BIT.match(line)
        if found:
            field, value = found.group(1).strip(), found.group(2).strip()
            if field == "Subtable Type":
                if entry:
                    yield f"ACPI {name} {entry}"
                entry = value[value.index("["):]
            elif entry:
                entry += f" {field.replace(' (decoded below)', '')}={value}"
            elif value == "[Generic Address Structure]":
                group = field + "."
            elif field.endswith("(decoded below)"):
                group = field[:-len("(decoded below)")].strip() + "."
            elif field != "Checksum":
                inner = group if field in ("Space ID", "Bit Width", "Bit Offset", "Address",
                                           "Encoded Access Width") else ""
                if field in PLACED and int(value, 16):
                    value = "set"
                yield f"ACPI {name}.{inner}{field} = {value}"
        elif bit and not entry:
            yield f"ACPI {name}.{group}{bit.group(1)} = {bit.group(2)}"
    if entry:
        yield f"ACPI {name} {entry}"


OPENING = re.compile(r"(Device|Scope|Method|Processor|ThermalZone|PowerResource|Mutex|Name|"
                     r"OperationRegion|Field|IndexField|If|Else|While|External|Event|Alias|"
                     r"CreateDWordField|CreateWordField|CreateByteField|CreateQWordField)\b"
                     r"(?: \(([^,)\s]+))?")
BODIES = ("Device", "Scope", "ThermalZone", "PowerResource", "Processor")


def join(path, name):
    """A name as seen from a path, like ACPI's own."""
    if name.startswith("\\"):
        return name if len(name) > 1 else "\\"
    while name.startswith("^"):
        path, name = path.rsplit(".", 1)[0], name[1:]
    return (path if path.endswith("\\") else path + ".") + name


def namespace(text):
    """Devices with their identifiers, and what else is named outside of methods."""
    stack, pending = [("\\", True)], None
    for line in text.splitlines():
        line = line.strip()
        if line == "{":
            stack.append(pending if pending else (stack[-1][0], False))
            pending = None
            continue
        if line.startswith("}"):
            if len(stack) > 1:
                stack.pop()
            continue
        path, visible = stack[-1]
        if line.startswith("DefinitionBlock"):
            pending = ("\\", True)
            continue
        found = OPENING.match(line)
        if not found:
            continue
        kind, who = found.groups()
        pending = (path, False)
        if not visible or who is None or kind in ("If", "Else", "While", "External", "Field",
                                                  "IndexField"):
            continue
        inner = join(path, who.rstrip(")"))
        if kind in BODIES:
            pending = (inner, True)
        if kind == "Name":
            value = re.sub(r"/\*.*?\*/|//.*", "", line.split(",", 1)[1]).strip()
            simple = value.endswith(")") and not value.startswith(("Package", "Buffer", "Resource"))
            yield f"AML {inner} = {value[:-1].strip()}" if simple else f"AML {inner} Name"
        elif kind != "Scope":
            yield f"AML {inner} {kind}"


def by_address(facts_of_table):
    """The same with PCI devices under their addresses: what a monitor calls them says nothing."""
    addresses = {}
    for fact in facts_of_table:
        found = re.fullmatch(r"AML (\\_SB\.PCI0\.\w+)\._ADR = (\w+)", fact)
        if found:
            value = {"Zero": 0, "One": 1}.get(found.group(2))
            value = int(found.group(2), 16) if value is None else value
            addresses[found.group(1)] = f"\\_SB.PCI0.<{value >> 16:02x}.{value & 7}>"
    for fact in facts_of_table:
        path = re.match(r"AML (\\_SB\.PCI0\.\w+)", fact)
        if path and path.group(1) in addresses:
            fact = fact.replace(path.group(1), addresses[path.group(1)], 1)
        yield fact


def acpi_facts(folder):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        with open(path, "rb") as table:
            signature = table.read(4).decode("ascii", "replace")
        yield f"ACPI table {name}"
        text = disassemble(path)
        if signature in ("DSDT", "SSDT"):
            yield from by_address(list(namespace(text)))
        else:
            yield from table_fields(name, text)
        if signature != "FACS":
            yield f"IASL {name} = {recompiles(text)}"


# -- PCI, CPUID, SMBIOS ------------------------------------------------------------------------------

def pci_facts(folder):
    for bdf in sorted(os.listdir(folder)):
        with open(os.path.join(folder, bdf), "rb") as config:
            data = config.read()
        bdf = bdf.split(":", 1)[1]
        yield f"PCI {bdf} is there"
        yield f"PCI {bdf} size = {len(data)}"
        for off in range(0, len(data) - 3, 4):
            value, = struct.unpack_from("<I", data, off)
            if value:
                yield f"PCI {bdf} {off:03x} = {value:08x}"


def cpuid_facts(path):
    with open(path) as leaves:
        for line in leaves:
            leaf, *values = line.split()
            for register, value in zip(("eax", "ebx", "ecx", "edx"), values):
                if value != "00000000":
                    yield f"CPUID {leaf} {register} = {value}"


def version3_dump(entry, table):
    """Entry point and table in one, as dmidecode reads them: a version 3 entry for both kinds."""
    at = 7 if entry.startswith(b"_SM3_") else 6
    head = bytearray(b"_SM3_\0\x18" + entry[at:at + 2] + b"\0\x01\0" +
                     struct.pack("<IQ", len(table), 32))
    head[5] = -sum(head) & 0xff
    return bytes(head).ljust(32, b"\0") + table


def dmi_facts(folder):
    with open(os.path.join(folder, "smbios_entry_point"), "rb") as file:
        entry = file.read()
    with open(os.path.join(folder, "DMI"), "rb") as file:
        table = file.read()
    yield f"DMI entry point = {entry[:5].decode('ascii', 'replace').rstrip(chr(0))}"
    with tempfile.NamedTemporaryFile() as dump:
        dump.write(version3_dump(entry, table))
        dump.flush()
        said = subprocess.run(["dmidecode", "--from-dump", dump.name], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                              errors="replace").stdout
    kind, counts, field = None, {}, None
    for line in said.splitlines():
        found = re.match(r"Handle 0x[0-9A-F]+, DMI type (\d+)", line)
        if found:
            number = counts.get(found.group(1), 0)
            counts[found.group(1)] = number + 1
            kind, field = f"DMI {found.group(1)}#{number}", None
            yield f"{kind} is there"
        elif re.match(r"SMBIOS [\d.]+ present", line):
            yield f"DMI version = {line.split()[1]}"
        elif kind and re.match(r"\t[^\t]", line):
            field, _, value = line.strip().partition(": ")
            field = field.rstrip(":")
            if value:
                yield f"{kind} {field} = {value}"
        elif kind and field and line.startswith("\t\t"):
            yield f"{kind} {field}: {line.strip()}"


# -- what the kernel made of it ------------------------------------------------------------------------

KERNELS_OWN = re.compile(r": (Kernel (code|data|rodata|bss)|Crash kernel)$")
MEMORY = re.compile(r"([0-9a-f]+)-([0-9a-f]+) : (System RAM|Reserved|ACPI Tables|ACPI Non-volatile "
                    r"Storage)$")
LOW, ALLOCATED = 0x1000000, 0xB0000000


def map_facts(kind, path):
    """Lines as they are, without the kernel's own, and without what firmware allocated somewhere in
    memory: of that the end counts, and what lies below 16 MiB, where it has fixed places."""
    top = 0
    with open(path) as lines:
        for line in lines:
            line = line.strip()
            memory = MEMORY.match(line)
            if memory and LOW <= int(memory.group(2), 16) < ALLOCATED:
                top = max(top, int(memory.group(2), 16))
            elif not KERNELS_OWN.search(line):
                yield f"{kind} {line}"
    if top:
        yield f"{kind} end of memory below 4 GiB = {top:08x}"


def pnp_facts(path):
    name = "none"
    with open(path) as lines:
        for line in lines:
            line = line.strip()
            if line.startswith("device "):
                name = line[7:]
                yield f"PNP {name}"
            elif line and not line.startswith("state"):
                yield f"PNP {name}: {line}"


COMPLAINT = re.compile(r"error|warn|\bbug\b|fail|conflict|can't|cannot|invalid|ignoring|overlap|"
                       r"exception|unable|not found", re.I)
SUBJECT = re.compile(r"ACPI|PCI|pci |pnp|DMI|efi|MMCONFIG|ECAM|i8042|rtc|IOAPIC|nvme|pcieport", re.I)


def kernel_facts(path):
    """Lines in which the kernel is not content with the platform."""
    with open(path, errors="replace") as lines:
        for line in lines:
            line = re.sub(r"^\[[^]]*\] ?", "", line.strip())
            if COMPLAINT.search(line) and SUBJECT.search(line):
                yield f"KERNEL {line}"


def facts(folder):
    def at(name):
        return os.path.join(folder, name)

    found = [*acpi_facts(at("acpi")), *pci_facts(at("pci")), *cpuid_facts(at("cpuid")),
             *dmi_facts(at("dmi")), *map_facts("IOPORT", at("ioports")),
             *map_facts("IOMEM", at("iomem")), *pnp_facts(at("pnp")), *kernel_facts(at("dmesg"))]
    return sorted(set(found))


# -- comparing -------------------------------------------------------------------------------------------

def read_facts(path):
    with open(path) as lines:
        return {key: value for key, _, value in (line.rstrip("\n").partition(" = ")
                                                 for line in lines)}


def whole(key):
    """The fact whose absence says all of what is missing with it; None for one that stands alone."""
    found = re.match(r"(PCI \S+|DMI \d+#\d+) (?!is there$)", key)
    if found:
        return found.group(1) + " is there"
    found = re.match(r"(?:ACPI|IASL) (\w+)(?:\.|$)", key)
    return f"ACPI table {found.group(1)}" if found and not key.startswith("ACPI table ") else None


def differences(here, there):
    for key in sorted(here.keys() | there.keys()):
        parent = whole(key)
        if parent and (parent in here) != (parent in there):
            continue
        mine, theirs = here.get(key), there.get(key)
        if mine == theirs:
            continue
        if mine is not None and theirs is not None:
            yield f"! {key}: {mine} -> {theirs}"
        else:
            sign, value = ("-", mine) if theirs is None else ("+", theirs)
            yield f"{sign} {key}" + (f" = {value}" if value else "")


def read_list(path):
    explained, patterns = False, []
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if line.startswith("= "):
                explained = True
            elif line.strip() and not line.startswith("#"):
                if not explained:
                    raise SystemExit(f"{path}:{number}: a pattern without a reason")
                patterns.append(re.compile(line.strip()))
    return patterns


def compare(here, there, listed):
    patterns = read_list(listed)
    used, unexplained, total = set(), [], 0
    for line in differences(read_facts(here), read_facts(there)):
        total += 1
        hits = [n for n, pattern in enumerate(patterns) if pattern.fullmatch(line)]
        used.update(hits)
        if not hits:
            unexplained.append(line)
    stale = [pattern.pattern for n, pattern in enumerate(patterns) if n not in used]
    for line in unexplained:
        print(f"new: {line}")
    for pattern in stale:
        print(f"no longer so: {pattern}")
    print(f"{total} differences, {len(unexplained)} of them not explained; "
          f"{len(stale)} explanations of what is not so")
    return 1 if unexplained or stale else 0


def main(words):
    if len(words) == 3 and words[0] == "unpack":
        unpack(*words[1:])
    elif len(words) == 2 and words[0] == "facts":
        print("\n".join(facts(words[1])))
    elif len(words) == 4 and words[0] == "compare":
        return compare(*words[1:])
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
