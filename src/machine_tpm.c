/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TPM, where the profile asks for one. Without, nobody answers at its address, which firmware
 * and drivers take for "none". Its state is kept beside the firmware's variables.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/layout.h"
#include "machine_parts.h"
#include "tpm_swtpm.h"

int tpm_up(struct machine *m, struct err *err)
{
	if (!m->plan->profile->tpm)
		return 0;
	m->tpm = calloc(1, sizeof(*m->tpm));
	if (!m->tpm)
		return err_errno(err, -ENOMEM, "TPM");
	int r = swtpm_start(m->tpm, SWTPM_PROGRAM, m->state.path, err);
	if (r)
		return r;
	const struct bus_region region = { TPM_CRB_BASE, TPM_CRB_SIZE, &tpm_crb_ops, &m->tpm->crb,
					   0 };
	return machine_add_mmio(m, &region, err);
}

void tpm_down(struct machine *m)
{
	if (!m->tpm)
		return;
	swtpm_stop(m->tpm);
	free(m->tpm);
	m->tpm = NULL;
}

void tpm_reset(struct machine *m)
{
	if (m->tpm)
		tpm_crb_reset(&m->tpm->crb);
}
