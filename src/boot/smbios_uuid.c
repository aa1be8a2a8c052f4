/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <string.h>

#include "boot/smbios.h"

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

bool smbios_uuid_parse(const char *text, uint8_t ret_uuid[16])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	uint8_t uuid[16] = { 0 };
	unsigned n = 0;
	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (const char *c = text, *f = form; *f; c++, f++) {
		if (*f == 'x' ? !isxdigit((unsigned char)*c) : *c != '-')
			return false;
		if (*f != 'x')
			continue;
		uuid[n / 2] = (uint8_t)(uuid[n / 2] << 4 | digit(*c));
		n++;
	}
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return true;
}

/* FNV-1a, 64 bits; it need only tell names apart. */
static uint64_t hash(const char *text, uint64_t seed)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325) ^ seed;
	for (const char *c = text; *c; c++)
		h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
	return h ^ h >> 29;
}

void smbios_uuid_of_name(const char *name, uint8_t ret_uuid[16])
{
	for (unsigned half = 0; half < 2; half++) {
		uint64_t h = hash(name, half + UINT64_C(0x62756C6B68656164));
		for (unsigned i = 0; i < 8; i++)
			ret_uuid[8 * half + i] = (uint8_t)(h >> (56 - 8 * i));
	}
	ret_uuid[6] = (uint8_t)(0x80 | (ret_uuid[6] & 0x0F)); /* version 8: of our own making */
	ret_uuid[8] = (uint8_t)(0x80 | (ret_uuid[8] & 0x3F)); /* the RFC's variant */
}
