/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "pci/msix.h"

#include <dirent.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fake/fake_irq.h"

#define N 8
#define ENABLE PCI_MSIX_FLAGS_ENABLE
#define MASKALL PCI_MSIX_FLAGS_MASKALL
#define MSG UINT64_C(0xfee01000)

/* The device: what it was told last. */
static struct {
	unsigned enables, disables, n, changed;
	int fds[VECTORS_MAX];
	int fail;
} device;

static struct irqs irqs;
static struct msix msix;

static int enable(void *ctx, const int *event_fds, unsigned n, unsigned changed)
{
	assert_ptr_equal(ctx, &device);
	assert_true(n >= 1 && n >= device.n);
	device.enables++;
	if (device.fail)
		return device.fail;
	device.n = n;
	device.changed = changed;
	memcpy(device.fds, event_fds, n * sizeof(*event_fds));
	return 0;
}

static void disable(void *ctx)
{
	assert_ptr_equal(ctx, &device);
	assert_true(device.n > 0);
	device.disables++;
	device.n = 0;
}

static const struct msix_source source = { enable, disable };

static int up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	memset(&device, 0, sizeof(device));
	fake_irq_init();
	return msix_init(&msix, N, &irqs, &source, &device);
}

static int down(void **state)
{
	(void)state;
	msix_fini(&msix);
	return fake_irq.in_use || fake_irq.wired;
}

static unsigned open_fds(void)
{
	unsigned n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void set_message(unsigned i, uint64_t address, uint32_t data)
{
	msix_table_write(&msix, i * 16, 4, address);
	msix_table_write(&msix, i * 16 + 4, 4, address >> 32);
	msix_table_write(&msix, i * 16 + 8, 4, data);
}

static void set_mask(unsigned i, bool masked)
{
	msix_table_write(&msix, i * 16 + 12, 4, masked);
}

static void unmask(unsigned i)
{
	set_message(i, MSG, 0x4000 + i);
	set_mask(i, false);
}

static unsigned calls(void)
{
	return fake_irq.commits + fake_irq.wires + fake_irq.unwires + fake_irq.allocs +
	       device.enables + device.disables;
}

static unsigned injected(unsigned i)
{
	return fake_irq.gsi[msix.vectors.at[i].gsi].injected;
}

static void a_fresh_table_is_masked_and_holds_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(msix_table_read(&msix, i * 16 + 12, 4), 1);
		assert_int_equal(msix_table_read(&msix, i * 16, 8), 0);
	}
	assert_int_equal(msix_pba_read(&msix, 0, 8), 0);
	assert_int_equal(calls(), 0);
}

static void nothing_happens_before_msix_is_enabled(void **state)
{
	(void)state;
	unmask(0);
	assert_int_equal(calls(), 0);
	msix_control(&msix, MASKALL);
	msix_control(&msix, 0);
	assert_int_equal(calls(), 0);
}

static void enabling_all_masked_still_enables_the_hardware(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	assert_int_equal(device.enables, 1);
	assert_int_equal(device.n, 1);
	assert_int_equal(device.fds[0], -1);
	assert_int_equal(fake_irq.in_use + fake_irq.commits, 0);
}

static void the_first_unmask_takes_the_vector(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(3);
	const struct vector *v = &msix.vectors.at[3];
	assert_true(v->wired);
	assert_int_equal(fake_irq.in_use, 1);
	assert_int_equal(fake_irq.gsi[v->gsi].live.address, MSG);
	assert_int_equal(fake_irq.gsi[v->gsi].live.data, 0x4003);
	assert_int_equal(fake_irq.gsi[v->gsi].event_fd, v->event_fd);
	assert_int_equal(device.enables, 2);
	assert_int_equal(device.n, 4);
	assert_int_equal(device.changed, 3);
	assert_int_equal(device.fds[2], -1);
	assert_int_equal(device.fds[3], v->event_fd);
	fake_irq_signal(v->event_fd);
	assert_int_equal(injected(3), 1);
}

