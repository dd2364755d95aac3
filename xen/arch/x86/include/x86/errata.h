/* SPDX-License-Identifier: MIT */
/* cpu/errata.c: bits of MSRs that mend a processor's faults. */
#ifndef X86_ERRATA_H
#define X86_ERRATA_H

#include <hv/types.h>

/* On each CPU, one after the other; signature: CPUID 1, EAX. */
void errata_cpu_up(uint32_t signature);
/*
 * What is set of them on all CPUs; DE_CFG always has a value.  False: an MSR
 * without any here.
 */
bool errata_rdmsr(uint32_t msr, uint64_t *value);

#endif
