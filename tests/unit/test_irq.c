/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/uapi.c
// with: fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include "kvm/irq.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake/fake_kvm.h"

#define VM_FD 77
#define PIN_ENTRIES 38 /* 15 ISA interrupts on two chips, 8 PCI pins on one */

static int setup(void **state)
{
	static struct irqs irqs;
	fake_kvm_reset();
	*state = &irqs;
	return irqs_init(&irqs, VM_FD, IRQ_MAX_GSI, NULL);
}

static int teardown(void **state)
{
	irqs_fini(*state);
	return 0;
}

/* Where a GSI leads on one chip: the pin, or -1. */
static int pin_of(uint32_t gsi, uint32_t chip)
{
	for (unsigned i = 0; i < fake_kvm.n_routes; i++) {
		const struct kvm_irq_routing_entry *e = &fake_kvm.routes[i];
		if (e->gsi == gsi && e->type == KVM_IRQ_ROUTING_IRQCHIP &&
		    e->u.irqchip.irqchip == chip)
			return (int)e->u.irqchip.pin;
	}
	return -1;
}

static const struct kvm_irq_routing_entry *msi_of(int gsi)
{
	for (unsigned i = 0; i < fake_kvm.n_routes; i++)
		if (fake_kvm.routes[i].gsi == (uint32_t)gsi &&
		    fake_kvm.routes[i].type == KVM_IRQ_ROUTING_MSI)
			return &fake_kvm.routes[i];
	return NULL;
}

static void the_timer_is_on_pic_pin_0_and_ioapic_pin_2(void **state)
{
	(void)state;
	assert_int_equal(pin_of(0, KVM_IRQCHIP_PIC_MASTER), 0);
	assert_int_equal(pin_of(0, KVM_IRQCHIP_IOAPIC), 2);
}

static void gsi_2_is_routed_nowhere(void **state)
{
	(void)state;
	for (unsigned i = 0; i < fake_kvm.n_routes; i++)
		assert_int_not_equal(fake_kvm.routes[i].gsi, 2);
}

static void isa_interrupts_are_on_both_chips_and_pci_ones_on_the_ioapic(void **state)
{
	(void)state;
	for (uint32_t gsi = 1; gsi < 24; gsi++) {
		if (gsi == 2)
			continue;
		assert_int_equal(pin_of(gsi, KVM_IRQCHIP_IOAPIC), (int)gsi);
		assert_int_equal(pin_of(gsi, KVM_IRQCHIP_PIC_MASTER), gsi < 8 ? (int)gsi : -1);
		assert_int_equal(pin_of(gsi, KVM_IRQCHIP_PIC_SLAVE),
				 gsi >= 8 && gsi < 16 ? (int)gsi - 8 : -1);
	}
	assert_int_equal(fake_kvm.n_routes, PIN_ENTRIES);
}

