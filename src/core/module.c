/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"

extern char **environ;

/* The loader's stderr, first line only: it is quoted in our message. */
static void read_line(int fd, char *buf, size_t size)
{
	size_t n = 0;
	char drain[256] = { 0 };
	for (;;) {
		bool room = n < size - 1;
		ssize_t r = read(fd, room ? buf + n : drain, room ? size - 1 - n : sizeof(drain));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += room ? (size_t)r : 0;
	}
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
}

static int spawn_loader(const char *loader, const char *module, int stderr_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, stderr_fd, STDERR_FILENO);
	char *argv[] = { (char *)loader, (char *)module, NULL };
	r = posix_spawn(ret_pid, loader, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int wait_exit(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

int module_load(const struct host *host, const char *module, struct err *err)
{
	char loader[PATH_MAX];
	ssize_t n = file_read(host->proc, "sys/kernel/modprobe", loader, sizeof(loader));
	if (n <= 0)
		return err_set(err, -ENOENT, "module %s: this kernel has no module loader", module);
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return err_errno(err, -errno, "module %s: pipe", module);
	autoclose int out = ends[0];
	autoclose int in = ends[1];
	pid_t pid = 0;
	int r = spawn_loader(loader, module, in, &pid);
	if (r)
		return err_errno(err, r, "module %s: %s", module, loader);
	close_fd(&in);
	char said[200];
	read_line(out, said, sizeof(said));
	r = wait_exit(pid);
	if (r)
		return err_set(err, r, "module %s: %s failed%s%s", module, loader,
			       *said ? ": " : "", said);
	return 0;
}
