/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_kvm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/uapi.h"

struct fake_kvm fake_kvm;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define FAILURES 8
static struct {
	const char *name;
	unsigned left;
	int error;
} failures[FAILURES];
static unsigned n_failures;
static const char *failed_name;

/* Logs a call; the negative errno it is to return, or 0. The lock is held. */
static int note_locked(const char *name, int fd, uint64_t arg)
{
	if (fake_kvm.n_calls < FAKE_KVM_CALLS)
		fake_kvm.calls[fake_kvm.n_calls++] = (struct fake_kvm_call){ name, fd, arg };
	int r = 0;
	for (unsigned i = 0; i < n_failures; i++) {
		if (!failures[i].left || (failures[i].name && strcmp(failures[i].name, name)))
			continue;
		if (--failures[i].left)
			continue;
		failed_name = name;
		r = -failures[i].error;
	}
	return r;
}

int fake_kvm_note(const char *name, int fd, uint64_t arg)
{
	pthread_mutex_lock(&lock);
	int r = note_locked(name, fd, arg);
	pthread_mutex_unlock(&lock);
	return r;
}

void fake_kvm_fail(const char *name, unsigned nth, int error)
{
	pthread_mutex_lock(&lock);
	if (n_failures < FAILURES) {
		failures[n_failures].name = name;
		failures[n_failures].left = nth;
		failures[n_failures++].error = error;
	}
	pthread_mutex_unlock(&lock);
}

void fake_kvm_fail_clear(void)
{
	pthread_mutex_lock(&lock);
	n_failures = 0;
	failed_name = NULL;
	pthread_mutex_unlock(&lock);
}

const char *fake_kvm_failed(void)
{
	return failed_name;
}

unsigned fake_kvm_count(const char *name)
{
	unsigned n = 0;
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < fake_kvm.n_calls; i++)
		n += !strcmp(fake_kvm.calls[i].name, name);
	pthread_mutex_unlock(&lock);
	return n;
}

int fake_kvm_find(const char *name, unsigned from)
{
	for (unsigned i = from; i < fake_kvm.n_calls; i++)
		if (!strcmp(fake_kvm.calls[i].name, name))
			return (int)i;
	return -1;
}

struct fake_kvm_msr *fake_kvm_add_msr(uint32_t index, uint64_t value)
{
	struct fake_kvm_msr *msr = &fake_kvm.msrs[fake_kvm.n_msrs++];
	*msr = (struct fake_kvm_msr){ index, value, true, true, true };
	return msr;
}

unsigned fake_kvm_slots_used(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < FAKE_KVM_SLOTS; i++)
		n += fake_kvm.slots[i].memory_size != 0;
	return n;
}

unsigned fake_kvm_open_fds(void)
{
	unsigned n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void add_default_msrs(void)
{
	static const uint32_t listed[] = { 0x10,       0x174,      0x175,      0x176,
					   0x277,      0xC0000081, 0xC0000102, 0x4B564D00,
					   0x4B564D01, 0x4B564D02, 0x4B564D03, 0x4B564D04,
					   0x3B,       0x6E0 };
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++)
		fake_kvm_add_msr(listed[i], 0);
	fake_kvm.msrs[4].value = 0x0007040600070406; /* PAT at power-on, SDM vol. 3 §12.12.4 */
	fake_kvm_add_msr(0x1A0, 0x1800);
	fake_kvm_add_msr(0x2FF, 0)->listed = false;
	fake_kvm_add_msr(0x200, 0)->listed = false;
	fake_kvm_add_msr(0x250, 0)->listed = false;
}

void fake_kvm_reset(void)
{
	memset(&fake_kvm, 0, sizeof(fake_kvm));
	n_failures = 0;
	failed_name = NULL;
	fake_kvm.version = KVM_API_VERSION;
	fake_kvm.run_size = FAKE_KVM_RUN_SIZE;
	for (size_t i = 0; i < sizeof(fake_kvm.caps) / sizeof(fake_kvm.caps[0]); i++)
		fake_kvm.caps[i] = 1;
	fake_kvm.caps[KVM_CAP_IRQ_ROUTING] = FAKE_KVM_ROUTES;
	fake_kvm.caps[KVM_CAP_NR_MEMSLOTS] = 512;
	fake_kvm.caps[KVM_CAP_MAX_VCPUS] = FAKE_KVM_VCPUS;
	add_default_msrs();
}

