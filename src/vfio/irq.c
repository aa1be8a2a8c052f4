/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel is told of the device's interrupts. MSI and MSI-X vectors are eventfds that
 * pci/vector.c wires to GSIs; INTx is an eventfd wired to an IOAPIC pin with a second one that the
 * guest's EOI signals, so that the kernel unmasks the line by itself. One kind is active at a time:
 * starting one stops the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

int vfio_irqs_read(struct vfio_pci *vfio, struct vfio_irq_counts *ret, struct err *err)
{
	static const char *const names[] = { "INTx", "MSI", "MSI-X" };
	unsigned count[ARRAY_LEN(names)] = { 0 };
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		struct vfio_irq_info info;
		int r = vfio_irq_info(vfio->fd, i, &info);
		if (r < 0)
			return err_errno(err, r, "%s: VFIO_DEVICE_GET_IRQ_INFO of %s", vfio->name.s,
					 names[i]);
		count[i] = info.flags & VFIO_IRQ_INFO_EVENTFD ? info.count : 0;
		if (i == VFIO_PCI_MSIX_IRQ_INDEX)
			vfio->msix_dynamic = !(info.flags & VFIO_IRQ_INFO_NORESIZE);
	}
	ret->intx = count[VFIO_PCI_INTX_IRQ_INDEX];
	ret->msi = count[VFIO_PCI_MSI_IRQ_INDEX];
	ret->msix = count[VFIO_PCI_MSIX_IRQ_INDEX];
	return 0;
}

int *vfio_no_fds(unsigned n)
{
	int *fds = malloc(n * sizeof(*fds));
	if (fds)
		memset(fds, 0xff, n * sizeof(*fds)); /* -1 */
	return fds;
}

/* --- one kind at a time; irq_lock held --- */

static void stop_kind(struct vfio_pci *vfio)
{
	static const uint32_t index[] = {
		[VFIO_IRQ_INTX] = VFIO_PCI_INTX_IRQ_INDEX,
		[VFIO_IRQ_MSI] = VFIO_PCI_MSI_IRQ_INDEX,
		[VFIO_IRQ_MSIX] = VFIO_PCI_MSIX_IRQ_INDEX,
	};
	if (vfio->irq_kind == VFIO_IRQ_OFF)
		return;
	int r = vfio_irqs_disable(vfio->fd, index[vfio->irq_kind]);
	if (r < 0)
		log_warn("%s: switching interrupts off: %s", vfio->name.s, strerror(-r));
	if (vfio->irq_kind == VFIO_IRQ_MSIX) {
		vfio->msix_live = 0;
		memset(vfio->msix_given, 0xff, vfio->msix.n * sizeof(*vfio->msix_given));
	}
	vfio->irq_kind = VFIO_IRQ_OFF;
}

/* INTx stays wired to its pin while MSI is in use: only the kernel's side is switched. */
static void start_intx(struct vfio_pci *vfio)
{
	if (!vfio->intx.wired || vfio->irq_kind != VFIO_IRQ_OFF)
		return;
	int r = vfio_irqs_trigger(vfio->fd, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &vfio->intx.event_fd);
	if (r == 0) {
		vfio->irq_kind = VFIO_IRQ_INTX;
		r = vfio_irqs_unmask_by(vfio->fd, VFIO_PCI_INTX_IRQ_INDEX, vfio->intx.unmask_fd);
		if (r < 0)
			stop_kind(vfio);
	}
	if (r < 0)
		log_warn("%s: INTx could not be enabled: %s%s", vfio->name.s, strerror(-r),
			 r == -EBUSY ? "; its host interrupt line is shared with another device"
				     : "");
}

/* --- MSI-X --- */

