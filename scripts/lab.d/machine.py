# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated host as a QEMU command line.

An AMD processor with SVM and nested paging, a VT-d IOMMU with interrupt remapping, and the devices a
scenario names, each behind its own PCIe root port so that each has its own IOMMU group.
"""

import os

# amd-iommu would go with the processor better, but the emulated one panics Linux's timer check with
# interrupt remapping on; Linux does not mind VT-d beside an AMD processor.
IOMMU = {
    "on": ["-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on"],
    "no-intremap": ["-device", "intel-iommu,intremap=off,caching-mode=on,device-iotlb=on"],
    "off": [],
}


def _drive(assets, name):
    """A disk image that scenarios may write to: what they write is dropped."""
    image = os.path.join(assets.disks, f"{name}.img")
    return ["-drive", f"if=none,id={name}-disk,file={image},format=raw,snapshot=on"]


def _user_net(name, number=2):
    """A network of its own, 10.0.NUMBER.0/24, with nothing but the gateway at .2 in it."""
    return ["-netdev", f"user,id={name}-net,net=10.0.{number}.0/24,restrict=on"]


# What a kernel can do without in an emulated machine: retpolines above all.
LEAN = "mitigations=off rcupdate.rcu_expedited=1 apparmor=0 audit=0 cryptomgr.notests"

# The emulated TSC is good, the kernel's measurements of it are not. It measures again a second after
# it started, and finds another rate than KVM noted before. KVM then wants to scale, which this
# processor cannot, and leaves guests a scaling factor of zero: each of their timers is late by the
# host's uptime. With the tolerance it does not want to. And a busy machine makes the clock that TSC is
# compared with late, so that the kernel gives TSC up, and KVM moves it about under its guests.
# The same machine is late with the timer's first ticks too, and the kernel takes that for a timer whose
# interrupt does not arrive, and panics.
HOST = "tsc=reliable kvm.tsc_tolerance_ppm=500000 no_timer_check"

# One function per device name: (assets, bus) -> arguments. The QEMU id is the name.
DEVICES = {
    "nvme": lambda assets, bus: _drive(assets, "nvme") + [
        "-device", f"nvme,id=nvme,bus={bus},serial=BULKHEAD-NVME,drive=nvme-disk"],
    # The same controller with an option ROM, and a disk that UEFI firmware boots from.
    "nvme-boot": lambda assets, bus: [
        "-drive", f"if=none,id=boot-disk,file={os.path.join(assets.boot, 'grub.img')},format=raw,"
        "snapshot=on", "-device", f"nvme,id=nvme-boot,bus={bus},serial=BULKHEAD-BOOT,"
        f"drive=boot-disk,romfile={os.path.join(assets.boot, 'nvme.rom')}"],
    # Primary controller with four VFs; its namespace is theirs too. Of 13 queues and interrupts 8 are
    # flexible; a VF may have 4.
    "nvme-sriov": lambda assets, bus: _drive(assets, "nvme") + [
        "-device", "nvme-subsys,id=nvme-subsys",
        "-device", f"nvme,id=nvme-sriov,bus={bus},serial=BULKHEAD-NVME,subsys=nvme-subsys,"
        "max_ioqpairs=12,msix_qsize=13,sriov_max_vfs=4,sriov_vq_flexible=8,"
        "sriov_vi_flexible=8,sriov_max_vq_per_vf=4,sriov_max_vi_per_vf=4",
        "-device", "nvme-ns,drive=nvme-disk,nsid=1,shared=on"],
    "igb": lambda assets, bus: _user_net("igb") + [
        "-device", f"igb,id=igb,bus={bus},netdev=igb-net,mac=52:54:00:0b:00:01"],
    # The whole 64-bit space, so that the guest may place its buffers anywhere.
    "edu": lambda assets, bus: [
        "-device", f"edu,id=edu,bus={bus},dma_mask=0xffffffffffffffff"],
    "e1000e": lambda assets, bus: _user_net("e1000e") + [
        "-device", f"e1000e,id=e1000e,bus={bus},netdev=e1000e-net,mac=52:54:00:0b:00:02"],
    "vga": lambda assets, bus: ["-device", f"secondary-vga,id=vga,bus={bus}"],
    "vga-rom": lambda assets, bus: [
        "-device", f"secondary-vga,id=vga,bus={bus},"
        f"romfile={os.path.join(assets.boot, 'vga.rom')}"],
    "xhci": lambda assets, bus: _drive(assets, "usb") + [
        "-device", f"qemu-xhci,id=xhci,bus={bus}", "-device", "usb-kbd,bus=xhci.0",
        "-device", "usb-storage,bus=xhci.0,drive=usb-disk"],
    "ahci": lambda assets, bus: _drive(assets, "sata") + [
        "-device", f"ich9-ahci,id=ahci,bus={bus}", "-device", "ide-hd,bus=ahci.0,drive=sata-disk"],
    # Two conventional functions, so one IOMMU group. Slots 1 and 5 swizzle onto the same pin.
    "conventional": lambda assets, bus: _user_net("e1000") + _user_net("rtl8139", 3) + [
        "-device", f"pcie-pci-bridge,id=conventional,bus={bus}",
        "-device", "e1000,id=e1000,bus=conventional,addr=1,netdev=e1000-net,"
        "mac=52:54:00:0b:00:03",
        "-device", "rtl8139,id=rtl8139,bus=conventional,addr=5,netdev=rtl8139-net,"
        "mac=52:54:00:0b:00:04"],
}

SEVEN = ["nvme", "igb", "edu", "e1000e", "vga", "xhci", "ahci"]


def _devices(names, assets):
    args = []
    for number, name in enumerate(names, start=1):
        args += ["-device", f"pcie-root-port,id=rp{number},chassis={number},slot={number}"]
        args += DEVICES[name](assets, f"rp{number}")
    return args


def _console(log, interactive):
    """ttyS0: the emulated host's own console, kept in a file."""
    backend = "stdio,mux=on,signal=off" if interactive else "null"
    return ["-chardev", f"{backend},id=console,logfile={log},logappend=off",
            "-serial", "chardev:console"]


