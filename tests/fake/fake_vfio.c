/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_vfio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/range.h"
#include "vfio/uapi.h"

struct fake_vfio fake_vfio;

/* --- failures and the log --- */

void fake_vfio_note(const char *name, int fd)
{
	if (fake_vfio.n_calls < FAKE_CALLS)
		fake_vfio.call[fake_vfio.n_calls++] = (struct fake_call){ .name = name, .fd = fd };
}

int fake_vfio_enter(const char *name, int fd, uint64_t a, uint64_t b)
{
	fake_vfio_note(name, fd);
	if (fake_vfio.n_calls) {
		fake_vfio.call[fake_vfio.n_calls - 1].a = a;
		fake_vfio.call[fake_vfio.n_calls - 1].b = b;
	}
	if (!fake_vfio.fail_at || fake_vfio.failed ||
	    (fake_vfio.fail_name && strcmp(fake_vfio.fail_name, name) != 0))
		return 0;
	if (++fake_vfio.seen < fake_vfio.fail_at)
		return 0;
	fake_vfio.failed = true;
	return fake_vfio.fail_errno;
}

void fake_vfio_broken(const char *what)
{
	if (!fake_vfio.broken)
		fake_vfio.broken = what;
}

unsigned fake_vfio_count(const char *name)
{
	unsigned n = 0;
	for (unsigned i = 0; i < fake_vfio.n_calls; i++)
		n += !strcmp(fake_vfio.call[i].name, name);
	return n;
}

int fake_vfio_index(const char *name, unsigned nth)
{
	for (unsigned i = 0; i < fake_vfio.n_calls; i++)
		if (!strcmp(fake_vfio.call[i].name, name) && !nth--)
			return (int)i;
	return -1;
}

void fake_vfio_forget_calls(void)
{
	fake_vfio.n_calls = 0;
}

