/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables byte by byte where Windows is known to look, and as a whole by ACPICA: iasl must read
 * and rebuild them without a complaint, acpiexec must evaluate what the guest will.
 */
#include "boot/acpi.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "boot/aml.h"
#include "boot/linux.h"

struct fixture {
	struct layout layout;
	struct gmem gmem;
	struct acpi_config config;
	struct acpi_tables tables;
	struct err err;
	char dir[64];
};

static const uint8_t slots[] = { 1, 2, 3, 24, 25, 28 };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(layout_ram(&f->layout, GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64(&f->layout, 46, GIB, NULL), 0);
	assert_int_equal(gmem_init(&f->gmem, f->layout.ram, f->layout.n_ram, NULL), 0);
	f->config = (struct acpi_config){
		.ecam = { ECAM_BASE, ECAM_SIZE },
		.mmio32 = { f->layout.mmio32 },
		.mmio64 = f->layout.mmio64,
		.vcpus = 4,
		.n_ports = ARRAY_LEN(slots),
		.port_slots = slots,
		.serial = true,
	};
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-acpi-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	assert_int_equal(system(command), 0);
	acpi_fini(&f->tables);
	gmem_fini(&f->gmem);
	free(f);
	return 0;
}

static void build(struct fixture *f)
{
	acpi_fini(&f->tables);
	assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), 0);
	assert_int_equal(acpi_place(&f->tables, &f->gmem, DIRECT_ACPI_GPA, DIRECT_ACPI_MAX,
				    &f->err),
			 0);
}

static const uint8_t *at(struct fixture *f, uint64_t gpa)
{
	const uint8_t *hva = gmem_hva(&f->gmem, gpa, 36);
	assert_non_null(hva);
	return hva;
}

static uint8_t sum(const uint8_t *bytes, size_t n)
{
	uint8_t s = 0;
	while (n--)
		s = (uint8_t)(s + *bytes++);
	return s;
}

/* Finds a table the way a guest does: RSDP, XSDT, signature. */
static const uint8_t *find(struct fixture *f, const char *signature)
{
	const uint8_t *rsdp = at(f, DIRECT_ACPI_GPA);
	const uint8_t *xsdt = at(f, le64_get(rsdp + 24));
	assert_memory_equal(xsdt, "XSDT", 4);
	for (uint32_t off = 36; off < le32_get(xsdt + 4); off += 8) {
		const uint8_t *table = at(f, le64_get(xsdt + off));
		if (!memcmp(table, signature, 4))
			return table;
	}
	return NULL;
}

static void the_rsdp_is_revision_two_with_both_checksums(void **state)
{
	struct fixture *f = *state;
	build(f);
	const uint8_t *rsdp = at(f, DIRECT_ACPI_GPA);
	assert_memory_equal(rsdp, "RSD PTR ", 8);
	assert_int_equal(rsdp[15], 2);
	assert_int_equal(le32_get(rsdp + 20), 36);
	assert_int_equal(sum(rsdp, 20), 0);
	assert_int_equal(sum(rsdp, 36), 0);
}

static void every_table_is_found_with_a_right_checksum_and_one_maker(void **state)
{
	struct fixture *f = *state;
	static const char *const all[] = { "FACP", "APIC", "MCFG", "WAET" };
	build(f);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const uint8_t *table = find(f, all[i]);
		assert_non_null(table);
		assert_int_equal(sum(table, le32_get(table + 4)), 0);
		assert_memory_equal(table + 10, "BULKHDBULKHEAD", 14);
	}
	const uint8_t *fadt = find(f, "FACP"), *dsdt = at(f, le32_get(fadt + 40));
	assert_memory_equal(dsdt, "DSDT", 4);
	assert_int_equal(dsdt[8], 2); /* 64-bit integers */
	assert_int_equal(sum(dsdt, le32_get(dsdt + 4)), 0);
}

