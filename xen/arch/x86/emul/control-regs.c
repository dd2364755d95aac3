/* SPDX-License-Identifier: MIT */
/*
 * Writes of control registers: which bits there are for a guest, and which go
 * together.  Reserved bits of CR0's lower half are ignored, as processors do.
 */
#include <hv/control-regs.h>
#include <hv/cpu-policy.h>

#define CR0_PE 0x1UL
#define CR0_ET 0x10UL
#define CR0_NW 0x20000000UL
#define CR0_CD 0x40000000UL
#define CR0_PG 0x80000000UL
#define CR0_KNOWN 0xe005003fUL

#define CR4_PAE 0x20UL
#define CR4_PCIDE 0x20000UL
#define CR4_ALWAYS 0x100UL /* PCE */
#define CR3_PCID 0xfffUL

#define EFER_SCE 0x1UL
#define EFER_LME 0x100UL
#define EFER_LMA 0x400UL
#define EFER_NX 0x800UL
#define EFER_FFXSR 0x4000UL

#define XCR0_X87 0x1UL
#define XCR0_SSE 0x2UL
#define XCR0_AVX 0x4UL
#define XCR0_AVX512 0xe0UL
#define XCR0_PKRU 0x200UL
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

/* Bit `to` when the feature's bit `from` is set. */
#define IF(reg, from, to) ((uint64_t)((reg) >> (from) & 1) << (to))

uint64_t cr4_bits(const struct vcpu *v)
{
    struct cpuid_regs one, seven;
    uint64_t bits;

    cpuid_of(v, 1, &one);
    cpuid_of(v, 7, &seven);
    bits = CR4_ALWAYS;
    bits |= IF(one.d, 1, 0) | IF(one.d, 1, 1);   /* VME, PVI */
    bits |= IF(one.d, 4, 2) | IF(one.d, 2, 3);   /* TSD, DE */
    bits |= IF(one.d, 3, 4) | IF(one.d, 6, 5);   /* PSE, PAE */
    bits |= IF(one.d, 7, 6) | IF(one.d, 13, 7);  /* MCE, PGE */
    bits |= IF(one.d, 24, 9) | IF(one.d, 25, 10); /* OSFXSR, OSXMMEXCPT */
    bits |= IF(seven.c, 2, 11) | IF(seven.b, 0, 16); /* UMIP, FSGSBASE */
    bits |= IF(one.c, 17, 17) | IF(one.c, 26, 18);   /* PCIDE, OSXSAVE */
    bits |= IF(seven.b, 7, 20) | IF(seven.b, 20, 21); /* SMEP, SMAP */
    bits |= IF(seven.c, 3, 22);                       /* PKE */
    return bits;
}

uint64_t efer_bits(const struct vcpu *v)
{
    struct cpuid_regs r;

    cpuid_of(v, 0x80000001, &r);
    return IF(r.d, 11, 0) | IF(r.d, 29, 8) | IF(r.d, 29, 10) | /* SCE, LM. */
           IF(r.d, 20, 11) | IF(r.d, 25, 14);                  /* NX, FFXSR */
}

uint64_t xcr0_bits(const struct vcpu *v)
{
    struct cpuid_regs one, states;

    cpuid_of(v, 1, &one);
    cpuid_of(v, 0xd, &states);
    if ( !(one.c >> 26 & 1) )
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
        value &= ~(1UL << 63);
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
