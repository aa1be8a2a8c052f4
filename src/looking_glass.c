/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "looking_glass.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/opt.h"

#define MIB (UINT64_C(1) << 20)
#define BESIDE (10 * MIB) /* cursor shapes, headers */
#define FRAMES 2
#define SIZE_MIN (16 * MIB)

static bool is_set(unsigned side)
{
	return side && side != OPT_NONE;
}

bool looking_glass_is_wanted(const struct profile_looking_glass *config)
{
	return is_set(config->width) || is_set(config->height);
}

uint64_t looking_glass_size(const struct profile_looking_glass *config)
{
	if (!is_set(config->width) || !is_set(config->height))
		return 0;
	uint64_t frame = (uint64_t)config->width * config->height * (config->hdr ? 8 : 4);
	uint64_t need = frame * FRAMES + BESIDE, size = SIZE_MIN;
	while (size < need)
		size *= 2;
	return size;
}

/* --- whose --- */

struct owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

static int find_group(const char *name, gid_t *ret_gid, struct err *err)
{
	const struct group *group = getgrnam(name);
	if (!group)
		return err_set(err, -ENOENT, "looking_glass.owner: there is no group '%s'", name);
	*ret_gid = group->gr_gid;
	return 0;
}

static int find_owner(const struct profile_looking_glass *config, struct owner *ret,
		      struct err *err)
{
	*ret = (struct owner){ geteuid(), getegid(), (mode_t)strtoul(config->mode, NULL, 8) };
	if (!config->owner)
		return 0;
	autofree char *user = strdup(config->owner);
	if (!user)
		return err_errno(err, -ENOMEM, "looking_glass.owner");
	char *group = strchr(user, ':');
	if (group)
		*group++ = 0;
	const struct passwd *passwd = getpwnam(user);
	if (!passwd)
		return err_set(err, -ENOENT, "looking_glass.owner: there is no user '%s'", user);
	ret->uid = passwd->pw_uid;
	ret->gid = passwd->pw_gid;
	return group ? find_group(group, &ret->gid, err) : 0;
}

/* --- room --- */

static uint64_t room_in(const struct statvfs *room)
{
	return (uint64_t)room->f_bavail * room->f_frsize;
}

static int no_room(int dir_fd, uint64_t size, struct err *err)
{
	struct statvfs room = { 0 };
	fstatvfs(dir_fd, &room);
	return err_set(err, -ENOSPC,
		       "looking_glass: /dev/shm has room for %llu MiB, and the picture needs %llu; "
		       "free some, or mount it larger",
		       (unsigned long long)(room_in(&room) / MIB),
		       (unsigned long long)(size / MIB));
}

static int check_room(int dir_fd, uint64_t size, struct err *err)
{
	struct statvfs room;
	if (fstatvfs(dir_fd, &room))
		return err_errno(err, -errno, "looking_glass: /dev/shm");
	return room_in(&room) < size ? no_room(dir_fd, size, err) : 0;
}

/* --- the file --- */

static void name_of(const struct profile *profile, char *ret_name, size_t size)
{
	if (profile->looking_glass.file)
		snprintf(ret_name, size, "%s", profile->looking_glass.file);
	else
		snprintf(ret_name, size, "looking-glass-%s", profile->name);
}

static int open_dir(const struct host *host, struct err *err)
{
	int fd = openat(host->dev, "shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(err, -errno, "looking_glass: /dev/shm") : fd;
}

/* What is there must be a plain file of ours or of its future owner, and no other guest's. */
static int examine(int fd, const char *name, const struct owner *owner, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st))
		return err_errno(err, -errno, "looking_glass: /dev/shm/%s", name);
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1 ||
	    (st.st_uid != geteuid() && st.st_uid != owner->uid))
		return err_set(err, -EPERM,
			       "looking_glass: /dev/shm/%s is somebody else's; remove it, or set "
			       "looking_glass.file",
			       name);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return err_set(err, -EBUSY,
			       "looking_glass: /dev/shm/%s is another guest's; set "
			       "looking_glass.file",
			       name);
	return 0;
}

/* -ENOENT when there is none; no error text then. */
static int open_old(int dir_fd, const char *name, const struct owner *owner, int *ret_fd,
		    struct err *err)
{
	autoclose int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return err_errno(err, -errno, "looking_glass: /dev/shm/%s", name);
	int r = examine(fd, name, owner, err);
	if (!r)
		*ret_fd = take_fd(&fd);
	return r;
}

static int open_file(struct looking_glass *glass, const struct owner *owner, struct err *err)
{
	int r = open_old(glass->dir_fd, glass->name, owner, &glass->fd, err);
	if (r != -ENOENT)
		return r;
	glass->fd = openat(glass->dir_fd, glass->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (glass->fd < 0)
		return err_errno(err, -errno, "looking_glass: /dev/shm/%s", glass->name);
	return examine(glass->fd, glass->name, owner, err);
}

static int map_file(struct looking_glass *glass, const struct owner *owner, struct err *err)
{
	int r = fchown(glass->fd, owner->uid, owner->gid) || fchmod(glass->fd, owner->mode)
			? -errno
			: looking_glass_reserve(glass);
	if (r == -ENOSPC)
		return no_room(glass->dir_fd, glass->size, err);
	if (r)
		return err_errno(err, r, "looking_glass: /dev/shm/%s", glass->name);
	void *memory = mmap(NULL, glass->size, PROT_READ | PROT_WRITE, MAP_SHARED, glass->fd, 0);
	if (memory == MAP_FAILED)
		return err_errno(err, -errno, "looking_glass: /dev/shm/%s", glass->name);
	glass->memory = memory;
	return 0;
}

int looking_glass_open(struct looking_glass *glass, const struct profile *profile,
		       const struct host *host, struct err *err)
{
	struct owner owner;
	*glass = (struct looking_glass){ .fd = -1, .dir_fd = -1, .inotify.fd = -1 };
	int r = find_owner(&profile->looking_glass, &owner, err);
	if (r)
		return r;
	glass->dir_fd = open_dir(host, err);
	if (glass->dir_fd < 0)
		return glass->dir_fd;
	glass->size = looking_glass_size(&profile->looking_glass);
	name_of(profile, glass->name, sizeof(glass->name));
	r = open_file(glass, &owner, err);
	return r ? r : map_file(glass, &owner, err);
}

/* A viewer that has it mapped keeps its memory. Without a mapping it never became ours. */
void looking_glass_close(struct looking_glass *glass)
{
	looking_glass_unwatch(glass);
	if (glass->memory) {
		munmap(glass->memory, glass->size);
		unlinkat(glass->dir_fd, glass->name, 0);
	}
	close_fd(&glass->fd);
	close_fd(&glass->dir_fd);
	glass->memory = NULL;
}

/* --- before --- */

int looking_glass_check(const struct profile *profile, const struct host *host, struct err *err)
{
	const struct profile_looking_glass *config = &profile->looking_glass;
	struct owner owner;
	char name[160];
	if (!looking_glass_is_wanted(config))
		return 0;
	uint64_t size = looking_glass_size(config);
	if (!size)
		return err_set(
			err, -EINVAL,
			"looking_glass: its memory depends on both sides of the picture; set "
			"width and height");
	int r = find_owner(config, &owner, err);
	if (r)
		return r;
	autoclose int dir_fd = open_dir(host, err), fd = -1;
	if (dir_fd < 0)
		return dir_fd;
	name_of(profile, name, sizeof(name));
	r = open_old(dir_fd, name, &owner, &fd, err);
	if (r == -ENOENT)
		return check_room(dir_fd, size, err);
	return r; /* its pages are there already, or will be counted when it grows */
}
