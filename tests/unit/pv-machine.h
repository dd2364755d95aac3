/* SPDX-License-Identifier: MIT */
/*
 * The machine below pv-mm/ for a program that tests it: one CPU with a TLB that
 * caches what the program makes it walk, and what it was asked to do.  The
 * program defines pv_fail(format, ...) and PV_FRAMES.
 */
#ifndef PV_MACHINE_H
#define PV_MACHINE_H

#include <sys/mman.h>

#include <hv/atomic.h>
#include <hv/domain.h>
#include <pv-mm/pv-mm.h>
#include <x86/defns.h>

#define IO_FRAME 0xfee00UL /* may be mapped */
#define IO_OTHER 0xfec00UL /* may not      */
/* Behind all RAM, and with entries that cannot be written; the first half may. */
#define PV_NO_RAM 512UL

/* ---- the TLB ---- */

struct cached {
    const struct domain *d;
    struct page *walk[4]; /* L4 first */
    uint64_t mfn;         /* of the leaf */
    bool writable;
};
#define NR_CACHED 64
static struct cached tlb[NR_CACHED];
static unsigned int nr_cached, nr_flushes;
static uint64_t tlb_time = 1, flushed_at;

static uint64_t test_clock(void)
{
    return tlb_time;
}

#define STALE_WORD 300 /* of a page */
static uint64_t stale_value = 2;

/* Until now the CPU could write by way of what it has cached, and does so. */
static void last_writes(void)
{
    for ( unsigned int i = 0; i < nr_cached; i++ )
        if ( tlb[i].writable && tlb[i].mfn < PV_FRAMES )
            ((uint64_t *)arch_mfn_to_virt(_mfn(tlb[i].mfn)))[STALE_WORD] =
                stale_value;
}

static void flush_since(uint64_t stamp)
{
    if ( flushed_at > stamp )
        return;
    last_writes();
    flushed_at = ++tlb_time;
    nr_cached = 0;
    nr_flushes++;
}

/* Let the CPU use va by way of this L4, as the guest's accesses do. */
static inline bool tlb_touch(const struct domain *d, struct page *l4, uint64_t va)
{
    struct cached c = { .d = d, .writable = true };
    struct page *pg = l4;

    for ( unsigned int level = 4; level; level-- )
    {
        const uint64_t *e = page_to_virt(pg);
        uint64_t entry = e[(va >> (3 + 9 * level)) % 512];

        c.walk[4 - level] = pg;
        if ( !(entry & PTE_P) )
            return false;
        c.writable &= !!(entry & PTE_RW);
        c.mfn = (entry & PTE_ADDRESS) >> PAGE_SHIFT;
        if ( level > 1 )
            pg = mfn_to_page(_mfn(c.mfn));
    }
    tlb[nr_cached % NR_CACHED] = c;
    if ( nr_cached < NR_CACHED )
        nr_cached++;
    return true;
}

/* What the CPU may still do must not contradict what frames are. */
static void tlb_check(void)
{
    for ( unsigned int i = 0; i < nr_cached; i++ )
    {
        const struct cached *c = &tlb[i];

        for ( unsigned int k = 0; k < 4; k++ )
            if ( pv_type(c->walk[k]) == PV_WRITABLE ||
                 (c->walk[k]->refs && c->walk[k]->owner != c->d) )
                pv_fail("a stale walk goes through frame %#lx, type %u",
                         mfn_x(page_to_mfn(c->walk[k])),
                         pv_type(c->walk[k]));
        if ( c->mfn < nr_frames && c->writable )
        {
            const struct page *pg = mfn_to_page(_mfn(c->mfn));

            if ( (pv_type(pg) >= PV_L1 && pv_type(pg) <= PV_SEG) )
                pv_fail("a stale translation writes frame %#lx, type %u",
                         c->mfn, pv_type(pg));
        }
    }
}

/* ---- the machine ---- */

static bool is_io(mfn_t mfn)
{
    return mfn_x(mfn) == IO_FRAME || mfn_x(mfn) == IO_OTHER ||
           mfn_x(mfn) - PV_FRAMES < PV_NO_RAM;
}

static bool may_map_io(const struct domain *d, mfn_t mfn)
{
    (void)d;
    return mfn_x(mfn) == IO_FRAME ||
           mfn_x(mfn) - PV_FRAMES < PV_NO_RAM / 2;
}

