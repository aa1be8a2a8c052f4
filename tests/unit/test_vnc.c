/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
/* The real libvncserver, spoken to over a socket as RFC 6143 has it. */
#include "vnc.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
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

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "fake/fake_irq.h"

#define PICTURE 0x100000
static const struct range ram[] = { { 0, 0x800000 } };

struct fixture {
	char dir[64], socket[96], password[96];
	struct gmem gmem;
	struct ramfb ramfb;
	struct i8042 kbc;
	struct irqs irqs;
	struct loop loop;
	struct profile_vnc config;
	struct vnc *vnc;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	fake_irq_init();
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-vnc-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->socket, sizeof(f->socket), "%s/vnc", f->dir);
	snprintf(f->password, sizeof(f->password), "%s/password", f->dir);
	assert_int_equal(gmem_init(&f->gmem, ram, 1, NULL), 0);
	assert_int_equal(loop_init(&f->loop), 0);
	ramfb_init(&f->ramfb, &f->gmem);
	i8042_init(&f->kbc, true, &f->irqs, &f->loop, NULL);
	f->config.port = 5900;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	vnc_stop(f->vnc);
	unlink(f->socket);
	unlink(f->password);
	rmdir(f->dir);
	i8042_fini(&f->kbc);
	ramfb_fini(&f->ramfb);
	loop_fini(&f->loop);
	gmem_fini(&f->gmem);
	free(f);
	return 0;
}

static void write_password(struct fixture *f, const char *text, mode_t mode)
{
	FILE *file = fopen(f->password, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(f->password, mode), 0);
	f->config.password_file = f->password;
}

static void show(struct fixture *f, uint32_t width, uint32_t height)
{
	uint8_t config[RAMFB_FILE_SIZE] = { 0 };
	be_put(config, 8, PICTURE);
	be_put(config + 8, 4, 0x34325258);
	be_put(config + 16, 4, width);
	be_put(config + 20, 4, height);
	be_put(config + 24, 4, width * 4);
	ramfb_wrote(&f->ramfb, config, sizeof(config));
}

static void draw(struct fixture *f, unsigned at, uint32_t xrgb)
{
	uint8_t pixel[4];
	le_put(pixel, 4, xrgb);
	assert_int_equal(gmem_write(&f->gmem, PICTURE + at * 4, pixel, 4), 0);
}

/* --- a client --- */

static int dial(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = 10 };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void get(int fd, void *to, size_t n)
{
	assert_int_equal(recv(fd, to, n, MSG_WAITALL), n);
}

static void put(int fd, const void *from, size_t n)
{
	assert_int_equal(send(fd, from, n, MSG_NOSIGNAL), n);
}

/* Up to ServerInit; the size of the picture. */
static int greet(struct fixture *f, uint8_t security, unsigned *ret_width, unsigned *ret_height)
{
	uint8_t b[256];
	int fd = dial(f);
	get(fd, b, 12);
	put(fd, "RFB 003.008\n", 12);
	get(fd, b, 1);
	unsigned n = b[0];
	get(fd, b, n);
	assert_non_null(memchr(b, security, n));
	if (security == 2) {
		assert_null(memchr(b, 1, n)); /* and not without */
		return fd;
	}
	put(fd, &security, 1);
	get(fd, b, 4);
	assert_int_equal(b[3], 0);
	put(fd, "\1", 1);
	get(fd, b, 24);
	*ret_width = (unsigned)b[0] << 8 | b[1];
	*ret_height = (unsigned)b[2] << 8 | b[3];
	n = b[23];
	get(fd, b, n);
	return fd;
}

