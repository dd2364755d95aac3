/* SPDX-License-Identifier: MIT */
/*
 * Exits that are the same on every processor: CPUID, hypercalls, HLT, MSRs,
 * triple faults.  What they change is in v->arch.hvm.emul.regs.
 */
#include <emul/guest-walk.h>
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/ioreq.h>
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/hvm.h>
#include <x86/hvm-vendor.h>

#include <xen/sched.h>

#define CPUID_D1A_COMPACT (CPUID_D1A_XSAVEC | CPUID_D1A_XSAVES)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10 };

/*
 * What depends on the guest's control registers.  The size of the XSAVE area
 * the processor itself tells, since XCR0 is the guest's.
 */
static void cpuid_live(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                       struct cpuid_regs *r)
{
    struct guest_paging paging;
    uint32_t a, c, d;

    if ( leaf == 1 )
    {
        vendor->paging(v, &paging);
        r->c &= ~CPUID_1C_OSXSAVE;
        if ( paging.cr4 & CR4_OSXSAVE )
            r->c |= CPUID_1C_OSXSAVE;
        if ( !vlapic_is_enabled(&v->arch.hvm.vlapic) )
            r->d &= ~CPUID_1D_APIC;
    }
    else if ( leaf == 0xd && ((subleaf == 0 && r->a) ||
                              (subleaf == 1 && (r->a & CPUID_D1A_COMPACT))) )
        cpuid(leaf, subleaf, &a, &r->b, &c, &d);
}

bool exit_cpuid(struct vcpu *v)
{
    uint64_t *gpr = v->arch.hvm.emul.regs.gpr;
    uint32_t leaf = (uint32_t)gpr[RAX], subleaf = (uint32_t)gpr[RCX];
    struct cpuid_regs r;

    if ( v->arch.hvm.cpuid_faults && vendor->mode(v) == MODE_USER )
    {
        vendor->inject_exception(v, VECTOR_GP, true, 0);
        return false;
    }
    cpuid_for_guest(v, leaf, subleaf, &r);
    cpuid_live(v, leaf, subleaf, &r);
    gpr[RAX] = r.a;
    gpr[RBX] = r.b;
    gpr[RCX] = r.c;
    gpr[RDX] = r.d;
    return true;
}

/*
 * A hypercall that gives way is not over: the guest makes it again, with
 * arguments that say how far it came.  Until then anything may happen to the
 * vcpu.
 */
static bool hypercall_over(struct vcpu *v)
{
    ioreq_hypercall_done(v);
    if ( ioreq_in_flight(v) )
        v->arch.hvm.io_completion = IO_COMPLETE_MAPCACHE;
    return true;
}

/* Of code that is not 64-bit: hardware ignores the registers' high halves. */
static bool hypercall_32(struct vcpu *v)
{
    uint64_t *gpr = v->arch.hvm.emul.regs.gpr;
    struct hypercall hc = {
        .nr = gpr[RAX],
        .a = { gpr[RBX], gpr[RCX], gpr[RDX], gpr[RSI], gpr[RDI] },
    };
    long rc = hypercall_dispatch_32(&hc);

    if ( rc == -ERESTART )
    {
        gpr[RBX] = hc.a[0];
        gpr[RCX] = hc.a[1];
        gpr[RDX] = hc.a[2];
        gpr[RSI] = hc.a[3];
        gpr[RDI] = hc.a[4];
        return false;
    }
    gpr[RAX] = (uint32_t)rc;
    return hypercall_over(v);
}

bool exit_hypercall(struct vcpu *v, enum vendor_mode mode)
{
    uint64_t *gpr = v->arch.hvm.emul.regs.gpr;
    struct hypercall hc = {
        .nr = gpr[RAX],
        .a = { gpr[RDI], gpr[RSI], gpr[RDX], gpr[R10], gpr[R8], gpr[R9] },
    };
    long rc;

    if ( unlikely(mode == MODE_KERNEL_32) )
        return hypercall_32(v);
    rc = mode == MODE_USER ? -EPERM : hypercall_dispatch(&hc);
    if ( rc == -ERESTART )
    {
        gpr[RDI] = hc.a[0];
        gpr[RSI] = hc.a[1];
        gpr[RDX] = hc.a[2];
        gpr[R10] = hc.a[3];
        gpr[R8] = hc.a[4];
        gpr[R9] = hc.a[5];
        return false;
    }
    gpr[RAX] = (uint64_t)rc;
    return hypercall_over(v);
}

/* HLT that nothing ends: a guest takes a vcpu down this way. */
static void halted_for_good(struct vcpu *v)
{
    struct domain *d = v->domain;

    vcpu_down(v);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *other = domain_vcpu(d, i);

        if ( other && !(READ_ONCE(other->flags) & VCPU_DOWN) )
            return;
    }
    domain_shutdown(d, SHUTDOWN_poweroff);
}

void exit_halt(struct vcpu *v)
{
    if ( !(v->arch.hvm.emul.regs.rflags & RFLAGS_IF) )
    {
        if ( !vlapic_nmi_pending(&v->arch.hvm.vlapic) )
            halted_for_good(v);
        return;
    }
    vcpu_block(v);
}

bool exit_rdmsr(struct vcpu *v)
{
    uint64_t *gpr = v->arch.hvm.emul.regs.gpr, value;

    if ( !guest_rdmsr(v, (uint32_t)gpr[RCX], &value) )
    {
        vendor->inject_exception(v, VECTOR_GP, true, 0);
        return false;
    }
    gpr[RAX] = (uint32_t)value;
    gpr[RDX] = value >> 32;
    return true;
}

bool exit_wrmsr(struct vcpu *v)
{
    const uint64_t *gpr = v->arch.hvm.emul.regs.gpr;
    uint64_t value = (uint32_t)gpr[RAX] | gpr[RDX] << 32;

    if ( guest_wrmsr(v, (uint32_t)gpr[RCX], value) )
        return true;
    vendor->inject_exception(v, VECTOR_GP, true, 0);
    return false;
}

void exit_triple_fault(struct vcpu *v)
{
    domain_crash(v->domain, "vcpu %u: triple fault at rip %lx", v->vcpu_id,
                 (unsigned long)v->arch.hvm.emul.regs.rip);
}
