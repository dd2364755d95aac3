/* SPDX-License-Identifier: MIT */
/* Events, and that there are none, without a clock: see ct.h. */
#include <poll.h>

#include "../limit.h"
#include "ct.h"

void ct_fence_make(struct ct_fence *f, xenevtchn_handle *h)
{
    f->h = h;
    for ( unsigned int i = 0; i < CT_FENCES; i++ )
    {
        f->near[i] = xenevtchn_bind_unbound_port(h, 0);
        f->far[i] = xenevtchn_bind_interdomain(h, 0,
                                               (evtchn_port_t)f->near[i]);
        if ( f->near[i] <= 0 || f->far[i] <= 0 )
            ct_bail("no channel to oneself: %s", strerror(errno));
    }
}

/* The next event's port, -1: it was that of a fence, which is added. */
static int next_event(struct ct_fence *f, unsigned int *fences)
{
    struct pollfd p = { .fd = xenevtchn_fd(f->h), .events = POLLIN };
    int port;

    if ( poll(&p, 1, (int)limit_seconds(WAIT_LIMIT) * 1000) != 1 )
        ct_timeout("an event");
    port = xenevtchn_pending(f->h);
    for ( unsigned int i = 0; i < CT_FENCES; i++ )
        if ( f->far[i] == port )
        {
            *fences |= 1U << i;
            xenevtchn_unmask(f->h, (evtchn_port_t)port);
            return -1;
        }
    return port;
}

int ct_event(struct ct_fence *f)
{
    unsigned int fences = 0;
    int port;

    do
        port = next_event(f, &fences);
    while ( port < 0 );
    return port;
}

/* All fences once; an event of another port ends it, and is the answer. */
static int fence_round(struct ct_fence *f)
{
    unsigned int fences = 0;
    int port = -1;

    for ( unsigned int i = 0; i < CT_FENCES; i++ )
        if ( xenevtchn_notify(f->h, (evtchn_port_t)f->near[i]) )
            ct_bail("notify: %s", strerror(errno));
    while ( port < 0 && fences != (1U << CT_FENCES) - 1 )
        port = next_event(f, &fences);
    return port;
}

int ct_event_before_fence(struct ct_fence *f)
{
    int port = -1;

    for ( unsigned int i = 0; port < 0 && i < 3; i++ )
        port = fence_round(f);
    return port;
}

void ct_drain(struct ct_fence *f)
{
    int port;

    while ( (port = ct_event_before_fence(f)) >= 0 )
        xenevtchn_unmask(f->h, (evtchn_port_t)port);
}
