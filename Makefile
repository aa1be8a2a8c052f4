# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            build/bulkhead
# make check      everything: lint, unit tests, sanitizers, fuzzers, lab (as root, on a bare Debian)
# make demo       the main job, in the lab or with DEVICE=0000:bb:dd.f on real hardware
# make bench-inventory   what reading a host of 1,000 PCI functions costs
# make install    DESTDIR= PREFIX=/usr/local
#
# One source list, several builds of it: B is where objects go. There are three: what is installed and its
# unit tests; clang with address and undefined-behaviour sanitizer, for unit tests and fuzzers; gcc with
# thread sanitizer. What a compiler said about a file stays beside the object, for `make lint`.

B := build
CC := gcc
CLANG := clang
PREFIX := /usr/local
VERSION := 0.1.0

# libnl-route and libevdev are loaded when they are needed: here they give their headers alone.
PKGS := libpci libudev libconfig jansson libnl-route-3.0 libevdev
WARN := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wimplicit-fallthrough -Wundef -Wpointer-arith
# Small: what this program does often, the kernel or a library does for it.
CFLAGS := -Os -g
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DBULKHEAD_VERSION='"$(VERSION)"' -Isrc -pthread \
	-fstack-protector-strong -fno-common $(WARN) $(UNWIND) $(CFLAGS) $(PKG_CFLAGS) $(EXTRA_CFLAGS)
# A process holds these tables beside its guest, and nothing here unwinds; a debugger has its own.
# The instrumented builds do unwind.
UNWIND = $(if $(EXTRA_CFLAGS),,-fno-asynchronous-unwind-tables)
# Asked once, and not before the rule has run that installs them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS) 2>/dev/null))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS) 2>/dev/null))$(PKG_LIBS)

