/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "varstore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "boot/fv.h"

#define SYNC_AFTER_MS 200 /* firmware writes a variable as many single bytes */

/* --- what a store has to be --- */

static int check_image(const struct varstore_want *want, const char *path, const void *image,
		       size_t size, struct err *err)
{
	int r = fv_check_store(path, image, size, err);
	if (!r)
		r = fv_check_pair(want->code, want->code_size, path, size, err);
	if (!r && want->secure_boot && !fv_store_has_keys(image, size))
		r = err_set(err, -EKEYREJECTED, "%s: has no Secure Boot keys enrolled", path);
	return r;
}

/* Caller frees. */
static int load_template(const struct varstore_want *want, void **ret_image, size_t *ret_size,
			 struct err *err)
{
	autofree void *image = NULL;
	size_t size;
	int r = file_load(want->template, FV_IMAGE_MAX, &image, &size);
	if (r)
		err_errno(err, r, "%s", want->template);
	else
		r = check_image(want, want->template, image, size, err);
	if (r) {
		err_prefix(err, "template for the firmware's variables");
		err_hint(err, "give the one that belongs to the code as firmware.template");
		return r;
	}
	*ret_image = take_ptr(&image);
	*ret_size = size;
	return 0;
}

/* `r` is what speaks against the store that is there. */
static int bad_store(const struct varstore_want *want, int r, struct err *err)
{
	if (r == -EUCLEAN)
		err_hint(err,
			 "put %s.old back, which is how it was before the last change, or move the "
			 "file away for a new one",
			 want->path);
	else
		err_hint(err, "move the file away and the next start makes a new one from %s",
			 want->template);
	return r;
}

/* --- the lock --- */

/* One for the whole file, that goes with its descriptor (fcntl(2), open file description locks). */
static struct flock whole_file(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

static int in_use(const struct varstore_want *want, struct err *err)
{
	return err_set(err, -EBUSY,
		       "%s: another VM uses these firmware variables; stop it, or give each its own "
		       "firmware.vars",
		       want->path);
}

static int take_lock(int fd, const struct varstore_want *want, struct err *err)
{
	struct flock lock = whole_file();
	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return 0;
	return errno == EAGAIN || errno == EACCES ? in_use(want, err)
						  : err_errno(err, -errno, "%s: lock", want->path);
}

/* --- files --- */

static int sync_dir(const char *path)
{
	char dir[PATH_MAX];
	snprintf(dir, sizeof(dir), "%s", path);
	char *slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = 0;
	autoclose int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? -errno : 0;
}

/* The whole content is on disk under `tmp`, or nothing is there. */
static int write_new(const char *tmp, const void *data, size_t size)
{
	autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	int r = file_pwrite_all(fd, data, size, 0);
	if (!r && fsync(fd))
		r = -errno;
	if (r)
		unlink(tmp);
	return r;
}

/* Only one of two that make it at the same time does; the other one finds it. */
static int make_store(const struct varstore_want *want, struct err *err)
{
	autofree void *image = NULL;
	char tmp[PATH_MAX];
	size_t size;
	int r = load_template(want, &image, &size, err);
	if (r)
		return r;
	snprintf(tmp, sizeof(tmp), "%s.new.%d", want->path, (int)getpid());
	r = write_new(tmp, image, size);
	if (!r && link(tmp, want->path) && errno != EEXIST)
		r = -errno;
	unlink(tmp);
	if (!r)
		r = sync_dir(want->path);
	return r ? err_errno(err, r, "%s: cannot be made", want->path) : 0;
}

static int same_content(const char *path, const void *image, size_t size)
{
	autofree void *other = NULL;
	size_t other_size;
	return !file_load(path, FV_IMAGE_MAX, &other, &other_size) && other_size == size &&
	       !memcmp(other, image, size);
}

static int back_up(const struct varstore *store, struct err *err)
{
	char old[PATH_MAX], tmp[PATH_MAX];
	snprintf(old, sizeof(old), "%s.old", store->path);
	snprintf(tmp, sizeof(tmp), "%s.old.new", store->path);
	if (same_content(old, store->image, store->size))
		return 0;
	int r = write_new(tmp, store->image, store->size);
	if (!r && rename(tmp, old))
		r = -errno;
	return r ? err_errno(err, r, "%s: cannot be written", old) : 0;
}

/* --- opening --- */

static int read_image(struct varstore *store, struct err *err)
{
	struct stat st;
	if (fstat(store->fd, &st))
		return err_errno(err, -errno, "%s", store->path);
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > FV_IMAGE_MAX)
		return err_set(err, -ENOEXEC, "%s: is no file of a variable store's size",
			       store->path);
	size_t size = (size_t)st.st_size;
	void *image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image == MAP_FAILED)
		return err_errno(err, -errno, "%s: memory", store->path);
	store->image = image;
	store->size = size;
	int r = file_pread_all(store->fd, image, size, 0);
	return r ? err_errno(err, r, "%s", store->path) : 0;
}

