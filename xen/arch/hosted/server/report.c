/* SPDX-License-Identifier: MIT */
/*
 * A report for people whose run hangs: which vcpus wait for which device model,
 * and what the programs do that use the hypervisor.  The emulator's port leads to
 * the program that has bound it.
 *
 * Nothing stops meanwhile; lines are of one moment each.
 */
#include <stdio.h>
#include <string.h>

#include "server.h"

#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#define MAX_VCPU_LINES 32U /* of each domain */
#define MAX_PORTS 8U       /* of each program */

/* ---- vcpus ---- */

static void report_wait(const struct vcpu *v, const struct ioreq_wait *w)
{
    fprintf(stderr, "  d%uv%u waits for ioreq server %u of d%u (",
            v->domain->domain_id, v->vcpu_id, w->server, w->emulator);
    if ( w->port )
        fprintf(stderr, "its port %u", w->port);
    else
        fprintf(stderr, "no port is bound");
    fprintf(stderr, "): %s: %s\n", w->what, w->step);
}

/* What else keeps it from running, or NULL. */
static const char *idle_because(const struct vcpu *v)
{
    uint32_t flags = READ_ONCE(v->flags);

    if ( flags & VCPU_DOWN )
        return "was not started";
    if ( READ_ONCE(v->domain->shutdown_code) != NOT_SHUT_DOWN )
        return "has shut down";
    if ( READ_ONCE(v->domain->pause_count) || READ_ONCE(v->pause_count) )
        return "is paused";
    return flags & (VCPU_BLOCKED | VCPU_POLLING) ? "waits for an event" : NULL;
}

static void report_vcpu(struct vcpu *v)
{
    struct ioreq_wait w = { 0 };
    const char *why;
    unsigned int from = 0;

    for ( ; ioreq_next_wait(v, from, &w); from = w.server + 1U )
        report_wait(v, &w);
    why = idle_because(v);
    if ( !from )
        fprintf(stderr, "  d%uv%u %s\n", v->domain->domain_id, v->vcpu_id,
                why ? why : "runs");
}

static void report_domain(struct domain *d)
{
    unsigned int i;

    for ( i = 0; i < d->max_vcpus && i < MAX_VCPU_LINES; i++ )
        if ( domain_vcpu(d, i) )
            report_vcpu(domain_vcpu(d, i));
    if ( i < d->max_vcpus )
        fprintf(stderr, "  d%u: %u vcpus more\n", d->domain_id,
                d->max_vcpus - i);
}

static void report_guests(void)
{
    unsigned int next = 1;
    struct domain *d;

    while ( next < DOMID_FIRST_RESERVED &&
            (d = domain_get_from((domid_t)next)) != NULL )
    {
        next = d->domain_id + 1U;
        report_domain(d);
        domain_put(d);
    }
}

/* ---- programs ---- */

struct program {
    pid_t pid;
    bool busy;           /* one of its calls is being served */
    unsigned int nr;     /* ports; the first MAX_PORTS are in port[] */
    uint32_t port[MAX_PORTS];
};

static void add_file(const struct conn *c, void *arg)
{
    struct program *p = arg;
    uint32_t port = 0;

    if ( READ_ONCE(c->pid) != p->pid )
        return;
    p->busy |= READ_ONCE(c->busy);
    if ( c->file->kind != WIRE_EVTCHN )
        return;
    while ( (port = evtchn_next_port(c->file, port)) < WIRE_NR_PORTS )
    {
        if ( p->nr < MAX_PORTS )
            p->port[p->nr] = port;
        p->nr++;
        port++;
    }
}

/* The next process in the order of their numbers. */
static void next_pid(const struct conn *c, void *arg)
{
    pid_t pid = READ_ONCE(c->pid), *found = arg; /* behind [0]: [1] or none */

    if ( pid > found[0] && (!found[1] || pid < found[1]) )
        found[1] = pid;
}

/* Its name and its state, as Linux tells them; the name may be anything. */
static char state_of(pid_t pid, char *name, size_t size)
{
    char path[40], text[512], *open, *close;
    size_t len = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    f = fopen(path, "re");
    if ( f )
    {
        len = fread(text, 1, sizeof(text) - 1, f);
        fclose(f);
    }
    text[len] = '\0';
    open = strchr(text, '(');
    close = strrchr(text, ')');
    if ( !open || !close || close <= open || strlen(close) < 3 )
        return '\0';
    *close = '\0';
    snprintf(name, size, "%s", open + 1);
    return close[2];
}

static const char *state_name(char state)
{
    switch ( state )
    {
    case 'R': return "runs";
    case 'T': case 't': return "is stopped";
    case 'Z': case 'X': return "has ended";
    default: return "sleeps";
    }
}

/* A port of dom0, and what it is bound to. */
static void report_port(uint32_t port)
{
    struct evtchn_status s = { .dom = 0, .port = port };

    fprintf(stderr, " %u", port);
    if ( !kernel_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_status,
                           (unsigned long)&s, 0) &&
         s.status == EVTCHNSTAT_interdomain )
        fprintf(stderr, " (d%u's %u)", s.u.interdomain.dom,
                s.u.interdomain.port);
}

static void report_program(const struct program *p)
{
    char name[32] = "", state = state_of(p->pid, name, sizeof(name));

    if ( !state )
        return; /* it has gone */
    fprintf(stderr, "  process %d (%s) %s%s", p->pid, name, state_name(state),
            p->busy ? " in a call of the hypervisor" : "");
    for ( unsigned int i = 0; i < p->nr && i < MAX_PORTS; i++ )
    {
        fprintf(stderr, i ? "," : "; ports of d0:");
        report_port(p->port[i]);
    }
    if ( p->nr > MAX_PORTS )
        fprintf(stderr, " and %u more", p->nr - MAX_PORTS);
    fprintf(stderr, "\n");
}

static void report_programs(void)
{
    pid_t found[2] = { 0, 0 };

    for ( ;; )
    {
        struct program p = { 0 };

        found[1] = 0;
        conns_each(next_pid, found);
        if ( !found[1] )
            return;
        found[0] = p.pid = found[1];
        conns_each(add_file, &p);
        report_program(&p);
    }
}

void report_waits(const char *why)
{
    struct hosted_context old = hosted_enter((struct hosted_context){
        .v = domain_vcpu(server_dom0, 0), .access = ACCESS_LOCAL });

    fprintf(stderr, "xen-hosted: %s: who waits for whom:\n", why);
    report_guests();
    report_programs();
    hosted_enter(old);
}