unsigned fake_vfio_open_fds(void)
{
	unsigned n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

struct fake_device *fake_vfio_of_fd(int fd)
{
	for (unsigned i = 0; i < fake_vfio.n_devices; i++)
		if (fd >= 0 && fake_vfio.device[i].fd == fd)
			return &fake_vfio.device[i];
	fake_vfio_broken("a device call on an fd that is no device");
	return &fake_vfio.device[0];
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* --- what a device is --- */

void fake_vfio_init(void)
{
	memset(&fake_vfio, 0, sizeof(fake_vfio));
	fake_vfio.api_version = VFIO_API_VERSION;
	fake_vfio.has_type1v2 = 1;
	fake_vfio.container = fake_vfio.iommufd = -1;
	fake_vfio.max_maps = FAKE_MAPS;
	fake_vfio.memlock = UINT64_MAX;
	fake_vfio.n_apertures = 2;
	fake_vfio.aperture[0][1] = 0xfedfffff;
	fake_vfio.aperture[1][0] = 0xfef00000;
	fake_vfio.aperture[1][1] = 0x7fffffffff;
}

struct fake_device *fake_vfio_add(void)
{
	static const char *const cdevs[] = { "vfio0", "vfio1", "vfio2", "vfio3",
					     "vfio4", "vfio5", "vfio6", "vfio7" };
	unsigned n = fake_vfio.n_devices++;
	struct fake_device *dev = &fake_vfio.device[n];
	*dev = (struct fake_device){
		.bdf = { .bus = (uint8_t)(n + 1) },
		.group = (int)(10 + n),
		.cdev = cdevs[n],
		.cfg_size = 4096,
		.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
		.num_regions = 9,
		.num_irqs = 5,
		.vectors_left = FAKE_VECTORS,
		.bus = n,
		.fd = -1,
		.kind = FAKE_IRQ_NONE,
		.unmask_fd = -1,
		.err_fd = -1,
		.req_fd = -1,
	};
	le_put(dev->cfg + PCI_VENDOR_ID, 4, 0x10d38086);
	le_put(dev->cfg + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	le_put(dev->cfg + PCI_CLASS_REVISION, 4, 0x02000001);
	le_put(dev->cfg + PCI_SUBSYSTEM_VENDOR_ID, 4, 0x12341af4);
	dev->region[VFIO_PCI_CONFIG_REGION_INDEX].size = 4096;
	dev->irq[VFIO_PCI_ERR_IRQ_INDEX].count = dev->irq[VFIO_PCI_REQ_IRQ_INDEX].count = 1;
	for (unsigned i = 0; i < 5; i++)
		dev->irq[i].flags = VFIO_IRQ_INFO_EVENTFD;
	return dev;
}

void fake_vfio_bar(struct fake_device *dev, unsigned i, uint32_t type_bits, uint64_t size,
		   uint32_t region_flags)
{
	dev->region[i].size = size;
	dev->region[i].flags = region_flags;
	le_put(dev->cfg + PCI_BASE_ADDRESS_0 + 4 * i, 4, 0xe0000000 | type_bits);
}

void fake_vfio_cap(struct fake_device *dev, uint8_t id, unsigned off)
{
	unsigned link = PCI_CAPABILITY_LIST;
	while (dev->cfg[link])
		link = dev->cfg[link] + 1u;
	dev->cfg[link] = (uint8_t)off;
	dev->cfg[off] = id;
	dev->cfg[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
}

void fake_vfio_ext_cap(struct fake_device *dev, uint16_t id, unsigned off)
{
	unsigned link = 0x100;
	while (link != off && le32_get(dev->cfg + link) >> 20)
		link = le32_get(dev->cfg + link) >> 20;
	if (link != off)
		le_put(dev->cfg + link, 4, (le32_get(dev->cfg + link) & 0xfffff) | off << 20);
	le_put(dev->cfg + off, 4, id | 1u << 16);
}

void fake_vfio_msix(struct fake_device *dev, unsigned off, unsigned n, unsigned bar, uint32_t table,
		    uint32_t pba, bool dynamic)
{
	fake_vfio_cap(dev, PCI_CAP_ID_MSIX, off);
	le_put(dev->cfg + off + PCI_MSIX_FLAGS, 2, n - 1);
	le_put(dev->cfg + off + PCI_MSIX_TABLE, 4, table | bar);
	le_put(dev->cfg + off + PCI_MSIX_PBA, 4, pba | bar);
	dev->irq[VFIO_PCI_MSIX_IRQ_INDEX].count = n;
	dev->irq[VFIO_PCI_MSIX_IRQ_INDEX].flags |= dynamic ? 0 : VFIO_IRQ_INFO_NORESIZE;
	dev->region[bar].msix_mappable = true;
}

void fake_vfio_msi(struct fake_device *dev, unsigned off, unsigned log2_max, bool mask, bool wide)
{
	fake_vfio_cap(dev, PCI_CAP_ID_MSI, off);
	le_put(dev->cfg + off + PCI_MSI_FLAGS, 2,
	       log2_max << 1 | (mask ? PCI_MSI_FLAGS_MASKBIT : 0) |
		       (wide ? PCI_MSI_FLAGS_64BIT : 0));
	dev->irq[VFIO_PCI_MSI_IRQ_INDEX].count = 1u << log2_max;
	dev->irq[VFIO_PCI_MSI_IRQ_INDEX].flags |= VFIO_IRQ_INFO_NORESIZE;
}

void fake_vfio_intx(struct fake_device *dev, unsigned pin)
{
	dev->cfg[PCI_INTERRUPT_PIN] = (uint8_t)pin;
	dev->irq[VFIO_PCI_INTX_IRQ_INDEX].count = 1;
	dev->irq[VFIO_PCI_INTX_IRQ_INDEX].flags |=
		VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
}

struct fake_device *fake_vfio_typical(void)
{
	struct fake_device *dev = fake_vfio_add();
	uint32_t rw = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	fake_vfio_bar(dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, 0x10000,
		      rw | VFIO_REGION_INFO_FLAG_MMAP);
	fake_vfio_bar(dev, 2, PCI_BASE_ADDRESS_SPACE_IO, 32, rw);
	fake_vfio_cap(dev, PCI_CAP_ID_PM, 0x40);
	le_put(dev->cfg + 0x42, 2, 0xc803);
	fake_vfio_cap(dev, PCI_CAP_ID_EXP, 0x50);
	le_put(dev->cfg + 0x52, 2, 2);
	le_put(dev->cfg + 0x54, 4, PCI_EXP_DEVCAP_FLR);
	fake_vfio_msix(dev, 0xa0, 8, 0, 0x2000, 0x3000, true);
	fake_vfio_intx(dev, 1);
	return dev;
}

struct pci_dev fake_vfio_inventory(const struct fake_device *dev)
{
	struct pci_dev d = {
		.bdf = dev->bdf,
		.vendor = le16_get(dev->cfg),
		.device = le16_get(dev->cfg + 2),
		.class_code = le32_get(dev->cfg + PCI_CLASS_REVISION) >> 8,
		.group = dev->group,
		.is_pcie = true,
	};
	strcpy(d.driver, "vfio-pci");
	strcpy(d.vfio_cdev, dev->cdev);
	return d;
}

/* --- device info --- */

int vfio_device_info(int fd, struct vfio_device_info *ret_info)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("device_info", fd, 0, 0);
	if (r)
		return r;
	*ret_info = (struct vfio_device_info){
		.argsz = sizeof(*ret_info),
		.flags = dev->flags,
		.num_regions = dev->num_regions,
		.num_irqs = dev->num_irqs,
	};
	return 0;
}

static uint64_t region_offset(const struct fake_device *dev, unsigned i)
{
	return dev->region[i].offset ? dev->region[i].offset : (uint64_t)i << 40;
}

uint32_t fake_vfio_put_cap(char *out, uint32_t at, uint16_t id, const void *body, uint32_t len)
{
	struct vfio_info_cap_header head = { .id = id, .version = 1, .next = at + 8 + len };
	memcpy(out + at, &head, sizeof(head));
	if (len)
		memcpy(out + at + 8, body, len);
	return at + 8 + len;
}

static void put_caps(const struct fake_region *region, struct vfio_region_info *info, bool fits)
{
	char *out = (char *)info;
	uint32_t at = sizeof(*info), last = 0;
	uint64_t sparse[1 + 2 * FAKE_AREAS] = { region->n_areas };
	memcpy(sparse + 1, region->area, sizeof(region->area));
	if (!fits || !(region->n_areas || region->msix_mappable || region->type))
		return;
	info->cap_offset = at;
	if (region->type) {
		const uint32_t type[] = { region->type, region->subtype };
		last = at;
		at = fake_vfio_put_cap(out, at, VFIO_REGION_INFO_CAP_TYPE, type, sizeof(type));
	}
	if (region->msix_mappable) {
		last = at;
		at = fake_vfio_put_cap(out, at, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, NULL, 0);
	}
	if (region->n_areas) {
		last = at;
		fake_vfio_put_cap(out, at, VFIO_REGION_INFO_CAP_SPARSE_MMAP, sparse,
				  8 + 16 * region->n_areas);
	}
	memcpy(out + last + 4, &region->cap_next, 4);
}

int vfio_region_info(int fd, struct vfio_region_info *info)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	uint32_t room = info->argsz, i = info->index;
	int r = fake_vfio_enter("region_info", fd, i, room);
	if (r || i >= dev->num_regions || i >= FAKE_REGIONS)
		return r ? r : -EINVAL;
	const struct fake_region *region = &dev->region[i];
	if (region->error)
		return region->error;
	bool caps = region->n_areas || region->msix_mappable || region->type;
	uint32_t need = (uint32_t)sizeof(*info) + (region->msix_mappable ? 8 : 0) +
			(region->type ? 16 : 0) +
			(region->n_areas ? 16 + 16 * region->n_areas : 0);
	info->argsz = need;
	info->flags = region->flags | (caps ? VFIO_REGION_INFO_FLAG_CAPS : 0);
	info->size = region->size;
	info->offset = region_offset(dev, i);
	info->cap_offset = 0;
	put_caps(region, info, need <= room);
	return 0;
}

int vfio_irq_info(int fd, uint32_t index, struct vfio_irq_info *ret_info)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("irq_info", fd, index, 0);
	if (r)
		return r;
	if (index >= dev->num_irqs)
		return -EINVAL;
	*ret_info = (struct vfio_irq_info){
		.argsz = sizeof(*ret_info),
		.index = index,
		.flags = dev->irq[index].flags,
		.count = dev->irq[index].count,
	};
	return 0;
}

/* --- interrupts: linux/drivers/vfio/pci/vfio_pci_intrs.c in short --- */

static int set_notice(struct fake_device *dev, uint32_t index, const int *fds)
{
	if (index == VFIO_PCI_ERR_IRQ_INDEX)
		dev->err_fd = fds[0];
	else
		dev->req_fd = fds[0];
	return 0;
}

static int grow(struct fake_device *dev, uint32_t index, uint32_t start, uint32_t count)
{
	if (start + count <= dev->live)
		return 0;
	if (dev->irq[index].flags & VFIO_IRQ_INFO_NORESIZE)
		return -EINVAL;
	if (start + count > dev->vectors_left)
		return -ENOSPC;
	dev->live = start + count;
	return 0;
}

int vfio_irqs_trigger(int fd, uint32_t index, uint32_t start, uint32_t count, const int *fds)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("irqs_trigger", fd, index, (uint64_t)start << 32 | count);
	if (r)
		return r;
	if (index >= dev->num_irqs || !count || start + count > dev->irq[index].count)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++)
		if (fds[i] >= 0 && !is_open(fds[i]))
			return -EBADF;
	if (index >= VFIO_PCI_ERR_IRQ_INDEX)
		return set_notice(dev, index, fds);
	if (dev->kind != FAKE_IRQ_NONE && dev->kind != (int)index)
		return -EINVAL;
	if (dev->kind == FAKE_IRQ_NONE) {
		if (count > dev->vectors_left)
			return (int)dev->vectors_left;
		for (unsigned i = 0; i < FAKE_VECTORS; i++)
			dev->event_fd[i] = -1;
		dev->live = start + count;
		dev->kind = (int)index;
	}
	r = grow(dev, index, start, count);
	if (r == 0)
		memcpy(dev->event_fd + start, fds, count * sizeof(*fds));
	return r;
}

