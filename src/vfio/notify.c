/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two eventfds on the main loop: the host saw an uncorrectable error of the device (AER), or wants
 * it back (its driver is being unbound, the slot ejected).
 */
#include <errno.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

static void error_ready(void *ctx, uint32_t events)
{
	struct vfio_pci *vfio = ctx;
	(void)events;
	vfio_eventfd_drain(vfio->notify.err.fd);
	if (vfio->notify.on_error)
		vfio->notify.on_error(vfio->notify.ctx, vfio);
}

static void request_ready(void *ctx, uint32_t events)
{
	struct vfio_pci *vfio = ctx;
	(void)events;
	vfio_eventfd_drain(vfio->notify.req.fd);
	if (vfio->notify.on_unplug)
		vfio->notify.on_unplug(vfio->notify.ctx, vfio);
}

/* 0 also for a device without it: conventional PCI has no error reporting to pass on. */
static int watch(int device_fd, uint32_t index, struct loop *loop, struct loop_fd *at)
{
	struct vfio_irq_info info;
	at->fd = -1;
	if (vfio_irq_info(device_fd, index, &info) < 0 || !info.count ||
	    !(info.flags & VFIO_IRQ_INFO_EVENTFD))
		return 0;
	autoclose int fd = vfio_eventfd();
	if (fd < 0)
		return fd;
	int r = vfio_irqs_trigger(device_fd, index, 0, 1, &fd);
	if (r < 0)
		return r;
	at->fd = fd;
	r = loop_add(loop, at, EPOLLIN);
	if (r < 0) {
		vfio_irqs_disable(device_fd, index);
		at->fd = -1;
		return r;
	}
	take_fd(&fd);
	return 0;
}

static void unwatch(int device_fd, uint32_t index, struct loop *loop, struct loop_fd *at)
{
	if (!loop || at->fd < 0)
		return;
	loop_remove(loop, at);
	vfio_irqs_disable(device_fd, index);
	close_fd(&at->fd);
}

int vfio_request_watch(int device_fd, struct loop *loop, struct loop_fd *at)
{
	return watch(device_fd, VFIO_PCI_REQ_IRQ_INDEX, loop, at);
}

void vfio_request_unwatch(int device_fd, struct loop *loop, struct loop_fd *at)
{
	unwatch(device_fd, VFIO_PCI_REQ_IRQ_INDEX, loop, at);
}

void vfio_notify_stop(struct vfio_pci *vfio)
{
	unwatch(vfio->fd, VFIO_PCI_ERR_IRQ_INDEX, vfio->notify.loop, &vfio->notify.err);
	unwatch(vfio->fd, VFIO_PCI_REQ_IRQ_INDEX, vfio->notify.loop, &vfio->notify.req);
	vfio->notify.loop = NULL;
}

int vfio_pci_notify(struct vfio_pci *vfio, struct loop *loop, struct err *err)
{
	vfio_notify_stop(vfio);
	vfio->notify.loop = loop;
	vfio->notify.err = (struct loop_fd){ .fd = -1, .ready = error_ready, .ctx = vfio };
	vfio->notify.req = (struct loop_fd){ .fd = -1, .ready = request_ready, .ctx = vfio };
	int r = watch(vfio->fd, VFIO_PCI_ERR_IRQ_INDEX, loop, &vfio->notify.err);
	if (r < 0)
		err_errno(err, r, "%s: watching for device errors", vfio->name.s);
	else if ((r = watch(vfio->fd, VFIO_PCI_REQ_IRQ_INDEX, loop, &vfio->notify.req)) < 0)
		err_errno(err, r, "%s: watching for unplug requests", vfio->name.s);
	if (r < 0)
		vfio_notify_stop(vfio);
	return r;
}
