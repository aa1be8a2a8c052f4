/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
/* The real library and the real kernel, with the loopback interface: it has no VFs. */
#include "sriov/netadm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <net/if.h>

#include "fake/host_tree.h"

static struct host host;
static struct netadm *na;
static struct err err;
static unsigned lo;

static int setup(void **state)
{
	(void)state;
	lo = if_nametoindex("lo");
	if (host_open(&host, "", &err))
		return -1;
	int r = netadm_open(&na, &host, &err);
	if (r == -ENOTSUP) /* a container without a sysfs */
		na = NULL;
	return r == -ENOTSUP ? 0 : r;
}

static int teardown(void **state)
{
	(void)state;
	netadm_close(na);
	host_close(&host);
	return 0;
}

static void need_interface(void)
{
	if (!na || !lo)
		skip();
}

static void an_interface_without_vfs_reports_none(void **state)
{
	(void)state;
	struct vf_settings settings = { .known = 77 };
	need_interface();
	assert_int_equal(netadm_read(na, lo, 0, &settings), -ENXIO);
	assert_int_equal(settings.known, 77);
}

static void an_interface_that_is_not_there_is_enodev(void **state)
{
	(void)state;
	struct vf_settings settings;
	need_interface();
	assert_int_equal(netadm_read(na, 0x7fffffff, 0, &settings), -ENODEV);
	assert_int_equal(netadm_set_trust(na, 0x7fffffff, 0, true), geteuid() ? -EPERM : -ENODEV);
}

/* Its driver has none of the functions; who may not ask is told that instead. */
static void what_the_kernel_answers_comes_back_as_its_errno(void **state)
{
	(void)state;
	struct mac mac = { { 2, 0, 0, 0, 0, 1 } };
	need_interface();
	int answers[] = {
		netadm_set_mac(na, lo, 0, mac),
		netadm_set_vlan(na, lo, 0, 100, 1, VF_PROTO_8021Q),
		netadm_set_vlan(na, lo, 0, 100, 1, VF_PROTO_8021AD),
		netadm_set_rate(na, lo, 0, 0, 100),
		netadm_set_spoofchk(na, lo, 0, true),
		netadm_set_link_state(na, lo, 0, VF_LINK_ENABLE),
		netadm_set_trust(na, lo, 0, true),
	};
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		if (answers[i] != -EOPNOTSUPP && answers[i] != -EPERM)
			fail_msg("request %zu: %d", i, answers[i]);
}

static void another_machines_tree_is_refused(void **state)
{
	(void)state;
	struct host_tree tree;
	struct netadm *other = NULL;
	host_tree_make(&tree, "");
	assert_int_equal(netadm_open(&other, &tree.host, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "is not this machine's"));
	assert_null(other);
	host_tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_without_vfs_reports_none),
		cmocka_unit_test(an_interface_that_is_not_there_is_enodev),
		cmocka_unit_test(what_the_kernel_answers_comes_back_as_its_errno),
		cmocka_unit_test(another_machines_tree_is_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
