/* SPDX-License-Identifier: MIT */
/*
 * One request: which device, how often, and where the data is.
 *
 * A plain access carries its value in the request.  A string instruction
 * carries the guest-physical address of memory (data_is_ptr), a count and a
 * direction: elements go up from it, or down when df is set; with memory-mapped
 * I/O the device's address moves along, with ports it does not.
 */
#include <string.h>
#include <sys/mman.h>

#include "dm.h"

#define PAGE_BYTES 4096UL
#define MAX_REPEAT 65536U /* more in one request is nonsense */

static const struct region *find_region(unsigned int type, uint64_t addr)
{
    uint32_t wanted = type == IOREQ_TYPE_PIO ? XEN_DMOP_IO_RANGE_PORT
                                             : XEN_DMOP_IO_RANGE_MEMORY;

    for ( unsigned int i = 0; i < nr_regions; i++ )
        if ( regions[i].type == wanted && addr >= regions[i].start &&
             addr <= regions[i].end )
            return &regions[i];
    return NULL;
}

static uint64_t mask(unsigned int size)
{
    return size >= 8 ? ~0UL : (1UL << (size * 8)) - 1;
}

/* Up to a page of the guest's memory, which may lie across two. */
static bool guest_memory(struct server *s, uint64_t gpa, void *buf,
                         size_t len, bool write)
{
    while ( len )
    {
        xen_pfn_t gfn = gpa / PAGE_BYTES;
        size_t offset = gpa % PAGE_BYTES;
        size_t part = PAGE_BYTES - offset < len ? PAGE_BYTES - offset : len;
        char *page = xenforeignmemory_map(
            s->memory, s->domid, write ? PROT_READ | PROT_WRITE : PROT_READ,
            1, &gfn, NULL);

        if ( !page )
            return false;
        if ( write )
            memcpy(page + offset, buf, part);
        else
            memcpy(buf, page + offset, part);
        xenforeignmemory_unmap(s->memory, page, 1);
        gpa += part;
        buf = (char *)buf + part;
        len -= part;
    }
    return true;
}

/* One element: *value to the device, or from it. */
static void access_once(const ioreq_t *p, uint64_t addr, uint64_t *value)
{
    const struct region *r = find_region(p->type, addr);

    if ( !r )
    {
        if ( p->dir == IOREQ_READ )
            *value = mask(p->size);
    }
    else if ( p->dir == IOREQ_READ )
        *value = r->read(addr - r->start, p->size) & mask(p->size);
    else
        r->write(addr - r->start, p->size, *value & mask(p->size));
}

static void serve_string(struct server *s, const ioreq_t *p)
{
    int64_t step = p->df ? -(int64_t)p->size : (int64_t)p->size;
    uint64_t addr = p->addr, pointer = p->data;

    for ( uint32_t i = 0; i < p->count; i++ )
    {
        uint64_t value = 0;

        if ( p->dir == IOREQ_WRITE &&
             !guest_memory(s, pointer, &value, p->size, false) )
            break;
        access_once(p, addr, &value);
        if ( p->dir == IOREQ_READ &&
             !guest_memory(s, pointer, &value, p->size, true) )
            break;
        pointer += (uint64_t)step;
        if ( p->type == IOREQ_TYPE_COPY )
            addr += (uint64_t)step;
    }
}

static void serve_plain(ioreq_t *p)
{
    int64_t step = p->df ? -(int64_t)p->size : (int64_t)p->size;
    uint64_t addr = p->addr;

    for ( uint32_t i = 0; i < p->count; i++ )
    {
        access_once(p, addr, &p->data);
        if ( p->type == IOREQ_TYPE_COPY )
            addr += (uint64_t)step;
    }
}

void serve(struct server *s, unsigned int vcpu, ioreq_t *p)
{
    const struct region *r;

    switch ( p->type )
    {
    case IOREQ_TYPE_PIO:
    case IOREQ_TYPE_COPY:
        break;
    default: /* INVALIDATE, TIMEOFFSET: nothing is cached, no clock is kept */
        trace(s->domid, (int)vcpu, "other", p);
        return;
    }
    if ( p->size == 0 || p->size > 8 || (p->size & (p->size - 1)) ||
         p->count > MAX_REPEAT )
    {
        trace(s->domid, (int)vcpu, "refused", p);
        p->data = ~0UL;
        return;
    }
    if ( p->data_is_ptr )
        serve_string(s, p);
    else
        serve_plain(p);
    r = find_region(p->type, p->addr);
    trace(s->domid, (int)vcpu, r ? r->name : "nobody", p);
}

void serve_buffered(const ioreq_t *p)
{
    const struct region *r = find_region(p->type, p->addr);

    if ( r )
        block_buffered(p->addr - r->start, p->size, p->data & mask(p->size));
}
