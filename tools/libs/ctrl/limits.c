/* SPDX-License-Identifier: MIT */
/*
 * Limits of a domain: memory, pools and memory maps.
 */
#include "private.h"

int xc_domain_setmaxmem(xc_interface *xch, uint32_t domid, uint64_t max_memkb)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_max_mem,
        .domain = domid16(domid),
        .u.max_mem.max_memkb = max_memkb,
    };

    return do_domctl(xch, &op);
}

int xc_get_paging_mempool_size(xc_interface *xch, uint32_t domid,
                               uint64_t *size)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_get_paging_mempool_size,
        .domain = domid16(domid),
    };
    int rc = do_domctl(xch, &op);

    if ( rc )
        return rc;
    *size = op.u.paging_mempool.size;

    return 0;
}

int xc_set_paging_mempool_size(xc_interface *xch, uint32_t domid,
                               uint64_t size)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_set_paging_mempool_size,
        .domain = domid16(domid),
        .u.paging_mempool.size = size,
    };

    return do_domctl(xch, &op);
}

int xc_domain_set_memory_map(xc_interface *xch, uint32_t domid,
                             struct e820entry entries[], uint32_t nr_entries)
{
    xc_hypercall_buffer_t b =
        BOUNCE(entries, nr_entries * sizeof(entries[0]), BOUNCE_IN);
    ZEROED(struct xen_foreign_memory_map, op);
    int rc;

    op.domid = domid16(domid);
    op.map.nr_entries = nr_entries;
    if ( bounce_in(xch, "set_memory_map", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.map.buffer, b.hbuf);
    rc = xc_memory_op(xch, XENMEM_set_memory_map, &op, sizeof(op));
    bounce_out(xch, &b, 1);

    return rc;
}

int xc_domain_set_memmap_limit(xc_interface *xch, uint32_t domid,
                               unsigned long map_limitkb)
{
    struct e820entry ram = {
        .size = (uint64_t)map_limitkb << 10,
        .type = E820_RAM,
    };

    return xc_domain_set_memory_map(xch, domid, &ram, 1);
}

int xc_get_machine_memory_map(xc_interface *xch, struct e820entry entries[],
                              uint32_t max_entries)
{
    xc_hypercall_buffer_t b =
        BOUNCE(entries, max_entries * sizeof(entries[0]), BOUNCE_OUT);
    ZEROED(struct xen_memory_map, op);
    int rc;

    if ( !entries || max_entries <= 1 )
        return fail(EINVAL);
    op.nr_entries = max_entries;
    if ( bounce_in(xch, "machine_memory_map", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.buffer, b.hbuf);
    rc = xc_memory_op(xch, XENMEM_machine_memory_map, &op, sizeof(op));
    bounce_out(xch, &b, 1);

    return rc ? rc : (int)op.nr_entries;
}

/* --- populate on demand -------------------------------------------------- */

static int pod_target_op(xc_interface *xch, unsigned int cmd, uint32_t domid,
                         uint64_t target_pages, uint64_t *tot_pages,
                         uint64_t *pod_cache_pages, uint64_t *pod_entries)
{
    ZEROED(struct xen_pod_target, op);
    int rc;

    op.domid = domid16(domid);
    op.target_pages = target_pages;
    rc = xc_memory_op(xch, cmd, &op, sizeof(op));


    /* ABI: the outputs are written also after an error. */
    if ( tot_pages )
        *tot_pages = op.tot_pages;
    if ( pod_cache_pages )
        *pod_cache_pages = op.pod_cache_pages;
    if ( pod_entries )
        *pod_entries = op.pod_entries;

    return rc < 0 ? -1 : 0;
}

int xc_domain_set_pod_target(xc_interface *xch, uint32_t domid,
                             uint64_t target_pages, uint64_t *tot_pages,
                             uint64_t *pod_cache_pages, uint64_t *pod_entries)
{
    return pod_target_op(xch, XENMEM_set_pod_target, domid, target_pages,
                         tot_pages, pod_cache_pages, pod_entries);
}

int xc_domain_get_pod_target(xc_interface *xch, uint32_t domid,
                             uint64_t *tot_pages, uint64_t *pod_cache_pages,
                             uint64_t *pod_entries)
{
    return pod_target_op(xch, XENMEM_get_pod_target, domid, -1, tot_pages,
                         pod_cache_pages, pod_entries);
}
