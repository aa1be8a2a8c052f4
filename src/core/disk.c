/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image opened, judged and locked; disk_io.c carries out what is asked of it. */
#include "core/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"

/* Volume descriptors begin at sector 16 (ECMA-119 §6.2.1); offsets in the primary one (§8.4). */
#define VOLUME_DESCRIPTOR (16 * CD_SECTOR)
#define VOLUME_ID 1
#define VOLUME_SPACE 80
#define VOLUME_BLOCK 128

static int open_flags(const struct disk_config *config, bool is_block)
{
	bool read_only = config->read_only || config->cdrom;
	int flags = O_CLOEXEC | O_NONBLOCK | (read_only ? O_RDONLY : O_RDWR);
	if (config->cache == DISK_DIRECT)
		flags |= O_DIRECT;
	/* Of a block device: fails while the host has it mounted (open(2)). */
	return is_block && !read_only ? flags | O_EXCL : flags;
}

static int cannot_open(const struct disk_config *config, int e, struct err *err)
{
	err_errno(err, e, "disk %s: cannot open", config->path);
	if (e == -ENOENT)
		err_hint(err, config->cdrom ? "correct \"path\""
					    : "make it with truncate -s 64G, or correct \"path\"");
	else if ((e == -EACCES || e == -EROFS || e == -EPERM) && !config->read_only &&
		 !config->cdrom)
		err_hint(err, "give yourself the right to write it, or set \"readonly = true\"");
	else if (e == -EACCES || e == -EPERM)
		err_hint(err, "give yourself the right to read it");
	else if (e == -EBUSY)
		err_hint(err, "the host itself uses it: unmount what is on it, or set "
			      "\"readonly = true\"");
	else if (e == -EINVAL && config->cache == DISK_DIRECT)
		err_hint(err, "this file system has no O_DIRECT: set cache = \"writeback\"");
	return e;
}

