/* SPDX-License-Identifier: MIT */
/* Conditions, and what looks for bits. */
#include <x86/processor.h>

#include "insn.h"

bool insn_condition(unsigned int condition, uint64_t flags)
{
    bool less = !!(flags & RFLAGS_SF) != !!(flags & RFLAGS_OF), is;

    switch ( condition >> 1 )
    {
    case 0: is = flags & RFLAGS_OF; break;
    case 1: is = flags & RFLAGS_CF; break;
    case 2: is = flags & RFLAGS_ZF; break;
    case 3: is = flags & (RFLAGS_CF | RFLAGS_ZF); break;
    case 4: is = flags & RFLAGS_SF; break;
    case 5: is = flags & RFLAGS_PF; break;
    case 6: is = less; break;
    default: is = less || (flags & RFLAGS_ZF); break;
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
        return b & CPUID_7B_BMI1 ? op : SCAN_FORWARD;
    }
    if ( op == SCAN_LEADING )
    {
        cpuid(0x80000001, 0, &a, &b, &c, &d);
        return c & CPUID_E1C_LZCNT ? op : SCAN_REVERSE;
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
        *flags = (*flags & ~RFLAGS_ARITH) | (a ? 0 : RFLAGS_ZF);
        return true;
    case SCAN_FORWARD:
    case SCAN_REVERSE:
        *flags = (*flags & ~RFLAGS_ZF) | (a ? 0 : RFLAGS_ZF);
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
        *flags = (*flags & ~(RFLAGS_CF | RFLAGS_ZF)) | (a ? 0 : RFLAGS_CF) |
                 (*result ? 0 : RFLAGS_ZF);
        return true;
    }
}

#define CRC32C 0x82f63b78U

uint32_t insn_crc32(uint32_t crc, uint64_t v, unsigned int bytes)
{
    uint64_t all = v ^ crc; /* the low bits of a longer division */
    uint32_t over = bytes < 4 ? crc >> bytes * 8 : 0;
    uint32_t left;

    left = (uint32_t)(all & mask_of(bytes < 4 ? bytes : 4));
    for ( unsigned int bit = 0; bit < bytes * 8; bit++ )
    {
        if ( bit == 32 ) /* the second half of 8 bytes */
            left ^= (uint32_t)(v >> 32);
        left = left & 1 ? left >> 1 ^ CRC32C : left >> 1;
    }
    return left ^ over;
}