int vfio_irqs_disable(int fd, uint32_t index)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("irqs_disable", fd, index, 0);
	if (r)
		return r;
	if (index == VFIO_PCI_ERR_IRQ_INDEX)
		dev->err_fd = -1;
	else if (index == VFIO_PCI_REQ_IRQ_INDEX)
		dev->req_fd = -1;
	else if (dev->kind != (int)index)
		return -EINVAL;
	else {
		dev->kind = FAKE_IRQ_NONE;
		dev->live = 0;
		dev->unmask_fd = -1;
	}
	return 0;
}

int vfio_irqs_unmask_by(int fd, uint32_t index, int unmask_fd)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("irqs_unmask_by", fd, index, 0);
	if (r)
		return r;
	if (dev->kind != VFIO_PCI_INTX_IRQ_INDEX || index != VFIO_PCI_INTX_IRQ_INDEX)
		return -EINVAL;
	dev->unmask_fd = unmask_fd;
	return 0;
}

/* --- resets --- */

static void check_calm(const struct fake_device *dev)
{
	if (dev->kind != FAKE_IRQ_NONE)
		fake_vfio_broken("reset with interrupts on");
	if (le16_get(dev->cfg + PCI_COMMAND) & (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER))
		fake_vfio_broken("reset with decoding or bus mastering on");
}

