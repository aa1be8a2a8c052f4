/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket from both ends; the machine behind it is only as much as a request looks at.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cleanup.h"

static const struct range ram[] = { { 0, 0x400000 } };

struct fixture {
	char dir[64];
	struct host host;
	struct profile profile;
	struct plan plan;
	struct machine machine;
	struct loop loop;
	struct control control;
	int dir_fd;
	/* The client's, on a thread of its own. */
	const char *what;
	json_t *answer;
	int fd, result;
	struct err err;
	bool done;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[80];
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-control-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(path, sizeof(path), "%s/demo", f->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	f->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(f->host.run_path, sizeof(f->host.run_path), "%s", f->dir);
	f->profile.name = (char *)"demo";
	f->profile.display.type = DISPLAY_RAMFB;
	f->plan.profile = &f->profile;
	f->machine.plan = &f->plan;
	f->machine.loop = &f->loop;
	assert_int_equal(gmem_init(&f->machine.gmem, ram, 1, NULL), 0);
	ramfb_init(&f->machine.ramfb, &f->machine.gmem);
	assert_int_equal(loop_init(&f->loop), 0);
	assert_int_equal(control_init(&f->control, &f->machine, &f->loop, f->dir_fd, &f->err), 0);
	f->fd = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[80];
	control_fini(&f->control);
	loop_fini(&f->loop);
	ramfb_fini(&f->machine.ramfb);
	gmem_fini(&f->machine.gmem);
	json_decref(f->answer);
	close_fd(&f->fd);
	close(f->dir_fd);
	snprintf(path, sizeof(path), "%s/demo", f->dir);
	rmdir(path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void *client(void *ctx)
{
	struct fixture *f = ctx;
	f->result = control_ask_file(&f->host, "demo", f->what, &f->answer, &f->fd, &f->err);
	__atomic_store_n(&f->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void ask(struct fixture *f, const char *what)
{
	pthread_t thread;
	f->what = what;
	assert_int_equal(pthread_create(&thread, NULL, client, f), 0);
	for (unsigned i = 0; i < 1000 && !__atomic_load_n(&f->done, __ATOMIC_ACQUIRE); i++)
		loop_step(&f->loop, 10);
	pthread_join(thread, NULL);
}

static void says(struct fixture *f, const char *part)
{
	const char *why = json_string_value(json_object_get(f->answer, "error"));
	assert_non_null(why);
	if (!strstr(why, part))
		fail_msg("no '%s' in: %s", part, why);
	assert_int_equal(f->fd, -1);
}

static void show(struct fixture *f)
{
	/* 2 by 2 pixels at 0x1000 with a stride of 16. */
	static const uint8_t config[RAMFB_FILE_SIZE] = {
		[6] = 0x10, 0, 0x34, 0x32, 0x52, 0x58, [19] = 2, [23] = 2, [27] = 16
	};
	static const uint8_t rows[2][8] = { { 1, 2, 3, 0, 4, 5, 6, 0 },
					    { 7, 8, 9, 0, 10, 11, 12, 0 } };
	for (unsigned y = 0; y < 2; y++)
		assert_int_equal(gmem_write(&f->machine.gmem, 0x1000 + 16 * y, rows[y], 8), 0);
	ramfb_wrote(&f->machine.ramfb, config, sizeof(config));
}

static void a_picture_comes_with_its_answer(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0 };
	struct fixture *f = *state;
	uint8_t pixels[32];
	show(f);
	ask(f, "screenshot");
	assert_int_equal(f->result, 0);
	assert_int_equal(json_integer_value(json_object_get(f->answer, "width")), 2);
	assert_int_equal(json_integer_value(json_object_get(f->answer, "height")), 2);
	assert_int_equal(pread(f->fd, pixels, sizeof(pixels), 0), sizeof(want));
	assert_memory_equal(pixels, want, sizeof(want));
	assert_int_equal(f->control.passed_fd, -1);
}

static void no_picture_yet_is_an_answer(void **state)
{
	struct fixture *f = *state;
	ask(f, "screenshot");
	assert_int_equal(f->result, 0);
	says(f, "shows no picture yet");
}

static void a_picture_that_cannot_be_shown_is_an_answer(void **state)
{
	struct fixture *f = *state;
	static const uint8_t nowhere[RAMFB_FILE_SIZE] = { 0xFF, [8] = 0x34, 0x32,     0x52,
							  0x58, [19] = 2,   [23] = 2, [27] = 16 };
	show(f);
	ramfb_wrote(&f->machine.ramfb, nowhere, sizeof(nowhere));
	ask(f, "screenshot");
	says(f, "does not lie in its memory");
}

static void no_display_is_an_answer(void **state)
{
	struct fixture *f = *state;
	f->profile.display.type = DISPLAY_NONE;
	ask(f, "screenshot");
	says(f, "has no display");
}

static void other_answers_come_without_a_file(void **state)
{
	struct fixture *f = *state;
	ask(f, "nonsense");
	assert_int_equal(f->result, 0);
	says(f, "unknown request");
}

static void a_name_that_does_not_run_is_said(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(control_ask(&f->host, "other", "status", &f->answer, &f->err), -ENOENT);
	assert_non_null(strstr(f->err.text, "'other' is not running"));
}

/* A client that has sent this. */
static int connected(struct fixture *f, const char *text, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/demo/control", f->dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, text, size, 0), size);
	return fd;
}

/* It could be a client of ours, or anybody who is root. */
static void what_is_no_request_is_answered_or_hung_up_on(void **state)
{
	struct fixture *f = *state;
	char junk[CONTROL_REQUEST_MAX], text[256] = { 0 };
	memset(junk, 'x', sizeof(junk));
	for (unsigned round = 0; round < 2; round++) {
		junk[100] = round ? '\n' : 'x';
		autoclose int fd = connected(f, junk, sizeof(junk));
		for (unsigned i = 0; i < 5; i++)
			loop_step(&f->loop, 10);
		ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
		if (round)
			assert_non_null(strstr(text, "\"ok\":false"));
		else
			assert_true(n <= 0);
	}
}

/* More than a socket takes at once: 255 vCPUs have that much to say. */
static void an_answer_of_any_length_arrives_whole(void **state)
{
	struct fixture *f = *state;
	const unsigned n = 20000;
	struct vcpus *vcpus = &f->machine.vcpus;
	vcpus->at = calloc(n, sizeof(*vcpus->at));
	for (vcpus->n = 0; vcpus->n < n; vcpus->n++)
		vcpus->at[vcpus->n].fd = -1;
	ask(f, "registers");
	assert_int_equal(f->result, 0);
	assert_int_equal(json_array_size(json_object_get(f->answer, "registers")), n);
	free(vcpus->at);
	vcpus->n = 0;
}

static void who_asks_and_leaves_costs_nothing(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < 2 * ARRAY_LEN(f->control.peer); i++) {
		static const char ask_it[] = "{\"do\": \"resume\"}\n";
		close(connected(f, ask_it, strlen(ask_it)));
		for (unsigned step = 0; step < 5; step++)
			loop_step(&f->loop, 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(f->control.peer); i++)
		assert_int_equal(f->control.peer[i].watch.fd, -1);
	ask(f, "pause");
	assert_int_equal(f->result, 0);
}

/* --- pauses --- */

static void request(struct fixture *f, const char *what)
{
	f->done = false;
	json_decref(f->answer);
	f->answer = NULL;
	ask(f, what);
	assert_true(json_is_true(json_object_get(f->answer, "ok")));
}

/* The guest has written to its reset register; the main loop has not acted yet. */
static void the_guest_wants(struct fixture *f, unsigned what)
{
	f->machine.wants = what;
	vcpus_request_pause(&f->machine.vcpus);
}

static void a_look_at_the_registers_does_not_let_a_guest_run_past_its_end(void **state)
{
	struct fixture *f = *state;
	request(f, "registers");
	assert_false(f->machine.vcpus.pause);
	the_guest_wants(f, WANT_POWER_OFF);
	request(f, "registers");
	assert_true(f->machine.vcpus.pause);
}

static void nor_does_a_resume(void **state)
{
	struct fixture *f = *state;
	request(f, "pause");
	assert_true(f->machine.vcpus.pause);
	request(f, "resume");
	assert_false(f->machine.vcpus.pause);
	request(f, "pause");
	the_guest_wants(f, WANT_RESET);
	request(f, "resume");
	assert_true(f->machine.vcpus.pause);
}

static void registers_of_a_paused_guest_leave_it_paused(void **state)
{
	struct fixture *f = *state;
	request(f, "pause");
	request(f, "registers");
	assert_true(f->machine.vcpus.pause);
}

static void a_paused_guest_that_is_stopped_sees_the_button(void **state)
{
	struct fixture *f = *state;
	request(f, "pause");
	machine_signal(&f->machine, SIGTERM);
	assert_false(f->machine.vcpus.pause);
	assert_false(f->machine.held_by_user);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_picture_comes_with_its_answer),
		T(no_picture_yet_is_an_answer),
		T(a_picture_that_cannot_be_shown_is_an_answer),
		T(no_display_is_an_answer),
		T(other_answers_come_without_a_file),
		T(a_name_that_does_not_run_is_said),
		T(what_is_no_request_is_answered_or_hung_up_on),
		T(an_answer_of_any_length_arrives_whole),
		T(who_asks_and_leaves_costs_nothing),
		T(a_look_at_the_registers_does_not_let_a_guest_run_past_its_end),
		T(nor_does_a_resume),
		T(registers_of_a_paused_guest_leave_it_paused),
		T(a_paused_guest_that_is_stopped_sees_the_button),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
