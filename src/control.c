/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"

#define ANSWER_TIMEOUT_S 10

/* A path through /proc/self/fd: sun_path holds 108 bytes and knows no directory fds. */
static void socket_address(struct sockaddr_un *address, int dir_fd, const char *name)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%.64s", dir_fd, name);
}

static json_t *done(const char *what)
{
	return json_pack("{s:b, s:s}", "ok", 1, "did", what);
}

static json_t *ask_status(struct control *control)
{
	json_t *status = control_status(control->machine);
	json_object_set_new(status, "paused", json_boolean(control->machine->held_by_user));
	return status;
}

static json_t *ask_stop(struct control *control)
{
	machine_stop(control->machine);
	return done("stop");
}

static json_t *ask_kill(struct control *control)
{
	machine_stop_now(control->machine, MACHINE_FORCED);
	return done("kill");
}

static json_t *ask_pause(struct control *control)
{
	machine_hold(control->machine, true);
	return done("pause");
}

static json_t *ask_resume(struct control *control)
{
	machine_hold(control->machine, false);
	return done("resume");
}

/* The registers of each vCPU; the guest is paused for as long as it takes to read them. */
static json_t *ask_registers(struct control *control)
{
	struct vcpus *vcpus = &control->machine->vcpus;
	json_t *all = json_array();
	char text[4096];
	bool ran = machine_pause(control->machine);
	for (unsigned i = 0; i < vcpus->n; i++) {
		vcpu_describe(&vcpus->at[i], text, sizeof(text));
		json_array_append_new(all, json_string(text));
	}
	machine_resume(control->machine, ran);
	return json_pack("{s:b, s:o}", "ok", 1, "registers", all);
}

static json_t *ask_reset(struct control *control)
{
	control->machine->held_by_user = false;
	control->machine->events.reset(control->machine->events.ctx);
	return done("reset");
}

/* The pixels alone: who asks makes a file of them, and the guest does not wait for that. */
static json_t *ask_screenshot(struct control *control)
{
	struct machine_picture picture;
	struct err err = { 0 };
	if (machine_picture(control->machine, &picture, &err))
		return json_pack("{s:b, s:s}", "ok", 0, "error", err.text);
	control->passed_fd = picture.fd;
	return json_pack("{s:b, s:i, s:i}", "ok", 1, "width", (int)picture.width, "height",
			 (int)picture.height);
}

static const struct {
	const char *name;
	json_t *(*answer)(struct control *control);
} requests[] = {
	{ "status", ask_status }, { "registers", ask_registers }, { "stop", ask_stop },	    { "kill", ask_kill },
	{ "pause", ask_pause },	  { "resume", ask_resume }, { "reset", ask_reset },
	{ "screenshot", ask_screenshot },
};

static json_t *answer(struct control *control, const char *text, size_t n)
{
	json_error_t why;
	json_t *request = json_loadb(text, n, 0, &why);
	const char *what = json_string_value(json_object_get(request, "do"));
	json_t *result = NULL;
	for (size_t i = 0; what && i < ARRAY_LEN(requests); i++)
		if (!strcmp(what, requests[i].name))
			result = requests[i].answer(control);
	if (!result)
		result = json_pack("{s:b, s:s}", "ok", 0, "error",
				   what ? "unknown request" : "expected {\"do\": \"...\"}");
	json_decref(request);
	return result;
}

static void peer_close(struct control_peer *peer)
{
	loop_remove(peer->control->loop, &peer->watch);
	close_fd(&peer->watch.fd);
	close_fd(&peer->passed_fd);
	free(peer->answer);
	peer->answer = NULL;
}

union fd_message { /* a control message with one descriptor, aligned as it must be */
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

/* As much as the socket takes; bytes, or -errno. The descriptor goes with the first of them. */
static ssize_t send_some(struct control_peer *peer)
{
	struct iovec part = { peer->answer + peer->sent, peer->len - peer->sent };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union fd_message fds = { 0 };
	if (peer->passed_fd >= 0) {
		message.msg_control = &fds;
		message.msg_controllen = sizeof(fds.space);
		fds.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
					     .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&fds.head), &peer->passed_fd, sizeof(peer->passed_fd));
	}
	ssize_t n = sendmsg(peer->watch.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

/* The rest of an answer goes when the peer has read some; the VM does not wait for readers. */
static void peer_takes(void *ctx, uint32_t events)
{
	struct control_peer *peer = ctx;
	(void)events;
	ssize_t n = send_some(peer);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n > 0) {
		peer->sent += (size_t)n;
		close_fd(&peer->passed_fd);
	}
	if (n <= 0 || peer->sent == peer->len)
		peer_close(peer);
}

/* With a newline at its end; NULL without memory. */
static char *answer_text(struct control_peer *peer)
{
	json_t *result = answer(peer->control, peer->request, peer->n);
	autofree char *text = json_dumps(result, JSON_COMPACT);
	char *line = NULL;
	json_decref(result);
	return text && asprintf(&line, "%s\n", text) >= 0 ? line : NULL;
}

