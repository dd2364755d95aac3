/* SPDX-License-Identifier: MIT */
/*
 * Shares of caches and of memory bandwidth: monitoring (CMT) and allocation.
 */
#include "private.h"

#include <xen/platform.h>

/* MSRs that select and read a counter of a monitoring id. */
#define MSR_QM_EVTSEL 0xc8d
#define MSR_QM_CTR 0xc8e
#define MSR_TSC 0x10
#define QM_CTR_ERROR (3ULL << 62)

static int cmt_domctl(xc_interface *xch, uint32_t domid, uint32_t cmd,
                      uint32_t *data)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_psr_cmt_op,
        .domain = domid16(domid),
        .u.psr_cmt_op.cmd = cmd,
    };
    int rc = do_domctl(xch, &op);

    if ( !rc && data )
        *data = op.u.psr_cmt_op.data;

    return rc;
}

int xc_psr_cmt_attach(xc_interface *xch, uint32_t domid)
{
    return cmt_domctl(xch, domid, XEN_DOMCTL_PSR_CMT_OP_ATTACH, NULL);
}

int xc_psr_cmt_detach(xc_interface *xch, uint32_t domid)
{
    return cmt_domctl(xch, domid, XEN_DOMCTL_PSR_CMT_OP_DETACH, NULL);
}

int xc_psr_cmt_get_domain_rmid(xc_interface *xch, uint32_t domid,
                               uint32_t *rmid)
{
    return cmt_domctl(xch, domid, XEN_DOMCTL_PSR_CMT_OP_QUERY_RMID, rmid);
}

static int cmt_sysctl(xc_interface *xch, uint32_t cmd, uint32_t cpu,
                      uint32_t *data)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_psr_cmt_op,
        .u.psr_cmt_op = { .cmd = cmd, .u.l3_cache.cpu = cpu },
    };
    int rc = do_sysctl(xch, &op);

    if ( !rc )
        *data = op.u.psr_cmt_op.u.data;

    return rc;
}

/* What does not change while the host runs is asked until it is known. */
static int cmt_once(xc_interface *xch, uint32_t cmd, uint32_t cpu,
                    uint32_t *known, uint32_t *data)
{
    int rc = 0;

    if ( !*known )
        rc = cmt_sysctl(xch, cmd, cpu, known);
    if ( !rc )
        *data = *known;

    return rc;
}

int xc_psr_cmt_get_total_rmid(xc_interface *xch, uint32_t *total_rmid)
{
    static uint32_t known;

    return cmt_once(xch, XEN_SYSCTL_PSR_CMT_get_total_rmid, 0, &known,
                    total_rmid);
}

int xc_psr_cmt_get_l3_upscaling_factor(xc_interface *xch,
                                       uint32_t *upscaling_factor)
{
    static uint32_t known;

    return cmt_once(xch, XEN_SYSCTL_PSR_CMT_get_l3_upscaling_factor, 0,
                    &known, upscaling_factor);
}

int xc_psr_cmt_get_l3_event_mask(xc_interface *xch, uint32_t *event_mask)
{
    return cmt_sysctl(xch, XEN_SYSCTL_PSR_CMT_get_l3_event_mask, 0,
                      event_mask);
}

int xc_psr_cmt_get_l3_cache_size(xc_interface *xch, uint32_t cpu,
                                 uint32_t *l3_cache_size)
{
    static uint32_t known; /* ABI: one size for all CPUs */

    return cmt_once(xch, XEN_SYSCTL_PSR_CMT_get_l3_cache_size, cpu, &known,
                    l3_cache_size);
}

int xc_psr_cmt_enabled(xc_interface *xch)
{
    static int known = -1;
    uint32_t enabled;

    if ( known < 0 )
    {
        if ( cmt_sysctl(xch, XEN_SYSCTL_PSR_CMT_enabled, 0, &enabled) )
            return 0;
        known = enabled;
    }

    return known;
}