/* Asks for all of it, raw: the picture's pixels. */
static void fetch(int fd, unsigned width, unsigned height, uint8_t *ret_pixels)
{
	uint8_t request[10] = { 3, 0 }, head[4], rect[12];
	be_put(request + 6, 2, width);
	be_put(request + 8, 2, height);
	put(fd, request, sizeof(request));
	get(fd, head, 4);
	assert_int_equal(head[0], 0);
	for (unsigned i = 0; i < ((unsigned)head[2] << 8 | head[3]); i++) {
		get(fd, rect, sizeof(rect));
		unsigned x = rect[0] << 8 | rect[1], y = rect[2] << 8 | rect[3];
		unsigned w = rect[4] << 8 | rect[5], h = rect[6] << 8 | rect[7];
		assert_int_equal(rect[8] | rect[9] | rect[10] | rect[11], 0);
		for (unsigned row = 0; row < h; row++)
			get(fd, ret_pixels + ((size_t)(y + row) * width + x) * 4, (size_t)w * 4);
	}
}

static void key(int fd, uint32_t keysym, bool down)
{
	uint8_t message[8] = { 4, down };
	be_put(message + 4, 4, keysym);
	put(fd, message, sizeof(message));
}

/* Bytes come from another thread: waits for one. */
static uint8_t scan_code(struct fixture *f)
{
	for (unsigned i = 0; i < 1000; i++) {
		if (i8042_status_ops.read(&f->kbc, 0, 1) & 1)
			return (uint8_t)i8042_data_ops.read(&f->kbc, 0, 1);
		usleep(10000);
	}
	fail_msg("no scan code");
	return 0;
}

static void start(struct fixture *f)
{
	f->config.socket = f->socket;
	int r = vnc_start(&f->vnc, &f->config, "demo", &f->ramfb, &f->kbc, &f->err);
	if (r)
		fail_msg("%s", f->err.text);
}

static void a_client_sees_what_the_guest_draws(void **state)
{
	struct fixture *f = *state;
	unsigned width, height;
	show(f, 64, 32);
	draw(f, 0, 0x00112233);
	draw(f, 64 * 32 - 1, 0x00FFEEDD);
	start(f);
	autoclose int fd = greet(f, 1, &width, &height);
	assert_int_equal(width, 64);
	assert_int_equal(height, 32);
	uint8_t *pixels = calloc(64 * 32, 4);
	fetch(fd, width, height, pixels);
	assert_memory_equal(pixels, "\x33\x22\x11", 3);
	assert_memory_equal(pixels + (64 * 32 - 1) * 4, "\xDD\xEE\xFF", 3);
	free(pixels);
}

static void a_client_types(void **state)
{
	struct fixture *f = *state;
	unsigned width, height;
	start(f);
	autoclose int fd = greet(f, 1, &width, &height);
	assert_int_equal(width, 640); /* nothing to see yet */
	key(fd, 'A', true);
	assert_int_equal(scan_code(f), 0x1E);
	key(fd, 'A', false);
	assert_int_equal(scan_code(f), 0x9E);
	key(fd, 0xFF0D, true); /* Return */
	assert_int_equal(scan_code(f), 0x1C);
}

static void what_a_client_held_is_released_when_it_goes(void **state)
{
	struct fixture *f = *state;
	unsigned width, height;
	start(f);
	int fd = greet(f, 1, &width, &height);
	key(fd, 0xFFE1, true); /* Shift */
	assert_int_equal(scan_code(f), 0x2A);
	close(fd);
	assert_int_equal(scan_code(f), 0xAA);
}

static void a_fifth_client_is_refused_and_a_first_one_goes_on(void **state)
{
	struct fixture *f = *state;
	unsigned width, height;
	int fd[VNC_MAX_CLIENTS];
	char b;
	start(f);
	for (unsigned i = 0; i < VNC_MAX_CLIENTS; i++)
		fd[i] = greet(f, 1, &width, &height);
	autoclose int more = dial(f);
	while (recv(more, &b, 1, 0) > 0)
		;
	key(fd[0], 'b', true);
	assert_int_equal(scan_code(f), 0x30);
	for (unsigned i = 0; i < VNC_MAX_CLIENTS; i++)
		close(fd[i]);
}

static void a_client_that_stalls_does_not_stop_another_one(void **state)
{
	struct fixture *f = *state;
	unsigned width, height;
	start(f);
	autoclose int stalled = greet(f, 1, &width, &height);
	put(stalled, "\4\1", 2); /* and no more of it */
	autoclose int fd = greet(f, 1, &width, &height);
	key(fd, 'c', true);
	assert_int_equal(scan_code(f), 0x2E);
}

