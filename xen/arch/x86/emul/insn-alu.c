/* SPDX-License-Identifier: MIT */
/* Arithmetic and its flags. */
#include "insn.h"

static bool even_parity(uint64_t v)
{
    v ^= v >> 4;
    v ^= v >> 2;
    v ^= v >> 1;
    return !(v & 1);
}

uint64_t insn_result_flags(uint64_t result, unsigned int bytes)
{
    return (even_parity(result & 0xff) ? RFLAGS_PF : 0) |
           (result ? 0 : RFLAGS_ZF) |
           (result >> (bytes * 8 - 1) ? RFLAGS_SF : 0);
}

/*
 * The carries into and out of each bit, of a + b or, with the borrows, of
 * a - b: AF is the one out of bit 3, CF out of the last, OF that XOR the one
 * into it.
 */
static uint64_t carry_flags(uint64_t out, unsigned int bytes)
{
    unsigned int last = bytes * 8 - 1;
    uint64_t cf = out >> last & 1, into = out >> (last - 1) & 1;

    return (cf ? RFLAGS_CF : 0) | (out & 8 ? RFLAGS_AF : 0) |
           (cf != into ? RFLAGS_OF : 0);
}

uint64_t insn_alu(enum alu_op op, uint64_t a, uint64_t b, unsigned int bytes,
                  uint64_t *flags)
{
    uint64_t mask = mask_of(bytes), r, out = 0;
    uint64_t carry = (op == ALU_ADC || op == ALU_SBB) && (*flags & RFLAGS_CF);

    a &= mask;
    b &= mask;
    switch ( op )
    {
    case ALU_ADD:
    case ALU_ADC:
        r = (a + b + carry) & mask;
        out = (a & b) | ((a | b) & ~r);
        break;
    case ALU_SUB:
    case ALU_SBB:
    case ALU_CMP:
        r = (a - b - carry) & mask;
        out = (~a & b) | ((~a | b) & r);
        break;
    case ALU_OR:
        r = a | b;
        break;
    case ALU_AND:
        r = a & b;
        break;
    default:
        r = a ^ b;
        break;
    }
    *flags = (*flags & ~RFLAGS_ARITH) | insn_result_flags(r, bytes) |
             carry_flags(out, bytes);
    return r;
}

static uint64_t keep_carry(enum alu_op op, uint64_t a, unsigned int bytes,
                           uint64_t *flags)
{
    uint64_t cf = *flags & RFLAGS_CF, r = insn_alu(op, a, 1, bytes, flags);

    *flags = (*flags & ~RFLAGS_CF) | cf;
    return r;
}

uint64_t insn_alu_inc(uint64_t a, unsigned int bytes, uint64_t *flags)
{
    return keep_carry(ALU_ADD, a, bytes, flags);
}

uint64_t insn_alu_dec(uint64_t a, unsigned int bytes, uint64_t *flags)
{
    return keep_carry(ALU_SUB, a, bytes, flags);
}

uint64_t insn_alu_bit(enum bit_op op, uint64_t a, unsigned int bit,
                      uint64_t *flags)
{
    uint64_t one = 1UL << bit;

    *flags = (*flags & ~RFLAGS_CF) | (a & one ? RFLAGS_CF : 0);
    switch ( op )
    {
    case BIT_SET:
        return a | one;
    case BIT_RESET:
        return a & ~one;
    case BIT_COMPLEMENT:
        return a ^ one;
    default:
        return a;
    }
}
