/* SPDX-License-Identifier: MIT */
/*
 * Further vCPUs by VCPUOP_initialise: any number, also where there is no local
 * APIC.  Beside the library of guest.h.
 */
#ifndef TESTS_GUEST_BRING_UP_H
#define TESTS_GUEST_BRING_UP_H

#include "guest.h"

/*
 * Let this vCPU call fn(), which must not return, with the page tables of
 * start.S and a stack that ends at stack_end.  False: the hypervisor refused.
 */
bool bring_up(unsigned int vcpu, void *stack_end, void (*fn)(void));

#endif
