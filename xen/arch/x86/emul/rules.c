/* SPDX-License-Identifier: MIT */
/*
 * Rules of the architecture that depend on nothing but the values given: which
 * two exceptions make a double fault, which control registers go together, what
 * a PAT may hold.  All vendors use them.
 */
#include <emul/emulate.h>
#include <emul/rules.h>
#include <emul/xsave.h>
#include <x86/defns.h>

/* ---- exceptions ---- */

/* #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX */
#define WITH_ERROR_CODE 0x60227d00U

bool exception_has_error_code(unsigned int vector, uint64_t cr0)
{
    return (cr0 & CR0_PE) && vector < 32 && (WITH_ERROR_CODE >> vector & 1);
}

static bool is_contributory(unsigned int vector)
{
    return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

enum fault_pair fault_pair(unsigned int first, unsigned int second)
{
    bool serious = is_contributory(second) || second == VECTOR_PF;

    if ( first == VECTOR_DF && serious )
        return FAULTS_TRIPLE;
    if ( (is_contributory(first) && is_contributory(second)) ||
         (first == VECTOR_PF && serious) )
        return FAULTS_DOUBLE;
    return FAULTS_SECOND;
}

/* ---- modes ---- */

#define CR3_LONG_RESERVED 0xfff0000000000000UL
#define TYPE_CODE 0x8

bool mode_is_long(const struct mode *m)
{
    return (m->cr0 & CR0_PG) && (m->efer & EFER_LME);
}

const char *mode_broken(const struct mode *m, const struct mode_limits *l)
{
    bool is_long = mode_is_long(m);
    uint64_t no_cr3 = ~l->physical & (is_long ? ~0UL : CR3_LONG_RESERVED);

    if ( m->cr0 >> 32 )
        return "CR0: upper half";
    if ( (m->cr0 & CR0_NW) && !(m->cr0 & CR0_CD) )
        return "CR0: NW without CD";
    if ( (m->cr0 & CR0_PG) && !(m->cr0 & CR0_PE) )
        return "CR0: PG without PE";
    if ( m->cr4 & ~l->cr4 )
        return "CR4: reserved bits";
    if ( m->efer & ~l->efer )
        return "EFER: reserved bits";
    if ( !(m->efer & EFER_LMA) == is_long )
        return "EFER: LMA";
    if ( is_long && !(m->cr4 & CR4_PAE) )
        return "long mode without PAE";
    if ( (m->cr4 & CR4_PCIDE) && !is_long )
        return "CR4: PCIDE, not long mode";
    return m->cr3 & no_cr3 ? "CR3: reserved bits" : NULL;
}

bool rflags_legal(const struct mode *m, uint64_t rflags)
{
    return !(rflags & ~RFLAGS_DEFINED) &&
           (!(rflags & RFLAGS_VM) ||
            ((m->cr0 & CR0_PE) && !mode_is_long(m)));
}

bool code_legal(const struct mode *m, uint64_t rflags, uint32_t attr,
                uint64_t rip)
{
    bool typed = (m->cr0 & CR0_PE) && !(rflags & RFLAGS_VM);
    bool wide = mode_is_long(m) && (attr & EMUL_SEG_L);

    return (attr & EMUL_SEG_P) && (attr & EMUL_SEG_S) &&
           !(wide && (attr & EMUL_SEG_DB)) && (wide || rip <= UINT32_MAX) &&
           (!typed || (attr & TYPE_CODE));
}

bool mxcsr_legal(uint32_t mxcsr)
{
    return !(mxcsr & ~MXCSR_LEGAL);
}

/* ---- values ---- */

bool pat_legal(uint64_t pat)
{
    for ( unsigned int i = 0; i < 64; i += 8 )
    {
        unsigned int type = pat >> i & 0xff;

        if ( type > 7 || type == 2 || type == 3 )
            return false;
    }
    return true;
}

bool address_is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}