int fake_kvm_new_fd(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kvm_open(int dev_dirfd)
{
	NOTE("open", dev_dirfd, 0);
	return fake_kvm_new_fd();
}

int kvm_api_version(int kvm_fd)
{
	NOTE("api_version", kvm_fd, 0);
	return fake_kvm.version;
}

int kvm_check_extension(int fd, int cap)
{
	NOTE("check_extension", fd, (uint64_t)cap);
	return cap >= 0 && cap < 512 ? fake_kvm.caps[cap] : 0;
}

int kvm_create_vm(int kvm_fd)
{
	NOTE("create_vm", kvm_fd, 0);
	return fake_kvm_new_fd();
}

int kvm_run_size(int kvm_fd)
{
	NOTE("run_size", kvm_fd, 0);
	return fake_kvm.run_size;
}

int kvm_supported_cpuid(int kvm_fd, struct kvm_cpuid2 *cpuid)
{
	NOTE("supported_cpuid", kvm_fd, cpuid->nent);
	if (cpuid->nent < fake_kvm.n_cpuid)
		return -E2BIG;
	memcpy(cpuid->entries, fake_kvm.cpuid, fake_kvm.n_cpuid * sizeof(fake_kvm.cpuid[0]));
	cpuid->nent = fake_kvm.n_cpuid;
	return 0;
}

int kvm_supported_hv_cpuid(int kvm_fd, struct kvm_cpuid2 *cpuid)
{
	NOTE("supported_hv_cpuid", kvm_fd, cpuid->nent);
	if (cpuid->nent < fake_kvm.n_hv_cpuid)
		return -E2BIG;
	memcpy(cpuid->entries, fake_kvm.hv_cpuid, fake_kvm.n_hv_cpuid * sizeof(cpuid->entries[0]));
	cpuid->nent = fake_kvm.n_hv_cpuid;
	return 0;
}

int kvm_msr_index_list(int kvm_fd, struct kvm_msr_list *list)
{
	NOTE("msr_index_list", kvm_fd, list->nmsrs);
	uint32_t room = list->nmsrs, n = 0;
	for (unsigned i = 0; i < fake_kvm.n_msrs; i++)
		n += fake_kvm.msrs[i].listed;
	list->nmsrs = n;
	if (room < n)
		return -E2BIG;
	n = 0;
	for (unsigned i = 0; i < fake_kvm.n_msrs; i++)
		if (fake_kvm.msrs[i].listed)
			list->indices[n++] = fake_kvm.msrs[i].index;
	return 0;
}

int kvm_set_tss_addr(int vm_fd, uint64_t gpa)
{
	NOTE("set_tss_addr", vm_fd, gpa);
	fake_kvm.tss_gpa = gpa;
	return 0;
}

int kvm_set_identity_map_addr(int vm_fd, uint64_t gpa)
{
	NOTE("set_identity_map_addr", vm_fd, gpa);
	if (fake_kvm.n_vcpus)
		return -EINVAL;
	fake_kvm.identity_gpa = gpa;
	return 0;
}

int kvm_create_irqchip(int vm_fd)
{
	NOTE("create_irqchip", vm_fd, 0);
	return fake_kvm.n_vcpus ? -EINVAL : 0;
}

int kvm_create_pit2(int vm_fd, const struct kvm_pit_config *config)
{
	NOTE("create_pit2", vm_fd, config->flags);
	return 0;
}

int kvm_get_irqchip(int vm_fd, struct kvm_irqchip *chip)
{
	NOTE("get_irqchip", vm_fd, chip->chip_id);
	if (chip->chip_id >= 3)
		return -EINVAL;
	uint32_t id = chip->chip_id;
	*chip = fake_kvm.chips[id];
	chip->chip_id = id;
	return 0;
}

int kvm_set_irqchip(int vm_fd, const struct kvm_irqchip *chip)
{
	NOTE("set_irqchip", vm_fd, chip->chip_id);
	if (chip->chip_id >= 3)
		return -EINVAL;
	fake_kvm.chips[chip->chip_id] = *chip;
	return 0;
}

int kvm_get_pit2(int vm_fd, struct kvm_pit_state2 *state)
{
	NOTE("get_pit2", vm_fd, 0);
	*state = fake_kvm.pit;
	return 0;
}

int kvm_set_pit2(int vm_fd, const struct kvm_pit_state2 *state)
{
	NOTE("set_pit2", vm_fd, 0);
	fake_kvm.pit = *state;
	return 0;
}

static bool slot_overlaps(const struct kvm_userspace_memory_region *a,
			  const struct kvm_userspace_memory_region *b)
{
	return a->slot != b->slot && b->memory_size &&
	       a->guest_phys_addr < b->guest_phys_addr + b->memory_size &&
	       b->guest_phys_addr < a->guest_phys_addr + a->memory_size;
}

int kvm_set_memory_region(int vm_fd, const struct kvm_userspace_memory_region *region)
{
	NOTE("set_memory_region", vm_fd, region->slot);
	if (region->slot >= FAKE_KVM_SLOTS || region->guest_phys_addr % 4096 ||
	    region->memory_size % 4096 || region->userspace_addr % 4096)
		return -EINVAL;
	struct kvm_userspace_memory_region *slot = &fake_kvm.slots[region->slot];
	if (!region->memory_size) {
		if (!slot->memory_size)
			return -EINVAL;
		memset(slot, 0, sizeof(*slot));
		return 0;
	}
	for (unsigned i = 0; i < FAKE_KVM_SLOTS; i++)
		if (slot_overlaps(region, &fake_kvm.slots[i]))
			return -EEXIST;
	if (slot->memory_size) /* KVM changes no size, place or backing in one step */
		return -EINVAL;
	*slot = *region;
	return 0;
}

int kvm_set_gsi_routing(int vm_fd, const struct kvm_irq_routing *routing)
{
	pthread_mutex_lock(&lock);
	int r = note_locked("set_gsi_routing", vm_fd, routing->nr);
	if (!r && (routing->nr > FAKE_KVM_ROUTES || routing->flags))
		r = -EINVAL;
	for (uint32_t i = 0; !r && i < routing->nr; i++)
		if (routing->entries[i].gsi >= FAKE_KVM_ROUTES)
			r = -EINVAL;
	if (!r) {
		memcpy(fake_kvm.routes, routing->entries, routing->nr * sizeof(fake_kvm.routes[0]));
		fake_kvm.n_routes = routing->nr;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

static int irqfd_at(uint32_t fd)
{
	for (unsigned i = 0; i < fake_kvm.n_irqfds; i++)
		if (fake_kvm.irqfds[i].fd == fd)
			return (int)i;
	return -1;
}

static int change_irqfd(const struct kvm_irqfd *irqfd)
{
	int at = irqfd_at(irqfd->fd);
	if (irqfd->flags & KVM_IRQFD_FLAG_DEASSIGN) {
		if (at >= 0)
			fake_kvm.irqfds[at] = fake_kvm.irqfds[--fake_kvm.n_irqfds];
		return 0;
	}
	if (at >= 0)
		return -EBUSY;
	if (fake_kvm.n_irqfds == FAKE_KVM_IRQFDS)
		return -ENOMEM;
	fake_kvm.irqfds[fake_kvm.n_irqfds++] = *irqfd;
	return 0;
}

int kvm_irqfd(int vm_fd, const struct kvm_irqfd *irqfd)
{
	pthread_mutex_lock(&lock);
	int r = note_locked("irqfd", vm_fd, irqfd->gsi);
	if (!r)
		r = change_irqfd(irqfd);
	pthread_mutex_unlock(&lock);
	return r;
}

int kvm_ioeventfd(int vm_fd, const struct kvm_ioeventfd *ioeventfd)
{
	NOTE("ioeventfd", vm_fd, ioeventfd->addr);
	return 0;
}

int kvm_irq_line(int vm_fd, uint32_t gsi, int level)
{
	NOTE("irq_line", vm_fd, gsi);
	if (gsi >= 24)
		return -EINVAL;
	fake_kvm.lines[gsi] = level;
	return 0;
}

int kvm_create_device(int vm_fd, uint32_t type)
{
	NOTE("create_device", vm_fd, type);
	return type == KVM_DEV_TYPE_VFIO ? fake_kvm_new_fd() : -ENODEV;
}

int kvm_device_attr(int device_fd, uint32_t group, uint64_t attr, const void *value)
{
	int32_t fd = *(const int32_t *)value;
	NOTE("device_attr", device_fd, attr);
	if (group != 1)
		return -ENXIO;
	unsigned at = 0;
	while (at < fake_kvm.n_vfio && fake_kvm.vfio_fds[at] != fd)
		at++;
	bool known = at < fake_kvm.n_vfio;
	if (attr == 1 && known)
		return -EEXIST;
	if (attr == 1)
		fake_kvm.vfio_fds[fake_kvm.n_vfio++] = fd;
	else if (!known)
		return -ENOENT;
	else
		fake_kvm.vfio_fds[at] = fake_kvm.vfio_fds[--fake_kvm.n_vfio];
	return 0;
}

int kvm_enable_cap(int fd, uint32_t cap, uint64_t arg0)
{
	NOTE("enable_cap", fd, cap);
	fake_kvm.enabled[fake_kvm.n_enabled][0] = cap;
	fake_kvm.enabled[fake_kvm.n_enabled++][1] = arg0;
	return 0;
}
