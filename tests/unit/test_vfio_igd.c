/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Graphics of Intel's processors: what their registers and the kernel's regions give a guest. */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>
#include <stdlib.h>

#include "base/compat.h"
#include "core/layout.h"
#include "fake/vfio_test.h"
#include "vfio/igd.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

#define RW (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define RWM (RW | VFIO_REGION_INFO_FLAG_MMAP)
#define MEM0 UINT64_C(0xc1000000)
#define OPREGION 9 /* indices of the device's own regions */
#define HOST_CFG 10
#define LPC_CFG 11
#define COMET_LAKE 0x9bc5 /* generation 9 */
#define TIGER_LAKE 0x9a49

static struct fake_device *dev;
static struct vfio_config config;

static int begin(void **state)
{
	config = (struct vfio_config){ 0 };
	rig_start(state);
	dev = fake_vfio_add();
	return 0;
}

static void again(void)
{
	rig_down(&rig);
	rig_begin(&rig);
	dev = fake_vfio_add();
}

static void identify(uint16_t device)
{
	le_put(dev->cfg, 4, (uint32_t)device << 16 | 0x8086);
	le_put(dev->cfg + PCI_CLASS_REVISION, 4, 0x03000000);
	dev->bdf = (struct bdf){ 0, 0, 2, 0 };
}

/* Registers of the host, all that a guest is not to see. */
static void add_igd(uint16_t device)
{
	identify(device);
	fake_vfio_bar(dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, 0x1000000, RWM);
	le_put(dev->cfg + 0x50, 2, 0x05c1); /* 5 times 32 MiB stolen, GTT of 8 MiB */
	le_put(dev->cfg + 0x5c, 4, 0x8b800001);
	le_put(dev->cfg + 0xc0, 8, UINT64_C(0x48b800001));
	le_put(dev->cfg + 0xe0, 2, 0x1234);
	le_put(dev->cfg + 0xe8, 2, 0x8000);
	le_put(dev->cfg + 0xfc, 4, 0x8a000000);
	if (rig_up_with(&rig, &config, &err))
		fail_msg("%s", err.text);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, MEM0);
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	uint8_t raw[8];
	le_put(raw, 4, 0xabcd05c1);
	assert_int_equal(vfio_write(rig.vfio[0].fd, raw, 4, 0x108040), 0);
	le_put(raw, 8, UINT64_C(0x48b800001));
	assert_int_equal(vfio_write(rig.vfio[0].fd, raw, 8, 0x1080c0), 0);
}

static bool is_mapped(uint64_t off)
{
	return fake_memslot_at(MEM0 + off) != NULL;
}

static const struct pci_dev *as_host_has_it(struct bdf at, uint16_t vendor, uint32_t class_code)
{
	static struct pci_dev d;
	d = (struct pci_dev){ .bdf = at, .vendor = vendor, .class_code = class_code };
	return &d;
}

static void it_is_intels_display_at_its_place_alone(void **state)
{
	(void)state;
	const struct bdf place = { 0, 0, 2, 0 };
	assert_true(vfio_is_igd(as_host_has_it(place, 0x8086, 0x030000)));
	assert_true(vfio_is_igd(as_host_has_it(place, 0x8086, 0x038000)));
	assert_false(vfio_is_igd(as_host_has_it(place, 0x10de, 0x030000)));
	assert_false(vfio_is_igd(as_host_has_it(place, 0x8086, 0x020000)));
	assert_false(vfio_is_igd(as_host_has_it((struct bdf){ 1, 0, 2, 0 }, 0x8086, 0x030000)));
	assert_false(vfio_is_igd(as_host_has_it((struct bdf){ 0, 3, 2, 0 }, 0x8086, 0x030000)));
	assert_false(vfio_is_igd(as_host_has_it((struct bdf){ 0, 0, 3, 0 }, 0x8086, 0x030000)));
	assert_false(vfio_is_igd(as_host_has_it((struct bdf){ 0, 0, 2, 1 }, 0x8086, 0x030000)));
}