static void the_fadt_has_the_length_of_its_revision_and_points_at_the_ports(void **state)
{
	struct fixture *f = *state;
	build(f);
	const uint8_t *fadt = find(f, "FACP");
	assert_int_equal(fadt[8], 6);
	assert_int_equal(le32_get(fadt + 4), 276);
	assert_int_equal(le16_get(fadt + 46), GSI_SCI);
	assert_int_equal(le32_get(fadt + 48), 0); /* no SMI command */
	assert_int_equal(le32_get(fadt + 56), 0x600);
	assert_int_equal(le32_get(fadt + 64), 0x604);
	assert_int_equal(le32_get(fadt + 76), 0x608);
	assert_int_equal(le32_get(fadt + 80), 0x620);
	assert_int_equal(fadt[88], 4);
	assert_int_equal(fadt[89], 2);
	assert_int_equal(fadt[91], 4);
	assert_int_equal(fadt[92], 16);
	assert_int_equal(le64_get(fadt + 152), 0x600);
	assert_int_equal(le64_get(fadt + 176), 0x604);
	assert_int_equal(le64_get(fadt + 212), 0x608);
	assert_int_equal(le64_get(fadt + 224), 0x620);
	uint32_t flags = le32_get(fadt + 112);
	assert_int_equal(flags & 1u << 20, 0); /* not hardware-reduced */
	assert_int_equal(flags & 1u << 4, 0);  /* fixed power button */
	assert_int_equal(flags & 1u << 8, 0);  /* 24-bit timer */
	assert_true(flags & 1u << 10);         /* reset register */
	assert_int_equal(le64_get(fadt + 120), 0xCF9);
	assert_int_equal(fadt[128] & 6, 6);
	assert_int_equal(le16_get(fadt + 109) & 1u << 1, 0); /* no i8042 */
	assert_int_equal(le16_get(fadt + 109) & 1u << 3, 0); /* MSI works */
}

static void the_facs_is_64_byte_aligned(void **state)
{
	struct fixture *f = *state;
	build(f);
	uint32_t gpa = le32_get(find(f, "FACP") + 36);
	assert_int_equal(gpa % 64, 0);
	assert_memory_equal(at(f, gpa), "FACS", 4);
	assert_int_equal(le32_get(at(f, gpa) + 4), 64);
}

static void both_dsdt_pointers_agree(void **state)
{
	struct fixture *f = *state;
	build(f);
	const uint8_t *fadt = find(f, "FACP");
	assert_int_equal(le32_get(fadt + 40), le64_get(fadt + 140));
}

/* Counts the entries of one type and hands out the last. */
static unsigned madt_entries(const uint8_t *madt, uint8_t type, const uint8_t **ret_last)
{
	unsigned n = 0;
	uint32_t len = le32_get(madt + 4), off = 44;
	while (off < len) {
		assert_true(madt[off + 1] >= 6 && madt[off + 1] <= len - off);
		if (madt[off] == type) {
			n++;
			*ret_last = madt + off;
		}
		off += madt[off + 1];
	}
	assert_int_equal(off, len);
	return n;
}

static void the_madt_lists_each_vcpu_the_ioapic_and_the_overrides(void **state)
{
	struct fixture *f = *state;
	const uint8_t *entry = NULL;
	build(f);
	const uint8_t *madt = find(f, "APIC");
	assert_int_equal(le32_get(madt + 36), 0xFEE00000);
	assert_int_equal(madt_entries(madt, 0, &entry), 4);
	assert_int_equal(entry[3], 3); /* APIC id of the last */
	assert_int_equal(le32_get(entry + 4), 1);
	assert_int_equal(madt_entries(madt, 1, &entry), 1);
	assert_int_equal(le32_get(entry + 4), 0xFEC00000);
	assert_int_equal(madt_entries(madt, 2, &entry), 2);
	assert_int_equal(entry[3], 9);
	assert_int_equal(le32_get(entry + 4), 9);
	assert_int_equal(le16_get(entry + 8), 0x0D); /* level: Windows refuses an edge SCI */
	assert_int_equal(madt_entries(madt, 4, &entry), 1);
	assert_int_equal(entry[2], 0xFF);
	assert_int_equal(entry[5], 1);
	assert_int_equal(madt_entries(madt, 9, &entry), 0);
}