int xc_psr_cmt_get_data(xc_interface *xch, uint32_t rmid, uint32_t cpu,
                        xc_psr_cmt_type type, uint64_t *monitor_data,
                        uint64_t *tsc)
{
    static const uint32_t events[] = {
        [XC_PSR_CMT_L3_OCCUPANCY] = 1,
        [XC_PSR_CMT_TOTAL_MEM_COUNT] = 2,
        [XC_PSR_CMT_LOCAL_MEM_COUNT] = 3,
    };
    xc_resource_entry_t entries[3] = {
        { .u.cmd = XEN_RESOURCE_OP_MSR_WRITE, .idx = MSR_QM_EVTSEL },
        { .u.cmd = XEN_RESOURCE_OP_MSR_READ, .idx = MSR_QM_CTR },
        { .u.cmd = XEN_RESOURCE_OP_MSR_READ, .idx = MSR_TSC },
    };
    xc_resource_op_t op = {
        .cpu = cpu,
        .nr_entries = tsc ? 3 : 2,
        .entries = entries,
    };
    int rc;

    if ( type >= sizeof(events) / sizeof(events[0]) )
        return -1;
    entries[0].val = (uint64_t)rmid << 32 | events[type];

    rc = xc_resource_op(xch, 1, &op);
    if ( rc < 0 )
        return rc;
    if ( op.result != op.nr_entries || (entries[1].val & QM_CTR_ERROR) )
        return -1;

    *monitor_data = entries[1].val;
    if ( tsc )
        *tsc = entries[2].val;

    return 0;
}

/* --- allocation ---------------------------------------------------------- */

/* The command that sets or gets a type; -1 with EINVAL: no such type. */
static int psr_command(xc_psr_type type, bool set)
{
    static const struct {
        uint8_t set, get;
    } commands[] = {
#define BOTH(t) { XEN_DOMCTL_PSR_SET_##t, XEN_DOMCTL_PSR_GET_##t }
        [XC_PSR_CAT_L3_CBM] = BOTH(L3_CBM),
        [XC_PSR_CAT_L3_CBM_CODE] = BOTH(L3_CODE),
        [XC_PSR_CAT_L3_CBM_DATA] = BOTH(L3_DATA),
        [XC_PSR_CAT_L2_CBM] = BOTH(L2_CBM),
        [XC_PSR_MBA_THRTL] = BOTH(MBA_THRTL),
#undef BOTH
    };

    if ( !type || type >= sizeof(commands) / sizeof(commands[0]) )
        return fail(EINVAL);

    return set ? commands[type].set : commands[type].get;
}

int xc_psr_set_domain_data(xc_interface *xch, uint32_t domid,
                           xc_psr_type type, uint32_t target, uint64_t data)
{
    int cmd = psr_command(type, true);
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_psr_alloc,
        .domain = domid16(domid),
        .u.psr_alloc = { .cmd = cmd, .target = target, .data = data },
    };

    return cmd < 0 ? -1 : do_domctl(xch, &op);
}

int xc_psr_get_domain_data(xc_interface *xch, uint32_t domid,
                           xc_psr_type type, uint32_t target, uint64_t *data)
{
    int cmd = psr_command(type, false), rc;
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_psr_alloc,
        .domain = domid16(domid),
        .u.psr_alloc = { .cmd = cmd, .target = target },
    };

    if ( cmd < 0 )
        return -1;
    rc = do_domctl(xch, &op);
    if ( !rc )
        *data = op.u.psr_alloc.data;

    return rc;
}

int xc_psr_get_hw_info(xc_interface *xch, uint32_t socket,
                       xc_psr_feat_type type, xc_psr_hw_info *hw_info)
{
    static const uint32_t commands[] = {
        [XC_PSR_CAT_L3] = XEN_SYSCTL_PSR_get_l3_info,
        [XC_PSR_CAT_L2] = XEN_SYSCTL_PSR_get_l2_info,
        [XC_PSR_MBA] = XEN_SYSCTL_PSR_get_mba_info,
    };
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_psr_alloc,
        .u.psr_alloc.target = socket,
    };
    int rc;

    if ( type >= sizeof(commands) / sizeof(commands[0]) )
        return fail(EOPNOTSUPP);
    op.u.psr_alloc.cmd = commands[type];
    rc = do_sysctl(xch, &op);
    if ( rc )
        return rc;

    if ( type == XC_PSR_MBA )
    {
        hw_info->mba.cos_max = op.u.psr_alloc.u.mba_info.cos_max;
        hw_info->mba.thrtl_max = op.u.psr_alloc.u.mba_info.thrtl_max;
        hw_info->mba.linear =
            op.u.psr_alloc.u.mba_info.flags & XEN_SYSCTL_PSR_MBA_LINEAR;
        return 0;
    }
    hw_info->cat.cos_max = op.u.psr_alloc.u.cat_info.cos_max;
    hw_info->cat.cbm_len = op.u.psr_alloc.u.cat_info.cbm_len;
    hw_info->cat.cdp_enabled =
        type == XC_PSR_CAT_L3 &&
        (op.u.psr_alloc.u.cat_info.flags & XEN_SYSCTL_PSR_CAT_L3_CDP);

    return 0;
}
