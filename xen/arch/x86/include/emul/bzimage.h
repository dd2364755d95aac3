/* SPDX-License-Identifier: MIT */
/*
 * Linux's bzImage: where in the file the packed kernel is.
 *
 *   0                     512 * (sectors + 1)                     end of file
 *   | boot sector, setup  | loader of its own | payload | ...     |
 *                         |<- payload offset->|<-length->|
 *
 * The setup header, little endian, as Linux's Documentation/arch/x86/boot.rst
 * has it:
 *
 *   1f1  1  sectors of the setup behind the boot sector; 0: 4
 *   1fe  2  55 aa
 *   202  4  "HdrS"
 *   206  2  version; the two below are there from 2.08 on
 *   248  4  offset of the payload; 0: not said
 *   24c  4  its length
 *
 * The payload begins with the magic number of its format.  Its last 4 bytes are
 * the size of the unpacked kernel: gzip's format ends with the size, to other
 * formats Linux's build appends it.
 *
 * The file's content is not trusted: nothing outside of the file is read.
 */
#ifndef EMUL_BZIMAGE_H
#define EMUL_BZIMAGE_H

#include <hv/types.h>

enum bzimage_packer {
    PACKER_UNKNOWN,
    PACKER_GZIP,
    PACKER_BZIP2,
    PACKER_LZMA,
    PACKER_XZ,
    PACKER_LZO,
    PACKER_LZ4,
    PACKER_ZSTD,
};

struct bzimage {
    const void *packed;         /* in the file, at any alignment          */
    uint32_t packed_size;       /* without the size appended by the build */
    uint32_t size;              /* unpacked, as the file says; > 0        */
    enum bzimage_packer packer;
};

/* Has the file the signatures of a bzImage? */
bool bzimage_detect(const void *file, size_t bytes);

/*
 * Check a file for which bzimage_detect() is true.  NULL, and *bz is filled; or
 * a message that says what is wrong.
 */
const char *bzimage_check(const void *file, size_t bytes,
                          struct bzimage *bz) must_check;

/* "xz", "an unknown format", ... */
const char *bzimage_packer_name(enum bzimage_packer packer);

#endif
