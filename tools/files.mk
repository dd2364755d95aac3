# SPDX-License-Identifier: MIT
# The libraries, in link order, and the programs.
libraries := toollog foreignmemory ctrl
include $(patsubst %,tools/libs/%/files.mk,$(libraries))

programs := oriel-dm
oriel-dm-src := $(addprefix tools/dm/,main.c devices.c server.c serve.c \
    memory.c uart.c block.c lines.c pci.c trace.c output.c)
# Why: copy_operand() in tools/dm/dm.h.
$(B)/hosted/tools/dm/%.o: inc = $(inc-tool) -mgeneral-regs-only
oriel-dm-libs := -lxenctrl -lxenforeignmemory -lxendevicemodel -lxenevtchn \
    $(own-libs)
-include tools/oriel/files.mk
