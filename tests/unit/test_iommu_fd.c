/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c
// with: fake/fake_vfio.c fake/fake_iommu.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "fake/fake_vfio.h"
#include "fake/tempdir.h"
#include "iommu/infocap.h"
#include "iommu/iommu.h"

static struct iommu iommu;
static struct host host;
static struct err err;
static struct tempdir dir;
static struct fake_device *a;
static unsigned fds_before;
static char ram[4 * PAGE_4K] __attribute__((aligned(4096)));

static int tell_kvm(void *ctx, int fd, bool add, struct err *e)
{
	(void)ctx;
	(void)e;
	fake_vfio_note(add ? "kvm_add" : "kvm_remove", fd);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	if (tempdir_make(&dir))
		return -1;
	fake_vfio_init();
	a = fake_vfio_add();
	err = (struct err){ 0 };
	host = (struct host){ .sys = dir.fd, .proc = -1, .dev = -1 };
	fds_before = fake_vfio_open_fds();
	iommu = (struct iommu){ .on_vfio_fd = tell_kvm };
	return 0;
}

static int end(void **state)
{
	(void)state;
	iommu_close(&iommu);
	unsigned fds = fake_vfio_open_fds();
	tempdir_remove(&dir);
	if (fake_vfio.broken)
		print_error("%s\n", fake_vfio.broken);
	return fake_vfio.broken != NULL || fds != fds_before;
}

static void open_fd(void)
{
	if (iommu_open(&iommu, IOMMU_FD, &host, &err))
		fail_msg("%s", err.text);
}

static int attach(const struct pci_dev *d, int *fd)
{
	return iommu_attach(&iommu, d, fd, &err);
}

static void detach(const struct pci_dev *d, int *fd)
{
	iommu_detach(&iommu, d, *fd);
	close_fd(fd);
}

static void kvm_is_told_before_the_device_is_bound(void **state)
{
	(void)state;
	int fd = -1;
	struct pci_dev d = fake_vfio_inventory(a);
	open_fd();
	assert_int_equal(attach(&d, &fd), 0);
	static const char *const order[] = { "iommufd_open", "ioas_alloc", "cdev_open",
					     "kvm_add",      "cdev_bind",  "cdev_attach" };
	assert_int_equal(fake_vfio.n_calls, ARRAY_LEN(order));
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		assert_string_equal(fake_vfio.call[i].name, order[i]);
	assert_true(a->attached);
	detach(&d, &fd);
	assert_false(a->attached);
	assert_int_equal(fake_vfio_count("kvm_remove"), 1);
}

static void the_cdev_of_a_device_bound_just_now_is_found_in_sysfs(void **state)
{
	(void)state;
	int fd = -1;
	struct pci_dev d = fake_vfio_inventory(a);
	d.vfio_cdev[0] = '\0';
	assert_int_equal(file_mkdirs(dir.fd, "bus/pci/devices/0000:01:00.0/vfio-dev/vfio0"), 0);
	open_fd();
	assert_int_equal(attach(&d, &fd), 0);
	detach(&d, &fd);
}

static void a_device_without_cdev_is_refused_with_both_reasons(void **state)
{
	(void)state;
	int fd = -1;
	struct pci_dev d = fake_vfio_inventory(a);
	d.vfio_cdev[0] = '\0';
	open_fd();
	assert_int_equal(attach(&d, &fd), -ENOENT);
	assert_non_null(strstr(err.text, "0000:01:00.0: no VFIO character device"));
	assert_non_null(strstr(err.text, "CONFIG_VFIO_DEVICE_CDEV"));
	assert_int_equal(file_mkdirs(dir.fd, "bus/pci/devices/0000:01:00.0/vfio-dev/other"), 0);
	assert_int_equal(attach(&d, &fd), -ENOENT);
}

static void each_failing_call_is_named_and_leaves_nothing(void **state)
{
	(void)state;
	unsigned n = 0;
	struct pci_dev d = fake_vfio_inventory(a);
	for (bool more = true; more;) {
		int fd = -1;
		fake_vfio.fail_at = ++n;
		fake_vfio.fail_errno = -EIO;
		fake_vfio.failed = false;
		fake_vfio.seen = 0;
		err = (struct err){ 0 };
		int r = iommu_open(&iommu, IOMMU_FD, &host, &err);
		if (!r)
			r = attach(&d, &fd);
		more = fake_vfio.failed;
		assert_int_equal(r, more ? -EIO : 0);
		assert_int_equal(strstr(err.text, "Input/output error") != NULL, more);
		if (fd >= 0)
			detach(&d, &fd);
		iommu_close(&iommu);
		assert_int_equal(fake_vfio_open_fds(), fds_before);
	}
	assert_int_equal(n, 6);
	assert_int_equal(fake_vfio_count("kvm_add"), fake_vfio_count("kvm_remove"));
}

