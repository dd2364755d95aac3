/* SPDX-License-Identifier: MIT */
/* The ioreq server of the device model: liboriel-ioreq with its messages. */
#include "dm.h"

static void on_failure(void *data, const char *what, const char *hint)
{
    complain(((struct server *)data)->domid, what, hint);
}

static const char *device_name(const ioreq_t *p,
                               const struct ioserver_range *range,
                               enum ioserver_outcome outcome)
{
    switch ( outcome )
    {
    case IOSERVER_SERVED: return range->name;
    case IOSERVER_UNCLAIMED: return "nobody";
    case IOSERVER_REFUSED: return "refused";
    default: /* TIMEOFFSET: oriel-dm has no clock */
        return p->type == IOREQ_TYPE_INVALIDATE ? "memory" : "other";
    }
}

static void on_request(void *data, int vcpu, const ioreq_t *p,
                       const struct ioserver_range *range,
                       enum ioserver_outcome outcome)
{
    if ( trace_fd >= 0 )
        trace_line(((struct server *)data)->domid, vcpu,
                   device_name(p, range, outcome), p);
}

bool server_claim(struct server *s, struct region *r, bool claim)
{
    int rc = 0;

    if ( claim )
        rc = ioserver_claim(s->io, &r->range);
    else if ( !r->off )
        rc = ioserver_release(s->io, &r->range);
    r->off = !claim || rc;
    return !rc;
}

static bool claim_regions(struct server *s)
{
    for ( unsigned int i = 0; i < nr_regions; i++ )
        if ( !regions[i].off && !server_claim(s, &regions[i], true) )
        {
            complain(s->domid, regions[i].range.name,
                     "claiming its range failed");
            return false;
        }
    return true;
}

bool server_open(struct server *s, domid_t domid)
{
    struct ioserver_config config = {
        .domid = domid, .data = s, .failed = on_failure,
        .looks = s->looks,
        .observe = trace_fd >= 0 ? on_request : NULL,
    };

    s->domid = domid;
    s->io = ioserver_open(&config);
    return s->io && claim_regions(s);
}

void server_close(struct server *s)
{
    ioserver_close(s->io);
}
