/* SPDX-License-Identifier: MIT */
/*
 * Serving one request: finding the device, repeating, finding the data.
 *
 * A plain access carries its value in the request.  A string instruction
 * carries the guest-physical address of memory (data_is_ptr), a count and a
 * direction: the address of the elements goes up, or down when df is set; with
 * memory-mapped I/O the device's address moves, too, with ports it does not.
 *
 * A range is looked up for each element: the device may have claimed or
 * released some while it served the one before.
 */
#include "private.h"

#define MAX_REPEAT 65536U /* elements of one request */

static uint64_t mask(unsigned int size)
{
    return size >= 8 ? ~0UL : (1UL << (size * 8)) - 1;
}

/* One element: *value to the device at addr, or from it. */
static void access_once(ioserver *s, const ioreq_t *p, uint64_t addr,
                        uint64_t *value)
{
    const struct ioserver_range *r = claim_find(s, p->type, addr);

    if ( p->dir == IOREQ_WRITE )
    {
        if ( r && r->write )
            r->write(r->data, claim_offset(r, addr), p->size,
                     *value & mask(p->size));
    }
    else
        *value = mask(p->size) &
                 (r && r->read
                      ? r->read(r->data, claim_offset(r, addr), p->size)
                      : ~0UL);
}

static int64_t step_of(const ioreq_t *p)
{
    return p->df ? -(int64_t)p->size : (int64_t)p->size;
}

static uint64_t next_address(const ioreq_t *p, uint64_t addr)
{
    return p->type == IOREQ_TYPE_COPY ? addr + (uint64_t)step_of(p) : addr;
}

static bool guest_memory(ioserver *s, uint64_t gpa, void *buf, size_t len,
                         bool write)
{
    return s->config.memory
               ? s->config.memory(s->config.data, gpa, buf, len, write)
               : ioserver_memory(s, gpa, buf, len, write);
}

static void serve_string(ioserver *s, const ioreq_t *p)
{
    uint64_t addr = p->addr, pointer = p->data;

    for ( uint32_t i = 0; i < p->count; i++ )
    {
        uint64_t value = 0;

        if ( p->dir == IOREQ_WRITE &&
             !guest_memory(s, pointer, &value, p->size, false) )
            break;
        access_once(s, p, addr, &value);
        if ( p->dir == IOREQ_READ &&
             !guest_memory(s, pointer, &value, p->size, true) )
            break;
        pointer += (uint64_t)step_of(p);
        addr = next_address(p, addr);
    }
}

static void serve_plain(ioserver *s, ioreq_t *p)
{
    uint64_t addr = p->addr;

    for ( uint32_t i = 0; i < p->count; i++ )
    {
        access_once(s, p, addr, &p->data);
        addr = next_address(p, addr);
    }
}

static bool is_access(const ioreq_t *p)
{
    return p->type <= IOREQ_TYPE_PCI_CONFIG && p->size && p->size <= 8 &&
           !(p->size & (p->size - 1)) && p->count <= MAX_REPEAT;
}

static enum ioserver_outcome notice(ioserver *s, const ioreq_t *p)
{
    if ( p->type == IOREQ_TYPE_INVALIDATE )
    {
        memory_forget(s);
        if ( s->config.invalidate )
            s->config.invalidate(s->config.data);
    }
    return IOSERVER_NOTICE;
}

static void observe(const ioserver *s, int vcpu, const ioreq_t *p,
                    const struct ioserver_range *r,
                    enum ioserver_outcome outcome)
{
    if ( s->config.observe )
        s->config.observe(s->config.data, vcpu, p, r, outcome);
}

/* For the observer: the range as it is before the device may release it. */
static const struct ioserver_range *
copy_range(ioserver *s, const ioreq_t *p, struct ioserver_range *copy)
{
    const struct ioserver_range *r;

    if ( !s->config.observe )
        return NULL;
    r = claim_find(s, p->type, p->addr);
    if ( r )
        *copy = *r;
    return r ? copy : NULL;
}

void serve(ioserver *s, unsigned int vcpu, ioreq_t *p)
{
    enum ioserver_outcome outcome = IOSERVER_REFUSED;
    const struct ioserver_range *r = NULL;
    struct ioserver_range copy;

    if ( p->type == IOREQ_TYPE_INVALIDATE || p->type == IOREQ_TYPE_TIMEOFFSET )
        outcome = notice(s, p);
    else if ( is_access(p) )
    {
        r = copy_range(s, p, &copy);
        outcome = r ? IOSERVER_SERVED : IOSERVER_UNCLAIMED;
        if ( p->data_is_ptr )
            serve_string(s, p);
        else
            serve_plain(s, p);
    }
    else
        p->data = ~0UL;
    observe(s, (int)vcpu, p, r, outcome);
}

void serve_buffered(ioserver *s, ioreq_t *p)
{
    const struct ioserver_range *r, *seen;
    struct ioserver_range copy;

    if ( p->type > IOREQ_TYPE_COPY )
    {
        observe(s, -1, p, NULL,
                p->type == IOREQ_TYPE_TIMEOFFSET ? IOSERVER_NOTICE
                                                 : IOSERVER_REFUSED);
        return;
    }
    seen = copy_range(s, p, &copy);
    r = claim_find(s, p->type, p->addr);
    if ( r && r->buffered )
        r->buffered(r->data, claim_offset(r, p->addr), p->size,
                    p->data & mask(p->size));
    else
        access_once(s, p, p->addr, &p->data);
    observe(s, -1, p, seen, seen ? IOSERVER_SERVED : IOSERVER_UNCLAIMED);
}
