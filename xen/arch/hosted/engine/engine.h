/* SPDX-License-Identifier: MIT */
/*
 * Guest vcpus that run real x86 code: one thread and one Unicorn engine each.
 *
 * What a guest finds here that differs from a processor:
 *  - only one vcpu of a domain executes at a time (they take turns), because
 *    engines do not make locked instructions atomic against each other;
 *  - pages that the hypervisor itself writes (shared info, registered
 *    vcpu_info, grant frames) are reached by call-backs that merge the
 *    guest's read-modify-write with what changed meanwhile, bit by bit, so
 *    that no event is lost.  A locked cmpxchg on them compares with the value
 *    at its read, not at its write.  FIFO event arrays and memory shared with
 *    other domains get no such care: there the guest's locked instructions
 *    are not atomic against other processes; plain loads and stores are;
 *  - page tables must map addresses to themselves: the engine looks up what is
 *    behind an access by its virtual address.  One beyond 2^40 ends the guest;
 *  - all code runs in ring 0, interrupts and exceptions are delivered to ring
 *    0 code only, and an exception's error code is worked out again (0 where
 *    it cannot be: a selector's);
 *  - an access to I/O memory that is not aligned is made of aligned ones; one
 *    of 16 bytes is two of 8;
 *  - no local APIC (its page is I/O nobody claims), no hypercall page (the
 *    MSR is not seen: guests use VMCALL or VMMCALL), MSRs are the engine's;
 *  - code on read-only pages or pages of the list above cannot run, and code
 *    that another vcpu or a device model changed runs as it was until the
 *    vcpu's memory map changes.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <hosted.h>

/* Fill in the hooks for domains, vcpus, contexts and guest memory. */
void engine_hooks(struct hosted_hooks *hooks);

/* arch_vcpu_kick() of a guest's vcpu. */
void engine_kick(struct vcpu *v);

#endif
