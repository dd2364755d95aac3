/* SPDX-License-Identifier: MIT */
/* Devices of a PC that a device model emulates, used without interrupts. */
#ifndef TESTS_GUEST_PC_H
#define TESTS_GUEST_PC_H

#include "guest.h"

/* ---- pc-disk.c: the first disk of the first IDE channel ---- */

#define SECTOR_BYTES 512U

struct disk {
    uint32_t sectors;
    char model[41]; /* without the blanks at its end */
};
/* False: there is none. */
bool disk_identify(struct disk *disk);
/* One sector; false: the disk reports an error. */
bool disk_read(uint32_t sector, void *to);
bool disk_write(uint32_t sector, const void *from);

/* ---- pc-display.c: a VGA adapter at PCI function f ---- */

/* Set text mode 3, with the font that the adapter's ROM has; false: it has none. */
bool display_text_mode(unsigned int f);
void display_write(unsigned int row, unsigned int column, const char *s);

#endif
