/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine's parts put into the firmware's configuration files, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "boot/acpi_loader.h"
#include "machine_parts.h"

struct fixture {
	struct profile profile;
	struct plan plan;
	struct machine m;
	struct pci_func card;
	struct err err;
};

static const struct pci_func_ops plain_ops = { 0 };

static struct fixture *make(enum firmware_type type)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->profile = (struct profile){ .name = (char *)(uintptr_t)"tables",
				       .vcpus = 3,
				       .firmware = { .type = type } };
	f->plan.profile = &f->profile;
	assert_int_equal(layout_ram(&f->plan.layout, 6 * GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64(&f->plan.layout, 46, GIB, NULL), 0);
	f->m.plan = &f->plan;
	assert_int_equal(qs_init(&f->m.qs), 0);
	assert_int_equal(bus_init(&f->m.mmio, &f->m.qs), 0);
	assert_int_equal(bus_init(&f->m.pio, &f->m.qs), 0);
	assert_int_equal(gmem_init(&f->m.gmem, f->plan.layout.ram, f->plan.layout.n_ram, NULL), 0);
	assert_int_equal(pci_root_init(&f->m.root, &f->m.mmio, &f->m.pio, &f->m.vm.slots), 0);
	pci_func_init(&f->card, &plain_ops, PCI_CFG_SIZE);
	pci_cfg_ids(&f->card, &(struct pci_ids){ .vendor = 1, .device = 1, .class_code = 0x030000 });
	assert_int_equal(pci_bar_set(&f->card, 0, BAR_MEM64, true, 4 * GIB), 0);
	assert_int_equal(pci_bus_add(&f->m.root.bus0, &f->card, 3, 0), 0);
	f->m.cpuid = calloc(1, sizeof(*f->m.cpuid));
	return f;
}

static int setup(void **state)
{
	*state = make(FIRMWARE_UEFI);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	smbios_down(&f->m);
	acpi_down(&f->m);
	fwcfg_down(&f->m);
	pci_root_fini(&f->m.root);
	gmem_fini(&f->m.gmem);
	bus_fini(&f->m.pio);
	bus_fini(&f->m.mmio);
	qs_fini(&f->m.qs);
	free(f->m.cpuid);
	free(f);
	return 0;
}

static void up(struct fixture *f)
{
	assert_int_equal(fwcfg_up(&f->m, &f->err), 0);
	assert_int_equal(acpi_up(&f->m, &f->err), 0);
	assert_int_equal(smbios_up(&f->m, &f->err), 0);
}

static const struct fwcfg_item *file(struct fixture *f, const char *name)
{
	for (unsigned i = 0; i < f->m.fwcfg.n_items; i++)
		if (!strcmp(f->m.fwcfg.item[i].name, name))
			return &f->m.fwcfg.item[i];
	return NULL;
}

static void select_script(struct fixture *f)
{
	fwcfg_ops.write(&f->m.fwcfg, 0, 2, file(f, ACPI_LOADER_SCRIPT)->key);
}

/* A table in the blob, by its signature; tables are 64-byte aligned. */
static const uint8_t *table(struct fixture *f, const char *signature)
{
	const struct fwcfg_item *tables = file(f, ACPI_LOADER_TABLES);
	for (size_t at = 0; at + 36 <= tables->len; at += 64)
		if (!memcmp(tables->data + at, signature, 4))
			return tables->data + at;
	fail_msg("no %s", signature);
	return NULL;
}

static void firmware_is_told_of_processors_and_memory(void **state)
{
	struct fixture *f = *state;
	up(f);
	const struct fwcfg_item *e820 = file(f, "etc/e820");
	assert_int_equal(e820->len, 40);
	assert_int_equal(le64_get(e820->data), 0);
	assert_int_equal(le64_get(e820->data + 8), 2 * GIB);
	assert_int_equal(le32_get(e820->data + 16), 1);
	assert_int_equal(le64_get(e820->data + 20), 4 * GIB);
	assert_null(file(f, "etc/system-states")); /* no S3 */
	assert_null(file(f, "bootorder"));
	fwcfg_ops.write(&f->m.fwcfg, 0, 2, FWCFG_CPUS);
	assert_int_equal(fwcfg_ops.read(&f->m.fwcfg, 1, 1), 3);
	assert_int_equal(f->m.fixed_ports.n, 1);
	assert_int_equal(f->m.fixed_ports.at[0].base, 0x510);
}

