/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script is run here as firmware runs it, command by command with every check that EDK2 makes,
 * and the result compared with what direct boot places.
 */
#include "boot/acpi_loader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

struct file {
	const char *name;
	uint8_t *data;
	size_t size;
	uint64_t base; /* 0 = not allocated yet */
};

struct fixture {
	struct acpi_config config;
	struct acpi_tables tables;
	struct acpi_loader loader;
	struct file file[3];
	unsigned pointers, checksums;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->config = (struct acpi_config){
		.ecam = { ECAM_BASE, ECAM_SIZE },
		.mmio32 = { { 0xC0000000, 0x3C000000 }, { 0x80000000, 0x30000000 } },
		.mmio64 = { 0x380000000000, 0x80000000000 },
		.vcpus = 3,
		.serial = true,
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < ARRAY_LEN(f->file); i++)
		free(f->file[i].data);
	acpi_fini(&f->tables);
	free(f);
	return 0;
}

static void build(struct fixture *f)
{
	static const uint8_t zeroes[ACPI_TPM_LOG_SIZE];
	uint8_t rsdp[ACPI_RSDP_SIZE];
	assert_int_equal(acpi_build(&f->tables, &f->config, NULL), 0);
	acpi_loader_write(&f->loader, &f->tables);
	acpi_rsdp(&f->tables, rsdp);
	f->file[0] = (struct file){ ACPI_LOADER_RSDP, NULL, sizeof(rsdp), 0 };
	f->file[1] = (struct file){ ACPI_LOADER_TABLES, NULL, f->tables.size, 0 };
	f->file[2] = (struct file){ ACPI_LOADER_TPM_LOG, NULL, sizeof(zeroes), 0 };
	const void *const data[] = { rsdp, f->tables.blob, zeroes };
	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		f->file[i].data = malloc(f->file[i].size);
		memcpy(f->file[i].data, data[i], f->file[i].size);
	}
}

static struct file *file_named(struct fixture *f, const uint8_t *name)
{
	assert_non_null(memchr(name, 0, 56));
	for (unsigned i = 0; i < ARRAY_LEN(f->file); i++)
		if (!strcmp(f->file[i].name, (const char *)name))
			return &f->file[i];
	fail_msg("no file %s", name);
	return NULL;
}

static void run_allocate(struct fixture *f, const uint8_t *c)
{
	struct file *file = file_named(f, c);
	uint32_t align = le32_get(c + 56);
	assert_int_equal(file->base, 0);
	assert_true(is_pow2(align) && align <= 4096);
	assert_true(c[60] == 1 || c[60] == 2);
	file->base = 0x7F000000 + (uint64_t)(file - f->file) * 0x100000;
	assert_int_equal(file->base % align, 0);
}

static void run_pointer(struct fixture *f, const uint8_t *c)
{
	struct file *file = file_named(f, c), *pointee = file_named(f, c + 56);
	uint32_t off = le32_get(c + 112);
	uint8_t size = c[116];
	assert_true(file->base && pointee->base);
	assert_true(size == 4 || size == 8);
	assert_true(inside(off, size, file->size));
	uint64_t value = le_get(file->data + off, size);
	assert_true(value < pointee->size);
	le_put(file->data + off, size, value + pointee->base);
	f->pointers++;
}

static void run_checksum(struct fixture *f, const uint8_t *c)
{
	struct file *file = file_named(f, c);
	uint32_t result = le32_get(c + 56), start = le32_get(c + 60), len = le32_get(c + 64);
	assert_true(file->base && result < file->size && inside(start, len, file->size));
	uint8_t sum = 0;
	for (uint32_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + file->data[start + i]);
	file->data[result] = (uint8_t)-sum;
	f->checksums++;
}

static void run(struct fixture *f)
{
	assert_int_equal(f->loader.size % 128, 0);
	for (size_t at = 0; at < f->loader.size; at += 128) {
		const uint8_t *c = f->loader.script + at;
		switch (le32_get(c)) {
		case 1:
			run_allocate(f, c + 4);
			break;
		case 2:
			assert_int_equal(f->checksums, 0); /* what is summed must stay */
			run_pointer(f, c + 4);
			break;
		case 3:
			run_checksum(f, c + 4);
			break;
		default:
			fail_msg("command %u", le32_get(c));
		}
	}
}