def command(assets, scenario, out, sockets, interactive=False):
    """The argument list that boots the host of a scenario; sockets is a folder for its sockets."""
    kernel, initrd = assets.l1_kernel(scenario.kernel)
    boot = os.path.join(os.path.dirname(os.path.realpath(__file__)), "l1-boot")
    cmdline = (f"console=ttyS0 quiet panic=-1 intel_iommu=on {LEAN} {HOST} lab.boot={boot} lab.out={out} "
               f"{scenario.cmdline}")
    return assets.qemu() + [
        "-name", f"lab-{scenario.name}", "-accel", "tcg,thread=multi,tb-size=512",
        "-cpu", "EPYC-v3,+svm,+npt", "-smp", str(scenario.cpus), "-m", scenario.memory,
        "-M", "q35,kernel-irqchip=split", *IOMMU[scenario.iommu],
        "-nodefaults", "-display", "none", "-no-reboot",
        *_console(os.path.join(out, "serial.log"), interactive),
        # ttyS1: what the scenario asks of the outside, line by line (channel.py).
        "-chardev", f"socket,id=channel,path={sockets}/channel,server=on,wait=off",
        "-serial", "chardev:channel",
        "-qmp", f"unix:{sockets}/qmp,server=on,wait=off",
        "-kernel", kernel, "-initrd", initrd, "-append", cmdline,
        "-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
        "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
        "-fsdev", f"local,id=out,path={out},security_model=none,multidevs=remap",
        "-device", "virtio-9p-pci,fsdev=out,mount_tag=out",
        *_devices(scenario.devices, assets), *scenario.qemu,
    ]
