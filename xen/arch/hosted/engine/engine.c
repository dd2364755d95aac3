/* SPDX-License-Identifier: MIT */
/*
 * The threads of guest vcpus: running, stopping and waiting.
 *
 * A vcpu gets its thread with its first register state and loses the thread
 * when its domain is killed.  The thread waits until its vcpu is runnable, sets
 * `active` and only then checks again that the vcpu is runnable.  A thread that
 * pauses the vcpu makes the pause visible before it looks at `active`, so one
 * of the two threads sees the other.  While active, the vcpu's thread prepares
 * the engine, takes its domain's turn, executes the guest's code and handles
 * the exit; no other thread touches the engine.
 *
 * An engine is stopped only by the hook that it calls before each block of
 * code: an engine that another thread stops loses its position in the code.
 * The hook looks at `kicked`, so a kick cannot be lost between two runs.
 *
 *   wait --runnable--> active --> turn --kick, slice, exit--> no turn --> wait
 *                                 |  ^
 *                      engine_leave  engine_return (I/O, in a callback)
 *
 * Locks: pthread mutexes.  While one is held no other of them is taken, and of the
 * core only trace() is called.  window_lock is another matter: see space.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine-private.h"

#include <hv/heap.h>
#include <hv/lib.h>
#include <hv/trace.h>

#define SLICE 20000 /* blocks of code, when another vcpu waits */

/* ---- turns ---- */

static void take_turn(struct hosted_vcpu *h)
{
    vcpu_placed(h->v, VCPU_QUEUED);
    turn_take(&h->h->turns);
    turn_take(&machine_turns);
    trace(ORIEL_TRACE_pick, h->v, 0, 0, 0);
}

/* The vcpu stays runnable: a vcpu that sleeps is placed by its caller. */
static void give_turn(struct hosted_vcpu *h)
{
    trace_put(h->v, true);
    vcpu_placed(h->v, VCPU_QUEUED);
    turn_give(&machine_turns);
    turn_give(&h->h->turns);
}

static bool turn_is_wanted(const struct hosted_vcpu *h)
{
    return turn_wanted(&h->h->turns) || turn_wanted(&machine_turns);
}

/* ---- stopping and waiting ---- */

/* h->lock held. */
static void wake_locked(struct hosted_vcpu *h)
{
    static const uint64_t one = 1;

    WRITE_ONCE(h->kicked, true);
    if ( !h->sleeping )
        return;
    h->sleeping = false; /* one write is enough */
    trace(ORIEL_TRACE_wake, h->v, 0, 1, 0);
    (void)!write(h->kick_fd, &one, sizeof(one));
}

void engine_kick(struct vcpu *v)
{
    struct hosted_vcpu *h = v->arch.h;

    if ( !h )
        return;
    pthread_mutex_lock(&h->lock);
    wake_locked(h);
    pthread_mutex_unlock(&h->lock);
}

