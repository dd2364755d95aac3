/* SPDX-License-Identifier: MIT */
/*
 * The threads of guest vcpus: who runs when, stopping and waiting.
 *
 * A vcpu gets its thread with its first register state and loses it when its
 * domain is killed.  The thread waits until its vcpu is runnable, takes its
 * domain's turn, says so (in_guest) and only then looks again whether it may:
 * who pauses it makes the pause visible before looking at in_guest, so one of
 * the two sees the other.
 *
 * An engine is stopped from inside only, by the hook that it calls before
 * each block of code: stopped from another thread it loses its place.  The
 * hook looks at `kicked`, so a kick cannot be lost between two runs.
 *
 *   wait --runnable--> turn --> in_guest --kick, slice, exit--> out --> wait
 *                                 |  ^
 *                      engine_leave  engine_return (I/O, in a call-back)
 *
 * Locks: pthread mutexes, leaves, held over no call into the core.  turn_lock
 * and a vcpu's lock are never held together.
 */
#include <errno.h>
#include <stdlib.h>

#include "engine-private.h"

#include <hv/heap.h>
#include <hv/lib.h>

#define SLICE 20000 /* blocks of code, when another vcpu waits */

/* ---- turns ---- */

static void turn_take(struct hosted_domain *h)
{
    uint64_t mine;

    pthread_mutex_lock(&h->turn_lock);
    mine = h->turn_next++;
    while ( h->turn_now != mine )
        pthread_cond_wait(&h->turn_moved, &h->turn_lock);
    pthread_mutex_unlock(&h->turn_lock);
}

static void turn_give(struct hosted_domain *h)
{
    pthread_mutex_lock(&h->turn_lock);
    h->turn_now++;
    if ( h->turn_now != h->turn_next )
        pthread_cond_broadcast(&h->turn_moved);
    pthread_mutex_unlock(&h->turn_lock);
}

static bool turn_wanted(const struct hosted_domain *h)
{
    return READ_ONCE(h->turn_next) - READ_ONCE(h->turn_now) > 1;
}

/* ---- stopping and waiting ---- */

void engine_kick(struct vcpu *v)
{
    struct hosted_vcpu *h = v->arch.h;
    bool sleeping;

    if ( !h )
        return;
    pthread_mutex_lock(&h->lock);
    WRITE_ONCE(h->kicked, true);
    sleeping = h->sleeping;
    pthread_mutex_unlock(&h->lock);
    if ( sleeping ) /* without the lock, which it needs to wake up */
        pthread_cond_signal(&h->wake);
}

static void engine_sync(struct vcpu *v)
{
    struct hosted_vcpu *h = v->arch.h;

    if ( !h )
        return;
    pthread_mutex_lock(&h->lock);
    while ( h->in_guest )
        pthread_cond_wait(&h->out, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

void engine_unkick(struct hosted_vcpu *h)
{
    pthread_mutex_lock(&h->lock);
    WRITE_ONCE(h->kicked, false);
    pthread_mutex_unlock(&h->lock);
}

void engine_stop_soon(struct hosted_vcpu *h)
{
    pthread_mutex_lock(&h->lock);
    WRITE_ONCE(h->kicked, true);
    pthread_mutex_unlock(&h->lock);
}

bool engine_wait(struct hosted_vcpu *h)
{
    bool go;

    pthread_mutex_lock(&h->lock);
    h->sleeping = true;
    while ( !h->kicked && !h->terminate )
        pthread_cond_wait(&h->wake, &h->lock);
    h->sleeping = false;
    go = !h->terminate;
    pthread_mutex_unlock(&h->lock);
    return go;
}

void engine_leave(struct hosted_vcpu *h)
{
    pthread_mutex_lock(&h->lock);
    h->in_guest = false;
    pthread_cond_broadcast(&h->out);
    pthread_mutex_unlock(&h->lock);
    turn_give(h->h);
}

/* Into guest mode, if it still may. */
static bool engine_enter(struct hosted_vcpu *h)
{
    bool terminate;

    turn_take(h->h);
    pthread_mutex_lock(&h->lock);
    h->in_guest = true;
    terminate = h->terminate;
    pthread_mutex_unlock(&h->lock);
    h->slice = SLICE;
    if ( !terminate && vcpu_runnable(h->v) )
        return true;
    engine_leave(h);
    return false;
}

/* Sleep until runnable, with no request in flight: false at the end. */
static bool wait_runnable(struct hosted_vcpu *h)
{
    struct vcpu *v = h->v;

    for ( ;; )
    {
        ioreq_t answer;

        engine_unkick(h);
        domain_deliver();
        if ( (!ioreq_in_flight(v) || ioreq_resume(v, &answer) == IO_DONE) &&
             vcpu_runnable(v) )
            return !READ_ONCE(h->terminate);
        if ( !engine_wait(h) )
            return false;
    }
}

bool engine_return(struct hosted_vcpu *h)
{
    bool go;

    h->in_access = true;
    do
        go = wait_runnable(h);
    while ( go && !engine_enter(h) );
    h->in_access = false;

    /* The rest of the block still sees the old map. */
    if ( READ_ONCE(h->h->generation) != h->generation )
        engine_stop_soon(h);
    if ( vcpu_event_pending(h->v) )
        h->want_window = true; /* whoever sent it kicked: that is used up */
    if ( !go )
        turn_take(h->h); /* to give back: the block goes on to its end */
    return go;
}

/* ---- one vcpu's life ---- */

static bool interrupts_enabled(const struct hosted_vcpu *h)
{
    return engine_reg(h, UC_X86_REG_RFLAGS) & 0x200;
}

static void before_block(uc_engine *uc, uint64_t address, uint32_t size,
                         void *arg)
{
    struct hosted_vcpu *h = arg;

    (void)address, (void)size;
    if ( likely(!READ_ONCE(h->kicked)) && likely(--h->slice) &&
         likely(!h->want_window) )
        return;
    if ( !h->slice )
        h->slice = SLICE;
    if ( READ_ONCE(h->kicked) || (h->slice == SLICE && turn_wanted(h->h)) ||
         (h->want_window && interrupts_enabled(h)) )
    {
        h->reason = EXIT_KICK;
        uc_emu_stop(uc);
    }
}

static bool engine_open(struct hosted_vcpu *h)
{
    uc_hook hook;

    if ( uc_open(UC_ARCH_X86, UC_MODE_64, &h->uc) )
        return false;
    return !uc_ctl_set_cpu_model(h->uc, UC_CPU_X86_SKYLAKE_SERVER) &&
           !uc_ctl_exits_enable(h->uc) &&
           !uc_hook_add(h->uc, &hook, UC_HOOK_BLOCK, (void *)before_block, h,
                        1, 0) &&
           !exits_install(h);
}

bool engine_renew(struct hosted_vcpu *h)
{
    uc_engine *old = h->uc;
    uc_context *registers;
    bool ok;

    if ( uc_context_alloc(old, &registers) )
        return false;
    ok = !uc_context_save(old, registers) && engine_open(h) &&
         !uc_context_restore(h->uc, registers);
    uc_context_free(registers);
    uc_close(old);
    if ( h->uc == old )
        h->uc = NULL;
    regions_free(&h->mapped);
    return ok;
}

/* A fresh engine for the state that was set. */
static bool take_context(struct hosted_vcpu *h)
{
    struct hvm_hw_cpu context;
    bool is_new;

    pthread_mutex_lock(&h->lock);
    is_new = h->new_context;
    if ( is_new )
        context = h->context;
    h->new_context = false;
    pthread_mutex_unlock(&h->lock);
    if ( !is_new )
        return h->uc;

    if ( h->uc )
        uc_close(h->uc);
    h->uc = NULL;
    regions_free(&h->mapped);
    h->generation = 0;
    return engine_open(h) && context_load(h, &context);
}

static void run(struct hosted_vcpu *h)
{
    uint64_t rip;
    uc_err err;

    if ( !take_context(h) || !space_update(h) )
    {
        domain_crash(h->v->domain, "vcpu %u: no memory for its engine",
                     h->v->vcpu_id);
        return;
    }
    vcpu_runstate_show(h->v);
    inject_events(h);
    if ( !engine_enter(h) )
        return;
    h->reason = EXIT_NONE;
    h->half.valid = h->last_read.valid = false;
    rip = engine_reg(h, UC_X86_REG_RIP);
    err = uc_emu_start(h->uc, rip, 0, 0, 0);
    engine_leave(h);

    if ( READ_ONCE(h->terminate) )
        return;
    if ( err )
        domain_crash(h->v->domain, "vcpu %u: %s at rip %lx", h->v->vcpu_id,
                     uc_strerror(err),
                     (unsigned long)engine_reg(h, UC_X86_REG_RIP));
    else if ( h->reason != EXIT_KICK )
        exits_handle(h);
}

static void *vcpu_thread(void *arg)
{
    struct hosted_vcpu *h = arg;

    hosted_enter((struct hosted_context){ .v = h->v, .access = ACCESS_GUEST });
    while ( wait_runnable(h) )
        run(h);
    return NULL;
}

static void vcpu_stop(struct hosted_vcpu *h)
{
    bool started;

    pthread_mutex_lock(&h->lock);
    h->terminate = true;
    started = h->started;
    h->started = false;
    WRITE_ONCE(h->kicked, true);
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    if ( started )
        pthread_join(h->thread, NULL);
}

/* ---- hooks ---- */

static int vcpu_create_hook(struct vcpu *v)
{
    struct hosted_vcpu *h;

    if ( !v->domain->translated )
        return 0;
    h = new_object(struct hosted_vcpu);
    if ( !h )
        return -ENOMEM;
    h->v = v;
    h->h = v->domain->arch.h;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->wake, NULL);
    pthread_cond_init(&h->out, NULL);
    v->arch.h = h;
    return 0;
}

static void vcpu_destroy_hook(struct vcpu *v)
{
    struct hosted_vcpu *h = v->arch.h;

    if ( !h )
        return;
    vcpu_stop(h);
    if ( h->uc )
        uc_close(h->uc);
    regions_free(&h->mapped);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->wake);
    pthread_cond_destroy(&h->out);
    v->arch.h = NULL;
    hv_free(h);
}

