/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/window.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static const struct layout layout = {
	.mmio32 = { PCI_MMIO32_BASE, PCI_MMIO32_END - PCI_MMIO32_BASE },
	.mmio64 = { UINT64_C(0x7000000000), 64 * GIB },
	.io = { PCI_PIO_BASE, PCI_PIO_SIZE },
};
static struct pci_windows ports[255];
static struct err err;

static int fresh(void **state)
{
	(void)state;
	memset(ports, 0x5a, sizeof(ports));
	memset(&err, 0, sizeof(err));
	return 0;
}

static struct window_bar bar(unsigned port, enum bar_kind kind, bool prefetch, uint64_t size)
{
	return (struct window_bar){
		.port = port, .kind = kind, .prefetch = prefetch, .size = size
	};
}

static void each_kind_goes_to_its_window(void **state)
{
	(void)state;
	struct window_bar bars[] = {
		bar(0, BAR_MEM32, false, 16 * KIB), bar(0, BAR_MEM64, true, 256 * MIB),
		bar(0, BAR_MEM64, false, 64 * KIB), bar(0, BAR_IO, false, 32),
		bar(0, BAR_ROM, false, 128 * KIB),  bar(0, BAR_MEM32, true, 8 * MIB),
	};
	assert_int_equal(window_assign(&layout, bars, ARRAY_LEN(bars), ports, 1, &err), 0);
	assert_true(range_contains(ports[0].mem, bars[0].addr, bars[0].size));
	assert_true(range_contains(ports[0].pref, bars[1].addr, bars[1].size));
	assert_true(range_contains(ports[0].mem, bars[2].addr, bars[2].size));
	assert_true(range_contains(ports[0].io, bars[3].addr, bars[3].size));
	assert_true(range_contains(ports[0].mem, bars[4].addr, bars[4].size));
	assert_true(range_contains(ports[0].mem, bars[5].addr, bars[5].size));
	assert_int_equal(ports[0].pref.start, layout.mmio64.start);
	assert_int_equal(ports[0].mem.size, 9 * MIB);
	assert_int_equal(ports[0].io.size, 4 * KIB);
	assert_int_equal(ports[0].secondary, 1);
	assert_int_equal(ports[0].subordinate, 1);
}

static void the_biggest_bar_comes_first(void **state)
{
	(void)state;
	struct window_bar bars[] = {
		bar(0, BAR_MEM32, false, 4 * KIB),
		bar(0, BAR_MEM32, false, 2 * MIB),
		bar(0, BAR_MEM32, false, 64 * KIB),
	};
	assert_int_equal(window_assign(&layout, bars, 3, ports, 1, &err), 0);
	assert_int_equal(bars[1].addr, PCI_MMIO32_BASE);
	assert_int_equal(bars[2].addr, PCI_MMIO32_BASE + 2 * MIB);
	assert_int_equal(bars[0].addr, PCI_MMIO32_BASE + 2 * MIB + 64 * KIB);
	assert_int_equal(ports[0].mem.size, 3 * MIB);
}

static void what_a_port_does_not_need_is_closed(void **state)
{
	(void)state;
	struct window_bar bars[] = { bar(1, BAR_MEM32, false, 4 * KIB) };
	assert_int_equal(window_assign(&layout, bars, 1, ports, 3, &err), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ports[i].io.size, 0);
		assert_int_equal(ports[i].pref.size, 0);
		assert_int_equal(ports[i].mem.size, i == 1 ? MIB : 0);
		assert_int_equal(ports[i].secondary, i + 1);
	}
}

static void no_ports_and_no_bars_are_fine(void **state)
{
	(void)state;
	assert_int_equal(window_assign(&layout, NULL, 0, NULL, 0, &err), 0);
	assert_int_equal(window_need64(NULL, 0), 0);
}

static void the_root_bus_takes_any_64_bit_bar_high(void **state)
{
	(void)state;
	struct window_bar bars[] = {
		bar(WINDOW_ON_ROOT, BAR_MEM64, false, 16 * KIB),
		bar(WINDOW_ON_ROOT, BAR_MEM32, false, 4 * KIB),
		bar(WINDOW_ON_ROOT, BAR_IO, false, 32),
	};
	assert_int_equal(window_assign(&layout, bars, 3, NULL, 0, &err), 0);
	assert_int_equal(bars[0].addr, layout.mmio64.start);
	assert_int_equal(bars[1].addr, PCI_MMIO32_BASE);
	assert_int_equal(bars[2].addr, PCI_PIO_BASE);
}

