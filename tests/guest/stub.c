/* SPDX-License-Identifier: MIT */
/*
 * A hostile stub domain: the device model of domain target=N, whose rights
 * end there.  It makes ops=N calls and accesses chosen by seed=N, and then ends
 * as a crash would, with all that it has.  A call that succeeds on another
 * domain is a fault: "stub: BUG".
 */
#include "guest.h"
#include "hostile.h"

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#define NR_PLACES 24
#define NR_OWN 3 /* two places each, the first: of servers that were set up */
#define PLACES 0xe1000000UL /* no memory: what is mapped goes here */
#define NR_PORTS 48

static struct chance c;
static domid_t self, target;
static uint8_t page[2][PAGE_SIZE] __attribute__((aligned(4096)));
static bool mapped[NR_PLACES];
static unsigned long calls, done, servers, answers;

/* Mostly the target; true in *other: it must be refused. */
static domid_t whom(bool *other)
{
    domid_t d = target;

    if ( one_in(&c, 8) )
        d = (domid_t)(one_in(&c, 2) ? below(&c, target) : number(&c));
    if ( d == self || d == DOMID_SELF ) /* where it may do a lot */
        d = target;
    *other = d != target;
    return d;
}

static void judge(long rc, bool other, domid_t d, const char *what,
                  unsigned int op)
{
    calls++;
    if ( rc < 0 )
        return;
    done++;
    if ( other )
        say("stub: BUG: %s %u on d%u\n", what, op, d);
}

static void model_op(void)
{
    struct xen_dm_op *op = (void *)page[0];
    struct xen_dm_op_buf buf[3];
    unsigned int nr = hostile_dm_op(&c, op, page[1]), what = op->op;
    bool other;
    domid_t d = whom(&other);

    for ( unsigned int i = 0; i < 3; i++ )
    {
        buf[i] = (struct xen_dm_op_buf){ .size = i ? PAGE_SIZE : sizeof(*op) };
        buf[i].h.p = page[i & 1];
    }
    if ( one_in(&c, 32) )
        buf[below(&c, 3)].h.p = (void *)number(&c);
    if ( one_in(&c, 32) )
        buf[below(&c, 3)].size = number(&c);
    if ( one_in(&c, 32) )
        nr = (unsigned int)number(&c);
    judge(hypercall5(__HYPERVISOR_dm_op, d, nr, ADDRESS(buf), 0, 0), other, d,
          "dm_op", what);
}

static uint64_t place(unsigned int i)
{
    return PLACES + i * PAGE_SIZE;
}

static unsigned int any_place(void)
{
    return (unsigned int)(2 * NR_OWN + below(&c, NR_PLACES - 2 * NR_OWN - 1));
}

/* Pages of its servers, a grant table, or any gfn. */
static void map(void)
{
    unsigned int at = any_place();
    xen_pfn_t gfn[2] = { place(at) >> 12, place(at + 1) >> 12 };
    struct xen_mem_acquire_resource r = {
        .type = one_in(&c, 8) ? (uint16_t)number(&c) & 3
                              : XENMEM_resource_ioreq_server,
        .id = one_in(&c, 16) ? (uint32_t)number(&c) : (uint32_t)below(&c, 4),
        .nr_frames = 1 + (uint32_t)below(&c, 2), .frame = below(&c, 2),
    };
    bool other;
    long rc;

    r.domid = whom(&other);
    set_xen_guest_handle(r.frame_list, gfn);
    rc = hypercall5(__HYPERVISOR_memory_op, XENMEM_acquire_resource,
                    ADDRESS(&r), 0, 0, 0);
    judge(rc, other, r.domid, "acquire", r.type);
    for ( unsigned int i = 0; !rc && i < r.nr_frames; i++ )
        mapped[at + i] = true;
}