static void a_batch_of_routes_takes_one_call(void **state)
{
	struct irqs *irqs = *state;
	struct msi_msg msg = { 0xFEE00000, 0x4021 };
	int gsis[8];
	for (int i = 0; i < 8; i++) {
		gsis[i] = irq_alloc(irqs);
		assert_true(gsis[i] >= 24);
		msg.data = 0x4021 + (uint32_t)i;
		irq_route(irqs, gsis[i], &msg);
	}
	assert_int_equal(fake_kvm_count("set_gsi_routing"), 1); /* of init */
	assert_int_equal(irq_commit(irqs), 0);
	assert_int_equal(fake_kvm_count("set_gsi_routing"), 2);
	assert_int_equal(fake_kvm.n_routes, PIN_ENTRIES + 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(msi_of(gsis[i])->u.msi.data, 0x4021 + (uint32_t)i);
	assert_int_equal(pin_of(0, KVM_IRQCHIP_IOAPIC), 2); /* the pins are always sent again */
}

static void a_commit_without_a_change_takes_no_call(void **state)
{
	struct irqs *irqs = *state;
	struct msi_msg msg = { 0xFEE01000, 0x31 };
	int gsi = irq_alloc(irqs);
	irq_route(irqs, gsi, &msg);
	assert_int_equal(irq_commit(irqs), 0);
	unsigned before = fake_kvm_count("set_gsi_routing");
	irq_route(irqs, gsi, &msg);
	assert_int_equal(irq_commit(irqs), 0);
	assert_int_equal(fake_kvm_count("set_gsi_routing"), before);
	assert_int_equal(irqs->commits, before);
}

static void the_whole_address_of_a_message_is_routed(void **state)
{
	struct irqs *irqs = *state;
	struct msi_msg msg = { UINT64_C(0x1234567FEE0F000), 0xABCD };
	int gsi = irq_alloc(irqs);
	irq_route(irqs, gsi, &msg);
	assert_int_equal(irq_commit(irqs), 0);
	const struct kvm_irq_routing_entry *e = msi_of(gsi);
	assert_int_equal(e->u.msi.address_lo, 0x7FEE0F000 & 0xFFFFFFFF);
	assert_int_equal(e->u.msi.address_hi, UINT64_C(0x1234567FEE0F000) >> 32);
	assert_int_equal(e->u.msi.data, 0xABCD);
}

static void a_refused_table_stays_staged_and_goes_with_the_next_commit(void **state)
{
	struct irqs *irqs = *state;
	struct msi_msg msg = { 0xFEE00000, 0x55 };
	int gsi = irq_alloc(irqs);
	irq_route(irqs, gsi, &msg);
	fake_kvm_fail("set_gsi_routing", 1, ENOMEM);
	assert_int_equal(irq_commit(irqs), -ENOMEM);
	assert_null(msi_of(gsi));
	assert_int_equal(irq_commit(irqs), 0);
	assert_non_null(msi_of(gsi));
}

static void a_freed_gsi_is_dealt_again_and_forgets_its_message(void **state)
{
	struct irqs *irqs = *state;
	struct msi_msg msg = { 0xFEE00000, 0x55 };
	int first = irq_alloc(irqs), second = irq_alloc(irqs);
	irq_route(irqs, first, &msg);
	irq_route(irqs, second, &msg);
	irq_free(irqs, first);
	assert_int_equal(irq_alloc(irqs), first);
	assert_int_equal(irq_commit(irqs), 0);
	assert_null(msi_of(first));
	assert_non_null(msi_of(second));
}

static void no_more_gsis_are_dealt_than_the_table_holds(void **state)
{
	struct irqs *irqs = *state;
	struct msi_msg msg = { 0xFEE00000, 1 };
	int n = 0, gsi;
	while ((gsi = irq_alloc(irqs)) >= 0) {
		assert_true(gsi < IRQ_MAX_GSI);
		irq_route(irqs, gsi, &msg);
		n++;
	}
	assert_int_equal(gsi, -ENOSPC);
	assert_int_equal(n, IRQ_MAX_GSI - PIN_ENTRIES);
	assert_int_equal(irq_commit(irqs), 0); /* the fake refuses more than 4096 as KVM does */
	irq_free(irqs, 100);
	assert_int_equal(irq_alloc(irqs), 100);
}

static void a_gsi_that_was_not_dealt_takes_no_message(void **state)
{
	struct irqs *irqs = *state;
	struct msi_msg msg = { 0xFEE00000, 1 };
	const int wrong[] = { -1, 0, 23, 24, 4095, 4096, 1 << 30 };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		irq_route(irqs, wrong[i], &msg);
		irq_free(irqs, wrong[i]);
	}
	assert_int_equal(irq_commit(irqs), 0);
	assert_int_equal(fake_kvm_count("set_gsi_routing"), 1);
	assert_int_equal(irq_alloc(irqs), 24);
}

static void an_eventfd_is_wired_and_unwired(void **state)
{
	struct irqs *irqs = *state;
	int gsi = irq_alloc(irqs);
	assert_int_equal(irq_wire(irqs, 5, gsi, -1), 0);
	assert_int_equal(fake_kvm.n_irqfds, 1);
	assert_int_equal(fake_kvm.irqfds[0].fd, 5);
	assert_int_equal(fake_kvm.irqfds[0].gsi, (uint32_t)gsi);
	assert_int_equal(fake_kvm.irqfds[0].flags, 0);
	assert_int_equal(irq_wire(irqs, 5, gsi, -1), -EBUSY);
	assert_int_equal(irq_unwire(irqs, 5, gsi), 0);
	assert_int_equal(fake_kvm.n_irqfds, 0);
}

static void a_level_interrupt_brings_its_resample_eventfd(void **state)
{
	assert_int_equal(irq_wire(*state, 5, 16, 6), 0);
	assert_int_equal(fake_kvm.irqfds[0].flags, KVM_IRQFD_FLAG_RESAMPLE);
	assert_int_equal(fake_kvm.irqfds[0].resamplefd, 6);
}

