/* SPDX-License-Identifier: MIT */
/*
 * The ELF reader.  Fields are fetched by offset from the table of the file's
 * class, each after a check that it lies in the file, so alignment and the
 * builder's own structures never matter.
 */
#include "elf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <xen/elfnote.h>

#define EM_386 3
#define EM_X86_64 62
#define ET_EXEC 2
#define ET_DYN 3
#define PT_LOAD 1
#define PT_NOTE 4
#define FOUR_GIB (1ULL << 32)
#define PHDRS_MAX 64
#define NOTE_PAD 4

/* Where fields are: {offset, bytes}, per class. */
struct field {
    uint8_t offset, bytes;
};

struct class {
    unsigned int bits;
    uint8_t ehdr_size, phdr_size;
    struct field entry, phoff, phentsize, phnum;
    struct field p_type, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz;
};

static const struct class class32 = {
    .bits = 32, .ehdr_size = 52, .phdr_size = 32,
    .entry = { 24, 4 }, .phoff = { 28, 4 },
    .phentsize = { 42, 2 }, .phnum = { 44, 2 },
    .p_type = { 0, 4 }, .p_offset = { 4, 4 }, .p_vaddr = { 8, 4 },
    .p_paddr = { 12, 4 }, .p_filesz = { 16, 4 }, .p_memsz = { 20, 4 },
};

static const struct class class64 = {
    .bits = 64, .ehdr_size = 64, .phdr_size = 56,
    .entry = { 24, 8 }, .phoff = { 32, 8 },
    .phentsize = { 54, 2 }, .phnum = { 56, 2 },
    .p_type = { 0, 4 }, .p_offset = { 8, 8 }, .p_vaddr = { 16, 8 },
    .p_paddr = { 24, 8 }, .p_filesz = { 32, 8 }, .p_memsz = { 40, 8 },
};

struct reader {
    const uint8_t *bytes;
    size_t size;
    const struct class *class;
    uint64_t phoff;
    unsigned int phentsize, phnum;
    uint64_t e_entry;
    struct elf_image *image;
    uint64_t vaddr[ELF_SEGMENTS_MAX]; /* beside image->segment */
    char *why;
};

static int __attribute__((format(printf, 3, 4)))
refuse(struct reader *r, int rc, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(r->why, ELF_WHY_MAX, fmt, ap);
    va_end(ap);
    return rc;
}

static bool in_file(const struct reader *r, uint64_t offset, uint64_t len)
{
    return offset <= r->size && len <= r->size - offset;
}

/* The caller has checked that base + field lies in the file. */
static uint64_t fetch(const struct reader *r, uint64_t base, struct field f)
{
    const uint8_t *p = r->bytes + base + f.offset;
    uint64_t value = 0;

    for ( unsigned int i = f.bytes; i-- > 0; )
        value = value << 8 | p[i];
    return value;
}

static uint32_t fetch32(const struct reader *r, uint64_t offset)
{
    return (uint32_t)fetch(r, offset, (struct field){ 0, 4 });
}

/* The kind of a file that is no ELF file, by its first bytes. */
static const char *other_format(const struct reader *r)
{
    if ( r->size >= 0x206 && !memcmp(r->bytes + 0x202, "HdrS", 4) )
        return "a Linux bzImage: take the vmlinux out of it";
    if ( r->size >= 2 && r->bytes[0] == 0x1f && r->bytes[1] == 0x8b )
        return "compressed with gzip: unpack it";
    if ( r->size >= 6 && !memcmp(r->bytes, "\xfd" "7zXZ", 6) )
        return "compressed with xz: unpack it";
    return r->size ? "no ELF file" : "an empty file";
}

