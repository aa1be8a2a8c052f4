/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm_swtpm.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "tpm_swtpm_process.h"

/* Making an RSA key takes seconds on a slow host; what takes longer will not come any more. */
#define COMMAND_MS 300000u
#define CANCEL_MS 10000u

struct work {
	bool end, reset;
	unsigned len, ticket;
	uint8_t command[TPM_CRB_BUFFER];
};

/* --- asked by any thread --- */

static void wake(struct swtpm *tpm)
{
	if (eventfd_write(tpm->wake, 1))
		log_debug("TPM: %s", strerror(errno)); /* the counter is full: awake already */
}

static void ask_command(void *ctx, const uint8_t *cmd, unsigned len)
{
	struct swtpm *tpm = ctx;
	unsigned ticket = tpm_crb_ticket(&tpm->crb);
	pthread_mutex_lock(&tpm->lock);
	memcpy(tpm->command, cmd, len);
	tpm->len = len;
	tpm->ticket = ticket;
	tpm->cancel_asked = false;
	pthread_mutex_unlock(&tpm->lock);
	wake(tpm);
}

static void ask_cancel(void *ctx)
{
	struct swtpm *tpm = ctx;
	pthread_mutex_lock(&tpm->lock);
	tpm->cancel_asked = true;
	pthread_mutex_unlock(&tpm->lock);
	wake(tpm);
}

static void ask_reset(void *ctx)
{
	struct swtpm *tpm = ctx;
	pthread_mutex_lock(&tpm->lock);
	tpm->reset_asked = true;
	tpm->cancel_asked = false;
	tpm->len = 0;
	pthread_mutex_unlock(&tpm->lock);
	wake(tpm);
}

static const struct tpm_backend backend = {
	.start = ask_command,
	.cancel = ask_cancel,
	.reset = ask_reset,
};

/* --- the thread --- */

static void lose(struct swtpm *tpm, const char *why)
{
	struct err said = { 0 };
	if (tpm->lost)
		return;
	tpm->lost = true;
	err_set(&said, -EIO, "TPM: %s; the guest sees a failing one from now on", why);
	swtpm_hint(tpm, &said);
	log_warn("%s", said.text);
	tpm_crb_fail(&tpm->crb);
}

static bool take_work(struct swtpm *tpm, struct work *ret)
{
	pthread_mutex_lock(&tpm->lock);
	*ret = (struct work){ .end = tpm->ending, .reset = tpm->reset_asked };
	if (!ret->end && !ret->reset && tpm->len) {
		ret->len = tpm->len;
		ret->ticket = tpm->ticket;
		memcpy(ret->command, tpm->command, tpm->len);
		tpm->len = 0;
	}
	if (ret->reset)
		tpm->reset_asked = false;
	pthread_mutex_unlock(&tpm->lock);
	return ret->end || ret->reset || ret->len;
}

/*
 * True when the thread shall end. The command under way is to be cancelled when the guest says so,
 * or when a reset waits for it; what the guest says with another one waiting is of that one.
 */
static bool is_ending(struct swtpm *tpm, bool *ret_cancel)
{
	pthread_mutex_lock(&tpm->lock);
	*ret_cancel = tpm->reset_asked || (tpm->cancel_asked && !tpm->len);
	if (!tpm->len)
		tpm->cancel_asked = false;
	bool ending = tpm->ending;
	pthread_mutex_unlock(&tpm->lock);
	return ending;
}

static void drain(const struct swtpm *tpm)
{
	uint64_t count;
	if (read(tpm->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_debug("TPM: %s", strerror(errno));
}

struct command_wait {
	uint64_t until;        /* ms */
	unsigned cancels_owed; /* answers to be read from the control channel */
};

/* swtpm reads it when it can; its answer is taken after the command's. */
static int pass_on_cancel(struct swtpm *tpm, struct command_wait *wait)
{
	const uint32_t word = htobe32(SWTPM_CANCEL);
	if (wait->cancels_owed)
		return 0;
	int r = swtpm_send(tpm->control, &word, sizeof(word), CANCEL_MS);
	wait->cancels_owed += !r;
	return r;
}

/* Until there is something to read: -ECANCELED when the thread shall end. */
static int await_response(struct swtpm *tpm, struct command_wait *wait)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = tpm->data, .events = POLLIN },
					{ .fd = tpm->wake, .events = POLLIN } };
		uint64_t now = swtpm_now_ms();
		bool cancel;
		if (is_ending(tpm, &cancel))
			return -ECANCELED;
		int r = cancel ? pass_on_cancel(tpm, wait) : 0;
		if (r)
			return r;
		int n = now < wait->until ? poll(fds, 2, (int)(wait->until - now)) : 0;
		if (!n)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[0].revents)
			return 0;
		drain(tpm);
	}
}

