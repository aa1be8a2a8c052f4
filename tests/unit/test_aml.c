/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/aml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Takes what was built and compares it; the array says what ACPI 6.5 §20.2 wants. */
#define assert_encodes(aml, ...)                                                                   \
	do {                                                                                       \
		static const uint8_t want_[] = { __VA_ARGS__ };                                    \
		uint8_t *data_ = NULL;                                                             \
		size_t len_ = 0;                                                                   \
		assert_int_equal(aml_take(aml, &data_, &len_), 0);                                 \
		assert_int_equal(len_, sizeof(want_));                                             \
		assert_memory_equal(data_, want_, sizeof(want_));                                  \
		free(data_);                                                                       \
		aml_init(aml);                                                                     \
	} while (0)

static int setup(void **state)
{
	struct aml *aml = calloc(1, sizeof(*aml));
	aml_init(aml);
	*state = aml;
	return 0;
}

static int teardown(void **state)
{
	aml_fini(*state);
	free(*state);
	return 0;
}

static void fails_with(struct aml *aml, int code)
{
	uint8_t *data = NULL;
	size_t len;
	assert_int_equal(aml_take(aml, &data, &len), code);
	assert_null(data);
	aml_fini(aml);
}

static void integers_take_the_shortest_form(void **state)
{
	struct aml *aml = *state;
	aml_int(aml, 0);
	aml_int(aml, 1);
	aml_int(aml, 2);
	aml_int(aml, 0xff);
	aml_int(aml, 0x100);
	aml_int(aml, 0xffff);
	aml_int(aml, 0x10000);
	aml_int(aml, 0x100000000);
	aml_int(aml, UINT64_MAX);
	assert_encodes(aml, 0x00, 0x01, 0x0A, 0x02, 0x0A, 0xFF, 0x0B, 0x00, 0x01, 0x0B, 0xFF, 0xFF,
		       0x0C, 0, 0, 1, 0, 0x0E, 0, 0, 0, 0, 1, 0, 0, 0, 0xFF);
}

static void names_are_padded_and_prefixed(void **state)
{
	struct aml *aml = *state;
	aml_name(aml, "A");
	aml_name(aml, "\\_S5");
	aml_name(aml, "^^FOO1");
	aml_name(aml, "\\_SB.PCI0");
	aml_name(aml, "A.B.C");
	assert_encodes(aml, 'A', '_', '_', '_', '\\', '_', 'S', '5', '_', '^', '^', 'F', 'O', 'O',
		       '1', '\\', 0x2E, '_', 'S', 'B', '_', 'P', 'C', 'I', '0', 0x2F, 3, 'A', '_',
		       '_', '_', 'B', '_', '_', '_', 'C', '_', '_', '_');
}

static void names_that_asl_forbids_are_refused(void **state)
{
	struct aml *aml = *state;
	static const char *const bad[] = {
		"",
		"\\",
		"1AB",
		"abcd",
		"ABCDE",
		"A..B",
		"A.",
		".A",
		"A-B",
		"A B",
		"A.B.C.D.E.F.G.H.I.J.K.L.M.N.O.P.Q",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		aml_name(aml, bad[i]);
		fails_with(aml, -EINVAL);
	}
}

static void eisa_ids_are_packed_big_endian(void **state)
{
	struct aml *aml = *state;
	aml_eisa_id(aml, "PNP0A08");
	assert_encodes(aml, 0x0C, 0x41, 0xD0, 0x0A, 0x08);
}

static void malformed_eisa_ids_are_refused(void **state)
{
	struct aml *aml = *state;
	static const char *const bad[] = { "PNP0A0", "PNP0A088", "pnp0A08", "PNPxA08", "P1P0A08" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		aml_eisa_id(aml, bad[i]);
		fails_with(aml, -EINVAL);
	}
}

static void a_uuid_is_a_buffer_in_mixed_order(void **state)
{
	struct aml *aml = *state;
	aml_uuid(aml, "33DB4D5B-1FF7-401C-9657-7441C03dd766");
	assert_encodes(aml, 0x11, 0x13, 0x0A, 0x10, 0x5B, 0x4D, 0xDB, 0x33, 0xF7, 0x1F, 0x1C, 0x40,
		       0x96, 0x57, 0x74, 0x41, 0xC0, 0x3D, 0xD7, 0x66);
}