static void missing_interrupt_remapping_names_iommufds_own_parameter(void **state)
{
	(void)state;
	int fd = -1;
	struct pci_dev d = fake_vfio_inventory(a);
	fake_vfio.no_intremap = true;
	iommu.unsafe_interrupts = true;
	open_fd();
	assert_int_equal(attach(&d, &fd), -EPERM);
	assert_non_null(strstr(err.text, "no interrupt remapping"));
	assert_non_null(strstr(err.text, "/sys/module/iommufd/parameters/allow_unsafe_interrupts"));
}

static void refusals_to_bind_have_their_next_step(void **state)
{
	(void)state;
	static const struct {
		int code;
		const char *hint;
	} at[] = { { -EBUSY, "another process" }, { -EINVAL, "reserved_regions" } };
	struct pci_dev d = fake_vfio_inventory(a);
	open_fd();
	for (unsigned i = 0; i < ARRAY_LEN(at); i++) {
		int fd = -1;
		fake_vfio.fail_name = "cdev_bind";
		fake_vfio.fail_at = 1;
		fake_vfio.fail_errno = at[i].code;
		fake_vfio.failed = false;
		fake_vfio.seen = 0;
		assert_int_equal(attach(&d, &fd), at[i].code);
		assert_non_null(strstr(err.text, at[i].hint));
	}
}

static void a_blocked_group_names_the_blocker(void **state)
{
	(void)state;
	int fd = -1;
	struct pci_dev d = fake_vfio_inventory(a);
	fake_vfio.not_viable = true;
	assert_int_equal(file_mkdirs(dir.fd, "kernel/iommu_groups/10/devices/0000:01:00.1"), 0);
	assert_int_equal(file_mkdirs(dir.fd, "bus/pci/devices/0000:01:00.1"), 0);
	assert_int_equal(symlinkat("../../drivers/nouveau", dir.fd,
				   "bus/pci/devices/0000:01:00.1/driver"),
			 0);
	open_fd();
	assert_int_equal(attach(&d, &fd), -EINVAL);
	assert_non_null(strstr(err.text, "0000:01:00.1 (nouveau)"));
}

static void ram_is_mapped_at_its_guest_address(void **state)
{
	(void)state;
	open_fd();
	assert_int_equal(iommu_map(&iommu, 0x100000, ram, sizeof(ram), true, &err), 0);
	assert_int_equal(iommu_map(&iommu, 0x200000, ram, PAGE_4K, false, &err), 0);
	assert_true(fake_vfio.map[0].write);
	assert_false(fake_vfio.map[1].write);
	assert_int_equal(iommu.n_maps, 2);
	assert_int_equal(iommu_unmap(&iommu, 0x100000, sizeof(ram), &err), 0);
	assert_int_equal(iommu_unmap(&iommu, 0x100000, sizeof(ram), &err), -ENOENT);
	assert_int_equal(fake_vfio.n_maps, 1);
}

static void device_memory_is_not_supported_rather_than_a_fault(void **state)
{
	(void)state;
	open_fd();
	fake_vfio.fail_name = "ioas_map";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EFAULT;
	assert_int_equal(iommu_map(&iommu, 0, ram, PAGE_4K, true, &err), -EOPNOTSUPP);
	assert_int_equal(iommu.n_maps, 0);
}

static void apertures_are_those_of_the_address_space(void **state)
{
	(void)state;
	open_fd();
	assert_int_equal(iommu_check_range(&iommu, (struct range){ 0, GIB }, &err), 0);
	assert_int_equal(iommu_check_range(&iommu, (struct range){ 0xfee00000, PAGE_4K }, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "0xfee00000"));
	assert_int_equal(fake_vfio_count("ioas_ranges"), 1);
}

