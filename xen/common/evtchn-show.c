/* SPDX-License-Identifier: MIT */
/* The debug key `e`: ports that are not free, and which ones are pending. */
#include "evtchn-private.h"

#include <hv/keys.h>
#include <hv/lib.h>

#define MAX_PENDING 16 /* in one line */

/* Calls fn for all ports that are in use, a few of them under the lock at once. */
static void each_port(struct key_press *k, struct domain *d,
                      void (*fn)(struct key_press *k, struct domain *d,
                                 const struct evtchn *chn, void *arg),
                      void *arg)
{
    uint32_t port = 1;
    bool more = true;

    while ( more && !key_is_full(k) )
    {
        spin_lock(&d->evtchn.lock);
        for ( unsigned int n = 0; n < LOOK_AT_ONCE; n++, port++ )
        {
            const struct evtchn *chn;

            more = port < d->evtchn.nr_ports;
            if ( !more )
                break;
            chn = evtchn_find(d, port);
            if ( chn && chn->state != EVTCHN_FREE )
                fn(k, d, chn, arg);
        }
        spin_unlock(&d->evtchn.lock);
    }
}

struct pending {
    char text[120];
    int len;
    unsigned int nr;
};

static void note_pending(struct key_press *k, struct domain *d,
                         const struct evtchn *chn, void *arg)
{
    struct pending *p = arg;

    (void)k;
    if ( !READ_ONCE(d->evtchn.abi)->is_pending(d, chn) )
        return;
    if ( p->nr++ < MAX_PENDING )
        p->len += hv_snprintf(p->text + p->len,
                              sizeof(p->text) - (size_t)p->len, " %u",
                              chn->port);
}

void evtchn_print_pending(struct key_press *k, struct domain *d)
{
    struct pending p = { .len = 0 };

    if ( domain_is_dying(d) )
        return;
    each_port(k, d, note_pending, &p);
    if ( p.nr )
        key_print(k, "  %u ports pending:%s%s", p.nr, p.text,
                  p.nr > MAX_PENDING ? " ..." : "");
}

static void print_port(struct key_press *k, struct domain *d,
                       const struct evtchn *chn, void *arg)
{
    char end[60] = "";

    (void)arg;
    switch ( chn->state )
    {
    case EVTCHN_RESERVED:
        return;
    case EVTCHN_UNBOUND:
        hv_snprintf(end, sizeof(end), "unbound, for d%u", chn->remote_id);
        break;
    case EVTCHN_INTERDOMAIN:
        hv_snprintf(end, sizeof(end), "bound to d%u port %u",
                    chn->remote_dom->domain_id, chn->remote->port);
        break;
    case EVTCHN_VIRQ:
        hv_snprintf(end, sizeof(end), "VIRQ %u", chn->virq);
        break;
    case EVTCHN_PIRQ:
        hv_snprintf(end, sizeof(end), "PIRQ %u", chn->virq);
        break;
    case EVTCHN_IPI:
        hv_snprintf(end, sizeof(end), "IPI");
        break;
    }
    key_print(k, "  port %u: %s, vcpu %u%s%s", chn->port, end,
              READ_ONCE(chn->vcpu),
              chn->consumer ? ", the hypervisor's" : "",
              READ_ONCE(d->evtchn.abi)->is_pending(d, chn) ? ", pending" : "");
}

static void print_ports(struct key_press *k, struct domain *d)
{
    key_print(k, "d%u: %u ports of %u in use, %u of them the hypervisor's, %s",
              d->domain_id, READ_ONCE(d->evtchn.active), d->evtchn.limit,
              READ_ONCE(d->evtchn.xen_ports),
              READ_ONCE(d->evtchn.abi) == &evtchn_abi_fifo ? "FIFO"
                                                           : "2-level");
    if ( !domain_is_dying(d) )
        each_port(k, d, print_port, NULL);
}

int evtchn_key_ports(struct key_press *k)
{
    key_each_domain(k, print_ports);
    return 0;
}
