/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c core/disk_io.c
// with: fake/fake_irq.c fake/fake_disk.c fake/ahci_rig.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "fake/ahci_rig.h"

#define READ_DMA 0x25
#define WRITE_DMA 0x35
#define FLUSH 0xEA
#define IDENTIFY 0xEC
#define TRIM 0x06

static void read_into(unsigned slot, uint64_t lba, uint16_t n, uint64_t gpa)
{
	rig_put(0, slot, &(struct rig_command){ .command = READ_DMA, .lba = lba, .count = n });
	rig_prd(0, slot, gpa, n * DISK_SECTOR);
}

static void queue_read(unsigned slot, uint64_t lba, uint16_t n, uint64_t gpa)
{
	rig_put(0, slot,
		&(struct rig_command){ .command = ATA_CMD_READ_FPDMA,
				       .lba = lba,
				       .features = n,
				       .count = (uint16_t)(slot << 3) });
	rig_prd(0, slot, gpa, n * DISK_SECTOR);
}

static uint8_t *fis(unsigned port, unsigned off)
{
	return rig_at(RIG_FIS(port) + off);
}

static void assert_content(uint64_t gpa, uint64_t lba, uint64_t n)
{
	assert_memory_equal(rig_at(gpa), rig->content + lba * DISK_SECTOR, n * DISK_SECTOR);
}

/* --- what software finds --- */

static void the_controller_is_an_ich9_with_the_ports_that_have_disks(void **state)
{
	(void)state;
	assert_int_equal(pci_cfg_read(&rig->ahci.func, PCI_VENDOR_ID, 4), 0x29228086);
	assert_int_equal(pci_cfg_read(&rig->ahci.func, PCI_CLASS_REVISION, 4) >> 8, 0x010601);
	assert_int_equal(rig_read(HBA_PI), 3);
	assert_int_equal(rig_read(HBA_CAP) & 0x1f, 5);
	assert_int_equal(rig_read(HBA_GHC), GHC_AE);
	assert_int_equal(rig_port(0, PX_SSTS), 0x123);
	assert_int_equal(rig_port(0, PX_SIG), 0x101);
	assert_int_equal(rig_port(1, PX_SIG), 0xEB140101);
	assert_int_equal(rig_port(2, PX_SSTS), 0);
	assert_int_equal(rig_port(2, PX_TFD), 0x7f);
	assert_int_equal(rig_read(HBA_PORTS + 20 * HBA_PORT_SIZE), 0);
}

static void the_signature_is_received_once_there_is_room(void **state)
{
	(void)state;
	rig_start(0);
	assert_int_equal(fis(0, RX_D2H)[0], FIS_D2H);
	assert_int_equal(fis(0, RX_D2H)[4], 1);
	assert_int_equal(rig_port(0, PX_IS), 0);
}

static void registers_take_wide_and_narrow_accesses(void **state)
{
	(void)state;
	const struct bar_piece *bar = &rig->ahci.func.bar[AHCI_BAR].piece[0];
	bar->ops->write(bar->ctx, HBA_PORTS + PX_CLB, 8, UINT64_C(0x1234567800));
	assert_int_equal(rig_port(0, PX_CLB), 0x34567800);
	assert_int_equal(rig_port(0, PX_CLBU), 0x12);
	bar->ops->write(bar->ctx, HBA_PORTS + PX_CLB + 1, 1, 0x04);
	assert_int_equal(rig_port(0, PX_CLB), 0x34560400);
	assert_int_equal(bar->ops->read(bar->ctx, HBA_PORTS + PX_CLB + 2, 2), 0x3456);
	assert_true(bar->ops->read(bar->ctx, HBA_PORTS + PX_CLB, 8) == UINT64_C(0x1234560400));
}

/* --- commands --- */

