/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device sends to its port: into the guest's memory, the task file and the port's interrupts. */
#include <string.h>

#include "base/bytes.h"
#include "hw/ahci.h"
#include "hw/ahci_regs.h"

/* Where the guest receives FISes; one that lies outside its memory is lost, as on a bus. */
static void store(const struct ahci_port *port, unsigned at, const uint8_t *fis, size_t len)
{
	if (port->cmd & CMD_FRE && port->ahci->may_dma)
		gmem_write(port->ahci->gmem, port->fb + at, fis, len);
}

static void set_task_file(struct ahci_port *port, const struct ata_result *result)
{
	port->tfd = (uint32_t)result->error << 8 | result->status;
}

/* SATA 3.0 §10.3.5 and, with three fields more, §10.3.10. */
static void registers(uint8_t fis[20], const struct ata_result *result)
{
	fis[2] = result->status;
	fis[3] = result->error;
	le_put(fis + 4, 2, result->lba);
	fis[6] = (uint8_t)(result->lba >> 16);
	fis[7] = result->device;
	le_put(fis + 8, 2, result->lba >> 24);
	fis[10] = (uint8_t)(result->lba >> 40);
	le_put(fis + 12, 2, result->count);
}

void ahci_fis_send(struct ahci_port *port, enum ahci_fis_kind kind,
		   const struct ata_result *result, uint64_t len, bool interrupt)
{
	uint8_t fis[20] = { kind == AHCI_FIS_PIO ? FIS_PIO_SETUP : FIS_D2H,
			    interrupt ? FIS_INTERRUPT : 0 };
	registers(fis, result);
	if (kind == AHCI_FIS_PIO) {
		fis[1] |= FIS_TO_HOST;
		fis[2] |= ATA_DRQ;
		fis[15] = result->status; /* after the data */
		le_put(fis + 16, 2, len);
	}
	store(port, kind == AHCI_FIS_PIO ? RX_PIO : RX_D2H, fis, sizeof(fis));
	set_task_file(port, result);
	if (interrupt)
		port->is |= kind == AHCI_FIS_PIO ? IS_PSS : IS_DHRS;
}

/* SATA 3.0 §10.3.6: the bits of the status but BSY and DRQ. */
void ahci_fis_device_bits(struct ahci_port *port, const struct ata_result *result, uint32_t done)
{
	uint8_t fis[8] = { FIS_SET_DEVICE_BITS, FIS_INTERRUPT, result->status & 0x77,
			   result->error };
	le_put(fis + 4, 4, done);
	store(port, RX_SDB, fis, sizeof(fis));
	port->tfd = (uint32_t)result->error << 8 | (port->tfd & (ATA_BSY | ATA_DRQ)) |
		    (result->status & 0x77);
	port->sact &= ~done;
	port->is |= IS_SDBS;
}
