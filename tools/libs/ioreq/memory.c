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

static char *page_at(ioserver *s, xen_pfn_t gfn, bool write)
{
    struct kept *k = &s->kept[gfn % NR_KEPT];

    if ( k->page && k->gfn == gfn && (k->writable || !write) )
        return k->page;
    drop(s, k);
    k->gfn = gfn;
    k->writable = write;
    k->page = xenforeignmemory_map(s->memory, s->config.domid,
                                   write ? PROT_READ | PROT_WRITE : PROT_READ,
                                   1, &gfn, NULL);
    return k->page;
}

bool ioserver_memory(ioserver *s, uint64_t gpa, void *buf, size_t len,
                     bool write)
{
    while ( len )
    {
        size_t offset = gpa % PAGE_BYTES;
        size_t part = PAGE_BYTES - offset < len ? PAGE_BYTES - offset : len;
        char *page = page_at(s, gpa / PAGE_BYTES, write);

        if ( !page )
            return false;
        if ( write )
            copy_operand(page + offset, buf, part);
        else
            copy_operand(buf, page + offset, part);
        gpa += part;
        buf = (char *)buf + part;
        len -= part;
    }
    return true;
}

void memory_forget(ioserver *s)
{
    for ( unsigned int i = 0; i < NR_KEPT; i++ )
        drop(s, &s->kept[i]);
}
