/* SPDX-License-Identifier: MIT */
/*
 * One access of a guest: finding its server among many ranges, and finding
 * and completing its request among many vcpus and servers.
 *
 * The device model is in this process.  It finds out as a kernel does which
 * port has an event, takes the request from the slot that belongs to it,
 * answers, and notifies by a hypercall.
 */
#include "test-ioreq.h"

#include "../../xen/common/ioreq-index.h"
#include "bench.h"
#include "core-ioreq.h"
#include "core.h"

#define NR_PORTS 4096 /* of dom0 */

/* ---- the device model ---- */

static ioreq_t *slot_at[NR_PORTS]; /* by dom0's port */

/* Its end of the port of this slot. */
static void dm_bind(struct domain *d, ioreq_t *slot)
{
    struct evtchn_bind_interdomain b = { .remote_dom = d->domain_id,
                                         .remote_port = slot->vp_eport };

    MUST(slot->vp_eport && !evtchn_op(EVTCHNOP_bind_interdomain, &b));
    slot_at[b.local_port] = slot;
}

/* The port that has an event; it has no longer. */
static evtchn_port_t dm_event(void)
{
    struct vcpu_info *info = domain_vcpu(dom0, 0)->info;
    struct shared_info *s = dom0->shared;
    unsigned int word, port;

    info->evtchn_upcall_pending = 0;
    word = (unsigned int)__builtin_ctzl(
        atomic_xchg(&info->evtchn_pending_sel, 0));
    port = word * 64 + (unsigned int)__builtin_ctzl(s->evtchn_pending[word]);
    clear_bit(port, s->evtchn_pending);
    return port;
}

/* Binding raises each event once. */
static void dm_forget_events(void)
{
    struct shared_info *s = dom0->shared;

    memset(s->evtchn_pending, 0, sizeof(s->evtchn_pending));
    domain_vcpu(dom0, 0)->info->evtchn_pending_sel = 0;
}

static void dm_serve(void)
{
    struct evtchn_send send = { .port = dm_event() };
    ioreq_t *slot = slot_at[send.port];

    MUST(slot && slot->state == STATE_IOREQ_READY);
    slot->state = STATE_IOREQ_INPROCESS;
    slot->data = slot->addr;
    slot->state = STATE_IORESP_READY;
    MUST(!evtchn_op(EVTCHNOP_send, &send));
}

/* ---- accesses ---- */

void send_and_resume(void *arg, unsigned long n)
{
    const struct access_job *j = arg;

    fixture_be_dom(dom0);
    for ( unsigned long i = 0; i < n; i++ )
    {
        struct vcpu *v = j->vcpu[i % NR_ACCESSES];
        uint64_t addr = j->addr[i % NR_ACCESSES];
        ioreq_t p = access_to(j->type, addr, 4, IOREQ_READ, 0);

        MUST(ioreq_send(v, &p) == IO_PENDING);
        dm_serve();
        MUST(ioreq_resume(v, &p) == IO_DONE && p.data == addr);
    }
}

static void only_lookup(void *arg, unsigned long n)
{
    const struct access_job *j = arg;
    const struct ioreq_index *x =
        j->d->ioreq.index[j->type == IOREQ_TYPE_PIO ? PORT : MEMORY];

    for ( unsigned long i = 0; i < n; i++ )
    {
        uint64_t addr = j->addr[i % NR_ACCESSES];

        MUST(ioreq_index_covers(x, addr, addr + 3));
    }
}

/*
 * The emulator's answer is in the slot, of the request that it had before:
 * only the vcpu's side is put back to where it waits.
 */
static void only_resume(void *arg, unsigned long n)
{
    const struct access_job *j = arg;

    for ( unsigned long i = 0; i < n; i++ )
    {
        struct vcpu *v = j->vcpu[i % NR_ACCESSES];
        unsigned int id = (unsigned int)v->io.server;
        ioreq_t *slot = ioreq_slot(j->d->ioreq.server[id], v->vcpu_id), p;

        v->io.req.state = STATE_IOREQ_READY;
        v->io.pending = (uint8_t)(1U << id);
        v->io.seen[id] = STATE_IOREQ_READY;
        slot->state = STATE_IORESP_READY;
        MUST(ioreq_resume(v, &p) == IO_DONE);
    }
}

/* ---- routing: 1 range of 1 server, 256 ranges of each of 8 ---- */

/* Four bytes of every eight, from `from` on, dealt out to the servers. */
struct domain *claimed(unsigned int servers, unsigned int ranges)
{
    struct domain *d = fixture_guest(1);

    for ( unsigned int id = 0; id < servers; id++ )
    {
        MUST(create(d, ATOMIC) == id);
        for ( unsigned int i = 0; i < ranges; i++ )
        {
            uint64_t at = (uint64_t)(i * servers + id) * 8;

            MUST(!map(d, id, PORT, 0x1000 + at, 0x1000 + at + 3));
            MUST(!map(d, id, MEMORY, 0xf0000000UL + at,
                      0xf0000000UL + at + 3));
        }
        (void)slot_of(d, id, 0);
        MUST(!set_state(d, id, true));
        dm_bind(d, slot_of(d, id, 0));
    }
    dm_forget_events();
    return d;
}

