/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's reader of bzImages: files that nearly are some.  Each ends
 * where an allocation does, so that reading on shows.  What is accepted must be
 * as emul/bzimage.h promises.
 */
#include "fuzz.h"

#include <emul/bzimage.h>

#define MAX_FILE 4096

static void put(uint8_t *file, unsigned int at, unsigned int bytes, uint64_t v)
{
    memcpy(file + at, &v, bytes);
}

/* An offset or a length: in the file, at its end, at the end of 32 bits. */
static uint32_t number(struct input *in)
{
    static const uint32_t edges[8] = {
        0, 1, 4, 5, 512, MAX_FILE, 0x7fffffff, UINT32_MAX,
    };
    unsigned int b = in8(in);

    if ( b < 0x80 )
        return (uint32_t)in_bytes(in, 2) % MAX_FILE;
    if ( b < 0xe0 )
        return edges[b % 8] - in8(in) % 8;
    return (uint32_t)in_bytes(in, 4);
}

static void put_magic(struct input *in, uint8_t *at)
{
    static const char magics[][7] = {
        "\x1f\x8b", "BZh", "\x5d\0\0", "\xfd\x37zXZ", "\x89LZO",
        "\x02\x21\x4c\x18", "\x28\xb5\x2f\xfd", "\177ELF",
    };

    memcpy(at, magics[in_below(in, ARRAY_SIZE(magics))], 6);
}

static size_t make_file(struct input *in, uint8_t *file)
{
    unsigned int sectors = in_rarely(in, 8) ? in8(in) : in_below(in, 4);
    uint32_t offset = number(in), length = number(in);
    size_t start = ((sectors ? sectors : 4) + 1) * 512UL + offset;
    unsigned int spoilt = in_below(in, 3);

    memset(file, in8(in), MAX_FILE);
    put(file, 0x1f1, 1, sectors);
    put(file, 0x1fe, 2, 0xaa55);
    memcpy(file + 0x202, "HdrS", 4);
    put(file, 0x206, 2, 0x206 + in_below(in, 16));
    put(file, 0x248, 4, offset);
    put(file, 0x24c, 4, length);
    if ( start <= MAX_FILE - 6 )
        put_magic(in, file + start);
    for ( unsigned int i = 0; i < spoilt; i++ )
        file[0x1f0 + in_below(in, 0x60)] = in8(in);
    return in_rarely(in, 4) ? in_bytes(in, 2) % (MAX_FILE + 1) : MAX_FILE;
}

static void check(const uint8_t *file, size_t bytes, const struct bzimage *bz)
{
    const uint8_t *p = bz->packed;
    unsigned int appended = bz->packer == PACKER_GZIP ? 0 : 4;
    uint32_t size;

    if ( p < file + 1024 || p > file + bytes || !bz->packed_size || !bz->size ||
         bz->packed_size > (size_t)(file + bytes - p) - appended )
        fuzz_fail("a kernel outside of its file was accepted\n");
    memcpy(&size, p + bz->packed_size + appended - 4, sizeof(size));
    if ( size != bz->size )
        fuzz_fail("the size is not the file's\n");
    if ( bz->packer > PACKER_ZSTD || !bzimage_packer_name(bz->packer)[0] )
        fuzz_fail("packer %u has no name\n", bz->packer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };
    static uint8_t scratch[MAX_FILE], *room;

    if ( !room )
        room = malloc(MAX_FILE);

    while ( in_more(&in) )
    {
        struct bzimage bz;
        const char *why;
        size_t bytes = make_file(&in, scratch);
        uint8_t *file = room + MAX_FILE - bytes;

        memcpy(file, scratch, bytes);
        if ( bzimage_detect(file, bytes) )
        {
            why = bzimage_check(file, bytes, &bz);
            if ( !why )
                check(file, bytes, &bz);
            else if ( !why[0] )
                fuzz_fail("refused without a reason\n");
        }
        fuzz_ops++;
    }
    return 0;
}
