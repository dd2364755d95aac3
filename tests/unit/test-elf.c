/* SPDX-License-Identifier: MIT */
/*
 * The toolstack's ELF reader: what is accepted, each refusal with its number
 * and words, and hostile files.  It is pure, so the source itself is included:
 * nothing else of the program is needed.
 *
 * Files are parsed from a heap block of exactly their size, so that a read
 * beyond the end is seen by the address sanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/oriel/elf.c"

/* ---- making files ---- */

struct phdr {
    uint32_t type;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct maker {
    unsigned int bits;
    uint8_t file[0x4000];
    size_t size;
    unsigned int nr;
};

static void store(struct maker *m, size_t at, unsigned int bytes,
                  uint64_t value)
{
    for ( unsigned int i = 0; i < bytes; i++ )
        m->file[at + i] = (uint8_t)(value >> (8 * i));
}

static void begin(struct maker *m, unsigned int bits, uint64_t entry)
{
    bool wide = bits == 64;

    memset(m, 0, sizeof(*m));
    m->bits = bits;
    m->size = sizeof(m->file);
    memcpy(m->file, "\x7f" "ELF", 4);
    m->file[4] = wide ? 2 : 1;
    m->file[5] = m->file[6] = 1;
    store(m, 16, 2, 2);
    store(m, 18, 2, wide ? 62 : 3);
    store(m, 24, wide ? 8 : 4, entry);
    store(m, wide ? 32 : 28, wide ? 8 : 4, 0x40);
    store(m, wide ? 54 : 42, 2, wide ? 56 : 32);
}

static void set_phdr(struct maker *m, unsigned int i, struct phdr p)
{
    bool wide = m->bits == 64;
    unsigned int word = wide ? 8 : 4;
    size_t at = 0x40 + (size_t)i * (wide ? 56 : 32);
    uint64_t fields[] = { p.offset, p.vaddr, p.paddr, p.filesz, p.memsz };

    store(m, at, 4, p.type);
    for ( unsigned int k = 0; k < 5; k++ )
        store(m, at + (wide ? 8 : 4) + k * word, word, fields[k]);
    store(m, at + (wide ? 48 : 28), word, p.align);
}

static void add(struct maker *m, struct phdr p)
{
    set_phdr(m, m->nr++, p);
    store(m, m->bits == 64 ? 56 : 44, 2, m->nr);
}

/* A note at this offset of the file; returns where it ends. */
static size_t put_note(struct maker *m, size_t at, const char *name,
                       uint32_t type, unsigned int descsz, uint64_t value)
{
    size_t len = strlen(name) + 1, padded = (len + 3) & ~3UL;

    store(m, at, 4, len);
    store(m, at + 4, 4, descsz);
    store(m, at + 8, 4, type);
    memcpy(&m->file[at + 12], name, len);
    store(m, at + 12 + padded, descsz <= 8 ? descsz : 8, value);
    return at + 12 + padded + ((descsz + 3) & ~3U);
}

/* One segment at 1 MiB and, if size is not 0, notes. */
static void kernel(struct maker *m, unsigned int bits, size_t notes)
{
    begin(m, bits, 0x100010);
    add(m, (struct phdr){ PT_LOAD, 0x1000, 0x100000, 0x100000, 0x800, 0x2000,
                          0x1000 });
    if ( notes )
        add(m, (struct phdr){ PT_NOTE, 0x2000, 0, 0, notes - 0x2000,
                              notes - 0x2000, 4 });
}

static int parse(const struct maker *m, struct elf_image *image,
                 char why[ELF_WHY_MAX])
{
    uint8_t *copy = malloc(m->size ? m->size : 1);
    int rc;

    assert_non_null(copy);
    memcpy(copy, m->file, m->size);
    rc = elf_parse(copy, m->size, image, why);
    free(copy);
    return rc;
}

static void refused(const struct maker *m, int rc, const char *words)
{
    struct elf_image image;
    char why[ELF_WHY_MAX];

    assert_int_equal(parse(m, &image, why), rc);
    if ( !strstr(why, words) )
        fail_msg("\"%s\" does not say \"%s\"", why, words);
}

static void accepted(const struct maker *m, struct elf_image *image)
{
    char why[ELF_WHY_MAX];

    if ( parse(m, image, why) )
        fail_msg("refused: %s", why);
}

/* ---- what is accepted ---- */

static void test_note(void **state)
{
    struct maker m;
    struct elf_image image;

    (void)state;
    for ( unsigned int bits = 32; bits <= 64; bits += 32 )
        for ( unsigned int desc = 4; desc <= 8; desc += 4 )
        {
            size_t end;

            begin(&m, bits, 0);
            end = put_note(&m, 0x2000, "Linux", 18, 4, 0x1);
            end = put_note(&m, end, "Xen", XEN_ELFNOTE_GUEST_OS, 5, 0x2);
            end = put_note(&m, end, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, desc,
                           0x100020);
            kernel(&m, bits, end);
            put_note(&m, put_note(&m, put_note(&m, 0x2000, "Linux", 18, 4, 1),
                                  "Xen", XEN_ELFNOTE_GUEST_OS, 5, 2),
                     "Xen", XEN_ELFNOTE_PHYS32_ENTRY, desc, 0x100020);
            accepted(&m, &image);
            assert_int_equal(image.bits, bits);
            assert_true(image.has_note);
            assert_int_equal(image.entry, 0x100020);
            assert_int_equal(image.nr_segments, 1);
            assert_int_equal(image.segment[0].offset, 0x1000);
            assert_int_equal(image.segment[0].filesz, 0x800);
            assert_int_equal(image.segment[0].memsz, 0x2000);
            assert_int_equal(image.start, 0x100000);
            assert_int_equal(image.end, 0x102000);
        }
}

/*
 * What gcc -fcf-protection makes: a GNU property note in a segment of alignment
 * 8, and Xen's note behind it, in a segment of its own or in the same one.
 */
static void test_property_note(void **state)
{
    struct maker m;
    struct elf_image image;
    size_t middle, end;

    (void)state;
    for ( unsigned int together = 0; together < 2; together++ )
    {
        kernel(&m, 64, 0);
        middle = put_note(&m, 0x2000, "GNU", 5, 16, 0x4c0000002);
        middle = put_note(&m, middle, "GNU", 3, 20, 0x1234);
        end = put_note(&m, middle, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, 4,
                       0x100020);
        if ( together )
            middle = end;
        add(&m, (struct phdr){ PT_NOTE, 0x2000, 0, 0, middle - 0x2000,
                               middle - 0x2000, 8 });
        if ( !together )
            add(&m, (struct phdr){ PT_NOTE, middle, 0, 0, end - middle,
                                   end - middle, 4 });
        accepted(&m, &image);
        assert_true(image.has_note);
        assert_int_equal(image.entry, 0x100020);
    }
}

/* A note that is longer than its segment ends that segment's notes only. */
static void test_broken_note_of_others(void **state)
{
    struct maker m;
    struct elf_image image;
    size_t middle, end;

    (void)state;
    kernel(&m, 64, 0);
    middle = put_note(&m, 0x2000, "GNU", 5, 16, 0);
    store(&m, 0x2004, 4, ~0U);
    end = put_note(&m, middle, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, 4, 0x100020);
    add(&m, (struct phdr){ PT_NOTE, 0x2000, 0, 0, middle - 0x2000,
                           middle - 0x2000, 8 });
    add(&m, (struct phdr){ PT_NOTE, middle, 0, 0, end - middle, end - middle,
                           4 });
    accepted(&m, &image);
    assert_true(image.has_note);
    assert_int_equal(image.entry, 0x100020);
}

static void test_entry(void **state)
{
    struct maker m;
    struct elf_image image;

    (void)state;
    kernel(&m, 32, 0);
    accepted(&m, &image);
    assert_false(image.has_note);
    assert_int_equal(image.entry, 0x100010);

    /* A virtual entry is moved to where its segment is loaded. */
    begin(&m, 64, 0xffffffff80000123);
    add(&m, (struct phdr){ PT_LOAD, 0x1000, 0xffffffff80000000, 0x200000, 0x800,
                           0x800, 0 });
    accepted(&m, &image);
    assert_int_equal(image.entry, 0x200123);
}

static void test_order(void **state)
{
    struct maker m;
    struct elf_image image;

    (void)state;
    begin(&m, 64, 0x100000);
    add(&m, (struct phdr){ PT_LOAD, 0x1000, 0x300000, 0x300000, 8, 8, 0 });
    add(&m, (struct phdr){ PT_LOAD, 0, 0x5000, 0x5000, 0, 0, 0 });
    add(&m, (struct phdr){ PT_LOAD, 0x1000, 0x100000, 0x100000, 8, 0x1000, 0 });
    add(&m, (struct phdr){ PT_LOAD, 0x1000, 0x101000, 0x101000, 8, 0x1000, 0 });
    accepted(&m, &image);
    assert_int_equal(image.nr_segments, 3);
    assert_int_equal(image.segment[0].paddr, 0x100000);
    assert_int_equal(image.segment[1].paddr, 0x101000);
    assert_int_equal(image.segment[2].paddr, 0x300000);
    assert_int_equal(image.end, 0x300008);
}

/* ---- what is refused ---- */

static void test_format(void **state)
{
    struct maker m;

    (void)state;
    kernel(&m, 64, 0);
    m.size = 0;
    refused(&m, -ENOEXEC, "an empty file");
    m.size = 19;
    refused(&m, -ENOEXEC, "no ELF file");
    m.size = 40;
    refused(&m, -EINVAL, "inside its ELF header");

    memset(m.file, 0, 4);
    m.size = sizeof(m.file);
    refused(&m, -ENOEXEC, "no ELF file");
    memcpy(&m.file[0x202], "HdrS", 4);
    refused(&m, -ENOEXEC, "bzImage");
    kernel(&m, 64, 0);
    memcpy(m.file, "\x1f\x8b", 2);
    refused(&m, -ENOEXEC, "gzip");
    memcpy(m.file, "\xfd" "7zXZ", 6);
    refused(&m, -ENOEXEC, "xz");
}

static void test_header(void **state)
{
    static const struct {
        size_t at;
        unsigned int bytes;
        uint64_t value;
        int rc;
        const char *words;
    } cases[] = {
        { 4, 1, 3, -ENOEXEC, "class 3" },
        { 5, 1, 2, -ENOEXEC, "byte order 2" },
        { 18, 2, 40, -ENOEXEC, "machine 40" },
        { 16, 2, 1, -ENOEXEC, "type 1" },
        { 54, 2, 55, -EINVAL, "program headers of 55 bytes" },
        { 32, 8, 0x3fff, -EINVAL, "outside the file" },
        { 32, 8, ~0ULL, -EINVAL, "outside the file" },
        { 56, 2, 0, -EINVAL, "no segment to load" },
        { 56, 2, 65, -E2BIG, "65 program headers" },
        { 24, 8, 0x102000, -EINVAL, "in no segment" },
        { 24, 8, 0x1ffffffff, -EINVAL, "below 4 GiB" },
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        struct maker m;

        kernel(&m, 64, 0);
        store(&m, cases[i].at, cases[i].bytes, cases[i].value);
        refused(&m, cases[i].rc, cases[i].words);
    }
}

static void test_segment(void **state)
{
    static const struct {
        struct phdr p;
        const char *words;
    } cases[] = {
        { { PT_LOAD, 0x1000, 0, 0x200000, 0x10, 0xf, 0 }, "only 0xf in" },
        { { PT_LOAD, 0x1000, 0, 0x200000, 1, 0, 0 }, "only 0 in" },
        { { PT_LOAD, 0x3fff, 0, 0x200000, 2, 2, 0 }, "outside the file" },
        { { PT_LOAD, ~0ULL, 0, 0x200000, 2, 2, 0 }, "outside the file" },
        { { PT_LOAD, 2, 0, 0x200000, ~0ULL, ~0ULL, 0 }, "outside the file" },
        { { PT_LOAD, 0, 0, ~0ULL, 1, 2, 0 }, "wraps around" },
        { { PT_LOAD, 0, 0, 0x101fff, 1, 1, 0 }, "overlap" },
        { { PT_LOAD, 0, 0, 0xff000, 1, 0x1001, 0 }, "overlap" },
        { { PT_NOTE, 0x3fff, 0, 0, 2, 2, 0 }, "outside the file" },
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        struct maker m;

        kernel(&m, 64, 0);
        add(&m, cases[i].p);
        refused(&m, -EINVAL, cases[i].words);
    }
}

static void test_too_many(void **state)
{
    struct maker m;
    struct elf_image image;

    (void)state;
    begin(&m, 64, 0);
    for ( unsigned int i = 0; i < ELF_SEGMENTS_MAX; i++ )
        add(&m, (struct phdr){ PT_LOAD, 0, i * 16, i * 16, 1, 1, 0 });
    accepted(&m, &image);
    add(&m, (struct phdr){ PT_LOAD, 0, 0x10000, 0x10000, 1, 1, 0 });
    refused(&m, -E2BIG, "more than 32 segments");
}

static void test_bad_note(void **state)
{
    struct elf_image image;
    struct maker m;
    size_t end;

    (void)state;
    kernel(&m, 64, 0x2018);
    end = put_note(&m, 0x2000, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, 2, 0x100000);
    assert_int_equal(end, 0x2014);
    refused(&m, -EINVAL, "has 2 bytes");
    put_note(&m, 0x2000, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, 9, 0x100000);
    accepted(&m, &image);
    assert_false(image.has_note);
    store(&m, 0x2004, 4, ~0U);
    accepted(&m, &image);
    assert_false(image.has_note);
    store(&m, 0x2000, 4, ~0U);
    accepted(&m, &image);
    assert_false(image.has_note);
    put_note(&m, 0x2000, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, 8, 1ULL << 32);
    refused(&m, -EINVAL, "below 4 GiB");
    put_note(&m, 0x2000, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, 4, 0xfffff);
    refused(&m, -EINVAL, "PHYS32_ENTRY note) is in no segment");
}

/* ---- hostile files ---- */

static bool inside(const struct elf_image *image, uint64_t addr)
{
    for ( unsigned int i = 0; i < image->nr_segments; i++ )
        if ( addr >= image->segment[i].paddr &&
             addr - image->segment[i].paddr < image->segment[i].memsz )
            return true;
    return false;
}

/* What every accepted file promises. */
static void check_promises(const struct maker *m, const struct elf_image *image)
{
    uint64_t last = 0;

    assert_in_range(image->nr_segments, 1, ELF_SEGMENTS_MAX);
    for ( unsigned int i = 0; i < image->nr_segments; i++ )
    {
        const struct elf_segment *s = &image->segment[i];

        assert_true(s->memsz > 0 && s->filesz <= s->memsz);
        assert_true(s->offset <= m->size && s->filesz <= m->size - s->offset);
        assert_true(s->paddr >= last && s->paddr + s->memsz > s->paddr);
        last = s->paddr + s->memsz;
    }
    assert_int_equal(image->start, image->segment[0].paddr);
    assert_int_equal(image->end, last);
    assert_true(image->entry < 1ULL << 32 && inside(image, image->entry));
}

static void test_every_length(void **state)
{
    struct maker m;
    struct elf_image image;
    char why[ELF_WHY_MAX];
    size_t whole;

    (void)state;
    kernel(&m, 64, 0x2018);
    put_note(&m, 0x2000, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, 8, 0x100020);
    for ( whole = 0; whole <= 0x2018; whole++ )
    {
        m.size = whole;
        assert_int_equal(parse(&m, &image, why) == 0, whole == 0x2018);
        assert_true(whole == 0x2018 || *why);
    }
}

static void test_random(void **state)
{
    uint32_t seed = 1;
    unsigned int good = 0;

    (void)state;
    for ( unsigned int round = 0; round < 20000; round++ )
    {
        static const uint8_t values[] = { 0, 1, 4, 0x7f, 0x80, 0xff };
        struct maker m;
        struct elf_image image;
        char why[ELF_WHY_MAX];

        kernel(&m, round & 1 ? 64 : 32, 0x2018);
        put_note(&m, 0x2000, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, 8, 0x100020);
        for ( unsigned int n = 0; n <= round % 3; n++ )
        {
            size_t at;

            seed = seed * 1664525 + 1013904223;
            at = (seed >> 8) % 0xd0; /* headers, then the notes */
            at = at < 0xb0 ? at : 0x2000 + at - 0xb0;
            m.file[at] = values[(seed >> 4) % sizeof(values)];
        }
        m.size = 0x2018;
        if ( parse(&m, &image, why) == 0 )
        {
            check_promises(&m, &image);
            good++;
        }
        else
            assert_true(*why);
    }
    /* Neither all nor none: the mutations reach both sides. */
    assert_in_range(good, 2000, 18000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_note),      cmocka_unit_test(test_entry),
        cmocka_unit_test(test_property_note),
        cmocka_unit_test(test_broken_note_of_others),
        cmocka_unit_test(test_order),     cmocka_unit_test(test_format),
        cmocka_unit_test(test_header),    cmocka_unit_test(test_segment),
        cmocka_unit_test(test_too_many),  cmocka_unit_test(test_bad_note),
        cmocka_unit_test(test_every_length), cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
