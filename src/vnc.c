/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvncserver is given connected sockets and asked to serve them; it never listens itself. It
 * writes synchronously and drops who does not take what it writes, so it queues nothing.
 */
#include "vnc.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <rfb/rfb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/library.h"
#include "base/log.h"
#include "vnc_input.h"

/* Initialisation has a name that says how the library was built. */
#define FUNCTIONS(F)                                                                               \
	F(rfbGetScreen)                                                                            \
	F(rfbInitServerWithPthreadsAndZRLE)                                                        \
	F(rfbNewClient)                                                                            \
	F(rfbProcessEvents)                                                                        \
	F(rfbMarkRectAsModified)                                                                   \
	F(rfbNewFramebuffer)                                                                       \
	F(rfbShutdownServer)                                                                       \
	F(rfbScreenCleanup)                                                                        \
	F(rfbCheckPasswordByList)                                                                  \
	F(rfbLogEnable)

static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
static const struct library libvncserver = {
	"libvncserver.so.1", "libvncserver1", "display.vnc", names, ARRAY_LEN(names),
};

#define PIXEL 4
#define EMPTY_WIDTH 640 /* shown while the guest has no picture */
#define EMPTY_HEIGHT 480
#define FRAME_US 40000      /* between two looks at the picture */
#define CLIENT_WAIT_MS 2000 /* a client that stalls amid a message is dropped */

struct vnc {
	struct profile_vnc config; /* its texts are borrowed from the profile */
	struct ramfb *ramfb;       /* borrowed, as is kbc */
	struct i8042 *kbc;
	char name[64];
	int listener[VNC_MAX_LISTENERS];
	int stop_fd;
	pthread_t thread;
	bool has_thread;
	char password[VNC_PASSWORD_MAX + 1];
	char *passwords[2];
	rfbScreenInfoPtr screen;
	uint8_t *frame; /* what clients were shown last */
	uint8_t *row;
	unsigned n_clients;
	struct functions {
		FUNCTIONS(LIBRARY_FIELD)
	} fn;
};

/* --- clients --- */

static void client_gone(rfbClientPtr client)
{
	struct vnc *vnc = client->screen->screenData;
	struct vnc_input *input = client->clientData;
	if (!input)
		return;
	vnc_input_release(input);
	free(input);
	client->clientData = NULL;
	vnc->n_clients--;
}

static enum rfbNewClientAction client_new(rfbClientPtr client)
{
	struct vnc *vnc = client->screen->screenData;
	if (vnc->n_clients == VNC_MAX_CLIENTS)
		return RFB_CLIENT_REFUSE;
	struct vnc_input *input = malloc(sizeof(*input));
	if (!input)
		return RFB_CLIENT_REFUSE;
	vnc_input_init(input, vnc->kbc);
	client->clientData = input;
	client->clientGoneHook = client_gone;
	vnc->n_clients++;
	return RFB_CLIENT_ACCEPT;
}

static void client_key(rfbBool down, rfbKeySym keysym, rfbClientPtr client)
{
	vnc_input_key(client->clientData, keysym, down);
}

static void client_pointer(int mask, int x, int y, rfbClientPtr client)
{
	vnc_input_pointer(client->clientData, (unsigned)mask, x, y, client->screen->width,
			  client->screen->height);
}

/* The library waits in select(), which has no place for higher descriptors. */
static void accept_one(struct vnc *vnc, int listener)
{
	autoclose int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (fd >= FD_SETSIZE) {
		log_warn("VNC: a client was refused: too many files are open");
		return;
	}
	vnc->fn.rfbNewClient(vnc->screen, take_fd(&fd));
}

/* --- picture --- */

/* Bytes of a pixel are blue, green, red, unused; the library would have it the other way. */
static void set_format(rfbScreenInfoPtr screen)
{
	screen->serverFormat.redShift = 16;
	screen->serverFormat.greenShift = 8;
	screen->serverFormat.blueShift = 0;
	for (rfbClientPtr client = screen->clientHead; client; client = client->next)
		screen->setTranslateFunction(client);
}

