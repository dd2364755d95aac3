/* SPDX-License-Identifier: MIT */
/*
 * From bytes to struct insn.  Bytes are fetched as they are needed, so that an
 * instruction at the end of a page does not touch the next one.
 */
#include <hv/lib.h>

#include "insn-opcode.h"

/* ---- bytes ---- */

static bool take(struct run *run, unsigned int bytes, uint64_t *value)
{
    struct insn *i = &run->i;

    *value = 0;
    for ( unsigned int n = 0; n < bytes; n++, i->len++ )
    {
        if ( i->len == run->e->nr_code && !insn_fetch_more(run) )
            return false;
        *value |= (uint64_t)run->e->code[i->len] << n * 8;
    }
    return true;
}

static bool take_signed(struct run *run, unsigned int bytes, int64_t *value)
{
    uint64_t v;

    if ( !take(run, bytes, &v) )
        return false;
    *value = sign_extend(v, bytes);
    return true;
}

/* ---- prefixes and sizes ---- */

static uint8_t mode_of(const struct emul_regs *r)
{
    uint16_t attr = r->seg[EMUL_CS].attr;

    if ( (r->efer & EFER_LMA) && (attr & EMUL_SEG_L) )
        return 8;
    return attr & EMUL_SEG_DB ? 4 : 2;
}

/* -1: no segment prefix */
static int segment_prefix(uint8_t b)
{
    switch ( b )
    {
    case 0x26: return EMUL_ES;
    case 0x2e: return EMUL_CS;
    case 0x36: return EMUL_SS;
    case 0x3e: return EMUL_DS;
    case 0x64: return EMUL_FS;
    case 0x65: return EMUL_GS;
    default: return -1;
    }
}

/* Leaves the first byte of the opcode in *opcode.  A late REX alone counts. */
static bool take_prefixes(struct run *run, uint64_t *opcode)
{
    struct insn *i = &run->i;
    bool ad67 = false;

    for ( ;; )
    {
        int seg;

        if ( !take(run, 1, opcode) )
            return false;
        seg = segment_prefix((uint8_t)*opcode);
        if ( i->mode == 8 && (*opcode & 0xf0) == 0x40 )
        {
            i->rex = (uint8_t)*opcode;
            continue;
        }
        if ( *opcode == 0x66 )
            i->op66 = true;
        else if ( *opcode == 0x67 )
            ad67 = true;
        else if ( *opcode == 0xf0 )
            i->lock = true;
        else if ( *opcode == 0xf2 || *opcode == 0xf3 )
            i->rep = (uint8_t)*opcode;
        else if ( seg < 0 )
            break;
        /* In 64-bit mode only FS and GS are more than decoration. */
        else if ( i->mode != 8 || seg >= EMUL_FS )
            i->seg = (uint8_t)seg;
        i->rex = 0;
    }
    i->op_bytes = i->mode == 8 ? (i->op66 ? 2 : 4)
                  : i->op66 ? 6 - i->mode : i->mode;
    if ( i->rex & 8 )
        i->op_bytes = 8;
    i->ad_bytes = i->mode == 8 ? (ad67 ? 4 : 8) : ad67 ? 6 - i->mode : i->mode;
    return true;
}

/* ---- memory operands ---- */

static void use_stack_segment(struct insn *i)
{
    if ( i->seg == NO_REG && (i->base == EMUL_RSP || i->base == EMUL_RBP) )
        i->seg = EMUL_SS;
}

static bool take_address_16(struct run *run, unsigned int mod, unsigned int rm)
{
    static const uint8_t base[8] = { EMUL_RBX, EMUL_RBX, EMUL_RBP, EMUL_RBP,
                                     EMUL_RSI, EMUL_RDI, EMUL_RBP, EMUL_RBX };
    static const uint8_t index[4] = { EMUL_RSI, EMUL_RDI, EMUL_RSI, EMUL_RDI };
    struct insn *i = &run->i;

    if ( mod == 0 && rm == 6 )
        return take_signed(run, 2, &i->disp);
    i->base = base[rm];
    i->index = rm < 4 ? index[rm] : NO_REG;
    use_stack_segment(i);
    return mod == 0 || take_signed(run, mod == 1 ? 1 : 2, &i->disp);
}

static bool take_address(struct run *run, unsigned int mod, unsigned int rm)
{
    struct insn *i = &run->i;
    uint64_t sib;

    i->base = (uint8_t)(rm | (i->rex & 1) << 3);
    if ( rm == 4 )
    {
        if ( !take(run, 1, &sib) )
            return false;
        rm = sib & 7;
        i->base = (uint8_t)(rm | (i->rex & 1) << 3);
        i->index = (uint8_t)((sib >> 3 & 7) | (i->rex & 2) << 2);
        i->scale = (uint8_t)(sib >> 6);
        if ( i->index == EMUL_RSP )
            i->index = NO_REG;
    }
    else if ( mod == 0 && rm == 5 && i->mode == 8 )
        i->rip_relative = true;
    if ( mod == 0 && rm == 5 )
    {
        i->base = NO_REG;
        return take_signed(run, 4, &i->disp);
    }
    use_stack_segment(i);
    return mod == 0 || take_signed(run, mod == 1 ? 1 : 4, &i->disp);
}

