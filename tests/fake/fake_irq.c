/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_irq.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FIRST_GSI 24

struct fake_irq fake_irq;

void fake_irq_init(void)
{
	memset(&fake_irq, 0, sizeof(fake_irq));
	fake_irq.gsis_left = FAKE_GSIS;
	fake_irq.top = FIRST_GSI;
	for (int pin = 0; pin < FIRST_GSI; pin++)
		fake_irq.gsi[pin].event_fd = -1;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

static void drain(int fd)
{
	uint64_t count;
	if (readable(fd) && read(fd, &count, sizeof(count)) != sizeof(count))
		__builtin_trap();
}

void fake_irq_signal(int event_fd)
{
	uint64_t one = 1;
	if (write(event_fd, &one, sizeof(one)) != sizeof(one))
		__builtin_trap();
	for (int i = 0; i < fake_irq.top; i++) {
		if (fake_irq.gsi[i].event_fd != event_fd)
			continue;
		drain(event_fd);
		fake_irq.gsi[i].injected++;
	}
}

int irqs_init(struct irqs *irqs, int vm_fd, unsigned max_gsi, struct err *err)
{
	(void)err;
	memset(irqs, 0, sizeof(*irqs));
	irqs->vm_fd = vm_fd;
	irqs->max_gsi = max_gsi;
	return 0;
}

void irqs_fini(struct irqs *irqs)
{
	(void)irqs;
}

int irq_alloc(struct irqs *irqs)
{
	(void)irqs;
	fake_irq.allocs++;
	if (fake_irq.fail_alloc)
		return fake_irq.fail_alloc;
	if (fake_irq.gsis_left-- <= 0)
		return -ENOSPC;
	for (int i = FIRST_GSI; i < FAKE_GSIS; i++) {
		if (fake_irq.gsi[i].used)
			continue;
		if (i >= fake_irq.top) {
			fake_irq.top = i + 1;
			fake_irq.gsi[i].event_fd = -1;
		}
		fake_irq.gsi[i].used = true;
		fake_irq.in_use++;
		return i;
	}
	return -ENOSPC;
}

void irq_free(struct irqs *irqs, int gsi)
{
	(void)irqs;
	fake_irq.frees++;
	if (!fake_irq.gsi[gsi].used || fake_irq.gsi[gsi].event_fd >= 0)
		__builtin_trap(); /* a double free, or one that leaves an irqfd behind */
	fake_irq.gsi[gsi].used = false;
	fake_irq.gsi[gsi].staged = false;
	fake_irq.in_use--;
}

void irq_route(struct irqs *irqs, int gsi, const struct msi_msg *msg)
{
	(void)irqs;
	fake_irq.routes++;
	fake_irq.gsi[gsi].stage = *msg;
	fake_irq.gsi[gsi].staged = true;
}

int irq_commit(struct irqs *irqs)
{
	(void)irqs;
	fake_irq.commits++;
	if (fake_irq.fail_commit)
		return fake_irq.fail_commit;
	for (int i = FIRST_GSI; i < fake_irq.top; i++) {
		if (fake_irq.gsi[i].staged)
			fake_irq.gsi[i].live = fake_irq.gsi[i].stage;
		fake_irq.gsi[i].staged = false;
	}
	return 0;
}

/* KVM looks at the eventfd as it assigns, injects what is there and leaves the count alone. */
int irq_wire(struct irqs *irqs, int event_fd, int gsi, int resample_fd)
{
	(void)irqs;
	fake_irq.wires++;
	if (fake_irq.fail_wire)
		return fake_irq.fail_wire;
	if (fake_irq.gsi[gsi].event_fd >= 0)
		return -EBUSY;
	fake_irq.gsi[gsi].event_fd = event_fd;
	fake_irq.gsi[gsi].resample_fd = resample_fd;
	fake_irq.wired++;
	fake_irq.gsi[gsi].injected += readable(event_fd);
	return 0;
}

/* ... and takes the count with it as it goes. */
int irq_unwire(struct irqs *irqs, int event_fd, int gsi)
{
	(void)irqs;
	fake_irq.unwires++;
	if (fake_irq.gsi[gsi].event_fd == event_fd) {
		fake_irq.gsi[gsi].event_fd = -1;
		fake_irq.wired--;
		drain(event_fd);
	}
	return fake_irq.fail_unwire;
}

int irq_line(struct irqs *irqs, unsigned gsi, bool level)
{
	(void)irqs;
	if (gsi >= IOAPIC_PINS)
		return -EINVAL;
	fake_irq.line[gsi].raised += level && !fake_irq.line[gsi].level;
	fake_irq.line[gsi].level = level;
	return 0;
}
