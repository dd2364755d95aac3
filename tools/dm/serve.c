/* SPDX-License-Identifier: MIT */
/*
 * Serving one request: finding the device, repeating, finding the data.
 *
 * A plain access carries its value in the request.  A string instruction
 * carries the guest-physical address of memory (data_is_ptr), a count and a
 * direction: the address of the elements goes up, or down when df is set; with
 * memory-mapped I/O the device's address moves, too, with ports it does not.
 */
#include "dm.h"

#define MAX_REPEAT 65536U /* elements of one request */

static uint32_t range_type(unsigned int type)
{
    switch ( type )
    {
    case IOREQ_TYPE_PIO: return XEN_DMOP_IO_RANGE_PORT;
    case IOREQ_TYPE_PCI_CONFIG: return XEN_DMOP_IO_RANGE_PCI;
    default: return XEN_DMOP_IO_RANGE_MEMORY;
    }
}

/* Of configuration space the address is the function << 32 | the register. */
static uint64_t range_address(unsigned int type, uint64_t addr)
{
    return type == IOREQ_TYPE_PCI_CONFIG ? addr >> 32 : addr;
}

static uint64_t offset_in(const struct region *r, uint64_t addr)
{
    return r->type == XEN_DMOP_IO_RANGE_PCI ? (uint32_t)addr
                                            : addr - r->start;
}

static bool covers(const struct region *r, unsigned int type, uint64_t addr)
{
    uint64_t at = range_address(type, addr);

    return !r->off && at >= r->start && at <= r->end;
}

static const struct region *find_region(unsigned int type, uint64_t addr)
{
    for ( unsigned int i = 0; i < nr_regions; i++ )
        if ( regions[i].type == range_type(type) &&
             covers(&regions[i], type, addr) )
            return &regions[i];
    return NULL;
}

static uint64_t mask(unsigned int size)
{
    return size >= 8 ? ~0UL : (1UL << (size * 8)) - 1;
}

/* One element: *value to the device with region r, or from it; NULL: none. */
static void access_once(const struct region *r, const ioreq_t *p,
                        uint64_t addr, uint64_t *value)
{
    if ( p->dir == IOREQ_WRITE )
    {
        if ( r )
            r->write(offset_in(r, addr), p->size, *value & mask(p->size));
    }
    else
        *value = mask(p->size) &
                 (r ? r->read(offset_in(r, addr), p->size) : ~0UL);
}

/*
 * To the next element: with memory-mapped I/O *addr moves, and may leave r.
 * Returns the region there.
 */
static const struct region *next_element(const struct region *r,
                                         const ioreq_t *p, int64_t step,
                                         uint64_t *addr)
{
    if ( p->type != IOREQ_TYPE_COPY )
        return r;
    *addr += (uint64_t)step;
    return r && covers(r, p->type, *addr) ? r : find_region(p->type, *addr);
}

static void serve_string(struct server *s, const struct region *r,
                         const ioreq_t *p)
{
    int64_t step = p->df ? -(int64_t)p->size : (int64_t)p->size;
    uint64_t addr = p->addr, pointer = p->data;

    for ( uint32_t i = 0; i < p->count; i++ )
    {
        uint64_t value = 0;

        if ( p->dir == IOREQ_WRITE &&
             !memory_access(s, pointer, &value, p->size, false) )
            break;
        access_once(r, p, addr, &value);
        if ( p->dir == IOREQ_READ &&
             !memory_access(s, pointer, &value, p->size, true) )
            break;
        pointer += (uint64_t)step;
        r = next_element(r, p, step, &addr);
    }
}

static void serve_plain(const struct region *r, ioreq_t *p)
{
    int64_t step = p->df ? -(int64_t)p->size : (int64_t)p->size;
    uint64_t addr = p->addr;

    for ( uint32_t i = 0; i < p->count; i++ )
    {
        access_once(r, p, addr, &p->data);
        r = next_element(r, p, step, &addr);
    }
}

void serve(struct server *s, unsigned int vcpu, ioreq_t *p)
{
    const struct region *r;

    switch ( p->type )
    {
    case IOREQ_TYPE_PIO:
    case IOREQ_TYPE_COPY:
    case IOREQ_TYPE_PCI_CONFIG:
        break;
    case IOREQ_TYPE_INVALIDATE:
        memory_forget(s);
        trace(s->domid, (int)vcpu, "memory", p);
        return;
    default: /* TIMEOFFSET: oriel-dm has no clock */
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
    r = find_region(p->type, p->addr);
    if ( p->data_is_ptr )
        serve_string(s, r, p);
    else
        serve_plain(r, p);
    trace(s->domid, (int)vcpu, r ? r->name : "nobody", p);
}

void serve_buffered(const ioreq_t *p)
{
    const struct region *r = find_region(p->type, p->addr);

    if ( r )
        block_buffered(p->addr - r->start, p->size, p->data & mask(p->size));
}
