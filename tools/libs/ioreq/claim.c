/* SPDX-License-Identifier: MIT */
/* The ranges of a server: at the hypervisor, and in an array to search. */
#include <stdlib.h>

#include "private.h"

#define MAX_BDF 0xffffU

static bool is_range(const struct ioserver_range *r)
{
    if ( r->type == XEN_DMOP_IO_RANGE_PCI )
        return r->start == r->end && r->start <= MAX_BDF;
    return r->type < NR_TYPES && r->start <= r->end;
}

static int claim_pci(const ioserver *s, const struct ioserver_range *r,
                     bool claim)
{
    uint8_t bus = (uint8_t)(r->start >> 8);
    uint8_t device = (uint8_t)(r->start >> 3 & 31);
    uint8_t function = (uint8_t)(r->start & 7);

    return claim ? xendevicemodel_map_pcidev_to_ioreq_server(
                       s->dm, s->config.domid, s->id, 0, bus, device, function)
                 : xendevicemodel_unmap_pcidev_from_ioreq_server(
                       s->dm, s->config.domid, s->id, 0, bus, device,
                       function);
}

static int claim_range(const ioserver *s, const struct ioserver_range *r,
                       bool claim)
{
    int memory = r->type == XEN_DMOP_IO_RANGE_MEMORY;

    if ( r->type == XEN_DMOP_IO_RANGE_PCI )
        return claim_pci(s, r, claim);
    return claim ? xendevicemodel_map_io_range_to_ioreq_server(
                       s->dm, s->config.domid, s->id, memory, r->start, r->end)
                 : xendevicemodel_unmap_io_range_from_ioreq_server(
                       s->dm, s->config.domid, s->id, memory, r->start,
                       r->end);
}

/* The number of ranges that start at `at` or below. */
static size_t nr_up_to(const struct claims *c, uint64_t at)
{
    size_t low = 0, high = c->nr;

    while ( low < high )
    {
        size_t middle = (low + high) / 2;

        if ( c->range[middle].start <= at )
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct claims *c)
{
    size_t room = c->room ? 2 * c->room : 8;
    void *p;

    if ( c->nr < c->room )
        return true;
    p = realloc(c->range, room * sizeof(*c->range));
    if ( !p )
        return false;
    c->range = p;
    c->room = room;
    return true;
}

int ioserver_claim(ioserver *s, const struct ioserver_range *range)
{
    struct claims *c;
    size_t at;

    if ( !is_range(range) )
    {
        errno = EINVAL;
        return -1;
    }
    c = &s->claims[range->type];
    if ( !make_room(c) || claim_range(s, range, true) )
        return -1;
    at = nr_up_to(c, range->start);
    memmove(&c->range[at + 1], &c->range[at],
            (c->nr - at) * sizeof(*c->range));
    c->range[at] = *range;
    c->nr++;
    return 0;
}

int ioserver_release(ioserver *s, const struct ioserver_range *range)
{
    struct claims *c = &s->claims[range->type % NR_TYPES];
    size_t at = nr_up_to(c, range->start);

    if ( !is_range(range) || !at || c->range[at - 1].start != range->start ||
         c->range[at - 1].end != range->end )
    {
        errno = ENOENT;
        return -1;
    }
    if ( claim_range(s, range, false) )
        return -1;
    memmove(&c->range[at - 1], &c->range[at],
            (c->nr - at) * sizeof(*c->range));
    c->nr--;
    return 0;
}

const struct ioserver_range *claim_search(struct claims *c, uint64_t addr)
{
    c->last = nr_up_to(c, addr) - 1; /* none: past the end */
    return claim_has(c, c->last, addr) ? &c->range[c->last] : NULL;
}
