# SPDX-License-Identifier: GPL-2.0-or-later
#: about     OVMF starts Debian's kernel with an assigned disk: 1 and 4 processors, 1, 3 and 6 GiB
#: kernel    small
#: deadline  600
#: memory    8G
#: devices   nvme
. tests/lab/lib.sh

host_state "$LAB_OUT/host.before"
guest() {
	local name=$1 vcpus=$2 memory=$3 task=$4
	write_profile "$name" "$(guest_cmdline "efi,acpi,cpus:$vcpus,$task")" nvme
	echo 'firmware = { type = "uefi"; };' >> "$LAB_OUT/$name.cfg"
	start_bulkhead "$name" --set "vcpus=$vcpus" --set "memory=$memory" "${@:5}"
	wait_line 150 'GUEST: done'
	guest_said "$name" efi acpi "cpus-$vcpus" disk-nvme
	guest_ends "$name" 30
	note "$name: $vcpus vCPUs, $memory"
}
guest one 1 1G disk:nvme
guest four 4 3G disk:nvme
guest large 4 6G disk:nvme
# ECAM is elsewhere there, and what is below 4 GiB with it.
guest newer 2 1G disk:nvme --set "firmware.code=$LAB_BOOT/ovmf/OVMF_CODE_4M.fd"
host_unchanged "afterwards"
