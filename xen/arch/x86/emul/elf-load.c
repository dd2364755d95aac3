/* SPDX-License-Identifier: MIT */
/*
 * ELF64 files with a PVH entry.
 *
 * Both passes read program headers through next_segment(), which checks each
 * against the file, so what one accepts the other finds.  Fields are copied
 * out: a file has any alignment.
 */
#include <emul/elf-load.h>
#include <hv/lib.h>

#include <xen/elfnote.h>

#define EM_X86_64 62
#define ET_EXEC 2
#define ET_DYN 3
#define PT_LOAD 1
#define PT_NOTE 4
#define MAX_HEADERS 64 /* kernels have a handful */
#define LIMIT_32BIT (1UL << 32)

struct elf64_header {
    uint8_t ident[16]; /* magic, class, byte order, version */
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf64_header) == 64, "ELF");

struct elf64_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf64_segment) == 56, "ELF");

struct elf_note {
    uint32_t name_size, value_size, type;
};

struct file {
    const uint8_t *data;
    size_t size;
    struct elf64_header h;
};

static bool within(uint64_t offset, uint64_t bytes, uint64_t size)
{
    return offset <= size && bytes <= size - offset;
}

static const char *open_file(struct file *f, const void *data, size_t size)
{
    static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };
    enum { CLASS = 4, ORDER = 5, CLASS_64 = 2, LITTLE_ENDIAN_ORDER = 1 };

    f->data = data;
    f->size = size;
    if ( size < sizeof(f->h) || memcmp(data, magic, sizeof(magic)) )
        return "it is no ELF file";
    memcpy(&f->h, data, sizeof(f->h));
    if ( f->h.ident[CLASS] != CLASS_64 ||
         f->h.ident[ORDER] != LITTLE_ENDIAN_ORDER ||
         f->h.machine != EM_X86_64 )
        return "it is not for x86-64";
    if ( f->h.type != ET_EXEC && f->h.type != ET_DYN )
        return "it is no executable";
    if ( f->h.phentsize != sizeof(struct elf64_segment) || !f->h.phnum ||
         f->h.phnum > MAX_HEADERS ||
         !within(f->h.phoff, f->h.phnum * sizeof(struct elf64_segment), size) )
        return "its program headers are damaged";
    return NULL;
}

/*
 * The next segment of this type from header *i on, with its part of the file
 * there: true.  False: no more, or *why.
 */
static bool next_segment(const struct file *f, unsigned int *i, uint32_t type,
                         struct elf64_segment *s, const char **why)
{
    for ( ; *i < f->h.phnum; ++*i )
    {
        memcpy(s, f->data + f->h.phoff + *i * sizeof(*s), sizeof(*s));
        if ( s->type != type || (type == PT_LOAD && !s->memsz) )
            continue;
        if ( !within(s->offset, s->filesz, f->size) )
            *why = "it is cut off: a segment lies beyond its end";
        else if ( type == PT_LOAD && s->filesz > s->memsz )
            *why = "a segment is longer in the file than in memory";
        else if ( type == PT_LOAD && !within(s->paddr, s->memsz, LIMIT_32BIT) )
            *why = "a segment lies above 4 GiB";
        else
        {
            ++*i;
            return true;
        }
        break;
    }
    return false;
}

static const char *find_range(const struct file *f, struct elf_image *img)
{
    const char *why = NULL;
    struct elf64_segment s;

    img->low = ~0UL;
    img->high = 0;
    for ( unsigned int i = 0; next_segment(f, &i, PT_LOAD, &s, &why); )
    {
        img->low = min(img->low, s.paddr);
        img->high = max(img->high, s.paddr + s.memsz);
    }
    if ( !why && !img->high )
        why = "there is nothing to load in it";
    return why;
}

