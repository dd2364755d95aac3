/* SPDX-License-Identifier: MIT */
/*
 * Domains and vcpus that are HVM or PVH guests: hvm_guest_ops, the operations
 * of x86/guest.h.
 */
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/heap.h>
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/dom0.h>
#include <x86/fpu.h>
#include <x86/guest.h>
#include <x86/hvm.h>
#include <x86/sched.h>
#include <x86/hvm-vendor.h>

#include <xen/hvm/save.h>

/* ---- local APICs ---- */

/*
 * MSIs of the machine's devices name CPUs, so the hardware domain's vcpus have
 * the CPUs' ids.
 */
uint32_t arch_apic_id(const struct vcpu *v)
{
    if ( v->domain->arch.hardware && v->vcpu_id < nr_cpus )
        return cpus[v->vcpu_id]->apic_id;
    return v->vcpu_id * 2;
}

static struct vlapic *vlapic_of(struct vcpu *v)
{
    return &v->arch.hvm.vlapic;
}

/*
 * INIT and SIPI are latched in v->arch.start, and the target handles them
 * between two steps.  Waiting for the target here would deadlock two vcpus that
 * send INIT to each other.
 */
static void start_wake(struct vcpu *v)
{
    WRITE_ONCE(v->arch.kicked, true);
    smp_mb();
    sched_wake(v);
}

static void init_received(struct vcpu *v)
{
    atomic_xchg(&v->arch.start, START_INIT);
    start_wake(v);
}

static void sipi_received(struct vcpu *v, uint8_t page)
{
    uint32_t old = READ_ONCE(v->arch.start);

    do {
        if ( (old & START_SIPI) ||
             !((old & START_INIT) || READ_ONCE(v->arch.hvm.waits_for_sipi)) )
            return;
    } while ( !atomic_cmpxchg(&v->arch.start, &old,
                              old | START_SIPI |
                                  (uint32_t)page << START_PAGE_SHIFT) );
    start_wake(v);
}

static void hvm_start(struct vcpu *v)
{
    uint32_t start = atomic_xchg(&v->arch.start, 0);

    if ( start & START_INIT )
    {
        vcpu_down(v);
        vcpu_wake(v); /* INIT ends a wait for an event */
        v->arch.hvm.io_completion = IO_COMPLETE_NOTHING;
        emul_reset(&v->arch.hvm.emul);
        fpu_init_received(v);
        vlapic_reset(&v->arch.hvm.vlapic);
        v->arch.hvm.extint = 0;
        WRITE_ONCE(v->arch.hvm.waits_for_sipi, true);
    }
    if ( (start & START_SIPI) && v->arch.hvm.waits_for_sipi )
    {
        WRITE_ONCE(v->arch.hvm.waits_for_sipi, false);
        vendor->vcpu_startup(v, (uint8_t)(start >> START_PAGE_SHIFT));
        WRITE_ONCE(v->initialised, true);
        vcpu_up(v);
    }
}

static void level_ended(struct vcpu *v, uint8_t vector)
{
    struct hvm_domain *h = &v->domain->arch.hvm;

    for ( unsigned int i = 0; i < h->nr_vioapics; i++ )
        vioapic_eoi(&h->vioapic[i], vector);
}

static void intr_moved(struct vcpu *v)
{
    hvm_intr_moved(v->domain);
}

static const struct vlapic_machine vlapic_machine = {
    .of = vlapic_of,
    .init = init_received,
    .sipi = sipi_received,
    .eoi = level_ended,
    .intr_moved = intr_moved,
};

/* ---- domains ---- */

static bool hvm_serves(const struct domain *d)
{
    return d->translated;
}

static int hvm_domain_create(struct domain *d)
{
    int rc = hvm_irq_create(d);

    if ( !rc )
        platform_init(d);
    return rc;
}

static int hvm_domain_relinquish(struct domain *d)
{
    platform_stop(d);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v )
            vlapic_destroy(&v->arch.hvm.vlapic);
    }
    return 0;
}

static void hvm_domain_destroy(struct domain *d)
{
    platform_destroy(d);
    hvm_irq_destroy(d);
}

unsigned int arch_p2m_max_order(void)
{
    static unsigned int order;
    uint32_t a, b, c, d;

    if ( !order )
    {
        cpuid(0x80000001, 0, &a, &b, &c, &d);
        order = d & CPUID_E1D_PAGE1GB ? 18 : 9;
    }
    return order;
}

/* ---- vcpus ---- */

static bool domain_has_firmware(const struct domain *d)
{
    return !d->arch.hardware &&
           d->config.arch.emulation_flags != XEN_X86_EMU_LAPIC;
}

static int hvm_vcpu_create(struct vcpu *v)
{
    int rc;

    io_vcpu_init(v);
    /* Firmware of an HVM guest describes memory; a PVH guest has none. */
    vmtrr_init(&v->arch.hvm.mtrr, domain_has_firmware(v->domain));
    vlapic_init(&v->arch.hvm.vlapic, v, arch_apic_id(v));
    rc = vendor->vcpu_create(v);
    if ( rc )
    {
        vlapic_destroy(&v->arch.hvm.vlapic);
        return rc;
    }
    /* The guest starts all vcpus but the first by INIT and SIPI. */
    v->arch.hvm.waits_for_sipi = true;
    return 0;
}

static void hvm_vcpu_destroy(struct vcpu *v)
{
    vlapic_destroy(&v->arch.hvm.vlapic);
    vendor->vcpu_destroy(v);
}

static bool hvm_interrupt_pending(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.hvm.vlapic;

    return vlapic_nmi_pending(l) ||
           ((v->arch.hvm.emul.regs.rflags & RFLAGS_IF) &&
            (vlapic_pending(l) >= 0 || v->arch.hvm.extint ||
             hvm_pic_reaches(v)));
}

/* hvm_init() adds what the vendor does alone. */
static struct guest_ops hvm_guest_ops = {
    .name = "HVM",
    .serves = hvm_serves,
    .domain_create = hvm_domain_create,
    .domain_relinquish = hvm_domain_relinquish,
    .domain_destroy = hvm_domain_destroy,
    .vcpu_create = hvm_vcpu_create,
    .vcpu_destroy = hvm_vcpu_destroy,
    .set_context = hvm_set_context,
    .get_context = hvm_get_context,
    .start = hvm_start,
    .resume = io_resume,
    .interrupt_pending = hvm_interrupt_pending,
    .copy_in = hvm_copy_in,
    .copy_out = hvm_copy_out,
};

bool hvm_runs(const struct domain *d)
{
    return d->arch.ops == &hvm_guest_ops;
}

void hvm_init(void)
{
    hvm_guest_ops.load = vendor->load;
    hvm_guest_ops.save = vendor->save;
    hvm_guest_ops.run = vendor->run;
    hvm_guest_ops.audit_refs = vendor->audit_refs;
    vlapic_machine_register(&vlapic_machine);
    guest_register(&hvm_guest_ops);
}
