/* SPDX-License-Identifier: MIT */
/*
 * A hostile device model: it writes into slots and rings at any moment, makes
 * and destroys servers while vcpus wait for them, holds on to their pages.
 *
 * What must hold: no domain but the target crashes; an access that is
 * answered as the protocol says is over with the value that was given, and
 * every access is over when the last server is gone.
 */
#include "gen.h"

#include <hv/ioreq.h>

#include <oriel/polling.h>

#include "../../xen/common/evtchn-private.h"
#include "../../xen/common/ioreq-private.h"

static const struct gen_mix mix[] = {
    { gen_dm_op, 1U << FUZZ_STUB }, { gen_dm_op, 1U << FUZZ_STUB },
    { gen_dm_op, 1U << FUZZ_DOM0 }, { gen_memory_op, MODELS },
    { gen_event_channel_op, MODELS },
    { gen_hvm_op, MODELS },
};

static struct ioreq_server *some_server(struct input *in)
{
    struct domain *d = fuzz_dom[FUZZ_GUEST].d;

    return d ? d->ioreq.server[in_below(in, MAX_IOREQ_SERVERS)] : NULL;
}

static struct vcpu *some_vcpu(struct input *in)
{
    struct domain *d = fuzz_dom[FUZZ_GUEST].d;

    return d ? domain_vcpu(d, in_below(in, d->max_vcpus)) : NULL;
}

/* A device model that starts as it should: random calls seldom get so far. */
static void start(struct input *in)
{
    struct domain *d = fuzz_dom[FUZZ_GUEST].d;
    struct page *pg;
    ioservid_t id;
    uint8_t mode = (uint8_t)(in8(in) % 3);

    if ( !d || !fuzz_be(in8(in) & 1 ? FUZZ_DOM0 : FUZZ_STUB, 0) ||
         ioreq_server_create(d, mode, &id) )
        return;
    (void)!ioreq_server_map_range(d, id, in8(in) % NR_IO_RANGE_TYPES, 0,
                                  UINT64_MAX);
    if ( !ioreq_resource_get(d, id, FRAME_SLOTS, 1, &pg) )
        page_put(pg);
    (void)!ioreq_server_set_state(d, id, true);
}

/*
 * A device model that binds its port, and says that it looks for requests.  It
 * does not hear of them.
 */
static void looking(struct input *in)
{
    struct ioreq_server *s = some_server(in);
    struct vcpu *v = some_vcpu(in);
    ioreq_t *slot = s && v ? ioreq_slot(s, v->vcpu_id) : NULL;
    struct evtchn_bind_interdomain bind = { 0 };

    if ( !slot )
        return;
    bind.remote_dom = v->domain->domain_id;
    bind.remote_port = s->port[v->vcpu_id];
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
        if ( fuzz_dom[i].d == s->emulator && fuzz_be(i, 0) )
            (void)!evtchn_bind_interdomain(&bind);
    ((uint8_t *)slot)[ORIEL_POLL_EMULATOR] = (uint8_t)in8(in) % 16;
}

/* Any value in any field of a slot, most often its state. */
static void spoil_slot(struct input *in)
{
    struct ioreq_server *s = some_server(in);
    struct vcpu *v = some_vcpu(in);
    ioreq_t *slot = s && v ? ioreq_slot(s, v->vcpu_id) : NULL;
    unsigned int b = in8(in);

    if ( !slot )
        return;
    if ( b < 0x80 )
        slot->state = b & 0xf;
    else if ( b < 0xc0 )
        ((uint8_t *)slot)[b % sizeof(*slot)] = in8(in);
    else
        memset(slot, b & 1 ? in8(in) : 0, sizeof(*slot));
}

static void spoil_ring(struct input *in)
{
    struct ioreq_server *s = some_server(in);
    struct page *pg = s ? s->frame[FRAME_RING] : NULL;
    buffered_iopage_t *ring = pg ? page_to_virt(pg) : NULL;
    unsigned int b = in8(in);
    uint32_t v = (uint32_t)(b & 1 ? in_bytes(in, 4) : in8(in));

    if ( !ring )
        return;
    if ( b & 2 )
        ring->ptrs.read_pointer = v;
    if ( b & 4 )
        ring->ptrs.write_pointer = b & 8 ? ring->ptrs.read_pointer + v : v;
    if ( b & 16 )
        memset(ring->buf_ioreq, in8(in), sizeof(ring->buf_ioreq));
}

/* Has the device model closed its end of the vcpu's port? */
static bool is_gone(const struct ioreq_server *s, unsigned int vcpu_id)
{
    uint32_t bindings = evtchn_xen_bindings(s->target, s->port[vcpu_id]);

    return bindings && !(bindings & 1);
}

/* As the protocol says; false: there is nothing to answer, or nobody to. */
static bool answer(struct input *in, struct vcpu *v, ioreq_t *sent)
{
    struct domain *d = v->domain;
    int id = v->io.server;
    ioreq_t *slot, done;

    if ( !ioreq_in_flight(v) || id < 0 || v->io.pending != 1U << id ||
         v->io.seen[id] != STATE_IOREQ_READY )
        return false;
    slot = ioreq_slot(d->ioreq.server[id], v->vcpu_id);
    if ( !slot || slot->state != STATE_IOREQ_READY ||
         is_gone(d->ioreq.server[id], v->vcpu_id) )
        return false;

    *sent = v->io.req;
    slot->state = STATE_IOREQ_INPROCESS;
    slot->data = in_bytes(in, 2);
    hosted_enter((struct hosted_context){ .v = v });
    if ( in8(in) & 1 && ioreq_resume(v, &done) != IO_PENDING )
        fuzz_fail("an access is over that was not answered\n");
    slot->state = STATE_IORESP_READY;
    if ( sent->dir == IOREQ_READ && !sent->data_is_ptr )
        sent->data = slot->data;
    if ( ioreq_resume(v, &done) != IO_DONE )
        fuzz_fail("an access that was answered is not over\n");
    if ( done.data != sent->data || done.addr != sent->addr ||
         slot->state != STATE_IOREQ_NONE )
        fuzz_fail("the answer is not what was given\n");
    return true;
}