static int resize(struct vnc *vnc, unsigned width, unsigned height)
{
	uint8_t *frame = calloc((size_t)width * height, PIXEL);
	uint8_t *row = malloc((size_t)width * PIXEL);
	if (!frame || !row) {
		free(frame);
		free(row);
		return -ENOMEM;
	}
	uint8_t *old = vnc->frame;
	vnc->fn.rfbNewFramebuffer(vnc->screen, (char *)frame, (int)width, (int)height, 8, 3, PIXEL);
	set_format(vnc->screen);
	free(old);
	free(vnc->row);
	vnc->frame = frame;
	vnc->row = row;
	return 0;
}

struct band {                 /* rows that changed, one below the other */
	unsigned top, bottom; /* bottom exclusive; equal = none */
	unsigned left, right;
};

static void show_band(struct vnc *vnc, struct band *band)
{
	if (band->top < band->bottom)
		vnc->fn.rfbMarkRectAsModified(vnc->screen, (int)band->left, (int)band->top,
					      (int)band->right, (int)band->bottom);
	*band = (struct band){ 0 };
}

static void add_row(struct band *band, const uint8_t *old, const uint8_t *now, unsigned y,
		    unsigned width)
{
	unsigned left = 0, right = width;
	while (!memcmp(old + left * PIXEL, now + left * PIXEL, PIXEL))
		left++;
	while (!memcmp(old + (right - 1) * PIXEL, now + (right - 1) * PIXEL, PIXEL))
		right--;
	if (band->top == band->bottom)
		*band = (struct band){ y, y, left, right };
	band->bottom = y + 1;
	band->left = left < band->left ? left : band->left;
	band->right = right > band->right ? right : band->right;
}

static void copy_rows(struct vnc *vnc, const struct ramfb_mode *mode)
{
	size_t bytes = (size_t)mode->width * PIXEL;
	struct band band = { 0 };
	for (unsigned y = 0; y < mode->height; y++) {
		uint8_t *shown = vnc->frame + y * bytes;
		if (ramfb_row(vnc->ramfb, mode, y, vnc->row) || !memcmp(shown, vnc->row, bytes)) {
			show_band(vnc, &band);
			continue;
		}
		add_row(&band, shown, vnc->row, y, mode->width);
		memcpy(shown, vnc->row, bytes);
	}
	show_band(vnc, &band);
}

/* Brings what clients see up to date with the guest's memory. */
static void refresh(struct vnc *vnc)
{
	struct ramfb_mode mode = { .width = EMPTY_WIDTH, .height = EMPTY_HEIGHT };
	bool shown = ramfb_mode(vnc->ramfb, &mode);
	bool same = (unsigned)vnc->screen->width == mode.width &&
		    (unsigned)vnc->screen->height == mode.height;
	if (!same && resize(vnc, mode.width, mode.height))
		return; /* the old one stays until there is memory */
	if (shown)
		copy_rows(vnc, &mode);
}

/* --- thread --- */

static bool wait_for_clients(struct vnc *vnc)
{
	struct pollfd fds[VNC_MAX_LISTENERS + 1];
	nfds_t n = 0;
	fds[n++] = (struct pollfd){ vnc->stop_fd, POLLIN, 0 };
	for (unsigned i = 0; i < VNC_MAX_LISTENERS; i++)
		fds[n++] = (struct pollfd){ vnc->listener[i], POLLIN, 0 }; /* -1 is ignored */
	if (poll(fds, n, vnc->screen->clientHead ? 0 : -1) < 0)
		return true;
	if (fds[0].revents)
		return false;
	for (nfds_t i = 1; i < n; i++)
		if (fds[i].revents)
			accept_one(vnc, fds[i].fd);
	return true;
}

static void *serve(void *ctx)
{
	struct vnc *vnc = ctx;
	pthread_setname_np(pthread_self(), "vnc");
	while (wait_for_clients(vnc)) {
		if (!vnc->screen->clientHead)
			continue;
		refresh(vnc);
		vnc->fn.rfbProcessEvents(vnc->screen, FRAME_US);
	}
	return NULL;
}

/* --- start and stop --- */

static int set_up_screen(struct vnc *vnc, struct err *err)
{
	vnc->fn.rfbLogEnable(0);
	rfbScreenInfoPtr screen =
		vnc->fn.rfbGetScreen(NULL, NULL, EMPTY_WIDTH, EMPTY_HEIGHT, 8, 3, PIXEL);
	vnc->frame = calloc((size_t)EMPTY_WIDTH * EMPTY_HEIGHT, PIXEL);
	vnc->row = malloc((size_t)EMPTY_WIDTH * PIXEL);
	vnc->screen = screen;
	if (!screen || !vnc->frame || !vnc->row)
		return err_errno(err, -ENOMEM, "VNC server");
	set_format(screen);
	screen->frameBuffer = (char *)vnc->frame;
	screen->screenData = vnc;
	screen->desktopName = vnc->name;
	screen->cursor = NULL; /* the guest draws its own */
	screen->alwaysShared = TRUE;
	screen->port = screen->ipv6port = 0; /* it does not listen */
	screen->httpDir = NULL;
	screen->fdQuota = 1;
	screen->maxClientWait = CLIENT_WAIT_MS;
	screen->permitFileTransfer = FALSE;
	screen->newClientHook = client_new;
	screen->kbdAddEvent = client_key;
	screen->ptrAddEvent = client_pointer;
	if (vnc->config.password_file) {
		vnc->passwords[0] = vnc->password;
		screen->authPasswdData = vnc->passwords;
		screen->passwordCheck = vnc->fn.rfbCheckPasswordByList;
	}
	vnc->fn.rfbInitServerWithPthreadsAndZRLE(screen);
	return 0;
}

static int start(struct vnc *vnc, struct err *err)
{
	int r = library_load(&libvncserver, &vnc->fn, err);
	if (!r && vnc->config.password_file)
		r = vnc_read_password(vnc->config.password_file, vnc->password, err);
	if (!r)
		r = set_up_screen(vnc, err);
	if (!r)
		r = vnc_listen(&vnc->config, vnc->listener, err);
	if (r)
		return r;
	vnc->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (vnc->stop_fd < 0)
		return err_errno(err, -errno, "VNC server");
	r = -pthread_create(&vnc->thread, NULL, serve, vnc);
	vnc->has_thread = !r;
	return r ? err_errno(err, r, "VNC server: thread") : 0;
}

int vnc_start(struct vnc **ret_vnc, const struct profile_vnc *config, const char *name,
	      struct ramfb *ramfb, struct i8042 *kbc, struct err *err)
{
	struct vnc *vnc = calloc(1, sizeof(*vnc));
	if (!vnc)
		return err_errno(err, -ENOMEM, "VNC server");
	vnc->config = *config;
	vnc->ramfb = ramfb;
	vnc->kbc = kbc;
	vnc->stop_fd = -1;
	for (unsigned i = 0; i < VNC_MAX_LISTENERS; i++)
		vnc->listener[i] = -1;
	snprintf(vnc->name, sizeof(vnc->name), "%s", name);
	int r = start(vnc, err);
	if (r)
		vnc_stop(vnc);
	else
		*ret_vnc = vnc;
	return r;
}

void vnc_stop(struct vnc *vnc)
{
	if (!vnc)
		return;
	if (vnc->has_thread) {
		eventfd_write(vnc->stop_fd, 1);
		pthread_join(vnc->thread, NULL);
	}
	vnc_unlisten(&vnc->config, vnc->listener);
	if (vnc->screen) {
		vnc->fn.rfbShutdownServer(vnc->screen, TRUE);
		vnc->fn.rfbScreenCleanup(vnc->screen);
	}
	close_fd(&vnc->stop_fd);
	free(vnc->frame);
	free(vnc->row);
	explicit_bzero(vnc->password, sizeof(vnc->password));
	free(vnc);
}

int vnc_check(const struct profile_vnc *config, struct err *err)
{
	struct functions fn;
	int r = vnc_check_places(config, err);
	return r ? r : library_load(&libvncserver, &fn, err);
}
