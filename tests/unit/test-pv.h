/* SPDX-License-Identifier: MIT */
/*
 * A machine with PV guests: domains without CDF_hvm (but dom0) have tables, and
 * one CPU has a TLB that caches what the test makes it walk.  After each
 * operation pv_check() compares TLB and types, and audits.
 */
#ifndef TEST_PV_H
#define TEST_PV_H

#include "fixture.h"

#include <hv/atomic.h>
#include <pv-mm/pv-mm.h>
#include <x86/defns.h>

#define RW (PTE_P | PTE_RW | PTE_US)
#define RO (PTE_P | PTE_US)
#define IO_FRAME 0xfee00UL /* may be mapped */
#define IO_OTHER 0xfec00UL /* may not      */

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
static unsigned int pv_findings;

static uint64_t test_clock(void)
{
    return tlb_time;
}

static void flush_since(uint64_t stamp)
{
    if ( flushed_at > stamp )
        return;
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
                fail_msg("a stale walk goes through frame %#lx, type %u",
                         mfn_x(page_to_mfn(c->walk[k])),
                         pv_type(c->walk[k]));
        if ( c->mfn < nr_frames && c->writable )
        {
            const struct page *pg = mfn_to_page(_mfn(c->mfn));

            if ( (pv_type(pg) >= PV_L1 && pv_type(pg) <= PV_SEG) )
                fail_msg("a stale translation writes frame %#lx, type %u",
                         c->mfn, pv_type(pg));
        }
    }
}

/* ---- the machine ---- */

static bool is_io(mfn_t mfn)
{
    return mfn_x(mfn) == IO_FRAME || mfn_x(mfn) == IO_OTHER;
}

static bool may_map_io(const struct domain *d, mfn_t mfn)
{
    (void)d;
    return mfn_x(mfn) == IO_FRAME;
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
        fail_msg("the CPU's root is no table any more");
    cpu_root = v->domain->pv->roots[v->vcpu_id].kernel;
}

static const struct pv_machine pv_test_machine = {
    .tlb_clock = test_clock,
    .flush_since = flush_since,
    .is_io = is_io,
    .may_map_io = may_map_io,
    .fill_l4 = fill_l4,
    .load_root = load_root,
};

static int domain_create_hook(struct domain *d)
{
    return d->translated || d->is_privileged ? 0 : pv_domain_create(d);
}

static void relinquish_hook(struct domain *d)
{
    while ( d->pv && pv_domain_relinquish(d) == -ERESTART )
        continue;
}

static void audit_hook(audit_count_t count)
{
    struct domain *d;

    assert_int_equal(pv_audit_begin(), 0);
    for ( d = domain_next(NULL); d; d = domain_next(d) )
        if ( d->pv )
            pv_audit(d, count);
    pv_findings = pv_audit_end();
}

static int pv_setup(void **state)
{
    hosted_hooks.domain_create = domain_create_hook;
    hosted_hooks.domain_relinquish = relinquish_hook;
    hosted_hooks.domain_destroy = pv_domain_destroy;
    hosted_hooks.audit = audit_hook;
    nr_cached = 0;
    return fixture_setup(state) || pv_mm_init(&pv_test_machine) ? -1 : 0;
}

static int pv_teardown(void **state)
{
    unsigned int wrong;
    int rc;

    hosted_fail_alloc(0);
    wrong = audit_all() + pv_findings;
    hosted_hooks = (struct hosted_hooks){ 0 };
    pv_mm_exit();
    rc = fixture_teardown(state);
    return rc || wrong ? -1 : 0;
}

static struct domain *pv_guest(unsigned int max_vcpus)
{
    struct xen_domctl_createdomain config = fixture_config(max_vcpus);

    config.flags = 0;
    config.arch.emulation_flags = 0;
    return fixture_guest_config(&config);
}

static void pv_check(void)
{
    tlb_check();
    if ( audit_all() || pv_findings )
        fail_msg("%u types are wrong", pv_findings);
}

