/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that does anything at all with the TPM's registers, and a TPM that answers anything at
 * all, at any time. Bytes: an operation, then its operands.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "hw/tpm_crb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct tpm_crb crb;
	unsigned ticket; /* of the command under way */
	bool busy;
};

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void on_start(void *ctx, const uint8_t *cmd, unsigned len)
{
	struct run *run = ctx;
	uint32_t says;
	uint8_t copy[TPM_CRB_BUFFER];
	require(!run->busy && len >= TPM_HEADER && len <= TPM_CRB_BUFFER);
	memcpy(copy, cmd, len);
	memcpy(&says, copy + 2, sizeof(says));
	require(be32toh(says) == len);
	run->busy = true;
	run->ticket = tpm_crb_ticket(&run->crb);
}

static void on_cancel(void *ctx)
{
	struct run *run = ctx;
	require(run->busy);
}

static void on_reset(void *ctx)
{
	struct run *run = ctx;
	run->busy = false;
}

static const struct tpm_backend backend = { on_start, on_cancel, on_reset };

static void answer(struct run *run, const uint8_t *data, size_t size)
{
	bool was = run->busy;
	run->busy = false;
	tpm_crb_answer(&run->crb, run->ticket, data, (unsigned)size);
	require(!was || !tpm_crb_ops.read(&run->crb, 0x4c, 4));
}

static size_t step(struct run *run, const uint8_t *op, size_t left)
{
	unsigned access = 1u << (op[0] >> 4 & 3);
	switch (op[0] & 7) {
	case 0:
		tpm_crb_ops.read(&run->crb, le16_get(op + 1), access);
		return 3;
	case 1:
		if (left >= 11)
			tpm_crb_ops.write(&run->crb, le16_get(op + 1), access, le64_get(op + 3));
		return 11;
	case 2: /* a register, by its number: most of the page is buffer */
		tpm_crb_ops.write(&run->crb, op[1] % 0x20 * 4u, 4, op[2]);
		return 3;
	case 3:
		answer(run, op + 1, left - 1 < op[1] * 16u ? left - 1 : op[1] * 16u);
		return 2;
	case 4: /* a length that a command may have */
		tpm_crb_ops.write(&run->crb, TPM_CRB_DATA + 2, 4,
				  htobe32(le16_get(op + 1) & 0xfff));
		return 3;
	case 5:
		tpm_crb_reset(&run->crb);
		return 1;
	case 6:
		if (op[1] == 0xff) {
			tpm_crb_fail(&run->crb);
			run->busy = false;
		}
		return 2;
	default: /* ready for a command */
		tpm_crb_ops.write(&run->crb, 0x08, 4, 1);
		tpm_crb_ops.write(&run->crb, 0x40, 4, 1);
		return 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	memset(&run, 0, sizeof(run));
	if (tpm_crb_init(&run.crb, &backend, &run))
		return 0;
	while (size >= 3) {
		size_t used = step(&run, data, size);
		used = used < size ? used : size;
		data += used;
		size -= used;
	}
	tpm_crb_fini(&run.crb);
	return 0;
}
