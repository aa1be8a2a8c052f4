/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "varstore.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "fake/fv_image.h"
#include "fake/tempdir.h"

static struct tempdir dir;
static char path[128], template[128], old[140];
static struct varstore_want want;
static struct varstore store;
static struct err err;
static uint8_t *image;

static void write_file(const char *name, const void *data, size_t size)
{
	autoclose int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
}

static uint8_t byte_at(const char *name, off_t at)
{
	uint8_t byte;
	autoclose int fd = open(name, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	return byte;
}

static bool exists(const char *name)
{
	return !access(name, F_OK);
}

static int begin(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	if (tempdir_make(&dir))
		return -1;
	snprintf(path, sizeof(path), "%s/vars.fd", dir.path);
	snprintf(old, sizeof(old), "%s.old", path);
	snprintf(template, sizeof(template), "%s/template.fd", dir.path);
	image = fv_image_store(FV_IMAGE_STORE_4M);
	write_file(template, image, FV_IMAGE_STORE_4M);
	want = (struct varstore_want){
		.path = path, .template = template, .code = "code.fd", .code_size = FV_IMAGE_CODE_4M
	};
	err = (struct err){ 0 };
	store = (struct varstore){ .fd = -1 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	varstore_close(&store);
	free(image);
	tempdir_remove(&dir);
	return 0;
}

static void refused_with(int code, const char *text)
{
	char expected[1200];
	snprintf(expected, sizeof(expected), text, path, template);
	err = (struct err){ 0 };
	assert_int_equal(varstore_check(&want, &err), code);
	assert_string_equal(err.text, expected);
	struct varstore other = { 0 };
	assert_int_equal(varstore_open(&other, &want, &err), code);
	assert_string_equal(err.text, expected);
	varstore_close(&other);
}

static void a_missing_store_is_made_from_the_template_for_its_owner_alone(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(varstore_check(&want, &err), 0);
	assert_false(exists(path));
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(store.size, FV_IMAGE_STORE_4M);
	assert_memory_equal(store.image, image, FV_IMAGE_STORE_4M);
}

static void writes_are_in_the_file_at_once_and_kept_by_the_next_run(void **state)
{
	(void)state;
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	assert_int_equal(varstore_write(&store, 0x1000, "abc", 3), 0);
	assert_int_equal(byte_at(path, 0x1001), 'b');
	varstore_close(&store);
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	assert_memory_equal((char *)store.image + 0x1000, "abc", 3);
	assert_int_equal(byte_at(template, 0x1001), 0xFF);
}

/* Bytes in order, until the process is shot: the file has the first of them and nothing else. */
static void a_kill_leaves_what_was_written_so_far(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (!pid) {
		if (varstore_open(&store, &want, &err))
			_exit(1);
		for (unsigned i = 0; i < 1000; i++)
			varstore_write(&store, 0x1000 + i, "x", 1);
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(byte_at(path, 0x1000 + 999), 'x');
	assert_int_equal(byte_at(path, 0x1000 + 1000), 0xFF);
	assert_int_equal(varstore_open(&store, &want, &err), 0); /* and its lock is gone */
}

static void the_store_is_backed_up_before_a_run_and_only_when_it_has_changed(void **state)
{
	(void)state;
	struct stat first, second;
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	assert_int_equal(stat(old, &first), 0);
	assert_int_equal(varstore_write(&store, 5, "\1", 1), 0);
	varstore_close(&store);
	assert_int_equal(byte_at(old, 5), 0);
	assert_int_equal(byte_at(path, 5), 1);
	write_file(path, image, FV_IMAGE_STORE_4M);
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	assert_int_equal(stat(old, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	varstore_write(&store, 0x1000, "\1", 1);
	varstore_close(&store);
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	assert_int_equal(byte_at(old, 0x1000), 1);
}

static void two_users_of_one_store_are_refused(void **state)
{
	(void)state;
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	refused_with(-EBUSY, "%s: another VM uses these firmware variables; stop it, or give each its "
			     "own firmware.vars");
	varstore_close(&store);
	assert_int_equal(varstore_check(&want, &err), 0);
}

static void a_damaged_store_is_refused_and_its_backup_named(void **state)
{
	(void)state;
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	varstore_close(&store);
	image[52] ^= 1;
	write_file(path, image, FV_IMAGE_STORE_4M);
	refused_with(-EUCLEAN,
		     "%1$s: is damaged: its header's checksum is wrong; put %1$s.old back, which is how "
		     "it was before the last change, or move the file away for a new one");
	assert_int_equal(byte_at(old, 52), image[52] ^ 1);
}

static void a_foreign_store_is_refused(void **state)
{
	(void)state;
	write_file(path, "QFI\xfb and more", 14);
	refused_with(-ENOEXEC,
		     "%1$s: is no variable store, but a qcow2 disk image; convert it with qemu-img "
		     "convert -O raw; move the file away and the next start makes a new one from %2$s");
	uint8_t *small = fv_image_store(FV_IMAGE_STORE_2M);
	write_file(path, small, FV_IMAGE_STORE_2M);
	free(small);
	refused_with(-EINVAL,
		     "%1$s has 131072 bytes, but code.fd (3653632 bytes) needs a variable store of "
		     "540672: they were not built together; a 4M store goes with 4M code, a 2M one with "
		     "2M code; move the file away and the next start makes a new one from %2$s");
	write_file(path, "", 0);
	assert_int_equal(varstore_check(&want, &err), -ENOEXEC);
	assert_int_equal(varstore_open(&store, &want, &err), -ENOEXEC);
}

static void secure_boot_wants_a_store_with_keys(void **state)
{
	(void)state;
	want.secure_boot = true;
	write_file(path, image, FV_IMAGE_STORE_4M);
	refused_with(-EKEYREJECTED, "%1$s: has no Secure Boot keys enrolled; move the file away and the "
				    "next start makes a new one from %2$s");
	unlink(path);
	refused_with(-EKEYREJECTED,
		     "template for the firmware's variables: %2$s: has no Secure Boot keys enrolled; "
		     "give the one that belongs to the code as firmware.template");
	fv_image_add(image, 0, "PK", &fv_image_global_guid, "k", 1);
	write_file(template, image, FV_IMAGE_STORE_4M);
	assert_int_equal(varstore_open(&store, &want, &err), 0);
}

static void a_template_that_is_not_there_is_refused(void **state)
{
	(void)state;
	unlink(template);
	refused_with(-ENOENT, "template for the firmware's variables: %2$s: No such file or directory; "
			      "give the one that belongs to the code as firmware.template");
	assert_false(exists(path));
}

static void a_folder_that_cannot_be_written_is_an_error_that_names_the_store(void **state)
{
	(void)state;
	want.path = "/proc/vars.fd";
	assert_true(varstore_open(&store, &want, &err) < 0);
	assert_non_null(strstr(err.text, "/proc/vars.fd: cannot be made: "));
}

/* As on a full disk: the kernel lets the file have no more bytes. */
static void a_write_that_fails_is_an_error_to_the_guest(void **state)
{
	(void)state;
	struct rlimit limit, none;
	assert_int_equal(varstore_open(&store, &want, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = limit;
	none.rlim_cur = 0x1000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(varstore_write(&store, 0x2000, "x", 1), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(varstore_write(&store, 0x2000, "x", 1), 0);
}

static void what_never_opened_closes(void **state)
{
	(void)state;
	varstore_close(&(struct varstore){ 0 });
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_missing_store_is_made_from_the_template_for_its_owner_alone),
		TEST(writes_are_in_the_file_at_once_and_kept_by_the_next_run),
		TEST(a_kill_leaves_what_was_written_so_far),
		TEST(the_store_is_backed_up_before_a_run_and_only_when_it_has_changed),
		TEST(two_users_of_one_store_are_refused),
		TEST(a_damaged_store_is_refused_and_its_backup_named),
		TEST(a_foreign_store_is_refused),
		TEST(secure_boot_wants_a_store_with_keys),
		TEST(a_template_that_is_not_there_is_refused),
		TEST(a_folder_that_cannot_be_written_is_an_error_that_names_the_store),
		TEST(a_write_that_fails_is_an_error_to_the_guest),
		TEST(what_never_opened_closes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