static void fill_l4(uint64_t *l4)
{
    for ( unsigned int i = PV_FIRST_HV_SLOT; i <= PV_LAST_HV_SLOT; i++ )
        l4[i] = 0xabc000 | PTE_P;
}

/* The root that the CPU leaves is valid until here. */
static struct page *cpu_root;
static void load_root(struct vcpu *v)
{
    if ( cpu_root && !pv_is_valid(cpu_root) )
        pv_fail("the CPU's root is no table any more");
    cpu_root = v->domain->pv->roots[v->vcpu_id].kernel;
}

/* What the machine was asked to do last. */
static struct {
    const struct domain *d;
    struct pv_vcpus vcpus;
    uint64_t va; /* ~0: whole TLBs */
    unsigned int nr, nr_caches, nr_loads;
    bool all_caches;
} asked;
static bool caches_allowed;

static void flush_va(struct domain *d, const struct pv_vcpus *vcpus,
                     uint64_t va)
{
    asked.d = d;
    asked.vcpus = *vcpus;
    asked.va = va;
    asked.nr++;
}

static void flush_tlb(struct domain *d, const struct pv_vcpus *vcpus)
{
    flush_va(d, vcpus, ~0UL);
    nr_cached = 0;
}

static bool may_flush_cache(const struct domain *d)
{
    (void)d;
    return caches_allowed;
}

static void flush_cache(bool all_cpus)
{
    asked.nr_caches++;
    asked.all_caches = all_cpus;
}

/* The frames that the CPU had are of type SEG until here. */
static struct pv_descriptors cpu_tables;
static void load_descriptors(struct vcpu *v)
{
    for ( unsigned int i = 0; i < PV_GDT_FRAMES; i++ )
        if ( cpu_tables.gdt[i] && pv_type(cpu_tables.gdt[i]) != PV_SEG )
            pv_fail("the CPU's GDT may be written");
    for ( unsigned int i = 0; i < PV_LDT_FRAMES; i++ )
        if ( cpu_tables.ldt[i] && pv_type(cpu_tables.ldt[i]) != PV_SEG )
            pv_fail("the CPU's LDT may be written");
    cpu_tables = v->domain->pv->descriptors[v->vcpu_id];
    asked.nr_loads++;
}

_Static_assert(PV_FRAMES % 512 == 0, "the entries of the rest fill pages");
static uint64_t pv_m2p[PV_FRAMES + PV_NO_RAM] __attribute__((aligned(4096)));
static struct pv_frame pv_types[PV_FRAMES + PV_NO_RAM]
    __attribute__((aligned(4096)));

static const struct pv_machine pv_test_machine = {
    .tlb_clock = test_clock,
    .flush_since = flush_since,
    .is_io = is_io,
    .may_map_io = may_map_io,
    .fill_l4 = fill_l4,
    .m2p_slot = 0xabc000 | PTE_P,
    .load_root = load_root,
    .load_descriptors = load_descriptors,
    .flush_tlb = flush_tlb,
    .flush_va = flush_va,
    .may_flush_cache = may_flush_cache,
    .flush_cache = flush_cache,
    .m2p = pv_m2p,
    .frames = pv_types,
};

/* A machine that was just started. */
static void pv_machine_reset(void)
{
    memset(pv_m2p, 0xff, PV_FRAMES * sizeof(*pv_m2p)); /* PV_M2P_NONE */
    memset(pv_types, 0, PV_FRAMES * sizeof(*pv_types));
    if ( !hosted_no_ram )
    {
        memset(pv_m2p + PV_FRAMES, 0xff, PV_NO_RAM * sizeof(*pv_m2p));
        if ( mprotect(pv_m2p + PV_FRAMES, PV_NO_RAM * sizeof(*pv_m2p),
                      PROT_READ) ||
             mprotect(pv_types + PV_FRAMES, PV_NO_RAM * sizeof(*pv_types),
                      PROT_READ) )
            pv_fail("no memory that cannot be written");
        hosted_no_ram = PV_NO_RAM;
    }
    pv_mm_init(&pv_test_machine);
    nr_cached = 0;
    stale_value = 2;
    cpu_root = NULL;
    memset(&asked, 0, sizeof(asked));
    memset(&cpu_tables, 0, sizeof(cpu_tables));
    caches_allowed = false;
}

#endif
