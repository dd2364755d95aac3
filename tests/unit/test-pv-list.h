/* SPDX-License-Identifier: MIT */
/* A PV guest that is current, and its memory ops. */
#ifndef TEST_PV_LIST_H
#define TEST_PV_LIST_H

#include "test-pv.h"

#include <sys/mman.h>

#define ORDER 3
#define FRAMES (1U << ORDER)

static struct domain *d;
static xen_pfn_t *list, *list2; /* of a page each, which can be protected */
static struct xen_memory_reservation r;

static xen_pfn_t *map_list(void)
{
    void *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(p, MAP_FAILED);
    return p;
}

static int setup(void **state)
{
    if ( pv_setup(state) )
        return -1;
    cpu_root = NULL;
    list = map_list();
    list2 = map_list();
    d = pv_guest(1);
    fixture_be_dom(d);
    r = (struct xen_memory_reservation){ .domid = DOMID_SELF };
    r.extent_start.p = list;
    return 0;
}

static int teardown(void **state)
{
    hosted_preempt_every(0);
    munmap(list, PAGE_SIZE);
    munmap(list2, PAGE_SIZE);
    pv_kill(d);
    return pv_teardown(state);
}

static inline void protect(void *p, bool readonly)
{
    assert_int_equal(mprotect(p, PAGE_SIZE, readonly ? PROT_READ
                                                     : PROT_READ | PROT_WRITE),
                     0);
}

static inline long reserve(unsigned int op, unsigned int nr, unsigned int order)
{
    long rc;

    r.nr_extents = nr;
    r.extent_order = order;
    rc = memory_op(op, &r);
    pv_check();
    return rc;
}

/* nr frames of d's, whose pfns are from pfn on, in list[]. */
static inline void populate(xen_pfn_t pfn, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
        list[i] = pfn + i;
    assert_int_equal(reserve(XENMEM_populate_physmap, nr, 0), nr);
}

static inline void assert_own(uint64_t mfn, uint64_t pfn)
{
    const struct page *pg = mfn_to_page(_mfn(mfn));

    assert_ptr_equal(pg->owner, d);
    assert_int_equal(pg->refs, 1);
    assert_type(pg, PV_NONE, 0);
    assert_int_equal(pv_m2p[mfn], pfn);
}

/* Give way at each chance; how often it did, and what came of it. */
static inline long step_by_step(unsigned int op, void *arg, unsigned int *restarts)
{
    struct hypercall hc = { __HYPERVISOR_memory_op, { op, P(arg) } };
    long rc;

    *restarts = 0;
    for ( ;; )
    {
        hosted_preempt_every(1);
        rc = hypercall_dispatch(&hc);
        hosted_preempt_every(0);
        if ( rc != -ERESTART )
            break;
        if ( !(++*restarts % 16) )
            pv_check();
    }
    pv_check();
    return rc;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
