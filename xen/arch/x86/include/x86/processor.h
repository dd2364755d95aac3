/* SPDX-License-Identifier: MIT */
/* Privileged instructions as functions, and the registers they reach. */
#ifndef X86_PROCESSOR_H
#define X86_PROCESSOR_H

#include <hv/types.h>

#include <x86/defns.h>

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

#define X86_DR(n)                                                            \
    static inline uint64_t read_dr##n(void)                                  \
    {                                                                        \
        uint64_t v;                                                          \
                                                                             \
        __asm__ volatile ( "mov %%db" #n ", %0" : "=r" (v) );                \
        return v;                                                            \
    }                                                                        \
    static inline void write_dr##n(uint64_t v)                               \
    {                                                                        \
        __asm__ volatile ( "mov %0, %%db" #n :: "r" (v) );                   \
    }
X86_DR(6)
X86_DR(7)

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

/*
 * Ring 3's pages, on processors where ring 0 has to ask for them: CR4.SMAP and
 * RFLAGS.AC, which a trap from ring 3 leaves as it is.
 */
static inline void allow_ring3(bool on)
{
    if ( !(read_cr4() & CR4_SMAP) )
        return;
    if ( on )
        __asm__ volatile ( "stac" ::: "memory" );
    else
        __asm__ volatile ( "clac" ::: "memory" );
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