static void without_firmware_there_is_no_such_device(void **state)
{
	teardown(state);
	struct fixture *f = *state = make(FIRMWARE_NONE);
	up(f);
	assert_null(f->m.fwcfg.gmem);
	assert_int_equal(f->m.fixed_ports.n, 0);
	assert_true(f->m.acpi.size && f->m.smbios.size); /* for direct boot */
}

static void tables_follow_what_firmware_has_programmed_by_then(void **state)
{
	struct fixture *f = *state;
	up(f);
	const uint64_t at = 32 * GIB;
	size_t script = file(f, ACPI_LOADER_SCRIPT)->len;
	assert_int_equal(le64_get(table(f, "MCFG") + 44), ECAM_BASE);
	f->m.root.ecam = (struct range){ 0xE0000000, ECAM_SIZE };
	pci_bar_program(&f->card, 0, at);
	select_script(f);
	assert_int_equal(le64_get(table(f, "MCFG") + 44), 0xE0000000);
	const uint8_t *dsdt = table(f, "DSDT");
	assert_non_null(memmem(dsdt, le32_get(dsdt + 4), &at, sizeof(at)));
	assert_int_equal(file(f, ACPI_LOADER_SCRIPT)->len, script); /* firmware knows it already */
}

static void the_directory_has_the_new_size_of_the_tables(void **state)
{
	struct fixture *f = *state;
	up(f);
	size_t before = file(f, ACPI_LOADER_TABLES)->len;
	f->m.root.ecam = (struct range){ 0x80000000, ECAM_SIZE }; /* one window less */
	f->plan.layout.mmio64.size = 0;
	select_script(f);
	size_t after = file(f, ACPI_LOADER_TABLES)->len;
	assert_true(after < before);
	uint32_t size = htobe32((uint32_t)after);
	const struct fwcfg_item *dir = &f->m.fwcfg.item[0];
	assert_int_equal(dir->key, FWCFG_FILE_DIR);
	assert_non_null(memmem(dir->data, dir->len, &size, sizeof(size)));
}

static void the_system_sees_the_device_only_where_it_may_know(void **state)
{
	struct fixture *f = *state;
	up(f);
	const uint8_t *dsdt = table(f, "DSDT");
	assert_non_null(memmem(dsdt, le32_get(dsdt + 4), "QEMU0002", 8));
	f->profile.hypervisor = HYPERVISOR_NONE;
	select_script(f);
	dsdt = table(f, "DSDT");
	assert_null(memmem(dsdt, le32_get(dsdt + 4), "QEMU0002", 8));
}

static void smbios_tables_match_their_entry_point(void **state)
{
	struct fixture *f = *state;
	up(f);
	const struct fwcfg_item *entry = file(f, "etc/smbios/smbios-anchor");
	const struct fwcfg_item *tables = file(f, "etc/smbios/smbios-tables");
	assert_int_equal(entry->len, 24);
	assert_int_equal(le32_get(entry->data + 12), tables->len);
}

static void the_boot_order_is_a_file_when_there_is_one(void **state)
{
	struct fixture *f = *state;
	f->profile.n_disks = 1;
	f->profile.disk[0].boot_index = 1;
	f->plan.n_own = 1;
	f->plan.own[0] = (struct plan_own){ .kind = PLAN_OWN_AHCI, .guest = { 0, 0, 0x1F, 2 } };
	up(f);
	assert_string_equal(file(f, "bootorder")->data,
			    "/pci@i0cf8/pci8086,2922@1f,2/drive@0/disk@0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(firmware_is_told_of_processors_and_memory),
		TEST(without_firmware_there_is_no_such_device),
		TEST(tables_follow_what_firmware_has_programmed_by_then),
		TEST(the_directory_has_the_new_size_of_the_tables),
		TEST(the_system_sees_the_device_only_where_it_may_know),
		TEST(smbios_tables_match_their_entry_point),
		TEST(the_boot_order_is_a_file_when_there_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
