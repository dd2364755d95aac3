/* SPDX-License-Identifier: MIT */
/*
 * Where the IDT leads: 256 stubs of 16 bytes, each of which makes a frame as
 * struct trap_frame says; and the switch to another stack.
 */
/* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX push an error code. */
#define ERROR_CODES 0x60227d00

        .text
        .code64

        .balign 16
        .globl  trap_stubs
        .hidden trap_stubs
trap_stubs:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     vector > 31 || !((1 << (vector & 31)) & ERROR_CODES)
        pushq   $0
        .endif
        pushq   $vector
        jmp     trap_common
        .set    vector, vector + 1
        .endr

        .type   trap_common, @function
trap_common:
        cld
        push    %rdi
        push    %rsi
        push    %rdx
        push    %rcx
        push    %rax
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        /* 5 + 2 + 15 words from an aligned stack: aligned again. */
        mov     %rsp, %rdi
        call    trap_handle
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rax
        pop     %rcx
        pop     %rdx
        pop     %rsi
        pop     %rdi
        add     $16, %rsp
        iretq
        .size   trap_common, . - trap_common

        /* stack_call(top, fn): fn is the first on the stack below top. */
        .globl  stack_call
        .hidden stack_call
        .type   stack_call, @function
stack_call:
        mov     %rdi, %rsp
        xor     %ebp, %ebp
        push    %rbp
        push    %rbp
        call    *%rsi
        ud2
        .size   stack_call, . - stack_call

        .section .note.GNU-stack, "", @progbits
