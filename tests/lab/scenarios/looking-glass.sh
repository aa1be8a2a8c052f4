# SPDX-License-Identifier: GPL-2.0-or-later
#: about     memory shared with the host, as Looking Glass wants it: size, owner, both ways
#: kernel    small
#: deadline  150
. tests/lab/lib.sh

file=/dev/shm/looking-glass-shared
write_profile shared "$(guest_cmdline pause:3,shared)"
echo 'looking_glass = { width = 1920; height = 1080; owner = "nobody:nogroup"; mode = "0640"; };' \
	>> "$LAB_OUT/shared.cfg"
start_bulkhead shared
check "the file is there" wait_until 20 test -s $file
same "its owner, mode and size" "nobody nogroup 640 33554432" "$(stat -c '%U %G %a %s' $file)"
check "its owner cuts it" setpriv --reuid nobody truncate -s 5000 $file
"$bulkhead" check "$LAB_OUT/shared.cfg" --set name=other --set looking_glass.file=looking-glass-shared \
	> "$LAB_OUT/taken.log" 2>&1
same "another guest does not get it" 1 $?
contains "and hears why" "$LAB_OUT/taken.log" "is another guest's"
echo "hello from the host" | dd of=$file conv=notrunc status=none
exec 6< $file # a viewer has it open
wait_line 40 'GUEST: done'
guest_said shared shared
contains "the guest reads what the host wrote" "$guest_log" '32 MiB, the host says: hello from the host; .* revision 0x01 class 0x050000'
contains "that is noticed" "$LAB_OUT/shared.log" "looking-glass-shared was cut"
same "the host reads what the guest wrote" "the guest was here" \
	"$(tail -c 64 <&6 | tr -d '\0')"
same "on every page" 8191 "$(python3 -c '
import os
print(sum(int.from_bytes(os.pread(6, 8, at), "little") == at for at in range(4096, 32 << 20, 4096)))')"
guest_ends shared 20
same "the file is gone" no "$(test -e $file && echo yes || echo no)"
