# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            build/bulkhead
# make check      everything: lint, unit tests, sanitizers, fuzzers, lab (as root, on a bare Debian)
# make demo       the main job, in the lab or with DEVICE=0000:bb:dd.f on real hardware
# make bench-inventory   what reading a host of 1,000 PCI functions costs
# make install    DESTDIR= PREFIX=/usr/local
#
# One source list, several builds of it: B is where objects go, and each sanitizer has its own.

B := build
CC := gcc
CLANG := clang
PREFIX := /usr/local
VERSION := 0.1.0

# libnl-route and libevdev are loaded when they are needed: here they give their headers alone.
PKGS := libpci libudev libconfig jansson libnl-route-3.0 libevdev
WARN := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wimplicit-fallthrough -Wundef -Wpointer-arith
CFLAGS := -O2 -g
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DBULKHEAD_VERSION='"$(VERSION)"' -Isrc -pthread \
	-fstack-protector-strong -fno-common $(WARN) $(CFLAGS) $(PKG_CFLAGS) $(EXTRA_CFLAGS)
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

SRC := $(sort $(wildcard src/*.c src/*/*.c))
OBJ := $(SRC:src/%.c=$(B)/obj/%.o)
TESTS := $(sort $(wildcard tests/unit/test_*.c))
FUZZERS := $(sort $(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all check quick unit asan tsan fuzz lint lab demo bench bench-inventory docs install clean format FORCE
all: $(B)/bulkhead

# The first build on a bare machine installs what the compiler needs; later ones only look.
$(B)/.deps-build: scripts/deps
	@scripts/deps build
	@mkdir -p $(@D) && touch $@
$(B)/.deps-check: scripts/deps
	@scripts/deps build check
	@mkdir -p $(@D) && touch $@ $(B)/.deps-build

$(B)/obj/%.o: src/%.c Makefile | $(B)/.deps-build
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/bulkhead: $(OBJ)
	@echo "  LD      $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $(OBJ) -Wl,-z,relro,-z,now -Wl,--as-needed $(PKG_LIBS)

-include $(OBJ:.o=.d)

# --- unit tests ---------------------------------------------------------------------------------
# A test links with every object but main.o. Its first lines may say
#   // replaces: kvm/uapi.c      sources left out, because
#   // with: fake/fake_kvm.c     these files below tests/ stand in for them
TEST_LIBS := -lcmocka
replaces = $(shell sed -n 's|^// replaces: *||p' $(1))
with = $(addprefix tests/,$(shell sed -n 's|^// with: *||p' $(1)))
test_objs = $(filter-out $(B)/obj/main.o $(patsubst %.c,$(B)/obj/%.o,$(call replaces,$(1))),$(OBJ))

.SECONDEXPANSION:
$(B)/tests/unit/%: tests/unit/%.c $$(call with,tests/unit/$$*.c) $(OBJ) | $(B)/.deps-check
	@mkdir -p $(@D)
	@echo "  TEST    $@"
	@$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $@.d -MT $@ -o $@ $< $(call with,$<) \
		$(call test_objs,$<) $(PKG_LIBS) $(TEST_LIBS)
-include $(wildcard $(B)/tests/unit/*.d)

TEST_BINS := $(TESTS:tests/unit/%.c=$(B)/tests/unit/%)
unit: $(TEST_BINS)
	@scripts/run-tests $(TEST_BINS)

# The same tests with other compilers' instrumentation, each in a build folder of its own.
asan: | $(B)/.deps-check
	@$(MAKE) --no-print-directory B=$(B)/asan unit \
		EXTRA_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -O1 -fno-omit-frame-pointer"
# Only tests that have threads: in others there is no race to find.
TSAN_TESTS := $(shell grep -lE 'pthread_create|vcpus_start|gmem_populate_start|disk_start|swtpm_start|vnc_start|machine_' $(TESTS))
tsan: | $(B)/.deps-check
	@$(MAKE) --no-print-directory B=$(B)/tsan unit TESTS="$(TSAN_TESTS)" EXTRA_CFLAGS="-fsanitize=thread -O1"

# --- fuzzing ------------------------------------------------------------------------------------
FUZZ_SECONDS := 20
FUZZ_CFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1
$(B)/fuzz/bin/%: tests/fuzz/%.c $$(call with,tests/fuzz/$$*.c) $(OBJ)
	@mkdir -p $(@D)
	@echo "  FUZZ    $@"
	@$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -Itests -o $@ $< $(call with,$<) \
		$(call test_objs,$<) $(PKG_LIBS)
fuzz-bins: $(FUZZERS:tests/fuzz/%.c=$(B)/fuzz/bin/%)
fuzz: | $(B)/.deps-check
	@$(MAKE) --no-print-directory B=$(B)/fuzz CC=$(CLANG) EXTRA_CFLAGS="$(FUZZ_CFLAGS)" \
		$(FUZZERS:tests/fuzz/%.c=$(B)/fuzz/fuzz/bin/%)
	@scripts/run-fuzzers $(FUZZ_SECONDS) $(FUZZERS:tests/fuzz/%.c=$(B)/fuzz/fuzz/bin/%)

# --- benchmarks of one part, on this machine ------------------------------------------------------
BENCH_FUNCTIONS := 1000
$(B)/tests/bench/%: tests/bench/%.c $$(call with,tests/bench/$$*.c) $(OBJ)
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -Itests -o $@ $< $(call with,$<) $(call test_objs,$<) $(PKG_LIBS)
bench-inventory: $(B)/tests/bench/bench_inventory
	@tests/fixtures/make server $(BENCH_FUNCTIONS) > $(B)/server.snapshot
	@$< $(B)/server.snapshot

# --- the rest -----------------------------------------------------------------------------------
lint: | $(B)/.deps-check
	@scripts/lint

lab: $(B)/bulkhead
	@scripts/lab all

check: | $(B)/.deps-check
	@scripts/check

quick: $(B)/bulkhead unit

demo: $(B)/bulkhead
	@scripts/demo $(DEVICE)

bench: $(B)/bulkhead
	@scripts/bench

docs: $(B)/bulkhead
	@scripts/docs

install: $(B)/bulkhead
	install -D -m 0755 $(B)/bulkhead $(DESTDIR)$(PREFIX)/bin/bulkhead
	install -D -m 0644 docs/bulkhead.1 $(DESTDIR)$(PREFIX)/share/man/man1/bulkhead.1
	install -d $(DESTDIR)$(PREFIX)/share/doc/bulkhead/profiles
	install -m 0644 README.md docs/*.md $(DESTDIR)$(PREFIX)/share/doc/bulkhead/
	install -m 0644 profiles/*.cfg $(DESTDIR)$(PREFIX)/share/doc/bulkhead/profiles/
	$(B)/bulkhead completion bash > $(B)/bulkhead.bash
	install -D -m 0644 $(B)/bulkhead.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/bulkhead

format:
	@clang-format -i $(wildcard src/*.[ch] src/*/*.[ch] tests/*/*.[ch])

clean:
	rm -rf $(B)