int vfio_device_reset(int fd)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("device_reset", fd, 0, 0);
	if (r)
		return r;
	if (!(dev->flags & VFIO_DEVICE_FLAGS_RESET))
		return -EINVAL;
	check_calm(dev);
	dev->resets++;
	return 0;
}

static bool is_group_fd(int fd, int group)
{
	for (unsigned i = 0; i < fake_vfio.n_groups; i++)
		if (fake_vfio.group[i].fd == fd && fake_vfio.group[i].number == group)
			return is_open(fd);
	return false;
}

static bool by_cdev(void)
{
	return fake_vfio.iommufd >= 0;
}

int vfio_hot_reset_info(int fd, struct vfio_pci_hot_reset_info *info)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	size_t room = (info->argsz - sizeof(*info)) / sizeof(info->devices[0]), n = 0;
	int r = fake_vfio_enter("hot_reset_info", fd, 0, 0);
	if (r || dev->no_hot_reset)
		return r ? r : -ENODEV;
	bool owned = true;
	for (unsigned i = 0; i < fake_vfio.n_devices; i++) {
		struct fake_device *d = &fake_vfio.device[i];
		if (d->bus != dev->bus)
			continue;
		owned = owned && d->attached;
		if (n < room)
			info->devices[n] = (struct vfio_pci_dependent_device){
				.group_id = !by_cdev()    ? (uint32_t)d->group
					    : d->attached ? i + 1
							  : (uint32_t)VFIO_PCI_DEVID_NOT_OWNED,
				.segment = (uint16_t)d->bdf.domain,
				.bus = d->bdf.bus,
				.devfn = bdf_devfn(d->bdf),
			};
		n++;
	}
	info->count = (uint32_t)n;
	info->flags = by_cdev() ? VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
					  (owned ? VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED : 0)
				: 0;
	return n > room ? -ENOSPC : 0;
}