/* The first time: with NORESIZE all vectors at once, because the kernel takes no more later. */
static int start_msix(struct vfio_pci *vfio, const int *event_fds, unsigned n)
{
	unsigned want = vfio->msix_dynamic ? n : vfio->msix.n;
	memcpy(vfio->msix_given, event_fds, n * sizeof(*event_fds));
	int r = vfio_irqs_trigger(vfio->fd, VFIO_PCI_MSIX_IRQ_INDEX, 0, want, vfio->msix_given);
	if (r > 0 && (unsigned)r < want) {
		log_warn("%s: the host has %d of %u MSI-X vectors to give", vfio->name.s, r, want);
		want = (unsigned)r;
		r = vfio_irqs_trigger(vfio->fd, VFIO_PCI_MSIX_IRQ_INDEX, 0, want, vfio->msix_given);
	}
	if (r) {
		memset(vfio->msix_given, 0xff, vfio->msix.n * sizeof(*vfio->msix_given));
		return r < 0 ? r : -ENOSPC;
	}
	for (unsigned i = want; i < n; i++)
		vfio->msix_given[i] = -1;
	vfio->irq_kind = VFIO_IRQ_MSIX;
	vfio->msix_live = want;
	return want < n ? -ENOSPC : 0;
}

/* Hands over the runs of vectors whose eventfd the kernel does not have yet. */
static int grow_msix(struct vfio_pci *vfio, const int *event_fds, unsigned n)
{
	if (n > vfio->msix_live && !vfio->msix_dynamic)
		return -ENOSPC;
	for (unsigned i = 0; i < n;) {
		unsigned run = i;
		while (run < n && event_fds[run] != vfio->msix_given[run])
			run++;
		if (run == i) {
			i++;
			continue;
		}
		int r = vfio_irqs_trigger(vfio->fd, VFIO_PCI_MSIX_IRQ_INDEX, i, run - i,
					  event_fds + i);
		if (r)
			return r < 0 ? r : -ENOSPC;
		memcpy(vfio->msix_given + i, event_fds + i, (run - i) * sizeof(*event_fds));
		i = run;
	}
	if (n > vfio->msix_live)
		vfio->msix_live = n;
	return 0;
}

static int msix_enable(void *ctx, const int *event_fds, unsigned n, unsigned changed)
{
	struct vfio_pci *vfio = ctx;
	(void)changed; /* msix_given says it for several vectors too, and after a failure */
	if (!n || n > vfio->msix.n)
		return -EINVAL;
	pthread_mutex_lock(&vfio->irq_lock);
	if (vfio->irq_kind != VFIO_IRQ_MSIX)
		stop_kind(vfio);
	int r = vfio->msix_live ? grow_msix(vfio, event_fds, n) : start_msix(vfio, event_fds, n);
	pthread_mutex_unlock(&vfio->irq_lock);
	return r;
}

static void msix_disable(void *ctx)
{
	struct vfio_pci *vfio = ctx;
	pthread_mutex_lock(&vfio->irq_lock);
	if (vfio->irq_kind == VFIO_IRQ_MSIX) {
		stop_kind(vfio);
		start_intx(vfio);
	}
	pthread_mutex_unlock(&vfio->irq_lock);
}

const struct msix_source vfio_msix_source = { .enable = msix_enable, .disable = msix_disable };

/* --- MSI: always the whole block (SET_IRQS has NORESIZE for it) --- */

static int start_msi(struct vfio_pci *vfio, const int *event_fds, unsigned n)
{
	int r = vfio_irqs_trigger(vfio->fd, VFIO_PCI_MSI_IRQ_INDEX, 0, n, event_fds);
	if (r > 0 && (unsigned)r < n) {
		log_warn("%s: the host has %d of %u MSI vectors to give", vfio->name.s, r, n);
		r = vfio_irqs_trigger(vfio->fd, VFIO_PCI_MSI_IRQ_INDEX, 0, (unsigned)r, event_fds);
	}
	if (r == 0)
		vfio->irq_kind = VFIO_IRQ_MSI;
	return r <= 0 ? r : -ENOSPC;
}

static int msi_enable(void *ctx, const int *event_fds, unsigned n, unsigned changed)
{
	struct vfio_pci *vfio = ctx;
	(void)changed;
	if (!n || n > MSI_MAX_VECTORS)
		return -EINVAL;
	pthread_mutex_lock(&vfio->irq_lock);
	stop_kind(vfio);
	int r = start_msi(vfio, event_fds, n);
	pthread_mutex_unlock(&vfio->irq_lock);
	return r;
}

