/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the unit tests of src/vfio begin and end with: one rig each, and nothing left behind it. */
#ifndef BULKHEAD_TESTS_VFIO_TEST_H
#define BULKHEAD_TESTS_VFIO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake/vfio_rig.h"

static struct rig rig;
static struct err err;

/* Set-up without a device; a test's own set-up calls it first. */
static inline int rig_start(void **state)
{
	(void)state;
	rig_begin(&rig);
	err = (struct err){ 0 };
	return 0;
}

/* Teardown: whatever the test did, nothing may be left. */
static inline int rig_end(void **state)
{
	(void)state;
	rig_down(&rig);
	const char *residue = rig_residue(&rig);
	if (residue)
		print_error("%s\n", residue);
	return residue != NULL;
}

/* All devices that the test has added, opened and on the bus. */
static inline void rig_up_or_fail(void)
{
	if (rig_up(&rig, &err))
		fail_msg("%s", err.text);
}

#endif
