/* SPDX-License-Identifier: MIT */
/*
 * What happened, in what order: a ring of records for each CPU, off until a
 * control domain asks for it; and counters of exits by reason, always on.
 *
 * The format, and how a control domain gets at it, is <oriel/trace.h>.
 */
#ifndef HV_TRACE_H
#define HV_TRACE_H

#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/types.h>

#include <oriel/trace.h>

#define TRACE_MAX_CPUS 64
#define TRACE_SIZE (256UL << 10) /* bytes of each CPU's ring, by default */
#define TRACE_MIN_SIZE (4UL << 10)
#define TRACE_MAX_SIZE (16UL << 20)

/* [a] The events that are recorded: the one thing looked at while it is off. */
extern uint32_t trace_events;

/*
 * Boot: the size of a ring in bytes, which becomes a power of two between
 * TRACE_MIN_SIZE and TRACE_MAX_SIZE; 0: no rings, ever.
 */
void trace_init(uint64_t bytes);
/* Give the rings back, when nobody records or reads any more. */
void trace_end(void);
/* Bytes of the rings: what they cost the hypervisor. */
uint64_t trace_bytes(void);

/* Any lock may be held. */
void trace_record(enum oriel_trace_event event, unsigned int domid,
                  unsigned int vcpu, uint64_t a, uint32_t b, uint32_t c);

static inline bool trace_wants(enum oriel_trace_event event)
{
    return unlikely(READ_ONCE(trace_events) & 1U << event);
}

/* v may be any vcpu, not only the current one. */
static inline void trace(enum oriel_trace_event event, const struct vcpu *v,
                         uint64_t a, uint32_t b, uint32_t c)
{
    if ( trace_wants(event) )
        trace_record(event, v->domain->domain_id, v->vcpu_id, a, b, c);
}

static inline void trace_cpu(enum oriel_trace_event event)
{
    if ( trace_wants(event) )
        trace_record(event, ORIEL_TRACE_NO_DOMAIN, 0, 0, 0, 0);
}

/* v left guest mode at rip; code: what the processor calls the reason. */
static inline void trace_exit(struct vcpu *v, enum oriel_exit_reason reason,
                              uint64_t rip, uint32_t code)
{
    WRITE_ONCE(v->exits[reason], v->exits[reason] + 1);
    trace(ORIEL_TRACE_exit, v, rip, reason, code);
}

/* v gives its CPU up; runnable: it wants to go on. */
void trace_put_reason(const struct vcpu *v, bool runnable);
static inline void trace_put(const struct vcpu *v, bool runnable)
{
    if ( trace_wants(ORIEL_TRACE_put) )
        trace_put_reason(v, runnable);
}

/* The request p goes to this server, or came back from it. */
static inline void trace_ioreq(enum oriel_trace_event event,
                               const struct vcpu *v, const ioreq_t *p,
                               unsigned int server, uint32_t port)
{
    trace(event, v, p->addr, (server & 0xff) | (uint32_t)p->dir << 8 |
                             (uint32_t)p->type << 16 | p->size << 24, port);
}

/* ---- trace-show.c: debug keys are in hv/keys.h ---- */

extern const char *const trace_event_names[ORIEL_TRACE_NR_EVENTS];
extern const char *const trace_exit_names[ORIEL_NR_EXIT_REASONS];

/*
 * Records [*cursor, ...) of a ring into `to`, at most nr; *cursor and *lost as
 * ORIEL_TRACE_OP_read has them.  How many were copied; -EINVAL, -ENODATA.
 */
long trace_copy(unsigned int cpu, uint64_t *cursor, uint64_t *lost,
                struct oriel_trace_record *to, unsigned int nr) must_check;

/* ---- arch contract ---- */

/* How many rings there are: at most TRACE_MAX_CPUS. */
unsigned int arch_trace_cpus(void);
/*
 * The CPU that this is, which nobody else records for until arch_trace_done().
 * Any lock may be held.
 */
unsigned int arch_trace_begin(void);
void arch_trace_done(unsigned int cpu);

#endif