static bool group_given(const struct fake_device *d, const int *fds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (is_group_fd(fds[i], d->group))
			return true;
	return by_cdev() && d->attached;
}

int vfio_hot_reset(int fd, const int *group_fds, uint32_t n)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	unsigned affected = 0;
	int r = fake_vfio_enter("hot_reset", fd, n, 0);
	if (r)
		return r;
	for (unsigned i = 0; i < fake_vfio.n_devices; i++) {
		struct fake_device *d = &fake_vfio.device[i];
		if (d->bus != dev->bus)
			continue;
		affected++;
		if (!group_given(d, group_fds, n))
			return -EINVAL;
	}
	if (n > affected)
		return -EINVAL;
	for (unsigned i = 0; i < fake_vfio.n_devices; i++) {
		struct fake_device *d = &fake_vfio.device[i];
		if (d->bus != dev->bus)
			continue;
		if (d->fd >= 0)
			check_calm(d);
		d->hot_resets++;
	}
	return 0;
}

/* --- regions --- */

/* From the top: a region that says it is bigger than its terabyte does not hide the next. */
static int find_region(const struct fake_device *dev, uint64_t at, size_t size)
{
	for (unsigned i = FAKE_REGIONS; i-- > 0;) {
		uint64_t start = region_offset(dev, i);
		if (at >= start && inside(at - start, size, dev->region[i].size))
			return (int)i;
	}
	return -1;
}

static bool decodes(const struct fake_device *dev, int i)
{
	uint16_t bit = dev->cfg[PCI_BASE_ADDRESS_0 + 4 * i] & 1 && i < 6 ? PCI_COMMAND_IO
									 : PCI_COMMAND_MEMORY;
	return i > VFIO_PCI_CONFIG_REGION_INDEX || le16_get(dev->cfg + PCI_COMMAND) & bit;
}

