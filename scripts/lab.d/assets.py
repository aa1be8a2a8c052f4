# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab is made of: QEMU, two kernels, initial RAM disks, disk images.

Everything lives under build/lab/cache, in entries named after what it is and a hash of what it is
made from. An entry that exists is complete (it is built under another name and renamed), so a
second `prepare` looks and returns. A lock keeps two preparations apart.
"""

import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LAB = os.path.join(TOP, "build", "lab")
CACHE = os.path.join(LAB, "cache")
SCRIPTS = os.path.join(TOP, "scripts", "lab.d")
TESTS = os.path.join(TOP, "tests", "lab")
GUEST = os.path.join(TOP, "tests", "guest")

# What the stock kernel loads before it can mount the lab's root.
L1_MODULES = ["virtio_pci", "9pnet_virtio", "9p", "overlay"]
# The guest's drivers: one for each device of the lab, and what its tests stand on.
L2_SMALL_MODULES = ["nvme", "igbvf"]
L2_TOOLS_MODULES = L2_SMALL_MODULES + ["msr"]
L2_MODULES = L2_SMALL_MODULES + [
    "e1000e", "e1000", "8139cp", "ahci", "sd_mod", "xhci_pci", "usb_storage", "usbhid",
    "hid_generic", "evdev", "psmouse", "bochs", "uio_pci_generic", "button", "sr_mod", "isofs",
]


def say(text):
    """One line of progress."""
    print(f"lab: {text}", flush=True)


def _meaning(path):
    """The bytes of a file that matter: comments may change without rebuilding a kernel."""
    with open(path, "rb") as file:
        lines = file.read().splitlines()
    return b"\n".join(line for line in lines if not line.lstrip().startswith((b"#", b"//")))


def _hash(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(_meaning(part) if os.path.isabs(part) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def _prune(name, keep):
    """Drop other versions of an entry, once nobody can be using them any more."""
    for entry in os.listdir(CACHE):
        path = os.path.join(CACHE, entry)
        stale = time.time() - os.stat(path).st_mtime > 24 * 3600
        if entry.startswith(name + "@") and entry != keep and stale:
            shutil.rmtree(path, ignore_errors=True)


def _entry(name, key, what, build):
    """The folder of one cached thing; build(folder) fills it if it is not there."""
    entry = f"{name}@{key}"
    path = os.path.join(CACHE, entry)
    if os.path.isdir(path):
        return path
    say(f"preparing {what}")
    start = time.time()
    new = f"{path}.{os.getpid()}.new"
    os.makedirs(new)
    try:
        build(new)
        os.rename(new, path)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _prune(name, entry)
    say(f"{what}: ready after {time.time() - start:.0f} s")
    return path


def _script(name, *args):
    """Run a helper; what it says is shown only if it fails, kept short."""
    done = subprocess.run([os.path.join(SCRIPTS, name), *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"lab: {name} failed:\n{done.stdout[-4000:]}")


def _fetch(what, out):
    _script("fetch", os.path.join(CACHE, "apt"), what, out)


def _only(folder, prefix):
    return os.path.join(folder, next(n for n in sorted(os.listdir(folder)) if n.startswith(prefix)))


@contextlib.contextmanager
def _locked():
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "lock"), "w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another preparation of the lab")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Assets:
    """Paths of all prepared things; made by prepare()."""

    def __init__(self):
        fetch = os.path.join(SCRIPTS, "fetch")
        self.qemu_root = os.path.join(
            _entry("qemu", _hash(fetch), "QEMU", lambda new: _fetch("qemu", new + "/root")), "root")
        self.stock_root = os.path.join(
            _entry("stock", _hash(fetch), "Debian's stock kernel",
                   lambda new: _fetch("kernel", new + "/root")), "root")
        self.guest_tree = self._guest_tree()
        self.disks = self._disks()
        self.small = self._small_kernel()
        self.stock = _only(os.path.join(self.stock_root, "boot"), "vmlinuz-")
        self._initrds()
        self.boot = self._boot_disks()

    def qemu(self):
        """The command that runs the unpacked QEMU, by its own loader and libraries."""
        root = self.qemu_root
        share = [os.path.join(root, "usr", d) for d in
                 ("share/qemu", "share/seabios", "lib/ipxe/qemu")]
        command = [f"{root}/lib64/ld-linux-x86-64.so.2", "--library-path",
                   f"{root}/usr/lib/x86_64-linux-gnu", f"{root}/usr/bin/qemu-system-x86_64"]
        for folder in share:
            command += ["-L", folder]
        return command

    def _small_kernel(self):
        fragment = os.path.join(TESTS, "kernel.config")

        def build(new):
            package = os.path.join(new, "source.deb")
            _fetch("source", package)
            _script("small-kernel", package, fragment, new + "/bzImage")
            os.remove(package)

        key = _hash(os.path.join(SCRIPTS, "small-kernel"), fragment)
        return os.path.join(
            _entry("small", key, "the small kernel (built from source: minutes, once)", build),
            "bzImage")

    def _guest_tree(self):
        sources = sorted(os.path.join(GUEST, n) for n in os.listdir(GUEST) if n.endswith((".c", ".h")))

        def build(new):
            os.makedirs(new + "/bin")
            command = ["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Os", "-static", "-s",
                       "-o", new + "/bin/labguest"] + [s for s in sources if s.endswith(".c")]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

        return _entry("guest", _hash(*sources), "the guest's test programs", build)

    def _tools_tree(self):
        """The guest's test programs, and Debian's own beside them."""
        script = os.path.join(SCRIPTS, "guest-tools")

        def fetch(new):
            # apt's private root may be gone from the cache, and what it fetched be there still.
            if not os.path.exists(os.path.join(CACHE, "apt", "conf")):
                _fetch("kernel", new + ".kernel")
                shutil.rmtree(new + ".kernel")
            _script("guest-tools", os.path.join(CACHE, "apt"), new)

        tools = _entry("tools", _hash(script), "the guest's tools from Debian", fetch)

        def build(new):
            for tree in (tools, self.guest_tree):
                shutil.copytree(tree, new, symlinks=True, dirs_exist_ok=True)

        key = _hash(os.path.basename(tools), os.path.basename(self.guest_tree))
        return _entry("tools-tree", key, "the guest's programs and tools", build)

    def _disks(self):
        script = os.path.join(SCRIPTS, "disks.py")

        def build(new):
            subprocess.run([sys.executable, script, new], check=True, stdin=subprocess.DEVNULL)

        return _entry("disks", _hash(script), "the disk images", build)

    def _boot_disks(self):
        script = os.path.join(SCRIPTS, "boot-disks")
        initrds = [self.l2_initrd["stock"], self.l2_initrd["small"]]

        def build(new):
            # apt's private root may be gone from the cache, and what it fetched be there still.
            if not os.path.exists(os.path.join(CACHE, "apt", "conf")):
                _fetch("kernel", new + ".kernel")
                shutil.rmtree(new + ".kernel")
            _script("boot-disks", os.path.join(CACHE, "apt"), self.stock, *initrds, new)

        key = _hash(script, os.path.join(SCRIPTS, "option-rom"),
                    *[os.path.basename(os.path.dirname(initrd)) for initrd in initrds])
        return _entry("boot", key, "disks to boot from", build)

    def _initrd(self, name, init, tree, modules):
        pack = os.path.join(SCRIPTS, "initrd")
        args = [self.stock_root, *modules] if modules else []

        def build(new):
            _script("initrd", tree, init, new + "/initrd", *args)

        key = _hash(pack, init, os.path.basename(tree), self.stock.replace("/", ":"), *modules)
        return os.path.join(_entry(name, key, f"the RAM disk {name}", build), "initrd")

    def _initrds(self):
        empty = os.path.join(CACHE, "empty")
        os.makedirs(empty, exist_ok=True)
        l1_init = os.path.join(TESTS, "l1-init")
        l2_init = os.path.join(GUEST, "init")
        self.l1_initrd = {
            "stock": self._initrd("l1-stock", l1_init, empty, L1_MODULES),
            "small": self._initrd("l1-small", l1_init, empty, []),
        }
        self.l2_initrd = {
            "stock": self._initrd("l2-stock", l2_init, self.guest_tree, L2_MODULES),
            "stock_min": self._initrd("l2-stock-min", l2_init, self.guest_tree, L2_SMALL_MODULES),
            "small": self._initrd("l2-small", l2_init, self.guest_tree, []),
            "tools": self._initrd("l2-tools", l2_init, self._tools_tree(), L2_TOOLS_MODULES),
        }

    def l1_kernel(self, name):
        """The kernel image and RAM disk that start the emulated host."""
        return {"stock": self.stock, "small": self.small}[name], self.l1_initrd[name]

    def environment(self):
        """What scenario scripts know: shell variables."""
        return {
            "LAB_TOP": TOP,
            "LAB_DISKS": self.disks,
            "LAB_BOOT": self.boot,
            "LAB_QEMU": shlex.join(self.qemu()),
            "LAB_QEMU_BINARY": os.path.join(self.qemu_root, "usr/bin/qemu-system-x86_64"),
            "LAB_MODULES": os.path.join(self.stock_root, "lib", "modules"),
            "LAB_STOCK_KERNEL": self.stock,
            "LAB_STOCK_INITRD": self.l2_initrd["stock"],
            "LAB_STOCK_MIN_INITRD": self.l2_initrd["stock_min"],
            "LAB_TOOLS_INITRD": self.l2_initrd["tools"],
            "LAB_SMALL_KERNEL": self.small,
            "LAB_SMALL_INITRD": self.l2_initrd["small"],
        }


def prepare():
    """Build whatever is missing; returns the Assets."""
    with _locked():
        return Assets()
