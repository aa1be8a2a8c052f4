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

#define HZ UINT64_C(3579545)
#define SECOND UINT64_C(1000000000)

#define TMR 0x0001
#define PWRBTN 0x0100
#define WAK 0x8000

struct fixture {
	struct pm pm;
	struct irqs irqs;
	struct loop loop;
	struct platform_events events;
	unsigned resets, power_offs;
};

static uint64_t clock_ns;

static uint64_t fake_ns(void)
{
	return clock_ns;
}

static uint64_t fake_ms(void)
{
	return clock_ns / 1000000;
}

static void count_reset(void *ctx)
{
	((struct fixture *)ctx)->resets++;
}

static void count_power_off(void *ctx)
{
	struct fixture *f = ctx;
	f->power_offs++;
	pm_ops.read(&f->pm, 0, 1); /* no lock may be held here */
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	clock_ns = 1234 * SECOND;
	fake_irq_init();
	assert_int_equal(loop_init(&f->loop), 0);
	f->loop.now_ms = fake_ms;
	f->events = (struct platform_events){ count_reset, count_power_off, f };
	pm_init(&f->pm, &f->irqs, &f->loop, &f->events);
	f->pm.now_ns = fake_ns;
	pm_reset(&f->pm);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	pm_fini(&f->pm);
	pm_fini(&f->pm); /* twice is harmless */
	loop_fini(&f->loop);
	free(f);
	return 0;
}

static uint32_t in(struct fixture *f, unsigned off, unsigned size)
{
	return (uint32_t)pm_ops.read(&f->pm, off, size);
}

static void out(struct fixture *f, unsigned off, unsigned size, uint32_t value)
{
	pm_ops.write(&f->pm, off, size, value);
}

static bool sci(void)
{
	return fake_irq.line[GSI_SCI].level;
}

static void the_timer_counts_at_its_frequency(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(in(f, 8, 4), 0);
	clock_ns += SECOND;
	assert_int_equal(in(f, 8, 4), HZ);
	clock_ns += SECOND / 2;
	assert_int_equal(in(f, 8, 4), HZ + HZ / 2);
}

static void the_timer_has_24_bits(void **state)
{
	struct fixture *f = *state;
	clock_ns += 5 * SECOND;
	assert_int_equal(in(f, 8, 4), 5 * HZ - (1 << 24));
	clock_ns += 1000000 * SECOND;
	assert_int_equal(in(f, 8, 4), 1000005 * HZ % (1 << 24));
}

static void the_timer_can_be_read_by_bytes(void **state)
{
	struct fixture *f = *state;
	clock_ns += SECOND;
	uint32_t v = in(f, 8, 4);
	assert_int_equal(in(f, 8, 1) | in(f, 9, 1) << 8 | in(f, 10, 1) << 16, v);
	out(f, 8, 4, 0); /* and not written */
	assert_int_equal(in(f, 8, 4), v);
}

static void acpi_mode_is_on_from_the_start(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(in(f, 4, 2), 1);
	out(f, 4, 2, 0);
	assert_int_equal(in(f, 4, 2), 1);
}

static void the_power_button_needs_a_listener(void **state)
{
	struct fixture *f = *state;
	assert_false(pm_power_button(&f->pm));
	assert_int_equal(in(f, 0, 2), 0);
	out(f, 2, 2, PWRBTN);
	assert_true(pm_power_button(&f->pm));
	assert_int_equal(in(f, 0, 2), PWRBTN);
	assert_true(sci());
}

static void status_bits_clear_where_one_is_written(void **state)
{
	struct fixture *f = *state;
	out(f, 2, 2, PWRBTN);
	pm_power_button(&f->pm);
	out(f, 0, 2, TMR);
	assert_int_equal(in(f, 0, 2), PWRBTN);
	assert_true(sci());
	out(f, 1, 1, PWRBTN >> 8); /* by byte */
	assert_int_equal(in(f, 0, 2), 0);
	assert_false(sci());
}

static void disabling_an_event_takes_the_sci_down(void **state)
{
	struct fixture *f = *state;
	out(f, 2, 2, PWRBTN);
	pm_power_button(&f->pm);
	out(f, 2, 2, 0);
	assert_false(sci());
	out(f, 2, 2, PWRBTN);
	assert_true(sci());
}

static void only_defined_enable_bits_stick(void **state)
{
	struct fixture *f = *state;
	out(f, 2, 2, 0xFFFF);
	assert_int_equal(in(f, 2, 2), 0x4721);
}

static void timer_status_follows_bit_23(void **state)
{
	struct fixture *f = *state;
	clock_ns += 2 * SECOND;
	assert_int_equal(in(f, 0, 2), 0);
	clock_ns += SECOND; /* half a turn takes 2.34 s */
	assert_int_equal(in(f, 0, 2), TMR);
	out(f, 0, 2, TMR);
	assert_int_equal(in(f, 0, 2), 0);
	clock_ns += 2 * SECOND;
	assert_int_equal(in(f, 0, 2), TMR);
}