static void bars_smaller_than_a_page_get_one_each(void **state)
{
	(void)state;
	struct window_bar bars[] = {
		bar(0, BAR_MEM32, false, 256),
		bar(0, BAR_MEM32, false, 16),
		bar(WINDOW_ON_ROOT, BAR_MEM32, false, 128),
	};
	assert_int_equal(window_assign(&layout, bars, 3, ports, 1, &err), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(bars[i].addr % PAGE_4K, 0);
	assert_int_equal(bars[1].addr, bars[0].addr + PAGE_4K);
}

static void ten_ports_fit_the_io_window_and_eleven_do_not(void **state)
{
	(void)state;
	struct window_bar bars[11];
	for (unsigned i = 0; i < 11; i++)
		bars[i] = bar(i, BAR_IO, false, 32);
	assert_int_equal(window_assign(&layout, bars, 10, ports, 10, &err), 0);
	assert_int_equal(ports[9].io.start, 0xf000);
	assert_int_equal(window_assign(&layout, bars, 11, ports, 11, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "I/O port window"));
	assert_non_null(strstr(err.text, "root port 11: 4 KiB"));
	assert_non_null(strstr(err.text, "fewer devices"));
}

static void a_refusal_is_a_map_of_what_was_wanted(void **state)
{
	(void)state;
	struct window_bar bars[] = {
		bar(0, BAR_MEM64, true, 32 * GIB),
		bar(1, BAR_MEM64, true, 64 * GIB),
		bar(WINDOW_ON_ROOT, BAR_MEM64, false, 16 * KIB),
	};
	bars[2].index = 4;
	assert_int_equal(window_assign(&layout, bars, 3, ports, 2, &err), -ENOSPC);
	assert_int_equal(err.code, -ENOSPC);
	assert_non_null(strstr(err.text, "64-bit memory window"));
	assert_non_null(
		strstr(err.text, "root port 2: 64 GiB, root port 1: 32 GiB, bus 0 BAR 4: 16 KiB"));
	assert_non_null(strstr(err.text, "physical address bits"));
}

static void a_map_too_long_to_print_is_cut(void **state)
{
	(void)state;
	struct window_bar bars[200];
	for (unsigned i = 0; i < 200; i++)
		bars[i] = bar(i, BAR_MEM32, false, 64 * MIB);
	assert_int_equal(window_assign(&layout, bars, 200, ports, 200, &err), -ENOSPC);
	assert_non_null(strstr(err.text, ", ..."));
	assert_non_null(strstr(err.text, "ROMs off"));
}

static void sizes_that_overflow_are_refused(void **state)
{
	(void)state;
	struct window_bar bars[3];
	for (unsigned i = 0; i < 3; i++)
		bars[i] = bar(0, BAR_MEM64, true, UINT64_C(1) << 63);
	assert_int_equal(window_assign(&layout, bars, 3, ports, 1, &err), -ENOSPC);
	assert_int_equal(window_need64(bars, 3), UINT64_MAX);
	for (unsigned i = 0; i < 3; i++)
		bars[i].port = WINDOW_ON_ROOT;
	assert_int_equal(window_assign(&layout, bars, 3, ports, 1, &err), -ENOSPC);
	assert_int_equal(window_need64(bars, 3), UINT64_MAX);
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	struct window_bar bad[] = {
		bar(1, BAR_MEM32, false, 4096),
		bar(0, BAR_MEM32, false, 0),
		bar(0, BAR_MEM32, false, 5000),
		bar(0, BAR_NONE, false, 4096),
	};
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(window_assign(&layout, &bad[i], 1, ports, 1, &err), -EINVAL);
	assert_int_equal(window_assign(&layout, NULL, 0, ports, 256, &err), -EINVAL);
	bad[0].port = 300;
	assert_int_equal(window_need64(bad, 1), UINT64_MAX);
}

static void the_same_bars_always_get_the_same_addresses(void **state)
{
	(void)state;
	struct window_bar a[40], b[40];
	for (unsigned i = 0; i < 40; i++)
		a[i] = b[i] = bar(i % 7, BAR_MEM32, false, i % 3 ? 4 * KIB : 64 * KIB);
	assert_int_equal(window_assign(&layout, a, 40, ports, 7, &err), 0);
	assert_int_equal(window_assign(&layout, b, 40, ports, 7, &err), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_true(a[0].addr < a[21].addr); /* both 64 KiB behind port 0: the caller's order */
}

/* Alignment, windows that hold their BARs, and no two things in one place. */
static void assert_sound(const struct window_bar *bars, unsigned n, unsigned n_ports)
{
	for (unsigned i = 0; i < n; i++) {
		const struct window_bar *x = &bars[i];
		assert_int_equal(x->addr % x->size, 0);
		for (unsigned k = 0; k < i; k++) {
			const struct window_bar *y = &bars[k];
			if ((x->kind == BAR_IO) == (y->kind == BAR_IO))
				assert_false(range_overlaps((struct range){ x->addr, x->size },
							    (struct range){ y->addr, y->size }));
		}
		if (x->port == WINDOW_ON_ROOT)
			continue;
		const struct pci_windows *p = &ports[x->port];
		struct range w = x->kind == BAR_IO                     ? p->io
				 : x->kind == BAR_MEM64 && x->prefetch ? p->pref
								       : p->mem;
		assert_true(range_contains(w, x->addr, x->size));
	}
	for (unsigned i = 0; i < n_ports; i++) {
		assert_int_equal((ports[i].mem.start | ports[i].mem.size) % MIB, 0);
		assert_int_equal((ports[i].pref.start | ports[i].pref.size) % MIB, 0);
		assert_int_equal((ports[i].io.start | ports[i].io.size) % (4 * KIB), 0);
		for (unsigned k = 0; k < i; k++) {
			assert_false(range_overlaps(ports[i].mem, ports[k].mem));
			assert_false(range_overlaps(ports[i].pref, ports[k].pref));
			assert_false(range_overlaps(ports[i].io, ports[k].io));
		}
	}
}

static void random_machines_are_laid_out_soundly(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 300; round++) {
		struct window_bar bars[24];
		unsigned n = (unsigned)rand() % 24, n_ports = 1 + (unsigned)rand() % 8;
		for (unsigned i = 0; i < n; i++) {
			enum bar_kind kind = (enum bar_kind)(BAR_IO + rand() % 4);
			unsigned shift = kind == BAR_IO    ? 3 + rand() % 4
					 : kind == BAR_ROM ? 11 + rand() % 8
							   : 4 + rand() % 21;
			unsigned port = rand() % 5 ? (unsigned)rand() % n_ports : WINDOW_ON_ROOT;
			bars[i] = bar(port, kind, rand() % 2, UINT64_C(1) << shift);
		}
		assert_int_equal(window_assign(&layout, bars, n, ports, n_ports, &err), 0);
		assert_sound(bars, n, n_ports);
	}
}

static void the_64_bit_need_suffices_from_any_start(void **state)
{
	(void)state;
	srand(2);
	for (unsigned round = 0; round < 300; round++) {
		struct window_bar bars[12];
		unsigned n = 1 + (unsigned)rand() % 11, n_ports = 1 + (unsigned)rand() % 4;
		for (unsigned i = 0; i < n; i++)
			bars[i] = bar(rand() % 3 ? (unsigned)rand() % n_ports : WINDOW_ON_ROOT,
				      BAR_MEM64, true, UINT64_C(1) << (12 + rand() % 20));
		struct layout l = layout;
		l.mmio64.start += (uint64_t)(rand() % 65536) * PAGE_4K;
		l.mmio64.size = window_need64(bars, n);
		assert_int_equal(window_assign(&l, bars, n, ports, n_ports, &err), 0);
	}
}

static void bars_that_stay_low_need_no_64_bit_window(void **state)
{
	(void)state;
	struct window_bar bars[] = {
		bar(0, BAR_MEM64, false, 64 * KIB),
		bar(0, BAR_MEM32, true, 64 * KIB),
		bar(0, BAR_IO, false, 32),
	};
	assert_int_equal(window_need64(bars, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_kind_goes_to_its_window, fresh),
		cmocka_unit_test_setup(the_biggest_bar_comes_first, fresh),
		cmocka_unit_test_setup(what_a_port_does_not_need_is_closed, fresh),
		cmocka_unit_test_setup(no_ports_and_no_bars_are_fine, fresh),
		cmocka_unit_test_setup(the_root_bus_takes_any_64_bit_bar_high, fresh),
		cmocka_unit_test_setup(bars_smaller_than_a_page_get_one_each, fresh),
		cmocka_unit_test_setup(ten_ports_fit_the_io_window_and_eleven_do_not, fresh),
		cmocka_unit_test_setup(a_refusal_is_a_map_of_what_was_wanted, fresh),
		cmocka_unit_test_setup(a_map_too_long_to_print_is_cut, fresh),
		cmocka_unit_test_setup(sizes_that_overflow_are_refused, fresh),
		cmocka_unit_test_setup(nonsense_is_refused, fresh),
		cmocka_unit_test_setup(the_same_bars_always_get_the_same_addresses, fresh),
		cmocka_unit_test_setup(random_machines_are_laid_out_soundly, fresh),
		cmocka_unit_test_setup(the_64_bit_need_suffices_from_any_start, fresh),
		cmocka_unit_test_setup(bars_that_stay_low_need_no_64_bit_window, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
