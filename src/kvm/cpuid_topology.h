/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leaves that describe topology and caches, rewritten for our vCPUs: one package, one thread
 * per core, every core with its own first and second level caches, all with one third level. Used
 * by kvm/cpuid.c alone.
 */
#ifndef BULKHEAD_KVM_CPUID_TOPOLOGY_H
#define BULKHEAD_KVM_CPUID_TOPOLOGY_H

#include <stdbool.h>

#include "kvm/cpuid.h"

/* `vcpus` 1..255. -ENOSPC when the table has no room for the leaves. */
int cpuid_set_topology(struct cpuid *cpuid, unsigned vcpus, bool amd, struct err *err);

#endif
