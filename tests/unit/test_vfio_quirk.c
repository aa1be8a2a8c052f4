/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices with a second way to their configuration space: each way shows the guest its own. */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include "fake/vfio_test.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

#define RW (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define RWM (RW | VFIO_REGION_INFO_FLAG_MMAP)
#define MEM0 UINT64_C(0xc1000000)
#define MEM2 UINT64_C(0xc4000000)
#define PORTS 0x6100u

static struct fake_device *dev;

static int begin(void **state)
{
	rig_start(state);
	dev = fake_vfio_add();
	return 0;
}

static void identify(uint32_t ids, uint32_t class_code)
{
	le_put(dev->cfg, 4, ids);
	le_put(dev->cfg + PCI_CLASS_REVISION, 4, class_code << 8 | 0xa1);
}

static void decode(void)
{
	cfg_write(&rig, 0, PCI_COMMAND, 2,
		  PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static uint64_t port_read(uint64_t port, unsigned size)
{
	qs_online(&rig.qs, &rig.reader);
	uint64_t v = bus_read(&rig.pio, port, size);
	qs_offline(&rig.reader);
	return v;
}

static void port_write(uint64_t port, unsigned size, uint64_t value)
{
	qs_online(&rig.qs, &rig.reader);
	bus_write(&rig.pio, port, size, value);
	qs_offline(&rig.reader);
}

/* What the device itself has in a BAR. */
static uint32_t real_read(unsigned bar, uint64_t off)
{
	uint8_t raw[4];
	assert_int_equal(vfio_read(rig.vfio[0].fd, raw, 4, rig.vfio[0].region[bar].offset + off),
			 0);
	return le32_get(raw);
}

static void real_write(unsigned bar, uint64_t off, uint32_t value)
{
	uint8_t raw[4];
	le_put(raw, 4, value);
	assert_int_equal(vfio_write(rig.vfio[0].fd, raw, 4, rig.vfio[0].region[bar].offset + off),
			 0);
}

static bool is_mapped(unsigned bar, uint64_t off)
{
	const struct pci_bar *b = &rig.vfio[0].func.bar[bar];
	for (unsigned i = 0; i < b->n_pieces; i++)
		if (range_contains((struct range){ b->piece[i].off, b->piece[i].len }, off, 1))
			return b->piece[i].hva != NULL;
	return false;
}

/* The guest's own config space, dword by dword but for what is live. */
static void assert_mirrors_config(uint64_t at)
{
	for (unsigned off = 0; off < 0x100; off += 4)
		assert_int_equal(mem_read(&rig, at + off, 4), cfg_read(&rig, 0, off, 4));
	assert_int_equal(mem_read(&rig, at + PCI_BASE_ADDRESS_0, 4), MEM0);
	assert_int_equal(mem_read(&rig, at + 1, 1), cfg_read(&rig, 0, 1, 1));
	assert_int_equal(mem_read(&rig, at + 2, 2), cfg_read(&rig, 0, 2, 2));
	assert_int_equal(mem_read(&rig, at, 8),
			 cfg_read(&rig, 0, 0, 4) | (uint64_t)cfg_read(&rig, 0, 4, 4) << 32);
}

/* --- NVIDIA --- */

static void add_nvidia(uint32_t class_code)
{
	identify(0x1c0310de, class_code);
	fake_vfio_bar(dev, 0, 0, 0x1000000, RWM);
	fake_vfio_bar(dev, 5, PCI_BASE_ADDRESS_SPACE_IO, 0x80, RW);
	fake_vfio_msi(dev, 0x68, 0, false, true);
	dev->irq[VFIO_PCI_MSI_IRQ_INDEX].count = 1;
	rig_up_or_fail();
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, MEM0);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_5, 4, PORTS);
	decode();
	real_write(0, 0x88000 + PCI_BASE_ADDRESS_0, 0xe0000000); /* the host's */
	real_write(0, 0x1800 + PCI_BASE_ADDRESS_0, 0xe0000000);
}

static void nvidia_shows_the_guests_config_at_both_places_of_bar_0(void **state)
{
	(void)state;
	add_nvidia(0x030000);
	assert_mirrors_config(MEM0 + 0x88000);
	assert_mirrors_config(MEM0 + 0x1800);
	assert_int_equal(mem_read(&rig, MEM0 + 0x88400, 4), cfg_read(&rig, 0, 0x400, 4));
}

