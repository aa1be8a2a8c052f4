/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"

#define SIZE (1024 * 1024)

static char path[64];
static struct disk disk;
static struct err err;

static int up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	memset(&disk, 0, sizeof(disk));
	err = (struct err){ 0 };
	snprintf(path, sizeof(path), "/tmp/test-disk-%ld", (long)getpid());
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	for (unsigned i = 0; i < SIZE / 4; i++)
		if (write(fd, &i, 4) != 4)
			return -1;
	return close(fd);
}

static int down(void **state)
{
	(void)state;
	disk_close(&disk);
	return unlink(path);
}

static int open_with(bool read_only, bool cdrom, enum disk_cache cache)
{
	const struct disk_config config = { path, read_only, cdrom, cache };
	return disk_open(&disk, &config, &err);
}

static void assert_says(const char *word)
{
	if (!strstr(err.text, word))
		fail_msg("no \"%s\" in: %s", word, err.text);
}

/* --- opening --- */

static void an_image_is_measured_and_locked(void **state)
{
	(void)state;
	struct disk other = { 0 };
	const struct disk_config config = { .path = path }, reader = { .path = path, .read_only = true };
	assert_int_equal(open_with(false, false, DISK_WRITEBACK), 0);
	assert_int_equal(disk.size, SIZE);
	assert_int_equal(disk_open(&other, &config, &err), -EBUSY);
	assert_says("in use by another machine");
	assert_int_equal(disk_open(&other, &reader, &err), -EBUSY);
	disk_close(&disk);
	assert_int_equal(disk_open(&other, &config, &err), 0);
	disk_close(&other);
}

static void readers_share_an_image(void **state)
{
	(void)state;
	struct disk other = { 0 };
	const struct disk_config config = { .path = path, .read_only = true }, writer = { .path = path };
	assert_int_equal(open_with(true, false, DISK_WRITEBACK), 0);
	assert_int_equal(disk_open(&other, &config, &err), 0);
	disk_close(&other);
	assert_int_equal(disk_open(&other, &writer, &err), -EBUSY);
}

static void what_is_no_image_is_refused_with_a_remedy(void **state)
{
	(void)state;
	const struct disk_config none = { .path = "/tmp/no such image" }, folder = { .path = "/tmp" },
				 device = { .path = "/dev/null" };
	assert_int_equal(disk_open(&disk, &none, &err), -ENOENT);
	assert_says("/tmp/no such image");
	assert_says("truncate -s");
	const struct disk_config disc = { .path = none.path, .cdrom = true };
	assert_int_equal(disk_open(&disk, &disc, &err), -ENOENT);
	assert_says("correct \"path\"");
	assert_null(strstr(err.text, "truncate")); /* nobody makes a disc that way */
	assert_int_equal(disk_open(&disk, &folder, &err), -EISDIR);
	assert_int_equal(disk_open(&disk, &device, &err), -EINVAL);
	assert_says("raw image or a block device");
}

static void odd_sizes_are_refused(void **state)
{
	(void)state;
	assert_int_equal(truncate(path, SIZE + 100), 0);
	assert_int_equal(open_with(false, false, DISK_WRITEBACK), -EINVAL);
	assert_says("no multiple of 512");
	assert_says("qemu-img convert");
	assert_int_equal(truncate(path, 512), 0);
	assert_int_equal(open_with(false, true, DISK_WRITEBACK), -EINVAL);
	assert_says("no multiple of 2048");
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(open_with(false, false, DISK_WRITEBACK), -EINVAL);
	assert_says("is empty");
}

static void an_iso_image_that_is_cut_short_is_refused(void **state)
{
	(void)state;
	uint8_t volume[CD_SECTOR] = { 1, 'C', 'D', '0', '0', '1' };
	le_put(volume + 80, 4, SIZE / CD_SECTOR);
	le_put(volume + 128, 2, CD_SECTOR);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, volume, sizeof(volume), 16 * CD_SECTOR), sizeof(volume));
	assert_int_equal(open_with(false, true, DISK_WRITEBACK), 0);
	assert_true(disk.read_only);
	disk_close(&disk);
	assert_int_equal(ftruncate(fd, SIZE / 2), 0);
	assert_int_equal(open_with(false, true, DISK_WRITEBACK), -EINVAL);
	assert_says("get it again");
	close(fd);
}

