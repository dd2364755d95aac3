# SPDX-License-Identifier: MIT
# One flat Makefile.  Every file that is built stands in a list: xen/files.mk,
# tools/files.mk, tests/files.mk.  All output goes under build/.
#
# A variant is a set of flags; build/VARIANT/PATH.o is made from PATH.c:
#   hosted  optimised          asan  address + undefined behaviour sanitizer
#   tsan    thread sanitizer   fuzz  libFuzzer, asan    cov  line coverage

# As many jobs as there are processors, unless -j says otherwise; what a target
# prints stays together.
MAKEFLAGS += --no-builtin-rules -Otarget -j$(shell nproc)
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

CC := gcc
CLANG := clang
# A place of its own: Debian's xl needs Debian's libxenctrl in the usual one.
PREFIX ?= /opt/oriel
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR ?=
B := build
V ?= 0
VERSION := 0.2.0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

# Whatever is built depends on the rules, and on the list that it stands in or
# that has its flags.
rules := Makefile
xen-lists := xen/files.mk
bare-lists := xen/files.mk xen/arch/x86/files.mk
tool-lists := tools/files.mk $(wildcard tools/*/files.mk tools/libs/*/files.mk)
test-lists := tests/files.mk
list-of = $(wildcard tests/$(1)/files.mk)

# $(eval $(call link,TARGET,OBJECTS AND ARCHIVES,LISTS,OPTIONS[,COMPILER]))
define link
$(1): $(2) $(3) $(rules)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(or $(5),$(CC)) -pthread -o $$@ $$(filter %.o %.a,$$^) $(4)
endef
# The same from sources, with our libraries.
define program
$(call link,$(1),$(call objs,hosted,$(2)),$(3),-L$(B)/lib $(4) $(LDFLAGS) -Wl$(comma)-rpath-link$(comma)$(B)/lib)
$(1): | libs
endef
comma := ,

# Programs find our libraries in ../lib, or where else LIBDIR is; the libraries
# find each other.  Another LIBDIR links the programs anew.
own-place := $(if $(filter $(PREFIX)/lib,$(LIBDIR)),$$$$ORIGIN/../lib,$(LIBDIR))
own-libs := -Wl,-rpath,'$(own-place)'
own-stamp := $(B)/.libs-in-$(notdir $(subst /,_,$(subst $$,,$(own-place))))
lib-flags := -Wl,-rpath,'$$$$ORIGIN' $(LDFLAGS) -L$(B)/lib

include xen/files.mk xen/arch/x86/files.mk
include tools/files.mk
include tests/files.mk
include tests/limits
-include tests/guest/files.mk
-include tests/contract/files.mk tests/fuzz/files.mk tests/model/files.mk \
    tests/bench/files.mk tests/vm/files.mk

warn := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
        -Wundef -Wvla -Werror
version-flag := -DORIEL_VERSION='"$(VERSION)"'
cflags := -std=gnu11 -g -fno-common -fno-strict-aliasing $(warn)

# Who builds packages gives CPPFLAGS, CFLAGS and LDFLAGS for what is installed.
flags-hosted = -O2 $(CPPFLAGS) $(CFLAGS)
flags-asan := -O1 -DDEBUG -DCOUNT_STEPS -fsanitize=address,undefined \
              -fno-sanitize-recover=all -fno-omit-frame-pointer
flags-tsan := -O1 -DDEBUG -Wno-tsan -fsanitize=thread
flags-fuzz := -O1 -DDEBUG -Wno-atomic-alignment -fsanitize=fuzzer-no-link,address,undefined \
              -fno-sanitize-recover=all
# Some functions of libc have another name in such a program.
flags-fortified := -O2 -D_FORTIFY_SOURCE=2
flags-cov := -O0 -DDEBUG
# Of what is measured: the rest need not count its lines.
measured-cov := --coverage -fprofile-update=atomic
# A vcpu_info of a 32-bit guest is aligned to 4 bytes: x86 has atomic accesses to it.
flags-clang := -O2 -DDEBUG -Wno-atomic-alignment
# Variants whose core counts its steps: hv/budget.h.
steps-asan := -fsanitize-coverage=trace-pc
link-hosted = $(LDFLAGS)
link-asan := -fsanitize=address,undefined
link-tsan := -fsanitize=thread
# clang calls a function for 8 bytes at 4: the clocks of 32-bit guests.
link-fuzz := -fsanitize=fuzzer,address,undefined -latomic
link-cov := --coverage
cc-fuzz := $(CLANG)
cc-clang := $(CLANG)
cc-of = $(or $(cc-$(1)),$(CC))
variants := hosted asan tsan fuzz cov clang fortified
$(foreach v,asan tsan fuzz cov clang,$(eval need-$(v) := $(B)/.need-check))

# The core sees no libc header; the hosted machine sees both worlds.
inc-core := -ffreestanding -nostdinc -D__XEN__ -Iinclude -Ixen/include \
            -isystem xen/include/std -Ixen/arch/hosted/include \
            -Ixen/arch/x86/include
inc-hosted := -pthread -D__XEN__ $(version-flag) -Iinclude -Ixen/include \
              -Ixen/arch/hosted/include -Ixen/arch/x86/include
limits := -DWAIT_LIMIT=$(WAIT_LIMIT)U -DPROGRAM_LIMIT=$(PROGRAM_LIMIT)U
inc-test := $(inc-hosted) -Itests/unit $(limits)
inc-tool := -pthread -D__XEN_TOOLS__ -Iinclude -Itools/include $(version-flag)

# $(call objs,VARIANT,SOURCES)
objs = $(patsubst %.c,$(B)/$(1)/%.o,$(2))
core-src := $(common-y) $(lib-y) $(emul-y) $(pv-mm-y)
machine-src := $(core-src) $(hosted-y)

