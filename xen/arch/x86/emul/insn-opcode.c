/* SPDX-License-Identifier: MIT */
/* The opcodes that are known, and which instruction each is. */
#include <hv/lib.h>

#include "insn-opcode.h"
#include "insn-vector.h"

#define ALU_BLOCK(n)                                                         \
    [(n) * 8] = { OP_ALU, MODRM | BYTE }, [(n) * 8 + 1] = { OP_ALU, MODRM }, \
    [(n) * 8 + 2] = { OP_ALU, MODRM | BYTE | TO_REG },                       \
    [(n) * 8 + 3] = { OP_ALU, MODRM | TO_REG }
#define BOTH(n, o, f) [(n)] = { (o), (f) | BYTE }, [(n) + 1] = { (o), (f) }

static const struct opcode one_byte[256] = {
    ALU_BLOCK(0), ALU_BLOCK(1), ALU_BLOCK(2), ALU_BLOCK(3),
    ALU_BLOCK(4), ALU_BLOCK(5), ALU_BLOCK(6), ALU_BLOCK(7),
    [0x06 ... 0x07] = { OP_PUSH_SEG, D64 | NO64 },
    [0x0e] = { OP_PUSH_SEG, D64 | NO64 },
    [0x16 ... 0x17] = { OP_PUSH_SEG, D64 | NO64 },
    [0x1e ... 0x1f] = { OP_PUSH_SEG, D64 | NO64 },
    [0x50 ... 0x57] = { OP_PUSH_REG, D64 | LOW_REG },
    [0x58 ... 0x5f] = { OP_POP_REG, D64 | LOW_REG },
    [0x60] = { OP_PUSHA, NO64 },
    [0x61] = { OP_POPA, NO64 },
    [0x62] = { OP_BOUND, MODRM | NO64 },
    [0x63] = { OP_MOVSXD, MODRM | TO_REG },
    [0x68] = { OP_PUSH_IMM, D64 | IMM },
    [0x69] = { OP_IMUL, MODRM | TO_REG | IMM },
    [0x6a] = { OP_PUSH_IMM, D64 | IMM8 },
    [0x6b] = { OP_IMUL, MODRM | TO_REG | IMM8 },
    BOTH(0x6c, OP_INS, STRING),
    BOTH(0x6e, OP_OUTS, STRING),
    [0x80] = { OP_GROUP1, MODRM | BYTE | IMM8 },
    [0x81] = { OP_GROUP1, MODRM | IMM },
    [0x82] = { OP_GROUP1, MODRM | BYTE | IMM8 },
    [0x83] = { OP_GROUP1, MODRM | IMM8 },
    BOTH(0x84, OP_TEST, MODRM),
    BOTH(0x86, OP_XCHG, MODRM),
    BOTH(0x88, OP_MOV, MODRM),
    BOTH(0x8a, OP_MOV, MODRM | TO_REG),
    [0x8c] = { OP_FROM_SEG, MODRM },
    [0x8e] = { OP_TO_SEG, MODRM },
    [0x8f] = { OP_POP_ONLY, MODRM | D64 },
    [0x90] = { OP_SIMPLE, 0 },
    [0x9a] = { OP_CALL_FAR_IMM, NO64 | IMM | IMM2 },
    [0x9c] = { OP_PUSHF, D64 },
    [0x9d] = { OP_POPF, D64 },
    BOTH(0xa0, OP_MOV, MOFFS | TO_REG),
    BOTH(0xa2, OP_MOV, MOFFS),
    BOTH(0xa4, OP_MOVS, STRING),
    BOTH(0xa6, OP_CMPS, STRING),
    BOTH(0xaa, OP_STOS, STRING),
    BOTH(0xac, OP_LODS, STRING),
    BOTH(0xae, OP_SCAS, STRING),
    BOTH(0xc0, OP_GROUP2, MODRM | IMM8),
    [0xc2] = { OP_RET, D64 | IMM2 },
    [0xc3] = { OP_RET, D64 },
    [0xc4 ... 0xc5] = { OP_LXS, MODRM | NO64 },
    [0xc8] = { OP_ENTER, D64 | IMM2 | IMM8 },
    [0xc9] = { OP_LEAVE, D64 },
    [0xca] = { OP_RET_FAR, IMM2 },
    [0xcb] = { OP_RET_FAR, 0 },
    [0xcf] = { OP_IRET, 0 },
    [0xc6] = { OP_GROUP11, MODRM | BYTE | IMM8 },
    [0xc7] = { OP_GROUP11, MODRM | IMM },
    BOTH(0xd0, OP_GROUP2, MODRM),
    BOTH(0xd2, OP_GROUP2, MODRM),
    [0xd7] = { OP_XLAT, 0 },
    [0xd8 ... 0xdf] = { OP_VECTOR, MODRM },
    BOTH(0xe4, OP_IN, PORT_IMM),
    BOTH(0xe6, OP_OUT, PORT_IMM),
    [0xe8] = { OP_CALL_IMM, D64 | IMM },
    BOTH(0xec, OP_IN, 0),
    BOTH(0xee, OP_OUT, 0),
    [0xf4] = { OP_SIMPLE, 0 },
    BOTH(0xf6, OP_GROUP3, MODRM),
    [0xfe] = { OP_GROUP4, MODRM | BYTE },
    [0xff] = { OP_GROUP5, MODRM },
};