static void wiring_reports_what_kvm_says(void **state)
{
	fake_kvm_fail("irqfd", 1, ENOMEM);
	assert_int_equal(irq_wire(*state, 5, 24, -1), -ENOMEM);
	fake_kvm_fail("irqfd", 1, EIO);
	assert_int_equal(irq_unwire(*state, 5, 24), -EIO);
	assert_int_equal(irq_wire(*state, -1, 24, -1), -EINVAL);
	assert_int_equal(irq_wire(*state, 5, -1, -1), -EINVAL);
	assert_int_equal(irq_wire(*state, 5, IRQ_MAX_GSI, -1), -EINVAL);
	assert_int_equal(irq_unwire(*state, -1, 24), -EINVAL);
	assert_int_equal(irq_unwire(*state, 5, IRQ_MAX_GSI), -EINVAL);
}

static void a_line_is_raised_and_lowered_on_pins_only(void **state)
{
	assert_int_equal(irq_line(*state, 4, true), 0);
	assert_int_equal(fake_kvm.lines[4], 1);
	assert_int_equal(irq_line(*state, 4, false), 0);
	assert_int_equal(fake_kvm.lines[4], 0);
	assert_int_equal(irq_line(*state, 24, true), -EINVAL);
	fake_kvm_fail("irq_line", 1, ENXIO);
	assert_int_equal(irq_line(*state, 4, true), -ENXIO);
}

static void a_kvm_without_room_for_the_pins_is_refused(void **state)
{
	(void)state;
	struct irqs irqs;
	struct err err = { 0 };
	fake_kvm_reset();
	assert_int_equal(irqs_init(&irqs, VM_FD, PIN_ENTRIES, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "38 interrupt routes"));
	irqs_fini(&irqs);
}

static void a_refused_first_table_is_reported(void **state)
{
	(void)state;
	struct irqs irqs;
	struct err err = { 0 };
	fake_kvm_reset();
	fake_kvm_fail("set_gsi_routing", 1, EINVAL);
	assert_int_equal(irqs_init(&irqs, VM_FD, 4096, &err), -EINVAL);
	assert_non_null(strstr(err.text, "KVM_SET_GSI_ROUTING"));
	irqs_fini(&irqs);
}

static void *deal_and_route(void *arg)
{
	struct irqs *irqs = arg;
	struct msi_msg msg = { 0xFEE00000, 7 };
	for (int i = 0; i < 200; i++) {
		int gsi = irq_alloc(irqs);
		if (gsi < 0)
			return irqs;
		msg.data = (uint32_t)gsi;
		irq_route(irqs, gsi, &msg);
		if (irq_commit(irqs))
			return irqs;
		if (i % 2)
			irq_free(irqs, gsi);
	}
	return NULL;
}

static void threads_never_share_a_gsi(void **state)
{
	struct irqs *irqs = *state;
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, deal_and_route, irqs), 0);
	for (int i = 0; i < 4; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(irqs->used, 400);
	struct msi_msg last = { 0xFEE00000, 0 };
	irq_route(irqs, irq_alloc(irqs), &last);
	assert_int_equal(irq_commit(irqs), 0);
	assert_int_equal(fake_kvm.n_routes, PIN_ENTRIES + 401);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_timer_is_on_pic_pin_0_and_ioapic_pin_2),
		TEST(gsi_2_is_routed_nowhere),
		TEST(isa_interrupts_are_on_both_chips_and_pci_ones_on_the_ioapic),
		TEST(a_batch_of_routes_takes_one_call),
		TEST(a_commit_without_a_change_takes_no_call),
		TEST(the_whole_address_of_a_message_is_routed),
		TEST(a_refused_table_stays_staged_and_goes_with_the_next_commit),
		TEST(a_freed_gsi_is_dealt_again_and_forgets_its_message),
		TEST(no_more_gsis_are_dealt_than_the_table_holds),
		TEST(a_gsi_that_was_not_dealt_takes_no_message),
		TEST(an_eventfd_is_wired_and_unwired),
		TEST(a_level_interrupt_brings_its_resample_eventfd),
		TEST(wiring_reports_what_kvm_says),
		TEST(a_line_is_raised_and_lowered_on_pins_only),
		TEST(threads_never_share_a_gsi),
		cmocka_unit_test(a_kvm_without_room_for_the_pins_is_refused),
		cmocka_unit_test(a_refused_first_table_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
