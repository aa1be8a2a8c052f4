/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The OpRegion of graphics that are assigned: a copy of what the host's firmware made, at an
 * address of the chipset's where no RAM is and no BAR goes, so that neither firmware nor system
 * takes it for memory of its own. The guest may write into the mailboxes; nobody but it reads them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/range.h"
#include "core/layout.h"
#include "machine_parts.h"

struct opregion {
	pthread_mutex_t lock; /* guards data; a leaf */
	uint8_t *data;        /* owned */
	size_t size;
};

static uint64_t opregion_read(void *ctx, uint64_t off, unsigned size)
{
	struct opregion *region = ctx;
	if (!inside(off, size, region->size))
		return all_ones(size);
	pthread_mutex_lock(&region->lock);
	uint64_t value = le_get(region->data + off, size);
	pthread_mutex_unlock(&region->lock);
	return value;
}

static void opregion_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct opregion *region = ctx;
	if (!inside(off, size, region->size))
		return;
	pthread_mutex_lock(&region->lock);
	le_put(region->data + off, size, value);
	pthread_mutex_unlock(&region->lock);
}

static const struct bus_ops opregion_ops = { .read = opregion_read, .write = opregion_write };

static int show(struct machine *m, struct vfio_pci *vfio, struct err *err)
{
	const struct bus_region region = { IGD_OPREGION_BASE, m->opregion->size, &opregion_ops,
					   m->opregion, 0 };
	int r = machine_add_mmio(m, &region, err);
	if (!r)
		vfio_igd_place(vfio, (uint32_t)IGD_OPREGION_BASE);
	return r;
}

/* Without it the device works, and its driver does not know what is connected: a warning. */
int opregion_add(struct machine *m, struct vfio_pci *vfio, struct err *err)
{
	struct err why = { 0 };
	uint8_t *data = NULL;
	size_t size = 0;
	int r = m->opregion ? -ENOENT : vfio_igd_opregion(vfio, &data, &size, &why);
	if (r && r != -ENOENT)
		log_warn("%s; the guest gets none", why.text);
	if (r)
		return 0;
	m->opregion = calloc(1, sizeof(*m->opregion));
	if (!m->opregion) {
		free(data);
		return err_errno(err, -ENOMEM, "%s: OpRegion", vfio->name.s);
	}
	m->opregion->data = data;
	m->opregion->size = size;
	pthread_mutex_init(&m->opregion->lock, NULL);
	return show(m, vfio, err);
}

void opregion_down(struct machine *m)
{
	if (!m->opregion)
		return;
	pthread_mutex_destroy(&m->opregion->lock);
	free(m->opregion->data);
	free(m->opregion);
	m->opregion = NULL;
}