static void an_image_that_may_not_be_written_wants_readonly(void **state)
{
	(void)state;
	if (!geteuid() && seteuid(65534))
		skip();
	/* Somebody else's file, for the one that we are now. */
	const struct disk_config config = { .path = "/etc/passwd" };
	int r = disk_open(&disk, &config, &err);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(r, -EACCES);
	assert_says("readonly = true");
}

/* --- requests --- */

struct wait {
	struct disk_request request;
	sem_t sem;
	int result;
};

static void done(struct disk_request *request, int result)
{
	struct wait *wait = container_of(request, struct wait, request);
	wait->result = result;
	sem_post(&wait->sem);
}

static int run(struct disk_request request)
{
	struct wait wait = { .request = request };
	wait.request.done = done;
	sem_init(&wait.sem, 0, 0);
	int r = disk_submit(&disk, &wait.request);
	if (!r) {
		sem_wait(&wait.sem);
		r = wait.result;
	}
	sem_destroy(&wait.sem);
	return r;
}

static void start(enum disk_cache cache)
{
	int r = open_with(false, false, cache);
	if (r == -EINVAL && cache == DISK_DIRECT)
		skip(); /* /tmp is in memory here */
	assert_int_equal(r, 0);
	assert_int_equal(disk_start(&disk, &err), 0);
}

static void read_write(enum disk_cache cache)
{
	static _Alignas(4096) uint8_t out[8192 + 2], in[8192];
	const struct iovec write_iov[] = { { out + 2, 510 }, { out + 512, 0 }, { out + 512, 7682 } };
	const struct iovec read_iov[] = { { in, 4096 }, { in + 4096, 4096 } };
	start(cache);
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 31);
	assert_int_equal(run((struct disk_request){ .op = DISK_WRITE, .offset = 512, .len = 8192,
						    .iov = write_iov, .n_iov = 3 }), 0);
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .offset = 512, .len = 8192,
						    .iov = read_iov, .n_iov = 2 }), 0);
	assert_memory_equal(in, out + 2, 8192);
	assert_int_equal(run((struct disk_request){ .op = DISK_FLUSH }), 0);
}

static void what_is_written_is_read_again(void **state)
{
	(void)state;
	read_write(DISK_WRITEBACK);
}

static void writing_through_works_the_same(void **state)
{
	(void)state;
	read_write(DISK_WRITETHROUGH);
}

/* Buffers of 2-byte alignment, which O_DIRECT does not take. */
static void past_the_page_cache_too(void **state)
{
	(void)state;
	read_write(DISK_DIRECT);
}

static void many_small_buffers_become_one_transfer(void **state)
{
	(void)state;
	static uint32_t in[4096];
	struct iovec iov[2048];
	start(DISK_WRITEBACK);
	for (unsigned i = 0; i < ARRAY_LEN(iov); i++)
		iov[i] = (struct iovec){ (uint8_t *)in + i * 8, 8 };
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .offset = 4096, .len = sizeof(in),
						    .iov = iov, .n_iov = ARRAY_LEN(iov) }), 0);
	for (unsigned i = 0; i < ARRAY_LEN(in); i++)
		assert_int_equal(in[i], 1024 + i);
}

static void requests_outside_the_disk_are_refused(void **state)
{
	(void)state;
	uint8_t byte[512];
	const struct iovec iov = { byte, sizeof(byte) };
	start(DISK_WRITEBACK);
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .offset = SIZE, .len = 512, .iov = &iov, .n_iov = 1 }), -EINVAL);
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .offset = 1, .len = 512, .iov = &iov, .n_iov = 1 }), -EINVAL);
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .len = 0, .iov = &iov, .n_iov = 1 }), -EINVAL);
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .offset = UINT64_MAX - 511, .len = 512, .iov = &iov, .n_iov = 1 }), -EINVAL);
	/* Fewer bytes of buffers than it says. */
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .len = 1024, .iov = &iov, .n_iov = 1 }), -EINVAL);
}

