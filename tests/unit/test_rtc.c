/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "hw/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/layout.h"
#include "fake/fake_irq.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
/* 2024-02-29 (a Thursday) 13:14:58 UTC */
#define LEAP_DAY UINT64_C(1709212498)

enum { SEC, SEC_ALARM, MIN, MIN_ALARM, HOUR, HOUR_ALARM, WDAY, DAY, MONTH, YEAR, A, B, C, D };
#define CENTURY 0x32
#define SET 0x80
#define PIE 0x40
#define AIE 0x20
#define UIE 0x10
#define BINARY 0x04
#define H24 0x02

struct fixture {
	struct rtc rtc;
	struct irqs irqs;
	struct loop loop;
};

static uint64_t clock_ns;

static uint64_t fake_ns(void)
{
	return clock_ns;
}

static uint64_t fake_ms(void)
{
	return clock_ns / MS;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	clock_ns = LEAP_DAY * SECOND;
	fake_irq_init();
	assert_int_equal(loop_init(&f->loop), 0);
	f->loop.now_ms = fake_ms;
	rtc_init(&f->rtc, &f->irqs, &f->loop);
	f->rtc.now_ns = fake_ns;
	f->rtc.seen_ns = clock_ns;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	rtc_fini(&f->rtc);
	rtc_fini(&f->rtc);
	loop_fini(&f->loop);
	free(f);
	return 0;
}

static uint8_t get(struct fixture *f, unsigned reg)
{
	rtc_ops.write(&f->rtc, 0, 1, reg);
	return (uint8_t)rtc_ops.read(&f->rtc, 1, 1);
}

static void put(struct fixture *f, unsigned reg, uint8_t value)
{
	rtc_ops.write(&f->rtc, 0, 1, reg);
	rtc_ops.write(&f->rtc, 1, 1, value);
}

static bool line(void)
{
	return fake_irq.line[GSI_RTC].level;
}

/* Lets time pass in the loop's steps, as the main thread would see it. */
static void pass(struct fixture *f, uint64_t ns)
{
	for (uint64_t done = 0; done < ns; done += MS) {
		clock_ns += MS;
		loop_step(&f->loop, 0);
	}
}

static void time_is_the_hosts_utc_in_bcd_and_24_hours(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(get(f, B), H24);
	assert_int_equal(get(f, SEC), 0x58);
	assert_int_equal(get(f, MIN), 0x14);
	assert_int_equal(get(f, HOUR), 0x13);
	assert_int_equal(get(f, WDAY), 5);
	assert_int_equal(get(f, DAY), 0x29);
	assert_int_equal(get(f, MONTH), 0x02);
	assert_int_equal(get(f, YEAR), 0x24);
	assert_int_equal(get(f, CENTURY), 0x20);
	clock_ns += 3 * SECOND;
	assert_int_equal(get(f, SEC), 0x01);
	assert_int_equal(get(f, MIN), 0x15);
}

static void binary_and_12_hours_are_spoken_too(void **state)
{
	struct fixture *f = *state;
	put(f, B, BINARY);
	assert_int_equal(get(f, SEC), 58);
	assert_int_equal(get(f, YEAR), 24);
	assert_int_equal(get(f, HOUR), 0x81); /* 1 pm */
	put(f, B, 0);
	assert_int_equal(get(f, HOUR), 0x81);
	clock_ns -= 13 * 3600 * SECOND; /* half past midnight */
	assert_int_equal(get(f, HOUR), 0x12);
	clock_ns += 12 * 3600 * SECOND; /* half past noon */
	assert_int_equal(get(f, HOUR), 0x92);
}

static void set_holds_the_registers_and_starts_the_clock_from_them(void **state)
{
	struct fixture *f = *state;
	put(f, B, SET | H24);
	clock_ns += 5 * SECOND;
	assert_int_equal(get(f, SEC), 0x58);
	put(f, SEC, 0x30);
	put(f, MIN, 0x59);
	put(f, HOUR, 0x23);
	put(f, DAY, 0x31);
	put(f, MONTH, 0x12);
	put(f, YEAR, 0x99);
	put(f, CENTURY, 0x19);
	put(f, B, H24);
	assert_int_equal(get(f, SEC), 0x30);
	assert_int_equal(get(f, WDAY), 6); /* a Friday */
	clock_ns += 30 * SECOND;
	assert_int_equal(get(f, SEC), 0);
	assert_int_equal(get(f, DAY), 1);
	assert_int_equal(get(f, MONTH), 1);
	assert_int_equal(get(f, YEAR), 0);
	assert_int_equal(get(f, CENTURY), 0x20);
}