static int read_header(struct reader *r)
{
    uint64_t type, machine;

    if ( !in_file(r, 0, 20) || memcmp(r->bytes, "\x7f" "ELF", 4) )
        return refuse(r, -ENOEXEC, "this is %s", other_format(r));
    if ( r->bytes[5] != 1 || (r->bytes[4] != 1 && r->bytes[4] != 2) )
        return refuse(r, -ENOEXEC, "ELF class %u, byte order %u: only "
                      "little-endian ELF32 and ELF64 can be x86",
                      r->bytes[4], r->bytes[5]);
    r->class = r->bytes[4] == 1 ? &class32 : &class64;
    type = fetch(r, 16, (struct field){ 0, 2 });
    machine = fetch(r, 18, (struct field){ 0, 2 });
    if ( machine != EM_386 && machine != EM_X86_64 )
        return refuse(r, -ENOEXEC, "made for machine %u, not for x86 (3, 62)",
                      (unsigned int)machine);
    if ( type != ET_EXEC && type != ET_DYN )
        return refuse(r, -ENOEXEC, "ELF type %u is not an executable (2, 3)",
                      (unsigned int)type);
    if ( !in_file(r, 0, r->class->ehdr_size) )
        return refuse(r, -EINVAL, "the file ends inside its ELF header");

    r->image->bits = r->class->bits;
    r->e_entry = fetch(r, 0, r->class->entry);
    r->phoff = fetch(r, 0, r->class->phoff);
    r->phentsize = (unsigned int)fetch(r, 0, r->class->phentsize);
    r->phnum = (unsigned int)fetch(r, 0, r->class->phnum);
    if ( r->phnum && r->phentsize < r->class->phdr_size )
        return refuse(r, -EINVAL, "program headers of %u bytes, expected %u",
                      r->phentsize, r->class->phdr_size);
    /* Limits the work: each header may point at notes as long as the file. */
    if ( r->phnum > PHDRS_MAX )
        return refuse(r, -E2BIG, "%u program headers, more than %d", r->phnum,
                      PHDRS_MAX);
    if ( !in_file(r, r->phoff, (uint64_t)r->phnum * r->phentsize) )
        return refuse(r, -EINVAL, "%u program headers at %#llx lie outside the "
                      "file of %#zx bytes", r->phnum,
                      (unsigned long long)r->phoff, r->size);
    return 0;
}

static int add_segment(struct reader *r, unsigned int nr,
                       const struct elf_segment *s, uint64_t vaddr)
{
    struct elf_image *image = r->image;
    unsigned int at = image->nr_segments;

    if ( s->filesz > s->memsz )
        return refuse(r, -EINVAL, "segment %u has %#llx bytes in the file but "
                      "only %#llx in memory", nr,
                      (unsigned long long)s->filesz,
                      (unsigned long long)s->memsz);
    if ( !in_file(r, s->offset, s->filesz) )
        return refuse(r, -EINVAL, "segment %u, %#llx bytes at %#llx, lies "
                      "outside the file of %#zx bytes", nr,
                      (unsigned long long)s->filesz,
                      (unsigned long long)s->offset, r->size);
    if ( s->paddr + s->memsz < s->paddr )
        return refuse(r, -EINVAL, "segment %u, %#llx bytes at address %#llx, "
                      "wraps around", nr, (unsigned long long)s->memsz,
                      (unsigned long long)s->paddr);
    if ( at == ELF_SEGMENTS_MAX )
        return refuse(r, -E2BIG, "more than %d segments to load",
                      ELF_SEGMENTS_MAX);

    for ( ; at > 0 && image->segment[at - 1].paddr > s->paddr; at-- )
    {
        image->segment[at] = image->segment[at - 1];
        r->vaddr[at] = r->vaddr[at - 1];
    }
    image->segment[at] = *s;
    r->vaddr[at] = vaddr;
    image->nr_segments++;
    return 0;
}

static uint64_t align_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) & ~(to - 1);
}

/*
 * A segment of notes: {namesz, descsz, type, name, desc}.  Name and desc are
 * padded to 4 bytes whatever the segment's alignment is: a GNU property note,
 * which makes that 8, has a desc of a multiple of 8 bytes, and notes behind it
 * in the same segment are padded to 4 by the linker.  A note that is longer
 * than its segment ends the search and is no error: a broken note of another
 * owner does not keep the kernel from running.
 */
static int read_notes(struct reader *r, unsigned int nr, uint64_t at,
                      uint64_t len)
{
    uint64_t end;

    if ( !in_file(r, at, len) )
        return refuse(r, -EINVAL, "notes of segment %u, %#llx bytes at %#llx, "
                      "lie outside the file", nr, (unsigned long long)len,
                      (unsigned long long)at);
    for ( end = at + len; end - at >= 12; )
    {
        uint64_t name = at + 12, namesz = fetch32(r, at);
        uint64_t descsz = fetch32(r, at + 4), type = fetch32(r, at + 8);
        uint64_t desc = name + align_up(namesz, NOTE_PAD);
        uint64_t next = desc + align_up(descsz, NOTE_PAD);

        if ( desc > end || descsz > end - desc )
            break;
        if ( namesz == 4 && !memcmp(r->bytes + name, "Xen", 4) &&
             type == XEN_ELFNOTE_PHYS32_ENTRY )
        {
            if ( descsz != 4 && descsz != 8 )
                return refuse(r, -EINVAL, "the PHYS32_ENTRY note has %u bytes, "
                              "expected 4 or 8", (unsigned int)descsz);
            r->image->entry = fetch(r, desc,
                                    (struct field){ 0, (uint8_t)descsz });
            r->image->has_note = true;
        }
        if ( next >= end )
            break;
        at = next;
    }
    return 0;
}