static void a_read_only_disk_is_not_written(void **state)
{
	(void)state;
	uint8_t byte[512];
	const struct iovec iov = { byte, sizeof(byte) };
	assert_int_equal(open_with(true, false, DISK_WRITEBACK), 0);
	assert_int_equal(disk_start(&disk, &err), 0);
	assert_int_equal(run((struct disk_request){ .op = DISK_WRITE, .len = 512, .iov = &iov, .n_iov = 1 }), -EROFS);
	assert_int_equal(run((struct disk_request){ .op = DISK_DISCARD, .len = 512 }), -EROFS);
	assert_int_equal(run((struct disk_request){ .op = DISK_FLUSH }), 0);
}

static void discarded_blocks_are_empty_and_read_as_zero(void **state)
{
	(void)state;
	static uint8_t in[65536];
	const struct iovec iov = { in, sizeof(in) };
	struct stat before, after;
	start(DISK_WRITEBACK);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(run((struct disk_request){ .op = DISK_DISCARD, .offset = 65536, .len = 65536 }), 0);
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .offset = 65536, .len = 65536, .iov = &iov, .n_iov = 1 }), 0);
	assert_int_equal(stat(path, &after), 0);
	if (after.st_blocks == before.st_blocks)
		skip(); /* a file system without holes */
	for (unsigned i = 0; i < sizeof(in); i++)
		assert_int_equal(in[i], 0);
}

static void an_image_cut_short_behind_our_back_is_an_error(void **state)
{
	(void)state;
	uint8_t in[512];
	const struct iovec iov = { in, sizeof(in) };
	start(DISK_WRITEBACK);
	assert_int_equal(truncate(path, 4096), 0);
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .offset = 8192, .len = 512, .iov = &iov, .n_iov = 1 }), -EIO);
	assert_int_equal(run((struct disk_request){ .op = DISK_READ, .offset = 0, .len = 512, .iov = &iov, .n_iov = 1 }), 0);
}

static void closing_waits_for_all_that_was_asked(void **state)
{
	(void)state;
	enum { N = 200 };
	static struct wait waits[N];
	static uint8_t in[N][512];
	static struct iovec iov[N];
	start(DISK_WRITEBACK);
	for (unsigned i = 0; i < N; i++) {
		iov[i] = (struct iovec){ in[i], 512 };
		waits[i] = (struct wait){ .request = { .op = DISK_READ, .offset = i * UINT64_C(512),
						       .len = 512, .iov = &iov[i], .n_iov = 1,
						       .done = done }, .result = 1 };
		sem_init(&waits[i].sem, 0, 0);
		assert_int_equal(disk_submit(&disk, &waits[i].request), 0);
	}
	assert_true(disk.n_threads <= DISK_THREADS);
	disk_close(&disk);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(waits[i].result, 0);
		assert_int_equal(le32_get(in[i]), i * 128);
		sem_destroy(&waits[i].sem);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_is_measured_and_locked),
		TEST(readers_share_an_image),
		TEST(what_is_no_image_is_refused_with_a_remedy),
		TEST(odd_sizes_are_refused),
		TEST(an_iso_image_that_is_cut_short_is_refused),
		TEST(an_image_that_may_not_be_written_wants_readonly),
		TEST(what_is_written_is_read_again),
		TEST(writing_through_works_the_same),
		TEST(past_the_page_cache_too),
		TEST(many_small_buffers_become_one_transfer),
		TEST(requests_outside_the_disk_are_refused),
		TEST(a_read_only_disk_is_not_written),
		TEST(discarded_blocks_are_empty_and_read_as_zero),
		TEST(an_image_cut_short_behind_our_back_is_an_error),
		TEST(closing_waits_for_all_that_was_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
