/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "pci/msi.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fake/fake_irq.h"

#define CAP 0x60
#define MSG 0xfee02000

/* A function whose hooks do for MSI what an assigned device's do. */
static struct pci_func func;
static struct msi msi;
static struct irqs irqs;
static struct {
	unsigned enables, disables, n;
	int fds[MSI_MAX_VECTORS];
	int fail;
} device;

static uint32_t read_device(struct pci_func *f, unsigned off, unsigned size)
{
	(void)f;
	unsigned at = CAP + msi_pending_off(msi.per_vector_mask, msi.addr64);
	return (uint32_t)(msi_pending(&msi) >> (off - at) * 8 & all_ones(size));
}

static void wrote(struct pci_func *f, unsigned off, unsigned size)
{
	(void)f;
	if (off + size > CAP && off < CAP + 24)
		msi_wrote(&msi);
}

static const struct pci_func_ops ops = { .read_device = read_device, .wrote = wrote };

static int enable(void *ctx, const int *event_fds, unsigned n, unsigned changed)
{
	(void)ctx;
	(void)changed;
	device.enables++;
	if (device.fail)
		return device.fail;
	assert_int_equal(device.n, 0); /* an MSI block is not resized */
	device.n = n;
	memcpy(device.fds, event_fds, n * sizeof(*event_fds));
	return 0;
}

static void disable(void *ctx)
{
	(void)ctx;
	assert_true(device.n > 0);
	device.disables++;
	device.n = 0;
}

static const struct msix_source source = { enable, disable };

static int init(unsigned max, bool mask, bool addr64)
{
	return msi_init(&msi, &func, CAP, max, mask, addr64, &irqs, &source, NULL);
}

static int up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	memset(&device, 0, sizeof(device));
	fake_irq_init();
	pci_func_init(&func, &ops, PCI_CFG_SIZE);
	return 0;
}

static int up_full(void **state)
{
	up(state);
	return init(8, true, true);
}

static int down(void **state)
{
	(void)state;
	msi_fini(&msi);
	return fake_irq.in_use || fake_irq.wired;
}

static void wr(unsigned off, unsigned size, uint32_t value)
{
	pci_cfg_write(&func, CAP + off, size, value);
}

static uint32_t rd(unsigned off, unsigned size)
{
	return pci_cfg_read(&func, CAP + off, size);
}

/* Message and enable of the 64-bit form, 2^log2 vectors. */
static void program(unsigned log2)
{
	wr(PCI_MSI_ADDRESS_LO, 4, MSG);
	wr(PCI_MSI_DATA_64, 2, 0x4047);
	wr(PCI_MSI_FLAGS, 2, log2 << 4 | PCI_MSI_FLAGS_ENABLE);
}

static void the_capability_has_architectural_masks(void **state)
{
	(void)state;
	assert_int_equal(rd(0, 1), PCI_CAP_ID_MSI);
	assert_int_equal(rd(PCI_MSI_FLAGS, 2), 0x0186); /* 8 vectors, 64 bit, maskable */
	assert_int_equal(msi_cap_len(true, true), 24);
	for (unsigned off = 4; off < 24; off += 4)
		wr(off, 4, UINT32_MAX);
	assert_int_equal(rd(PCI_MSI_ADDRESS_LO, 4), 0xfffffffc);
	assert_int_equal(rd(PCI_MSI_ADDRESS_HI, 4), UINT32_MAX);
	assert_int_equal(rd(PCI_MSI_DATA_64, 4), 0xffff);
	assert_int_equal(rd(PCI_MSI_MASK_64, 4), 0xff);
	assert_int_equal(rd(PCI_MSI_PENDING_64, 4), 0);
	wr(PCI_MSI_FLAGS, 2, 0xfffe);
	assert_int_equal(rd(PCI_MSI_FLAGS, 2), 0x01f6);
}

static void the_plain_form_is_ten_bytes(void **state)
{
	(void)state;
	assert_int_equal(init(1, false, false), 0);
	assert_int_equal(msi_cap_len(false, false), 10);
	assert_int_equal(msi_pending_off(false, false), 0);
	assert_int_equal(rd(PCI_MSI_FLAGS, 2), 0);
	wr(PCI_MSI_ADDRESS_LO, 4, MSG);
	wr(PCI_MSI_DATA_32, 2, 0x31);
	wr(0xc, 4, UINT32_MAX);
	assert_int_equal(rd(0xc, 4), 0);
	wr(PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	assert_int_equal(device.n, 1);
	assert_int_equal(fake_irq.gsi[msi.vectors.at[0].gsi].live.data, 0x31);
}

static void the_32_bit_maskable_form_has_its_own_offsets(void **state)
{
	(void)state;
	assert_int_equal(init(32, true, false), 0);
	assert_int_equal(msi_cap_len(true, false), 20);
	wr(PCI_MSI_MASK_32, 4, UINT32_MAX);
	assert_int_equal(rd(PCI_MSI_MASK_32, 4), UINT32_MAX);
	wr(PCI_MSI_ADDRESS_LO, 4, MSG);
	wr(PCI_MSI_FLAGS, 2, 5 << 4 | PCI_MSI_FLAGS_ENABLE);
	assert_int_equal(device.n, 32);
	fake_irq_signal(device.fds[31]);
	assert_int_equal(rd(PCI_MSI_PENDING_32, 4), UINT32_C(1) << 31);
	assert_int_equal(rd(PCI_MSI_PENDING_32 + 3, 1), 0x80);
	wr(PCI_MSI_MASK_32, 4, 0);
	assert_int_equal(fake_irq.wired, 32);
	assert_int_equal(rd(PCI_MSI_PENDING_32, 4), 0);
}

static void impossible_capabilities_are_refused(void **state)
{
	(void)state;
	assert_int_equal(init(0, false, false), -EINVAL);
	assert_int_equal(init(3, false, false), -EINVAL);
	assert_int_equal(init(64, false, false), -EINVAL);
	assert_int_equal(msi_init(&msi, &func, 0xf8, 1, true, true, &irqs, &source, NULL), -EINVAL);
	msi_wrote(&msi);
	msi_reset(&msi);
	assert_int_equal(msi_pending(&msi), 0);
}

static void vectors_have_consecutive_data(void **state)
{
	(void)state;
	program(2);
	assert_int_equal(device.n, 4);
	assert_int_equal(fake_irq.commits, 1);
	assert_int_equal(device.enables, 1);
	for (unsigned i = 0; i < 4; i++) {
		const struct vector *v = &msi.vectors.at[i];
		assert_int_equal(fake_irq.gsi[v->gsi].live.data, 0x4044 + i);
		assert_int_equal(fake_irq.gsi[v->gsi].live.address, MSG);
		assert_int_equal(device.fds[i], v->event_fd);
	}
}

static void the_upper_address_counts(void **state)
{
	(void)state;
	wr(PCI_MSI_ADDRESS_HI, 4, 0x1200);
	program(0);
	assert_int_equal(fake_irq.gsi[msi.vectors.at[0].gsi].live.address,
			 UINT64_C(0x1200fee02000));
}

static void more_vectors_than_offered_are_all_that_is_offered(void **state)
{
	(void)state;
	program(7);
	assert_int_equal(device.n, 8);
	assert_int_equal(msi.n_live, 8);
}

static void a_masked_vector_is_pending_until_unmasked(void **state)
{
	(void)state;
	wr(PCI_MSI_MASK_64, 4, 0x2);
	program(1);
	assert_int_equal(device.n, 2);
	assert_int_equal(fake_irq.wired, 1);
	fake_irq_signal(device.fds[1]);
	assert_int_equal(rd(PCI_MSI_PENDING_64, 4), 2);
	wr(PCI_MSI_MASK_64, 4, 0);
	assert_int_equal(rd(PCI_MSI_PENDING_64, 4), 0);
	assert_int_equal(fake_irq.gsi[msi.vectors.at[1].gsi].injected, 1);
	assert_int_equal(device.enables, 1);
}

static void the_same_again_costs_nothing(void **state)
{
	(void)state;
	program(3);
	unsigned before = fake_irq.commits + fake_irq.wires + device.enables;
	program(3);
	wr(PCI_MSI_MASK_64, 4, 0);
	assert_int_equal(fake_irq.commits + fake_irq.wires + device.enables, before);
}

static void a_new_message_while_enabled_is_one_commit(void **state)
{
	(void)state;
	program(3);
	wr(PCI_MSI_ADDRESS_LO, 4, MSG + 0x1000);
	assert_int_equal(fake_irq.commits, 2);
	assert_int_equal(fake_irq.gsi[msi.vectors.at[7].gsi].live.address, MSG + 0x1000);
	assert_int_equal(fake_irq.wired, 8);
}

static void an_address_that_is_no_interrupt_disconnects(void **state)
{
	(void)state;
	program(1);
	wr(PCI_MSI_ADDRESS_LO, 4, 0x1000);
	assert_int_equal(fake_irq.wired, 0);
	assert_int_equal(fake_irq.commits, 1);
	wr(PCI_MSI_ADDRESS_LO, 4, MSG);
	assert_int_equal(fake_irq.wired, 2);
}

static void changing_the_number_starts_the_block_again(void **state)
{
	(void)state;
	program(0);
	program(2);
	assert_int_equal(device.disables, 1);
	assert_int_equal(device.n, 4);
	program(1);
	assert_int_equal(device.n, 2);
	assert_int_equal(fake_irq.in_use, 2);
}

static void disabling_gives_everything_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		program(3);
		wr(PCI_MSI_FLAGS, 2, 0);
		assert_int_equal(fake_irq.in_use + fake_irq.wired, 0);
	}
	assert_int_equal(device.disables, 20);
}

static void reset_releases_all(void **state)
{
	(void)state;
	program(3);
	msi_reset(&msi);
	assert_int_equal(fake_irq.in_use + fake_irq.wired, 0);
	assert_int_equal(device.disables, 1);
	assert_int_equal(msi.n_live, 0);
}

static void without_gsis_the_others_work(void **state)
{
	(void)state;
	fake_irq.gsis_left = 3;
	program(2);
	assert_int_equal(fake_irq.wired, 3);
	assert_int_equal(device.n, 4);
	assert_true(device.fds[3] >= 0);
}

static void a_failed_commit_or_wire_is_tried_again(void **state)
{
	(void)state;
	fake_irq.fail_commit = -EINVAL;
	program(1);
	assert_int_equal(fake_irq.wires, 0);
	fake_irq.fail_commit = 0;
	fake_irq.fail_wire = -EBUSY;
	program(1);
	assert_int_equal(fake_irq.wired, 0);
	fake_irq.fail_wire = 0;
	program(1);
	assert_int_equal(fake_irq.wired, 2);
}

static void a_device_that_refuses_is_asked_again(void **state)
{
	(void)state;
	device.fail = -ENOSPC;
	program(1);
	assert_int_equal(device.n, 0);
	wr(PCI_MSI_FLAGS, 2, 0);
	assert_int_equal(device.disables, 0);
	program(1);
	device.fail = 0;
	wr(PCI_MSI_MASK_64, 4, 1);
	assert_int_equal(device.n, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
#define FULL(name) cmocka_unit_test_setup_teardown(name, up_full, down)
	const struct CMUnitTest tests[] = {
		FULL(the_capability_has_architectural_masks),
		T(the_plain_form_is_ten_bytes),
		T(the_32_bit_maskable_form_has_its_own_offsets),
		T(impossible_capabilities_are_refused),
		FULL(vectors_have_consecutive_data),
		FULL(the_upper_address_counts),
		FULL(more_vectors_than_offered_are_all_that_is_offered),
		FULL(a_masked_vector_is_pending_until_unmasked),
		FULL(the_same_again_costs_nothing),
		FULL(a_new_message_while_enabled_is_one_commit),
		FULL(an_address_that_is_no_interrupt_disconnects),
		FULL(changing_the_number_starts_the_block_again),
		FULL(disabling_gives_everything_back),
		FULL(reset_releases_all),
		FULL(without_gsis_the_others_work),
		FULL(a_failed_commit_or_wire_is_tried_again),
		FULL(a_device_that_refuses_is_asked_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
