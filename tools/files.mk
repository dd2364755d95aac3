# SPDX-License-Identifier: MIT
# The libraries, in link order, and the programs.
libraries := toollog foreignmemory ctrl
include $(patsubst %,tools/libs/%/files.mk,$(libraries))

programs := oriel-dm
oriel-dm-src := $(addprefix tools/dm/,main.c server.c serve.c uart.c block.c \
    trace.c)
oriel-dm-libs := -lxenctrl -lxenforeignmemory -lxendevicemodel -lxenevtchn \
    $(own-libs)
-include tools/oriel/files.mk