/* Where BAR contents lie in the memfd behind fd, whatever the region says of its own offset. */
static off_t stored_at(const struct fake_device *dev, int i, uint64_t at)
{
	return (off_t)((uint64_t)i << 40 | (at - region_offset(dev, (unsigned)i)));
}

int vfio_read(int fd, void *to, size_t size, uint64_t at)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("read", fd, at, size), i = find_region(dev, at, size);
	if (r)
		return r;
	if (i < 0)
		return -EINVAL;
	if (i == VFIO_PCI_CONFIG_REGION_INDEX) {
		dev->cfg_reads++;
		if (dev->gone)
			return -EIO;
		memcpy(to, dev->cfg + (at - region_offset(dev, 7)), size);
		return 0;
	}
	if (!decodes(dev, i))
		return -EIO;
	if (i == VFIO_PCI_ROM_REGION_INDEX && dev->rom) {
		memcpy(to, dev->rom + (at - region_offset(dev, 6)), size);
		return 0;
	}
	return pread(fd, to, size, stored_at(dev, i, at)) == (ssize_t)size ? 0 : -EIO;
}

int vfio_write(int fd, const void *from, size_t size, uint64_t at)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("write", fd, at, size), i = find_region(dev, at, size);
	if (r)
		return r;
	if (i < 0)
		return -EINVAL;
	if (i == VFIO_PCI_CONFIG_REGION_INDEX) {
		unsigned off = (unsigned)(at - region_offset(dev, 7));
		dev->cfg_writes++;
		if (size > 4 || off % size)
			fake_vfio_broken("config write that is not an aligned dword or less");
		if (fake_vfio.on_cfg_write)
			fake_vfio.on_cfg_write(dev, off, (unsigned)size,
					       (uint32_t)le_get(from, (unsigned)size));
		if (dev->gone)
			return -EIO;
		memcpy(dev->cfg + off, from, size);
		return 0;
	}
	if (!decodes(dev, i))
		return -EIO;
	return pwrite(fd, from, size, stored_at(dev, i, at)) == (ssize_t)size ? 0 : -EIO;
}

/* --- address space and eventfds: real ones --- */

static void *map_new(const char *name, size_t size, int prot)
{
	int r = fake_vfio_enter(name, -1, size, 0);
	if (r) {
		errno = -r;
		return NULL;
	}
	void *at = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	fake_vfio.mappings++;
	return at;
}

void *vfio_reserve(size_t size)
{
	return map_new("reserve", size, PROT_NONE);
}

void *vfio_pages(size_t size)
{
	return map_new("pages", size, PROT_READ | PROT_WRITE);
}

int vfio_map_over(int fd, void *at, size_t size, int prot, uint64_t at_fd)
{
	struct fake_device *dev = fake_vfio_of_fd(fd);
	int r = fake_vfio_enter("map_over", fd, at_fd, size);
	if (r)
		return r;
	int i = find_region(dev, at_fd, 1);
	if (i < 0 || !(dev->region[i].flags & VFIO_REGION_INFO_FLAG_MMAP))
		return -EINVAL;
	if (at_fd - region_offset(dev, (unsigned)i) + size > align_up(dev->region[i].size, PAGE_4K))
		return -EINVAL;
	void *got = mmap(at, size, prot, MAP_SHARED | MAP_FIXED, fd, stored_at(dev, i, at_fd));
	return got == MAP_FAILED ? -errno : 0;
}

void vfio_unmap(void *at, size_t size)
{
	if (!at)
		return;
	munmap(at, size);
	fake_vfio.mappings--;
}

int vfio_eventfd(void)
{
	int r = fake_vfio_enter("eventfd", -1, 0, 0);
	return r ? r : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void vfio_eventfd_drain(int event_fd)
{
	uint64_t count;
	if (read(event_fd, &count, sizeof(count)) < 0)
		return;
}
