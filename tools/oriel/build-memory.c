/* SPDX-License-Identifier: MIT */
/* The domain's memory and its first content. */
#define _GNU_SOURCE
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xen/elfnote.h>

#define LARGE_ORDER 9
#define LARGE_PAGES (1UL << LARGE_ORDER)
#define BATCH 256UL /* frames populated or mapped at a time */

/* ---- files ---- */

static int read_whole(struct build *b, const char *path, struct file *file)
{
    /* To open a FIFO without this waits, and signals are held meanwhile. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
    size_t done = 0;
    struct stat st;

    if ( fd < 0 || fstat(fd, &st) )
        rc = -errno;
    else if ( !S_ISREG(st.st_mode) )
        rc = -EINVAL;
    else if ( !(file->bytes = malloc((size_t)st.st_size + 1)) )
        rc = -ENOMEM;
    while ( !rc && done < (size_t)st.st_size )
    {
        ssize_t got = read(fd, (char *)file->bytes + done,
                           (size_t)st.st_size - done);

        if ( got <= 0 )
            rc = got ? -errno : -EIO;
        else
            done += (size_t)got;
    }
    if ( fd >= 0 )
        close(fd);
    file->size = done;
    if ( rc )
        snprintf(b->why, sizeof(b->why), "%.100s: %s", path,
                 rc == -EINVAL ? "not a plain file" : strerror(-rc));
    return rc;
}

int read_images(struct build *b)
{
    int rc = read_whole(b, b->config->kernel, &b->kernel);

    if ( rc )
        return rc;
    b->hint = b->config->kernel;
    rc = elf_parse(b->kernel.bytes, b->kernel.size, &b->image, b->why);
    if ( rc )
        return rc;
    if ( !b->config->hvm && !b->image.has_note )
    {
        snprintf(b->why, sizeof(b->why),
                 "no PVH kernel: it has no PHYS32_ENTRY note (\"Xen\", type %d; "
                 "Linux: CONFIG_PVH)", XEN_ELFNOTE_PHYS32_ENTRY);
        return -ENOEXEC;
    }
    b->hint = NULL;
    return b->config->ramdisk
               ? read_whole(b, b->config->ramdisk, &b->ramdisk) : 0;
}

/* The advice for a segment that is not in RAM. */
static const char *fit_hint(const struct elf_image *image)
{
    if ( image->start < LAYOUT_WINDOW_END )
        return "link the kernel at 1 MiB or above (ld -T, see the examples' "
               "guest.lds): more memory does not help";
    if ( image->end > LAYOUT_HOLE && image->start < LAYOUT_HOLE_END )
        return "link the kernel below 0xf0000000, where device memory begins";
    return "give the guest more memory";
}

int lay_out(struct build *b)
{
    struct layout *l = &b->layout;
    size_t size = layout_start_info(l, b->config->cmdline, NULL);
    int rc;

    layout_ram(l, b->config->memory);
    rc = elf_check_fit(&b->image, l->ram, l->nr_ram, b->why);
    if ( rc )
    {
        b->hint = fit_hint(&b->image);
        return rc;
    }
    rc = layout_place(l, &b->image, b->ramdisk.size, size, b->why);
    b->hint = "give the guest more memory";
    return rc;
}

/* ---- frames ---- */

/* Populate from gfn on: the number of extents done, or negative errno. */
static long populate_batch(struct build *b, xen_pfn_t gfn, unsigned long nr,
                           unsigned int order)
{
    xen_pfn_t extents[BATCH];
    int rc;

    for ( unsigned long i = 0; i < nr; i++ )
        extents[i] = gfn + (i << order);
    rc = xc_domain_populate_physmap(b->xch, b->domid, nr, order, 0, extents);
    return rc < 0 ? -errno : rc;
}

/* 2 MiB pages where they fit, 4 KiB pages elsewhere or if there are none. */
static int populate_range(struct build *b, xen_pfn_t gfn, xen_pfn_t end)
{
    bool large = true;

    while ( gfn < end )
    {
        xen_pfn_t edge = (gfn + LARGE_PAGES) & ~(LARGE_PAGES - 1);
        unsigned long nr = (end - gfn) / LARGE_PAGES;
        unsigned int order = large && nr && !(gfn & (LARGE_PAGES - 1))
                                 ? LARGE_ORDER
                                 : 0;
        long done;

        if ( !order )
            nr = (edge < end ? edge : end) - gfn;
        done = populate_batch(b, gfn, nr < BATCH ? nr : BATCH, order);
        if ( done < 0 && done != -ENOMEM )
            return (int)done;
        if ( done < 0 || (done == 0 && !order) )
        {
            b->short_of_memory = true;
            return -ENOMEM;
        }
        if ( done == 0 )
            large = false;
        gfn += (xen_pfn_t)done << order;
        *(order ? &b->nr_large : &b->nr_small) += (unsigned long)done;
        if ( build_interrupted() )
            return -EINTR;
    }
    return 0;
}

int populate(struct build *b)
{
    int rc = 0;

    for ( unsigned int i = 0; i < b->layout.nr_ram && !rc; i++ )
        rc = populate_range(b, b->layout.ram[i].start / LAYOUT_PAGE,
                            b->layout.ram[i].end / LAYOUT_PAGE);
    return rc ? rc
              : populate_range(b, LAYOUT_SPECIAL_GFN,
                               LAYOUT_SPECIAL_GFN + LAYOUT_NR_SPECIAL);
}

int set_memory_map(struct build *b)
{
    struct e820entry map[4];
    unsigned int nr = 0;

    for ( ; nr < b->layout.nr_ram; nr++ )
        map[nr] = (struct e820entry){
            .addr = b->layout.ram[nr].start,
            .size = b->layout.ram[nr].end - b->layout.ram[nr].start,
            .type = E820_RAM,
        };
    map[nr++] = (struct e820entry){
        .addr = LAYOUT_SPECIAL_GFN * LAYOUT_PAGE,
        .size = LAYOUT_NR_RESERVED * LAYOUT_PAGE,
        .type = E820_RESERVED,
    };
    return xc_domain_set_memory_map(b->xch, b->domid, map, nr) ? -errno : 0;
}

/* ---- bytes ---- */

/* size bytes at paddr, then zeroes up to total. */
static int put(struct build *b, uint64_t paddr, const void *bytes,
               uint64_t size, uint64_t total)
{
    uint64_t done = 0;

    while ( done < total )
    {
        uint64_t at = paddr + done, offset = at % LAYOUT_PAGE;
        uint64_t part = BATCH * LAYOUT_PAGE - offset;
        uint64_t data = done < size ? size - done : 0;
        xen_pfn_t gfns[BATCH];
        size_t nr;
        char *p;

        if ( part > total - done )
            part = total - done;
        if ( data > part )
            data = part;
        nr = (offset + part + LAYOUT_PAGE - 1) / LAYOUT_PAGE;
        for ( size_t i = 0; i < nr; i++ )
            gfns[i] = at / LAYOUT_PAGE + i;
        p = xenforeignmemory_map(b->memory, b->domid, PROT_READ | PROT_WRITE,
                                 nr, gfns, NULL);
        if ( !p )
        {
            int err = errno;

            snprintf(b->why, sizeof(b->why), "map its frames %#llx-%#llx: %s",
                     (unsigned long long)gfns[0],
                     (unsigned long long)gfns[nr - 1], strerror(err));
            return -err;
        }
        if ( data )
            memcpy(p + offset, (const char *)bytes + done, data);
        memset(p + offset + data, 0, part - data);
        xenforeignmemory_unmap(b->memory, p, nr);
        done += part;
        if ( build_interrupted() )
            return -EINTR;
    }
    return 0;
}

int load_kernel(struct build *b)
{
    int rc = 0;

    for ( unsigned int i = 0; i < b->image.nr_segments && !rc; i++ )
    {
        const struct elf_segment *s = &b->image.segment[i];

        rc = put(b, s->paddr, (const char *)b->kernel.bytes + s->offset,
                 s->filesz, s->memsz);
    }
    return rc;
}

int load_ramdisk(struct build *b)
{
    return put(b, b->layout.ramdisk, b->ramdisk.bytes, b->ramdisk.size,
               b->ramdisk.size);
}

int write_start_info(struct build *b)
{
    size_t size = b->layout.start_info_size;
    void *block = malloc(size);
    int rc;

    if ( !block )
        return -ENOMEM;
    layout_start_info(&b->layout, b->config->cmdline, block);
    rc = put(b, b->layout.start_info, block, size, size);
    free(block);
    return rc;
}

/*
 * Zero, except the identity page table: 1024 entries of 4 MiB, present,
 * writable, user, accessed, dirty.
 */
int clear_special_pages(struct build *b)
{
    uint32_t table[1024];
    int rc = put(b, LAYOUT_SPECIAL_GFN * LAYOUT_PAGE, NULL, 0,
                 LAYOUT_NR_SPECIAL * LAYOUT_PAGE);

    for ( uint32_t i = 0; i < 1024; i++ )
        table[i] = i << 22 | 0xe7;
    return rc ? rc
              : put(b, LAYOUT_IDENT_PT_GFN * LAYOUT_PAGE, table, sizeof(table),
                    sizeof(table));
}
