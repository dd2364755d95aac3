/* SPDX-License-Identifier: MIT */
/*
 * Inside the emulator: a decoded instruction, and a run of it.
 *
 * A run works on a copy of the registers, which replaces the guest's when the
 * instruction, or an element of a string, is complete.  Functions that can
 * stop a run return false, with the reason in run.result.
 */
#ifndef EMUL_INSN_H
#define EMUL_INSN_H

#include <hv/emulate.h>

#define X86_CF 0x1UL
#define X86_PF 0x4UL
#define X86_AF 0x10UL
#define X86_ZF 0x40UL
#define X86_SF 0x80UL
#define X86_DF 0x400UL
#define X86_OF 0x800UL
#define X86_RF 0x10000UL
#define X86_VM 0x20000UL
#define X86_ARITH (X86_CF | X86_PF | X86_AF | X86_ZF | X86_SF | X86_OF)

#define X86_CR0_PE 0x1UL
#define X86_EFER_LMA 0x400UL

#define VECTOR_UD 6
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_PF 14

enum insn_op {
    OP_NONE, /* not known */
    OP_ALU, OP_TEST, OP_NOT, OP_NEG, OP_INC, OP_DEC,
    OP_MOV, OP_MOVZX, OP_MOVSX, OP_XCHG, OP_XADD, OP_CMPXCHG, OP_BIT,
    OP_PUSH, OP_POP,
    OP_MOVS, OP_CMPS, OP_STOS, OP_LODS, OP_SCAS, OP_INS, OP_OUTS,
    OP_IN, OP_OUT,
    OP_ESCAPE,                              /* two bytes; only in tables    */
    OP_GROUP1, OP_GROUP3, OP_GROUP4, OP_GROUP5, OP_GROUP8, OP_GROUP11,
    OP_POP_ONLY, OP_MOVSXD, OP_MOVNTI, OP_0F01,   /* so are these            */
    OP_SIMPLE, /* sub: enum emul_insn                                       */
};

/* In the order of their opcodes. */
enum alu_op { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR,
              ALU_CMP };
enum bit_op { BIT_TEST, BIT_SET, BIT_RESET, BIT_COMPLEMENT };

#define NO_REG 0xff

struct insn {
    enum insn_op op;
    uint8_t sub;      /* alu_op, bit_op or emul_insn                       */
    uint8_t mode;     /* bytes of the code segment's default: 2, 4 or 8    */
    uint8_t op_bytes; /* operand size: 2, 4 or 8                           */
    uint8_t ad_bytes; /* address size: 2, 4 or 8                           */
    uint8_t bytes;    /* of the memory operand                             */
    uint8_t rep;      /* 0, 0xf2 or 0xf3                                   */
    uint8_t rex;      /* 0: none                                           */
    bool lock, op66;
    bool has_modrm, has_imm;
    bool to_reg;      /* the register is the destination                   */
    bool memory;      /* ModRM, or moffs, names memory                     */
    uint8_t reg, rm;  /* of ModRM, with their REX bits                     */
    uint8_t seg;      /* of the memory operand, or of a string's source    */
    uint8_t base, index, scale; /* NO_REG: none                            */
    bool rip_relative;
    int64_t disp, imm;
    uint8_t len;
};

struct run {
    struct emul *e;
    struct emul_regs r;
    struct insn i;
    unsigned int step; /* next one of the log */
    enum emul_result result;
};

/* ---- insn-decode.c ---- */

bool insn_decode(struct run *run) must_check;

/* ---- insn-alu.c: bytes is 1, 2, 4 or 8; of flags X86_ARITH changes ---- */

uint64_t insn_alu(enum alu_op op, uint64_t a, uint64_t b, unsigned int bytes,
                  uint64_t *flags);
/* These leave CF as it is. */
uint64_t insn_alu_inc(uint64_t a, unsigned int bytes, uint64_t *flags);
uint64_t insn_alu_dec(uint64_t a, unsigned int bytes, uint64_t *flags);
/* Bit `bit` of a goes into CF. */
uint64_t insn_alu_bit(enum bit_op op, uint64_t a, unsigned int bit,
                      uint64_t *flags);

static inline uint64_t mask_of(unsigned int bytes)
{
    return bytes >= 8 ? ~0UL : (1UL << bytes * 8) - 1;
}

static inline int64_t sign_extend(uint64_t v, unsigned int bytes)
{
    unsigned int unused = 64 - bytes * 8;

    return (int64_t)(v << unused) >> unused;
}

/* ---- insn-log.c ---- */

enum step_kind { STEP_WALK, STEP_RAM_READ, STEP_RAM_WRITE, STEP_IO,
                 STEP_BATCH };

/* Take the next step from the log; false: there is none that is this one. */
bool step_replay(struct run *run, enum step_kind kind, uint64_t addr,
                 unsigned int bytes, uint64_t *value) must_check;
bool step_record(struct run *run, enum step_kind kind, uint64_t addr,
                 unsigned int bytes, uint64_t value) must_check;
/* Is the next step of this kind; or is the log at its end? */
bool step_next_is(const struct run *run, enum step_kind kind);
bool step_may_be(const struct run *run, enum step_kind kind);
/*
 * One access, in the log with `kind`.  p->data becomes what it reads; for
 * STEP_BATCH whether it was done.
 */
bool insn_io(struct run *run, enum step_kind kind, ioreq_t *p) must_check;

/* ---- insn-access.c ---- */

/* A memory operand, translated: it lies in one page or in two. */
struct operand {
    uint64_t gpa[2];
    uint8_t bytes[2]; /* [1] is 0 when it lies in one page */
};

/* Stop with a fault; false. */
bool insn_raise(struct run *run, unsigned int vector, uint32_t error);
/* Stop with this result; false. */
bool insn_stop(struct run *run, enum emul_result result);

/* At least one more byte in e->code. */
bool insn_fetch_more(struct run *run) must_check;

/* Do [offset, offset + bytes) lie in the segment? */
bool segment_allows(const struct run *run, unsigned int seg, uint64_t offset,
                    uint64_t bytes, bool write);
/* Segment, canonical and page checks; 1 <= bytes <= 8. */
bool operand_map(struct run *run, unsigned int seg, uint64_t offset,
                 unsigned int bytes, bool write, struct operand *o) must_check;
bool operand_read(struct run *run, const struct operand *o,
                  uint64_t *value) must_check;
bool operand_write(struct run *run, const struct operand *o,
                   uint64_t value) must_check;
/* Write what was computed from `old`: atomic where it is RAM. */
bool operand_update(struct run *run, const struct operand *o, uint64_t old,
                    uint64_t value) must_check;

/* ---- emulate.c ---- */

uint64_t reg_read(const struct run *run, unsigned int reg, unsigned int bytes);
/* As instructions do: 4 bytes clear the upper half, 1 and 2 keep the rest. */
void reg_write(struct run *run, unsigned int reg, unsigned int bytes,
               uint64_t value);
bool port_allowed(struct run *run, uint16_t port, unsigned int bytes,
                  bool in) must_check;
/* The work registers become the guest's and the log starts anew. */
void insn_commit(struct run *run);

/* ---- insn-string.c ---- */

bool insn_string(struct run *run) must_check;

#endif
