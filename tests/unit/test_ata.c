/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/ata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

#define SECTORS (UINT64_C(3) << 30) /* 1.5 TiB: beyond what 28 bits address */

static struct disk disk;
static struct ata_device dev;
static struct ata_action action;

static int up(void **state)
{
	(void)state;
	disk = (struct disk){ .fd = -1, .path = "image", .size = SECTORS * DISK_SECTOR };
	ata_init(&dev, &disk, false, "SERIAL-1");
	return 0;
}

static int up_small(void **state)
{
	up(state);
	disk.size = 1000 * DISK_SECTOR;
	return 0;
}

static void run(struct ata_command command)
{
	if (!command.device)
		command.device = 0x40;
	ata_execute(&dev, &command, &action);
}

static void assert_refused(uint8_t error)
{
	assert_int_equal(action.kind, ATA_NOTHING);
	assert_true(action.result.status & ATA_ERR);
	assert_int_equal(action.result.error, error);
}

static uint16_t word(unsigned i)
{
	return le16_get(dev.buffer + (size_t)i * 2);
}

static uint8_t sum(void)
{
	uint8_t s = 0;
	for (unsigned i = 0; i < DISK_SECTOR; i++)
		s += dev.buffer[i];
	return s;
}

/* --- IDENTIFY --- */

static void identify_says_size_queue_and_features(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0xEC });
	assert_int_equal(action.kind, ATA_DATA_IN);
	assert_true(action.pio);
	assert_int_equal(action.len, DISK_SECTOR);
	assert_true(le64_get(dev.buffer + 200) == SECTORS);
	assert_int_equal(le32_get(dev.buffer + 120), 0x0FFFFFFF);
	assert_int_equal(word(75), 31);
	assert_true(word(76) & 0x100);
	assert_true(word(169) & 1);
	assert_int_equal(word(255) & 0xff, 0xA5);
	assert_int_equal(sum(), 0);
}

static void texts_are_swapped_padded_and_name_no_emulator(void **state)
{
	(void)state;
	char serial[21] = "", model[41] = "";
	run((struct ata_command){ .command = 0xEC });
	for (unsigned i = 0; i < 20; i++)
		serial[i] = (char)dev.buffer[20 + (i ^ 1)];
	for (unsigned i = 0; i < 40; i++)
		model[i] = (char)dev.buffer[54 + (i ^ 1)];
	assert_string_equal(serial, "SERIAL-1            ");
	assert_memory_equal(model, "SATA SSD ", 9);
	assert_null(strstr(model, "QEMU"));
}

static void a_read_only_disk_offers_no_trim(void **state)
{
	(void)state;
	disk.read_only = true;
	run((struct ata_command){ .command = 0xEC });
	assert_int_equal(word(169), 0);
	run((struct ata_command){ .command = 0x06, .features = 1, .count = 1 });
	assert_refused(ATA_ABRT);
}

/* --- reading and writing --- */

static void a_count_of_0_is_the_most(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0xC8, .lba = 16 });
	assert_int_equal(action.kind, ATA_READ);
	assert_int_equal(action.len, 256 * DISK_SECTOR);
	run((struct ata_command){ .command = 0x25, .lba = 16 });
	assert_int_equal(action.len, 65536 * DISK_SECTOR);
	run((struct ata_command){ .command = ATA_CMD_READ_FPDMA, .lba = 16 });
	assert_int_equal(action.len, 65536 * DISK_SECTOR);
	assert_true(action.queued);
}

static void short_addresses_have_four_bits_in_the_device_register(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0xCA, .lba = 0xffffff123456, .device = 0x4a, .count = 0xff01 });
	assert_int_equal(action.kind, ATA_WRITE);
	assert_true(action.offset == UINT64_C(0xa123456) * DISK_SECTOR);
	assert_int_equal(action.len, DISK_SECTOR);
}

static void beyond_the_end_no_sector_is_found(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0x25, .lba = 999, .count = 1 });
	assert_int_equal(action.kind, ATA_READ);
	run((struct ata_command){ .command = 0x25, .lba = 999, .count = 2 });
	assert_refused(ATA_IDNF | ATA_ABRT);
	run((struct ata_command){ .command = 0x35, .lba = UINT64_C(0xffffffffffff), .count = 0 });
	assert_refused(ATA_IDNF | ATA_ABRT);
	run((struct ata_command){ .command = 0x42, .lba = 1000, .count = 1 });
	assert_refused(ATA_IDNF | ATA_ABRT);
}

