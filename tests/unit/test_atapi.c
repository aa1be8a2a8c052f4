/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/ata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static struct disk disk;
static struct ata_device dev;
static struct ata_action action;

static int up(void **state)
{
	(void)state;
	disk = (struct disk){ .fd = -1, .path = "image", .size = 1000 * CD_SECTOR, .read_only = true };
	ata_init(&dev, &disk, true, "DISC");
	return 0;
}

static int up_dvd(void **state)
{
	up(state);
	disk.size = UINT64_C(2000000) * CD_SECTOR;
	return 0;
}

static void packet(const uint8_t *cdb, size_t n)
{
	uint8_t full[ATA_CDB_SIZE] = { 0 };
	memcpy(full, cdb, n);
	ata_packet(&dev, full, &action);
}

#define PACKET(...)                                                                                \
	do {                                                                                       \
		const uint8_t cdb_[] = { __VA_ARGS__ };                                            \
		packet(cdb_, sizeof(cdb_));                                                        \
	} while (0)

static uint32_t be(unsigned at, unsigned size)
{
	uint32_t v = 0;
	for (unsigned i = 0; i < size; i++)
		v = v << 8 | dev.buffer[at + i];
	return v;
}

static void assert_sense(uint8_t key, uint8_t asc, uint8_t ascq)
{
	assert_true(action.result.status & ATA_ERR);
	assert_int_equal(action.result.error >> 4, key);
	PACKET(0x03, 0, 0, 0, 18);
	assert_int_equal(action.kind, ATA_DATA_IN);
	assert_int_equal(action.len, 18);
	assert_int_equal(dev.buffer[2], key);
	assert_int_equal(dev.buffer[12], asc);
	assert_int_equal(dev.buffer[13], ascq);
}

static void assert_good(void)
{
	assert_false(action.result.status & ATA_ERR);
}

static void the_signature_says_packet_device(void **state)
{
	(void)state;
	struct ata_command identify = { .command = 0xEC };
	ata_execute(&dev, &identify, &action);
	assert_true(action.result.status & ATA_ERR);
	assert_int_equal(action.result.lba, 0xEB1401);
	identify.command = 0xA1;
	ata_execute(&dev, &identify, &action);
	assert_int_equal(action.kind, ATA_DATA_IN);
	assert_int_equal(le16_get(dev.buffer), 0x85C0);
}

static void inquiry_is_cut_to_what_is_asked_and_names_no_emulator(void **state)
{
	(void)state;
	PACKET(0x12, 0, 0, 0, 36);
	assert_int_equal(action.len, 36);
	assert_int_equal(dev.buffer[0], 5);
	assert_memory_equal(dev.buffer + 8, "SATA    DVD-ROM         ", 24);
	PACKET(0x12, 0, 0, 0, 5);
	assert_int_equal(action.len, 5);
	PACKET(0x12, 0, 0, 0, 0);
	assert_int_equal(action.kind, ATA_NOTHING);
	assert_good();
	PACKET(0x12, 1, 0x83, 0, 36);
	assert_sense(5, 0x24, 0);
}