static void processors_from_id_255_on_get_x2apic_entries(void **state)
{
	struct fixture *f = *state;
	const uint8_t *entry = NULL;
	f->config.vcpus = 257;
	build(f);
	const uint8_t *madt = find(f, "APIC");
	assert_int_equal(madt_entries(madt, 0, &entry), 255);
	assert_int_equal(entry[3], 254);
	assert_int_equal(madt_entries(madt, 9, &entry), 2);
	assert_int_equal(le32_get(entry + 4), 256);
	assert_int_equal(le32_get(entry + 8), 1);
	assert_int_equal(le32_get(entry + 12), 256);
	assert_int_equal(madt_entries(madt, 0x0A, &entry), 1);
	assert_true(le32_get(find(f, "FACP") + 112) & 1u << 18);
}

static void the_mcfg_covers_all_buses_at_the_given_base(void **state)
{
	struct fixture *f = *state;
	f->config.ecam.start = 0xE0000000;
	build(f);
	const uint8_t *mcfg = find(f, "MCFG");
	assert_int_equal(le32_get(mcfg + 4), 60);
	assert_int_equal(le64_get(mcfg + 44), 0xE0000000);
	assert_int_equal(le16_get(mcfg + 52), 0);
	assert_int_equal(mcfg[54], 0);
	assert_int_equal(mcfg[55], 255);
	f->config.ecam.size = 64 * MIB;
	build(f);
	assert_int_equal(find(f, "MCFG")[55], 63);
}

static void the_waet_says_the_pm_timer_is_good(void **state)
{
	struct fixture *f = *state;
	build(f);
	assert_int_equal(le32_get(find(f, "WAET") + 36), 2);
}

static bool dsdt_has(struct fixture *f, const void *bytes, size_t n)
{
	return memmem(f->tables.blob + f->tables.off_dsdt,
		      le32_get(f->tables.blob + f->tables.off_dsdt + 4), bytes, n);
}

static void pins_rotate_as_q35_has_it(void **state)
{
	(void)state;
	assert_int_equal(acpi_pin_gsi(0, 0), 20);
	assert_int_equal(acpi_pin_gsi(1, 0), 21);
	assert_int_equal(acpi_pin_gsi(3, 3), 22);
	assert_int_equal(acpi_pin_gsi(24, 1), 21);
	assert_int_equal(acpi_pin_gsi(25, 0), 16);
	assert_int_equal(acpi_pin_gsi(29, 3), 19);
	assert_int_equal(acpi_pin_gsi(30, 2), 22);
	assert_int_equal(acpi_pin_gsi(31, 1), 17);
}

static void prt_agrees_with_acpi_pin_gsi_for_every_device_and_pin(void **state)
{
	struct fixture *f = *state;
	build(f);
	for (unsigned dev = 0; dev < 32; dev++) {
		for (unsigned pin = 0; pin < 4; pin++) {
			struct aml aml;
			aml_init(&aml);
			aml_package(&aml, 4);
			aml_int(&aml, (uint64_t)dev << 16 | 0xFFFF);
			aml_int(&aml, pin);
			aml_int(&aml, 0);
			aml_int(&aml, acpi_pin_gsi(dev, pin));
			aml_close(&aml);
			assert_int_equal(aml.error, 0);
			assert_true(dsdt_has(f, aml.data, aml.len));
			aml_fini(&aml);
		}
	}
}

static void com1_is_there_only_with_a_serial_port(void **state)
{
	struct fixture *f = *state;
	build(f);
	assert_true(dsdt_has(f, "COM1", 4));
	f->config.serial = false;
	build(f);
	assert_false(dsdt_has(f, "COM1", 4));
	assert_true(dsdt_has(f, "RTC_", 4));
}

static void keyboard_and_mouse_are_there_only_with_their_controller(void **state)
{
	struct fixture *f = *state;
	build(f);
	assert_false(dsdt_has(f, "KBD_", 4));
	assert_false(dsdt_has(f, "MOU_", 4));
	f->config.i8042 = true;
	build(f);
	assert_true(dsdt_has(f, "KBD_", 4));
	assert_true(dsdt_has(f, "MOU_", 4));
	assert_true(le16_get(find(f, "FACP") + 109) & 1u << 1);
}