/* Keys, pointer and cut text as fast as the socket takes them. */
static void a_client_that_floods_makes_nothing_grow(void **state)
{
	struct fixture *f = *state;
	unsigned width, height;
	uint8_t cut[8 + 4096] = { 6 }, flood[64 * 14];
	start(f);
	autoclose int fd = greet(f, 1, &width, &height);
	be_put(cut + 4, 4, sizeof(cut) - 8);
	for (unsigned i = 0; i < 64; i++) {
		uint8_t *at = flood + (size_t)i * 14;
		memset(at, 0, 14);
		at[0] = 4;
		at[1] = i & 1;
		be_put(at + 4, 4, 'a' + i / 2 % 26);
		at[8] = 5;
		at[9] = (uint8_t)i;
		be_put(at + 10, 2, i * 10);
		be_put(at + 12, 2, i * 7);
	}
	key(fd, 'z', true);
	scan_code(f); /* all is set up by now */
	size_t before = mallinfo2().uordblks;
	for (unsigned i = 0; i < 2000; i++) {
		put(fd, flood, sizeof(flood));
		if (i % 16 == 0)
			put(fd, cut, sizeof(cut));
	}
	/* A second client is served, and what it types arrives. */
	autoclose int other = greet(f, 1, &width, &height);
	key(other, 0xFF1B, true);
	for (unsigned i = 0; i < 100000 && scan_code(f) != 0x01; i++)
		;
	assert_in_range(mallinfo2().uordblks, 0, before + (1 << 20));
}

static void a_client_that_does_not_take_its_pictures_is_dropped(void **state)
{
	struct fixture *f = *state;
	unsigned width, height, sent = 0;
	uint8_t request[10] = { 3 };
	show(f, 800, 600);
	start(f);
	autoclose int fd = greet(f, 1, &width, &height);
	be_put(request + 6, 2, width);
	be_put(request + 8, 2, height);
	while (sent < 1000000 && send(fd, request, sizeof(request), MSG_NOSIGNAL) > 0)
		sent++;
	assert_in_range(sent, 1, 1000000 - 1);
	autoclose int other = greet(f, 1, &width, &height);
	key(other, 0xFF1B, true);
	assert_int_equal(scan_code(f), 0x01);
}

static void with_a_password_nobody_comes_in_without(void **state)
{
	struct fixture *f = *state;
	unsigned width, height;
	uint8_t b[16];
	write_password(f, "secret\n", 0600);
	start(f);
	autoclose int fd = greet(f, 2, &width, &height);
	put(fd, "\2", 1);
	get(fd, b, 16);
	put(fd, "0123456789abcdef", 16); /* no answer to the challenge */
	get(fd, b, 4);
	assert_int_not_equal(b[3], 0);
}

