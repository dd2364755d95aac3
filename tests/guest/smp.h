/* SPDX-License-Identifier: MIT */
/*
 * For guests on a machine with local APICs: the APIC's page, further vCPUs
 * started by INIT and SIPI, ring 3, exceptions that come back as a number.
 * Needs smp.c and smp.S beside the library of guest.h.
 */
#ifndef TESTS_GUEST_SMP_H
#define TESTS_GUEST_SMP_H

#include "guest.h"

#include <x86/defns.h>

/*
 * For what is to come, however late: who runs the guest ends it when it hangs
 * (tests/limits), as a timeout.
 */
#define WAIT_FOR(condition)                                                  \
    ({                                                                       \
        while ( !(condition) )                                               \
            __asm__ volatile("pause" ::: "memory");                          \
        true;                                                                \
    })

#define APIC 0xfee00000UL
#define APIC_ID 0x20
#define APIC_TPR 0x80
#define APIC_PPR 0xa0
#define APIC_EOI 0xb0
#define APIC_LDR 0xd0
#define APIC_SVR 0xf0
#define APIC_ISR 0x100
#define APIC_IRR 0x200
#define APIC_ESR 0x280
#define APIC_ICR 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_TMICT 0x380
#define APIC_TMCCT 0x390
#define APIC_TDCR 0x3e0

#define ICR_NMI 0x400U
#define ICR_INIT 0x4500U
#define ICR_SIPI 0x4600U
#define ICR_SELF 0x40000U
#define ICR_ALL 0x80000U
#define ICR_OTHERS 0xc0000U
#define LVT_MASKED 0x10000U
#define LVT_PERIODIC 0x20000U

static inline uint32_t apic_read(unsigned int reg)
{
    return read32(APIC + reg);
}

static inline void apic_write(unsigned int reg, uint32_t v)
{
    write32(APIC + reg, v);
}

void apic_send(unsigned int id, uint32_t icr); /* to one, by physical id */
/*
 * An IPI to all others, who set *answered and interrupt this CPU.  Returns when an
 * event has come; on Xen, where QEMU delivers an interrupt twice now and then, or
 * not at all, after some time at the latest.  With interrupts off.
 */
void ask_others(uint8_t vector, const volatile unsigned int *answered,
                unsigned int asked);

static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "a"(leaf), "c"(sub));
}

/*
 * Of the task in every GDT, for LTR.  From memory: made-up code that comes by
 * could have 0 in a register, which QEMU 7.2 takes, to end with "invalid tss".
 */
static const uint16_t tss_selector = 40;

static inline uint64_t ticks(void) { return __builtin_ia32_rdtsc(); }

/* A GDT with ring 3 and a TSS, page tables that ring 3 may use. */
void smp_init(void);
void set_vector(unsigned int vector, void (*handler)(struct trap_frame *f));

/*
 * Let the vCPU with this APIC id call fn() on a stack of its own, from reset
 * or from whatever it does; fn() must not return.
 */
void start_cpu(unsigned int id, void (*fn)(void));

/*
 * One instruction that may fault.  0x100: it did not; else the vector of what
 * it raised.  Operands and results are in r: rax, rbx, rcx, rdx.
 */
#define NO_FAULT 0x100U
unsigned int try_insn(void (*insn)(void), uint64_t r[4]);
extern volatile uint64_t try_rip; /* where the last exception was */

/* fn() in ring 3, which ends with "int $0x80"; its rax. */
uint64_t in_ring3(void (*fn)(void));

/* Instructions for both. */
void insn_rdmsr(void);
void insn_wrmsr(void);
void insn_xsetbv(void);
void insn_xgetbv(void);
void insn_rdpmc(void);
void insn_vmrun(void);
void insn_vmload(void);
void insn_stgi(void);
void insn_mwait(void);
void insn_hypercall_page(void);
void insn_cpuid_step(void); /* with TF set; .._end is where #DB belongs */
void insn_cpuid_step_end(void);
void insn_cr0(void);
void insn_cr3(void);
void insn_cr4(void);
void insn_dr6(void);
void insn_dr7(void);
void insn_lmsw(void);
void insn_lmsw_memory(void);
void insn_clts(void);
void insn_rdpru(void);
/* A string instruction with four elements, in single steps. */
void insn_step_memory(void), insn_step_port(void), insn_step_ram(void);
extern char insn_step_memory_at[], insn_step_memory_behind[];
extern char insn_step_port_at[], insn_step_port_behind[];
extern char insn_step_ram_at[], insn_step_ram_behind[];
void insn_nmi_sti(void), insn_nmi_ss(void);
extern char insn_nmi_sti_behind[], insn_nmi_ss_behind[];
void ring3_hypercall(void);
void ring3_cpuid(void);
void ring3_mmio(void);
void ring3_in(void);
void ring3_hlt(void);
void ring3_rdmsr(void);

void test_control(void); /* control.c: a part of machine.c */

#endif
