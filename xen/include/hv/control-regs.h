/* SPDX-License-Identifier: MIT */
/*
 * The values that a guest may write to CR0, CR3, CR4, EFER and XCR0: the
 * architecture's rules, and only bits of features that the guest's CPUID has.
 */
#ifndef HV_CONTROL_REGS_H
#define HV_CONTROL_REGS_H

#include <hv/guest-walk.h>
#include <hv/types.h>

struct vcpu;

/* The bits that v's CPUID allows to be set; v NULL: the machine's CPUID. */
uint64_t cr4_bits(const struct vcpu *v);
uint64_t efer_bits(const struct vcpu *v);
uint64_t xcr0_bits(const struct vcpu *v);
/* A mask of the physical address bits that CR3 may have in long mode. */
uint64_t physical_bits(const struct vcpu *v);

/*
 * v, whose registers are *p, writes value: true, and *p is updated; or false,
 * the write is a #GP and *p stays.  long_code: CS.L is set.
 */
bool cr0_write(struct guest_paging *p, uint64_t value, bool long_code);
bool cr4_write(const struct vcpu *v, struct guest_paging *p, uint64_t value);
bool efer_write(const struct vcpu *v, struct guest_paging *p, uint64_t value);

/* Is value legal?  A write of these registers changes no other one. */
bool cr3_legal(const struct vcpu *v, const struct guest_paging *p,
               uint64_t value);
bool xcr0_legal(const struct vcpu *v, uint64_t value);

#endif