static int read_segments(struct reader *r)
{
    const struct class *c = r->class;

    for ( unsigned int i = 0; i < r->phnum; i++ )
    {
        uint64_t at = r->phoff + (uint64_t)i * r->phentsize;
        struct elf_segment s = {
            .paddr = fetch(r, at, c->p_paddr),
            .memsz = fetch(r, at, c->p_memsz),
            .offset = fetch(r, at, c->p_offset),
            .filesz = fetch(r, at, c->p_filesz),
        };
        uint64_t type = fetch(r, at, c->p_type);
        int rc = 0;

        if ( type == PT_LOAD && (s.memsz || s.filesz) )
            rc = add_segment(r, i, &s, fetch(r, at, c->p_vaddr));
        else if ( type == PT_NOTE )
            rc = read_notes(r, i, s.offset, s.filesz);
        if ( rc )
            return rc;
    }
    if ( !r->image->nr_segments )
        return refuse(r, -EINVAL, "no segment to load");
    return 0;
}

static int check_overlap(struct reader *r)
{
    struct elf_image *image = r->image;

    for ( unsigned int i = 1; i < image->nr_segments; i++ )
    {
        const struct elf_segment *a = &image->segment[i - 1], *b = a + 1;

        if ( a->paddr + a->memsz > b->paddr )
            return refuse(r, -EINVAL, "segments at %#llx-%#llx and %#llx-%#llx "
                          "overlap", (unsigned long long)a->paddr,
                          (unsigned long long)(a->paddr + a->memsz - 1),
                          (unsigned long long)b->paddr,
                          (unsigned long long)(b->paddr + b->memsz - 1));
    }
    image->start = image->segment[0].paddr;
    image->end = image->segment[image->nr_segments - 1].paddr +
                 image->segment[image->nr_segments - 1].memsz;
    return 0;
}

/* Index of the segment that has the address, or nr_segments. */
static unsigned int find_segment(const struct reader *r, uint64_t addr,
                                 bool virtual)
{
    unsigned int i;

    for ( i = 0; i < r->image->nr_segments; i++ )
    {
        const struct elf_segment *s = &r->image->segment[i];
        uint64_t base = virtual ? r->vaddr[i] : s->paddr;

        if ( addr >= base && addr - base < s->memsz )
            break;
    }
    return i;
}

static int find_entry(struct reader *r)
{
    struct elf_image *image = r->image;

    if ( !image->has_note )
    {
        unsigned int i = find_segment(r, r->e_entry, true);

        image->entry = r->e_entry;
        if ( i < image->nr_segments )
            image->entry = r->e_entry - r->vaddr[i] + image->segment[i].paddr;
    }
    if ( image->entry >= FOUR_GIB )
        return refuse(r, -EINVAL, "the entry %#llx is not below 4 GiB, where a "
                      "vcpu without paging starts",
                      (unsigned long long)image->entry);
    if ( find_segment(r, image->entry, false) == image->nr_segments )
        return refuse(r, -EINVAL, "the entry %#llx (%s) is in no segment",
                      (unsigned long long)image->entry,
                      image->has_note ? "PHYS32_ENTRY note" : "e_entry");
    return 0;
}

int elf_parse(const void *file, size_t size, struct elf_image *image,
              char why[ELF_WHY_MAX])
{
    struct reader r = {
        .bytes = file, .size = size, .image = image, .why = why,
    };
    int rc;

    memset(image, 0, sizeof(*image));
    why[0] = '\0';
    rc = read_header(&r);
    if ( !rc )
        rc = read_segments(&r);
    if ( !rc )
        rc = check_overlap(&r);
    if ( !rc )
        rc = find_entry(&r);
    return rc;
}

int elf_check_fit(const struct elf_image *image, const struct elf_range *ram,
                  unsigned int nr_ram, char why[ELF_WHY_MAX])
{
    for ( unsigned int i = 0; i < image->nr_segments; i++ )
    {
        const struct elf_segment *s = &image->segment[i];
        unsigned int k = 0, len;

        while ( k < nr_ram && (s->paddr < ram[k].start ||
                               s->paddr + s->memsz > ram[k].end) )
            k++;
        if ( k < nr_ram )
            continue;
        len = (unsigned int)snprintf(
            why, ELF_WHY_MAX, "segment at %#llx-%#llx is not in RAM, which is",
            (unsigned long long)s->paddr,
            (unsigned long long)(s->paddr + s->memsz - 1));
        for ( k = 0; k < nr_ram && len < ELF_WHY_MAX; k++ )
            len += (unsigned int)snprintf(
                why + len, ELF_WHY_MAX - len, " %#llx-%#llx",
                (unsigned long long)ram[k].start,
                (unsigned long long)(ram[k].end - 1));
        return -ENOSPC;
    }
    return 0;
}