static void the_socket_is_its_owners_alone_and_goes_with_the_server(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	mode_t old = umask(0);
	start(f);
	umask(old);
	assert_int_equal(stat(f->socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	vnc_stop(f->vnc);
	f->vnc = NULL;
	assert_int_equal(stat(f->socket, &st), -1);
}

/* --- refusals --- */

static void refused(struct fixture *f, int code, const char *part)
{
	assert_int_equal(vnc_check(&f->config, &f->err), code);
	if (!strstr(f->err.text, part))
		fail_msg("no '%s' in: %s", part, f->err.text);
}

static int take_port(unsigned *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void a_port_that_is_taken_is_refused(void **state)
{
	struct fixture *f = *state;
	autoclose int fd = take_port(&f->config.port);
	f->config.address = (char *)"127.0.0.1";
	write_password(f, "secret", 0600);
	refused(f, -EADDRINUSE, "is taken; `ss -tlnp` says by whom");
	close_fd(&fd);
	assert_int_equal(vnc_check(&f->config, &f->err), 0);
}

static void an_address_that_others_reach_wants_to_be_said_twice(void **state)
{
	struct fixture *f = *state;
	autoclose int fd = take_port(&f->config.port);
	close_fd(&fd);
	write_password(f, "secret", 0600);
	f->config.address = (char *)"0.0.0.0";
	refused(f, -EACCES, "other machines could reach 0.0.0.0");
	f->config.address = (char *)"::";
	refused(f, -EACCES, "set display.vnc.remote");
	f->config.address = (char *)"0.0.0.0";
	f->config.remote = true;
	assert_int_equal(vnc_check(&f->config, &f->err), 0);
}

static void an_address_needs_a_password_even_on_this_machine(void **state)
{
	struct fixture *f = *state;
	f->config.address = (char *)"127.0.0.1";
	refused(f, -EACCES, "set display.vnc.password_file");
	f->config.address = (char *)"0.0.0.0";
	f->config.remote = true;
	refused(f, -EACCES, "set display.vnc.password_file");
}

static void a_name_is_no_address(void **state)
{
	struct fixture *f = *state;
	f->config.address = (char *)"localhost";
	refused(f, -EINVAL, "'localhost' is no IP address");
}

static void a_password_that_others_may_read_is_none(void **state)
{
	struct fixture *f = *state;
	f->config.socket = f->socket;
	write_password(f, "secret", 0640);
	refused(f, -EACCES, "run `chmod 600` on it");
}

static void a_password_that_vnc_would_cut_is_refused(void **state)
{
	struct fixture *f = *state;
	f->config.socket = f->socket;
	write_password(f, "ninechars\n", 0600);
	refused(f, -EINVAL, "longer than 8 characters");
	write_password(f, "eight888\nmore", 0600);
	assert_int_equal(vnc_check(&f->config, &f->err), 0);
	write_password(f, "\nsecond line", 0600);
	refused(f, -EINVAL, "its first line is empty");
	unlink(f->password);
	refused(f, -ENOENT, f->password);
	f->config.password_file = f->dir;
	refused(f, -EINVAL, "no regular file");
}

static void a_socket_somebody_listens_on_is_left_alone(void **state)
{
	struct fixture *f = *state;
	start(f);
	refused(f, -EADDRINUSE, "another process listens there");
	assert_int_equal(access(f->socket, F_OK), 0);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct fixture *f = *state;
	write_password(f, "precious", 0600);
	f->config.socket = f->password;
	f->config.password_file = NULL;
	refused(f, -EEXIST, "a file that is no socket");
	assert_int_equal(access(f->password, F_OK), 0);
}

static void a_dead_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	unsigned width, height;
	start(f);
	autoclose int client = greet(f, 1, &width, &height);
	assert_true(client >= 0);
}

static void a_socket_in_no_directory_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[200];
	snprintf(path, sizeof(path), "%s/none/vnc", f->dir);
	f->config.socket = path;
	refused(f, -ENOENT, path);
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	refused(f, -ENAMETOOLONG, "107 characters");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_client_sees_what_the_guest_draws),
		T(a_client_types),
		T(what_a_client_held_is_released_when_it_goes),
		T(a_fifth_client_is_refused_and_a_first_one_goes_on),
		T(a_client_that_stalls_does_not_stop_another_one),
		T(a_client_that_floods_makes_nothing_grow),
		T(a_client_that_does_not_take_its_pictures_is_dropped),
		T(with_a_password_nobody_comes_in_without),
		T(the_socket_is_its_owners_alone_and_goes_with_the_server),
		T(a_port_that_is_taken_is_refused),
		T(an_address_that_others_reach_wants_to_be_said_twice),
		T(an_address_needs_a_password_even_on_this_machine),
		T(a_name_is_no_address),
		T(a_password_that_others_may_read_is_none),
		T(a_password_that_vnc_would_cut_is_refused),
		T(a_socket_somebody_listens_on_is_left_alone),
		T(a_file_that_is_no_socket_is_left_alone),
		T(a_dead_socket_is_replaced),
		T(a_socket_in_no_directory_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
