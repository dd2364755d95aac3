/* SPDX-License-Identifier: MIT */
/*
 * Shifts and rotates, bit by bit: all flags come out as the processor's,
 * whatever the count.  Where it leaves one undefined, AF is clear, CF is the
 * last bit that went out, and OF is as for a count of 1.
 */
#include "insn.h"

static unsigned int effective_count(uint64_t count, unsigned int bytes)
{
    return count & (bytes == 8 ? 63 : 31);
}

static bool is_right(enum shift_op op)
{
    return op & 1;
}

static bool is_rotate(enum shift_op op)
{
    return op < SHIFT_SHL;
}

static uint64_t shift_one(enum shift_op op, uint64_t a, unsigned int top,
                          bool *carry)
{
    bool high = a >> top & 1, low = a & 1, in = false;

    if ( op == SHIFT_RCL || op == SHIFT_RCR )
        in = *carry;
    else if ( op == SHIFT_ROR )
        in = low;
    else if ( op == SHIFT_ROL || op == SHIFT_SAR )
        in = high;
    *carry = is_right(op) ? low : high;
    return is_right(op) ? a >> 1 | (uint64_t)in << top : a << 1 | in;
}

/* Did the last step change the sign?  `out` is the bit that it lost. */
static bool overflow(uint64_t result, unsigned int top, bool right, bool out)
{
    bool sign = result >> top & 1;

    return sign != (right ? (bool)(result >> (top - 1) & 1) : out);
}

uint64_t insn_shift(enum shift_op op, uint64_t a, uint64_t count,
                    unsigned int bytes, uint64_t *flags)
{
    unsigned int n = effective_count(count, bytes), top = bytes * 8 - 1;
    bool carry = *flags & RFLAGS_CF;
    uint64_t mask = mask_of(bytes);

    if ( !n )
        return a;
    a &= mask;
    while ( n-- )
        a = shift_one(op, a, top, &carry) & mask;
    *flags &= ~(is_rotate(op) ? RFLAGS_CF | RFLAGS_OF : RFLAGS_ARITH);
    if ( !is_rotate(op) )
        *flags |= insn_result_flags(a, bytes);
    *flags |= (carry ? RFLAGS_CF : 0) |
              (overflow(a, top, is_right(op), carry) ? RFLAGS_OF : 0);
    return a;
}

uint64_t insn_shift_double(bool right, uint64_t a, uint64_t b, uint64_t count,
                           unsigned int bytes, uint64_t *flags)
{
    unsigned int n = effective_count(count, bytes), top = bytes * 8 - 1;
    uint64_t mask = mask_of(bytes);
    bool carry = false, in = false;

    if ( !n )
        return a;
    a &= mask;
    b &= mask;
    while ( n-- )
    {
        b = shift_one(right ? SHIFT_ROR : SHIFT_ROL, b, top, &in) & mask;
        carry = right ? a & 1 : a >> top & 1;
        a = right ? a >> 1 | (uint64_t)in << top : ((a << 1) & mask) | in;
    }
    *flags = (*flags & ~RFLAGS_ARITH) | insn_result_flags(a, bytes) |
             (carry ? RFLAGS_CF : 0) |
             (overflow(a, top, right, carry) ? RFLAGS_OF : 0);
    return a;
}
