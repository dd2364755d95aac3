/* SPDX-License-Identifier: MIT */
/*
 * A machine with PV guests: domains without CDF_hvm (but dom0) have tables.
 * After each operation pv_check() compares TLB and types, and audits.
 */
#ifndef TEST_PV_H
#define TEST_PV_H

#include "fixture.h"

#define pv_fail fail_msg
#define PV_FRAMES FIXTURE_FRAMES
#include "pv-machine.h"

#define RW (PTE_P | PTE_RW | PTE_US)
#define RO (PTE_P | PTE_US)
static bool control_has_pv; /* the domain that is being created */

static int domain_create_hook(struct domain *d)
{
    return d->translated || (d->is_privileged && !control_has_pv)
               ? 0 : pv_domain_create(d);
}

static void relinquish_hook(struct domain *d)
{
    while ( d->pv && pv_domain_relinquish(d) == -ERESTART )
        continue;
}

static int pv_setup(void **state)
{
    hosted_hooks.domain_create = domain_create_hook;
    hosted_hooks.domain_relinquish = relinquish_hook;
    hosted_hooks.domain_destroy = pv_domain_destroy;
    pv_machine_reset();
    return fixture_setup(state);
}

static int pv_teardown(void **state)
{
    unsigned int wrong;
    int rc;

    hosted_fail_alloc(0);
    wrong = audit_all();
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

/* Whoever is current. */
static inline void pv_kill(struct domain *d)
{
    fixture_be_dom(dom0);
    fixture_kill(d);
}

/* A PV domain that may do anything, with one vcpu. */
static inline struct domain *pv_control(void)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d = NULL;

    config.flags = 0;
    config.arch.emulation_flags = 0;
    control_has_pv = true;
    assert_int_equal(domain_create(DOMID_INVALID, &config, true, &d), 0);
    control_has_pv = false;
    d->max_pages = UINT64_MAX;
    assert_int_equal(vcpu_create(d, 0), 0);
    return d;
}

static inline void pv_check(void)
{
    tlb_check();
    assert_int_equal(audit_all(), 0);
}

/* ---- building tables as a guest's kernel does: by plain writes ---- */

static inline struct page *pv_page(struct domain *d)
{
    struct page *pg = pv_alloc(d, 0);

    assert_non_null(pg);
    for ( unsigned int i = 0; i < 512; i++ )
        assert_int_equal(((uint64_t *)page_to_virt(pg))[i], 0);
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

/* A hypercall of the current vcpu, to its end. */
static inline long pv_call(long (*op)(struct hypercall *hc), unsigned long a0,
                           unsigned long a1, unsigned long a2,
                           unsigned long a3)
{
    struct hypercall hc = { 0, { a0, a1, a2, a3 } };

    return TO_THE_END(op(&hc));
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

/* Work that takes its L1 table in, or drops it, gives way between its entries. */
static inline void fill_l1(const struct tree *t)
{
    for ( unsigned int i = 0; i < 512; i++ )
        set_raw(t->table[1], i, entry_to(t->data, RW));
}

/* A guest with an address space, that is current. */
static inline struct domain *guest_with_tree(struct tree *t)
{
    struct domain *d = pv_guest(1);

    cpu_root = NULL;
    *t = make_tree(d, RW);
    fixture_be_dom(d);
    assert_int_equal(set_root(current, t->table[4], false), 0);
    return d;
}

static inline void assert_type(const struct page *pg, enum pv_type t, uint32_t count)
{
    assert_int_equal(pv_type(pg), t);
    assert_int_equal(pv_type_count(pg), count);
}

#define PV_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, pv_setup, pv_teardown)

#endif
