/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks with a place in one order.
 *
 * A lock of a lower level is never taken while one of a higher level is held;
 * debug builds panic when it is.  Two locks of the same level are taken only
 * through spin_lock_two(), which orders them by address.  No lock is
 * recursive, and none is held over a guest copy: a copy may fault, sleep or
 * take as long as another process likes.
 */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include <hv/types.h>

enum lock_level {
    LOCK_DOMAIN_LIST = 1, /* the list of all domains                       */
    LOCK_DOMAIN,          /* d->lock: life cycle, hvm params, vcpu tables  */
    LOCK_IOREQ,           /* d->ioreq.lock: servers and their ranges       */
    LOCK_GRANT,           /* gt->lock: one grant table                     */
    LOCK_MAPTRACK,        /* gt->maptrack_lock: one table of mappings      */
    LOCK_P2M,             /* d->p2m.lock                                   */
    LOCK_PV,              /* d->pv->lock: page tables of a PV guest         */
    LOCK_EVTCHN,          /* d->evtchn.lock: ports of one domain           */
    LOCK_EVTCHN_QUEUE,    /* the FIFO queues of one domain                  */
    LOCK_TRACE,           /* who makes the rings of trace.c                */
    LOCK_PAGE,            /* d->page_lock: accounting                      */
    LOCK_OBJECTS,         /* small objects, where the machine has no malloc */
    LOCK_HEAP,            /* the page allocator                            */
    LOCK_DEVICE,          /* an emulated device that moves interrupt lines */
    LOCK_IRQ,             /* the interrupt lines of one domain              */
    LOCK_TIMER,           /* the timer list                                */
    LOCK_ARCH,            /* those of the machine underneath               */
    LOCK_BUDGET,          /* the CPU time of a domain with a cap            */
    LOCK_VCPU,            /* v->lock: what it waits for, its runstate      */
    LOCK_CONSOLE,         /* the console ring                              */
};

#include <asm/lock.h> /* struct spinlock (storage only) */

typedef struct spinlock spinlock_t;

void spin_lock_init(spinlock_t *l, enum lock_level level);
void spin_lock(spinlock_t *l);
bool spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);

/* Taken by this CPU (thread)?  For assertions only. */
bool spin_is_mine(const spinlock_t *l);

/* Takes two locks of one level in the order of their addresses; a == b ok. */
void spin_lock_two(spinlock_t *a, spinlock_t *b);
void spin_unlock_two(spinlock_t *a, spinlock_t *b);

/* Free what the machine underneath tied to an initialised lock. */
void spin_lock_destroy(spinlock_t *l);

#endif
