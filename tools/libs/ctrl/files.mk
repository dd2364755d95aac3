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
              buffer.c call.c core.c cpupool.c domain.c evtchn.c foreign.c \
              gnttab.c host.c hvm.c limits.c log.c memory.c pt.c seed.c vcpu.c)
ctrl-map := tools/libs/ctrl/libxenctrl.map
ctrl-libs := -lxentoollog -lxenforeignmemory -lxencall -lxendevicemodel
ctrl-pc := tools/libs/ctrl/xencontrol.pc.in
ctrl-headers := include/xenctrl.h

# tests/unit/test-ctrl.c is linked with ctrl-src and -lxentoollog (or
# toollog-src): it plays the other three libraries.
