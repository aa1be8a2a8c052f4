/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "core/layout.h"
#include "hw/tpm_crb.h"

#define READY 1
#define IDLE 2

static struct tpm_crb crb;
static uint8_t sent[TPM_CRB_BUFFER];
static unsigned sent_len, starts, cancels, resets;

static void on_start(void *ctx, const uint8_t *cmd, unsigned len)
{
	(void)ctx;
	memcpy(sent, cmd, len);
	sent_len = len;
	starts++;
}

static void on_cancel(void *ctx)
{
	(void)ctx;
	cancels++;
}

static void on_reset(void *ctx)
{
	(void)ctx;
	resets++;
}

static const struct tpm_backend backend = { on_start, on_cancel, on_reset };

static int begin(void **state)
{
	(void)state;
	sent_len = starts = cancels = resets = 0;
	memset(sent, 0, sizeof(sent));
	return tpm_crb_init(&crb, &backend, NULL);
}

static int end(void **state)
{
	(void)state;
	tpm_crb_fini(&crb);
	return 0;
}

static uint64_t get(unsigned off, unsigned size)
{
	return tpm_crb_ops.read(&crb, off, size);
}

static void put(unsigned off, unsigned size, uint64_t value)
{
	tpm_crb_ops.write(&crb, off, size, value);
}

/* TPM2_GetRandom(8), 12 bytes (TPM 2.0 Part 3 §16.1). */
static const uint8_t get_random[12] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8 };
static const uint8_t answer[20] = {
	0x80, 1, 0, 0, 0, 20, 0, 0, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8
};

static void put_command(const uint8_t *cmd, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		put(TPM_CRB_DATA + i, 1, cmd[i]);
}

static void make_ready(void)
{
	put(0x08, 4, 1);
	put(0x40, 4, READY);
}

static void begin_command(void)
{
	make_ready();
	put_command(get_random, sizeof(get_random));
	put(0x4c, 4, 1);
}

static void registers_say_that_there_is_a_crb(void **state)
{
	(void)state;
	assert_int_equal(get(0x30, 4) & 0xff, 0x11);
	assert_int_equal(get(0x30, 4) >> 17 & 3, 1);
	assert_int_equal(get(0x34, 2), 0x1014);
	assert_int_equal(get(0x30, 8) >> 32, get(0x34, 4));
	assert_int_equal(get(0x58, 4), 3968);
	assert_int_equal(get(0x5c, 8), TPM_CRB_BASE + 0x80);
	assert_int_equal(get(0x68, 8), TPM_CRB_BASE + 0x80);
	assert_int_equal(get(0x44, 4), 2);     /* idle */
	assert_int_not_equal(get(0, 1), 0xff); /* firmware takes that for no TPM */
}

static void a_command_is_carried_out_and_answered(void **state)
{
	(void)state;
	begin_command();
	assert_int_equal(starts, 1);
	assert_int_equal(sent_len, sizeof(get_random));
	assert_memory_equal(sent, get_random, sizeof(get_random));
	assert_int_equal(get(0x4c, 4), 1);
	tpm_crb_answer(&crb, tpm_crb_ticket(&crb), answer, sizeof(answer));
	assert_int_equal(get(0x4c, 4), 0);
	assert_int_equal(get(0x44, 4), 0);
	for (unsigned i = 0; i < sizeof(answer); i++)
		assert_int_equal(get(TPM_CRB_DATA + i, 1), answer[i]);
	put(0x40, 4, IDLE);
	assert_int_equal(get(0x44, 4), 2);
}

static void locality_is_asked_for_and_given_back(void **state)
{
	(void)state;
	assert_int_equal(get(0x0c, 4), 0);
	put(0x08, 4, 1);
	assert_int_equal(get(0x0c, 4), 1);
	assert_int_equal(get(0, 4), 0x83);
	put(0x08, 4, 2);
	assert_int_equal(get(0x0c, 4), 0);
	assert_int_equal(get(0, 4), 0x81);
}

static void without_the_locality_nothing_starts(void **state)
{
	(void)state;
	put(0x40, 4, READY);
	put_command(get_random, sizeof(get_random));
	put(0x4c, 4, 1);
	assert_int_equal(starts, 0);
	assert_int_equal(get(TPM_CRB_DATA, 1), 0);
	put(0x08, 4, 1);
	put(0x4c, 4, 1); /* idle still */
	assert_int_equal(starts, 0);
}

static void the_buffer_belongs_to_the_tpm_while_it_works(void **state)
{
	(void)state;
	begin_command();
	assert_int_equal(get(TPM_CRB_DATA, 4), 0xffffffff);
	put(TPM_CRB_DATA, 4, 0);
	put(0x4c, 4, 1); /* again */
	assert_int_equal(starts, 1);
	assert_int_equal(get(0x4c, 4), 1);
	tpm_crb_answer(&crb, tpm_crb_ticket(&crb), answer, sizeof(answer));
	assert_int_equal(get(TPM_CRB_DATA, 2), 0x0180);
}

static void a_driver_that_gives_up_on_a_command_can_come_back(void **state)
{
	(void)state;
	begin_command();
	put(0x40, 4, IDLE);
	assert_int_equal(get(0x40, 4), IDLE); /* not done while the TPM works */
	put(0x08, 4, 2);
	assert_int_equal(get(0x0c, 4), 0);
	put(0x08, 4, 1);
	assert_int_equal(get(0x0c, 4), 1);
	put(0x4c, 4, 1);
	assert_int_equal(starts, 1); /* still the same command */
	tpm_crb_answer(&crb, tpm_crb_ticket(&crb), answer, sizeof(answer));
	assert_int_equal(get(0x40, 4), 0);
	assert_int_equal(get(0x44, 4), 2); /* idle, as it was asked */
	put(0x40, 4, READY);
	assert_int_equal(get(0x44, 4), 0);
	put(TPM_CRB_DATA, 4, 0x80010000);
	put(TPM_CRB_DATA + 2, 4, htobe32(TPM_HEADER));
	put(0x4c, 4, 1);
	assert_int_equal(starts, 2);
}