/* Looked at before it is opened: to open a FIFO or a tape has effects. */
static int open_image(const struct disk_config *config, int *ret_fd, struct stat *ret_st,
		      struct err *err)
{
	if (stat(config->path, ret_st))
		return cannot_open(config, -errno, err);
	bool is_block = S_ISBLK(ret_st->st_mode);
	if (!is_block && !S_ISREG(ret_st->st_mode))
		return err_set(err, S_ISDIR(ret_st->st_mode) ? -EISDIR : -EINVAL,
			       "disk %s: %s; \"path\" names a raw image or a block device",
			       config->path,
			       S_ISDIR(ret_st->st_mode) ? "is a directory" : "is no file");
	autoclose int fd = open(config->path, open_flags(config, is_block));
	if (fd < 0 || fstat(fd, ret_st))
		return cannot_open(config, -errno, err);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int measure(struct disk *disk, const struct stat *st, struct err *err)
{
	disk->size = (uint64_t)st->st_size;
	if (S_ISBLK(st->st_mode) && ioctl(disk->fd, BLKGETSIZE64, &disk->size))
		return err_errno(err, -errno, "disk %s: its size", disk->path);
	return 0;
}

static int check_size(const struct disk *disk, bool cdrom, struct err *err)
{
	unsigned sector = cdrom ? CD_SECTOR : DISK_SECTOR;
	if (!disk->size)
		return err_set(err, -EINVAL, "disk %s: is empty; %s", disk->path,
			       cdrom ? "download the image again, or put a disc in"
				     : "give it a size with truncate -s 64G");
	if (disk->size % sector == 0)
		return 0;
	err_set(err, -EINVAL, "disk %s: its size, %llu bytes, is no multiple of %u", disk->path,
		(unsigned long long)disk->size, sector);
	err_hint(err, cdrom ? "it is no image of a CD or DVD, or was not downloaded to its end"
			    : "it is no raw image; qemu-img convert -O raw makes one of other formats");
	return -EINVAL;
}

/* Aligned as O_DIRECT wants it. */
static int read_block(const struct disk *disk, void *block, uint64_t at, struct err *err)
{
	int r = file_pread_all(disk->fd, block, CD_SECTOR, (off_t)at);
	return r ? err_errno(err, r, "disk %s: cannot read it", disk->path) : 0;
}

/*
 * An ISO image says itself how long it is. Of a disc without such a volume (data of any other kind)
 * nothing is known.
 */
static int check_volume(const struct disk *disk, const uint8_t *block, struct err *err)
{
	if (block[0] != 1 || memcmp(block + VOLUME_ID, "CD001", 5) != 0)
		return 0;
	uint64_t size = (uint64_t)le32_get(block + VOLUME_SPACE) * le16_get(block + VOLUME_BLOCK);
	if (size <= disk->size)
		return 0;
	return err_set(err, -EINVAL,
		       "disk %s: holds %llu bytes of an ISO image of %llu: it was not downloaded or "
		       "copied to its end; get it again",
		       disk->path, (unsigned long long)disk->size, (unsigned long long)size);
}

static int check_content(const struct disk *disk, bool cdrom, struct err *err)
{
	_Alignas(4096) uint8_t block[CD_SECTOR];
	if (!cdrom || disk->size < VOLUME_DESCRIPTOR + CD_SECTOR)
		return 0;
	int r = read_block(disk, block, VOLUME_DESCRIPTOR, err);
	return r ? r : check_volume(disk, block, err);
}

/* Without the page cache a guest's sector must be one of the host's. */
static int check_direct(const struct disk *disk, struct err *err)
{
	_Alignas(4096) uint8_t block[DISK_SECTOR];
	if (disk->cache != DISK_DIRECT)
		return 0;
	if (pread(disk->fd, block, sizeof(block), 0) == (ssize_t)sizeof(block))
		return 0;
	if (errno != EINVAL)
		return err_errno(err, -errno, "disk %s: cannot read it", disk->path);
	return err_set(err, -EINVAL,
		       "disk %s: its storage does not read single sectors of 512 bytes past the page "
		       "cache; set cache = \"writeback\"",
		       disk->path);
}

/*
 * Open file description locks (fcntl(2)) on all of it: they go with the descriptor, whatever ends
 * the process, and meet those of QEMU, which locks single bytes of its images.
 */
static int lock_image(const struct disk *disk, struct err *err)
{
	struct flock lock = { .l_type = disk->read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };
	if (!fcntl(disk->fd, F_OFD_SETLK, &lock))
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return err_errno(err, -errno, "disk %s: cannot lock it", disk->path);
	return err_set(err, -EBUSY, "disk %s: is in use by another machine%s", disk->path,
		       disk->read_only ? ", which may write it" : "");
}

static int examine(struct disk *disk, const struct disk_config *config, const struct stat *st,
		   struct err *err)
{
	int r = measure(disk, st, err);
	if (!r)
		r = check_size(disk, config->cdrom, err);
	if (!r)
		r = check_content(disk, config->cdrom, err);
	if (!r)
		r = check_direct(disk, err);
	return r ? r : lock_image(disk, err);
}

int disk_open(struct disk *disk, const struct disk_config *config, struct err *err)
{
	struct stat st;
	autoclose int fd = -1;
	int r = open_image(config, &fd, &st, err);
	if (r)
		return r;
	*disk = (struct disk){ .fd = fd,
			       .path = config->path,
			       .read_only = config->read_only || config->cdrom,
			       .cache = config->cache };
	r = examine(disk, config, &st, err);
	if (r) {
		*disk = (struct disk){ .fd = -1 };
		return r;
	}
	disk->queue_tail = &disk->queue;
	take_fd(&fd);
	pthread_mutex_init(&disk->lock, NULL);
	pthread_cond_init(&disk->work, NULL);
	pthread_cond_init(&disk->idle, NULL);
	return 0;
}