static void a_card_of_intels_has_memory_of_its_own(void **state)
{
	(void)state;
	identify(0x56a0);
	dev->bdf = (struct bdf){ 0, 3, 0, 0 };
	fake_vfio_bar(dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, 0x1000000, RWM);
	le_put(dev->cfg + 0x5c, 4, 0x1234);
	assert_int_equal(rig_up_with(&rig, &config, &err), 0);
	assert_int_equal(rig.vfio[0].quirk.n, 0);
	assert_int_equal(cfg_read(&rig, 0, 0x5c, 4), 0x1234);
}

/* --- stolen memory --- */

static void the_hosts_stolen_memory_is_not_shown(void **state)
{
	(void)state;
	add_igd(COMET_LAKE);
	assert_int_equal(cfg_read(&rig, 0, 0x50, 2), 0x00c1);
	assert_int_equal(cfg_read(&rig, 0, 0x5c, 4), 0);
	assert_int_equal(mem_read(&rig, MEM0 + 0x108040, 4), 0xabcd00c1);
	assert_int_equal(mem_read(&rig, MEM0 + 0x108040, 2), 0x00c1);
	assert_int_equal(mem_read(&rig, MEM0 + 0x1080c0, 8), 0);
	assert_true(is_mapped(0x107fff));
	assert_false(is_mapped(0x108040));
	cfg_write(&rig, 0, 0x5c, 4, 0xffffffff);
	assert_int_equal(cfg_read(&rig, 0, 0x5c, 4), 0);
}

static void its_copies_in_bar_0_are_read_only(void **state)
{
	(void)state;
	uint8_t raw[4];
	add_igd(COMET_LAKE);
	mem_write(&rig, MEM0 + 0x1080c0, 4, 0xffffffff);
	mem_write(&rig, MEM0 + 0x108040, 4, 0xffffffff);
	assert_int_equal(vfio_read(rig.vfio[0].fd, raw, 4, 0x1080c0), 0);
	assert_int_equal(le32_get(raw), 0x8b800001);
	assert_int_equal(vfio_read(rig.vfio[0].fd, raw, 4, 0x108040), 0);
	assert_int_equal(le32_get(raw), 0xabcd05c1);
}

static void generations_have_its_size_in_different_bits(void **state)
{
	(void)state;
	static const uint16_t old[] = { 0x0102, 0x0166, 0x0412, 0x0f31, 0x22b0 };
	for (unsigned i = 0; i < ARRAY_LEN(old); i++) {
		add_igd(old[i]);
		assert_int_equal(cfg_read(&rig, 0, 0x50, 2), 0x0501);     /* bits 7:3 */
		assert_int_equal(cfg_read(&rig, 0, 0xc0, 4), 0x8b800001); /* something else */
		again();
	}
	add_igd(TIGER_LAKE);
	assert_int_equal(cfg_read(&rig, 0, 0x50, 2), 0x00c1);
	assert_int_equal(cfg_read(&rig, 0, 0x5c, 4), 0);
	assert_int_equal(cfg_read(&rig, 0, 0xc0, 4), 0);
	assert_int_equal(cfg_read(&rig, 0, 0xc4, 4), 0);
}

static void memory_of_the_guest_stands_in_for_it(void **state)
{
	(void)state;
	config.stolen = (struct range){ IGD_STOLEN_BASE, IGD_STOLEN_SIZE };
	add_igd(COMET_LAKE);
	assert_int_equal(cfg_read(&rig, 0, 0x50, 2), 0x01c1); /* once 32 MiB */
	assert_int_equal(cfg_read(&rig, 0, 0x5c, 4), 0xfc000000);
	assert_int_equal(mem_read(&rig, MEM0 + 0x108040, 4), 0xabcd01c1);
	assert_int_equal(mem_read(&rig, MEM0 + 0x1080c0, 8), 0xfc000000);
	again();
	add_igd(0x0412); /* Haswell */
	assert_int_equal(cfg_read(&rig, 0, 0x50, 2), 0x0509);
	assert_int_equal(cfg_read(&rig, 0, 0x5c, 4), 0xfc000000);
	again();
	add_igd(TIGER_LAKE);
	assert_int_equal(cfg_read(&rig, 0, 0x5c, 4), 0);
	assert_int_equal(cfg_read(&rig, 0, 0xc0, 4), 0xfc000000);
	assert_int_equal(cfg_read(&rig, 0, 0xc4, 4), 0);
	assert_int_equal(mem_read(&rig, MEM0 + 0x1080c0, 8), 0xfc000000);
}

