/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record of a good start that anything may have happened to, compared with one that is whole. The
 * input is either its text, or the texts in it, which random bytes would seldom get as far as.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "fingerprint.h"
#include "good.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char whole[] =
	"{ \"version\": 1, \"profile\": \"vcpus = 2\", \"host\": { \"kernel\": \"6.1\", "
	"\"kernel command line\": \"a=1 b=2 c=3 quiet splash intel_iommu=on iommu=pt vfio.x=y z\" "
	"}, "
	"\"devices\": { \"0000:01:00.0\": { \"identity\": \"8086:10ca\", \"BARs\": \"0:16K\" } } }";

static void require(int ok)
{
	if (!ok)
		abort();
}

static void compare(const json_t *good, const json_t *now)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	require(out != NULL);
	good_print_lines(good, now, out);
	fclose(out);
	for (size_t i = 0; i < size; i++)
		require(text[i] == '\n' || (text[i] >= ' ' && text[i] < 127));
	free(text);
}

/* The next text of the input, up to a zero byte or its end. */
static json_t *next_text(const char **at, const char *end)
{
	char text[256];
	size_t n = strnlen(*at, (size_t)(end - *at));
	snprintf(text, sizeof(text), "%.*s", (int)min_u64(n, sizeof(text) - 1), *at);
	*at += min_u64(n + 1, (uint64_t)(end - *at));
	return json_text(text);
}

static void put_next(json_t *to, const char *key, const char **at, const char *end)
{
	if (*at < end)
		json_object_set_new(to, key, next_text(at, end));
}

/* Caller frees. */
static char *record_of(const char *at, const char *end)
{
	static const char *const keys[] = { "kernel", "kernel command line", "option kvm.x" };
	json_t *host = json_object(), *devices = json_object(), *device = json_object();
	json_t *all = json_pack("{s:i, s:o, s:o}", "version", 1, "host", host, "devices", devices);
	require(all != NULL);
	put_next(all, "recorded", &at, end);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		put_next(host, keys[i], &at, end);
	put_next(device, "identity", &at, end);
	put_next(device, "BARs", &at, end);
	json_object_set_new(devices, "0000:01:00.0", device);
	while (at < end) {
		json_t *address = next_text(&at, end), *other = json_object();
		put_next(other, "identity", &at, end);
		json_object_set_new(devices, json_string_value(address), other);
		json_decref(address);
	}
	char *text = json_dumps(all, 0);
	json_decref(all);
	return text;
}

static void try_record(const char *text, size_t size, const json_t *now)
{
	struct bdf devices[FINGERPRINT_DEVICES_MAX];
	json_t *good;
	if (fingerprint_parse(text, size, &good))
		return;
	require(fingerprint_devices(good, devices) <= FINGERPRINT_DEVICES_MAX);
	require(!fingerprint_compare(good, good, NULL, NULL));
	compare(good, now);
	compare(now, good);
	json_decref(good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	json_t *now;
	require(!fingerprint_parse(whole, sizeof(whole) - 1, &now));
	if (size && data[0] & 1) {
		try_record(text + 1, size - 1, now);
	} else if (size) {
		char *record = record_of(text + 1, text + size);
		require(record != NULL);
		try_record(record, strlen(record), now);
		free(record);
	}
	json_decref(now);
	return 0;
}
