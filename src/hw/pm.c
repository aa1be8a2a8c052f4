/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/log.h"
#include "core/layout.h"
#include "hw/platform.h"

/* Offsets in the block: ICH9 datasheet §13.8.3; the FADT says the same (boot/acpi.c). */
enum {
	PM1_STS = 0x00,
	PM1_EN = 0x02,
	PM1_CNT = 0x04,
	PM_TMR = 0x08,
	GPE0_STS = 0x20,
	GPE0_EN = 0x28,
};

/* ACPI 6.5 §4.8.3: status and enable bits share their places. */
#define TMR 0x0001
#define GBL 0x0020
#define PWRBTN 0x0100
#define SLPBTN 0x0200
#define RTC 0x0400
#define WAK_STS 0x8000
#define SCI_SOURCES (TMR | GBL | PWRBTN | SLPBTN | RTC)
#define PCIEXP_WAKE_DIS 0x4000
#define EN_WRITABLE (SCI_SOURCES | PCIEXP_WAKE_DIS)

#define SCI_EN 0x0001
#define BM_RLD 0x0002
#define SLP_TYP 0x1C00
#define SLP_TYP_SHIFT 10
#define SLP_EN 0x2000
#define CNT_WRITABLE (BM_RLD | SLP_TYP)
#define SLP_TYP_S5 0 /* by custom of this chipset's firmware; \_S5 in the DSDT agrees */

#define PM_TIMER_HZ UINT64_C(3579545)
#define NS_PER_S UINT64_C(1000000000)
#define TIMER_MASK 0xFFFFFF /* 24 bits */
#define TIMER_TOP 23        /* the bit whose change sets TMR_STS */

static uint64_t monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t timer_ticks(const struct pm *pm)
{
	uint64_t ns = pm->now_ns() - pm->timer_start_ns;
	return ns / NS_PER_S * PM_TIMER_HZ + ns % NS_PER_S * PM_TIMER_HZ / NS_PER_S;
}

/* TMR_STS as it would be had somebody watched the timer all the time; returns the timer. */
static uint64_t settle_timer(struct pm *pm)
{
	uint64_t ticks = timer_ticks(pm), half = ticks >> TIMER_TOP;
	if (half != pm->timer_half)
		pm->pm1_sts |= TMR;
	pm->timer_half = half;
	return ticks;
}

/* The SCI is a level: asserted while any enabled event is pending. */
static void update_sci(struct pm *pm)
{
	bool level = pm->pm1_sts & pm->pm1_en & SCI_SOURCES;
	for (unsigned i = 0; i < PM_GPE_BYTES; i++)
		level |= (pm->gpe_sts[i] & pm->gpe_en[i]) != 0;
	if (level == pm->sci)
		return;
	pm->sci = level;
	irq_line(pm->irqs, GSI_SCI, level);
}

/* --- the timer's own SCI --- */

/* Milliseconds until bit 23 changes; 0 when nobody is to be told. */
static uint64_t overflow_in_ms(struct pm *pm)
{
	pthread_mutex_lock(&pm->lock);
	uint64_t ticks = settle_timer(pm);
	bool wanted = (pm->pm1_en & TMR) && !(pm->pm1_sts & TMR);
	uint64_t left = ((pm->timer_half + 1) << TIMER_TOP) - ticks;
	update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
	return wanted ? left * 1000 / PM_TIMER_HZ + 1 : 0;
}

/* Main thread: from a post, and when the timer has run out. */
static void watch_overflow(void *ctx)
{
	struct pm *pm = ctx;
	uint64_t ms = overflow_in_ms(pm);
	if (ms)
		loop_timer_arm(pm->loop, &pm->overflow, ms);
	else
		loop_timer_cancel(pm->loop, &pm->overflow);
}

void pm_init(struct pm *pm, struct irqs *irqs, struct loop *loop,
	     const struct platform_events *events)
{
	*pm = (struct pm){ .irqs = irqs, .loop = loop, .events = events, .now_ns = monotonic_ns };
	pm->work = (struct loop_work){ .run = watch_overflow, .ctx = pm };
	pm->overflow = (struct loop_timer){ .expired = watch_overflow, .ctx = pm };
	pthread_mutex_init(&pm->lock, NULL);
	pm_reset(pm);
}

void pm_fini(struct pm *pm)
{
	if (!pm->loop)
		return;
	loop_unpost(pm->loop, &pm->work);
	loop_timer_cancel(pm->loop, &pm->overflow);
	pthread_mutex_destroy(&pm->lock);
	pm->loop = NULL;
}

