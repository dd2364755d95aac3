/* SPDX-License-Identifier: MIT */
/*
 * Instructions that a guest's kernel and its programs try: contract.h.  Each
 * may use all registers that a call may.  rdi: a page that may be written.
 * "(program)": not for a kernel, which would have no stack for its trap.
 */
.macro forced_cpuid
    .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2
.endm
.macro insn name:req, body:req
    .section .rodata.names, "a"
8:  .asciz "\name"
    .text
9:  \body
    ret
    .section .rodata.insns, "a"
    .quad 8b, 9b
    .text
.endm

    .section .rodata.insns, "a"
    .balign 8
    .globl insns
insns:

    insn "ud2", "ud2"
    insn "int3", "int3"
    insn "int 3", ".byte 0xcd, 3"
    insn "int 1", "int $1"
    insn "icebp", ".byte 0xf1"
    insn "int 4", "int $4"
    insn "int 0x80", "int $0x80"
    insn "int 0x41", "int $0x41"
    insn "int 0x42", "int $0x42"
    insn "int 0x43", "int $0x43"
    insn "int 0x48", "int $0x48"
    insn "int 14", "int $14"
    insn "int 0x20", "int $0x20"
    insn "div by 0", "xor %ecx, %ecx; div %ecx"
    insn "load, not canonical", "mov $1, %eax; shl $63, %rax; mov (%rax), %eax"
    insn "push, not canonical (program)", "mov $1, %eax; shl $63, %rax; \
        mov %rax, %rsp; push %rax"
    insn "load 0x8000000", "mov 0x8000000, %eax"
    insn "store 0x8000000", "mov %eax, 0x8000000"
    insn "load of the hypervisor's", "mov $0xffff8700, %eax; shl $32, %rax; \
        mov (%rax), %eax"
    insn "store to the m2p", "mov $0xffff8000, %eax; shl $32, %rax; \
        mov %eax, (%rax)"
    insn "jump, not canonical", "mov $1, %eax; shl $63, %rax; jmp *%rax"
    insn "mov ds 0x1234", "mov $0x1234, %eax; mov %eax, %ds"
    insn "mov ds 7", "mov $7, %eax; mov %eax, %ds"
    insn "mov ds e008", "mov $0xe008, %eax; mov %eax, %ds; xor %eax, %eax; \
        mov %eax, %ds"
    insn "mov ds e02b", "mov $0xe02b, %eax; mov %eax, %ds; xor %eax, %eax; \
        mov %eax, %ds"
    insn "mov ds e028", "mov $0xe028, %eax; mov %eax, %ds; xor %eax, %eax; \
        mov %eax, %ds"
    insn "mov ss 0", "xor %eax, %eax; mov %eax, %ss"
    insn "mov ss 3", "mov $3, %eax; mov %eax, %ss"
    insn "mov ss e02b", "mov $0xe02b, %eax; mov %eax, %ss"
    insn "cli", "cli"
    insn "sti", "sti"
    insn "hlt", "hlt"
    insn "in 0x80, al =", "xor %eax, %eax; in $0x80, %al"
    insn "in 0x80, eax =", "xor %eax, %eax; in $0x80, %eax"
    insn "out 0x80, al", "out %al, $0x80"
    insn "in dx, al 0x3f8 =", "mov $0x3f8, %edx; xor %eax, %eax; in %dx, %al"
    insn "insb", "mov $0x80, %edx; insb"
    insn "outsb", "mov $0x80, %edx; mov %rdi, %rsi; outsb"
    insn "rep outsb, none", "mov $0x80, %edx; mov %rdi, %rsi; xor %ecx, %ecx; \
        rep outsb"
    insn "pushf popf IF", "pushfq; orl $0x200, (%rsp); popfq"
    insn "popf IOPL", "pushfq; orl $0x3000, (%rsp); popfq"
    insn "popf NT", "pushfq; orl $0x4000, (%rsp); popfq; pushfq; \
        andl $~0x4000, (%rsp); popfq"
    insn "iretq with NT", "mov %rsp, %rdx; mov %ss, %eax; push %rax; \
        push %rdx; pushfq; orl $0x4000, (%rsp); mov %cs, %eax; push %rax; \
        lea 1f(%rip), %rax; push %rax; pushfq; orl $0x4000, (%rsp); popfq; \
        iretq; 1: mov %rdx, %rsp"
    insn "iretq", "mov %rsp, %rdx; mov %ss, %eax; push %rax; push %rdx; \
        pushfq; mov %cs, %eax; push %rax; lea 1f(%rip), %rax; push %rax; \
        iretq; 1: mov %rdx, %rsp"
    insn "smsw", "smsw %eax"
    insn "lmsw", "mov $1, %eax; lmsw %ax"
    insn "clts", "clts"
    insn "mov cr0 read =", "mov %cr0, %rax"
    insn "mov cr0 write the same", "mov %cr0, %rax; mov %rax, %cr0"
    insn "mov cr0 write no WP", "mov %cr0, %rax; btr $16, %rax; mov %rax, %cr0"
    insn "mov cr2 read", "mov %cr2, %rax"
    insn "mov cr2 write", "mov $0x1234, %eax; mov %rax, %cr2; mov %cr2, %rax"
    insn "mov cr3 read", "mov %cr3, %rax"
    insn "mov cr3 write the same", "mov %cr3, %rax; mov %rax, %cr3"
    insn "mov cr3 write 0", "xor %eax, %eax; mov %rax, %cr3"
    insn "mov cr4 read =", "mov %cr4, %rax"
    insn "mov cr4 write the same", "mov %cr4, %rax; mov %rax, %cr4"
    insn "mov cr4 write 0 =", "mov %cr4, %rdx; xor %eax, %eax; mov %rax, %cr4; \
        mov %cr4, %rax; mov %rdx, %cr4"
    insn "mov cr4 write TSD", "mov %cr4, %rax; or $4, %rax; mov %rax, %cr4"
    insn "rdtsc with TSD", "rdtsc"
    insn "rdtscp with TSD", "rdtscp"
    insn "mov cr4 write no TSD", "mov %cr4, %rax; and $~4, %rax; mov %rax, %cr4"
    insn "rdtsc", "rdtsc"
    insn "mov cr4 write DE =", "mov %cr4, %rdx; mov %rdx, %rax; or $8, %rax; \
        mov %rax, %cr4; mov %cr4, %rax; mov %rdx, %cr4"
    insn "mov cr4 write SMEP =", "mov %cr4, %rax; bts $20, %rax; \
        mov %rax, %cr4; mov %cr4, %rax"
    insn "mov cr4 write PGE =", "mov %cr4, %rdx; mov %rdx, %rax; \
        or $0x80, %rax; mov %rax, %cr4; mov %cr4, %rax; mov %rdx, %cr4"
    insn "mov cr4 write PCE =", "mov %cr4, %rdx; mov %rdx, %rax; \
        or $0x100, %rax; mov %rax, %cr4; mov %cr4, %rax; mov %rdx, %cr4"
    insn "mov cr4 write VMXE =", "mov %cr4, %rax; bts $13, %rax; \
        mov %rax, %cr4; mov %cr4, %rax"
    insn "mov cr4 write FSGSBASE =", "mov %cr4, %rdx; mov %rdx, %rax; \
        bts $16, %rax; mov %rax, %cr4; mov %cr4, %rax; mov %rdx, %cr4"
    insn "mov cr4 write bit 63 =", "mov %cr4, %rax; bts $63, %rax; \
        mov %rax, %cr4; mov %cr4, %rax"
    insn "mov cr8 read", "mov %cr8, %rax"
    insn "mov cr8 write", "xor %eax, %eax; mov %rax, %cr8"
    insn "mov cr1 read", ".byte 0x0f, 0x20, 0xc8"
    insn "mov dr0 write", "mov $0x1000, %eax; mov %rax, %db0"
    insn "mov dr0 read =", "mov %db0, %rax"
    insn "mov dr0 write the hypervisor's", "mov $0xffff8300, %eax; \
        shl $32, %rax; mov %rax, %db0"
    insn "mov dr4 read =", "mov %db4, %rax"
    insn "mov dr6 read =", "mov %db6, %rax"
    insn "mov dr6 write", "xor %eax, %eax; mov %rax, %db6"
    insn "mov dr7 read =", "mov %db7, %rax"
    insn "mov dr7 write GD", "mov $0x2000, %eax; mov %rax, %db7; mov %db7, %rax"
    insn "mov dr8 read", ".byte 0x44, 0x0f, 0x21, 0xc0"
    insn "mov dr7 write I/O", "mov $0x20001, %eax; mov %rax, %db7"
    insn "mov dr7 write 0 =", "xor %eax, %eax; mov %rax, %db7; mov %db7, %rax"
    insn "invlpg", "invlpg (%rdi)"
    insn "invd", "invd"
    insn "wbinvd", "wbinvd"
    insn "lgdt", "lgdt (%rdi)"
    insn "lidt", "lidt (%rdi)"
    insn "sgdt", "sgdt (%rdi)"
    insn "lldt 0", "xor %eax, %eax; lldt %ax"
    insn "ltr 0", "xor %eax, %eax; ltr %ax"
    insn "swapgs", "swapgs"
    insn "rdpmc", "xor %ecx, %ecx; rdpmc"
    insn "xgetbv =", "xor %ecx, %ecx; xgetbv"
    insn "xgetbv 1", "mov $1, %ecx; xgetbv"
    insn "xsetbv 1", "xor %ecx, %ecx; xor %edx, %edx; mov $1, %eax; xsetbv"
    insn "xsetbv 0", "xor %ecx, %ecx; xor %edx, %edx; xor %eax, %eax; xsetbv"
    insn "xsetbv 5", "xor %ecx, %ecx; xor %edx, %edx; mov $5, %eax; xsetbv"
    insn "xsetbv of 1", "mov $1, %ecx; xor %edx, %edx; mov $1, %eax; xsetbv"
    insn "mov cr4 write OSXSAVE =", "mov %cr4, %rax; bts $18, %rax; \
        mov %rax, %cr4; mov %cr4, %rax"
    insn "xsetbv 7", "xor %ecx, %ecx; xor %edx, %edx; mov $7, %eax; xsetbv"
    insn "cpuid 1 ecx, forced =", "push %rbx; mov $1, %eax; xor %ecx, %ecx; \
        forced_cpuid; mov %ecx, %eax; pop %rbx"
    insn "cpuid 0x40000000 eax, forced =", "push %rbx; mov $0x40000000, %eax; \
        xor %ecx, %ecx; forced_cpuid; pop %rbx"
    insn "cpuid 0x40000002 eax, forced =", "push %rbx; mov $0x40000002, %eax; \
        xor %ecx, %ecx; forced_cpuid; pop %rbx"
    insn "cpuid 0x40000002 ecx, forced =", "push %rbx; mov $0x40000002, %eax; \
        xor %ecx, %ecx; forced_cpuid; mov %ecx, %eax; pop %rbx"
    insn "cpuid 0x40000005 ebx, forced =", "push %rbx; mov $0x40000005, %eax; \
        xor %ecx, %ecx; forced_cpuid; mov %ebx, %eax; pop %rbx"
    insn "cpuid 0x80000001 ecx, forced =", "push %rbx; mov $0x80000001, %eax; \
        xor %ecx, %ecx; forced_cpuid; mov %ecx, %eax; and $~2, %eax; pop %rbx"
    insn "cpuid 0x80000001 edx, forced =", "push %rbx; mov $0x80000001, %eax; \
        xor %ecx, %ecx; forced_cpuid; mov %edx, %eax; pop %rbx"
    insn "cpuid 7 ebx, forced =", "push %rbx; mov $7, %eax; xor %ecx, %ecx; \
        forced_cpuid; mov %ebx, %eax; pop %rbx"
    insn "cpuid", "push %rbx; xor %eax, %eax; cpuid; pop %rbx"
    insn "monitor", "mov %rdi, %rax; xor %ecx, %ecx; xor %edx, %edx; monitor"
    insn "mwait", "xor %eax, %eax; xor %ecx, %ecx; mwait"
    insn "vmmcall", "vmmcall"
    insn "vmcall", "vmcall"
    insn "vmrun", "vmrun"
    insn "clgi", "clgi"
    insn "stgi", "stgi"
    insn "skinit", "skinit"
    insn "rsm", "rsm"
    insn "sysretq", "sysretq"
    insn "sysexit", "sysexitl"
    insn "sysenter", "sysenter"
    insn "stac", "stac"
    insn "clac", "clac"
    insn "rdfsbase", "rdfsbase %rax"
    insn "rdpkru", "xor %ecx, %ecx; rdpkru"
    insn "rdrand", ".byte 0x66, 0x0f, 0xc7, 0xf0"
    insn "far return to e033", "mov $0xe033, %eax; push %rax; \
        lea 1f(%rip), %rax; push %rax; lretq; 1:"
    insn "far return to e030", "mov $0xe030, %eax; push %rax; \
        lea 1f(%rip), %rax; push %rax; lretq; 1: add $16, %rsp"
    insn "far return to e008", "mov $0xe008, %eax; push %rax; \
        lea 1f(%rip), %rax; push %rax; lretq; 1: add $16, %rsp"
    insn "ldmxcsr bad", "movl $~0, (%rdi); ldmxcsr (%rdi)"
    insn "fninit", "fninit"
    insn "x87 0 / 0 unmasked", "fninit; movl $0x340, (%rdi); fldcw (%rdi); \
        fldz; fldz; fdivp; fwait; fninit"
    insn "fninit again", "fninit"
    insn "SSE 0 / 0 unmasked", "movl $0x1f00, (%rdi); ldmxcsr (%rdi); \
        xorps %xmm0, %xmm0; divss %xmm0, %xmm0"
    insn "ldmxcsr", "movl $0x1f80, (%rdi); ldmxcsr (%rdi)"
    insn "too long", \
        ".rept 15; .byte 0x66; .endr; nop"
    insn "lock nop", ".byte 0xf0, 0x90"

    .section .rodata.insns, "a"
    .globl insns_end
