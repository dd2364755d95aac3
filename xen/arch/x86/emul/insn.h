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

#include <emul/emulate.h>

#include <x86/defns.h>

enum insn_op {
    OP_NONE, /* not known */
    OP_ALU, OP_TEST, OP_NOT, OP_NEG, OP_INC, OP_DEC,
    OP_MOV, OP_MOVZX, OP_MOVSX, OP_XCHG, OP_XADD, OP_CMPXCHG, OP_BIT,
    OP_SHIFT, OP_SHIFT_DOUBLE, OP_SET, OP_CMOV, OP_MULTIPLY, OP_DIVIDE,
    OP_IMUL, OP_SCAN, OP_MOVBE, OP_CMPXCHG_PAIR, OP_VECTOR,
    OP_PUSH, OP_POP, OP_CALL, OP_JMP, OP_CALL_FAR, OP_JMP_FAR,
    OP_FAR_POINTER, OP_FROM_SEG, OP_TO_SEG, OP_SELECTOR, OP_LAR, OP_LSL,
    OP_TABLE, OP_SMSW, OP_BOUND, OP_ARPL, OP_FLUSH,
    OP_CRC32, OP_MXCSR, OP_MASKED,
    /* Their memory is implied: the stack, or a table by rbx. */
    OP_PUSH_REG, OP_POP_REG, OP_PUSH_IMM, OP_PUSH_SEG, OP_POP_SEG, OP_PUSHF,
    OP_POPF, OP_PUSHA, OP_POPA, OP_CALL_IMM, OP_RET, OP_ENTER, OP_LEAVE,
    OP_CALL_FAR_IMM, OP_RET_FAR, OP_IRET, OP_MASKED_BYTES, OP_XLAT,
    OP_MOVS, OP_CMPS, OP_STOS, OP_LODS, OP_SCAS, OP_INS, OP_OUTS,
    OP_IN, OP_OUT,
    OP_MOV_CR, OP_MOV_DR, OP_CLTS, OP_LMSW, /* for emul_control() only */
    /* These are only in tables. */
    OP_GROUP1, OP_GROUP2, OP_GROUP3, OP_GROUP4, OP_GROUP5, OP_GROUP8,
    OP_GROUP9, OP_GROUP11, OP_POP_ONLY,
    OP_MOVSXD, OP_MOVNTI, OP_0F01, OP_0FAE, OP_LXS,
    OP_SIMPLE, /* sub: enum emul_insn                                       */
};

/* In the order of their opcodes. */
enum alu_op { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR,
              ALU_CMP };
enum bit_op { BIT_TEST, BIT_SET, BIT_RESET, BIT_COMPLEMENT };
/* In the order of their ModRM; those to the right are odd. */
enum shift_op { SHIFT_ROL, SHIFT_ROR, SHIFT_RCL, SHIFT_RCR, SHIFT_SHL,
                SHIFT_SHR, SHIFT_SAL, SHIFT_SAR };
enum scan_op { SCAN_FORWARD, SCAN_REVERSE, SCAN_TRAILING, SCAN_LEADING,
               SCAN_ONES };

#define NO_REG 0xff

struct insn {
    enum insn_op op;
    uint8_t sub;      /* alu_op, bit_op, shift_op, scan_op, emul_insn;     */
                      /* a condition; signed; to the right; a              */
                      /* segment; ModRM's reg                              */
    uint8_t mode;     /* bytes of the code segment's default: 2, 4 or 8    */
    uint8_t op_bytes; /* operand size: 2, 4 or 8                           */
    uint8_t ad_bytes; /* address size: 2, 4 or 8                           */
    uint8_t bytes;    /* of the memory operand                             */
    uint8_t rep;      /* 0, 0xf2 or 0xf3                                   */
    uint8_t rex;      /* 0: none                                           */
    bool lock, op66;
    bool vex;         /* a VEX prefix; the rest of it:                     */
    uint8_t vex_w, vex_l, vex_v;
    uint16_t row;     /* OP_VECTOR: in insn_rows[]                         */
    bool has_modrm, has_imm;
    bool to_reg;      /* the register is the destination                   */
    bool memory;      /* ModRM, or moffs, names memory                     */
    uint8_t reg, rm;  /* of ModRM, with their REX bits                     */
    uint8_t seg;      /* of the memory operand, or of a string's source    */
    uint8_t base, index, scale; /* NO_REG: none                            */
    bool rip_relative;
    int64_t disp, imm;
    uint16_t imm2;    /* of ENTER and direct far calls */
    uint8_t len;
};

struct run {
    struct emul *e;
    struct emul_regs r;
    struct insn i;
    unsigned int step; /* next one of the log */
    bool jumped;       /* r.rip is where it goes on                        */
    bool changed;      /* segments, LDT, TR, GDT or IDT                    */
    bool shadow;       /* SS                                               */
    enum emul_result result;
};

/* ---- insn-decode.c ---- */

bool insn_decode(struct run *run) must_check;

/* ---- insn-alu.c: bytes is 1, 2, 4 or 8; of flags RFLAGS_ARITH changes ---- */

uint64_t insn_alu(enum alu_op op, uint64_t a, uint64_t b, unsigned int bytes,
                  uint64_t *flags);
/* These leave CF as it is. */
uint64_t insn_alu_inc(uint64_t a, unsigned int bytes, uint64_t *flags);
uint64_t insn_alu_dec(uint64_t a, unsigned int bytes, uint64_t *flags);
/* Bit `bit` of a goes into CF. */
uint64_t insn_alu_bit(enum bit_op op, uint64_t a, unsigned int bit,
                      uint64_t *flags);

/* PF, ZF and SF, which are the result's. */
uint64_t insn_result_flags(uint64_t result, unsigned int bytes);

