/* SPDX-License-Identifier: MIT */
/*
 * For test-kill-ops.h: operations about logs of memory, memory on demand, and
 * what a vcpu registers.
 */
#ifndef TESTS_TEST_KILL_MEMORY_H
#define TESTS_TEST_KILL_MEMORY_H

#include "test-kill.h"

#define DEMAND_GFN (FAR_GFN + 0x40000) /* gfns to populate on demand */
#define NR_LOGGED 64U

/* A dm_op with a second buffer. */
static inline void kill_dm(struct xen_dm_op *op, void *second, uint64_t size)
{
    struct xen_dm_op_buf buf[2] = { { .size = sizeof(*op) }, { .size = size } };

    buf[0].h.p = op;
    buf[1].h.p = second;
    IGNORE(hcall(__HYPERVISOR_dm_op, guest->domain_id, 2, P(buf), 0, 0));
}

static void op_on_demand(void)
{
    xen_pfn_t at[4] = { DEMAND_GFN, DEMAND_GFN + 1, DEMAND_GFN + 2,
                        DEMAND_GFN + 3 };
    struct xen_memory_reservation r = {
        .nr_extents = 4, .domid = guest->domain_id,
        .mem_flags = XENMEMF_populate_on_demand, .extent_start.p = at,
    };

    IGNORE(memory_op(XENMEM_populate_physmap, &r));
    IGNORE(p2m_pod_fault(guest, _gfn(at[0])));
}

static void op_target(void)
{
    static const unsigned int pages[] = { 8, 2, 0, 20 };
    struct xen_pod_target t = { .domid = guest->domain_id };

    for ( unsigned int i = 0; i < ARRAY_SIZE(pages); i++ )
    {
        t.target_pages = pages[i];
        IGNORE(memory_op(XENMEM_set_pod_target, &t));
        IGNORE(memory_op(XENMEM_get_pod_target, &t));
    }
}

/* A page that a vcpu touches, and gives back. */
static void op_touch(void)
{
    struct page *pg = p2m_get_page(guest, _gfn(DEMAND_GFN + 1), NULL);

    if ( pg )
        page_put(pg);
    decrease(guest->domain_id, DEMAND_GFN + 2, 0);
    decrease(DOMID_SELF, DEMAND_GFN + 3, 0);
}

static void log_op(unsigned int what)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_shadow_op, guest->domain_id);
    uint8_t map[NR_LOGGED / 8];

    op.u.shadow_op.op = what;
    op.u.shadow_op.pages = NR_LOGGED;
    op.u.shadow_op.dirty_bitmap.p = map;
    IGNORE(domctl_call(&op));
}

static void op_log(void)
{
    log_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY);
    log_dirty_mark(guest, RAM_GFN);
    log_op(XEN_DOMCTL_SHADOW_OP_PEEK);
    log_op(XEN_DOMCTL_SHADOW_OP_CLEAN);
    IGNORE(log_dirty_fault(guest, RAM_GFN + 1));
}

static void op_log_off(void)
{
    log_op(XEN_DOMCTL_SHADOW_OP_OFF);
}

static void op_vram(void)
{
    struct xen_dm_op op = { .op = XEN_DMOP_track_dirty_vram };
    uint8_t map[NR_LOGGED / 8];

    op.u.track_dirty_vram.first_pfn = RAM_GFN;
    op.u.track_dirty_vram.nr = NR_LOGGED;
    kill_dm(&op, map, sizeof(map));
    op.u.track_dirty_vram.nr = 0; /* no more */
    if ( current_domain == stub )
        kill_dm(&op, map, sizeof(map));
}

static void op_modified(void)
{
    struct xen_dm_op_modified_memory_extent extent = { .nr = 16,
                                                       .first_pfn = RAM_GFN };
    struct xen_dm_op op = { .op = XEN_DMOP_modified_memory };

    op.u.modified_memory.nr_extents = 1;
    kill_dm(&op, &extent, sizeof(extent));
}

static void op_frame_info(void)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_getpageframeinfo3,
                                       guest->domain_id);
    xen_pfn_t frames[4] = { RAM_GFN, LARGE_GFN, DEMAND_GFN, ~0UL };

    op.u.getpageframeinfo3.num = ARRAY_SIZE(frames);
    op.u.getpageframeinfo3.array.p = frames;
    IGNORE(domctl_call(&op));
}

static void op_claim(void)
{
    struct xen_memory_reservation r = { .domid = guest->domain_id,
                                        .nr_extents = 700 };

    IGNORE(memory_op(XENMEM_claim_pages, &r));
    r.nr_extents = 0;
    if ( current_domain == dom0 )
        IGNORE(memory_op(XENMEM_claim_pages, &r));
}

static void op_watchdog(void)
{
    sched_watchdog_t w = { .timeout = 1U << 20 };
    long id = hcall(__HYPERVISOR_sched_op, SCHEDOP_watchdog, P(&w), 0, 0, 0);

    if ( id > 0 )
        w.id = (uint32_t)id;
    w.timeout = current_domain == peer ? 0 : 1U << 21;
    IGNORE(hcall(__HYPERVISOR_sched_op, SCHEDOP_watchdog, P(&w), 0, 0, 0));
}

/* Areas in the caller's memory that the hypervisor writes to later. */
static void op_areas(void)
{
    static struct vcpu_runstate_info runstate[16];
    static struct vcpu_time_info time[16];
    unsigned int nr = current_domain->domain_id % 16;
    struct vcpu_register_runstate_memory_area run = {
        .addr.p = (uint64_t)&runstate[nr] };
    struct vcpu_register_time_memory_area clock = {
        .addr.p = (uint64_t)&time[nr] };

    IGNORE(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area,
                 current->vcpu_id, P(&run), 0, 0));
    IGNORE(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_time_memory_area,
                 current->vcpu_id, P(&clock), 0, 0));
    vcpu_runstate_show(current);
    run.addr.p = 0;
    IGNORE(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area,
                 current->vcpu_id, P(&run), 0, 0));
    clock.addr.p = 0;
    IGNORE(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_time_memory_area,
                 current->vcpu_id, P(&clock), 0, 0));
}

/* By 32-bit code: calls whose arguments are no addresses. */
static void op_32(void)
{
    static const unsigned int calls[][3] = {
        { __HYPERVISOR_vcpu_op, VCPUOP_down, 1 },
        { __HYPERVISOR_vcpu_op, VCPUOP_up, 1 },
        { __HYPERVISOR_set_timer_op, 0, 1U << 16 },
        { __HYPERVISOR_sched_op, SCHEDOP_poll, 0 },
        { __HYPERVISOR_memory_op, XENMEM_maximum_gpfn, 0 },
        { __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, 0 },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(calls); i++ )
    {
        struct hypercall hc = { .nr = calls[i][0],
                                .a = { calls[i][1], calls[i][2] } };

        IGNORE(hypercall_run_32(&hc));
    }
}

#endif
