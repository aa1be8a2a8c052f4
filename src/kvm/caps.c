/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/caps.h"

#include <errno.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "kvm/uapi.h"
#include "kvm/vm.h"

/* Slots: RAM around holes, firmware, and a few pieces for each BAR of some thirty functions. */
#define MEMSLOTS_NEEDED 256
/* Pins plus MSI-X vectors of a handful of devices; KVM has had 4096 since 4.7. */
#define ROUTES_NEEDED 1024

#define ROW(name, at_least, why)                                                                   \
	{                                                                                          \
		KVM_CAP_##name, at_least, "KVM_CAP_" #name, why                                    \
	}
const struct cap_row required_caps[] = {
	ROW(USER_MEMORY, 1, "guest RAM and BARs as memory slots"),
	ROW(NR_MEMSLOTS, MEMSLOTS_NEEDED, "a slot for each BAR piece"),
	ROW(READONLY_MEM, 1, "ROM slots"),
	ROW(SET_TSS_ADDR, 1, "real mode on older Intel"),
	ROW(SET_IDENTITY_MAP_ADDR, 1, "real mode on older Intel"),
	ROW(IRQCHIP, 1, "interrupt controllers in the kernel"),
	ROW(PIT2, 1, "timer in the kernel"),
	ROW(PIT_STATE2, 1, "timer reset at reboot"),
	ROW(IRQ_ROUTING, ROUTES_NEEDED, "MSI routes"),
	ROW(IRQFD, 1, "interrupts without an exit"),
	ROW(IRQFD_RESAMPLE, 1, "level interrupts of devices"),
	ROW(IOEVENTFD, 1, "doorbells without an exit"),
	ROW(DEVICE_CTRL, 1, "the KVM-VFIO device"),
	ROW(EXT_CPUID, 1, "the guest's CPUID"),
	ROW(MP_STATE, 1, "secondary vCPUs"),
	ROW(VCPU_EVENTS, 1, "vCPU reset"),
	ROW(DEBUGREGS, 1, "vCPU reset"),
	ROW(XSAVE, 1, "vCPU reset"),
	ROW(XCRS, 1, "vCPU reset"),
	ROW(IMMEDIATE_EXIT, 1, "pausing without a lost kick"),
};
const size_t n_required_caps = ARRAY_LEN(required_caps);

static void list_missing(const bool *missing, bool reasons, struct text *text)
{
	const char *comma = "";
	for (size_t i = 0; i < n_required_caps; i++) {
		if (!missing[i])
			continue;
		text_put(text, "%s%s", comma, required_caps[i].name);
		if (reasons)
			text_put(text, " (%s)", required_caps[i].why);
		comma = ", ";
	}
}

static int refuse_missing(const bool *missing, struct err *err)
{
	static const char hint[] = "a newer host kernel has it all (Linux 5.10 or later)";
	/* Names matter most: a list too long for reasons goes without them. */
	char buf[ERR_TEXT_MAX - sizeof("KVM lacks ; ") - sizeof(hint)];
	struct text text = text_in(buf, sizeof(buf));
	list_missing(missing, true, &text);
	if (text.cut) {
		text = text_in(buf, sizeof(buf));
		list_missing(missing, false, &text);
	}
	err_set(err, -EOPNOTSUPP, "KVM lacks %s", buf);
	err_hint(err, "%s", hint);
	return -EOPNOTSUPP;
}

static int check_caps(int kvm_fd, struct err *err)
{
	bool missing[ARRAY_LEN(required_caps)];
	bool any = false;
	for (size_t i = 0; i < n_required_caps; i++) {
		missing[i] = kvm_check_extension(kvm_fd, required_caps[i].cap) <
			     required_caps[i].at_least;
		any |= missing[i];
	}
	return any ? refuse_missing(missing, err) : 0;
}

static int open_failed(int error, struct err *err)
{
	err_errno(err, error, "/dev/kvm");
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		err_hint(err, "load kvm_intel or kvm_amd (modprobe); if that is refused, enable "
			      "VT-x or AMD-V in the firmware set-up");
		break;
	case -EACCES:
	case -EPERM:
		err_hint(err, "run as root, or as a user in group kvm");
		break;
	case -EBUSY:
		err_hint(err, "another hypervisor holds the processor's virtualisation; stop it");
		break;
	}
	return error;
}

int caps_create_failed(int error, struct err *err)
{
	err_errno(err, error, "KVM_CREATE_VM");
	switch (error) {
	case -EBUSY:
		err_hint(err, "another hypervisor (VirtualBox, VMware) holds the processor's "
			      "virtualisation; stop it");
		break;
	case -EIO:
	case -EOPNOTSUPP:
		err_hint(err, "enable VT-x or AMD-V in the firmware set-up");
		break;
	}
	return error;
}

int caps_open_kvm(int dev_dirfd, struct err *err)
{
	autoclose int kvm_fd = kvm_open(dev_dirfd);
	if (kvm_fd < 0)
		return open_failed(kvm_fd, err);
	int version = kvm_api_version(kvm_fd);
	if (version < 0)
		return err_errno(err, version, "/dev/kvm: KVM_GET_API_VERSION");
	if (version != KVM_API_VERSION)
		return err_set(err, -EPROTO, "/dev/kvm speaks API version %d, only %d is known",
			       version, KVM_API_VERSION);
	int r = check_caps(kvm_fd, err);
	return r ? r : take_fd(&kvm_fd);
}

int vm_check_host(int dev_dirfd, struct err *err)
{
	int kvm_fd = caps_open_kvm(dev_dirfd, err);
	if (kvm_fd < 0)
		return kvm_fd;
	close(kvm_fd);
	return 0;
}
