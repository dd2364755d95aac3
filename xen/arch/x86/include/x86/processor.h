/* SPDX-License-Identifier: MIT */
/* Privileged instructions as functions, and the registers they reach. */
#ifndef X86_PROCESSOR_H
#define X86_PROCESSOR_H

#include <hv/types.h>
#include <hv/vlapic.h> /* MSR_APIC_BASE and its bits */

#define CR0_PE (1UL << 0)
#define CR0_MP (1UL << 1)
#define CR0_EM (1UL << 2)
#define CR0_TS (1UL << 3)
#define CR0_ET (1UL << 4)
#define CR0_NE (1UL << 5)
#define CR0_WP (1UL << 16)
#define CR0_NW (1UL << 29)
#define CR0_CD (1UL << 30)
#define CR0_PG (1UL << 31)

#define CR4_PSE (1UL << 4)
#define CR4_PAE (1UL << 5)
#define CR4_PGE (1UL << 7)
#define CR4_OSFXSR (1UL << 9)
#define CR4_OSXMMEXCPT (1UL << 10)
#define CR4_PCIDE (1UL << 17)
#define CR4_OSXSAVE (1UL << 18)
#define CR4_SMEP (1UL << 20)
#define CR4_SMAP (1UL << 21)

#define RFLAGS_FIXED (1UL << 1)
#define RFLAGS_TF (1UL << 8)
#define RFLAGS_IF (1UL << 9)
#define RFLAGS_RF (1UL << 16)

#define MSR_TSC 0x10
#define MSR_PRED_CMD 0x49
#define PRED_CMD_IBPB 1
#define MSR_PAT 0x277
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103
#define MSR_VM_CR 0xc0010114
#define MSR_VM_HSAVE_PA 0xc0010117

#define EFER_SCE (1UL << 0)
#define EFER_LME (1UL << 8)
#define EFER_LMA (1UL << 10)
#define EFER_NX (1UL << 11)
#define EFER_SVME (1UL << 12)

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;

    __asm__ volatile ( "rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr) );
    return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile ( "wrmsr" :: "c" (msr), "a" ((uint32_t)value),
                       "d" ((uint32_t)(value >> 32)) : "memory" );
}

#define X86_CR(n)                                                            \
    static inline uint64_t read_cr##n(void)                                  \
    {                                                                        \
        uint64_t v;                                                          \
                                                                             \
        __asm__ volatile ( "mov %%cr" #n ", %0" : "=r" (v) );                \
        return v;                                                            \
    }                                                                        \
    static inline void write_cr##n(uint64_t v)                               \
    {                                                                        \
        __asm__ volatile ( "mov %0, %%cr" #n :: "r" (v) : "memory" );        \
    }
X86_CR(0)
X86_CR(2)
X86_CR(3)
X86_CR(4)

#define X86_PORT(letter, type)                                               \
    static inline void out##letter(uint16_t port, type v)                    \
    {                                                                        \
        __asm__ volatile ( "out %0, %1" :: "a" (v), "Nd" (port) );           \
    }                                                                        \
    static inline type in##letter(uint16_t port)                             \
    {                                                                        \
        type v;                                                              \
                                                                             \
        __asm__ volatile ( "in %1, %0" : "=a" (v) : "Nd" (port) );           \
        return v;                                                            \
    }
X86_PORT(b, uint8_t)
X86_PORT(w, uint16_t)
X86_PORT(l, uint32_t)

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile ( "rdtsc" : "=a" (lo), "=d" (hi) );
    return (uint64_t)hi << 32 | lo;
}

static inline uint64_t xgetbv0(void)
{
    uint32_t lo, hi;

    __asm__ volatile ( "xgetbv" : "=a" (lo), "=d" (hi) : "c" (0) );
    return (uint64_t)hi << 32 | lo;
}

static inline void xsetbv0(uint64_t v)
{
    __asm__ volatile ( "xsetbv" :: "c" (0), "a" ((uint32_t)v),
                       "d" ((uint32_t)(v >> 32)) );
}

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *a,
                         uint32_t *b, uint32_t *c, uint32_t *d)
{
    __asm__ volatile ( "cpuid" : "=a" (*a), "=b" (*b), "=c" (*c), "=d" (*d)
                       : "a" (leaf), "c" (subleaf) );
}

static inline void cpu_relax(void)
{
    __asm__ volatile ( "pause" ::: "memory" );
}

static inline void irq_disable(void)
{
    __asm__ volatile ( "cli" ::: "memory" );
}

static inline bool irqs_enabled(void)
{
    uint64_t flags;

    __asm__ volatile ( "pushfq; pop %0" : "=r" (flags) );
    return flags & RFLAGS_IF;
}

/* Take what is pending, and nothing after it. */
static inline void irq_window(void)
{
    __asm__ volatile ( "sti; nop; cli" ::: "memory" );
}

/* Sleep until an interrupt was taken. */
static inline void irq_wait(void)
{
    __asm__ volatile ( "sti; hlt; cli" ::: "memory" );
}

#endif