static void enabling_many_unmasked_is_one_commit_and_one_enable(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N; i++)
		unmask(i);
	msix_control(&msix, ENABLE);
	assert_int_equal(fake_irq.commits, 1);
	assert_int_equal(fake_irq.wires, N);
	assert_int_equal(device.enables, 1);
	assert_int_equal(device.n, N);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(device.fds[i], msix.vectors.at[i].event_fd);
}

static void lifting_the_function_mask_is_one_batch(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE | MASKALL);
	assert_int_equal(device.n, 1);
	for (unsigned i = 0; i < N; i++)
		unmask(i);
	assert_int_equal(fake_irq.wires, 0);
	msix_control(&msix, ENABLE);
	assert_int_equal(fake_irq.commits, 1);
	assert_int_equal(fake_irq.wired, N);
	assert_int_equal(device.enables, 2);
	assert_int_equal(device.changed, VECTORS_MANY);
	msix_control(&msix, ENABLE | MASKALL);
	assert_int_equal(fake_irq.wired, 0);
	msix_control(&msix, ENABLE);
	assert_int_equal(fake_irq.wired, N);
	assert_int_equal(fake_irq.commits, 1);
	assert_int_equal(device.enables, 2);
}

static void a_masked_vector_latches_and_fires_on_unmask(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(2);
	int fd = msix.vectors.at[2].event_fd;
	set_mask(2, true);
	assert_int_equal(fake_irq.wired, 0);
	assert_int_equal(msix_pba_read(&msix, 0, 8), 0);
	fake_irq_signal(fd);
	fake_irq_signal(fd);
	assert_int_equal(injected(2), 0);
	assert_int_equal(msix_pba_read(&msix, 0, 8), 4);
	assert_int_equal(msix_pba_read(&msix, 0, 4), 4);
	assert_int_equal(msix_pba_read(&msix, 4, 4), 0);
	set_mask(2, false);
	assert_int_equal(injected(2), 1);
	assert_int_equal(msix_pba_read(&msix, 0, 8), 0); /* though the eventfd still counts */
	set_mask(2, true);
	assert_int_equal(msix_pba_read(&msix, 0, 8), 0); /* KVM took the count along */
	set_mask(2, false);
	assert_int_equal(injected(2), 1);
}

static void masking_costs_two_calls_and_no_commit(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(0);
	unsigned before = calls();
	for (unsigned i = 0; i < 50; i++) {
		set_mask(0, true);
		set_mask(0, false);
	}
	assert_int_equal(calls(), before + 100);
	assert_int_equal(fake_irq.commits, 1);
	assert_int_equal(msix.slow_masks, 101);
}

static void writing_the_same_again_costs_nothing(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(0);
	unsigned before = calls();
	unmask(0);
	msix_control(&msix, ENABLE);
	assert_int_equal(calls(), before);
}

static void a_new_message_while_unmasked_is_routed(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(0);
	msix_table_write(&msix, 8, 4, 0x4099);
	int gsi = msix.vectors.at[0].gsi;
	assert_int_equal(fake_irq.gsi[gsi].live.data, 0x4099);
	assert_int_equal(fake_irq.commits, 2);
	assert_int_equal(fake_irq.wires, 1);
	msix_table_write(&msix, 0, 8, MSG + 0x1000);
	assert_int_equal(fake_irq.gsi[gsi].live.address, MSG + 0x1000);
}

static void a_new_message_while_masked_waits_for_the_unmask(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(0);
	set_mask(0, true);
	set_message(0, MSG + 0x2000, 7);
	assert_int_equal(fake_irq.commits, 1);
	set_mask(0, false);
	assert_int_equal(fake_irq.commits, 2);
	assert_int_equal(fake_irq.gsi[msix.vectors.at[0].gsi].live.data, 7);
	assert_int_equal(device.enables, 2);
}