static void identify_arrives_with_a_pio_setup(void **state)
{
	(void)state;
	rig_start(0);
	rig_put(0, 0, &(struct rig_command){ .command = IDENTIFY });
	rig_prd(0, 0, RIG_DATA, 512);
	rig_issue(0, 1);
	assert_int_equal(rig_port(0, PX_CI), 0);
	assert_int_equal(rig_port(0, PX_IS), IS_PSS);
	assert_int_equal(rig_port(0, PX_TFD), ATA_IDLE);
	assert_int_equal(fis(0, RX_PIO)[0], FIS_PIO_SETUP);
	assert_int_equal(le32_get((uint8_t *)rig_at(RIG_LIST(0)) + 4), 512);
	assert_true(le64_get((uint8_t *)rig_at(RIG_DATA) + 200) == RIG_DISK / DISK_SECTOR);
	assert_true(fake_irq.line[RIG_GSI].level);
	rig_port_write(0, PX_IS, IS_PSS);
	rig_write(HBA_IS, 1);
	assert_false(fake_irq.line[RIG_GSI].level);
}

static void a_read_ends_when_the_disk_is_done(void **state)
{
	(void)state;
	rig_start(0);
	read_into(3, 10, 8, RIG_DATA);
	rig_issue(0, 1 << 3);
	assert_int_equal(rig_port(0, PX_CI), 1 << 3);
	assert_true(rig_port(0, PX_TFD) & ATA_BSY);
	assert_int_equal(rig_port(0, PX_CMD) >> CMD_CCS_SHIFT & 0x1f, 3);
	fake_disk_run(0);
	assert_int_equal(rig_port(0, PX_CI), 0);
	assert_int_equal(rig_port(0, PX_IS), IS_DHRS);
	assert_content(RIG_DATA, 10, 8);
}

static void data_goes_where_each_prd_says(void **state)
{
	(void)state;
	rig_start(0);
	rig_put(0, 0, &(struct rig_command){ .command = READ_DMA, .lba = 1, .count = 2 });
	rig_prd(0, 0, RIG_DATA, 100);
	rig_prd(0, 0, RIG_DATA + 0x1002, 924);
	rig_issue(0, 1);
	fake_disk_run(0);
	assert_int_equal(fake_disk.reads, 1);
	assert_memory_equal(rig_at(RIG_DATA), rig->content + 512, 100);
	assert_memory_equal(rig_at(RIG_DATA + 0x1002), rig->content + 612, 924);
}

static void a_table_of_tiny_entries_is_read_in_pieces(void **state)
{
	(void)state;
	rig_start(0);
	rig_put(0, 0, &(struct rig_command){ .command = READ_DMA, .lba = 5, .count = 6 });
	rig_prd(0, 0, RIG_DATA, 4);
	for (unsigned i = 0; i < 6 * DISK_SECTOR / 6; i++) /* a piece would end within a sector */
		rig_prd(0, 0, RIG_DATA + 4 + i * 6, 6);
	rig_issue(0, 1);
	fake_disk_run(0);
	assert_int_equal(rig_port(0, PX_CI), 1);
	assert_content(RIG_DATA, 5, 2);
	fake_disk_run_all();
	assert_int_equal(rig_port(0, PX_CI), 0);
	assert_int_equal(fake_disk.reads, 3);
	assert_content(RIG_DATA, 5, 6);
}

static void a_write_reaches_the_disk(void **state)
{
	(void)state;
	rig_start(0);
	memset(rig_at(RIG_DATA), 0xab, 1024);
	rig_put(0, 0, &(struct rig_command){ .command = WRITE_DMA, .lba = 7, .count = 2, .flags = HEADER_WRITE });
	rig_prd(0, 0, RIG_DATA, 1024);
	rig_issue(0, 1);
	fake_disk_run(0);
	assert_content(RIG_DATA, 7, 2);
	rig_put(0, 1, &(struct rig_command){ .command = FLUSH });
	rig_issue(0, 2);
	fake_disk_run(0);
	assert_int_equal(fake_disk.flushes, 1);
	assert_int_equal(rig_port(0, PX_CI), 0);
}