static void a_tpm_has_a_device_and_a_table_that_says_where_it_is(void **state)
{
	struct fixture *f = *state;
	build(f);
	assert_null(find(f, "TPM2"));
	assert_false(dsdt_has(f, "MSFT0101", 9));
	f->config.tpm_crb = true;
	build(f);
	const uint8_t *tpm2 = find(f, "TPM2");
	assert_non_null(tpm2);
	assert_int_equal(tpm2[8], 4);
	assert_int_equal(le32_get(tpm2 + 4), 76);
	assert_int_equal(le16_get(tpm2 + 36), 0); /* client */
	assert_int_equal(le64_get(tpm2 + 40), 0xFED40040);
	assert_int_equal(le32_get(tpm2 + 48), 7);
	assert_int_equal(le32_get(tpm2 + ACPI_TPM2_LOG_LENGTH), 0); /* no firmware, no log */
	assert_int_equal(le64_get(tpm2 + ACPI_TPM2_LOG_ADDRESS), 0);
	assert_true(dsdt_has(f, "MSFT0101", 9));
}

static void the_firmware_configuration_device_is_shown_on_request(void **state)
{
	struct fixture *f = *state;
	build(f);
	assert_false(dsdt_has(f, "QEMU0002", 9));
	f->config.fw_cfg = true;
	build(f);
	assert_true(dsdt_has(f, "QEMU0002", 9));
}

static void the_maker_is_who_the_configuration_says(void **state)
{
	struct fixture *f = *state;
	f->config.ids = (struct acpi_ids){ "ALASKA", "A M I", "AMI" };
	build(f);
	assert_memory_equal(at(f, DIRECT_ACPI_GPA) + 9, "ALASKA", 6);
	assert_memory_equal(find(f, "FACP") + 10, "ALASKAA M I\0\0\0", 14);
	assert_memory_equal(find(f, "APIC") + 28, "AMI", 4);
	f->config.ids = (struct acpi_ids){ .creator = "TEST" };
	build(f);
	assert_memory_equal(find(f, "MCFG") + 10, "BULKHDBULKHEAD", 14);
	assert_memory_equal(find(f, "MCFG") + 28, "TEST", 4);
}

static void two_windows_below_4_gib_are_both_in_crs(void **state)
{
	struct fixture *f = *state;
	static const uint8_t dword[] = { 0x87, 0x17, 0x00, 0x00 };
	f->config.mmio32[1] = (struct range){ 0x80000000, 0x30000000 };
	build(f);
	const uint8_t *dsdt = f->tables.blob + f->tables.off_dsdt, *end = dsdt + le32_get(dsdt + 4);
	const uint8_t *first = memmem(dsdt, (size_t)(end - dsdt), dword, sizeof(dword));
	assert_non_null(first);
	const uint8_t *second =
		memmem(first + 4, (size_t)(end - first - 4), dword, sizeof(dword));
	assert_non_null(second);
	assert_int_equal(le32_get(second + 10), 0x80000000);
	assert_int_equal(le32_get(second + 14), 0xAFFFFFFF);
}

static void without_a_64_bit_window_crs_has_none(void **state)
{
	struct fixture *f = *state;
	static const uint8_t qword[] = { 0x8A, 0x2B, 0x00 };
	build(f);
	assert_true(dsdt_has(f, qword, sizeof(qword)));
	f->config.mmio64.size = 0;
	build(f);
	assert_false(dsdt_has(f, qword, sizeof(qword)));
}

static void configurations_no_machine_has_are_refused(void **state)
{
	struct fixture *f = *state;
	static const uint8_t bad[][2] = { { 1, 1 }, { 0, 2 }, { 31, 2 }, { 3, 32 } };
	f->config.vcpus = 0;
	assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, "0 vCPUs"));
	assert_null(f->tables.blob);
	f->config.vcpus = ACPI_MAX_VCPUS + 1;
	assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), -EINVAL);
	f->config.vcpus = 1;
	f->config.n_ports = 2;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		f->config.port_slots = bad[i];
		assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), -EINVAL);
	}
	f->config.n_ports = 0;
	f->config.ecam.start = 0xF8000000;
	assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), -EINVAL);
	f->config.ecam = (struct range){ 0, 0 };
	assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), -EINVAL);
	f->config.ecam = (struct range){ ECAM_BASE, ECAM_SIZE };
	f->config.mmio32[1] = (struct range){ 0xC0000000, 0x50000000 };
	assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), -EINVAL);
	f->config.mmio32[1].size = 0;
	f->config.ids.oem = "SEVENCH";
	assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), -EINVAL);
}

