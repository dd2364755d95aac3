/* SPDX-License-Identifier: MIT */
/*
 * Writes of control registers: which bits there are for a guest, and which go
 * together.  Reserved bits of CR0's lower half are ignored, as processors do.
 */
#include <emul/control-regs.h>
#include <hv/cpu-policy.h>

#include <x86/defns.h>

#define CR0_KNOWN                                                            \
    (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM |  \
     CR0_NW | CR0_CD | CR0_PG)

#define CR4_ALWAYS CR4_PCE

#define XCR0_KNOWN                                                           \
    (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU)

#define LEAST_PHYSICAL 36

static void cpuid_of(const struct vcpu *v, uint32_t leaf, struct cpuid_regs *r)
{
    if ( v )
        cpuid_for_guest(v, leaf, 0, r);
    else
        arch_cpuid(leaf, 0, r);
}

/* ---- bits ---- */

/* Register bits that a feature comes with. */
#define IF(reg, feature, bits) ((reg) & CPUID_##feature ? (bits) : 0)

uint64_t cr4_bits(const struct vcpu *v)
{
    struct cpuid_regs one, seven;
    uint64_t bits;

    cpuid_of(v, 1, &one);
    cpuid_of(v, 7, &seven);
    bits = CR4_ALWAYS;
    bits |= IF(one.d, 1D_VME, CR4_VME | CR4_PVI) | IF(one.d, 1D_DE, CR4_DE);
    bits |= IF(one.d, 1D_PSE, CR4_PSE) | IF(one.d, 1D_TSC, CR4_TSD);
    bits |= IF(one.d, 1D_PAE, CR4_PAE) | IF(one.d, 1D_MCE, CR4_MCE);
    bits |= IF(one.d, 1D_PGE, CR4_PGE) | IF(one.d, 1D_FXSR, CR4_OSFXSR);
    bits |= IF(one.d, 1D_SSE, CR4_OSXMMEXCPT) | IF(one.c, 1C_PCID, CR4_PCIDE);
    bits |= IF(one.c, 1C_XSAVE, CR4_OSXSAVE) | IF(seven.c, 7C_UMIP, CR4_UMIP);
    bits |= IF(seven.b, 7B_FSGSBASE, CR4_FSGSBASE) | IF(seven.c, 7C_PKU, CR4_PKE);
    bits |= IF(seven.b, 7B_SMEP, CR4_SMEP) | IF(seven.b, 7B_SMAP, CR4_SMAP);
    return bits;
}

uint64_t efer_bits(const struct vcpu *v)
{
    struct cpuid_regs r;

    cpuid_of(v, 0x80000001, &r);
    return IF(r.d, E1D_SYSCALL, EFER_SCE) | IF(r.d, E1D_NX, EFER_NX) |
           IF(r.d, E1D_LM, EFER_LME | EFER_LMA) |
           IF(r.d, E1D_FFXSR, EFER_FFXSR);
}

uint64_t xcr0_bits(const struct vcpu *v)
{
    struct cpuid_regs one, states;

    cpuid_of(v, 1, &one);
    cpuid_of(v, 0xd, &states);
    if ( !(one.c & CPUID_1C_XSAVE) )
        return 0;
    return ((uint64_t)states.d << 32 | states.a) & XCR0_KNOWN;
}

uint64_t physical_bits(const struct vcpu *v)
{
    struct cpuid_regs r;
    unsigned int n = 0;

    cpuid_of(v, 0x80000000, &r);
    if ( r.a >= 0x80000008 )
    {
        cpuid_of(v, 0x80000008, &r);
        n = r.a & 0xff;
    }
    if ( n < LEAST_PHYSICAL )
        n = LEAST_PHYSICAL;
    return n >= 52 ? (1UL << 52) - 1 : (1UL << n) - 1;
}

/* ---- writes ---- */

bool cr0_write(struct guest_paging *p, uint64_t value, bool long_code)
{
    bool was_on = p->cr0 & CR0_PG, on = value & CR0_PG;

    if ( value >> 32 || ((value & CR0_NW) && !(value & CR0_CD)) ||
         (on && !(value & CR0_PE)) )
        return false;
    if ( on && !was_on && (p->efer & EFER_LME) &&
         (!(p->cr4 & CR4_PAE) || long_code) )
        return false;
    if ( was_on && !on &&
         (((p->efer & EFER_LMA) && long_code) || (p->cr4 & CR4_PCIDE)) )
        return false;
    p->cr0 = (value & CR0_KNOWN) | CR0_ET;
    if ( on && (p->efer & EFER_LME) )
        p->efer |= EFER_LMA;
    else
        p->efer &= ~EFER_LMA;
    return true;
}

bool cr4_write(const struct vcpu *v, struct guest_paging *p, uint64_t value)
{
    bool is_long = p->efer & EFER_LMA;

    if ( (value & ~cr4_bits(v)) || (is_long && !(value & CR4_PAE)) )
        return false;
    if ( (value & CR4_PCIDE) && !(p->cr4 & CR4_PCIDE) &&
         (!is_long || (p->cr3 & CR3_PCID)) )
        return false;
    p->cr4 = value;
    return true;
}

/* LMA is read-only: what is written there is ignored. */
bool efer_write(const struct vcpu *v, struct guest_paging *p, uint64_t value)
{
    if ( (value & ~(efer_bits(v) | EFER_LMA)) ||
         ((p->cr0 & CR0_PG) && ((value ^ p->efer) & EFER_LME)) )
        return false;
    p->efer = (value & ~EFER_LMA) | (p->efer & EFER_LMA);
    return true;
}

/* With PCIDs bit 63 says that their TLB entries stay: it is not kept. */
bool cr3_legal(const struct vcpu *v, const struct guest_paging *p,
               uint64_t value)
{
    if ( p->cr4 & CR4_PCIDE )
        value &= ~CR3_KEEP_TLB;
    return !(p->efer & EFER_LMA) || !(value & ~physical_bits(v));
}

bool xcr0_legal(const struct vcpu *v, uint64_t value)
{
    if ( !(value & XCR0_X87) || (value & ~xcr0_bits(v)) )
        return false;
    if ( (value & XCR0_AVX) && !(value & XCR0_SSE) )
        return false;
    return !(value & XCR0_AVX512) ||
           ((value & XCR0_AVX512) == XCR0_AVX512 && (value & XCR0_AVX));
}

uint64_t xcr0_with(uint64_t states)
{
    states |= XCR0_X87;
    if ( states & XCR0_AVX512 )
        states |= XCR0_AVX512 | XCR0_AVX;
    if ( states & XCR0_AVX )
        states |= XCR0_SSE;
    return states;
}
