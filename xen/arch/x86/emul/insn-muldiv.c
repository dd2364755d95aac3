/* SPDX-License-Identifier: MIT */
/*
 * Multiplication and division.  Flags that the processor leaves undefined stay
 * as they were.
 */
#include "insn.h"

typedef unsigned __int128 wide_t;

static wide_t sign_extend_wide(uint64_t v, unsigned int bytes)
{
    return (wide_t)(__int128)sign_extend(v, bytes);
}

struct pair insn_multiply(bool is_signed, uint64_t a, uint64_t b,
                          unsigned int bytes, uint64_t *flags)
{
    uint64_t mask = mask_of(bytes);
    struct pair p;
    wide_t w;
    bool more;

    if ( is_signed )
        w = sign_extend_wide(a, bytes) * sign_extend_wide(b, bytes);
    else
        w = (wide_t)(a & mask) * (b & mask);
    p.low = (uint64_t)w & mask;
    p.high = (uint64_t)(w >> bytes * 8) & mask;
    more = is_signed ? w != sign_extend_wide(p.low, bytes) : p.high;
    *flags &= ~(RFLAGS_CF | RFLAGS_OF);
    *flags |= more ? RFLAGS_CF | RFLAGS_OF : 0;
    return p;
}

/* No function of a library divides 128 bits. */
static bool divide(wide_t n, uint64_t d, struct pair *p)
{
    uint64_t high = (uint64_t)(n >> 64);

    if ( high >= d )
        return false;
    __asm__ ( "divq %4"
              : "=a" (p->low), "=d" (p->high)
              : "a" ((uint64_t)n), "d" (high), "r" (d) : "cc" );
    return true;
}

bool insn_divide(bool is_signed, struct pair *p, uint64_t divisor,
                 unsigned int bytes)
{
    uint64_t mask = mask_of(bytes), d = divisor & mask, limit = mask;
    unsigned int bits = bytes * 8;
    bool negative = is_signed && (p->high >> (bits - 1) & 1);
    bool opposite = is_signed && negative != (d >> (bits - 1) & 1);
    wide_t n = p->high & mask;

    if ( is_signed )
    {
        n = sign_extend_wide(p->high, bytes);
        if ( d >> (bits - 1) & 1 )
            d = -d & mask;
        limit = (mask >> 1) + opposite;
    }
    n = n << bits | (p->low & mask);
    if ( negative )
        n = -n;
    if ( !divide(n, d, p) || p->low > limit )
        return false;
    p->low = (opposite ? -p->low : p->low) & mask;
    p->high = (negative ? -p->high : p->high) & mask;
    return true;
}
