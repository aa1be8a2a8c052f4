/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reset_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/text.h"
#include "by_hand.h"
#include "core/pci_path.h"
#include "core/sysfs.h"
#include "device_path.h"
#include "device_task.h"
#include "quarantine.h"
#include "reset_history.h"
#include "reset_proof.h"
#include "vfio/hot_reset.h"

/* A device has a second after a reset, and may ask for more by retry status (PCIe 6.0 §6.6.1). */
#define ANSWER_MS 5000u
#define SET_MAX 64

static const struct device_task task = {
	.prefix = "reset-",
	.busy = "another bulkhead is just resetting it",
	.killed = "a reset of it was killed or never came back",
};

struct member {
	struct bdf bdf;
	struct reset_proof before;
};

struct reset {
	const struct host *host;
	struct bdf bdf;
	struct bdf port;    /* the one above it; of no meaning while it is alone in its set */
	struct member *set; /* owned; [0] is the device itself, the others share its bus */
	unsigned n;
	char refused[160]; /* why its bus may not be reset; "" = it may */
	struct text tried;
	bool hangs;
};

/* --- the set: everything behind the same port --- */

static int add_member(struct reset *reset, struct bdf bdf)
{
	struct err why = { 0 };
	if (reset->n == SET_MAX) {
		snprintf(reset->refused, sizeof(reset->refused), "too many functions behind it");
		return 0;
	}
	if (reset->n && by_hand_check_reset(reset->host, bdf, &why))
		snprintf(reset->refused, sizeof(reset->refused), "would hit another: %.130s",
			 why.text);
	struct member *member = &reset->set[reset->n++];
	member->bdf = bdf;
	reset_proof_read(reset->host, bdf, &member->before);
	return 0;
}

static int find_set(struct reset *reset, struct err *err)
{
	reset->set = calloc(SET_MAX, sizeof(*reset->set));
	if (!reset->set)
		return err_errno(err, -ENOMEM, "%s: reset", bdf_text(reset->bdf).s);
	add_member(reset, reset->bdf);
	if (!device_port_above(reset->host, reset->bdf, &reset->port))
		return 0;
	autodir DIR *list = dir_open(reset->host->sys, "bus/pci/devices");
	const char *name;
	while ((name = dir_next(list, ""))) {
		struct bdf bdf;
		if (bdf_parse(name, &bdf) || bdf_equal(bdf, reset->bdf))
			continue;
		if (device_is_below(reset->host, bdf, reset->port))
			add_member(reset, bdf);
	}
	return 0;
}

/* --- one method --- */

static bool hits_bus(const char *method)
{
	return !strcmp(method, "bus") || !strcmp(method, "cxl_bus");
}

static void note(struct reset *reset, const char *method, const char *what)
{
	text_put(&reset->tried, "%s%s: %s", reset->tried.n ? "; " : "", method, what);
}

/* Through VFIO, which wants to see that all of them are ours. */
static int reset_through_vfio(const struct reset *reset, struct err *err)
{
	struct inventory_want want[SET_MAX] = { 0 };
	const struct pci_dev *set[SET_MAX];
	struct inventory inv;
	for (unsigned i = 0; i < reset->n; i++)
		want[i].bdf = reset->set[i].bdf;
	int r = inventory_read_for(&inv, reset->host, want, reset->n, err);
	if (r)
		return r;
	for (unsigned i = 0; !r && i < reset->n; i++) {
		set[i] = inventory_find(&inv, reset->set[i].bdf);
		if (!set[i] || strcmp(set[i]->driver, "vfio-pci") != 0)
			r = err_set(err, -EINVAL, "%s is not on vfio-pci; bulkhead bind %s",
				    bdf_text(reset->set[i].bdf).s, bdf_text(reset->set[i].bdf).s);
	}
	if (!r)
		r = vfio_hot_reset_unused(reset->host, set, reset->n, err);
	inventory_fini(&inv);
	return r;
}

/*
 * The kernel resets a bus for a function that is alone on it; for several the port has an attribute
 * of its own (Linux 6.13), and VFIO a way for whoever has them all.
 */
static int reset_bus(const struct reset *reset, struct err *err)
{
	struct pci_path way = pci_path(reset->port, "reset_subordinate");
	if (faccessat(reset->host->sys, way.s, F_OK, 0))
		return reset_through_vfio(reset, err);
	return sysfs_ask(reset->host, way.s, "1", err);
}

static int ask_kernel(const struct reset *reset, const char *method, struct err *err)
{
	struct pci_path way = pci_path(reset->bdf, "reset_method");
	if (hits_bus(method) && reset->n > 1)
		return reset_bus(reset, err);
	int r = faccessat(reset->host->sys, way.s, F_OK, 0)
			? 0
			: sysfs_ask(reset->host, way.s, method, err);
	return r ? r : sysfs_ask(reset->host, pci_path(reset->bdf, "reset").s, "1", err);
}

/* Every function that the method hit is looked at. */
static bool prove(struct reset *reset, unsigned n, struct text *why)
{
	bool good = true;
	for (unsigned i = 0; i < n; i++) {
		const struct member *member = &reset->set[i];
		struct reset_proof after;
		struct text found = text_in((char[512]){ "" }, 512);
		reset_proof_await(reset->host, member->bdf, ANSWER_MS, &after);
		if (!after.answers)
			text_put(&found, "it does not answer");
		else if (member->before.answers)
			reset_proof_differs(&member->before, &after, &found);
		if (found.n)
			text_put(why, "%s%s%s%s", why->n ? "; " : "",
				 i ? bdf_text(member->bdf).s : "", i ? ": " : "", found.at);
		good = good && !found.n;
	}
	return good;
}

