/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c
// with: fake/fake_vfio.c fake/fake_iommu.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "fake/fake_vfio.h"
#include "fake/tempdir.h"
#include "iommu/iommu.h"
#include "iommu/uapi.h"

static struct iommu iommu;
static struct host host;
static struct err err;
static struct tempdir dir;
static struct fake_device *a, *b;
static unsigned fds_before;
static char ram[4 * PAGE_4K] __attribute__((aligned(4096)));
static int kvm_fails;

static int tell_kvm(void *ctx, int fd, bool add, struct err *e)
{
	assert_ptr_equal(ctx, &kvm_fails);
	fake_vfio_note(add ? "kvm_add" : "kvm_remove", fd);
	return add && kvm_fails ? err_set(e, kvm_fails, "KVM says no") : 0;
}

static int begin(void **state)
{
	(void)state;
	if (tempdir_make(&dir))
		return -1;
	fake_vfio_init();
	a = fake_vfio_add();
	b = fake_vfio_add();
	err = (struct err){ 0 };
	kvm_fails = 0;
	mkdir(tempdir_path(&dir, "proc"), 0755);
	host = (struct host){ .sys = dir.fd, .proc = openat(dir.fd, "proc", O_RDONLY), .dev = -1 };
	fds_before = fake_vfio_open_fds();
	iommu = (struct iommu){ .on_vfio_fd = tell_kvm, .on_vfio_fd_ctx = &kvm_fails };
	return 0;
}

static int end(void **state)
{
	(void)state;
	iommu_close(&iommu);
	unsigned fds = fake_vfio_open_fds();
	close(host.proc);
	tempdir_remove(&dir);
	if (fake_vfio.broken)
		print_error("%s\n", fake_vfio.broken);
	return fake_vfio.broken != NULL || fds != fds_before;
}

static void open_type1(void)
{
	if (iommu_open(&iommu, IOMMU_TYPE1, &host, &err))
		fail_msg("%s", err.text);
}

static int attach(struct fake_device *dev, int *fd)
{
	struct pci_dev d = fake_vfio_inventory(dev);
	return iommu_attach(&iommu, &d, fd, &err);
}

static void detach(struct fake_device *dev, int *fd)
{
	struct pci_dev d = fake_vfio_inventory(dev);
	iommu_detach(&iommu, &d, *fd);
	close_fd(fd);
}

/* A sibling of device `a` on a host driver, as sysfs shows it. */
static void give_group_a_sibling(const char *bdf, const char *driver)
{
	char path[160], target[160];
	snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices/%s", a->group, bdf);
	assert_int_equal(file_mkdirs(dir.fd, path), 0);
	snprintf(path, sizeof(path), "bus/pci/devices/%s", bdf);
	assert_int_equal(file_mkdirs(dir.fd, path), 0);
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", bdf);
	snprintf(target, sizeof(target), "../../drivers/%s", driver);
	assert_int_equal(symlinkat(target, dir.fd, path), 0);
}

/* --- opening --- */

static void a_device_is_reached_through_its_group_and_container(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(fd, a->fd);
	static const char *const order[] = {
		"container_open", "container_version", "container_has",
		"group_open",     "group_flags",       "group_join",
		"container_set",  "kvm_add",           "group_device",
	};
	assert_int_equal(fake_vfio.n_calls, ARRAY_LEN(order));
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		assert_string_equal(fake_vfio.call[i].name, order[i]);
	detach(a, &fd);
}

static void the_iommu_is_set_once_for_all_groups(void **state)
{
	(void)state;
	int fd[2];
	open_type1();
	assert_int_equal(attach(a, &fd[0]), 0);
	assert_int_equal(attach(b, &fd[1]), 0);
	assert_int_equal(fake_vfio_count("container_set"), 1);
	assert_int_equal(fake_vfio_count("group_open"), 2);
	assert_true(iommu_group_fd(&iommu, a->group) >= 0);
	assert_true(iommu_group_fd(&iommu, a->group) != iommu_group_fd(&iommu, b->group));
	assert_int_equal(iommu_group_fd(&iommu, 77), -ENOENT);
	detach(a, &fd[0]);
	detach(b, &fd[1]);
	assert_int_equal(fake_vfio_count("kvm_remove"), 2);
}

