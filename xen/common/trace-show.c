/* SPDX-License-Identifier: MIT */
/*
 * Debug keys: the newest records of each CPU, and the counters of exits, for
 * when no program in the control domain can ask.  Counters that are 0 are not
 * shown; a domain with many vcpus has its sum first, and its lines are bounded.
 */
#include <hv/keys.h>
#include <hv/lib.h>
#include <hv/trace.h>

#define NEWEST 32 /* records of each CPU */
#define MAX_VCPU_LINES 16

#define EVENT_NAME(name) #name,
const char *const trace_event_names[] = { ORIEL_TRACE_EVENTS(EVENT_NAME) };
#define EXIT_NAME(name, text) text,
const char *const trace_exit_names[] = { ORIEL_EXIT_REASONS(EXIT_NAME) };

static void show_record(struct key_press *k,
                        const struct oriel_trace_record *r)
{
    char who[24] = "-";

    if ( r->domain != ORIEL_TRACE_NO_DOMAIN )
        hv_snprintf(who, sizeof(who), "d%uv%u", r->domain, r->vcpu);
    key_print(k, "trace: %u %10lu.%03lu %-8s %-9s %#lx %#x %#x",
           r->cpu, (unsigned long)(r->time / 1000),
           (unsigned long)(r->time % 1000), who, trace_event_names[r->event],
           (unsigned long)r->a, r->b, r->c);
}

int trace_key_records(struct key_press *k)
{
    struct oriel_trace_record record[NEWEST];

    for ( unsigned int cpu = 0; cpu < arch_trace_cpus(); cpu++ )
    {
        uint64_t cursor = ORIEL_TRACE_NEWEST, lost = 0;
        long nr = trace_copy(cpu, &cursor, &lost, record, 0);

        if ( nr == -ENODATA )
        {
            key_print(k, "trace: nothing was ever recorded");
            return 0;
        }
        cursor -= min(cursor, (uint64_t)NEWEST);
        nr = trace_copy(cpu, &cursor, &lost, record, NEWEST);
        for ( long i = 0; i < nr; i++ )
            show_record(k, &record[i]);
    }
    key_print(k, "trace: events %#x are recorded",
           READ_ONCE(trace_events));
    return 0;
}

/* Characters of counters in a line, for which key_print() has room. */
#define WIDTH 120

static void show_counters(struct key_press *k, const char *who,
                          const uint64_t *counters)
{
    char line[WIDTH + 1] = "", word[40];
    size_t len = 0;

    for ( unsigned int i = 0; i < ORIEL_NR_EXIT_REASONS; i++ )
    {
        size_t n;

        if ( !counters[i] )
            continue;
        n = (size_t)hv_snprintf(word, sizeof(word), " %s %lu",
                                trace_exit_names[i], (unsigned long)counters[i]);
        if ( len + n > WIDTH )
        {
            key_print(k, "exits: %s%s", who, line);
            len = 0;
        }
        memcpy(line + len, word, n + 1);
        len += n;
    }
    key_print(k, "exits: %s%s", who, line);
}

static void add_vcpu(struct key_press *k, uint64_t *sum, const struct vcpu *v,
                     bool show)
{
    uint64_t counters[ORIEL_NR_EXIT_REASONS];
    char who[24];

    for ( unsigned int i = 0; i < ORIEL_NR_EXIT_REASONS; i++ )
    {
        counters[i] = READ_ONCE(v->exits[i]);
        sum[i] += counters[i];
    }
    hv_snprintf(who, sizeof(who), "d%uv%u", v->domain->domain_id, v->vcpu_id);
    if ( show )
        show_counters(k, who, counters);
}

static void show_domain(struct key_press *k, struct domain *d)
{
    uint64_t sum[ORIEL_NR_EXIT_REASONS] = { 0 };
    char who[24];

    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        const struct vcpu *v = domain_vcpu(d, i);

        if ( v )
            add_vcpu(k, sum, v, i < MAX_VCPU_LINES);
    }
    hv_snprintf(who, sizeof(who), "d%u", d->domain_id);
    show_counters(k, who, sum);
}

int trace_key_counters(struct key_press *k)
{
    key_each_domain(k, show_domain);
    return 0;
}
