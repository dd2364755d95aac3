/* SPDX-License-Identifier: MIT */
/*
 * The model test: see model.h.
 *
 *     model [--ops N] [--seed S]
 *
 * The seed is printed; the same one does the same again.
 */
#include "model.h"

#include <hv/audit.h>

struct model_arena arena;

static uint64_t random_state, op_nr, seed;
static char what[160];

/* ---- for the operations ---- */

unsigned int below(unsigned int n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned int)(random_state >> 32) % n;
}

void fail(const char *fmt, ...)
{
    va_list ap;

    printf("seed %lu, operation %lu: %s: ", seed, op_nr, what);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    fflush(stdout);
    abort();
}

void doing(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    if ( getenv("MODEL_TRACE") )
        printf("%lu: %s\n", op_nr, what);
}

void expect(long got, long want)
{
    if ( got != want )
        fail("result %ld, not %ld\n", got, want);
}

struct mdom *some_dom(void)
{
    struct mdom *d;

    do
        d = &doms[below(NR_DOMS)];
    while ( !d->exists );
    return d;
}

struct mdom *some_alive(void)
{
    struct mdom *d;

    /* Those in control can do most. */
    if ( doms[1].alive && below(2) )
        return &doms[below(2)];
    do
        d = some_dom();
    while ( !d->alive );
    return d;
}

long call(struct mdom *by, unsigned int nr, unsigned long a0,
          unsigned long a1, unsigned long a2)
{
    static const unsigned int every[4] = { 0, 1, 2, 5 };
    struct hypercall hc = { nr, { a0, a1, a2 } };
    long rc;

    hosted_enter((struct hosted_context){ .v = domain_vcpu(by->d, 0) });
    hosted_preempt_every(every[below(4)]);
    rc = hypercall_run(&hc);
    hosted_preempt_every(0);
    hosted_enter((struct hosted_context){ .v = NULL });
    return rc;
}

/* ---- the run ---- */

static void count_clients(void (*count)(mfn_t mfn, enum page_holder holder))
{
    for ( unsigned int i = 0; i < NR_CLIENT; i++ )
        if ( client[i] )
            count(_mfn(mfn_of(client[i])), HOLD_ARCH);
}

static void start(void)
{
    if ( hosted_init(FRAMES) )
        fail("no machine\n");
    hosted_hooks.audit = count_clients;
    hosted_local_window(&arena, sizeof(arena));
    dom_new(&doms[0], true, false);
    dom_new(&doms[1], true, true);
    dom_new(&doms[2], false, true);
    dom_new(&doms[3], false, true);
}

static void end(void)
{
    for ( unsigned int i = 0; i < NR_CLIENT; i++ )
        if ( client[i] )
            page_put(mfn_to_page(_mfn(mfn_of(client[i]))));
    memset(client, 0, sizeof(client));
    if ( hosted_exit() )
        fail("not everything was given back\n");
    memset(doms, 0, sizeof(doms));
    memset(maps, 0, sizeof(maps));
    memset(pages, 0, sizeof(pages));
}

static void (*const ops[])(void) = {
    op_populate,        op_populate,      op_populate,   op_decrease,
    op_pod_mark,        op_pod_mark,      op_pod_target, op_decrease,
    op_move,            op_map_grant_frame, op_map_foreign, op_map_foreign,
    op_remove,          op_acquire_grant, op_acquire_ioreq, op_acquire_ioreq,
    op_size_query,      op_server_create, op_server_destroy, op_offer,
    op_offer,           op_offer,         op_grant_map,  op_grant_map,
    op_grant_map,       op_grant_map,     op_grant_unmap, op_client_map,
    op_client_unmap,    op_max_mem,       op_create,     op_destroy,
};

int main(int argc, char **argv)
{
    uint64_t nr_ops = 20000;

    seed = 1;
    for ( int i = 1; i + 1 < argc; i += 2 )
        if ( !strcmp(argv[i], "--ops") )
            nr_ops = strtoull(argv[i + 1], NULL, 0);
        else if ( !strcmp(argv[i], "--seed") )
            seed = strtoull(argv[i + 1], NULL, 0);
    printf("seed %lu, %lu operations\n", seed, nr_ops);
    random_state = seed * 0x9e3779b97f4a7c15UL | 1;
    for ( op_nr = 0; op_nr < nr_ops; op_nr++ )
    {
        /* A machine of its own for every so many. */
        if ( op_nr % 5000 == 0 )
        {
            if ( op_nr )
                end();
            start();
        }
        ops[below(sizeof(ops) / sizeof(ops[0]))]();
        check_all();
    }
    end();
    return 0;
}