SRC := $(sort $(wildcard src/*.c src/*/*.c))
OBJ := $(SRC:src/%.c=$(B)/obj/%.o)
TESTS := $(sort $(wildcard tests/unit/test_*.c))
FUZZERS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
# What gcc compiles of the tests; clang has the fuzzers too.
TEST_OBJ := $(patsubst %.c,$(B)/%.o,$(TESTS) $(wildcard tests/fake/*.c tests/bench/*.c))
FUZZ_OBJ := $(FUZZERS:%.c=$(B)/%.o)

.PHONY: all check quick objects unit asan tsan fuzz lint lab demo bench bench-inventory docs install clean format FORCE
all: $(B)/bulkhead

# The first build on a bare machine installs what the compiler needs; later ones only look.
$(B)/.deps-build: scripts/deps
	@scripts/deps build
	@mkdir -p $(@D) && touch $@
$(B)/.deps-check: scripts/deps
	@scripts/deps build check
	@mkdir -p $(@D) && touch $@ $(B)/.deps-build

# Warnings are shown and kept: an object that is up to date still has its own.
compile = @mkdir -p $(@D); echo "  CC      $<"; \
	$(CC) $(ALL_CFLAGS) $(1) -MMD -MP -c $< -o $@ 2> $(@:.o=.said); \
	status=$$?; cat $(@:.o=.said) >&2; exit $$status

$(B)/obj/%.o: src/%.c Makefile | $(B)/.deps-build
	$(call compile)

$(B)/bulkhead: $(OBJ)
	@echo "  LD      $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $(OBJ) -Wl,-z,relro,-z,now,-z,pack-relative-relocs -Wl,--as-needed $(PKG_LIBS)

-include $(OBJ:.o=.d)

# --- unit tests ---------------------------------------------------------------------------------
# A test links with what it needs of all objects but main.o. Its first lines may say
#   // replaces: kvm/uapi.c      sources left out, because
#   // with: fake/fake_kvm.c     these files below tests/ stand in for them
TEST_LIBS := -lcmocka
replaces = $(shell sed -n 's|^// replaces: *||p' $(1))
with = $(patsubst %.c,$(B)/tests/%.o,$(shell sed -n 's|^// with: *||p' $(1)))
test_objs = $(filter-out $(B)/obj/main.o $(patsubst %.c,$(B)/obj/%.o,$(call replaces,$(1))),$(OBJ))

# Between start-lib and end-lib lld takes objects as if out of an archive: only those that are needed. With
# all of them in each of so many tests, linking took as long as compiling.
link = @mkdir -p $(@D); echo "  TEST    $@"; \
	$(CC) $(ALL_CFLAGS) $(1) -fuse-ld=lld -o $@ $(filter $(B)/tests/%.o,$^) \
		-Wl,--start-lib $(call test_objs,$(2)) -Wl,--end-lib $(PKG_LIBS) $(TEST_LIBS)

$(B)/tests/%.o: tests/%.c Makefile | $(B)/.deps-check
	$(call compile,-Itests)
-include $(TEST_OBJ:.o=.d) $(FUZZ_OBJ:.o=.d)

TEST_BINS := $(TESTS:%.c=$(B)/%)
.SECONDEXPANSION:
$(TEST_BINS): $(B)/tests/%: $(B)/tests/%.o $$(call with,tests/$$*.c) $(OBJ)
	$(call link,,tests/$*.c)

unit: $(TEST_BINS)
	@scripts/run-tests $(TEST_BINS)

# Every file compiled, also what nothing uses.
objects: $(OBJ) $(TEST_OBJ)

# The same tests with other instrumentation, each in a build folder of its own. Objects that are ready to be
# fuzzed do for the tests as well.
SAN := B=$(B)/san CC=$(CLANG) EXTRA_CFLAGS="-fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -O1 -fno-omit-frame-pointer"
asan: | $(B)/.deps-check
	@$(MAKE) --no-print-directory $(SAN) unit
# Only tests that have threads: in others there is no race to find.
TSAN_TESTS := $(shell grep -lE 'pthread_create|vcpus_start|gmem_populate_start|disk_start|swtpm_start|vnc_start|machine_' $(TESTS))
tsan: | $(B)/.deps-check
	@$(MAKE) --no-print-directory B=$(B)/tsan unit TESTS="$(TSAN_TESTS)" EXTRA_CFLAGS="-fsanitize=thread -O1"

# --- fuzzing ------------------------------------------------------------------------------------
FUZZ_SECONDS := 20
FUZZ_BINS := $(FUZZERS:tests/fuzz/%.c=$(B)/fuzz/%)
$(FUZZ_BINS): TEST_LIBS :=
$(FUZZ_BINS): $(B)/fuzz/%: $(B)/tests/fuzz/%.o $$(call with,tests/fuzz/$$*.c) $(OBJ)
	$(call link,-fsanitize=fuzzer,tests/fuzz/$*.c)
fuzz-objects: objects $(FUZZ_OBJ)
fuzz-bins: $(FUZZ_BINS)
fuzz: | $(B)/.deps-check
	@$(MAKE) --no-print-directory $(SAN) fuzz-bins
	@scripts/run-fuzzers $(FUZZ_SECONDS) $(FUZZERS:tests/fuzz/%.c=$(B)/san/fuzz/%)

# --- benchmarks of one part, on this machine ------------------------------------------------------
BENCH_FUNCTIONS := 1000
BENCHES := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))
$(BENCHES): TEST_LIBS :=
$(BENCHES): $(B)/tests/%: $(B)/tests/%.o $$(call with,tests/$$*.c) $(OBJ)
	$(call link,,tests/$*.c)
bench-inventory: $(B)/tests/bench/bench_inventory
	@tests/fixtures/make server $(BENCH_FUNCTIONS) > $(B)/server.snapshot
	@$< $(B)/server.snapshot

# --- the rest -----------------------------------------------------------------------------------
# Both compilers' word on each file, from builds that the tests use too.
lint: objects | $(B)/.deps-check
	@$(MAKE) --no-print-directory $(SAN) fuzz-objects
	@scripts/lint $(B) $(B)/san

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
