/* SPDX-License-Identifier: MIT */
/*
 * The guest "pv-contract": what a PV guest is answered, line by line.
 *
 * No line has a frame number, an address of the hypervisor's or a time, so the
 * lines are the same on each run.
 */
#ifndef TESTS_GUEST_PV_CONTRACT_H
#define TESTS_GUEST_PV_CONTRACT_H

#include "pv.h"

/* "what: result", of a hypercall. */
void line(const char *what, long rc);

/* The first trap since the last attempt: vector is NO_TRAP if none came. */
#define NO_TRAP 0xffffU
struct seen
{
    uint64_t vector, error, rip, cs, rflags, rsp, ss, rcx, r11, rax, cr2;
    unsigned int nr;     /* traps */
    bool masked;         /* events, in the handler */
    uint32_t own_ss;     /* of the handler         */
};
extern struct seen seen;

/* attempt() with traps looked at; what the code returned is in seen.rax. */
void try(code_t code, uint64_t a, uint64_t b);
/* "what: fine" or "what: #GP error 0 at +2 cr2 0". */
void told(const char *what, const void *code);
/* "..., cs e030 rflags 200 ss e02b mask 1": of the frame. */
void told_frame(const char *what, const void *code);
/* code as a program: it ends by RET, SYSCALL or a trap. */
void try_user(const void *code);
extern uint16_t kernel_ss; /* of stack_switch, before a program */

/* Instructions by name: insns.S. */
struct insn
{
    const char *name;
    code_t code;
};
extern const struct insn insns[], insns_end[];
extern char insn_rdmsr[], insn_wrmsr[], insn_load[], insn_store[], insn_jump[];
extern char insn_fnop[], insn_gs_base[], insn_load_ds[], insn_load_gs[];
extern char insn_syscall[], insn_sysenter[], insn_tf[], insn_xchg[];
extern char insn_and_locked[], insn_store8[], insn_store32[], insn_add[];

void contract_calls(void);
void contract_traps(void);
void contract_iret(void);
void contract_insns(void);
void contract_descriptors(void);
void contract_tables(void);
void contract_mmu(void);
void contract_registers(void);
void contract_user(void);
void contract_vcpus(void);
/* A trap of the second vcpu; false: it is another's. */
bool contract_second(const struct frame *f);

#endif