static void polite(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    ioreq_t sent;

    if ( v )
        (void)answer(in, v, &sent);
}

/* The entry that p makes, where the ring says it goes. */
static bool is_in_ring(const struct ioreq_server *s, uint32_t at,
                       const ioreq_t *p)
{
    const buffered_iopage_t *ring = page_to_virt(s->frame[FRAME_RING]);
    const buf_ioreq_t *e = &ring->buf_ioreq[at % IOREQ_BUFFER_SLOT_NUM];

    return e->addr == p->addr && e->data == (uint32_t)p->data &&
           e->type == IOREQ_TYPE_COPY && e->size == 2;
}

/* A write that may go into a ring: then it is in one, at the right place. */
static void buffered_write(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    struct ioreq_server **server;
    uint32_t at[MAX_IOREQ_SERVERS] = { 0 };
    bool found = false;
    ioreq_t p = {
        .type = IOREQ_TYPE_COPY, .dir = IOREQ_WRITE, .count = 1, .size = 4,
        .addr = 0xa0000 + in_below(in, 8), .data = in_bytes(in, 4),
    };

    if ( !v || ioreq_in_flight(v) )
        return;
    server = v->domain->ioreq.server;
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++ )
        if ( server[i] && server[i]->frame[FRAME_RING] )
            at[i] = ((buffered_iopage_t *)page_to_virt(
                         server[i]->frame[FRAME_RING]))->ptrs.write_pointer;
    hosted_enter((struct hosted_context){ .v = v });
    if ( ioreq_send(v, &p) != IO_DONE )
        return;
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++ )
        found |= server[i] && server[i]->frame[FRAME_RING] &&
                 is_in_ring(server[i], at[i], &p);
    if ( !found )
        fuzz_fail("a buffered write is in no ring\n");
}

/* The device model has the page mapped, whatever becomes of the server. */
static void hold_page(struct input *in)
{
    struct ioreq_server *s = some_server(in);
    struct page *pg = s ? s->frame[in_below(in, 2)] : NULL;

    if ( pg )
        fuzz_client_map(mfn_x(page_to_mfn(pg)), s->target);
}

/* After a call, which may well be one that shuts down, they go on. */
static void look_at_others(bool called)
{
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
        if ( i != FUZZ_GUEST && fuzz_dom[i].d &&
             domain_is_shut_down(fuzz_dom[i].d) )
        {
            if ( !called )
                fuzz_fail("d%u crashed, and is not the target\n",
                          fuzz_dom[i].id);
            domain_resume(fuzz_dom[i].d);
        }
}

/* Every port that the hypervisor has is that of a living server. */
static void count_ports(void)
{
    struct domain *d = fuzz_dom[FUZZ_GUEST].d;
    unsigned int nr = 0;

    for ( unsigned int id = 0; d && id < MAX_IOREQ_SERVERS; id++ )
    {
        const struct ioreq_server *s = d->ioreq.server[id];

        for ( unsigned int i = 0; s && i < d->max_vcpus; i++ )
            nr += s->port[i] != 0;
        nr += s && s->ring_port;
    }
    if ( d && d->evtchn.xen_ports != nr )
        fuzz_fail("%u ports, and servers have %u\n", d->evtchn.xen_ports, nr);
}

static void one_operation(struct input *in)
{
    struct domain *d = fuzz_dom[FUZZ_GUEST].d;
    unsigned int what = in8(in);

    switch ( what )
    {
    case 0 ... 0x3f:
        gen_call(in, mix, ARRAY_SIZE(mix));
        break;
    case 0x40 ... 0x8f:
        gen_access(in);
        break;
    case 0x90 ... 0xaf:
        spoil_slot(in);
        break;
    case 0xb0 ... 0xbf:
        spoil_ring(in);
        break;
    case 0xc0 ... 0xd7:
        polite(in);
        break;
    case 0xd8 ... 0xdf:
        buffered_write(in);
        break;
    case 0xe0 ... 0xe7:
        hold_page(in);
        break;
    case 0xe8 ... 0xef:
        gen_client(in);
        break;
    case 0xf0 ... 0xf3:
        start(in);
        break;
    case 0xf4 ... 0xf7:
        looking(in);
        break;
    default:
        if ( d )
            domain_resume(d);
        break;
    }
    look_at_others(what < 0x40);
    count_ports();
}

/* Without servers nobody waits. */
static void all_end(void)
{
    struct domain *d = fuzz_dom[FUZZ_GUEST].d;

    if ( !d )
        return;
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
        for ( ioservid_t id = 0; id < MAX_IOREQ_SERVERS; id++ )
            if ( fuzz_be(i, 0) )
                (void)!ioreq_server_destroy(d, id);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);
        ioreq_t p;

        if ( v && ioreq_in_flight(v) && ioreq_resume(v, &p) != IO_DONE )
            fuzz_fail("vcpu %u waits for ever\n", i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    fuzz_start(1U << FUZZ_DOM0 | 1U << FUZZ_GUEST | 1U << FUZZ_STUB);
    while ( in_more(&in) )
    {
        one_operation(&in);
        fuzz_step_done();
    }
    all_end();
    fuzz_end();
    return 0;
}
