/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GSIs, their routes and irqfds. Pins 0..23 are the in-kernel PIC and IOAPIC; GSIs above are MSI
 * routes, dealt to vectors when they are first unmasked. KVM replaces the whole routing table at
 * once, so routes are staged here and committed together.
 */
#ifndef BULKHEAD_KVM_IRQ_H
#define BULKHEAD_KVM_IRQ_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define IRQ_MAX_GSI 4096 /* KVM_MAX_IRQ_ROUTES, linux/kvm_host.h */

/* Address and data of an MSI as the guest programmed them. */
struct msi_msg {
	uint64_t address;
	uint32_t data;
};

struct irq_route {
	bool used;
	bool routed; /* an MSI message is set */
	struct msi_msg msg;
};

struct irqs {
	int vm_fd;                     /* borrowed */
	unsigned max_gsi;              /* from KVM_CAP_IRQ_ROUTING, at most IRQ_MAX_GSI */
	pthread_mutex_t lock;          /* after dev, before slots */
	struct irq_route *routes;      /* by GSI; max_gsi of them */
	struct kvm_irq_routing *table; /* scratch for commits, so that none needs memory */
	unsigned top;                  /* highest GSI ever used + 1 */
	unsigned used;                 /* MSI GSIs in use */
	bool dirty;                    /* staged changes not yet committed */
	unsigned long commits;         /* KVM_SET_GSI_ROUTING calls made, for status */
};

/*
 * Installs the standard pins: ISA 0..15 to PIC and IOAPIC (0 to pin 2), 16..23 to IOAPIC. GSI 2 has
 * no route: it is the PIC's cascade, and its IOAPIC pin is the timer's (ACPI override IRQ0 = GSI
 * 2). All functions but init and fini may be called from any thread.
 */
int irqs_init(struct irqs *irqs, int vm_fd, unsigned max_gsi, struct err *err);
void irqs_fini(struct irqs *irqs);

/*
 * A free MSI GSI (>= 24), or -ENOSPC. Freeing needs no system call either: the route of a GSI with
 * no irqfd is inert, and the next commit leaves it out. Unwire first. A GSI not in use is ignored.
 */
int irq_alloc(struct irqs *irqs);
void irq_free(struct irqs *irqs, int gsi);

/*
 * Stages the message of an MSI GSI; no system call. irq_commit makes all staged ones real in one,
 * or none when nothing changed. -errno of KVM_SET_GSI_ROUTING, and then they stay staged.
 */
void irq_route(struct irqs *irqs, int gsi, const struct msi_msg *msg);
int irq_commit(struct irqs *irqs);

/*
 * Connects an eventfd to a GSI in the kernel. `resample_fd` >= 0: level-triggered, signalled at the
 * guest's EOI (KVM_CAP_IRQFD_RESAMPLE). -errno of KVM_IRQFD.
 */
int irq_wire(struct irqs *irqs, int event_fd, int gsi, int resample_fd);
int irq_unwire(struct irqs *irqs, int event_fd, int gsi);

/* Sets the level of pin 0..23 from a device model. Lines of one GSI are the caller's to OR. */
int irq_line(struct irqs *irqs, unsigned gsi, bool level);

#endif
