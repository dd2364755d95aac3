/* SPDX-License-Identifier: MIT */
/*
 * enum ring3_exit ring3_enter(struct trap_frame *frame,
 *                             const bool *softirq_pending)
 *
 * Interrupts are off from the look at softirq_pending until IRET: a reschedule
 * IPI that comes later is pending when ring 3 begins, and ends it.
 *
 * IRET faults in ring 0 when ring 3's selectors or addresses are not legal.  The
 * fault's frame goes to this function's stack, below the words for IRET, so the
 * registers in *frame stay what they were; only vector and error code are copied.
 *
 * SYSCALL changes neither stack nor GS.  Both are exchanged at once; exceptions
 * that may come before that have stacks of their own (entry.S).
 */
#include <x86/defns.h>
#include <x86/frame.h>
#include <x86/selectors.h>

        .text
        .code64

        .balign 16
        .globl  ring3_enter
        .hidden ring3_enter
        .type   ring3_enter, @function
ring3_enter:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rsp, %gs:CPU_RUN_RSP
        xor     %eax, %eax              /* RING3_NOT_ENTERED */
        cmpb    $0, (%rsi)
        jne     1f

        pushq   FRAME_SS(%rdi)
        pushq   FRAME_RSP(%rdi)
        pushq   FRAME_RFLAGS(%rdi)
        pushq   FRAME_CS(%rdi)
        pushq   FRAME_RIP(%rdi)
        mov     FRAME_R15(%rdi), %r15
        mov     FRAME_R14(%rdi), %r14
        mov     FRAME_R13(%rdi), %r13
        mov     FRAME_R12(%rdi), %r12
        mov     FRAME_RBP(%rdi), %rbp
        mov     FRAME_RBX(%rdi), %rbx
        mov     FRAME_R11(%rdi), %r11
        mov     FRAME_R10(%rdi), %r10
        mov     FRAME_R9(%rdi), %r9
        mov     FRAME_R8(%rdi), %r8
        mov     FRAME_RAX(%rdi), %rax
        mov     FRAME_RCX(%rdi), %rcx
        mov     FRAME_RDX(%rdi), %rdx
        mov     FRAME_RSI(%rdi), %rsi
        mov     FRAME_RDI(%rdi), %rdi
        swapgs
        .globl  ring3_iret
        .hidden ring3_iret
ring3_iret:
        iretq

        /* From trap_common: all registers are in the frame at rsp. */
        .globl  ring3_trapped
        .hidden ring3_trapped
ring3_trapped:
        swapgs
        .globl  ring3_left
        .hidden ring3_left
ring3_left:
        mov     $1, %eax                /* RING3_LEFT */
        jmp     1f
        .globl  ring3_iret_faulted
        .hidden ring3_iret_faulted
ring3_iret_faulted:
        swapgs
        mov     FRAME_VECTOR(%rsp), %rax
        mov     FRAME_ERROR(%rsp), %rdx
        mov     %gs:CPU_TRAP_RSP, %rcx
        mov     %rax, FRAME_VECTOR - FRAME_BYTES(%rcx)
        mov     %rdx, FRAME_ERROR - FRAME_BYTES(%rcx)
        mov     $2, %eax                /* RING3_FAULTED */
1:      mov     %gs:CPU_RUN_RSP, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret
        .size   ring3_enter, . - ring3_enter

        .macro  SYSCALL_FROM cs, vector
        swapgs
        mov     %rsp, %gs:CPU_GUEST_RSP
        mov     %gs:CPU_TRAP_RSP, %rsp
        pushq   $RING3_DS
        pushq   %gs:CPU_GUEST_RSP
        push    %r11
        pushq   $\cs
        push    %rcx
        pushq   $0
        pushq   $\vector
        PUSH_REGISTERS
        jmp     ring3_left
        .endm

        .balign 16
        .globl  ring3_syscall
        .hidden ring3_syscall
        .type   ring3_syscall, @function
ring3_syscall:
        SYSCALL_FROM RING3_CS64, VECTOR_SYSCALL
        .size   ring3_syscall, . - ring3_syscall

        .balign 16
        .globl  ring3_syscall32
        .hidden ring3_syscall32
        .type   ring3_syscall32, @function
ring3_syscall32:
        SYSCALL_FROM RING3_CS32, VECTOR_SYSCALL32
        .size   ring3_syscall32, . - ring3_syscall32

        .section .note.GNU-stack, "", @progbits
