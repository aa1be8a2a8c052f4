/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/nvme.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "core/sysfs.h"
#include "sriov/nvme_uapi.h"
#include "sriov/pf_path.h"

/* NVMe base 2.0 §5.17 (identify), §5.28 (virtualization management). */
#define ADMIN_IDENTIFY 0x06
#define ADMIN_VIRTUALIZATION 0x1c
#define CNS_CONTROLLER 0x01
#define CNS_PRIMARY 0x14
#define CNS_SECONDARIES 0x15
#define PAGE 4096
#define OACS 256 /* in CNS_CONTROLLER; bit 7: virtualization management */
#define OACS_VIRTUALIZATION 0x80
#define SECONDARIES_MAX 127 /* in one page, after 32 bytes that hold their number */
#define SECONDARY_SIZE 32

enum resource { QUEUES, VECTORS };
enum act { ACT_PRIMARY = 1, ACT_OFFLINE = 7, ACT_ASSIGN = 8, ACT_ONLINE = 9 };

#define RESET_DEADLINE_MS 60000 /* a controller may take CAP.TO, 127.5 s at most, seldom over 30 s */
#define POLL_MS 20

struct controller {
	const struct host *host;
	struct bdf pf;
	char node[32];
	int fd;
};

static void close_controller(struct controller *c)
{
	close_fd(&c->fd);
}
#define autocontroller __attribute__((cleanup(close_controller)))

/* --- the node --- */

static int find_node(const struct host *host, struct bdf pf, char node[32])
{
	autodir DIR *dir = dir_open(host->sys, pf_path(pf, "nvme").s);
	for (const char *name; (name = dir_next(dir, "nvme"));)
		if (strlen(name) < 32) {
			snprintf(node, 32, "%.31s", name);
			return 0;
		}
	return -ENODEV;
}

bool nvme_is(const struct host *host, struct bdf pf)
{
	char node[32];
	return !find_node(host, pf, node);
}

static int open_controller(const struct host *host, struct bdf pf, struct controller *ret,
			   struct err *err)
{
	struct controller c = { .host = host, .pf = pf };
	if (find_node(host, pf, c.node))
		return err_set(err, -ENODEV, "%s: no NVMe driver has it", bdf_text(pf).s);
	c.fd = openat(host->dev, c.node, O_RDONLY | O_CLOEXEC);
	if (c.fd < 0)
		return err_errno(err, -errno, "%s: opening /dev/%s", bdf_text(pf).s, c.node);
	*ret = c;
	return 0;
}

/* --- commands --- */

static const char *status_text(int status)
{
	switch (status) {
	case 0x001:
		return "it does not know the command";
	case 0x11f:
		return "there is no such controller";
	case 0x120:
		return "the controller's state does not allow it";
	case 0x121:
		return "there are not that many resources";
	case 0x122:
		return "there is no such kind of resource";
	default:
		return "the command failed";
	}
}

/* A status of the controller becomes -EIO with its meaning. */
static int command(const struct controller *c, struct nvme_admin_cmd *cmd, const char *what,
		   struct err *err)
{
	int r = nvme_admin(c->fd, cmd);
	if (r < 0)
		return err_errno(err, r, "%s: /dev/%s: %s", bdf_text(c->pf).s, c->node, what);
	if (r > 0)
		return err_set(err, -EIO, "%s: /dev/%s: %s: %s (NVMe status 0x%03x)",
			       bdf_text(c->pf).s, c->node, what, status_text(r), (unsigned)r);
	return 0;
}

static int identify(const struct controller *c, unsigned cns, uint16_t from, uint8_t page[PAGE],
		    struct err *err)
{
	struct nvme_admin_cmd cmd = {
		.opcode = ADMIN_IDENTIFY,
		.addr = (uintptr_t)page,
		.data_len = PAGE,
		.cdw10 = cns | (uint32_t)from << 16,
	};
	memset(page, 0, PAGE);
	return command(c, &cmd, "identify", err);
}

static int manage(const struct controller *c, enum act act, uint16_t id, enum resource resource,
		  unsigned number, struct err *err)
{
	static const char *const whats[] = {
		[ACT_PRIMARY] = "keeping flexible resources",
		[ACT_OFFLINE] = "taking a VF offline",
		[ACT_ASSIGN] = "assigning resources to a VF",
		[ACT_ONLINE] = "bringing a VF online",
	};
	struct nvme_admin_cmd cmd = {
		.opcode = ADMIN_VIRTUALIZATION,
		.cdw10 = (uint32_t)act | (uint32_t)resource << 8 | (uint32_t)id << 16,
		.cdw11 = number,
	};
	int r = command(c, &cmd, whats[act], err);
	/* It may give fewer, and says how many. */
	if (!r && (act == ACT_PRIMARY || act == ACT_ASSIGN) && cmd.result != number)
		r = err_set(err, -EIO, "%s: /dev/%s: %s: asked for %u %s, got %u",
			    bdf_text(c->pf).s, c->node, whats[act], number,
			    resource == QUEUES ? "queues" : "interrupts", cmd.result);
	return r;
}

/* --- what there is --- */

static struct nvme_pool pool_at(const uint8_t *at)
{
	return (struct nvme_pool){ .total = le32_get(at),
				   .assigned = le32_get(at + 4),
				   .primary = le16_get(at + 8),
				   .own = le16_get(at + 10),
				   .max = le16_get(at + 12) };
}

static int read_primary(const struct controller *c, struct nvme_primary *ret, struct err *err)
{
	uint8_t page[PAGE];
	int r = identify(c, CNS_CONTROLLER, 0, page, err);
	if (r)
		return r;
	if (!(le16_get(page + OACS) & OACS_VIRTUALIZATION))
		return err_set(err, -EOPNOTSUPP,
			       "%s: /dev/%s has no virtualization management, so its VFs cannot be "
			       "brought online",
			       bdf_text(c->pf).s, c->node);
	r = identify(c, CNS_PRIMARY, 0, page, err);
	if (!r)
		*ret = (struct nvme_primary){ le16_get(page), pool_at(page + 32),
					      pool_at(page + 64) };
	return r;
}

static struct nvme_secondary secondary_at(const uint8_t *at)
{
	return (struct nvme_secondary){ .id = le16_get(at),
					.online = at[4] & 1,
					.queues = le16_get(at + 10),
					.vectors = le16_get(at + 12) };
}

/* Calls `each` for every entry; stops when it answers other than 0. VF numbers count from 1 there. */
static int each_secondary(const struct controller *c,
			  int (*each)(void *ctx, unsigned vf, const struct nvme_secondary *one),
			  void *ctx, struct err *err)
{
	uint8_t page[PAGE];
	unsigned from = 0, n = SECONDARIES_MAX;
	while (n == SECONDARIES_MAX) {
		int r = identify(c, CNS_SECONDARIES, (uint16_t)from, page, err);
		if (r)
			return r;
		n = page[0] < SECONDARIES_MAX ? page[0] : SECONDARIES_MAX;
		for (unsigned i = 0; i < n; i++) {
			const uint8_t *at = page + SECONDARY_SIZE * (i + 1);
			struct nvme_secondary one = secondary_at(at);
			r = each(ctx, le16_get(at + 8), &one);
			if (r)
				return r;
			/* Identifiers rise; a list that does not would have no end. */
			if (one.id < from)
				return 0;
			from = one.id + 1u;
		}
		if (from > UINT16_MAX)
			return 0;
	}
	return 0;
}

struct wanted {
	unsigned vf; /* from 1 */
	struct nvme_secondary found;
};

static int match(void *ctx, unsigned vf, const struct nvme_secondary *one)
{
	struct wanted *wanted = ctx;
	if (vf != wanted->vf)
		return 0;
	wanted->found = *one;
	return 1;
}

static int read_secondary(const struct controller *c, unsigned index, struct nvme_secondary *ret,
			  struct err *err)
{
	struct wanted wanted = { .vf = index + 1 };
	int r = each_secondary(c, match, &wanted, err);
	if (r == 1)
		*ret = wanted.found;
	if (r)
		return r < 0 ? r : 0;
	return err_set(err, -ENXIO, "%s: /dev/%s lists no secondary controller for VF %u",
		       bdf_text(c->pf).s, c->node, index);
}

int nvme_read_primary(const struct host *host, struct bdf pf, struct nvme_primary *ret,
		      struct err *err)
{
	autocontroller struct controller c = { .fd = -1 };
	int r = open_controller(host, pf, &c, err);
	return r ? r : read_primary(&c, ret, err);
}

int nvme_read_secondary(const struct host *host, struct bdf pf, unsigned index,
			struct nvme_secondary *ret, struct err *err)
{
	autocontroller struct controller c = { .fd = -1 };
	int r = open_controller(host, pf, &c, err);
	return r ? r : read_secondary(&c, index, ret, err);
}

struct all {
	struct nvme_secondary *at;
	unsigned n;
};

static int keep_one(void *ctx, unsigned vf, const struct nvme_secondary *one)
{
	struct all *all = ctx;
	if (vf && vf <= all->n)
		all->at[vf - 1] = *one;
	return 0;
}

int nvme_read_secondaries(const struct host *host, struct bdf pf, struct nvme_secondary *ret,
			  unsigned n, struct err *err)
{
	autocontroller struct controller c = { .fd = -1 };
	struct all all = { ret, n };
	int r = open_controller(host, pf, &c, err);
	return r ? r : each_secondary(&c, keep_one, &all, err);
}

/* --- changes --- */

static int find_online(void *ctx, unsigned vf, const struct nvme_secondary *one)
{
	*(unsigned *)ctx = vf;
	return one->online && vf;
}