static void firmware_may_move_it_until_the_next_reset(void **state)
{
	(void)state;
	config.stolen = (struct range){ IGD_STOLEN_BASE, IGD_STOLEN_SIZE };
	add_igd(TIGER_LAKE);
	cfg_write(&rig, 0, 0xc0, 4, 0x7dffffff);
	cfg_write(&rig, 0, 0xc4, 4, 0xffffffff);
	assert_int_equal(cfg_read(&rig, 0, 0xc0, 4), 0x7df00000);
	assert_int_equal(mem_read(&rig, MEM0 + 0x1080c0, 8), 0x7df00000);
	assert_int_equal(le32_get(dev->cfg + 0xc0), 0x8b800001); /* the device's own stays */
	pci_func_reset(&rig.vfio[0].func);
	assert_int_equal(cfg_read(&rig, 0, 0xc0, 4), 0xfc000000);
}

static void where_bar_2_shows_the_hosts_there_is_none(void **state)
{
	(void)state;
	struct pci_dev d = { .device = 0x7d55 }; /* Meteor Lake */
	assert_false(vfio_igd_can_steal(&d));
	d.device = 0x64a0;
	assert_false(vfio_igd_can_steal(&d));
	d.device = COMET_LAKE;
	assert_true(vfio_igd_can_steal(&d));
}

/* --- the host's firmware --- */

static void a_guest_cannot_call_the_hosts_firmware(void **state)
{
	(void)state;
	add_igd(COMET_LAKE);
	assert_int_equal(cfg_read(&rig, 0, 0xe8, 2), 0);
	assert_int_equal(cfg_read(&rig, 0, 0xe0, 2), 0);
	cfg_write(&rig, 0, 0xe8, 2, 0x8001);
	cfg_write(&rig, 0, 0xe8, 1, 0x01);
	cfg_write(&rig, 0, 0xe0, 4, 0xffffffff);
	assert_int_equal(le16_get(dev->cfg + 0xe8), 0x8000);
	assert_int_equal(le16_get(dev->cfg + 0xe0), 0x1234);
}

static void on_the_root_bus_it_stays_a_part_of_the_root_complex(void **state)
{
	(void)state;
	fake_vfio_cap(dev, PCI_CAP_ID_EXP, 0x70);
	le_put(dev->cfg + 0x72, 2, 0x0092);
	config.on_root = true;
	add_igd(COMET_LAKE);
	assert_int_equal(cfg_read(&rig, 0, 0x72, 2), 0x0092);
	assert_int_equal(cfg_read(&rig, 0, 0x7c, 4), 0); /* no link */
	again();
	fake_vfio_cap(dev, PCI_CAP_ID_EXP, 0x70);
	le_put(dev->cfg + 0x72, 2, 0x0092);
	config.on_root = false;
	add_igd(COMET_LAKE);
	assert_int_equal(cfg_read(&rig, 0, 0x72, 2), 0x0002);
	assert_int_not_equal(cfg_read(&rig, 0, 0x7c, 4), 0);
}

/* --- OpRegion --- */

static uint8_t tables[0x4000]; /* what the host's firmware made */

static void make_tables(uint16_t version)
{
	memset(tables, 0x5a, sizeof(tables));
	memcpy(tables, "IntelGraphicsMem", 16);
	le_put(tables + 0x10, 4, 8);
	le_put(tables + 0x16, 2, version);
	le_put(tables + 0x58, 4, 0x1f);
	le_put(tables + 0x3aa, 8, 0x8a123000); /* FDSS */
	le_put(tables + 0x3ba, 8, 0);
	le_put(tables + 0x3c2, 4, 0);
	memcpy(tables + 0x400, "$VBT", 4);
}

static void make_vbt_behind(uint64_t at, uint32_t size)
{
	le_put(tables + 0x3ba, 8, at);
	le_put(tables + 0x3c2, 4, size);
	memcpy(tables + 0x2000, "$VBT", 4);
}

static void give_region(unsigned i, uint32_t subtype, uint64_t size)
{
	dev->num_regions = i + 1 > dev->num_regions ? i + 1 : dev->num_regions;
	dev->region[i].size = size;
	dev->region[i].flags = RW; /* so that the test can fill it */
	dev->region[i].type = VFIO_REGION_OF_VENDOR | 0x8086;
	dev->region[i].subtype = subtype;
}

