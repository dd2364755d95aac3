# SPDX-License-Identifier: MIT
# Fuzz targets: tests/fuzz/fuzz-NAME.c each, with the shared files and the
# hosted machine; with driver.c a program of its own, without it libFuzzer's.
fuzz-targets := hypercall compat dm-op ioreq stub grant fifo elf insn bzimage \
    platform records pv
fuzz-shared := $(addprefix tests/fuzz/,fuzz.c cost.c snapshot.c gen.c \
    gen-guest.c gen-memory.c gen-compat.c \
    gen-event.c gen-dm.c gen-control.c) tools/oriel/elf.c
fuzz-driver := tests/fuzz/driver.c
# Of one target.
fuzz-own-pv := tests/fuzz/pv-calls.c
fuzz-own-platform := $(addprefix tests/fuzz/platform-,machine.c model.c cpu.c \
    record.c context.c)
fuzz-own-records := $(fuzz-own-platform)
ldflags-fuzz-platform := -Wl,--wrap=vlapic_deliver
ldflags-fuzz-records := $(ldflags-fuzz-platform)
# What 32-bit callers name lies below 4 GiB.
ldflags-fuzz-compat := -no-pie
# What `make check` does with each: its corpus, and this many operations.
fuzz-check-ops := 300000
