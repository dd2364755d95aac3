/* SPDX-License-Identifier: MIT */
/*
 * How a processor that was started gets from real mode to smp_main().
 *
 * The first part is copied to a page below 1 MiB, wherever there is one, and
 * entered at its beginning: it finds its own address in CS.  It goes through
 * 32-bit mode to the tables of head.S, which map the page, and from there to
 * the second part, in the image, which takes the real tables and the stack.
 */
#include <x86/defns.h>

#define IN_PAGE(sym) ((sym) - trampoline_start)

#define CR0_64                                                               \
    (CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)
#define CODE32 0x08
#define CODE64 0x10
#define DATA32 0x18

        .section .rodata.trampoline, "a", @progbits
        .balign 16
        .globl  trampoline_start, trampoline_end
        .globl  trampoline_cr3, trampoline_efer
trampoline_start:
        .code16
        cli
        cld
        xor     %ebx, %ebx
        mov     %cs, %bx
        mov     %bx, %ds
        shl     $4, %ebx                /* the page */

        lea     IN_PAGE(gdt)(%ebx), %eax
        mov     %eax, IN_PAGE(gdtr) + 2
        lea     IN_PAGE(mode32)(%ebx), %eax
        mov     %eax, IN_PAGE(far32)
        lea     IN_PAGE(mode64)(%ebx), %eax
        mov     %eax, IN_PAGE(far64)

        lgdtl   IN_PAGE(gdtr)
        mov     $CR0_ET | CR0_PE, %eax  /* caches on */
        mov     %eax, %cr0
        ljmpl   *IN_PAGE(far32)

        .code32
mode32:
        mov     $DATA32, %eax
        mov     %eax, %ds
        mov     %eax, %ss
        mov     $CR4_PAE, %eax
        mov     %eax, %cr4
        mov     IN_PAGE(trampoline_cr3)(%ebx), %eax
        mov     %eax, %cr3
        mov     $MSR_EFER, %ecx
        mov     IN_PAGE(trampoline_efer)(%ebx), %eax
        xor     %edx, %edx
        wrmsr
        mov     $CR0_64, %eax
        mov     %eax, %cr0
        ljmp    *IN_PAGE(far64)(%ebx)

        .code64
mode64:
        movabs  $in_image, %rax
        jmp     *%rax

        .balign 8
gdt:
        .quad   0
        .quad   0x00cf9b000000ffff      /* CODE32 */
        .quad   0x00af9b000000ffff      /* CODE64 */
        .quad   0x00cf93000000ffff      /* DATA32 */
gdtr:
        .word   . - gdt - 1
        .long   0
far32:
        .long   0
        .word   CODE32
far64:
        .long   0
        .word   CODE64
        .balign 4
trampoline_cr3:
        .long   0
trampoline_efer:
        .long   0
trampoline_end:

        .text
        .code64
        .type   in_image, @function
in_image:
        mov     paging_cr3(%rip), %rax
        mov     %rax, %cr3
        mov     smp_starting(%rip), %rdi
        mov     smp_stack(%rip), %rsp
        xor     %ebp, %ebp              /* where walks of the stack end */
        call    smp_main
        ud2
        .size   in_image, . - in_image

        .section .note.GNU-stack, "", @progbits
