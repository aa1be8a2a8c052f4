/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/irq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/layout.h"
#include "kvm/uapi.h"

#define ISA_IRQS 16
#define PIC_PINS 8
#define PIC_CASCADE 2 /* also the IOAPIC pin that ISA IRQ 0 is wired to */
#define PIN_ROUTES (2 * (ISA_IRQS - 1) + (IOAPIC_PINS - ISA_IRQS))

static void push_pin(struct kvm_irq_routing *table, uint32_t gsi, uint32_t chip, uint32_t pin)
{
	table->entries[table->nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

static void push_pins(struct kvm_irq_routing *table)
{
	for (uint32_t gsi = 0; gsi < IOAPIC_PINS; gsi++) {
		if (gsi == PIC_CASCADE)
			continue;
		if (gsi < PIC_PINS)
			push_pin(table, gsi, KVM_IRQCHIP_PIC_MASTER, gsi);
		else if (gsi < ISA_IRQS)
			push_pin(table, gsi, KVM_IRQCHIP_PIC_SLAVE, gsi - PIC_PINS);
		push_pin(table, gsi, KVM_IRQCHIP_IOAPIC, gsi ? gsi : PIC_CASCADE);
	}
}

static void push_msi(struct kvm_irq_routing *table, uint32_t gsi, const struct msi_msg *msg)
{
	table->entries[table->nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = {
			.address_lo = (uint32_t)msg->address,
			.address_hi = (uint32_t)(msg->address >> 32),
			.data = msg->data,
		},
	};
}

/* The lock is held. The table always has room: irq_alloc deals no more GSIs than it holds. */
static int commit(struct irqs *irqs)
{
	struct kvm_irq_routing *table = irqs->table;
	table->nr = 0;
	table->flags = 0;
	push_pins(table);
	for (unsigned gsi = IOAPIC_PINS; gsi < irqs->top; gsi++)
		if (irqs->routes[gsi].used && irqs->routes[gsi].routed)
			push_msi(table, gsi, &irqs->routes[gsi].msg);
	int r = kvm_set_gsi_routing(irqs->vm_fd, table);
	if (r < 0)
		return r;
	irqs->dirty = false;
	irqs->commits++;
	return 0;
}

int irqs_init(struct irqs *irqs, int vm_fd, unsigned max_gsi, struct err *err)
{
	memset(irqs, 0, sizeof(*irqs));
	pthread_mutex_init(&irqs->lock, NULL);
	if (max_gsi <= PIN_ROUTES)
		return err_set(err, -EOPNOTSUPP, "KVM has only %u interrupt routes", max_gsi);
	irqs->vm_fd = vm_fd;
	irqs->max_gsi = max_gsi < IRQ_MAX_GSI ? max_gsi : IRQ_MAX_GSI;
	irqs->top = IOAPIC_PINS;
	irqs->routes = calloc(irqs->max_gsi, sizeof(irqs->routes[0]));
	irqs->table =
		calloc(1, sizeof(*irqs->table) + irqs->max_gsi * sizeof(irqs->table->entries[0]));
	if (!irqs->routes || !irqs->table)
		return err_errno(err, -ENOMEM, "interrupt routes");
	int r = commit(irqs);
	return r ? err_errno(err, r, "interrupt routes: KVM_SET_GSI_ROUTING") : 0;
}

void irqs_fini(struct irqs *irqs)
{
	free(irqs->routes);
	free(irqs->table);
	irqs->routes = NULL;
	irqs->table = NULL;
	pthread_mutex_destroy(&irqs->lock);
}

/* A GSI that this module dealt and has not taken back; the lock is held. */
static bool is_dealt(const struct irqs *irqs, int gsi)
{
	return gsi >= IOAPIC_PINS && (unsigned)gsi < irqs->top && irqs->routes[gsi].used;
}

static int take_free(struct irqs *irqs)
{
	/* KVM counts entries, not GSIs: two pins for each ISA interrupt come off the budget. */
	if (irqs->used >= irqs->max_gsi - PIN_ROUTES)
		return -ENOSPC;
	unsigned gsi = IOAPIC_PINS;
	while (gsi < irqs->top && irqs->routes[gsi].used)
		gsi++;
	irqs->routes[gsi] = (struct irq_route){ .used = true };
	irqs->used++;
	if (gsi == irqs->top)
		irqs->top++;
	return (int)gsi;
}

int irq_alloc(struct irqs *irqs)
{
	pthread_mutex_lock(&irqs->lock);
	int gsi = take_free(irqs);
	pthread_mutex_unlock(&irqs->lock);
	return gsi;
}

void irq_free(struct irqs *irqs, int gsi)
{
	pthread_mutex_lock(&irqs->lock);
	if (is_dealt(irqs, gsi)) {
		irqs->routes[gsi] = (struct irq_route){ 0 };
		irqs->used--;
	}
	pthread_mutex_unlock(&irqs->lock);
}

void irq_route(struct irqs *irqs, int gsi, const struct msi_msg *msg)
{
	pthread_mutex_lock(&irqs->lock);
	if (is_dealt(irqs, gsi)) {
		struct irq_route *route = &irqs->routes[gsi];
		if (!route->routed || route->msg.address != msg->address ||
		    route->msg.data != msg->data) {
			route->routed = true;
			route->msg = *msg;
			irqs->dirty = true;
		}
	}
	pthread_mutex_unlock(&irqs->lock);
}

int irq_commit(struct irqs *irqs)
{
	/* Held over the call, so that an older table cannot overtake a newer one. */
	pthread_mutex_lock(&irqs->lock);
	int r = irqs->dirty ? commit(irqs) : 0;
	pthread_mutex_unlock(&irqs->lock);
	return r;
}

static bool is_gsi(const struct irqs *irqs, int gsi)
{
	return gsi >= 0 && (unsigned)gsi < irqs->max_gsi;
}

int irq_wire(struct irqs *irqs, int event_fd, int gsi, int resample_fd)
{
	if (event_fd < 0 || !is_gsi(irqs, gsi))
		return -EINVAL;
	struct kvm_irqfd irqfd = { .fd = (uint32_t)event_fd, .gsi = (uint32_t)gsi };
	if (resample_fd >= 0) {
		irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
		irqfd.resamplefd = (uint32_t)resample_fd;
	}
	return kvm_irqfd(irqs->vm_fd, &irqfd);
}

int irq_unwire(struct irqs *irqs, int event_fd, int gsi)
{
	if (event_fd < 0 || !is_gsi(irqs, gsi))
		return -EINVAL;
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)event_fd,
		.gsi = (uint32_t)gsi,
		.flags = KVM_IRQFD_FLAG_DEASSIGN,
	};
	return kvm_irqfd(irqs->vm_fd, &irqfd);
}

int irq_line(struct irqs *irqs, unsigned gsi, bool level)
{
	if (gsi >= IOAPIC_PINS)
		return -EINVAL;
	return kvm_irq_line(irqs->vm_fd, gsi, level);
}
