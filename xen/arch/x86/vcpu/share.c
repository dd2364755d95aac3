/* SPDX-License-Identifier: MIT */
/* Budgets: see x86/share.h. */
#include <hv/lib.h>

#include <x86/share.h>

/* No part of a budget is less, so that vcpus do not change all the time. */
#define SMALLEST_PART_NS 500000UL

static int64_t whole(const struct budget *b)
{
    return (int64_t)(BUDGET_PERIOD_NS / 100 * b->cap);
}

void budget_set(struct budget *b, uint32_t cap, uint64_t now)
{
    b->cap = cap;
    b->left = whole(b);
    b->ends = now + BUDGET_PERIOD_NS;
}

bool budget_ready(struct budget *b, uint64_t now)
{
    if ( now >= b->ends )
    {
        uint64_t nr = (now - b->ends) / BUDGET_PERIOD_NS + 1;
        /* More periods than a debt can be long change nothing. */
        int64_t more = (int64_t)min(nr, 1UL << 20) * whole(b);

        b->left = min(b->left + more, whole(b));
        b->ends += nr * BUDGET_PERIOD_NS;
    }
    return b->left > 0;
}

uint64_t budget_take(struct budget *b, unsigned int nr, uint64_t now)
{
    int64_t part;

    if ( !budget_ready(b, now) )
        return 0;
    part = max(whole(b) / (int64_t)nr, (int64_t)SMALLEST_PART_NS);
    part = min(part, b->left);
    b->left -= part;
    return (uint64_t)part;
}

void budget_used(struct budget *b, uint64_t taken, uint64_t used)
{
    b->left += (int64_t)taken - (int64_t)min(used, LONGEST_NS);
}