static void tables_too_large_for_their_place_are_refused_with_the_sizes(void **state)
{
	struct fixture *f = *state;
	f->config.vcpus = ACPI_MAX_VCPUS;
	assert_int_equal(acpi_build(&f->tables, &f->config, &f->err), 0);
	assert_int_equal(acpi_place(&f->tables, &f->gmem, DIRECT_ACPI_GPA, DIRECT_ACPI_MAX,
				    &f->err),
			 -ENOSPC);
	assert_non_null(strstr(f->err.text, "122880"));
}

static void places_without_memory_or_alignment_are_refused(void **state)
{
	struct fixture *f = *state;
	build(f);
	assert_int_equal(acpi_place(&f->tables, &f->gmem, 0xE0010, 0x20000, &f->err), -EINVAL);
	assert_int_equal(acpi_place(&f->tables, &f->gmem, 4 * GIB, 0x20000, &f->err), -EINVAL);
	assert_int_equal(acpi_place(&f->tables, &f->gmem, 2 * GIB, 0x20000, &f->err), -EFAULT);
}

static void placing_again_gives_the_same_bytes(void **state)
{
	struct fixture *f = *state;
	build(f);
	uint8_t *ram = gmem_hva(&f->gmem, DIRECT_ACPI_GPA, DIRECT_ACPI_MAX);
	uint8_t *copy = malloc(f->tables.size);
	memcpy(copy, ram, f->tables.size);
	memset(ram, 0xee, DIRECT_ACPI_MAX);
	assert_int_equal(acpi_place(&f->tables, &f->gmem, DIRECT_ACPI_GPA, DIRECT_ACPI_MAX, NULL),
			 0);
	assert_memory_equal(ram, copy, f->tables.size);
	free(copy);
}

/* --- ACPICA's opinion --- */

static void need_acpica(void)
{
	if (system("command -v iasl acpiexec > /dev/null 2>&1") != 0)
		skip(); /* acpica-tools is not installed */
}

static void save(struct fixture *f, const char *name, uint32_t off)
{
	char path[128];
	const uint8_t *table = at(f, DIRECT_ACPI_GPA + 64 + off);
	snprintf(path, sizeof(path), "%s/%s.dat", f->dir, name);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(table, le32_get(table + 4), 1, out), 1);
	assert_int_equal(fclose(out), 0);
}

/* Output of a shell command run in the folder of the saved tables. */
static char *output_of(struct fixture *f, const char *command)
{
	char line[1024];
	snprintf(line, sizeof(line), "cd %s && { %s; } 2>&1", f->dir, command);
	FILE *pipe = popen(line, "r");
	assert_non_null(pipe);
	size_t cap = 1 << 20;
	char *text = malloc(cap);
	size_t n = fread(text, 1, cap - 1, pipe);
	text[n] = 0;
	pclose(pipe);
	return text;
}

static void says(struct fixture *f, const char *command, const char *want)
{
	char *text = output_of(f, command);
	if (!strstr(text, want))
		fail_msg("'%s' did not say '%s' but:\n%s", command, want, text);
	free(text);
}

static void iasl_reads_and_rebuilds_every_table_without_a_complaint(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "dsdt", "facp", "apic", "mcfg", "waet", "tpm2" };
	f->config.i8042 = f->config.tpm_crb = f->config.fw_cfg = true;
	need_acpica();
	static const unsigned vcpus[] = { 1, 260 };
	for (size_t v = 0; v < ARRAY_LEN(vcpus); v++) {
		f->config.vcpus = vcpus[v];
		build(f);
		save(f, "dsdt", f->tables.off_dsdt);
		save(f, "facp", f->tables.off_fadt);
		save(f, "apic", f->tables.off_madt);
		save(f, "mcfg", f->tables.off_mcfg);
		save(f, "waet", f->tables.off_waet);
		save(f, "tpm2", f->tables.off_tpm2);
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			char command[128];
			snprintf(command, sizeof(command),
				 "rm -f %s.dsl; iasl -d %s.dat && iasl -p new %s.dsl", names[i],
				 names[i], names[i]);
			says(f, command, "0 Errors, 0 Warnings, 0 Remarks");
		}
	}
}

