# SPDX-License-Identifier: GPL-2.0-or-later
#: about     one guest with seven devices, over the VFIO container, on Debian's own kernel
#: deadline  450
#: devices   seven
. tests/lab/lib.sh
. tests/lab/seven.sh

seven_run seven type1