static void cylinders_heads_and_sectors_are_refused(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0xC8, .device = 0xa0, .count = 1 });
	assert_refused(ATA_ABRT);
}

static void a_read_only_disk_refuses_every_write(void **state)
{
	(void)state;
	static const uint8_t writes[] = { 0x30, 0x31, 0xCA, 0xCB, 0x34, 0x35, 0x3D, 0xC5, 0x39, 0xCE, 0x61 };
	disk.read_only = true;
	for (size_t i = 0; i < sizeof(writes); i++) {
		run((struct ata_command){ .command = writes[i], .count = 1, .features = 1 });
		assert_refused(ATA_ABRT);
	}
}

static void writes_are_stable_when_asked_or_without_a_cache(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0x35, .count = 1 });
	assert_false(action.stable);
	run((struct ata_command){ .command = 0x3D, .count = 1 });
	assert_true(action.stable);
	run((struct ata_command){ .command = ATA_CMD_WRITE_FPDMA, .features = 1, .device = 0xc0 });
	assert_true(action.stable);
	run((struct ata_command){ .command = 0xEF, .features = 0x82 });
	run((struct ata_command){ .command = 0x35, .count = 1 });
	assert_true(action.stable);
	run((struct ata_command){ .command = 0xEC });
	assert_false(word(85) & 0x20);
}

static void a_write_through_image_has_no_cache_to_enable(void **state)
{
	(void)state;
	disk.cache = DISK_WRITETHROUGH;
	ata_reset(&dev);
	run((struct ata_command){ .command = 0xEF, .features = 0x02 });
	assert_false(action.result.status & ATA_ERR);
	run((struct ata_command){ .command = 0x35, .count = 1 });
	assert_true(action.stable);
}

static void multiple_works_once_it_is_set(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0xC6, .count = 3 });
	assert_refused(ATA_ABRT);
	run((struct ata_command){ .command = 0xC6, .count = 0 });
	run((struct ata_command){ .command = 0xC4, .count = 1 });
	assert_refused(ATA_ABRT);
	run((struct ata_command){ .command = 0xC6, .count = 8 });
	run((struct ata_command){ .command = 0xC4, .count = 1 });
	assert_int_equal(action.kind, ATA_READ);
	assert_true(action.pio);
}

/* --- TRIM --- */

static void trim_takes_at_most_what_identify_says(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0x06, .features = 1, .count = ATA_TRIM_BLOCKS });
	assert_int_equal(action.kind, ATA_TRIM);
	assert_int_equal(action.len, ATA_BUFFER);
	run((struct ata_command){ .command = 0x06, .features = 1, .count = ATA_TRIM_BLOCKS + 1 });
	assert_refused(ATA_ABRT);
	run((struct ata_command){ .command = 0x06, .features = 1, .count = 0 });
	assert_refused(ATA_ABRT);
	run((struct ata_command){ .command = 0x06, .features = 0, .count = 1 });
	assert_refused(ATA_ABRT);
}

static void trim_ranges_are_read_one_by_one(void **state)
{
	(void)state;
	uint64_t offset, len;
	memset(dev.buffer, 0, sizeof(dev.buffer));
	le_put(dev.buffer, 8, UINT64_C(8) << 48 | 100);
	le_put(dev.buffer + 16, 8, UINT64_C(2) << 48 | 999);
	assert_true(ata_trim_range(&dev, 512, 0, &offset, &len));
	assert_int_equal(offset, 100 * DISK_SECTOR);
	assert_int_equal(len, 8 * DISK_SECTOR);
	assert_true(ata_trim_range(&dev, 512, 1, &offset, &len));
	assert_int_equal(len, 0);
	assert_true(ata_trim_range(&dev, 512, 2, &offset, &len));
	assert_true(len == UINT64_MAX);
	assert_true(ata_trim_range(&dev, 512, 63, &offset, &len));
	assert_false(ata_trim_range(&dev, 512, 64, &offset, &len));
}

/* --- logs and SMART --- */

