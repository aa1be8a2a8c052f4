/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>
#include <unistd.h>

#include "fake/vfio_test.h"

#define MSIX_CONTROL 0xa2
#define MSI 0xc0

static struct fake_device *dev;
static struct vfio_pci *vfio;

static int begin(void **state)
{
	rig_start(state);
	dev = fake_vfio_typical();
	fake_vfio_msi(dev, MSI, 2, true, true);
	vfio = &rig.vfio[0];
	return 0;
}

static void up(void)
{
	rig_up_or_fail();
	rig_start_guest(&rig, 0);
}

static void msix_on(void)
{
	cfg_write(&rig, 0, MSIX_CONTROL, 2, PCI_MSIX_FLAGS_ENABLE);
}

static void msix_off(void)
{
	cfg_write(&rig, 0, MSIX_CONTROL, 2, 0);
}

/* --- MSI-X --- */

static void an_unmasked_vector_reaches_the_guest_without_us(void **state)
{
	(void)state;
	up();
	rig_unmask(&rig, 0, 3);
	msix_on();
	assert_int_equal(dev->kind, VFIO_PCI_MSIX_IRQ_INDEX);
	assert_true(dev->event_fd[3] >= 0);
	fake_irq_signal(dev->event_fd[3]);
	unsigned injected = 0;
	for (unsigned gsi = 24; gsi < 64; gsi++)
		injected += fake_irq.gsi[gsi].injected;
	assert_int_equal(injected, 1);
}

static void only_vectors_that_the_guest_uses_are_taken(void **state)
{
	(void)state;
	up();
	rig_unmask(&rig, 0, 1);
	msix_on();
	assert_int_equal(dev->live, 2);
	assert_int_equal(dev->event_fd[0], -1);
	rig_unmask(&rig, 0, 5);
	assert_int_equal(dev->live, 6);
	assert_true(dev->event_fd[5] >= 0);
	assert_int_equal(dev->event_fd[4], -1);
	assert_int_equal(vfio->msix_live, 6);
}

static void a_new_vector_costs_one_call_for_that_vector(void **state)
{
	(void)state;
	up();
	rig_unmask(&rig, 0, 1);
	msix_on();
	fake_vfio_forget_calls();
	rig_unmask(&rig, 0, 2);
	assert_int_equal(fake_vfio_count("irqs_trigger"), 1);
	assert_int_equal(fake_vfio.call[fake_vfio_index("irqs_trigger", 0)].b,
			 (uint64_t)2 << 32 | 1);
	assert_int_equal(fake_vfio_count("irqs_disable"), 0);
}

static void masking_makes_no_vfio_call(void **state)
{
	(void)state;
	up();
	rig_unmask(&rig, 0, 1);
	msix_on();
	fake_vfio_forget_calls();
	for (unsigned i = 0; i < 100; i++) {
		rig_mask(&rig, 0, 1);
		rig_unmask(&rig, 0, 1);
	}
	assert_int_equal(fake_vfio.n_calls, 0);
}

static void enabled_without_a_vector_is_enabled_in_the_device(void **state)
{
	(void)state;
	up();
	msix_on();
	assert_int_equal(dev->kind, VFIO_PCI_MSIX_IRQ_INDEX);
	assert_int_equal(dev->live, 1);
	assert_int_equal(dev->event_fd[0], -1);
}

static void a_kernel_that_cannot_resize_gets_all_vectors_at_first(void **state)
{
	(void)state;
	dev->irq[VFIO_PCI_MSIX_IRQ_INDEX].flags |= VFIO_IRQ_INFO_NORESIZE;
	up();
	rig_unmask(&rig, 0, 0);
	msix_on();
	assert_int_equal(dev->live, 8);
	fake_vfio_forget_calls();
	rig_unmask(&rig, 0, 7);
	assert_true(dev->event_fd[7] >= 0);
	assert_int_equal(fake_vfio_count("irqs_disable"), 0);
	assert_int_equal(fake_vfio_count("irqs_trigger"), 1);
}

static void fewer_host_vectors_than_wanted_are_used(void **state)
{
	(void)state;
	dev->irq[VFIO_PCI_MSIX_IRQ_INDEX].flags |= VFIO_IRQ_INFO_NORESIZE;
	dev->vectors_left = 4;
	up();
	rig_unmask(&rig, 0, 2);
	msix_on();
	assert_int_equal(dev->live, 4);
	assert_true(dev->event_fd[2] >= 0);
	rig_unmask(&rig, 0, 6); /* one too far: logged, the others go on */
	assert_int_equal(dev->live, 4);
	rig_unmask(&rig, 0, 3);
	assert_int_equal(vfio->msix_live, 4);
}

static void a_failed_enable_is_tried_again_at_the_next_unmask(void **state)
{
	(void)state;
	up();
	rig_unmask(&rig, 0, 1);
	fake_vfio.fail_name = "irqs_trigger";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -ENOMEM;
	msix_on();
	assert_true(fake_vfio.failed);
	assert_int_equal(vfio->msix_live, 0);
	rig_unmask(&rig, 0, 2);
	assert_int_equal(vfio->msix_live, 3);
	assert_true(dev->event_fd[1] >= 0);
}

