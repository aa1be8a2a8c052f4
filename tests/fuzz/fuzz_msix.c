/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
/* A guest at its MSI-X table and MSI capability, with a device that signals and calls that fail. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fake/fake_irq.h"
#include "pci/msi.h"
#include "pci/msix.h"

#define CAP 0x60

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

struct device {
	unsigned n;
	int fds[VECTORS_MAX];
	int fail;
};

static struct irqs irqs;
static struct msix msix;
static struct msi msi;
static struct pci_func func;
static struct device msix_device, msi_device;

static void require(bool ok)
{
	if (!ok)
		abort();
}

static uint64_t take(struct input *in, unsigned size)
{
	uint64_t v = 0;
	unsigned n = size < in->left ? size : (unsigned)in->left;
	memcpy(&v, in->at, n);
	in->at += n;
	in->left -= n;
	return v;
}

static int enable(void *ctx, const int *event_fds, unsigned n, unsigned changed)
{
	struct device *d = ctx;
	require(n >= 1 && n >= d->n && n <= VECTORS_MAX);
	require(changed == VECTORS_MANY || changed < n);
	if (d->fail)
		return d->fail;
	d->n = n;
	memcpy(d->fds, event_fds, n * sizeof(*event_fds));
	return 0;
}

static void disable(void *ctx)
{
	struct device *d = ctx;
	require(d->n > 0);
	d->n = 0;
}

static const struct msix_source source = { enable, disable };

static uint32_t read_device(struct pci_func *f, unsigned off, unsigned size)
{
	(void)f;
	(void)size;
	return msi_pending(&msi) >> off % 4 * 8;
}

static void wrote(struct pci_func *f, unsigned off, unsigned size)
{
	(void)f;
	(void)off;
	(void)size;
	msi_wrote(&msi);
}

static const struct pci_func_ops ops = { .read_device = read_device, .wrote = wrote };

static void check_msix(void)
{
	for (unsigned i = 0; i < msix.n; i++) {
		const struct vector *v = &msix.vectors.at[i];
		bool open = msix.enabled && !msix.function_masked && !(msix.entry[i][12] & 1);
		require(open || !v->wired);
		require(!v->wired || (v->event_fd >= 0 && v->gsi >= 0 && v->routed));
		require(msix.enabled || (v->event_fd < 0 && v->gsi < 0));
	}
	/* What the device signals is open; a descriptor it no longer has is not signalled. */
	for (unsigned i = 0; i < msix_device.n; i++)
		require(msix_device.fds[i] < 0 ||
			msix_device.fds[i] == msix.vectors.at[i].event_fd);
}

static void signal_one(const struct device *d, unsigned i)
{
	if (d->n && d->fds[i % d->n] >= 0)
		fake_irq_signal(d->fds[i % d->n]);
}

static void table_write(struct input *in, uint8_t op)
{
	uint64_t off = take(in, 1) % (msix.n + 1) * MSIX_ENTRY_SIZE + (op >> 5) * 2;
	unsigned size = 1u << (op >> 3 & 3);
	uint64_t value = take(in, 1);
	if (op & 0x80) /* often a message that is an interrupt */
		value = 0xfee00000 | value << 12;
	msix_table_write(&msix, off, size, value);
}

static void fail_calls(uint64_t which)
{
	fake_irq.fail_alloc = which & 1 ? -28 : 0;
	fake_irq.fail_commit = which & 2 ? -12 : 0;
	fake_irq.fail_wire = which & 4 ? -16 : 0;
	fake_irq.fail_unwire = which & 8 ? -5 : 0;
	msix_device.fail = which & 16 ? -22 : 0;
	msi_device.fail = which & 32 ? -28 : 0;
}

static void step(struct input *in)
{
	uint8_t op = (uint8_t)take(in, 1);
	switch (op & 7) {
	case 0:
	case 1:
		table_write(in, op);
		break;
	case 2:
		msix_control(&msix, (uint16_t)(op << 8));
		break;
	case 3:
		msix_pba_read(&msix, take(in, 1), 1u << (op >> 3 & 3));
		msix_table_read(&msix, take(in, 2), 1u << (op >> 5 & 3));
		break;
	case 4:
		signal_one(op & 8 ? &msi_device : &msix_device, op >> 4);
		break;
	case 5:
		fail_calls(op & 0x40 ? 0 : take(in, 1));
		break;
	default:
		pci_cfg_write(&func, CAP + (op >> 3 & 0x1c), 4, (uint32_t)take(in, 4));
		pci_cfg_read(&func, CAP + (op >> 3 & 0x1f), 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned shape = (unsigned)take(&in, 1);
	log_set_level((enum log_level) - 1);
	fake_irq_init();
	memset(&msix_device, 0, sizeof(msix_device));
	memset(&msi_device, 0, sizeof(msi_device));
	pci_func_init(&func, &ops, PCI_CFG_SIZE);
	require(!msix_init(&msix, 1 + shape % 70, &irqs, &source, &msix_device));
	require(!msi_init(&msi, &func, CAP, 1u << shape % 6, shape & 64, shape & 128, &irqs,
			  &source, &msi_device));
	for (unsigned i = 0; in.left && i < 400; i++) {
		step(&in);
		check_msix();
		require(fake_irq.in_use <= msix.n + msi.max && fake_irq.wired <= fake_irq.in_use);
	}
	msix_fini(&msix);
	msi_fini(&msi);
	require(!fake_irq.in_use && !fake_irq.wired);
	return 0;
}