void engine_sync(struct vcpu *v)
{
    struct hosted_vcpu *h = v->arch.h;

    if ( !h )
        return;
    pthread_mutex_lock(&h->lock);
    while ( h->active )
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

/* Sleep until kicked, or until a client rings (doorbell < 0: no client can). */
static void sleep_until(struct hosted_vcpu *h, int doorbell)
{
    struct pollfd fds[2] = { { .fd = h->kick_fd, .events = POLLIN },
                             { .fd = doorbell, .events = POLLIN } };
    uint64_t kicks;

    poll(fds, 2, -1);
    if ( fds[0].revents )
        (void)!read(h->kick_fd, &kicks, sizeof(kicks));
}

bool engine_wait(struct hosted_vcpu *h)
{
    bool sleeping, go;

    do {
        /* A client may ring with the answer that this vcpu waits for. */
        int doorbell = hosted_hooks.doorbell_begin && ioreq_in_flight(h->v)
                       ? hosted_hooks.doorbell_begin() : -1;

        if ( doorbell >= 0 )
            hosted_hooks.doorbell_serve();
        pthread_mutex_lock(&h->lock);
        go = !h->terminate;
        sleeping = h->sleeping = go && !h->kicked;
        pthread_mutex_unlock(&h->lock);
        if ( sleeping )
        {
            vcpu_placed(h->v, VCPU_ASIDE);
            sleep_until(h, doorbell);
        }
        if ( doorbell >= 0 )
            hosted_hooks.doorbell_end();
    } while ( sleeping );
    return go;
}

/* Set `active` first, then check: may the vcpu run? */
static bool begin(struct hosted_vcpu *h)
{
    pthread_mutex_lock(&h->lock);
    h->active = true;
    pthread_mutex_unlock(&h->lock);
    return !READ_ONCE(h->terminate) && vcpu_runnable(h->v);
}

static void end(struct hosted_vcpu *h)
{
    pthread_mutex_lock(&h->lock);
    h->active = false;
    pthread_cond_broadcast(&h->out);
    pthread_mutex_unlock(&h->lock);
}

/* Take the turn to execute, if the vcpu may still run. */
static bool enter(struct hosted_vcpu *h)
{
    take_turn(h);
    h->slice = SLICE;
    h->late = 0;
    if ( !READ_ONCE(h->terminate) && vcpu_runnable(h->v) )
    {
        vcpu_placed(h->v, VCPU_ON_CPU);
        trace(ORIEL_TRACE_enter, h->v, 0, 0, 0);
        return true;
    }
    give_turn(h);
    return false;
}

void engine_leave(struct hosted_vcpu *h)
{
    give_turn(h);
    end(h);
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

static bool begin_and_enter(struct hosted_vcpu *h)
{
    if ( begin(h) && enter(h) )
        return true;
    end(h);
    return false;
}

bool engine_return(struct hosted_vcpu *h)
{
    bool go;

    h->in_access = true;
    do
        go = wait_runnable(h);
    while ( go && !begin_and_enter(h) );
    h->in_access = false;

    /* The rest of the block still sees the old map. */
    if ( READ_ONCE(h->h->generation) != h->generation )
        engine_stop_soon(h);
    if ( vcpu_event_pending(h->v) )
        h->want_window = true; /* the sender's kick was consumed */
    if ( !go )
        take_turn(h); /* to be given back: the block runs to its end */
    return go;
}

/* ---- one vcpu's life ---- */

static bool interrupts_enabled(const struct hosted_vcpu *h)
{
    return engine_reg(h, UC_X86_REG_RFLAGS) & RFLAGS_IF;
}

static void stop(struct hosted_vcpu *h, enum exit_reason reason)
{
    h->reason = reason;
    uc_emu_stop(h->uc);
}

static void before_block(uc_engine *uc, uint64_t address, uint32_t size,
                         void *arg)
{
    struct hosted_vcpu *h = arg;
    uint64_t last_end = h->block_end;

    (void)uc;
    h->late = 0;
    h->block_end = address + size;
    if ( real_mode_return_possible(last_end, address) &&
         real_mode_return_lost(h, last_end, address) )
    {
        stop(h, EXIT_FAR_RETURN);
        return;
    }
    if ( likely(!READ_ONCE(h->kicked)) && likely(!READ_ONCE(h->terminate)) &&
         likely(--h->slice) && likely(!h->want_window) &&
         likely(!h->offered_page) )
        return;
    if ( h->offered_page && hypercall_page_wanted(h) )
    {
        stop(h, EXIT_HYPERCALL_PAGE);
        return;
    }
    if ( !h->slice )
        h->slice = SLICE;
    /* A wait may have consumed the kick that came with terminate. */
    if ( READ_ONCE(h->kicked) || READ_ONCE(h->terminate) ||
         (h->slice == SLICE && turn_is_wanted(h)) ||
         (h->want_window && interrupts_enabled(h)) )
        stop(h, EXIT_KICK);
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

/* A new engine for the state that was set. */
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
    vcpu_time_update(h->v);
    inject_events(h);
    if ( !enter(h) )
        return;
    h->reason = EXIT_NONE;
    h->half.valid = h->last_read.valid = false;
    rip = engine_reg(h, UC_X86_REG_RIP);
    err = uc_emu_start(h->uc, rip, 0, 0, 0);
    if ( READ_ONCE(h->terminate) )
    {
        give_turn(h);
        return;
    }
    exits_trace(h, exits_reason(h, err));
    give_turn(h);

    if ( err == UC_ERR_FETCH_UNMAPPED || err == UC_ERR_FETCH_PROT )
        inject_exception(h, VECTOR_GP); /* no memory is there */
    else if ( err )
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
    {
        if ( begin(h) )
            run(h);
        end(h);
    }
    return NULL;
}

int engine_start_locked(struct hosted_vcpu *h)
{
    h->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if ( h->kick_fd < 0 )
        return -ENOMEM;
    if ( pthread_create(&h->thread, NULL, vcpu_thread, h) )
    {
        close(h->kick_fd);
        h->kick_fd = -1;
        return -ENOMEM;
    }
    h->started = true;
    return 0;
}

void engine_vcpu_stop(struct hosted_vcpu *h)
{
    bool started;

    pthread_mutex_lock(&h->lock);
    h->terminate = true;
    started = h->started;
    h->started = false;
    wake_locked(h);
    pthread_mutex_unlock(&h->lock);
    if ( started )
        pthread_join(h->thread, NULL);
    if ( h->kick_fd >= 0 )
        close(h->kick_fd);
    h->kick_fd = -1;
}