static void trim_discards_range_after_range(void **state)
{
	(void)state;
	rig_start(0);
	uint8_t *ranges = rig_at(RIG_DATA);
	le_put(ranges, 8, UINT64_C(4) << 48 | 20);
	le_put(ranges + 16, 8, UINT64_C(2) << 48 | 40);
	rig_put(0, 0, &(struct rig_command){ .command = TRIM, .features = 1, .count = 1, .flags = HEADER_WRITE });
	rig_prd(0, 0, RIG_DATA, 512);
	rig_issue(0, 1);
	fake_disk_run_all();
	assert_int_equal(fake_disk.discards, 2);
	assert_int_equal(rig->content[20 * DISK_SECTOR], 0);
	assert_int_equal(rig->content[41 * DISK_SECTOR + 511], 0);
	assert_int_equal(rig_port(0, PX_CI), 0);
}

static void a_packet_reads_the_disc(void **state)
{
	(void)state;
	static const uint8_t read10[12] = { 0x28, 0, 0, 0, 0, 3, 0, 0, 2 };
	rig_start(1);
	rig_put(1, 0, &(struct rig_command){ .command = ATA_CMD_PACKET, .flags = HEADER_ATAPI, .cdb = read10 });
	rig_prd(1, 0, RIG_DATA, 4096);
	rig_issue(1, 1);
	fake_disk_run(0);
	assert_int_equal(rig_port(1, PX_CI), 0);
	assert_int_equal(rig_port(1, PX_IS), IS_DHRS);
	assert_memory_equal(rig_at(RIG_DATA), rig->content + 3 * CD_SECTOR, 4096);
}

/* --- queues --- */

static void queued_commands_end_in_any_order(void **state)
{
	(void)state;
	rig_start(0);
	queue_read(0, 10, 1, RIG_DATA);
	queue_read(5, 20, 1, RIG_DATA + 0x1000);
	rig_issue_queued(0, 1 | 1 << 5);
	assert_int_equal(rig_port(0, PX_CI), 0); /* both are the device's now */
	assert_int_equal(rig_port(0, PX_SACT), 1 | 1 << 5);
	assert_int_equal(fake_disk.n, 2);
	fake_disk_run(1);
	assert_int_equal(rig_port(0, PX_SACT), 1);
	assert_int_equal(rig_port(0, PX_IS), IS_SDBS);
	assert_int_equal(le32_get(fis(0, RX_SDB) + 4), 1 << 5);
	fake_disk_run(0);
	assert_int_equal(rig_port(0, PX_SACT), 0);
	assert_content(RIG_DATA, 10, 1);
	assert_content(RIG_DATA + 0x1000, 20, 1);
}

static void what_is_not_queued_waits_for_the_queue(void **state)
{
	(void)state;
	rig_start(0);
	queue_read(0, 10, 1, RIG_DATA);
	rig_issue_queued(0, 1);
	rig_put(0, 1, &(struct rig_command){ .command = FLUSH });
	rig_issue(0, 2);
	assert_int_equal(fake_disk.n, 1);
	fake_disk_run(0);
	assert_int_equal(fake_disk.n, 1);
	assert_int_equal(rig_port(0, PX_CI), 2);
	fake_disk_run(0);
	assert_int_equal(fake_disk.flushes, 1);
	assert_int_equal(rig_port(0, PX_CI), 0);
}

static void a_tag_that_is_not_its_slot_is_refused(void **state)
{
	(void)state;
	rig_start(0);
	queue_read(2, 10, 1, RIG_DATA);
	((uint8_t *)rig_at(RIG_TABLE(0, 2)))[12] = 3 << 3;
	rig_issue_queued(0, 1 << 2);
	assert_int_equal(fake_disk.n, 0);
	assert_true(rig_port(0, PX_IS) & IS_TFES);
}