static void acpiexec_evaluates_the_resources_and_routing(void **state)
{
	struct fixture *f = *state;
	need_acpica();
	build(f);
	save(f, "dsdt", f->tables.off_dsdt);
	says(f, "acpiexec -b 'execute \\_SB.PCI0._CRS' dsdt.dat",
	     "88 0D 00 02 0C 00 00 00 00 00 FF 00");
	says(f, "acpiexec -b 'execute \\_SB.PCI0._PRT' dsdt.dat", "Contains 128 Elements");
	says(f, "acpiexec -b 'execute \\_SB.PCI0.P19._PRT' dsdt.dat",
	     "[Integer] = 0000000000000010");
	says(f, "acpiexec -b 'execute \\_S5' dsdt.dat", "Contains 4 Elements");
	says(f, "acpiexec -b 'execute \\_SB.C003._UID' dsdt.dat", "[Integer] = 0000000000000003");
}

#define OSC "acpiexec -b 'execute \\_SB.PCI0._OSC "
#define PCI_UUID "(5B 4D DB 33 F7 1F 1C 40 96 57 74 41 C0 3D D7 66) "

static void osc_grants_native_control_and_masks_the_rest(void **state)
{
	struct fixture *f = *state;
	need_acpica();
	build(f);
	save(f, "dsdt", f->tables.off_dsdt);
	/* What Linux asks: hot-plug, SHPC, PME, AER, capability, LTR; the last is not granted. */
	says(f, OSC PCI_UUID "1 3 (01 00 00 00 1F 01 00 00 3F 00 00 00)' dsdt.dat",
	     "11 00 00 00 1F 01 00 00 1F 00 00 00");
	says(f, OSC PCI_UUID "1 3 (00 00 00 00 1F 01 00 00 1D 00 00 00)' dsdt.dat",
	     "00 00 00 00 1F 01 00 00 1D 00 00 00");
	says(f, OSC PCI_UUID "2 3 (00 00 00 00 1F 01 00 00 1D 00 00 00)' dsdt.dat",
	     "08 00 00 00 1F 01 00 00 1D 00 00 00");
	says(f,
	     OSC "(00 4D DB 33 F7 1F 1C 40 96 57 74 41 C0 3D D7 66) 1 3 "
		 "(00 00 00 00 1F 01 00 00 3F 00 00 00)' dsdt.dat",
	     "04 00 00 00 1F 01 00 00 3F 00 00 00");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_rsdp_is_revision_two_with_both_checksums),
		T(every_table_is_found_with_a_right_checksum_and_one_maker),
		T(the_fadt_has_the_length_of_its_revision_and_points_at_the_ports),
		T(the_facs_is_64_byte_aligned),
		T(both_dsdt_pointers_agree),
		T(the_madt_lists_each_vcpu_the_ioapic_and_the_overrides),
		T(processors_from_id_255_on_get_x2apic_entries),
		T(the_mcfg_covers_all_buses_at_the_given_base),
		T(the_waet_says_the_pm_timer_is_good),
		T(pins_rotate_as_q35_has_it),
		T(prt_agrees_with_acpi_pin_gsi_for_every_device_and_pin),
		T(com1_is_there_only_with_a_serial_port),
		T(keyboard_and_mouse_are_there_only_with_their_controller),
		T(a_tpm_has_a_device_and_a_table_that_says_where_it_is),
		T(the_firmware_configuration_device_is_shown_on_request),
		T(the_maker_is_who_the_configuration_says),
		T(two_windows_below_4_gib_are_both_in_crs),
		T(without_a_64_bit_window_crs_has_none),
		T(configurations_no_machine_has_are_refused),
		T(tables_too_large_for_their_place_are_refused_with_the_sizes),
		T(places_without_memory_or_alignment_are_refused),
		T(placing_again_gives_the_same_bytes),
		T(iasl_reads_and_rebuilds_every_table_without_a_complaint),
		T(acpiexec_evaluates_the_resources_and_routing),
		T(osc_grants_native_control_and_masks_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