static void foreign(void)
{
    unsigned int at = any_place();
    bool other;
    domid_t d = whom(&other);
    xen_ulong_t idx = hostile_gfn(&c);
    xen_pfn_t gfn = place(at) >> 12;
    int err = 0;
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
        .u.foreign_domid = d };
    long rc;

    set_xen_guest_handle(b.idxs, &idx);
    set_xen_guest_handle(b.gpfns, &gfn);
    set_xen_guest_handle(b.errs, &err);
    rc = hypercall5(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch,
                    ADDRESS(&b), 0, 0, 0);
    judge(rc ? rc : err, other, d, "foreign map", 0);
    if ( !rc && !err )
        mapped[at] = true;
}

static void unmap(void)
{
    unsigned int at = any_place();
    struct xen_remove_from_physmap r = { .domid = DOMID_SELF,
                                         .gpfn = place(at) >> 12 };

    mapped[at] = false;
    (void)hypercall5(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
                     ADDRESS(&r), 0, 0, 0);
}

/* The target's own memory and parameters. */
static void change(void)
{
    struct xen_remove_from_physmap gone = { .gpfn = hostile_gfn(&c) };
    struct xen_hvm_param param = { .index = (uint32_t)below(&c, 40),
                                   .value = number(&c) };
    xen_pfn_t gfn = hostile_gfn(&c);
    struct xen_memory_reservation r = { .nr_extents = 1 };
    bool other;
    domid_t d = whom(&other);

    gone.domid = param.domid = r.domid = d;
    set_xen_guest_handle(r.extent_start, &gfn);
    switch ( below(&c, 4) )
    {
    case 0:
        judge(hypercall5(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
                         ADDRESS(&gone), 0, 0, 0), other, d, "remove", 0);
        break;
    case 1:
        judge(hypercall5(__HYPERVISOR_hvm_op, HVMOP_set_param, ADDRESS(&param),
                         0, 0, 0), other, d, "set_param", param.index);
        break;
    default: /* tells how many were done */
        judge(hypercall5(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
                         ADDRESS(&r), 0, 0, 0) - 1, other, d, "populate", 0);
        break;
    }
}

static long model(struct xen_dm_op *op)
{
    struct xen_dm_op_buf buf = { .size = sizeof(*op) };

    buf.h.p = op;
    return hypercall5(__HYPERVISOR_dm_op, target, 1, ADDRESS(&buf), 0, 0);
}

static void claim(ioservid_t id, uint32_t type, uint64_t start, uint64_t size)
{
    struct xen_dm_op op = { .op = XEN_DMOP_map_io_range_to_ioreq_server };

    op.u.map_io_range_to_ioreq_server = (struct xen_dm_op_ioreq_server_range){
        .id = id, .type = type, .start = start, .end = start + size - 1 };
    (void)model(&op);
}

static void destroy(ioservid_t id)
{
    struct xen_dm_op op = { .op = XEN_DMOP_destroy_ioreq_server };

    op.u.destroy_ioreq_server.id = id;
    (void)model(&op);
}

/* As a device model should begin: of all that follows more then comes to pass. */
static void set_up(void)
{
    unsigned int own = (unsigned int)below(&c, NR_OWN), at = 2 * own;
    xen_pfn_t gfn[2] = { place(at) >> 12, place(at + 1) >> 12 };
    struct xen_mem_acquire_resource r = {
        .domid = target, .type = XENMEM_resource_ioreq_server, .nr_frames = 2 };
    struct xen_dm_op op;
    static ioservid_t ids[NR_OWN];
    ioservid_t id;

    if ( mapped[at + 1] && !one_in(&c, 8) ) /* else it stays, unserved */
        destroy(ids[own]);
    for ( unsigned int tries = 0; ; tries++ )
    {
        op = (struct xen_dm_op){ .op = XEN_DMOP_create_ioreq_server };
        op.u.create_ioreq_server.handle_bufioreq = 2;
        if ( !model(&op) )
            break;
        if ( tries == 8 )
            return;
        destroy((ioservid_t)below(&c, 8));
    }
    ids[own] = id = op.u.create_ioreq_server.id;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        struct xen_remove_from_physmap gone = { .domid = DOMID_SELF,
                                                .gpfn = gfn[i] };

        (void)hypercall5(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
                         ADDRESS(&gone), 0, 0, 0);
    }
    r.id = id;
    set_xen_guest_handle(r.frame_list, gfn);
    mapped[at] = mapped[at + 1] = !hypercall5(
        __HYPERVISOR_memory_op, XENMEM_acquire_resource, ADDRESS(&r), 0, 0, 0);
    claim(id, XEN_DMOP_IO_RANGE_PORT, HOSTILE_PORT, 16);
    claim(id, XEN_DMOP_IO_RANGE_MEMORY, HOSTILE_MEMORY, 4096);
    claim(id, XEN_DMOP_IO_RANGE_MEMORY, HOSTILE_WINDOW, 0x20000);
    op = (struct xen_dm_op){ .op = XEN_DMOP_set_ioreq_server_state };
    op.u.set_ioreq_server_state.id = id;
    op.u.set_ioreq_server_state.enabled = 1;
    (void)model(&op);
    for ( unsigned int v = 0; mapped[at + 1] && v < 2; v++ )
    {
        struct evtchn_bind_interdomain bind = {
            .remote_dom = target,
            .remote_port = ((ioreq_t *)place(at + 1))[v].vp_eport };

        (void)evtchn_op(EVTCHNOP_bind_interdomain, &bind);
    }
    servers++;
}

