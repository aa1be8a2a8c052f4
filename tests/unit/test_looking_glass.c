/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "looking_glass.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/opt.h"
#include "fake/capture.h"
#include "hw/ivshmem.h"

#define MIB (UINT64_C(1) << 20)

struct fixture {
	char dir[64];
	struct host host;
	struct profile profile;
	struct looking_glass glass;
	struct loop loop;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-glass-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->host.dev = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->host.dev, "shm", 0700), 0);
	f->profile.name = (char *)"demo";
	f->profile.looking_glass =
		(struct profile_looking_glass){ 1920, 1080, false, NULL, NULL, (char *)"0660" };
	f->glass.fd = f->glass.dir_fd = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	looking_glass_close(&f->glass);
	unlinkat(f->host.dev, "shm/looking-glass-demo", 0);
	unlinkat(f->host.dev, "shm", AT_REMOVEDIR);
	close(f->host.dev);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void opened(struct fixture *f, struct looking_glass *glass)
{
	if (looking_glass_open(glass, &f->profile, &f->host, &f->err))
		fail_msg("%s", f->err.text);
}

static void refused(struct fixture *f, int code, const char *part)
{
	assert_int_equal(looking_glass_check(&f->profile, &f->host, &f->err), code);
	if (!strstr(f->err.text, part))
		fail_msg("no '%s' in: %s", part, f->err.text);
}

static struct stat look(struct fixture *f)
{
	struct stat st;
	assert_int_equal(fstatat(f->host.dev, "shm/looking-glass-demo", &st, AT_SYMLINK_NOFOLLOW),
			 0);
	return st;
}

static void the_size_is_that_of_the_documentation(void **state)
{
	static const struct {
		unsigned width, height;
		bool hdr;
		unsigned mib;
	} sizes[] = {
		{ 1920, 1080, false, 32 },  { 1920, 1200, false, 32 },    { 2560, 1440, false, 64 },
		{ 3840, 2160, false, 128 }, { 1920, 1080, true, 64 },     { 3840, 2160, true, 256 },
		{ 320, 200, false, 16 },    { 16384, 16384, true, 8192 },
	};
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		const struct profile_looking_glass config = { .width = sizes[i].width,
							      .height = sizes[i].height,
							      .hdr = sizes[i].hdr };
		assert_int_equal(looking_glass_size(&config), sizes[i].mib * MIB);
	}
}

static void without_a_size_there_is_none(void **state)
{
	struct fixture *f = *state;
	f->profile.looking_glass.width = f->profile.looking_glass.height = OPT_NONE;
	assert_false(looking_glass_is_wanted(&f->profile.looking_glass));
	assert_int_equal(looking_glass_size(&f->profile.looking_glass), 0);
	assert_int_equal(looking_glass_check(&f->profile, &f->host, &f->err), 0);
}

static void one_side_is_not_enough(void **state)
{
	struct fixture *f = *state;
	f->profile.looking_glass.height = OPT_NONE;
	refused(f, -EINVAL, "set width and height");
}

static void the_file_has_size_and_mode_and_goes_with_the_guest(void **state)
{
	struct fixture *f = *state;
	mode_t old = umask(077);
	opened(f, &f->glass);
	umask(old);
	struct stat st = look(f);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(st.st_size, 32 * MIB);
	memset(f->glass.memory, 1, 4096);
	char first;
	assert_int_equal(pread(f->glass.fd, &first, 1, 0), 1);
	assert_int_equal(first, 1);
	looking_glass_close(&f->glass);
	assert_int_equal(faccessat(f->host.dev, "shm/looking-glass-demo", F_OK, 0), -1);
}

static void the_file_has_the_owner_that_is_asked_for(void **state)
{
	struct fixture *f = *state;
	if (geteuid())
		skip();
	f->profile.looking_glass.owner = (char *)"nobody:nogroup";
	opened(f, &f->glass);
	assert_int_equal(look(f).st_uid, 65534);
	assert_int_equal(look(f).st_gid, 65534);
}

static void users_that_do_not_exist_are_named(void **state)
{
	struct fixture *f = *state;
	f->profile.looking_glass.owner = (char *)"no-such-user";
	refused(f, -ENOENT, "there is no user 'no-such-user'");
	f->profile.looking_glass.owner = (char *)"root:no-such-group";
	refused(f, -ENOENT, "there is no group 'no-such-group'");
}

static void two_guests_do_not_share_it(void **state)
{
	struct fixture *f = *state;
	struct looking_glass other;
	opened(f, &f->glass);
	refused(f, -EBUSY, "is another guest's; set looking_glass.file");
	assert_int_equal(looking_glass_open(&other, &f->profile, &f->host, &f->err), -EBUSY);
	looking_glass_close(&other);
	assert_int_equal(look(f).st_size, 32 * MIB); /* the first one's is still there */
}

