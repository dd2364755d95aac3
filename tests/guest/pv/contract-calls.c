/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls that other kinds of guests have, too: each number with an address
 * that is not mapped; events, grants, physdev_op; then vcpus.
 */
#include "contract.h"

#include <xen/grant_table.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/version.h>

#define UNMAPPED 0x8000000UL
#define NR(list) (sizeof(list) / sizeof((list)[0]))

/* With sub-operations from 0 on, as the first argument. */
static void all_numbers(void)
{
    static const struct
    {
        uint8_t nr, ops;
    } calls[] = {
        { __HYPERVISOR_platform_op, 1 },
        { 11, 1 }, { __HYPERVISOR_event_channel_op_compat, 1 },
        { __HYPERVISOR_xen_version, 14 }, { __HYPERVISOR_console_io, 3 },
        { __HYPERVISOR_physdev_op_compat, 1 },
        { __HYPERVISOR_grant_table_op, 14 }, { __HYPERVISOR_xsm_op, 1 },
        { __HYPERVISOR_nmi_op, 3 }, { __HYPERVISOR_xenoprof_op, 3 },
        { __HYPERVISOR_event_channel_op, 16 }, { __HYPERVISOR_physdev_op, 34 },
        { __HYPERVISOR_hvm_op, 28 }, { __HYPERVISOR_sysctl, 1 },
        { __HYPERVISOR_domctl, 1 }, { __HYPERVISOR_kexec_op, 3 },
        { __HYPERVISOR_tmem_op, 1 }, { __HYPERVISOR_argo_op, 2 },
        { __HYPERVISOR_xenpmu_op, 3 }, { __HYPERVISOR_dm_op, 1 },
        { __HYPERVISOR_hypfs_op, 2 }, { 43, 1 }, { 47, 1 },
        { __HYPERVISOR_arch_0, 1 }, { __HYPERVISOR_arch_1, 1 },
        { __HYPERVISOR_arch_7, 1 }, { 56, 1 }, { 63, 1 }, { 64, 1 }, { 255, 1 },
    };

    for ( unsigned int i = 0; i < NR(calls); i++ )
        for ( unsigned int op = 0; op < calls[i].ops; op++ )
            say("hypercall %u.%u: %ld\n", calls[i].nr, op,
                hypercall5(calls[i].nr, op, UNMAPPED, 1, UNMAPPED, 0));
    line("hypercall of 64 bits",
         hypercall2(1UL << 32 | __HYPERVISOR_xen_version, 0, 0));
    for ( unsigned int op = 0; op < 8; op++ )
        if ( op > 1 && op != SCHEDOP_shutdown && op != 5 )
            say("sched_op %u: %ld\n", op,
                hypercall2(__HYPERVISOR_sched_op, op, UNMAPPED));
    say("xen_version %lx\n", hypercall2(__HYPERVISOR_xen_version, 0, 0));
}

static void events(void)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    struct evtchn_send send;
    struct evtchn_close close;
    static const uint32_t virqs[] = { VIRQ_TIMER, VIRQ_DEBUG, VIRQ_CONSOLE,
                                      VIRQ_XENPMU, NR_VIRQS };

    for ( unsigned int i = 0; i < NR(virqs); i++ )
    {
        virq = (struct evtchn_bind_virq){ .virq = virqs[i] };
        say("bind_virq %u: %ld", virqs[i],
            evtchn_op(EVTCHNOP_bind_virq, &virq));
        virq.vcpu = 1;
        say(", of vcpu 1: %ld", evtchn_op(EVTCHNOP_bind_virq, &virq));
        virq.vcpu = 9;
        say(", of vcpu 9: %ld\n", evtchn_op(EVTCHNOP_bind_virq, &virq));
    }
    line("bind_ipi", evtchn_op(EVTCHNOP_bind_ipi, &ipi));
    send.port = ipi.port;
    line("send", evtchn_op(EVTCHNOP_send, &send));
    say("pending %d\n", shared_info->vcpu_info[0].evtchn_upcall_pending);
    line("unmask", evtchn_op(EVTCHNOP_unmask, &send));
    say("pending %d\n", shared_info->vcpu_info[0].evtchn_upcall_pending);
    /* Events are let in: by the mask's bit, the next hypercall delivers. */
    shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
    try((code_t)ADDRESS(hypercall5), __HYPERVISOR_xen_version, 0);
    say("event: vector %lx cs %lx rflags %lx mask %d\n", seen.vector,
        seen.cs, seen.rflags & ~0x8d5UL, seen.masked);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
    close.port = ipi.port;
    line("close", evtchn_op(EVTCHNOP_close, &close));
    line("close again", evtchn_op(EVTCHNOP_close, &close));
    line("send to it", evtchn_op(EVTCHNOP_send, &send));
}

static long grant(unsigned int op, void *arg, unsigned int nr)
{
    return hypercall5(__HYPERVISOR_grant_table_op, op, ADDRESS(arg), nr, 0, 0);
}

