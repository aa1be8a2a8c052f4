/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/tpm_crb.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"
#include "core/layout.h"

/* Registers (PTP §6.5.3.1); offsets in the page of locality 0. */
enum {
	LOC_STATE = 0x00,
	LOC_CTRL = 0x08,
	LOC_STS = 0x0c,
	INTF_ID = 0x30,
	INTF_ID_HIGH = 0x34,
	CTRL_REQ = 0x40,
	CTRL_STS = 0x44,
	CTRL_CANCEL = 0x48,
	CTRL_START = 0x4c,
	CMD_SIZE = 0x58,
	CMD_LADDR = 0x5c,
	RSP_SIZE = 0x64,
	RSP_LADDR = 0x68,
};

#define LOC_STATE_ESTABLISHED 0x01 /* reset: no measured launch has been */
#define LOC_STATE_ASSIGNED 0x02
#define LOC_STATE_VALID 0x80
#define LOC_CTRL_REQUEST 0x01
#define LOC_CTRL_RELINQUISH 0x02
#define LOC_STS_GRANTED 0x01
#define CTRL_REQ_READY 0x01
#define CTRL_REQ_IDLE 0x02
#define CTRL_STS_FATAL 0x01
#define CTRL_STS_IDLE 0x02

/*
 * CRB in version 1, and selected for good: bits 3:0 type, 7:4 version, 12:11 transfers of 64 bytes,
 * 14 CRB supported, 18:17 CRB selected, 19 locked (PTP table 30). Vendor 1014, device 1: IBM's,
 * whose TPM is behind it (swtpm's libtpms).
 */
#define INTF_ID_VALUE (1u | 1u << 4 | 3u << 11 | 1u << 14 | 1u << 17 | 1u << 19)
#define INTF_ID_HIGH_VALUE (0x1014u | 0x0001u << 16)

/* TPM 2.0 Part 2 §6.9, §6.6.3 */
#define ST_NO_SESSIONS 0x8001
#define RC_FAILURE 0x101
#define RC_COMMAND_SIZE 0x142

int tpm_crb_init(struct tpm_crb *crb, const struct tpm_backend *backend, void *ctx)
{
	memset(crb, 0, sizeof(*crb));
	crb->backend = backend;
	crb->ctx = ctx;
	return -pthread_mutex_init(&crb->lock, NULL);
}

void tpm_crb_fini(struct tpm_crb *crb)
{
	if (crb->backend)
		pthread_mutex_destroy(&crb->lock);
	crb->backend = NULL;
}

void tpm_crb_reset(struct tpm_crb *crb)
{
	pthread_mutex_lock(&crb->lock);
	crb->state = TPM_CRB_IDLE;
	crb->granted = crb->cancelled = false;
	crb->asked = 0;
	crb->ticket++;
	memset(crb->buffer, 0, sizeof(crb->buffer));
	bool failed = crb->failed;
	pthread_mutex_unlock(&crb->lock);
	if (!failed)
		crb->backend->reset(crb->ctx);
}

/* --- responses --- */

static void put_code(struct tpm_crb *crb, uint32_t code)
{
	const uint32_t length = htobe32(TPM_HEADER), rc = htobe32(code);
	const uint16_t tag = htobe16(ST_NO_SESSIONS);
	memcpy(crb->buffer, &tag, sizeof(tag));
	memcpy(crb->buffer + 2, &length, sizeof(length));
	memcpy(crb->buffer + 6, &rc, sizeof(rc));
}

static uint32_t length_of(const uint8_t *header)
{
	uint32_t length;
	memcpy(&length, header + 2, sizeof(length));
	return be32toh(length);
}

static void obey(struct tpm_crb *crb, uint32_t request)
{
	if (request & CTRL_REQ_READY)
		crb->state = TPM_CRB_READY;
	else if (request & CTRL_REQ_IDLE)
		crb->state = TPM_CRB_IDLE;
}

static void finish(struct tpm_crb *crb)
{
	crb->state = TPM_CRB_DONE;
	crb->cancelled = false;
	obey(crb, crb->asked);
	crb->asked = 0;
}

unsigned tpm_crb_ticket(struct tpm_crb *crb)
{
	pthread_mutex_lock(&crb->lock);
	unsigned ticket = crb->ticket;
	pthread_mutex_unlock(&crb->lock);
	return ticket;
}

void tpm_crb_answer(struct tpm_crb *crb, unsigned ticket, const uint8_t *response, unsigned len)
{
	bool good = response && len >= TPM_HEADER && len <= TPM_CRB_BUFFER &&
		    length_of(response) == len;
	pthread_mutex_lock(&crb->lock);
	if (crb->state == TPM_CRB_EXECUTING && crb->ticket == ticket) {
		memset(crb->buffer, 0, sizeof(crb->buffer));
		if (good)
			memcpy(crb->buffer, response, len);
		else
			put_code(crb, RC_FAILURE);
		finish(crb);
	}
	pthread_mutex_unlock(&crb->lock);
}

void tpm_crb_fail(struct tpm_crb *crb)
{
	pthread_mutex_lock(&crb->lock);
	crb->failed = true;
	if (crb->state == TPM_CRB_EXECUTING) {
		put_code(crb, RC_FAILURE);
		finish(crb);
	}
	pthread_mutex_unlock(&crb->lock);
}

/* --- reads --- */