static void a_single_register_can_be_set_while_the_clock_runs(void **state)
{
	struct fixture *f = *state;
	put(f, HOUR, 0x07);
	assert_int_equal(get(f, HOUR), 0x07);
	assert_int_equal(get(f, MIN), 0x14);
	clock_ns += 3600 * SECOND;
	assert_int_equal(get(f, HOUR), 0x08);
}

static void what_the_guest_set_survives_a_reset(void **state)
{
	struct fixture *f = *state;
	put(f, HOUR, 0x07);
	put(f, 0x40, 0xAB);
	rtc_reset(&f->rtc);
	assert_int_equal(get(f, HOUR), 0x07);
	assert_int_equal(get(f, 0x40), 0xAB);
}

static void a_reset_in_the_middle_of_setting_does_not_stop_the_clock(void **state)
{
	struct fixture *f = *state;
	put(f, B, SET | H24 | PIE);
	rtc_reset(&f->rtc);
	assert_int_equal(get(f, B), H24);
	uint8_t before = get(f, SEC);
	clock_ns += SECOND;
	assert_int_not_equal(get(f, SEC), before);
}

static void nonsense_time_is_carried_over_and_harms_nothing(void **state)
{
	struct fixture *f = *state;
	for (unsigned fill = 0; fill < 256; fill++) {
		put(f, B, (uint8_t)(SET | (fill & (BINARY | H24))));
		for (unsigned reg = 0; reg <= YEAR; reg++)
			put(f, reg, (uint8_t)fill);
		put(f, CENTURY, (uint8_t)fill);
		put(f, B, fill & (BINARY | H24));
		if (fill & BINARY) {
			assert_in_range(get(f, SEC), 0, 59);
			assert_in_range(get(f, MONTH), 1, 12);
			assert_in_range(get(f, DAY), 1, 31);
		}
	}
}

static void update_in_progress_is_short_and_never_stuck(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(get(f, A), 0x26);
	clock_ns += SECOND - 100000;
	assert_int_equal(get(f, A), 0xA6);
	clock_ns += 100000;
	assert_int_equal(get(f, A), 0x26);
	put(f, A, 0xFF);
	assert_int_equal(get(f, A), 0x7F); /* the flag cannot be written */
}

static void the_battery_is_good_and_cannot_be_spoiled(void **state)
{
	struct fixture *f = *state;
	put(f, D, 0);
	assert_int_equal(get(f, D), 0x80);
}

static void cmos_bytes_keep_what_is_written(void **state)
{
	struct fixture *f = *state;
	put(f, 0x0F, 0xFE);
	put(f, 0x7F, 0x11);
	assert_int_equal(get(f, 0x0F), 0xFE);
	assert_int_equal(get(f, 0x8F), 0xFE); /* bit 7 of the index is the NMI mask */
	assert_int_equal(get(f, 0x7F), 0x11);
}

static void the_index_port_is_write_only(void **state)
{
	struct fixture *f = *state;
	put(f, 0x40, 0x5A);
	assert_int_equal(rtc_ops.read(&f->rtc, 0, 1), 0xFF);
	assert_int_equal(rtc_ops.read(&f->rtc, 0, 2), 0x5AFF);
	rtc_ops.write(&f->rtc, 0, 2, 0xA541);
	assert_int_equal(get(f, 0x41), 0xA5);
}

static void update_ended_shows_in_register_c_once_a_second(void **state)
{
	struct fixture *f = *state;
	get(f, C);
	assert_int_equal(get(f, C) & UIE, 0);
	clock_ns += SECOND;
	assert_int_equal(get(f, C) & UIE, UIE);
	assert_int_equal(get(f, C) & UIE, 0);
	put(f, B, SET | H24);
	clock_ns += SECOND;
	assert_int_equal(get(f, C) & UIE, 0);
}

static void update_interrupts_come_every_second_and_wait_for_the_guest(void **state)
{
	struct fixture *f = *state;
	put(f, B, H24 | UIE);
	pass(f, 500 * MS);
	assert_false(line());
	pass(f, 600 * MS);
	assert_true(line());
	pass(f, 3 * SECOND);
	assert_int_equal(fake_irq.line[GSI_RTC].raised, 1);
	assert_false(f->rtc.tick.armed);
	assert_int_equal(get(f, C) & 0x90, 0x90);
	assert_false(line());
	pass(f, 1100 * MS);
	assert_int_equal(fake_irq.line[GSI_RTC].raised, 2);
}

static void setting_the_clock_turns_update_interrupts_off(void **state)
{
	struct fixture *f = *state;
	put(f, B, SET | H24 | UIE);
	assert_int_equal(get(f, B), SET | H24);
}

