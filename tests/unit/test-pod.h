/* SPDX-License-Identifier: MIT */
/* What the tests of populate on demand share. */
#ifndef TEST_POD_H
#define TEST_POD_H

#include "fixture.h"

#include <hv/memory.h>

#define BASE 0x1000UL /* the first gfn to populate on demand */

static xen_pfn_t pod_list[64];

/* nr extents of d from BASE + at on, populated on demand: the number done. */
static inline long pod_populate(struct domain *d, uint64_t at, unsigned int nr,
                                unsigned int order, unsigned int flags)
{
    struct xen_memory_reservation r = {
        .nr_extents = nr, .extent_order = order, .mem_flags = flags,
        .domid = d->domain_id, .extent_start.p = pod_list,
    };

    assert_true(nr <= ARRAY_SIZE(pod_list));
    for ( unsigned int i = 0; i < nr; i++ )
        pod_list[i] = BASE + at + ((uint64_t)i << order);
    return memory_op(XENMEM_populate_physmap, &r);
}

static inline long pod_mark(struct domain *d, uint64_t at, unsigned int nr,
                            unsigned int order)
{
    return pod_populate(d, at, nr, order, XENMEMF_populate_on_demand);
}

static inline long pod_decrease(struct domain *d, uint64_t at,
                                unsigned int nr)
{
    struct xen_memory_reservation r = {
        .nr_extents = nr, .extent_start.p = pod_list,
        .domid = d == current_domain ? DOMID_SELF : d->domain_id,
    };

    for ( unsigned int i = 0; i < nr; i++ )
        pod_list[i] = BASE + at + i;
    return memory_op(XENMEM_decrease_reservation, &r);
}

static struct xen_pod_target pod_answer;

static inline long pod_target(struct domain *d, uint64_t pages)
{
    pod_answer = (struct xen_pod_target){ .domid = d->domain_id,
                                          .target_pages = pages };
    return memory_op(XENMEM_set_pod_target, &pod_answer);
}

/* A guest with nr entries and a cache of `pages`. */
static inline struct domain *pod_guest(unsigned int nr, unsigned int pages)
{
    struct domain *d = fixture_guest(2);

    assert_int_equal(pod_target(d, pages), 0);
    for ( unsigned int i = 0; i < nr; i += 64 )
        assert_int_equal(pod_mark(d, i, min(64U, nr - i), 0),
                         min(64U, nr - i));
    return d;
}

static inline void pod_is(struct domain *d, uint64_t tot, uint64_t cache,
                          uint64_t entries)
{
    struct xen_pod_target t = { .domid = d->domain_id };
    struct vcpu *v = current;

    fixture_be_dom(dom0);
    assert_int_equal(memory_op(XENMEM_get_pod_target, &t), 0);
    fixture_be(v);
    assert_int_equal(t.tot_pages, tot);
    assert_int_equal(t.pod_cache_pages, cache);
    assert_int_equal(t.pod_entries, entries);
    fixture_audit();
}

static inline enum p2m_type type_at(struct domain *d, uint64_t at)
{
    return p2m_lookup(d, _gfn(BASE + at)).type;
}

/* The guest writes to it, so that the sweep leaves it alone. */
static inline void write_to(struct domain *d, uint64_t at)
{
    struct page *pg = p2m_get_page(d, _gfn(BASE + at), NULL);

    assert_non_null(pg);
    ((uint64_t *)page_to_virt(pg))[511] = at + 1;
    log_dirty_mark(d, BASE + at);
    page_put(pg);
}

static inline uint64_t written(struct domain *d, uint64_t at)
{
    uint64_t *page = fixture_gfn_to_virt(d, BASE + at);

    return page ? page[511] : 0;
}

#endif
