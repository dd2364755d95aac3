/* SPDX-License-Identifier: MIT */
/*
 * Grant tables of other domains, through the hypercall.  Mapping a grant is
 * libxengnttab's.
 */
#include "private.h"

int xc_gnttab_op(xc_interface *xch, int cmd, void *op, int op_size, int count)
{
    xc_hypercall_buffer_t b =
        BOUNCE(op, (size_t)op_size * count, BOUNCE_BOTH);
    int rc;

    if ( bounce_in(xch, "grant_table_op", &b, 1) )
        return -1;

    rc = xencall3(xch->xcall, __HYPERVISOR_grant_table_op, cmd,
                  (uintptr_t)b.hbuf, count);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        detail(xch, "grant_table_op %d: %s", cmd, xc_strerror(xch, errno));

    return rc;
}

int xc_gnttab_query_size(xc_interface *xch, struct gnttab_query_size *query)
{
    int rc = xc_gnttab_op(xch, GNTTABOP_query_size, query, sizeof(*query), 1);

    if ( rc || query->status != GNTST_okay )
        report(xch, "size of domain %u's grant table not known (status %d)",
               query->dom, query->status);

    return rc;
}

int xc_gnttab_get_version(xc_interface *xch, uint32_t domid)
{
    struct gnttab_get_version query = { .dom = domid16(domid) };
    int rc = xc_gnttab_op(xch, GNTTABOP_get_version, &query, sizeof(query), 1);

    return rc < 0 ? rc : (int)query.version;
}

/*
 * Maps all shared frames the table has now and counts their entries.  The
 * frames are GMFNs: a translated guest must have them in its address space.
 */
static void *map_table(xc_interface *xch, uint32_t domid, size_t entry_size,
                       int *gnt_num)
{
    ZEROED(struct gnttab_query_size, query);
    ZEROED(struct gnttab_setup_table, setup);
    xc_hypercall_buffer_t b;
    xen_pfn_t *frames;
    void *table = NULL;

    query.dom = setup.dom = domid16(domid);
    if ( xc_gnttab_query_size(xch, &query) || query.status != GNTST_okay )
        return NULL;

    frames = calloc(query.nr_frames ?: 1, sizeof(*frames));
    if ( !frames )
        return NULL;

    b = (xc_hypercall_buffer_t)BOUNCE(
        frames, query.nr_frames * sizeof(*frames), BOUNCE_BOTH);
    if ( bounce_in(xch, "setup_table", &b, 1) )
        goto out;
    setup.nr_frames = query.nr_frames;
    set_xen_guest_handle_raw(setup.frame_list, b.hbuf);

    if ( xc_gnttab_op(xch, GNTTABOP_setup_table, &setup, sizeof(setup), 1) ||
         setup.status != GNTST_okay )
    {
        report(xch, "frames of domain %u's grant table not known (status %d)",
               domid, setup.status);
        bounce_out(xch, &b, 1);
        goto out;
    }
    bounce_out(xch, &b, 1);

    /* ABI: the count is written even if the mapping fails. */
    *gnt_num = query.nr_frames * (XC_PAGE_SIZE / entry_size);
    table = xc_map_foreign_pages(xch, domid, PROT_READ, frames,
                                 query.nr_frames);
    if ( !table )
        report_errno(xch, "domain %u's grant table not mapped", domid);

out:
    free(frames);

    return table;
}

grant_entry_v1_t *xc_gnttab_map_table_v1(xc_interface *xch, uint32_t domid,
                                         int *gnt_num)
{
    if ( xc_gnttab_get_version(xch, domid) == 2 )
        return NULL;

    return map_table(xch, domid, sizeof(grant_entry_v1_t), gnt_num);
}

grant_entry_v2_t *xc_gnttab_map_table_v2(xc_interface *xch, uint32_t domid,
                                         int *gnt_num)
{
    if ( xc_gnttab_get_version(xch, domid) != 2 )
        return NULL;

    return map_table(xch, domid, sizeof(grant_entry_v2_t), gnt_num);
}
