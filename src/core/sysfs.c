/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "core/pci_path.h"

#define STACK_SHOWN 6 /* innermost functions */

/* --- the child --- */

/* Whatever the parent has open, locks above all, must not stay open for as long as a driver hangs. */
static void close_all_but(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
	if (low)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, UINT_MAX, 0);
}

/* Only calls that are safe after a fork of a threaded process. */
static _Noreturn void write_in_child(int sys, const char *path, const char *text, int answer)
{
	/* Not ours to finish once nobody waits: a recovery may be at work already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "bulkhead-sysfs");
	setsid();
	close_all_but(sys, answer);
	int r = file_write(sys, path, text);
	_exit(write(answer, &r, sizeof(r)) == sizeof(r) ? 0 : 1);
}

/* --- the parent --- */

/* "a < b < c", innermost first, of `[<0>] a+0x10/0x20` lines. */
static void read_stack(const struct host *host, pid_t pid, struct text *stack)
{
	char path[32], lines[4096], *save = NULL;
	snprintf(path, sizeof(path), "%d/stack", (int)pid);
	if (file_read(host->proc, path, lines, sizeof(lines)) <= 0) {
		snprintf(path, sizeof(path), "%d/wchan", (int)pid);
		if (file_read(host->proc, path, lines, sizeof(lines)) <= 0 || !strcmp(lines, "0"))
			snprintf(lines, sizeof(lines), "(this kernel does not show where)");
	}
	unsigned n = 0;
	for (char *line = strtok_r(lines, "\n", &save); line && n < STACK_SHOWN;
	     line = strtok_r(NULL, "\n", &save), n++) {
		char *name = strncmp(line, "[<", 2) ? NULL : strstr(line, "] ");
		name = name ? name + 2 : line;
		text_put(stack, "%s%.*s", n ? " < " : "", (int)strcspn(name, "+"), name);
	}
}

static int no_answer(const struct host *host, pid_t pid, unsigned after_ms, struct err *err)
{
	char buf[400];
	struct text stack = text_in(buf, sizeof(buf));
	read_stack(host, pid, &stack);
	return err_set(err, -ETIMEDOUT,
		       "no answer from the kernel after %u.%u s: process %d waits there in %s",
		       after_ms / 1000, after_ms % 1000 / 100, (int)pid, buf);
}

/* The child's answer, or -ETIMEDOUT. It is left where it is then: the kernel still has the request. */
static int await(const struct host *host, pid_t pid, int answer, struct err *err)
{
	unsigned wait_ms = host->answer_ms ? host->answer_ms : SYSFS_ANSWER_MS;
	struct pollfd poll_fd = { .fd = answer, .events = POLLIN };
	int r, result;
	do
		r = poll(&poll_fd, 1, (int)wait_ms);
	while (r < 0 && errno == EINTR);
	if (!r)
		return no_answer(host, pid, wait_ms, err);
	ssize_t n = read(answer, &result, sizeof(result));
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return n == sizeof(result) ? result : -EIO;
}

int sysfs_ask(const struct host *host, const char *path, const char *text, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	autoclose int answer = ends[0];
	autoclose int child_end = ends[1];
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		write_in_child(host->sys, path, text, child_end);
	close_fd(&child_end);
	return await(host, pid, answer, err);
}

int sysfs_write(const struct host *host, const char *path, const char *text)
{
	return sysfs_ask(host, path, text, NULL);
}

int sysfs_config_write(const struct host *host, struct bdf bdf, unsigned off, unsigned size,
		       uint32_t value)
{
	uint8_t raw[4];
	autoclose int fd = openat(host->sys, pci_path(bdf, "config").s, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	le_put(raw, sizeof(raw), value);
	ssize_t n = pwrite(fd, raw, size, off);
	return n < 0 ? -errno : n == (ssize_t)size ? 0 : -EIO;
}