static void a_failed_queued_read_stops_the_queue_and_is_logged(void **state)
{
	(void)state;
	rig_start(0);
	queue_read(0, 10, 1, RIG_DATA);
	queue_read(4, 20, 1, RIG_DATA + 0x1000);
	rig_issue_queued(0, 1 | 1 << 4);
	fake_disk.fail = -EIO;
	fake_disk_run(1);
	fake_disk.fail = 0;
	assert_true(rig_port(0, PX_IS) & IS_TFES);
	assert_int_equal(rig_port(0, PX_TFD), ATA_UNC << 8 | ATA_IDLE | ATA_ERR);
	fake_disk_run(0); /* the device has given it up: software issues it again */
	assert_int_equal(rig_port(0, PX_SACT), 1 | 1 << 4);
	rig_port_write(0, PX_CMD, CMD_FRE);
	assert_int_equal(rig_port(0, PX_SACT), 0);
	rig_port_write(0, PX_CMD, CMD_FRE | CMD_ST);
	rig_put(0, 0, &(struct rig_command){ .command = 0x2F, .lba = 0x10, .count = 1 });
	rig_prd(0, 0, RIG_DATA, 512);
	rig_issue(0, 1);
	assert_int_equal(*(uint8_t *)rig_at(RIG_DATA), 4);
	assert_int_equal(rig_port(0, PX_CI), 0);
}

/* --- what goes wrong --- */

static void a_host_error_is_an_ata_error(void **state)
{
	(void)state;
	rig_start(0);
	read_into(0, 10, 8, RIG_DATA);
	rig_issue(0, 1);
	fake_disk.fail = -EIO;
	fake_disk_run(0);
	assert_int_equal(rig_port(0, PX_IS), IS_TFES | IS_DHRS);
	assert_int_equal(rig_port(0, PX_CI), 1);
	assert_int_equal(fis(0, RX_D2H)[3], ATA_UNC);
	rig_issue(0, 2); /* halted until ST is cleared */
	assert_int_equal(fake_disk.n, 0);
}

static void pointers_out_of_memory_halt_the_port(void **state)
{
	(void)state;
	rig_start(0);
	read_into(0, 10, 8, RIG_RAM - 512);
	rig_issue(0, 1);
	assert_int_equal(rig_port(0, PX_IS), IS_HBFS);
	assert_int_equal(fake_disk.n, 0);
	rig_port_write(0, PX_CMD, CMD_FRE);
	rig_port_write(0, PX_CLBU, 0xffffffff);
	rig_port_write(0, PX_IS, UINT32_MAX);
	rig_port_write(0, PX_CMD, CMD_FRE | CMD_ST);
	rig_issue(0, 1);
	assert_int_equal(rig_port(0, PX_IS), IS_HBFS);
	assert_false(rig_port(0, PX_TFD) & ATA_ERR);
}

static void too_little_room_is_an_overflow(void **state)
{
	(void)state;
	rig_start(0);
	rig_put(0, 0, &(struct rig_command){ .command = READ_DMA, .lba = 1, .count = 2 });
	rig_prd(0, 0, RIG_DATA, 512);
	rig_issue(0, 1);
	fake_disk_run(0);
	assert_true(rig_port(0, PX_IS) & IS_OFS);
	assert_true(rig_port(0, PX_TFD) & ATA_ERR);
	assert_content(RIG_DATA, 1, 1);
}

static void a_short_buffer_takes_what_fits_of_an_answer(void **state)
{
	(void)state;
	rig_start(0);
	memset(rig_at(RIG_DATA), 0x77, 1024);
	rig_put(0, 0, &(struct rig_command){ .command = IDENTIFY });
	rig_prd(0, 0, RIG_DATA, 64);
	rig_issue(0, 1);
	assert_int_equal(le32_get((uint8_t *)rig_at(RIG_LIST(0)) + 4), 64);
	assert_int_equal(*(uint8_t *)rig_at(RIG_DATA + 64), 0x77);
	assert_true(rig_port(0, PX_IS) & IS_OFS);
}

