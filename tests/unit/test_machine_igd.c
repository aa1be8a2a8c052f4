/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine puts around Intel's graphics, and that it is as new after a reboot. */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compat.h"
#include "fake/vfio_rig.h"
#include "machine_parts.h"
#include "vfio/uapi.h"

#define RW (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define OPREGION 9
#define HOST_CFG 10
#define LPC_CFG 11

static struct rig rig;
static struct err err;
static struct fake_device *dev;
static struct machine m;
static struct plan plan;
static struct profile profile;
static struct profile_device wanted;
static struct plan_device planned;
static uint64_t lpc_size; /* as the kernel says */

static void give_region(unsigned i, uint32_t subtype, uint64_t size)
{
	dev->region[i] = (struct fake_region){ .size = size,
					       .flags = RW,
					       .type = VFIO_REGION_OF_VENDOR | 0x8086,
					       .subtype = subtype };
}

static void fill_region(unsigned i, uint64_t at, uint32_t value)
{
	uint8_t raw[4];
	le_put(raw, 4, value);
	assert_int_equal(vfio_write(rig.vfio[0].fd, raw, 4, ((uint64_t)i << 40) + at), 0);
}

static int begin(void **state)
{
	(void)state;
	rig_begin(&rig);
	err = (struct err){ 0 };
	dev = fake_vfio_add();
	le_put(dev->cfg, 4, 0x9bc58086);
	le_put(dev->cfg + PCI_CLASS_REVISION, 4, 0x03000000);
	dev->bdf = (struct bdf){ 0, 0, 2, 0 };
	dev->num_regions = 12;
	give_region(OPREGION, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, 0x2c00);
	give_region(HOST_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG, 256);
	give_region(LPC_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG, 256);
	memset(&plan, 0, sizeof(plan));
	memset(&profile, 0, sizeof(profile));
	memset(&m, 0, sizeof(m));
	wanted = (struct profile_device){ 0 };
	lpc_size = 256;
	planned = (struct plan_device){ .wanted = &wanted };
	plan.profile = &profile;
	profile.firmware.type = FIRMWARE_UEFI;
	m.plan = &plan;
	assert_int_equal(layout_ram(&plan.layout, GIB, NULL, 0, NULL), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fwcfg_down(&m);
	gmem_fini(&m.gmem);
	igd_down(&m);
	pci_root_fini(&m.root);
	bus_fini(&m.pio);
	bus_fini(&m.mmio);
	qs_fini(&m.qs);
	rig_down(&rig);
	return rig_residue(&rig) != NULL || fake_memslot.board.size;
}

/* The board, the device with what the host's kernel gives of it, and then it is added. */
static int add(void)
{
	assert_int_equal(qs_init(&m.qs), 0);
	assert_int_equal(bus_init(&m.mmio, &m.qs), 0);
	assert_int_equal(bus_init(&m.pio, &m.qs), 0);
	assert_int_equal(pci_root_init(&m.root, &m.mmio, &m.pio, &m.vm.slots), 0);
	assert_int_equal(q35_init(&m.q35, &m.root, true), 0);
	assert_int_equal(rig_up(&rig, &err), 0);
	for (unsigned i = 0; i < 16; i += 4)
		fill_region(OPREGION, i, le32_get((const uint8_t *)"IntelGraphicsMem" + i));
	fill_region(OPREGION, 0x2bfc, 0x33445566);
	fill_region(HOST_CFG, 0, 0x9b538086);
	fill_region(HOST_CFG, 8, 0x06000005);
	fill_region(HOST_CFG, 0x2c, 0x869d1043);
	fill_region(LPC_CFG, 0, 0x06858086);
	fill_region(LPC_CFG, 8, 0x06010011);
	fill_region(LPC_CFG, 0x2c, 0x869d1043);
	dev->region[LPC_CFG].size = lpc_size;
	return igd_add(&m, &rig.vfio[0], &planned, &err);
}

static uint32_t lpc(unsigned off)
{
	return pci_cfg_read(&m.q35.lpc, off, 4);
}

static void the_opregion_is_memory_where_the_device_says(void **state)
{
	(void)state;
	assert_int_equal(add(), 0);
	assert_int_equal(cfg_read(&rig, 0, 0xfc, 4), 0xfed80000);
	assert_int_equal(fake_memslot.board.gpa, 0xfed80000);
	assert_int_equal(fake_memslot.board.size, 0x3000);
	const uint8_t *shown = fake_memslot.board.hva;
	assert_memory_equal(shown, "IntelGraphicsMem", 16);
	assert_int_equal(le32_get(shown + 0x2bfc), 0x33445566);
	assert_int_equal(le32_get(shown + 0x2ffc), 0);
}

static void a_reboot_finds_it_as_the_first_start_did(void **state)
{
	(void)state;
	assert_int_equal(add(), 0);
	memset(fake_memslot.board.hva, 0x77, 0x3000);
	igd_reset(&m);
	const uint8_t *shown = fake_memslot.board.hva;
	assert_memory_equal(shown, "IntelGraphicsMem", 16);
	assert_int_equal(le32_get(shown + 0x2ffc), 0);
}

static void the_bridges_say_that_they_are_the_hosts(void **state)
{
	(void)state;
	assert_int_equal(add(), 0);
	assert_int_equal(lpc(0), 0x06858086);
	assert_int_equal(lpc(8), 0x06010011);
	assert_int_equal(lpc(0x2c), 0x869d1043);
	assert_int_equal(lpc(0x40), 0x601);                           /* what is emulated stays */
	assert_int_equal(pci_cfg_read(&m.q35.mch, 0, 4), 0x29c08086); /* firmware goes by it */
	assert_int_equal(pci_cfg_read(&m.q35.mch, 8, 4), 0x06000005);
	assert_int_equal(pci_cfg_read(&m.q35.mch, 0x2c, 4), 0x869d1043);
	pci_func_reset(&m.q35.lpc);
	assert_int_equal(lpc(0), 0x06858086);
	pci_cfg_write(&m.q35.lpc, 0, 4, 0);
	assert_int_equal(lpc(0), 0x06858086);
}

static void they_keep_their_own_ids_where_the_profile_says_so(void **state)
{
	(void)state;
	wanted.igd_bridges = IGD_BRIDGES_OWN;
	assert_int_equal(add(), 0);
	assert_int_equal(lpc(0), 0x29188086);
	assert_int_equal(pci_cfg_read(&m.q35.mch, 8, 4), 0x06000000);
}

static void an_lpc_bridge_that_makes_no_sense_is_not_copied(void **state)
{
	(void)state;
	lpc_size = 8;
	assert_int_equal(add(), 0);
	assert_int_equal(lpc(0), 0x29188086);
	assert_int_equal(pci_cfg_read(&m.q35.mch, 8, 4), 0x06000005); /* the other one is */
}

static void without_the_kernels_regions_the_guest_runs_all_the_same(void **state)
{
	(void)state;
	dev->num_regions = 9;
	assert_int_equal(add(), 0);
	assert_int_equal(fake_memslot.board.size, 0);
	assert_int_equal(cfg_read(&rig, 0, 0xfc, 4), 0);
	assert_int_equal(lpc(0), 0x29188086);
	igd_reset(&m);
}

static void an_opregion_that_cannot_be_read_is_left_out(void **state)
{
	(void)state;
	dev->region[OPREGION].size = IGD_OPREGION_MAX + 0x1000;
	assert_int_equal(add(), 0);
	assert_int_equal(fake_memslot.board.size, 0);
	assert_int_equal(cfg_read(&rig, 0, 0xfc, 4), 0);
}

static void no_memory_slot_is_an_error(void **state)
{
	(void)state;
	fake_memslot.fail = -ENOSPC;
	assert_int_equal(add(), -ENOSPC);
	assert_int_equal(cfg_read(&rig, 0, 0xfc, 4), 0);
}

static void other_devices_get_nothing(void **state)
{
	(void)state;
	dev->bdf = (struct bdf){ 0, 3, 0, 0 };
	assert_int_equal(add(), 0);
	assert_null(m.igd);
	assert_int_equal(lpc(0), 0x29188086);
}

static const struct fwcfg_item *file(const char *name)
{
	for (unsigned i = 0; i < m.fwcfg.n_items; i++)
		if (!strcmp(m.fwcfg.item[i].name, name))
			return &m.fwcfg.item[i];
	return NULL;
}

static void firmware_that_knows_how_is_offered_it(void **state)
{
	(void)state;
	assert_int_equal(layout_stolen(&plan.layout, NULL, 0, &err), 0);
	assert_int_equal(add(), 0);
	assert_int_equal(gmem_init(&m.gmem, plan.layout.ram, plan.layout.n_ram, NULL), 0);
	assert_int_equal(fwcfg_up(&m, &err), 0);
	const struct fwcfg_item *region = file("etc/igd-opregion"),
				*size = file("etc/igd-bdsm-size");
	assert_non_null(region);
	assert_int_equal(region->len, 0x2c00);
	assert_memory_equal(region->data, "IntelGraphicsMem", 16);
	assert_non_null(size);
	assert_int_equal(size->len, 8);
	assert_int_equal(le64_get(size->data), 32 * MIB);
	assert_int_equal(file("etc/e820")->len, 20); /* that memory is none of the firmware's */
}

static void without_them_firmware_hears_nothing(void **state)
{
	(void)state;
	dev->num_regions = 9;
	assert_int_equal(add(), 0);
	assert_int_equal(gmem_init(&m.gmem, plan.layout.ram, plan.layout.n_ram, NULL), 0);
	assert_int_equal(fwcfg_up(&m, &err), 0);
	assert_null(file("etc/igd-opregion"));
	assert_null(file("etc/igd-bdsm-size"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(the_opregion_is_memory_where_the_device_says),
		T(a_reboot_finds_it_as_the_first_start_did),
		T(the_bridges_say_that_they_are_the_hosts),
		T(they_keep_their_own_ids_where_the_profile_says_so),
		T(an_lpc_bridge_that_makes_no_sense_is_not_copied),
		T(without_the_kernels_regions_the_guest_runs_all_the_same),
		T(an_opregion_that_cannot_be_read_is_left_out),
		T(no_memory_slot_is_an_error),
		T(other_devices_get_nothing),
		T(firmware_that_knows_how_is_offered_it),
		T(without_them_firmware_hears_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