static void give_opregion(uint64_t size)
{
	give_region(OPREGION, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, size);
	add_igd(COMET_LAKE);
	assert_int_equal(vfio_write(rig.vfio[0].fd, tables, size, (uint64_t)OPREGION << 40), 0);
}

static void the_opregion_is_copied_and_its_place_told(void **state)
{
	(void)state;
	struct igd_opregion got;
	make_tables(0x0200);
	give_opregion(0x2000);
	assert_int_equal(cfg_read(&rig, 0, 0xfc, 4), 0); /* the host's is not shown */
	assert_int_equal(vfio_igd_opregion(&rig.vfio[0], &got, &err), 0);
	assert_int_equal(got.size, 0x2000);
	assert_true(got.has_vbt);
	assert_memory_equal(got.data, "IntelGraphicsMem", 16);
	assert_int_equal(le32_get(got.data + 0x1ffc), 0x5a5a5a5a);
	free(got.data);
	vfio_igd_place(&rig.vfio[0], 0xfed80000);
	assert_int_equal(cfg_read(&rig, 0, 0xfc, 4), 0xfed80000);
	cfg_write(&rig, 0, 0xfc, 4, 0x7e000000); /* firmware that has a better place */
	assert_int_equal(cfg_read(&rig, 0, 0xfc, 4), 0x7e000000);
	assert_int_equal(le32_get(dev->cfg + 0xfc), 0x8a000000);
	pci_func_reset(&rig.vfio[0].func);
	assert_int_equal(cfg_read(&rig, 0, 0xfc, 4), 0xfed80000);
}

static void nothing_of_the_hosts_firmware_is_offered_in_it(void **state)
{
	(void)state;
	struct igd_opregion_facts facts;
	make_tables(0x0201);
	assert_int_equal(igd_opregion_tidy(tables, 0x2000, &facts), 0);
	assert_int_equal(le32_get(tables + 0x58), 0x1d); /* mailbox 2 */
	assert_int_equal(le64_get(tables + 0x3aa), 0);
	assert_int_equal(le32_get(tables + 0x3b2), 0);
	assert_int_equal(tables[0x3b6], 0x5a); /* what is beside it stays */
	assert_true(facts.has_vbt);
	assert_false(facts.lost_vbt);
}

static void a_vbt_behind_the_mailboxes_stays_where_it_is(void **state)
{
	(void)state;
	struct igd_opregion got;
	make_tables(0x0201);
	make_vbt_behind(0x2000, 0x1c00);
	memset(tables + 0x400, 0, 4);
	give_opregion(0x3c00);
	assert_int_equal(vfio_igd_opregion(&rig.vfio[0], &got, &err), 0);
	assert_int_equal(got.size, 0x3c00);
	assert_true(got.has_vbt);
	assert_int_equal(le64_get(got.data + 0x3ba), 0x2000);
	assert_int_equal(le32_get(got.data + 0x3c2), 0x1c00);
	assert_memory_equal(got.data + 0x2000, "$VBT", 4);
	free(got.data);
}

static void assert_vbt_lost(bool another)
{
	struct igd_opregion_facts facts;
	assert_int_equal(igd_opregion_tidy(tables, sizeof(tables), &facts), 0);
	assert_true(facts.lost_vbt);
	assert_int_equal(facts.has_vbt, another);
	assert_int_equal(le64_get(tables + 0x3ba), 0);
	assert_int_equal(le32_get(tables + 0x3c2), 0);
}

static void a_vbt_outside_is_not_looked_for_in_the_guest(void **state)
{
	(void)state;
	static const struct {
		uint64_t at;
		uint32_t size;
	} outside[] = {
		{ 0x8a125000, 0x1c00 }, { 0x2000, 0x2001 },
		{ 0x2000, 0xffffffff }, { UINT64_MAX, 1 },
		{ UINT64_MAX - 8, 64 }, { 0x2000, 0x2f },
		{ 0x1000, 0x100 },      { 0x4000, 0x30 },
		{ 0x2004, 0x100 }, /* no signature */
	};
	for (unsigned i = 0; i < ARRAY_LEN(outside); i++) {
		make_tables(0x0201);
		make_vbt_behind(outside[i].at, outside[i].size);
		assert_vbt_lost(true);
	}
	/* An address of the host, whatever it looks like: the kernel did not make it relative. */
	make_tables(0x0200);
	make_vbt_behind(0x2000, 0x100);
	memset(tables + 0x400, 0, 4);
	assert_vbt_lost(false);
}