/* regs_only: whatever it says, its operands are registers. */
static bool take_modrm(struct run *run, bool regs_only)
{
    struct insn *i = &run->i;
    unsigned int mod, rm;
    uint64_t modrm;

    if ( !take(run, 1, &modrm) )
        return false;
    mod = (unsigned int)modrm >> 6;
    rm = modrm & 7;
    i->reg = (uint8_t)((modrm >> 3 & 7) | (i->rex & 4) << 1);
    i->rm = (uint8_t)modrm; /* all of it, for 0f 01 */
    i->has_modrm = true;
    i->memory = mod != 3 && !regs_only;
    if ( !i->memory )
        return true;
    return i->ad_bytes == 2 ? take_address_16(run, mod, rm)
                            : take_address(run, mod, rm);
}

/* ---- all of it ---- */

static bool take_immediates(struct run *run, unsigned int flags)
{
    struct insn *i = &run->i;
    uint64_t v;

    if ( flags & MOFFS )
    {
        i->memory = true;
        i->reg = EMUL_RAX;
        if ( !take(run, i->ad_bytes, &v) )
            return false;
        i->disp = (int64_t)v;
    }
    if ( (flags & IMM2) && !(flags & IMM) )
    {
        if ( !take(run, 2, &v) )
            return false;
        i->imm2 = (uint16_t)v;
    }
    if ( !(flags & (IMM8 | IMM | PORT_IMM)) )
        return true;
    i->has_imm = true;
    if ( !take_signed(run, flags & IMM ? min((unsigned int)i->op_bytes, 4U) : 1,
                      &i->imm) )
        return false;
    if ( !(flags & IMM2) || !(flags & IMM) )
        return true;
    if ( !take(run, 2, &v) ) /* the selector of a far call */
        return false;
    i->imm2 = (uint16_t)v;
    return true;
}

/* The fields of a VEX prefix; its last byte is `last`. */
static void vex_fields(struct insn *i, uint64_t last, bool r, bool x, bool b)
{
    static const uint8_t prefix[4] = { 0, 0, 0xf3, 0xf2 };
    unsigned int pp = last & 3;

    i->vex = true;
    i->op66 = pp == 1;
    i->rep = prefix[pp];
    i->vex_l = last >> 2 & 1;
    i->vex_v = (uint8_t)(~last >> 3 & 15);
    if ( i->mode == 8 )
        i->rex = (uint8_t)(0x40 | r << 2 | x << 1 | b);
    else
        i->vex_v &= 7;
}

/* Behind c4 or c5.  In other modes some of these are LES and LDS. */
static bool take_vex(struct run *run, unsigned int *map, uint64_t *opcode)
{
    struct insn *i = &run->i;
    bool three = *opcode == 0xc4;
    uint64_t first, last;

    if ( !take(run, 1, &first) )
        return false;
    if ( i->mode != 8 && (first < 0xc0 || !insn_protected(run)) )
    {
        i->len--;
        return true;
    }
    /* With any of these it is no instruction. */
    if ( i->op66 || i->rep || i->lock || i->rex )
        return insn_raise(run, VECTOR_UD, 0);
    last = first;
    *map = 1;
    if ( three )
    {
        *map = first & 31;
        if ( !take(run, 1, &last) )
            return false;
        i->vex_w = last >> 7 & 1;
    }
    vex_fields(i, last, !(first & 0x80), three && !(first & 0x40),
               three && !(first & 0x20));
    if ( *map < 1 || *map > 3 )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    return take(run, 1, opcode);
}

/* The opcode's last byte; *map: which of the tables it is from. */
static bool take_opcode(struct run *run, unsigned int *map, uint64_t *opcode)
{
    *map = 0;
    if ( !take_prefixes(run, opcode) )
        return false;
    if ( *opcode == 0xc4 || *opcode == 0xc5 )
        return take_vex(run, map, opcode);
    if ( *opcode != 0x0f )
        return true;
    *map = 1;
    if ( !take(run, 1, opcode) )
        return false;
    if ( *opcode != 0x38 && *opcode != 0x3a )
        return true;
    *map = *opcode == 0x38 ? 2 : 3;
    return take(run, 1, opcode);
}

bool insn_decode(struct run *run)
{
    struct insn *i = &run->i;
    const struct opcode *o;
    unsigned int map, flags;
    uint64_t opcode;

    *i = (struct insn){ .mode = mode_of(&run->r), .seg = NO_REG,
                        .base = NO_REG, .index = NO_REG };
    if ( !take_opcode(run, &map, &opcode) )
        return false;
    opcode |= map << 8;
    o = insn_opcode((unsigned int)opcode);
    if ( (i->vex || (o->flags & MODRM)) &&
         !take_modrm(run, o->op == OP_MOV_CR || o->op == OP_MOV_DR) )
        return false;
    flags = insn_resolve(i, o, (unsigned int)opcode);
    if ( i->op == OP_NONE )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !take_immediates(run, flags) )
        return false;
    if ( i->seg == NO_REG )
        i->seg = EMUL_DS;
    return true;
}
