/* SPDX-License-Identifier: MIT */
/*
 * A 64-bit PV kernel: its notes, the way to guest_main(), and where the
 * hypervisor enters it.
 *
 * Virtual addresses are pseudo-physical ones: pfn n is at n * 4096.
 */
#define __ASSEMBLY__
#include <xen/elfnote.h>
#include <xen/xen.h>

    .section .note.Xen, "a", @note
.macro note type, value:vararg
    .balign 4
    .long 2f - 1f, 4f - 3f, \type
1:  .asciz "Xen"
2:  .balign 4
3:  \value
4:  .balign 4
.endm
    note XEN_ELFNOTE_GUEST_OS, .asciz "Oriel's tests"
    note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    note XEN_ELFNOTE_LOADER, .asciz "generic"
    note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
    note XEN_ELFNOTE_VIRT_BASE, .quad 0
    note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
    note XEN_ELFNOTE_ENTRY, .quad start

    .text
    .globl start
start:
    cld
    mov %rsi, start_info
    mov %rsp, start_rsp
    mov $stack_end, %rsp
    pushfq
    pop start_rflags
    xor %ebp, %ebp
    call guest_main
    ud2

/* A further vcpu: rsp is its stack, rdi what it is to call. */
    .globl start_vcpu
start_vcpu:
    call *%rdi
    ud2

/* long hypercall5(nr, a1, a2, a3, a4, a5): nr in rdi, a5 in r9 */
    .globl hypercall5
hypercall5:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    syscall
    ret

/*
 * uint64_t attempt(code, a, b): what code(a, b) returns; after a trap with
 * `attempting` set its handler goes to attempt_out.
 */
    .globl attempt
attempt:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, attempt_sp
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    call *%rax
    .globl attempt_out
attempt_out:
    cld
    mov attempt_sp, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* raw_iret(frame of struct iret_context): the hypercall, and no return. */
    .globl raw_iret
raw_iret:
    mov %rdi, %rsp
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2

/* Where such a frame may lead to, in code of 64 and of 32 bits. */
    .globl landed
landed:
    int3
    ud2

/* A program's code returns here. */
    .globl user_done
user_done:
    syscall
    ud2

/* ---- entries ----
 *
 * Pushed: rcx, r11, [ds, es, fs, gs], [error code], rip, cs, rflags, rsp, ss
 */
.macro no_error vector
    mov (%rsp), %rcx
    mov 8(%rsp), %r11
    add $8, %rsp
    movq $0, (%rsp)
    pushq $\vector
    jmp common
.endm
.macro with_error vector
    mov (%rsp), %rcx
    mov 8(%rsp), %r11
    add $16, %rsp
    pushq $\vector
    jmp common
.endm

    .balign 32
    .globl trap_entries
trap_entries:
vector = 0
.rept 32
    .balign 32
.if (0x27d00 >> vector) & 1
    with_error vector
.else
    no_error vector
.endif
vector = vector + 1
.endr
.rept 224
    .balign 32
    no_error vector
vector = vector + 1
.endr
    .balign 32

    .globl event_entry, failsafe_entry, syscall_entry, syscall32_entry
    .globl nmi_entry, sysenter_entry
event_entry:
    no_error 0x100
syscall_entry:
    no_error 0x102
syscall32_entry:
    no_error 0x103
nmi_entry:
    no_error 0x104
sysenter_entry:
    no_error 0x105
failsafe_entry:
    mov (%rsp), %rcx
    mov 8(%rsp), %r11
    popq failsafe_words
    popq failsafe_words
    popq failsafe_words         /* ds es fs gs */
    popq failsafe_words + 8
    popq failsafe_words + 16
    popq failsafe_words + 24
    pushq $0
    pushq $0x101

/* vector, error code, rip, cs, rflags, rsp, ss: struct frame of pv.h */
common:
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    mov %rsp, %rbp
    and $-16, %rsp
    call on_trap
    mov %rbp, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    mov %rcx, (%rsp)
    movq $0, 8(%rsp)            /* flags, in the error code's place */
    push %r11
    push %rax
    /* The stack is r11's and rcx' order: rax, r11, rcx, flags, rip, ... */
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2

    .data
    .balign 8
    .globl start_info, start_rsp, start_rflags
start_info:   .quad 0
start_rsp:    .quad 0
start_rflags: .quad 0
    .globl attempt_sp, failsafe_words
attempt_sp:   .quad 0
failsafe_words: .quad 0, 0, 0, 0

    .bss
    .balign 4096
stack: .skip 16384
stack_end:
    .globl user_stack, kernel_stack
user_stack: .skip 4096
kernel_stack: .skip 8192