/* ---- building tables as a guest's kernel does: by plain writes ---- */

static inline struct page *pv_page(struct domain *d)
{
    struct page *pg = pv_alloc(d, 0);

    assert_non_null(pg);
    return pg;
}

static inline uint64_t mfn_of(const struct page *pg)
{
    return mfn_x(page_to_mfn(pg));
}

static inline uint64_t entry_to(const struct page *pg, uint64_t flags)
{
    return mfn_of(pg) << PAGE_SHIFT | flags;
}

static inline void set_raw(struct page *table, unsigned int i, uint64_t value)
{
    ((uint64_t *)page_to_virt(table))[i] = value;
}

static inline uint64_t get_raw(const struct page *table, unsigned int i)
{
    return ((const uint64_t *)page_to_virt(table))[i];
}

/* Where entry i of the table is. */
static inline uint64_t at(const struct page *table, unsigned int i)
{
    return (mfn_of(table) << PAGE_SHIFT) + i * 8;
}

/* ---- operations to their end, giving way as often as it takes ---- */

static unsigned int nr_restarts;

#define TO_THE_END(call)                                                     \
    ({                                                                       \
        int rc_;                                                             \
                                                                             \
        while ( (rc_ = (call)) == -ERESTART )                                \
            nr_restarts++;                                                   \
        rc_;                                                                 \
    })

/* An operation with *done is not repeated when that is set. */
static inline int update_from(struct domain *d, uint64_t ptr, uint64_t value,
                       struct domain *owner, unsigned int flags)
{
    bool done;
    int rc;

    do {
        rc = pv_update(d, ptr, value, owner, flags, &done);
        nr_restarts += rc == -ERESTART;
    } while ( rc == -ERESTART && !done );
    return done ? 0 : rc;
}

static inline int update(struct domain *d, uint64_t ptr, uint64_t value)
{
    return update_from(d, ptr, value, d, 0);
}

static inline int pin(struct domain *d, const struct page *pg, unsigned int level)
{
    return TO_THE_END(pv_pin(d, page_to_mfn(pg), level));
}

static inline int unpin(struct domain *d, const struct page *pg)
{
    bool done;
    int rc;

    do
        rc = pv_unpin(d, page_to_mfn(pg), &done);
    while ( rc == -ERESTART && !done );
    return done ? 0 : rc;
}

static inline int release(struct domain *d, const struct page *pg)
{
    bool done;
    int rc;

    do
        rc = pv_release(d, page_to_mfn(pg), &done);
    while ( rc == -ERESTART && !done );
    return done ? 0 : rc;
}

static inline int set_root(struct vcpu *v, const struct page *pg, bool user)
{
    bool done;
    int rc;

    do
        rc = pv_set_root(v, pg ? page_to_mfn(pg) : _mfn(0), user, &done);
    while ( rc == -ERESTART && !done );
    return done ? 0 : rc;
}

/* Work that the last operation left is completed. */
static inline void settle(struct domain *d)
{
    bool done;

    while ( pv_unpin(d, _mfn(0), &done) == -ERESTART )
        continue;
    while ( d->pv->work.depth )
        (void)!pv_pin(d, _mfn(0), 1);
}

struct tree {
    struct page *table[5]; /* by level */
    struct page *data;
};

/* An address space of one page, mapped with `flags`. */
static inline struct tree make_tree(struct domain *d, uint64_t flags)
{
    struct tree t;

    t.data = pv_page(d);
    for ( unsigned int level = 1; level <= 4; level++ )
        t.table[level] = pv_page(d);
    set_raw(t.table[1], 5, entry_to(t.data, flags));
    for ( unsigned int level = 2; level <= 4; level++ )
        set_raw(t.table[level], level, entry_to(t.table[level - 1], RW));
    return t;
}

static inline void assert_type(const struct page *pg, enum pv_type t, uint32_t count)
{
    assert_int_equal(pv_type(pg), t);
    assert_int_equal(pv_type_count(pg), count);
}

#define PV_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, pv_setup, pv_teardown)

#endif
