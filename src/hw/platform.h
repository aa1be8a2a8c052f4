/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small devices of the board that KVM does not provide: power management block, RTC and CMOS,
 * port 0x92, reset register 0xCF9 (and in hw/i8042.h the keyboard controller). Each is a struct with
 * init, reset and bus_ops; events that concern the whole machine go to struct platform_events.
 *
 * Handlers run on vCPU threads; `loop` is only posted to, and its timers are the main thread's.
 * Each fini is for the main thread, when no vCPU can be in a handler any more.
 */
#ifndef BULKHEAD_HW_PLATFORM_H
#define BULKHEAD_HW_PLATFORM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "core/bus.h"
#include "kvm/irq.h"

/* Called on a vCPU thread without a lock; the machine posts to its main loop, parks the vCPUs. */
struct platform_events {
	void (*reset)(void *ctx);     /* guest asked for a reset */
	void (*power_off)(void *ctx); /* guest entered S5 */
	void *ctx;
};

/* --- ICH9 power management block at PM_BASE (ICH9 datasheet §13.8, ACPI 6.5 §4.8) --- */
#define PM_GPE_BYTES 8 /* 64 general-purpose events */

struct pm {
	pthread_mutex_t lock;
	struct irqs *irqs; /* borrowed, as are loop and events */
	struct loop *loop;
	const struct platform_events *events;
	uint16_t pm1_sts, pm1_en, pm1_cnt;
	uint8_t gpe_sts[PM_GPE_BYTES], gpe_en[PM_GPE_BYTES];
	uint64_t timer_start_ns; /* CLOCK_MONOTONIC at reset */
	uint64_t timer_half;     /* timer ticks >> 23 when TMR_STS was last brought up to date */
	bool sci;                /* level last driven */
	struct loop_work work;   /* arms `overflow` while the guest wants the timer's SCI */
	struct loop_timer overflow;
	uint64_t (*now_ns)(void); /* CLOCK_MONOTONIC; a test may replace it */
};
void pm_init(struct pm *pm, struct irqs *irqs, struct loop *loop,
	     const struct platform_events *events);
void pm_fini(struct pm *pm);
void pm_reset(struct pm *pm);
/* Presses the power button (fixed event); false when the guest has not enabled it. Any thread. */
bool pm_power_button(struct pm *pm);
extern const struct bus_ops pm_ops; /* PM_SIZE ports at PM_BASE, ctx = struct pm */

/* --- MC146818 RTC + CMOS, ports 0x70/0x71; time is the host's UTC plus what the guest set --- */
#define RTC_CMOS_SIZE 128

struct rtc {
	pthread_mutex_t lock;
	struct irqs *irqs; /* borrowed, as is loop */
	struct loop *loop;
	uint8_t index;
	uint8_t cmos[RTC_CMOS_SIZE]; /* time registers: only while B.SET holds them still */
	int64_t offset_s;            /* guest time - host UTC */
	uint64_t seen_ns;            /* CLOCK_REALTIME up to which register C's flags are settled */
	bool irq;                    /* level last driven */
	struct loop_work work;       /* arms `tick` while the guest wants interrupts */
	struct loop_timer tick;
	uint64_t (*now_ns)(void); /* CLOCK_REALTIME; a test may replace it */
};
void rtc_init(struct rtc *rtc, struct irqs *irqs, struct loop *loop);
void rtc_fini(struct rtc *rtc);
void rtc_reset(struct rtc *rtc);     /* time and CMOS contents stay: they have a battery */
extern const struct bus_ops rtc_ops; /* 2 ports */

/* --- 0x92 (A20, fast reset) and 0xCF9 (reset control) --- */
struct reset_ports {
	pthread_mutex_t lock;
	const struct platform_events *events;
	const struct bus_ops *address_ops; /* the PCI address register around 0xCF9, and its ctx */
	void *address_ctx;
	uint8_t port92, cf9;
};
void reset_ports_init(struct reset_ports *ports, const struct platform_events *events,
		      const struct bus_ops *address_ops, void *address_ctx);
void reset_ports_fini(struct reset_ports *ports);
void reset_ports_reset(struct reset_ports *ports);
extern const struct bus_ops port92_ops; /* 1 port */
/*
 * All 4 ports at 0xCF8: a byte access to 0xCF9 is the reset register, any other goes on to
 * address_ops. One region, because the bus wants a whole access inside one.
 */
extern const struct bus_ops cf8_ops;

#endif
