/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts up in order, down in reverse; a function that failed half-way goes down the same way. */
#include "vfio/device.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "vfio/quirk.h"
#include "vfio/uapi.h"

static void blank(struct vfio_pci *vfio, const struct pci_dev *dev)
{
	memset(vfio, 0, sizeof(*vfio));
	vfio->dev = dev;
	vfio->name = bdf_text(dev->bdf);
	vfio->fd = -1;
	vfio->intx.event_fd = vfio->intx.unmask_fd = -1;
	vfio->notify.err.fd = vfio->notify.req.fd = -1;
	pthread_mutex_init(&vfio->irq_lock, NULL);
	pthread_mutex_init(&vfio->quirk.lock, NULL);
	vfio->locks_made = true;
}

static int read_info(struct vfio_pci *vfio, struct err *err)
{
	struct vfio_device_info info;
	int r = vfio_device_info(vfio->fd, &info);
	if (r < 0)
		return err_errno(err, r, "%s: VFIO_DEVICE_GET_INFO", vfio->name.s);
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI) ||
	    info.num_regions <= VFIO_PCI_CONFIG_REGION_INDEX ||
	    info.num_irqs <= VFIO_PCI_MSIX_IRQ_INDEX)
		return err_set(err, -EOPNOTSUPP,
			       "%s: its VFIO driver does not present a PCI device", vfio->name.s);
	vfio->flags = info.flags;
	return 0;
}

/* The kernel wakes a device when it is opened; one that is still asleep is woken here. */
static int check_power(struct vfio_pci *vfio, const struct vfio_snapshot *snap, struct err *err)
{
	if (!vfio->pm_cap)
		return 0;
	unsigned state = snap->at[vfio->pm_cap + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK;
	vfio->asleep = state != 0;
	int r = vfio_wake(vfio);
	if (r < 0)
		return err_errno(err, r, "%s: waking it from D%u", vfio->name.s, state);
	return 0;
}

static int build(struct vfio_pci *vfio, struct err *err)
{
	struct vfio_snapshot snap;
	struct vfio_irq_counts irqs = { 0 };
	int r = read_info(vfio, err);
	if (r == 0)
		r = vfio_regions_read(vfio, err);
	if (r == 0)
		r = vfio_snapshot_read(vfio, &snap, err);
	if (r == 0)
		r = vfio_irqs_read(vfio, &irqs, err);
	if (r == 0)
		r = vfio_cfg_build(vfio, &snap, &irqs, err);
	if (r == 0)
		r = check_power(vfio, &snap, err);
	if (r == 0)
		vfio_quirks_find(vfio, &snap);
	if (r == 0)
		r = vfio_bars_build(vfio, &snap, err);
	return r == 0 ? vfio_rom_build(vfio, err) : r;
}

int vfio_pci_init(struct vfio_pci *vfio, const struct pci_dev *dev,
		  const struct vfio_config *config, struct iommu *iommu, struct pci_root *root,
		  struct irqs *irqs, struct err *err)
{
	blank(vfio, dev);
	vfio->config = *config;
	vfio->iommu = iommu;
	vfio->root = root;
	vfio->irqs = irqs;
	int r = iommu_attach(iommu, dev, &vfio->fd, err);
	if (r == 0)
		r = build(vfio, err);
	if (r < 0) {
		vfio_pci_fini(vfio);
		return r;
	}
	pci_func_seal(&vfio->func);
	return 0;
}

/* With bus mastering off before the last reference goes, nothing is written to freed memory. */
static void calm(struct vfio_pci *vfio)
{
	if (!vfio->func.ops)
		return;
	pthread_mutex_lock(&vfio->root->lock);
	vfio_quiesce(vfio);
	pthread_mutex_unlock(&vfio->root->lock);
}

int vfio_pci_release(struct vfio_pci *vfio)
{
	vfio_notify_stop(vfio);
	calm(vfio);
	vfio_irqs_fini(vfio);
	vfio_rom_fini(vfio);
	vfio_bars_fini(vfio);
	if (vfio->fd >= 0)
		iommu_detach(vfio->iommu, vfio->dev, vfio->fd);
	pthread_mutex_destroy(&vfio->irq_lock);
	pthread_mutex_destroy(&vfio->quirk.lock);
	vfio->locks_made = false;
	memset(&vfio->msix_at, 0, sizeof(vfio->msix_at));
	vfio->gone = true;
	return take_fd(&vfio->fd);
}

void vfio_pci_fini(struct vfio_pci *vfio)
{
	if (!vfio->locks_made)
		return;
	int fd = vfio_pci_release(vfio);
	close_fd(&fd);
	vfio->gone = false;
}
