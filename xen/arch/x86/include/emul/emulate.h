/* SPDX-License-Identifier: MIT */
/*
 * Instructions whose memory operand or port belongs to a device: executed for
 * the guest, one at a time, with the guest's registers in memory.
 *
 * Everything an instruction gets from outside (its own bytes, translations,
 * data, answers) goes into a log.  When an access has to wait for a device
 * model, emulate() returns; with the answer in the log it runs again from the
 * beginning and takes from there what it had, so that no access happens twice
 * and nothing that the guest changes meanwhile can make the runs differ.
 *
 *   emulate() -> EMUL_PENDING -> emul_answer() -> emulate() -> ... -> EMUL_DONE
 *
 * All zero but for ops and arg is a good struct emul.  It belongs to one vcpu;
 * no locks.
 */
#ifndef EMUL_EMULATE_H
#define EMUL_EMULATE_H

#include <hv/cpu-policy.h>
#include <hv/ioreq.h>
#include <hv/types.h>

/* ---- registers ---- */

/* The order of general registers in instructions. */
enum emul_gpr {
    EMUL_RAX, EMUL_RCX, EMUL_RDX, EMUL_RBX, EMUL_RSP, EMUL_RBP, EMUL_RSI,
    EMUL_RDI, EMUL_R8, EMUL_R9, EMUL_R10, EMUL_R11, EMUL_R12, EMUL_R13,
    EMUL_R14, EMUL_R15, EMUL_NR_GPRS
};

/* The order of segment registers in instructions. */
enum emul_segment {
    EMUL_ES, EMUL_CS, EMUL_SS, EMUL_DS, EMUL_FS, EMUL_GS, EMUL_NR_SEGS
};

/* attr: as in a VMCB. */
#define EMUL_SEG_TYPE 0x00f
#define EMUL_SEG_S 0x010
#define EMUL_SEG_DPL 0x060
#define EMUL_SEG_P 0x080
#define EMUL_SEG_AVL 0x100
#define EMUL_SEG_L 0x200
#define EMUL_SEG_DB 0x400
#define EMUL_SEG_G 0x800

struct emul_seg {
    uint16_t sel, attr;
    uint32_t limit; /* in bytes, whatever G says */
    uint64_t base;
};

struct emul_table {
    uint64_t base;
    uint16_t limit;
};

struct emul_regs {
    uint64_t gpr[EMUL_NR_GPRS];
    uint64_t rip, rflags;
    struct emul_seg seg[EMUL_NR_SEGS], ldt, tr;
    struct emul_table gdt, idt;
    uint64_t cr0, cr3, cr4, efer;
    uint8_t cpl;
};

/* ---- the outside ---- */

/*
 * All get `arg`.  RAM accesses stay in one page; false: it is no RAM, nothing
 * happened.  All are needed but those of XMM registers.
 */
struct emul_stub;

struct emul_ops {
    /*
     * One access to a port (IOREQ_TYPE_PIO) or to memory that is no RAM
     * (IOREQ_TYPE_COPY), as for ioreq_send().  Some have count > 1: with
     * data_is_ptr `data` is the guest-physical address of RAM in one page;
     * without it (a write) all elements get the same value.  IO_UNHANDLED for
     * one of those makes the emulator come again, element by element.
     */
    enum io_result (*io)(void *arg, ioreq_t *p);
    bool (*read_phys)(void *arg, uint64_t gpa, void *buf, unsigned int bytes);
    bool (*write_phys)(void *arg, uint64_t gpa, const void *buf,
                       unsigned int bytes);
    /*
     * Atomic: when the 1, 2, 4 or 8 bytes at gpa are *old they become `new`;
     * else *old becomes what they are.  Also used for the accessed and dirty
     * bits of page tables.
     */
    bool (*cmpxchg_phys)(void *arg, uint64_t gpa, uint64_t *old, uint64_t new,
                         unsigned int bytes);
    /* May a device model read (write) the page itself, as RAM? */
    bool (*is_ram)(void *arg, uint64_t gpa, bool write);
    /*
     * Segments, LDT, TR, GDT or IDT in e->regs are new: take them over.
     * No function: instructions that load them are EMUL_UNHANDLEABLE.
     */
    void (*put_regs)(void *arg);
    /* LMSW: CR0 is to be this; false: #GP.  No function: as above. */
    bool (*write_cr0)(void *arg, uint64_t value);
    /* The guest's CPUID, which says what instructions there are. */
    void (*cpuid)(void *arg, uint32_t leaf, uint32_t subleaf,
                  struct cpuid_regs *out);
    uint64_t (*xcr0)(void *arg);
    /*
     * XMM register 0 to 15, or, wide, YMM register with its 32 bytes; MXCSR.
     * They are the same in all runs of an instruction.
     */
    void (*read_vector)(void *arg, unsigned int reg, void *v, bool wide);
    void (*write_vector)(void *arg, unsigned int reg, const void *v,
                         bool wide);
    void (*mxcsr)(void *arg, uint32_t *v, bool write);
    /*
     * emul_stub_run(), with the guest's x87 and MMX registers in the processor.
     * No function: nothing of x87, MMX, SSE and AVX can be executed.
     */
    void (*run_stub)(void *arg, struct emul_stub *s);
};

enum emul_stub_kind {
    STUB_PLAIN, /* general registers and MMX                               */
    STUB_SSE,   /* vector[] and mxcsr, too                                 */
    STUB_AVX,
    STUB_X87,   /* x87's pointers become `pointers`                        */
};