static bool keeps(const struct nvme_primary *now, unsigned queues, unsigned vectors)
{
	return now->queues.primary == queues && now->vectors.primary == vectors;
}

/* The driver resets on its own time, and fails what comes meanwhile. */
static int wait_until_live(const struct controller *c, struct err *err)
{
	char path[64], state[32];
	snprintf(path, sizeof(path), "nvme/%.31s/state", c->node);
	for (int waited = 0; waited < RESET_DEADLINE_MS; waited += POLL_MS) {
		/* Without the file (before Linux 4.8) there is nothing to wait for. */
		if (file_read(c->host->sys, pf_path(c->pf, path).s, state, sizeof(state)) < 0 ||
		    !strcmp(state, "live"))
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000 }, NULL);
	}
	return err_set(err, -ETIMEDOUT, "%s: /dev/%s is still '%s' %d s after its reset",
		       bdf_text(c->pf).s, c->node, state, RESET_DEADLINE_MS / 1000);
}

/*
 * Any controller-level reset is enough by the specification (NVMe base 2.0 §3.7.2). Some take over
 * the new division only when the function is reset, which is one too.
 */
static int reset(const struct controller *c, unsigned queues, unsigned vectors,
		 struct nvme_primary *ret_now, struct err *err)
{
	int r = nvme_reset(c->fd);
	if (r)
		return err_errno(err, r, "%s: resetting /dev/%s", bdf_text(c->pf).s, c->node);
	r = wait_until_live(c, err);
	if (!r)
		r = read_primary(c, ret_now, err);
	if (r || keeps(ret_now, queues, vectors))
		return r;
	r = sysfs_write(c->host, pf_path(c->pf, "reset").s, "1");
	if (r)
		return err_errno(err, r, "%s: resetting the function", bdf_text(c->pf).s);
	r = wait_until_live(c, err);
	return r ? r : read_primary(c, ret_now, err);
}

static int keep(const struct controller *c, unsigned queues, unsigned vectors, struct err *err)
{
	struct nvme_primary now = { 0 };
	unsigned vf;
	int r = each_secondary(c, find_online, &vf, err);
	if (r == 1)
		return err_set(err, -EBUSY,
			       "%s: its resources cannot be divided anew while VF %u is online: "
			       "that resets the controller, and takes the VF offline",
			       bdf_text(c->pf).s, vf - 1);
	if (!r)
		r = read_primary(c, &now, err);
	if (!r)
		r = manage(c, ACT_PRIMARY, now.id, VECTORS, vectors, err);
	if (!r)
		r = manage(c, ACT_PRIMARY, now.id, QUEUES, queues, err);
	if (!r)
		r = reset(c, queues, vectors, &now, err);
	if (!r && !keeps(&now, queues, vectors))
		r = err_set(err, -EIO,
			    "%s: /dev/%s keeps %u queues and %u interrupts after its reset, not %u "
			    "and %u",
			    bdf_text(c->pf).s, c->node, now.queues.primary, now.vectors.primary,
			    queues, vectors);
	return r;
}

int nvme_set_primary(const struct host *host, struct bdf pf, unsigned queues, unsigned vectors,
		     struct err *err)
{
	autocontroller struct controller c = { .fd = -1 };
	int r = open_controller(host, pf, &c, err);
	return r ? r : keep(&c, queues, vectors, err);
}

/* Resources are assigned while it is offline. */
static int assign(const struct controller *c, unsigned index, const struct nvme_secondary *want,
		  struct err *err)
{
	struct nvme_secondary now = { 0 };
	int r = read_secondary(c, index, &now, err);
	if (!r && now.online)
		r = manage(c, ACT_OFFLINE, now.id, QUEUES, 0, err);
	if (!r && now.vectors != want->vectors)
		r = manage(c, ACT_ASSIGN, now.id, VECTORS, want->vectors, err);
	if (!r && now.queues != want->queues)
		r = manage(c, ACT_ASSIGN, now.id, QUEUES, want->queues, err);
	if (!r && want->online)
		r = manage(c, ACT_ONLINE, now.id, QUEUES, 0, err);
	if (!r)
		r = read_secondary(c, index, &now, err);
	if (!r && (now.online != want->online || now.queues != want->queues ||
		   now.vectors != want->vectors))
		r = err_set(err, -EIO, "the controller says it is %s with %u queues and %u interrupts",
			    now.online ? "online" : "offline", now.queues, now.vectors);
	return r;
}

int nvme_set_secondary(const struct host *host, struct bdf pf, unsigned index,
		       const struct nvme_secondary *want, struct err *err)
{
	autocontroller struct controller c = { .fd = -1 };
	int r = open_controller(host, pf, &c, err);
	if (r)
		return r;
	r = assign(&c, index, want, err);
	if (r)
		err_prefix(err, "VF %u", index);
	return r;
}
