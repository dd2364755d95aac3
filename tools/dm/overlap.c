/* SPDX-License-Identifier: MIT */
/*
 * Ranges that another ioreq server of the guest claims, too, which Oriel tells
 * and Xen does not.  Both ask after claiming, so of two device models that start
 * at the same time one sees the other.
 */
#include <stdio.h>
#include <string.h>

#include <xenctrl.h>

#include <oriel/ioreq.h>

#include "dm.h"

#define SERVERS 8U /* of a guest, at most */

/* Does the server claim an address from `start` to `end` on? */
static bool claims(xc_interface *xch, domid_t domid, unsigned int server,
                   const struct ioserver_range *r)
{
    struct xen_sysctl s;
    struct oriel_sysctl_ioreq o = {
        .op = ORIEL_IOREQ_OP_ranges, .domain = domid, .server = server,
        .type = r->type, .start = r->start, .nr = 1,
    };
    DECLARE_HYPERCALL_BUFFER(struct oriel_ioreq_range, range);
    bool found;

    range = xc_hypercall_buffer_alloc(xch, range, sizeof(*range));
    if ( !range )
        return false;
    set_xen_guest_handle(o.ranges, range);
    memset(&s, 0, sizeof(s));
    s.cmd = ORIEL_SYSCTL_ioreq;
    memcpy(&s.u, &o, sizeof(o));
    found = !xc_sysctl(xch, &s);
    memcpy(&o, &s.u, sizeof(o));
    found = found && o.nr && range->start <= r->end;
    xc_hypercall_buffer_free(xch, range);
    return found;
}

static void address(const struct ioserver_range *r, uint64_t at, char text[24])
{
    if ( r->type == XEN_DMOP_IO_RANGE_PCI )
        snprintf(text, 24, "%02x:%02x.%x", (unsigned int)(at >> 8) & 0xff,
                 (unsigned int)(at >> 3) & 31, (unsigned int)at & 7);
    else
        snprintf(text, 24, "%#llx", (unsigned long long)at);
}

static void warn(domid_t domid, const struct ioserver_range *r, unsigned int own,
                 unsigned int other)
{
    static const char *const types[] = { "ports", "memory", "PCI" };
    char first[24], last[24];

    address(r, r->start, first);
    address(r, r->end, last);
    fprintf(stderr, "oriel-dm: warning: d%u: %s, %s %s-%s: server %u claims some "
            "of it, too, and server %u gets the requests\n", domid, r->name,
            types[r->type], first, last, other, other > own ? other : own);
}

void overlaps_warn(xc_interface *xch, const struct server *s)
{
    unsigned int own = ioserver_id(s->io);

    for ( unsigned int i = 0; i < nr_regions; i++ )
        for ( unsigned int id = 0; id < SERVERS && !regions[i].off; id++ )
            if ( id != own && claims(xch, s->domid, id, &regions[i].range) )
                warn(s->domid, &regions[i].range, own, id);
}
