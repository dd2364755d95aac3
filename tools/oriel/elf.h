/* SPDX-License-Identifier: MIT */
/*
 * A guest kernel as an ELF file: what to load where, and where it starts.
 *
 * Pure: bytes in, description out.  Nothing is allocated, read or printed, and
 * every offset and size in the file is taken for hostile.  The description
 * holds numbers only; offsets are into the file that was parsed.
 */
#ifndef ORIEL_ELF_H
#define ORIEL_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 32
#define ELF_WHY_MAX 160

struct elf_segment {
    uint64_t paddr; /* guest-physical */
    uint64_t memsz; /* bytes there; not 0 */
    uint64_t offset, filesz; /* the first of them, in the file; filesz <= memsz,
                              * the rest is zeroed */
};

struct elf_image {
    unsigned int bits; /* 32 or 64 */
    unsigned int nr_segments;
    struct elf_segment segment[ELF_SEGMENTS_MAX]; /* by rising paddr */
    uint64_t start, end; /* guest-physical; end is the byte behind the last */
    uint64_t entry; /* guest-physical, below 4 GiB, inside a segment */
    bool has_note; /* entry is that of XEN_ELFNOTE_PHYS32_ENTRY */
};

/* A range of guest RAM: start <= address < end. */
struct elf_range {
    uint64_t start, end;
};

/*
 * Reads the headers, the PT_LOAD segments (those of memsz 0 are left out) and
 * the Xen notes of a little-endian ELF32 or ELF64 file for x86.  Segments are
 * placed by p_paddr.  The entry is that of the note "Xen" PHYS32_ENTRY, else
 * e_entry, translated to physical when it is a virtual address of a segment.
 * Notes are padded to 4 bytes; a note that is longer than its segment ends the
 * search in that segment.
 *
 * 0, or a negative errno with a sentence in why, which names the offending
 * header and the values:
 *
 *   -ENOEXEC  not ELF, not x86, not an executable
 *   -EINVAL   a header or a segment of notes lies outside the file; the
 *             PHYS32_ENTRY note has neither 4 nor 8 bytes; a segment's size or
 *             address overflows; segments overlap; nothing to load; the entry
 *             is in no segment or not below 4 GiB
 *   -E2BIG    more than ELF_SEGMENTS_MAX segments, or 64 program headers
 */
int elf_parse(const void *file, size_t size, struct elf_image *image,
              char why[ELF_WHY_MAX]);

/*
 * 0 if every segment lies inside one of the ranges, else -ENOSPC with a
 * sentence that names the segment and the memory there is.
 */
int elf_check_fit(const struct elf_image *image, const struct elf_range *ram,
                  unsigned int nr_ram, char why[ELF_WHY_MAX]);

#endif
