/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/vector.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/layout.h"

static void forget(struct vector *v)
{
	*v = (struct vector){ .want = VECTOR_IDLE, .event_fd = -1, .gsi = -1 };
}

int vectors_init(struct vectors *vectors, unsigned n, struct irqs *irqs,
		 const struct msix_source *source, void *ctx)
{
	memset(vectors, 0, sizeof(*vectors));
	if (!n || n > VECTORS_MAX)
		return -EINVAL;
	vectors->at = calloc(n, sizeof(*vectors->at));
	vectors->fds = calloc(n, sizeof(*vectors->fds));
	if (!vectors->at || !vectors->fds) {
		free(vectors->at);
		free(vectors->fds);
		memset(vectors, 0, sizeof(*vectors));
		return -ENOMEM;
	}
	vectors->n = n;
	vectors->irqs = irqs;
	vectors->source = source;
	vectors->source_ctx = ctx;
	for (unsigned i = 0; i < n; i++)
		forget(&vectors->at[i]);
	return 0;
}

void vectors_fini(struct vectors *vectors)
{
	vectors_stop(vectors);
	free(vectors->at);
	free(vectors->fds);
	memset(vectors, 0, sizeof(*vectors));
}

bool vector_deliverable(const struct msi_msg *msg)
{
	/* Bits 39:32 are reserved; 63:40 are high destination bits (KVM_CAP_X2APIC_API). */
	return (uint32_t)(msg->address & 0xfff00000) == LAPIC_BASE && !(msg->address >> 32 & 0xff);
}

static void failed(const struct vectors *vectors, unsigned i, const char *what, int e)
{
	log_warn("%s: interrupt vector %u: %s: %s", vectors->name ? vectors->name : "device", i,
		 what, strerror(-e));
}

/* --- one vector --- */

static void unwire(struct vectors *vectors, unsigned i)
{
	struct vector *v = &vectors->at[i];
	if (!v->wired)
		return;
	int e = irq_unwire(vectors->irqs, v->event_fd, v->gsi);
	if (e)
		failed(vectors, i, "disconnecting it", e);
	v->wired = false;
}

static int take_event(struct vectors *vectors, unsigned i)
{
	struct vector *v = &vectors->at[i];
	if (v->event_fd >= 0)
		return 0;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0) {
		int e = -errno;
		failed(vectors, i, "no eventfd", e);
		return e;
	}
	v->event_fd = fd;
	return 0;
}

/* A GSI with the wanted message staged; true when that needs a commit. */
static bool stage(struct vectors *vectors, unsigned i)
{
	struct vector *v = &vectors->at[i];
	if (v->gsi < 0) {
		int gsi = irq_alloc(vectors->irqs);
		if (gsi < 0) {
			failed(vectors, i, "no free GSI", gsi);
			return false;
		}
		v->gsi = gsi;
	}
	if (v->routed && v->route.address == v->msg.address && v->route.data == v->msg.data)
		return false;
	irq_route(vectors->irqs, v->gsi, &v->msg);
	v->route = v->msg;
	v->routed = false;
	return true;
}

static void wire(struct vectors *vectors, unsigned i)
{
	struct vector *v = &vectors->at[i];
	if (v->wired || !v->routed)
		return;
	int e = irq_wire(vectors->irqs, v->event_fd, v->gsi, -1);
	if (e)
		failed(vectors, i, "connecting it", e);
	v->wired = !e;
}

static void release(struct vectors *vectors, unsigned i)
{
	struct vector *v = &vectors->at[i];
	unwire(vectors, i);
	if (v->gsi >= 0)
		irq_free(vectors->irqs, v->gsi);
	close_fd(&v->event_fd);
	forget(v);
}

/* --- all of them --- */

/* Stages every wanted message of [first, end), commits once and marks what KVM has now. */
static void route(struct vectors *vectors, unsigned first, unsigned end)
{
	bool staged = false;
	for (unsigned i = first; i < end; i++) {
		struct vector *v = &vectors->at[i];
		if (v->want == VECTOR_WIRED && v->event_fd >= 0)
			staged |= stage(vectors, i);
	}
	if (!staged)
		return;
	int e = irq_commit(vectors->irqs);
	if (e) {
		failed(vectors, first, "interrupt routing", e);
		return;
	}
	for (unsigned i = first; i < end; i++) {
		struct vector *v = &vectors->at[i];
		v->routed |= v->want == VECTOR_WIRED && v->gsi >= 0;
	}
}

/* Offers the source what it does not have yet, and at least one vector so that it is enabled. */
static void give(struct vectors *vectors, unsigned first, unsigned end)
{
	unsigned n = vectors->live ? vectors->live : 1, fresh = 0, changed = VECTORS_MANY;
	for (unsigned i = first; i < end; i++) {
		const struct vector *v = &vectors->at[i];
		if (v->want != VECTOR_IDLE && i >= n)
			n = i + 1;
		if (v->event_fd < 0 || v->given)
			continue;
		changed = fresh++ ? VECTORS_MANY : i;
	}
	if (n <= vectors->live && !fresh)
		return;
	for (unsigned i = 0; i < n; i++)
		vectors->fds[i] = vectors->at[i].event_fd;
	int e = vectors->source->enable(vectors->source_ctx, vectors->fds, n, changed);
	if (e) {
		failed(vectors, fresh == 1 ? changed : first, "enabling it in the device", e);
		return;
	}
	vectors->live = n;
	for (unsigned i = 0; i < n; i++)
		vectors->at[i].given = vectors->at[i].event_fd >= 0;
}

void vectors_sync(struct vectors *vectors, unsigned first, unsigned n)
{
	unsigned end = (unsigned)min_u64(first + (uint64_t)n, vectors->n);
	for (unsigned i = first; i < end; i++) {
		if (vectors->at[i].want != VECTOR_WIRED)
			unwire(vectors, i);
		if (vectors->at[i].want != VECTOR_IDLE)
			take_event(vectors, i);
	}
	route(vectors, first, end);
	for (unsigned i = first; i < end; i++) {
		if (vectors->at[i].want == VECTOR_WIRED)
			wire(vectors, i);
	}
	give(vectors, first, end);
}

void vectors_stop(struct vectors *vectors)
{
	if (vectors->live)
		vectors->source->disable(vectors->source_ctx);
	vectors->live = 0;
	for (unsigned i = 0; i < vectors->n; i++)
		release(vectors, i);
}

uint64_t vectors_pending(const struct vectors *vectors, unsigned first)
{
	struct pollfd fds[64];
	uint8_t bit[64];
	nfds_t n = 0;
	for (unsigned i = 0; i < 64 && first + i < vectors->n; i++) {
		const struct vector *v = &vectors->at[first + i];
		if (v->event_fd < 0 || v->wired)
			continue;
		fds[n] = (struct pollfd){ .fd = v->event_fd, .events = POLLIN };
		bit[n++] = (uint8_t)i;
	}
	uint64_t pending = 0;
	if (!n || poll(fds, n, 0) <= 0)
		return 0;
	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].revents & POLLIN)
			pending |= UINT64_C(1) << bit[i];
	}
	return pending;
}
