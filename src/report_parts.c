/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "control.h"
#include "devices_load.h"
#include "fingerprint.h"
#include "good.h"
#include "host_report.h"
#include "json.h"
#include "snapshot.h"

#define FILE_SIZE_MAX (1u << 20) /* of a profile or journal */

static void put_file(FILE *out, const char *what, int dirfd, const char *path)
{
	char value[512];
	if (file_read(dirfd, path, value, sizeof(value)) > 0)
		fprintf(out, "%-10s %s\n", what, value);
}

static int write_versions(const struct report *report, FILE *out)
{
	fprintf(out, "%-10s %s\n", "bulkhead", BULKHEAD_VERSION);
	put_file(out, "kernel", report->host->proc, "sys/kernel/osrelease");
	put_file(out, "build", report->host->proc, "sys/kernel/version");
	put_file(out, "machine", report->host->sys, "class/dmi/id/product_name");
	put_file(out, "board", report->host->sys, "class/dmi/id/board_name");
	put_file(out, "firmware", report->host->sys, "class/dmi/id/bios_version");
	return 0;
}

static int copy_file(const char *path, FILE *out)
{
	autofree void *data = NULL;
	size_t size = 0;
	int r = file_load(path, FILE_SIZE_MAX, &data, &size);
	if (!r)
		fwrite(data, 1, size, out);
	return r;
}

static int write_profile(const struct report *report, FILE *out)
{
	return copy_file(report->profile_path, out);
}

static int write_options(const struct report *report, FILE *out)
{
	return report->profile ? profile_dump(report->profile, out) : -ENODATA;
}

static int write_plan(const struct report *report, FILE *out)
{
	if (*report->trouble)
		fprintf(out, "%s\n", report->trouble);
	if (!report->prepared)
		return *report->trouble ? 0 : -ENODATA;
	plan_print(&report->prepared->plan, out, false);
	return 0;
}

static int write_plan_json(const struct report *report, FILE *out)
{
	return report->prepared ? json_print(plan_json(&report->prepared->plan), out) : -ENODATA;
}

static int with_devices(const struct report *report, FILE *out,
			int (*write)(const struct devices_view *view, FILE *out))
{
	const struct devices_choice all = { NULL, NULL };
	autofree struct devices_loaded *loaded = malloc(sizeof(*loaded));
	if (!loaded)
		return -ENOMEM;
	int r = devices_load(loaded, report->host, &all, NULL);
	if (r)
		return r;
	r = write(&loaded->view, out);
	devices_unload(loaded);
	return r;
}

static int table_of(const struct devices_view *view, FILE *out)
{
	return devices_table(view, out, false, 0);
}

static int json_of(const struct devices_view *view, FILE *out)
{
	return json_print(devices_json(view), out);
}

static int facts_of(const struct devices_view *view, FILE *out)
{
	struct host_report facts;
	int r = host_report_make(&facts, view->host, view->inv);
	if (!r)
		r = host_report_print(&facts, out, false);
	host_report_fini(&facts);
	return r;
}

static int write_devices(const struct report *report, FILE *out)
{
	return with_devices(report, out, table_of);
}

static int write_devices_json(const struct report *report, FILE *out)
{
	return with_devices(report, out, json_of);
}

static int write_host(const struct report *report, FILE *out)
{
	return with_devices(report, out, facts_of);
}

static int write_snapshot(const struct report *report, FILE *out)
{
	return snapshot_write(report->host, out, NULL);
}

static int dump(json_t *json, FILE *out)
{
	if (!json)
		return -ENOMEM;
	int r = json_dumpf(json, out, JSON_INDENT(1) | JSON_SORT_KEYS) ? -ENOMEM : 0;
	json_decref(json);
	fputc('\n', out);
	return r;
}

static int write_fingerprint(const struct report *report, FILE *out)
{
	struct bdf devices[FINGERPRINT_DEVICES_MAX];
	unsigned n = 0;
	const struct plan *plan = report->prepared ? &report->prepared->plan : NULL;
	for (; plan && n < plan->n_devices && n < FINGERPRINT_DEVICES_MAX; n++)
		devices[n] = plan->device[n].dev->bdf;
	return dump(fingerprint_read(report->host, devices, n, ""), out);
}

static int write_good(const struct report *report, FILE *out)
{
	json_t *good = NULL;
	int r = good_load(report->host, report->name, &good, NULL);
	return r ? r : dump(good, out);
}

static int write_differences(const struct report *report, FILE *out)
{
	json_t *good = NULL;
	int r = good_load(report->host, report->name, &good, NULL);
	if (r)
		return r;
	json_t *now = good_now(report->host, good, report->profile);
	unsigned n = now ? good_print_lines(good, now, out) : 0;
	if (now && !n)
		fprintf(out, "nothing that is recorded\n");
	json_decref(now);
	json_decref(good);
	return now ? 0 : -ENOMEM;
}

static int write_journal(const struct report *report, FILE *out)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s/journal", report->host->run_path, report->name);
	return copy_file(path, out);
}

static int write_status(const struct report *report, FILE *out)
{
	json_t *status;
	int r = control_ask(report->host, report->name, "status", &status, NULL);
	return r ? r : dump(status, out);
}

const struct report_part report_parts[] = {
	{ "versions", "Bulkhead, kernel, machine", write_versions },
	{ "profile.cfg", "the profile as it is written", write_profile },
	{ "options", "the profile with every option spelt out", write_options },
	{ "plan", "what `check` says", write_plan },
	{ "plan.json", "the same for programs", write_plan_json },
	{ "devices", "the PCI functions of the host", write_devices },
	{ "devices.json", "the same for programs", write_devices_json },
	{ "host", "what the host has and lacks", write_host },
	{ "host.snapshot", "the host for replaying", write_snapshot },
	{ "fingerprint", "what decides whether it runs, now", write_fingerprint },
	{ "good", "and at the last good start", write_good },
	{ "differences", "between the two", write_differences },
	{ "journal", "changes to the host that are not undone", write_journal },
	{ "status", "the running machine", write_status },
	{ "kernel.log", "the kernel's messages about VFIO, IOMMU and the devices",
	  report_kernel_log },
};
const size_t n_report_parts = ARRAY_LEN(report_parts);
