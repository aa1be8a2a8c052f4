/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One command from its slot in the guest's list to the FIS that ends it: header, FIS and packet are
 * copied once, the device says what is to be done, and the disk does it in pieces of AHCI_IOV
 * buffers.
 */
#include <errno.h>

#include "base/bytes.h"
#include "hw/ahci.h"
#include "hw/ahci_regs.h"

#define FIS_SIZE 20
#define PIECE_MAX (4 * MIB) /* of a command: what a reset may have to wait for */

struct fetched {
	uint64_t header; /* guest addresses */
	uint64_t table;
	uint32_t flags; /* first dword of the header */
	uint8_t fis[FIS_SIZE];
};

/* -EFAULT when the guest's pointers lead out of its memory. */
static int fetch(const struct ahci_port *port, unsigned n, struct fetched *ret)
{
	const struct gmem *gmem = port->ahci->gmem;
	uint8_t header[HEADER_SIZE];
	ret->header = port->clb + (uint64_t)n * HEADER_SIZE;
	if (gmem_read(gmem, ret->header, header, sizeof(header)))
		return -EFAULT;
	ret->flags = le32_get(header);
	ret->table = le64_get(header + 8) & ~UINT64_C(0x7f);
	return gmem_read(gmem, ret->table, ret->fis, sizeof(ret->fis)) ? -EFAULT : 0;
}

static bool is_queued(const uint8_t *fis)
{
	return fis[1] & FIS_COMMAND &&
	       (fis[2] == ATA_CMD_READ_FPDMA || fis[2] == ATA_CMD_WRITE_FPDMA);
}

int ahci_command_is_queued(const struct ahci_port *port, unsigned slot)
{
	struct fetched got;
	int r = fetch(port, slot, &got);
	return r ? r : is_queued(got.fis);
}

/* --- ends --- */

static unsigned number_of(const struct ahci_slot *slot)
{
	return (unsigned)(slot - slot->port->slot);
}

static void end_queued(struct ahci_slot *slot, const struct ata_result *result)
{
	bool failed = result->status & ATA_ERR;
	ahci_fis_device_bits(slot->port, result, failed ? 0 : UINT32_C(1) << number_of(slot));
	if (failed)
		ahci_port_error(slot->port, IS_TFES);
}

static void end(struct ahci_slot *slot, const struct ata_result *result)
{
	struct ahci_port *port = slot->port;
	bool failed = result->status & ATA_ERR;
	uint8_t moved[4];
	if (slot->action.queued) {
		end_queued(slot, result);
		return;
	}
	port->alone = false;
	le_put(moved, sizeof(moved), slot->moved);
	gmem_write(port->ahci->gmem, slot->header + 4, moved, sizeof(moved));
	ahci_fis_send(port, slot->action.pio && !failed ? AHCI_FIS_PIO : AHCI_FIS_D2H, result,
		      slot->moved, true);
	if (failed) {
		ahci_port_error(port, IS_TFES);
		return;
	}
	port->ci &= ~(UINT32_C(1) << number_of(slot));
	port->issued &= port->ci;
}

static void end_well(struct ahci_slot *slot)
{
	end(slot, &slot->action.result);
}

static void fail(struct ahci_slot *slot)
{
	const struct ata_action *action = &slot->action;
	struct ata_result result = ata_fail(&slot->port->device, action, number_of(slot),
					    action->offset + slot->moved);
	end(slot, &result);
}

/* --- what the disk does --- */

static void submit(struct ahci_slot *slot, enum disk_op op)
{
	struct ahci_port *port = slot->port;
	slot->request.op = op;
	slot->request.stable = slot->action.stable;
	if (disk_submit(port->device.disk, &slot->request)) {
		fail(slot);
		return;
	}
	slot->busy = true;
	port->busy_slots++;
	port->alone = !slot->action.queued;
}

/*
 * The next buffers, whole sectors of them: where the table has so many short entries that a piece
 * would end within a sector, the piece is shortened. Bytes, or -EFAULT; 0 when the guest gives less
 * than a sector's room.
 */