static void the_whole_address_space_is_a_range_too(void **state)
{
	(void)state;
	fake_vfio.n_apertures = 1;
	fake_vfio.aperture[0][0] = 0;
	fake_vfio.aperture[0][1] = UINT64_MAX;
	open_fd();
	assert_int_equal(iommu_check_range(&iommu, (struct range){ UINT64_C(1) << 60, GIB }, &err),
			 0);
}

static void there_is_no_group_to_prove(void **state)
{
	(void)state;
	open_fd();
	assert_int_equal(iommu_group_fd(&iommu, 10), -EOPNOTSUPP);
}

/* --- which back end --- */

static void iommufd_is_chosen_when_every_bound_device_has_a_cdev(void **state)
{
	(void)state;
	struct pci_dev devs[2] = { fake_vfio_inventory(a), fake_vfio_inventory(a) };
	struct inventory inv = { .has_iommufd = true, .has_vfio_container = true };
	inv.devs.at = devs;
	inv.devs.n = 2;
	assert_int_equal(iommu_choose(IOMMU_AUTO, &inv, &err), IOMMU_FD);
	devs[1].vfio_cdev[0] = '\0';
	assert_int_equal(iommu_choose(IOMMU_AUTO, &inv, &err), IOMMU_TYPE1);
	devs[1].driver[0] = '\0'; /* not bound yet: it will get one */
	assert_int_equal(iommu_choose(IOMMU_AUTO, &inv, &err), IOMMU_FD);
	assert_int_equal(iommu_choose(IOMMU_TYPE1, &inv, &err), IOMMU_TYPE1);
}

static void what_the_host_lacks_cannot_be_chosen(void **state)
{
	(void)state;
	struct inventory none = { 0 }, type1 = { .has_vfio_container = true },
			 fd = { .has_iommufd = true };
	assert_int_equal(iommu_choose(IOMMU_AUTO, &none, &err), IOMMU_AUTO);
	assert_non_null(strstr(err.text, "neither"));
	assert_int_equal(iommu_choose(IOMMU_FD, &type1, &err), IOMMU_AUTO);
	assert_non_null(strstr(err.text, "CONFIG_IOMMUFD"));
	assert_int_equal(iommu_choose(IOMMU_TYPE1, &fd, &err), IOMMU_AUTO);
	assert_non_null(strstr(err.text, "/dev/vfio/vfio"));
	assert_int_equal(iommu_choose(IOMMU_FD, &fd, &err), IOMMU_FD);
	assert_int_equal(iommu_open(&iommu, IOMMU_AUTO, &host, &err), -EINVAL);
}

/* --- capability chains of the kernel's answers --- */

static void hostile_info_chains_end(void **state)
{
	(void)state;
	uint32_t info[16] = { 0 };
	size_t len = 0;
	struct vfio_info_cap_header loop = { .id = 9, .version = 1, .next = 16 };
	memcpy(info + 4, &loop, sizeof(loop));
	assert_null(info_cap_find(info, sizeof(info), 16, 1, 8, &len));
	assert_non_null(info_cap_find(info, sizeof(info), 16, 9, 8, &len));
	assert_int_equal(len, 48);
	assert_null(info_cap_find(info, sizeof(info), 16, 9, 49, &len));
	assert_null(info_cap_find(info, sizeof(info), 0, 9, 8, &len));
	assert_null(info_cap_find(info, sizeof(info), 60, 9, 8, &len));
	assert_null(info_cap_find(info, sizeof(info), UINT32_MAX - 3, 9, 8, &len));
	assert_null(info_cap_find(info, sizeof(info), 18, 9, 8, &len));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(kvm_is_told_before_the_device_is_bound),
		T(the_cdev_of_a_device_bound_just_now_is_found_in_sysfs),
		T(a_device_without_cdev_is_refused_with_both_reasons),
		T(each_failing_call_is_named_and_leaves_nothing),
		T(missing_interrupt_remapping_names_iommufds_own_parameter),
		T(refusals_to_bind_have_their_next_step),
		T(a_blocked_group_names_the_blocker),
		T(ram_is_mapped_at_its_guest_address),
		T(device_memory_is_not_supported_rather_than_a_fault),
		T(apertures_are_those_of_the_address_space),
		T(the_whole_address_space_is_a_range_too),
		T(there_is_no_group_to_prove),
		T(iommufd_is_chosen_when_every_bound_device_has_a_cdev),
		T(what_the_host_lacks_cannot_be_chosen),
		T(hostile_info_chains_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
