/* SPDX-License-Identifier: MIT */
/*
 * The layout of a guest's memory.  Pure: numbers in, numbers out.
 *
 *   0x00000000  RAM, 640 KiB
 *   0x000a0000  nothing: accesses go to the device model (VGA's window, where
 *               writes may be buffered)
 *   0x00100000  RAM: kernel, then each on a page of its own the ramdisk, the
 *               start info with its command line, memory map and module list
 *               ...up to the configured size or 0xf0000000
 *   0xf0000000  nothing: devices
 *   0xfeff0000  special pages, reserved in the memory map:
 *                 0-7  for ioreq servers that want their pages by frame number
 *                 8    identity page table, for CPUs that cannot run unpaged
 *                 9    console ring         10  xenstore ring
 *   0x100000000 the rest of RAM
 *
 * The 384 KiB below 1 MiB are not added elsewhere: memory = 16 is 16 MiB minus
 * 384 KiB.
 */
#ifndef ORIEL_LAYOUT_H
#define ORIEL_LAYOUT_H

#include "elf.h"

#define LAYOUT_PAGE 4096ULL

#define LAYOUT_WINDOW 0xa0000ULL
#define LAYOUT_WINDOW_END 0x100000ULL
#define LAYOUT_HOLE 0xf0000000ULL
#define LAYOUT_HOLE_END 0x100000000ULL

#define LAYOUT_SPECIAL_GFN 0xfeff0UL
#define LAYOUT_NR_SPECIAL 11U
#define LAYOUT_NR_RESERVED 16U /* in the memory map */
#define LAYOUT_IOREQ_GFN LAYOUT_SPECIAL_GFN
#define LAYOUT_NR_IOREQ 8U
#define LAYOUT_IDENT_PT_GFN (LAYOUT_SPECIAL_GFN + 8)
#define LAYOUT_CONSOLE_GFN (LAYOUT_SPECIAL_GFN + 9)
#define LAYOUT_XENSTORE_GFN (LAYOUT_SPECIAL_GFN + 10)

#define LAYOUT_MEMORY_MIN_MIB 2U

struct layout {
    struct elf_range ram[3];
    unsigned int nr_ram;
    uint64_t ramdisk, ramdisk_size; /* 0, 0: none */
    uint64_t start_info, start_info_size;
};

/* RAM for that many MiB, at least LAYOUT_MEMORY_MIN_MIB. */
void layout_ram(struct layout *l, uint64_t memory_mib);

/*
 * Places the ramdisk (size 0: none) and the start info behind the kernel.
 * -ENOSPC with a sentence in why when RAM is too small.
 */
int layout_place(struct layout *l, const struct elf_image *kernel,
                 uint64_t ramdisk_size, uint64_t start_info_size,
                 char why[ELF_WHY_MAX]);

/*
 * The start info and what it points to, as one block of bytes for
 * l->start_info.  With a NULL out, its size.  The memory map is that of RAM and
 * the special pages.
 */
size_t layout_start_info(const struct layout *l, const char *cmdline,
                         void *out);

#endif