/* The value of Xen's note of this type, if it is among these. */
static bool find_note(const uint8_t *notes, uint64_t size, uint32_t type,
                      uint64_t *value)
{
    struct elf_note n;

    for ( uint64_t at = 0; within(at, sizeof(n), size); )
    {
        uint64_t name, content;

        memcpy(&n, notes + at, sizeof(n));
        name = at + sizeof(n);
        content = name + (((uint64_t)n.name_size + 3) & ~3UL);
        at = content + (((uint64_t)n.value_size + 3) & ~3UL);
        if ( !within(content, n.value_size, size) )
            return false;
        if ( n.type != type || n.name_size != 4 ||
             memcmp(notes + name, "Xen", 4) )
            continue;
        if ( n.value_size != 4 && n.value_size != 8 )
            return false;
        *value = 0;
        memcpy(value, notes + content, n.value_size);
        return true;
    }
    return false;
}

/* False: there is no such note, or *why. */
static bool find_note_in(const struct file *f, uint32_t type, uint64_t *value,
                         const char **why)
{
    struct elf64_segment s;

    *why = NULL;
    for ( unsigned int i = 0; next_segment(f, &i, PT_NOTE, &s, why); )
        if ( find_note(f->data + s.offset, s.filesz, type, value) )
            return true;
    return false;
}

static const char *find_entry(const struct file *f, struct elf_image *img)
{
    const char *why;

    if ( find_note_in(f, XEN_ELFNOTE_PHYS32_ENTRY, &img->entry, &why) )
        return img->entry >= img->low && img->entry < img->high
                   ? NULL : "its PVH entry is outside of it";
    return why ? why : "it has no PVH entry (note Xen 18, CONFIG_PVH)";
}

const char *elf_load_check(const void *data, size_t size,
                           struct elf_image *img)
{
    struct file f;
    const char *why = open_file(&f, data, size);

    if ( !why )
        why = find_range(&f, img);
    if ( !why )
        why = find_entry(&f, img);
    return why;
}

/* Is the virtual address in the image? */
static bool in_image(const struct elf_image *img, const struct elf_pv *pv,
                     uint64_t va)
{
    uint64_t offset = va - pv->virt_base;

    return offset >= img->low && offset < img->high;
}

const char *elf_load_pv(const void *data, size_t size,
                        const struct elf_image *img, struct elf_pv *pv)
{
    const char *why;
    struct file f;

    why = open_file(&f, data, size);
    if ( why )
        return why;
    if ( !find_note_in(&f, XEN_ELFNOTE_VIRT_BASE, &pv->virt_base, &why) ||
         !find_note_in(&f, XEN_ELFNOTE_ENTRY, &pv->entry, &why) )
        return why ? why
                   : "it is no PV kernel (notes Xen 1 and 3, CONFIG_XEN_PV)";
    if ( !find_note_in(&f, XEN_ELFNOTE_INIT_P2M, &pv->p2m, &why) )
        return why ? why : "it does not say where it wants its P2M list "
                           "(note Xen 15)";
    if ( !find_note_in(&f, XEN_ELFNOTE_HYPERCALL_PAGE, &pv->hypercall_page,
                       &why) )
    {
        if ( why )
            return why;
        pv->hypercall_page = 0;
    }
    if ( !in_image(img, pv, pv->entry) )
        return "its PV entry is outside of it";
    if ( pv->hypercall_page &&
         (pv->hypercall_page % PAGE_SIZE ||
          !in_image(img, pv, pv->hypercall_page + PAGE_SIZE - 1)) )
        return "its hypercall page is outside of it";
    return NULL;
}

void elf_load(const void *data, size_t size, const struct elf_image *img,
              void *memory)
{
    struct elf64_segment s;
    const char *why;
    struct file f;

    why = open_file(&f, data, size);
    BUG_ON(why);
    for ( unsigned int i = 0; next_segment(&f, &i, PT_LOAD, &s, &why); )
    {
        uint8_t *to = (uint8_t *)memory + (s.paddr - img->low);

        BUG_ON(s.paddr < img->low || s.paddr + s.memsz > img->high);
        memcpy(to, f.data + s.offset, s.filesz);
        memset(to + s.filesz, 0, s.memsz - s.filesz);
    }
    BUG_ON(why);
}