/* Its length is in the header; the TPM was told how much fits. */
static int read_response(struct swtpm *tpm, uint8_t *buf, unsigned *ret_len)
{
	uint32_t len;
	int r = swtpm_receive(tpm->data, buf, TPM_HEADER, CANCEL_MS);
	if (r)
		return r;
	memcpy(&len, buf + 2, sizeof(len));
	len = be32toh(len);
	if (len < TPM_HEADER || len > TPM_CRB_BUFFER)
		return -EPROTO;
	*ret_len = len;
	return swtpm_receive(tpm->data, buf + TPM_HEADER, len - TPM_HEADER, CANCEL_MS);
}

static int carry_out(struct swtpm *tpm, const struct work *work, uint8_t *response,
		     unsigned *ret_len)
{
	struct command_wait wait = { .until = swtpm_now_ms() + tpm->deadline_ms };
	uint32_t result;
	int r = swtpm_send(tpm->data, work->command, work->len, CANCEL_MS);
	if (!r)
		r = await_response(tpm, &wait);
	if (!r)
		r = read_response(tpm, response, ret_len);
	if (!r && wait.cancels_owed)
		r = swtpm_receive(tpm->control, &result, sizeof(result), CANCEL_MS);
	return r;
}

static void command(struct swtpm *tpm, const struct work *work)
{
	uint8_t response[TPM_CRB_BUFFER];
	unsigned len = 0;
	int r = carry_out(tpm, work, response, &len);
	if (r == -ECANCELED)
		return;
	if (!r)
		tpm_crb_answer(&tpm->crb, work->ticket, response, len);
	else if (r == -EPIPE || r == -ECONNRESET)
		lose(tpm, "swtpm has ended");
	else if (r == -ETIMEDOUT)
		lose(tpm, "swtpm does not answer");
	else
		lose(tpm, r == -EPROTO ? "swtpm's answer is none" : strerror(-r));
}

/* As a power cycle: PCRs are zero again, what is not volatile stays. */
static void reset(struct swtpm *tpm)
{
	const struct swtpm_call stop = { .command = SWTPM_STOP, .pass_fd = -1 };
	struct err err = { 0 };
	int r = swtpm_control(tpm, &stop, &err);
	if (!r)
		r = swtpm_power_on(tpm, &err);
	if (r)
		lose(tpm, err.text);
}

/* Asleep until something is asked; swtpm's end is noticed at once. */
static void sleep_until_asked(struct swtpm *tpm)
{
	struct pollfd fds[] = { { .fd = tpm->wake, .events = POLLIN },
				{ .fd = tpm->lost ? -1 : tpm->control, .events = 0 } };
	int n = poll(fds, 2, -1);
	if (n > 0 && fds[1].revents)
		lose(tpm, "swtpm has ended");
	if (n > 0 && fds[0].revents)
		drain(tpm);
}

static void *serve(void *ctx)
{
	struct swtpm *tpm = ctx;
	struct work work;
	for (;;) {
		if (!take_work(tpm, &work)) {
			sleep_until_asked(tpm);
			continue;
		}
		if (work.end)
			return NULL;
		if (tpm->lost)
			tpm_crb_fail(&tpm->crb);
		else if (work.reset)
			reset(tpm);
		else
			command(tpm, &work);
	}
}

/* --- start and stop --- */

