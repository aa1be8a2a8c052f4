/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c core/hotplug.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/fake_hotplug.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices_watch.h"
#include "fake/fake_hotplug.h"
#include "fake/host_tree.h"

#define PATIENCE_MS 20000 /* for a busy machine */

static const char host_text[] = "pci 0000:01:00.0 8086:10c9 class=020000 group=1 driver=igb\n"
				"pci 0000:02:00.0 1b36:0010 class=010802 group=2 driver=nvme\n";

static struct host_tree tree;
static int events;  /* our end: a byte is an event */
static int output;  /* our end of the child's stdout */
static pid_t child; /* the watcher */
static char said[65536];
static size_t n_said;

static int setup(void **state)
{
	(void)state;
	int ends[2];
	host_tree_make(&tree, host_text);
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	fake_hotplug_fd = ends[0];
	events = ends[1];
	fake_hotplug_error = 0;
	n_said = 0;
	said[0] = 0;
	child = -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	close(fake_hotplug_fd);
	close(events);
	host_tree_remove(&tree);
	return 0;
}

static void watch_as_child(int out, const struct devices_choice *choice, bool json)
{
	struct err err = { 0 };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	dup2(out, STDOUT_FILENO);
	close(out);
	close(output);
	int r = devices_watch(&tree.host, choice, json, &err);
	fflush(stdout);
	_exit(r ? 1 : 0);
}

static void start(const struct devices_choice *choice, bool json, bool terminal)
{
	int ends[2];
	if (terminal) {
		struct winsize size = { .ws_row = 10, .ws_col = 100 };
		ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		assert_return_code(grantpt(ends[0]), errno);
		assert_return_code(unlockpt(ends[0]), errno);
		ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
		assert_return_code(ends[1], errno);
		ioctl(ends[1], TIOCSWINSZ, &size);
	} else {
		assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	}
	output = ends[0];
	fflush(stdout);
	child = fork();
	if (!child)
		watch_as_child(ends[1], choice, json);
	close(ends[1]);
}

static const struct devices_choice all = { NULL, NULL };

/* Reads until the words have been said after `from`; returns where. */
static size_t wait_for(const char *words, size_t from)
{
	for (;;) {
		const char *at = strstr(said + from, words);
		if (at)
			return (size_t)(at - said);
		struct pollfd ready = { output, POLLIN, 0 };
		if (poll(&ready, 1, PATIENCE_MS) <= 0)
			fail_msg("no '%s' in:\n%s", words, said + from);
		ssize_t n = read(output, said + n_said, sizeof(said) - 1 - n_said);
		if (n <= 0)
			fail_msg("it ended without '%s':\n%s", words, said + from);
		n_said += (size_t)n;
		said[n_said] = 0;
	}
}

static void event(char c)
{
	assert_int_equal(write(events, &c, 1), 1);
}

static void end_with(int signo)
{
	int status;
	kill(child, signo);
	assert_int_equal(waitpid(child, &status, 0), child);
	child = -1;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(output);
}

static void a_change_is_one_line_in_a_pipe(void **state)
{
	(void)state;
	start(&all, false, false);
	size_t at = wait_for("Non-Volatile memory controller", 0);
	host_tree_add(&tree, "pci 0000:03:00.0 8086:10d3 class=020000 group=3 driver=e1000e\n");
	event('p');
	at = wait_for("added   0000:03:00.0 (e1000e): ready\n", at);
	host_tree_add(&tree, "driver vfio-pci\nsys/devices/pci0000:00/0000:03:00.0/driver -> "
			     "../../../bus/pci/drivers/vfio-pci\n");
	event('p');
	at = wait_for("changed 0000:03:00.0 (e1000e -> vfio-pci): ready\n", at);
	assert_return_code(unlinkat(tree.host.sys, "bus/pci/devices/0000:03:00.0", 0), errno);
	event('p');
	wait_for("removed 0000:03:00.0\n", at);
	assert_null(strchr(said, '\033'));
	end_with(SIGINT);
}

