/* SPDX-License-Identifier: MIT */
/*
 * The registers of a vcpu that the emulator reaches by functions.  Those of x87,
 * MMX, SSE and AVX, MXCSR and XCR0 are in the CPU: fpu_load() came before, and
 * the hypervisor's own code uses none of them.
 */
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/hvm-vendor.h>
#include <x86/processor.h>

#include "emul-regs.h"

void emul_put_regs(void *arg)
{
    vendor->put_regs(arg);
}

bool emul_write_cr0(void *arg, uint64_t value)
{
    return vendor->write_cr0(arg, value);
}

void emul_cpuid(void *arg, uint32_t leaf, uint32_t subleaf,
                struct cpuid_regs *out)
{
    cpuid_for_guest(arg, leaf, subleaf, out);
}

uint64_t emul_xcr0(void *arg)
{
    ASSERT(this_cpu()->loaded == arg);
    return xgetbv0();
}

#define EACH_REGISTER(op)                                                    \
    op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)                          \
    op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define READ(n)                                                              \
    case n:                                                                  \
        __asm__ volatile ( "movups %%xmm" #n ", (%0)" :: "r" (v)             \
                           : "memory" );                                     \
        break;                                                               \
    case 16 + n:                                                             \
        __asm__ volatile ( "vmovups %%ymm" #n ", (%0)" :: "r" (v)            \
                           : "memory" );                                     \
        break;
#define WRITE(n)                                                             \
    case n:                                                                  \
        __asm__ volatile ( "movups (%0), %%xmm" #n :: "r" (v)                \
                           : "memory" );                                     \
        break;                                                               \
    case 16 + n:                                                             \
        __asm__ volatile ( "vmovups (%0), %%ymm" #n :: "r" (v)               \
                           : "memory" );                                     \
        break;

void emul_read_vector(void *arg, unsigned int reg, void *v, bool wide)
{
    ASSERT(this_cpu()->loaded == arg);
    switch ( reg + wide * 16 )
    {
    EACH_REGISTER(READ)
    }
}

void emul_write_vector(void *arg, unsigned int reg, const void *v, bool wide)
{
    ASSERT(this_cpu()->loaded == arg);
    switch ( reg + wide * 16 )
    {
    EACH_REGISTER(WRITE)
    }
}

void emul_mxcsr(void *arg, uint32_t *v, bool write)
{
    ASSERT(this_cpu()->loaded == arg);
    if ( write )
        __asm__ volatile ( "ldmxcsr %0" :: "m" (*v) );
    else
        __asm__ volatile ( "stmxcsr %0" : "=m" (*v) );
}

void emul_run_stub(void *arg, struct emul_stub *s)
{
    ASSERT(this_cpu()->loaded == arg);
    emul_stub_run(s);
}
