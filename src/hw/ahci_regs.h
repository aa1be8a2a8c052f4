/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and structures of AHCI 1.3.1 §3 and §4, and of SATA 3.0 §10.3, for hw/ahci*.c. */
#ifndef BULKHEAD_HW_AHCI_REGS_H
#define BULKHEAD_HW_AHCI_REGS_H

/* --- of the controller, §3.1 --- */
#define HBA_CAP 0x00
#define HBA_GHC 0x04
#define HBA_IS 0x08
#define HBA_PI 0x0C
#define HBA_VS 0x10
#define HBA_CAP2 0x24
#define HBA_BOHC 0x28
#define HBA_PORTS 0x100 /* 0x80 bytes each */
#define HBA_PORT_SIZE 0x80

#define CAP_64BIT (UINT32_C(1) << 31)
#define CAP_NCQ (UINT32_C(1) << 30)
#define CAP_CLO (UINT32_C(1) << 24)
#define CAP_GEN2 (UINT32_C(2) << 20) /* 3 Gb/s */
#define CAP_AHCI_ONLY (UINT32_C(1) << 18)
#define GHC_AE (UINT32_C(1) << 31)
#define GHC_IE 0x2
#define GHC_HR 0x1
#define VS_1_3_1 0x00010301

/* --- of a port, §3.3 --- */
#define PX_CLB 0x00
#define PX_CLBU 0x04
#define PX_FB 0x08
#define PX_FBU 0x0C
#define PX_IS 0x10
#define PX_IE 0x14
#define PX_CMD 0x18
#define PX_TFD 0x20
#define PX_SIG 0x24
#define PX_SSTS 0x28
#define PX_SCTL 0x2C
#define PX_SERR 0x30
#define PX_SACT 0x34
#define PX_CI 0x38

#define IS_DHRS 0x00000001 /* device to host register FIS */
#define IS_PSS 0x00000002  /* PIO setup FIS */
#define IS_SDBS 0x00000008 /* set device bits FIS */
#define IS_OFS (UINT32_C(1) << 24)  /* more data than the PRDs have room for */
#define IS_HBFS (UINT32_C(1) << 29) /* host bus fatal: an address that is no memory */
#define IS_TFES (UINT32_C(1) << 30) /* the task file says ERR */
#define IS_ALL 0xFDC000FF           /* what a guest may enable or clear */

#define CMD_ST 0x00000001
#define CMD_SUD 0x00000002
#define CMD_POD 0x00000004
#define CMD_CLO 0x00000008
#define CMD_FRE 0x00000010
#define CMD_CCS_SHIFT 8
#define CMD_FR 0x00004000
#define CMD_CR 0x00008000
#define CMD_ATAPI 0x01000000
#define CMD_WRITABLE (CMD_ST | CMD_FRE | CMD_ATAPI | 0x06000000 /* LED, power: stored */)

#define SSTS_PRESENT 0x123 /* active, 3 Gb/s, device and link there */
#define SSTS_COMRESET 0x004 /* offline while it is sent */
#define SCTL_DET 0xF
#define SIG_NONE 0xFFFFFFFF
#define TFD_NONE 0x7F

/* --- in memory, §4.2 --- */
#define HEADER_SIZE 32
#define HEADER_FIS_WORDS 0x1F /* of the first dword: length of the FIS */
#define HEADER_ATAPI 0x20
#define HEADER_WRITE 0x40
#define HEADER_CLEAR_BUSY 0x400
#define TABLE_ATAPI 0x40 /* in a command table */
#define TABLE_PRDT 0x80
#define PRD_SIZE 16
#define PRD_BYTES 0x3FFFFF

/* Received FISes, §4.2.1 */
#define RX_PIO 0x20
#define RX_D2H 0x40
#define RX_SDB 0x58

/* --- FISes --- */
#define FIS_H2D 0x27
#define FIS_D2H 0x34
#define FIS_PIO_SETUP 0x5F
#define FIS_SET_DEVICE_BITS 0xA1
#define FIS_COMMAND 0x80   /* byte 1 of H2D: command register, not control */
#define FIS_INTERRUPT 0x40 /* byte 1 of the others */
#define FIS_TO_HOST 0x20   /* byte 1 of PIO setup */
#define CONTROL_SRST 0x04

#endif
