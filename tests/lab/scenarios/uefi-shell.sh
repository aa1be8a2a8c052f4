# SPDX-License-Identifier: GPL-2.0-or-later
#: about     Debian's OVMF comes up to the UEFI shell, which turns the machine off and on
#: kernel    small
#: deadline  240
. tests/lab/lib.sh
. tests/lab/uefi.sh

# The store is made at the first start; a variable written in the shell is there after a reset, after a
# kill, and after a power-off.
host_state "$LAB_OUT/host.before"
guid=11111111-2222-3333-4444-555555555555
store=/var/lib/bulkhead/shell/vars.fd
uefi_profile shell
start_typed shell --set vcpus=1
at_shell shell 60
in_shell 10 "setvar Kept -nv -bs -guid $guid =0x4b657074"
in_shell 10 memmap

# While it runs: who else would use its variables, and what does not go together, is refused.
ovmf=/usr/share/OVMF
uefi_profile other
sed -i '/^disks/d' "$LAB_OUT/other.cfg"

# refuses NAME PATTERN SETTING... — `check` of a second VM says no, and why
refuses() {
	local said setting settings=()
	for setting in "${@:3}"; do settings+=(--set "firmware.$setting"); done
	said=$("$bulkhead" check "$LAB_OUT/other.cfg" "${settings[@]}" 2>&1 | tr -s ' \n' ' ')
	if grep -qE -- "$2" <<< "$said"; then ok "refused: $1"; else fail "$1: $said"; fi
}
refuses "two users of one store" "$store: another VM uses these" "vars=$store"
refuses "a secboot image" 'built to need SMM' "code=$ovmf/OVMF_CODE_4M.ms.fd"
# Debian 13 has the large ones alone.
[ ! -e $ovmf/OVMF_VARS.fd ] ||
	refuses "a store of the other size" 'needs a variable store of 540672' "template=$ovmf/OVMF_VARS.fd"
dd if=$ovmf/OVMF_VARS_4M.fd of=/tmp/damaged bs=1k skip=1 status=none
refuses "a store without its head" 'is no variable store' vars=/tmp/damaged
sed 's/_FVH/_FVI/' $ovmf/OVMF_VARS_4M.fd > /tmp/damaged
refuses "a damaged store" 'is no variable store' vars=/tmp/damaged
refuses "a store as code" 'not the firmware.s code' "code=$ovmf/OVMF_VARS_4M.fd"
refuses "a store without keys" 'has no Secure Boot keys' "vars=$store.old" secure_boot=true

prompts=$(count_prompts)
type_line "reset -w"
check "it comes back from a reset" wait_line 60 'any other key to continue' 2
printf ' ' >&8
wait_until 20 more_prompts "$prompts"
type_line "setvar Kept -guid $guid"
check "a variable survives a reset" wait_line 20 '74 70 65 4B'
shell_off shell
check "the store keeps what was written" test "$(tr -d '\0' < "$store" | grep -ac Kept)" -gt 0
check "it is the owner's alone" test "$(stat -c %a "$store")" = 600

start_typed shell
at_shell shell 60
type_line "setvar Kept -guid $guid"
check "a variable survives a power-off" wait_line 20 '74 70 65 4B'
cmp -s "$store" "$store.old" || ok "the store is kept as it was"
"$bulkhead" stop --force shell
guest_ends shell 10 1
host_unchanged "afterwards"
