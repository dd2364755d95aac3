/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel starts, and where the processor comes to when an instruction
 * of it faults.  A PVH kernel starts in 32-bit mode without paging, with flat
 * segments, and the address of struct hvm_start_info in EBX.
 */
#include <xen/elfnote.h>

#define VECTORS 32
#define WITH_ERROR_CODE 0x227d00 /* vectors 8, 10 to 14, 17, 21 */

    /* The note that makes an ELF file a PVH kernel. */
    .section .note.Xen, "a", @note
    .balign 4
    .long 4                         /* size of the name */
    .long 4                         /* size of the value */
    .long XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long start

    .text
    .globl start
start:
    cld
    mov $stack_end, %esp
    lgdt gdt_pointer                /* what is loaded now has no table */
    ljmp $8, $1f
1:  mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    push %ebx
    call kernel_main
1:  hlt                             /* it does not return */
    jmp 1b

/* Exceptions: 16 bytes for each vector. */
    .balign 16
    .globl vectors
vectors:
    .set vector, 0
    .rept VECTORS
    .balign 16
    .if !(WITH_ERROR_CODE >> vector & 1)
    push $0
    .endif
    push $vector
    jmp exception_entry
    .set vector, vector + 1
    .endr

exception_entry:                    /* struct exception is on the stack */
    push %esp
    call exception
1:  hlt                             /* nor does this */
    jmp 1b

    .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff        /* 8: code, 4 GiB */
    .quad 0x00cf93000000ffff        /* 16: data, 4 GiB */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt

    .bss
    .balign 16
    .skip 16384
stack_end:
