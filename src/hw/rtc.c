/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Motorola MC146818A. No second hand ticks here: time registers are computed from the host's clock
 * when read, and register C's flags from how far that clock has come since the last look.
 */
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "core/layout.h"
#include "hw/platform.h"

enum reg {
	REG_SECONDS = 0x00,
	REG_SECONDS_ALARM = 0x01,
	REG_MINUTES = 0x02,
	REG_MINUTES_ALARM = 0x03,
	REG_HOURS = 0x04,
	REG_HOURS_ALARM = 0x05,
	REG_WEEKDAY = 0x06,
	REG_DAY = 0x07,
	REG_MONTH = 0x08,
	REG_YEAR = 0x09,
	REG_A = 0x0A,
	REG_B = 0x0B,
	REG_C = 0x0C,
	REG_D = 0x0D,
	REG_CENTURY = 0x32, /* where the FADT says it is */
};

#define A_UIP 0x80
#define A_RATE 0x0F
#define A_DEFAULT 0x26 /* 32.768 kHz, 1024 Hz periodic */
#define B_SET 0x80
#define B_UIE 0x10
#define B_BINARY 0x04
#define B_24H 0x02
#define IRQ_FLAGS 0x70 /* periodic, alarm, update-ended; enables in B, flags in C */
#define PERIODIC 0x40
#define ALARM 0x20
#define UPDATED 0x10
#define C_IRQF 0x80
#define D_VALID 0x80 /* the battery is good */
#define B_RESET_CLEARS (IRQ_FLAGS | 0x08)
#define ALARM_ANY 0xC0
#define HOUR_PM 0x80

#define NS_PER_S UINT64_C(1000000000)
#define UIP_NS UINT64_C(244000) /* how long UIP announces an update */
#define DAY_S 86400

static uint64_t realtime_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* --- representation --- */

static uint8_t encode(const struct rtc *rtc, int value)
{
	if (rtc->cmos[REG_B] & B_BINARY)
		return (uint8_t)value;
	return (uint8_t)(value / 10 << 4 | value % 10);
}

static int decode(const struct rtc *rtc, uint8_t value)
{
	return rtc->cmos[REG_B] & B_BINARY ? value : (value >> 4) * 10 + (value & 15);
}

static uint8_t encode_hour(const struct rtc *rtc, int hour)
{
	if (rtc->cmos[REG_B] & B_24H)
		return encode(rtc, hour);
	return encode(rtc, (hour + 11) % 12 + 1) | (hour >= 12 ? HOUR_PM : 0);
}

static int decode_hour(const struct rtc *rtc, uint8_t value)
{
	if (rtc->cmos[REG_B] & B_24H)
		return decode(rtc, value);
	return decode(rtc, value & (uint8_t)~HOUR_PM) % 12 + (value & HOUR_PM ? 12 : 0);
}

/* --- time --- */

static int64_t guest_seconds(const struct rtc *rtc, uint64_t now_ns)
{
	return (int64_t)(now_ns / NS_PER_S) + rtc->offset_s;
}

/* The time now into the time registers. */
static void latch_time(struct rtc *rtc, uint64_t now_ns)
{
	struct tm tm;
	time_t t = (time_t)guest_seconds(rtc, now_ns);
	if (!gmtime_r(&t, &tm))
		return; /* no year an int holds; the registers' range is far below */
	int year = tm.tm_year + 1900;
	rtc->cmos[REG_SECONDS] = encode(rtc, tm.tm_sec);
	rtc->cmos[REG_MINUTES] = encode(rtc, tm.tm_min);
	rtc->cmos[REG_HOURS] = encode_hour(rtc, tm.tm_hour);
	rtc->cmos[REG_WEEKDAY] = encode(rtc, tm.tm_wday + 1);
	rtc->cmos[REG_DAY] = encode(rtc, tm.tm_mday);
	rtc->cmos[REG_MONTH] = encode(rtc, tm.tm_mon + 1);
	rtc->cmos[REG_YEAR] = encode(rtc, (year % 100 + 100) % 100);
	rtc->cmos[REG_CENTURY] = encode(rtc, year < 0 ? 0 : year / 100 % 100);
}

/* The time registers become the time now. Nonsense is carried over: month 13 is next January. */
static void commit_time(struct rtc *rtc, uint64_t now_ns)
{
	struct tm tm = {
		.tm_sec = decode(rtc, rtc->cmos[REG_SECONDS]),
		.tm_min = decode(rtc, rtc->cmos[REG_MINUTES]),
		.tm_hour = decode_hour(rtc, rtc->cmos[REG_HOURS]),
		.tm_mday = decode(rtc, rtc->cmos[REG_DAY]),
		.tm_mon = decode(rtc, rtc->cmos[REG_MONTH]) - 1,
		.tm_year = decode(rtc, rtc->cmos[REG_CENTURY]) * 100 +
			   decode(rtc, rtc->cmos[REG_YEAR]) - 1900,
	};
	rtc->offset_s = (int64_t)timegm(&tm) - (int64_t)(now_ns / NS_PER_S);
}

static bool is_time(unsigned index)
{
	return index == REG_CENTURY || (index <= REG_YEAR && index != REG_SECONDS_ALARM &&
					index != REG_MINUTES_ALARM && index != REG_HOURS_ALARM);
}

/* --- alarm --- */

static bool alarm_value(const struct rtc *rtc, uint8_t reg, int value)
{
	bool hours = reg == REG_HOURS_ALARM;
	uint8_t set = rtc->cmos[reg];
	return set >= ALARM_ANY || (hours ? decode_hour(rtc, set) : decode(rtc, set)) == value;
}

static bool alarm_possible(const struct rtc *rtc)
{
	return (rtc->cmos[REG_SECONDS_ALARM] >= ALARM_ANY ||
		decode(rtc, rtc->cmos[REG_SECONDS_ALARM]) < 60) &&
	       (rtc->cmos[REG_MINUTES_ALARM] >= ALARM_ANY ||
		decode(rtc, rtc->cmos[REG_MINUTES_ALARM]) < 60);
}

/*
 * Seconds from `after` (guest time) to the next alarm, 1..86400; 0 = never. Skips whole hours and
 * minutes that do not match, so at most a few dozen steps.
 */
static int64_t alarm_in(const struct rtc *rtc, int64_t after)
{
	if (!alarm_possible(rtc))
		return 0;
	int64_t of_day = (after % DAY_S + DAY_S) % DAY_S;
	int64_t t = of_day + 1;
	while (t <= of_day + DAY_S) {
		int hour = (int)(t / 3600 % 24), minute = (int)(t / 60 % 60);
		if (!alarm_value(rtc, REG_HOURS_ALARM, hour))
			t += 3600 - t % 3600;
		else if (!alarm_value(rtc, REG_MINUTES_ALARM, minute))
			t += 60 - t % 60;
		else if (!alarm_value(rtc, REG_SECONDS_ALARM, (int)(t % 60)))
			t++;
		else
			return t - of_day;
	}
	return 0;
}

/* --- flags and interrupt --- */

/* Periodic rate in Hz; 0 = off (MC146818A table 5, 32.768 kHz column). */
static uint64_t rate_hz(const struct rtc *rtc)
{
	unsigned rs = rtc->cmos[REG_A] & A_RATE;
	if (!rs)
		return 0;
	return rs < 3 ? UINT64_C(512) >> rs : UINT64_C(32768) >> (rs - 1);
}

static uint64_t periods(uint64_t ns, uint64_t hz)
{
	return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
}

/* Brings register C up to now. A clock that stepped back has told nothing. */
static void settle(struct rtc *rtc, uint64_t now_ns)
{
	uint64_t seen = rtc->seen_ns, hz = rate_hz(rtc);
	rtc->seen_ns = now_ns;
	if (now_ns <= seen)
		return;
	uint8_t *flags = &rtc->cmos[REG_C];
	if (hz && periods(now_ns, hz) != periods(seen, hz))
		*flags |= PERIODIC;
	if (rtc->cmos[REG_B] & B_SET || now_ns / NS_PER_S == seen / NS_PER_S)
		return;
	*flags |= UPDATED;
	int64_t alarm = alarm_in(rtc, guest_seconds(rtc, seen));
	if (alarm && guest_seconds(rtc, seen) + alarm <= guest_seconds(rtc, now_ns))
		*flags |= ALARM;
}

static void update_irq(struct rtc *rtc)
{
	bool level = rtc->cmos[REG_B] & rtc->cmos[REG_C] & IRQ_FLAGS;
	if (level)
		rtc->cmos[REG_C] |= C_IRQF;
	if (level == rtc->irq)
		return;
	rtc->irq = level;
	irq_line(rtc->irqs, GSI_RTC, level);
}

/* Nanoseconds to the next event that interrupts; 0 = none, or one is pending already. */
static uint64_t next_event_ns(const struct rtc *rtc, uint64_t now_ns)
{
	uint8_t enabled = rtc->cmos[REG_B] & IRQ_FLAGS;
	uint64_t next = UINT64_MAX, hz = rate_hz(rtc), to_second = NS_PER_S - now_ns % NS_PER_S;
	if (!enabled || rtc->irq)
		return 0;
	if (enabled & PERIODIC && hz)
		next = NS_PER_S / hz;
	if (!(rtc->cmos[REG_B] & B_SET)) {
		int64_t alarm = enabled & ALARM ? alarm_in(rtc, guest_seconds(rtc, now_ns)) : 0;
		if (alarm)
			next = min_u64(next, to_second + (uint64_t)(alarm - 1) * NS_PER_S);
		if (enabled & UPDATED)
			next = min_u64(next, to_second);
	}
	return next == UINT64_MAX ? 0 : next;
}

/*
 * Main thread: from a post, and when the time has come. After an interrupt nothing is armed until
 * the guest reads register C, so a guest that does not answer costs nothing.
 */
