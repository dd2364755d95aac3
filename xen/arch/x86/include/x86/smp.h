/* SPDX-License-Identifier: MIT */
/* platform/smp.c: the other processors: starting, asking, stopping them. */
#ifndef X86_SMP_H
#define X86_SMP_H

#include <x86/cpu.h>

/* What a CPU that comes up is to do. */
struct smp_start {
    uint64_t tables; /* CR3 of head.S's page tables: see boot_pml4 */
    /* NULL, or what it has not got that the boot CPU has; it only looks. */
    const char *(*lacks)(void);
    void (*up)(struct cpu *c); /* it becomes able to run guests */
    void (*run)(void) noreturn_fn; /* from smp_release() on */
};

/*
 * Start all other processors of the MADT, at most `max` altogether.  They are
 * online when it returns, and sleep until smp_release(): boot is over, they
 * go to how->run().  One that does not answer, or that lacks something, is left
 * out.  After time_init() and lapic_init_cpu() of the boot CPU; *how stays.
 */
void smp_boot(unsigned int max, const struct smp_start *how);
void smp_release(void);

/*
 * Mark work pending on c.  When c is in guest mode or asleep a reschedule IPI
 * brings it out; its run loop then calls do_softirq().
 */
void cpu_raise_softirq(struct cpu *c);

/*
 * Stop all other CPUs, in a crash or before the machine is switched off: sets
 * nmi_stops and sends NMIs; one that has stopped is no longer online.  Of
 * several CPUs that stop the others at once it returns on one.
 */
void smp_stop_others(void);

#endif
