/* SPDX-License-Identifier: MIT */
/*
 * The debug key `i`: ioreq servers, what they claim, which vcpus wait for them,
 * and which of their claims overlap: an access that several enabled servers claim
 * goes to the one with the highest id, which surprises whoever started the others.
 */
#include "ioreq-index.h"
#include "ioreq-private.h"

#include <hv/keys.h>

static const char *const type_name[NR_IO_RANGE_TYPES] = {
    [XEN_DMOP_IO_RANGE_PORT] = "ports",
    [XEN_DMOP_IO_RANGE_MEMORY] = "memory",
    [XEN_DMOP_IO_RANGE_PCI] = "PCI",
};

static uint64_t end_of(const struct ioreq_index *x, unsigned int i)
{
    return i + 1 < x->nr ? x->segment[i + 1].start - 1 : ~0UL;
}

/* PCI functions are numbered as in the ABI: segment, bus, device, function. */
static void print_range(struct key_press *k, unsigned int type,
                        const char *what, uint64_t start, uint64_t end)
{
    if ( type == XEN_DMOP_IO_RANGE_PCI )
        key_print(k, "    PCI %04x:%02x:%02x.%x-%02x:%02x.%x%s",
                  (unsigned int)(start >> 16) & 0xffff,
                  (unsigned int)(start >> 8) & 0xff,
                  (unsigned int)(start >> 3) & 0x1f, (unsigned int)start & 7,
                  (unsigned int)(end >> 8) & 0xff,
                  (unsigned int)(end >> 3) & 0x1f, (unsigned int)end & 7, what);
    else
        key_print(k, "    %s %#lx-%#lx%s", type_name[type],
                  (unsigned long)start, (unsigned long)end, what);
}

static void print_ranges(struct key_press *k, const struct ioreq_server *s,
                         unsigned int type)
{
    const struct ioreq_index *x = array_at(s->target->ioreq.index, type);
    struct ioreq_range range[16];
    uint64_t from = 0;
    unsigned int nr;

    do
    {
        nr = ioreq_index_list(x, s->id, from, range, ARRAY_SIZE(range));
        for ( unsigned int i = 0; i < nr; i++ )
            print_range(k, type, "", range[i].start, range[i].end);
        from = nr ? range[nr - 1].end + 1 : 0;
    } while ( from && !key_is_full(k) ); /* 0 also behind the last address */
}

/* ---- who waits ---- */

/* As the vcpu made it: an access to PCI's data ports is one to a port. */
static void describe(const ioreq_t *p, char *text, size_t size)
{
    switch ( p->type )
    {
    case IOREQ_TYPE_PIO:
    case IOREQ_TYPE_COPY:
        hv_snprintf(text, size, "%s of %s %#lx, size %u, count %u",
                    p->dir == IOREQ_READ ? "read" : "write",
                    p->type == IOREQ_TYPE_PIO ? "port" : "memory",
                    (unsigned long)p->addr, p->size, p->count);
        break;
    case IOREQ_TYPE_INVALIDATE:
        hv_snprintf(text, size, "request to drop cached mappings");
        break;
    default:
        hv_snprintf(text, size, "request of type %u", p->type);
        break;
    }
}

/* The emulator wrote the state: any value. */
static const char *step_of(ioreq_t *slot)
{
    switch ( slot ? ioreq_slot_state(slot) : STATE_IOREQ_NONE )
    {
    case STATE_IOREQ_READY:
        return "not taken";
    case STATE_IOREQ_INPROCESS:
        return "taken, not answered";
    default:
        return "answered, the vcpu has not looked";
    }
}

/* Lock held. */
static bool waits_for(const struct ioreq_server *s, const struct vcpu *v,
                      struct ioreq_wait *w)
{
    if ( !(v->io.pending & ioreq_server_bit(s)) )
        return false;
    w->server = s->id;
    w->emulator = s->emulator->domain_id;
    w->port = evtchn_xen_remote(v->domain, s->port[v->vcpu_id]);
    w->step = step_of(ioreq_slot(s, v->vcpu_id));
    describe(&v->io.req, w->what, sizeof(w->what));
    return true;
}