static void the_timer_interrupts_without_being_read(void **state)
{
	struct fixture *f = *state;
	out(f, 2, 2, TMR);
	assert_int_equal(loop_step(&f->loop, 0), 0); /* the post arms the timer */
	assert_true(f->pm.overflow.armed);
	clock_ns += 2344 * (SECOND / 1000);
	assert_int_equal(loop_step(&f->loop, 0), 0);
	assert_true(sci());
	assert_false(f->pm.overflow.armed); /* until the guest has answered */
	out(f, 0, 2, TMR);
	assert_false(sci());
	assert_int_equal(loop_step(&f->loop, 0), 0);
	assert_true(f->pm.overflow.armed);
}

static void nobody_watches_a_timer_that_nobody_enabled(void **state)
{
	struct fixture *f = *state;
	out(f, 2, 2, PWRBTN);
	assert_int_equal(loop_step(&f->loop, 0), 0);
	assert_false(f->pm.overflow.armed);
	assert_false(f->pm.work.queued);
}

static void sleep_type_zero_powers_off_once_enabled(void **state)
{
	struct fixture *f = *state;
	out(f, 4, 2, 0x0001);
	assert_int_equal(f->power_offs, 0);
	out(f, 4, 2, 0x2001);
	assert_int_equal(f->power_offs, 1);
	assert_int_equal(in(f, 4, 2) & 0x2000, 0); /* SLP_EN reads 0 */
	out(f, 5, 1, 0x20);                        /* by byte */
	assert_int_equal(f->power_offs, 2);
	out(f, 4, 4, 0x2000);
	assert_int_equal(f->power_offs, 3);
}

static void other_sleep_types_wake_at_once(void **state)
{
	struct fixture *f = *state;
	for (unsigned type = 1; type < 8; type++) {
		out(f, 4, 2, 0x2001 | type << 10);
		assert_int_equal(in(f, 0, 2), WAK);
		assert_int_equal(in(f, 4, 2), 1 | type << 10);
		out(f, 0, 2, WAK);
	}
	assert_int_equal(f->power_offs, 0);
	assert_false(sci());
}

static void general_purpose_events_are_stored_and_cleared_by_byte(void **state)
{
	struct fixture *f = *state;
	out(f, 0x28, 4, 0x04030201);
	out(f, 0x2F, 1, 0x80);
	assert_int_equal(in(f, 0x28, 4), 0x04030201);
	assert_int_equal(in(f, 0x2F, 1), 0x80);
	f->pm.gpe_sts[7] = 0x81;
	assert_int_equal(in(f, 0x27, 1), 0x81);
	assert_true(sci());
	out(f, 0x27, 1, 0x80);
	assert_int_equal(in(f, 0x27, 1), 0x01);
	assert_false(sci());
}

static void the_rest_of_the_block_reads_zero_and_takes_no_writes(void **state)
{
	struct fixture *f = *state;
	for (unsigned off = 0x30; off < PM_SIZE; off++) {
		out(f, off, 1, 0xFF);
		assert_int_equal(in(f, off, 1), 0);
	}
	assert_int_equal(in(f, 6, 2), 0);
}

static void reset_forgets_enables_and_starts_the_timer_again(void **state)
{
	struct fixture *f = *state;
	out(f, 2, 2, PWRBTN | TMR);
	out(f, 0x28, 1, 0xFF);
	pm_power_button(&f->pm);
	loop_step(&f->loop, 0);
	clock_ns += SECOND;
	pm_reset(&f->pm);
	assert_false(sci());
	assert_int_equal(in(f, 2, 2), 0);
	assert_int_equal(in(f, 0x28, 1), 0);
	assert_int_equal(in(f, 8, 4), 0);
	assert_false(f->pm.overflow.armed);
	assert_false(pm_power_button(&f->pm));
}

static void the_real_clock_advances(void **state)
{
	struct fixture *f = *state;
	pm_fini(&f->pm);
	pm_init(&f->pm, &f->irqs, &f->loop, &f->events);
	uint32_t first = in(f, 8, 4);
	for (int i = 0; i < 1000000 && in(f, 8, 4) == first; i++)
		;
	assert_true(in(f, 8, 4) > first);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_timer_counts_at_its_frequency),
		T(the_timer_has_24_bits),
		T(the_timer_can_be_read_by_bytes),
		T(acpi_mode_is_on_from_the_start),
		T(the_power_button_needs_a_listener),
		T(status_bits_clear_where_one_is_written),
		T(disabling_an_event_takes_the_sci_down),
		T(only_defined_enable_bits_stick),
		T(timer_status_follows_bit_23),
		T(the_timer_interrupts_without_being_read),
		T(nobody_watches_a_timer_that_nobody_enabled),
		T(sleep_type_zero_powers_off_once_enabled),
		T(other_sleep_types_wake_at_once),
		T(general_purpose_events_are_stored_and_cleared_by_byte),
		T(the_rest_of_the_block_reads_zero_and_takes_no_writes),
		T(reset_forgets_enables_and_starts_the_timer_again),
		T(the_real_clock_advances),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
