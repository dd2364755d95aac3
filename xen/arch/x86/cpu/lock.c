/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks: tickets, served in the order they were drawn.
 *
 * Interrupts are off whenever the hypervisor runs, so the holder goes on until
 * it releases; a CPU that waits for itself is a bug that is always found.
 * Debug builds also check the order of <hv/lock.h>, by the levels each CPU
 * keeps of what it holds.
 */
#include <hv/atomic.h>
#include <hv/lib.h>
#include <hv/lock.h>

#include <x86/cpu.h>

static bool broken; /* by the CPU that crashed; the others have stopped */

void locks_break(void)
{
    WRITE_ONCE(broken, true);
}

void spin_lock_init(spinlock_t *l, enum lock_level level)
{
    *l = (spinlock_t){ .level = (uint8_t)level };
}

void spin_lock_destroy(spinlock_t *l)
{
    (void)l; /* nothing but its storage */
}

static bool is_owner(const spinlock_t *l)
{
    return READ_ONCE(l->owner) == this_cpu();
}

bool spin_is_mine(const spinlock_t *l)
{
    return is_owner(l) || unlikely(READ_ONCE(broken));
}

#ifdef DEBUG
static void check_order(const spinlock_t *l, bool same_level_ok)
{
    const struct cpu *c = this_cpu();

    for ( unsigned int i = 0; i < c->nr_held; i++ )
        BUG_ON((c->held[i] > l->level ||
                (c->held[i] == l->level && !same_level_ok)) &&
               !READ_ONCE(broken));
}

static void note_taken(const spinlock_t *l)
{
    struct cpu *c = this_cpu();

    BUG_ON(c->nr_held == MAX_HELD_LOCKS);
    c->held[c->nr_held++] = l->level;
}

static void note_released(const spinlock_t *l)
{
    struct cpu *c = this_cpu();
    unsigned int i = c->nr_held;

    while ( i && c->held[i - 1] != l->level )
        i--;
    BUG_ON(!i);
    for ( ; i < c->nr_held; i++ )
        c->held[i - 1] = c->held[i];
    c->nr_held--;
}
#else
static void check_order(const spinlock_t *l, bool same_level_ok)
{
    (void)l, (void)same_level_ok;
}

static void note_taken(const spinlock_t *l)
{
    (void)l;
}

static void note_released(const spinlock_t *l)
{
    (void)l;
}
#endif

/* Not its turn yet; false: it will never be, since the holder has stopped. */
static bool wait(spinlock_t *l, uint32_t ticket)
{
    while ( load_acquire(&l->serving) != ticket )
    {
        if ( unlikely(READ_ONCE(broken)) )
            return false;
        BUG_ON(is_owner(l));
        cpu_relax();
    }
    return true;
}

static void taken(spinlock_t *l)
{
    WRITE_ONCE(l->owner, this_cpu());
    note_taken(l);
}

/* Out of line: a lock that is free costs a few instructions. */
static noinline_fn void take_later(spinlock_t *l, uint32_t ticket)
{
    if ( wait(l, ticket) )
        taken(l);
}

static void take(spinlock_t *l)
{
    uint32_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

    if ( unlikely(load_acquire(&l->serving) != ticket) )
        take_later(l, ticket);
    else
        taken(l);
}

void spin_lock(spinlock_t *l)
{
    check_order(l, false);
    take(l);
}

/* A try cannot deadlock, so it may break the order. */
bool spin_trylock(spinlock_t *l)
{
    uint32_t serving = load_acquire(&l->serving);

    if ( unlikely(READ_ONCE(broken)) )
        return true;
    /* Free while the next ticket is the one that is served. */
    if ( !__atomic_compare_exchange_n(&l->next, &serving, serving + 1, false,
                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) )
        return false;
    WRITE_ONCE(l->owner, this_cpu());
    note_taken(l);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    if ( unlikely(!is_owner(l)) )
    {
        BUG_ON(!READ_ONCE(broken));
        return;
    }
    note_released(l);
    WRITE_ONCE(l->owner, NULL);
    store_release(&l->serving, l->serving + 1);
}

void spin_lock_two(spinlock_t *a, spinlock_t *b)
{
    spinlock_t *first = a < b ? a : b, *second = a < b ? b : a;

    spin_lock(first);
    if ( second == first )
        return;
    check_order(second, true);
    take(second);
}

void spin_unlock_two(spinlock_t *a, spinlock_t *b)
{
    spin_unlock(a);
    if ( a != b )
        spin_unlock(b);
}
