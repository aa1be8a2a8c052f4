/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>

#include "fake/vfio_test.h"

static void shows_the_device_with_its_ids_and_asks_for_nothing(void **state)
{
	(void)state;
	fake_vfio_typical();
	assert_int_equal(rig_up(&rig, &err), 0);
	assert_int_equal(cfg_read(&rig, 0, PCI_VENDOR_ID, 4), 0x10d38086);
	assert_int_equal(cfg_read(&rig, 0, PCI_SUBSYSTEM_VENDOR_ID, 4), 0x12341af4);
	assert_int_equal(cfg_read(&rig, 0, PCI_CLASS_REVISION, 4), 0x02000001);
	assert_int_equal(cfg_read(&rig, 0, PCI_COMMAND, 2), 0);
	assert_int_equal(cfg_read(&rig, 0, PCI_BASE_ADDRESS_0, 4), PCI_BASE_ADDRESS_MEM_TYPE_64);
	assert_int_equal(fake_vfio.device[0].cfg_writes, 0);
	assert_int_equal(fake_vfio.device[0].resets, 0); /* opening it was one */
}

static void tells_kvm_of_the_group_before_it_opens_the_device(void **state)
{
	(void)state;
	fake_vfio_typical();
	assert_int_equal(rig_up(&rig, &err), 0);
	assert_true(fake_vfio_index("kvm_add", 0) > fake_vfio_index("container_set", 0));
	assert_true(fake_vfio_index("kvm_add", 0) < fake_vfio_index("group_device", 0));
}

static void opens_a_device_with_few_system_calls(void **state)
{
	(void)state;
	fake_vfio_typical();
	assert_int_equal(rig_root(&rig, &err), 0);
	fake_vfio_forget_calls();
	rig.dev[0] = fake_vfio_inventory(&fake_vfio.device[0]);
	const struct vfio_config config = { 0 };
	assert_int_equal(vfio_pci_init(&rig.vfio[0], &rig.dev[0], &config, &rig.iommu, &rig.root,
				       &rig.irqs, &err),
			 0);
	rig.n = 1;
	assert_true(fake_vfio.n_calls <= 32);
}

static void every_failing_call_is_named_and_leaves_nothing(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		unsigned n = 0;
		for (bool more = true; more; rig_down(&rig)) {
			rig_begin(&rig);
			rig.kind = kind ? IOMMU_FD : IOMMU_TYPE1;
			struct fake_device *dev = fake_vfio_typical();
			fake_vfio_msi(dev, 0xc0, 2, true, true);
			fake_vfio.fail_at = ++n;
			fake_vfio.fail_errno = -EIO;
			err = (struct err){ 0 };
			int r = rig_up(&rig, &err);
			more = fake_vfio.failed;
			assert_null(fake_vfio.broken);
			if (!more) {
				assert_int_equal(r, 0);
				assert_true(n > 20);
				continue;
			}
			if (r) {
				assert_int_equal(r, -EIO);
				if (!strstr(err.text, "Input/output error"))
					print_error("call %u: %s\n", n, err.text);
				assert_non_null(strstr(err.text, "Input/output error"));
			}
			rig_down(&rig);
			assert_null(rig_residue(&rig));
			rig_root(&rig, NULL); /* for the rig_down of the loop */
		}
		assert_null(rig_residue(&rig));
	}
	rig_begin(&rig);
}

static void a_device_that_does_not_answer_is_refused(void **state)
{
	(void)state;
	struct fake_device *dev = fake_vfio_typical();
	memset(dev->cfg, 0xff, sizeof(dev->cfg));
	assert_int_equal(rig_up(&rig, &err), -EIO);
	assert_non_null(strstr(err.text, "0000:01:00.0 does not answer"));
}

static void a_bridge_is_refused(void **state)
{
	(void)state;
	fake_vfio_typical()->cfg[PCI_HEADER_TYPE] = 1;
	assert_int_equal(rig_up(&rig, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "only endpoints"));
}

static void a_driver_that_presents_no_pci_device_is_refused(void **state)
{
	(void)state;
	fake_vfio_typical()->num_regions = 3;
	assert_int_equal(rig_up(&rig, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "does not present a PCI device"));
}

static void a_device_found_asleep_is_woken(void **state)
{
	(void)state;
	struct fake_device *dev = fake_vfio_typical();
	dev->cfg[0x44] = 3;
	assert_int_equal(rig_up(&rig, &err), 0);
	assert_int_equal(dev->cfg[0x44], 0);
	assert_false(rig.vfio[0].asleep);
}

static void going_down_stops_dma_before_the_device_is_given_back(void **state)
{
	(void)state;
	struct fake_device *dev = fake_vfio_typical();
	assert_int_equal(rig_up(&rig, &err), 0);
	rig_start_guest(&rig, 0);
	rig_unmask(&rig, 0, 1);
	cfg_write(&rig, 0, 0xa2, 2, PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(dev->kind, VFIO_PCI_MSIX_IRQ_INDEX);
	assert_int_equal(fake_memslot.n > 0, 1);
	fake_vfio_forget_calls();
	vfio_pci_fini(&rig.vfio[--rig.n]);
	assert_int_equal(le16_get(dev->cfg + PCI_COMMAND), 0);
	assert_int_equal(dev->kind, FAKE_IRQ_NONE);
	assert_int_equal(fake_memslot.n, 0);
	assert_true(fake_vfio_index("write", 0) < fake_vfio_index("kvm_remove", 0));
}

static void fini_accepts_what_was_never_made(void **state)
{
	(void)state;
	static struct vfio_pci zero;
	vfio_pci_fini(&zero);
	assert_int_equal(rig_root(&rig, &err), 0);
}

static void two_functions_of_one_group_share_its_fd(void **state)
{
	(void)state;
	fake_vfio_typical();
	fake_vfio_typical()->group = 10;
	assert_int_equal(rig_up(&rig, &err), 0);
	assert_int_equal(fake_vfio_count("group_open"), 1);
	assert_int_equal(fake_vfio_count("kvm_add"), 1);
	vfio_pci_fini(&rig.vfio[0]);
	assert_int_equal(fake_vfio_count("kvm_remove"), 0);
	vfio_pci_fini(&rig.vfio[1]);
	assert_int_equal(fake_vfio_count("kvm_remove"), 1);
	rig.n = 0;
}

static void ten_reboots_leave_as_much_as_the_first(void **state)
{
	(void)state;
	fake_vfio_typical();
	fake_vfio_typical();
	assert_int_equal(rig_up(&rig, &err), 0);
	unsigned fds = 0, maps = 0;
	for (unsigned boot = 0; boot < 10; boot++) {
		for (unsigned i = 0; i < 2; i++) {
			rig_start_guest(&rig, i);
			for (unsigned v = 0; v < 8; v++)
				rig_unmask(&rig, i, v);
			cfg_write(&rig, i, 0xa2, 2, PCI_MSIX_FLAGS_ENABLE);
			assert_int_equal(fake_vfio.device[i].live, 8);
		}
		assert_int_equal(vfio_reset_set(rig.set, 2, &err), 0);
		assert_int_equal(pci_root_reset(&rig.root, &err), 0);
		if (boot == 0) {
			fds = fake_vfio_open_fds();
			maps = fake_vfio.mappings;
		}
		assert_int_equal(fake_vfio_open_fds(), fds);
		assert_int_equal(fake_vfio.mappings, maps);
		assert_int_equal(fake_irq.wired, 0);
		assert_int_equal(fake_vfio.device[0].resets, boot + 1);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_start, rig_end)
	const struct CMUnitTest tests[] = {
		T(shows_the_device_with_its_ids_and_asks_for_nothing),
		T(tells_kvm_of_the_group_before_it_opens_the_device),
		T(opens_a_device_with_few_system_calls),
		T(every_failing_call_is_named_and_leaves_nothing),
		T(a_device_that_does_not_answer_is_refused),
		T(a_bridge_is_refused),
		T(a_driver_that_presents_no_pci_device_is_refused),
		T(a_device_found_asleep_is_woken),
		T(going_down_stops_dma_before_the_device_is_given_back),
		T(fini_accepts_what_was_never_made),
		T(two_functions_of_one_group_share_its_fd),
		T(ten_reboots_leave_as_much_as_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
