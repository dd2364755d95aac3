# SPDX-License-Identifier: MIT
# The libraries, in link order, and the programs.
libraries := toollog foreignmemory ctrl ioreq
include $(patsubst %,tools/libs/%/files.mk,$(libraries))

programs := oriel-dm
# liboriel-ioreq is in it, so that it runs where only Debian's libraries are.
oriel-dm-src := $(addprefix tools/dm/,main.c devices.c server.c overlap.c uart.c \
    block.c lines.c pci.c trace.c output.c) $(ioreq-src)
# Why: copy_operand() in tools/libs/ioreq/private.h.
$(B)/hosted/tools/dm/%.o: inc = $(inc-tool) $(ioreq-cflags)
oriel-dm-libs := -lxenctrl -lxenforeignmemory -lxendevicemodel -lxenevtchn \
    $(own-libs)
-include tools/oriel/files.mk
