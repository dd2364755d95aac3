/* SPDX-License-Identifier: MIT */
/*
 * The reader of bzImages: what it finds, each refusal, and files with every
 * byte of the header changed and cut at every length.
 *
 * A file lies in a heap block of exactly its size, so that the address
 * sanitizer sees a step aside.
 *
 * Seen failing with: a length that is added to the start in 32 bits; no
 * default for the sectors; the size taken off gzip's payload too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <emul/bzimage.h>

#define SECTORS 2
#define PAYLOAD_AT (3 * 512 + 0x40)
#define PAYLOAD_BYTES 0x80
#define FILE_BYTES (PAYLOAD_AT + PAYLOAD_BYTES + 0x20)
#define HEADER_END 0x250
#define SIZE 0x12345678

static uint8_t file[FILE_BYTES];

static void store(size_t at, unsigned int bytes, uint64_t value)
{
    memcpy(file + at, &value, bytes);
}

static void make_image(const char *magic, size_t magic_bytes)
{
    memset(file, 0xee, sizeof(file));
    file[0x1f1] = SECTORS;
    memcpy(file + 0x1fe, "\x55\xaa", 2);
    memcpy(file + 0x202, "HdrS", 4);
    store(0x206, 2, 0x208);
    store(0x248, 4, 0x40);
    store(0x24c, 4, PAYLOAD_BYTES);
    memcpy(file + PAYLOAD_AT, magic, magic_bytes);
    store(PAYLOAD_AT + PAYLOAD_BYTES - 4, 4, SIZE);
}

static void make_xz(void)
{
    make_image("\xfd" "7zXZ\0", 6);
}

/* bz->packed becomes an offset. */
static const char *try_file(size_t bytes, struct bzimage *bz, size_t *at)
{
    uint8_t *copy = malloc(bytes ? bytes : 1);
    const char *why = "it is no bzImage";

    memcpy(copy, file, bytes);
    if ( bzimage_detect(copy, bytes) )
        why = bzimage_check(copy, bytes, bz);
    if ( !why )
    {
        *at = (size_t)((const uint8_t *)bz->packed - copy);
        assert_true(*at <= bytes && bz->packed_size <= bytes - *at);
        assert_true(bz->size);
    }
    free(copy);
    return why;
}

static void test_payload(void **state)
{
    struct bzimage bz;
    size_t at;

    (void)state;
    make_xz();
    assert_null(try_file(FILE_BYTES, &bz, &at));
    assert_int_equal(at, PAYLOAD_AT);
    assert_int_equal(bz.packed_size, PAYLOAD_BYTES - 4);
    assert_int_equal(bz.size, SIZE);
    assert_int_equal(bz.packer, PACKER_XZ);

    make_image("\x1f\x8b", 2); /* its last bytes are a part of it */
    assert_null(try_file(FILE_BYTES, &bz, &at));
    assert_int_equal(bz.packed_size, PAYLOAD_BYTES);
    assert_int_equal(bz.size, SIZE);
    assert_int_equal(bz.packer, PACKER_GZIP);
}

static void test_default_sectors(void **state)
{
    static uint8_t image[5 * 512 + 0x20];
    struct bzimage bz;

    (void)state;
    make_xz();
    memcpy(image, file, HEADER_END);
    image[0x1f1] = 0;
    memset(image + 0x248, 0, 8);
    image[0x248] = 0x10;
    image[0x24c] = 0x10;
    image[sizeof(image) - 1] = 1;
    assert_null(bzimage_check(image, sizeof(image), &bz));
    assert_ptr_equal(bz.packed, image + 5 * 512 + 0x10);
    assert_int_equal(bz.size, 0x01000000);
    assert_int_equal(bz.packer, PACKER_UNKNOWN);
}

static void packed_with(const char *name, const char *magic, size_t bytes)
{
    struct bzimage bz;
    size_t at;

    make_image(magic, bytes);
    assert_null(try_file(FILE_BYTES, &bz, &at));
    assert_string_equal(bzimage_packer_name(bz.packer), name);
}

static void test_packers(void **state)
{
    (void)state;
    packed_with("gzip", "\x1f\x8b", 2);
    packed_with("bzip2", "BZh9", 4);
    packed_with("lzma", "\x5d\0\0\x80", 4);
    packed_with("xz", "\xfd" "7zXZ\0", 6);
    packed_with("lzo", "\x89LZO", 4);
    packed_with("lz4", "\x02\x21\x4c\x18", 4);
    packed_with("zstd", "\x28\xb5\x2f\xfd", 4);
    packed_with("an unknown format", "\x7f" "ELF", 4);
}

static void refused(const char *words)
{
    struct bzimage bz;
    size_t at;
    const char *why = try_file(FILE_BYTES, &bz, &at);

    assert_non_null(why);
    if ( !strstr(why, words) )
        fail_msg("\"%s\" instead of \"%s\"", why, words);
    make_xz();
}

static void test_refusals(void **state)
{
    (void)state;
    make_xz();
    file[0x1fe] = 0;
    refused("no bzImage");
    file[0x205] = 's';
    refused("no bzImage");
    store(0x206, 2, 0x207);
    refused("does not say where");
    store(0x248, 4, 0);
    refused("does not say where");
    store(0x24c, 4, PAYLOAD_BYTES + 0x21);
    refused("cut off");
    store(0x24c, 4, UINT32_MAX);
    refused("cut off");
    store(0x24c, 4, UINT32_MAX - PAYLOAD_AT + 0x10);
    refused("cut off");
    store(0x248, 4, FILE_BYTES);
    refused("cut off");
    store(0x248, 4, UINT32_MAX - 0x100);
    refused("cut off");
    file[0x1f1] = 255;
    refused("cut off");
    store(0x24c, 4, 0);
    refused("no kernel");
    store(0x24c, 4, 4);
    refused("no kernel");
    store(PAYLOAD_AT + PAYLOAD_BYTES - 4, 4, 0);
    refused("no kernel");
}

static void test_any_length(void **state)
{
    struct bzimage bz;
    size_t at;

    (void)state;
    make_xz();
    for ( size_t bytes = 0; bytes < FILE_BYTES; bytes++ )
        assert_int_equal(try_file(bytes, &bz, &at) == NULL,
                         bytes >= PAYLOAD_AT + PAYLOAD_BYTES);
}

static void test_any_byte(void **state)
{
    unsigned int accepted = 0;

    (void)state;
    make_xz();
    for ( unsigned int at = 0x1f0; at < HEADER_END; at++ )
        for ( unsigned int value = 0; value < 256; value++ )
        {
            uint8_t was = file[at];
            struct bzimage bz;
            size_t offset;

            file[at] = (uint8_t)value;
            accepted += !try_file(FILE_BYTES, &bz, &offset);
            file[at] = was;
        }
    assert_true(accepted > 256 && accepted < 96 * 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_default_sectors),
        cmocka_unit_test(test_packers),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_any_length),
        cmocka_unit_test(test_any_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