/* Accesses of vcpu 0, anywhere in nr ranges. */
struct access_job *accesses(struct domain *d, uint8_t type, unsigned int nr)
{
    struct access_job *j = calloc(1, sizeof(*j));
    uint64_t base = type == IOREQ_TYPE_PIO ? 0x1000 : 0xf0000000UL;
    uint64_t random = 88172645463325252UL;

    MUST(j);
    j->d = d;
    j->type = type;
    for ( unsigned int i = 0; i < NR_ACCESSES; i++ )
    {
        j->vcpu[i] = domain_vcpu(d, 0);
        j->addr[i] = base + next_random(&random) % nr * 8;
    }
    return j;
}

static void lookups(const char *group, void (*op)(void *, unsigned long),
                    struct access_job **j, double target)
{
    struct bench_row rows[] = {
        { "ports: 1 server, 1 range", op, j[0], 0, 0 },
        { "ports: 8 servers, 256 ranges each", op, j[1], 0, 0 },
        { "memory: 1 server, 1 range", op, j[2], 0, 0 },
        { "memory: 8 servers, 256 ranges each", op, j[3], 0, 0 },
    };

    bench_group(group, rows, 4, 400);
    bench_ratio(group, "ports, 8 x 256 / 1 x 1",
                rows[1].median / rows[0].median, target);
    bench_ratio(group, "memory, 8 x 256 / 1 x 1",
                rows[3].median / rows[2].median, target);
}

void bench_routing(void)
{
    struct domain *one = claimed(1, 1), *many = claimed(8, 256);
    struct access_job *j[] = {
        accesses(one, IOREQ_TYPE_PIO, 1),
        accesses(many, IOREQ_TYPE_PIO, 8 * 256),
        accesses(one, IOREQ_TYPE_COPY, 1),
        accesses(many, IOREQ_TYPE_COPY, 8 * 256),
    };

    lookups("one access: routed, served, resumed", send_and_resume, j, 2);
    lookups("one access: its lookup in the index alone", only_lookup, j, 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(j); i++ )
        free(j[i]);
}

/* ---- pending: 1 vcpu and 1 server, 512 vcpus and 8 servers ---- */

/*
 * Server i claims ports 16 * i on; with so many ports the guest has to use
 * FIFO events.  Every vcpu's port of one of the servers is bound.
 */
struct domain *served(unsigned int servers, unsigned int vcpus)
{
    struct evtchn_init_control init = { .control_gfn = 1 };
    struct domain *d = fixture_guest(vcpus);

    fixture_populate(d, 1, 1);
    fixture_be_dom(d);
    MUST(!evtchn_op(EVTCHNOP_init_control, &init));
    fixture_be_dom(dom0);
    for ( unsigned int id = 0; id < servers; id++ )
        MUST(serve(d, ATOMIC, PORT, id * 16, id * 16 + 15) == id);
    for ( unsigned int i = 0; i < vcpus; i++ )
        dm_bind(d, slot_of(d, (vcpus - 1 - i) % servers, i));
    dm_forget_events();
    return d;
}

/* Of one vcpu, the last, or of any. */
struct access_job *accesses_of(struct domain *d, unsigned int servers,
                               bool random_vcpu)
{
    struct access_job *j = calloc(1, sizeof(*j));
    uint64_t random = 88172645463325252UL;

    MUST(j);
    j->d = d;
    j->type = IOREQ_TYPE_PIO;
    for ( unsigned int i = 0; i < NR_ACCESSES; i++ )
    {
        unsigned int last = d->max_vcpus - 1;
        unsigned int id = random_vcpu
                              ? (unsigned int)(next_random(&random) %
                                               d->max_vcpus)
                              : last;

        j->vcpu[i] = domain_vcpu(d, id);
        j->addr[i] = (last - id) % servers * 16;
    }
    return j;
}

static void completions(const char *group, void (*op)(void *, unsigned long),
                        struct access_job **j)
{
    struct bench_row rows[] = {
        { "1 server, 1 vcpu", op, j[0], 0, 0 },
        { "8 servers, 512 vcpus, always the same", op, j[1], 0, 0 },
        { "8 servers, 512 vcpus, any of them", op, j[2], 0, 0 },
    };

    bench_group(group, rows, 3, 500);
    bench_ratio(group, "8 x 512, the same vcpu / 1 x 1",
                rows[1].median / rows[0].median, 1.1);
    bench_ratio(group, "8 x 512, any vcpu / 1 x 1 (memory caches)",
                rows[2].median / rows[0].median, 0);
}

void bench_pending(void)
{
    struct domain *one = served(1, 1), *many = served(8, 512);
    struct access_job *j[] = {
        accesses_of(one, 1, false),
        accesses_of(many, 8, false),
        accesses_of(many, 8, true),
    };

    /* This one leaves each vcpu as it was after a request, for the next. */
    completions("one request: sent, served, resumed", send_and_resume, j);
    completions("one request: found and completed alone", only_resume, j);
    for ( unsigned int i = 0; i < ARRAY_SIZE(j); i++ )
        free(j[i]);
}