static void an_alarm_interrupts_at_its_time(void **state)
{
	struct fixture *f = *state;
	put(f, SEC_ALARM, 0x01);
	put(f, MIN_ALARM, 0x15);
	put(f, HOUR_ALARM, 0x13);
	put(f, B, H24 | AIE);
	pass(f, 2900 * MS);
	assert_false(line());
	pass(f, 200 * MS);
	assert_true(line());
	assert_int_equal(get(f, C) & 0xA0, 0xA0);
}

static void an_alarm_of_any_minute_comes_each_minute(void **state)
{
	struct fixture *f = *state;
	put(f, SEC_ALARM, 0x00);
	put(f, MIN_ALARM, 0xC0);
	put(f, HOUR_ALARM, 0xFF);
	clock_ns += 2 * SECOND;
	assert_int_equal(get(f, C) & AIE, AIE);
	clock_ns += 59 * SECOND;
	assert_int_equal(get(f, C) & AIE, 0);
	clock_ns += SECOND;
	assert_int_equal(get(f, C) & AIE, AIE);
}

static void an_alarm_that_passed_long_ago_is_still_flagged(void **state)
{
	struct fixture *f = *state;
	put(f, SEC_ALARM, 0x00);
	put(f, MIN_ALARM, 0x00);
	put(f, HOUR_ALARM, 0x03);
	clock_ns += 13 * 3600 * SECOND;
	assert_int_equal(get(f, C) & AIE, 0);
	clock_ns += 48 * 3600 * SECOND;
	assert_int_equal(get(f, C) & AIE, AIE);
}

static void an_impossible_alarm_never_comes(void **state)
{
	struct fixture *f = *state;
	static const uint8_t bad[][3] = { { 0x60, 0, 0 }, { 0, 0x99, 0 }, { 0, 0, 0x24 } };
	for (size_t i = 0; i < 3; i++) {
		put(f, SEC_ALARM, bad[i][0]);
		put(f, MIN_ALARM, bad[i][1]);
		put(f, HOUR_ALARM, bad[i][2]);
		put(f, B, H24 | AIE);
		clock_ns += 86400 * SECOND;
		loop_step(&f->loop, 0);
		assert_int_equal(get(f, C) & AIE, 0);
		assert_false(line());
	}
}

static void periodic_interrupts_come_at_the_chosen_rate(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;
	put(f, A, 0x2C); /* 16 Hz */
	put(f, B, H24 | PIE);
	for (int i = 0; i < 1000; i++) {
		pass(f, MS);
		if (line()) {
			n++;
			assert_int_equal(get(f, C) & 0xC0, 0xC0);
		}
	}
	assert_in_range(n, 15, 17);
}

static void the_fastest_rate_keeps_the_host_alive(void **state)
{
	struct fixture *f = *state;
	put(f, A, 0x23); /* 8192 Hz */
	put(f, B, H24 | PIE);
	pass(f, 50 * MS);
	assert_int_equal(fake_irq.line[GSI_RTC].raised, 1); /* one, and no more until it is read */
	assert_false(f->rtc.tick.armed);
	put(f, A, 0x20); /* rate 0: none */
	get(f, C);
	pass(f, 50 * MS);
	assert_false(line());
}

static void a_host_clock_that_steps_back_raises_nothing(void **state)
{
	struct fixture *f = *state;
	get(f, C);
	clock_ns -= 3600 * SECOND;
	assert_int_equal(get(f, C), 0);
	assert_int_equal(get(f, HOUR), 0x12);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(time_is_the_hosts_utc_in_bcd_and_24_hours),
		T(binary_and_12_hours_are_spoken_too),
		T(set_holds_the_registers_and_starts_the_clock_from_them),
		T(a_single_register_can_be_set_while_the_clock_runs),
		T(what_the_guest_set_survives_a_reset),
		T(a_reset_in_the_middle_of_setting_does_not_stop_the_clock),
		T(nonsense_time_is_carried_over_and_harms_nothing),
		T(update_in_progress_is_short_and_never_stuck),
		T(the_battery_is_good_and_cannot_be_spoiled),
		T(cmos_bytes_keep_what_is_written),
		T(the_index_port_is_write_only),
		T(update_ended_shows_in_register_c_once_a_second),
		T(update_interrupts_come_every_second_and_wait_for_the_guest),
		T(setting_the_clock_turns_update_interrupts_off),
		T(an_alarm_interrupts_at_its_time),
		T(an_alarm_of_any_minute_comes_each_minute),
		T(an_alarm_that_passed_long_ago_is_still_flagged),
		T(an_impossible_alarm_never_comes),
		T(periodic_interrupts_come_at_the_chosen_rate),
		T(the_fastest_rate_keeps_the_host_alive),
		T(a_host_clock_that_steps_back_raises_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
