/* SPDX-License-Identifier: MIT */
/*
 * The TLBs of CPUs that run PV guests, and what else pv-mm/ needs of the
 * machine.
 *
 * The clock goes up before each flush of a whole TLB.  A CPU knows which clock
 * its last flush had: whatever was removed from tables while the clock was lower
 * is not in that TLB.
 *
 * A CPU that uses a guest's translations says so (tlb_active) before it looks
 * whether a flush is wanted; who wants one says so before it looks whether the
 * CPU is active.  So either the CPU flushes, or the other one waits for it.  A
 * CPU that is not active flushes when it becomes active.
 */
#include "pv.h"

#include <hv/atomic.h>

#include <x86/platform.h>
#include <x86/boot.h>
#include <x86/smp.h>

static uint64_t clock = 1; /* [a] */

void tlb_load_cr3(uint64_t cr3)
{
    struct cpu *c = this_cpu();
    uint64_t now = atomic_add_return(&clock, 1);

    WRITE_ONCE(c->tlb_wanted, false);
    smp_mb();
    write_cr3(cr3);
    store_release(&c->tlb_flushed, now);
}

static void flush_here(void)
{
    tlb_load_cr3(read_cr3());
}

void tlb_begin(bool flush)
{
    struct cpu *c = this_cpu();

    WRITE_ONCE(c->tlb_active, true);
    smp_mb();
    if ( unlikely(flush || READ_ONCE(c->tlb_wanted)) )
        flush_here();
}

void tlb_end(void)
{
    store_release(&this_cpu()->tlb_active, false);
}

/* ---- what pv-mm/ needs ---- */

static uint64_t tlb_clock(void)
{
    return READ_ONCE(clock);
}

static bool is_stale(const struct cpu *c, uint64_t stamp)
{
    return load_acquire(&c->tlb_flushed) <= stamp;
}

static void flush_since(uint64_t stamp)
{
    struct cpu *c;

    for_each_cpu (c)
        if ( is_stale(c, stamp) && c != this_cpu() )
            WRITE_ONCE(c->tlb_wanted, true);
    smp_mb();
    if ( is_stale(this_cpu(), stamp) )
        flush_here();
    for_each_cpu (c)
        if ( is_stale(c, stamp) && load_acquire(&c->tlb_active) )
            cpu_raise_softirq(c);
    for_each_cpu (c)
        while ( is_stale(c, stamp) && load_acquire(&c->tlb_active) )
            cpu_relax();
}

/*
 * All translations of these vcpus, or of one address: on other CPUs everything
 * is flushed, also for one.
 */
static void flush_vcpus(struct domain *d, const struct pv_vcpus *vcpus)
{
    (void)d, (void)vcpus;
    flush_since(atomic_add_return(&clock, 1));
}

static void flush_va(struct domain *d, const struct pv_vcpus *vcpus,
                     uint64_t va)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
        if ( test_bit(i, vcpus->bits) && domain_vcpu(d, i) != current )
        {
            flush_vcpus(d, vcpus);
            return;
        }
    __asm__ volatile ( "invlpg (%0)" :: "r" (va) : "memory" );
}

static bool may_flush_cache(const struct domain *d)
{
    return d->arch.hardware;
}

/* Caches are coherent: writing back this CPU's writes back all. */
static void flush_cache(bool all_cpus)
{
    (void)all_cpus;
    __asm__ volatile ( "wbinvd" ::: "memory" );
}

static bool is_io(mfn_t mfn)
{
    uint64_t at = mfn_x(mfn) << PAGE_SHIFT;

    return !memory_is_ram(at, at + PAGE_SIZE);
}

/* All but the interrupt controllers. */
static bool may_map_io(const struct domain *d, mfn_t mfn)
{
    uint64_t at = mfn_x(mfn) << PAGE_SHIFT;

    if ( !d->arch.hardware || at >= memory_limit() ||
         at == (acpi.lapic_address & PAGE_MASK) )
        return false;
    for ( unsigned int i = 0; i < acpi.nr_ioapics; i++ )
        if ( at == (acpi.ioapic[i].address & PAGE_MASK) )
            return false;
    return true;
}

static void fill_l4(uint64_t *l4)
{
    const uint64_t *own = phys_to_virt(paging_cr3);

    for ( unsigned int i = PV_FIRST_HV_SLOT; i <= PV_LAST_HV_SLOT; i++ )
        l4[i] = own[i];
}

static uint64_t root_address(const struct page *pg)
{
    return pg ? mfn_x(page_to_mfn(pg)) << PAGE_SHIFT : paging_cr3;
}

void pv_load_cr3(struct vcpu *v)
{
    const struct pv_roots *r = &v->domain->pv->roots[v->vcpu_id];

    tlb_load_cr3(root_address(pv_of(v)->kernel ? r->kernel : r->user));
}

static void load_root(struct vcpu *v)
{
    if ( this_cpu()->loaded == v )
        pv_load_cr3(v);
}

struct pv_machine pv_bare_machine = {
    .tlb_clock = tlb_clock,
    .flush_since = flush_since,
    .is_io = is_io,
    .may_map_io = may_map_io,
    .fill_l4 = fill_l4,
    .load_root = load_root,
    .load_descriptors = pv_load_descriptors,
    .flush_tlb = flush_vcpus,
    .flush_va = flush_va,
    .may_flush_cache = may_flush_cache,
    .flush_cache = flush_cache,
};