static void malformed_uuids_are_refused(void **state)
{
	struct aml *aml = *state;
	aml_uuid(aml, "33DB4D5B-1FF7-401C-9657-7441C03DD76");
	fails_with(aml, -EINVAL);
	aml_uuid(aml, "33DB4D5B-1FF7-401C-9657-7441C03DD76G");
	fails_with(aml, -EINVAL);
}

static void strings_are_ascii_and_terminated(void **state)
{
	struct aml *aml = *state;
	aml_string(aml, "Hi");
	assert_encodes(aml, 0x0D, 'H', 'i', 0);
	aml_string(aml, "\xc3\xa9");
	fails_with(aml, -EINVAL);
}

static void devices_scopes_and_methods_nest(void **state)
{
	struct aml *aml = *state;
	aml_scope(aml, "\\_SB");
	aml_device(aml, "DEV");
	aml_name_int(aml, "_UID", 7);
	aml_method(aml, "_STA", 0, true);
	aml_op(aml, AML_RETURN);
	aml_int(aml, 15);
	aml_close(aml);
	aml_close(aml);
	aml_close(aml);
	assert_encodes(aml, 0x10, 0x1E, '\\', '_', 'S', 'B', '_', 0x5B, 0x82, 0x16, 'D', 'E', 'V',
		       '_', 0x08, '_', 'U', 'I', 'D', 0x0A, 7, 0x14, 0x09, '_', 'S', 'T', 'A', 0x08,
		       0xA4, 0x0A, 15);
}

static void if_and_else_hold_their_predicates_and_bodies(void **state)
{
	struct aml *aml = *state;
	aml_if(aml);
	aml_op(aml, AML_LEQUAL);
	aml_op(aml, AML_ARG0);
	aml_int(aml, 1);
	aml_close(aml);
	aml_else(aml);
	aml_close(aml);
	assert_encodes(aml, 0xA0, 0x04, 0x93, 0x68, 0x01, 0xA1, 0x01);
}

/* ACPI 6.5 §20.2.4: the length of the length depends on itself. */
static void package_lengths_grow_at_the_right_sizes(void **state)
{
	struct aml *aml = *state;
	static const struct {
		size_t content, encoded;
		uint8_t bytes[4];
	} cases[] = {
		{ 62, 1, { 0x3F } },
		{ 63, 2, { 0x41, 0x04 } },
		{ 0xFFD, 2, { 0x4F, 0xFF } },
		{ 0xFFE, 3, { 0x81, 0x00, 0x01 } },
		{ 0xFFFFC, 3, { 0x8F, 0xFF, 0xFF } },
		{ 0xFFFFD, 4, { 0xC1, 0x00, 0x00, 0x01 } },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *zeros = calloc(1, cases[i].content), *data;
		size_t len;
		aml_else(aml);
		aml_raw(aml, zeros, cases[i].content);
		aml_close(aml);
		assert_int_equal(aml_take(aml, &data, &len), 0);
		assert_int_equal(len, 1 + cases[i].encoded + cases[i].content);
		assert_memory_equal(data + 1, cases[i].bytes, cases[i].encoded);
		free(data);
		free(zeros);
	}
}

static void a_buffer_says_its_size(void **state)
{
	struct aml *aml = *state;
	aml_buffer(aml);
	aml_raw(aml, "abc", 3);
	aml_close(aml);
	aml_buffer(aml);
	aml_close(aml);
	assert_encodes(aml, 0x11, 0x06, 0x0A, 3, 'a', 'b', 'c', 0x11, 0x02, 0x00);
}

