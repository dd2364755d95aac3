/* SPDX-License-Identifier: MIT */
/* Conditions, and what looks for bits. */
#include <x86/processor.h>

#include "insn.h"

bool insn_condition(unsigned int condition, uint64_t flags)
{
    bool less = !!(flags & X86_SF) != !!(flags & X86_OF), is;

    switch ( condition >> 1 )
    {
    case 0: is = flags & X86_OF; break;
    case 1: is = flags & X86_CF; break;
    case 2: is = flags & X86_ZF; break;
    case 3: is = flags & (X86_CF | X86_ZF); break;
    case 4: is = flags & X86_SF; break;
    case 5: is = flags & X86_PF; break;
    case 6: is = less; break;
    default: is = less || (flags & X86_ZF); break;
    }
    return is != (condition & 1);
}

/*
 * Processors that do not have these take them for BSF and BSR, whatever the
 * guest was told.
 */
static enum scan_op as_executed(enum scan_op op)
{
    uint32_t a, b, c, d;

    if ( op == SCAN_TRAILING )
    {
        cpuid(0, 0, &a, &b, &c, &d);
        if ( a < 7 )
            return SCAN_FORWARD;
        cpuid(7, 0, &a, &b, &c, &d);
        return b & (1U << 3) ? op : SCAN_FORWARD;
    }
    if ( op == SCAN_LEADING )
    {
        cpuid(0x80000001, 0, &a, &b, &c, &d);
        return c & (1U << 5) ? op : SCAN_REVERSE;
    }
    return op;
}

static unsigned int count_ones(uint64_t a)
{
    unsigned int n = 0;

    for ( ; a; a &= a - 1 )
        n++;
    return n;
}

bool insn_scan(enum scan_op op, uint64_t a, unsigned int bytes,
               uint64_t *result, uint64_t *flags)
{
    unsigned int bits = bytes * 8;

    op = as_executed(op);
    switch ( op )
    {
    case SCAN_ONES:
        *result = count_ones(a);
        *flags = (*flags & ~X86_ARITH) | (a ? 0 : X86_ZF);
        return true;
    case SCAN_FORWARD:
    case SCAN_REVERSE:
        *flags = (*flags & ~X86_ZF) | (a ? 0 : X86_ZF);
        if ( a )
            *result = op == SCAN_FORWARD ? (unsigned int)__builtin_ctzl(a)
                                         : 63U - __builtin_clzl(a);
        return a;
    default:
        *result = bits;
        if ( a )
            *result = op == SCAN_TRAILING
                          ? (unsigned int)__builtin_ctzl(a)
                          : (unsigned int)__builtin_clzl(a) - (64 - bits);
        *flags = (*flags & ~(X86_CF | X86_ZF)) | (a ? 0 : X86_CF) |
                 (*result ? 0 : X86_ZF);
        return true;
    }
}