static void watch(void *ctx)
{
	struct rtc *rtc = ctx;
	pthread_mutex_lock(&rtc->lock);
	uint64_t now = rtc->now_ns();
	settle(rtc, now);
	update_irq(rtc);
	uint64_t ns = next_event_ns(rtc, now);
	pthread_mutex_unlock(&rtc->lock);
	if (ns)
		loop_timer_arm(rtc->loop, &rtc->tick, ns / 1000000 + 1);
	else
		loop_timer_cancel(rtc->loop, &rtc->tick);
}

void rtc_init(struct rtc *rtc, struct irqs *irqs, struct loop *loop)
{
	*rtc = (struct rtc){ .irqs = irqs, .loop = loop, .now_ns = realtime_ns };
	rtc->cmos[REG_A] = A_DEFAULT;
	rtc->cmos[REG_B] = B_24H;
	rtc->cmos[REG_D] = D_VALID;
	rtc->seen_ns = rtc->now_ns();
	rtc->work = (struct loop_work){ .run = watch, .ctx = rtc };
	rtc->tick = (struct loop_timer){ .expired = watch, .ctx = rtc };
	pthread_mutex_init(&rtc->lock, NULL);
}

void rtc_fini(struct rtc *rtc)
{
	if (!rtc->loop)
		return;
	loop_unpost(rtc->loop, &rtc->work);
	loop_timer_cancel(rtc->loop, &rtc->tick);
	pthread_mutex_destroy(&rtc->lock);
	rtc->loop = NULL;
}

/* --- registers --- */

static void write_b(struct rtc *rtc, uint8_t value, uint64_t now_ns)
{
	bool was_set = rtc->cmos[REG_B] & B_SET;
	rtc->cmos[REG_B] = value & B_SET ? value & (uint8_t)~B_UIE : value;
	if (value & B_SET && !was_set)
		latch_time(rtc, now_ns);
	else if (!(value & B_SET) && was_set)
		commit_time(rtc, now_ns);
}

static uint8_t read_register(struct rtc *rtc, uint64_t now_ns)
{
	unsigned index = rtc->index;
	bool held = rtc->cmos[REG_B] & B_SET;
	uint8_t value = rtc->cmos[index];
	if (is_time(index) && !held) {
		latch_time(rtc, now_ns);
		value = rtc->cmos[index];
	} else if (index == REG_A && !held && now_ns % NS_PER_S >= NS_PER_S - UIP_NS) {
		value |= A_UIP;
	} else if (index == REG_C) {
		rtc->cmos[REG_C] = 0;
	}
	return value;
}

static void write_register(struct rtc *rtc, uint8_t value, uint64_t now_ns)
{
	unsigned index = rtc->index;
	if (index == REG_A) {
		rtc->cmos[REG_A] = value & (uint8_t)~A_UIP;
	} else if (index == REG_B) {
		write_b(rtc, value, now_ns);
	} else if (index == REG_C || index == REG_D) {
		return; /* read-only */
	} else if (is_time(index) && !(rtc->cmos[REG_B] & B_SET)) {
		latch_time(rtc, now_ns);
		rtc->cmos[index] = value;
		commit_time(rtc, now_ns);
	} else {
		rtc->cmos[index] = value;
	}
}

void rtc_reset(struct rtc *rtc)
{
	loop_timer_cancel(rtc->loop, &rtc->tick);
	pthread_mutex_lock(&rtc->lock);
	/* A guest that died while it set the clock must not leave it standing. */
	write_b(rtc, rtc->cmos[REG_B] & (uint8_t)~(B_SET | B_RESET_CLEARS), rtc->now_ns());
	rtc->cmos[REG_C] = 0;
	rtc->index = 0;
	update_irq(rtc);
	pthread_mutex_unlock(&rtc->lock);
}

/* The index port is write-only; bit 7 of it masks NMI on hardware. */
static uint64_t rtc_read(void *ctx, uint64_t off, unsigned size)
{
	struct rtc *rtc = ctx;
	uint64_t value = 0;
	pthread_mutex_lock(&rtc->lock);
	uint64_t now = rtc->now_ns();
	settle(rtc, now);
	update_irq(rtc);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)(off + i == 0 ? 0xFF : read_register(rtc, now)) << (8 * i);
	update_irq(rtc);
	bool armed = rtc->index == REG_C && rtc->cmos[REG_B] & IRQ_FLAGS;
	pthread_mutex_unlock(&rtc->lock);
	if (armed)
		loop_post(rtc->loop, &rtc->work);
	return value;
}

static void rtc_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct rtc *rtc = ctx;
	pthread_mutex_lock(&rtc->lock);
	uint64_t now = rtc->now_ns();
	bool data = false;
	settle(rtc, now);
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> (8 * i));
		data |= off + i != 0;
		if (off + i == 0)
			rtc->index = byte & (RTC_CMOS_SIZE - 1);
		else
			write_register(rtc, byte, now);
	}
	update_irq(rtc);
	bool armed = data && rtc->cmos[REG_B] & IRQ_FLAGS;
	pthread_mutex_unlock(&rtc->lock);
	if (armed)
		loop_post(rtc->loop, &rtc->work);
}

const struct bus_ops rtc_ops = { .read = rtc_read, .write = rtc_write };