static int open_file(struct varstore *store, const struct varstore_want *want, struct err *err)
{
	if ((size_t)snprintf(store->path, sizeof(store->path), "%s", want->path) >=
	    sizeof(store->path))
		return err_errno(err, -ENAMETOOLONG, "%s", want->path);
	int r = access(want->path, F_OK) && errno == ENOENT ? make_store(want, err) : 0;
	if (r)
		return r;
	store->fd = open(want->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (store->fd < 0)
		return err_errno(err, -errno, "%s", want->path);
	return take_lock(store->fd, want, err);
}

static void *sync_thread(void *arg);

static int start_thread(struct varstore *store)
{
	int r = pthread_create(&store->thread, NULL, sync_thread, store);
	store->started = !r;
	return -r;
}

int varstore_open(struct varstore *store, const struct varstore_want *want, struct err *err)
{
	*store = (struct varstore){ .fd = -1 };
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->changed, NULL);
	int r = open_file(store, want, err);
	if (!r)
		r = read_image(store, err);
	if (!r) {
		r = check_image(want, want->path, store->image, store->size, err);
		if (r)
			bad_store(want, r, err);
	}
	if (!r)
		r = back_up(store, err);
	if (!r) {
		r = start_thread(store);
		if (r)
			err_errno(err, r, "%s: thread", store->path);
	}
	if (r)
		varstore_close(store);
	return r;
}

void varstore_close(struct varstore *store)
{
	if (!*store->path)
		return;
	if (store->started) {
		pthread_mutex_lock(&store->lock);
		store->quit = true;
		pthread_cond_signal(&store->changed);
		pthread_mutex_unlock(&store->lock);
		pthread_join(store->thread, NULL);
	}
	if (store->image)
		munmap(store->image, store->size);
	close_fd(&store->fd);
	pthread_cond_destroy(&store->changed);
	pthread_mutex_destroy(&store->lock);
	*store = (struct varstore){ .fd = -1 };
}

int varstore_check(const struct varstore_want *want, struct err *err)
{
	autofree void *image = NULL;
	size_t size;
	autoclose int fd = open(want->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return load_template(want, &image, &size, err);
	if (fd < 0)
		return err_errno(err, -errno, "%s", want->path);
	struct flock lock = whole_file();
	if (!fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
		return in_use(want, err);
	int r = file_load(want->path, FV_IMAGE_MAX, &image, &size);
	if (r)
		return err_errno(err, r, "%s", want->path);
	r = check_image(want, want->path, image, size, err);
	return r ? bad_store(want, r, err) : 0;
}

/* --- writing --- */

int varstore_write(void *ctx, uint64_t off, const void *data, size_t len)
{
	struct varstore *store = ctx;
	int r = file_pwrite_all(store->fd, data, len, (off_t)off);
	pthread_mutex_lock(&store->lock);
	if (!store->dirty)
		pthread_cond_signal(&store->changed);
	store->dirty = true;
	pthread_mutex_unlock(&store->lock);
	if (r && !store->failed)
		log_warn("%s: %s: the guest's variables cannot be changed", store->path,
			 strerror(-r));
	store->failed = r;
	return r;
}

static struct timespec after_ms(unsigned ms)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += (long)ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* Lets some more writes come, then clears `dirty`. The lock is held. */
static void gather(struct varstore *store)
{
	struct timespec until = after_ms(SYNC_AFTER_MS);
	while (!store->quit && !pthread_cond_timedwait(&store->changed, &store->lock, &until))
		;
	store->dirty = false;
}

static void *sync_thread(void *arg)
{
	struct varstore *store = arg;
	pthread_mutex_lock(&store->lock);
	for (;;) {
		while (!store->dirty && !store->quit)
			pthread_cond_wait(&store->changed, &store->lock);
		if (!store->dirty)
			break;
		gather(store);
		pthread_mutex_unlock(&store->lock);
		if (fdatasync(store->fd))
			log_warn("%s: %s", store->path, strerror(errno));
		pthread_mutex_lock(&store->lock);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}