static void lengths_that_do_not_fit_are_answered_at_once(void **state)
{
	(void)state;
	static const uint32_t bad[] = { 0, 9, TPM_CRB_BUFFER + 1, UINT32_MAX };
	make_ready();
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		put(TPM_CRB_DATA + 2, 4, htobe32(bad[i]));
		put(0x4c, 4, 1);
		assert_int_equal(get(0x4c, 4), 0);
		assert_int_equal(be32toh((uint32_t)get(TPM_CRB_DATA + 6, 4)), 0x142);
	}
	assert_int_equal(starts, 0);
	put(TPM_CRB_DATA + 2, 4, htobe32(TPM_CRB_BUFFER));
	put(0x4c, 4, 1);
	assert_int_equal(sent_len, TPM_CRB_BUFFER);
}

static void an_answer_that_is_none_becomes_a_failure(void **state)
{
	(void)state;
	uint8_t lie[20];
	memcpy(lie, answer, sizeof(lie));
	lie[5] = 21;
	const struct {
		const uint8_t *at;
		unsigned len;
	} bad[] = { { NULL, 0 }, { answer, 9 }, { answer, 19 }, { lie, 20 } };
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		begin_command();
		tpm_crb_answer(&crb, tpm_crb_ticket(&crb), bad[i].at, bad[i].len);
		assert_int_equal(get(0x4c, 4), 0);
		assert_int_equal(be32toh((uint32_t)get(TPM_CRB_DATA + 6, 4)), 0x101);
	}
}

static void a_tpm_that_is_gone_fails_and_does_not_hang(void **state)
{
	(void)state;
	begin_command();
	tpm_crb_fail(&crb);
	assert_int_equal(get(0x4c, 4), 0);
	assert_int_equal(get(0x44, 4) & 1, 1);
	assert_int_equal(be32toh((uint32_t)get(TPM_CRB_DATA + 6, 4)), 0x101);
	begin_command();
	assert_int_equal(starts, 1);
	assert_int_equal(get(0x4c, 4), 0);
	assert_int_equal(be32toh((uint32_t)get(TPM_CRB_DATA + 6, 4)), 0x101);
	tpm_crb_reset(&crb); /* a reboot does not bring it back */
	assert_int_equal(resets, 0);
	assert_int_equal(get(0x44, 4) & 1, 1);
}

static void cancelling_is_passed_on_only_while_it_works(void **state)
{
	(void)state;
	make_ready();
	put(0x48, 4, 1);
	assert_int_equal(cancels, 0);
	assert_int_equal(get(0x48, 4), 1);
	put(0x48, 4, 0);
	begin_command();
	put(0x48, 4, 1);
	assert_int_equal(cancels, 1);
	tpm_crb_answer(&crb, tpm_crb_ticket(&crb), answer, sizeof(answer));
	assert_int_equal(get(0x48, 4), 0);
}

static void an_answer_from_before_a_reset_is_dropped(void **state)
{
	(void)state;
	begin_command();
	unsigned old = tpm_crb_ticket(&crb);
	tpm_crb_reset(&crb);
	assert_int_equal(resets, 1);
	assert_int_equal(get(0x0c, 4), 0);
	tpm_crb_answer(&crb, old, answer, sizeof(answer));
	assert_int_equal(get(0x44, 4), 2);
	begin_command();
	tpm_crb_answer(&crb, old, answer, sizeof(answer));
	assert_int_equal(get(0x4c, 4), 1);
}

static void any_size_reads_registers_and_only_whole_ones_are_written(void **state)
{
	(void)state;
	assert_int_equal(get(0x31, 2), get(0x30, 4) >> 8 & 0xffff);
	assert_int_equal(get(0x59, 1), 3968 >> 8);
	put(0x09, 1, 1); /* no register begins there */
	assert_int_equal(get(0x0c, 4), 0);
	put(0x58, 4, 16); /* read-only */
	assert_int_equal(get(0x58, 4), 3968);
	put(0x08, 1, 1);
	assert_int_equal(get(0x0c, 4), 1);
	assert_int_equal(get(0xffc, 8), UINT64_MAX); /* leaves the page */
	put(0xffc, 8, 1);
	put(0x40, 4, READY);
	put(0xff8, 8, UINT64_C(0x1122334455667788));
	assert_int_equal(get(0xffc, 4), 0x11223344);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(registers_say_that_there_is_a_crb),
		T(a_command_is_carried_out_and_answered),
		T(locality_is_asked_for_and_given_back),
		T(without_the_locality_nothing_starts),
		T(the_buffer_belongs_to_the_tpm_while_it_works),
		T(a_driver_that_gives_up_on_a_command_can_come_back),
		T(lengths_that_do_not_fit_are_answered_at_once),
		T(an_answer_that_is_none_becomes_a_failure),
		T(a_tpm_that_is_gone_fails_and_does_not_hang),
		T(cancelling_is_passed_on_only_while_it_works),
		T(an_answer_from_before_a_reset_is_dropped),
		T(any_size_reads_registers_and_only_whole_ones_are_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