static evtchn_port_t port(void)
{
    return (evtchn_port_t)(one_in(&c, 16) ? number(&c) : below(&c, NR_PORTS));
}

static void events(void)
{
    struct evtchn_bind_interdomain bind = { .remote_dom = target,
                                            .remote_port = port() };
    struct evtchn_alloc_unbound unbound = { .dom = target,
                                            .remote_dom = DOMID_SELF };
    struct evtchn_close close = { port() };
    struct evtchn_send send = { port() };

    switch ( below(&c, 8) )
    {
    case 0: case 1: (void)evtchn_op(EVTCHNOP_bind_interdomain, &bind); break;
    case 2: (void)evtchn_op(EVTCHNOP_close, &close); break;
    case 3: (void)evtchn_op(EVTCHNOP_alloc_unbound, &unbound); break;
    default: (void)evtchn_op(EVTCHNOP_send, &send); break;
    }
}

/* Each mapped page as a ring or as slots: what it is, is forgotten. */
static void write_pages(void)
{
    unsigned long before = answers;

    for ( unsigned int i = 0; i < NR_PLACES; i++ )
        if ( mapped[i] && one_in(&c, 4) )
            hostile_ring(&c, (void *)place(i));
        else if ( mapped[i] )
            for ( unsigned int v = 0; v < 2; v++ )
                answers += hostile_slot(&c, (ioreq_t *)place(i) + v);
    for ( evtchn_port_t p = 1; answers != before && p < NR_PORTS; p++ )
    {
        struct evtchn_send send = { p };

        (void)evtchn_op(EVTCHNOP_send, &send);
    }
}

_Noreturn void guest_main(void)
{
    unsigned long ops = command_number("ops", 1000);
    uint32_t leaf = 0x40000004, id = 0;

    guest_init();
    __asm__ volatile("cpuid" : "+a"(leaf), "+c"(id) : : "rbx", "rdx");
    self = (domid_t)id;
    target = (domid_t)command_number("target", 0);
    c.state = command_number("seed", 1) * 0x9e3779b97f4a7c15UL + 1;
    for ( unsigned long i = 0; i < ops; i++ )
        switch ( below(&c, 16) )
        {
        case 0 ... 4: model_op(); break;
        case 5 ... 6: map(); break;
        case 7: foreign(); break;
        case 8:
            if ( one_in(&c, 2) )
                set_up();
            else
                unmap();
            break;
        case 9: change(); break;
        case 10 ... 11: events(); break;
        default:
            for ( uint64_t nr = below(&c, 32); nr--; )
                write_pages();
            break;
        }
    say("stub: %lu operations, %lu calls, %lu done, %lu servers, "
        "%lu answers\n", ops, calls, done, servers, answers);
    guest_shutdown(SHUTDOWN_crash);
}