static void smart_wants_its_key_and_reports_health(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0xB0, .features = 0xD0 });
	assert_refused(ATA_ABRT);
	run((struct ata_command){ .command = 0xB0, .features = 0xDA, .lba = 0xC24F00 });
	assert_false(action.result.status & ATA_ERR);
	assert_int_equal(action.result.lba, 0xC24F00);
	run((struct ata_command){ .command = 0xB0, .features = 0xD0, .lba = 0xC24F00 });
	assert_int_equal(action.kind, ATA_DATA_IN);
	assert_int_equal(sum(), 0);
	run((struct ata_command){ .command = 0xB0, .features = 0xD1, .lba = 0xC24F00 });
	assert_int_equal(sum(), 0);
	run((struct ata_command){ .command = 0xB0, .features = 0xD9, .lba = 0xC24F00 });
	run((struct ata_command){ .command = 0xB0, .features = 0xD0, .lba = 0xC24F00 });
	assert_refused(ATA_ABRT);
	run((struct ata_command){ .command = 0xB0, .features = 0xD8, .lba = 0xC24F00 });
	run((struct ata_command){ .command = 0xB0, .features = 0xD0, .lba = 0xC24F00 });
	assert_int_equal(action.kind, ATA_DATA_IN);
}

static void the_error_log_names_the_failed_tag_once(void **state)
{
	(void)state;
	run((struct ata_command){ .command = ATA_CMD_READ_FPDMA, .lba = 64, .features = 8, .count = 5 << 3 });
	struct ata_result result = ata_fail(&dev, &action, 5, 70 * DISK_SECTOR);
	assert_int_equal(result.error, ATA_UNC);
	assert_int_equal(result.lba, 70);
	run((struct ata_command){ .command = 0x2F, .lba = 0x10, .count = 1 });
	assert_int_equal(dev.buffer[0], 5);
	assert_int_equal(dev.buffer[3], ATA_UNC);
	assert_int_equal(dev.buffer[4], 70);
	assert_int_equal(sum(), 0);
	run((struct ata_command){ .command = 0x47, .lba = 0x10, .count = 1 });
	assert_int_equal(dev.buffer[0], 0x80);
	assert_false(action.pio);
}

static void logs_that_are_not_there_are_refused(void **state)
{
	(void)state;
	run((struct ata_command){ .command = 0x2F, .lba = 0, .count = 1 });
	assert_int_equal(word(0x10), 1);
	run((struct ata_command){ .command = 0x2F, .lba = 0x30, .count = 1 });
	assert_refused(ATA_ABRT);
	run((struct ata_command){ .command = 0x2F, .lba = 0x110, .count = 1 });
	assert_refused(ATA_ABRT);
	run((struct ata_command){ .command = 0x2F, .lba = 0x10, .count = 2 });
	assert_refused(ATA_ABRT);
}

static void every_command_number_has_an_answer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		run((struct ata_command){ .command = (uint8_t)i, .count = 1, .features = 1 });
		assert_true(action.result.status & ATA_DRDY);
		assert_true(action.len <= ATA_BUFFER || action.kind == ATA_READ ||
			    action.kind == ATA_WRITE);
	}
	run((struct ata_command){ .command = 0xA1 });
	assert_refused(ATA_ABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identify_says_size_queue_and_features, up),
		cmocka_unit_test_setup(texts_are_swapped_padded_and_name_no_emulator, up),
		cmocka_unit_test_setup(a_read_only_disk_offers_no_trim, up),
		cmocka_unit_test_setup(a_count_of_0_is_the_most, up),
		cmocka_unit_test_setup(short_addresses_have_four_bits_in_the_device_register, up),
		cmocka_unit_test_setup(beyond_the_end_no_sector_is_found, up_small),
		cmocka_unit_test_setup(cylinders_heads_and_sectors_are_refused, up),
		cmocka_unit_test_setup(a_read_only_disk_refuses_every_write, up),
		cmocka_unit_test_setup(writes_are_stable_when_asked_or_without_a_cache, up),
		cmocka_unit_test_setup(a_write_through_image_has_no_cache_to_enable, up),
		cmocka_unit_test_setup(multiple_works_once_it_is_set, up),
		cmocka_unit_test_setup(trim_takes_at_most_what_identify_says, up),
		cmocka_unit_test_setup(trim_ranges_are_read_one_by_one, up_small),
		cmocka_unit_test_setup(smart_wants_its_key_and_reports_health, up),
		cmocka_unit_test_setup(the_error_log_names_the_failed_tag_once, up),
		cmocka_unit_test_setup(logs_that_are_not_there_are_refused, up),
		cmocka_unit_test_setup(every_command_number_has_an_answer, up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
