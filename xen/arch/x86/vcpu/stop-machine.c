/* SPDX-License-Identifier: MIT */
/*
 * stop_machine: all CPUs but the caller's wait, so that the caller can read
 * state of all CPUs that is otherwise changed under locks.
 *
 * CPUs wait in the run loop between two vcpus.  There a CPU holds no lock, has
 * no vcpu on it, and no other CPU waits for one of its vcpus.
 *
 *   arch_stop_machine(): busy, stop_machine_wanted, softirq to each CPU
 *     --> each CPU puts its vcpu back and counts itself in `stopped`
 *     --> the caller reads --> arch_start_machine(): not wanted
 *     --> each CPU leaves `stopped` --> not busy
 */
#include <hv/atomic.h>
#include <hv/audit.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/sched.h>
#include <x86/smp.h>

static bool busy;            /* [a] a CPU stops the others, or did until now */
bool stop_machine_wanted;    /* [a] */
static unsigned int stopped; /* [a] CPUs in stop_machine_wait() */

static void wait_for(unsigned int nr)
{
    while ( load_acquire(&stopped) != nr )
        cpu_relax();
}

int arch_stop_machine(void)
{
    struct cpu *c;

    ASSERT(!this_cpu()->nr_held);
    if ( atomic_xchg(&busy, true) )
        return -ERESTART;
    WRITE_ONCE(stop_machine_wanted, true);
    smp_mb();
    for_each_cpu (c)
        if ( c != this_cpu() )
            cpu_raise_softirq(c);
    wait_for(nr_cpus - 1);
    return 0;
}

void arch_start_machine(void)
{
    store_release(&stop_machine_wanted, false);
    wait_for(0);
    store_release(&busy, false);
}

void stop_machine_wait(void)
{
    atomic_add_return(&stopped, 1);
    while ( load_acquire(&stop_machine_wanted) )
        cpu_relax();
    atomic_sub_return(&stopped, 1);
}
