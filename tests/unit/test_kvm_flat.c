/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real KVM of this machine with guests of a few bytes, started at the reset vector. Skipped,
 * with the reason, where there is no KVM or it cannot run the smallest of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"

#define N 2            /* the second one waits for a SIPI that never comes */
#define RAM_SIZE 0x8000
#define CODE 0x1000    /* where the reset vector jumps */
#define HOLE 0x9000    /* no RAM: reached as MMIO */
#define ROM 0xFFFFF000
#define PORT 0x80
#define DEADLINE_S 60

static struct bench {
	struct vm vm;
	struct vcpus vcpus;
	struct qs qs;
	struct bus mmio, pio;
	struct gmem gmem;
	void *rom;
	struct cpuid cpuid;
	char out[64]; /* what the guest wrote to PORT */
	atomic_uint n_out;
	atomic_uint mmio_writes;
	_Atomic uint64_t mmio_last;
	atomic_uint requests;
	_Atomic(enum vcpu_request) request;
	char report[4096];
} bench;

static char unable[600]; /* why these tests cannot run here */

static void on_out(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct bench *b = ctx;
	(void)off;
	(void)size;
	unsigned n = atomic_load(&b->n_out);
	if (n < sizeof(b->out))
		b->out[n] = (char)value;
	atomic_store(&b->n_out, n + 1);
}

static void on_mmio(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct bench *b = ctx;
	atomic_store(&b->mmio_last, off << 32 | (uint64_t)size << 16 | value);
	atomic_fetch_add(&b->mmio_writes, 1);
}

static void on_request(void *ctx, enum vcpu_request what, const char *report)
{
	struct bench *b = ctx;
	atomic_store(&b->request, what);
	snprintf(b->report, sizeof(b->report), "%s", report);
	atomic_fetch_add(&b->requests, 1);
}