/* One instruction that the processor executes on `memory`. */
struct emul_stub {
    uint8_t vector[4][32]; /* registers 0 to 3; 0 and 1 come back          */
    uint8_t saved[4][32];
    uint8_t memory[32];
    uint64_t rax, rcx, rdx, rflags;
    const void *code;
    uint32_t kind;
    uint32_t mxcsr, saved_mxcsr;
    uint32_t env[7];
    uint32_t pointers[4];
} __attribute__((aligned(32)));

void emul_stub_run(struct emul_stub *s);

/* ---- state ---- */

#define EMUL_MAX_INSN 15
#define EMUL_MAX_STEPS 48

/* Something that came from outside, or went there. */
struct emul_step {
    uint8_t kind, bytes;
    uint64_t addr, value;
};

struct emul {
    struct emul_regs regs; /* changed by complete instructions or elements  */
    const struct emul_ops *ops;
    void *arg;

    /* EMUL_EXCEPTION: what to inject; cr2 only for vector 14. */
    uint8_t vector;
    bool has_error;
    uint32_t error;
    uint64_t cr2;

    /* The emulator's own; the code stays for those who want to show it. */
    bool stepped;               /* an element of a string is over, TF was   */
                                /* set: a trap is due; the caller clears it */
    bool shadow;                /* SS was loaded: interrupts and debug traps  */
                                /* wait for the next one; the caller clears */
    bool started;               /* and not over: code and steps count       */
    bool waiting;               /* the step at [nr_steps] has no answer     */
    bool port_known, port_in;   /* a port exit: only this access is allowed */
    uint8_t port_size;
    uint16_t port;
    uint8_t nr_code;            /* bytes in code                            */
    uint8_t nr_steps;
    uint16_t elements;          /* of a string since the guest was left     */
    uint8_t code[EMUL_MAX_INSN];
    struct emul_step step[EMUL_MAX_STEPS];
};

/* ---- execution ---- */

enum emul_result {
    EMUL_DONE,      /* over: registers, rip and flags are those after it.    */
                    /* RF is clear; a trap by TF and the end of an interrupt */
                    /* shadow are the caller's.                              */
    EMUL_PENDING,   /* ops->io() said IO_PENDING: wait, emul_answer(), again */
    EMUL_EXCEPTION, /* it faults: inject what e->vector ... e->cr2 say       */
    EMUL_RETRY,     /* enter the guest: it is to execute the instruction     */
                    /* itself (memory or code changed), or the string has    */
                    /* made progress and interrupts get their chance         */
    EMUL_UNHANDLEABLE, /* not an instruction for devices, or not in RAM      */
};

/*
 * Execute the instruction at rip, which made an access to memory that is no
 * RAM.  No privilege check is missing for memory; port instructions are only
 * executed through emul_port_string().
 */
enum emul_result emulate(struct emul *e);

/*
 * The same for an instruction that was intercepted when it accessed `port`
 * with `size` bytes: the processor has checked that it may.  One that turns
 * out to do anything else is EMUL_RETRY.  After EMUL_PENDING and
 * emul_answer() call emulate().
 */
enum emul_result emul_port_string(struct emul *e, uint16_t port,
                                  unsigned int size, bool in);

/*
 * The access that was pending is over; data: what it read, if it did.
 * Then call emulate().
 */
void emul_answer(struct emul *e, uint64_t data);

/* Forget an instruction that waits: its access counts, its result does not. */
void emul_reset(struct emul *e);

/* ---- lengths ---- */

/* Instructions without memory operand that processors intercept. */
enum emul_insn {
    EMUL_INSN_CPUID, EMUL_INSN_RDMSR, EMUL_INSN_WRMSR, EMUL_INSN_HLT,
    EMUL_INSN_VMMCALL, /* or VMCALL */
    EMUL_INSN_RDTSC, EMUL_INSN_RDTSCP, EMUL_INSN_RDPMC, EMUL_INSN_XSETBV,
    EMUL_INSN_INVD, EMUL_INSN_WBINVD, EMUL_INSN_PAUSE, EMUL_INSN_MONITOR,
    EMUL_INSN_MWAIT, EMUL_NR_INSNS
};

/*
 * How long the instruction at rip is, with its prefixes, if it is this one; 0
 * when it is not or cannot be read: the guest is to execute it again.
 * Nothing of it is in flight; registers stay as they are.
 */
unsigned int emul_insn_length(struct emul *e, enum emul_insn insn);

/* ---- writes of control and debug registers that processors intercept ---- */

enum emul_control_op { EMUL_MOV_CR, EMUL_MOV_DR, EMUL_CLTS, EMUL_LMSW };

struct emul_control {
    enum emul_control_op op;
    uint8_t reg;    /* CR or DR number; with LOCK, MOV to CR0 is to CR8 */
    uint8_t len;
    uint64_t value; /* of 4 or 8 bytes, for LMSW of 2                   */
};

/*
 * What the instruction at rip would write; nothing is changed but *c.
 * EMUL_DONE; EMUL_RETRY: it is no such instruction; EMUL_EXCEPTION: reading
 * it, or its operand, faults; EMUL_UNHANDLEABLE: its operand is in no RAM.
 */
enum emul_result emul_control(struct emul *e, struct emul_control *c);

#endif
