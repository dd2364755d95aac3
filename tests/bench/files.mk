# SPDX-License-Identifier: MIT
# make bench: build/bench/PROGRAM from PROGRAM-src, and what it is linked with.
# scripts/bench runs them.
bench-core-src := $(addprefix tests/bench/,core.c core-acquire.c \
    core-ioreq.c core-scale.c bench.c) tests/unit/fixture.c
bench-core-libs := -lcmocka -lm
bench-hosted-src := tests/bench/hosted.c tests/bench/bench.c \
    tests/contract/ct.c
bench-hosted-libs := -lxenctrl -lxenforeignmemory -lxentoollog \
    -lxendevicemodel -lxencall -lxengnttab -lm $(own-libs)
bench-roundtrip-src := tests/bench/roundtrip.c tests/bench/bench.c \
    $(addprefix tools/dm/,server.c trace.c output.c) $(ioreq-src)
bench-roundtrip-libs := -lxenctrl -lxenforeignmemory -lxendevicemodel \
    -lxenevtchn -lm $(own-libs)
bench-report-src := $(addprefix tests/bench/,report.c svg.c)
bench-report-libs := -lm
# scripts/bench-guests
bench-guests-run-src := tests/bench/guests.c tests/bench/bench.c
bench-guests-run-libs := -lxenctrl -lxenevtchn -lm $(own-libs)
# Measured in dom0 of a real machine: scripts/bench-xen.
bench-vm-calls-src := tests/bench/vm-calls.c tests/contract/ct.c
bench-vm-calls-libs := -lxenctrl -lxenforeignmemory -lxentoollog \
    -lxendevicemodel -lxencall -ldl
# In a second machine, with an HVM guest under QEMU whose /init is qemu-guest.
bench-qemu-boot-src := tests/bench/qemu-boot.c
bench-qemu-boot-libs := -lxenctrl
