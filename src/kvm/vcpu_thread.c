/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a vCPU thread: run, handle, park. kvm/vcpu.h says why no kick is lost.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/compat.h"
#include "kvm/exit.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"

/*
 * A BAR's pages vanish for a moment while its device is in D3 or has memory decode off; the slot is
 * taken away just after. A second of retries outlasts both.
 */
#define FAULT_RETRIES 1000
#define FAULT_WAIT_NS 1000000

/*
 * KVM goes on with a repeated string instruction, one exit a step, for 1024 steps before it looks
 * at immediate_exit (arch/x86/kvm/emulate.c). The bound only keeps this from being endless.
 */
#define FINISH_RUNS 4096

/* The kvm_run of the calling vCPU thread, for the handler of its kick. Written before it can come.
 */
static _Thread_local struct kvm_run *volatile own_run;

static void on_kick(int sig)
{
	(void)sig;
	if (own_run)
		own_run->immediate_exit = 1;
}

/* The lock is held, and quit was not set before: after that threads may be joined any moment. */
static void kick_all(struct vcpus *vcpus)
{
	for (unsigned i = 0; i < vcpus->n; i++) {
		struct vcpu *vcpu = &vcpus->at[i];
		if (vcpu->started && !pthread_equal(vcpu->thread, pthread_self()))
			pthread_kill(vcpu->thread, SIGRTMIN);
	}
}

static void hold(struct vcpus *vcpus)
{
	atomic_store(&vcpus->hold, true);
	kick_all(vcpus);
}

void vcpus_request_pause(struct vcpus *vcpus)
{
	pthread_mutex_lock(&vcpus->lock);
	if (!vcpus->pause && !vcpus->quit) {
		vcpus->pause = true;
		hold(vcpus);
	}
	pthread_mutex_unlock(&vcpus->lock);
}

void vcpus_raise(struct vcpus *vcpus, enum vcpu_request what, const char *report)
{
	vcpus_request_pause(vcpus);
	pthread_mutex_lock(&vcpus->lock);
	bool first = !vcpus->requested && !vcpus->quit;
	vcpus->requested = true;
	pthread_mutex_unlock(&vcpus->lock);
	if (first && vcpus->request)
		vcpus->request(vcpus->request_ctx, what, report);
}

static void handle(struct vcpu *vcpu)
{
	qs_online(vcpu->all->qs, &vcpu->reader);
	vcpu_on_exit(vcpu);
	qs_offline(&vcpu->reader);
}

/*
 * KVM writes the result of a port or MMIO read into the registers, and steps over the instruction,
 * only when it is entered again. Registers are not to be touched before that.
 */
static void finish_io(struct vcpu *vcpu)
{
	for (int i = 0; vcpu->io_pending && i < FINISH_RUNS; i++) {
		vcpu->run->immediate_exit = 1;
		vcpu->io_pending = kvm_run(vcpu->fd) >= 0;
		if (vcpu->io_pending)
			handle(vcpu);
	}
}

static void park(struct vcpus *vcpus)
{
	pthread_mutex_lock(&vcpus->lock);
	vcpus->parked++;
	pthread_cond_broadcast(&vcpus->changed);
	while (vcpus->pause && !vcpus->quit)
		pthread_cond_wait(&vcpus->changed, &vcpus->lock);
	vcpus->parked--;
	pthread_mutex_unlock(&vcpus->lock);
}

/* True when the guest may be entered; parks while it may not. False to end the thread. */
static bool may_enter(struct vcpu *vcpu)
{
	struct vcpus *vcpus = vcpu->all;
	for (;;) {
		vcpu->run->immediate_exit = 0;
		atomic_signal_fence(memory_order_seq_cst);
		if (!atomic_load(&vcpus->hold))
			return true;
		pthread_mutex_lock(&vcpus->lock);
		bool quit = vcpus->quit;
		pthread_mutex_unlock(&vcpus->lock);
		if (quit)
			return false;
		finish_io(vcpu);
		park(vcpus);
	}
}

/* KVM since 6.8 says which address it could not reach; the union member is newer than our headers.
 */
static void fault_text(const struct vcpu *vcpu, char *buf, size_t size)
{
	struct {
		uint64_t flags, gpa, size;
	} fault;
	memcpy(&fault, vcpu->run->padding, sizeof(fault));
	if (vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT)
		snprintf(buf, size, " at guest address 0x%llx", (unsigned long long)fault.gpa);
	else
		buf[0] = '\0';
}