static void grants(void)
{
    xen_pfn_t frames[4];
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
    struct gnttab_query_size size = { .dom = DOMID_SELF };
    struct gnttab_map_grant_ref m = { .flags = GNTMAP_host_map };
    struct gnttab_unmap_grant_ref u = { .handle = 12345 };
    struct gnttab_set_version version = { .version = 2 };
    grant_entry_v1_t *table = (void *)pool[30];

    set_xen_guest_handle(setup.frame_list, frames);
    say("query_size: %ld", grant(GNTTABOP_query_size, &size, 1));
    say(" %d %u %u\n", size.status, size.nr_frames, size.max_nr_frames);
    say("setup_table: %ld", grant(GNTTABOP_setup_table, &setup, 1));
    say(" %d\n", setup.status);
    line("map the table", update_va(table, frames[0] << 12 | PAGE_RW,
                                    UVMF_INVLPG));
    table[8] = (grant_entry_v1_t){ .flags = GTF_permit_access, .domid = 0,
                                   .frame = (uint32_t)mfn_of(pool[31]) };
    m.host_addr = ADDRESS(pool[32]);
    m.ref = 8;
    m.dom = DOMID_SELF;
    say("map a grant for another: %ld",
        grant(GNTTABOP_map_grant_ref, &m, 1));
    say(" %d\n", m.status);
    m.dom = 0x7000;
    grant(GNTTABOP_map_grant_ref, &m, 1);
    line("map of no domain", m.status);
    m.dom = DOMID_SELF, m.ref = 1U << 20;
    grant(GNTTABOP_map_grant_ref, &m, 1);
    line("map beyond the table", m.status);
    m.ref = 8, m.flags = 0;
    grant(GNTTABOP_map_grant_ref, &m, 1);
    line("map without flags", m.status);
    grant(GNTTABOP_unmap_grant_ref, &u, 1);
    line("unmap of no handle", u.status);
    setup.nr_frames = 4096;
    grant(GNTTABOP_setup_table, &setup, 1);
    line("setup_table: too large", setup.status);
    line("set_version 2", grant(GNTTABOP_set_version, &version, 1));
    say("now %u\n", version.version);
    version.version = 1;
    line("set_version 1", grant(GNTTABOP_set_version, &version, 1));
    version.version = 3;
    line("set_version 3", grant(GNTTABOP_set_version, &version, 1));
}

static void iopl(unsigned int level)
{
    struct physdev_set_iopl set = { .iopl = level };

    say("set_iopl %u: %ld\n", level,
        hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl,
                   ADDRESS(&set)));
    for ( const struct insn *i = insns; i < insns_end; i++ )
    {
        const char *n = i->name;

        if ( (n[0] != 'i' || n[1] != 'n' || n[2] != ' ' || n[3] == '3') &&
             (n[0] != 'c' || n[1] != 'l' || n[2] != 'i') &&
             (n[0] != 'o' || n[1] != 'u') && (n[0] != 's' || n[2] != 'i') )
            continue;
        try(i->code, ADDRESS(pool[33]), 0);
        say("kernel, level %u: ", level);
        told(n, i->code);
        try_user((void *)i->code);
        say("user, level %u: ", level);
        told(n, seen.vector == VECTOR_SYSCALL ? (void *)user_done
                                              : (void *)i->code);
    }
}

static void devices(void)
{
    struct physdev_set_iobitmap map = { .nr_ports = 65537 };
    struct physdev_map_pirq pirq = { .domid = DOMID_SELF,
                                     .type = MAP_PIRQ_TYPE_GSI, .index = 4,
                                     .pirq = 4 };

    for ( unsigned int level = 0; level < 4; level++ )
        iopl(level);
    iopl(4);
    iopl(0);
    line("set_iobitmap: too many",
         hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap,
                    ADDRESS(&map)));
    map.nr_ports = 0;
    line("set_iobitmap: none",
         hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap,
                    ADDRESS(&map)));
    line("map_pirq", hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq,
                                ADDRESS(&pirq)));
    line("unmap_pirq", hypercall2(__HYPERVISOR_physdev_op,
                                  PHYSDEVOP_unmap_pirq, ADDRESS(&pirq)));
}

static void nmis(void)
{
    struct xennmi_callback cb = { .handler_address = ADDRESS(nmi_entry) };

    struct xennmi_callback bad = { .handler_address = 1UL << 63 };

    line("nmi_op register: not canonical",
         hypercall2(__HYPERVISOR_nmi_op, XENNMI_register_callback,
                    ADDRESS(&bad)));
    line("nmi_op register", hypercall2(__HYPERVISOR_nmi_op,
                                       XENNMI_register_callback, ADDRESS(&cb)));
    line("send_nmi to vcpu 9",
         hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 9, 0, 0, 0));
    seen = (struct seen){ .vector = NO_TRAP };
    line("nmi_op unregister",
         hypercall2(__HYPERVISOR_nmi_op, XENNMI_unregister_callback, 0));
}

void contract_calls(void)
{
    all_numbers();
    events();
    grants();
    devices();
    nmis();
}
