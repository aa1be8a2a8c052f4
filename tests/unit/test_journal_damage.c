/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/journal_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "fake/fake_sysfs.h"
#include "fake/journal_host.h"
#include "journal_record.h"

/* --- damaged journals --- */

static size_t load_journal(char *buf, size_t size)
{
	int fd = open(tempdir_path(&tree.dir, "run/bulkhead/demo/journal"), O_RDONLY);
	assert_return_code(fd, errno);
	ssize_t n = read(fd, buf, size);
	close(fd);
	assert_in_range(n, 1, size - 1);
	return (size_t)n;
}

static void count_undone(void *ctx, const struct action *action)
{
	(void)action;
	++*(unsigned *)ctx;
}

static unsigned whole_actions(const char *text, size_t size)
{
	unsigned lines = 0;
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines ? lines - 1 : 0; /* the first is the header */
}

static void a_journal_cut_at_any_byte_is_replayed_up_to_its_last_whole_record(void **state)
{
	(void)state;
	char text[8192];
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	size_t size = load_journal(text, sizeof(text));
	for (size_t cut = 0; cut <= size; cut++) {
		unsigned undone = 0;
		mkdir(tempdir_path(&tree.dir, "run/bulkhead/demo"), 0700);
		assert_int_equal(tempdir_write(&tree.dir, "run/bulkhead/demo/journal", text, cut),
				 0);
		assert_int_equal(journal_recover(&tree.host, "demo", count_undone, &undone, &err),
				 0);
		assert_int_equal(undone, whole_actions(text, cut));
		assert_false(host_tree_has(&tree, "run/bulkhead/demo"));
	}
	assert_as_before();
}

static void run_until_killed_after_its_undoing(int unused)
{
	(void)unused;
	open_demo();
	_exit(do_all() || journal_undo(&journal, &err) ? 1 : FAKE_DEATH);
}

/* Changes less those struck out, of the whole lines before `size`. */
static unsigned live_actions(const char *text, size_t size)
{
	unsigned n = 0;
	for (size_t at = 0; at < size; at++) {
		const char *end = memchr(text + at, '\n', size - at);
		if (!end)
			break;
		size_t len = (size_t)(end - (text + at));
		n += memmem(text + at, len, " undone ", 8) ? -1u : 1;
		at += len;
	}
	return n ? n - 1 : 0; /* the first is the header */
}

static void a_journal_cut_at_any_byte_of_its_undoing_is_finished(void **state)
{
	(void)state;
	char text[8192];
	assert_int_equal(in_child(run_until_killed_after_its_undoing, 0), FAKE_DEATH);
	size_t size = load_journal(text, sizeof(text));
	assert_int_equal(live_actions(text, size), 0);
	for (size_t cut = 0; cut <= size; cut++) {
		unsigned undone = 0;
		mkdir(tempdir_path(&tree.dir, "run/bulkhead/demo"), 0700);
		assert_int_equal(tempdir_write(&tree.dir, "run/bulkhead/demo/journal", text, cut),
				 0);
		assert_int_equal(journal_recover(&tree.host, "demo", count_undone, &undone, &err),
				 0);
		assert_int_equal(undone, live_actions(text, cut));
		assert_false(host_tree_has(&tree, "run/bulkhead/demo"));
	}
	assert_as_before();
}

/* A disk that loses blocks leaves holes of zeros; a file system that extends first, zeros behind. */
static void a_journal_with_zeros_from_any_byte_on_is_refused_whole(void **state)
{
	(void)state;
	char text[8192], zeroed[8192];
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	size_t size = load_journal(text, sizeof(text));
	for (size_t from = 0; from < size - 1; from++) {
		struct journal_log log;
		memcpy(zeroed, text, size);
		memset(zeroed + from, 0, size - 1 - from); /* its last newline is there */
		assert_int_equal(journal_log_read(&log, zeroed, size, &err), -EBADMSG);
		journal_log_fini(&log);
	}
}

static void a_journal_with_any_byte_changed_is_refused_whole(void **state)
{
	(void)state;
	char text[8192];
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	size_t size = load_journal(text, sizeof(text));
	char *changed = host_tree_state(&tree);
	for (size_t at = 0; at < size - 1; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct journal_log log;
			text[at] ^= (char)(1u << bit);
			assert_int_equal(journal_log_read(&log, text, size, &err), -EBADMSG);
			journal_log_fini(&log);
			text[at] ^= (char)(1u << bit);
		}
	text[size / 2] ^= 1;
	assert_int_equal(tempdir_write(&tree.dir, "run/bulkhead/demo/journal", text, size), 0);
	assert_int_equal(recover_demo(), -EBADMSG);
	assert_non_null(strstr(err.text, "is damaged"));
	assert_non_null(strstr(err.text, "run/bulkhead/demo/journal"));
	char *now = host_tree_state(&tree);
	assert_string_equal(now, changed);
	free(now);
	free(changed);
	/* And nothing new is started over it. */
	assert_int_equal(journal_open(&journal, &tree.host, "demo", &err), -EUCLEAN);
}

