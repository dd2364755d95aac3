/* SPDX-License-Identifier: MIT */
/*
 * The instructions by which 64-bit kernels write single page table entries:
 *
 *   mov r64,[m]    mov imm32,[m]    xchg r64,[m]    cmpxchg r64,[m]
 *   and imm8,[m8]  or imm8,[m8]     bts imm8,[m64]  btr imm8,[m64]
 *
 * with LOCK where the processor allows it, and segment prefixes that have no
 * effect (a kernel on one processor has DS in place of LOCK).
 */
#include "pt-insn.h"

#include <hv/array.h>
#include <hv/errno.h>
#include <hv/guest-access.h>
#include <hv/lib.h>

#include <x86/defns.h>

#define MAX_INSN 15
#define REX_W 8
#define REX_R 4
#define REX_X 2
#define REX_B 1
#define RIP 16 /* as a register number */
#define NO_REG 17

struct code {
    const struct pv_regs *regs;
    uint8_t byte[MAX_INSN];
    unsigned int nr, at; /* bytes that are there; the next one */
    bool lock;
    uint8_t rex;
    uint16_t opcode;     /* 0x0fxx for two bytes */
    uint8_t ext;         /* ModRM's reg */
    uint8_t base, index, scale;
    int64_t disp;
};

/* Up to the end of the page at first: the next one may not be mapped. */
static bool fetch(struct code *c)
{
    uint64_t from = c->regs->rip + c->nr;
    unsigned int rest = (unsigned int)(PAGE_SIZE - (from & ~PAGE_MASK));
    unsigned int nr = min(rest, MAX_INSN - c->nr);

    if ( !nr || guest_copy_in(c->byte + c->nr, from, nr) )
        return false;
    c->nr += nr;
    return true;
}

/* A signed number of `bytes` bytes. */
static bool take(struct code *c, unsigned int bytes, int64_t *value)
{
    uint64_t v = 0;

    while ( c->nr < c->at + bytes )
        if ( !fetch(c) )
            return false;
    for ( unsigned int i = 0; i < bytes; i++ )
        v |= (uint64_t)c->byte[c->at++] << 8 * i;
    *value = (int64_t)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes);
    return true;
}

static bool take_byte(struct code *c, uint8_t *value)
{
    if ( c->at == c->nr && !fetch(c) )
        return false;
    *value = c->byte[c->at++];
    return true;
}

/* Prefixes and opcode; a REX prefix is the last one. */
static bool take_opcode(struct code *c)
{
    uint8_t b;

    for ( ;; )
    {
        if ( !take_byte(c, &b) )
            return false;
        if ( b == 0xf0 )
            c->lock = true;
        else if ( b != 0x26 && b != 0x2e && b != 0x36 && b != 0x3e )
            break;
    }
    if ( (b & 0xf0) == 0x40 )
    {
        c->rex = b;
        if ( !take_byte(c, &b) )
            return false;
    }
    c->opcode = b;
    if ( b == 0x0f )
    {
        if ( !take_byte(c, &b) )
            return false;
        c->opcode = (uint16_t)(0x0f00 | b);
    }
    return true;
}

static uint8_t rex_reg(const struct code *c, unsigned int reg, uint8_t bit)
{
    return (uint8_t)((reg & 7) + (c->rex & bit ? 8 : 0));
}

static bool take_sib(struct code *c, uint8_t mod, unsigned int *disp_bytes)
{
    uint8_t sib;

    if ( !take_byte(c, &sib) )
        return false;
    c->scale = sib >> 6;
    c->index = rex_reg(c, sib >> 3, REX_X);
    if ( c->index == 4 )
        c->index = NO_REG;
    c->base = rex_reg(c, sib, REX_B);
    if ( (sib & 7) == 5 && mod == 0 )
    {
        c->base = NO_REG;
        *disp_bytes = 4;
    }
    return true;
}

/* A memory operand. */
static bool take_modrm(struct code *c)
{
    static const uint8_t disp_of_mod[] = { 0, 1, 4 };
    unsigned int disp_bytes;
    uint8_t modrm, mod;

    if ( !take_byte(c, &modrm) || modrm >= 0xc0 )
        return false;
    mod = modrm >> 6;
    disp_bytes = array_at(disp_of_mod, mod);
    c->ext = modrm >> 3 & 7;
    c->base = rex_reg(c, modrm, REX_B);
    c->index = NO_REG;
    if ( (modrm & 7) == 4 )
    {
        if ( !take_sib(c, mod, &disp_bytes) )
            return false;
    }
    else if ( (modrm & 7) == 5 && mod == 0 )
    {
        c->base = RIP;
        disp_bytes = 4;
    }
    return !disp_bytes || take(c, disp_bytes, &c->disp);
}

