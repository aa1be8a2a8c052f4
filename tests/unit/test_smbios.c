/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The structures by their bytes, and as a whole by dmidecode where it is installed. */
#include "boot/smbios.h"

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

struct fixture {
	struct layout layout;
	struct smbios_config config;
	struct smbios smbios;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(layout_ram(&f->layout, 6 * GIB, NULL, 0, NULL), 0);
	f->config = (struct smbios_config){
		.vcpus = 4,
		.layout = &f->layout,
		.strings = { .manufacturer = "Maker",
			     .product = "Thing",
			     .serial = "S-1",
			     .cpu_version = "A fast one" },
		.cpu_signature = 0x00A20F10,
		.cpu_features = 0x178BFBFF,
	};
	smbios_uuid_parse("00112233-4455-6677-8899-aabbccddeeff", f->config.uuid);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	smbios_fini(&f->smbios);
	free(f);
	return 0;
}

static void build(struct fixture *f)
{
	smbios_fini(&f->smbios);
	assert_int_equal(smbios_build(&f->smbios, &f->config, &f->err), 0);
}

/* The structure after this one, strings skipped with every check a reader makes. */
static const uint8_t *next(struct fixture *f, const uint8_t *at)
{
	const uint8_t *limit = f->smbios.tables + f->smbios.size;
	assert_true(at + 4 <= limit && at[1] >= 4 && at + at[1] + 2 <= limit);
	at += at[1];
	while (at[0] || at[1]) {
		at++;
		assert_true(at + 2 <= limit);
	}
	return at + 2;
}

/* The n-th structure of a type, NULL when there are fewer. */
static const uint8_t *find(struct fixture *f, uint8_t type, unsigned n)
{
	const uint8_t *end = f->smbios.tables + f->smbios.size;
	for (const uint8_t *at = f->smbios.tables; at < end; at = next(f, at))
		if (at[0] == type && !n--)
			return at;
	return NULL;
}

static const char *string(const uint8_t *at, unsigned off)
{
	const char *s = (const char *)at + at[1];
	if (!at[off])
		return "";
	for (unsigned i = 1; i < at[off]; i++)
		s += strlen(s) + 1;
	return s;
}

static void the_entry_point_is_version_3_with_a_right_checksum(void **state)
{
	struct fixture *f = *state;
	uint8_t sum = 0;
	build(f);
	for (unsigned i = 0; i < SMBIOS_ENTRY_SIZE; i++)
		sum = (uint8_t)(sum + f->smbios.entry[i]);
	assert_memory_equal(f->smbios.entry, "_SM3_", 5);
	assert_int_equal(sum, 0);
	assert_int_equal(f->smbios.entry[6], 24);
	assert_int_equal(f->smbios.entry[7], 3);
	assert_int_equal(le32_get(f->smbios.entry + 12), f->smbios.size); /* firmware compares */
}

static void every_structure_is_there_and_the_last_ends_the_table(void **state)
{
	struct fixture *f = *state;
	static const uint8_t types[] = { 0, 1, 2, 3, 4, 16, 17, 19, 32, 127 };
	build(f);
	for (unsigned i = 0; i < ARRAY_LEN(types); i++)
		assert_non_null(find(f, types[i], 0));
	const uint8_t *end = find(f, 127, 0);
	assert_ptr_equal(next(f, end), f->smbios.tables + f->smbios.size);
}

static void no_two_structures_have_one_handle(void **state)
{
	struct fixture *f = *state;
	build(f);
	const uint8_t *end = f->smbios.tables + f->smbios.size;
	for (const uint8_t *a = f->smbios.tables; a < end; a = next(f, a))
		for (const uint8_t *b = next(f, a); b < end; b = next(f, b))
			assert_int_not_equal(le16_get(a + 2), le16_get(b + 2));
}

