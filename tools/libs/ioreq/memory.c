/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory that string instructions refer to.  Mapping a page and
 * unmapping it costs as much as a whole request, so mappings are kept in a
 * table that is indexed by the frame number modulo its size.  All mappings are
 * dropped when the hypervisor reports that the guest gave memory away
 * (IOREQ_TYPE_INVALIDATE).
 */
#include <sys/mman.h>

#include "private.h"

static void drop(const ioserver *s, struct kept *k)
{
    if ( k->page )
        xenforeignmemory_unmap(s->memory, k->page, 1);
    k->page = NULL;
}

/* Not inlined: the common case, a mapping that is kept, stays short. */
static __attribute__((noinline)) char *map_page(ioserver *s, xen_pfn_t gfn,
                                                bool write)
{
    struct kept *k = &s->kept[gfn % NR_KEPT];

    drop(s, k);
    k->gfn = gfn;
    k->writable = write;
    k->page = xenforeignmemory_map(s->memory, s->config.domid,
                                   write ? PROT_READ | PROT_WRITE : PROT_READ,
                                   1, &gfn, NULL);
    return k->page;
}

/* Within a page. */
static inline bool copy_part(ioserver *s, uint64_t gpa, void *buf, size_t len,
                             bool write)
{
    xen_pfn_t gfn = gpa / PAGE_BYTES;
    const struct kept *k = &s->kept[gfn % NR_KEPT];
    char *page = k->page;

    if ( !page || k->gfn != gfn || (write && !k->writable) )
        page = map_page(s, gfn, write);
    if ( !page )
        return false;
    if ( write )
        copy_operand(page + gpa % PAGE_BYTES, buf, len);
    else
        copy_operand(buf, page + gpa % PAGE_BYTES, len);
    return true;
}

static __attribute__((noinline)) bool copy_parts(ioserver *s, uint64_t gpa,
                                                 char *buf, size_t len,
                                                 bool write)
{
    while ( len )
    {
        size_t room = PAGE_BYTES - gpa % PAGE_BYTES;
        size_t part = room < len ? room : len;

        if ( !copy_part(s, gpa, buf, part, write) )
            return false;
        gpa += part;
        buf += part;
        len -= part;
    }
    return true;
}

bool ioserver_memory(ioserver *s, uint64_t gpa, void *buf, size_t len,
                     bool write)
{
    return len && len <= PAGE_BYTES - gpa % PAGE_BYTES
               ? copy_part(s, gpa, buf, len, write)
               : copy_parts(s, gpa, buf, len, write);
}

void memory_forget(ioserver *s)
{
    for ( unsigned int i = 0; i < NR_KEPT; i++ )
        drop(s, &s->kept[i]);
}
