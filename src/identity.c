/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "identity.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/pci_path.h"
#include "device_config.h"
#include "pci/cap.h"

enum { IDS, SUBSYSTEM, SERIAL, SLOT, N_FIELDS };

static const struct {
	const char *name, *expected;
	size_t offset;
} fields[N_FIELDS] = {
	[IDS] = { "ids", "vendor:device such as \"8086:10c9\"", offsetof(struct identity, ids) },
	[SUBSYSTEM] = { "subsystem", "vendor:device such as \"8086:a03c\"",
			offsetof(struct identity, subsystem) },
	[SERIAL] = { "serial", "a serial number such as \"00-1b-21-ff-ff-a3-b4-c5\"",
		     offsetof(struct identity, serial) },
	[SLOT] = { "slot", "a path such as \"0000:00/01.0/00.0\"", offsetof(struct identity, slot) },
};

static const char *get(const struct identity *identity, unsigned field)
{
	return (const char *)identity + fields[field].offset;
}

/* --- reading --- */

static void read_ids(const struct host *host, const char *dir, const char *vendor,
		     const char *device, char *buf, size_t size)
{
	char path[96];
	uint64_t v, d;
	snprintf(path, sizeof(path), "%s/%s", dir, vendor);
	int r = file_read_u64(host->sys, path, &v);
	snprintf(path, sizeof(path), "%s/%s", dir, device);
	if (!r && !file_read_u64(host->sys, path, &d))
		snprintf(buf, size, "%04x:%04x", (unsigned)v & 0xffff, (unsigned)d & 0xffff);
}

static void read_serial(const struct host *host, struct bdf bdf, char *buf, size_t size)
{
	struct device_config config;
	if (device_config_read(host, bdf, &config) || config.n <= 256)
		return;
	unsigned off = pci_ext_cap_find(config.at, config.n, PCI_EXT_CAP_ID_DSN);
	if (!off || off + 12 > config.n)
		return;
	struct text text = text_in(buf, size);
	for (unsigned i = 0; i < 8; i++)
		text_put(&text, "%s%02x", i ? "-" : "", config.at[off + 11 - i]);
}

/* "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0": bus numbers below the root are left out. */
static void read_slot(const struct host *host, const char *dir, char *buf, size_t size)
{
	char target[PATH_MAX], *save = NULL;
	struct text text = text_in(buf, size);
	file_link(host->sys, dir, target, sizeof(target));
	for (char *part = strtok_r(target, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		struct bdf bdf;
		if (!strncmp(part, "pci", 3))
			text_put(&text, "%s", part + 3);
		else if (text.n && strlen(part) >= 12 && !bdf_parse(part, &bdf))
			text_put(&text, "/%02x.%x", bdf.dev, bdf.fn);
	}
	if (text.cut)
		buf[0] = 0;
}

int identity_read(const struct host *host, struct bdf bdf, struct identity *ret)
{
	int r = identity_read_quietly(host, bdf, ret);
	if (!r)
		read_serial(host, bdf, ret->serial, sizeof(ret->serial));
	return r;
}

int identity_read_quietly(const struct host *host, struct bdf bdf, struct identity *ret)
{
	struct pci_path dir = pci_path(bdf, "");
	*ret = (struct identity){ 0 };
	if (faccessat(host->sys, dir.s, F_OK, 0))
		return -ENODEV;
	read_ids(host, dir.s, "vendor", "device", ret->ids, sizeof(ret->ids));
	read_ids(host, dir.s, "subsystem_vendor", "subsystem_device", ret->subsystem,
		 sizeof(ret->subsystem));
	read_slot(host, dir.s, ret->slot, sizeof(ret->slot));
	return 0;
}

/* --- syntax --- */

static bool is_serial(const char *text)
{
	for (unsigned i = 0; i < 8; i++, text += 3)
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    text[2] != (i < 7 ? '-' : 0))
			return false;
	return true;
}

static bool is_slot(const char *text)
{
	return strlen(text) < sizeof(((struct identity *)0)->slot) && strchr(text, '/') &&
	       strspn(text, "0123456789abcdef:./") == strlen(text);
}

int identity_accept(const char *field, const char *text, struct err *err)
{
	uint16_t vendor, device;
	unsigned i = 0;
	while (i < N_FIELDS - 1 && strcmp(fields[i].name, field) != 0)
		i++;
	bool good = i == SERIAL ? is_serial(text)
		    : i == SLOT ? is_slot(text)
				: !parse_pci_id(text, &vendor, &device);
	return good ? 0
		    : err_set(err, -EINVAL, "expected %s, found \"%.64s\"", fields[i].expected,
			      text);
}

/* --- comparing --- */

/* The field that differs, N_FIELDS when none of those given does. */
static unsigned differs(const struct identity *want, const struct identity *found, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (*get(want, i) && strcasecmp(get(want, i), get(found, i)) != 0)
			return i;
	return N_FIELDS;
}

/* Where it is now: first one that fits in all, then one that only sits elsewhere. */
static unsigned find(const struct host *host, const struct identity *want, unsigned n,
		     struct text *list)
{
	autodir DIR *dir = dir_open(host->sys, "bus/pci/devices");
	const char *name;
	unsigned found = 0;
	while ((name = dir_next(dir, ""))) {
		struct identity one;
		struct bdf bdf;
		if (bdf_parse(name, &bdf) || identity_read(host, bdf, &one) ||
		    differs(want, &one, n) != N_FIELDS)
			continue;
		text_put(list, "%s%s", found++ ? ", " : "", bdf_text(bdf).s);
	}
	return found;
}

static void say_where(const struct host *host, const struct identity *want, struct err *err)
{
	char buf[256];
	struct text list = text_in(buf, sizeof(buf));
	bool tells = *want->ids || *want->subsystem || *want->serial;
	unsigned n = find(host, want, N_FIELDS, &list);
	if (!n && tells)
		n = find(host, want, SLOT, &list);
	if (!n)
		err_hint(err, "no device of this host is the one that is meant");
	else if (n == 1)
		err_hint(err, "it is at %s now: set pci = \"%s\"", buf, buf);
	else
		err_hint(err, "it may be one of %s now", buf);
}

int identity_check(const struct host *host, struct bdf bdf, const struct identity *want,
		   struct err *err)
{
	struct identity found;
	int r = identity_read(host, bdf, &found);
	unsigned field = r ? N_FIELDS : differs(want, &found, N_FIELDS);
	if (!r && field == N_FIELDS)
		return 0;
	if (r)
		err_set(err, r, "%s: this host has no such device", bdf_text(bdf).s);
	else if (field == SERIAL && !*found.serial)
		r = err_set(err, -ESTALE, "%s shows no serial number, and the profile wants %s",
			    bdf_text(bdf).s, want->serial);
	else
		r = err_set(err, -ESTALE, "%s is another device: %s %s, not %s", bdf_text(bdf).s,
			    fields[field].name,
			    *get(&found, field) ? get(&found, field) : "unknown", get(want, field));
	say_where(host, want, err);
	return r;
}
