/* SPDX-License-Identifier: MIT */
/* Between the files of dom0/. */
#ifndef DOM0_PRIVATE_H
#define DOM0_PRIVATE_H

#include <x86/dom0.h>

#define DOM0_CMDLINE 2048 /* Linux's COMMAND_LINE_SIZE */

/*
 * Kernel, initrd, ACPI tables and start info to l->ram, which is dom0's, and
 * d->memory_map.  The modules are not needed any more then.  Panics with what
 * is wrong.
 */
void dom0_load(struct domain *d, struct dom0_layout *l);

/* devices.c: dom0's I/O APICs, one for each of the machine's; -ENOMEM. */
int dom0_devices_init(struct domain *d);

#endif
