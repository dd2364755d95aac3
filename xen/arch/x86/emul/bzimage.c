/* SPDX-License-Identifier: MIT */
/*
 * The packed kernel in Linux's bzImage: <emul/bzimage.h> has the format.  All
 * sums are of 32-bit fields in 64 bits, so none wraps.
 */
#include <emul/bzimage.h>
#include <hv/lib.h>

#define SECTOR 512UL
#define DEFAULT_SECTORS 4
#define VERSION_PAYLOAD 0x0208
#define APPENDED 4 /* bytes of the size */

enum {
    SETUP_SECTORS = 0x1f1,
    SIGNATURE = 0x1fe,
    HEADER = 0x202,
    VERSION = 0x206,
    PAYLOAD_OFFSET = 0x248,
    PAYLOAD_LENGTH = 0x24c,
    HEADER_END = 0x250,
};

static const struct {
    const char *name;
    uint8_t magic_size;
    uint8_t magic[6];
} packers[] = {
    [PACKER_UNKNOWN] = { "an unknown format", 0, { 0 } },
    [PACKER_GZIP] = { "gzip", 2, { 0x1f, 0x8b } },
    [PACKER_BZIP2] = { "bzip2", 3, { 'B', 'Z', 'h' } },
    [PACKER_LZMA] = { "lzma", 3, { 0x5d, 0, 0 } },
    [PACKER_XZ] = { "xz", 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
    [PACKER_LZO] = { "lzo", 4, { 0x89, 'L', 'Z', 'O' } },
    [PACKER_LZ4] = { "lz4", 4, { 0x02, 0x21, 0x4c, 0x18 } },
    [PACKER_ZSTD] = { "zstd", 4, { 0x28, 0xb5, 0x2f, 0xfd } },
};

static uint32_t read32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

bool bzimage_detect(const void *file, size_t bytes)
{
    static const uint8_t signature[2] = { 0x55, 0xaa };
    const uint8_t *p = file;

    return bytes >= VERSION && !memcmp(p + SIGNATURE, signature, 2) &&
           !memcmp(p + HEADER, "HdrS", 4);
}

static enum bzimage_packer find_packer(const uint8_t *packed, uint32_t bytes)
{
    for ( unsigned int i = PACKER_UNKNOWN + 1; i < ARRAY_SIZE(packers); i++ )
        if ( bytes >= packers[i].magic_size &&
             !memcmp(packed, packers[i].magic, packers[i].magic_size) )
            return i;
    return PACKER_UNKNOWN;
}

const char *bzimage_check(const void *file, size_t bytes, struct bzimage *bz)
{
    const uint8_t *p = file;
    uint64_t start, length;

    if ( bytes < HEADER_END )
        return "it is cut off in its header";
    if ( (p[VERSION] | p[VERSION + 1] << 8) < VERSION_PAYLOAD ||
         !read32(p + PAYLOAD_OFFSET) )
        return "it does not say where its kernel is, as Linux does from "
               "2.6.26 on";
    start = ((p[SETUP_SECTORS] ? p[SETUP_SECTORS] : DEFAULT_SECTORS) + 1) *
            SECTOR + read32(p + PAYLOAD_OFFSET);
    length = read32(p + PAYLOAD_LENGTH);
    if ( start > bytes || length > bytes - start )
        return "it is cut off: its kernel lies beyond its end";
    if ( length <= APPENDED || !read32(p + start + length - APPENDED) )
        return "there is no kernel in it";

    bz->packed = p + start;
    bz->packed_size = (uint32_t)length;
    bz->size = read32(p + start + length - APPENDED);
    bz->packer = find_packer(bz->packed, bz->packed_size - APPENDED);
    if ( bz->packer != PACKER_GZIP )
        bz->packed_size -= APPENDED;
    return NULL;
}

const char *bzimage_packer_name(enum bzimage_packer packer)
{
    return packers[packer].name;
}
