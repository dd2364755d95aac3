/* SPDX-License-Identifier: MIT */
/*
 * Guest vcpus that run real x86 code: one thread and one Unicorn engine each.
 *
 * Differences from a processor:
 *  - only one vcpu of a domain executes at a time (vcpus take turns), because
 *    engines do not make locked instructions atomic against each other;
 *  - pages that the hypervisor writes (shared info, registered vcpu_info, grant
 *    frames) are accessed by callbacks, which merge the guest's
 *    read-modify-write with concurrent changes bit by bit, so that no event is
 *    lost.  A locked cmpxchg on such a page compares with the value at its
 *    read, not at its write.  FIFO event arrays and memory shared with other
 *    domains are not handled so: there the guest's locked instructions are not
 *    atomic against other processes; plain loads and stores are;
 *  - page tables must map addresses to themselves: the engine looks up the
 *    memory of an access by virtual address.  An address above 2^40 ends the
 *    guest;
 *  - all code runs in ring 0, interrupts and exceptions are delivered to ring 0
 *    code only, and an exception's error code is computed again (a selector's
 *    cannot be: 0);
 *  - an unaligned access to I/O memory becomes several aligned ones; an access
 *    of 16 bytes becomes two of 8;
 *  - no local APIC (its page is unclaimed I/O); the engine keeps the MSRs and
 *    does not report them: see hypercall-page.c;
 *  - code on read-only pages or on pages that the hypervisor writes cannot run,
 *    and code that another vcpu or a device model changed is executed in its
 *    old form until the vcpu's memory map changes.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <hosted.h>

/* Fill in the hooks for domains, vcpus, contexts and guest memory. */
void engine_hooks(struct hosted_hooks *hooks);

/* arch_vcpu_kick() of a guest's vcpu. */
void engine_kick(struct vcpu *v);

#endif
