/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host built from text below a temporary directory, as the kernel would show it. One item a line:
 *
 *	pci 0000:01:00.0 8086:10c9 class=020000 group=14 driver=igb bar0=m32:128K msix=10 reset=flr
 *	pci 0000:00:01.0 8086:0001 class=060400 header=1 driver=pcieport
 *	proc/self/mountinfo = 27 1 259:1 / / rw - ext4 /dev/nvme0n1p1 rw\n
 *	sys/dev/block/259:1 -> ../../devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p1
 *	sys/class/vtconsole/
 *	driver snd_hda_intel
 *
 * Keys of `pci`: class group driver override native (who takes it by its ids; as `driver` without
 * it) pin pcie (type, or `no`) msix msi bar0..bar5 (m32 m64 p64 io : size) rom reset numa header
 * physfn vfs power. A tree has sane meminfo, limits and the like unless the text says otherwise.
 */
#ifndef BULKHEAD_TESTS_HOST_TREE_H
#define BULKHEAD_TESTS_HOST_TREE_H

#include "core/host.h"
#include "fake/tempdir.h"

struct host_tree {
	struct tempdir dir;
	struct host host;
};

/* Fails the running test when the text is wrong. */
void host_tree_make(struct host_tree *tree, const char *text);
/* Adds more to a tree that exists. */
void host_tree_add(struct host_tree *tree, const char *text);
void host_tree_remove(struct host_tree *tree);

/* Content of a file, or target of a link's last component; "" when absent. Until the next call. */
const char *host_tree_read(const struct host_tree *tree, const char *path);
const char *host_tree_link(const struct host_tree *tree, const char *path);
bool host_tree_has(const struct host_tree *tree, const char *path);

/* All links and small files below sys, as one text: equal before and after means nothing changed.
 */
char *host_tree_state(const struct host_tree *tree);

#endif