bool ioreq_next_wait(struct vcpu *v, unsigned int from, struct ioreq_wait *w)
{
    struct ioreq_domain *io = &v->domain->ioreq;
    bool found = false;

    spin_lock(&io->lock);
    for ( ; from < MAX_IOREQ_SERVERS && !found; from++ )
        found = io->server[from] && waits_for(io->server[from], v, w);
    spin_unlock(&io->lock);
    return found;
}

static void print_waiting(struct key_press *k, const struct ioreq_server *s)
{
    const struct vcpu *v;
    struct ioreq_wait w;

    for_each_ioreq_vcpu (s->target, v)
        if ( waits_for(s, v, &w) )
            key_print(k, "    vcpu %u waits: %s: %s", v->vcpu_id, w.what,
                      w.step);
}

/* ---- servers ---- */

static void print_server(struct key_press *k, const struct ioreq_server *s)
{
    static const char *const backing[] = {
        [BACKED_NOT_YET] = "no pages yet",
        [BACKED_BY_GFN] = "pages at gfns",
        [BACKED_BY_MFN] = "pages as a resource",
    };

    key_print(k, "  server %u: of d%u, %s, %s, ring %s, port %u", s->id,
              s->emulator->domain_id,
              ioreq_server_enabled(s) ? "enabled" : "disabled",
              backing[s->backing], ioreq_server_buffers(s) ? "yes" : "no",
              s->ring_port);
    key_print(k, "    %lu requests, %lu without an event; ring: %lu entries, %lu",
              (unsigned long)s->sent, (unsigned long)s->silent,
              (unsigned long)s->ring_sent, (unsigned long)s->ring_silent);
    for ( unsigned int i = 0; i < s->target->max_vcpus; i++ )
        if ( s->port[i] )
            key_print(k, "    vcpu %u: port %u", i, s->port[i]);
    print_waiting(k, s);
    for ( unsigned int i = 0; i < NR_IO_RANGE_TYPES; i++ )
        print_ranges(k, s, i);
}

/* Segments that more than one enabled server claims. */
static void print_overlaps(struct key_press *k, const struct ioreq_domain *io,
                           unsigned int type)
{
    const struct ioreq_index *x = array_at(io->index, type);

    for ( unsigned int i = 0; x && i < x->nr; i++ )
    {
        unsigned int left = x->segment[i].servers & io->enabled;
        char what[80];
        int len;

        if ( !(left & (left - 1)) )
            continue;
        len = hv_snprintf(what, sizeof(what), ": overlap of servers");
        for ( ; left & (left - 1); left &= left - 1 )
            len += hv_snprintf(what + len, sizeof(what) - (size_t)len, " %u,",
                               (unsigned int)__builtin_ctz(left));
        hv_snprintf(what + len, sizeof(what) - (size_t)len,
                    " %u: goes to %u", (unsigned int)__builtin_ctz(left),
                    (unsigned int)__builtin_ctz(left));
        print_range(k, type, what, x->segment[i].start, end_of(x, i));
    }
}

static void print_servers(struct key_press *k, struct domain *d)
{
    struct ioreq_domain *io = &d->ioreq;
    unsigned int nr = 0;

    spin_lock(&io->lock);
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++ )
        nr += io->server[i] != NULL;
    if ( nr )
        key_print(k, "d%u: %u ioreq servers", d->domain_id, nr);
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS && !key_is_full(k); i++ )
        if ( io->server[i] )
            print_server(k, io->server[i]);
    for ( unsigned int i = 0; i < NR_IO_RANGE_TYPES && !key_is_full(k); i++ )
        print_overlaps(k, io, i);
    spin_unlock(&io->lock);
}

int ioreq_key_servers(struct key_press *k)
{
    key_each_domain(k, print_servers);
    return 0;
}