static void after_the_last_group_the_iommu_is_set_again(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(iommu_map(&iommu, 0, ram, PAGE_4K, true, &err), 0);
	detach(a, &fd);
	assert_int_equal(iommu.n_maps, 0);
	fake_vfio.iommu_set = false; /* as the kernel does */
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(fake_vfio_count("container_set"), 2);
	detach(a, &fd);
}

static void each_failing_call_is_named_and_leaves_nothing(void **state)
{
	(void)state;
	unsigned n = 0;
	for (bool more = true; more;) {
		int fd = -1;
		fake_vfio.fail_at = ++n;
		fake_vfio.fail_errno = -EIO;
		fake_vfio.failed = false;
		fake_vfio.seen = 0;
		err = (struct err){ 0 };
		int r = iommu_open(&iommu, IOMMU_TYPE1, &host, &err);
		if (!r)
			r = attach(a, &fd);
		more = fake_vfio.failed;
		assert_int_equal(r, more ? -EIO : 0);
		assert_int_equal(strstr(err.text, "Input/output error") != NULL, more);
		if (fd >= 0)
			detach(a, &fd);
		iommu_close(&iommu);
		assert_int_equal(fake_vfio_open_fds(), fds_before);
	}
	assert_int_equal(n, 9);
}

static const char *given_token;

static const char *token_of(void *ctx, const struct pci_dev *dev)
{
	assert_ptr_equal(ctx, &given_token);
	assert_true(bdf_equal(dev->bdf, a->bdf));
	return given_token;
}

static void a_vf_token_goes_with_the_name_and_is_blamed_when_wrong(void **state)
{
	(void)state;
	int fd, other;
	open_type1();
	given_token = NULL;
	assert_int_equal(attach(b, &other), 0); /* keeps the container as it is */
	iommu.vf_token = token_of;
	iommu.vf_token_ctx = &given_token;
	a->vf_token = "14d63f20-8445-11ea-8900-1f9ce7d5650d";
	assert_int_equal(attach(a, &fd), -EACCES);
	assert_non_null(strstr(err.text, "asks for a VF token"));
	given_token = "24d63f20-8445-11ea-8900-1f9ce7d5650d";
	assert_int_equal(attach(a, &fd), -EACCES);
	assert_non_null(strstr(err.text, "vf_token is not the one"));
	given_token = "14d63f20-8445-11ea-8900-1f9ce7d5650d";
	assert_int_equal(attach(a, &fd), 0);
	detach(a, &fd);
	a->vf_token = NULL;
	assert_int_equal(attach(a, &fd), -EINVAL);
	assert_non_null(strstr(err.text, "takes a vf_token"));
	iommu.vf_token = NULL;
	detach(b, &other);
}

static void kvms_refusal_is_passed_on(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	kvm_fails = -EBUSY;
	assert_int_equal(attach(a, &fd), -EBUSY);
	assert_string_equal(err.text, "KVM says no");
	assert_int_equal(fake_vfio_count("group_device"), 0);
	assert_int_equal(iommu_group_fd(&iommu, a->group), -ENOENT);
}

static void an_unknown_api_is_refused(void **state)
{
	(void)state;
	fake_vfio.api_version = 7;
	assert_int_equal(iommu_open(&iommu, IOMMU_TYPE1, &host, &err), -EPROTO);
	assert_non_null(strstr(err.text, "API version 7"));
}

static void a_kernel_without_type1_is_refused_with_the_module(void **state)
{
	(void)state;
	fake_vfio.has_type1v2 = 0;
	assert_int_equal(iommu_open(&iommu, IOMMU_TYPE1, &host, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "vfio_iommu_type1"));
}

static void a_device_without_group_means_the_iommu_is_off(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	struct pci_dev d = fake_vfio_inventory(a);
	d.group = -1;
	assert_int_equal(iommu_attach(&iommu, &d, &fd, &err), -ENODEV);
	assert_non_null(strstr(err.text, "intel_iommu=on"));
}

/* --- refusals that name somebody --- */

static void a_group_that_is_not_viable_names_device_and_driver(void **state)
{
	(void)state;
	int fd = -1;
	give_group_a_sibling("0000:01:00.1", "snd_hda_intel");
	give_group_a_sibling("0000:01:00.2", "vfio-pci");
	fake_vfio.not_viable = true;
	open_type1();
	assert_int_equal(attach(a, &fd), -EINVAL);
	assert_non_null(strstr(err.text, "IOMMU group 10 is not viable"));
	assert_non_null(strstr(err.text, "0000:01:00.1 (snd_hda_intel)"));
	assert_null(strstr(err.text, "0000:01:00.2"));
	assert_non_null(strstr(err.text, "hold"));
}

