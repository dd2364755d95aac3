/* SPDX-License-Identifier: MIT */
/*
 * Where loaders enter: 32-bit protected mode without paging, at the address
 * the image is linked for minus ORIEL_VIRT.  Clears .bss, builds the tables
 * that lead to 64-bit mode and calls boot_main(magic, info) up there.
 *
 * The tables map the first 4 GiB three times, in 2 MiB pages: at their own
 * addresses, at DIRECT_MAP, and (the first of them) at ORIEL_VIRT.  They stay:
 * other CPUs come up through them.
 */
#include <x86/boot.h>
#include <x86/defns.h>

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00010003 /* aligned modules, memory map, addresses below */
#define MB2_MAGIC 0xe85250d6
#define PVH_MAGIC 0x336ec578
#define NOTE_PHYS32_ENTRY 18

#define PHYS(sym) ((sym) - ORIEL_VIRT)

#define PTE_TABLE (PTE_P | PTE_RW)
#define PTE_2M (PTE_TABLE | PTE_PS)

#define CR0_64                                                               \
    (CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)

#define PML4_SLOT(va) (((va) >> 39) & 511)
#define PDPT_SLOT(va) (((va) >> 30) & 511)

        .section .text.head, "ax", @progbits
        .code32

        /* Multiboot 1: within 8 KiB, and no loader looks into the ELF. */
        .balign 8
        .globl  mb1_header
mb1_header:
        .long   MB1_MAGIC
        .long   MB1_FLAGS
        .long   -(MB1_MAGIC + MB1_FLAGS)
        .long   PHYS(mb1_header)
        .long   PHYS(image_start)
        .long   PHYS(image_load_end)
        .long   PHYS(image_end)
        .long   PHYS(start)

        .balign 8
mb2_header:
        .long   MB2_MAGIC
        .long   0                       /* i386 */
        .long   mb2_end - mb2_header
        .long   -(MB2_MAGIC + (mb2_end - mb2_header))
        .word   6, 0                    /* modules on page boundaries */
        .long   8
        .word   3, 0                    /* entry address */
        .long   12
        .long   PHYS(start)
        .balign 8
        .word   0, 0
        .long   8
mb2_end:

        .globl  pvh_start
pvh_start:
        mov     $PVH_MAGIC, %eax

        .globl  start
start:
        cli
        cld
        lgdt    PHYS(boot_gdtr)
        mov     %eax, %ebp              /* kept: what loader, ...   */
        mov     %ebx, %esi              /* ... what it has to say   */
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $PHYS(boot_stack + 9 * 4096), %esp

        mov     $0x80000000, %eax
        cpuid
        cmp     $0x80000001, %eax
        jb      no_long_mode
        mov     $0x80000001, %eax
        cpuid
        test    $CPUID_E1D_LM, %edx
        jz      no_long_mode
        push    %edx

        mov     $PHYS(bss_start), %edi
        mov     $PHYS(boot_stack), %ecx
        call    clear
        mov     $PHYS(boot_stack + 9 * 4096), %edi
        mov     $PHYS(image_end), %ecx
        call    clear

        /* 4 GiB in 2 MiB pages. */
        mov     $PHYS(boot_pd), %edi
        mov     $PTE_2M, %eax
        mov     $4 * 512, %ecx
1:      mov     %eax, (%edi)
        add     $8, %edi
        add     $0x200000, %eax
        loop    1b

        mov     $PHYS(boot_pdpt_low), %edi
        mov     $PHYS(boot_pd) + PTE_TABLE, %eax
        mov     %eax, PHYS(boot_pdpt_image) + 8 * PDPT_SLOT(ORIEL_VIRT)
        mov     $4, %ecx
1:      mov     %eax, (%edi)
        add     $8, %edi
        add     $4096, %eax
        loop    1b
        mov     $PHYS(boot_pdpt_low) + PTE_TABLE, %eax
        mov     %eax, PHYS(boot_pml4)
        mov     %eax, PHYS(boot_pml4) + 8 * PML4_SLOT(DIRECT_MAP)
        mov     $PHYS(boot_pdpt_image) + PTE_TABLE, %eax
        mov     %eax, PHYS(boot_pml4) + 8 * PML4_SLOT(ORIEL_VIRT)

        mov     $CR4_PAE, %eax
        mov     %eax, %cr4
        mov     $PHYS(boot_pml4), %eax
        mov     %eax, %cr3
        pop     %ebx
        mov     $MSR_EFER, %ecx
        rdmsr
        or      $EFER_LME, %eax
        test    $CPUID_E1D_NX, %ebx
        jz      1f
        or      $EFER_NX, %eax
1:      wrmsr
        mov     $CR0_64, %eax
        mov     %eax, %cr0
        ljmp    $0x08, $PHYS(start64)

clear:  /* from edi to ecx */
        sub     %edi, %ecx
        shr     $2, %ecx
        xor     %eax, %eax
        rep stosl
        ret

no_long_mode:
        mov     $PHYS(no_long_mode_text), %esi
        mov     $0xb8000, %edi
        mov     $0x3f8, %edx
1:      lodsb
        test    %al, %al
        jz      2f
        out     %al, %dx
        mov     $0x07, %ah
        stosw
        jmp     1b
2:      hlt
        jmp     2b

        .code64
start64:
        movabs  $start_high, %rax
        jmp     *%rax
start_high:
        lea     boot_stack + 9 * 4096(%rip), %rsp
        mov     %ebp, %edi              /* both: upper halves cleared */
        mov     %esi, %esi
        xor     %ebp, %ebp              /* where walks of the stack end */
        push    %rbp
        push    %rbp
        call    boot_main
        ud2

        .section .rodata.head, "a", @progbits
no_long_mode_text:
        .asciz  "Oriel needs a 64-bit processor.\r\n"
        .balign 8
boot_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      /* 0x08: 64-bit code */
        .quad   0x00cf93000000ffff      /* 0x10: data */
boot_gdtr:
        .word   . - boot_gdt - 1
        .long   PHYS(boot_gdt)

        .section .note.Xen, "a", @note
        .balign 4
        .long   4, 8, NOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   PHYS(pvh_start)

        .section .bss.head, "aw", @nobits
        .balign 4096
        .globl  boot_pml4
        .hidden boot_pml4
boot_pml4:
        .skip   4096
boot_pdpt_low:
        .skip   4096
boot_pdpt_image:
        .skip   4096
boot_pd:
        .skip   4 * 4096

        .section .note.GNU-stack, "", @progbits
