/* SPDX-License-Identifier: MIT */
/* The sysctl of traces, as a control domain's program calls it. */
#ifndef TESTS_TRACE_H
#define TESTS_TRACE_H

#include "fixture.h"

#include <hv/trace.h>

#define ALL_EVENTS ((1U << ORIEL_TRACE_NR_EVENTS) - 1)

static inline long trace_call(uint32_t op, struct oriel_sysctl_trace *t)
{
    struct xen_sysctl s;
    long rc;

    memset(&s, 0, sizeof(s));
    s.cmd = ORIEL_SYSCTL_trace;
    s.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    t->op = op;
    memcpy(&s.u, t, sizeof(*t));
    rc = hcall(__HYPERVISOR_sysctl, P(&s), 0, 0, 0, 0);
    memcpy(t, &s.u, sizeof(*t));
    return rc;
}

static inline long set_events(uint32_t events)
{
    struct oriel_sysctl_trace t = { .events = events };

    return trace_call(ORIEL_TRACE_OP_set, &t);
}

/* Of CPU 0, as many as there is room for. */
static inline long read_records(struct oriel_sysctl_trace *t,
                                struct oriel_trace_record *to, uint32_t room)
{
    t->nr = room;
    t->record_size = sizeof(*to);
    t->records.p = to;
    return trace_call(ORIEL_TRACE_OP_read, t);
}

/* A record that says which one it is, n, in each of its words. */
static inline void record_number(uint64_t n)
{
    trace_record(ORIEL_TRACE_event, n & 0x3fff, n & 0xff, n, (uint32_t)n,
                 ~(uint32_t)n);
}

static inline bool is_number(const struct oriel_trace_record *r, uint64_t n)
{
    return r->event == ORIEL_TRACE_event && r->domain == (n & 0x3fff) &&
           r->vcpu == (n & 0xff) && r->a == n && r->b == (uint32_t)n &&
           r->c == ~(uint32_t)n;
}

#endif
