/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/plan_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "fake/plan_host.h"
#include "fake/tempdir.h"

static struct tempdir dir;
static struct host host;
static char paths[PROFILE_MAX_DISKS][128];

static int up(void **state)
{
	memset(&host, 0, sizeof(host));
	host.sys = host.dev = -1;
	host.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (host.proc < 0 || tempdir_make(&dir))
		return -1;
	snprintf(host.run_path, sizeof(host.run_path), "%s/run", dir.path);
	return plan_setup(state);
}

static int down(void **state)
{
	close(host.proc);
	tempdir_remove(&dir);
	return plan_teardown(state);
}

/* One more disk of the profile; a file of that many bytes unless it is 0. */
static struct profile_disk *add_disk(const char *file, uint64_t size)
{
	unsigned i = profile.n_disks++;
	snprintf(paths[i], sizeof(paths[i]), "%s/%s", dir.path, file);
	if (size) {
		int fd = open(paths[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_return_code(ftruncate(fd, (off_t)size), errno);
		close(fd);
	}
	profile.disk[i].path = paths[i];
	return &profile.disk[i];
}

static void examine(void)
{
	make();
	assert_int_equal(plan_check_disks(&plan, &host), 0);
}

static void assert_refused(size_t i, int code, const char *word)
{
	assert_true(plan.refusals.n > i);
	assert_int_equal(plan.refusals.at[i].code, code);
	if (!strstr(plan.refusals.at[i].text, word))
		fail_msg("no \"%s\" in: %s", word, plan.refusals.at[i].text);
}

/* --- in the guest --- */

static void disks_bring_a_controller_with_its_registers_and_pin(void **state)
{
	(void)state;
	add_disk("one", MIB);
	make();
	assert_int_equal(plan.n_own, 1);
	const struct plan_own *own = &plan.own[0];
	assert_int_equal(own->kind, PLAN_OWN_AHCI);
	assert_int_equal(own->guest.dev, 31);
	assert_int_equal(own->guest.fn, 2);
	assert_int_equal(own->gsi, 16);
	assert_true(own->bar[5].addr >= PCI_MMIO32_BASE && own->bar[5].addr < PCI_MMIO32_END);
}

static void without_disks_there_is_none(void **state)
{
	(void)state;
	make();
	assert_int_equal(plan.n_own, 0);
}

static void its_registers_share_the_window_with_assigned_devices(void **state)
{
	(void)state;
	struct pci_dev *dev = add_dev("0000:03:00.0", 3, "e1000");
	dev->is_pcie = false;
	dev->bar[0] = (struct pci_resource){ .size = 64 * KIB, .flags = RES_MEM };
	want("0000:03:00.0", GROUP_REFUSE);
	add_disk("one", MIB);
	assert_accepted();
	assert_int_equal(plan.device[0].bar_addr[0], PCI_MMIO32_BASE);
	assert_int_equal(plan.own[0].bar[5].addr, PCI_MMIO32_BASE + 64 * KIB);
}

/* --- on the host --- */

static void good_disks_are_accepted_and_left_unlocked(void **state)
{
	(void)state;
	add_disk("one", MIB);
	add_disk("two", MIB)->type = DISK_CDROM;
	examine();
	assert_int_equal(plan.refusals.n, 0);
	plan_fini(&plan);
	examine();
	assert_int_equal(plan.refusals.n, 0);
}

static void every_bad_disk_is_named(void **state)
{
	(void)state;
	add_disk("missing", 0);
	add_disk("one", MIB);
	add_disk("odd", MIB + 3);
	add_disk("odd.iso", MIB + 512)->type = DISK_CDROM;
	examine();
	assert_int_equal(plan.refusals.n, 3);
	assert_refused(0, -ENOENT, "/missing");
	assert_refused(1, -EINVAL, "no multiple of 512");
	assert_refused(2, -EINVAL, "no image of a CD or DVD");
}

static void the_same_image_twice_is_told_from_another_machines(void **state)
{
	(void)state;
	add_disk("one", MIB);
	add_disk("one", MIB);
	examine();
	assert_int_equal(plan.refusals.n, 1);
	assert_refused(0, -EBUSY, "disks[0] is the same image");
	plan_fini(&plan);
	profile.disk[0].read_only = profile.disk[1].read_only = true;
	examine();
	assert_int_equal(plan.refusals.n, 0);
}

/* A process of another machine, with the lock that core/disk.h takes. */
static pid_t hold(const char *path)
{
	int pipe_fd[2];
	char byte;
	assert_return_code(pipe(pipe_fd), errno);
	pid_t pid = fork();
	if (!pid) {
		struct disk disk;
		const struct disk_config config = { .path = path };
		int r = disk_open(&disk, &config, NULL);
		if (write(pipe_fd[1], r ? "1" : "0", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(pipe_fd[0], &byte, 1), 1);
	assert_int_equal(byte, '0');
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return pid;
}

static void a_disk_of_a_running_machine_names_the_process(void **state)
{
	(void)state;
	char number[32];
	add_disk("one", MIB);
	pid_t pid = hold(paths[0]);
	examine();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(number, sizeof(number), "pid %ld", (long)pid);
	assert_int_equal(plan.refusals.n, 1);
	assert_refused(0, -EBUSY, "in use by another machine");
	assert_refused(0, -EBUSY, number);
}

static void of_a_host_in_a_file_no_disk_is_looked_at(void **state)
{
	(void)state;
	add_disk("missing", 0);
	host.replayed = true;
	examine();
	assert_int_equal(plan.refusals.n, 0);
}

/* --- the serial number --- */

static void a_serial_number_is_given_or_made_of_the_path(void **state)
{
	(void)state;
	char given[] = "GIVEN", one[] = "/one", two[] = "/two";
	struct profile_disk a = { .path = one }, b = { .path = two };
	assert_int_equal(strlen(profile_disk_serial(&a).s), 16);
	assert_string_equal(profile_disk_serial(&a).s, profile_disk_serial(&a).s);
	assert_string_not_equal(profile_disk_serial(&a).s, profile_disk_serial(&b).s);
	a.serial = given;
	assert_string_equal(profile_disk_serial(&a).s, "GIVEN");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(disks_bring_a_controller_with_its_registers_and_pin),
		TEST(without_disks_there_is_none),
		TEST(its_registers_share_the_window_with_assigned_devices),
		TEST(good_disks_are_accepted_and_left_unlocked),
		TEST(every_bad_disk_is_named),
		TEST(the_same_image_twice_is_told_from_another_machines),
		TEST(a_disk_of_a_running_machine_names_the_process),
		TEST(of_a_host_in_a_file_no_disk_is_looked_at),
		TEST(a_serial_number_is_given_or_made_of_the_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
