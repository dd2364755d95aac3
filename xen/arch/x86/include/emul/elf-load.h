/* SPDX-License-Identifier: MIT */
/*
 * A kernel as an ELF file in memory: checking the file, and loading its
 * segments.
 *
 * The file's content is not trusted: nothing outside of the file is read, and
 * nothing outside of [low, high) is written.
 */
#ifndef EMUL_ELF_LOAD_H
#define EMUL_ELF_LOAD_H

#include <hv/types.h>

struct elf_image {
    uint64_t low, high; /* guest-physical range of all segments          */
    uint64_t entry;     /* of XEN_ELFNOTE_PHYS32_ENTRY, in [low, high)   */
};

/*
 * Check a file of size bytes.  NULL, and *img is filled: the file is a PVH
 * kernel, that is ELF64 for x86-64, little endian, below 4 GiB, with the note
 * that names the entry.  Otherwise a message that says what is wrong.
 */
const char *elf_load_check(const void *file, size_t size,
                           struct elf_image *img) must_check;

/*
 * Copy the segments of a file that elf_load_check() accepted, unchanged since,
 * to memory[address - img->low].  Bytes of a segment beyond its bytes in the
 * file become 0; bytes between segments stay.  memory has img->high - img->low
 * bytes and does not overlap the file.
 */
void elf_load(const void *file, size_t size, const struct elf_image *img,
              void *memory);

#endif