define variant_rules
$(B)/$(1)/xen/common/%.o $(B)/$(1)/xen/lib/%.o $(B)/$(1)/xen/arch/x86/emul/%.o \
$(B)/$(1)/xen/arch/x86/pv-mm/%.o: inc = $(inc-core) $(steps-$(1))
$(B)/$(1)/xen/arch/hosted/%.o: inc = $(inc-hosted)
$(B)/$(1)/tests/%.o: inc = $(inc-test)
$(B)/$(1)/tools/%.o: inc = $(inc-tool)
$(B)/$(1)/%.o: %.c $(rules) | $(B)/.need-build $(need-$(1))
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(call cc-of,$(1)) $(cflags) $(flags-$(1)) $$(inc) -MMD -MP -c $$< -o $$@
$(B)/$(1)/libmachine.a: $(call objs,$(1),$(machine-src)) $(xen-lists) $(rules)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar crs $$@ $$(filter %.o,$$^)
endef
$(foreach v,$(variants),$(eval $(call variant_rules,$(v))))
# The coverage of xen/common: its files, and tests that include one of them.
$(B)/cov/xen/common/%.o: inc = $(inc-core) $(measured-cov)
$(patsubst %.c,$(B)/cov/%.o,$(shell grep -l 'xen/common/.*\.c"' tests/unit/*.c)): \
    inc = $(inc-test) $(measured-cov)
# During an audit nothing is counted anyway: hv/budget.h.
$(patsubst %.c,$(B)/asan/%.o,$(audit-y)): inc = $(inc-core)

# The hosted hypervisor, the library that gives programs its /dev/xen, and the
# one that traces their calls.
tracer-headers := $(wildcard xen/arch/hosted/tracer/*.h include/xen/*.h \
    include/xen/*/*.h) $(addprefix xen/arch/hosted/,preload/preload.h include/wire.h)
server-obj = $(call objs,$(1),$(server-y) $(engine-y))
define server_rules
$(call link,$(2)/xen-hosted,$(call server-obj,$(1)) $(B)/$(1)/libmachine.a,$(xen-lists),$(link-$(1)) -lunicorn,$(call cc-of,$(1)))
$(2)/oriel-devxen.so: $(preload-y) $(wildcard xen/arch/hosted/preload/*.h) \
		xen/arch/hosted/include/wire.h $(xen-lists) $(rules) | $(B)/.need-build
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(cflags) -O2 -fPIC -shared -fvisibility=hidden -pthread \
		-Iinclude -Ixen/arch/hosted/include $(preload-y) -o $$@
$(2)/oriel-tracer.so: $(tracer-y) $(tracer-headers) $(xen-lists) $(rules) \
		| $(B)/.need-build
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(cflags) -O2 -fPIC -shared -fvisibility=hidden -pthread \
		-D__XEN_TOOLS__ -Iinclude -Ixen/arch/hosted/include $(tracer-y) -o $$@
endef
$(eval $(call server_rules,hosted,$(B)/bin))
$(foreach v,asan tsan cov,$(eval $(call server_rules,$(v),$(B)/$(v)/bin)))

hosted: $(B)/bin/xen-hosted $(B)/bin/oriel-devxen.so $(B)/bin/oriel-tracer.so

# The bare hypervisor: one image for every loader, build/oriel.elf, and the same
# with assertions, lock order and a check of each guest entry,
# build/oriel-debug.elf.  Linked twice, since an image carries the names of its
# own functions.
bare-src := $(common-y) $(lib-y) $(bare-lib-y) $(emul-y) $(pv-mm-y) $(x86-y)
# It is optimised as a whole: what the core asks of the machine is inline then.
# No switch becomes a table: that would be indexed by what guests choose, behind
# a branch only (hv/array.h).
bare-code := -O2 -flto=auto -fPIE -fvisibility=hidden -mno-red-zone \
    -fno-jump-tables -fno-tree-switch-conversion -mgeneral-regs-only \
    -fno-omit-frame-pointer -fno-stack-protector -fcf-protection=none \
    -fno-asynchronous-unwind-tables -ffreestanding
bare-flags := $(bare-code) -nostdinc -D__XEN__ -Iinclude \
    -Ixen/include -isystem xen/include/std -Ixen/arch/x86/include
bare-link = $(CC) $(bare-code) -nostdlib -static -no-pie -Wl,--build-id=none \
    -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
    -Wl,--no-warn-rwx-segments -Wl,-T,$(x86-lds)
# Debian's archives unpack dom0's kernel: dom0/library.c.
bare-archives := -llzma -lz
bare-flags-bare :=
bare-flags-bare-debug := -DDEBUG

# VARIANT, IMAGE
define bare_rules
$(1)-obj := $(bare-src:%=$(B)/$(1)/%.o)
$(B)/$(1)/xen/lib/string.c.o: bare-flags += -fno-lto \
    -fno-tree-loop-distribute-patterns
$(B)/$(1)/xen/arch/x86/dom0/unpack.c.o: bare-flags += -idirafter /usr/include
$(B)/$(1)/%.c.o: %.c $(rules) | $(B)/.need-build
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(cflags) $$(bare-flags) $(bare-flags-$(1)) \
		-include x86/hidden.h -MMD -MP -c $$< -o $$@
$(B)/$(1)/%.S.o: %.S $(rules) | $(B)/.need-build
	$$(call say,AS,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $$(bare-flags) $(bare-flags-$(1)) -D__ASSEMBLY__ \
		-MMD -MP -c $$< -o $$@
$(B)/$(1)/names.o: $(B)/$(1)/nameless.elf xen/arch/x86/cpu/make-names
	$$(Q)xen/arch/x86/cpu/make-names $$< >$$(@:.o=.S)
	$$(Q)$(CC) -c $$(@:.o=.S) -o $$@
$(B)/$(1)/nameless.elf: $$($(1)-obj) $(x86-lds) $(bare-lists) $(rules)
	$$(Q)$(bare-link) -o $$@ $$($(1)-obj) $(bare-archives)
$(2): $$($(1)-obj) $(B)/$(1)/names.o $(x86-lds)
	$$(call say,LD,$$@)
	$$(Q)$(bare-link) -o $$@ $$($(1)-obj) $(B)/$(1)/names.o $(bare-archives)
endef
$(eval $(call bare_rules,bare,$(B)/oriel.elf))
$(eval $(call bare_rules,bare-debug,$(B)/oriel-debug.elf))
bare: $(B)/oriel.elf
debug: $(B)/oriel-debug.elf

# The libraries: build/lib/libX.so.N.M with its soname links.
define library_rules
$(1)-real := $(B)/lib/$$($(1)-name).so.$$($(1)-version)
$(1)-link := $(B)/lib/$$($(1)-name).so
$(1)-obj := $$($(1)-src:%.c=$(B)/lib/obj/%.o)
$$($(1)-obj): $(B)/lib/obj/%.o: %.c $(rules) | $(B)/.need-build
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(cflags) $(flags-hosted) -fPIC $$($(1)-cflags) -Iinclude -MMD -MP -c $$< -o $$@
$$(eval $$(call link,$$($(1)-real),$$($(1)-obj),$$($(1)-map) $(tool-lists),\
    -shared -Wl$$(comma)-soname$$(comma)$$($(1)-soname) -Wl$$(comma)-z$$(comma)defs \
    -Wl$$(comma)--version-script=$$($(1)-map) $$(lib-flags) $$($(1)-libs)))
$$($(1)-link): $$($(1)-real)
	$$(Q)ln -sf $$(<F) $(B)/lib/$$($(1)-soname)
	$$(Q)ln -sf $$($(1)-soname) $$@
endef
$(foreach l,$(libraries),$(eval $(call library_rules,$(l))))
$(foreignmemory-real): $(toollog-link)
$(ctrl-real): $(toollog-link) $(foreignmemory-link)
$(ioreq-real): $(foreignmemory-link)
libs: $(foreach l,$(libraries),$($(l)-link))

# Programs: linked with our libraries, found beside them at run time too.
$(foreach p,$(programs),$(eval $(call program,$(B)/bin/$(p),$($(p)-src),$(tool-lists),$($(p)-libs))))
# What is linked, or compiled, as its list says.
$(foreach v,hosted clang,$(foreach p,$(programs),$(eval \
    $(call objs,$(v),$($(p)-src)): $(tool-lists))))
programs: $(programs:%=$(B)/bin/%)
# One that is not there counts, whatever .SECONDARY says of files.
.PHONY: $(if $(wildcard $(own-stamp)),,$(own-stamp))
$(own-stamp):
	@mkdir -p $(B) && rm -f $(B)/.libs-in-* && touch $@
$(programs:%=$(B)/bin/%): $(own-stamp)

# Guests: PVH images.
define guest_rules
$(B)/guest/$(1).elf: $$(guest-$(1)-src:%=$(B)/guest/%.o) \
		$$(or $$(guest-$(1)-lds),$$(guest-lds)) $(call list-of,guest) $(rules)
	$$(call say,LD,$$@)
	$$(Q)$(CC) $$(guest-cflags) $$(guest-ldflags) $$(guest-$(1)-ldflags) \
		-T $$(or $$(guest-$(1)-lds),$$(guest-lds)) -o $$@ \
		$$(guest-$(1)-src:%=$(B)/guest/%.o)
endef
$(foreach g,$(guests),$(eval $(call guest_rules,$(g))))
$(B)/guest/%.o: % $(rules) $(call list-of,guest) | $(B)/.need-build
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -g $(warn) $(guest-cflags) -MMD -MP -c $< -o $@
guests: $(guests:%=$(B)/guest/%.elf)
# A guest for firmware and a boot loader: a Linux kernel's file by its looks.
$(B)/guest/fuzz-devices.elf: $(guest-fuzz-devices-src:%=$(B)/guest/32/%.o) \
		$(guest-fuzz-devices-lds) $(call list-of,guest) $(rules)
	$(call say,LD,$@)
	$(Q)$(CC) $(guest-32-cflags) $(guest-ldflags) -T $(guest-fuzz-devices-lds) \
		-o $@ $(guest-fuzz-devices-src:%=$(B)/guest/32/%.o)
$(B)/guest/fuzz-devices.bin: $(B)/guest/fuzz-devices.elf
	$(Q)objcopy -O binary -j .setup -j .kernel $< $@

# The same programs as 32-bit code: NAME-32.elf.
define guest_32_rules
$(B)/guest/$(1)-32.elf: $$(guest-$(1)-src:%=$(B)/guest/32/%.o) $$(guest-lds) \
		$(call list-of,guest) $(rules)
	$$(call say,LD,$$@)
	$$(Q)$(CC) $$(guest-32-cflags) $$(guest-ldflags) -T $$(guest-lds) -o $$@ \
		$$(guest-$(1)-src:%=$(B)/guest/32/%.o)
endef
$(foreach g,$(guests-32),$(eval $(call guest_32_rules,$(g))))
$(B)/guest/32/%.o: % $(rules) $(call list-of,guest) | $(B)/.need-build
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -g $(warn) $(guest-32-cflags) -MMD -MP -c $< -o $@
guests: $(guests-32:%=$(B)/guest/%-32.elf)

# Unit tests: one file, one program, on a hosted machine of its own; those of
# the libraries link the library's sources and play what is below it.
# $(call unit,VARIANT,NAME,OBJECTS,OPTIONS)
unit = $(call link,$(B)/$(1)/tests/unit/test-$(2),$(call objs,$(1),tests/unit/test-$(2).c) $(3),$(test-lists),$(link-$(1)) $(4) -lcmocka,$(call cc-of,$(1)))
unit-machine = $(call objs,$(1),tests/unit/fixture.c) $(B)/$(1)/libmachine.a
define unit_rules
$(foreach t,$(unit-core) $(unit-race),$(eval $(call unit,$(1),$(t),$(call unit-machine,$(1)),$(ldflags-test-$(t)))))
$(foreach t,$(unit-engine),$(eval $(call unit,$(1),$(t),$(call objs,$(1),$(engine-y)) $(call unit-machine,$(1)),$(ldflags-test-$(t)) -lunicorn)))
$(foreach t,$(unit-alone),$(eval $(call unit,$(1),$(t),,$(ldflags-test-$(t)) $(libs-test-$(t)))))
endef
$(foreach v,asan tsan cov,$(eval $(call unit_rules,$(v))))
$(foreach v,asan tsan cov,\
    $(eval $(call unit,$(v),tracer,$(call objs,$(v),$(decoder-y))))\
    $(eval $(call unit,$(v),toollog,$(call objs,$(v),$(toollog-src)),$(toollog-test-ldflags)))\
    $(foreach t,$(unit-foreignmemory),$(eval $(call unit,$(v),$(t),$(call objs,$(v),tests/unit/privcmd-kernel.c $(foreignmemory-src) $(toollog-src)),$(foreignmemory-test-ldflags) -lxentoolcore)))\
    $(foreach t,$(unit-ioreq),$(eval $(call unit,$(v),$(t),$(call objs,$(v),$(ioreq-src)),$(ldflags-test-$(t)))))\
    $(foreach t,$(unit-ctrl),$(eval $(call unit,$(v),$(t),$(call objs,$(v),tests/unit/ctrl-xen.c $(ctrl-src) $(toollog-src)),-lxendevicemodel -lxenevtchn -lxengnttab))))

-include $(shell find $(variants:%=$(B)/%) $(B)/bare $(B)/bare-debug $(B)/lib $(B)/guest -name '*.d' -type f 2>/dev/null)

# ---- tests ----

# Those that take longest first.
unit-names := $(unit-core) $(unit-race) $(unit-libs) $(unit-engine)
slow-first = $(filter $(unit-slow),$(1)) $(filter-out $(unit-slow),$(1))
unit-progs := $(addprefix $(B)/asan/tests/unit/test-,$(call slow-first,$(unit-names)))
race-progs := $(addprefix $(B)/tsan/tests/unit/test-,$(unit-race) $(race-alone))

# Debian packages: looked for once, installed when missing.
$(B)/.need-%: scripts/need
	@scripts/need $*
	@mkdir -p $(B) && touch $@

.PHONY: check check-abi check-unit check-race check-libs check-debian check-trace check-trace-xen check-toolstack
check-abi: | $(B)/.need-build $(B)/.need-check
	$(Q)scripts/run-tests ABI tests/abi/run
check-unit: guests $(unit-progs)
	$(Q)scripts/run-tests unit $(unit-progs)
# Threads: the core's races, and the whole server under its busiest clients.
race-clients := $(addprefix $(B)/contract/ct-,parallel killed evtchn files)
check-race: $(race-progs) $(B)/tsan/bin/xen-hosted $(B)/tsan/bin/oriel-devxen.so \
    $(race-clients)
	$(Q)scripts/run-tests threads $(race-progs)
	$(Q)scripts/run-tests "threads of the server" --wrap \
	    "env CT_CYCLES=400 $(B)/tsan/bin/xen-hosted --audit --" $(race-clients)
debian-packages := xen-utils-4.17 qemu-system-xen libxenmisc4.17 xenstore-utils \
    libvirt-daemon-driver-xen
$(B)/debian/done/%: | $(B)/.need-debian
	@scripts/fetch-debian $*
debian: $(debian-packages:%=$(B)/debian/done/%)
check-libs: libs debian | $(B)/.need-check
	$(Q)scripts/run-tests libraries scripts/check-libs \
	    tools/libs/ctrl/check-prototypes tools/libs/ctrl/check-calls
# Unmodified, with Debian's libraries and with ours.
debian-run = scripts/run-tests "Debian's programs with $(1) libraries" --wrap \
    "env LD_LIBRARY_PATH=$(2) $(B)/bin/xen-hosted --audit --" \
    $(addprefix $(B)/debian/root/usr/lib/xen-4.17/bin/,test-resource test-paging-mempool)
check-debian: hosted libs debian | $(B)/.need-check
	$(Q)$(call debian-run,Debian's,)
	$(Q)$(call debian-run,our,$(CURDIR)/$(B)/lib)

# --trace, with Debian's programs.
check-trace: hosted programs guests debian | $(B)/.need-check
	$(Q)scripts/run-tests "calls traced" tests/programs/tracer
# The same calls on Debian's Xen, in QEMU.
check-trace-xen: hosted $(B)/.need-vm dom0
	$(Q)scripts/run-tests "calls traced on Xen" --limit MACHINE \
	    tests/programs/tracer-xen

# Debian's daemons and xl, and what they reach dom0's kernel by.
check-toolstack: hosted libs programs guests debian $(B)/vm/screen \
    $(B)/vm/patient-xl.so \
    $(contract-store:%=$(B)/contract/%) \
    $(B)/asan/bin/xen-hosted $(B)/asan/bin/oriel-devxen.so | $(B)/.need-check
	$(Q)scripts/run-tests "the toolstack in a process" tests/programs/toolstack \
	    tests/programs/toolstack-qemu
	$(Q)scripts/run-tests "beside xenstored" --wrap \
	    "env XEN_HOSTED=$(B)/asan/bin/xen-hosted scripts/hosted --audit --toolstack --" \
	    $(contract-store:%=$(B)/contract/%)

# The public libraries' contract, as programs that run on any hypervisor.
$(foreach p,$(contract-progs),$(eval $(call program,$(B)/contract/$(p),$($(p)-src),$(call list-of,contract),$(contract-libs))))
$(foreach v,hosted clang,$(eval $(call objs,$(v),$(foreach p,$(contract-progs),$($(p)-src))): $(call list-of,contract)))

# The files, as a program that is built as Debian's are.
$(eval $(call link,$(B)/contract/ct-files-fortified,$(call objs,fortified,$(ct-files-src)),$(call list-of,contract),-L$(B)/lib $(contract-libs) $(LDFLAGS) -Wl$(comma)-rpath-link$(comma)$(B)/lib))
$(B)/contract/ct-files-fortified: | libs
$(call objs,fortified,$(ct-files-src)): $(call list-of,contract)

# With our libraries, the server sanitized, and with Debian's; each run
# recounts all references.
contract-run = scripts/run-tests "contract with $(1) libraries" --wrap \
    "env CT_CYCLES=400 LD_LIBRARY_PATH=$(2) $(3) --audit --" $(4:%=$(B)/contract/%)
check-contract: hosted $(B)/asan/bin/xen-hosted $(B)/asan/bin/oriel-devxen.so \
    $(contract-progs:%=$(B)/contract/%) $(B)/contract/ct-files-fortified
	$(Q)$(call contract-run,our,$(CURDIR)/$(B)/lib,$(B)/asan/bin/xen-hosted,$(filter-out $(contract-store),$(contract-progs)) ct-files-fortified)
	$(Q)$(call contract-run,Debian's,,$(B)/bin/xen-hosted,$(contract-both))

# Which lines of the core the unit tests reach.
# Without test-budget, which needs a core that counts its steps (asan).
cover-progs := $(addprefix $(B)/cov/tests/unit/test-, \
    $(call slow-first,$(filter-out budget,$(unit-core))))
cover: $(cover-progs) | $(B)/.need-cover
	$(Q)find $(B)/cov -name '*.gcda' -delete
	$(Q)scripts/run-tests coverage $(cover-progs)
	$(Q)gcovr -r . --object-directory $(B)/cov --filter xen/common/ \
		--exclude-lines-by-pattern '.*(BUG_ON|ASSERT|ASSERT_UNREACHABLE)\(.*' \
		--txt $(B)/coverage.txt --print-summary >$(B)/coverage.log
	$(Q)sed -n '/^xen/p' $(B)/coverage.txt | awk '{ print "  " $$4, $$1 }' | sort -n | head -5
	@echo "line coverage of xen/common: $$(awk '/^lines/ { print $$2, $$3, $$4, $$5, $$6 }' $(B)/coverage.log)"

# Fuzz targets: build/VARIANT/tests/fuzz/NAME is a program of its own that
# replays inputs or makes operations; build/fuzz/NAME is libFuzzer's.
$(foreach t,$(fuzz-targets),$(foreach v,asan hosted,$(eval \
    $(call link,$(B)/$(v)/tests/fuzz/$(t),$(call objs,$(v),tests/fuzz/fuzz-$(t).c \
        $(fuzz-shared) $(fuzz-own-$(t)) $(fuzz-driver)) $(B)/$(v)/libmachine.a,$(call list-of,fuzz),\
        $(link-$(v)) $(ldflags-fuzz-$(t))))))
# The machine's variables in sections that can be told: tests/fuzz/snapshot.h.
$(B)/fuzz/libcore.a: $(B)/fuzz/libmachine.a
	$(Q)objcopy --rename-section .data=core_data \
		--rename-section .data.rel.local=core_data \
		--rename-section .bss=core_bss $< $@
$(foreach t,$(fuzz-targets),$(eval $(call link,$(B)/fuzz/$(t),$(call objs,fuzz,\
    tests/fuzz/fuzz-$(t).c $(fuzz-shared) $(fuzz-own-$(t))) $(B)/fuzz/libcore.a,$(call list-of,fuzz),\
    $(link-fuzz) $(ldflags-fuzz-$(t)),$(CLANG))))

# The audit's comparisons tell libFuzzer nothing about the input.
$(patsubst %.c,$(B)/fuzz/%.o,$(audit-y)): flags-fuzz += -fno-sanitize-coverage=trace-cmp

# make fuzz T=dm-op S=60: one target for so many seconds.
T ?= ioreq
S ?= 60
fuzz: $(B)/fuzz/$(T)
	@mkdir -p $(B)/fuzz/corpus/$(T)
	cd $(B)/fuzz && ./$(T) -max_total_time=$(S) -max_len=1024 corpus/$(T) \
		../../tests/fuzz/corpus/$(T)
# Every target for S seconds; then what adds coverage is kept with the source.
fuzz-all: $(fuzz-targets:%=$(B)/fuzz/%)
	@$(foreach t,$(fuzz-targets),$(MAKE) --no-print-directory fuzz T=$(t) S=$(S) &&) :
	@$(foreach t,$(fuzz-targets),scripts/fuzz-keep $(t) &&) :

fuzz-progs := $(fuzz-targets:%=$(B)/asan/tests/fuzz/%)
check-fuzz: $(fuzz-progs)
	$(Q)scripts/run-tests fuzz --args \
		'tests/fuzz/corpus/@ --ops $(fuzz-check-ops) --seed 1' \
		$(fuzz-progs)

$(eval $(call link,$(B)/asan/tests/model/model,$(call objs,asan,$(model-src)) \
    $(B)/asan/libmachine.a,$(call list-of,model),$(link-asan)))
check-model: $(B)/asan/tests/model/model
	$(Q)scripts/run-tests model --args '--ops $(model-check-ops)' $<

# docs/polling.md, exhaustively: with every step, and with each taken away.
check-polling-model: | $(B)/.need-model
	$(Q)scripts/run-tests "polling protocol" tests/model/polling

# ---- benchmarks ----

$(eval $(call link,$(B)/bench/core,$(call objs,hosted,$(bench-core-src)) \
    $(B)/hosted/libmachine.a,$(call list-of,bench),$(bench-core-libs)))
$(foreach b,hosted roundtrip report guests-run vm-calls qemu-boot,$(eval \
    $(call program,$(B)/bench/$(b),$(bench-$(b)-src),$(call list-of,bench),$(bench-$(b)-libs))))
$(eval $(call link,$(B)/bench/qemu-guest,\
    $(call objs,hosted,tests/bench/qemu-guest.c),$(call list-of,bench),-static))
bench: $(B)/.need-check all $(addprefix $(B)/bench/,core hosted roundtrip report)
	$(Q)scripts/bench $(if $(COUNT),--count)

# What an operation costs when there are many of something: docs/scaling.md.
bench-scale: $(B)/.need-plot $(B)/bench/core
	$(Q)scripts/bench-scale

# What docs/ci.md says, in a clean Debian: needs root and Debian's mirror.
check-ci-doc: | $(B)/.need-chroot
	$(Q)scripts/run-tests "docs, taken at their word" --limit MACHINE \
	    tests/programs/ci-doc

# N guests on one hosted hypervisor: VM=1 compares with a machine that boots Xen.
N ?= 1000
bench-guests: all $(B)/bench/guests-run
	$(Q)scripts/bench-guests $(N) $(if $(VM),--vm)

$(eval $(call program,$(B)/ioserver-test/ioserver-dm,tests/programs/ioserver-dm.c \
    $(ioreq-src),$(test-lists),$(oriel-dm-libs)))
$(eval $(call program,$(B)/test-programs/share,tests/programs/share.c,\
    $(test-lists),-lxenctrl -lxenforeignmemory -lxengnttab))
$(B)/hosted/tests/programs/%.o: inc = $(inc-tool)
programs-helpers := $(B)/ioserver-test/ioserver-dm $(B)/test-programs/share
check-programs: all debian $(programs-helpers) | $(B)/.need-check $(B)/.need-gdb
	$(Q)scripts/run-tests programs --wrap \
	    "scripts/hosted --audit --console $(B)/log/console --" \
	    tests/programs/run tests/programs/signals tests/programs/terminal
	$(Q)scripts/run-tests "the hosted machine's life" \
	    tests/programs/hosted-life tests/programs/hang tests/programs/full-disk
	$(Q)scripts/run-tests "what is installed, what manuals say" \
	    tests/programs/installed tests/programs/examples \
	    tests/programs/ioserver \
	    tests/programs/junit tests/programs/need tests/programs/fetch \
	    tests/programs/progress tests/programs/time-limits \
	    tests/programs/rebuild
	$(Q)scripts/run-tests "gdb on the hypervisor" --wrap \
	    "scripts/hosted --audit --console $(B)/log/console --" tests/programs/gdb

vm-list := $(call list-of,vm)
$(eval $(call program,$(B)/vm/keep-dm,$(keep-dm-src),$(vm-list),$(oriel-dm-libs)))
$(eval $(call program,$(B)/vm/many-dm,$(many-dm-src),$(vm-list),$(oriel-dm-libs)))
$(eval $(call program,$(B)/vm/free-pages,tests/vm/pages.c,$(vm-list),-lxenctrl))
$(eval $(call program,$(B)/vm/cpu-time,tests/vm/cpu-time.c,$(vm-list),-lxenctrl))
$(eval $(call program,$(B)/vm/press-key,tests/vm/press.c,$(vm-list),-lxenctrl))
$(eval $(call program,$(B)/vm/set-target,tests/vm/target.c,$(vm-list),-lxenctrl))
$(eval $(call program,$(B)/vm/hypfs,tests/vm/hypfs.c,$(vm-list),-lxenhypfs))
$(eval $(call program,$(B)/vm/vchan,tests/vm/vchan.c,$(vm-list),-lxenvchan))
$(eval $(call program,$(B)/vm/watchdog,tests/vm/watchdog.c,$(vm-list),-lxenctrl))
$(eval $(call program,$(B)/vm/hostile-dm,$(hostile-dm-src),$(vm-list),$(contract-libs)))
$(eval $(call program,$(B)/vm/screen,tests/hvm/screen.c,$(vm-list),))
$(B)/vm/%.so: tests/vm/%.c $(rules) | $(B)/.need-build
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(cflags) $(inc-tool) -fPIC -shared $< $(LDFLAGS) -o $@
$(eval $(call link,$(B)/vm/save-guest,\
    $(call objs,hosted,tests/vm/save-guest.c),$(vm-list),-static -pthread))
$(eval $(call program,$(B)/vm/hold,tests/vm/hold.c,$(vm-list),$(contract-libs)))
$(eval $(call link,$(B)/vm/xl-guest,\
    $(call objs,hosted,tests/vm/xl-guest.c),$(vm-list),-static))
$(foreach p,dom0-memory dom0-devices,$(eval $(call program,$(B)/vm/$(p),\
    tests/vm/$(p).c tests/contract/ct.c,$(vm-list),$(contract-libs))))
$(call objs,hosted,tests/vm/keep.c): $(vm-list)
# On Debian's real Xen, in QEMU: what differs must be in CAVEATS.md.
check-xen: machine-xen machine-hosted
	$(Q)scripts/check-xen -k
# Oriel on a machine of its own, in QEMU; run-vm for people.
vm-programs := $(programs:%=$(B)/bin/%)
run-vm: $(B)/.need-vm bare libs programs guests
	$(Q)scripts/vm --hypervisor oriel $(DOM0:%=--dom0 %) --accel auto --lib-dir $(B)/lib \
	    --power-off -v \
	    $(vm-programs:%=--add %) --add $(B)/guest/hello.elf \
	    --add scripts/demo -- sh /demo / / /tmp/demo
shell-vm: $(B)/.need-vm bare libs programs guests
	$(Q)scripts/vm --hypervisor oriel $(DOM0:%=--dom0 %) --accel auto --lib-dir $(B)/lib --shell \
	    $(vm-programs:%=--add %) --add $(B)/guest/hello.elf
check-vm-progs := $(contract-progs:%=$(B)/contract/%) $(B)/vm/keep-dm \
    $(addprefix $(B)/vm/,free-pages press-key set-target hostile-dm vchan dom0-memory \
        dom0-devices)
dom0: $(B)/.need-vm
	$(Q)scripts/vm --prepare
# Each machine keeps one processor busy, that with Oriel the longest; what runs
# hosted is compared with both.
machine-vm: $(B)/.need-vm all bare debug $(check-vm-progs) dom0
	$(Q)scripts/run-tests "Oriel in QEMU" --limit MACHINE --args --run \
	    scripts/check-vm
machine-xen: $(B)/.need-vm all $(check-vm-progs) dom0
	$(Q)scripts/run-tests "Xen in QEMU" --limit MACHINE --args --run \
	    scripts/check-xen
machine-hosted: all $(check-vm-progs) | $(B)/.need-check
	$(Q)scripts/run-tests "hosted, as in QEMU" --limit MACHINE scripts/check-hosted
check-vm-script: $(B)/.need-vm $(B)/.need-gdb all bare debug \
    $(check-vm-progs) \
    $(addprefix $(B)/vm/,xl-guest watchdog patient-xl.so many-dm) dom0
	$(Q)tests/vm/run
	$(Q)scripts/run-tests "gdb on the bare machine" --limit MACHINE tests/vm/gdb
	$(Q)scripts/run-tests "typing at the serial port" --limit MACHINE \
	    tests/vm/typed
	$(Q)scripts/run-tests "a device model that looks" --limit MACHINE \
	    tests/vm/looks
	$(Q)scripts/run-tests "512 vcpus and eight servers" --limit MACHINE --args 2 \
	    tests/vm/many
	$(Q)scripts/run-tests "PV dom0" --limit MACHINE tests/vm/pv
check-vm: machine-vm machine-hosted check-vm-script
	$(Q)scripts/check-vm -k
# check-vm with an exit of each guest where one comes seldom: in front of whatever it
# is about to do.
check-disturbed: $(B)/.need-vm all bare debug $(check-vm-progs) dom0
	$(Q)scripts/check-vm --disturb
# All that check-vm runs in dom0, in a PV dom0.
check-pv: $(B)/.need-vm all bare debug $(check-vm-progs) dom0
	$(Q)scripts/check-vm --dom0 pv
# blkback and netback in a PV dom0, whose disks do DMA to guests' pages.
MIB ?= 256
check-disks: $(B)/.need-vm all debug $(addprefix $(B)/vm/,press-key patient-xl.so) dom0
	$(Q)scripts/run-tests "disks and networks of guests" --args "$(MIB)" \
	    --limit MACHINE tests/vm/disks
check-machines: check-vm check-xen
# 512 vcpus, eight ioreq servers: 100 requests of each vcpu to each server.
# MANY="15625 8 100": of 8 vcpus, to device models that look before they sleep.
MANY ?= 100
check-many: $(B)/.need-vm all debug $(addprefix $(B)/vm/,many-dm free-pages press-key) \
    dom0
	$(Q)scripts/run-tests "512 vcpus and eight servers" --limit MACHINE \
	    --args "$(MANY)" tests/vm/many
# HVM guests behind unmodified xl and QEMU, on Xen and on Oriel.
dom0-hvm: dom0
	$(Q)scripts/vm --hvm --prepare
machine-hvm-%: $(B)/.need-vm all bare \
    $(addprefix $(B)/vm/,screen press-key patient-xl.so) dom0-hvm
	$(Q)scripts/run-tests "HVM guests on $*" --limit MACHINE \
	    --args "--run $* $(DOM0:%=--dom0 %) $(JOBS)" scripts/check-hvm
check-hvm: machine-hvm-xen machine-hvm-oriel
	$(Q)scripts/check-hvm -k
# Guests that fuzz the devices behind QEMU, for S seconds.
SEED ?= 1
fuzz-hvm: $(B)/.need-vm all debug \
    $(addprefix $(B)/vm/,screen press-key patient-xl.so free-pages) \
    $(B)/guest/fuzz-devices.bin dom0-hvm
	$(Q)scripts/fuzz-hvm $(S) $(SEED)
# QEMU and oriel-dm serve one guest, on Xen and on Oriel.
check-two-dm: $(B)/.need-vm all bare \
    $(addprefix $(B)/vm/,press-key free-pages patient-xl.so) dom0-hvm
	$(Q)scripts/run-tests "two device models on Xen" --args xen tests/hvm/two-dm
	$(Q)scripts/run-tests "two device models on Oriel" --args oriel tests/hvm/two-dm
# Weights, caps, affinities and steal time, by Debian's xl.
check-sched: $(B)/.need-vm all bare debug $(B)/vm/cpu-time dom0
	$(Q)scripts/run-tests "scheduling in QEMU" --limit MACHINE scripts/check-sched
# A Linux guest is saved, restored, moved: on Oriel, from Xen to Oriel, from Oriel to
# Xen.
check-save-progs := $(addprefix $(B)/vm/,save-guest free-pages press-key \
    patient-xl.so rounds.so)
check-save: $(B)/.need-vm debug $(check-save-progs) dom0
	$(Q)scripts/run-tests "saved on Oriel" --limit MACHINE --args 'oriel here move' \
	    tests/vm/save
	$(Q)rm -f $(B)/vm/save-disk
	$(Q)scripts/run-tests "saved on Xen" --args 'xen $(B)/vm/save-disk out' \
	    tests/vm/save
	$(Q)scripts/run-tests "restored on Oriel" \
	    --args 'oriel $(B)/vm/save-disk in' tests/vm/save
	$(Q)rm -f $(B)/vm/save-disk
	$(Q)scripts/run-tests "saved on Oriel for Xen" \
	    --args 'oriel $(B)/vm/save-disk out' tests/vm/save
	$(Q)scripts/run-tests "restored on Xen" --args 'xen $(B)/vm/save-disk in' \
	    tests/vm/save
	$(Q)rm -f $(B)/vm/save-disk
# It moves between two machines, joined by a network; MIGRATIONS times forth and back.
check-migrate: $(B)/.need-vm debug $(check-save-progs) dom0
	$(Q)scripts/run-tests "moved between two machines" --limit MACHINE \
	    --args '$(or $(MIGRATIONS),1)' tests/vm/migrate
# Debian's xl: what each subcommand does, on both.
check-xl-progs := $(addprefix $(B)/vm/,xl-guest hold hypfs free-pages \
    press-key patient-xl.so)
check-xl: $(B)/.need-vm debug $(check-xl-progs) dom0
	$(Q)scripts/run-tests "populate on demand" --limit MACHINE \
	    --args 'oriel demand' tests/vm/xl
# Both machines, for docs/xl.md: tests/vm/xl-table --write writes it.
xl-table: $(B)/.need-vm debug $(check-xl-progs) dom0
	$(Q)for part in table running devices ending; do for on in oriel xen; do \
	    scripts/run-tests "xl on $$on: $$part" --limit MACHINE \
	        --args "$$on $$part" tests/vm/xl || exit 1; done; done
	$(Q)scripts/run-tests "subcommands of xl" tests/vm/xl-table
# A thousand guests, a hundred of those that do what none should, then device
# models that do.
soak: $(B)/.need-vm all bare debug $(check-vm-progs)
	$(Q)scripts/check-vm --soak 1000 --fuzz 100 --fuzz-dm 30
# What operations cost there, and on Oriel in the same machine: docs/bench-vm.md.
bench-machine-progs := $(addprefix $(B)/bench/,vm-calls qemu-boot qemu-guest) \
    $(B)/guest/bench.elf
bench-xen: $(B)/.need-vm libs programs $(bench-machine-progs)
	$(Q)scripts/bench-xen
bench-vm: $(B)/.need-vm libs programs bare $(bench-machine-progs)
	$(Q)scripts/bench-xen --hypervisor oriel$(if $(filter pv,$(DOM0)),-pv)
shell-xen: $(B)/.need-vm all
	$(Q)scripts/vm --lib-dir $(B)/lib $(programs:%=--add $(B)/bin/%) --shell

check-demo: all | $(B)/.need-check
	$(Q)scripts/run-tests demonstration tests/programs/demo
run: all
	$(Q)scripts/hosted --audit -- scripts/demo

# Everything compiles without a warning with clang too.
check-clang: $(call objs,clang,$(machine-src) $(server-y) $(engine-y) \
    $(foreach p,$(programs),$($(p)-src)) $(foreach l,$(libraries),$($(l)-src)))
	@printf '== clang\n  ok    all of it compiles with clang\n' | \
	    tee /dev/fd/2 | scripts/junit $(B)/junit/clang.xml
# scripts/folders makes the objects itself: not beside another make.
lint: $(bare-obj) | $(B)/.need-build
	$(Q)scripts/lint

# The longest first: the machine with Oriel keeps one processor to the end, what
# is compiled and run hosted goes beside it.
all-checks := check-machines check-unit check-contract check-race check-fuzz \
    check-model check-programs check-clang check-abi check-libs check-debian \
    check-trace check-trace-xen check-toolstack check-demo check-lint \
    check-polling-model
check-lint: lint | $(B)/.need-check
	$(Q)printf '== lint\n  ok    scripts/lint\n' | scripts/junit $(B)/junit/lint.xml

# ---- installation ----

# Commands are for people; helpers are run by them.
commands := $(filter-out oriel-config,$(programs)) xen-hosted
helpers := oriel-config oriel-devxen.so oriel-tracer.so
docdir = $(PREFIX)/share/doc/oriel
guestdir = $(docdir)/examples
# Tests to copy: without what somebody has built there.
example-tests := device-model-test toolstack-test kernel-test
install: libs programs hosted guests
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(addprefix $(DESTDIR)$(PREFIX)/,bin \
		libexec/oriel share/man/man1 share/man/man3) $(DESTDIR)$(INCLUDEDIR)/xen \
		$(DESTDIR)$(docdir)/examples $(DESTDIR)$(guestdir)
	$(foreach l,$(libraries),cp -d $(B)/lib/$($(l)-name).so* \
		$(DESTDIR)$(LIBDIR)/ &&) :
	$(foreach l,$(libraries),sed -e 's|@PREFIX@|$(PREFIX)|g' \
		-e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
		-e 's|@VERSION@|$($(l)-version)|g' \
		$($(l)-pc) > \
		$(DESTDIR)$(LIBDIR)/pkgconfig/$(notdir $($(l)-pc:.in=)) &&) :
	install -m 644 $(foreach l,$(libraries),$($(l)-headers)) \
		$(DESTDIR)$(INCLUDEDIR)/
	cp -r include/xen/. $(DESTDIR)$(INCLUDEDIR)/xen/
	install $(commands:%=$(B)/bin/%) $(DESTDIR)$(PREFIX)/bin/
	install $(helpers:%=$(B)/bin/%) $(DESTDIR)$(PREFIX)/libexec/oriel/
	install -m 644 docs/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 docs/man/*.3 $(DESTDIR)$(PREFIX)/share/man/man3/
	install -m 644 README.md LICENSE CAVEATS.md docs/INSTALLED.md \
		docs/resources.schema.json $(DESTDIR)$(docdir)/
	install -m 644 tests/guest/guest.lds $(DESTDIR)$(docdir)/examples/
	install -m 644 $(B)/guest/hello.elf $(DESTDIR)$(guestdir)/
	sed 's|build/guest/|$(guestdir)/|' docs/examples/demo.cfg \
		>$(DESTDIR)$(docdir)/examples/demo.cfg
	$(foreach d,$(example-tests),install -d $(DESTDIR)$(docdir)/examples/$(d) && \
		cp $$(find docs/examples/$(d) -maxdepth 1 -type f) \
		$(DESTDIR)$(docdir)/examples/$(d)/ &&) :
	@echo 'Headers of Xen that $(INCLUDEDIR)/xen does not have come from' \
		'libxen-dev: $(docdir)/INSTALLED.md'

# Debian packages of this tree, in build/deb.
deb: | $(B)/.need-build $(B)/.need-deb
	$(Q)scripts/deb
# They are built without a network, and put into a clean Debian: needs root.
check-deb: | $(B)/.need-build $(B)/.need-deb $(B)/.need-chroot
	$(Q)scripts/run-tests "Debian packages" --limit MACHINE tests/programs/deb

# QEMU and Xen's own programs, from Debian's sources, against make install.
check-sources: all | $(B)/.need-sources
	$(Q)scripts/run-tests "programs written for Xen" --limit MACHINE \
	    tests/programs/sources

.SECONDARY:
all-checks += cover
check: $(all-checks)
# The quick part.
test: check-unit check-contract check-abi check-lint
tests: test
.PHONY: check-polling-model check-disks check-pv check-disturbed check-save check-migrate check-xl xl-table fuzz-hvm test tests check-hvm check-two-dm check-many check-sched dom0 dom0-hvm check-machines machine-vm machine-xen machine-hosted check-vm-script
.PHONY: bench-guests bench-scale check-ci-doc deb check-deb check-sources all bare debug check-vm run-vm shell-vm soak check-xen shell-xen bench bench-xen bench-vm check-fuzz check-model cover fuzz fuzz-all clean help run install libs hosted programs guests debian \
    check-demo check-contract check-programs check-clang check-lint lint
all: libs hosted programs guests

clean:
	rm -rf $(B)

help:
	@echo 'make            the libraries, the hosted hypervisor, programs, guests'
	@echo 'make run        see a guest served: seconds, no root, no VM'
	@echo 'make test       the quick part of them: unit, ABI, contract, lint'
	@echo 'make check      all tests; check-abi, check-unit, ... are its parts:'
	@echo '                $(filter check-%,$(all-checks))'
	@echo 'make bench      what operations cost; COUNT=1 counts instructions too'
	@echo 'make bench-scale   instructions of an operation when there are many of something'
	@echo 'make bench-guests  1000 guests, one after the other, hosted; VM=1 compares with Xen in QEMU'
	@echo 'make fuzz       one target: T=ioreq S=60 (seconds); fuzz-all: each, and keep the corpus'
	@echo 'make cover      which lines of the core the unit tests reach'
	@echo 'make check-xen  the same programs on the real Xen, in QEMU: minutes'
	@echo 'make run-vm     Oriel on a machine of its own, in QEMU: a guest served there'
	@echo 'make debug      build/oriel-debug.elf: assertions, lock order, each guest entry checked'
	@echo 'make check-vm   all of it tested there: minutes; make soak: longer'
	@echo 'make check-ci-doc  the jobs of docs/ci.md in a clean Debian 12, as root'
	@echo 'make check-trace   what scripts/hosted --trace prints; check-trace-xen: the same on Xen'
	@echo 'make fuzz-hvm   guests that fuzz the devices behind QEMU: S=600 (seconds) SEED=1'
	@echo 'make check-pv   what check-vm does, in a PV dom0'
	@echo 'make check-disturbed  check-vm with an exit in front of what guests are about to do'
	@echo 'make check-disks    blkback and netback in a PV dom0; MIB=256'
	@echo 'make check-hvm  HVM guests behind QEMU, on Xen and on Oriel; JOBS="direct1 ide"'
	@echo 'make check-many 512 vcpus whose requests eight ioreq servers answer'
	@echo 'make check-xl   memory of a guest of xl on demand, and its balloon'
	@echo 'make xl-table   subcommands of xl on Xen and on Oriel, and what they do'
	@echo 'make check-save    a Linux guest is saved and restored, between Xen and Oriel, too'
	@echo 'make check-migrate [MIGRATIONS=10]  it moves between two machines, so often forth and back'
	@echo 'make check-two-dm  QEMU and oriel-dm serve one guest, on Xen and on Oriel'
	@echo 'make check-sched  weights, caps, affinities by Debian\''s xl, in QEMU'
	@echo 'make shell-vm   a shell in its dom0'
	@echo 'make bench-xen  what operations cost on the real Xen, in instructions; bench-vm: on Oriel (DOM0=pv)'
	@echo 'make shell-xen  a shell in its dom0'
	@echo 'make libs       libxentoollog, libxenforeignmemory, libxenctrl, liboriel-ioreq in build/lib'
	@echo 'make install    DESTDIR= PREFIX= LIBDIR= INCLUDEDIR='
	@echo 'make deb        Debian packages in build/deb; check-deb: the same in a clean Debian 12, as root'
	@echo 'make check-sources  QEMU and programs of Xen, compiled against make install'
	@echo 'make clean      remove build/'
	@echo 'TIMEOUT_SCALE=N: what hangs is ended after N times as long (tests/limits).'
	@echo 'V=1 shows the commands.'
