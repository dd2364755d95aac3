/* SPDX-License-Identifier: MIT */
/*
 * The guest that fuzzes the devices behind firmware: a Linux kernel's file as far
 * as a boot loader looks, which goes to protected mode, and traps that lead back
 * to the loop.
 */

/* ---- setup: real mode, at 64 KiB ---- */

    .section .setup, "ax"
    .code16
    .globl setup_start
setup_start:
    .org 0x1f1
    .byte 1             /* sectors of setup behind the first */
    .org 0x1fe
    .word 0xaa55
    .byte 0xeb, setup_code - 0x202
    .ascii "HdrS"
    .word 0x206         /* version of the protocol */
    .org 0x211
    .byte 1             /* loaded high */
    .org 0x214
    .long 0x100000
    .org 0x228
    .long 0             /* the command line */
    .long 0x7fffffff    /* the highest address of an initrd */
    .org 0x238
    .long 255           /* the longest command line */
    .org 0x260
setup_code:
    cli
    movw %cs, %ax       /* 512 bytes above the start of setup */
    subw $0x20, %ax
    movw %ax, %ds
    movzwl %ax, %eax
    shll $4, %eax
    addl %eax, gdtr + 2
    movl 0x228, %esi
    lgdtl gdtr
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $8, $kernel_start
gdtr:
    .word 23
    .long gdt
    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff

/* ---- protected mode, flat, at 1 MiB ---- */

    .section .kernel, "ax"
    .code32
kernel_start:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $stack_end, %esp
    movl $bss_start, %edi
    movl $bss_end, %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    cld
    rep stosb
    pushl %esi
    call guest_main

/*
 * A vCPU that got a SIPI starts at 32 KiB, where this is copied.
 */
    .globl second_code, second_code_end
    .code16
second_code:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl 0x8000 + second_gdtr - second_code
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $8, $second_start
second_gdtr:
    .word 23
    .long kernel_gdt
second_code_end:

    .code32
second_start:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $second_stack_end, %esp
    movl $1, %eax       /* each has its own stack, by its APIC id */
    cpuid
    shrl $24, %ebx
    jnz 1f
    movl $stack_end, %esp
1:  call second_main

    .balign 8
    .globl kernel_gdt
kernel_gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff

/* Any trap or interrupt: back to the loop of the vCPU whose stack it was. */
    .globl trap, second_stack
trap:
    cld
    cmpl $second_stack, %esp
    jb 1f
    movl $second_stack_end, %esp
    call go_on
1:  movl $stack_end, %esp
    call go_on

    .bss
    .balign 16
stack: .skip 16384
stack_end:
second_stack: .skip 16384
second_stack_end:
