// SPDX-License-Identifier: GPL-2.0-or-later
// Sets a mode on a display adapter through DRM and draws a test card, the same to the last pixel
// each time. It stays up until the program is killed.
#include "labguest.h"

#include <libdrm/drm.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 480, MAX_MODES = 128, BAND = 320, TILE = 20, BORDER = 4 };

struct screen {
	int fd;
	uint32_t connector, crtc, fb, pitch;
	struct drm_mode_modeinfo mode;
	uint32_t *pixels;
};

/* Colour bars above; below them a grey ramp and a chequerboard; a white frame around. */
static uint32_t colour(uint32_t x, uint32_t y)
{
	static const uint32_t bars[8] = { 0xffffff, 0xffff00, 0x00ffff, 0x00ff00,
					  0xff00ff, 0xff0000, 0x0000ff, 0x202020 };
	uint32_t grey = x * 255 / (WIDTH - 1);

	if (x < BORDER || y < BORDER || x >= WIDTH - BORDER || y >= HEIGHT - BORDER)
		return 0xffffff;
	if (y < BAND)
		return bars[x * 8 / WIDTH];
	if (y < BAND + (HEIGHT - BAND) / 2)
		return grey << 16 | grey << 8 | grey;
	return (x / TILE + y / TILE) % 2 ? 0xc04000 : 0x0040c0;
}

static void draw(const struct screen *screen)
{
	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++)
			screen->pixels[y * (screen->pitch / 4) + x] = colour(x, y);
	}
}

static int find_mode(struct screen *screen)
{
	static struct drm_mode_modeinfo modes[MAX_MODES];
	uint32_t encoders[16];
	struct drm_mode_get_connector get = {
		.connector_id = screen->connector,
		.modes_ptr = (uintptr_t)modes,
		.encoders_ptr = (uintptr_t)encoders,
		.count_encoders = 16,
	};

	/* The first call, with no room for modes, makes the driver probe. */
	if (ioctl(screen->fd, DRM_IOCTL_MODE_GETCONNECTOR, &get) < 0)
		return failed("probe the connector");
	get.count_modes = MAX_MODES;
	get.count_props = 0;
	if (ioctl(screen->fd, DRM_IOCTL_MODE_GETCONNECTOR, &get) < 0)
		return failed("read the modes");
	for (uint32_t i = 0; i < get.count_modes && i < MAX_MODES; i++) {
		if (modes[i].hdisplay == WIDTH && modes[i].vdisplay == HEIGHT) {
			screen->mode = modes[i];
			return 0;
		}
	}
	printf("no mode of %dx%d among %u\n", WIDTH, HEIGHT, get.count_modes);
	return 1;
}

static int find_output(struct screen *screen)
{
	uint32_t crtcs[8], connectors[8], encoders[8];
	struct drm_mode_card_res get = {
		.crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 8,
		.connector_id_ptr = (uintptr_t)connectors, .count_connectors = 8,
		.encoder_id_ptr = (uintptr_t)encoders, .count_encoders = 8,
	};

	if (ioctl(screen->fd, DRM_IOCTL_MODE_GETRESOURCES, &get) < 0)
		return failed("read the card");
	if (!get.count_crtcs || !get.count_connectors) {
		printf("no output\n");
		return 1;
	}
	screen->crtc = crtcs[0];
	screen->connector = connectors[0];
	return find_mode(screen);
}

static int make_buffer(struct screen *screen)
{
	struct drm_mode_create_dumb create = { .width = WIDTH, .height = HEIGHT, .bpp = 32 };
	struct drm_mode_fb_cmd add = { .width = WIDTH, .height = HEIGHT, .bpp = 32, .depth = 24 };
	struct drm_mode_map_dumb map = { 0 };
	void *pixels;

	if (ioctl(screen->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) < 0)
		return failed("make a buffer");
	add.pitch = create.pitch;
	add.handle = create.handle;
	map.handle = create.handle;
	if (ioctl(screen->fd, DRM_IOCTL_MODE_ADDFB, &add) < 0)
		return failed("make a frame buffer");
	if (ioctl(screen->fd, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0)
		return failed("find the buffer");
	pixels = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, screen->fd,
		      (off_t)map.offset);
	if (pixels == MAP_FAILED)
		return failed("map the buffer");
	screen->fb = add.fb_id;
	screen->pitch = create.pitch;
	screen->pixels = pixels;
	return 0;
}

static int show(struct screen *screen)
{
	struct drm_mode_crtc set = {
		.set_connectors_ptr = (uintptr_t)&screen->connector, .count_connectors = 1,
		.crtc_id = screen->crtc, .fb_id = screen->fb,
		.mode_valid = 1, .mode = screen->mode,
	};
	struct drm_mode_fb_dirty_cmd dirty = { .fb_id = screen->fb };

	if (ioctl(screen->fd, DRM_IOCTL_MODE_SETCRTC, &set) < 0)
		return failed("set the mode");
	/* A driver that scans out of the buffer itself has nothing to flush and says so. */
	ioctl(screen->fd, DRM_IOCTL_MODE_DIRTYFB, &dirty);
	return 0;
}

int draw_main(int argc, char **argv)
{
	struct screen screen = { 0 };

	if (argc != 2)
		return 2;
	screen.fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (screen.fd < 0)
		return failed(argv[1]);
	if (find_output(&screen) || make_buffer(&screen))
		return 1;
	draw(&screen);
	if (show(&screen))
		return 1;
	printf("drawn %dx%d\n", WIDTH, HEIGHT);
	fflush(stdout);
	for (;;)
		pause();
}
