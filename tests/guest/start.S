/* SPDX-License-Identifier: MIT */
/*
 * From the PVH entry to guest_main(): a flat GDT, a stack; in 64-bit mode the
 * first 4 GiB mapped one to one by 2 MiB pages, in 32-bit mode no paging.
 */
#include <xen/elfnote.h>
#include <x86/defns.h>

#define CR4_PAE_FXSR (CR4_PAE | CR4_OSFXSR)
#define CR0_PG_PE (CR0_PG | CR0_PE)

    .section .note.Xen, "a", @note
    .balign 4
    .long 2f - 1f, 4f - 3f, XEN_ELFNOTE_PHYS32_ENTRY
1:  .asciz "Xen"
2:  .balign 4
3:  .long start
4:  .balign 4

    .text
    .code32
    .globl start
start:
    cld
    mov $stack_end, %esp
    mov %ebx, start_info_address

#ifdef __i386__
    lgdt gdtr
    ljmp $8, $1f
1:  mov $CR4_OSFXSR, %eax
    mov %eax, %cr4
    call data_segments
    xor %ebp, %ebp
    call guest_main
    ud2
#else
    movl $pdpt + 3, pml4
    mov $4, %ecx
    mov $pdpt, %edi
    mov $pds + 3, %eax
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x1000, %eax
    loop 1b
    mov $2048, %ecx
    mov $pds, %edi
    mov $0x83, %eax             /* present, writable, 2 MiB */
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x200000, %eax
    loop 1b

    mov $CR4_PAE_FXSR, %eax
    mov %eax, %cr4
    mov $pml4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
    mov $CR0_PG_PE, %eax
    mov %eax, %cr0
    lgdt gdtr
    ljmp $8, $start64

    .code64
start64:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $stack_end, %rsp
    xor %ebp, %ebp
    call guest_main
    ud2

/*
 * Where a further vCPU starts, in 64-bit mode with the tables above: rsp its
 * stack, rdi what it is to call.
 */
    .globl start_vcpu
start_vcpu:
    lgdt gdtr
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    pushq $8
    lea 1f(%rip), %rax
    push %rax
    lretq
1:  call *%rdi
    ud2

#endif

#ifdef __i386__
data_segments:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    ret

/* Where a further vCPU starts, without paging: edi is what it is to call. */
    .globl start_vcpu
start_vcpu:
    lgdt gdtr
    ljmp $8, $1f
1:  call data_segments
    call *%edi
    ud2

/* long hypercall5(nr, a1, a2, a3, a4, a5): all on the stack */
    .globl hypercall5
hypercall5:
    push %ebx
    push %esi
    push %edi
    mov 16(%esp), %eax
    mov 20(%esp), %ebx
    mov 24(%esp), %ecx
    mov 28(%esp), %edx
    mov 32(%esp), %esi
    mov 36(%esp), %edi
    cmpb $0, cpu_is_amd
    jne 1f
    vmcall
    jmp 2f
1:  vmmcall
2:  pop %edi
    pop %esi
    pop %ebx
    ret
#else
/* long hypercall5(nr, a1, a2, a3, a4, a5): nr in rdi, a5 in r9 */
    .globl hypercall5
hypercall5:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    cmpb $0, cpu_is_amd
    jne 1f
    vmcall
    ret
1:  vmmcall
    ret

#endif

    .data
    .balign 8
    .globl gdt
gdt:
    .quad 0
#ifdef __i386__
    .quad 0x00cf9b000000ffff    /* 8: 32-bit code */
#else
    .quad 0x00af9b000000ffff    /* 8: 64-bit code */
#endif
    .quad 0x00cf93000000ffff    /* 16: data */
gdtr:
    .word gdtr - gdt - 1
#ifdef __i386__
    .long gdt
#else
    .quad gdt
#endif
    .globl start_info_address
start_info_address:
    .quad 0

    .bss
    .balign 4096
    .globl pml4
pml4: .skip 4096
pdpt: .skip 4096
pds:  .skip 4 * 4096
stack: .skip 16384
stack_end:
