/* SPDX-License-Identifier: MIT */
/*
 * A kernel as an ELF file in memory: what it wants, and putting it there.
 *
 * The file may hold anything: nothing outside of it is read, and nothing
 * outside of [low, high) is written.
 */
#ifndef HV_ELF_LOAD_H
#define HV_ELF_LOAD_H

#include <hv/types.h>

struct elf_image {
    uint64_t low, high; /* guest-physical: what its segments cover       */
    uint64_t entry;     /* of XEN_ELFNOTE_PHYS32_ENTRY, in [low, high)   */
};

/*
 * Look at a file of size bytes: NULL, with *img filled, for one that can be
 * entered the PVH way: ELF64 for x86-64, little endian, below 4 GiB, with the
 * note that names the entry.  Else what is wrong with it, for people.
 */
const char *elf_load_check(const void *file, size_t size,
                           struct elf_image *img) must_check;

/*
 * Put the segments of a file that elf_load_check() accepted, unchanged since,
 * at memory[their address - img->low]; bytes that the file does not have
 * become 0, those between segments stay.  memory holds img->high - img->low
 * bytes and does not overlap the file.
 */
void elf_load(const void *file, size_t size, const struct elf_image *img,
              void *memory);

#endif
