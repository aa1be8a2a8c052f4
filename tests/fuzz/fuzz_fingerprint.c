/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record of a good start that anything may have happened to, compared with one that is whole. */
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "good.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char whole[] =
	"{ \"version\": 1, \"profile\": \"vcpus = 2\", \"host\": { \"kernel\": \"6.1\", "
	"\"kernel command line\": \"a=1 b=2 c=3 quiet splash intel_iommu=on iommu=pt vfio.x=y z\" }, "
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bdf devices[FINGERPRINT_DEVICES_MAX];
	json_t *now, *good;
	require(!fingerprint_parse(whole, sizeof(whole) - 1, &now));
	if (!fingerprint_parse((const char *)data, size, &good)) {
		require(fingerprint_devices(good, devices) <= FINGERPRINT_DEVICES_MAX);
		require(!fingerprint_compare(good, good, NULL, NULL));
		compare(good, now);
		compare(now, good);
		json_decref(good);
	}
	json_decref(now);
	return 0;
}
