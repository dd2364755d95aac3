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

/* What a PV kernel's notes say; all addresses are virtual. */
struct elf_pv {
    uint64_t virt_base;      /* of guest-physical address 0 */
    uint64_t entry;
    uint64_t hypercall_page; /* 0: it has none; else page-aligned, in the image */
    uint64_t p2m;            /* where the P2M list is wanted */
};

/*
 * The notes of a file that elf_load_check() accepted, unchanged since.  NULL,
 * and *pv is filled: it is a 64-bit PV kernel that takes its P2M list anywhere.
 * Otherwise what is wrong.
 */
const char *elf_load_pv(const void *file, size_t size,
                        const struct elf_image *img, struct elf_pv *pv)
    must_check;

/*
 * Copy the segments of a file that elf_load_check() accepted, unchanged since,
 * to memory[address - img->low].  Bytes of a segment beyond its bytes in the
 * file become 0; bytes between segments stay.  memory has img->high - img->low
 * bytes and does not overlap the file.
 */
void elf_load(const void *file, size_t size, const struct elf_image *img,
              void *memory);

#endif