static void reads_are_of_2048_bytes_and_stay_on_the_disc(void **state)
{
	(void)state;
	PACKET(0x25);
	assert_int_equal(be(0, 4), 999);
	assert_int_equal(be(4, 4), CD_SECTOR);
	PACKET(0x28, 0, 0, 0, 3, 0xe7, 0, 0, 1);
	assert_int_equal(action.kind, ATA_READ);
	assert_int_equal(action.offset, 999 * CD_SECTOR);
	assert_int_equal(action.len, CD_SECTOR);
	PACKET(0x28, 0, 0, 0, 3, 0xe7, 0, 0, 2);
	assert_sense(5, 0x21, 0);
	PACKET(0xA8, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff);
	assert_sense(5, 0x21, 0);
	PACKET(0xA8, 0, 0, 0, 0, 16, 0, 0, 0, 4);
	assert_int_equal(action.len, 4 * CD_SECTOR);
	PACKET(0x28, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(action.kind, ATA_NOTHING);
	assert_good();
}

static void read_cd_gives_user_data_alone(void **state)
{
	(void)state;
	PACKET(0xBE, 0, 0, 0, 0, 2, 0, 0, 3, 0x10);
	assert_int_equal(action.kind, ATA_READ);
	assert_int_equal(action.len, 3 * CD_SECTOR);
	PACKET(0xBE, 0, 0, 0, 0, 2, 0, 0, 3, 0xf8);
	assert_sense(5, 0x24, 0);
}

static void an_ejected_disc_is_not_ready_and_comes_back_changed(void **state)
{
	(void)state;
	PACKET(0x1B, 0, 0, 0, 2);
	assert_good();
	PACKET(0x00);
	assert_sense(2, 0x3A, 2);
	PACKET(0x28, 0, 0, 0, 0, 0, 0, 0, 1);
	assert_sense(2, 0x3A, 2);
	PACKET(0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8);
	assert_int_equal(dev.buffer[5] & 3, 1);
	PACKET(0x1B, 0, 0, 0, 3);
	PACKET(0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8);
	assert_int_equal(dev.buffer[4], 2);
	assert_int_equal(dev.buffer[5] & 3, 2);
	PACKET(0x00);
	assert_sense(6, 0x28, 0);
	PACKET(0x00);
	assert_good();
}

static void a_locked_tray_stays_closed(void **state)
{
	(void)state;
	PACKET(0x1E, 0, 0, 0, 1);
	PACKET(0x1B, 0, 0, 0, 2);
	assert_sense(5, 0x53, 2);
	PACKET(0x00);
	assert_good();
	PACKET(0x1E, 0, 0, 0, 0);
	PACKET(0x1B, 0, 0, 0, 2);
	assert_good();
	ata_reset(&dev); /* of the machine: the tray closes */
	PACKET(0x00);
	assert_good();
}

static void the_table_of_contents_has_a_track_and_its_end(void **state)
{
	(void)state;
	PACKET(0x43, 0, 0, 0, 0, 0, 0, 0, 255);
	assert_int_equal(action.len, 20);
	assert_int_equal(be(0, 2), 18);
	assert_int_equal(dev.buffer[6], 1);
	assert_int_equal(dev.buffer[14], 0xAA);
	assert_int_equal(be(16, 4), 1000);
	PACKET(0x43, 2, 0, 0, 0, 0, 0xAA, 0, 255); /* in minutes, seconds, frames */
	assert_int_equal(action.len, 12);
	assert_int_equal(be(8, 4), (1150 / 75) << 8 | 1150 % 75);
	PACKET(0x43, 0, 1, 0, 0, 0, 0, 0, 255);
	assert_int_equal(action.len, 12);
	PACKET(0x43, 0, 0, 0, 0, 0, 7, 0, 255);
	assert_sense(5, 0x24, 0);
	PACKET(0x43, 0, 2, 0, 0, 0, 0, 0, 255);
	assert_sense(5, 0x24, 0);
}

static void its_size_makes_it_a_cd(void **state)
{
	(void)state;
	PACKET(0x46, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_int_equal(be(6, 2), 0x0008);
	assert_int_equal(be(0, 4), action.len - 4);
	PACKET(0xAD, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_sense(5, 0x24, 0);
}

static void its_size_makes_it_a_dvd(void **state)
{
	(void)state;
	PACKET(0x46, 2, 0, 0x1F, 0, 0, 0, 1, 0);
	assert_int_equal(be(6, 2), 0x0010);
	assert_int_equal(be(8, 2), 0x001F);
	assert_int_equal(dev.buffer[10] & 1, 1);
	assert_int_equal(action.len, 16);
	PACKET(0xAD, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_good();
	assert_int_equal(be(8, 4), 0x30000);
}

static void modes_and_disc_information_have_their_lengths(void **state)
{
	(void)state;
	PACKET(0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 255);
	assert_int_equal(be(0, 2), action.len - 2);
	assert_int_equal(dev.buffer[8], 0x2A);
	assert_int_equal(dev.buffer[9], action.len - 10);
	PACKET(0x5A, 0, 0x01, 0, 0, 0, 0, 0, 255);
	assert_int_equal(dev.buffer[9], action.len - 10);
	PACKET(0x5A, 0, 0x3F, 0, 0, 0, 0, 0, 255);
	assert_int_equal(be(0, 2), action.len - 2);
	PACKET(0x5A, 0, 0x08, 0, 0, 0, 0, 0, 255);
	assert_sense(5, 0x24, 0);
	PACKET(0x51, 0, 0, 0, 0, 0, 0, 0, 255);
	assert_int_equal(action.len, 34);
	PACKET(0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8);
	assert_int_equal(action.len, 8);
	PACKET(0x4A, 0, 0, 0, 0x10, 0, 0, 0, 8); /* asynchronous: it would wait */
	assert_sense(5, 0x24, 0);
}

static void a_read_error_is_a_medium_error(void **state)
{
	(void)state;
	PACKET(0x28, 0, 0, 0, 0, 0, 0, 0, 1);
	action.result = ata_fail(&dev, &action, 0, 0);
	assert_sense(3, 0x11, 0);
}

static void every_packet_has_an_answer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		uint8_t cdb[ATA_CDB_SIZE];
		memset(cdb, 0xff, sizeof(cdb));
		cdb[0] = (uint8_t)i;
		ata_packet(&dev, cdb, &action);
		assert_true(action.len <= sizeof(dev.buffer));
	}
	PACKET(0xDF);
	assert_sense(5, 0x20, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_signature_says_packet_device, up),
		cmocka_unit_test_setup(inquiry_is_cut_to_what_is_asked_and_names_no_emulator, up),
		cmocka_unit_test_setup(reads_are_of_2048_bytes_and_stay_on_the_disc, up),
		cmocka_unit_test_setup(read_cd_gives_user_data_alone, up),
		cmocka_unit_test_setup(an_ejected_disc_is_not_ready_and_comes_back_changed, up),
		cmocka_unit_test_setup(a_locked_tray_stays_closed, up),
		cmocka_unit_test_setup(the_table_of_contents_has_a_track_and_its_end, up),
		cmocka_unit_test_setup(its_size_makes_it_a_cd, up),
		cmocka_unit_test_setup(its_size_makes_it_a_dvd, up_dvd),
		cmocka_unit_test_setup(modes_and_disc_information_have_their_lengths, up),
		cmocka_unit_test_setup(a_read_error_is_a_medium_error, up),
		cmocka_unit_test_setup(every_packet_has_an_answer, up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
