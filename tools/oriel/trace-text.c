/* SPDX-License-Identifier: MIT */
/* Trace records as lines, with names for all numbers that have one. */
#define _GNU_SOURCE
#include "trace.h"

#include <stdlib.h>
#include <string.h>

#include <xen/hvm/ioreq.h>

#include "say.h"

#define EVENT_NAME(name) #name,
static const char *const event_names[] = { ORIEL_TRACE_EVENTS(EVENT_NAME) };
#define REASON_TEXT(name, text) text,
const char *const trace_exit_names[] = { ORIEL_EXIT_REASONS(REASON_TEXT) };
static const char *const put_names[] = { ORIEL_PUT_REASONS(REASON_TEXT) };

#define CALL(name) [__HYPERVISOR_##name] = #name
static const char *const hypercall_names[] = {
    CALL(platform_op), CALL(memory_op), CALL(multicall), CALL(set_timer_op),
    CALL(xen_version), CALL(console_io), CALL(grant_table_op),
    CALL(vm_assist), CALL(vcpu_op), CALL(sched_op), CALL(event_channel_op),
    CALL(physdev_op), CALL(hvm_op), CALL(sysctl), CALL(domctl), CALL(dm_op),
};

static const char *const type_names[] = {
    [IOREQ_TYPE_PIO] = "port", [IOREQ_TYPE_COPY] = "memory",
    [IOREQ_TYPE_PCI_CONFIG] = "pci", [IOREQ_TYPE_TIMEOFFSET] = "time offset",
    [IOREQ_TYPE_INVALIDATE] = "invalidate",
};

/* The name, or "number N" where this program is older than the hypervisor. */
static const char *name_in(const char *const *names, size_t nr, uint64_t i)
{
    static char number[32];

    if ( i < nr && names[i] )
        return names[i];
    snprintf(number, sizeof(number), "number %lu", (unsigned long)i);
    return number;
}
#define NAME(names, i) name_in(names, sizeof(names) / sizeof((names)[0]), i)

uint32_t trace_parse_events(const char *list)
{
    const char *p = list;
    uint32_t mask = 0;

    for ( ;; )
    {
        size_t len = strcspn(p, ",");
        unsigned int i = 0;

        while ( i < ORIEL_TRACE_NR_EVENTS &&
                (strlen(event_names[i]) != len ||
                 strncmp(event_names[i], p, len)) )
            i++;
        if ( i == ORIEL_TRACE_NR_EVENTS )
        {
            misused("trace", "'%.*s' is no event", (int)len, p);
            return 0;
        }
        mask |= 1U << i;
        if ( !p[len] )
            return mask;
        p += len + 1;
    }
}

static void print_ioreq(const struct oriel_trace_record *r, FILE *to)
{
    if ( ORIEL_IOREQ_SERVER(r->b) == 0xff )
        fprintf(to, "all servers: ");
    else
        fprintf(to, "server %u: ", ORIEL_IOREQ_SERVER(r->b));
    fprintf(to, "%s %s %#lx, %u bytes",
            NAME(type_names, ORIEL_IOREQ_TYPE(r->b)),
            ORIEL_IOREQ_DIR(r->b) == IOREQ_READ ? "read" : "write",
            (unsigned long)r->a, ORIEL_IOREQ_SIZE(r->b));
}

static void print_hypercall(const struct oriel_trace_record *r, FILE *to)
{
    long result = (long)r->a;
    const char *name = result < 0 && result > -4096
                           ? strerrorname_np((int)-result) : NULL;

    fprintf(to, "%s %u: ", NAME(hypercall_names, r->b), r->c);
    if ( name )
        fprintf(to, "-%s", name);
    else
        fprintf(to, "%ld", result);
}

static void print_words(const struct oriel_trace_record *r, FILE *to)
{
    switch ( r->event )
    {
    case ORIEL_TRACE_exit:
        fprintf(to, "%s at %#lx", NAME(trace_exit_names, r->b),
                (unsigned long)r->a);
        break;
    case ORIEL_TRACE_hypercall: print_hypercall(r, to); break;
    case ORIEL_TRACE_ioreq:
        print_ioreq(r, to);
        fprintf(to, ", channel %u", r->c);
        break;
    case ORIEL_TRACE_buffered:
    case ORIEL_TRACE_resume: print_ioreq(r, to); break;
    case ORIEL_TRACE_event: fprintf(to, "channel %u", r->c); break;
    case ORIEL_TRACE_wake: fprintf(to, "for cpu %u", r->b); break;
    case ORIEL_TRACE_put: fprintf(to, "%s", NAME(put_names, r->b)); break;
    }
}

static void print_record(const struct oriel_trace_record *r, uint64_t first,
                         uint64_t before, FILE *to)
{
    char who[24] = "-";

    if ( r->domain != ORIEL_TRACE_NO_DOMAIN )
        snprintf(who, sizeof(who), "d%uv%u", r->domain, r->vcpu);
    fprintf(to, "%12.3f %9.3f %3u %-8s %-10s", (double)(r->time - first) / 1e3,
            (double)(r->time - before) / 1e3, r->cpu, who,
            NAME(event_names, r->event));
    print_words(r, to);
    fputc('\n', to);
}

/* Records of one CPU have their order from its ring: a stable sort keeps it. */
static void merge(struct oriel_trace_record *r, struct oriel_trace_record *tmp,
                  size_t nr)
{
    size_t half = nr / 2, i = 0, j = half;

    if ( nr < 2 )
        return;
    merge(r, tmp, half);
    merge(r + half, tmp, nr - half);
    memcpy(tmp, r, nr * sizeof(*r));
    for ( size_t k = 0; k < nr; k++ )
        r[k] = j == nr || (i < half && tmp[i].time <= tmp[j].time) ? tmp[i++]
                                                                   : tmp[j++];
}

bool trace_print(struct trace_log *log, int domain, FILE *to)
{
    struct oriel_trace_record *tmp = calloc(log->nr + 1, sizeof(*tmp));
    uint64_t first = 0, before = 0;
    bool any = false;

    if ( !tmp )
    {
        failed("no memory to sort %zu records", log->nr);
        return false;
    }
    merge(log->record, tmp, log->nr);
    free(tmp);
    fprintf(to, "%12s %9s %3s %-8s %s\n", "us", "delta", "cpu", "vcpu",
            "event");
    for ( size_t i = 0; i < log->nr; i++ )
    {
        const struct oriel_trace_record *r = &log->record[i];

        if ( domain >= 0 && r->domain != domain )
            continue;
        if ( !any )
            first = before = r->time;
        any = true;
        print_record(r, first, before, to);
        before = r->time;
    }
    if ( log->lost )
        fprintf(to, "%lu records were lost\n", (unsigned long)log->lost);
    return true;
}
