/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls that do a list of operations: (list, count, pdone, domain).
 *
 * The call ends at the first operation that fails.  *pdone, if it is given, gets
 * the number of operations done.  A call that gives way keeps its progress in
 * its arguments and in *pdone; bit 31 of count says that *pdone counts.
 *
 * When an operation is done but for work that follows from it (pv-mm.h), the
 * call completes the work before it goes on, and before it ends: so the next
 * operation of the guest, or another domain's, finds the final types.
 */
#include "pv-private.h"

#include <hv/guest-access.h>

#define PREEMPTED X86_BIT32(31)

static int settle(struct domain *d)
{
    int rc = d && d->pv ? pv_lock_settled(d) : 0;

    if ( !rc && d && d->pv )
        pv_unlock(d);
    return rc;
}

struct batch {
    uint64_t list;
    size_t size;
    uint32_t count, done;
    batch_fn *fn;
    void *arg;
};

static int run(struct batch *b)
{
    int rc = 0;

    while ( b->done < b->count && !rc )
    {
        bool done = false;

        if ( b->done && hypercall_preempt_check() )
            return -ERESTART;
        rc = b->fn(b->arg, b->list + b->done * b->size, &done);
        b->done += !rc || (rc == -ERESTART && done);
    }
    return rc;
}

/* As in Xen, it is no error if that cannot be written. */
static void report_done(uint64_t pdone, uint32_t done)
{
    if ( pdone )
        (void)!copy_to_arg(pdone, &done);
}

long batch_failed(const struct hypercall *hc, long rc)
{
    if ( !(hc->a[1] & PREEMPTED) )
        report_done(hc->a[2], 0);
    return rc;
}

long batch_run(struct hypercall *hc, size_t size, struct domain *d,
               batch_fn *fn, void *arg)
{
    struct batch b = { hc->a[0], size, (uint32_t)hc->a[1] & ~PREEMPTED, 0, fn,
                       arg };
    uint64_t pdone = hc->a[2];
    uint32_t before = 0;
    int rc = 0;

    if ( hc->a[1] & PREEMPTED )
    {
        rc = settle(d);
        if ( rc )
            return rc;
        /* What cannot be read cannot be written either. */
        if ( pdone && copy_from_arg(&before, pdone) )
            before = 0;
    }
    rc = run(&b);
    if ( rc == -ERESTART )
    {
        hc->a[0] += b.done * size;
        hc->a[1] = (b.count - b.done) | PREEMPTED;
    }
    report_done(pdone, before + b.done);
    return rc;
}
