/* SPDX-License-Identifier: MIT */
/*
 * Instructions on a device's memory in real mode: from 64-bit mode to 16-bit code
 * at REAL, whose data segments reach 4 GiB, and back.
 */
#include <x86/defns.h>

#define REAL 0x8000
#define OFFSET(label) (label - real_begin)
#define CODE32 0x18
#define CODE16 0x20
#define DATA 0x28
#define CODE64 0x30

    .text
    .code64
/* void real_mode(void): real_begin to real_end has been copied to REAL. */
    .globl real_mode
real_mode:
    push %rbx
    push %rbp
    cli
    mov %rsp, saved_rsp
    lgdt REAL + OFFSET(real_gdtr)
    pushq $CODE32
    pushq $1f
    lretq
    .code32
1:  mov $DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %cr0, %eax
    mov %eax, saved_cr0
    and $0x7fffffff, %eax
    mov %eax, %cr0
    mov $MSR_EFER, %ecx
    rdmsr
    and $~EFER_LME, %eax
    wrmsr
    ljmp $CODE16, $OFFSET(real_16)

    .globl back_32
back_32:
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
    mov saved_cr0, %eax
    mov %eax, %cr0
    ljmp $CODE64, $1f
    .code64
1:  mov saved_rsp, %rsp
    lgdt gdt_again
    pushq $8
    pushq $2f
    lretq
2:  mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    pop %rbp
    pop %rbx
    ret

    .balign 8
    .globl real_begin
real_begin:
real_gdt:
    .quad 0, 0, 0
    .quad 0x00cf9a000000ffff    /* CODE32 */
    .quad 0x00009a008000ffff    /* CODE16: base REAL */
    .quad 0x00cf92000000ffff    /* DATA */
    .quad 0x00af9a000000ffff    /* CODE64 */
real_gdtr:
    .word . - real_gdt - 1
    .quad REAL + OFFSET(real_gdt)

    .code16
real_16:
    mov %cr0, %eax
    and $~CR0_PE, %eax
    mov %eax, %cr0
    ljmp $REAL >> 4, $OFFSET(1f)
1:  mov %cs, %ax
    mov %ax, %ss
    mov $0xf00, %esp
    /* Real mode keeps limits: these reach 4 GiB. */
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov $0xf1000000, %ebx
    lea OFFSET(real_results), %edi
    add $REAL, %edi
    movl $0x12345678, (%ebx)
    addr32 movw (%ebx), %ax
    mov %eax, (%edi)            /* 0: the lower half */
    push %ds
    mov $0xabcd, %ax
    mov %ax, %ds
    mov %ds, %cs:OFFSET(real_results) + 4
    pop %ds
    /* A far pointer: FS becomes 0x1234, the offset 0x5678. */
    addr32 lfs (%ebx), %cx
    mov %cx, 8(%edi)
    mov %fs, %ax
    mov %ax, 12(%edi)
    /* Selectors from there. */
    addr32 mov 2(%ebx), %gs
    mov %gs, %ax
    mov %ax, 16(%edi)
    addr32 mov %cs, 8(%ebx)
    mov 8(%ebx), %ax
    mov %ax, 20(%edi)
    /* Push and pop. */
    addr32 pushw (%ebx)
    pop %ax
    mov %ax, 24(%edi)
    pushw $0x7711
    addr32 popw 4(%ebx)
    mov 4(%ebx), %ax
    mov %ax, 28(%edi)
    /* Call through a far pointer; it adds 1. */
    movw $OFFSET(real_function), 16(%ebx)
    movw $REAL >> 4, 18(%ebx)
    mov $41, %ax
    addr32 lcall *16(%ebx)
    mov %ax, 32(%edi)
    movw $OFFSET(real_near), 20(%ebx)
    addr32 call *20(%ebx)
    mov %ax, 36(%edi)
    /* Strings with 32-bit addresses, upwards and downwards. */
    push %edi
    mov $0x4142, %ax
    lea 32(%ebx), %edi
    mov $4, %ecx
    addr32 rep stosw
    mov %ebx, %esi
    lea 40(%ebx), %edi
    mov $2, %ecx
    addr32 rep movsl
    std
    lea 46(%ebx), %esi
    lea 54(%ebx), %edi
    mov $2, %ecx
    addr32 rep movsl
    cld
    pop %edi
    mov 38(%ebx), %eax
    mov %eax, 40(%edi)
    /* Tables. */
    sgdtl 48(%ebx)
    mov 50(%ebx), %eax
    mov %eax, 44(%edi)
    addr32 smsw 56(%ebx)
    mov 56(%ebx), %ax
    mov %ax, 48(%edi)
    /* x87. */
    movw $-3, 60(%ebx)
    fninit
    addr32 filds 60(%ebx)
    addr32 fistpl 56(%ebx)
    mov 56(%ebx), %eax
    mov %eax, 52(%edi)

    mov %cr0, %eax
    or $CR0_PE, %eax
    mov %eax, %cr0
    ljmpl $CODE32, $back_in_32

real_near:
    add $1, %ax
    ret
real_function:
    add $1, %ax
    lret
    .balign 8
    .globl real_results
real_results:
    .skip 64
    .globl real_end
real_end:

    .code32
back_in_32:
    mov $DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    jmp back_32

    .data
    .balign 8
saved_rsp: .quad 0
saved_cr0: .quad 0
gdt_again:
    .word 23
    .quad gdt
