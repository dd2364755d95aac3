/* SPDX-License-Identifier: MIT */
/*
 * dom0's kernel out of its file, by Debian's libraries: xz by liblzma, gzip by
 * zlib.  The file may be damaged in any way; they find that, and never write
 * beyond what they are given.
 */
#include <hv/lib.h>

/* Both want headers of a C library otherwise; <hv/types.h> has what they use. */
#define LZMA_MANUAL_HEADERS
#define Z_SOLO
#include <lzma.h>
#include <zlib.h>

#include "unpack.h"

static const char damaged[] = "it is damaged: install it anew";
static const char no_memory[] =
    "the unpacker needs more memory: give dom0 more with dom0_mem=";
static const char wrong_size[] =
    "it is damaged: it is not as long as it says: install it anew";

static const char *unpack_xz(const struct bzimage *bz, void *out)
{
    uint64_t limit = UINT64_MAX;
    size_t used = 0, done = 0;

    switch ( lzma_stream_buffer_decode(&limit, LZMA_TELL_UNSUPPORTED_CHECK,
                                       NULL, bz->packed, &used,
                                       bz->packed_size, out, &done, bz->size) )
    {
    case LZMA_OK:
        return used == bz->packed_size && done == bz->size ? NULL : wrong_size;
    case LZMA_BUF_ERROR:
        return wrong_size;
    case LZMA_MEM_ERROR:
        return no_memory;
    case LZMA_OPTIONS_ERROR:
    case LZMA_UNSUPPORTED_CHECK:
        return "its form of xz is not known here: pack it as Linux does";
    default:
        return damaged;
    }
}

static const char *unpack_gzip(const struct bzimage *bz, void *out)
{
    z_stream s = {
        .next_in = (Bytef *)(uintptr_t)bz->packed, /* is only read */
        .avail_in = bz->packed_size,
        .next_out = out,
        .avail_out = bz->size,
    };
    int rc = inflateInit2(&s, 16 + MAX_WBITS); /* 16: gzip's frame */

    if ( rc == Z_OK )
    {
        rc = inflate(&s, Z_FINISH);
        (void)inflateEnd(&s);
    }
    switch ( rc )
    {
    case Z_STREAM_END:
        return !s.avail_in && !s.avail_out ? NULL : wrong_size;
    case Z_BUF_ERROR:
        return wrong_size;
    case Z_MEM_ERROR:
        return no_memory;
    default:
        return damaged;
    }
}

bool unpack_knows(enum bzimage_packer packer)
{
    return packer == PACKER_XZ || packer == PACKER_GZIP;
}

const char *unpack(const struct bzimage *bz, void *out)
{
    return bz->packer == PACKER_XZ ? unpack_xz(bz, out) : unpack_gzip(bz, out);
}