static void without_bus_master_nothing_moves(void **state)
{
	(void)state;
	rig_start(0);
	pci_cfg_write(&rig->ahci.func, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	read_into(0, 10, 1, RIG_DATA);
	rig_issue(0, 1);
	assert_int_equal(fake_disk.n, 0);
	pci_cfg_write(&rig->ahci.func, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(fake_disk.n, 1);
	fake_disk_run(0);
	assert_content(RIG_DATA, 10, 1);
}

static void without_a_device_nothing_is_issued(void **state)
{
	(void)state;
	rig_start(3);
	rig_issue(3, UINT32_MAX);
	assert_int_equal(rig_port(3, PX_CI), 0);
}

/* --- resets --- */

static void stop_waits_for_what_the_disk_still_does(void **state)
{
	(void)state;
	rig_start(0);
	read_into(0, 10, 8, RIG_DATA);
	rig_issue(0, 1);
	rig_port_write(0, PX_CMD, CMD_FRE);
	assert_int_equal(rig_port(0, PX_CI), 0);
	assert_true(rig_port(0, PX_CMD) & CMD_CR);
	rig_port_write(0, PX_CMD, CMD_FRE | CMD_ST);
	read_into(1, 20, 1, RIG_DATA + 0x10000);
	rig_issue(0, 2);
	assert_int_equal(fake_disk.n, 1); /* not beside the abandoned one */
	fake_disk_run(0);
	assert_int_equal(rig_port(0, PX_IS), 0);
	assert_int_equal(fake_disk.n, 1);
	fake_disk_run(0);
	assert_content(RIG_DATA + 0x10000, 20, 1);
}

static void a_comreset_shows_a_busy_device_until_the_disk_is_quiet(void **state)
{
	(void)state;
	rig_start(0);
	read_into(0, 10, 8, RIG_DATA);
	rig_issue(0, 1);
	rig_port_write(0, PX_SCTL, 0x301);
	assert_int_not_equal(rig_port(0, PX_SSTS) & 0xf, 3);
	assert_int_equal(rig_port(0, PX_SIG), SIG_NONE);
	rig_port_write(0, PX_SCTL, 0x300);
	assert_int_equal(rig_port(0, PX_SSTS), 0x123);
	assert_int_equal(rig_port(0, PX_TFD), ATA_BSY);
	fake_disk_run(0);
	assert_int_equal(rig_port(0, PX_TFD), 1 << 8 | ATA_IDLE);
	assert_int_equal(rig_port(0, PX_SIG), 0x101);
}

static void a_soft_reset_is_answered_with_the_signature(void **state)
{
	(void)state;
	rig_start(1);
	for (unsigned srst = 2; srst--;) {
		rig_put(1, 0, &(struct rig_command){ .command = 0 });
		uint8_t *h2d = rig_at(RIG_TABLE(1, 0));
		h2d[1] = 0;
		h2d[15] = srst ? CONTROL_SRST : 0;
		memset(fis(1, RX_D2H), 0, 20);
		rig_issue(1, 1);
		assert_int_equal(rig_port(1, PX_CI), 0);
	}
	assert_int_equal(fis(1, RX_D2H)[5], 0x14);
	assert_int_equal(fis(1, RX_D2H)[6], 0xEB);
}

static void an_hba_reset_forgets_all_but_the_disks_work(void **state)
{
	(void)state;
	rig_start(0);
	read_into(0, 10, 8, RIG_DATA);
	rig_issue(0, 1);
	rig_write(HBA_GHC, GHC_AE | GHC_HR);
	assert_int_equal(rig_read(HBA_GHC), GHC_AE);
	assert_int_equal(rig_port(0, PX_CI), 0);
	assert_int_equal(rig_port(0, PX_TFD), ATA_BSY);
	fake_disk_run(0);
	assert_int_equal(rig_port(0, PX_IS), 0);
	assert_int_equal(rig_port(0, PX_SIG), 0x101);
}

static void the_machines_reset_waits_and_starts_afresh(void **state)
{
	(void)state;
	rig_start(0);
	read_into(0, 10, 8, RIG_DATA);
	rig_issue(0, 1);
	pci_func_reset(&rig->ahci.func);
	assert_int_equal(fake_disk.n, 0);
	assert_int_equal(rig_port(0, PX_CLB), 0);
	assert_int_equal(rig_port(0, PX_CMD) & (CMD_ST | CMD_FRE | CMD_CR), 0);
	assert_int_equal(rig_port(0, PX_IS), 0);
	rig_start(0);
	rig_issue(0, 1);
	fake_disk_run(0);
	assert_content(RIG_DATA, 10, 8);
}

/* --- interrupts --- */

#define MSI 0x80

static void enable_msi(void)
{
	pci_cfg_write(&rig->ahci.func, MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
	pci_cfg_write(&rig->ahci.func, MSI + PCI_MSI_DATA_64, 2, 0x41);
	pci_cfg_write(&rig->ahci.func, MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
}

static uint64_t messages(void)
{
	uint64_t n = 0;
	return read(rig->ahci.msi_fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void each_event_is_a_message(void **state)
{
	(void)state;
	rig_start(0);
	enable_msi();
	read_into(0, 10, 1, RIG_DATA);
	rig_issue(0, 1);
	fake_disk_run(0);
	assert_int_equal(messages(), 1);
	assert_false(fake_irq.line[RIG_GSI].level);
	rig_port_write(0, PX_IS, IS_DHRS);
	/* A command ends between the handler's look at the port and its write to IS. */
	rig_issue(0, 1);
	fake_disk_run(0);
	assert_int_equal(messages(), 0);
	rig_write(HBA_IS, 1);
	assert_int_equal(rig_read(HBA_IS), 1);
	assert_int_equal(messages(), 1);
	rig_port_write(0, PX_IS, IS_DHRS);
	rig_write(HBA_IS, 1);
	assert_int_equal(rig_read(HBA_IS), 0);
	assert_int_equal(messages(), 0);
}

static void interrupts_can_be_held_back_at_each_level(void **state)
{
	(void)state;
	rig_start(0);
	rig_port_write(0, PX_IE, 0);
	read_into(0, 10, 1, RIG_DATA);
	rig_issue(0, 1);
	fake_disk_run(0);
	assert_false(fake_irq.line[RIG_GSI].level);
	rig_write(HBA_GHC, GHC_AE);
	rig_port_write(0, PX_IE, IS_DHRS);
	assert_false(fake_irq.line[RIG_GSI].level);
	rig_write(HBA_GHC, GHC_AE | GHC_IE);
	assert_true(fake_irq.line[RIG_GSI].level);
	pci_cfg_write(&rig->ahci.func, PCI_COMMAND, 2,
		      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	assert_false(fake_irq.line[RIG_GSI].level);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_controller_is_an_ich9_with_the_ports_that_have_disks),
		TEST(the_signature_is_received_once_there_is_room),
		TEST(registers_take_wide_and_narrow_accesses),
		TEST(identify_arrives_with_a_pio_setup),
		TEST(a_read_ends_when_the_disk_is_done),
		TEST(data_goes_where_each_prd_says),
		TEST(a_table_of_tiny_entries_is_read_in_pieces),
		TEST(a_write_reaches_the_disk),
		TEST(trim_discards_range_after_range),
		TEST(a_packet_reads_the_disc),
		TEST(queued_commands_end_in_any_order),
		TEST(what_is_not_queued_waits_for_the_queue),
		TEST(a_tag_that_is_not_its_slot_is_refused),
		TEST(a_failed_queued_read_stops_the_queue_and_is_logged),
		TEST(a_host_error_is_an_ata_error),
		TEST(pointers_out_of_memory_halt_the_port),
		TEST(too_little_room_is_an_overflow),
		TEST(a_short_buffer_takes_what_fits_of_an_answer),
		TEST(without_bus_master_nothing_moves),
		TEST(without_a_device_nothing_is_issued),
		TEST(stop_waits_for_what_the_disk_still_does),
		TEST(a_comreset_shows_a_busy_device_until_the_disk_is_quiet),
		TEST(a_soft_reset_is_answered_with_the_signature),
		TEST(an_hba_reset_forgets_all_but_the_disks_work),
		TEST(the_machines_reset_waits_and_starts_afresh),
		TEST(each_event_is_a_message),
		TEST(interrupts_can_be_held_back_at_each_level),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