static void nvidia_pages_around_a_mirror_stay_mapped(void **state)
{
	(void)state;
	add_nvidia(0x030000);
	assert_true(is_mapped(0, 0x87fff));
	assert_false(is_mapped(0, 0x88000));
	assert_false(is_mapped(0, 0x88fff));
	assert_true(is_mapped(0, 0x89000));
	assert_true(is_mapped(0, 0x0));
	assert_false(is_mapped(0, 0x1800));
	assert_true(is_mapped(0, 0x2000));
	real_write(0, 0x1100, 0x12345678); /* trapped with its page, and the device's own */
	assert_int_equal(mem_read(&rig, MEM0 + 0x1100, 4), 0x12345678);
	mem_write(&rig, MEM0 + 0x1100, 4, 0x9abcdef0);
	assert_int_equal(real_read(0, 0x1100), 0x9abcdef0);
}

static void nvidia_without_vga_keeps_the_old_place_for_registers(void **state)
{
	(void)state;
	add_nvidia(0x030200);
	assert_mirrors_config(MEM0 + 0x88000);
	assert_true(is_mapped(0, 0x1800));
}

static void a_write_through_the_mirror_is_one_to_config_space(void **state)
{
	(void)state;
	add_nvidia(0x030000);
	mem_write(&rig, MEM0 + 0x88000 + PCI_INTERRUPT_LINE, 1, 11);
	assert_int_equal(cfg_read(&rig, 0, PCI_INTERRUPT_LINE, 1), 11);
	/* It moves away from under the access. */
	mem_write(&rig, MEM0 + 0x88000 + PCI_BASE_ADDRESS_0, 4, 0xc8000000);
	assert_int_equal(cfg_read(&rig, 0, PCI_BASE_ADDRESS_0, 4), 0xc8000000);
	assert_int_equal(mem_read(&rig, 0xc8000000 + 0x88000, 4), 0x1c0310de);
	assert_int_equal(mem_read(&rig, MEM0 + 0x88000, 4), 0xffffffff);
	assert_int_equal(real_read(0, 0x88000 + PCI_BASE_ADDRESS_0), 0xe0000000);
	/* And stops decoding. */
	mem_write(&rig, 0xc8000000 + 0x88000 + PCI_COMMAND, 2, 0);
	assert_int_equal(cfg_read(&rig, 0, PCI_COMMAND, 2), 0);
	assert_int_equal(rig.vfio[0].command & PCI_COMMAND_MEMORY, 0);
	assert_int_equal(mem_read(&rig, 0xc8000000 + 0x88000, 4), 0xffffffff);
}

static void nvidias_word_for_the_next_msi_reaches_the_device(void **state)
{
	(void)state;
	add_nvidia(0x030000);
	mem_write(&rig, MEM0 + 0x88068, 1, 0xff);
	assert_int_equal(real_read(0, 0x88068) & 0xff, 0xff);
	assert_int_equal(cfg_read(&rig, 0, 0x68, 1), PCI_CAP_ID_MSI);
	mem_write(&rig, MEM0 + 0x88068 + PCI_MSI_ADDRESS_LO, 4, 0xfee00000); /* the rest is ours */
	assert_int_equal(cfg_read(&rig, 0, 0x68 + PCI_MSI_ADDRESS_LO, 4), 0xfee00000);
	assert_int_equal(real_read(0, 0x88068 + PCI_MSI_ADDRESS_LO), 0);
}

static void nvidias_ports_reach_config_space_only_when_switched_on(void **state)
{
	(void)state;
	static const uint32_t places[] = { 0x88000, 0x1800 };
	add_nvidia(0x030000);
	real_write(5, 0xc, 0xdeadbeef);
	port_write(PORTS + 8, 4, 0x88000);
	assert_int_equal(port_read(PORTS + 0xc, 4), 0xdeadbeef);
	port_write(PORTS + 0, 4, 1);
	assert_int_equal(port_read(PORTS + 0xc, 4), 0xdeadbeef);
	port_write(PORTS + 4, 4, 1);
	for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
		port_write(PORTS + 8, 4, places[i]);
		assert_int_equal(port_read(PORTS + 0xc, 4), 0x1c0310de);
		port_write(PORTS + 8, 4, places[i] + PCI_BASE_ADDRESS_0);
		assert_int_equal(port_read(PORTS + 0xc, 4), MEM0);
		assert_int_equal(port_read(PORTS + 0xe, 2), MEM0 >> 16);
		port_write(PORTS + 8, 4, places[i] + PCI_INTERRUPT_LINE);
		port_write(PORTS + 0xc, 1, 5 + i);
		assert_int_equal(cfg_read(&rig, 0, PCI_INTERRUPT_LINE, 1), 5 + i);
	}
	assert_int_equal(real_read(5, 8), 0x1800 + PCI_INTERRUPT_LINE); /* the device knows too */
	port_write(PORTS + 8, 4, 0x400);
	assert_int_equal(port_read(PORTS + 0xc, 4), 0xdeadbeef);
	pci_func_reset(&rig.vfio[0].func);
	assert_int_equal(rig.vfio[0].quirk.index.enable, 0);
}