static int set_buffer(struct swtpm *tpm, struct err *err)
{
	const uint32_t size = htobe32(TPM_CRB_BUFFER);
	uint32_t got[3]; /* size, smallest, largest */
	const struct swtpm_call call = { .command = SWTPM_SET_BUFFERSIZE,
					 .argument = &size,
					 .len = sizeof(size),
					 .ret = got,
					 .more = sizeof(got),
					 .pass_fd = -1 };
	int r = swtpm_control(tpm, &call, err);
	if (!r && be32toh(got[0]) > TPM_CRB_BUFFER)
		r = err_set(err, -EPROTO,
			    "TPM: swtpm wants a buffer of %u bytes, and %u is what "
			    "there is",
			    be32toh(got[0]), TPM_CRB_BUFFER);
	return r;
}

static int open_data(struct swtpm *tpm, struct err *err)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return err_errno(err, -errno, "TPM: channel for commands");
	tpm->data = ends[0];
	autoclose int theirs = ends[1];
	const struct swtpm_call call = { .command = SWTPM_SET_DATAFD, .pass_fd = theirs };
	return swtpm_control(tpm, &call, err);
}

static int make_dir(char *dir, size_t size, const char *state_dir, struct err *err)
{
	int n = snprintf(dir, size, "%s/" SWTPM_STATE_DIR, state_dir);
	if (n >= (int)size || strchr(dir, ','))
		return err_set(err, -EINVAL, "TPM: %s cannot be a directory for its state",
			       state_dir);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_errno(err, -errno, "TPM: %s", dir);
	return 0;
}

static int start_thread(struct swtpm *tpm, struct err *err)
{
	tpm->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = tpm->wake < 0 ? -errno : -pthread_create(&tpm->thread, NULL, serve, tpm);
	if (r)
		return err_errno(err, r, "TPM: thread");
	tpm->has_thread = true;
	return 0;
}

static int start(struct swtpm *tpm, const char *path, const char *dir, struct err *err)
{
	int r = swtpm_spawn(tpm, path, dir, err);
	if (!r)
		r = set_buffer(tpm, err);
	if (!r)
		r = open_data(tpm, err);
	if (!r)
		r = swtpm_power_on(tpm, err);
	if (r) {
		swtpm_hint(tpm, err);
		return r;
	}
	return start_thread(tpm, err);
}

int swtpm_start(struct swtpm *tpm, const char *program, const char *state_dir, struct err *err)
{
	char path[256], dir[400];
	memset(tpm, 0, sizeof(*tpm));
	tpm->control = tpm->data = tpm->wake = tpm->said = -1;
	tpm->deadline_ms = COMMAND_MS;
	int r = swtpm_check(program, err);
	if (!r)
		r = swtpm_find(program, path, sizeof(path));
	if (!r)
		r = make_dir(dir, sizeof(dir), state_dir, err);
	if (r)
		return r;
	pthread_mutex_init(&tpm->lock, NULL);
	tpm->has_lock = true;
	r = tpm_crb_init(&tpm->crb, &backend, tpm);
	if (!r)
		r = start(tpm, path, dir, err);
	if (r)
		swtpm_stop(tpm);
	return r;
}

static void end_thread(struct swtpm *tpm)
{
	if (!tpm->has_thread)
		return;
	pthread_mutex_lock(&tpm->lock);
	tpm->ending = true;
	pthread_mutex_unlock(&tpm->lock);
	wake(tpm);
	pthread_join(tpm->thread, NULL);
	tpm->has_thread = false;
}

void swtpm_stop(struct swtpm *tpm)
{
	const uint32_t word = htobe32(SWTPM_SHUTDOWN);
	if (!tpm->has_lock)
		return;
	end_thread(tpm);
	/* It writes what it has and ends; one that does not is ended. */
	if (tpm->pid > 0 && !tpm->lost)
		swtpm_send(tpm->control, &word, sizeof(word), 0);
	swtpm_reap(tpm);
	close_fd(&tpm->wake);
	tpm_crb_fini(&tpm->crb);
	pthread_mutex_destroy(&tpm->lock);
	tpm->has_lock = false;
}

int swtpm_check(const char *program, struct err *err)
{
	char path[256];
	int r = swtpm_find(program, path, sizeof(path));
	if (r)
		return err_set(
			err, -ENOENT,
			"tpm: the program %s is not there; install the package swtpm, or set "
			"tpm = false",
			program);
	return 0;
}
