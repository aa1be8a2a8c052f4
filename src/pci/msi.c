/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/msi.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/bytes.h"

/* Offsets in the capability, which depend on its two options. */
static unsigned data_off(bool addr64)
{
	return addr64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32;
}

static unsigned mask_off(bool addr64)
{
	return addr64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32;
}

unsigned msi_pending_off(bool per_vector_mask, bool addr64)
{
	if (!per_vector_mask)
		return 0;
	return addr64 ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32;
}

unsigned msi_cap_len(bool per_vector_mask, bool addr64)
{
	return per_vector_mask ? msi_pending_off(true, addr64) + 4 : data_off(addr64) + 2;
}

static unsigned log2_of(unsigned pow2)
{
	return (unsigned)__builtin_ctz(pow2);
}

static void set_registers(struct msi *msi)
{
	struct pci_func *func = msi->func;
	unsigned at = msi->off, data = at + data_off(msi->addr64);
	unsigned mask = at + mask_off(msi->addr64);
	uint32_t flags = log2_of(msi->max) << 1;
	flags |= msi->addr64 ? PCI_MSI_FLAGS_64BIT : 0;
	flags |= msi->per_vector_mask ? PCI_MSI_FLAGS_MASKBIT : 0;
	pci_cfg_set(func, at + PCI_MSI_FLAGS, 2, flags);
	pci_cfg_writable(func, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	pci_cfg_set(func, at + PCI_MSI_ADDRESS_LO, 4, 0);
	pci_cfg_writable(func, at + PCI_MSI_ADDRESS_LO, 4, 0xfffffffc);
	if (msi->addr64) {
		pci_cfg_set(func, at + PCI_MSI_ADDRESS_HI, 4, 0);
		pci_cfg_writable(func, at + PCI_MSI_ADDRESS_HI, 4, 0xffffffff);
	}
	pci_cfg_set(func, data, 2, 0);
	pci_cfg_writable(func, data, 2, 0xffff);
	if (!msi->per_vector_mask)
		return;
	pci_cfg_set(func, data + 2, 2, 0); /* extended message data: not offered */
	pci_cfg_set(func, mask, 4, 0);
	pci_cfg_writable(func, mask, 4, (uint32_t)((UINT64_C(1) << msi->max) - 1));
	pci_cfg_device(func, at + msi_pending_off(true, msi->addr64), 4, UINT32_MAX);
}

int msi_init(struct msi *msi, struct pci_func *func, unsigned off, unsigned max,
	     bool per_vector_mask, bool addr64, struct irqs *irqs, const struct msix_source *source,
	     void *ctx)
{
	memset(msi, 0, sizeof(*msi));
	if (!is_pow2(max) || max > MSI_MAX_VECTORS)
		return -EINVAL;
	int e = vectors_init(&msi->vectors, max, irqs, source, ctx);
	if (!e)
		e = pci_cfg_add_cap(func, PCI_CAP_ID_MSI, off,
				    msi_cap_len(per_vector_mask, addr64));
	if (e) {
		vectors_fini(&msi->vectors);
		return e;
	}
	msi->func = func;
	msi->off = off;
	msi->max = max;
	msi->per_vector_mask = per_vector_mask;
	msi->addr64 = addr64;
	pthread_mutex_init(&msi->lock, NULL);
	set_registers(msi);
	return 0;
}

void msi_fini(struct msi *msi)
{
	if (!msi->max)
		return;
	vectors_fini(&msi->vectors);
	pthread_mutex_destroy(&msi->lock);
	memset(msi, 0, sizeof(*msi));
}

static void stop(struct msi *msi)
{
	vectors_stop(&msi->vectors);
	msi->n_live = 0;
}

void msi_reset(struct msi *msi)
{
	if (!msi->max)
		return;
	pthread_mutex_lock(&msi->lock);
	stop(msi);
	pthread_mutex_unlock(&msi->lock);
}

/* --- what the guest programmed --- */

static const uint8_t *reg(const struct msi *msi, unsigned off)
{
	return msi->func->val + msi->off + off;
}

/* Vectors in use now, 0 = disabled; more than the capability offers is taken as all it offers. */
static unsigned enabled_vectors(const struct msi *msi)
{
	uint16_t flags = le16_get(reg(msi, PCI_MSI_FLAGS));
	unsigned log2 = (flags & PCI_MSI_FLAGS_QSIZE) >> 4;
	if (!(flags & PCI_MSI_FLAGS_ENABLE))
		return 0;
	return (unsigned)min_u64(UINT64_C(1) << log2, msi->max);
}

/* Vector i replaces the low bits of the message data (PCIe 6.0 §6.1.4.2). */
static struct msi_msg message(const struct msi *msi, unsigned i, unsigned n)
{
	struct msi_msg msg = { .address = le32_get(reg(msi, PCI_MSI_ADDRESS_LO)) };
	if (msi->addr64)
		msg.address |= (uint64_t)le32_get(reg(msi, PCI_MSI_ADDRESS_HI)) << 32;
	msg.data = (le16_get(reg(msi, data_off(msi->addr64))) & ~(n - 1)) | i;
	return msg;
}

static void judge(struct msi *msi, unsigned n)
{
	uint32_t masked = msi->per_vector_mask ? le32_get(reg(msi, mask_off(msi->addr64))) : 0;
	for (unsigned i = 0; i < n; i++) {
		struct vector *v = &msi->vectors.at[i];
		v->msg = message(msi, i, n);
		bool wired = !(masked & UINT32_C(1) << i) && vector_deliverable(&v->msg);
		v->want = wired ? VECTOR_WIRED : VECTOR_LATCHED;
	}
}

void msi_wrote(struct msi *msi)
{
	if (!msi->max)
		return;
	pthread_mutex_lock(&msi->lock);
	unsigned n = enabled_vectors(msi);
	if (msi->n_live && n != msi->n_live)
		stop(msi); /* the kernel cannot resize an MSI block that is enabled */
	if (n) {
		judge(msi, n);
		vectors_sync(&msi->vectors, 0, n);
		msi->n_live = n;
	}
	pthread_mutex_unlock(&msi->lock);
}

uint32_t msi_pending(struct msi *msi)
{
	if (!msi->max)
		return 0;
	pthread_mutex_lock(&msi->lock);
	uint32_t pending = (uint32_t)vectors_pending(&msi->vectors, 0);
	pthread_mutex_unlock(&msi->lock);
	return pending;
}
