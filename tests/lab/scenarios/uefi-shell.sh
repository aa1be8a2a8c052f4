# SPDX-License-Identifier: GPL-2.0-or-later
#: about     Debian's OVMF comes up to the UEFI shell
#: kernel    small
#: deadline  120
. tests/lab/lib.sh

cat > "$LAB_OUT/shell.cfg" <<-PROFILE
	name = "shell";
	memory = "1G";
	firmware = { type = "uefi"; };
PROFILE
host_state "$LAB_OUT/host.before"
start_bulkhead shell
wait_line 60 'Shell>' || fail "no shell"
"$bulkhead" status --registers shell > "$LAB_OUT/registers" 2>&1
"$bulkhead" stop --force shell
guest_ends shell 10 1