static void the_kernels_eperm_for_a_blocked_group_is_not_taken_for_interrupts(void **state)
{
	(void)state;
	int fd = -1;
	give_group_a_sibling("0000:01:00.1", "xhci_hcd");
	fake_vfio.fail_name = "group_join";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EPERM;
	open_type1();
	assert_int_equal(attach(a, &fd), -EINVAL);
	assert_non_null(strstr(err.text, "xhci_hcd"));
}

static void many_blockers_are_cut_short(void **state)
{
	(void)state;
	int fd = -1;
	for (unsigned i = 0; i < 40; i++) {
		char bdf[16];
		snprintf(bdf, sizeof(bdf), "0000:02:%02x.0", i & 31);
		if (i < 32)
			give_group_a_sibling(bdf, "a_driver_with_a_long_name");
	}
	fake_vfio.not_viable = true;
	open_type1();
	assert_int_equal(attach(a, &fd), -EINVAL);
	assert_non_null(strstr(err.text, "…"));
}

static void missing_interrupt_remapping_says_what_it_means_and_the_way_out(void **state)
{
	(void)state;
	int fd = -1;
	fake_vfio.no_intremap = true;
	open_type1();
	assert_int_equal(attach(a, &fd), -EPERM);
	assert_non_null(strstr(err.text, "no interrupt remapping"));
	assert_non_null(strstr(err.text, "unsafe_interrupts = true"));
	assert_null(strstr(err.text, "allow_unsafe_interrupts"));
}

static void with_the_profiles_consent_the_kernel_parameter_is_named(void **state)
{
	(void)state;
	int fd = -1;
	iommu.unsafe_interrupts = true;
	fake_vfio.no_intremap = true;
	open_type1();
	assert_int_equal(attach(a, &fd), -EPERM);
	assert_non_null(strstr(err.text,
			       "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"));
}

static void interrupt_remapping_is_asked_of_later_groups_too(void **state)
{
	(void)state;
	int fd = -1, other = -1;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	fake_vfio.no_intremap = true;
	assert_int_equal(attach(b, &other), -EPERM);
	assert_non_null(strstr(err.text, "0000:02:00.0"));
	detach(a, &fd);
}

static void a_group_in_use_names_the_process(void **state)
{
	(void)state;
	int fd = -1;
	assert_int_equal(file_mkdirs(dir.fd, "proc/4242/fd"), 0);
	assert_int_equal(symlinkat("/dev/vfio/10", dir.fd, "proc/4242/fd/31"), 0);
	assert_int_equal(tempdir_write(&dir, "proc/4242/comm", "qemu-system-x86\n", 16), 0);
	fake_vfio.fail_name = "group_open";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EBUSY;
	open_type1();
	assert_int_equal(attach(a, &fd), -EBUSY);
	assert_non_null(strstr(err.text, "/dev/vfio/10"));
	assert_non_null(strstr(err.text, "qemu-system-x86 (pid 4242)"));
}

static void each_reason_not_to_open_has_its_own_next_step(void **state)
{
	(void)state;
	static const struct {
		const char *call;
		int code;
		const char *hint;
	} at[] = {
		{ "group_open", -ENOENT, "not bound to vfio-pci" },
		{ "group_open", -EACCES, "run as root" },
		{ "group_open", -EBUSY, "another process" },
		{ "group_join", -EINVAL, "reserved_regions" },
		{ "group_join", -EBUSY, "another process" },
		{ "group_device", -ENODEV, "not bound to vfio-pci" },
		{ "group_device", -EBUSY, "another process" },
		{ "group_device", -EACCES, "VF token" },
	};
	for (unsigned i = 0; i < ARRAY_LEN(at); i++) {
		int fd = -1;
		open_type1();
		fake_vfio.fail_name = at[i].call;
		fake_vfio.fail_at = 1;
		fake_vfio.fail_errno = at[i].code;
		fake_vfio.failed = false;
		fake_vfio.seen = 0;
		assert_int_equal(attach(a, &fd), at[i].code);
		assert_non_null(strstr(err.text, "0000:01:00.0"));
		assert_non_null(strstr(err.text, at[i].hint));
		iommu_close(&iommu);
	}
}

