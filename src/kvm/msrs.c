/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/msrs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "kvm/uapi.h"

#define MSRS_MAX 4096 /* far above what any KVM lists; bounds the allocation */
#define MSR_BATCH 128 /* KVM takes fewer than 256 at once (MAX_IO_MSRS) */

/* Hyper-V's range: not offered to the guest, and a mere read would make KVM allocate for it. */
#define MSR_HYPERV_FIRST 0x40000000u
#define MSR_HYPERV_LAST 0x400001FFu

/*
 * KVM keeps MTRRs but older kernels do not list them (SDM vol. 4 table 2-2). A guest that reboots
 * must find them off, or firmware sees its own leftovers.
 */
/* clang-format off */
static const uint32_t unlisted[] = {
	MSR_MTRR_DEF_TYPE,
	0x200, 0x201, 0x202, 0x203, 0x204, 0x205, 0x206, 0x207, /* variable ranges */
	0x208, 0x209, 0x20A, 0x20B, 0x20C, 0x20D, 0x20E, 0x20F,
	0x250, 0x258, 0x259, /* fixed ranges below 1 MiB */
	0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F,
};
/* clang-format on */

/* Where power-on differs from what KVM reports for a new vCPU. */
static const struct {
	uint32_t index;
	uint64_t keep, set;
	const char *why;
} overrides[] = {
	{ 0x10, 0, 0, "TSC: a host write of 0 makes KVM align it with the other vCPUs" },
	{ 0x1A0, UINT64_MAX, 1, "MISC_ENABLE: fast strings are on at power-on, KVM starts with 0" },
};

static size_t msrs_size(uint32_t n)
{
	return sizeof(struct kvm_msrs) + n * sizeof(struct kvm_msr_entry);
}

static bool has(const struct kvm_msrs *msrs, uint32_t index)
{
	for (uint32_t i = 0; i < msrs->nmsrs; i++)
		if (msrs->entries[i].index == index)
			return true;
	return false;
}

static void push(struct kvm_msrs *msrs, uint32_t index)
{
	bool hyperv = index >= MSR_HYPERV_FIRST && index <= MSR_HYPERV_LAST;
	if (!hyperv && !has(msrs, index))
		msrs->entries[msrs->nmsrs++] = (struct kvm_msr_entry){ .index = index };
}

/* KVM's list; the first call only asks for its length, which it answers with E2BIG. */
static int read_index_list(int kvm_fd, struct kvm_msr_list **ret_list)
{
	struct kvm_msr_list head = { .nmsrs = 0 };
	int r = kvm_msr_index_list(kvm_fd, &head);
	if (r < 0 && r != -E2BIG)
		return r;
	if (head.nmsrs > MSRS_MAX)
		return -EPROTO;
	struct kvm_msr_list *list =
		calloc(1, sizeof(*list) + head.nmsrs * sizeof(list->indices[0]));
	if (!list)
		return -ENOMEM;
	list->nmsrs = head.nmsrs;
	r = kvm_msr_index_list(kvm_fd, list);
	if (r < 0 || list->nmsrs > head.nmsrs) {
		free(list);
		return r < 0 ? r : -EPROTO;
	}
	*ret_list = list;
	return 0;
}

int msrs_list(int kvm_fd, struct kvm_msrs **ret_msrs, struct err *err)
{
	autofree struct kvm_msr_list *list = NULL;
	int r = read_index_list(kvm_fd, &list);
	if (r)
		return err_errno(err, r, "KVM_GET_MSR_INDEX_LIST");
	uint32_t most = list->nmsrs + (uint32_t)ARRAY_LEN(unlisted);
	struct kvm_msrs *msrs = calloc(1, msrs_size(most));
	if (!msrs)
		return err_errno(err, -ENOMEM, "MSR list");
	for (uint32_t i = 0; i < list->nmsrs; i++)
		push(msrs, list->indices[i]);
	for (size_t i = 0; i < ARRAY_LEN(unlisted); i++)
		push(msrs, unlisted[i]);
	*ret_msrs = msrs;
	return 0;
}

struct kvm_msrs *msrs_copy(const struct kvm_msrs *msrs)
{
	struct kvm_msrs *copy = malloc(msrs_size(msrs->nmsrs));
	if (copy)
		memcpy(copy, msrs, msrs_size(msrs->nmsrs));
	return copy;
}

static struct kvm_msrs *new_batch(void)
{
	return calloc(1, msrs_size(MSR_BATCH));
}

/*
 * KVM works through a list in order and stops at the first register it refuses; the result says how
 * many it did. Fills `batch` with `msrs` from `at` on and returns the next call's argument.
 */
static struct kvm_msrs *rest_of(const struct kvm_msrs *msrs, uint32_t at, struct kvm_msrs *batch)
{
	batch->nmsrs = (uint32_t)min_u64(msrs->nmsrs - at, MSR_BATCH);
	memcpy(batch->entries, &msrs->entries[at], batch->nmsrs * sizeof(batch->entries[0]));
	return batch;
}

static void drop(struct kvm_msrs *msrs, uint32_t at)
{
	msrs->nmsrs--;
	memmove(&msrs->entries[at], &msrs->entries[at + 1],
		(msrs->nmsrs - at) * sizeof(msrs->entries[0]));
}

int msrs_read(int vcpu_fd, struct kvm_msrs *msrs)
{
	autofree struct kvm_msrs *batch = new_batch();
	if (!batch)
		return -ENOMEM;
	for (uint32_t at = 0; at < msrs->nmsrs;) {
		int done = kvm_get_msrs(vcpu_fd, rest_of(msrs, at, batch));
		if (done < 0)
			return done;
		if ((uint32_t)done > batch->nmsrs)
			return -EPROTO;
		memcpy(&msrs->entries[at], batch->entries,
		       (uint32_t)done * sizeof(batch->entries[0]));
		at += (uint32_t)done;
		if ((uint32_t)done < batch->nmsrs)
			drop(msrs, at);
	}
	return 0;
}

static void apply_overrides(struct kvm_msrs *msrs)
{
	for (uint32_t i = 0; i < msrs->nmsrs; i++)
		for (size_t o = 0; o < ARRAY_LEN(overrides); o++)
			if (msrs->entries[i].index == overrides[o].index)
				msrs->entries[i].data =
					(msrs->entries[i].data & overrides[o].keep) |
					overrides[o].set;
}

int msrs_keep_writable(int vcpu_fd, struct kvm_msrs *msrs)
{
	autofree struct kvm_msrs *batch = new_batch();
	if (!batch)
		return -ENOMEM;
	apply_overrides(msrs);
	for (uint32_t at = 0; at < msrs->nmsrs;) {
		int done = kvm_set_msrs(vcpu_fd, rest_of(msrs, at, batch));
		if (done < 0)
			return done;
		at += (uint32_t)done;
		if ((uint32_t)done < batch->nmsrs)
			drop(msrs, at);
	}
	return 0;
}

int msrs_write(int vcpu_fd, const struct kvm_msrs *msrs)
{
	autofree struct kvm_msrs *batch = new_batch();
	if (!batch)
		return -ENOMEM;
	for (uint32_t at = 0; at < msrs->nmsrs;) {
		int done = kvm_set_msrs(vcpu_fd, rest_of(msrs, at, batch));
		if (done < 0)
			return done;
		at += (uint32_t)done;
		if ((uint32_t)done < batch->nmsrs)
			log_warn("MSR 0x%x could not be reset", msrs->entries[at++].index);
	}
	return 0;
}
