# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# One makefile, not recursive; everything built lands in $(BUILD). `make help` lists the targets.

BUILD      ?= build
CC         ?= gcc
CLANG      ?= clang-14
BPFTOOL    ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
PYTHON     ?= /usr/bin/python3
PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
CNIDIR     ?= /opt/cni/bin
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/weft
UNITDIR    ?= $(PREFIX)/lib/systemd/system
VERSION    := 0.1.0

ifeq ($(V),1)
  Q =
  msg =
else
  Q = @
  msg = @printf '  %-8s %s\n' "$(1)" "$(patsubst $(CURDIR)/%,%,$(2))";
endif

WARN       := -Wall -Wextra -Werror
CFLAGS     ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -DWEFT_VERSION='"$(VERSION)"' \
	      -Iinclude -iquote loader -I$(BUILD) -I/usr/include/libnl3 -MMD -MP
LIBS       := -lxdp -lbpf -lyaml -ljansson -levent_core -levent_extra -lseccomp -lnl-route-3 -lnl-3 -lm
# The host's headers, for asm/types.h: clang's BPF target does not search them.
BPF_SYS    := -idirafter /usr/include/$(shell $(CC) -print-multiarch)
BPF_CFLAGS := -std=gnu11 -g -O2 -mcpu=v3 -target bpf $(WARN) -Wno-unused-parameter \
	      -Iinclude $(BPF_SYS) -MMD -MP

