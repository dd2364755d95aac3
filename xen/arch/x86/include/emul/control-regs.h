/* SPDX-License-Identifier: MIT */
/*
 * What a guest may write to CR0, CR3, CR4, EFER and XCR0: the architecture's
 * rules, and those bits only whose feature its CPUID shows.
 */
#ifndef EMUL_CONTROL_REGS_H
#define EMUL_CONTROL_REGS_H

#include <emul/guest-walk.h>
#include <hv/types.h>

struct vcpu;

/* Bits that may be set, by what v's CPUID says; v NULL: the machine's. */
uint64_t cr4_bits(const struct vcpu *v);
uint64_t efer_bits(const struct vcpu *v);
uint64_t xcr0_bits(const struct vcpu *v);
/* The bits of physical addresses, as CR3 may have them in long mode. */
uint64_t physical_bits(const struct vcpu *v);

/*
 * A write by v, whose registers are *p: they become what they are after it,
 * and true; or they stay, and false: #GP.  long_code: CS has its L bit set.
 */
bool cr0_write(struct guest_paging *p, uint64_t value, bool long_code);
bool cr4_write(const struct vcpu *v, struct guest_paging *p, uint64_t value);
bool efer_write(const struct vcpu *v, struct guest_paging *p, uint64_t value);

/* Values for the registers that have no other effect. */
bool cr3_legal(const struct vcpu *v, const struct guest_paging *p,
               uint64_t value);
bool xcr0_legal(const struct vcpu *v, uint64_t value);
/* The smallest legal value that has these states. */
uint64_t xcr0_with(uint64_t states);

#endif