static const struct opcode two_byte[256] = {
    [0x00] = { OP_SELECTOR, MODRM },
    [0x01] = { OP_0F01, MODRM },
    [0x02] = { OP_LAR, MODRM | TO_REG },
    [0x03] = { OP_LSL, MODRM | TO_REG },
    [0x06] = { OP_CLTS, 0 },
    [0x08 ... 0x09] = { OP_SIMPLE, 0 },
    [0x10 ... 0x17] = { OP_VECTOR, MODRM },
    [0x22] = { OP_MOV_CR, MODRM },
    [0x23] = { OP_MOV_DR, MODRM },
    [0x28 ... 0x2f] = { OP_VECTOR, MODRM },
    [0x30 ... 0x33] = { OP_SIMPLE, 0 },
    [0x40 ... 0x4f] = { OP_CMOV, MODRM | TO_REG },
    [0x51 ... 0x70] = { OP_VECTOR, MODRM },
    [0x74 ... 0x76] = { OP_VECTOR, MODRM },
    [0x7c ... 0x7f] = { OP_VECTOR, MODRM },
    [0x90 ... 0x9f] = { OP_SET, MODRM | BYTE },
    [0xa0 ... 0xa1] = { OP_PUSH_SEG, D64 },
    [0xa2] = { OP_SIMPLE, 0 },
    [0xa3] = { OP_BIT, MODRM },
    [0xa4] = { OP_SHIFT_DOUBLE, MODRM | IMM8 },
    [0xa5] = { OP_SHIFT_DOUBLE, MODRM },
    [0xa8 ... 0xa9] = { OP_PUSH_SEG, D64 },
    [0xab] = { OP_BIT, MODRM },
    [0xac] = { OP_SHIFT_DOUBLE, MODRM | IMM8 },
    [0xad] = { OP_SHIFT_DOUBLE, MODRM },
    [0xae] = { OP_0FAE, MODRM },
    [0xaf] = { OP_IMUL, MODRM | TO_REG },
    BOTH(0xb0, OP_CMPXCHG, MODRM),
    [0xb2] = { OP_LXS, MODRM },
    [0xb3] = { OP_BIT, MODRM },
    [0xb4 ... 0xb5] = { OP_LXS, MODRM },
    BOTH(0xb6, OP_MOVZX, MODRM | TO_REG),
    [0xb8] = { OP_SCAN, MODRM | TO_REG },
    [0xba] = { OP_GROUP8, MODRM | IMM8 },
    [0xbb] = { OP_BIT, MODRM },
    [0xbc ... 0xbd] = { OP_SCAN, MODRM | TO_REG },
    BOTH(0xbe, OP_MOVSX, MODRM | TO_REG),
    BOTH(0xc0, OP_XADD, MODRM),
    [0xc3] = { OP_MOVNTI, MODRM },
    [0xc7] = { OP_GROUP9, MODRM },
    [0xc2] = { OP_VECTOR, MODRM },
    [0xc4] = { OP_VECTOR, MODRM },
    [0xc6] = { OP_VECTOR, MODRM },
    [0xd0 ... 0xf6] = { OP_VECTOR, MODRM },
    [0xf7] = { OP_MASKED_BYTES, MODRM },
    [0xf8 ... 0xfe] = { OP_VECTOR, MODRM },
};

/* Behind 0f 38, and behind 0f 3a, most are stubs. */
static const struct opcode behind_38 = { OP_VECTOR, MODRM };
static const struct opcode behind_3a = { OP_VECTOR, MODRM | IMM8 };
static const struct opcode movbe[2] = {
    { OP_MOVBE, MODRM | TO_REG }, { OP_MOVBE, MODRM },
};