static void what_a_killed_run_left_is_used_again(void **state)
{
	struct fixture *f = *state;
	autoclose int fd =
		openat(f->host.dev, "shm/looking-glass-demo", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(looking_glass_check(&f->profile, &f->host, &f->err), 0);
	opened(f, &f->glass);
	assert_int_equal(look(f).st_size, 32 * MIB);
}

static void somebody_elses_file_is_left_alone(void **state)
{
	struct fixture *f = *state;
	if (geteuid())
		skip();
	autoclose int fd =
		openat(f->host.dev, "shm/looking-glass-demo", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_int_equal(fchown(fd, 65534, 65534), 0);
	refused(f, -EPERM, "is somebody else's");
	assert_int_equal(looking_glass_open(&f->glass, &f->profile, &f->host, &f->err), -EPERM);
	looking_glass_close(&f->glass);
	assert_int_equal(look(f).st_uid, 65534);
}

static void links_are_not_followed(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(symlinkat("/etc/passwd", f->host.dev, "shm/looking-glass-demo"), 0);
	refused(f, -ELOOP, "looking-glass-demo");
	assert_int_equal(looking_glass_open(&f->glass, &f->profile, &f->host, &f->err), -ELOOP);
}

static void a_second_name_makes_it_somebody_elses(void **state)
{
	struct fixture *f = *state;
	close(openat(f->host.dev, "shm/other", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
	assert_int_equal(linkat(f->host.dev, "shm/other", f->host.dev, "shm/looking-glass-demo", 0),
			 0);
	refused(f, -EPERM, "is somebody else's");
	unlinkat(f->host.dev, "shm/other", 0);
}

static void no_room_is_said_in_numbers(void **state)
{
	struct fixture *f = *state;
	f->profile.looking_glass.width = 16384;
	f->profile.looking_glass.height = 1 << 24; /* 4 TiB: more than any profile may ask for */
	f->profile.looking_glass.hdr = true;
	refused(f, -ENOSPC, "and the picture needs");
}

/* A /dev/shm of its own, 64 MiB large, for this process alone. False without the right to. */
static bool small_shm(struct fixture *f)
{
	char path[80];
	snprintf(path, sizeof(path), "%s/shm", f->dir);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", path, "tmpfs", 0, "size=64m"))
		return false;
	close(f->host.dev); /* it leads to what was there before */
	f->host.dev = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->host.dev >= 0;
}

/* All of the room that is left there. */
static int fill(struct fixture *f)
{
	int fd = openat(f->host.dev, "shm/filler", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	for (off_t at = 0; at < 64 * (off_t)MIB && !fallocate(fd, 0, at, 4096); at += 4096)
		;
	return fd;
}

static void watch(struct fixture *f)
{
	opened(f, &f->glass);
	assert_int_equal(loop_init(&f->loop), 0);
	if (looking_glass_watch(&f->glass, &f->loop, &f->err))
		fail_msg("%s", f->err.text);
}

/* What is to be heard of the file is heard, and what that causes. */
static void settle(struct fixture *f)
{
	for (unsigned i = 0; i < 5; i++)
		loop_step(&f->loop, 1);
}

static void end_watch(struct fixture *f)
{
	looking_glass_close(&f->glass);
	loop_fini(&f->loop);
}

static void a_file_that_is_cut_is_whole_again(void **state)
{
	struct fixture *f = *state;
	struct capture said;
	watch(f);
	capture_begin(&said);
	for (off_t size = 0; size <= 5000; size += 5000) {
		/* By somebody else's descriptor. */
		autoclose int fd =
			openat(f->host.dev, "shm/looking-glass-demo", O_RDWR | O_CLOEXEC);
		assert_int_equal(ftruncate(fd, size), 0);
		settle(f);
		assert_int_equal(look(f).st_size, 32 * MIB);
	}
	capture_end(&said);
	const char *word = strstr(said.err, "looking-glass-demo was cut");
	assert_non_null(word);
	assert_null(strstr(word + 20, "was cut")); /* said once */
	memset(f->glass.memory, 2, f->glass.size); /* or this is the end */
	char last;
	assert_int_equal(pread(f->glass.fd, &last, 1, 32 * MIB - 1), 1);
	assert_int_equal(last, 2); /* a viewer sees it */
	end_watch(f);
}

static void a_hole_in_it_is_filled(void **state)
{
	struct fixture *f = *state;
	watch(f);
	assert_int_equal(fallocate(f->glass.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, MIB),
			 0);
	assert_true(look(f).st_blocks * UINT64_C(512) < 32 * MIB);
	settle(f);
	assert_true(look(f).st_blocks * UINT64_C(512) >= 32 * MIB);
	end_watch(f);
}

static void writes_are_nothing_to_mend(void **state)
{
	struct fixture *f = *state;
	struct capture said;
	watch(f);
	capture_begin(&said);
	assert_int_equal(pwrite(f->glass.fd, "x", 1, 0), 1);
	assert_int_equal(ftruncate(f->glass.fd, 40 * MIB), 0); /* longer is no harm */
	settle(f);
	capture_end(&said);
	assert_string_equal(said.err, "");
	assert_int_equal(*(char *)f->glass.memory, 'x');
	assert_int_equal(look(f).st_size, 40 * MIB);
	end_watch(f);
}

static void without_room_for_it_the_guest_writes_on_alone(struct fixture *f)
{
	struct capture said;
	watch(f);
	assert_int_equal(ftruncate(f->glass.fd, 0), 0);
	close(fill(f));
	capture_begin(&said);
	settle(f);
	capture_end(&said);
	assert_non_null(strstr(said.err, "cannot be made whole again (No space left on device): "
					 "until the guest's next start no viewer sees it"));
	memset(f->glass.memory, 3, f->glass.size);
	end_watch(f);
	unlinkat(f->host.dev, "shm/filler", 0);
}

static void what_others_fill_it_with_does_not_take_the_guests_pages(struct fixture *f)
{
	opened(f, &f->glass);
	close(fill(f));
	memset(f->glass.memory, 4, f->glass.size);
	looking_glass_close(&f->glass);
	close(fill(f));
	assert_int_equal(looking_glass_open(&f->glass, &f->profile, &f->host, &f->err), -ENOSPC);
	assert_non_null(strstr(f->err.text, "/dev/shm has room for 0 MiB, and the picture needs"));
	looking_glass_close(&f->glass);
}

/* In a process of its own: what mounts there goes with it. */
static void in_a_small_shm(struct fixture *f, void (*test)(struct fixture *f))
{
	int status;
	pid_t pid = fork();
	if (!pid) {
		if (!small_shm(f))
			_exit(77);
		test(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void a_guest_outlives_a_full_shm(void **state)
{
	in_a_small_shm(*state, what_others_fill_it_with_does_not_take_the_guests_pages);
}

static void a_guest_outlives_a_cut_in_a_full_shm(void **state)
{
	in_a_small_shm(*state, without_room_for_it_the_guest_writes_on_alone);
}

static void the_function_says_what_it_is(void **state)
{
	struct ivshmem device;
	(void)state;
	assert_int_equal(ivshmem_init(&device, &device, 32 * MIB), 0);
	struct pci_func *func = &device.func;
	assert_int_equal(pci_cfg_read(func, 0, 4), 0x11101AF4);
	assert_int_equal(pci_cfg_read(func, 8, 4), 0x05000001);
	assert_int_equal(pci_cfg_read(func, 0x3D, 1), 0); /* no interrupt */
	pci_cfg_write(func, 0x18, 4, 0xFFFFFFFF);
	pci_cfg_write(func, 0x1C, 4, 0xFFFFFFFF);
	assert_int_equal(pci_cfg_read(func, 0x18, 4), 0xFE00000C);
	assert_int_equal(pci_cfg_read(func, 0x1C, 4), 0xFFFFFFFF);
	pci_cfg_write(func, 0x10, 4, 0xFFFFFFFF);
	assert_int_equal(pci_cfg_read(func, 0x10, 4), 0xFFFFFF00);
	assert_ptr_equal(func->bar[2].piece[0].hva, &device);
	assert_false(func->bar[2].piece[0].read_only);
	for (unsigned off = 0; off < 256; off += 4)
		assert_int_equal(func->bar[0].piece[0].ops->read(NULL, off, 4), 0);
	assert_int_equal(ivshmem_init(&device, &device, 3 * MIB), -EINVAL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_size_is_that_of_the_documentation),
		T(without_a_size_there_is_none),
		T(one_side_is_not_enough),
		T(the_file_has_size_and_mode_and_goes_with_the_guest),
		T(the_file_has_the_owner_that_is_asked_for),
		T(users_that_do_not_exist_are_named),
		T(two_guests_do_not_share_it),
		T(what_a_killed_run_left_is_used_again),
		T(somebody_elses_file_is_left_alone),
		T(links_are_not_followed),
		T(a_second_name_makes_it_somebody_elses),
		T(no_room_is_said_in_numbers),
		T(a_file_that_is_cut_is_whole_again),
		T(a_hole_in_it_is_filled),
		T(writes_are_nothing_to_mend),
		T(a_guest_outlives_a_full_shm),
		T(a_guest_outlives_a_cut_in_a_full_shm),
		T(the_function_says_what_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
