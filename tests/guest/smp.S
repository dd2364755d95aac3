/* SPDX-License-Identifier: MIT */
/*
 * From SIPI to 64-bit mode, ring 3 and back, instructions that may fault.
 */
#include <x86/defns.h>

#define CR4_PAE_FXSR (CR4_PAE | CR4_OSFXSR)
#define CR0_PG_PE (CR0_PG | CR0_PE)
#define KERNEL_DATA 16
#define USER_DATA 27
#define USER_CODE 35

/* Copied to a page below 1 MiB: cs is where it is. */
    .text
    .globl cpu_code, cpu_code_end
    .code16
cpu_code:
    cli
    mov $CR4_PAE_FXSR, %eax
    mov %eax, %cr4
    mov $pml4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
    lgdtl %cs:cpu_gdtr - cpu_code
    mov $CR0_PG_PE, %eax
    mov %eax, %cr0
    ljmpl $8, $cpu_start
cpu_gdtr:
    .word 23
    .long gdt
cpu_code_end:

    .code64
cpu_start:
    mov cpu_stack, %rsp
    mov cpu_entry, %rdi
    lidt trap_idtr
    jmp start_vcpu

/* uint64_t in_ring3(fn) */
    .globl in_ring3
in_ring3:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, kernel_rsp
    pushq $USER_DATA
    pushq $ring3_stack_end
    pushq $2
    pushq $USER_CODE
    push %rdi
    iretq

/* Where "int $0x80" arrives, and exceptions of ring 3 with rax set. */
    .globl from_ring3
from_ring3:
    mov $KERNEL_DATA, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov %ecx, %ss
    mov kernel_rsp, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* unsigned int try_insn(insn, r): the trap handler comes back to try_back */
    .globl try_insn, try_back
try_insn:
    push %rbx
    push %rbp
    push %rsi
    mov %rsp, try_rsp
    mov %rdi, %rbp
    mov 0(%rsi), %rax
    mov 8(%rsi), %rbx
    mov 16(%rsi), %rcx
    mov 24(%rsi), %rdx
    movl $0x100, try_vector
    movb $1, trying
    call *%rbp
try_back:
    movb $0, trying
    mov try_rsp, %rsp
    pop %rsi
    mov %rax, 0(%rsi)
    mov %rbx, 8(%rsi)
    mov %rcx, 16(%rsi)
    mov %rdx, 24(%rsi)
    pop %rbp
    pop %rbx
    mov try_vector, %eax
    ret

#define INSN(name, ...) .globl name; name: __VA_ARGS__; ret
INSN(insn_rdmsr, rdmsr)
INSN(insn_wrmsr, wrmsr)
INSN(insn_xsetbv, xsetbv)
INSN(insn_xgetbv, xgetbv)
INSN(insn_rdpmc, rdpmc)
INSN(insn_vmrun, vmrun)
INSN(insn_vmload, vmload)
INSN(insn_stgi, stgi)
INSN(insn_mwait, mwait)
INSN(insn_cr0, mov %rax, %cr0)
INSN(insn_cr3, mov %rax, %cr3)
INSN(insn_cr4, mov %rax, %cr4)
INSN(insn_dr6, mov %rax, %db6)
INSN(insn_dr7, mov %rax, %db7)
INSN(insn_lmsw, lmsw %ax)
INSN(insn_lmsw_memory, lmsw (%rbx))
INSN(insn_clts, clts)
INSN(insn_rdpru, .byte 0x0f, 0x01, 0xfd)

/* rbx: memory.  The handler takes TF away at _behind. */
#define STEP(name, source, ...)                                              \
    .globl name, name##_at, name##_behind; name:                             \
    push %rsi; push %rdi; mov source, %rsi; mov %rbx, %rdi;                  \
    mov $4, %ecx; mov $0x80, %edx;                                           \
    pushfq; orl $0x100, (%rsp); popfq;                                       \
    name##_at: __VA_ARGS__; name##_behind: nop;                              \
    pop %rdi; pop %rsi; ret
STEP(insn_step_memory, apic_id, rep movsl)
STEP(insn_step_port, %rbx, rep outsb)
STEP(insn_step_ram, %rbx, rep movsb)
apic_id: .quad 0xfee00020

/* eax goes to (rbx), which sends an NMI, in the shadow of what is before. */
    .globl insn_nmi_sti, insn_nmi_sti_behind, insn_nmi_ss, insn_nmi_ss_behind
insn_nmi_sti:
    cli
    sti
    mov %eax, (%rbx)
insn_nmi_sti_behind:
    nop
    cli
    ret
insn_nmi_ss:
    mov %ss, %ecx
    mov %ecx, %ss
    mov %eax, (%rbx)
insn_nmi_ss_behind:
    nop
    ret

/* rbx is the page, rcx the number; xen_version takes 0 for its command. */
    .globl insn_hypercall_page
insn_hypercall_page:
    push %rdi
    shl $5, %rcx
    add %rcx, %rbx
    xor %edi, %edi
    xor %esi, %esi
    call *%rbx
    pop %rdi
    ret

    .globl insn_cpuid_step, insn_cpuid_step_end
insn_cpuid_step:
    xor %eax, %eax
    pushfq
    orl $0x100, (%rsp)
    popfq
    cpuid
insn_cpuid_step_end:
    nop
    pushfq
    andl $~0x100, (%rsp)
    popfq
    ret

#define RING3(name, ...) .globl name; name: __VA_ARGS__; int $0x80
RING3(ring3_hypercall, mov $17, %eax; xor %edi, %edi; xor %esi, %esi; vmmcall)
RING3(ring3_cpuid, mov $0x40000000, %eax; cpuid; mov %ebx, %eax)
RING3(ring3_mmio, mov 0xfee00030, %eax)
RING3(ring3_in, mov $0x80, %edx; in %dx, %al)
RING3(ring3_hlt, hlt)
RING3(ring3_rdmsr, mov $MSR_APIC_BASE, %ecx; rdmsr)

    .bss
    .balign 16
    .globl try_vector, trying, cpu_stack, cpu_entry, kernel_rsp, try_rsp
try_rsp: .skip 8
kernel_rsp: .skip 8
cpu_stack: .skip 8
cpu_entry: .skip 8
try_vector: .skip 4
trying: .skip 4
    .balign 16
ring3_stack: .skip 4096
ring3_stack_end:
