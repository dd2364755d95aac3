/* SPDX-License-Identifier: MIT */
/*
 * What the domains of a fuzz target cost the host: docs/limits.md, checked
 * after each operation.
 *
 * The clock is the target's: each operation takes FUZZ_OP_NS.  The console's
 * token bucket is emptied at the start, so that a target need not run for
 * long before bytes beyond the rate are seen.
 */
#include "fuzz.h"

#include <heap-limit.h>

#include <hv/console.h>
#include <hv/page.h>
#include <hv/trace.h>

#define FUZZ_OP_NS 10000UL
/* One operation may crash a domain, and make calls of others. */
#define OP_BYTES 512
#define FILL 255 /* characters of a line that empties the bucket */
#define LEFT 512 /* bytes that are left in it then, at most      */

static uint64_t the_time;     /* ns */
static uint64_t start_time;
static uint64_t bytes, op_bytes; /* printed by actors that are not in control */
static bool in_control;
static bool was_control; /* at any time of this operation */
static uint64_t last_tot[FUZZ_NR];

static uint64_t now(void)
{
    return the_time;
}

static void console(const char *s, size_t len)
{
    if ( !in_control )
    {
        bytes += len;
        op_bytes += len;
    }
    if ( getenv("FUZZ_CONSOLE") )
        fwrite(s, 1, len, stderr);
}

void fuzz_cost_actor(bool control)
{
    in_control = control;
    was_control |= control;
}

static void empty_bucket(void)
{
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
        for ( uint64_t n = 0; fuzz_dom[i].d && n < CONSOLE_ONE_BURST;
              n += FILL + 1 )
            guest_printk(fuzz_dom[i].d, XENLOG_ERR, "%*s\n", FILL, "");
}

void fuzz_cost_begin(void)
{
    the_time = NS_PER_S; /* the same for each input */
    hosted_hooks.now = now;
    hosted_hooks.console = console;
    in_control = true;
    empty_bucket();
    in_control = false;
    bytes = op_bytes = 0;
    start_time = the_time;
    memset(last_tot, 0, sizeof(last_tot));
}

static void check_console(void)
{
    uint64_t may = (the_time - start_time) * CONSOLE_ALL_RATE / NS_PER_S + LEFT;

    if ( op_bytes > OP_BYTES )
        fuzz_fail("an operation printed %lu bytes\n", op_bytes);
    if ( bytes > may )
        fuzz_fail("%lu bytes were printed, at most %lu may be\n", bytes, may);
    op_bytes = 0;
}

/*
 * Nobody gets more than max_pages, which a control domain may lower under what
 * a domain has.
 */
static void check_max_pages(void)
{
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
    {
        const struct domain *d = fuzz_dom[i].d;

        if ( d && !was_control && d->tot_pages > d->max_pages &&
             d->tot_pages > last_tot[i] )
            fuzz_fail("d%u has %lu pages of %lu\n", d->domain_id, d->tot_pages,
                      d->max_pages);
        last_tot[i] = d ? d->tot_pages : 0;
    }
    was_control = false;
}

static void check_host(void)
{
    uint64_t used = page_nr_total() - page_nr_free(), pages = 0;
    uint64_t heap = trace_bytes();
    struct domain *d = NULL;

    domain_list_lock();
    while ( (d = domain_next(d)) != NULL )
    {
        pages += d->tot_pages + d->p2m.pool_pages + d->max_extra;
        heap += heap_limit(d);
    }
    domain_list_unlock();
    if ( used > pages )
        fuzz_fail("%lu pages in use, domains may have %lu\n", used, pages);
    if ( hosted_heap_bytes() > heap )
        fuzz_fail("%lu bytes of small objects, domains may have %lu\n",
                  hosted_heap_bytes(), heap);
}

void fuzz_cost_check(void)
{
    the_time += FUZZ_OP_NS;
    check_console();
    check_max_pages();
    check_host();
}