static void what_does_not_matter_says_nothing(void **state)
{
	(void)state;
	start(&all, false, false);
	size_t at = wait_for("Non-Volatile memory controller", 0);
	at = wait_for("\n", at) + 1;
	event('x');
	event('p'); /* nothing has changed */
	nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
	end_with(SIGTERM);
	assert_string_equal(said + at, "");
}

static void json_is_an_object_a_line(void **state)
{
	(void)state;
	start(&all, true, false);
	wait_for("0000:02:00.0", 0);
	size_t at = wait_for("\n", wait_for("0000:02:00.0", 0)) + 1;
	unsigned lines = 0;
	for (char *line = said; *line; line += strlen(line) + 1) {
		line[strcspn(line, "\n")] = 0;
		json_t *json = json_loads(line, 0, NULL);
		assert_string_equal(json_string_value(json_object_get(json, "event")), "present");
		assert_non_null(json_object_get(json_object_get(json, "device"), "verdict"));
		json_decref(json);
		lines++;
	}
	assert_int_equal(lines, 2);
	assert_return_code(unlinkat(tree.host.sys, "bus/pci/devices/0000:02:00.0", 0), errno);
	event('p');
	at = wait_for("{", at);
	wait_for("}}\n", at);
	json_t *json = json_loads(said + at, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "event")), "removed");
	json_decref(json);
	end_with(SIGHUP);
}

static void a_terminal_is_drawn_again_and_left_as_it_was(void **state)
{
	(void)state;
	start(&all, false, true);
	size_t at = wait_for("0000:02:00.0", wait_for("\033[?1049h", 0));
	for (int i = 0; i < 8; i++) {
		char line[96];
		snprintf(line, sizeof(line),
			 "pci 0000:04:0%d.0 8086:10d3 class=020000 group=3 driver=e1000e\n", i);
		host_tree_add(&tree, line);
	}
	event('p');
	at = wait_for("\033[H\033[J", at);
	wait_for("0000:04:05.0", at);
	wait_for("… 2 more", at); /* eleven lines, nine of them have room */
	assert_null(strstr(said + at, "0000:04:06.0"));
	kill(child, SIGINT);
	wait_for("\033[?1049l", at);
	end_with(0);
}

static void a_chosen_device_may_go_and_come_again(void **state)
{
	(void)state;
	const struct devices_choice one = { NULL, "0000:02:00.0" };
	start(&one, false, false);
	size_t at = wait_for("isolation", 0);
	assert_return_code(unlinkat(tree.host.sys, "bus/pci/devices/0000:02:00.0", 0), errno);
	event('p');
	at = wait_for("removed 0000:02:00.0\n", at);
	host_tree_add(&tree, "pci 0000:02:00.0 1b36:0010 class=010802 group=2 driver=nvme\n");
	event('p');
	wait_for("added   0000:02:00.0 (nvme): ready\n", at);
	end_with(SIGINT);
}

static void it_ends_when_nobody_reads_any_more(void **state)
{
	(void)state;
	start(&all, false, false);
	wait_for("Non-Volatile memory controller", 0);
	close(output);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	child = -1;
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void without_events_it_says_why(void **state)
{
	(void)state;
	struct err err = { 0 };
	fake_hotplug_error = -EPERM;
	assert_int_equal(devices_watch(&tree.host, &all, false, &err), -EPERM);
	assert_non_null(strstr(err.text, "device events"));
}

static void a_device_that_is_not_there_cannot_be_watched(void **state)
{
	(void)state;
	struct err err = { 0 };
	const struct devices_choice one = { NULL, "0000:77:00.0" };
	assert_int_equal(devices_watch(&tree.host, &one, false, &err), -ENODEV);
	assert_non_null(strstr(err.text, "0000:77:00.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_change_is_one_line_in_a_pipe),
		T(what_does_not_matter_says_nothing),
		T(json_is_an_object_a_line),
		T(a_terminal_is_drawn_again_and_left_as_it_was),
		T(a_chosen_device_may_go_and_come_again),
		T(it_ends_when_nobody_reads_any_more),
		T(without_events_it_says_why),
		T(a_device_that_is_not_there_cannot_be_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