static void peer_answer(struct control_peer *peer)
{
	struct control *control = peer->control;
	peer->answer = answer_text(peer);
	peer->passed_fd = take_fd(&control->passed_fd);
	peer->sent = 0;
	peer->len = peer->answer ? strlen(peer->answer) : 0;
	peer->watch.ready = peer_takes;
	if (!peer->answer || loop_change(control->loop, &peer->watch, EPOLLOUT))
		peer_close(peer);
	else
		peer_takes(peer, 0);
}

static void peer_ready(void *ctx, uint32_t events)
{
	struct control_peer *peer = ctx;
	(void)events;
	ssize_t n = recv(peer->watch.fd, peer->request + peer->n, sizeof(peer->request) - peer->n,
			 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		peer->n += (size_t)n;
	bool whole = memchr(peer->request, '\n', peer->n);
	if (whole)
		peer_answer(peer);
	else if (n <= 0 || peer->n == sizeof(peer->request))
		peer_close(peer);
}

static void listener_ready(void *ctx, uint32_t events)
{
	struct control *control = ctx;
	(void)events;
	autoclose int fd = accept4(control->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	for (size_t i = 0; fd >= 0 && i < ARRAY_LEN(control->peer); i++) {
		struct control_peer *peer = &control->peer[i];
		if (peer->watch.fd >= 0)
			continue;
		peer->n = 0;
		peer->watch = (struct loop_fd){ fd, peer_ready, peer };
		if (loop_add(control->loop, &peer->watch, EPOLLIN))
			peer->watch.fd = -1;
		else
			take_fd(&fd);
		return;
	}
}

int control_init(struct control *control, struct machine *machine, struct loop *loop, int dir_fd,
		 struct err *err)
{
	*control = (struct control){ .loop = loop, .machine = machine, .dir_fd = dir_fd };
	control->listener.fd = control->passed_fd = -1;
	for (size_t i = 0; i < ARRAY_LEN(control->peer); i++) {
		control->peer[i].control = control;
		control->peer[i].watch.fd = control->peer[i].passed_fd = -1;
	}
	struct sockaddr_un address;
	socket_address(&address, dir_fd, "control");
	unlinkat(dir_fd, "control", 0);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8))
		return err_errno(err, -errno, "control socket of '%s'",
				 machine->plan->profile->name);
	control->listener = (struct loop_fd){ fd, listener_ready, control };
	int r = loop_add(loop, &control->listener, EPOLLIN);
	if (r) {
		control->listener.fd = -1;
		return err_errno(err, r, "control socket");
	}
	take_fd(&fd);
	return 0;
}

void control_fini(struct control *control)
{
	if (!control->loop)
		return;
	for (size_t i = 0; i < ARRAY_LEN(control->peer); i++)
		if (control->peer[i].watch.fd >= 0)
			peer_close(&control->peer[i]);
	if (control->listener.fd >= 0) {
		loop_remove(control->loop, &control->listener);
		close_fd(&control->listener.fd);
		unlinkat(control->dir_fd, "control", 0);
	}
}

/* --- the other end --- */

/* Reads on into `text`; a descriptor that comes along goes to ret_fd. Bytes, 0 at the end, -errno. */
static ssize_t take_some(int from, char *text, size_t size, int *ret_fd)
{
	struct iovec part = { text, size };
	union fd_message fds = { 0 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &fds, .msg_controllen = sizeof(fds.space),
	};
	ssize_t n = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(int))) {
		close_fd(ret_fd);
		memcpy(ret_fd, CMSG_DATA(head), sizeof(*ret_fd));
	}
	return n;
}

static int ask(int fd, const char *what, json_t **ret_answer, int *ret_fd)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "{\"do\": \"%.32s\"}\n", what);
	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		return -errno;
	autofree char *text = malloc(CONTROL_ANSWER_MAX);
	size_t len = 0;
	ssize_t some = text ? 1 : -ENOMEM;
	while (some > 0 && len < CONTROL_ANSWER_MAX) {
		some = take_some(fd, text + len, CONTROL_ANSWER_MAX - len, ret_fd);
		len += some > 0 ? (size_t)some : 0;
	}
	if (some < 0)
		return (int)some;
	json_error_t why;
	*ret_answer = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, &why);
	return *ret_answer ? 0 : -EPROTO;
}

int control_ask(const struct host *host, const char *name, const char *what, json_t **ret_answer,
		struct err *err)
{
	autoclose int fd = -1;
	return control_ask_file(host, name, what, ret_answer, &fd, err);
}

int control_ask_file(const struct host *host, const char *name, const char *what,
		     json_t **ret_answer, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	autoclose int run_fd = host_open_run(host, false, NULL);
	autoclose int dir_fd = run_fd < 0 ? -1
			     : openat(run_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return err_set(err, -ENOENT, "profile '%s' is not running", name);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = { .tv_sec = ANSWER_TIMEOUT_S };
	socket_address(&address, dir_fd, "control");
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		int r = -errno;
		if (r == -ENOENT || r == -ECONNREFUSED)
			return err_set(err, r,
				       "profile '%s' is not running; if a run was killed, give its "
				       "devices back with `bulkhead recover %s`", name, name);
		return err_errno(err, r, "profile '%s': control socket", name);
	}
	int r = ask(fd, what, ret_answer, ret_fd);
	return r ? err_errno(err, r, "profile '%s': no answer to '%s'", name, what) : 0;
}
