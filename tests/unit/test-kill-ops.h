/* SPDX-License-Identifier: MIT */
/*
 * Operations of all kinds of the current vcpu on the guest of test-kill.h: some
 * of them are refused, always or once the guest is dying.
 */
#ifndef TESTS_TEST_KILL_OPS_H
#define TESTS_TEST_KILL_OPS_H

#include "test-kill-memory.h"

static uint32_t handle; /* of the caller's last grant mapping */

/* ---- the operations ---- */

static void op_populate(void)
{
    populate(guest->domain_id, RAM_GFN, 0);
    populate(guest->domain_id, FAR_GFN, 0);
    populate(guest->domain_id, FAR_GFN + 512, 9);
    populate(DOMID_SELF, FAR_GFN + 1024, 0);
}

static void op_decrease(void)
{
    decrease(guest->domain_id, RAM_GFN + 3, 0);
    decrease(guest->domain_id, LARGE_GFN + 7, 0);
    decrease(DOMID_SELF, FAR_GFN + 1024, 0);
}

static void op_pool(void)
{
    IGNORE(resize_pool(guest, 1024));
    IGNORE(resize_pool(stub, 512));
}

static void op_pool_shrink(void)
{
    IGNORE(resize_pool(guest, 256));
}

static void op_mem_type(void)
{
    for ( unsigned int type = HVMMEM_ram_rw; type <= HVMMEM_ioreq_server;
          type++ )
    {
        IGNORE(mem_type(guest, RAM_GFN + 4, type));
        IGNORE(mem_type(guest, LARGE_GFN + 100, type));
        IGNORE(mem_type(guest, 0x100000, type)); /* below FAR_GFN */
    }
    IGNORE(mem_type(guest, RAM_GFN + 5, HVMMEM_mmio_dm));
    IGNORE(mem_type(guest, LARGE_GFN + 5, HVMMEM_mmio_dm));
}

static void op_relocate(void)
{
    IGNORE(relocate(guest, RAM_GFN + 6, FAR_GFN + 2048));
    IGNORE(relocate(guest, LARGE_GFN + 60, FAR_GFN + 2049));
}

static void op_physmap(void)
{
    IGNORE(physmap(guest, XENMAPSPACE_shared_info, 0, FAR_GFN + 4096));
    IGNORE(physmap(guest, XENMAPSPACE_grant_table, 0, FAR_GFN + 4097));
    IGNORE(physmap(guest, XENMAPSPACE_grant_table, 3, FAR_GFN + 4098));
    IGNORE(physmap(guest, XENMAPSPACE_gmfn, RAM_GFN + 7, FAR_GFN + 4099));
    IGNORE(physmap(guest, XENMAPSPACE_gmfn, LARGE_GFN + 9, RAM_GFN + 7));
}

static void op_physmap_remove(void)
{
    IGNORE(unmap_gfn(guest, FAR_GFN + 4096));
    IGNORE(unmap_gfn(guest, FAR_GFN + 4097));
    IGNORE(unmap_gfn(guest, LARGE_GFN + 10));
}

static void op_foreign(void)
{
    struct domain *into[] = { guest, stub, peer, pvh };

    for ( unsigned int i = 0; i < ARRAY_SIZE(into); i++ )
    {
        IGNORE(foreign_map(into[i], guest, RAM_GFN, FAR_GFN + 8192));
        IGNORE(foreign_map(into[i], stub, RAM_GFN, RAM_GFN + 2));
        IGNORE(foreign_map(into[i], peer, RAM_GFN, FAR_GFN + 8193));
    }
}

static void op_foreign_remove(void)
{
    struct domain *into[] = { guest, stub, peer, pvh };

    for ( unsigned int i = 0; i < ARRAY_SIZE(into); i++ )
    {
        IGNORE(unmap_gfn(into[i], FAR_GFN + 8192));
        IGNORE(unmap_gfn(into[i], FAR_GFN + 8193));
    }
}

static void acquire_into(struct domain *d, unsigned int type, unsigned int id)
{
    xen_pfn_t gfn[2] = { FAR_GFN + 0x8000, FAR_GFN + 0x8001 };
    struct xen_mem_acquire_resource a = {
        .domid = d->domain_id, .type = (uint16_t)type, .id = id,
        .nr_frames = 2,
    };

    a.frame_list.p = gfn;
    IGNORE(memory_op(XENMEM_acquire_resource, &a));
    IGNORE(unmap_gfn(current_domain, gfn[0]));
    IGNORE(unmap_gfn(current_domain, gfn[1]));
}

