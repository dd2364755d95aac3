/* SPDX-License-Identifier: MIT */
/* What ioreq servers claim, which Oriel tells and Xen does not. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"
#include "xen.h"

#define ROOM 64U /* ranges of one call */
/* A server that changes its claims all the time: the list ends. */
#define MOST 4096U

static int call(xc_interface *xch, uint32_t op, struct oriel_sysctl_ioreq *o)
{
    o->op = op;
    return xen_sysctl(xch, ORIEL_SYSCTL_ioreq, o, sizeof(*o)) ? errno : 0;
}

static int append(struct snapshot_ranges *to,
                  const struct oriel_ioreq_range *range, unsigned int nr)
{
    if ( to->nr + nr > to->room )
    {
        void *p = reallocarray(to->range, to->room + ROOM, sizeof(*range));

        if ( !p )
            return ENOMEM;
        to->range = p;
        to->room += ROOM;
    }
    memcpy(to->range + to->nr, range, nr * sizeof(*range));
    to->nr += nr;
    return 0;
}

/* buffer has room for ROOM ranges. */
static int take_type(xc_interface *xch, struct oriel_sysctl_ioreq *o,
                     const struct oriel_ioreq_range *buffer,
                     struct snapshot_ranges *to)
{
    int rc;

    o->start = 0;
    do
    {
        o->nr = ROOM;
        rc = call(xch, ORIEL_IOREQ_OP_ranges, o);
        if ( rc || !o->nr )
            return rc;
        rc = append(to, buffer, o->nr);
        o->start = buffer[o->nr - 1].end + 1;
    } while ( !rc && o->start && to->nr < MOST );
    return rc;
}

void take_claims(xc_interface *xch, uint32_t domid, unsigned int id,
                 struct snapshot_server *server)
{
    struct oriel_sysctl_ioreq o = { .domain = domid, .server = id };
    DECLARE_HYPERCALL_BUFFER(struct oriel_ioreq_range, buffer);

    buffer = xc_hypercall_buffer_alloc(xch, buffer, ROOM * sizeof(*buffer));
    if ( !buffer )
    {
        server->claims_error = ENOMEM;
        return;
    }
    server->claims_error = call(xch, ORIEL_IOREQ_OP_server, &o);
    server->emulator = o.emulator;
    server->flags = o.flags;
    server->ring_port = o.port;
    server->requests = o.requests;
    server->silent_requests = o.silent_requests;
    server->entries = o.entries;
    server->silent_entries = o.silent_entries;
    set_xen_guest_handle(o.ranges, buffer);
    for ( o.type = 0; o.type < SNAPSHOT_RANGE_TYPES && !server->claims_error;
          o.type++ )
        server->claims_error = take_type(xch, &o, buffer,
                                         &server->claims[o.type]);
    xc_hypercall_buffer_free(xch, buffer);
}

/* Both are in ascending order: the range that ends first has nothing more. */
bool next_overlap(const struct snapshot_ranges *a,
                  const struct snapshot_ranges *b, unsigned int *i,
                  unsigned int *j, struct oriel_ioreq_range *both)
{
    while ( *i < a->nr && *j < b->nr )
    {
        const struct oriel_ioreq_range *x = &a->range[*i], *y = &b->range[*j];

        both->start = x->start > y->start ? x->start : y->start;
        both->end = x->end < y->end ? x->end : y->end;
        ++*(x->end < y->end ? i : j);
        if ( both->start <= both->end )
            return true;
    }
    return false;
}

const char *claim_type_name(unsigned int type)
{
    static const char *const names[] = { "ports", "memory", "pci" };

    return type < 3 ? names[type] : "unknown";
}

void pci_name(uint64_t sbdf, char name[PCI_NAME])
{
    int len = 0;

    if ( sbdf >> 16 )
        len = snprintf(name, PCI_NAME, "%04x:", (unsigned int)(sbdf >> 16));
    snprintf(name + len, PCI_NAME - (size_t)len, "%02x:%02x.%x",
             (unsigned int)(sbdf >> 8) & 0xff, (unsigned int)(sbdf >> 3) & 31,
             (unsigned int)sbdf & 7);
}
