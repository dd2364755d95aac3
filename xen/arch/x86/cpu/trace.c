/* SPDX-License-Identifier: MIT */
/*
 * A CPU of a trace is a CPU.  Interrupts are off in the hypervisor but where
 * nothing is recorded, so a ring has one writer without more ado.
 */
#include <hv/trace.h>

#include <x86/cpu.h>

_Static_assert(MAX_CPUS <= TRACE_MAX_CPUS, "a ring for each CPU");

unsigned int arch_trace_cpus(void)
{
    return nr_cpus;
}

unsigned int arch_trace_begin(void)
{
    return this_cpu()->id;
}

void arch_trace_done(unsigned int cpu)
{
    (void)cpu;
}
