/* SPDX-License-Identifier: MIT */
/*
 * A CPU of a trace: 0 is what the control domain's programs do, on any thread
 * of the server, 1 what guests' vcpus do.  A mutex makes one writer of all
 * threads that are such a CPU; under it no other lock is taken.
 */
#include <pthread.h>

#include <hosted.h>

#include <hv/domain.h>
#include <hv/trace.h>

enum { CPU_PROGRAMS, CPU_GUESTS, NR_TRACE_CPUS };

static pthread_mutex_t writer[NR_TRACE_CPUS] = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
};

unsigned int arch_trace_cpus(void)
{
    return NR_TRACE_CPUS;
}

unsigned int arch_trace_begin(void)
{
    const struct vcpu *v = current;
    unsigned int cpu = v && v->domain->translated ? CPU_GUESTS : CPU_PROGRAMS;

    pthread_mutex_lock(&writer[cpu]);
    return cpu;
}

void arch_trace_done(unsigned int cpu)
{
    pthread_mutex_unlock(&writer[cpu]);
}