static const struct {
    uint16_t opcode;
    uint8_t insn;
} simple[] = {
    { 0x090, EMUL_INSN_PAUSE }, { 0x0f4, EMUL_INSN_HLT },
    { 0x108, EMUL_INSN_INVD }, { 0x109, EMUL_INSN_WBINVD },
    { 0x130, EMUL_INSN_WRMSR }, { 0x131, EMUL_INSN_RDTSC },
    { 0x132, EMUL_INSN_RDMSR }, { 0x133, EMUL_INSN_RDPMC },
    { 0x1a2, EMUL_INSN_CPUID },
};

/* 0f 01 with these ModRM bytes. */
static const struct {
    uint8_t modrm, insn;
} simple_0f01[] = {
    { 0xc1, EMUL_INSN_VMMCALL }, { 0xc8, EMUL_INSN_MONITOR },
    { 0xc9, EMUL_INSN_MWAIT }, { 0xd1, EMUL_INSN_XSETBV },
    { 0xd9, EMUL_INSN_VMMCALL }, { 0xf9, EMUL_INSN_RDTSCP },
};

/* ---- which one it is ---- */

const struct opcode *insn_opcode(unsigned int opcode)
{
    unsigned int n = opcode & 0xff;

    switch ( opcode >> 8 )
    {
    case 0:
        return &one_byte[n];
    case 1:
        return &two_byte[n];
    case 2:
        return (n & 0xfe) == 0xf0 ? &movbe[n & 1] : &behind_38;
    default:
        return &behind_3a;
    }
}

static enum insn_op resolve_0f01(struct insn *i)
{
    for ( unsigned int k = 0; k < ARRAY_SIZE(simple_0f01); k++ )
        if ( simple_0f01[k].modrm == i->rm )
        {
            i->sub = simple_0f01[k].insn;
            return OP_SIMPLE;
        }
    i->sub = i->reg & 7;
    if ( i->sub < 4 )
        return i->memory ? OP_TABLE : OP_NONE;
    return i->sub == 4 ? OP_SMSW : i->sub == 6 ? OP_LMSW : OP_NONE;
}

/* LDMXCSR, STMXCSR, CLFLUSH, CLFLUSHOPT, CLWB: those of memory. */
static enum insn_op resolve_0fae(struct insn *i)
{
    unsigned int n = i->reg & 7;

    i->sub = (uint8_t)n;
    if ( (n == 2 || n == 3) && !i->rep && !i->op66 && !i->vex_v && !i->vex_l )
        return OP_MXCSR;
    return !i->vex && !i->rep &&
           (n == 7 || (n == 6 && i->op66)) ? OP_FLUSH : OP_NONE;
}

/* PUSH and POP of a segment register. */
static enum insn_op resolve_push_seg(struct insn *i, unsigned int opcode)
{
    i->sub = opcode >> 3 & (opcode & 0x100 ? 1 : 3);
    if ( opcode & 0x100 )
        i->sub += EMUL_FS;
    return opcode & 1 ? OP_POP_SEG : OP_PUSH_SEG;
}

/* LES, LDS, LSS, LFS, LGS. */
static enum insn_op resolve_lxs(struct insn *i, unsigned int opcode)
{
    i->sub = opcode == 0xc4 ? EMUL_ES : opcode == 0xc5 ? EMUL_DS
             : opcode == 0x1b2 ? EMUL_SS : opcode == 0x1b4 ? EMUL_FS : EMUL_GS;
    return i->memory ? OP_FAR_POINTER : OP_NONE;
}

static enum insn_op resolve_simple(struct insn *i, unsigned int opcode)
{
    for ( unsigned int k = 0; k < ARRAY_SIZE(simple); k++ )
        if ( simple[k].opcode == opcode )
            i->sub = simple[k].insn;
    return opcode == 0x90 && i->rep != 0xf3 ? OP_NONE : OP_SIMPLE;
}

/* The size of the memory operand. */
static uint8_t stub_bytes(const struct insn *i, const struct stub_row *r)
{
    unsigned int w = i->vex ? i->vex_w : i->rex >> 3 & 1;

    switch ( r->bytes )
    {
    case S_FULL:
        return (uint8_t)(16 << i->vex_l);
    case S_HALF:
        return (uint8_t)(8 << i->vex_l);
    case S_QUARTER:
        return (uint8_t)(4 << i->vex_l);
    case S_EIGHTH:
        return (uint8_t)(2 << i->vex_l);
    case S_DUP:
        return i->vex_l ? 32 : 8;
    case S_W:
        return (uint8_t)(4 << (w && i->mode == 8));
    default:
        return r->bytes;
    }
}

