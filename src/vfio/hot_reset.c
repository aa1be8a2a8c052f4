/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/hot_reset.h"

#include <errno.h>
#include <unistd.h>

#include "iommu/iommu.h"
#include "vfio/uapi.h"

struct opened {
	struct iommu iommu;
	int fd[HOT_RESET_MAX], group[HOT_RESET_MAX]; /* group: borrowed, each once */
	unsigned n, n_groups;
};

static void add_group(struct opened *opened, int fd)
{
	for (unsigned i = 0; i < opened->n_groups; i++)
		if (opened->group[i] == fd)
			return;
	opened->group[opened->n_groups++] = fd;
}

static int open_all(struct opened *opened, const struct pci_dev *const *set, unsigned n,
		    struct err *err)
{
	for (unsigned i = 0; i < n; i++) {
		int r = iommu_attach(&opened->iommu, set[i], &opened->fd[i], err);
		if (r)
			return r;
		opened->n++;
		int group = iommu_group_fd(&opened->iommu, set[i]->group);
		if (group < 0)
			return err_errno(err, group, "%s: its group", bdf_text(set[i]->bdf).s);
		add_group(opened, group);
	}
	return 0;
}

static void close_all(struct opened *opened, const struct pci_dev *const *set)
{
	while (opened->n) {
		opened->n--;
		iommu_detach(&opened->iommu, set[opened->n], opened->fd[opened->n]);
		close(opened->fd[opened->n]);
	}
	iommu_close(&opened->iommu);
}

int vfio_hot_reset_unused(const struct host *host, const struct pci_dev *const *set, unsigned n,
			  struct err *err)
{
	struct opened opened = { .n = 0 };
	if (!n || n > HOT_RESET_MAX)
		return err_set(err, -EINVAL, "a bus reset of %u functions", n);
	int r = iommu_open(&opened.iommu, IOMMU_TYPE1, host, err);
	if (!r)
		r = open_all(&opened, set, n, err);
	if (!r) {
		r = vfio_hot_reset(opened.fd[0], opened.group, opened.n_groups);
		if (r < 0)
			err_errno(err, r, "%s: VFIO_DEVICE_PCI_HOT_RESET", bdf_text(set[0]->bdf).s);
	}
	close_all(&opened, set);
	return r < 0 ? r : 0;
}
