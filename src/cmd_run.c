/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead run PROFILE`: plan, change the host, run the guest, give everything back. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/limit.h"
#include "base/log.h"
#include "cmd.h"
#include "control.h"
#include "good.h"
#include "journal.h"
#include "machine.h"
#include "prepare.h"
#include "take.h"

/* An eventfd for each of the interrupts that KVM routes, and twice over for all else. */
#define FILES_WANTED (2 * IRQ_MAX_GSI)

struct run {
	struct profile profile;
	struct prepared prepared;
	struct journal journal;
	struct loop loop;
	struct machine machine;
	struct control control;
	struct loop_work good; /* records this start once the guest runs */
	bool machine_is_up;
	int signal_seen; /* before the guest ran; 0 = none */
};

/* Until the machine is up a signal only ends the start; what was changed is undone as after a run. */
static void on_signal(void *ctx, int signo)
{
	struct run *run = ctx;
	if (run->machine_is_up)
		machine_signal(&run->machine, signo);
	else
		run->signal_seen = signo;
}

static int interrupted(void *ctx, struct err *err)
{
	struct run *run = ctx;
	loop_step(&run->loop, 0);
	if (!run->signal_seen)
		return 0;
	return err_set(err, -EINTR, "start of '%s' interrupted by %s", run->profile.name,
		       strsignal(run->signal_seen));
}

static int catch_signals(struct run *run)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	return loop_signals(&run->loop, &set, on_signal, run);
}

/* What cannot be recorded is only a warning: undoing it later finds no device and is done. */
static void device_left(void *ctx, struct bdf bdf)
{
	struct run *run = ctx;
	struct err err = { 0 };
	if (journal_forget(&run->journal, bdf, &err))
		log_warn("%s: its changes stay in the journal: %s", bdf_text(bdf).s, err.text);
}

static void record_good(void *ctx)
{
	struct run *run = ctx;
	struct err err = { 0 };
	if (good_store(&run->prepared.host, &run->prepared.plan, &err))
		log_warn("this start is not recorded as a good one: %s", err.text);
	/* What reading the host took, and this, is not needed while the guest runs. */
	malloc_trim(0);
}

/* Before the guest sees them: should this fail, the next start deals the same ones as long as nobody
 * edits the profile. */
static void keep_slots(const struct prepared *p)
{
	struct err err = { 0 };
	if (p->plan.slots_are_new &&
	    slots_store(&p->plan.slots, &p->host, p->plan.profile->name, &err))
		log_warn("the guest's PCI slots are not kept: %s", err.text);
}

static int run_guest(struct run *run, enum machine_end *ret_end, struct err *err)
{
	struct prepared *p = &run->prepared;
	/* The plan has refused when the hard limit is in the way; within it we may raise our own.
	 */
	limit_raise(RLIMIT_MEMLOCK, p->plan.memlock_needed);
	keep_slots(p);
	journal_step(&run->journal, "machine up");
	const struct machine_start start = { &p->plan, &p->host, &p->image, &p->ram };
	int r = machine_up(&run->machine, &start, &run->loop, err);
	if (r)
		return r;
	run->machine_is_up = true;
	run->machine.on_left = device_left;
	run->machine.on_left_ctx = run;
	r = control_init(&run->control, &run->machine, &run->loop, run->journal.dir_fd, err);
	if (!r)
		r = interrupted(run, err);
	journal_step(&run->journal, "guest running");
	run->good = (struct loop_work){ .run = record_good, .ctx = run };
	if (!r)
		loop_post(&run->loop, &run->good);
	if (!r)
		r = machine_run(&run->machine, ret_end, err);
	control_fini(&run->control);
	run->machine_is_up = false;
	machine_down(&run->machine);
	return r;
}

static int end_status(enum machine_end end)
{
	static const char *const texts[] = {
		[MACHINE_POWERED_OFF] = NULL,
		[MACHINE_REBOOTED] = NULL,
		[MACHINE_FORCED] = "the guest was stopped by force",
		[MACHINE_FAILED] = "the guest was stopped after a failure",
	};
	if (!texts[end])
		return CLI_OK;
	cli_error("%s", texts[end]);
	return CLI_FAILED;
}

/* What has changed since it last worked is often the cause; a user who interrupts knows it. */
static int failed_start(struct run *run, const struct err *err)
{
	int status = cli_fail(err);
	if (err->code != -EINTR)
		good_print_differences(&run->prepared.host, &run->profile, stderr);
	return status;
}

/* From the journal's opening to its end: whatever happens between, the host is given back. */
static int run_journalled(struct run *run)
{
	struct err err = { 0 }, undo_err = { 0 };
	enum machine_end end = MACHINE_FAILED;
	int r = journal_open(&run->journal, &run->prepared.host, run->profile.name, &err);
	if (r)
		return cli_fail(&err);
	run->journal.step = journal_step_from_env;
	r = take_devices(&run->prepared, &run->profile, &run->journal, interrupted, run, &err);
	if (!r)
		r = run_guest(run, &end, &err);
	int status = r ? failed_start(run, &err) : end_status(end);
	if (journal_undo(&run->journal, &undo_err))
		status = cli_fail(&undo_err);
	journal_close(&run->journal);
	return status;
}

static int run_prepared(struct run *run, const struct cmd_args *args)
{
	struct err err = { 0 };
	if (prepare_to_run(&run->prepared, &run->profile, args->host ? args->host : "", &err))
		return cli_fail(&err);
	if (run->prepared.plan.refusals.n) {
		plan_print(&run->prepared.plan, stderr, cli_colour(stderr));
		good_print_differences(&run->prepared.host, &run->profile, stderr);
		return CLI_FAILED;
	}
	if (args->verbose)
		plan_print(&run->prepared.plan, stderr, cli_colour(stderr));
	return run_journalled(run);
}

int cmd_run(int argc, char **argv)
{
	static struct run run; /* large; one per process */
	struct cmd_args args = { 0 };
	int status = cmd_parse(CMD_RUN, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	/* With fewer a guest of few interrupts runs as well. */
	limit_raise(RLIMIT_NOFILE, FILES_WANTED);
	status = cmd_load_profile(&args, &run.profile);
	if (status != CLI_GO)
		return status;
	int r = loop_init(&run.loop);
	if (!r)
		r = catch_signals(&run);
	if (r) {
		cli_error("main loop: %s", strerror(-r));
		status = CLI_FAILED;
	} else {
		status = run_prepared(&run, &args);
		prepare_fini(&run.prepared);
	}
	loop_fini(&run.loop);
	profile_fini(&run.profile);
	return status;
}
