/* SPDX-License-Identifier: MIT */
/*
 * Loops of one operation each, run in 32-bit mode without paging: a hypervisor
 * that has to look at the guest's instruction finds it without walking tables.
 *
 * uint64_t bench_flat(uint64_t loop, uint64_t times): leaves long mode, runs
 * flat_NAME, comes back; the ticks that the loop took.  Everything is mapped
 * one to one and lies below 4 GiB; interrupts are off.
 */
#include <x86/defns.h>

#define CODE64 8
#define CODE32 24

    .text
    .code64
    .globl bench_flat
bench_flat:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %esi, %ebp
    lgdt gdtr
    pushq $CODE32
    lea 1f(%rip), %rax
    push %rax
    lretq

    .code32
1:  mov %cr0, %eax
    and $~CR0_PG, %eax
    mov %eax, %cr0
    ljmp $CODE32, $1f
1:  rdtsc
    push %edx
    push %eax
    call *%edi
    rdtsc
    pop %ecx
    sub %ecx, %eax
    pop %ecx
    sbb %ecx, %edx
    mov %eax, %esi
    mov %cr0, %eax
    or $CR0_PG, %eax            /* EFER.LME is still set */
    mov %eax, %cr0
    ljmp $CODE64, $1f

    .code64
1:  mov %esp, %esp
    mov %esi, %eax
    shl $32, %rdx
    or %rdx, %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* ebp: how many times; all other registers are free. */
    .code32
.macro LOOP name:req, body:req
    .globl flat_\name
flat_\name:
1:  \body
    dec %ebp
    jnz 1b
    ret
.endm

    LOOP cpuid, "xor %eax, %eax; xor %ecx, %ecx; cpuid"
    LOOP port_absent, "mov $0x600, %edx; in %dx, %al"
    LOOP port_read, "mov $0x500, %edx; in %dx, %al"
    LOOP port_write, "mov $0x504, %edx; out %al, %dx"
    LOOP port_string, "mov $text, %esi; mov $64, %ecx; mov $0x504, %edx; rep outsb"
    LOOP memory_absent, "mov $0xf2000000, %edx; mov (%edx), %eax"
    LOOP memory_read, "mov $0xf1000000, %edx; mov (%edx), %eax"
    LOOP memory_write, "mov $0xf1000010, %edx; mov %eax, (%edx)"
    LOOP window_write, "mov $0xa0000, %edx; mov %ax, (%edx)"

    .data
    .balign 64
text:
    .fill 64, 1, 0x2e
gdt:
    .quad 0
    .quad 0x00af9b000000ffff    /* CODE64 */
    .quad 0x00cf93000000ffff    /* data, as ever */
    .quad 0x00cf9b000000ffff    /* CODE32 */
gdtr:
    .word gdtr - gdt - 1
    .quad gdt
