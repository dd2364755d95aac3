# SPDX-License-Identifier: MIT
#
# libxenctrl: what it is built from.  Two checks go with it, both needing
# libxen-dev 4.17, neither needing Xen:
#
#   check-prototypes         signatures and layouts equal those of its xenctrl.h
#   check-calls [LIBDIR]     hypercalls, results and errno equal those of its
#                            library, call by call, byte by byte

ctrl-name := libxenctrl
ctrl-soname := libxenctrl.so.4.17
ctrl-version := 4.17.0
ctrl-src := $(addprefix tools/libs/ctrl/, \
              altp2m.c buffer.c call.c compat.c core.c cpu.c cpupool.c \
              debug.c domain.c evtchn.c flask.c foreign.c gnttab.c host.c \
              hvm.c kexec.c limits.c livepatch.c log.c memory.c monitor.c \
              pm.c psr.c pt.c pv.c sched.c seed.c sharing.c trace.c \
              translate.c util.c vcpu.c)
ctrl-map := tools/libs/ctrl/libxenctrl.map
ctrl-libs := -lxentoollog -lxenforeignmemory -lxencall -lxendevicemodel \
    -lxenevtchn -lxengnttab
ctrl-pc := tools/libs/ctrl/xencontrol.pc.in
ctrl-headers := include/xenctrl.h include/xenctrl_compat.h

# tests/unit/test-ctrl*.c are linked with ctrl-src, -lxentoollog (or
# toollog-src) and tests/unit/ctrl-xen.c, which plays the other three libraries.
