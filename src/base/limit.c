/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/limit.h"

#include <errno.h>
#include <sys/resource.h>

int limit_raise(int resource, uint64_t needed)
{
	struct rlimit limit;
	if (getrlimit((__rlimit_resource_t)resource, &limit))
		return -errno;
	if (limit.rlim_cur >= needed)
		return 0;
	struct rlimit want = { needed, limit.rlim_max < needed ? needed : limit.rlim_max };
	if (!setrlimit((__rlimit_resource_t)resource, &want))
		return 0;
	int r = -errno;
	/* Beyond the hard limit only with a privilege; up to it always. */
	limit.rlim_cur = limit.rlim_max;
	setrlimit((__rlimit_resource_t)resource, &limit);
	return r;
}
