/* SPDX-License-Identifier: MIT */
/*
 * What the files of liboriel-ioreq share.
 *
 *   open.c    the server's life: pages, ports, restriction
 *   claim.c   the ranges, and the one that has an address
 *   slots.c   slots and ring: taking requests, answering them
 *   serve.c   one request: its elements, from and to the device
 *   memory.c  the guest's memory that a request refers to
 *   loop.c    waiting, looking, stopping
 */
#ifndef IOREQ_PRIVATE_H
#define IOREQ_PRIVATE_H

#include <errno.h>
#include <string.h>

#include <oriel-ioreq.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include <xen/memory.h>

#define PAGE_BYTES 4096UL
#define SLOTS_PER_PAGE (PAGE_BYTES / sizeof(ioreq_t))
#define NR_TYPES 3U /* XEN_DMOP_IO_RANGE_* */
#define NR_KEPT 16U /* mappings of the guest's memory */

/* Ranges of one type, sorted; they do not overlap. */
struct claims {
    struct ioserver_range *range;
    size_t nr, room;
    size_t last; /* index of the range that was found last */
};

struct kept {
    xen_pfn_t gfn;
    char *page; /* NULL: none */
    bool writable;
};

struct ioserver {
    struct ioserver_config config;
    ioservid_t id;
    bool exists;
    unsigned int nr_vcpus;

    xendevicemodel_handle *dm;
    xenforeignmemory_handle *memory;
    xenevtchn_handle *events;
    int stop_fd; /* an eventfd: readable once ioserver_stop() was called */
    bool stop;   /* atomic; the same without a system call */

    xenforeignmemory_resource_handle *resource; /* NULL: pages at gfns */
    void *pages;
    size_t nr_pages;
    struct buffered_iopage *ring; /* NULL: none */
    ioreq_t *slots;               /* nr_vcpus of them, contiguous */
    evtchn_port_t *vcpu_port;     /* local ends of vp_eport; 0: not bound */
    evtchn_port_t ring_port;
    bool looks; /* the slots say so: docs/polling.md */

    struct claims claims[NR_TYPES];
    struct kept kept[NR_KEPT];
};

/* ---- claim.c ---- */

static inline bool claim_has(const struct claims *c, size_t at, uint64_t addr)
{
    return at < c->nr && c->range[at].start <= addr && addr <= c->range[at].end;
}

/* The range that has the address, wherever it is; NULL: none. */
const struct ioserver_range *claim_search(struct claims *c, uint64_t addr);

/*
 * The range that has the address of this request's type; NULL: none.  Ranges do
 * not overlap: if the one that was found last has the address, none else does.
 */
static inline const struct ioserver_range *
claim_find(ioserver *s, unsigned int type, uint64_t addr)
{
    struct claims *c = &s->claims[XEN_DMOP_IO_RANGE_MEMORY];

    if ( type == IOREQ_TYPE_PIO )
        c = &s->claims[XEN_DMOP_IO_RANGE_PORT];
    else if ( type == IOREQ_TYPE_PCI_CONFIG )
    {
        c = &s->claims[XEN_DMOP_IO_RANGE_PCI];
        addr >>= 32; /* the function, above the register */
    }
    return claim_has(c, c->last, addr) ? &c->range[c->last]
                                       : claim_search(c, addr);
}

/* What the range's functions take for that address. */
static inline uint64_t claim_offset(const struct ioserver_range *r,
                                    uint64_t addr)
{
    return r->type == XEN_DMOP_IO_RANGE_PCI ? (uint32_t)addr : addr - r->start;
}

/* ---- slots.c ---- */

/*
 * Tell the hypervisor in each slot whether this side looks for requests, or
 * needs events from now on: then the caller looks once more before it waits.
 */
void slots_say(ioserver *s, bool looks);

/* Serve what this event announces; false: nothing. */
bool slots_serve_port(ioserver *s, evtchn_port_t port);

/* ---- serve.c ---- */

/* A request from a slot: p->data is the answer to a read. */
void serve(ioserver *s, unsigned int vcpu, ioreq_t *p);
/* An entry of the ring, which is always a write. */
void serve_buffered(ioserver *s, ioreq_t *p);

/* ---- memory.c ---- */

/* Drop all mappings. */
void memory_forget(ioserver *s);

/*
 * memcpy() for an operand of a request.  libc's memcpy() uses vector registers,
 * which kernel and hypervisor then must switch: some 350 instructions for each
 * request.  The library is compiled without vector registers.
 */
static inline void copy_operand(void *to, const void *from, size_t len)
{
    switch ( len )
    {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    default: /* 3, 5, 6, 7: a part of an operand that crosses a page */
        for ( size_t i = 0; i < len; i++ )
            ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
}

#endif
