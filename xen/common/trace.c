/* SPDX-License-Identifier: MIT */
/*
 * Rings of trace records, one for each CPU, and the sysctl that reads them.
 *
 * A ring has one writer, its CPU, and any number of readers, and no lock.
 * `head` counts the records that are complete; record n is in place n modulo
 * the size.  While record `head` is being written, what it replaces, record
 * head - size, is half gone.  So a reader copies first, then reads head again
 * and throws away what may have been replaced meanwhile.
 *
 *     writer: fields of record n             reader: fields of records c...
 *             release: head = n + 1                  acquire
 *             (fields of n + 1 only then)            head: keep those > head - size
 *
 * All rings are made together, when events are switched on for the first time,
 * and stay: so a CPU that still records while they are switched off has where
 * to.  trace_lock is for those who make them.
 */
#include <hv/array.h>
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>
#include <hv/timer.h>
#include <hv/trace.h>

#include "sysctl-private.h"

#define ALL_EVENTS ((1U << ORIEL_TRACE_NR_EVENTS) - 1)
#define BATCH 32 /* records copied between two preemption checks */

struct trace_ring {
    uint64_t head; /* [a] records that were ever completed */
    uint64_t pad[7]; /* readers look at head: not in a record's cache line */
    struct oriel_trace_record record[];
};

uint32_t trace_events;

static spinlock_t trace_lock; /* LOCK_TRACE */
static struct trace_ring *rings[TRACE_MAX_CPUS]; /* [T] read when `made` */
static uint32_t ring_size; /* [I] records, a power of two; 0: no rings */
static bool made;          /* [T] to set, atomic to read: all are there */
/* [T] trace_lock  [I] immutable after trace_init()  [a] atomic */

_Static_assert(sizeof(struct oriel_trace_record) == 32, "ABI");
_Static_assert(sizeof(struct oriel_sysctl_trace) <=
                   sizeof(((struct xen_sysctl *)0)->u), "ABI");
_Static_assert(ORIEL_TRACE_NR_EVENTS < 32, "a mask of 32 bits");

void trace_init(uint64_t bytes)
{
    uint64_t nr = max(min(bytes, TRACE_MAX_SIZE), TRACE_MIN_SIZE) /
                  sizeof(struct oriel_trace_record);

    spin_lock_init(&trace_lock, LOCK_TRACE);
    memset(rings, 0, sizeof(rings));
    trace_events = 0;
    made = false;
    ring_size = bytes ? 1U << (31 - __builtin_clz((uint32_t)nr)) : 0;
}

static size_t ring_bytes(void)
{
    return sizeof(struct trace_ring) +
           ring_size * sizeof(struct oriel_trace_record);
}

static void free_rings(void)
{
    for ( unsigned int i = 0; i < TRACE_MAX_CPUS; i++ )
    {
        hv_free(rings[i]);
        rings[i] = NULL;
    }
}

void trace_end(void)
{
    trace_events = 0;
    made = false;
    free_rings();
}

uint64_t trace_bytes(void)
{
    uint64_t nr = 0;

    for ( unsigned int i = 0; i < TRACE_MAX_CPUS; i++ )
        nr += rings[i] != NULL;
    return nr * ring_bytes();
}

/*
 * -ENOMEM: there are none then; -ERESTART: some are, and what follows goes on.
 * Clearing one is a bounded amount of work, clearing those of all CPUs is not.
 */
static long make_rings(void)
{
    long rc = 0;

    spin_lock(&trace_lock);
    for ( unsigned int i = 0; !rc && !made && i < arch_trace_cpus(); i++ )
    {
        if ( rings[i] )
            continue;
        rings[i] = hv_zalloc(ring_bytes());
        if ( !rings[i] )
            rc = -ENOMEM;
        else if ( hypercall_preempt_check() )
            rc = -ERESTART;
    }
    if ( rc == -ENOMEM )
        free_rings();
    else if ( !rc )
        store_release(&made, true);
    spin_unlock(&trace_lock);
    return rc;
}

/* ---- the writer ---- */

void trace_record(enum oriel_trace_event event, unsigned int domid,
                  unsigned int vcpu, uint64_t a, uint32_t b, uint32_t c)
{
    unsigned int cpu = arch_trace_begin();
    struct oriel_trace_record *r;
    struct trace_ring *ring;
    uint64_t head;

    if ( load_acquire(&made) ) /* events are set after it is */
    {
        ring = rings[cpu];
        head = ring->head;
        r = &ring->record[head & (ring_size - 1)];
        smp_wmb(); /* head, before what it says is half gone */
        WRITE_ONCE(r->time, now_ns());
        WRITE_ONCE(r->a, a);
        WRITE_ONCE(r->b, b);
        WRITE_ONCE(r->c, c);
        WRITE_ONCE(r->event, (uint16_t)event);
        WRITE_ONCE(r->domain, (uint16_t)domid);
        WRITE_ONCE(r->vcpu, (uint16_t)vcpu);
        WRITE_ONCE(r->cpu, (uint16_t)cpu);
        store_release(&ring->head, head + 1);
    }
    arch_trace_done(cpu);
}

void trace_put_reason(const struct vcpu *v, bool runnable)
{
    uint32_t flags = READ_ONCE(v->flags);
    enum oriel_put_reason why = ORIEL_PUT_held;

    if ( runnable )
        why = ORIEL_PUT_turn;
    else if ( v->io.req.state != STATE_IOREQ_NONE )
        why = ORIEL_PUT_answer;
    else if ( flags & VCPU_DOWN )
        why = ORIEL_PUT_down;
    else if ( flags & (VCPU_BLOCKED | VCPU_POLLING) )
        why = ORIEL_PUT_event;
    trace(ORIEL_TRACE_put, v, 0, why, 0);
}

