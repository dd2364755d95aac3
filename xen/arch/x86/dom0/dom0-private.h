/* SPDX-License-Identifier: MIT */
/* Between the files of dom0/. */
#ifndef DOM0_PRIVATE_H
#define DOM0_PRIVATE_H

#include <emul/ram-map.h>

#define DOM0_CMDLINE 2048 /* Linux's COMMAND_LINE_SIZE */

struct domain;

/* load.c: what of dom0 is where; addresses are the machine's and dom0's. */
struct dom0_layout {
    struct ram_map ram;
    struct ram_range acpi;
    uint64_t start_info;
    uint64_t entry; /* 32-bit, paging off */
};

/*
 * Kernel, initrd, ACPI tables and start info to l->ram, which is dom0's, and
 * d->memory_map.  The modules are not needed any more then.  Panics with what
 * is wrong.
 */
void dom0_load(struct domain *d, struct dom0_layout *l);

/* devices.c: dom0's I/O APICs, one for each of the machine's; -ENOMEM. */
int dom0_devices_init(struct domain *d);

#endif