static void msi_disable(void *ctx)
{
	struct vfio_pci *vfio = ctx;
	pthread_mutex_lock(&vfio->irq_lock);
	if (vfio->irq_kind == VFIO_IRQ_MSI) {
		stop_kind(vfio);
		start_intx(vfio);
	}
	pthread_mutex_unlock(&vfio->irq_lock);
}

const struct msix_source vfio_msi_source = { .enable = msi_enable, .disable = msi_disable };

/* --- INTx --- */

static int make_event_fds(struct vfio_pci *vfio)
{
	if (vfio->intx.event_fd < 0)
		vfio->intx.event_fd = vfio_eventfd();
	if (vfio->intx.event_fd < 0)
		return vfio->intx.event_fd;
	if (vfio->intx.unmask_fd < 0)
		vfio->intx.unmask_fd = vfio_eventfd();
	return vfio->intx.unmask_fd < 0 ? vfio->intx.unmask_fd : 0;
}

/* The irqfd first: what the device raises from the moment it is enabled must find its way. */
static void wire_intx(struct vfio_pci *vfio)
{
	int r = make_event_fds(vfio);
	if (r == 0)
		r = irq_wire(vfio->irqs, vfio->intx.event_fd, (int)vfio->intx.gsi,
			     vfio->intx.unmask_fd);
	if (r < 0)
		log_warn("%s: INTx could not be wired to GSI %u: %s", vfio->name.s, vfio->intx.gsi,
			 strerror(-r));
	vfio->intx.wired = r == 0;
}

static void unwire_intx(struct vfio_pci *vfio)
{
	if (vfio->irq_kind == VFIO_IRQ_INTX)
		stop_kind(vfio);
	if (!vfio->intx.wired)
		return;
	irq_unwire(vfio->irqs, vfio->intx.event_fd, (int)vfio->intx.gsi);
	vfio->intx.wired = false;
	/* What was under way belongs to the past of the device. */
	vfio_eventfd_drain(vfio->intx.event_fd);
	vfio_eventfd_drain(vfio->intx.unmask_fd);
}

void vfio_intx_arm(struct vfio_pci *vfio)
{
	if (!vfio->intx.pin || !vfio->intx.gsi || vfio->intx.armed)
		return;
	pthread_mutex_lock(&vfio->irq_lock);
	vfio->intx.armed = true;
	wire_intx(vfio);
	start_intx(vfio);
	pthread_mutex_unlock(&vfio->irq_lock);
}

int vfio_pci_route_intx(struct vfio_pci *vfio, unsigned gsi, struct err *err)
{
	if (!vfio->intx.pin)
		return 0;
	if (gsi < GSI_PCI_FIRST || gsi >= IOAPIC_PINS)
		return err_set(err, -EINVAL, "%s: INTx cannot be routed to GSI %u", vfio->name.s,
			       gsi);
	pthread_mutex_lock(&vfio->irq_lock);
	unwire_intx(vfio);
	vfio->intx.gsi = gsi;
	if (vfio->intx.armed) {
		wire_intx(vfio);
		start_intx(vfio);
	}
	pthread_mutex_unlock(&vfio->irq_lock);
	return 0;
}

/* --- all of it --- */

void vfio_irqs_stop(struct vfio_pci *vfio)
{
	if (!vfio->locks_made)
		return;
	/* Not armed first, or the end of MSI would bring INTx back for a moment. */
	pthread_mutex_lock(&vfio->irq_lock);
	vfio->intx.armed = false;
	unwire_intx(vfio);
	pthread_mutex_unlock(&vfio->irq_lock);
	if (vfio->msix.n)
		msix_reset(&vfio->msix);
	if (vfio->msi.max)
		msi_reset(&vfio->msi);
}

void vfio_irqs_fini(struct vfio_pci *vfio)
{
	vfio_irqs_stop(vfio);
	msix_fini(&vfio->msix);
	msi_fini(&vfio->msi);
	free(vfio->msix_given);
	vfio->msix_given = NULL;
	close_fd(&vfio->intx.event_fd);
	close_fd(&vfio->intx.unmask_fd);
}
