/* SPDX-License-Identifier: MIT */
/*
 * dom0's kernel unpacked: what liblzma and zlib packed comes out, and
 * nothing that is damaged anywhere, cut off or of another size.
 *
 * Packed bytes and room for what comes out are heap blocks of exactly their
 * size, for the address sanitizer.
 *
 * Seen failing with: done or used not compared, and each case of the libraries'
 * answers made the default one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/arch/x86/dom0/unpack.c"

#define BYTES 3000
#define PACKED_MAX 4096

static uint8_t content[BYTES], packed[PACKED_MAX];
static size_t packed_bytes;

/* Not too easy, not random: text of a few letters, with calls for x86's. */
static void make_content(void)
{
    uint32_t x = 1;

    for ( unsigned int i = 0; i < BYTES; i++ )
    {
        x = x * 1103515245 + 12345;
        content[i] = i % 16 ? (uint8_t)('a' + (x >> 16) % 8) : 0xe8;
    }
}

static void pack_xz(lzma_check check)
{
    lzma_options_lzma options;
    lzma_filter filters[] = {
        { LZMA_FILTER_X86, NULL },
        { LZMA_FILTER_LZMA2, &options },
        { LZMA_VLI_UNKNOWN, NULL },
    };

    make_content();
    assert_false(lzma_lzma_preset(&options, 0));
    packed_bytes = 0;
    assert_int_equal(lzma_stream_buffer_encode(filters, check, NULL, content,
                                               BYTES, packed, &packed_bytes,
                                               PACKED_MAX), LZMA_OK);
}

static void pack_gzip(void)
{
    z_stream s = { .next_in = content, .avail_in = BYTES,
                   .next_out = packed, .avail_out = PACKED_MAX };

    make_content();
    assert_int_equal(deflateInit2(&s, 9, Z_DEFLATED, 16 + MAX_WBITS, 8,
                                  Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
    packed_bytes = s.total_out;
    assert_int_equal(deflateEnd(&s), Z_OK);
}

/* Unpack so many of the packed bytes; *same: it is what was packed. */
static const char *try_unpack(enum bzimage_packer packer, size_t bytes,
                              uint32_t size, bool *same)
{
    uint8_t *in = malloc(bytes ? bytes : 1), *out = malloc(size);
    struct bzimage bz = {
        .packed = in, .packed_size = (uint32_t)bytes,
        .size = size, .packer = packer,
    };
    const char *why;

    memcpy(in, packed, bytes);
    why = unpack(&bz, out);
    *same = !why && size == BYTES && !memcmp(out, content, BYTES);
    free(in);
    free(out);
    return why;
}

static void refused(enum bzimage_packer packer, size_t bytes, uint32_t size,
                    const char *words)
{
    bool same;
    const char *why = try_unpack(packer, bytes, size, &same);

    assert_non_null(why);
    if ( !strstr(why, words) )
        fail_msg("\"%s\" instead of \"%s\"", why, words);
}

static void check_sizes(enum bzimage_packer packer)
{
    bool same;

    assert_null(try_unpack(packer, packed_bytes, BYTES, &same));
    assert_true(same);
    refused(packer, packed_bytes, BYTES + 1, "not as long");
    refused(packer, packed_bytes, BYTES - 1, "not as long");
    refused(packer, packed_bytes, 1, "not as long");
    refused(packer, packed_bytes + 1, BYTES, "not as long");
    for ( size_t bytes = 0; bytes < packed_bytes; bytes++ )
        refused(packer, bytes, BYTES, "damaged");
}

/* With a bit wrong anywhere: refused, or all the same what was packed. */
static void check_bits(enum bzimage_packer packer, unsigned int max_accepted)
{
    unsigned int accepted = 0;

    for ( size_t at = 0; at < packed_bytes; at++ )
        for ( unsigned int bit = 0; bit < 8; bit++ )
        {
            bool same;

            packed[at] ^= (uint8_t)(1U << bit);
            if ( !try_unpack(packer, packed_bytes, BYTES, &same) )
            {
                assert_true(same);
                accepted++;
            }
            packed[at] ^= (uint8_t)(1U << bit);
        }
    assert_true(accepted <= max_accepted);
}

static void test_xz(void **state)
{
    (void)state;
    pack_xz(LZMA_CHECK_CRC32);
    check_sizes(PACKER_XZ);
    check_bits(PACKER_XZ, 8); /* a few of LZMA2's mean nothing */
}

static void test_xz_checks(void **state)
{
    static const lzma_check checks[] = {
        LZMA_CHECK_NONE, LZMA_CHECK_CRC64, LZMA_CHECK_SHA256,
    };
    bool same;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(checks); i++ )
    {
        pack_xz(checks[i]);
        assert_null(try_unpack(PACKER_XZ, packed_bytes, BYTES, &same));
        assert_true(same);
    }
}

/* What no version of xz writes, with check sums that are right. */
static void test_xz_unknown(void **state)
{
    uint32_t crc;

    (void)state;
    pack_xz(LZMA_CHECK_CRC32);
    packed[7] = packed[packed_bytes - 3] = 2; /* a kind of check */
    crc = lzma_crc32(packed + 6, 2, 0);
    memcpy(packed + 8, &crc, sizeof(crc));
    refused(PACKER_XZ, packed_bytes, BYTES, "not known");

    pack_xz(LZMA_CHECK_CRC32);
    assert_memory_equal(packed + 18, "\x04\0\x21", 3);
    packed[18] = 0x20; /* the filter, in 12 bytes with a sum of their own */
    crc = lzma_crc32(packed + 12, 12, 0);
    memcpy(packed + 24, &crc, sizeof(crc));
    refused(PACKER_XZ, packed_bytes, BYTES, "not known");
}

static void test_gzip(void **state)
{
    (void)state;
    pack_gzip();
    check_sizes(PACKER_GZIP);
    check_bits(PACKER_GZIP, 64); /* time and system, in its header */
}

static void test_knows(void **state)
{
    (void)state;
    for ( unsigned int i = PACKER_UNKNOWN; i <= PACKER_ZSTD; i++ )
        assert_int_equal(unpack_knows(i),
                         i == PACKER_XZ || i == PACKER_GZIP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xz),       cmocka_unit_test(test_xz_checks),
        cmocka_unit_test(test_xz_unknown), cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
