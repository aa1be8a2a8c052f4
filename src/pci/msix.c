/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/msix.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"

/* Power-on (PCIe 6.0 §7.7.2.9): all masked. Messages are undefined; 0 is what most hardware has. */
static void fresh_entries(struct msix *msix)
{
	memset(msix->entry, 0, msix->n * sizeof(*msix->entry));
	for (unsigned i = 0; i < msix->n; i++)
		msix->entry[i][PCI_MSIX_ENTRY_VECTOR_CTRL] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

int msix_init(struct msix *msix, unsigned n, struct irqs *irqs, const struct msix_source *source,
	      void *ctx)
{
	memset(msix, 0, sizeof(*msix));
	int e = vectors_init(&msix->vectors, n, irqs, source, ctx);
	if (e)
		return e;
	msix->entry = calloc(n, sizeof(*msix->entry));
	if (!msix->entry) {
		vectors_fini(&msix->vectors);
		return -ENOMEM;
	}
	msix->n = n;
	pthread_mutex_init(&msix->lock, NULL);
	fresh_entries(msix);
	return 0;
}

void msix_fini(struct msix *msix)
{
	if (!msix->n)
		return;
	msix_reset(msix);
	vectors_fini(&msix->vectors);
	free(msix->entry);
	pthread_mutex_destroy(&msix->lock);
	memset(msix, 0, sizeof(*msix));
}

void msix_reset(struct msix *msix)
{
	if (!msix->n)
		return;
	pthread_mutex_lock(&msix->lock);
	vectors_stop(&msix->vectors);
	msix->enabled = msix->function_masked = false;
	fresh_entries(msix);
	pthread_mutex_unlock(&msix->lock);
}

/* What the entry and the control bits make of a vector. Once it was used it stays latched. */
static void judge(struct msix *msix, unsigned i)
{
	const uint8_t *entry = msix->entry[i];
	struct vector *v = &msix->vectors.at[i];
	v->msg = (struct msi_msg){
		.address = le64_get(entry + PCI_MSIX_ENTRY_LOWER_ADDR),
		.data = le32_get(entry + PCI_MSIX_ENTRY_DATA),
	};
	bool masked = msix->function_masked ||
		      entry[PCI_MSIX_ENTRY_VECTOR_CTRL] & PCI_MSIX_ENTRY_CTRL_MASKBIT;
	if (!masked && vector_deliverable(&v->msg))
		v->want = VECTOR_WIRED;
	else
		v->want = v->event_fd >= 0 ? VECTOR_LATCHED : VECTOR_IDLE;
}

void msix_control(struct msix *msix, uint16_t control)
{
	if (!msix->n)
		return;
	bool enable = control & PCI_MSIX_FLAGS_ENABLE, mask = control & PCI_MSIX_FLAGS_MASKALL;
	pthread_mutex_lock(&msix->lock);
	bool changed = enable != msix->enabled || mask != msix->function_masked;
	msix->enabled = enable;
	msix->function_masked = mask;
	if (changed && enable) {
		for (unsigned i = 0; i < msix->n; i++)
			judge(msix, i);
		vectors_sync(&msix->vectors, 0, msix->n);
	} else if (changed) {
		vectors_stop(&msix->vectors);
	}
	pthread_mutex_unlock(&msix->lock);
}

/* --- the table --- */

static bool legal(const struct msix *msix, uint64_t off, unsigned size)
{
	return (size == 4 || size == 8) && off % size == 0 &&
	       inside(off, size, (uint64_t)msix->n * MSIX_ENTRY_SIZE);
}

uint64_t msix_table_read(void *ctx, uint64_t off, unsigned size)
{
	struct msix *msix = ctx;
	if (!legal(msix, off, size))
		return all_ones(size);
	pthread_mutex_lock(&msix->lock);
	uint64_t value = le_get(msix->entry[off / MSIX_ENTRY_SIZE] + off % MSIX_ENTRY_SIZE, size);
	pthread_mutex_unlock(&msix->lock);
	return value;
}

void msix_table_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct msix *msix = ctx;
	if (!legal(msix, off, size))
		return;
	unsigned i = (unsigned)(off / MSIX_ENTRY_SIZE);
	pthread_mutex_lock(&msix->lock);
	uint8_t *entry = msix->entry[i];
	uint32_t was = le32_get(entry + PCI_MSIX_ENTRY_VECTOR_CTRL);
	le_put(entry + off % MSIX_ENTRY_SIZE, size, value);
	uint32_t ctrl = le32_get(entry + PCI_MSIX_ENTRY_VECTOR_CTRL) & PCI_MSIX_ENTRY_CTRL_MASKBIT;
	le_put(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, ctrl); /* the other bits are reserved */
	msix->slow_masks += ctrl != was;
	if (msix->enabled) {
		judge(msix, i);
		vectors_sync(&msix->vectors, i, 1);
	}
	pthread_mutex_unlock(&msix->lock);
}

/* Pending bits are read only: they follow the eventfds. */
uint64_t msix_pba_read(void *ctx, uint64_t off, unsigned size)
{
	struct msix *msix = ctx;
	uint64_t bytes = align_up(msix->n, 64) / 8;
	if ((size != 4 && size != 8) || off % size || !inside(off, size, bytes))
		return all_ones(size);
	pthread_mutex_lock(&msix->lock);
	uint64_t pending = vectors_pending(&msix->vectors, (unsigned)(off / 8) * 64);
	pthread_mutex_unlock(&msix->lock);
	return (pending >> off % 8 * 8) & all_ones(size);
}