static void the_system_has_the_names_and_the_uuid_it_was_given(void **state)
{
	struct fixture *f = *state;
	static const uint8_t uuid[] = { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
					0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	build(f);
	const uint8_t *system = find(f, 1, 0);
	assert_string_equal(string(system, 4), "Maker");
	assert_string_equal(string(system, 5), "Thing");
	assert_string_equal(string(system, 6), "");
	assert_string_equal(string(system, 7), "S-1");
	assert_memory_equal(system + 8, uuid, 16);
	assert_string_equal(string(find(f, 2, 0), 4), "Maker"); /* the board's maker by default */
	assert_string_equal(string(find(f, 3, 0), 4), "Maker");
}

static void names_that_are_not_given_have_defaults(void **state)
{
	struct fixture *f = *state;
	f->config.strings = (struct smbios_strings){ .product = "" };
	build(f);
	assert_string_equal(string(find(f, 0, 0), 4), "Bulkhead");
	assert_string_equal(string(find(f, 1, 0), 4), "Bulkhead");
	assert_string_equal(string(find(f, 1, 0), 5), "Q35");
	assert_string_equal(string(find(f, 3, 0), 8), "");
}

static void long_and_odd_strings_are_cut_and_cleaned(void **state)
{
	struct fixture *f = *state;
	char text[100];
	memset(text, 'x', sizeof(text) - 1);
	text[99] = '\0';
	f->config.strings.product = text;
	f->config.strings.manufacturer = "a\nb\x01";
	build(f);
	assert_int_equal(strlen(string(find(f, 1, 0), 5)), 64);
	assert_string_equal(string(find(f, 1, 0), 4), "a b ");
}

static void type_0_says_whether_it_is_a_virtual_machine_and_uefi(void **state)
{
	struct fixture *f = *state;
	build(f);
	assert_int_equal(find(f, 0, 0)[0x13] & 0x18, 0);
	f->config.virtual_machine = f->config.uefi = true;
	build(f);
	assert_int_equal(find(f, 0, 0)[0x13] & 0x18, 0x18);
}

static void the_processor_has_all_cores(void **state)
{
	struct fixture *f = *state;
	f->config.vcpus = 300;
	f->config.cpu_mhz = 3400;
	build(f);
	const uint8_t *cpu = find(f, 4, 0);
	assert_int_equal(cpu[0x23], 0xFF);
	assert_int_equal(le16_get(cpu + 0x2A), 300);
	assert_int_equal(le16_get(cpu + 0x2E), 300);
	assert_int_equal(le16_get(cpu + 0x14), 3400);
	assert_int_equal(le32_get(cpu + 8), 0x00A20F10);
	assert_string_equal(string(cpu, 0x10), "A fast one");
}

static void six_gib_are_one_module_in_two_places(void **state)
{
	struct fixture *f = *state;
	build(f);
	const uint8_t *dimm = find(f, 17, 0);
	assert_int_equal(le16_get(dimm + 0x0C), 6144);
	assert_null(find(f, 17, 1));
	assert_int_equal(le32_get(find(f, 16, 0) + 7), 6 * MIB);
	assert_int_equal(le32_get(find(f, 19, 0) + 8), 2 * MIB - 1); /* KiB */
	assert_int_equal(le32_get(find(f, 19, 1) + 4), 4 * MIB);
	assert_int_equal(le32_get(find(f, 19, 1) + 8), 8 * MIB - 1);
}

static void forty_gib_are_three_modules(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(layout_ram(&f->layout, 40 * GIB, NULL, 0, NULL), 0);
	build(f);
	assert_int_equal(le16_get(find(f, 16, 0) + 0x0D), 3);
	assert_int_equal(le16_get(find(f, 17, 0) + 0x0C), 16384);
	assert_int_equal(le16_get(find(f, 17, 2) + 0x0C), 8192);
	assert_null(find(f, 17, 3));
}

static void terabytes_take_the_wide_fields(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(layout_ram(&f->layout, 6 * TIB, NULL, 0, NULL), 0);
	build(f);
	const uint8_t *array = find(f, 16, 0), *dimm = find(f, 17, 15), *high = find(f, 19, 1);
	assert_int_equal(le32_get(array + 7), 0x80000000);
	assert_int_equal(le64_get(array + 0x0F), 6 * TIB);
	assert_int_equal(le16_get(dimm + 0x0C), 0x7FFF);
	assert_int_equal(le32_get(dimm + 0x1C), 6 * TIB / 16 / MIB);
	assert_int_equal(le32_get(high + 4), UINT32_MAX);
	assert_int_equal(le64_get(high + 0x0F), 4 * GIB);
	assert_int_equal(le64_get(high + 0x17), 6 * TIB + 2 * GIB - 1);
	assert_null(find(f, 17, 16));
}

static void a_machine_without_processors_or_memory_is_refused(void **state)
{
	struct fixture *f = *state;
	f->config.vcpus = 0;
	assert_int_equal(smbios_build(&f->smbios, &f->config, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, "0 vCPUs"));
	assert_null(f->smbios.tables);
	f->config.vcpus = 1;
	f->layout.n_ram = 0;
	assert_int_equal(smbios_build(&f->smbios, &f->config, &f->err), -EINVAL);
}

static void linux_finds_the_placed_tables_below_1_mib(void **state)
{
	struct fixture *f = *state;
	struct gmem gmem;
	build(f);
	assert_int_equal(gmem_init(&gmem, f->layout.ram, f->layout.n_ram, NULL), 0);
	assert_int_equal(
		smbios_place(&f->smbios, &gmem, DIRECT_SMBIOS_GPA, DIRECT_SMBIOS_MAX, &f->err), 0);
	const uint8_t *entry = gmem_hva(&gmem, DIRECT_SMBIOS_GPA, 24);
	uint8_t sum = 0;
	for (unsigned i = 0; i < 24; i++)
		sum = (uint8_t)(sum + entry[i]);
	assert_int_equal(sum, 0);
	const uint8_t *tables = gmem_hva(&gmem, le64_get(entry + 16), f->smbios.size);
	assert_memory_equal(tables, f->smbios.tables, f->smbios.size);
	assert_int_equal(smbios_place(&f->smbios, &gmem, DIRECT_SMBIOS_GPA, 64, &f->err), -ENOSPC);
	assert_non_null(strstr(f->err.text, "do not fit the 64"));
	assert_int_equal(smbios_place(&f->smbios, &gmem, 3 * GIB, 0x2000, &f->err), -EFAULT);
	gmem_fini(&gmem);
}

static void the_longest_strings_fit_where_direct_boot_puts_them(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "0123456789012345678901234567890123456789012345678901234567890123";
	const char *all[sizeof(struct smbios_strings) / sizeof(char *)];
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		all[i] = text;
	memcpy(&f->config.strings, all, sizeof(all));
	assert_int_equal(layout_ram(&f->layout, 6 * TIB, NULL, 0, NULL), 0);
	build(f);
	assert_true(f->smbios.size + 32 <= DIRECT_SMBIOS_MAX);
}

static void a_uuid_is_read_in_the_order_it_is_written(void **state)
{
	(void)state;
	uint8_t uuid[16];
	static const char *const bad[] = { "", "00112233-4455-6677-8899-aabbccddeef",
					   "00112233-4455-6677-8899-aabbccddeeff0",
					   "00112233445566778899aabbccddeeff0000",
					   "0011223g-4455-6677-8899-aabbccddeeff" };
	assert_true(smbios_uuid_parse("14D63f20-8445-11ea-8900-1f9ce7d5650d", uuid));
	assert_int_equal(uuid[0], 0x14);
	assert_int_equal(uuid[1], 0xD6);
	assert_int_equal(uuid[15], 0x0D);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(smbios_uuid_parse(bad[i], uuid));
}

static void a_name_has_always_the_same_uuid_and_another_name_another(void **state)
{
	(void)state;
	uint8_t a[16], b[16], c[16];
	smbios_uuid_of_name("desktop", a);
	smbios_uuid_of_name("desktop", b);
	smbios_uuid_of_name("desktoq", c);
	assert_memory_equal(a, b, 16);
	assert_memory_not_equal(a, c, 8);
	assert_memory_not_equal(a + 8, c + 8, 8);
	assert_int_equal(a[6] >> 4, 8);
	assert_int_equal(a[8] >> 6, 2);
}

static void dmidecode_reads_it_without_a_complaint(void **state)
{
	struct fixture *f = *state;
	if (system("command -v dmidecode > /dev/null 2>&1") != 0)
		skip();
	struct gmem gmem;
	static const struct range ram[] = { { 0, MIB } };
	char path[] = "/tmp/test-smbios-XXXXXX", command[128], text[16384];
	build(f);
	assert_int_equal(gmem_init(&gmem, ram, 1, NULL), 0);
	assert_int_equal(smbios_place(&f->smbios, &gmem, 0, MIB, &f->err), 0);
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	size_t size = 32 + f->smbios.size;
	assert_int_equal(write(fd, gmem_hva(&gmem, 0, size), size), size);
	close(fd);
	snprintf(command, sizeof(command), "dmidecode --from-dump %s 2>&1", path);
	FILE *pipe = popen(command, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, pipe);
	text[n] = '\0';
	assert_int_equal(pclose(pipe), 0);
	unlink(path);
	gmem_fini(&gmem);
	static const char *const want[] = { "SMBIOS 3.0.0 present",
					    "Manufacturer: Maker",
					    "UUID: 00112233-4455-6677-8899-aabbccddeeff",
					    "Wake-up Type: Power Switch",
					    "Type: Motherboard",
					    "Core Count: 4",
					    "Size: 6 GB",
					    "Range Size: 4 GB",
					    "Status: No errors detected",
					    "End Of Table" };
	for (unsigned i = 0; i < ARRAY_LEN(want); i++)
		if (!strstr(text, want[i]))
			fail_msg("no '%s' in:\n%s", want[i], text);
	assert_null(strstr(text, "<BAD INDEX>"));
	assert_null(strstr(text, "<OUT OF SPEC>"));
	assert_null(strstr(text, "TRUNCATED"));
	assert_null(strstr(text, "Wrong"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_entry_point_is_version_3_with_a_right_checksum),
		TEST(every_structure_is_there_and_the_last_ends_the_table),
		TEST(no_two_structures_have_one_handle),
		TEST(the_system_has_the_names_and_the_uuid_it_was_given),
		TEST(names_that_are_not_given_have_defaults),
		TEST(long_and_odd_strings_are_cut_and_cleaned),
		TEST(type_0_says_whether_it_is_a_virtual_machine_and_uefi),
		TEST(the_processor_has_all_cores),
		TEST(six_gib_are_one_module_in_two_places),
		TEST(forty_gib_are_three_modules),
		TEST(terabytes_take_the_wide_fields),
		TEST(a_machine_without_processors_or_memory_is_refused),
		TEST(linux_finds_the_placed_tables_below_1_mib),
		TEST(the_longest_strings_fit_where_direct_boot_puts_them),
		TEST(a_uuid_is_read_in_the_order_it_is_written),
		TEST(a_name_has_always_the_same_uuid_and_another_name_another),
		TEST(dmidecode_reads_it_without_a_complaint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
