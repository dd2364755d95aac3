/* SPDX-License-Identifier: MIT */
/*
 * A fixture for large entries: 2 GiB of frames, most of which are never
 * written. The heap has the first 32 MiB; `large` is a translated domain that
 * owns, with one reference each, the 1 GiB from G1 on and 16 MiB from M2_FRAMES
 * on.
 */
#ifndef TEST_P2M_LARGE_H
#define TEST_P2M_LARGE_H

#include "fixture.h"

#define G1 (1UL << 18)
#define M2_FRAMES 0x4000UL

static struct domain *large;
static unsigned int flushes;
static struct page *watched; /* held at every flush */

static void on_flush(struct domain *d, gfn_t gfn, uint64_t nr)
{
    (void)gfn, (void)nr;
    atomic_add_return(&flushes, 1);
    assert_false(spin_is_mine(&d->p2m.lock));
    if ( watched )
        assert_true(watched->refs >= 1);
}

/* The references that a test does not use. */
static inline void drop_frames(uint64_t mfn, uint64_t nr)
{
    for ( uint64_t i = 0; i < nr; i++ )
        page_put(mfn_to_page(_mfn(mfn + i)));
}

static int large_setup(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    (void)state;
    if ( hosted_init(2 * G1) )
        return -1;
    memset(frame_table, 0, nr_frames * sizeof(*frame_table));
    page_heap_init(frame_table, nr_frames);
    page_heap_add(0, 0x2000);
    if ( domain_create(0, &config, true, &dom0) || vcpu_create(dom0, 0) )
        return -1;
    fixture_be_dom(dom0);
    large = fixture_guest(1);
    watched = NULL;
    hosted_hooks.p2m_flush = on_flush;
    if ( page_assign_boot(large, _mfn(G1), G1) ||
         page_assign_boot(large, _mfn(M2_FRAMES), 8 * 512) )
        return -1;
    return 0;
}

static int large_teardown(void **state)
{
    watched = NULL;
    return fixture_teardown(state);
}

#endif