/* --- mapping --- */

static void ram_is_one_call_per_range(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(iommu_map(&iommu, 0x100000, ram, sizeof(ram), true, &err), 0);
	assert_int_equal(fake_vfio.n_maps, 1);
	assert_int_equal(fake_vfio.map[0].iova, 0x100000);
	assert_ptr_equal(fake_vfio.map[0].hva, ram);
	assert_true(fake_vfio.map[0].write);
	assert_int_equal(iommu.mapped_bytes, sizeof(ram));
	assert_int_equal(iommu.map_calls, 1);
	assert_int_equal(iommu_unmap(&iommu, 0x100000, sizeof(ram), &err), 0);
	assert_int_equal(fake_vfio.n_maps, 0);
	assert_int_equal(iommu.mapped_bytes, 0);
	assert_int_equal(iommu.n_maps, 0);
	detach(a, &fd);
}

static void what_is_not_whole_pages_is_refused_here(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(iommu_map(&iommu, 0x800, ram, PAGE_4K, true, &err), -EINVAL);
	assert_int_equal(iommu_map(&iommu, 0, ram + 1, PAGE_4K, true, &err), -EINVAL);
	assert_int_equal(iommu_map(&iommu, 0, ram, 100, true, &err), -EINVAL);
	assert_int_equal(iommu_map(&iommu, 0, ram, 0, true, &err), -EINVAL);
	assert_int_equal(iommu_map(&iommu, UINT64_MAX - 0xfff, ram, 2 * PAGE_4K, true, &err),
			 -EINVAL);
	assert_int_equal(iommu_unmap(&iommu, 1, PAGE_4K, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not whole pages"));
	assert_int_equal(fake_vfio_count("container_map"), 0);
	detach(a, &fd);
}

static void each_reason_not_to_map_has_its_own_text(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(iommu_map(&iommu, 0, ram, PAGE_4K, true, &err), 0);
	assert_int_equal(iommu_map(&iommu, 0, ram, PAGE_4K, true, &err), -EEXIST);
	assert_non_null(strstr(err.text, "overlaps"));
	assert_int_equal(iommu_map(&iommu, 0xfee00000, ram, PAGE_4K, true, &err), -EINVAL);
	assert_non_null(strstr(err.text, "0xfee00000-0xfee00fff"));
	assert_non_null(strstr(err.text, "reserved region"));
	fake_vfio.max_maps = 1;
	assert_int_equal(iommu_map(&iommu, 0x10000, ram, PAGE_4K, true, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "dma_entry_limit"));
	assert_int_equal(iommu.n_maps, 1);
	assert_int_equal(iommu_unmap(&iommu, 0x10000, PAGE_4K, &err), -ENOENT);
	detach(a, &fd);
}

static void too_little_memlock_is_told_with_both_numbers(void **state)
{
	(void)state;
	int fd = -1;
	struct rlimit old, small = { 8192, 8192 };
	getrlimit(RLIMIT_MEMLOCK, &old);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &small), 0);
	fake_vfio.memlock = 8192;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(iommu_map(&iommu, 0, ram, PAGE_4K, true, &err), 0);
	int r = iommu_map(&iommu, 0x10000, ram, 3 * PAGE_4K, true, &err);
	setrlimit(RLIMIT_MEMLOCK, &old);
	assert_int_equal(r, -ENOMEM);
	assert_non_null(strstr(err.text, "16K needed"));
	assert_non_null(strstr(err.text, "8K allowed"));
	detach(a, &fd);
}