/* ---- insn-shift.c ---- */

/* By as many bits as the processor makes of the count. */
uint64_t insn_shift(enum shift_op op, uint64_t a, uint64_t count,
                    unsigned int bytes, uint64_t *flags);
/* What leaves b enters a.  Not for 1 byte. */
uint64_t insn_shift_double(bool right, uint64_t a, uint64_t b, uint64_t count,
                           unsigned int bytes, uint64_t *flags);

/* ---- insn-bits.c ---- */

/* Number 0 to 15, as in opcodes. */
bool insn_condition(unsigned int condition, uint64_t flags);
/* False: there is no result, the register stays. */
bool insn_scan(enum scan_op op, uint64_t a, unsigned int bytes,
               uint64_t *result, uint64_t *flags);

/* CRC32: that of iSCSI, reflected. */
uint32_t insn_crc32(uint32_t crc, uint64_t v, unsigned int bytes);

/* ---- insn-muldiv.c: pairs are two registers of `bytes` each ---- */

struct pair {
    uint64_t low, high;
};

/* Only CF and OF change: whether high is more than the sign or zeroes. */
struct pair insn_multiply(bool is_signed, uint64_t a, uint64_t b,
                          unsigned int bytes, uint64_t *flags);
/* *p: the dividend becomes quotient (low) and remainder; false: #DE. */
bool insn_divide(bool is_signed, struct pair *p, uint64_t divisor,
                 unsigned int bytes) must_check;

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
                 STEP_BATCH, STEP_STUB };

/* Take the next step from the log; false: there is none that is this one. */
bool step_replay(struct run *run, enum step_kind kind, uint64_t addr,
                 unsigned int bytes, uint64_t *value) must_check;
bool step_record(struct run *run, enum step_kind kind, uint64_t addr,
                 unsigned int bytes, uint64_t value) must_check;
/* Is the next step of this kind; or is the log at its end? */
bool step_next_is(const struct run *run, enum step_kind kind);
bool step_may_be(const struct run *run, enum step_kind kind);
bool step_is_new(const struct run *run);
/*
 * One access, in the log with `kind`.  p->data becomes what it reads; for
 * STEP_BATCH whether it was done.
 */
bool insn_io(struct run *run, enum step_kind kind, ioreq_t *p) must_check;

/* ---- insn-access.c ---- */

#define MAX_OPERAND 32

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

/* In protected mode, and not in virtual-8086 mode. */
static inline bool insn_protected(const struct run *run)
{
    return (run->r.cr0 & CR0_PE) && !(run->r.rflags & RFLAGS_VM);
}

/* Do [offset, offset + bytes) lie in the segment? */
bool segment_allows(const struct run *run, unsigned int seg, uint64_t offset,
                    uint64_t bytes, bool write);
/* The address that the segment makes of it. */
uint64_t insn_linear(const struct run *run, unsigned int seg, uint64_t offset);
/* Segment, canonical and page checks; 1 <= bytes <= MAX_OPERAND. */
bool operand_map(struct run *run, unsigned int seg, uint64_t offset,
                 unsigned int bytes, bool write, struct operand *o) must_check;
/* What the processor reads for itself, whatever the privilege level is. */
bool operand_map_system(struct run *run, uint64_t va, unsigned int bytes,
                        struct operand *o) must_check;
/* All of it, in accesses of 8, 4, 2 and 1 bytes, the largest first. */
bool operand_get(struct run *run, const struct operand *o,
                 void *buf) must_check;
bool operand_put(struct run *run, const struct operand *o,
                 const void *buf) must_check;
/* The same for up to 8 bytes. */
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

/* ---- insn-memory.c: an instruction with a memory operand ---- */

uint64_t insn_address(const struct run *run);
bool insn_memory(struct run *run) must_check;

bool insn_map_memory(struct run *run, bool write,
                     struct operand *o) must_check;

/* ---- insn-stack.c: the stack is an operand ---- */

#define MAX_SLOTS 8 /* PUSHA */

/*
 * Map n slots that are pushed (popped), in that order, and move rsp; values go
 * there by operand_write() and operand_read().
 */
bool stack_push_slots(struct run *run, unsigned int n, unsigned int bytes,
                      struct operand slot[]) must_check;
bool stack_pop_slots(struct run *run, unsigned int n, unsigned int bytes,
                     struct operand slot[]) must_check;
void stack_move(struct run *run, int64_t by);
/* Go on there, if it lies in the code segment; #GP. */
bool insn_jump(struct run *run, uint64_t target) must_check;
bool insn_stack(struct run *run) must_check;

/* ---- insn-segment.c: selectors and descriptors ---- */

/* Load ES, SS, DS, FS or GS. */
bool segment_load(struct run *run, unsigned int seg, uint16_t sel) must_check;
/* What a far transfer to sel makes of CS, without loading it. */
bool segment_code(struct run *run, uint16_t sel, bool is_ret,
                  struct emul_seg *cs) must_check;
/* LAR, LSL, and the group of SLDT, STR, LLDT, LTR, VERR, VERW. */
bool insn_selector(struct run *run) must_check;

/* ---- insn-far.c: far calls, jumps, returns and pointers ---- */

bool insn_far(struct run *run) must_check;

/* ---- insn-system.c: SGDT to LIDT, SMSW, LMSW, segment registers, others ---- */

bool insn_system(struct run *run) must_check;

/* ---- insn-vector.c ---- */

bool insn_vector(struct run *run) must_check;
bool insn_mxcsr(struct run *run) must_check;
bool insn_masked_elements(struct run *run) must_check;
bool insn_masked_bytes(struct run *run) must_check;
bool insn_cmpxchg16(struct run *run) must_check;

/* ---- insn-string.c ---- */

bool insn_string(struct run *run) must_check;

#endif
