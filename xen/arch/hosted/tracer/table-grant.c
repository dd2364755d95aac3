/* SPDX-License-Identifier: MIT */
/* grant_table_op(). */
#include <xen/grant_table.h>

#include "tables.h"

const struct value names_statuses[] = {
    { (uint16_t)GNTST_okay, "GNTST_okay", NULL },
    { (uint16_t)GNTST_general_error, "GNTST_general_error", NULL },
    { (uint16_t)GNTST_bad_domain, "GNTST_bad_domain", NULL },
    { (uint16_t)GNTST_bad_gntref, "GNTST_bad_gntref", NULL },
    { (uint16_t)GNTST_bad_handle, "GNTST_bad_handle", NULL },
    { (uint16_t)GNTST_bad_virt_addr, "GNTST_bad_virt_addr", NULL },
    { (uint16_t)GNTST_bad_dev_addr, "GNTST_bad_dev_addr", NULL },
    { (uint16_t)GNTST_no_device_space, "GNTST_no_device_space", NULL },
    { (uint16_t)GNTST_permission_denied, "GNTST_permission_denied", NULL },
    { (uint16_t)GNTST_bad_page, "GNTST_bad_page", NULL },
    { (uint16_t)GNTST_bad_copy_arg, "GNTST_bad_copy_arg", NULL },
    { (uint16_t)GNTST_address_too_big, "GNTST_address_too_big", NULL },
    { (uint16_t)GNTST_eagain, "GNTST_eagain", NULL },
    { (uint16_t)GNTST_no_space, "GNTST_no_space", NULL },
    NO_MORE
};

static const struct value names_gntmap[] = {
    IS(GNTMAP_device_map),
    IS(GNTMAP_host_map),
    IS(GNTMAP_readonly),
    IS(GNTMAP_application_map),
    IS(GNTMAP_contains_pte),
    NO_MORE
};

const struct value names_gntcopy[] = {
    IS(GNTCOPY_source_gref),
    IS(GNTCOPY_dest_gref),
    NO_MORE
};

static const struct value names_cacheflush_ops[] = {
    IS(GNTTAB_CACHE_CLEAN),
    IS(GNTTAB_CACHE_INVAL),
    IS(GNTTAB_CACHE_SOURCE_GREF),
    NO_MORE
};

#define T struct gnttab_map_grant_ref
static const struct field rows_gnt_map_grant_ref[] = {
    V(IN, HEX, host_addr),
    F(IN, flags, names_gntmap),
    V(IN, DEC, ref),
    N(IN, dom, names_domids),
    N(OUT, status, names_statuses),
    V(OUT, DEC, handle),
    V(OUT, HEX, dev_bus_addr),
    END
};
#undef T

#define T struct gnttab_unmap_grant_ref
static const struct field rows_gnt_unmap_grant_ref[] = {
    V(IN, HEX, host_addr),
    V(IN, HEX, dev_bus_addr),
    V(IN, DEC, handle),
    N(OUT, status, names_statuses),
    END
};
#undef T

#define T struct gnttab_setup_table
static const struct field rows_gnt_setup_table[] = {
    N(IN, dom, names_domids),
    V(IN, DEC, nr_frames),
    N(OUT, status, names_statuses),
    L(OUT, HEX, 8, frame_list, nr_frames),
    END
};
#undef T

#define T struct gnttab_dump_table
static const struct field rows_gnt_dump_table[] = {
    N(IN, dom, names_domids),
    N(OUT, status, names_statuses),
    END
};
#undef T

#define T struct gnttab_transfer
static const struct field rows_gnt_transfer[] = {
    V(IN, HEX, mfn),
    N(IN, domid, names_domids),
    V(IN, DEC, ref),
    N(OUT, status, names_statuses),
    END
};
#undef T

#define T struct gnttab_query_size
static const struct field rows_gnt_query_size[] = {
    N(IN, dom, names_domids),
    V(OUT, DEC, nr_frames),
    V(OUT, DEC, max_nr_frames),
    N(OUT, status, names_statuses),
    END
};
#undef T

#define T struct gnttab_unmap_and_replace
static const struct field rows_gnt_unmap_and_replace[] = {
    V(IN, HEX, host_addr),
    V(IN, HEX, new_addr),
    V(IN, DEC, handle),
    N(OUT, status, names_statuses),
    END
};
#undef T

#define T struct gnttab_set_version
static const struct field rows_gnt_set_version[] = {
    V(INOUT, DEC, version),
    END
};
#undef T

#define T struct gnttab_get_status_frames
static const struct field rows_gnt_get_status_frames[] = {
    V(IN, DEC, nr_frames),
    N(IN, dom, names_domids),
    N(OUT, status, names_statuses),
    L(OUT, HEX, 8, frame_list, nr_frames),
    END
};
#undef T

#define T struct gnttab_get_version
static const struct field rows_gnt_get_version[] = {
    N(IN, dom, names_domids),
    PAD(pad),
    V(OUT, DEC, version),
    END
};
#undef T

#define T struct gnttab_swap_grant_ref
static const struct field rows_gnt_swap_grant_ref[] = {
    V(IN, DEC, ref_a),
    V(IN, DEC, ref_b),
    N(OUT, status, names_statuses),
    END
};
#undef T

#define T struct gnttab_cache_flush
static const struct field rows_gnt_cache_flush[] = {
    V(IN, HEX, a.dev_bus_addr),
    V(IN, HEX, offset),
    V(IN, DEC, length),
    F(IN, op, names_cacheflush_ops),
    END
};
#undef T

#define T struct gnttab_copy
static const struct field rows_gnt_copy[] = {
    V(IN, HEX, source.u.gmfn),
    N(IN, source.domid, names_domids),
    V(IN, HEX, source.offset),
    V(IN, HEX, dest.u.gmfn),
    N(IN, dest.domid, names_domids),
    V(IN, HEX, dest.offset),
    V(IN, DEC, len),
    F(IN, flags, names_gntcopy),
    N(OUT, status, names_statuses),
    END
};
#undef T

const struct value names_grant_ops[] = {
    HAS(GNTTABOP_map_grant_ref, rows_gnt_map_grant_ref),
    HAS(GNTTABOP_unmap_grant_ref, rows_gnt_unmap_grant_ref),
    HAS(GNTTABOP_setup_table, rows_gnt_setup_table),
    HAS(GNTTABOP_dump_table, rows_gnt_dump_table),
    HAS(GNTTABOP_transfer, rows_gnt_transfer),
    HAS(GNTTABOP_copy, rows_gnt_copy),
    HAS(GNTTABOP_query_size, rows_gnt_query_size),
    HAS(GNTTABOP_unmap_and_replace, rows_gnt_unmap_and_replace),
    HAS(GNTTABOP_set_version, rows_gnt_set_version),
    HAS(GNTTABOP_get_status_frames, rows_gnt_get_status_frames),
    HAS(GNTTABOP_get_version, rows_gnt_get_version),
    HAS(GNTTABOP_swap_grant_ref, rows_gnt_swap_grant_ref),
    HAS(GNTTABOP_cache_flush, rows_gnt_cache_flush),
    NO_MORE
};