static uint32_t read_register(const struct tpm_crb *crb, unsigned reg)
{
	const uint32_t buffer = (uint32_t)TPM_CRB_BASE + TPM_CRB_DATA;
	switch (reg) {
	case LOC_STATE:
		return LOC_STATE_VALID | LOC_STATE_ESTABLISHED |
		       (crb->granted ? LOC_STATE_ASSIGNED : 0);
	case LOC_STS:
		return crb->granted ? LOC_STS_GRANTED : 0;
	case INTF_ID:
		return INTF_ID_VALUE;
	case INTF_ID_HIGH:
		return INTF_ID_HIGH_VALUE;
	case CTRL_STS:
		return (crb->failed ? CTRL_STS_FATAL : 0) |
		       (crb->state == TPM_CRB_IDLE ? CTRL_STS_IDLE : 0);
	case CTRL_CANCEL:
		return crb->cancelled;
	case CTRL_START:
		return crb->state == TPM_CRB_EXECUTING;
	case CMD_SIZE:
	case RSP_SIZE:
		return TPM_CRB_BUFFER;
	case CMD_LADDR:
	case RSP_LADDR:
		return buffer;
	case CTRL_REQ:
		return crb->asked; /* any other request is done as soon as it is made */
	default:
		return 0; /* no interrupts */
	}
}

/* While a command is under way the buffer is the TPM's. */
static uint8_t read_byte(const struct tpm_crb *crb, uint64_t off)
{
	if (off < TPM_CRB_DATA)
		return (uint8_t)(read_register(crb, off & ~3u) >> (8 * (off & 3)));
	if (crb->state == TPM_CRB_EXECUTING)
		return 0xff;
	return crb->buffer[off - TPM_CRB_DATA];
}

static uint64_t crb_read(void *ctx, uint64_t off, unsigned size)
{
	struct tpm_crb *crb = ctx;
	uint64_t value = 0;
	if (!inside(off, size, TPM_CRB_SIZE))
		return all_ones(size);
	pthread_mutex_lock(&crb->lock);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)read_byte(crb, off + i) << (8 * i);
	pthread_mutex_unlock(&crb->lock);
	return value;
}

/* --- writes --- */

enum follow { NOTHING, START, CANCEL }; /* what the back end is told once the lock is dropped */

static enum follow start(struct tpm_crb *crb)
{
	uint32_t len = length_of(crb->buffer);
	if (!crb->granted || crb->state == TPM_CRB_IDLE || crb->state == TPM_CRB_EXECUTING)
		return NOTHING;
	crb->ticket++;
	if (crb->failed || len < TPM_HEADER || len > TPM_CRB_BUFFER) {
		put_code(crb, crb->failed ? RC_FAILURE : RC_COMMAND_SIZE);
		finish(crb);
		return NOTHING;
	}
	crb->state = TPM_CRB_EXECUTING;
	return START;
}

static void request(struct tpm_crb *crb, uint32_t value)
{
	if (!crb->granted)
		return;
	/* A driver that has given up on a command sees its request wait, and can come back. */
	if (crb->state == TPM_CRB_EXECUTING)
		crb->asked = value & (CTRL_REQ_READY | CTRL_REQ_IDLE);
	else
		obey(crb, value);
}

static void locality(struct tpm_crb *crb, uint32_t value)
{
	if (value & LOC_CTRL_REQUEST)
		crb->granted = true;
	/* Also while a command is under way: nobody else is there that could want it. */
	if (value & LOC_CTRL_RELINQUISH)
		crb->granted = false;
}

static enum follow write_register(struct tpm_crb *crb, unsigned reg, uint32_t value)
{
	switch (reg) {
	case LOC_CTRL:
		locality(crb, value);
		return NOTHING;
	case CTRL_REQ:
		request(crb, value);
		return NOTHING;
	case CTRL_CANCEL:
		crb->cancelled = value & 1;
		return crb->cancelled && crb->state == TPM_CRB_EXECUTING ? CANCEL : NOTHING;
	case CTRL_START:
		return value & 1 ? start(crb) : NOTHING;
	default:
		return NOTHING;
	}
}

static void write_buffer(struct tpm_crb *crb, unsigned at, unsigned size, uint64_t value)
{
	if (crb->granted && (crb->state == TPM_CRB_READY || crb->state == TPM_CRB_DONE))
		le_put(crb->buffer + at, size, value);
}

/* The guest may not write while a command is under way: what `start` is given stays as it is. */
static void crb_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct tpm_crb *crb = ctx;
	enum follow follow = NOTHING;
	uint8_t command[TPM_CRB_BUFFER];
	uint32_t len = 0;
	if (!inside(off, size, TPM_CRB_SIZE))
		return;
	pthread_mutex_lock(&crb->lock);
	if (off >= TPM_CRB_DATA)
		write_buffer(crb, (unsigned)off - TPM_CRB_DATA, size, value);
	else if (off % 4 == 0)
		follow = write_register(crb, (unsigned)off, (uint32_t)value);
	if (follow == START) {
		len = length_of(crb->buffer);
		memcpy(command, crb->buffer, len);
	}
	pthread_mutex_unlock(&crb->lock);
	if (follow == START)
		crb->backend->start(crb->ctx, command, len);
	else if (follow == CANCEL)
		crb->backend->cancel(crb->ctx);
}

const struct bus_ops tpm_crb_ops = { .read = crb_read, .write = crb_write };
