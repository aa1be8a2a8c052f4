# SPDX-License-Identifier: GPL-2.0-or-later
#: about     what a start with UEFI firmware costs: bulkhead beside QEMU, same OVMF, devices and memory
#: kernel    small
#: group     bench
#: deadline  900
#: memory    4G
#: devices   nvme igb
. tests/lab/lib.sh
. tests/lab/bench.sh

# Debian's OVMF with a variable store that a first start has filled, an NVMe controller and a virtual
# function that are bound already. The median of BENCH_RUNS runs of
#   loader  ms from exec to the firmware's line that it starts the boot loader (its own shell)
#   memory  KiB the process holds (PSS) beyond the guest's RAM and the firmware's 4 MiB of flash
mib=1024
flash_kib=4096

one_run() {
	local pid begin seen
	timed_run 90 'BdsDxe: starting' "$@" || return
	awk -v b="$begin" -v s="$seen" -v beside=$((mib * 1024 + flash_kib)) '/^Pss:/ {
		printf "%d %d\n", (s - b) * 1000, $2 - beside }' \
		"/proc/$pid/smaps_rollup" >> "$LAB_OUT/runs"
	end_run "$pid"
}

# measure NAME COMMAND... — a row of the table, after a run that fills the variable store
measure() {
	local name=$1
	shift
	one_run "$@"
	repeat "$@" || { fail "$name: no boot loader"; return; }
	row "$(printf '%-10s %5d MiB  loader %6d ms  memory %6d KiB' "$name" "$mib" \
		"$(median 1)" "$(median 2)")"
}

check "a virtual function" make_vf
nvme=$(address nvme) vf=$(address vf)
check "NVMe is given to vfio-pci" give_to_vfio "$nvme"
check "the VF is given to vfio-pci" give_to_vfio "$vf"
cat > "$LAB_OUT/uefi.cfg" <<-PROFILE
	name = "uefi";
	vcpus = 2;
	memory = "${mib}M";
	firmware = { type = "uefi"; };
	devices = ( { pci = "$nvme"; }, { pci = "$vf"; } );
PROFILE
measure bulkhead "$bulkhead" run "$LAB_OUT/uefi.cfg"

cp /usr/share/OVMF/OVMF_VARS_4M.fd "$LAB_OUT/vars.fd"
# shellcheck disable=SC2206 # quoted by the driver for a shell
eval "qemu_command=($LAB_QEMU)"
qemu_command+=(-accel kvm -cpu host -smp 2 -M q35 -nodefaults -display none -serial stdio -m "${mib}M"
	-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd
	-drive "if=pflash,format=raw,file=$LAB_OUT/vars.fd"
	-device "vfio-pci,host=$nvme" -device "vfio-pci,host=$vf")
measure QEMU "${qemu_command[@]}"
