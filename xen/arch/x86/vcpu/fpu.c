/* SPDX-License-Identifier: MIT */
/*
 * The state that the processor does not switch with a guest: FPU and vector
 * registers, XCR0, debug registers 0-3.  The hypervisor uses none of this state,
 * so it stays in the CPU from exit to entry, and is saved and loaded when the
 * CPU changes to another vcpu.
 *
 * Guests set XCR0 without an exit on some machines (QEMU never intercepts
 * XSETBV), so fpu_save() reads XCR0 back.  It saves all state components that
 * the processor has, whichever the guest has enabled.
 */
#include <emul/xsave.h>
#include <hv/domain.h>
#include <hv/heap.h>
#include <hv/lib.h>

#include <x86/fpu.h>
#include <x86/processor.h>

static bool have_xsave;
static bool leaves_pointers; /* FXRSTOR may leave old x87 pointers in place */
static uint64_t all_states; /* the bits of XCR0 that the processor has */
static size_t area_bytes = FXSAVE_BYTES;

void fpu_cpu_up(void)
{
    uint32_t a, b, c, d;

    write_cr0((read_cr0() | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    cpuid(0x80000008, 0, &a, &b, &c, &d);
    leaves_pointers = !(b & CPUID_E8B_XSAVE_POINTERS);
    cpuid(1, 0, &a, &b, &c, &d);
    have_xsave = c & CPUID_1C_XSAVE;
    if ( !have_xsave )
        return;
    write_cr4(read_cr4() | CR4_OSXSAVE);
    cpuid(0xd, 0, &a, &b, &c, &d);
    all_states = (uint64_t)d << 32 | a;
    area_bytes = c;
    xsetbv0(all_states);
}

uint64_t fpu_states(void)
{
    return have_xsave ? all_states : 0;
}

size_t fpu_area_bytes(uint64_t states)
{
    size_t bytes = XSAVE_LEGACY_BYTES;

    for ( unsigned int i = 2; i < 63; i++ )
    {
        uint32_t size, offset, c, d;

        if ( !(states >> i & 1) )
            continue;
        cpuid(0xd, i, &size, &offset, &c, &d);
        bytes = max(bytes, (size_t)offset + size);
    }
    ASSERT(bytes <= area_bytes);
    return bytes;
}

uint64_t fpu_states_of(const struct vcpu *v)
{
    return v->arch.xcr0 | xsave_bv(v->arch.fpu);
}

void fpu_vcpu_set(struct vcpu *v, uint64_t xcr0, const void *area, size_t bytes)
{
    memset(v->arch.fpu, 0, area_bytes);
    memcpy(v->arch.fpu, area, bytes);
    v->arch.xcr0 = xcr0;
}

void fpu_get_legacy(const struct vcpu *v, void *image)
{
    if ( have_xsave )
        xsave_legacy(v->arch.fpu, image);
    else
        memcpy(image, v->arch.fpu, FXSAVE_BYTES);
}

void fpu_set_legacy(struct vcpu *v, const void *image)
{
    xsave_set_legacy(v->arch.fpu, image);
    if ( have_xsave )
        xsave_set_bv(v->arch.fpu, XCR0_X87 | XCR0_SSE);
}

int fpu_vcpu_create(struct vcpu *v)
{
    uint8_t *area = hv_zalloc(area_bytes);
    const uint16_t fcw = FCW_DEFAULT;
    const uint32_t mxcsr = MXCSR_DEFAULT;

    if ( !area )
        return -ENOMEM;
    memcpy(area + FXSAVE_FCW, &fcw, sizeof(fcw));
    memcpy(area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    v->arch.fpu = area;
    v->arch.xcr0 = 1;
    return 0;
}

void fpu_vcpu_destroy(struct vcpu *v)
{
    hv_free(v->arch.fpu);
    v->arch.fpu = NULL;
}

#define DR(n, v) __asm__ volatile ( "mov %%db" #n ", %0" : "=r" (v) )
#define SET_DR(n, v) __asm__ volatile ( "mov %0, %%db" #n :: "r" (v) )

void fpu_save(struct vcpu *v)
{
    DR(0, v->arch.dr[0]);
    DR(1, v->arch.dr[1]);
    DR(2, v->arch.dr[2]);
    DR(3, v->arch.dr[3]);
    if ( !have_xsave )
    {
        __asm__ volatile ( "fxsaveq (%0)" :: "r" (v->arch.fpu) : "memory" );
        return;
    }
    v->arch.xcr0 = xgetbv0();
    if ( v->arch.xcr0 != all_states )
        xsetbv0(all_states);
    __asm__ volatile ( "xsaveq (%0)" :: "r" (v->arch.fpu), "a" (~0U),
                       "d" (~0U) : "memory" );
}

/*
 * Some processors restore the pointers to the last x87 instruction and operand
 * only when an exception is pending.  Replace the previous vcpu's pointers by
 * those of a load of the hypervisor's own constant.
 */
static void forget_pointers(void)
{
    static const uint32_t zero;

    __asm__ volatile ( "fnclex; emms; fildl %0; emms" :: "m" (zero) );
}

void fpu_init_received(struct vcpu *v)
{
    memset(v->arch.dr, 0, sizeof(v->arch.dr));
    if ( !READ_ONCE(v->arch.loaded) )
        return;
    SET_DR(0, 0UL);
    SET_DR(1, 0UL);
    SET_DR(2, 0UL);
    SET_DR(3, 0UL);
}

void fpu_load(struct vcpu *v)
{
    if ( leaves_pointers )
        forget_pointers();
    SET_DR(0, v->arch.dr[0]);
    SET_DR(1, v->arch.dr[1]);
    SET_DR(2, v->arch.dr[2]);
    SET_DR(3, v->arch.dr[3]);
    if ( !have_xsave )
    {
        __asm__ volatile ( "fxrstorq (%0)" :: "r" (v->arch.fpu) : "memory" );
        return;
    }
    if ( xgetbv0() != all_states )
        xsetbv0(all_states);
    __asm__ volatile ( "xrstorq (%0)" :: "r" (v->arch.fpu), "a" (~0U),
                       "d" (~0U) : "memory" );
    if ( v->arch.xcr0 != all_states )
        xsetbv0(v->arch.xcr0);
}
