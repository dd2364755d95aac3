/* SPDX-License-Identifier: MIT */
/*
 * Where the IDT leads: 256 stubs of 16 bytes, each of which makes a frame as
 * struct trap_frame says; and the switch to another stack.
 *
 * What interrupts ring 3 has the frame below the CPU's trap_rsp and ends
 * ring3_enter() (ring3.S).  Four exceptions have stacks of their own (IST), since
 * they may come when neither the stack nor GS is the hypervisor's: trap_ist.
 */
#include <x86/defns.h>
#include <x86/frame.h>
#include <x86/selectors.h>

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
        .if     vector == VECTOR_DB || vector == VECTOR_NMI || \
                vector == VECTOR_DF || vector == VECTOR_MC
        jmp     trap_ist
        .else
        jmp     trap_common
        .endif
        .set    vector, vector + 1
        .endr

        .type   trap_common, @function
trap_common:
        cld
        PUSH_REGISTERS
        testb   $3, FRAME_CS(%rsp)
        jnz     ring3_trapped
        lea     ring3_iret(%rip), %rax
        cmp     %rax, FRAME_RIP(%rsp)
        je      ring3_iret_faulted
        /* 5 + 2 + 15 words from an aligned stack: aligned again. */
        mov     %rsp, %rdi
        call    trap_handle
        POP_REGISTERS
        add     $16, %rsp
        iretq
        .size   trap_common, . - trap_common

        /*
         * On a stack of its own, which begins with the CPU's address.  From
         * ring 0 GS may be either one: between SYSCALL and SWAPGS, or between
         * SWAPGS and IRET, GS is ring 3's.
         */
        .type   trap_ist, @function
trap_ist:
        cld
        PUSH_REGISTERS
        testb   $3, FRAME_CS(%rsp)
        jnz     1f
        mov     $MSR_GS_BASE, %ecx
        rdmsr
        mov     %eax, %ebx
        mov     %edx, %ebp              /* kept: GS base as it was */
        mov     FRAME_BYTES(%rsp), %eax
        mov     FRAME_BYTES + 4(%rsp), %edx
        wrmsr
        mov     %rsp, %rdi
        call    trap_handle
        mov     $MSR_GS_BASE, %ecx
        mov     %ebx, %eax
        mov     %ebp, %edx
        wrmsr
        jmp     2f
1:      swapgs
        cmpq    $VECTOR_DB, FRAME_VECTOR(%rsp)
        je      3f
        mov     %rsp, %rdi
        call    trap_handle
        swapgs
2:      POP_REGISTERS
        add     $16, %rsp
        iretq
        /* A debug exception of ring 3 is as any other one. */
3:      mov     %rsp, %rsi
        mov     %gs:CPU_TRAP_RSP, %rdi
        sub     $FRAME_BYTES, %rdi
        mov     $FRAME_BYTES / 8, %ecx
        rep movsq
        jmp     ring3_left
        .size   trap_ist, . - trap_ist

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
