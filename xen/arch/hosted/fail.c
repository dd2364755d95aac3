/* SPDX-License-Identifier: MIT */
/* Allocations and copies that fail on demand, so that error paths are tested. */
#include <hosted.h>

#include <hv/heap.h>
#include <hv/lib.h>

static __thread unsigned int fail_nth;
static __thread bool fail_reached;
static int64_t fail_any, fail_copy;

void hosted_fail_alloc(unsigned int nth)
{
    fail_nth = nth;
    fail_reached = false;
}

bool hosted_alloc_failed(void)
{
    return fail_reached;
}

void hosted_fail_any(int64_t nth)
{
    WRITE_ONCE(fail_any, nth);
}

int64_t hosted_fail_left(void)
{
    return READ_ONCE(fail_any);
}

void hosted_fail_copy(int64_t nth)
{
    WRITE_ONCE(fail_copy, nth);
}

int64_t hosted_fail_copy_left(void)
{
    return READ_ONCE(fail_copy);
}

/* Of two threads that see 1, one gets 0 and fails; the other goes on. */
static bool count_down(int64_t *left)
{
    return unlikely(READ_ONCE(*left) > 0) && atomic_sub_return(left, 1) == 0;
}

bool hosted_copy_fails(void)
{
    return count_down(&fail_copy);
}

bool arch_alloc_fails(void)
{
    if ( count_down(&fail_any) )
        return true;
    if ( likely(!fail_nth) || --fail_nth )
        return false;
    fail_reached = true;
    return true;
}