static void memory_that_the_host_lacks_is_not_blamed_on_the_limit(void **state)
{
	(void)state;
	int fd = -1;
	struct rlimit old, small = { 8192, 8192 };
	getrlimit(RLIMIT_MEMLOCK, &old);
	small.rlim_max = old.rlim_max;
	fake_vfio.memlock = 0;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &small), 0);
	int r = iommu_map(&iommu, 0, ram, 2 * PAGE_4K, true, &err);
	assert_int_equal(r, -ENOMEM);
	assert_non_null(strstr(err.text, "not enough free memory"));
	/* With CAP_IPC_LOCK the limit does not count, however small. */
	assert_int_equal(file_mkdirs(dir.fd, "proc/self"), 0);
	static const char status[] = "Name:\tx\nCapEff:\t0000000000004000\n";
	assert_int_equal(tempdir_write(&dir, "proc/self/status", status, sizeof(status) - 1), 0);
	r = iommu_map(&iommu, 0, ram, 4 * PAGE_4K, true, &err);
	setrlimit(RLIMIT_MEMLOCK, &old);
	assert_int_equal(r, -ENOMEM);
	assert_non_null(strstr(err.text, "not enough free memory"));
	detach(a, &fd);
}

static void ranges_inside_the_aperture_pass(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(iommu_check_range(&iommu, (struct range){ 0, 0x80000000 }, &err), 0);
	assert_int_equal(iommu_check_range(&iommu, (struct range){ 0x100000000, GIB }, &err), 0);
	assert_int_equal(iommu_check_range(&iommu, (struct range){ 0xfed00000, 0x200000 }, &err),
			 -EINVAL);
	assert_int_equal(iommu_check_range(&iommu, (struct range){ UINT64_C(1) << 39, GIB }, &err),
			 -EINVAL);
	assert_int_equal(fake_vfio_count("container_info"), 1); /* asked once */
	detach(a, &fd);
}

static void a_kernel_that_does_not_say_allows_everything(void **state)
{
	(void)state;
	int fd = -1;
	fake_vfio.n_apertures = 0;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	assert_int_equal(iommu_check_range(&iommu, (struct range){ UINT64_C(1) << 50, GIB }, &err),
			 0);
	detach(a, &fd);
}

static void a_second_device_may_narrow_the_aperture(void **state)
{
	(void)state;
	int fd[2];
	open_type1();
	assert_int_equal(attach(a, &fd[0]), 0);
	assert_int_equal(iommu_check_range(&iommu, (struct range){ 0, GIB }, &err), 0);
	fake_vfio.aperture[0][1] = 0xffff;
	assert_int_equal(attach(b, &fd[1]), 0);
	assert_int_equal(iommu_check_range(&iommu, (struct range){ 0, GIB }, &err), -EINVAL);
	detach(b, &fd[1]);
	detach(a, &fd[0]);
}

static void unreadable_apertures_are_an_error_not_a_guess(void **state)
{
	(void)state;
	int fd = -1;
	open_type1();
	assert_int_equal(attach(a, &fd), 0);
	fake_vfio.fail_name = "container_info";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EIO;
	assert_int_equal(iommu_check_range(&iommu, (struct range){ 0, GIB }, &err), -EIO);
	assert_non_null(strstr(err.text, "IOVA ranges"));
	detach(a, &fd);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_device_is_reached_through_its_group_and_container),
		T(the_iommu_is_set_once_for_all_groups),
		T(after_the_last_group_the_iommu_is_set_again),
		T(each_failing_call_is_named_and_leaves_nothing),
		T(a_vf_token_goes_with_the_name_and_is_blamed_when_wrong),
		T(kvms_refusal_is_passed_on),
		T(an_unknown_api_is_refused),
		T(a_kernel_without_type1_is_refused_with_the_module),
		T(a_device_without_group_means_the_iommu_is_off),
		T(a_group_that_is_not_viable_names_device_and_driver),
		T(the_kernels_eperm_for_a_blocked_group_is_not_taken_for_interrupts),
		T(many_blockers_are_cut_short),
		T(missing_interrupt_remapping_says_what_it_means_and_the_way_out),
		T(with_the_profiles_consent_the_kernel_parameter_is_named),
		T(interrupt_remapping_is_asked_of_later_groups_too),
		T(a_group_in_use_names_the_process),
		T(each_reason_not_to_open_has_its_own_next_step),
		T(ram_is_one_call_per_range),
		T(what_is_not_whole_pages_is_refused_here),
		T(each_reason_not_to_map_has_its_own_text),
		T(too_little_memlock_is_told_with_both_numbers),
		T(memory_that_the_host_lacks_is_not_blamed_on_the_limit),
		T(ranges_inside_the_aperture_pass),
		T(a_kernel_that_does_not_say_allows_everything),
		T(a_second_device_may_narrow_the_aperture),
		T(unreadable_apertures_are_an_error_not_a_guess),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
