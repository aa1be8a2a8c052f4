/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm_swtpm_process.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define CONTROL_MS 30000u /* making a new TPM takes a while on a slow host */
#define END_MS 2000u
#define CHILD_CONTROL 3 /* where the child has its end */

/* --- the process --- */

int swtpm_find(const char *program, char *buf, size_t size)
{
	const char *path = getenv("PATH");
	if (strchr(program, '/')) {
		int n = snprintf(buf, size, "%s", program);
		return n >= (int)size ? -ENAMETOOLONG : access(buf, X_OK) ? -errno : 0;
	}
	path = path && *path ? path : "/usr/local/bin:/usr/bin:/bin";
	for (const char *dir = path;; dir++) {
		size_t len = strcspn(dir, ":");
		int n = snprintf(buf, size, "%.*s/%s", (int)len, dir, program);
		if (len && n < (int)size && !access(buf, X_OK))
			return 0;
		dir += len;
		if (!*dir)
			return -ENOENT;
	}
}

/* Only calls that are safe after a fork of a threaded process. */
static _Noreturn void become(char *const argv[], int control, int said, pid_t parent)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid(); /* the terminal's signals are ours */
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (getppid() != parent || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(said, STDERR_FILENO) < 0)
		_exit(127);
	/* dup2 of a descriptor onto itself would leave it to be closed by exec. */
	if (control == CHILD_CONTROL ? fcntl(control, F_SETFD, 0) < 0
				     : dup2(control, CHILD_CONTROL) < 0)
		_exit(127);
	close_range(CHILD_CONTROL + 1, UINT_MAX, 0);
	execv(argv[0], argv);
	_exit(127);
}

static int run(struct swtpm *tpm, char *const argv[], int control, int said)
{
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		become(argv, control, said, parent);
	tpm->pid = pid;
	return 0;
}

int swtpm_spawn(struct swtpm *tpm, const char *path, const char *dir, struct err *err)
{
	char state[512], ctrl[48];
	int ends[2], said[2];
	snprintf(state, sizeof(state), "dir=%s,mode=0600", dir);
	snprintf(ctrl, sizeof(ctrl), "type=unixio,clientfd=%d", CHILD_CONTROL);
	char *const argv[] = { (char *)path, "socket", "--tpm2",      "--tpmstate", state,
			       "--ctrl",     ctrl,     "--terminate", NULL };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return err_errno(err, -errno, "TPM: control channel");
	tpm->control = ends[0];
	autoclose int child_control = ends[1];
	/* Full, it drops what is written: nobody may have time to read. */
	if (pipe2(said, O_CLOEXEC | O_NONBLOCK))
		return err_errno(err, -errno, "TPM: pipe");
	tpm->said = said[0];
	autoclose int child_said = said[1];
	int r = run(tpm, argv, child_control, child_said);
	return r ? err_errno(err, r, "TPM: starting %s", path) : 0;
}

static bool has_ended(pid_t pid, unsigned ms)
{
	autoclose int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	return fd >= 0 && poll(&poll_fd, 1, (int)ms) > 0;
}

void swtpm_reap(struct swtpm *tpm)
{
	close_fd(&tpm->control); /* it ends when nobody is there any more */
	close_fd(&tpm->data);
	if (tpm->pid > 0) {
		if (!has_ended(tpm->pid, END_MS))
			kill(tpm->pid, SIGKILL);
		while (waitpid(tpm->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	tpm->pid = 0;
	close_fd(&tpm->said);
}

void swtpm_hint(const struct swtpm *tpm, struct err *err)
{
	char text[512];
	ssize_t n = tpm->said >= 0 ? read(tpm->said, text, sizeof(text) - 1) : 0;
	if (n <= 0)
		return;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	text_plain(text);
	err_hint(err, "swtpm says: %s", text);
}

/* --- talking --- */

uint64_t swtpm_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Until the fd is ready for `events` or `until` is past. */
static int await(int fd, short events, uint64_t until)
{
	for (;;) {
		uint64_t now = swtpm_now_ms();
		struct pollfd poll_fd = { .fd = fd, .events = events };
		int r = now < until ? poll(&poll_fd, 1, (int)(until - now)) : 0;
		if (r > 0)
			return 0;
		if (!r)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

int swtpm_send(int fd, const void *data, size_t len, unsigned ms)
{
	const uint8_t *at = data;
	uint64_t until = swtpm_now_ms() + ms;
	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			int r = await(fd, POLLOUT, until);
			if (r)
				return r;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int swtpm_receive(int fd, void *data, size_t len, unsigned ms)
{
	uint8_t *at = data;
	uint64_t until = swtpm_now_ms() + ms;
	while (len) {
		int r = await(fd, POLLIN, until);
		if (r)
			return r;
		ssize_t n = recv(fd, at, len, MSG_DONTWAIT);
		if (!n)
			return -EPIPE;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The command's first bytes carry the descriptor. */
static int send_with_fd(int socket_fd, const void *data, size_t len, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	ssize_t n = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
	return n < 0 ? -errno : n == (ssize_t)len ? 0 : -EIO;
}

static int exchange(const struct swtpm *tpm, const struct swtpm_call *call, uint32_t *ret_result)
{
	uint8_t message[64];
	uint32_t word = htobe32(call->command);
	if (sizeof(word) + call->len > sizeof(message))
		return -EMSGSIZE;
	memcpy(message, &word, sizeof(word));
	if (call->len)
		memcpy(message + sizeof(word), call->argument, call->len);
	size_t len = sizeof(word) + call->len;
	int r = call->pass_fd >= 0 ? send_with_fd(tpm->control, message, len, call->pass_fd)
				   : swtpm_send(tpm->control, message, len, CONTROL_MS);
	if (!r)
		r = swtpm_receive(tpm->control, &word, sizeof(word), CONTROL_MS);
	if (!r && call->more)
		r = swtpm_receive(tpm->control, call->ret, call->more, CONTROL_MS);
	if (!r)
		*ret_result = be32toh(word);
	return r;
}

static const char *name_of(enum swtpm_command command)
{
	switch (command) {
	case SWTPM_INIT:
		return "switching it on";
	case SWTPM_SHUTDOWN:
		return "ending it";
	case SWTPM_CANCEL:
		return "cancelling a command";
	case SWTPM_STOP:
		return "switching it off";
	case SWTPM_SET_DATAFD:
		return "the channel for commands";
	case SWTPM_SET_BUFFERSIZE:
		return "the size of its buffer";
	}
	return "?";
}

int swtpm_control(const struct swtpm *tpm, const struct swtpm_call *call, struct err *err)
{
	uint32_t result = 0;
	int r = exchange(tpm, call, &result);
	if (r == -EPIPE || r == -ECONNRESET)
		return err_set(err, -EPIPE, "TPM: swtpm has ended (%s)", name_of(call->command));
	if (r)
		return err_errno(err, r, "TPM: %s", name_of(call->command));
	return result ? err_set(err, -EIO, "TPM: %s: swtpm answers with error 0x%x",
				name_of(call->command), result)
		      : 0;
}

int swtpm_power_on(const struct swtpm *tpm, struct err *err)
{
	const uint32_t flags = 0; /* volatile state, if there were any, is kept */
	const struct swtpm_call init = {
		.command = SWTPM_INIT, .argument = &flags, .len = sizeof(flags), .pass_fd = -1
	};
	return swtpm_control(tpm, &init, err);
}
