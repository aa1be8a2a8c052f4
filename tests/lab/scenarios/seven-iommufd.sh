# SPDX-License-Identifier: GPL-2.0-or-later
#: about     one guest with seven devices, over iommufd and VFIO character devices
#: kernel    small
#: deadline  450
#: devices   seven
. tests/lab/lib.sh
. tests/lab/seven.sh

check "the host has iommufd" test -c /dev/iommu
seven_run seven iommufd
