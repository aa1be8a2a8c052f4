/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "plan.h"

#define ROM_SIGNATURE 0xaa55 /* PCI Firmware 3.0 §5.1.1 */

int plan_check_rom(const struct plan_device *device, struct err *err)
{
	const char *path = device->wanted ? device->wanted->rom : NULL;
	struct bdf_text name = bdf_text(device->dev->bdf);
	const char *bdf = name.s;
	uint8_t start[2];
	struct stat st;
	if (!path || !strcmp(path, "off"))
		return 0;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return err_errno(err, -errno, "%s: ROM %s", bdf, path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s: ROM %s is not a regular file", bdf, path);
	if ((uint64_t)st.st_size > PLAN_ROM_MAX)
		return err_set(err, -EFBIG, "%s: ROM %s has %lld bytes; a ROM has at most 16M", bdf,
			       path, (long long)st.st_size);
	if (file_pread_all(fd, start, sizeof(start), 0) || le16_get(start) != ROM_SIGNATURE)
		return err_set(err, -ENOEXEC,
			       "%s: ROM %s does not begin with 55 AA: it is no option ROM image",
			       bdf, path);
	return 0;
}