static int64_t gather(struct ahci_slot *slot, unsigned *ret_n)
{
	const struct gmem *gmem = slot->port->ahci->gmem;
	const struct ahci_prd before = slot->prd;
	uint64_t want = min_u64(slot->action.len - slot->moved, PIECE_MAX);
	int64_t got = ahci_prd_gather(&slot->prd, gmem, want, slot->iov, ret_n);
	if (got <= 0 || got % DISK_SECTOR == 0)
		return got;
	slot->prd = before;
	want = align_down((uint64_t)got, DISK_SECTOR);
	if (!want)
		return 0;
	got = ahci_prd_gather(&slot->prd, gmem, want, slot->iov, ret_n);
	/* The guest has changed the table meanwhile. */
	return got > 0 && got % DISK_SECTOR ? 0 : got;
}

static void next_piece(struct ahci_slot *slot)
{
	const struct ata_action *action = &slot->action;
	unsigned n = 0;
	int64_t got = gather(slot, &n);
	if (got < 0) {
		ahci_port_error(slot->port, IS_HBFS);
		return;
	}
	if (!got) {
		slot->port->is |= IS_OFS;
		fail(slot);
		return;
	}
	slot->request.offset = action->offset + slot->moved;
	slot->request.len = (uint64_t)got;
	slot->request.iov = slot->iov;
	slot->request.n_iov = n;
	submit(slot, action->kind == ATA_READ ? DISK_READ : DISK_WRITE);
}

/* Ranges of one command one after the other; empty ones are stepped over. */
static void next_range(struct ahci_slot *slot)
{
	uint64_t offset, len;
	while (ata_trim_range(&slot->port->device, slot->action.len, slot->range, &offset, &len)) {
		slot->range++;
		if (len == UINT64_MAX) {
			fail(slot);
			return;
		}
		if (!len)
			continue;
		slot->request.offset = offset;
		slot->request.len = len;
		submit(slot, DISK_DISCARD);
		return;
	}
	end_well(slot);
}

static void proceed(struct ahci_slot *slot)
{
	const struct ata_action *action = &slot->action;
	if (action->kind == ATA_TRIM) {
		next_range(slot);
		return;
	}
	if (action->kind != ATA_FLUSH)
		slot->moved += slot->request.len;
	if (action->kind == ATA_FLUSH || slot->moved >= action->len)
		end_well(slot);
	else
		next_piece(slot);
}

/* On a thread of the disk. */
static void done(struct disk_request *request, int result)
{
	struct ahci_slot *slot = container_of(request, struct ahci_slot, request);
	struct ahci_port *port = slot->port;
	pthread_mutex_lock(&port->ahci->lock);
	slot->busy = false;
	port->busy_slots--;
	if (slot->orphan) {
		slot->orphan = false;
		port->orphans--;
	} else if (port->halted) {
		/* The device has given up all that was queued (SATA 3.0 §13.6.2): they stay in SACT. */
		port->alone = false;
	} else if (result) {
		fail(slot);
	} else {
		proceed(slot);
	}
	ahci_port_go_on(port);
	ahci_interrupt(port->ahci);
	pthread_mutex_unlock(&port->ahci->lock);
}

/* --- starts --- */

/* Data that is no disk's: at once, and out of one small buffer. */
static void data_in(struct ahci_slot *slot)
{
	struct ahci_port *port = slot->port;
	int64_t n = ahci_prd_copy(&slot->prd, port->ahci->gmem, port->device.buffer,
				  slot->action.len, true);
	if (n < 0) {
		ahci_port_error(port, IS_HBFS);
		return;
	}
	slot->moved = (uint64_t)n;
	if (slot->moved < slot->action.len)
		port->is |= IS_OFS;
	end_well(slot);
}

static void trim(struct ahci_slot *slot)
{
	struct ahci_port *port = slot->port;
	int64_t n = ahci_prd_copy(&slot->prd, port->ahci->gmem, port->device.buffer,
				  slot->action.len, false);
	if (n < 0) {
		ahci_port_error(port, IS_HBFS);
	} else if ((uint64_t)n < slot->action.len) {
		port->is |= IS_OFS;
		fail(slot);
	} else {
		slot->moved = (uint64_t)n;
		next_range(slot);
	}
}