static void resources_end_with_a_tag(void **state)
{
	struct aml *aml = *state;
	aml_resources(aml);
	aml_res_io(aml, 0x3F8, 8);
	aml_res_irq(aml, 4);
	aml_res_memory32(aml, 0xB0000000, 0x1000, true);
	aml_close(aml);
	assert_encodes(aml, 0x11, 28, 0x0A, 25, 0x47, 0x01, 0xF8, 0x03, 0xF8, 0x03, 1, 8, 0x22,
		       0x10, 0, 0x86, 9, 0, 1, 0, 0, 0, 0xB0, 0, 0x10, 0, 0, 0x79, 0);
}

static void windows_carry_first_last_and_length(void **state)
{
	struct aml *aml = *state;
	aml_res_bus(aml, 0, 255);
	aml_res_word_io(aml, 0xD00, 0xFFFF);
	aml_res_dword_memory(aml, 0xC0000000, 0xFBFFFFFF);
	assert_encodes(aml, 0x88, 0x0D, 0, 2, 0x0C, 0, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 1, /* bus */
		       0x88, 0x0D, 0, 1, 0x0C, 3, 0, 0, 0, 0x0D, 0xFF, 0xFF, 0, 0, 0,
		       0xF3, /* I/O */
		       0x87, 0x17, 0, 0, 0x0C, 1, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0xFF, 0xFF,
		       0xFF, /* mem */
		       0xFB, 0, 0, 0, 0, 0, 0, 0, 0x3C);
	aml_res_qword_memory(aml, 0x8000000000, 0x80FFFFFFFF, true);
	assert_encodes(aml, 0x8A, 0x2B, 0, 0, 0x0C, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0,
		       0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		       0, 1, 0, 0, 0);
}

static void windows_without_a_length_are_refused(void **state)
{
	struct aml *aml = *state;
	aml_res_dword_memory(aml, 2, 1);
	fails_with(aml, -EINVAL);
	aml_res_word_io(aml, 0, 0xFFFF); /* 0x10000 does not fit its field */
	fails_with(aml, -EINVAL);
	aml_res_qword_memory(aml, 0, UINT64_MAX, false);
	fails_with(aml, -EINVAL);
}

static void an_irq_that_isa_does_not_have_is_refused(void **state)
{
	struct aml *aml = *state;
	aml_res_irq(aml, 16);
	fails_with(aml, -EINVAL);
}

static void too_many_method_arguments_are_refused(void **state)
{
	struct aml *aml = *state;
	aml_method(aml, "FOO", 8, false);
	aml_close(aml);
	fails_with(aml, -EINVAL);
}

static void unbalanced_packages_are_refused(void **state)
{
	struct aml *aml = *state;
	aml_scope(aml, "\\_SB");
	fails_with(aml, -EINVAL);
	aml_close(aml);
	fails_with(aml, -EINVAL);
	for (int i = 0; i <= AML_DEPTH_MAX; i++)
		aml_else(aml);
	fails_with(aml, -EINVAL);
}

static void the_first_error_sticks_and_later_calls_are_harmless(void **state)
{
	struct aml *aml = *state;
	aml_scope(aml, "bad");
	aml_name_string(aml, "_HID", "X");
	aml_name_eisa(aml, "_CID", "PNP0A03");
	aml_package(aml, 1);
	aml_ext_op(aml, 0x22);
	aml_close(aml);
	aml_close(aml);
	fails_with(aml, -EINVAL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(integers_take_the_shortest_form),
		T(names_are_padded_and_prefixed),
		T(names_that_asl_forbids_are_refused),
		T(eisa_ids_are_packed_big_endian),
		T(malformed_eisa_ids_are_refused),
		T(a_uuid_is_a_buffer_in_mixed_order),
		T(malformed_uuids_are_refused),
		T(strings_are_ascii_and_terminated),
		T(devices_scopes_and_methods_nest),
		T(if_and_else_hold_their_predicates_and_bodies),
		T(package_lengths_grow_at_the_right_sizes),
		T(a_buffer_says_its_size),
		T(resources_end_with_a_tag),
		T(windows_carry_first_last_and_length),
		T(windows_without_a_length_are_refused),
		T(an_irq_that_isa_does_not_have_is_refused),
		T(too_many_method_arguments_are_refused),
		T(unbalanced_packages_are_refused),
		T(the_first_error_sticks_and_later_calls_are_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