/* What VEX says besides the opcode. */
static bool vex_fits(const struct insn *i, const struct stub_row *r)
{
    uint32_t f = r->flags;

    if ( !i->vex )
        return true;
    if ( !(f & S_NDS) && i->vex_v )
        return false;
    if ( f & S_L1 ? !i->vex_l : r->nl == 1 && !(f & S_LIG) && i->vex_l )
        return false;
    return f & S_W1 ? i->vex_w : !(f & S_W0) || !i->vex_w;
}

/* VMASKMOVPS, VMASKMOVPD, VPMASKMOVD, VPMASKMOVQ: sub is a store, AVX2, wide. */
static bool resolve_masked(struct insn *i, unsigned int opcode)
{
    unsigned int n = opcode & 0xff;

    if ( !i->vex || opcode >> 8 != 2 || i->rep || !i->op66 ||
         (n >> 2 != 0x2c >> 2 && (n & 0xfd) != 0x8c) )
        return false;
    if ( n >> 2 == 0x2c >> 2 )
        i->sub = (uint8_t)((n >> 1 & 1) | (n & 1) << 3);
    else
        i->sub = (uint8_t)((n >> 1 & 1) | 2 | i->vex_w << 3);
    i->bytes = (uint8_t)(16 << i->vex_l);
    return n >> 2 != 0x2c >> 2 || !i->vex_w;
}

static enum insn_op resolve_vector(struct insn *i, unsigned int opcode)
{
    unsigned int pp = i->rep == 0xf3 ? 2 : i->rep ? 3 : i->op66;
    unsigned int map = opcode >> 8;
    unsigned int key = map ? (unsigned int)i->vex << 7 | map << 2 | pp : 0;

    if ( resolve_masked(i, opcode) )
        return OP_MASKED;
    for ( unsigned int k = 0; k < insn_nr_rows; k++ )
    {
        const struct stub_row *r = &insn_rows[k];

        if ( r->op != (opcode & 0xff) || r->key != key ||
             ((!key || (r->flags & S_EXT)) && r->ext != (i->reg & 7)) )
            continue;
        i->row = (uint16_t)k;
        i->bytes = stub_bytes(i, r);
        return vex_fits(i, r) ? OP_VECTOR : OP_NONE;
    }
    return OP_NONE;
}

/* BSF and BSR are others with f3; there is no POPCNT without it. */
static enum insn_op resolve_scan(struct insn *i, unsigned int opcode)
{
    bool f3 = i->rep == 0xf3;

    i->sub = opcode == 0x1b8 ? SCAN_ONES
             : opcode == 0x1bc ? (f3 ? SCAN_TRAILING : SCAN_FORWARD)
                               : (f3 ? SCAN_LEADING : SCAN_REVERSE);
    return i->sub == SCAN_ONES && !f3 ? OP_NONE : OP_SCAN;
}

/* Opcodes whose ModRM says what they are; OP_NONE: others do not matter. */
static enum insn_op resolve_group(struct insn *i, enum insn_op op)
{
    static const uint8_t group3[8] = { OP_TEST, OP_TEST, OP_NOT, OP_NEG,
                                       OP_MULTIPLY, OP_MULTIPLY, OP_DIVIDE,
                                       OP_DIVIDE };
    static const uint8_t group5[8] = { OP_INC, OP_DEC, OP_CALL, OP_CALL_FAR,
                                       OP_JMP, OP_JMP_FAR, OP_PUSH, OP_NONE };
    unsigned int n = i->reg & 7;

    switch ( op )
    {
    case OP_GROUP1:
        i->sub = (uint8_t)n;
        return OP_ALU;
    case OP_GROUP2:
        i->sub = (uint8_t)n;
        return OP_SHIFT;
    case OP_GROUP3:
        i->sub = n & 1; /* signed */
        return group3[n];
    case OP_GROUP4:
    case OP_GROUP5:
        return op == OP_GROUP5 ? group5[n] : n < 2 ? group5[n] : OP_NONE;
    case OP_GROUP8:
        i->sub = n & 3;
        return n >= 4 ? OP_BIT : OP_NONE;
    case OP_GROUP9:
        return n == 1 ? OP_CMPXCHG_PAIR : OP_NONE;
    case OP_GROUP11:
        return n == 0 ? OP_MOV : OP_NONE;
    default: /* OP_POP_ONLY */
        return n == 0 ? OP_POP : OP_NONE;
    }
}

static enum insn_op resolve_op(struct insn *i, enum insn_op op,
                               unsigned int opcode)
{
    switch ( op )
    {
    case OP_GROUP1 ... OP_POP_ONLY:
        return opcode == 0x82 && i->mode == 8 ? OP_NONE
                                              : resolve_group(i, op);
    case OP_ALU:
        i->sub = opcode >> 3 & 7;
        return op;
    case OP_BIT:
        i->sub = opcode >> 3 & 3;
        return op;
    case OP_SHIFT_DOUBLE:
        i->sub = opcode >> 3 & 1; /* to the right */
        return op;
    case OP_SET:
    case OP_CMOV:
        i->sub = opcode & 0xf;
        return op;
    case OP_MOVBE:
        return !i->rep ? op : i->rep == 0xf2 ? OP_CRC32 : OP_NONE;
    case OP_MOVSXD:
        return i->mode == 8 ? OP_MOVSX : OP_ARPL;
    case OP_MOVNTI:
        i->op_bytes = i->rex & 8 ? 8 : 4;
        return i->op66 || i->rep ? OP_NONE : OP_MOV;
    case OP_SCAN:
        return resolve_scan(i, opcode);
    case OP_VECTOR:
        return resolve_vector(i, opcode);
    case OP_0F01:
        return resolve_0f01(i);
    case OP_0FAE:
        return resolve_0fae(i);
    case OP_PUSH_SEG:
        return resolve_push_seg(i, opcode);
    case OP_LXS:
        return resolve_lxs(i, opcode);
    case OP_FROM_SEG:
    case OP_TO_SEG:
    case OP_SELECTOR:
        i->sub = i->reg & 7;
        return i->sub < EMUL_NR_SEGS && (op != OP_TO_SEG || i->sub != EMUL_CS)
                   ? op : OP_NONE;
    case OP_SIMPLE:
        return resolve_simple(i, opcode);
    default:
        return op;
    }
}

/* The size of the memory operand, where it is not the operands'. */
static uint8_t memory_bytes(const struct insn *i, unsigned int opcode,
                            bool byte)
{
    switch ( i->op )
    {
    case OP_VECTOR:
    case OP_MASKED:
        return i->bytes;
    case OP_MXCSR:
        return 4;
    case OP_CRC32:
        return opcode & 1 ? i->op_bytes : 1;
    case OP_CMPXCHG_PAIR:
        return i->rex & 8 ? 16 : 8;
    case OP_FROM_SEG ... OP_LSL:
    case OP_SMSW:
    case OP_LMSW:
    case OP_ARPL:
        return 2;
    case OP_FLUSH:
        return 1;
    case OP_INS:
    case OP_OUTS:
    case OP_IN:
    case OP_OUT:
        return byte ? 1 : (uint8_t)min((unsigned int)i->op_bytes, 4U);
    case OP_MOVZX:
    case OP_MOVSX:
        if ( opcode == 0x63 )
            return (uint8_t)min((unsigned int)i->op_bytes, 4U);
        return byte ? 1 : 2;
    default:
        return byte ? 1 : i->op_bytes;
    }
}

unsigned int insn_resolve(struct insn *i, const struct opcode *o,
                          unsigned int opcode)
{
    unsigned int flags = o->flags;

    i->op = i->vex && opcode != 0x1ae && opcode != 0x1f7
                ? resolve_vector(i, opcode) : resolve_op(i, o->op, opcode);
    if ( o->op == OP_GROUP3 && i->op == OP_TEST )
        flags |= flags & BYTE ? IMM8 : IMM;
    if ( opcode == 0xd0 || opcode == 0xd1 ) /* shifts by one */
    {
        i->has_imm = true;
        i->imm = 1;
    }
    if ( i->op == OP_PUSH || i->op == OP_CALL || i->op == OP_JMP )
        flags |= D64;
    if ( (flags & D64) && i->mode == 8 && i->op_bytes == 4 )
        i->op_bytes = 8;
    if ( i->op == OP_MASKED_BYTES && (i->memory || i->rep || i->vex_v ||
                                      (i->vex && !i->op66)) )
        i->op = OP_NONE;
    if ( (flags & NO64) && i->mode == 8 )
        i->op = OP_NONE;
    if ( flags & LOW_REG )
        i->reg = (uint8_t)((opcode & 7) | (i->rex & 1) << 3);
    if ( i->op == OP_VECTOR && (insn_rows[i->row].flags & (S_IMM | S_IS4)) )
        flags |= IMM8;
    i->to_reg = flags & TO_REG;
    i->bytes = memory_bytes(i, opcode, flags & BYTE);
    return flags;
}