static void a_message_that_is_no_interrupt_is_not_routed(void **state)
{
	(void)state;
	static const uint64_t bad[] = {
		0,         0xfed00000, 0x1fee00000, 0xfee00000fee00000 ^ 0x100000000, 0xff00000000,
		0x80000000
	};
	msix_control(&msix, ENABLE);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		set_mask(0, true);
		set_message(0, bad[i], 1);
		set_mask(0, false);
		assert_int_equal(fake_irq.wired + fake_irq.in_use, 0);
	}
	set_message(0, UINT64_C(0x1200fee00000), 1); /* destination bits above 255 */
	assert_int_equal(fake_irq.wired, 1);
	set_message(0, 0x1000, 1);
	assert_int_equal(fake_irq.wired, 0);
}

static void disabling_gives_everything_back(void **state)
{
	(void)state;
	unsigned fds = open_fds();
	for (unsigned round = 0; round < 20; round++) {
		msix_control(&msix, ENABLE);
		for (unsigned i = 0; i < N; i++)
			unmask(i);
		set_mask(round % N, true);
		msix_control(&msix, 0);
		assert_int_equal(device.disables, round + 1);
		assert_int_equal(fake_irq.in_use + fake_irq.wired, 0);
		assert_int_equal(open_fds(), fds);
	}
	assert_int_equal(msix_table_read(&msix, 8, 4), 0x4000); /* the table stays */
}

static void an_interrupt_latched_before_disable_is_forgotten(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(0);
	set_mask(0, true);
	fake_irq_signal(msix.vectors.at[0].event_fd);
	msix_control(&msix, 0);
	assert_int_equal(msix_pba_read(&msix, 0, 8), 0);
	msix_control(&msix, ENABLE);
	set_mask(0, false);
	assert_int_equal(injected(0), 0);
}

static void reset_masks_and_releases_all(void **state)
{
	(void)state;
	unsigned fds = open_fds();
	msix_control(&msix, ENABLE | MASKALL);
	msix_control(&msix, ENABLE);
	unmask(1);
	msix_reset(&msix);
	assert_int_equal(fake_irq.in_use + fake_irq.wired, 0);
	assert_int_equal(open_fds(), fds);
	assert_int_equal(device.disables, 1);
	assert_int_equal(msix_table_read(&msix, 16, 8), 0);
	assert_int_equal(msix_table_read(&msix, 28, 4), 1);
	assert_false(msix.enabled);
	msix_reset(&msix);
	assert_int_equal(device.disables, 1);
}

static void only_aligned_dwords_and_qwords_reach_the_table(void **state)
{
	(void)state;
	static const struct {
		uint64_t off;
		unsigned size;
	} bad[] = { { 0, 1 },          { 12, 1 },         { 12, 2 },
		    { 2, 4 },          { 4, 8 },          { 14, 4 },
		    { N * 16, 4 },     { N * 16 - 4, 8 }, { UINT64_MAX - 3, 4 },
		    { UINT64_MAX, 1 }, { 1 << 20, 8 },    { 0, 3 },
		    { 0, 0 } };
	msix_control(&msix, ENABLE);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		msix_table_write(&msix, bad[i].off, bad[i].size, 0);
		assert_true(msix_table_read(&msix, bad[i].off, bad[i].size) ==
			    all_ones(bad[i].size));
	}
	assert_int_equal(msix_table_read(&msix, 12, 4), 1);
	assert_int_equal(device.enables, 1);
}

static void a_qword_may_carry_data_and_mask(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	msix_table_write(&msix, 0, 8, MSG);
	msix_table_write(&msix, 8, 8, 0x4041);
	assert_int_equal(fake_irq.gsi[msix.vectors.at[0].gsi].live.data, 0x4041);
	assert_int_equal(fake_irq.commits, 1);
	msix_table_write(&msix, 8, 8, UINT64_C(0xffffffff00004041));
	assert_int_equal(msix_table_read(&msix, 12, 4), 1); /* reserved bits stay 0 */
	assert_int_equal(fake_irq.wired, 0);
}