insns_end:

/* ---- by name ---- */

    .text
.macro named name, body:vararg
    .globl insn_\name
insn_\name:
    \body
    ret
.endm

    .globl insn_rdmsr, insn_wrmsr, insn_tf, insn_load_ds, insn_load_gs
insn_rdmsr:
    mov %edi, %ecx
    rdmsr
    shl $32, %rdx
    or %rdx, %rax
    ret
insn_wrmsr:
    mov %edi, %ecx
    mov %rsi, %rax
    mov %rsi, %rdx
    shr $32, %rdx
    wrmsr
    ret
insn_tf:
    pushfq
    orl $0x100, (%rsp)
    popfq
    nop
    nop
    ret
insn_load_ds:
    mov %edi, %ds
    xor %eax, %eax
    mov %ds, %eax
    xor %ecx, %ecx
    mov %ecx, %ds
    ret
insn_load_gs:
    mov %edi, %gs
    xor %eax, %eax
    mov %gs, %eax
    xor %ecx, %ecx
    mov %ecx, %gs
    ret
    named load, mov (%rdi), %rax
    named store, mov %rsi, (%rdi)
    named store8, movb %sil, (%rdi)
    named store32, movl %esi, (%rdi)
    named add, add %rsi, (%rdi)
    named xchg, xchg %rsi, (%rdi)
    named and_locked, lock andb $0xfd, (%rdi)
    named jump, jmp *%rdi
    named fnop, fnop
    named syscall, syscall
    named sysenter, sysenter
    .globl insn_gs_base
insn_gs_base:
    mov %gs:0, %rax
    ret
