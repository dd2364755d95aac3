/* SPDX-License-Identifier: MIT */
/*
 * What one operation costs when there are many of something: vcpus, servers,
 * ranges, frames, ports, domains, pages, timers.  Each curve has a machine of its
 * own, and each point objects of its own.
 */
#include "test-acquire.h"

#include <hv/ioreq.h>
#include <hv/p2m.h>
#include <hv/timer.h>

#include "bench.h"
#include "core-ioreq.h"
#include "core.h"

/* The same numbers each time. */
static uint64_t any(uint64_t *state)
{
    *state = *state * 6364136223846793005UL + 1442695040888963407UL;
    return *state >> 33;
}

static void point(const char *curve, unsigned int x,
                  void (*op)(void *arg, unsigned long n), void *arg, double per)
{
    char label[16];
    struct bench_row row = { label, op, arg, per, 0 };

    snprintf(label, sizeof(label), "%u", x);
    bench_group(curve, &row, 1, 0);
}

/* ---- requests ---- */

static void requests(const char *curve, unsigned int x, struct access_job *job)
{
    point(curve, x, send_and_resume, job, 1);
    fixture_kill(job->d);
    free(job);
}

static void by_vcpus(void)
{
    for ( unsigned int n = 1; n <= 512; n *= 2 )
        requests("a request, by vcpus", n, accesses_of(served(1, n), 1, true));
}

static void by_servers(void)
{
    for ( unsigned int n = 1; n <= MAX_IOREQ_SERVERS; n++ )
        requests("a request, by ioreq servers", n,
                accesses_of(served(n, 8), n, true));
}

/* Of one server, then of all eight. */
static void by_ranges(void)
{
    for ( unsigned int n = 1; n <= 2048; n *= 2 )
    {
        unsigned int servers = n > 256 ? n / 256 : 1;

        requests("a request, by ranges that are claimed", n,
                accesses(claimed(servers, n / servers), IOREQ_TYPE_PIO, n));
    }
}

/* ---- frames of a resource ---- */

struct frames {
    struct domain *d;
    uint32_t nr;
};

static void acquire_frames(void *arg, unsigned long n)
{
    const struct frames *f = arg;

    while ( n-- )
        MUST(!acquire(f->d, GRANT, 0, 0, f->nr));
}

static void by_frames(void)
{
    struct domain *d = fixture_guest(1);

    fixture_be_dom(dom0);
    for ( uint32_t n = 1; n <= 64; n *= 2 )
    {
        struct frames f = { d, n };

        point("a grant frame acquired, by frames of the call", n,
              acquire_frames, &f, n);
    }
}

/* ---- event channels ---- */

#define MOST_PORTS 4000U

struct ports {
    struct domain *d;
    evtchn_port_t port, remote;
};

static void send_event(void *arg, unsigned long n)
{
    const struct ports *p = arg;
    struct evtchn_send send = { .port = p->port };

    while ( n-- )
    {
        MUST(!evtchn_op(EVTCHNOP_send, &send));
        clear_bit(p->remote, p->d->shared->evtchn_pending);
    }
}

static void by_ports(void)
{
    struct ports p = { .d = fixture_guest(1) };
    unsigned int nr = 0;

    fixture_be_dom(dom0);
    for ( unsigned int n = 1; n <= MOST_PORTS; n = n < 2048 ? n * 2 : n + 1952 )
    {
        for ( ; nr < n; nr++ )
        {
            struct evtchn_alloc_unbound a = { .dom = p.d->domain_id };
            struct evtchn_bind_interdomain b;

            MUST(!evtchn_op(EVTCHNOP_alloc_unbound, &a));
            b = (struct evtchn_bind_interdomain){
                .remote_dom = p.d->domain_id, .remote_port = a.port };
            MUST(!evtchn_op(EVTCHNOP_bind_interdomain, &b));
            p.port = b.local_port;
            p.remote = a.port;
        }
        point("an event sent, by ports in use", n, send_event, &p, 1);
    }
}

/* ---- domains ---- */

#define FEW_TABLES 4

static void ask_about(void *arg, unsigned long n)
{
    domid_t id = ((struct domain *)arg)->domain_id;

    while ( n-- )
        MUST(memory_op(XENMEM_maximum_reservation, &id) >= 0);
}

static void create_and_destroy(void *arg, unsigned long n)
{
    (void)arg;
    while ( n-- )
        fixture_kill(fixture_guest(1));
}

/* Of n domains, which need few tables, the last. */
static struct domain *one_of(unsigned int n)
{
    static unsigned int nr;
    static struct domain *last;
    int rc;

    if ( n == 1 )
        nr = 0;
    for ( ; nr < n; nr++ )
    {
        last = fixture_guest(1);
        while ( (rc = p2m_pool_resize(last, FEW_TABLES)) == -ERESTART )
            continue;
        MUST(!rc);
    }
    fixture_be_dom(dom0);
    return last;
}

static void calls_by_domains(void)
{
    for ( unsigned int n = 1; n <= 200; n = n < 128 ? n * 2 : n + 72 )
        point("a call about a domain, by domains", n, ask_about, one_of(n), 1);
}

static void creation_by_domains(void)
{
    for ( unsigned int n = 1; n <= 200; n = n < 128 ? n * 2 : n + 72 )
        point("a domain created and destroyed, by domains", n,
              create_and_destroy, one_of(n), 1);
}

/* ---- memory ---- */

struct pages {
    struct domain *d;
    unsigned int nr;
};

static void look_up(void *arg, unsigned long n)
{
    const struct pages *p = arg;
    uint64_t random = 1;

    while ( n-- )
    {
        gfn_t gfn = _gfn(any(&random) % p->nr);
        struct page *pg = p2m_get_page(p->d, gfn, NULL);

        MUST(pg);
        page_put(pg);
    }
}

static void by_pages(void)
{
    struct pages p = { .d = fixture_guest(1) };

    for ( unsigned int n = 1; n <= 8192; n *= 2 )
    {
        fixture_populate(p.d, p.nr, n - p.nr);
        p.nr = n;
        point("a page found by its gfn, by pages", n, look_up, &p, 1);
    }
}

/* ---- timers ---- */

#define MOST_TIMERS 6144U /* of four guests with 512 vcpus */
#define HOUR_NS 3600000000000UL

static struct timer timers[MOST_TIMERS];

static void never(void *data)
{
    (void)data;
    abort();
}

static void set_timers(void *arg, unsigned long n)
{
    unsigned int nr = *(unsigned int *)arg;
    uint64_t random = 1;

    while ( n-- )
        timer_set(&timers[any(&random) % nr],
                  now_ns() + HOUR_NS + any(&random) % HOUR_NS);
}

static void by_timers(void)
{
    unsigned int nr = 0, i;

    for ( unsigned int n = 1; n <= MOST_TIMERS; n = n < 4096 ? n * 2 : n + 2048 )
    {
        for ( ; nr < n; nr++ )
        {
            timer_init(&timers[nr], never, NULL);
            timer_set(&timers[nr], now_ns() + HOUR_NS + nr);
        }
        point("a timer set anew, by timers", n, set_timers, &nr, 1);
    }
    for ( i = 0; i < nr; i++ )
        timer_stop(&timers[i]);
}

void (*const scale_curves[])(void) = {
    by_vcpus, by_servers, by_ranges, by_frames, by_ports, calls_by_domains,
    creation_by_domains, by_pages, by_timers,
};
const unsigned int nr_scale_curves = ARRAY_SIZE(scale_curves);