static void op_acquire(void)
{
    acquire_into(guest, XENMEM_resource_ioreq_server, 0);
    acquire_into(guest, XENMEM_resource_grant_table, SHARED);
    acquire_into(stub, XENMEM_resource_grant_table, SHARED);
}

static void op_servers(void)
{
    struct xen_dm_op_get_ioreq_server_info info = { 0 };

    for ( unsigned int id = 0; id < 3; id++ )
    {
        IGNORE(create(guest, ATOMIC));
        IGNORE(map(guest, id, PORT, 0x100 * id, 0x100 * id + 9));
        if ( id == 1 )
            IGNORE(get_info(guest, id, 0, &info));
        IGNORE(set_state(guest, id, true));
        IGNORE(unmap(guest, id, PORT, 0x100 * id + 2, 0x100 * id + 3));
    }
}

static void op_servers_off(void)
{
    IGNORE(set_state(guest, 1, false));
    IGNORE(destroy(guest, 0));
    IGNORE(destroy(guest, 1));
}

static void op_claim_type(void)
{
    struct xen_dm_op op = { .op = XEN_DMOP_map_mem_type_to_ioreq_server };

    for ( unsigned int flags = 0; flags < 2; flags++ )
    {
        memset(&op.u, 0, sizeof(op.u));
        op.u.map_mem_type_to_ioreq_server.type = HVMMEM_ioreq_server;
        op.u.map_mem_type_to_ioreq_server.flags = 1 - flags;
        IGNORE(dm(guest, &op));
    }
}

static void op_params(void)
{
    kill_set_param(HVM_PARAM_CALLBACK_IRQ, 2UL << 56 | 0x40);
    kill_set_param(HVM_PARAM_IOREQ_PFN, RAM_GFN + 9);
    kill_set_param(HVM_PARAM_BUFIOREQ_PFN, RAM_GFN + 10);
}

static void op_events(void)
{
    struct domain *both[] = { guest, stub };

    for ( unsigned int i = 0; i < ARRAY_SIZE(both); i++ )
    {
        struct evtchn_alloc_unbound alloc = {
            .dom = both[i]->domain_id,
            .remote_dom = both[!i]->domain_id };
        struct evtchn_bind_interdomain bind = {
            .remote_dom = both[i]->domain_id };
        struct evtchn_send send = { 0 };
        struct evtchn_close close = { 0 };
        struct evtchn_bind_ipi ipi = { 0 };

        IGNORE(evtchn_op(EVTCHNOP_alloc_unbound, &alloc));
        bind.remote_port = alloc.port ? alloc.port : 1;
        IGNORE(evtchn_op(EVTCHNOP_bind_interdomain, &bind));
        send.port = bind.local_port;
        IGNORE(evtchn_op(EVTCHNOP_send, &send));
        close.port = bind.local_port;
        if ( i )
            IGNORE(evtchn_op(EVTCHNOP_close, &close));
        IGNORE(evtchn_op(EVTCHNOP_bind_ipi, &ipi));
    }
}

static void op_fifo(void)
{
    struct evtchn_init_control control = { .control_gfn = RAM_GFN + 11 };
    struct evtchn_expand_array array = { .array_gfn = RAM_GFN + 12 };

    IGNORE(evtchn_op(EVTCHNOP_init_control, &control));
    IGNORE(evtchn_op(EVTCHNOP_expand_array, &array));
}

static void op_event_reset(void)
{
    struct evtchn_reset reset = { .dom = guest->domain_id };

    IGNORE(evtchn_op(EVTCHNOP_reset, &reset));
}

static void op_grant_map(void)
{
    struct domain *from[] = { guest, stub, peer };

    for ( unsigned int i = 0; i < ARRAY_SIZE(from); i++ )
        for ( unsigned int ref = 10; ref < 13; ref++ )
        {
            gnttab_map_grant_ref_t op = { 0 };

            op = (gnttab_map_grant_ref_t){
                .host_addr = (FAR_GFN + 0x10000 + 4 * i + ref) << PAGE_SHIFT,
                .flags = current_domain->translated ? GNTMAP_host_map
                                                    : GNTMAP_device_map,
                .ref = ref, .dom = from[i]->domain_id };
            IGNORE(grant_op(GNTTABOP_map_grant_ref, &op, 1));
            if ( !op.status )
                handle = op.handle;
        }
}

