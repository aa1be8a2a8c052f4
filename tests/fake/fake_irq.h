/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for kvm/irq.c: GSIs, routes and irqfds in memory, with what KVM does to an eventfd,
 * call counts, and each call made to fail on demand.
 */
#ifndef BULKHEAD_FAKE_IRQ_H
#define BULKHEAD_FAKE_IRQ_H

#include "core/layout.h"
#include "kvm/irq.h"

#define FAKE_GSIS 4096

struct fake_irq {
	/* Set by the test: 0, or the negative errno to return. */
	int fail_alloc, fail_commit, fail_wire, fail_unwire;
	int gsis_left; /* allocations until -ENOSPC; fake_irq_init gives plenty */
	/* Calls, failed ones included. */
	unsigned allocs, frees, commits, wires, unwires, routes;
	/* State. */
	unsigned in_use, wired;
	int top; /* GSIs from here on were never used */
	struct {
		bool used, staged;
		struct msi_msg stage, live; /* live = what the last good commit made of it */
		int event_fd;               /* -1 = not wired */
		int resample_fd;            /* of a wired pin, -1 = edge */
		unsigned injected;
	} gsi[FAKE_GSIS];
	struct {
		bool level;
		unsigned raised; /* times it went from low to high */
	} line[IOAPIC_PINS];     /* irq_line */
};
extern struct fake_irq fake_irq;

void fake_irq_init(void);

/* What the device does: signals the eventfd, which KVM consumes at once where an irqfd listens. */
void fake_irq_signal(int event_fd);

#endif
