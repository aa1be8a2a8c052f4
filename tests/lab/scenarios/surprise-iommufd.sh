# SPDX-License-Identifier: GPL-2.0-or-later
#: about     assigned devices are pulled out, one of them with its PF; the guest runs on (iommufd)
#: deadline  240
#: kernel    small
#: devices   nvme igb e1000e
#: qemu      -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
. tests/lab/lib.sh
. tests/lab/surprise.sh

surprise_run surprise iommufd