/* NVIDIA with a capability in the way of each place; 0 = none there. */
static void clique_up(unsigned in_the_way, unsigned also, uint32_t class_code)
{
	const struct vfio_config config = { .clique = 1 + 5 };
	identify(0x1c0310de, class_code);
	if (in_the_way)
		fake_vfio_msix(dev, in_the_way, 4, 0, 0x2000, 0x3000, true);
	if (also)
		fake_vfio_cap(dev, PCI_CAP_ID_PM, also);
	fake_vfio_bar(dev, 0, 0, 0x1000000, RWM);
	if (rig_up_with(&rig, &config, &err))
		fail_msg("%s", err.text);
}

static void a_gpudirect_clique_is_a_vendor_capability(void **state)
{
	(void)state;
	clique_up(0, 0, 0x030200);
	assert_int_equal(cfg_read(&rig, 0, PCI_CAPABILITY_LIST, 1), 0xc8);
	assert_int_equal(cfg_read(&rig, 0, 0xc8, 4), 'P' << 24 | 8 << 16 | PCI_CAP_ID_VNDR);
	assert_int_equal(cfg_read(&rig, 0, 0xcc, 4), 5 << 19 | 'P' << 8 | '2');
	cfg_write(&rig, 0, 0xcc, 4, 0);
	assert_int_equal(cfg_read(&rig, 0, 0xcc, 4), 5 << 19 | 'P' << 8 | '2');
}

static void a_gpudirect_clique_makes_room_for_what_is_there(void **state)
{
	(void)state;
	clique_up(0xc8, 0, 0x030000);
	assert_int_equal(cfg_read(&rig, 0, 0xc8, 1), PCI_CAP_ID_MSIX);
	assert_int_equal(cfg_read(&rig, 0, 0xc9, 1), 0xd4);
	assert_int_equal(cfg_read(&rig, 0, 0xd4, 1), PCI_CAP_ID_VNDR);
	rig_down(&rig);
	rig_begin(&rig);
	dev = fake_vfio_add();
	clique_up(0xc8, 0xd8, 0x030000); /* no room: it runs without */
	assert_int_equal(cfg_read(&rig, 0, 0xd9, 1), 0);
	rig_down(&rig);
	rig_begin(&rig);
	dev = fake_vfio_add();
	clique_up(0, 0, 0x040300); /* no adapter */
	assert_int_equal(cfg_read(&rig, 0, PCI_CAPABILITY_LIST, 1), 0);
}

static void a_small_bar_has_no_mirror(void **state)
{
	(void)state;
	identify(0x1c0310de, 0x030000);
	fake_vfio_bar(dev, 0, 0, 0x1000, RWM);
	rig_up_or_fail();
	assert_int_equal(rig.vfio[0].quirk.n, 0);
	assert_true(is_mapped(0, 0));
}

static void other_functions_of_the_vendor_have_none(void **state)
{
	(void)state;
	identify(0x10f110de, 0x040300); /* the sound */
	fake_vfio_bar(dev, 0, 0, 0x100000, RWM);
	rig_up_or_fail();
	assert_int_equal(rig.vfio[0].quirk.n, 0);
}

/* --- Radeon --- */

static void add_radeon(uint32_t bar2_bits)
{
	identify(0x68981002, 0x030000);
	fake_vfio_bar(dev, 0, PCI_BASE_ADDRESS_MEM_PREFETCH, 0x1000000, RWM);
	fake_vfio_bar(dev, 2, bar2_bits, 0x20000, RWM);
	fake_vfio_bar(dev, 4, PCI_BASE_ADDRESS_SPACE_IO, 0x100, RW);
	rig_up_or_fail();
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, MEM0);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_2, 4, (uint32_t)MEM2);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_4, 4, PORTS);
	decode();
}