static void op_grant_unmap(void)
{
    gnttab_unmap_grant_ref_t op = { .handle = handle };

    op.host_addr = (FAR_GFN + 0x10000 + 10) << PAGE_SHIFT;
    IGNORE(grant_op(GNTTABOP_unmap_grant_ref, &op, 1));
}

static void op_grant_copy(void)
{
    gnttab_copy_t copy = { .len = 64, .flags = GNTCOPY_source_gref };

    copy.source.u.ref = 11;
    copy.source.domid = guest->domain_id;
    copy.dest.u.gmfn = RAM_GFN + 1;
    copy.dest.domid = DOMID_SELF;
    IGNORE(grant_op(GNTTABOP_copy, &copy, 1));
}

static void op_grant_table(void)
{
    uint64_t frames[4];
    gnttab_setup_table_t setup = { .dom = guest->domain_id, .nr_frames = 4 };
    gnttab_set_version_t version = { .version = 2 };

    setup.frame_list.p = frames;
    IGNORE(grant_op(GNTTABOP_setup_table, &setup, 1));
    IGNORE(grant_op(GNTTABOP_set_version, &version, 1));
    version.version = 1;
    IGNORE(grant_op(GNTTABOP_set_version, &version, 1));
}

static void op_vcpu_areas(void)
{
    struct vcpu_register_vcpu_info info = { .mfn = RAM_GFN + 13 };

    for ( unsigned int i = 0; i < 2; i++ )
    {
        info.offset = i * 64;
        IGNORE(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, i,
                     P(&info), 0, 0));
        IGNORE(hcall(__HYPERVISOR_vcpu_op, VCPUOP_up, i, 0, 0, 0));
        IGNORE(hcall(__HYPERVISOR_vcpu_op, VCPUOP_down, 1 - i, 0, 0, 0));
    }
}

static void op_timers(void)
{
    struct sched_poll poll = { .nr_ports = 0, .timeout = 1UL << 62 };

    IGNORE(hcall(__HYPERVISOR_set_timer_op, 1UL << 48, 0, 0, 0, 0));
    IGNORE(hcall(__HYPERVISOR_sched_op, SCHEDOP_poll, P(&poll), 0, 0, 0));
    vcpu_wake(current);
}

static void op_shutdown(void)
{
    struct sched_remote_shutdown s = { .domain_id = guest->domain_id,
                                       .reason = SHUTDOWN_suspend };

    IGNORE(hcall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, P(&s), 0, 0,
                 0));
    IGNORE(domctl_do(XEN_DOMCTL_resumedomain, guest));
    IGNORE(domctl_do(XEN_DOMCTL_pausedomain, guest));
    IGNORE(domctl_do(XEN_DOMCTL_unpausedomain, guest));
}

static void op_domctl(void)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_max_vcpus,
                                       guest->domain_id);

    op.u.max_vcpus.max = 2;
    IGNORE(domctl_call(&op));
    for ( uint32_t cmd = XEN_DOMCTL_getdomaininfo; cmd < 90; cmd++ )
        IGNORE(domctl_do(cmd, guest)); /* with all else 0 */
}

static void op_memory_map(void)
{
    uint8_t entries[4 * 20] = { 0 }; /* E820: address, size, type */
    struct xen_foreign_memory_map m = { .domid = guest->domain_id,
                                        .map.nr_entries = 4 };

    m.map.buffer.p = entries;
    IGNORE(memory_op(XENMEM_set_memory_map, &m));
}

static void op_accesses(void)
{
    struct vcpu *v = domain_vcpu(guest, 0);
    ioreq_t p = in(0x105, 1);

    if ( current == v && !ioreq_in_flight(v) &&
         ioreq_send(v, &p) == IO_PENDING )
        IGNORE(ioreq_resume(v, &p));
}

static void (*const operation[])(void) = {
    op_populate, op_decrease, op_pool, op_pool_shrink, op_mem_type,
    op_relocate, op_physmap, op_physmap_remove, op_foreign,
    op_foreign_remove, op_acquire, op_servers, op_claim_type, op_params,
    op_events, op_fifo, op_event_reset, op_grant_map, op_grant_copy,
    op_grant_unmap, op_grant_table, op_vcpu_areas, op_timers, op_shutdown,
    op_domctl, op_memory_map, op_accesses, op_servers_off,
    op_on_demand, op_target, op_touch, op_log, op_log_off, op_vram,
    op_modified, op_frame_info, op_claim, op_watchdog, op_areas, op_32,
};

#define NR_OPERATIONS ARRAY_SIZE(operation)

#endif