static void begin(struct ahci_slot *slot)
{
	switch (slot->action.kind) {
	case ATA_NOTHING:
		end_well(slot);
		break;
	case ATA_DATA_IN:
		data_in(slot);
		break;
	case ATA_TRIM:
		trim(slot);
		break;
	case ATA_READ:
	case ATA_WRITE:
		next_piece(slot);
		break;
	case ATA_FLUSH:
		submit(slot, DISK_FLUSH);
		break;
	}
}

static struct ata_command command_of(const uint8_t *fis)
{
	return (struct ata_command){
		.command = fis[2],
		.features = (uint16_t)(fis[3] | fis[11] << 8),
		.lba = le16_get(fis + 4) | (uint64_t)fis[6] << 16 | (uint64_t)fis[8] << 24 |
		       (uint64_t)fis[9] << 32 | (uint64_t)fis[10] << 40,
		.device = fis[7],
		.count = le16_get(fis + 12),
	};
}

/* What the device makes of the command. -EFAULT when its packet cannot be read. */
static int ask_device(struct ahci_slot *slot, const struct fetched *got)
{
	struct ata_device *device = &slot->port->device;
	const struct ata_command command = command_of(got->fis);
	uint8_t cdb[ATA_CDB_SIZE];
	if (device->cdrom && command.command == ATA_CMD_PACKET) {
		if (gmem_read(slot->port->ahci->gmem, got->table + TABLE_ATAPI, cdb, sizeof(cdb)))
			return -EFAULT;
		ata_packet(device, cdb, &slot->action);
		return 0;
	}
	ata_execute(device, &command, &slot->action);
	return 0;
}

/*
 * The tag of a queued command is its slot (AHCI 1.3.1 §5.6.4), which software has marked in SACT. From
 * acceptance on only SACT speaks of it.
 */
static void accept_queued(struct ahci_slot *slot, const struct fetched *got)
{
	struct ahci_port *port = slot->port;
	uint32_t bit = UINT32_C(1) << number_of(slot);
	if (!slot->action.queued)
		return;
	if (got->fis[12] >> 3 != number_of(slot) || !(port->sact & bit)) {
		slot->action = (struct ata_action){ .result = slot->action.result };
		ata_abort(&slot->action, ATA_ABRT);
		return;
	}
	port->ci &= ~bit;
	port->issued &= ~bit;
	if (slot->action.kind == ATA_NOTHING)
		ata_log_failure(&port->device, number_of(slot), &slot->action.result);
}

/* SRST set, then clear, resets the device; neither is answered but by the signature (§10.4.1). */
static void control(struct ahci_slot *slot, uint8_t value)
{
	struct ahci_port *port = slot->port;
	bool srst = value & CONTROL_SRST;
	if (port->soft_reset && !srst) {
		struct ata_result signature = ata_signature(&port->device);
		ata_reset(&port->device);
		ahci_fis_send(port, AHCI_FIS_D2H, &signature, 0, false);
	}
	port->soft_reset = srst;
	port->ci &= ~(UINT32_C(1) << number_of(slot));
	port->issued &= port->ci;
}

static void prepare(struct ahci_slot *slot, const struct fetched *got)
{
	slot->request.done = done;
	slot->prd = (struct ahci_prd){ .table = got->table + TABLE_PRDT, .left = got->flags >> 16 };
	slot->header = got->header;
	slot->moved = 0;
	slot->range = 0;
	slot->action = (struct ata_action){ 0 };
}

bool ahci_command_issue(struct ahci_port *port, unsigned n)
{
	struct ahci_slot *slot = &port->slot[n];
	struct fetched got;
	port->issued |= UINT32_C(1) << n;
	port->current = n;
	port->next = (n + 1) % AHCI_SLOTS;
	if (fetch(port, n, &got)) {
		ahci_port_error(port, IS_HBFS);
		return false;
	}
	prepare(slot, &got);
	if (got.fis[0] == FIS_H2D && !(got.fis[1] & FIS_COMMAND)) {
		control(slot, got.fis[15]);
		return true;
	}
	if (!is_queued(got.fis))
		port->tfd = ATA_BSY | ATA_DRDY;
	if (ask_device(slot, &got)) {
		ahci_port_error(port, IS_HBFS);
		return false;
	}
	accept_queued(slot, &got);
	begin(slot);
	return !port->halted;
}
