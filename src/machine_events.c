/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a running machine as a whole: the guest resets or powers off, a vCPU fails, the
 * user wants it stopped. vCPU threads only note and post; decisions
 * are the main thread's.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "machine.h"

/* A guest that triple-faults this soon after its start, this often, will not get anywhere. */
#define QUICK_FAULT_MS 60000
#define QUICK_FAULTS_MAX 3

static void want(struct machine *m, unsigned what, const char *report)
{
	pthread_mutex_lock(&m->lock);
	if (report && !m->report[0])
		snprintf(m->report, sizeof(m->report), "%s", report);
	m->wants |= what;
	pthread_mutex_unlock(&m->lock);
	/* The guest must not run on past its own reset or power-off. */
	vcpus_request_pause(&m->vcpus);
	loop_post(m->loop, &m->work);
}

static void guest_reset(void *ctx)
{
	want(ctx, WANT_RESET, NULL);
}

static void guest_power_off(void *ctx)
{
	want(ctx, WANT_POWER_OFF, NULL);
}

static void vcpu_wants(void *ctx, enum vcpu_request what, const char *report)
{
	static const unsigned bits[] = {
		[VCPU_REQUEST_RESET] = WANT_RESET,
		[VCPU_REQUEST_SHUTDOWN] = WANT_POWER_OFF,
		[VCPU_REQUEST_TRIPLE_FAULT] = WANT_TRIPLE_FAULT,
		[VCPU_REQUEST_FAILED] = WANT_FAIL,
	};
	want(ctx, bits[what], report);
}

static unsigned take_wants(struct machine *m, char *report, size_t size)
{
	pthread_mutex_lock(&m->lock);
	unsigned wants = m->wants;
	m->wants = 0;
	snprintf(report, size, "%s", m->report);
	m->report[0] = 0;
	pthread_mutex_unlock(&m->lock);
	return wants;
}

bool machine_pause(struct machine *m)
{
	pthread_mutex_lock(&m->vcpus.lock);
	bool ran = !m->vcpus.pause;
	pthread_mutex_unlock(&m->vcpus.lock);
	vcpus_pause(&m->vcpus);
	return ran;
}

void machine_resume(struct machine *m, bool ran)
{
	pthread_mutex_lock(&m->lock);
	bool wants = m->wants;
	pthread_mutex_unlock(&m->lock);
	if (ran && !wants)
		vcpus_resume(&m->vcpus);
}

void machine_hold(struct machine *m, bool hold)
{
	if (hold)
		vcpus_pause(&m->vcpus);
	else
		machine_resume(m, m->held_by_user);
	m->held_by_user = hold;
}

static void reboot(struct machine *m)
{
	if (m->plan->profile->reboot == REBOOT_STOP || m->stopping) {
		machine_stop_now(m, MACHINE_REBOOTED);
		return;
	}
	struct err err = { 0 };
	vcpus_pause(&m->vcpus);
	if (machine_reset(m, &err)) {
		log_error("guest reset: %s", err.text);
		machine_stop_now(m, MACHINE_FAILED);
		return;
	}
	/* A vCPU may have asked again before it parked; that was the old life. */
	char report[sizeof(m->report)];
	take_wants(m, report, sizeof(report));
	if (!m->held_by_user)
		vcpus_resume(&m->vcpus);
}

/* A triple fault is how old guests reboot, and how broken ones die: the second kind repeats. */
static void triple_fault(struct machine *m, const char *report)
{
	log_warn("guest triple fault, resetting it\n%s", report);
	bool quick = m->loop->now_ms() - m->last_boot_ms < QUICK_FAULT_MS;
	m->quick_faults = quick ? m->quick_faults + 1 : 1;
	if (quick && m->quick_faults >= QUICK_FAULTS_MAX) {
		log_error("%u triple faults in a row, each soon after a start: giving up",
			  m->quick_faults);
		machine_stop_now(m, MACHINE_FAILED);
		return;
	}
	reboot(m);
}

static void act(void *ctx)
{
	struct machine *m = ctx;
	char report[sizeof(m->report)];
	unsigned wants = take_wants(m, report, sizeof(report));
	if (wants & WANT_FAIL) {
		log_error("vCPU stopped: %s", report);
		machine_stop_now(m, MACHINE_FAILED);
	} else if (wants & WANT_POWER_OFF) {
		machine_stop_now(m, MACHINE_POWERED_OFF);
	} else if (wants & WANT_TRIPLE_FAULT) {
		triple_fault(m, report);
	} else if (wants & WANT_RESET) {
		reboot(m);
	}
}

void machine_stop_now(struct machine *m, enum machine_end end)
{
	m->end = end;
	loop_timer_cancel(m->loop, &m->stop_timer);
	loop_stop(m->loop);
}

static void stop_expired(void *ctx)
{
	struct machine *m = ctx;
	log_warn("guest did not power off within %u s: stopping it",
		 m->plan->profile->stop_timeout_s);
	machine_stop_now(m, MACHINE_FORCED);
}

void machine_stop(struct machine *m)
{
	if (m->stopping)
		return;
	m->stopping = true;
	machine_hold(m, false); /* or it would never see the button */
	if (!pm_power_button(&m->pm)) {
		log_warn("guest has no driver for the power button: stopping it");
		machine_stop_now(m, MACHINE_FORCED);
		return;
	}
	loop_timer_arm(m->loop, &m->stop_timer, (uint64_t)m->plan->profile->stop_timeout_s * 1000);
}

void machine_signal(void *ctx, int signo)
{
	(void)signo;
	machine_stop(ctx);
}

static void console_stop(void *ctx)
{
	machine_stop_now(ctx, MACHINE_FORCED);
}

static void console_button(void *ctx)
{
	struct machine *m = ctx;
	pm_power_button(&m->pm);
}

void machine_events_init(struct machine *m)
{
	pthread_mutex_init(&m->lock, NULL);
	m->work = (struct loop_work){ .run = act, .ctx = m };
	m->stop_timer = (struct loop_timer){ .expired = stop_expired, .ctx = m };
	m->events = (struct platform_events){ guest_reset, guest_power_off, m };
}

void machine_watch_vcpus(struct machine *m)
{
	m->vcpus.request = vcpu_wants;
	m->vcpus.request_ctx = m;
}

void machine_watch_console(struct machine *m)
{
	m->console.on_stop = console_stop;
	m->console.on_button = console_button;
	m->console.ctx = m;
}
