/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes have a function: an open node, by name or by device number (a container may call
 * it otherwise), a node that is mapped and closed, a BAR through sysfs.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "core/holder_parts.h"

#define MAPS_BUFFER 65536

struct process {
	struct holder_search *search;
	const char *pid;
};

/* One mention of a process for each function is enough. */
static int hold(const struct process *process, size_t fn, const char *how, const char *path)
{
	struct holder_search *search = process->search;
	pid_t pid = (pid_t)strtol(process->pid, NULL, 10);
	for (size_t i = 0; i < search->ret->n; i++)
		if (search->ret->at[i].fn == fn && search->ret->at[i].pid == pid)
			return 0;
	char file[64], name[32];
	snprintf(file, sizeof(file), "%.16s/comm", process->pid);
	if (file_read(search->host->proc, file, name, sizeof(name)) < 0)
		snprintf(name, sizeof(name), "a process");
	int r = holder_add(search, fn, HOLDER_PROCESS, "%s (pid %.16s) has it %s (%.96s)", name,
			   process->pid, how, path);
	if (!r)
		search->ret->at[search->ret->n - 1].pid = pid;
	return r;
}

/* "…/0000:01:00.0/resource0_wc": a BAR, as DPDK and debuggers take it. */
static bool is_bar_of(const char *path, struct bdf bdf)
{
	const char *file = strrchr(path, '/');
	size_t len = strlen(bdf_text(bdf).s);
	return file && !strncmp(file, "/resource", 9) && (size_t)(file - path) > len &&
	       file[-(ptrdiff_t)len - 1] == '/' && !strncmp(file - len, bdf_text(bdf).s, len);
}

static int match(const struct process *process, const char *path, dev_t number, const char *how)
{
	const struct holder_search *search = process->search;
	int r = 0;
	for (size_t i = 0; !r && i < search->nodes.n; i++) {
		const struct holder_node *node = &search->nodes.at[i];
		if (!strcmp(path, node->path) || (number && node->number == number))
			r = hold(process, node->fn, how, node->path);
	}
	if (strncmp(path, "/sys/", 5) != 0)
		return r;
	for (size_t i = 0; !r && i < search->n; i++)
		if (is_bar_of(path, search->fn[i]))
			r = hold(process, i, how, strrchr(path, '/') + 1);
	return r;
}

/* Only of what claims to be a device: to ask a file of a dead file server takes for ever. */
static dev_t number_of(int dir, const char *fd, const char *target)
{
	struct stat st;
	if (strncmp(target, "/dev/", 5) != 0 || fstatat(dir, fd, &st, 0) ||
	    !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
		return 0;
	return st.st_rdev;
}

static int look_at_fds(const struct process *process)
{
	char path[64], target[PATH_MAX];
	snprintf(path, sizeof(path), "%.16s/fd", process->pid);
	autodir DIR *list = dir_open(process->search->host->proc, path);
	const char *name;
	int r = 0;
	while (!r && (name = dir_next(list, ""))) {
		file_link(dirfd(list), name, target, sizeof(target));
		if (*target == '/')
			r = match(process, target, number_of(dirfd(list), name, target), "open");
	}
	return r;
}

/* `7f00-7f10 rw-s 00000000 00:06 412   /dev/uio0` */
static int look_at_maps(const struct process *process, char *buffer, bool *ret_is_empty)
{
	char path[64];
	snprintf(path, sizeof(path), "%.16s/maps", process->pid);
	int fd = openat(process->search->host->proc, path, O_RDONLY | O_CLOEXEC);
	autofile FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	autofree char *line = NULL;
	size_t size = 0;
	int r = 0;
	*ret_is_empty = false;
	if (!file)
		return 0;
	setvbuf(file, buffer, _IOFBF, MAPS_BUFFER);
	*ret_is_empty = true;
	while (!r && getline(&line, &size, file) > 0) {
		*ret_is_empty = false;
		const char *at = strchr(line, '/');
		line[strcspn(line, "\n")] = 0;
		if (at && (!strncmp(at, "/dev/", 5) || !strncmp(at, "/sys/", 5)))
			r = match(process, at, 0, "mapped");
	}
	return r;
}

int holder_look_at_processes(struct holder_search *search)
{
	autodir DIR *list = dir_open(search->host->proc, ".");
	autofree char *buffer = malloc(MAPS_BUFFER);
	const char *name;
	const pid_t own = getpid();
	int r = 0;
	if (!list || !buffer)
		return buffer ? -errno : -ENOMEM;
	while (!r && (name = dir_next(list, ""))) {
		const struct process process = { search, name };
		/* What was open when we were started ends with us. */
		if (!isdigit((unsigned char)name[0]) || strtol(name, NULL, 10) == own)
			continue;
		/* A thread of the kernel maps nothing and has nothing open: most processes are such. */
		bool is_kernel;
		r = look_at_maps(&process, buffer, &is_kernel);
		if (!r && !is_kernel)
			r = look_at_fds(&process);
	}
	return r;
}