static void before_version_2_there_is_no_vbt_behind(void **state)
{
	(void)state;
	struct igd_opregion_facts facts;
	make_tables(0x0100);
	make_vbt_behind(0x2000, 0x100);
	assert_int_equal(igd_opregion_tidy(tables, sizeof(tables), &facts), 0);
	assert_false(facts.lost_vbt);
	assert_true(facts.has_vbt);
	assert_int_equal(le64_get(tables + 0x3ba), 0);
}

static void assert_no_opregion(int code, const char *word)
{
	struct igd_opregion got = { 0 };
	err = (struct err){ 0 };
	assert_int_equal(vfio_igd_opregion(&rig.vfio[0], &got, &err), code);
	if (word && !strstr(err.text, word))
		fail_msg("'%s' is not in '%s'", word, err.text);
	assert_null(got.data);
}

static void an_opregion_that_is_none_is_not_given(void **state)
{
	(void)state;
	make_tables(0x0200);
	tables[3] = 'E';
	give_opregion(0x2000);
	assert_no_opregion(-EBADMSG, "signature");
	static const uint64_t sizes[] = { 0, 1, 0x1fff, IGD_OPREGION_MAX + 1, INT64_MAX };
	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		dev->region[OPREGION].size = sizes[i];
		assert_no_opregion(sizes[i] <= INT64_MAX - ((uint64_t)OPREGION << 40) ? -EBADMSG
										      : -ENOENT,
				   NULL);
	}
}

static void a_kernel_that_gives_no_opregion_is_told_from_one_that_fails(void **state)
{
	(void)state;
	make_tables(0x0200);
	give_opregion(0x2000);
	fake_vfio.fail_errno = -EFAULT;
	fake_vfio.fail_name = "read";
	fake_vfio.seen = 0;
	fake_vfio.fail_at = 1;
	assert_no_opregion(-EFAULT, "reading its OpRegion");
	fake_vfio.fail_name = "device_info";
	fake_vfio.seen = 0;
	fake_vfio.failed = false;
	assert_no_opregion(-EFAULT, "reading its OpRegion");
	fake_vfio.fail_at = 0;
	dev->region[OPREGION].error = -EIO;
	assert_no_opregion(-EIO, "reading its OpRegion");
	dev->region[OPREGION].error = 0;
	dev->region[OPREGION].subtype = VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG;
	assert_no_opregion(-ENOENT, NULL);
	dev->num_regions = OPREGION;
	assert_no_opregion(-ENOENT, NULL);
}

/* --- the host's bridges --- */

static void give_bridge(unsigned i, uint32_t subtype, uint32_t ids, uint32_t class_revision)
{
	uint8_t header[256];
	memset(header, 0xee, sizeof(header));
	le_put(header, 4, ids);
	le_put(header + 8, 4, class_revision);
	le_put(header + 0x2c, 4, 0x869d1043);
	assert_int_equal(vfio_write(rig.vfio[0].fd, header, sizeof(header), (uint64_t)i << 40), 0);
	dev->region[i].subtype = subtype;
}

static void give_bridges(void)
{
	give_region(HOST_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG, 4096);
	give_region(LPC_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG, 256);
	add_igd(COMET_LAKE);
	give_bridge(HOST_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG, 0x9b538086, 0x06000005);
	give_bridge(LPC_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG, 0x06858086, 0x06010000);
}

static void who_the_hosts_bridges_are_is_read_and_no_more(void **state)
{
	(void)state;
	struct pci_ids ids;
	give_bridges();
	assert_int_equal(vfio_igd_bridge(&rig.vfio[0], IGD_HOST_BRIDGE, &ids, &err), 0);
	assert_int_equal(ids.device, 0x9b53);
	assert_int_equal(ids.revision, 5);
	fake_vfio_forget_calls();
	assert_int_equal(vfio_igd_bridge(&rig.vfio[0], IGD_LPC_BRIDGE, &ids, &err), 0);
	assert_int_equal(ids.vendor, 0x8086);
	assert_int_equal(ids.device, 0x0685);
	assert_int_equal(ids.subvendor, 0x1043);
	assert_int_equal(ids.subdevice, 0x869d);
	assert_int_equal(ids.class_code, 0x060100);
	assert_int_equal(fake_vfio_count("read"), 3);
}

