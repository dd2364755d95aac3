/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks on pthread mutexes, with the order of hv/lock.h enforced: each
 * thread keeps a list of the levels it holds.
 */
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include <hosted.h>

#include <hv/lib.h>
#include <hv/lock.h>

static_assert(sizeof(pthread_mutex_t) <= sizeof(((spinlock_t *)0)->mutex),
              "struct spinlock has no room for a mutex");

#define MAX_HELD 16

static __thread uint8_t held[MAX_HELD];
static __thread unsigned int nr_held;

static pthread_mutex_t *mutex(spinlock_t *l)
{
    return (pthread_mutex_t *)l->mutex;
}

void spin_lock_init(spinlock_t *l, enum lock_level level)
{
    memset(l, 0, sizeof(*l));
    pthread_mutex_init(mutex(l), NULL);
    l->level = (uint8_t)level;
}

void spin_lock_destroy(spinlock_t *l)
{
    pthread_mutex_destroy(mutex(l));
}

bool spin_is_mine(const spinlock_t *l)
{
    return __atomic_load_n(&l->owner, __ATOMIC_RELAXED) == pthread_self();
}

static void check_order(const spinlock_t *l, bool same_level_ok)
{
    for ( unsigned int i = 0; i < nr_held; i++ )
        BUG_ON(held[i] > l->level ||
               (held[i] == l->level && !same_level_ok));
    BUG_ON(nr_held == MAX_HELD);
}

static void take(spinlock_t *l)
{
    pthread_mutex_lock(mutex(l));
    __atomic_store_n(&l->owner, pthread_self(), __ATOMIC_RELAXED);
    held[nr_held++] = l->level;
}

void spin_lock(spinlock_t *l)
{
    if ( unlikely(hosted_hooks.unlocked != NULL) && !nr_held )
        hosted_hooks.unlocked();
    check_order(l, false);
    take(l);
}

/* A try-lock cannot deadlock, so it may break the order. */
bool spin_trylock(spinlock_t *l)
{
    if ( pthread_mutex_trylock(mutex(l)) )
        return false;
    __atomic_store_n(&l->owner, pthread_self(), __ATOMIC_RELAXED);
    BUG_ON(nr_held == MAX_HELD);
    held[nr_held++] = l->level;
    return true;
}

void spin_unlock(spinlock_t *l)
{
    unsigned int i = nr_held;

    BUG_ON(!spin_is_mine(l));
    while ( i && held[i - 1] != l->level )
        i--;
    BUG_ON(!i);
    for ( ; i < nr_held; i++ )
        held[i - 1] = held[i];
    nr_held--;
    __atomic_store_n(&l->owner, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(mutex(l));
}

void spin_lock_two(spinlock_t *a, spinlock_t *b)
{
    spinlock_t *first = a < b ? a : b, *second = a < b ? b : a;

    spin_lock(first);
    if ( second != first )
    {
        check_order(second, true);
        take(second);
    }
}

void spin_unlock_two(spinlock_t *a, spinlock_t *b)
{
    spin_unlock(a);
    if ( a != b )
        spin_unlock(b);
}