static void disabling_gives_everything_back(void **state)
{
	(void)state;
	up();
	for (unsigned v = 0; v < 8; v++)
		rig_unmask(&rig, 0, v);
	unsigned fds = fake_vfio_open_fds();
	msix_on();
	msix_off();
	assert_int_equal(fake_vfio_open_fds(), fds);
	assert_int_equal(vfio->msix_live, 0);
	msix_on();
	assert_int_equal(dev->live, 8);
}

/* --- MSI --- */

static void msi_on(unsigned log2)
{
	cfg_write(&rig, 0, MSI + 4, 4, 0xfee00000);
	cfg_write(&rig, 0, MSI + 12, 2, 0x4040);
	cfg_write(&rig, 0, MSI + 2, 2, PCI_MSI_FLAGS_ENABLE | log2 << 4);
}

static void msi_takes_its_block_at_once(void **state)
{
	(void)state;
	up();
	msi_on(2);
	assert_int_equal(dev->kind, VFIO_PCI_MSI_IRQ_INDEX);
	assert_int_equal(dev->live, 4);
	assert_int_equal(fake_irq.wired, 4 + 1); /* and INTx stays wired to its pin */
	assert_int_equal(vfio->msi.n_live, 4);
}

static void msi_with_fewer_host_vectors_works_with_those(void **state)
{
	(void)state;
	dev->vectors_left = 1;
	up();
	msi_on(2);
	assert_int_equal(dev->kind, VFIO_PCI_MSI_IRQ_INDEX);
	assert_int_equal(dev->live, 1);
}

static void msi_pending_bits_come_from_the_eventfds(void **state)
{
	(void)state;
	up();
	cfg_write(&rig, 0, MSI + 16, 4, 0x2); /* vector 1 masked */
	msi_on(1);
	assert_int_equal(cfg_read(&rig, 0, MSI + 20, 4), 0);
	fake_irq_signal(dev->event_fd[1]);
	assert_int_equal(cfg_read(&rig, 0, MSI + 20, 4), 2);
	assert_int_equal(cfg_read(&rig, 0, MSI + 20, 1), 2);
	assert_int_equal(cfg_read(&rig, 0, MSI + 21, 1), 0);
	cfg_write(&rig, 0, MSI + 16, 4, 0);
	assert_int_equal(cfg_read(&rig, 0, MSI + 20, 4), 0);
}

static void msi_registers_never_reach_the_device(void **state)
{
	(void)state;
	up();
	unsigned writes = dev->cfg_writes;
	msi_on(0);
	assert_int_equal(dev->cfg_writes, writes);
	assert_int_equal(le16_get(dev->cfg + MSI + 2) & PCI_MSI_FLAGS_ENABLE, 0);
}

static void the_block_is_no_bigger_than_the_kernel_can_deliver(void **state)
{
	(void)state;
	dev->irq[VFIO_PCI_MSI_IRQ_INDEX].count = 2;
	up();
	assert_int_equal(cfg_read(&rig, 0, MSI + 2, 2) & PCI_MSI_FLAGS_QMASK, 1 << 1);
}

/* --- one kind at a time --- */

static void switching_kinds_stops_the_old_one_first(void **state)
{
	(void)state;
	up();
	assert_int_equal(dev->kind, VFIO_PCI_INTX_IRQ_INDEX);
	msi_on(0);
	assert_int_equal(dev->kind, VFIO_PCI_MSI_IRQ_INDEX);
	rig_unmask(&rig, 0, 0);
	msix_on();
	assert_int_equal(dev->kind, VFIO_PCI_MSIX_IRQ_INDEX);
	cfg_write(&rig, 0, MSI + 2, 2, 0);
	assert_int_equal(dev->kind, VFIO_PCI_MSIX_IRQ_INDEX);
	msix_off();
	assert_int_equal(dev->kind, VFIO_PCI_INTX_IRQ_INDEX);
}

/* --- INTx --- */

static void intx_is_connected_when_decoding_is_first_turned_on(void **state)
{
	(void)state;
	assert_int_equal(rig_up(&rig, &err), 0);
	assert_int_equal(fake_vfio_count("irqs_trigger"), 0);
	assert_int_equal(fake_irq.wires, 0);
	rig_start_guest(&rig, 0);
	assert_int_equal(dev->kind, VFIO_PCI_INTX_IRQ_INDEX);
	assert_int_equal(fake_irq.gsi[16].event_fd, dev->event_fd[0]);
	assert_int_equal(fake_irq.gsi[16].resample_fd, dev->unmask_fd);
	fake_irq_signal(dev->event_fd[0]);
	assert_int_equal(fake_irq.gsi[16].injected, 1);
}

static void turning_decoding_off_and_on_costs_nothing_more(void **state)
{
	(void)state;
	up();
	unsigned wires = fake_irq.wires;
	fake_vfio_forget_calls();
	cfg_write(&rig, 0, PCI_COMMAND, 2, 0);
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_irq.wires, wires);
	assert_int_equal(fake_vfio_count("irqs_trigger"), 0);
}

