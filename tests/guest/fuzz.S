/* SPDX-License-Identifier: MIT */
/*
 * Every vector comes to one place, on a stack of the vCPU's own (IST), whose
 * 16 KiB block begins with struct fuzz_cpu: there the way back is kept.
 */
#define BLOCK 16384

/* Offsets in struct fuzz_cpu. */
#define RSP 0
#define RIP 8
#define RBX 16
#define RBP 24
#define R12 32
#define R13 40
#define R14 48
#define R15 56

    .text
/* unsigned int fuzz_mark(struct fuzz_cpu *): 0, then the vector + 1 */
    .globl fuzz_mark
fuzz_mark:
    pop %rdx
    mov %rsp, RSP(%rdi)
    mov %rdx, RIP(%rdi)
    mov %rbx, RBX(%rdi)
    mov %rbp, RBP(%rdi)
    mov %r12, R12(%rdi)
    mov %r13, R13(%rdi)
    mov %r14, R14(%rdi)
    mov %r15, R15(%rdi)
    xor %eax, %eax
    jmp *%rdx

/* Each 16 bytes: some find an error code before the vector. */
    .globl fuzz_vectors
    .balign 16
fuzz_vectors:
    .set vector, 0
    .rept 256
    .balign 16
    pushq $vector
    jmp fuzz_trap
    .set vector, vector + 1
    .endr

/* By IRET, since NMIs wait for one. */
fuzz_trap:
    cld
    mov (%rsp), %eax
    inc %eax
    mov %rsp, %rdi
    and $-BLOCK, %rdi
    mov $16, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov RBX(%rdi), %rbx
    mov RBP(%rdi), %rbp
    mov R12(%rdi), %r12
    mov R13(%rdi), %r13
    mov R14(%rdi), %r14
    mov R15(%rdi), %r15
    pushq $16
    pushq RSP(%rdi)
    pushq $2
    pushq $8
    pushq RIP(%rdi)
    iretq

/* void fuzz_execute(const uint64_t regs[16], const uint64_t iret[5]) */
    .globl fuzz_execute
fuzz_execute:
    pushq 32(%rsi)
    pushq 24(%rsi)
    pushq 16(%rsi)
    pushq 8(%rsi)
    pushq 0(%rsi)
    mov 0(%rdi), %rax
    mov 8(%rdi), %rcx
    mov 16(%rdi), %rdx
    mov 24(%rdi), %rbx
    mov 40(%rdi), %rbp
    mov 48(%rdi), %rsi
    mov 64(%rdi), %r8
    mov 72(%rdi), %r9
    mov 80(%rdi), %r10
    mov 88(%rdi), %r11
    mov 96(%rdi), %r12
    mov 104(%rdi), %r13
    mov 112(%rdi), %r14
    mov 120(%rdi), %r15
    mov 56(%rdi), %rdi
    iretq