static void run_failed(struct vcpu *vcpu, int error)
{
	char where[64] = "", registers[1536], report[2048];
	if (error == -EFAULT)
		fault_text(vcpu, where, sizeof(where));
	vcpu_describe(vcpu, registers, sizeof(registers));
	snprintf(report, sizeof(report), "vCPU %u: KVM_RUN: %s%s\n%s", vcpu->id, strerror(-error),
		 where, registers);
	vcpu->faults = 0;
	vcpus_raise(vcpu->all, VCPU_REQUEST_FAILED, report);
}

static void on_run_error(struct vcpu *vcpu, int error)
{
	vcpu->io_pending = false;
	if (error == -EINTR) {
		vcpu_count(vcpu, EXIT_KIND_INTR);
	} else if (error == -EFAULT && vcpu->faults < FAULT_RETRIES) {
		vcpu->faults++;
		nanosleep(&(struct timespec){ .tv_nsec = FAULT_WAIT_NS }, NULL);
	} else if (error != -EAGAIN) { /* an AP that was woken before its SIPI says EAGAIN */
		run_failed(vcpu, error);
	}
}

static void enter(struct vcpu *vcpu)
{
	int r = kvm_run(vcpu->fd);
	if (r < 0) {
		on_run_error(vcpu, r);
		return;
	}
	vcpu->faults = 0;
	vcpu->io_pending = true;
	handle(vcpu);
}

static void unblock_kick(void)
{
	sigset_t kick;
	sigemptyset(&kick);
	sigaddset(&kick, SIGRTMIN);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
}

static void *vcpu_main(void *arg)
{
	struct vcpu *vcpu = arg;
	char name[16];
	snprintf(name, sizeof(name), "vcpu%u", vcpu->id % 1000);
	pthread_setname_np(pthread_self(), name);
	own_run = vcpu->run;
	unblock_kick();
	while (may_enter(vcpu))
		enter(vcpu);
	return NULL;
}

/* Signals that are not faults of the thread itself go to the main loop. */
static void block_signals(sigset_t *ret_old)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
	sigset_t block;
	sigfillset(&block);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&block, faults[i]);
	pthread_sigmask(SIG_BLOCK, &block, ret_old);
}

static int start_one(struct vcpu *vcpu)
{
	qs_register(vcpu->all->qs, &vcpu->reader);
	int r = pthread_create(&vcpu->thread, NULL, vcpu_main, vcpu);
	if (r) {
		qs_unregister(vcpu->all->qs, &vcpu->reader);
		return -r;
	}
	/* The thread is paused and the main thread is here: nobody reads these two yet. */
	vcpu->started = true;
	vcpu->all->running++;
	return 0;
}

int vcpus_start(struct vcpus *vcpus, struct err *err)
{
	/* Restarting keeps a kick from failing a handler's system calls; KVM_RUN never restarts. */
	struct sigaction kick = { .sa_handler = on_kick, .sa_flags = SA_RESTART };
	if (sigaction(SIGRTMIN, &kick, NULL))
		return err_errno(err, -errno, "vCPU threads: sigaction");
	vcpus->pause = true;
	vcpus->quit = false;
	atomic_store(&vcpus->hold, true);

	sigset_t old;
	block_signals(&old);
	int r = 0;
	for (unsigned i = 0; !r && i < vcpus->n; i++)
		r = start_one(&vcpus->at[i]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r) {
		vcpus_stop(vcpus);
		return err_errno(err, r, "vCPU threads: pthread_create");
	}
	return 0;
}

void vcpus_pause(struct vcpus *vcpus)
{
	pthread_mutex_lock(&vcpus->lock);
	vcpus->pause = true;
	hold(vcpus);
	while (vcpus->parked < vcpus->running)
		pthread_cond_wait(&vcpus->changed, &vcpus->lock);
	pthread_mutex_unlock(&vcpus->lock);
}

void vcpus_resume(struct vcpus *vcpus)
{
	pthread_mutex_lock(&vcpus->lock);
	vcpus->pause = false;
	vcpus->requested = false;
	atomic_store(&vcpus->hold, vcpus->quit);
	pthread_cond_broadcast(&vcpus->changed);
	pthread_mutex_unlock(&vcpus->lock);
}

void vcpus_stop(struct vcpus *vcpus)
{
	pthread_mutex_lock(&vcpus->lock);
	vcpus->quit = true;
	hold(vcpus);
	pthread_cond_broadcast(&vcpus->changed);
	pthread_mutex_unlock(&vcpus->lock);
	for (unsigned i = 0; i < vcpus->n; i++) {
		struct vcpu *vcpu = &vcpus->at[i];
		if (!vcpu->started)
			continue;
		pthread_join(vcpu->thread, NULL);
		vcpu->started = false;
		qs_unregister(vcpus->qs, &vcpu->reader);
		vcpus->running--;
	}
}