static uint8_t sum(const uint8_t *bytes, size_t n)
{
	uint8_t s = 0;
	while (n--)
		s = (uint8_t)(s + *bytes++);
	return s;
}

static const uint8_t *at(struct fixture *f, uint64_t gpa)
{
	const struct file *tables = &f->file[1];
	assert_true(range_contains((struct range){ tables->base, tables->size }, gpa, 36));
	return tables->data + (gpa - tables->base);
}

static void firmware_finds_every_table_with_a_right_checksum(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "FACP", "APIC", "MCFG", "WAET", "TPM2" };
	f->config.tpm_crb = true;
	build(f);
	run(f);
	const uint8_t *rsdp = f->file[0].data;
	assert_int_equal(sum(rsdp, 20), 0);
	assert_int_equal(sum(rsdp, 36), 0);
	const uint8_t *xsdt = at(f, le64_get(rsdp + 24));
	assert_int_equal(le32_get(xsdt + 4), 36 + 8 * ARRAY_LEN(names));
	assert_int_equal(sum(xsdt, le32_get(xsdt + 4)), 0);
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		const uint8_t *table = at(f, le64_get(xsdt + 36 + 8 * (size_t)i));
		assert_memory_equal(table, names[i], 4);
		assert_int_equal(sum(table, le32_get(table + 4)), 0);
	}
}

static void the_fadt_leads_to_facs_and_dsdt(void **state)
{
	struct fixture *f = *state;
	build(f);
	run(f);
	const uint8_t *fadt = f->file[1].data + f->tables.off_fadt;
	assert_memory_equal(at(f, le32_get(fadt + 36)), "FACS", 4);
	const uint8_t *dsdt = at(f, le32_get(fadt + 40));
	assert_memory_equal(dsdt, "DSDT", 4);
	assert_int_equal(sum(dsdt, le32_get(dsdt + 4)), 0);
	assert_int_equal(le32_get(fadt + 40), le64_get(fadt + 140));
}

static void the_result_is_what_direct_boot_places(void **state)
{
	struct fixture *f = *state;
	static const struct range ram[] = { { 0, 2 * MIB } };
	struct gmem gmem;
	build(f);
	run(f);
	assert_int_equal(gmem_init(&gmem, ram, 1, NULL), 0);
	assert_int_equal(acpi_place(&f->tables, &gmem, 0x100000, MIB, NULL), 0);
	const uint8_t *placed = gmem_hva(&gmem, 0x100000 + 64, f->tables.size);
	/* The DSDT has no addresses of tables in it; the others differ by where they are. */
	uint32_t off = f->tables.off_dsdt;
	assert_memory_equal(placed + off, f->file[1].data + off, le32_get(placed + off + 4));
	assert_int_equal(f->pointers, f->tables.n_pointers + 1);
	assert_int_equal(f->checksums, f->tables.n_checksums + 2);
	gmem_fini(&gmem);
}

static void a_tpm_gets_a_log(void **state)
{
	struct fixture *f = *state;
	f->config.tpm_crb = true;
	build(f);
	run(f);
	const uint8_t *tpm2 = f->file[1].data + f->tables.off_tpm2;
	assert_int_equal(le32_get(tpm2 + 64), 0x10000);
	assert_int_equal(le64_get(tpm2 + 68), f->file[2].base);
}

static void without_a_tpm_nobody_asks_for_its_log(void **state)
{
	struct fixture *f = *state;
	build(f);
	run(f);
	assert_int_equal(f->file[2].base, 0);
}

static void the_script_has_one_size_whatever_firmware_programmed(void **state)
{
	struct fixture *f = *state;
	build(f);
	size_t size = f->loader.size;
	struct acpi_tables other;
	f->config.ecam.start = 0xE0000000;
	f->config.mmio32[1].size = 0;
	f->config.mmio64 = (struct range){ 0 };
	assert_int_equal(acpi_build(&other, &f->config, NULL), 0);
	acpi_loader_write(&f->loader, &other);
	assert_int_equal(f->loader.size, size);
	assert_int_not_equal(other.size, f->tables.size);
	acpi_fini(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(firmware_finds_every_table_with_a_right_checksum),
		TEST(the_fadt_leads_to_facs_and_dsdt),
		TEST(the_result_is_what_direct_boot_places),
		TEST(a_tpm_gets_a_log),
		TEST(without_a_tpm_nobody_asks_for_its_log),
		TEST(the_script_has_one_size_whatever_firmware_programmed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
