/* SPDX-License-Identifier: MIT */
/*
 * Domains and vcpus as the machine sees them: the arch contract of
 * hv/domain.h and hv/p2m.h.
 *
 * Whoever waits for a vcpu waits for one of two things: `in_guest`, which ends
 * as soon as an interrupt reaches its CPU, and may be waited for with locks
 * held; or `on_cpu`, which ends when the run loop has nothing more to do for
 * it, and may not.
 */
#include <hv/array.h>
#include <hv/audit.h>
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <x86/dom0.h>
#include <x86/fpu.h>
#include <x86/hvm.h>
#include <x86/sched.h>
#include <x86/vendor.h>

#include <xen/hvm/save.h>

#define CPUID_E1D_PAGE1GB (1U << 26)

struct vcpu *arch_current(void)
{
    return this_cpu()->vcpu;
}

/* ---- local APICs ---- */

/* MSIs of dom0's devices name real CPUs: its vcpus have their ids. */
uint32_t arch_apic_id(const struct vcpu *v)
{
    if ( v->domain->is_privileged && v->vcpu_id < nr_cpus )
        return cpus[v->vcpu_id]->apic_id;
    return v->vcpu_id * 2;
}

void arch_cpu_ids(unsigned int cpu, uint32_t *apic_id, uint32_t *acpi_id)
{
    *apic_id = cpus[array_index(cpu, nr_cpus)]->apic_id;
    *acpi_id = cpu;
}

static struct vlapic *vlapic_of(struct vcpu *v)
{
    return &v->arch.hvm.vlapic;
}

/*
 * INIT and SIPI are left with the vcpu, which follows them when nothing of it
 * is in progress: two that reset each other must not wait for each other.
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

void vcpu_start(struct vcpu *v)
{
    uint32_t start = atomic_xchg(&v->arch.start, 0);

    if ( start & START_INIT )
    {
        vcpu_down(v);
        vcpu_wake(v); /* it waits for nothing any more but SIPI */
        v->arch.hvm.io_completion = IO_COMPLETE_NOTHING;
        emul_reset(&v->arch.hvm.emul);
        fpu_init_received(v);
        vlapic_reset(&v->arch.hvm.vlapic);
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
    if ( v->domain == dom0 )
        dom0_eoi(v, vector);
}

static const struct vlapic_machine vlapic_machine = {
    .of = vlapic_of,
    .init = init_received,
    .sipi = sipi_received,
    .eoi = level_ended,
};

void hvm_init(void)
{
    vlapic_machine_register(&vlapic_machine);
}

/* ---- domains ---- */

int arch_domain_create(struct domain *d)
{
    if ( !d->translated )
        return -EOPNOTSUPP;
    vpit_init(&d->arch.hvm.vpit);
    return 0;
}

void arch_domain_relinquish(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( !v )
            continue;
        sched_vcpu_remove(v);
        /* The domain may stay for long, as long as somebody has its pages. */
        vlapic_destroy(&v->arch.hvm.vlapic);
    }
}

void arch_domain_destroy(struct domain *d)
{
    vpit_destroy(&d->arch.hvm.vpit);
    hv_free(d->arch.hvm.vioapic);
}

/* ---- vcpus ---- */

int arch_vcpu_create(struct vcpu *v)
{
    int rc = fpu_vcpu_create(v);

    if ( rc )
        return rc;
    sched_vcpu_init(v);
    io_vcpu_init(v);
    vlapic_init(&v->arch.hvm.vlapic, v, arch_apic_id(v));
    rc = vendor->vcpu_create(v);
    if ( rc )
    {
        vlapic_destroy(&v->arch.hvm.vlapic);
        fpu_vcpu_destroy(v);
        return rc;
    }
    /* All but the first one of a guest are started by it, the usual way. */
    v->arch.hvm.waits_for_sipi = true;
    return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    sched_vcpu_remove(v);
    BUG_ON(READ_ONCE(v->arch.loaded));
    vlapic_destroy(&v->arch.hvm.vlapic);
    vendor->vcpu_destroy(v);
    fpu_vcpu_destroy(v);
}

void arch_vcpu_kick(struct vcpu *v)
{
    WRITE_ONCE(v->arch.kicked, true);
    smp_mb();
    /* Whoever makes it runnable kicks it again. */
    if ( ioreq_in_flight(v) || vcpu_runnable(v) ||
         READ_ONCE(v->arch.on_cpu) || READ_ONCE(v->arch.start) )
        sched_wake(v);
}

bool arch_vcpu_interrupt_pending(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.hvm.vlapic;

    return vlapic_nmi_pending(l) ||
           ((v->arch.hvm.emul.regs.rflags & RFLAGS_IF) &&
            vlapic_pending(l) >= 0);
}

void arch_vcpu_sync(struct vcpu *v)
{
    ASSERT(!this_cpu()->nr_held); /* what it is doing may need any of them */
    while ( load_acquire(&v->arch.on_cpu) )
        cpu_relax();
}

int arch_vcpu_set_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    int rc;

    /* Not to be waited for: it may want the same of the caller. */
    if ( !sched_freeze(v) )
        return -ERESTART;
    rc = vendor->set_context(v, ctx);
    if ( !rc )
    {
        /* What it was in the middle of is forgotten. */
        v->arch.hvm.io_completion = IO_COMPLETE_NOTHING;
        /* Nor is an event in the record an upcall. */
        v->arch.hvm.event_is_upcall = false;
        emul_reset(&v->arch.hvm.emul);
        WRITE_ONCE(v->arch.hvm.waits_for_sipi, false);
    }
    sched_unfreeze(v);
    return rc;
}

void arch_vcpu_get_context(struct vcpu *v, struct hvm_hw_cpu *ctx)
{
    vendor->get_context(v, ctx);
}

/* ---- memory ---- */

void arch_audit_refs(audit_count_t count)
{
    heap_audit_refs(count);
    vendor->audit_refs(count);
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

void arch_p2m_flush(struct domain *d, gfn_t gfn, uint64_t nr)
{
    uint64_t flush = atomic_add_return(&d->arch.flushes, 1);

    (void)gfn, (void)nr; /* a TLB is dropped as a whole */
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && load_acquire(&v->arch.in_guest) )
            cpu_raise_softirq(cpus[READ_ONCE(v->arch.cpu)]);
    }
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( !v )
            continue;
        while ( load_acquire(&v->arch.in_guest) &&
                READ_ONCE(v->arch.flushed) < flush )
            cpu_relax();
        while ( load_acquire(&v->arch.copying) )
            cpu_relax();
    }
}