static void records_out_of_order_or_twice_are_refused(void **state)
{
	(void)state;
	struct record records[] = {
		{ .sequence = 0, .kind = RECORD_HEADER },
		{ .sequence = 1, .kind = RECORD_ACTION, .action = actions[2] },
		{ .sequence = 2, .kind = RECORD_UNDONE, .undone = 1 },
		{ .sequence = 3, .kind = RECORD_UNDONE, .undone = 1 },
	};
	const struct {
		unsigned order[4], n;
		int r;
	} cases[] = {
		{ { 0, 1, 2 }, 3, 0 },
		{ { 0, 1 }, 2, 0 },
		{ { 0 }, 1, 0 },
		{ { 1 }, 1, -EBADMSG },
		{ { 0, 2 }, 2, -EBADMSG },
		{ { 0, 1, 1 }, 3, -EBADMSG },
		{ { 0, 1, 2, 3 }, 4, -EBADMSG },
		{ { 0, 0 }, 2, -EBADMSG },
	};
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		char text[4 * RECORD_MAX];
		size_t size = 0;
		struct journal_log log;
		for (unsigned i = 0; i < cases[c].n; i++)
			size += record_format(&records[cases[c].order[i]], text + size);
		assert_int_equal(journal_log_read(&log, text, size, &err), cases[c].r);
		journal_log_fini(&log);
	}
}

static void any_name_survives_the_way_into_a_record_and_back(void **state)
{
	(void)state;
	static const char *const names[] = {
		"",
		"-",
		"a b",
		"100%",
		"snd_hda_intel",
		"\xc3\xa4\n\x01",
		"012345678901234567890123456789012345678901234567890123456789012"
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char line[RECORD_MAX];
		struct record record = { .sequence = 4294967295u, .kind = RECORD_ACTION }, back;
		record.action = actions[2];
		record.action.bdf.domain = 0xffffffff;
		snprintf(record.action.old_driver, NAME_MAX_SHORT, "%s", names[i]);
		snprintf(record.action.old_override, NAME_MAX_SHORT, "%s", names[i]);
		snprintf(record.action.old_value, NAME_MAX_SHORT, "%s", names[i]);
		size_t n = record_format(&record, line);
		assert_int_equal(line[n - 1], '\n');
		line[n - 1] = 0;
		assert_int_equal(record_parse(line, &back), 0);
		assert_string_equal(back.action.old_driver, names[i]);
		assert_string_equal(back.action.old_override, names[i]);
		assert_string_equal(back.action.old_value, names[i]);
		assert_int_equal(back.action.bdf.domain, 0xffffffff);
	}
}

static void an_oversized_journal_is_not_read(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	assert_return_code(truncate(tempdir_path(&tree.dir, "run/bulkhead/demo/journal"),
				    JOURNAL_SIZE_MAX + 1),
			   errno);
	assert_int_equal(recover_demo(), -EFBIG);
}

static void run_on_a_full_disk(int room)
{
	signal(SIGXFSZ, SIG_IGN);
	open_demo();
	const struct rlimit limit = { (rlim_t)(journal.size + room), RLIM_INFINITY };
	if (setrlimit(RLIMIT_FSIZE, &limit) || do_all() != (room ? -ENOSPC : -EFBIG))
		_exit(1);
	/* The torn record is gone, so the journal goes on once there is room. */
	const struct rlimit free_again = { RLIM_INFINITY, RLIM_INFINITY };
	if (setrlimit(RLIMIT_FSIZE, &free_again) || do_all() || journal_undo(&journal, &err))
		_exit(2);
	journal_close(&journal);
}

static void a_record_that_cannot_be_written_means_no_change(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_on_a_full_disk, 0), 0);
	assert_nothing_left();
	assert_int_equal(in_child(run_on_a_full_disk, 20), 0);
	assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_setup, journal_teardown)
		T(a_journal_cut_at_any_byte_is_replayed_up_to_its_last_whole_record),
		T(a_journal_cut_at_any_byte_of_its_undoing_is_finished),
		T(a_journal_with_zeros_from_any_byte_on_is_refused_whole),
		T(a_journal_with_any_byte_changed_is_refused_whole),
		T(records_out_of_order_or_twice_are_refused),
		T(any_name_survives_the_way_into_a_record_and_back),
		T(an_oversized_journal_is_not_read),
		T(a_record_that_cannot_be_written_means_no_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