static void the_pba_is_as_long_as_its_qwords(void **state)
{
	(void)state;
	assert_true(msix_pba_read(&msix, 8, 8) == UINT64_MAX);
	assert_int_equal(msix_pba_read(&msix, 8, 4), UINT32_MAX);
	assert_int_equal(msix_pba_read(&msix, 4, 4), 0);
	assert_int_equal(msix_pba_read(&msix, 0, 1), 0xff);
	assert_true(msix_pba_read(&msix, 4, 8) == UINT64_MAX);
	msix_fini(&msix);
	assert_int_equal(msix_init(&msix, 130, &irqs, &source, &device), 0);
	msix_control(&msix, ENABLE);
	unmask(129);
	set_mask(129, true);
	fake_irq_signal(msix.vectors.at[129].event_fd);
	assert_int_equal(msix_pba_read(&msix, 16, 8), 2);
	assert_int_equal(msix_pba_read(&msix, 16, 4), 2);
	assert_int_equal(msix_pba_read(&msix, 0, 8), 0);
	assert_true(msix_pba_read(&msix, 24, 8) == UINT64_MAX);
}

static void the_upper_half_of_the_pba_is_its_own_dword(void **state)
{
	(void)state;
	msix_fini(&msix);
	assert_int_equal(msix_init(&msix, 64, &irqs, &source, &device), 0);
	msix_control(&msix, ENABLE);
	unmask(33);
	set_mask(33, true);
	fake_irq_signal(msix.vectors.at[33].event_fd);
	assert_int_equal(msix_pba_read(&msix, 4, 4), 2);
	assert_int_equal(msix_pba_read(&msix, 0, 4), 0);
}

static void impossible_sizes_are_refused(void **state)
{
	(void)state;
	struct msix bad;
	assert_int_equal(msix_init(&bad, 0, &irqs, &source, &device), -EINVAL);
	assert_int_equal(msix_init(&bad, 2049, &irqs, &source, &device), -EINVAL);
	msix_fini(&bad);
	msix_reset(&bad);
	msix_control(&bad, ENABLE);
	assert_int_equal(msix_init(&bad, 2048, &irqs, &source, &device), 0);
	msix_fini(&bad);
}

/* --- failures --- */

static void without_a_gsi_the_vector_stays_latched_and_the_guest_lives(void **state)
{
	(void)state;
	fake_irq.gsis_left = 1;
	msix_control(&msix, ENABLE);
	unmask(0);
	unmask(1);
	assert_int_equal(fake_irq.wired, 1);
	assert_int_equal(device.n, 2);
	fake_irq_signal(device.fds[1]);
	assert_int_equal(msix_pba_read(&msix, 0, 8), 2);
	fake_irq.gsis_left = 1;
	set_mask(1, true);
	set_mask(1, false);
	assert_int_equal(injected(1), 1);
}

static void a_failed_commit_leaves_the_vector_unwired(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	fake_irq.fail_commit = -ENOMEM;
	unmask(0);
	assert_int_equal(fake_irq.wires, 0);
	fake_irq.fail_commit = 0;
	set_mask(0, true);
	set_mask(0, false);
	assert_int_equal(fake_irq.wired, 1);
	assert_int_equal(fake_irq.gsi[msix.vectors.at[0].gsi].live.address, MSG);
}

static void a_failed_new_message_keeps_the_old_one(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(0);
	fake_irq.fail_commit = -ENOMEM;
	msix_table_write(&msix, 8, 4, 9);
	int gsi = msix.vectors.at[0].gsi;
	assert_int_equal(fake_irq.gsi[gsi].live.data, 0x4000);
	assert_int_equal(fake_irq.wired, 1);
	fake_irq.fail_commit = 0;
	set_mask(0, true);
	set_mask(0, false);
	assert_int_equal(fake_irq.gsi[gsi].live.data, 9);
}

static void a_failed_wire_is_tried_at_the_next_unmask(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	fake_irq.fail_wire = -EINVAL;
	unmask(0);
	assert_false(msix.vectors.at[0].wired);
	fake_irq_signal(device.fds[0]);
	fake_irq.fail_wire = 0;
	set_mask(0, true);
	set_mask(0, false);
	assert_true(msix.vectors.at[0].wired);
	assert_int_equal(injected(0), 1);
}