void pm_reset(struct pm *pm)
{
	loop_timer_cancel(pm->loop, &pm->overflow);
	pthread_mutex_lock(&pm->lock);
	pm->pm1_sts = pm->pm1_en = 0;
	/* No SMM to hand over from: the machine is in ACPI mode always (FADT SMI_CMD = 0). */
	pm->pm1_cnt = SCI_EN;
	memset(pm->gpe_sts, 0, sizeof(pm->gpe_sts));
	memset(pm->gpe_en, 0, sizeof(pm->gpe_en));
	pm->timer_start_ns = pm->now_ns();
	pm->timer_half = 0;
	update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
}

bool pm_power_button(struct pm *pm)
{
	pthread_mutex_lock(&pm->lock);
	bool heard = pm->pm1_en & PWRBTN;
	if (heard)
		pm->pm1_sts |= PWRBTN;
	update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
	return heard;
}

/* --- registers, by bytes: every size and alignment is made of them --- */

static uint8_t byte_of(uint32_t value, unsigned n)
{
	return (uint8_t)(value >> (8 * n));
}

static uint8_t read_byte(const struct pm *pm, unsigned off, uint32_t timer)
{
	switch (off) {
	case PM1_STS ... PM1_STS + 1:
		return byte_of(pm->pm1_sts, off - PM1_STS);
	case PM1_EN ... PM1_EN + 1:
		return byte_of(pm->pm1_en, off - PM1_EN);
	case PM1_CNT ... PM1_CNT + 1:
		return byte_of(pm->pm1_cnt, off - PM1_CNT);
	case PM_TMR ... PM_TMR + 3:
		return byte_of(timer, off - PM_TMR);
	case GPE0_STS ... GPE0_STS + PM_GPE_BYTES - 1:
		return pm->gpe_sts[off - GPE0_STS];
	case GPE0_EN ... GPE0_EN + PM_GPE_BYTES - 1:
		return pm->gpe_en[off - GPE0_EN];
	default:
		return 0;
	}
}

static uint64_t pm_read(void *ctx, uint64_t off, unsigned size)
{
	struct pm *pm = ctx;
	uint64_t value = 0;
	pthread_mutex_lock(&pm->lock);
	uint32_t timer = (uint32_t)settle_timer(pm) & TIMER_MASK; /* one sample for all bytes */
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)read_byte(pm, (unsigned)off + i, timer) << (8 * i);
	update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
	return value;
}

/* Replaces byte `n` of *reg where `writable` allows. */
static void put_byte(uint16_t *reg, unsigned n, uint8_t value, uint16_t writable)
{
	uint16_t mask = (uint16_t)(writable & 0xFF << (8 * n));
	*reg = (uint16_t)((*reg & ~mask) | ((value << (8 * n)) & mask));
}

/* SLP_EN acts at once. True when the machine is to go off. */
static bool enter_sleep(struct pm *pm)
{
	unsigned type = (pm->pm1_cnt & SLP_TYP) >> SLP_TYP_SHIFT;
	if (type == SLP_TYP_S5)
		return true;
	log_warn("guest asks for sleep type %u, which this machine does not have", type);
	pm->pm1_sts |= WAK_STS; /* it waits for that: as if woken at once */
	return false;
}

static bool write_byte(struct pm *pm, unsigned off, uint8_t value)
{
	switch (off) {
	case PM1_STS ... PM1_STS + 1:
		pm->pm1_sts &= (uint16_t)~(value << (8 * (off - PM1_STS))); /* write 1 to clear */
		break;
	case PM1_EN ... PM1_EN + 1:
		put_byte(&pm->pm1_en, off - PM1_EN, value, EN_WRITABLE);
		break;
	case PM1_CNT ... PM1_CNT + 1:
		put_byte(&pm->pm1_cnt, off - PM1_CNT, value, CNT_WRITABLE);
		return off == PM1_CNT + 1 && value & SLP_EN >> 8 && enter_sleep(pm);
	case GPE0_STS ... GPE0_STS + PM_GPE_BYTES - 1:
		pm->gpe_sts[off - GPE0_STS] &= (uint8_t)~value;
		break;
	case GPE0_EN ... GPE0_EN + PM_GPE_BYTES - 1:
		pm->gpe_en[off - GPE0_EN] = value;
		break;
	default:
		break;
	}
	return false;
}

static void pm_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct pm *pm = ctx;
	bool power_off = false;
	pthread_mutex_lock(&pm->lock);
	settle_timer(pm);
	for (unsigned i = 0; i < size; i++)
		power_off |= write_byte(pm, (unsigned)off + i, byte_of((uint32_t)value, i));
	bool watch = (pm->pm1_en & TMR) && !(pm->pm1_sts & TMR);
	update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
	if (watch)
		loop_post(pm->loop, &pm->work);
	if (power_off)
		pm->events->power_off(pm->events->ctx);
}

const struct bus_ops pm_ops = { .read = pm_read, .write = pm_write };