/* ---- readers ---- */

static void copy_record(struct oriel_trace_record *to,
                        const struct oriel_trace_record *r)
{
    to->time = READ_ONCE(r->time);
    to->a = READ_ONCE(r->a);
    to->b = READ_ONCE(r->b);
    to->c = READ_ONCE(r->c);
    to->event = READ_ONCE(r->event);
    to->domain = READ_ONCE(r->domain);
    to->vcpu = READ_ONCE(r->vcpu);
    to->cpu = READ_ONCE(r->cpu);
}

/* The oldest record that nobody is replacing, with so many complete. */
static uint64_t oldest(uint64_t head)
{
    return head < ring_size ? 0 : head - ring_size + 1;
}

/* Bring *cursor up to the oldest record, counting what is skipped. */
static uint64_t skip_lost(uint64_t head, uint64_t *cursor, uint64_t *lost)
{
    uint64_t skipped = oldest(head) > *cursor ? oldest(head) - *cursor : 0;

    *cursor += skipped;
    *lost += skipped;
    return skipped;
}

long trace_copy(unsigned int cpu, uint64_t *cursor, uint64_t *lost,
                struct oriel_trace_record *to, unsigned int nr)
{
    const struct trace_ring *ring;
    uint64_t head, first, skipped;

    if ( cpu >= arch_trace_cpus() )
        return -EINVAL;
    if ( !load_acquire(&made) )
        return -ENODATA;
    ring = array_at(rings, cpu);
    head = load_acquire(&ring->head);
    if ( *cursor == ORIEL_TRACE_NEWEST )
        *cursor = head;
    if ( *cursor > head )
        return -EINVAL;

    (void)skip_lost(head, cursor, lost);
    first = *cursor;
    nr = (unsigned int)min((uint64_t)nr, head - first);
    for ( unsigned int i = 0; i < nr; i++ )
        copy_record(&to[i], &ring->record[(first + i) & (ring_size - 1)]);
    smp_rmb(); /* what was copied, before the look whether it was there */
    skipped = skip_lost(READ_ONCE(ring->head), cursor, lost);
    if ( skipped >= nr )
        return 0;
    memmove(to, to + skipped, (nr - skipped) * sizeof(*to));
    *cursor = first + nr;
    return (long)(nr - skipped);
}

/* ---- the sysctl ---- */

static long info(struct oriel_sysctl_trace *op)
{
    op->events = READ_ONCE(trace_events);
    op->nr = arch_trace_cpus();
    op->record_size = sizeof(struct oriel_trace_record);
    op->ring_size = ring_size;
    op->time = now_ns();
    return 0;
}

static long set(struct oriel_sysctl_trace *op)
{
    uint32_t events = op->events;
    long rc = 0;

    if ( events & ~ALL_EVENTS )
        return -EINVAL;
    if ( events && !ring_size )
        return -EOPNOTSUPP;
    if ( events )
        rc = make_rings();
    if ( !rc )
        op->events = atomic_xchg(&trace_events, events);
    return rc;
}

static long read(struct oriel_sysctl_trace *op)
{
    struct oriel_trace_record batch[BATCH];
    uint32_t done = 0, room = op->nr;
    long nr;

    if ( op->record_size != sizeof(batch[0]) )
        return -EINVAL;
    if ( !room )
        return -ENOBUFS;
    op->lost = 0;
    do {
        nr = trace_copy(op->cpu, &op->cursor, &op->lost, batch,
                        min(room - done, (uint32_t)BATCH));
        if ( nr < 0 )
            return nr;
        if ( nr && copy_to_handle(op->records, done, batch, (size_t)nr) )
            return -EFAULT;
        done += (uint32_t)nr;
    } while ( nr && done < room && !hypercall_preempt_check() );
    op->nr = done;
    return 0;
}

static long copy_counters(struct domain *d, struct oriel_sysctl_trace *op)
{
    uint64_t counters[ORIEL_NR_EXIT_REASONS];
    uint32_t room = op->nr;
    const struct vcpu *v;

    if ( op->vcpu >= d->max_vcpus )
        return -EINVAL;
    v = domain_vcpu(d, op->vcpu);
    if ( !v )
        return -ESRCH;
    op->nr = ORIEL_NR_EXIT_REASONS;
    if ( room < ORIEL_NR_EXIT_REASONS )
        return -ENOBUFS;
    for ( unsigned int i = 0; i < ORIEL_NR_EXIT_REASONS; i++ )
        counters[i] = READ_ONCE(v->exits[i]);
    return copy_to_handle(op->counters, 0, counters, ORIEL_NR_EXIT_REASONS)
               ? -EFAULT : 0;
}

static long counters(struct oriel_sysctl_trace *op)
{
    struct domain *d;
    long rc;

    if ( op->domain >= DOMID_FIRST_RESERVED ||
         !(d = domain_get((domid_t)op->domain)) )
        return -ESRCH;
    rc = copy_counters(d, op);
    domain_put(d);
    return rc;
}

long sysctl_trace(struct xen_sysctl *sysctl)
{
    struct oriel_sysctl_trace *op = (void *)&sysctl->u;

    switch ( op->op )
    {
    case ORIEL_TRACE_OP_info:
        return info(op);
    case ORIEL_TRACE_OP_set:
        return set(op);
    case ORIEL_TRACE_OP_read:
        return read(op);
    case ORIEL_TRACE_OP_counters:
        return counters(op);
    default:
        return -EINVAL;
    }
}
