/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal from nowhere. The input is either its text, or says which records to write and which
 * bytes of them to change, so that checksums are no barrier. What is believed must be what was
 * written.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "journal_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 16

static void require(bool ok)
{
	if (!ok)
		abort();
}

static struct record record_from(const uint8_t *bytes)
{
	struct record record = { .sequence = bytes[0] & 15, .kind = bytes[1] % 3 };
	record.action.kind = bytes[2] % N_ACTION_KINDS;
	record.action.bdf = (struct bdf){ bytes[3], bytes[4], bytes[5] & 31, bytes[6] & 7 };
	memcpy(record.action.old_driver, bytes + 7, 4);
	memcpy(record.action.old_value, bytes + 11, 4);
	record.undone = bytes[15] & 15;
	return record;
}

static void check_log(const struct journal_log *log, size_t size)
{
	require(log->size <= size);
	for (size_t i = 0; i < log->live.n; i++) {
		char line[RECORD_MAX];
		struct record back;
		require(log->live.at[i].kind == RECORD_ACTION);
		require(log->live.at[i].sequence < log->next);
		require(!i || log->live.at[i].sequence > log->live.at[i - 1].sequence);
		size_t n = record_format(&log->live.at[i], line);
		line[n - 1] = 0;
		require(!record_parse(line, &back));
		require(!memcmp(&back.action, &log->live.at[i].action, sizeof(back.action)));
	}
}

static void read_text(const char *text, size_t size)
{
	struct journal_log log;
	struct err err = { 0 };
	int r = journal_log_read(&log, text, size, &err);
	require(!r || err.text[0]);
	if (!r)
		check_log(&log, size);
	journal_log_fini(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[RECORDS_MAX * RECORD_MAX];
	size_t n = 0;
	if (size < 1 || data[0] & 1) {
		read_text((const char *)data + (size > 0), size - (size > 0));
		return 0;
	}
	bool changes = data[0] & 2;
	data++;
	size--;
	for (unsigned i = 0; i < RECORDS_MAX && size >= 16; i++, data += 16, size -= 16) {
		struct record record = record_from(data);
		n += record_format(&record, text + n);
	}
	for (; changes && n && size >= 3; data += 3, size -= 3)
		text[le16_get(data) % n] = (char)data[2];
	read_text(text, n);
	return 0;
}
