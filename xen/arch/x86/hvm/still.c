/* SPDX-License-Identifier: MIT */
/*
 * All CPUs but one stand still, for a look at what they change otherwise.
 *
 * They do it in the run loop, between two vcpus: there no CPU holds a lock, or
 * anything of a vcpu, and nobody waits for one that is on a CPU.
 *
 *   stop: `wanted`, attention --> each: yield, `standing` --> the look
 *         --> `wanted` no more --> each: go on --> nobody's turn again
 */
#include <hv/atomic.h>
#include <hv/audit.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/sched.h>

static bool turn;             /* [a] some CPU's: held until all go on */
bool still_wanted;            /* [a] */
static unsigned int standing; /* [a] how many do */

static void wait_for(unsigned int nr)
{
    while ( load_acquire(&standing) != nr )
        cpu_relax();
}

int arch_stand_still(void)
{
    struct cpu *c;

    ASSERT(!this_cpu()->nr_held);
    if ( atomic_xchg(&turn, true) )
        return -ERESTART;
    WRITE_ONCE(still_wanted, true);
    smp_mb();
    for_each_cpu (c)
        if ( c != this_cpu() )
            cpu_attention(c);
    wait_for(nr_cpus - 1);
    return 0;
}

void arch_go_on(void)
{
    store_release(&still_wanted, false);
    wait_for(0);
    store_release(&turn, false);
}

void stand_still(void)
{
    atomic_add_return(&standing, 1);
    while ( load_acquire(&still_wanted) )
        cpu_relax();
    atomic_sub_return(&standing, 1);
}