static bool try_method(struct reset *reset, const char *method)
{
	struct err why = { 0 };
	char buf[600];
	struct text text = text_in(buf, sizeof(buf));
	bool bus = hits_bus(method);
	if (bus && *reset->refused) {
		note(reset, method, reset->refused);
		return false;
	}
	int r = ask_kernel(reset, method, &why);
	bool good = !r && prove(reset, bus ? reset->n : 1, &text);
	reset->hangs = r == -ETIMEDOUT;
	if (r)
		note(reset, method, *why.text ? why.text : strerror(-r));
	else if (!good)
		note(reset, method, buf);
	/* Without a history a reset is as good; the failure is not the device's. */
	reset_history_note(reset->host, reset->bdf, method, good, (int64_t)time(NULL), NULL);
	return good;
}

/* --- the ladder --- */

static bool try_all(struct reset *reset, const char *methods, struct reset_report *ret)
{
	char list[NAME_MAX_SHORT + 8], *save = NULL;
	snprintf(list, sizeof(list), "%s", methods);
	for (char *method = strtok_r(list, " ", &save); method && !reset->hangs;
	     method = strtok_r(NULL, " ", &save))
		if (try_method(reset, method)) {
			snprintf(ret->method, sizeof(ret->method), "%.23s", method);
			ret->n_others = hits_bus(method) ? reset->n - 1 : 0;
			return true;
		}
	return false;
}

static int failed(struct reset *reset, struct err *err)
{
	struct reset_proof now;
	struct bdf_text address = bdf_text(reset->bdf);
	err_set(err, -EIO, "%s: no reset brought it back as it was: %s", address.s,
		reset->tried.at);
	reset_proof_read(reset->host, reset->bdf, &now);
	if (now.answers && !reset->hangs)
		return -EIO;
	struct text registers = text_in((char[400]){ "" }, 400);
	if (!reset->hangs)
		reset_proof_errors(reset->host, reset->bdf, &registers);
	if (quarantine_put(reset->host, reset->bdf,
			   reset->hangs ? "a reset of it never came back" : registers.at, err))
		return -EIO;
	err_hint(err, "it is in quarantine now%s%s: no VM and no driver gets it",
		 registers.n ? ", " : "", registers.at);
	return -EIO;
}

static int climb(struct reset *reset, struct reset_report *ret, struct err *err)
{
	char methods[NAME_MAX_SHORT + 8] = "";
	int r = find_set(reset, err);
	if (r)
		return r;
	ssize_t n = file_read(reset->host->sys, pci_path(reset->bdf, "reset_method").s, methods,
			      NAME_MAX_SHORT);
	/* Before Linux 5.15 the kernel does not say, and chooses itself. */
	if (n == -ENOENT && !faccessat(reset->host->sys, pci_path(reset->bdf, "reset").s, F_OK, 0))
		snprintf(methods, sizeof(methods), "default");
	/* Of functions that share a bus the kernel lists it for none. */
	if (reset->n > 1 && !strstr(methods, "bus"))
		snprintf(methods + strlen(methods), sizeof(methods) - strlen(methods), "%sbus",
			 *methods ? " " : "");
	if (!*methods)
		return err_set(err, -ENOTTY, "%s: the kernel knows no way to reset it",
			       bdf_text(reset->bdf).s);
	reset->tried = text_in(ret->tried, sizeof(ret->tried));
	if (!try_all(reset, methods, ret))
		return failed(reset, err);
	return quarantine_lift(reset->host, reset->bdf, err);
}

/* --- around it --- */

static int prepare(struct journal *journal, struct bdf bdf, struct err *err)
{
	static const enum action_kind kinds[] = { ACTION_NO_D3COLD, ACTION_POWER_ON,
						  ACTION_RESET_METHOD };
	return device_task_do(journal, bdf, kinds, ARRAY_LEN(kinds), err);
}

static int reset_journalled(struct journal *journal, struct bdf bdf, struct reset_report *ret,
			    struct err *err)
{
	struct reset reset = { .host = journal->host, .bdf = bdf };
	struct err why = { 0 };
	int r = prepare(journal, bdf, err);
	if (!r)
		r = climb(&reset, ret, err);
	if (reset.hangs) {
		journal->has_hung = true;
		journal->hung = bdf;
	}
	free(reset.set);
	int undo = journal_undo(journal, &why);
	if (undo && !r)
		*err = why;
	return r ? r : undo;
}

int reset_device(const struct host *host, struct bdf bdf, struct reset_report *ret, struct err *err)
{
	autoclose int lock_fd = -1;
	struct journal journal;
	*ret = (struct reset_report){ .n_others = 0 };
	int r = journal_lock_claims(host, &lock_fd, err);
	if (!r)
		r = by_hand_check_reset(host, bdf, err);
	if (!r)
		r = device_task_open(&journal, &task, host, bdf, err);
	if (r)
		return r;
	r = reset_journalled(&journal, bdf, ret, err);
	journal_close(&journal);
	return r;
}
