# SPDX-License-Identifier: MIT
ioreq-name := liboriel-ioreq
ioreq-soname := liboriel-ioreq.so.1
ioreq-version := 1.0
ioreq-src := $(addprefix tools/libs/ioreq/,open.c claim.c serve.c memory.c \
    slots.c loop.c)
ioreq-map := tools/libs/ioreq/liboriel-ioreq.map
ioreq-libs := -lxendevicemodel -lxenforeignmemory -lxenevtchn
ioreq-pc := tools/libs/ioreq/oriel-ioreq.pc.in
ioreq-headers := include/oriel-ioreq.h
# Why: copy_operand() in private.h.
ioreq-cflags := -mgeneral-regs-only
$(B)/hosted/tools/libs/ioreq/%.o: inc = $(inc-tool) $(ioreq-cflags)

# tests/unit/test-ioserver*.c are linked with ioreq-src: they play the three
# other libraries.
