/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/hotplug.h"

int fake_hotplug_fd = -1;
int fake_hotplug_error;

struct hotplug {
	int opened;
};

int hotplug_open(struct hotplug **ret_hotplug, struct err *err)
{
	if (fake_hotplug_error)
		return err_errno(err, fake_hotplug_error, "device events of the kernel");
	*ret_hotplug = calloc(1, sizeof(**ret_hotplug));
	return *ret_hotplug ? 0 : -ENOMEM;
}

void hotplug_close(struct hotplug *hotplug)
{
	free(hotplug);
}

int hotplug_fd(const struct hotplug *hotplug)
{
	(void)hotplug;
	return fake_hotplug_fd;
}

/* 'x' is an event of a device that nobody here minds. */
bool hotplug_take(struct hotplug *hotplug)
{
	char c;
	(void)hotplug;
	return read(fake_hotplug_fd, &c, 1) == 1 && c != 'x';
}
