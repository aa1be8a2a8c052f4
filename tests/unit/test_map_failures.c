/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slots that cannot be had, and vCPUs that race. */
// replaces: kvm/memslot.c
// with: fake/fake_memslot.c
#include <pthread.h>
#include <stdatomic.h>

#include "fake/map_rig.h"

/* --- failures --- */

static void a_slot_failure_is_reported_and_what_remains_is_trapped(void **state)
{
	(void)state;
	struct err err = { 0 };
	pieces(&card.func.bar[0], 1, both(&card, 0, 64 * KIB));
	program(&card, 0);
	card.func.val[PCI_COMMAND] = PCI_COMMAND_MEMORY;
	fake_memslot.fail = -ENOSPC;
	assert_int_equal(pci_map_publish(&root, &err), -ENOSPC);
	assert_string_equal(err.text, "scripted slot failure");
	assert_true(traps(GPA_BAR0));
}

static void a_failed_publication_is_tried_again(void **state)
{
	(void)state;
	program(&card, 0);
	fake_memslot.fail = -ENOMEM;
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	fake_memslot.fail = 0;
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 3);
}

static void slots_that_could_not_be_removed_are_tried_again(void **state)
{
	(void)state;
	struct err err = { 0 };
	program(&card, PCI_COMMAND_MEMORY);
	fake_memslot.fail = -EIO;
	command(&card.func, 0);
	assert_int_equal(fake_memslot.n, 3);
	assert_int_equal(pci_map_withdraw(&root, &card.func, &err), -EIO);
	assert_int_equal(pci_root_reset(&root, &err), -EIO);
	fake_memslot.fail = 0;
	assert_int_equal(pci_map_shrink(&root, &err), 0);
	assert_int_equal(fake_memslot.n, 0);
}

static void toggling_forever_does_not_grow_the_map(void **state)
{
	(void)state;
	program(&card, 3);
	for (unsigned i = 0; i < 1000; i++) {
		command(&card.func, i & 3);
		write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xc0000000 + (i << 16));
	}
	command(&card.func, 3);
	assert_int_equal(fake_memslot.n, 3);
	assert_int_equal(qs_reclaim(&qs), 0);
}

/* --- threads --- */

static atomic_bool stop_looking;

/* A vCPU that reads the trapped page all the time: the card, or nobody, and never a torn map. */
static void *vcpu_reads(void *ctx)
{
	struct qs_reader reader;
	uint64_t *ret_bad = ctx;
	qs_register(&qs, &reader);
	while (!atomic_load(&stop_looking)) {
		qs_online(&qs, &reader);
		uint64_t value = bus_read(&mmio, GPA_BAR0 + 0x2340, 4);
		qs_offline(&reader);
		*ret_bad += value != 0x34 && value != UINT32_MAX;
	}
	qs_unregister(&qs, &reader);
	return NULL;
}

static void *vcpu_toggles(void *ctx)
{
	uint16_t bit = *(uint16_t *)ctx;
	for (unsigned i = 0; i < 500; i++) {
		command(&card.func, i & 1 ? bit : 0);
		pci_ecam_ops.read(&root, 0, 4);
	}
	command(&card.func, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
	return NULL;
}

static void vcpus_may_race_for_config_space_and_bars(void **state)
{
	(void)state;
	program(&card, 3);
	uint64_t bad = 0;
	uint16_t bits[2] = { PCI_COMMAND_MEMORY, PCI_COMMAND_IO };
	pthread_t looker, toggler[2];
	atomic_store(&stop_looking, false);
	assert_int_equal(pthread_create(&looker, NULL, vcpu_reads, &bad), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&toggler[i], NULL, vcpu_toggles, &bits[i]), 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(toggler[i], NULL);
	atomic_store(&stop_looking, true);
	pthread_join(looker, NULL);
	assert_int_equal(bad, 0);
	assert_int_equal(fake_memslot.n, 3);
	assert_int_equal(qs_reclaim(&qs), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT(a_slot_failure_is_reported_and_what_remains_is_trapped),
		ROOT(a_failed_publication_is_tried_again),
		ROOT(slots_that_could_not_be_removed_are_tried_again),
		ROOT(toggling_forever_does_not_grow_the_map),
		ROOT(vcpus_may_race_for_config_space_and_bars),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
