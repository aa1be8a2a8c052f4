/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing how many VFs a PF has. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "core/sysfs.h"
#include "sriov/pf.h"
#include "sriov/pf_path.h"

#define ANSWER_DEADLINE_MS 5000 /* a function may take 1 s after a reset (PCIe 6.0 §6.6.1) */
#define LINK_DEADLINE_MS 5000   /* autonegotiation takes 1 to 3 s */
#define POLL_MS 10
#define VF_DEADLINE_MS 2000 /* of each VF, for its driver to make or take away */

int pf_set_autoprobe(const struct host *host, struct bdf bdf, bool on, struct err *err)
{
	char now[8];
	const char *want = on ? "1" : "0";
	struct pf_path path = pf_path(bdf, "sriov_drivers_autoprobe");
	ssize_t n = file_read(host->sys, path.s, now, sizeof(now));
	if (n >= 0 && !strcmp(now, want))
		return 0;
	int r = n < 0 ? (int)n : sysfs_write(host, path.s, want);
	/* Without the file (before Linux 4.12) new VFs are always offered to drivers. */
	if (r == -ENOENT && on)
		return 0;
	return r ? err_errno(err, r, "%s: writing %s to sriov_drivers_autoprobe", bdf_text(bdf).s,
			     want)
		 : 0;
}

static int count_err(const struct host *host, struct bdf bdf, unsigned count, int code,
		     struct err *err)
{
	char driver[NAME_MAX_SHORT];
	struct bdf_text address = bdf_text(bdf);
	if (file_link_name(host->sys, pf_path(bdf, "driver").s, driver, sizeof(driver)))
		driver[0] = 0;
	if (code == -ENOENT && !*driver)
		return err_set(err, code, "%s has no driver, and only a PF's driver can make VFs",
			       address.s);
	if (code == -ENOENT && !strcmp(driver, "vfio-pci"))
		return err_set(err, code,
			       "%s is on vfio-pci, which makes VFs only with its "
			       "parameter enable_sriov=1",
			       address.s);
	if (code == -ENOENT)
		return err_set(err, code, "%s: its driver %s cannot make VFs", address.s, driver);
	err_errno(err, code, "%s: asking %s for %u VFs", address.s, driver, count);
	err_hint(err, "the kernel log may say why");
	return code;
}

/* Drivers make and take away their VFs one after the other, before they answer. */
static int write_count(const struct host *host, struct bdf bdf, unsigned count, struct err *err)
{
	char text[16];
	uint64_t total = 0;
	if (file_read_u64(host->sys, pf_path(bdf, "sriov_totalvfs").s, &total) || total > UINT16_MAX)
		total = 0;
	struct host patient = *host;
	patient.answer_ms = (host->answer_ms ? host->answer_ms : SYSFS_ANSWER_MS) +
			    VF_DEADLINE_MS * (unsigned)total;
	snprintf(text, sizeof(text), "%u", count);
	int r = sysfs_ask(&patient, pf_path(bdf, "sriov_numvfs").s, text, err);
	if (r == -ETIMEDOUT)
		err_prefix(err, "%s: asking its driver for %u VFs", bdf_text(bdf).s, count);
	return r && r != -ETIMEDOUT ? count_err(host, bdf, count, r, err) : r;
}

static int read_count(const struct host *host, struct bdf bdf, unsigned *ret_count, struct err *err)
{
	uint64_t value;
	int r = file_read_u64(host->sys, pf_path(bdf, "sriov_numvfs").s, &value);
	if (r)
		return err_errno(err, r, "%s: reading sriov_numvfs", bdf_text(bdf).s);
	*ret_count = (unsigned)value;
	return 0;
}

/*
 * A VF's vendor and device words are ffff in silicon (PCIe 6.0 §9.3.4.1.1), so what tells a living
 * one is its status and class: all ones there is what a bus answers for nobody.
 */
static bool answers(const struct host *host, struct bdf vf)
{
	uint8_t head[12];
	autoclose int fd = openat(host->sys, pf_path(vf, "config").s, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && !file_pread_all(fd, head, sizeof(head), 0) &&
	       le_get(head + 4, 4) != 0xffffffff && le_get(head + 8, 4) != 0xffffffff;
}

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000 }, NULL);
}

static int wait_for_vf(const struct host *host, struct bdf pf, unsigned index, uint64_t deadline,
		       struct err *err)
{
	struct bdf vf;
	for (;;) {
		bool is_there = !pf_vf(host, pf, index, &vf);
		if (is_there && answers(host, vf))
			return 0;
		if (now_ms() >= deadline)
			return err_set(err, -ETIMEDOUT, "%s: VF %u %s within %d s", bdf_text(pf).s,
				       index, is_there ? "did not answer" : "did not appear",
				       ANSWER_DEADLINE_MS / 1000);
		pause_a_little();
	}
}

/* That it does not come back is no error: somebody may have pulled the cable. */
static void wait_for_link(const struct host *host, struct bdf bdf, const char *netdev)
{
	uint64_t deadline = now_ms() + LINK_DEADLINE_MS;
	while (!pf_netdev_has_link(host, bdf, netdev) && now_ms() < deadline)
		pause_a_little();
}

static int wait_for_vfs(const struct host *host, struct bdf bdf, unsigned count, struct err *err)
{
	uint64_t deadline = now_ms() + ANSWER_DEADLINE_MS;
	int r = 0;
	for (unsigned i = 0; !r && i < count; i++)
		r = wait_for_vf(host, bdf, i, deadline, err);
	return r;
}

static int change_count(const struct host *host, struct bdf bdf, unsigned now, unsigned count,
			struct err *err)
{
	int r = now ? write_count(host, bdf, 0, err) : 0;
	if (!r && count)
		r = write_count(host, bdf, count, err);
	if (!r)
		r = read_count(host, bdf, &now, err);
	if (!r && now != count)
		r = err_set(err, -EIO, "%s: asked for %u VFs, there are %u", bdf_text(bdf).s, count,
			    now);
	return r ? r : wait_for_vfs(host, bdf, count, err);
}

int pf_set_count(const struct host *host, struct bdf bdf, unsigned count, struct err *err)
{
	char netdev[IFNAMSIZ];
	unsigned now = 0;
	int r = read_count(host, bdf, &now, err);
	if (r || now == count)
		return r;
	pf_netdev(host, bdf, netdev);
	bool had_link = *netdev && pf_netdev_has_link(host, bdf, netdev);
	r = change_count(host, bdf, now, count, err);
	if (!r && had_link)
		wait_for_link(host, bdf, netdev);
	return r;
}
