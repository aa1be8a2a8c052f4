/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "core/layout.h"
#include "vm_state.h"

#define FILE_NAME "slots"
#define HEAD                                                                                       \
	"# Slots of the guest's PCI bus 0 and its devices, ports of its AHCI controller and its disks.\n"   \
	"# Each keeps its own however the profile is edited. Remove a line to have it dealt anew.\n"

unsigned slots_of(const struct slots *slots, const char *owner)
{
	for (unsigned i = 0; i < slots->n; i++)
		if (!strcmp(slots->at[i].owner.s, owner))
			return slots->at[i].slot;
	return 0;
}

bool slots_has(const struct slots *slots, unsigned slot)
{
	for (unsigned i = 0; i < slots->n; i++)
		if (slots->at[i].slot == slot)
			return true;
	return false;
}

int slots_set(struct slots *slots, const char *owner, unsigned slot)
{
	unsigned i = 0;
	while (i < slots->n && strcmp(slots->at[i].owner.s, owner) != 0)
		i++;
	if (i == SLOTS_MAX)
		return -ENOSPC;
	if (i == slots->n)
		slots->n++;
	slots->at[i].slot = (uint8_t)slot;
	snprintf(slots->at[i].owner.s, sizeof(slots->at[i].owner.s), "%s", owner);
	return 0;
}

void slots_free(struct slots *slots, unsigned slot)
{
	unsigned n = 0;
	for (unsigned i = 0; i < slots->n; i++)
		if (slots->at[i].slot != slot)
			slots->at[n++] = slots->at[i];
	slots->n = n;
}

/* --- the file --- */

static bool prints(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7F)
			return false;
	return true;
}

static bool is_port(const char *line, size_t n)
{
	return n > strlen(SLOTS_SATA_OWNER) &&
	       !memcmp(line, SLOTS_SATA_OWNER, strlen(SLOTS_SATA_OWNER));
}

/* The number at the start of a line and the blank behind it; how long both are, 0 = neither. */
static size_t parse_number(const char *line, size_t n, unsigned *ret_number)
{
	unsigned number = 0;
	size_t at = 0;
	for (; at < n && at < 3 && line[at] >= '0' && line[at] <= '9'; at++)
		number = number * 10 + (unsigned)(line[at] - '0');
	*ret_number = number;
	return at && at < n && line[at] == ' ' ? at + 1 : 0;
}

/* One line without its end, which is neither empty nor a comment. */
static int parse_line(struct slots *slots, const char *line, size_t n, struct err *err)
{
	struct slot_holder owner;
	bool port = is_port(line, n);
	size_t head = port ? strlen(SLOTS_SATA_OWNER) : 0;
	unsigned slot;
	size_t at = parse_number(line + head, n - head, &slot);
	if (port ? !at || slot >= SLOTS_SATA_PORTS : !at || slot < SLOT_FIRST || slot > SLOT_LAST)
		return err_set(err, -EINVAL,
			       "does not begin with a slot, %d to %d, or \"sata\" and a port, 0 to %u",
			       SLOT_FIRST, SLOT_LAST, SLOTS_SATA_PORTS - 1);
	at += head;
	if (at == n || head + n - at >= sizeof(owner.s) || !prints(line + at, n - at))
		return err_set(err, -EINVAL, "names no entry of a profile");
	memcpy(owner.s, SLOTS_SATA_OWNER, head);
	memcpy(owner.s + head, line + at, n - at);
	owner.s[head + n - at] = '\0';
	if (slots_of(slots, owner.s))
		return err_set(err, -EINVAL, "'%s' has a slot already", owner.s);
	int r = slots_set(slots, owner.s, port ? SLOTS_SATA + slot : slot);
	return r ? err_set(err, -EINVAL, "is one too many: there is room for %d", SLOTS_MAX) : 0;
}

int slots_parse(struct slots *slots, const char *text, size_t size, struct err *err)
{
	unsigned number = 0;
	slots->n = 0;
	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t n = end ? (size_t)(end - text) - at : size - at;
		number++;
		if (n && text[at] != '#') {
			int r = parse_line(slots, text + at, n, err);
			if (r) {
				err_prefix(err, "line %u", number);
				return r;
			}
		}
		at += n + 1;
	}
	return 0;
}

int slots_load(struct slots *slots, const struct host *host, const char *name, struct err *err)
{
	char path[512];
	autofree void *text = NULL;
	size_t size;
	struct err why = { 0 };
	slots->n = 0;
	snprintf(path, sizeof(path), "%s/%s/" FILE_NAME, host->state_path, name);
	autoclose int dir = vm_state_dir(host, name, false, &why);
	if (dir == -ENOENT)
		return 0;
	int r = dir < 0 ? dir : file_load(path, SLOTS_FILE_MAX, &text, &size);
	if (r == -ENOENT)
		return 0;
	if (r)
		return err_errno(err, r, "%s", path);
	r = slots_parse(slots, text, size, err);
	if (!r)
		return 0;
	err_prefix(err, "%s", path);
	err_hint(err, "mend it, or remove it to have all slots dealt anew");
	return r;
}

static void print_line(FILE *out, unsigned slot, const char *owner)
{
	if (slot >= SLOTS_SATA)
		fprintf(out, SLOTS_SATA_OWNER "%u %s\n", slot - SLOTS_SATA,
			owner + strlen(SLOTS_SATA_OWNER));
	else
		fprintf(out, "%u %s\n", slot, owner);
}

int slots_store(const struct slots *slots, const struct host *host, const char *name,
		struct err *err)
{
	char *text = NULL;
	size_t size;
	autoclose int dir = vm_state_dir(host, name, true, err);
	if (dir < 0)
		return dir;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return err_errno(err, -ENOMEM, "%s/%s/" FILE_NAME, host->state_path, name);
	fputs(HEAD, out);
	for (unsigned i = 0; i < slots->n; i++)
		print_line(out, slots->at[i].slot, slots->at[i].owner.s);
	int r = fclose(out) ? -ENOMEM : file_replace(dir, FILE_NAME, text, 0600);
	free(text);
	return r ? err_errno(err, r, "%s/%s/" FILE_NAME, host->state_path, name) : 0;
}
