# SPDX-License-Identifier: MIT
# oriel, the toolstack, and oriel-config, which reads configuration files for
# it: see config-reader.c for why that is a program of its own.
#
# oriel finds our libraries in LIBDIR (own-libs) when LD_LIBRARY_PATH does not
# say otherwise.  oriel-config wants the libxenctrl of libxenlight, not
# ours, so its unresolved symbols must not stop the link.
oriel-dir := tools/oriel/
oriel-src := $(addprefix $(oriel-dir),main.c say.c signals.c xen.c uuid.c state.c \
    dm.c config.c config-keys.c elf.c layout.c build.c build-domain.c \
    build-memory.c build-cpu.c create.c list.c control.c console.c \
    resources.c snapshot.c claims.c resources-text.c resources-json.c \
    trace.c trace-text.c counters.c)
oriel-libs := -lxenctrl -lxenforeignmemory -lxentoollog -lxenevtchn -lxengnttab \
    $(own-libs)
oriel-config-src := $(addprefix $(oriel-dir),config-reader.c)
oriel-config-libs := -lxlutil -Wl,--allow-shlib-undefined
programs += oriel oriel-config
