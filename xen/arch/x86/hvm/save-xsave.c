/* SPDX-License-Identifier: MIT */
/*
 * The record CPU_XSAVE: XCR0 and an image of XSAVE, for vcpus that have more
 * than the registers of x87 and SSE, which the record CPU has.  A context has
 * CPU before CPU_XSAVE, so the states are those of CPU_XSAVE if there is one;
 * CPU alone makes all other states initial.
 *
 * What CPUID hides from the guest is not saved, and refused.
 */
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <emul/control-regs.h>
#include <emul/xsave.h>
#include <x86/defns.h>
#include <x86/fpu.h>
#include <x86/sched.h>

#include <xen/errno.h>

#include "save-xsave.h"

#define AREA_OFFSET offsetof(struct hvm_hw_cpu_xsave, save_area)

static bool sees_xsave(const struct vcpu *v)
{
    return fpu_states() && xcr0_legal(v, XCR0_X87);
}

/* Where XSETBV does not leave the guest, XCR0 may have more than CPUID shows. */
static uint64_t xcr0_of(const struct vcpu *v)
{
    return xcr0_legal(v, v->arch.xcr0) ? v->arch.xcr0 : XCR0_X87;
}

/* All that v's registers have and v sees: a legal XCR0. */
static uint64_t states_of(const struct vcpu *v)
{
    uint64_t states = xcr0_with(fpu_states_of(v) & xcr0_bits(v));

    return xcr0_legal(v, states) ? states : xcr0_of(v);
}

uint32_t save_xsave(struct domain *d, unsigned int instance, void *data)
{
    struct vcpu *v = domain_vcpu(d, instance);
    struct hvm_hw_cpu_xsave *hw = data;
    uint64_t states;
    size_t bytes;

    if ( !sees_xsave(v) )
        return 0;
    states = states_of(v);
    if ( xcr0_of(v) == XCR0_X87 && !(states & ~(XCR0_X87 | XCR0_SSE)) )
        return 0;
    bytes = fpu_area_bytes(states);
    ASSERT(bytes <= XSAVE_AREA_MOST);
    if ( hw )
    {
        hw->xfeature_mask = fpu_states();
        hw->xcr0 = xcr0_of(v);
        hw->xcr0_accum = states;
        memcpy(&hw->save_area, v->arch.fpu, bytes);
        hw->save_area.xsave_hdr.xstate_bv &= states;
    }
    return (uint32_t)(AREA_OFFSET + bytes);
}

static bool is_zero(const uint8_t *p, size_t bytes)
{
    for ( size_t i = 0; i < bytes; i++ )
        if ( p[i] )
            return false;
    return true;
}

/* -EOPNOTSUPP, as in Xen: more than the states that the record has had. */
long load_xsave(struct domain *d, unsigned int instance, const void *data)
{
    struct vcpu *v = domain_vcpu(d, instance);
    const struct hvm_hw_cpu_xsave *hw = data;
    size_t bytes;
    long rc;

    if ( !fpu_states() )
        return -EOPNOTSUPP;
    rc = xsave_check(v, hw, fpu_states());
    if ( rc )
        return rc;
    bytes = fpu_area_bytes(hw->xcr0_accum);
    ASSERT(bytes <= XSAVE_AREA_MOST);
    if ( !is_zero((const uint8_t *)data + AREA_OFFSET + bytes,
                  XSAVE_AREA_MOST - bytes) )
        return -EOPNOTSUPP;
    /* A CPU that takes v up, though v cannot run, stores v's states again. */
    if ( !sched_freeze(v) )
        return -ERESTART;
    fpu_vcpu_set(v, hw->xcr0, &hw->save_area, bytes);
    sched_unfreeze(v);
    return 0;
}
