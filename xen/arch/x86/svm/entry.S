/* SPDX-License-Identifier: MIT */
/*
 * bool svm_enter(uint64_t vmcb_pa, uint64_t *gpr, uint64_t host_pa,
 *                const bool *softirq_pending)
 *
 * With the global interrupt flag clear nothing arrives, neither interrupts nor
 * NMIs, until VMRUN sets it for the guest or STGI for us.  So one look at
 * softirq_pending is enough: a reschedule IPI that comes later is pending when
 * guest code begins, and ends guest mode.
 *
 * RFLAGS.IF at VMRUN decides whether physical interrupts end guest mode: it
 * is set for that, while they cannot be taken here.
 *
 * VMRUN keeps rax and rsp of both sides.  What VMLOAD and VMSAVE move (FS, GS,
 * TR, LDTR, the system call MSRs) is the guest's in between and ours outside:
 * GS is how a CPU finds itself, TR where an NMI finds its stack.
 */
    .text
    .globl svm_enter
    .hidden svm_enter
    .type svm_enter, @function
    .balign 16
svm_enter:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdx
    push %rsi
    mov %rdi, %rax

    clgi
    cmpb $0, (%rcx)
    jne 1f
    sti
    vmload %rax

    mov 0x08(%rsi), %rcx
    mov 0x10(%rsi), %rdx
    mov 0x18(%rsi), %rbx
    mov 0x28(%rsi), %rbp
    mov 0x38(%rsi), %rdi
    mov 0x40(%rsi), %r8
    mov 0x48(%rsi), %r9
    mov 0x50(%rsi), %r10
    mov 0x58(%rsi), %r11
    mov 0x60(%rsi), %r12
    mov 0x68(%rsi), %r13
    mov 0x70(%rsi), %r14
    mov 0x78(%rsi), %r15
    mov 0x30(%rsi), %rsi

    vmrun %rax

    vmsave %rax
    mov %rsi, %rax
    mov (%rsp), %rsi
    mov %rax, 0x30(%rsi)
    mov 8(%rsp), %rax
    mov %rcx, 0x08(%rsi)
    mov %rdx, 0x10(%rsi)
    mov %rbx, 0x18(%rsi)
    mov %rbp, 0x28(%rsi)
    mov %rdi, 0x38(%rsi)
    mov %r8, 0x40(%rsi)
    mov %r9, 0x48(%rsi)
    mov %r10, 0x50(%rsi)
    mov %r11, 0x58(%rsi)
    mov %r12, 0x60(%rsi)
    mov %r13, 0x68(%rsi)
    mov %r14, 0x70(%rsi)
    mov %r15, 0x78(%rsi)
    vmload %rax

    cli
    stgi
    mov $1, %eax
2:
    add $16, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
1:
    stgi
    xor %eax, %eax
    jmp 2b
    .size svm_enter, . - svm_enter

    .section .note.GNU-stack, "", @progbits