DOC_FILES  := $(wildcard docs/*.md docs/*.yaml docs/*.json)
SKELS      := $(patsubst %,$(BUILD)/%.skel.h,tc xdp tc_trace xdp_trace probe)
LOADER_SRC := $(wildcard loader/*.c)
LOADER_OBJ := $(LOADER_SRC:%.c=$(BUILD)/%.o)
CNI_OBJ    := $(patsubst %.c,$(BUILD)/%.o,$(wildcard loader/cni/*.c)) $(BUILD)/loader/agent_client.o
CNI_LIBS   := -ljansson -lnl-route-3 -lnl-3
K8S_SOURCE := loader/k8s_kinds.c $(wildcard loader/k8s_source*.c)
LIB_OBJ    := $(filter-out $(BUILD)/loader/main.o,$(LOADER_OBJ))
UNIT_BIN   := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
PACKET_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bpf/*.c))
CLASSIFY_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/classify/*.c))
DIFF_OBJ   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/diff/*.c))
BENCH_BIN  := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,\
	      $(filter-out %.bpf.c,$(wildcard tests/bench/*.c)))
BENCH_BPF  := $(patsubst tests/bench/%.bpf.c,$(BUILD)/tests/bench/%.bpf.o,$(wildcard tests/bench/*.bpf.c))
FUZZ_BIN   := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
E2E_BIN    := $(patsubst tests/e2e/%.c,$(BUILD)/tests/e2e/%,$(wildcard tests/e2e/*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

## all: the weft binary, with its BPF programs inside, and the CNI plugin
.PHONY: all
all: $(BUILD)/weft $(BUILD)/weft-cni

$(BUILD)/weft: $(LOADER_OBJ)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/weft-cni: $(CNI_OBJ)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(CNI_LIBS) -o $@

## static: the CNI plugin in build/static, for hosts that have none of its libraries: for a DaemonSet
.PHONY: static
static: $(BUILD)/static/weft-cni

$(BUILD)/static/weft-cni: $(CNI_OBJ)
	$(call msg,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -Wl,--no-warnings $^ $(CNI_LIBS) -o $@

$(BUILD)/%.bpf.o: bpf/%.bpf.c Makefile
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -c $< -o $@

# The same programs as `weft explain` runs them: trace_on.h comes before their own trace_off.h.
$(BUILD)/tc_trace.bpf.o: TRACE = -include bpf/lib/ctx_skb.h -include bpf/lib/trace_on.h
$(BUILD)/xdp_trace.bpf.o: TRACE = -include bpf/lib/ctx_xdp.h -include bpf/lib/trace_on.h
$(BUILD)/%_trace.bpf.o: bpf/%.bpf.c Makefile
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(TRACE) -MF $(@:.o=.d) -c $< -o $@

$(BUILD)/tests/bench/%.bpf.o: tests/bench/%.bpf.c Makefile
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -c $< -o $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name weft_$* > $@

$(BUILD)/%.o: %.c Makefile | $(SKELS)
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

## test: everything below that a root user can run here; ends in N passed, N failed, N skipped
.PHONY: test
test: build-tests
	$(Q)scripts/run-tests

## test-unit: user-space modules, no privileges needed
.PHONY: test-unit
test-unit: $(UNIT_BIN)
	$(Q)scripts/run-tests unit

## test-bpf: packet tables, and random policies, through BPF_PROG_TEST_RUN
.PHONY: test-bpf
test-bpf: $(BUILD)/tests/test_packets $(BUILD)/tests/test_classify
	$(Q)scripts/run-tests bpf

## test-e2e: real traffic in network namespaces
.PHONY: test-e2e
test-e2e: all $(E2E_BIN)
	$(Q)scripts/run-tests e2e

## test-diff: the same packets through nf_conntrack and through weft; DIFF_ARGS="--seed N --packets N"
.PHONY: test-diff
test-diff: all $(BUILD)/tests/conntrack
	$(Q)scripts/run-tests diff

## test-kernels: the packet tables and a short end-to-end on Debian's 6.1 and 6.12, under QEMU
.PHONY: test-kernels
test-kernels:
	$(Q)scripts/test-kernels

.PHONY: test-unit-build
test-unit-build: $(UNIT_BIN)

## build-tests: every test program, without running one
.PHONY: build-tests
build-tests: all $(UNIT_BIN) $(BUILD)/tests/test_packets $(BUILD)/tests/test_classify \
	     $(BUILD)/tests/conntrack $(BENCH_BIN) $(BENCH_BPF) $(E2E_BIN)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIB_OBJ)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -lcmocka -o $@

$(BUILD)/tests/unit/test_cni: $(filter-out %/main.o %/agent_client.o,$(CNI_OBJ))

$(BUILD)/tests/test_packets: $(PACKET_OBJ)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -lbpf -lcmocka -o $@

$(BUILD)/tests/test_classify: $(CLASSIFY_OBJ) $(LIB_OBJ)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -lcmocka -o $@

$(BUILD)/tests/conntrack: $(DIFF_OBJ) $(LIB_OBJ)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -lbpf -o $@

E2E_LIBS_k8swatch := -ljansson -levent_core
$(BUILD)/tests/e2e/k8swatch: $(K8S_SOURCE:%.c=$(BUILD)/%.o)

$(BUILD)/tests/e2e/%: $(BUILD)/tests/e2e/%.o
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(E2E_LIBS_$*) -o $@

.PHONY: bench-build
bench-build: all $(BENCH_BIN) $(BENCH_BPF)

## bench: weft and its peers alternately in one run; BENCH_ARGS go to tests/bench/bench
.PHONY: bench
bench: bench-build
	$(Q)$(PYTHON) tests/bench/bench --build $(BUILD) $(BENCH_ARGS)

## bench-check: fails where a program has grown by more than a tenth in instructions (bench-baseline: that is the new size)
.PHONY: bench-check bench-baseline
bench-check: bench-build
	$(Q)$(PYTHON) tests/bench/instructions check --build $(BUILD)

bench-baseline: bench-build
	$(Q)$(PYTHON) tests/bench/instructions update --build $(BUILD)

## bench-executed: bench-check, and what a packet executes by stage, in an emulated guest; BENCH_WHAT=update stores it
.PHONY: bench-executed
bench-executed: bench-build
	$(Q)$(PYTHON) tests/bench/instructions $(or $(BENCH_WHAT),check) --executed --build $(BUILD)

## fuzz: packets, tunnel headers, configurations, API and CNI requests, capture files, objects of
##   Kubernetes and its API servers, FUZZ_SECONDS each
FUZZ_SECONDS ?= 30
.PHONY: fuzz
fuzz: $(FUZZ_BIN)
	$(Q)scripts/run-fuzz $(FUZZ_SECONDS) $(FUZZ_BIN)

FUZZ_WITH_fuzz_config := $(filter-out loader/main.c,$(LOADER_SRC)) $(LIBS)
FUZZ_WITH_fuzz_api := $(FUZZ_WITH_fuzz_config)
FUZZ_WITH_fuzz_k8s := $(FUZZ_WITH_fuzz_config)
FUZZ_WITH_fuzz_cni := loader/cni/conf.c loader/cni/result.c -ljansson
FUZZ_WITH_fuzz_pcap := loader/capture_words.c loader/pcap_read.c
FUZZ_WITH_fuzz_k8s_source := loader/k8s_kinds.c \
			     $(patsubst %,loader/k8s_source_%.c,lines items trim store event status) -ljansson
# clang takes a variable that is only there to be cleaned up for unused.
FUZZ_FLAGS := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Wno-unused-variable
$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(filter-out loader/main.c,$(LOADER_SRC)) $(wildcard loader/cni/*.c) Makefile | $(SKELS)
	$(call msg,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(FUZZ_FLAGS) $< \
		$(FUZZ_WITH_$*) -o $@

## check: formatting, static analysis, and the unit tests under sanitizers
.PHONY: check
check:
	$(Q)scripts/check

## install: the binary, man page, documentation and systemd unit; honours PREFIX and DESTDIR
.PHONY: install
install: all
	install -D -m 0755 $(BUILD)/weft $(DESTDIR)$(SBINDIR)/weft
	install -D -m 0755 $(BUILD)/weft-cni $(DESTDIR)$(CNIDIR)/weft-cni
	install -D -m 0644 docs/weft.8 $(DESTDIR)$(MANDIR)/man8/weft.8
	install -d $(DESTDIR)$(DOCDIR)
	install -m 0644 README.md LICENSE $(DOC_FILES) $(DESTDIR)$(DOCDIR)
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|@SBINDIR@|$(SBINDIR)|' dist/weft@.service >$(DESTDIR)$(UNITDIR)/weft@.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/weft@.service

## uninstall: removes what install put there
.PHONY: uninstall
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/weft $(DESTDIR)$(CNIDIR)/weft-cni $(DESTDIR)$(MANDIR)/man8/weft.8
	rm -f $(addprefix $(DESTDIR)$(DOCDIR)/,README.md LICENSE $(notdir $(DOC_FILES)))
	rm -f $(DESTDIR)$(UNITDIR)/weft@.service
	-rmdir $(DESTDIR)$(DOCDIR)

## clean: removes what was built
.PHONY: clean
clean:
	rm -rf $(BUILD)

## help: this list
.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