static int build_machine(struct bench *b, struct err *err)
{
	static const struct bus_ops ports = { NULL, on_out }, device = { NULL, on_mmio };
	/* jmp 0:CODE */
	static const uint8_t vector[] = { 0xEA, CODE & 0xFF, CODE >> 8, 0x00, 0x00 };
	const struct bus_region pio = { PORT, 1, &ports, b, 0 };
	const struct bus_region mmio = { HOLE, 0x100, &device, b, 0 };
	const struct range ram = { 0, RAM_SIZE };
	int r = gmem_init(&b->gmem, &ram, 1, err);
	if (r)
		return r;
	b->rom = mmap(NULL, PAGE_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy((uint8_t *)b->rom + 0xFF0, vector, sizeof(vector));
	const struct slot_want low = { 0, RAM_SIZE, b->gmem.base, 0 };
	const struct slot_want rom = { ROM, PAGE_4K, b->rom, KVM_MEM_READONLY };
	r = memslots_publish(&b->vm.slots, SLOT_RAM, &low, 1, err);
	if (!r)
		r = memslots_publish(&b->vm.slots, SLOT_FIRMWARE, &rom, 1, err);
	if (!r)
		r = vm_cpuid(&b->vm, &(struct cpuid_config){ .vcpus = N }, &b->cpuid, err);
	if (!r)
		r = vcpus_init(&b->vcpus, &b->vm, N, &b->cpuid, err);
	if (r)
		return r;
	qs_init(&b->qs);
	bus_init(&b->mmio, &b->qs);
	bus_init(&b->pio, &b->qs);
	bus_publish(&b->pio, BUS_FIXED, &pio, 1);
	bus_publish(&b->mmio, BUS_FIXED, &mmio, 1);
	b->vcpus.mmio = &b->mmio;
	b->vcpus.pio = &b->pio;
	b->vcpus.qs = &b->qs;
	b->vcpus.gmem = &b->gmem;
	b->vcpus.request = on_request;
	b->vcpus.request_ctx = b;
	return vcpus_start(&b->vcpus, err);
}

static int up(struct bench *b, struct err *err)
{
	int dev = open("/dev", O_RDONLY | O_DIRECTORY);
	memset(b, 0, sizeof(*b));
	int r = vm_init(&b->vm, dev, err);
	close(dev);
	return r ? r : build_machine(b, err);
}

static void down(struct bench *b)
{
	vcpus_fini(&b->vcpus);
	if (b->qs.epoch) {
		bus_fini(&b->mmio);
		bus_fini(&b->pio);
		qs_fini(&b->qs);
	}
	vm_fini(&b->vm);
	gmem_fini(&b->gmem);
	if (b->rom)
		munmap(b->rom, PAGE_4K);
}

static void load(struct bench *b, const void *code, size_t size)
{
	assert_int_equal(gmem_write(&b->gmem, CODE, code, size), 0);
}

/* Waits until the guest has written `n` bytes or a request came. */
static void wait_out(struct bench *b, unsigned n)
{
	while (atomic_load(&b->n_out) < n && !atomic_load(&b->requests))
		usleep(500);
}

static uint64_t count(struct bench *b, enum exit_kind kind)
{
	return atomic_load(&b->vcpus.at[0].exits[kind]);
}

static const uint8_t hello[] = {
	0xB0, 'K', 0xE6, PORT, /* mov al, 'K'; out PORT, al */
	0xF4, 0xEB, 0xFD,      /* hlt; jmp back to it */
};

/* Whether this KVM can run anything at all; a software one may lack an instruction. */
static void try_smallest_guest(struct bench *b)
{
	struct err err = { 0 };
	if (up(b, &err)) {
		snprintf(unable, sizeof(unable), "%.500s", err.text);
	} else {
		load(b, hello, sizeof(hello));
		vcpus_resume(&b->vcpus);
		for (int i = 0; i < 4000 && !atomic_load(&b->n_out) && !atomic_load(&b->requests);
		     i++)
			usleep(500);
		vcpus_stop(&b->vcpus);
		if (atomic_load(&b->requests))
			snprintf(unable, sizeof(unable), "%.500s", b->report);
		else if (!atomic_load(&b->n_out))
			snprintf(unable, sizeof(unable), "the smallest guest does nothing");
	}
	down(b);
}

static int look_for_kvm(void **state)
{
	(void)state;
#ifdef __SANITIZE_THREAD__
	snprintf(unable, sizeof(unable), "the thread sanitizer delays signal handlers and so kicks");
	(void)try_smallest_guest;
#else
	try_smallest_guest(&bench);
#endif
	if (unable[0])
		print_message("skipping all, no guests on this machine: %s\n", unable);
	return 0;
}

static int setup(void **state)
{
	struct err err = { 0 };
	*state = &bench;
	alarm(DEADLINE_S);
	return unable[0] ? 0 : up(&bench, &err);
}

static int teardown(void **state)
{
	if (!unable[0])
		down(*state);
	alarm(0);
	return 0;
}

#define NEEDS_KVM()                                                                                \
	do {                                                                                       \
		if (unable[0])                                                                     \
			skip();                                                                    \
	} while (0)

static void a_guest_writes_a_port_and_halts(void **state)
{
	struct bench *b = *state;
	NEEDS_KVM();
	load(b, hello, sizeof(hello));
	vcpus_resume(&b->vcpus);
	wait_out(b, 1);
	usleep(20000);
	vcpus_pause(&b->vcpus);
	assert_int_equal(b->out[0], 'K');
	assert_int_equal(count(b, EXIT_KIND_PIO), 1);
	assert_int_equal(count(b, EXIT_KIND_HALT), 0); /* KVM's own LAPIC sleeps in the kernel */
	assert_int_equal(atomic_load(&b->requests), 0);
}

static void mmio_of_a_guest_reaches_its_device(void **state)
{
	struct bench *b = *state;
	static const uint8_t code[] = {
		0xB8, 0x34, 0x12,       /* mov ax, 0x1234 */
		0xA3, 0x10, 0x90,       /* mov [HOLE + 0x10], ax */
		0xA0, 0x00, 0x92,       /* mov al, [HOLE + 0x200]: nobody there */
		0xE6, PORT, 0xF4,       /* out PORT, al; hlt */
	};
	NEEDS_KVM();
	load(b, code, sizeof(code));
	vcpus_resume(&b->vcpus);
	wait_out(b, 1);
	vcpus_pause(&b->vcpus);
	assert_int_equal(atomic_load(&b->mmio_writes), 1);
	assert_int_equal(atomic_load(&b->mmio_last), UINT64_C(0x10) << 32 | 2 << 16 | 0x1234);
	assert_int_equal((uint8_t)b->out[0], 0xFF);
	assert_int_equal(count(b, EXIT_KIND_MMIO), 2);
	assert_int_equal(count(b, EXIT_KIND_PIO), 1);
}

static void a_string_arrives_in_order(void **state)
{
	struct bench *b = *state;
	static const uint8_t code[] = {
		0xFC,                   /* cld */
		0xBE, 0x11, 0x10,       /* mov si, CODE + 0x11 */
		0xB9, 0x08, 0x00,       /* mov cx, 8 */
		0xBA, PORT, 0x00,       /* mov dx, PORT */
		0xF3, 0x6E,             /* rep outsb */
		0xF4, 0xEB, 0xFD,       /* hlt; jmp back to it */
		0x00, 0x00,
		'B', 'u', 'l', 'k', 'h', 'e', 'a', 'd',
	};
	NEEDS_KVM();
	load(b, code, sizeof(code));
	vcpus_resume(&b->vcpus);
	wait_out(b, 8);
	vcpus_pause(&b->vcpus);
	assert_int_equal(atomic_load(&b->n_out), 8);
	assert_memory_equal(b->out, "Bulkhead", 8);
}

static void a_guest_that_never_exits_can_be_paused(void **state)
{
	struct bench *b = *state;
	static const uint8_t code[] = { 0xE6, PORT, 0x40, 0xEB, 0xFD }; /* out; inc ax; jmp to inc */
	NEEDS_KVM();
	load(b, code, sizeof(code));
	vcpus_resume(&b->vcpus);
	wait_out(b, 1);
	for (int i = 0; i < 20; i++) {
		struct kvm_regs before, after;
		vcpus_pause(&b->vcpus);
		assert_int_equal(kvm_get_regs(b->vcpus.at[0].fd, &before), 0);
		usleep(1000);
		assert_int_equal(kvm_get_regs(b->vcpus.at[0].fd, &after), 0);
		assert_memory_equal(&before, &after, sizeof(before));
		vcpus_resume(&b->vcpus);
		usleep(1000);
	}
	vcpus_pause(&b->vcpus);
	assert_true(count(b, EXIT_KIND_INTR) >= 1);
}

static void a_guest_is_paused_at_any_point_of_its_port_writes(void **state)
{
	struct bench *b = *state;
	/* mov [HOLE], bl; inc bx; out PORT, al; jmp back: an exit at nearly every step */
	static const uint8_t code[] = { 0x88, 0x1E, 0x00, 0x90, 0x43, 0xE6, PORT, 0xEB, 0xF7 };
	NEEDS_KVM();
	load(b, code, sizeof(code));
	for (unsigned i = 0; i < 300; i++) {
		struct kvm_regs regs;
		vcpus_resume(&b->vcpus);
		usleep(i % 40);
		vcpus_pause(&b->vcpus);
		assert_int_equal(kvm_get_regs(b->vcpus.at[0].fd, &regs), 0);
		/* Completed I/O: MMIO counts what is done, BX what the guest knows to be done. */
		unsigned done = atomic_load(&b->mmio_writes);
		assert_in_range(done - (uint16_t)regs.rbx, 0, 1);
		assert_int_equal(atomic_load(&b->requests), 0);
	}
}

static void a_reset_starts_the_guest_over(void **state)
{
	struct bench *b = *state;
	static const uint8_t code[] = {
		0xB8, 0x00, 0x07, 0x8E, 0xD8, /* mov ax, 0x700; mov ds, ax */
		0xBB, 0x55, 0xAA,             /* mov bx, 0xAA55 */
		0xB0, 'R', 0xE6, PORT,        /* mov al, 'R'; out PORT, al */
		0xF4, 0xEB, 0xFD,             /* hlt; jmp back to it */
	};
	NEEDS_KVM();
	load(b, code, sizeof(code));
	for (unsigned round = 1; round <= 10; round++) {
		struct kvm_regs regs;
		struct kvm_sregs sregs;
		struct kvm_mp_state mp;
		struct err err = { 0 };
		vcpus_resume(&b->vcpus);
		wait_out(b, round);
		vcpus_pause(&b->vcpus);
		assert_int_equal(atomic_load(&b->n_out), round);
		assert_int_equal(vcpus_reset(&b->vcpus, &err), 0);
		assert_int_equal(vm_reset_chips(&b->vm, &err), 0);
		assert_int_equal(kvm_get_regs(b->vcpus.at[0].fd, &regs), 0);
		assert_int_equal(kvm_get_sregs(b->vcpus.at[0].fd, &sregs), 0);
		assert_int_equal(regs.rip, 0xFFF0);
		assert_int_equal(regs.rbx, 0);
		assert_int_equal(regs.rdx, cpuid_find(&b->cpuid, 1, 0)->eax);
		assert_int_equal(sregs.cs.base, 0xFFFF0000);
		assert_int_equal(sregs.ds.selector, 0);
		assert_int_equal(kvm_get_mp_state(b->vcpus.at[1].fd, &mp), 0);
		assert_int_equal(mp.mp_state, KVM_MP_STATE_UNINITIALIZED);
	}
}

static void a_reset_brings_the_apic_back_from_x2apic_mode(void **state)
{
	struct bench *b = *state;
	struct kvm_sregs sregs;
	struct kvm_lapic_state lapic;
	NEEDS_KVM();
	vcpus_pause(&b->vcpus);
	for (unsigned i = 0; i < N; i++) {
		int fd = b->vcpus.at[i].fd;
		assert_int_equal(kvm_get_sregs(fd, &sregs), 0);
		uint64_t fresh = sregs.apic_base;
		sregs.apic_base |= 0x400; /* EXTD, SDM vol. 3 §11.12.1 */
		assert_int_equal(kvm_set_sregs(fd, &sregs), 0);
		assert_int_equal(vcpus_reset(&b->vcpus, NULL), 0);
		assert_int_equal(kvm_get_sregs(fd, &sregs), 0);
		assert_int_equal(sregs.apic_base, fresh);
		assert_int_equal(kvm_get_lapic(fd, &lapic), 0);
		assert_int_equal(le32_get(lapic.regs + 0x20), i << 24); /* the 8-bit id again */
	}
}

/*
 * A guest's own triple fault takes hardware that checks the IDT's limit, which a software KVM may
 * not; KVM can be asked for one.
 */
static int ask_for_triple_fault(struct bench *b)
{
	struct kvm_vcpu_events events;
	if (kvm_check_extension(b->vm.vm_fd, KVM_CAP_X86_TRIPLE_FAULT_EVENT) <= 0 ||
	    kvm_enable_cap(b->vm.vm_fd, KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1) < 0 ||
	    kvm_get_events(b->vcpus.at[0].fd, &events) < 0)
		return -EOPNOTSUPP;
	events.flags |= KVM_VCPUEVENT_VALID_TRIPLE_FAULT;
	events.triple_fault.pending = 1;
	return kvm_set_events(b->vcpus.at[0].fd, &events);
}

static void a_triple_fault_is_a_request_with_a_report(void **state)
{
	struct bench *b = *state;
	static const uint8_t code[] = { 0xBB, 0x77, 0x66, 0xE6, PORT, 0xF4 }; /* mov bx; out; hlt */
	NEEDS_KVM();
	load(b, code, sizeof(code));
	vcpus_resume(&b->vcpus);
	wait_out(b, 1);
	vcpus_pause(&b->vcpus);
	if (ask_for_triple_fault(b) < 0)
		skip();
	vcpus_resume(&b->vcpus);
	while (!atomic_load(&b->requests))
		usleep(500);
	vcpus_pause(&b->vcpus);
	assert_int_equal(atomic_load(&b->request), VCPU_REQUEST_TRIPLE_FAULT);
	assert_non_null(strstr(b->report, "vCPU 0: triple fault"));
	assert_non_null(strstr(b->report, "rbx 0000000000006677"));
	assert_non_null(strstr(b->report, "at rip: "));

	assert_int_equal(vcpus_reset(&b->vcpus, NULL), 0);
	load(b, hello, sizeof(hello));
	vcpus_resume(&b->vcpus);
	while (atomic_load(&b->n_out) < 2)
		usleep(500);
	assert_int_equal(b->out[1], 'K'); /* the machine is good for another guest */
}

static void an_unknown_msr_reads_zero(void **state)
{
	struct bench *b = *state;
	static const uint8_t code[] = {
		0x66, 0xB9, 0x45, 0x23, 0x01, 0x00, /* mov ecx, 0x12345 */
		0x66, 0xB8, 0x01, 0x00, 0x00, 0x00, /* mov eax, 1 */
		0x0F, 0x30, 0x0F, 0x32,             /* wrmsr; rdmsr */
		0x04, 'A', 0xE6, PORT, 0xF4,        /* add al, 'A'; out PORT, al; hlt */
	};
	NEEDS_KVM();
	if (kvm_check_extension(b->vm.kvm_fd, KVM_CAP_X86_USER_SPACE_MSR) <= 0)
		skip();
	load(b, code, sizeof(code));
	vcpus_resume(&b->vcpus);
	wait_out(b, 1);
	vcpus_pause(&b->vcpus);
	assert_int_equal(atomic_load(&b->requests), 0);
	assert_int_equal(b->out[0], 'A');
	assert_int_equal(count(b, EXIT_KIND_MSR), 2);
}

static void a_bar_that_moves_is_seen_at_its_new_place(void **state)
{
	struct bench *b = *state;
	static const uint8_t code[] = {
		0xA0, 0x00, 0xA0, 0xE6, PORT,      /* mov al, [0xA000]; out PORT, al */
		0xA0, 0x00, 0xB0, 0xE6, PORT,      /* mov al, [0xB000]; out PORT, al */
		0xEB, 0xF4,                        /* again */
	};
	NEEDS_KVM();
	uint8_t *page = mmap(NULL, PAGE_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page[0] = 'b';
	struct slot_want bar = { 0xA000, PAGE_4K, page, 0 };
	load(b, code, sizeof(code));
	assert_int_equal(memslots_publish(&b->vm.slots, SLOT_PCI, &bar, 1, NULL), 0);
	vcpus_resume(&b->vcpus);
	wait_out(b, 2);
	vcpus_pause(&b->vcpus);
	assert_int_equal(b->out[0], 'b');
	assert_int_equal((uint8_t)b->out[1], 0xFF);
	bar.gpa = 0xB000;
	assert_int_equal(memslots_publish(&b->vm.slots, SLOT_PCI, &bar, 1, NULL), 0);
	assert_int_equal(vcpus_reset(&b->vcpus, NULL), 0);
	atomic_store(&b->n_out, 0);
	vcpus_resume(&b->vcpus);
	wait_out(b, 2);
	vcpus_pause(&b->vcpus);
	assert_int_equal((uint8_t)b->out[0], 0xFF);
	assert_int_equal(b->out[1], 'b');
	assert_int_equal(memslots_publish(&b->vm.slots, SLOT_PCI, NULL, 0, NULL), 0);
	munmap(page, PAGE_4K);
}

static void the_kernel_accepts_the_64_bit_entry_state(void **state)
{
	struct bench *b = *state;
	const struct vcpu_entry64 entry = { .rip = CODE, .rsp = 0x7000, .rsi = 0x6000,
					    .cr3 = 0x2000, .gdt_gpa = 0x500, .gdt_limit = 31 };
	/* mov al, 's'; sub rsi, 0x6000: 0 is left; add al, sil; out PORT, al; hlt; jmp back */
	static const uint8_t code[] = { 0xB0, 's', 0x48, 0x81, 0xEE, 0x00, 0x60, 0x00, 0x00,
					0x40, 0x00, 0xF0, 0xE6, PORT, 0xF4, 0xEB, 0xFD };
	uint64_t pml4 = 0x3003, pdpt = 0x4003, pd = 0x83; /* identity for 2 MiB, one large page */
	NEEDS_KVM();
	assert_int_equal(gmem_write(&b->gmem, 0x2000, &pml4, 8), 0);
	assert_int_equal(gmem_write(&b->gmem, 0x3000, &pdpt, 8), 0);
	assert_int_equal(gmem_write(&b->gmem, 0x4000, &pd, 8), 0);
	load(b, code, sizeof(code));
	vcpus_pause(&b->vcpus);
	assert_int_equal(vcpu_enter64(&b->vcpus.at[0], &entry, NULL), 0);
	vcpus_resume(&b->vcpus);
	wait_out(b, 1);
	vcpus_pause(&b->vcpus);
	if (atomic_load(&b->requests))
		fail_msg("%s", b->report);
	assert_int_equal(b->out[0], 's');
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_guest_writes_a_port_and_halts),
		TEST(mmio_of_a_guest_reaches_its_device),
		TEST(a_string_arrives_in_order),
		TEST(a_guest_that_never_exits_can_be_paused),
		TEST(a_guest_is_paused_at_any_point_of_its_port_writes),
		TEST(a_reset_starts_the_guest_over),
		TEST(a_reset_brings_the_apic_back_from_x2apic_mode),
		TEST(a_triple_fault_is_a_request_with_a_report),
		TEST(an_unknown_msr_reads_zero),
		TEST(a_bar_that_moves_is_seen_at_its_new_place),
		TEST(the_kernel_accepts_the_64_bit_entry_state),
	};
	return cmocka_run_group_tests(tests, look_for_kvm, NULL);
}
