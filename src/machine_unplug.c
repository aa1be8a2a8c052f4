/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device leaves a running guest: the host takes it back (its driver is being unbound, its slot
 * ejected, its PF removed), or it reported an error that nobody should compute on with. The guest
 * and its other devices run on.
 *
 * The fast part happens here and now with the vCPUs paused: off the bus, off the address space,
 * the guest told by its root port. Closing the VFIO fd is what the kernel's unbind waits for, and
 * may itself wait for a device that is dead: a thread does it, and a timer watches over both.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/pci_path.h"
#include "machine.h"

#define LOOK_MS 100
#define CLOSE_MS 10000 /* then somebody is told who is to blame */
#define LEAVE_MS 60000 /* what is on the host after that was only unbound, and stays */

struct departure {
	struct machine *machine;
	struct departure *next;
	struct bdf bdf;
	int fd;     /* the VFIO device; the thread's until `closed` */
	int sys_fd; /* its directory in sysfs: of this device, whatever comes to its address; -1 */
	pthread_t thread;
	atomic_bool closed;
	bool told;
	uint64_t since_ms;
	struct loop_timer timer;
};

/* --- after the guest's part is done --- */

static int open_sys(const struct machine *m, struct bdf bdf)
{
	return openat(m->host->sys, pci_path(bdf, "").s, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* An attribute below a directory that the kernel has removed is not found any more. */
static bool has_left(const struct departure *d)
{
	return d->sys_fd < 0 || faccessat(d->sys_fd, "vendor", F_OK, 0);
}

static void forget(struct departure *d)
{
	struct departure **at = &d->machine->departures;
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	loop_timer_cancel(d->machine->loop, &d->timer);
	close_fd(&d->sys_fd);
	free(d);
}

static void left(struct departure *d)
{
	struct machine *m = d->machine;
	log_info("%s: has left the host", bdf_text(d->bdf).s);
	if (m->on_left)
		m->on_left(m->on_left_ctx, d->bdf);
}

static void complain(struct departure *d)
{
	d->told = true;
	log_error("%s: the kernel has not closed it for %u s, and whoever removes it waits: see "
		  "the kernel log and /proc/%ld/task/*/stack",
		  bdf_text(d->bdf).s, CLOSE_MS / 1000, (long)getpid());
}

static void look(void *ctx)
{
	struct departure *d = ctx;
	uint64_t waited = d->machine->loop->now_ms() - d->since_ms;
	bool closed = atomic_load(&d->closed), gone = closed && has_left(d);
	if (!closed && waited >= CLOSE_MS && !d->told)
		complain(d);
	if (!gone && (!closed || waited < LEAVE_MS)) {
		loop_timer_arm(d->machine->loop, &d->timer, LOOK_MS);
		return;
	}
	pthread_join(d->thread, NULL);
	if (gone)
		left(d);
	else
		log_info("%s: is still on the host; it is given back at the end",
			 bdf_text(d->bdf).s);
	forget(d);
}

/* Not one instruction more than needed: if close never returns, neither does this. */
static void *close_device(void *ctx)
{
	struct departure *d = ctx;
	close_fd(&d->fd);
	atomic_store(&d->closed, true);
	return NULL;
}

static void depart(struct machine *m, struct bdf bdf, int fd, int sys_fd)
{
	struct departure *d = calloc(1, sizeof(*d));
	if (d)
		*d = (struct departure){ .machine = m,
					 .next = m->departures,
					 .bdf = bdf,
					 .fd = fd,
					 .sys_fd = sys_fd,
					 .since_ms = m->loop->now_ms() };
	if (!d || pthread_create(&d->thread, NULL, close_device, d)) {
		close_fd(&fd);
		close_fd(&sys_fd);
		free(d);
		return;
	}
	d->timer = (struct loop_timer){ .expired = look, .ctx = d };
	m->departures = d;
	loop_timer_arm(m->loop, &d->timer, LOOK_MS);
}

/* A thread that the kernel holds keeps its departure: it may still wake up and write there. */
void machine_departures_end(struct machine *m)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_MS / 1000;
	while (m->departures) {
		struct departure *d = m->departures;
		if (!pthread_timedjoin_np(d->thread, NULL, &until)) {
			if (has_left(d))
				left(d);
			forget(d);
			continue;
		}
		if (!d->told)
			complain(d);
		loop_timer_cancel(m->loop, &d->timer);
		pthread_detach(d->thread);
		m->departures = d->next;
	}
}

/* --- the guest's part --- */

static void leave_bus(struct vfio_pci *vfio)
{
	struct err err = { 0 };
	struct pci_bus *bus = vfio->func.bus;
	pthread_mutex_lock(&vfio->root->lock);
	if (pci_bus_remove(vfio->root, &vfio->func, &err))
		log_warn("%s: taking it out of the guest's address space: %s", vfio->name.s,
			 err.text);
	if (bus->bridge && !bus->funcs)
		pci_port_empty(bus->bridge->port);
	pthread_mutex_unlock(&vfio->root->lock);
}

static void forget_reset(struct machine *m, const struct vfio_pci *vfio)
{
	unsigned n = 0;
	for (unsigned i = 0; i < m->n_device_set; i++)
		if (m->device_set[i] != vfio)
			m->device_set[n++] = m->device_set[i];
	m->n_device_set = n;
}

void machine_detach(struct machine *m, struct vfio_pci *vfio)
{
	if (vfio->gone)
		return;
	int sys_fd = open_sys(m, vfio->dev->bdf);
	bool ran = machine_pause(m);
	leave_bus(vfio);
	int fd = vfio_pci_release(vfio);
	forget_reset(m, vfio);
	machine_resume(m, ran);
	depart(m, vfio->dev->bdf, fd, sys_fd);
	log_warn("%s: detached; the guest, which had it as %s, runs on without it", vfio->name.s,
		 bdf_text(vfio->func.bdf).s);
}

/* --- what the kernel says of devices --- */

static void device_error(void *ctx, struct vfio_pci *vfio)
{
	log_error("%s: the host saw an uncorrectable error of this device (AER; the kernel log has "
		  "its registers): nothing it says can be relied on until it is reset",
		  vfio->name.s);
	machine_detach(ctx, vfio);
}

static void device_request(void *ctx, struct vfio_pci *vfio)
{
	log_warn("%s: the host takes the device back (removed, or unbound from vfio-pci)",
		 vfio->name.s);
	machine_detach(ctx, vfio);
}

int machine_watch_device(struct machine *m, struct vfio_pci *vfio, struct err *err)
{
	vfio->notify.on_error = device_error;
	vfio->notify.on_unplug = device_request;
	vfio->notify.ctx = m;
	return vfio_pci_notify(vfio, m->loop, err);
}

/* The guest never had it: it is only let go. */
static void held_request(void *ctx, uint32_t events)
{
	struct held_device *held = ctx;
	struct machine *m = held->machine;
	(void)events;
	log_warn("%s: the host takes the device back; the guest did not have it",
		 bdf_text(held->dev->bdf).s);
	int sys_fd = open_sys(m, held->dev->bdf);
	depart(m, held->dev->bdf, machine_unhold(m, held), sys_fd);
}

int machine_watch_held(struct machine *m, struct held_device *held, struct err *err)
{
	held->machine = m;
	held->request = (struct loop_fd){ .fd = -1, .ready = held_request, .ctx = held };
	int r = vfio_request_watch(held->fd, m->loop, &held->request);
	return r ? err_errno(err, r, "%s: watching for unplug requests", bdf_text(held->dev->bdf).s)
		 : 0;
}

int machine_unhold(struct machine *m, struct held_device *held)
{
	if (held->fd < 0)
		return -1;
	vfio_request_unwatch(held->fd, m->loop, &held->request);
	pthread_mutex_lock(&m->root.lock);
	iommu_detach(&m->iommu, held->dev, held->fd);
	pthread_mutex_unlock(&m->root.lock);
	return take_fd(&held->fd);
}