static uint64_t address(const struct code *c)
{
    uint64_t addr = (uint64_t)c->disp;

    if ( c->base == RIP )
        addr += c->regs->rip + c->at; /* the end of the instruction */
    else if ( c->base != NO_REG )
        addr += c->regs->gpr[c->base];
    if ( c->index != NO_REG )
        addr += c->regs->gpr[c->index] << c->scale;
    return addr;
}

/* What the opcode says; imm_bytes of an immediate follow. */
static bool find_op(const struct code *c, struct pt_insn *i,
                    unsigned int *imm_bytes)
{
    i->bytes = 8;
    *imm_bytes = 0;
    switch ( c->opcode )
    {
    case 0x89:
        i->op = PT_MOV;
        return !c->lock;
    case 0xc7:
        i->op = PT_MOV;
        *imm_bytes = 4;
        return !c->lock && !c->ext;
    case 0x87:
        i->op = PT_XCHG;
        return true;
    case 0x80:
        i->op = c->ext == 4 ? PT_AND : PT_OR;
        i->bytes = 1;
        *imm_bytes = 1;
        return c->ext == 4 || c->ext == 1;
    case 0x0fb1:
        i->op = PT_CMPXCHG;
        return true;
    case 0x0fba:
        i->op = c->ext == 5 ? PT_SET : PT_CLEAR;
        *imm_bytes = 1;
        return c->ext == 5 || c->ext == 6;
    default:
        return false;
    }
}

bool pt_insn_decode(const struct pv_regs *regs, struct pt_insn *i)
{
    struct code c = { .regs = regs };
    unsigned int imm_bytes;
    int64_t imm = 0;

    if ( !take_opcode(&c) || !take_modrm(&c) || !find_op(&c, i, &imm_bytes) ||
         (imm_bytes && !take(&c, imm_bytes, &imm)) ||
         (i->bytes == 8 && !(c.rex & REX_W)) )
        return false;
    i->len = (uint8_t)c.at;
    i->has_imm = imm_bytes;
    i->imm = i->op == PT_SET || i->op == PT_CLEAR ? imm & 63 : (uint64_t)imm;
    i->reg = rex_reg(&c, c.ext, REX_R);
    i->addr = address(&c);
    return true;
}

/* ---- results ---- */

/* PF, ZF and SF of a result of 1 or 8 bytes; its upper bits are zero. */
static uint64_t result_flags(uint64_t result, unsigned int bytes)
{
    uint64_t flags = 0;

    if ( !(__builtin_popcountl(result & 0xff) & 1) )
        flags |= RFLAGS_PF;
    if ( !result )
        flags |= RFLAGS_ZF;
    if ( result >> (8 * bytes - 1) & 1 )
        flags |= RFLAGS_SF;
    return flags;
}

/* Of a - b. */
static uint64_t compare_flags(uint64_t a, uint64_t b)
{
    uint64_t flags = result_flags(a - b, 8);

    if ( a < b )
        flags |= RFLAGS_CF;
    if ( (a ^ b ^ (a - b)) & 0x10 )
        flags |= RFLAGS_AF;
    if ( ((a ^ b) & (a ^ (a - b))) >> 63 )
        flags |= RFLAGS_OF;
    return flags;
}

static void set_flags(uint64_t *flags, uint64_t mask, uint64_t value)
{
    *flags = (*flags & ~mask) | value;
}

uint64_t pt_insn_result(const struct pt_insn *i, const struct pv_regs *regs,
                        uint64_t old, uint64_t *flags)
{
    uint64_t src = i->has_imm ? i->imm : regs->gpr[i->reg], bit, value;

    switch ( i->op )
    {
    case PT_AND:
    case PT_OR:
        value = (uint8_t)(i->op == PT_AND ? old & src : old | src);
        set_flags(flags, RFLAGS_ARITH, result_flags(value, 1));
        return value;
    case PT_SET:
    case PT_CLEAR:
        bit = 1UL << src;
        set_flags(flags, RFLAGS_CF, old & bit ? RFLAGS_CF : 0);
        return i->op == PT_SET ? old | bit : old & ~bit;
    case PT_CMPXCHG:
        set_flags(flags, RFLAGS_ARITH, compare_flags(regs->gpr[0], old));
        return regs->gpr[0] == old ? src : old;
    default: /* PT_MOV, PT_XCHG */
        return src;
    }
}
