/* SPDX-License-Identifier: MIT */
/*
 * Turns: at most `width` threads continue, the others wait in order of arrival.
 *
 * A domain has one turn: only one of its vcpus executes at a time.  The machine
 * has as many turns as the host has CPUs: a vcpu counts as running while it has
 * one of them, so that the sum of the vcpus' times is not more than the time of
 * the CPUs.
 */
#include "engine-private.h"

#include <hv/timer.h>

struct turns machine_turns;

void turns_init(struct turns *t, unsigned int width)
{
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->moved, NULL);
    t->next = t->given = t->used_ns = 0;
    t->width = width;
    t->from = t->since = now_ns();
}

void turns_destroy(struct turns *t)
{
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->moved);
}

/* The number of threads that have a turn; t->lock held. */
static uint64_t nr_taken(const struct turns *t)
{
    uint64_t out = t->next - t->given;

    return out < t->width ? out : t->width;
}

/* Before that number changes. */
static void account(struct turns *t)
{
    uint64_t now;

    if ( t != &machine_turns )
        return;
    now = now_ns();
    t->used_ns += nr_taken(t) * (now - t->since);
    t->since = now;
}

void turn_take(struct turns *t)
{
    uint64_t mine;

    pthread_mutex_lock(&t->lock);
    account(t);
    mine = t->next;
    WRITE_ONCE(t->next, mine + 1);
    while ( mine - t->given >= t->width )
        pthread_cond_wait(&t->moved, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

void turn_give(struct turns *t)
{
    pthread_mutex_lock(&t->lock);
    account(t);
    WRITE_ONCE(t->given, t->given + 1);
    if ( t->next - t->given >= t->width )
        pthread_cond_broadcast(&t->moved);
    pthread_mutex_unlock(&t->lock);
}

bool turn_wanted(const struct turns *t)
{
    return READ_ONCE(t->next) - READ_ONCE(t->given) > t->width;
}

/* Vcpus have no fixed CPU, so each CPU gets the same share of the idle time. */
uint64_t engine_cpu_idle_ns(void)
{
    struct turns *t = &machine_turns;
    uint64_t idle;

    pthread_mutex_lock(&t->lock);
    account(t);
    idle = t->since - t->from - t->used_ns / t->width;
    pthread_mutex_unlock(&t->lock);
    return idle;
}