static void the_disable_bit_is_the_kernels_to_honour(void **state)
{
	(void)state;
	up();
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
	assert_true(le16_get(dev->cfg + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
	assert_int_equal(dev->kind, VFIO_PCI_INTX_IRQ_INDEX);
}

static void a_line_that_is_not_free_leaves_the_device_usable(void **state)
{
	(void)state;
	assert_int_equal(rig_up(&rig, &err), 0);
	fake_vfio.fail_name = "irqs_trigger";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EBUSY;
	rig_start_guest(&rig, 0);
	assert_int_equal(dev->kind, FAKE_IRQ_NONE);
	rig_unmask(&rig, 0, 0);
	msix_on();
	assert_int_equal(dev->kind, VFIO_PCI_MSIX_IRQ_INDEX);
}

static void every_step_of_intx_may_fail(void **state)
{
	(void)state;
	static const char *const calls[] = { "eventfd", "eventfd", "irqs_trigger",
					     "irqs_unmask_by" };
	for (unsigned i = 0; i < ARRAY_LEN(calls); i++) {
		rig_begin(&rig);
		dev = fake_vfio_typical();
		assert_int_equal(rig_up(&rig, &err), 0);
		fake_vfio.fail_name = calls[i];
		fake_vfio.fail_at = i == 1 ? 2 : 1;
		fake_vfio.fail_errno = -EMFILE;
		rig_start_guest(&rig, 0);
		assert_true(fake_vfio.failed);
		assert_int_equal(dev->kind, FAKE_IRQ_NONE);
		rig_down(&rig);
		assert_null(rig_residue(&rig));
	}
	rig_begin(&rig);
	dev = fake_vfio_typical();
	assert_int_equal(rig_up(&rig, &err), 0);
	fake_irq.fail_wire = -ENOMEM;
	rig_start_guest(&rig, 0);
	assert_false(vfio->intx.wired);
	assert_int_equal(dev->kind, FAKE_IRQ_NONE); /* a line nobody listens to is not enabled */
}

static void rerouting_moves_the_irqfd(void **state)
{
	(void)state;
	up();
	assert_int_equal(vfio_pci_route_intx(vfio, 19, &err), 0);
	assert_int_equal(fake_irq.gsi[16].event_fd, -1);
	assert_int_equal(fake_irq.gsi[19].event_fd, dev->event_fd[0]);
	assert_int_equal(dev->kind, VFIO_PCI_INTX_IRQ_INDEX);
	assert_int_equal(vfio_pci_route_intx(vfio, 4, &err), -EINVAL);
	assert_non_null(strstr(err.text, "GSI 4"));
}

static void a_function_without_a_pin_has_nothing_to_route(void **state)
{
	(void)state;
	dev->irq[VFIO_PCI_INTX_IRQ_INDEX].count = 0;
	up();
	assert_int_equal(fake_irq.wires, 0);
	assert_int_equal(dev->kind, FAKE_IRQ_NONE);
}

static void a_reset_forgets_what_was_under_way(void **state)
{
	(void)state;
	up();
	int trigger = dev->event_fd[0], unmask = dev->unmask_fd;
	uint64_t one = 1;
	assert_int_equal(write(unmask, &one, 8), 8);
	assert_int_equal(vfio_reset_set(rig.set, 1, &err), 0);
	assert_int_equal(dev->kind, FAKE_IRQ_NONE);
	assert_int_equal(fake_irq.gsi[16].event_fd, -1);
	assert_int_equal(read(unmask, &one, 8), -1);
	assert_int_equal(read(trigger, &one, 8), -1);
	rig_start_guest(&rig, 0);
	assert_int_equal(dev->kind, VFIO_PCI_INTX_IRQ_INDEX);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, rig_end)
	const struct CMUnitTest tests[] = {
		T(an_unmasked_vector_reaches_the_guest_without_us),
		T(only_vectors_that_the_guest_uses_are_taken),
		T(a_new_vector_costs_one_call_for_that_vector),
		T(masking_makes_no_vfio_call),
		T(enabled_without_a_vector_is_enabled_in_the_device),
		T(a_kernel_that_cannot_resize_gets_all_vectors_at_first),
		T(fewer_host_vectors_than_wanted_are_used),
		T(a_failed_enable_is_tried_again_at_the_next_unmask),
		T(disabling_gives_everything_back),
		T(msi_takes_its_block_at_once),
		T(msi_with_fewer_host_vectors_works_with_those),
		T(msi_pending_bits_come_from_the_eventfds),
		T(msi_registers_never_reach_the_device),
		T(the_block_is_no_bigger_than_the_kernel_can_deliver),
		T(switching_kinds_stops_the_old_one_first),
		T(intx_is_connected_when_decoding_is_first_turned_on),
		T(turning_decoding_off_and_on_costs_nothing_more),
		T(the_disable_bit_is_the_kernels_to_honour),
		T(a_line_that_is_not_free_leaves_the_device_usable),
		T(every_step_of_intx_may_fail),
		T(rerouting_moves_the_irqfd),
		T(a_function_without_a_pin_has_nothing_to_route),
		T(a_reset_forgets_what_was_under_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
