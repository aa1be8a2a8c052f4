/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot that somebody sent: whatever it holds, no entry may lead out of the tree. And what is
 * written into one: any file and any configuration space, of which nothing may be lost but secrets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "isolation.h"
#include "pci/cap.h"
#include "snapshot.h"
#include "snapshot_keep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* How many directories down; never above where it began. */
static unsigned check_path(const char *path, bool may_climb, unsigned depth)
{
	require(*path && strlen(path) <= SNAPSHOT_PATH_MAX);
	for (;;) {
		size_t len = strcspn(path, "/");
		bool up = len == 2 && !memcmp(path, "..", 2);
		require(len && !(len == 1 && *path == '.'));
		require(!up || (may_climb && depth));
		depth = up ? depth - 1 : depth + 1;
		may_climb = may_climb && up;
		for (size_t i = 0; i < len; i++)
			require(path[i] > ' ' && path[i] <= '~');
		if (!path[len])
			return depth;
		path += len + 1;
	}
}

static int on_dir(void *ctx, const char *path)
{
	++*(size_t *)ctx;
	check_path(path, false, 0);
	return 0;
}

static int on_link(void *ctx, const char *path, const char *target)
{
	++*(size_t *)ctx;
	unsigned depth = check_path(path, false, 0);
	check_path(target, true, depth - 1);
	return 0;
}

static int on_file(void *ctx, const char *path, const void *bytes, size_t n)
{
	static uint8_t copy[SNAPSHOT_TEXT_MAX];
	++*(size_t *)ctx;
	check_path(path, false, 0);
	require(n <= SNAPSHOT_TEXT_MAX);
	memcpy(copy, bytes, n); /* all of it can be read */
	return 0;
}

/* In memory of its own size, so that a byte beyond it is noticed. */
static char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	require(text != NULL);
	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

static void check_keep(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < n_keep_files; i++) {
		char *line = text_of(data, size);
		size_t len = strlen(line);
		keep_files[i].keep(line);
		require(strlen(line) <= len);
		free(line);
	}
	char *text = text_of(data, size);
	size_t len = strlen(text);
	keep_scrub(text);
	require(strlen(text) == len);
	for (size_t i = 0; i < len; i++)
		require(text[i] == '\t' || text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
	free(text);
}

static void check_config(const uint8_t *data, size_t size)
{
	uint8_t *cfg = calloc(1, PCIE_CFG_SIZE);
	require(cfg != NULL);
	memcpy(cfg, data, size < PCIE_CFG_SIZE ? size : PCIE_CFG_SIZE);
	keep_scrub_config(cfg, PCIE_CFG_SIZE);
	keep_scrub_config(cfg, PCI_CFG_SIZE);
	struct acs acs = acs_read(cfg, PCIE_CFG_SIZE);
	require(!(acs_lacking(&acs) & ~ACS_WANTED));
	free(cfg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char magic[] = SNAPSHOT_MAGIC "\n";
	size_t entries = 0;
	struct snapshot_sink sink = { on_dir, on_link, on_file, &entries };
	struct err err = { 0 };
	/* Most inputs begin as a snapshot does: what follows is more interesting. */
	char *text = malloc(size + sizeof(magic));
	if (!text)
		return 0;
	memcpy(text, magic, sizeof(magic) - 1);
	memcpy(text + sizeof(magic) - 1, data, size);
	int r = snapshot_parse(text, size + sizeof(magic) - 1, &sink, &err);
	require(!r == !*err.text && entries <= size);
	free(text);
	r = snapshot_parse((const char *)data, size, &sink, &err);
	require(r <= 0);
	check_keep(data, size);
	check_config(data, size);
	return 0;
}
