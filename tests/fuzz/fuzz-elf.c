/* SPDX-License-Identifier: MIT */
/*
 * The reader of guest kernels: files that are nearly ELF, and some that are
 * not at all.  Each ends where an allocation does, so that reading on shows.
 * What is accepted must be as the reader's header promises.
 */
#include "fuzz.h"

#include "../../tools/oriel/elf.h"

#define MAX_FILE 1024

struct layout {
    bool wide, wild; /* ELF64; most of it makes no sense */
    unsigned int phdr_size, nr;
};

static void put(uint8_t *file, unsigned int at, unsigned int bytes, uint64_t v)
{
    if ( at + bytes <= MAX_FILE )
        memcpy(file + at, &v, bytes);
}

/* An offset, a size or an address: small, large, at a border. */
static uint64_t number(struct input *in)
{
    static const uint64_t edges[8] = {
        0, 1, MAX_FILE, 0x100000, 0x7fffffff, 0xffffffff, 1UL << 32, ~0UL,
    };
    unsigned int b = in8(in);

    if ( b < 0x60 )
        return 4 * b;
    if ( b < 0xa0 )
        return 0x100000 + (b % 16) * 0x1000UL;
    if ( b < 0xe0 )
        return edges[b % 8] - b / 8 % 4;
    return in_bytes(in, 8) >> in8(in) % 64;
}

static void put_header(struct input *in, uint8_t *file, const struct layout *l)
{
    memcpy(file, "\177ELF", 4);
    file[4] = l->wide ? 2 : 1;
    file[5] = file[6] = 1;
    put(file, 16, 2, 2 + in_below(in, 2));
    put(file, 18, 2, l->wide ? 62 : 3);
    put(file, 20, 4, 1);
    put(file, 24, l->wide ? 8 : 4, l->wild ? number(in) : 0x100000);
    put(file, l->wide ? 32 : 28, l->wide ? 8 : 4, 64);
    put(file, l->wide ? 54 : 42, 2, l->phdr_size);
    put(file, l->wide ? 56 : 44, 2, in_rarely(in, 32) ? in_bytes(in, 2)
                                                      : l->nr);
}

/* type, offset, vaddr, paddr, filesz, memsz, align, as their class has them */
static void put_segment(struct input *in, uint8_t *file,
                        const struct layout *l, unsigned int i)
{
    static const uint8_t at64[] = { 0, 8, 16, 24, 32, 40, 48 };
    static const uint8_t at32[] = { 0, 4, 8, 12, 16, 20, 28 };
    unsigned int base = 64 + i * l->phdr_size, b = in8(in);
    uint64_t v[7] = { b % 4 ? 1 : b % 3 ? 4 : b, number(in), number(in),
                      number(in), number(in), number(in), 4 };

    if ( b < 0xc0 || !l->wild )
    {
        /* A good one: bytes of the file, at a place of its own. */
        v[0] = b % 8 ? 1 : 4;
        v[1] = 512 + b / 8 * 8;
        v[3] = v[2] = 0x100000 + (uint64_t)i * 0x10000;
        v[4] = in8(in);
        v[5] = v[4] + 1 + in8(in);
    }
    for ( unsigned int j = 0; j < 7; j++ )
        put(file, base + (l->wide ? at64 : at32)[j],
            l->wide && j > 0 ? 8 : 4, v[j]);
}

static void put_note(struct input *in, uint8_t *file, bool wild,
                     unsigned int at)
{
    unsigned int b = wild ? in8(in) : 0xff;

    put(file, at, 4, b < 0x20 ? number(in) : 4);
    put(file, at + 4, 4, b < 0x40 ? number(in) : 8);
    put(file, at + 8, 4, b < 0x60 ? in8(in) : 18); /* PHYS32_ENTRY */
    memcpy(file + at + 12, "Xen", 4);
    put(file, at + 16, 8, wild ? number(in) : 0x100000);
}

static size_t make_file(struct input *in, uint8_t *file)
{
    struct layout l = { .wide = in8(in) & 1, 
                        .wild = in_rarely(in, 2), .nr = in_below(in, 7) };
    unsigned int spoilt = in_below(in, 4);

    l.phdr_size = l.wide ? 56 : 32;
    memset(file, 0, MAX_FILE);
    put_header(in, file, &l);
    for ( unsigned int i = 0; i < l.nr; i++ )
        put_segment(in, file, &l, i);
    for ( unsigned int at = 512; at < 512 + 192; at += 24 )
        put_note(in, file, l.wild, at);
    for ( unsigned int i = 0; i < spoilt; i++ )
        file[in_bytes(in, 2) % MAX_FILE] = in8(in);
    return in_rarely(in, 8) ? in_bytes(in, 2) % (MAX_FILE + 1) : MAX_FILE;
}

static void check(const struct elf_image *e, size_t size)
{
    bool entered = false;
    uint64_t last = 0;

    if ( !e->nr_segments || e->nr_segments > ELF_SEGMENTS_MAX ||
         e->entry >= 1UL << 32 || (e->bits != 32 && e->bits != 64) )
        fuzz_fail("a bad image was accepted\n");
    for ( unsigned int i = 0; i < e->nr_segments; i++ )
    {
        const struct elf_segment *s = &e->segment[i];

        if ( s->offset > size || s->filesz > size - s->offset ||
             s->filesz > s->memsz || !s->memsz || s->paddr < last ||
             s->paddr + s->memsz < s->paddr )
            fuzz_fail("segment %u is bad\n", i);
        last = s->paddr + s->memsz;
        entered |= e->entry >= s->paddr && e->entry < last;
    }
    if ( !entered || e->start != e->segment[0].paddr || e->end != last )
        fuzz_fail("the entry or the ends are wrong\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };
    static uint8_t scratch[MAX_FILE], *room;

    if ( !room )
        room = malloc(MAX_FILE);

    while ( in_more(&in) )
    {
        struct elf_range ram[2] = { { 0, 0xa0000 }, { 0x100000, 0x4000000 } };
        struct elf_image image;
        char why[ELF_WHY_MAX] = "";
        size_t len = make_file(&in, scratch);
        uint8_t *file = room + MAX_FILE - len;

        memcpy(file, scratch, len);
        if ( !elf_parse(file, len, &image, why) )
        {
            check(&image, len);
            (void)elf_check_fit(&image, ram, 1 + in_below(&in, 2), why);
        }
        else if ( !why[0] || !memchr(why, 0, sizeof(why)) )
            fuzz_fail("refused without a reason\n");
        fuzz_ops++;
    }
    return 0;
}
