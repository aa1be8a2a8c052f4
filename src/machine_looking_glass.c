/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI function in front of memory that a viewer on the host shares. */
#include <errno.h>
#include <stdlib.h>

#include "hw/ivshmem.h"
#include "looking_glass.h"
#include "machine_parts.h"

struct machine_glass {
	struct looking_glass shared;
	struct ivshmem function;
};

int looking_glass_up(struct machine *m, struct err *err)
{
	if (!looking_glass_is_wanted(&m->plan->profile->looking_glass))
		return 0;
	struct machine_glass *glass = calloc(1, sizeof(*glass));
	if (!glass)
		return err_errno(err, -ENOMEM, "looking_glass");
	m->glass = glass;
	int r = looking_glass_open(&glass->shared, m->plan->profile, m->host, err);
	if (!r)
		r = looking_glass_watch(&glass->shared, m->loop, err);
	if (r)
		return r;
	r = ivshmem_init(&glass->function, glass->shared.memory, glass->shared.size);
	return r ? err_errno(err, r, "looking_glass")
		 : machine_place_own(m, PLAN_OWN_IVSHMEM, &glass->function.func, err);
}

void looking_glass_down(struct machine *m)
{
	if (!m->glass)
		return;
	machine_remove_own(m, PLAN_OWN_IVSHMEM);
	looking_glass_close(&m->glass->shared);
	free(m->glass);
	m->glass = NULL;
}
