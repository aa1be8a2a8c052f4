/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/journal_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "fake/fake_sysfs.h"

static const char devices[] =
	"driver nvme\n"
	"driver igbvf\n"
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme power=auto\n"
	"pci 0000:02:10.0 8086:10ca class=020000 group=2 driver=igbvf override=igbvf power=on\n"
	"pci 0000:03:00.0 1234:11e8 class=ff0000 group=3 power=auto\n" UNSAFE " = N\\n\n";

const struct action actions[N_ACTIONS] = {
	{ .kind = ACTION_UNSAFE_TYPE1 },
	{ .kind = ACTION_POWER_ON, .bdf = { 0, 1, 0, 0 } },
	{ .kind = ACTION_BIND_VFIO, .bdf = { 0, 1, 0, 0 } },
	{ .kind = ACTION_POWER_ON, .bdf = { 0, 2, 0x10, 0 } },
	{ .kind = ACTION_BIND_VFIO, .bdf = { 0, 2, 0x10, 0 } },
	{ .kind = ACTION_POWER_ON, .bdf = { 0, 3, 0, 0 } },
	{ .kind = ACTION_BIND_VFIO, .bdf = { 0, 3, 0, 0 } },
};

struct host_tree tree;
struct journal journal;
struct err err;
static char *before;

int journal_setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ 0 };
	err = (struct err){ 0 };
	host_tree_make(&tree, devices);
	before = host_tree_state(&tree);
	return 0;
}

int journal_teardown(void **state)
{
	(void)state;
	free(before);
	host_tree_remove(&tree);
	return 0;
}

void assert_as_before(void)
{
	char *now = host_tree_state(&tree);
	assert_string_equal(now, before);
	free(now);
}

void assert_nothing_left(void)
{
	assert_false(host_tree_has(&tree, "run/bulkhead/demo"));
	assert_as_before();
}

int do_all(void)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		int r = journal_do(&journal, &actions[i], &err);
		if (r)
			return r;
	}
	return 0;
}

void open_demo(void)
{
	if (journal_open(&journal, &tree.host, "demo", &err))
		fail_msg("%s", err.text);
}

/* A run in a child that ends as `how` makes it end; returns its exit status. */
int in_child(void (*how)(int arg), int arg)
{
	pid_t pid = fork();
	if (!pid) {
		how(arg);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void whole_run(int unused)
{
	(void)unused;
	if (journal_open(&journal, &tree.host, "demo", &err) || do_all() ||
	    journal_undo(&journal, &err))
		_exit(1);
	journal_close(&journal);
}

void run_until_killed(int unused)
{
	(void)unused;
	open_demo();
	_exit(do_all() ? 1 : FAKE_DEATH);
}

int recover_demo(void)
{
	return journal_recover(&tree.host, "demo", NULL, NULL, &err);
}