static void radeon_shows_the_guests_config_in_its_registers_and_ports(void **state)
{
	(void)state;
	add_radeon(PCI_BASE_ADDRESS_MEM_TYPE_64);
	real_write(2, 0x4000, 0xe0000000);
	for (unsigned off = 0; off < 0x100; off += 4)
		assert_int_equal(mem_read(&rig, MEM2 + 0x4000 + off, 4), cfg_read(&rig, 0, off, 4));
	assert_true(is_mapped(2, 0x3fff));
	assert_false(is_mapped(2, 0x4000));
	real_write(2, 0x4100, 0x11112222);
	assert_int_equal(mem_read(&rig, MEM2 + 0x4100, 4), 0x11112222);
	real_write(4, 4, 0xdeadbeef);
	port_write(PORTS, 4, 0x4000 + PCI_BASE_ADDRESS_2);
	assert_int_equal(port_read(PORTS + 4, 4), MEM2 | PCI_BASE_ADDRESS_MEM_TYPE_64);
	port_write(PORTS, 4, 0x4000 + PCI_INTERRUPT_LINE);
	port_write(PORTS + 4, 1, 9);
	assert_int_equal(cfg_read(&rig, 0, PCI_INTERRUPT_LINE, 1), 9);
	port_write(PORTS, 4, 0x5000);
	assert_int_equal(port_read(PORTS + 4, 4), 0xdeadbeef);
	port_write(PORTS, 4, 0x3ffc);
	assert_int_equal(port_read(PORTS + 4, 4), 0xdeadbeef);
	port_write(PORTS + 4, 4, 0x77777777);
	assert_int_equal(real_read(4, 4), 0x77777777);
}

static void newer_radeons_keep_their_doorbells(void **state)
{
	(void)state;
	add_radeon(PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH);
	assert_int_equal(rig.vfio[0].quirk.n, 0);
	assert_true(is_mapped(2, 0x4000));
}

/* --- Realtek --- */

static void add_realtek(bool msix)
{
	identify(0x816810ec, 0x020000);
	fake_vfio_bar(dev, 0, 0, 0x10000, RWM);
	fake_vfio_bar(dev, 2, 0, 0x1000, RWM);
	if (msix)
		fake_vfio_msix(dev, 0xb0, 4, 0, 0x2000, 0x3000, true);
	rig_up_or_fail();
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, MEM0);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_2, 4, (uint32_t)MEM2);
	decode();
}

static void realteks_window_ends_at_the_guests_own_table(void **state)
{
	(void)state;
	add_realtek(true);
	mem_write(&rig, MEM2 + 0x70, 4, 0xfee01000);
	mem_write(&rig, MEM2 + 0x74, 4, 0x80010010);                  /* write entry 1, address */
	assert_int_equal(mem_read(&rig, MEM2 + 0x74, 4), 0x00010010); /* done */
	assert_int_equal(mem_read(&rig, MEM0 + 0x2010, 4), 0xfee01000);
	assert_int_equal(real_read(2, 0x74), 0); /* the device was not told */
	mem_write(&rig, MEM0 + 0x2018, 4, 0x41);
	mem_write(&rig, MEM2 + 0x74, 4, 0x00010018); /* read entry 1, data */
	assert_int_equal(mem_read(&rig, MEM2 + 0x74, 4), 0x80010018);
	assert_int_equal(mem_read(&rig, MEM2 + 0x70, 4), 0x41);
	mem_write(&rig, MEM2 + 0x74, 4, 0x00010ffc); /* beyond the table */
	assert_int_equal(mem_read(&rig, MEM2 + 0x70, 4), 0xffffffff);
	mem_write(&rig, MEM2 + 0x74, 4, 0x80010ffc);
}

static void what_else_is_behind_realteks_window_is_the_devices(void **state)
{
	(void)state;
	add_realtek(true);
	real_write(2, 0x70, 0x1234);
	mem_write(&rig, MEM2 + 0x74, 4, 0x0000f000);
	assert_int_equal(real_read(2, 0x74), 0x0000f000);
	assert_int_equal(mem_read(&rig, MEM2 + 0x70, 4), 0x1234);
	assert_int_equal(mem_read(&rig, MEM2 + 0x72, 2), 0);
}

static void without_msix_realtek_has_no_window(void **state)
{
	(void)state;
	add_realtek(false);
	assert_int_equal(rig.vfio[0].quirk.n, 0);
	assert_true(is_mapped(2, 0));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, rig_end)
	const struct CMUnitTest tests[] = {
		T(nvidia_shows_the_guests_config_at_both_places_of_bar_0),
		T(nvidia_pages_around_a_mirror_stay_mapped),
		T(nvidia_without_vga_keeps_the_old_place_for_registers),
		T(a_write_through_the_mirror_is_one_to_config_space),
		T(nvidias_word_for_the_next_msi_reaches_the_device),
		T(nvidias_ports_reach_config_space_only_when_switched_on),
		T(a_gpudirect_clique_is_a_vendor_capability),
		T(a_gpudirect_clique_makes_room_for_what_is_there),
		T(a_small_bar_has_no_mirror),
		T(other_functions_of_the_vendor_have_none),
		T(radeon_shows_the_guests_config_in_its_registers_and_ports),
		T(newer_radeons_keep_their_doorbells),
		T(realteks_window_ends_at_the_guests_own_table),
		T(what_else_is_behind_realteks_window_is_the_devices),
		T(without_msix_realtek_has_no_window),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
