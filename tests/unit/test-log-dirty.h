/* SPDX-License-Identifier: MIT */
/* What the tests of both logs of dirty frames share. */
#ifndef TEST_LOG_DIRTY_H
#define TEST_LOG_DIRTY_H

#include "test-ioreq.h"

#include "test-grant.h"

#define FRAMES 4096

static struct xen_dm_op dm_arg;

static inline long dm_op(struct domain *d, void *second, uint64_t size)
{
    struct xen_dm_op_buf buf[2] = { { .size = sizeof(dm_arg) }, { .size = size } };

    buf[0].h.p = &dm_arg;
    buf[1].h.p = second;
    return hcall(__HYPERVISOR_dm_op, d->domain_id, 2, P(buf), 0, 0);
}

static inline long track(struct domain *d, uint64_t first, uint32_t nr,
                         uint8_t *to)
{
    memset(&dm_arg, 0, sizeof(dm_arg));
    dm_arg.op = XEN_DMOP_track_dirty_vram;
    dm_arg.u.track_dirty_vram.first_pfn = first;
    dm_arg.u.track_dirty_vram.nr = nr;
    memset(to, 0x55, FRAMES / 8);
    return dm_op(d, to, DIV_ROUND_UP(nr, 8));
}

static inline bool bit(const uint8_t *map, uint64_t i)
{
    return map[i / 8] >> i % 8 & 1;
}

/* How many of nr bits are set. */
static inline unsigned int count(const uint8_t *map, unsigned int nr)
{
    unsigned int n = 0;

    for ( unsigned int i = 0; i < nr; i++ )
        n += bit(map, i);
    return n;
}

static inline bool is_clean(struct domain *d, uint64_t gfn)
{
    return p2m_lookup(d, _gfn(gfn)).clean;
}

static uint8_t bits[FRAMES / 8];

static inline void populate_large(struct domain *d, uint64_t gfn)
{
    struct page *pg = page_alloc(d, 9, 0);

    assert_non_null(pg);
    assert_int_equal(p2m_set_order(d, _gfn(gfn), page_to_mfn(pg), 9,
                                   P2M_RAM_RW), 0);
}

static inline unsigned int order_at(struct domain *d, uint64_t gfn)
{
    unsigned int order;

    p2m_lookup_order(d, _gfn(gfn), &order);
    return order;
}

#endif