static void assert_no_bridge(enum igd_bridge which, int code, const char *word)
{
	struct pci_ids ids = { .vendor = 0x1111 };
	err = (struct err){ 0 };
	assert_int_equal(vfio_igd_bridge(&rig.vfio[0], which, &ids, &err), code);
	if (word && !strstr(err.text, word))
		fail_msg("'%s' is not in '%s'", word, err.text);
	assert_int_equal(ids.vendor, 0x1111);
}

static void what_is_no_bridge_of_intels_is_not_taken_for_one(void **state)
{
	(void)state;
	give_bridges();
	dev->region[LPC_CFG].size = 0x3f;
	assert_no_bridge(IGD_LPC_BRIDGE, -EBADMSG, "63 bytes");
	dev->region[LPC_CFG].size = 256;
	give_bridge(LPC_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG, 0xffffffff, 0xffffffff);
	assert_no_bridge(IGD_LPC_BRIDGE, -EBADMSG, "ffff:ffff");
	give_bridge(LPC_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG, 0x790e1022, 0x06010000);
	assert_no_bridge(IGD_LPC_BRIDGE, -EBADMSG, "1022:790e");
	give_bridge(HOST_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG, 0x06858086, 0x06010000);
	assert_no_bridge(IGD_HOST_BRIDGE, -EBADMSG, "class 060100");
}

static void a_bridge_that_cannot_be_read_is_an_error_with_its_name(void **state)
{
	(void)state;
	give_bridges();
	fake_vfio.fail_errno = -EIO;
	fake_vfio.fail_name = "read";
	for (unsigned nth = 1; nth <= 3; nth++) {
		fake_vfio.seen = 0;
		fake_vfio.failed = false;
		fake_vfio.fail_at = nth;
		assert_no_bridge(IGD_LPC_BRIDGE, -EIO, "LPC bridge");
		assert_true(fake_vfio.failed);
	}
	fake_vfio.fail_at = 0;
	dev->region[LPC_CFG].error = -ENXIO;
	assert_no_bridge(IGD_LPC_BRIDGE, -ENXIO, "LPC bridge");
	dev->num_regions = HOST_CFG; /* an older kernel, or one without CONFIG_VFIO_PCI_IGD */
	assert_no_bridge(IGD_HOST_BRIDGE, -ENOENT, NULL);
	assert_no_bridge(IGD_LPC_BRIDGE, -ENOENT, NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, rig_end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_intels_display_at_its_place_alone),
		T(a_card_of_intels_has_memory_of_its_own),
		T(the_hosts_stolen_memory_is_not_shown),
		T(its_copies_in_bar_0_are_read_only),
		T(generations_have_its_size_in_different_bits),
		T(memory_of_the_guest_stands_in_for_it),
		T(firmware_may_move_it_until_the_next_reset),
		cmocka_unit_test(where_bar_2_shows_the_hosts_there_is_none),
		T(a_guest_cannot_call_the_hosts_firmware),
		T(on_the_root_bus_it_stays_a_part_of_the_root_complex),
		T(the_opregion_is_copied_and_its_place_told),
		cmocka_unit_test(nothing_of_the_hosts_firmware_is_offered_in_it),
		T(a_vbt_behind_the_mailboxes_stays_where_it_is),
		cmocka_unit_test(a_vbt_outside_is_not_looked_for_in_the_guest),
		cmocka_unit_test(before_version_2_there_is_no_vbt_behind),
		T(an_opregion_that_is_none_is_not_given),
		T(a_kernel_that_gives_no_opregion_is_told_from_one_that_fails),
		T(who_the_hosts_bridges_are_is_read_and_no_more),
		T(what_is_no_bridge_of_intels_is_not_taken_for_one),
		T(a_bridge_that_cannot_be_read_is_an_error_with_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