static void a_failed_unwire_is_logged_and_survived(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	unmask(0);
	fake_irq.fail_unwire = -EIO;
	set_mask(0, true);
	assert_false(msix.vectors.at[0].wired);
	fake_irq.fail_unwire = 0;
	set_mask(0, false);
	assert_true(msix.vectors.at[0].wired);
}

static void a_device_that_refuses_is_asked_again(void **state)
{
	(void)state;
	device.fail = -EBUSY;
	msix_control(&msix, ENABLE);
	assert_int_equal(msix.vectors.live, 0);
	unmask(0);
	assert_int_equal(msix.vectors.live, 0);
	device.fail = 0;
	set_mask(0, true);
	assert_int_equal(msix.vectors.live, 1);
	assert_int_equal(device.fds[0], msix.vectors.at[0].event_fd);
	device.fail = -EBUSY;
	unmask(1);
	assert_int_equal(device.n, 1);
	device.fail = 0;
	unmask(2); /* a change of one vector offers only what belongs to it ... */
	assert_int_equal(device.n, 3);
	assert_int_equal(device.fds[1], msix.vectors.at[1].event_fd); /* ... but in one list */
}

static void a_device_never_enabled_is_not_disabled(void **state)
{
	(void)state;
	device.fail = -EINVAL;
	msix_control(&msix, ENABLE);
	msix_control(&msix, 0);
	assert_int_equal(device.disables, 0);
}

static void without_file_descriptors_the_guest_lives(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	struct rlimit old, none;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	unmask(0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(fake_irq.wired, 0);
	assert_int_equal(msix.vectors.at[0].event_fd, -1);
	set_mask(0, true);
	set_mask(0, false);
	assert_int_equal(fake_irq.wired, 1);
}

static void masking_forever_does_not_leak(void **state)
{
	(void)state;
	msix_control(&msix, ENABLE);
	for (unsigned i = 0; i < N; i++)
		unmask(i);
	unsigned fds = open_fds();
	for (unsigned i = 0; i < 2000; i++) {
		set_message(i % N, MSG + (uint64_t)i % 16 * 4096, i);
		set_mask(i % N, i / N % 2);
		if (i % 100 == 0)
			msix_control(&msix, ENABLE | (i % 200 ? 0 : MASKALL));
	}
	assert_int_equal(open_fds(), fds);
	assert_int_equal(fake_irq.in_use, N);
	assert_int_equal(fake_irq.allocs, N);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
	const struct CMUnitTest tests[] = {
		T(a_fresh_table_is_masked_and_holds_nothing),
		T(nothing_happens_before_msix_is_enabled),
		T(enabling_all_masked_still_enables_the_hardware),
		T(the_first_unmask_takes_the_vector),
		T(enabling_many_unmasked_is_one_commit_and_one_enable),
		T(lifting_the_function_mask_is_one_batch),
		T(a_masked_vector_latches_and_fires_on_unmask),
		T(masking_costs_two_calls_and_no_commit),
		T(writing_the_same_again_costs_nothing),
		T(a_new_message_while_unmasked_is_routed),
		T(a_new_message_while_masked_waits_for_the_unmask),
		T(a_message_that_is_no_interrupt_is_not_routed),
		T(disabling_gives_everything_back),
		T(an_interrupt_latched_before_disable_is_forgotten),
		T(reset_masks_and_releases_all),
		T(only_aligned_dwords_and_qwords_reach_the_table),
		T(a_qword_may_carry_data_and_mask),
		T(the_pba_is_as_long_as_its_qwords),
		T(the_upper_half_of_the_pba_is_its_own_dword),
		T(impossible_sizes_are_refused),
		T(without_a_gsi_the_vector_stays_latched_and_the_guest_lives),
		T(a_failed_commit_leaves_the_vector_unwired),
		T(a_failed_new_message_keeps_the_old_one),
		T(a_failed_wire_is_tried_at_the_next_unmask),
		T(a_failed_unwire_is_logged_and_survived),
		T(a_device_that_refuses_is_asked_again),
		T(a_device_never_enabled_is_not_disabled),
		T(without_file_descriptors_the_guest_lives),
		T(masking_forever_does_not_leak),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