static int domain_create_hook(struct domain *d)
{
    struct hosted_domain *h;
    int rc;

    if ( !d->translated )
        return 0;
    h = new_object(struct hosted_domain);
    if ( !h )
        return -ENOMEM;
    h->domain = d;
    h->generation = 1;
    rc = space_create(h);
    if ( rc )
    {
        hv_free(h);
        return rc;
    }
    pthread_mutex_init(&h->turn_lock, NULL);
    pthread_cond_init(&h->turn_moved, NULL);
    d->arch.h = h;
    return 0;
}

static void domain_relinquish_hook(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && v->arch.h )
            vcpu_stop(v->arch.h);
    }
    if ( d->arch.h )
        space_close(d->arch.h);
}

static void domain_destroy_hook(struct domain *d)
{
    struct hosted_domain *h = d->arch.h;

    if ( !h )
        return;
    space_destroy(h);
    pthread_mutex_destroy(&h->turn_lock);
    pthread_cond_destroy(&h->turn_moved);
    d->arch.h = NULL;
    hv_free(h);
}

static void p2m_flush_hook(struct domain *d, gfn_t gfn, uint64_t nr)
{
    struct hosted_domain *h = d->arch.h;

    if ( !h )
        return;
    space_flush(h, gfn, nr);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && v != arch_current() )
            engine_kick(v);
    }
}

static int set_context_hook(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    struct hosted_vcpu *h = v->arch.h;
    int rc = context_check(ctx);

    if ( rc || !h )
        return rc;
    pthread_mutex_lock(&h->lock);
    if ( h->in_guest || h->in_access || h->terminate )
        rc = -EBUSY;
    else if ( !h->started )
    {
        rc = pthread_create(&h->thread, NULL, vcpu_thread, h) ? -ENOMEM : 0;
        h->started = !rc;
    }
    if ( !rc )
    {
        h->context = *ctx;
        h->new_context = true;
    }
    pthread_mutex_unlock(&h->lock);
    return rc;
}

static void get_context_hook(struct vcpu *v, struct hvm_hw_cpu *ctx)
{
    struct hosted_vcpu *h = v->arch.h;
    bool pending;

    if ( !h )
        return;
    pthread_mutex_lock(&h->lock);
    pending = h->new_context;
    if ( pending )
        *ctx = h->context;
    pthread_mutex_unlock(&h->lock);
    if ( !pending && h->uc )
        context_store(h, ctx);
}

static int guest_copy_hook(struct vcpu *v, uint64_t va, void *buf,
                           size_t bytes, bool write)
{
    return guest_virt_copy(v->arch.h, va, buf, bytes, write);
}

void engine_hooks(struct hosted_hooks *hooks)
{
    hosted_guest_copy = guest_copy_hook;
    hooks->kick = engine_kick;
    hooks->sync = engine_sync;
    hooks->domain_create = domain_create_hook;
    hooks->domain_relinquish = domain_relinquish_hook;
    hooks->domain_destroy = domain_destroy_hook;
    hooks->vcpu_create = vcpu_create_hook;
    hooks->vcpu_destroy = vcpu_destroy_hook;
    hooks->set_context = set_context_hook;
    hooks->get_context = get_context_hook;
    hooks->p2m_flush = p2m_flush_hook;
}
