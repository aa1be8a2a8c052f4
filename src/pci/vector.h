/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vectors behind MSI and MSI-X. Each vector's source is an eventfd: wired, an irqfd connects it
 * to the vector's GSI route and no interrupt enters our process; latched, the irqfd is away and the
 * eventfd's own count is the pending bit. pci/msix.c and pci/msi.c say what each vector should be;
 * vectors_sync makes it so with the fewest system calls.
 */
#ifndef BULKHEAD_PCI_VECTOR_H
#define BULKHEAD_PCI_VECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "kvm/irq.h"

#define VECTORS_MAX 2048
#define VECTORS_MANY (~0u)

/* The device behind: told which vectors exist. All called with the msix or msi lock held. */
struct msix_source {
	/*
	 * Vectors [0, n) now have the given eventfds (-1 = none yet). `changed` is the one that was
	 * just taken, VECTORS_MANY for several at once; without meaning on the first call after
	 * disable, when all are new. n grows only, until disable. Called when MSI or MSI-X is
	 * enabled (n >= 1, even if no vector has an eventfd) and at each first unmask. A failure is
	 * logged; the vectors are offered again at the next change.
	 */
	int (*enable)(void *ctx, const int *event_fds, unsigned n, unsigned changed);
	/* Only after a successful enable. The eventfds are closed afterwards. */
	void (*disable)(void *ctx);
};

enum vector_state {
	VECTOR_IDLE,    /* no eventfd; one that had it is latched until vectors_stop */
	VECTOR_LATCHED, /* the source signals an eventfd that nobody listens to */
	VECTOR_WIRED,   /* ... that KVM listens to */
};

struct vector {
	enum vector_state want;
	struct msi_msg msg; /* for VECTOR_WIRED; see vector_deliverable */
	int event_fd;       /* -1 until first not idle; owned */
	int gsi;            /* -1 until first wired; owned */
	bool given;         /* the source has the eventfd */
	bool wired;         /* the irqfd is in place */
	bool routed;        /* KVM has `route` for gsi */
	struct msi_msg route;
};

/* No lock of its own: the msix or msi that it is part of has it. */
struct vectors {
	struct irqs *irqs;                /* borrowed */
	const struct msix_source *source; /* borrowed */
	void *source_ctx;
	const char *name;  /* of the device, for the log; borrowed, NULL = unnamed */
	unsigned n;        /* 1..2048 */
	unsigned live;     /* [0, live) are the source's, 0 = it is disabled */
	struct vector *at; /* owned */
	int *fds;          /* owned; scratch of n entries for source->enable */
};

/* All idle. -EINVAL (n), -ENOMEM. */
int vectors_init(struct vectors *vectors, unsigned n, struct irqs *irqs,
		 const struct msix_source *source, void *ctx);
/* As vectors_stop, then frees. Accepts a zeroed object. */
void vectors_fini(struct vectors *vectors);

/*
 * Brings [first, first + n) to what they want: one routing commit and one source->enable at most.
 * What fails is logged and leaves its vector latched or idle; the guest goes on.
 */
void vectors_sync(struct vectors *vectors, unsigned first, unsigned n);

/* Source disabled, no eventfd, GSI or irqfd held, all idle. */
void vectors_stop(struct vectors *vectors);

/*
 * Pending bits of the at most 64 vectors from `first`, with one poll(2). A wired vector is never
 * pending: KVM injects what an eventfd holds when the irqfd is assigned, but leaves the count.
 */
uint64_t vectors_pending(const struct vectors *vectors, unsigned first);

/*
 * True for a message that is an interrupt (Intel SDM 3A §10.11.1: 0xFEExxxxx). Others are memory
 * writes to real hardware, and KVM_SET_GSI_ROUTING may refuse the whole table because of one.
 */
bool vector_deliverable(const struct msi_msg *msg);

#endif
