/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls with arguments that make sense, so that states are reached which
 * chance alone does not find: ports that are bound, grants that are mapped,
 * pages that were given back, vCPUs that were started in some way.  What is
 * not remembered is guessed from a small range.
 */
#include "fuzz.h"

#include <xen/grant_table.h>

#define NR_PORTS 24
#define NR_REFS 64
#define NR_HANDLES 24

static domid_t self(struct fuzz_cpu *c)
{
    uint32_t r[4];

    if ( one_in(c, 8) )
        return (domid_t)below(c, 3);
    cpuid(0x40000004, 0, r);
    return one_in(c, 3) ? DOMID_SELF : (domid_t)r[2];
}

static long memory_op(unsigned int cmd, void *arg)
{
    return hypercall5(__HYPERVISOR_memory_op, cmd, ADDRESS(arg), 0, 0, 0);
}

static uint64_t hole(struct fuzz_cpu *c)
{
    return (HOLES + below(c, 32) * PAGE_SIZE) / PAGE_SIZE;
}

/* ---- event channels ---- */

static evtchn_port_t port(struct fuzz_cpu *c)
{
    return (evtchn_port_t)(one_in(c, 32) ? number(c) : below(c, NR_PORTS));
}

static unsigned int vcpu(struct fuzz_cpu *c)
{
    return (unsigned int)below(c, NR_CPUS + one_in(c, 16));
}

static void bind(struct fuzz_cpu *c)
{
    union {
        struct evtchn_alloc_unbound unbound;
        struct evtchn_bind_interdomain interdomain;
        struct evtchn_bind_virq virq;
        struct evtchn_bind_ipi ipi;
        struct evtchn_bind_vcpu vcpu;
    } a;

    switch ( below(c, 5) )
    {
    case 0:
        a.unbound = (struct evtchn_alloc_unbound){ .dom = DOMID_SELF,
                                                   .remote_dom = self(c) };
        evtchn_op(EVTCHNOP_alloc_unbound, &a);
        break;
    case 1:
        a.interdomain = (struct evtchn_bind_interdomain){
            .remote_dom = self(c), .remote_port = port(c) };
        evtchn_op(EVTCHNOP_bind_interdomain, &a);
        break;
    case 2:
        a.virq = (struct evtchn_bind_virq){ .virq = (uint32_t)below(c, 24),
                                            .vcpu = vcpu(c) };
        evtchn_op(EVTCHNOP_bind_virq, &a);
        break;
    case 3:
        a.ipi = (struct evtchn_bind_ipi){ .vcpu = vcpu(c) };
        evtchn_op(EVTCHNOP_bind_ipi, &a);
        break;
    default:
        a.vcpu = (struct evtchn_bind_vcpu){ .port = port(c), .vcpu = vcpu(c) };
        evtchn_op(EVTCHNOP_bind_vcpu, &a);
        break;
    }
}

static void fifo(struct fuzz_cpu *c)
{
    struct evtchn_init_control control = {
        .control_gfn = hole(c), .offset = (uint32_t)below(c, 64) * 64,
        .vcpu = vcpu(c) };
    struct evtchn_expand_array array = { .array_gfn = hole(c) };
    struct evtchn_set_priority priority = { .port = port(c),
                                            .priority = (uint32_t)below(c, 17) };
    struct evtchn_reset reset = { .dom = DOMID_SELF };

    switch ( below(c, 8) )
    {
    case 0: case 1: evtchn_op(EVTCHNOP_init_control, &control); break;
    case 2: case 3: evtchn_op(EVTCHNOP_expand_array, &array); break;
    case 4: evtchn_op(EVTCHNOP_reset, &reset); break;
    default: evtchn_op(EVTCHNOP_set_priority, &priority); break;
    }
}

static void use_port(struct fuzz_cpu *c)
{
    static const unsigned int ops[] = {
        EVTCHNOP_send, EVTCHNOP_send, EVTCHNOP_send, EVTCHNOP_unmask,
        EVTCHNOP_unmask, EVTCHNOP_close,
    };
    struct evtchn_status status = { .dom = DOMID_SELF, .port = port(c) };
    evtchn_port_t p = port(c);

    if ( one_in(c, 8) )
        evtchn_op(EVTCHNOP_status, &status);
    else if ( one_in(c, 4) && p < 64 )
        __atomic_fetch_xor(&shared_info->evtchn_mask[0], 1UL << p,
                           __ATOMIC_SEQ_CST);
    else
        evtchn_op(PICK(c, ops), &p);
}

/* ---- grants ---- */

static long grant_op(unsigned int cmd, void *list, unsigned int nr)
{
    return hypercall5(__HYPERVISOR_grant_table_op, cmd, ADDRESS(list), nr, 0,
                      0);
}

static grant_ref_t ref(struct fuzz_cpu *c)
{
    return (grant_ref_t)(one_in(c, 16) ? number(c) : below(c, NR_REFS));
}

static uint64_t place(struct fuzz_cpu *c)
{
    if ( one_in(c, 8) )
        return gfn(c) * PAGE_SIZE;
    return PLACES + below(c, NR_PLACES) * PAGE_SIZE;
}

/* An entry of either version; what does not fit is one more case. */
static void offer(struct fuzz_cpu *c)
{
    uint64_t frame = one_in(c, 4) ? gfn(c) : hole(c), r = below(c, NR_REFS);
    uint16_t flags = (uint16_t)(one_in(c, 8) ? any(c) & 0x1ff
                                : GTF_permit_access |
                                  (one_in(c, 4) ? GTF_readonly : 0));
    uint64_t head = flags | (uint64_t)self(c) << 16;
    volatile uint64_t *entry = (uint64_t *)GRANTS;

    if ( one_in(c, 2) )
        entry[r] = head | frame << 32;
    else
    {
        entry[2 * r + 1] = frame;
        entry[2 * r] = head | (any(c) & 0x0fff0fff00000000);
    }
}

static void map(struct fuzz_cpu *c)
{
    struct gnttab_map_grant_ref m[4];
    unsigned int nr = 1 + (unsigned int)below(c, 4);

    for ( unsigned int i = 0; i < nr; i++ )
        m[i] = (struct gnttab_map_grant_ref){
            .host_addr = place(c), .ref = ref(c), .dom = self(c),
            .flags = one_in(c, 8) ? (uint32_t)any(c) & 0x3f
                     : GNTMAP_host_map | (one_in(c, 4) ? GNTMAP_readonly : 0) };
    grant_op(GNTTABOP_map_grant_ref, m, nr);
}

static void unmap(struct fuzz_cpu *c)
{
    struct gnttab_unmap_grant_ref u[8];
    uint32_t handle = (uint32_t)below(c, NR_HANDLES);

    /* The place of a handle is guessed: all places, if need be. */
    for ( unsigned int i = 0; i < 8; i++ )
        u[i] = (struct gnttab_unmap_grant_ref){
            .host_addr = PLACES + (handle + i) % NR_PLACES * PAGE_SIZE,
            .handle = handle };
    if ( one_in(c, 8) )
        u[0].host_addr = place(c);
    grant_op(GNTTABOP_unmap_grant_ref, u, 8);
}

static void copy(struct fuzz_cpu *c)
{
    struct gnttab_copy k[4];
    unsigned int nr = 1 + (unsigned int)below(c, 4);

    for ( unsigned int i = 0; i < nr; i++ )
    {
        k[i] = (struct gnttab_copy){
            .source = { .domid = self(c), .offset = (uint16_t)below(c, 2048) },
            .dest = { .domid = self(c), .offset = (uint16_t)below(c, 2048) },
            .len = (uint16_t)below(c, one_in(c, 8) ? 4097 : 2048),
            .flags = (uint16_t)below(c, 4) };
        if ( k[i].flags & GNTCOPY_source_gref )
            k[i].source.u.ref = ref(c);
        else
            k[i].source.u.gmfn = gfn(c);
        if ( k[i].flags & GNTCOPY_dest_gref )
            k[i].dest.u.ref = ref(c);
        else
            k[i].dest.u.gmfn = hole(c);
    }
    grant_op(GNTTABOP_copy, k, nr);
}

static void grant_rest(struct fuzz_cpu *c)
{
    struct gnttab_set_version version = { 1 + (uint32_t)below(c, 2) };
    struct gnttab_swap_grant_ref swap = { .ref_a = ref(c), .ref_b = ref(c) };
    struct gnttab_cache_flush flush = {
        .a.ref = ref(c), .length = (uint16_t)below(c, 64),
        .op = GNTTAB_CACHE_SOURCE_GREF | GNTTAB_CACHE_CLEAN };
    uint64_t list[4];
    struct gnttab_get_status_frames status = {
        .nr_frames = (uint32_t)below(c, 4), .dom = DOMID_SELF };

    set_xen_guest_handle(status.frame_list, list);
    switch ( below(c, 5) )
    {
    case 0: grant_op(GNTTABOP_set_version, &version, 1); break;
    case 1: grant_op(GNTTABOP_cache_flush, &flush, 1); break;
    case 2: grant_op(GNTTABOP_get_status_frames, &status, 1); break;
    default: grant_op(GNTTABOP_swap_grant_ref, &swap, 1); break;
    }
}

/* ---- memory ---- */

static void memory(struct fuzz_cpu *c)
{
    xen_pfn_t list[16];
    struct xen_memory_reservation some = {
        .nr_extents = 1 + below(c, 16), .domid = DOMID_SELF };
    struct xen_remove_from_physmap gone = { .domid = DOMID_SELF,
                                            .gpfn = place(c) / PAGE_SIZE };

    for ( unsigned int i = 0; i < 16; i++ )
        list[i] = hole(c);
    set_xen_guest_handle(some.extent_start, list);
    switch ( below(c, 8) )
    {
    case 0: memory_op(XENMEM_decrease_reservation, &some); break;
    case 1 ... 3: memory_op(XENMEM_populate_physmap, &some); break;
    case 4: memory_op(XENMEM_remove_from_physmap, &gone); break;
    case 5: /* frames of the table, the status, and beyond */
        add_to_physmap(XENMAPSPACE_grant_table,
                       below(c, 6) | (uint64_t)one_in(c, 4) << 31, place(c));
        break;
    case 6: add_to_physmap(XENMAPSPACE_gmfn, hole(c), place(c)); break;
    default: /* where it is used all the time, or at one place more */
        add_to_physmap(XENMAPSPACE_grant_table, below(c, NR_GRANT_FRAMES),
                       GRANTS + below(c, NR_GRANT_FRAMES) * PAGE_SIZE);
        break;
    }
}

/* What is its device model's no guest may have. */
static void resource(struct fuzz_cpu *c)
{
    xen_pfn_t list[2] = { hole(c), hole(c) };
    struct xen_mem_acquire_resource r = {
        .domid = one_in(c, 4) ? (domid_t)below(c, 2) : self(c),
        .type = XENMEM_resource_ioreq_server, .id = (uint32_t)below(c, 3),
        .nr_frames = 1 + (uint32_t)below(c, 2), .frame = below(c, 2) };

    set_xen_guest_handle(r.frame_list, list);
    if ( !memory_op(XENMEM_acquire_resource, &r) )
        say("fuzz: BUG: a guest has the ioreq page %lu of %u\n", r.frame, r.id);
}

/* ---- vCPUs ---- */

/* Start the other one as its kernel might, but for some bits. */
static void initialise(struct fuzz_cpu *c)
{
    struct fuzz_cpu *other = fuzz_cpu(!c->id);
    struct vcpu_hvm_context form = { .mode = VCPU_HVM_MODE_64B };
    uint64_t *words = (uint64_t *)&form.cpu_regs;

    other->ready = false;
    hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_down, other->id, 0, 0, 0);
    if ( one_in(c, 2) )
        form.cpu_regs.x86_64 = (struct vcpu_hvm_x86_64){
            .rsp = DATA + 0x1000 * (1 + below(c, 64)), .rflags = 2,
            .rip = LOOPS + below(c, 64) * 64, .cr0 = CR0_PG | CR0_ET | CR0_PE,
            .cr3 = ADDRESS(pml4), .cr4 = CR4_PAE | CR4_OSFXSR,
            .efer = EFER_LMA | EFER_LME };
    else
    {
        bool wide = one_in(c, 2);
        uint16_t ar = wide ? 0xc93 : 0x93;

        form.mode = VCPU_HVM_MODE_32B;
        form.cpu_regs.x86_32 = (struct vcpu_hvm_x86_32){
            .esp = 0x8000, .eflags = 2,
            .eip = (uint32_t)below(c, 64) * 64 + (wide ? LOOPS : 0),
            .cr0 = wide ? 0x11 : 0x10, .cs_limit = wide ? ~0U : 0xffff,
            .ds_limit = 0xfffff, .ss_limit = 0xfffff, .es_limit = 0xfffff,
            .tr_limit = 0x67, .cs_ar = (uint16_t)(ar | 8), .ds_ar = ar,
            .ss_ar = ar, .es_ar = ar, .tr_ar = 0x8b,
            .cs_base = wide ? 0 : 0x10000 + (uint32_t)below(c, 0x70) * 0x1000 };
    }
    /* QEMU 7.2 does not come back from a guest with LME, without PAE and PG. */
    if ( form.mode == VCPU_HVM_MODE_64B && one_in(c, 4) )
        words[below(c, sizeof(form.cpu_regs.x86_64) / 8)] ^= 1UL << below(c, 64);
    hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_initialise, other->id,
               ADDRESS(&form), 0, 0);
    hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_up, other->id, 0, 0, 0);
    for ( uint64_t at = ticks(); ticks() - at < ticks_per_ms; ) /* no verdict */
        ;
    other->restart = true;
}

static void wait(struct fuzz_cpu *c)
{
    evtchn_port_t ports[4] = { port(c), port(c), port(c), port(c) };
    struct sched_poll poll = { .nr_ports = (unsigned int)below(c, 5) };
    struct vcpu_set_singleshot_timer timer;
    uint64_t now = ticks() / (ticks_per_ms / 1000 + 1) * 1000;

    set_xen_guest_handle(poll.ports, ports);
    poll.timeout = now + below(c, 2000000);
    timer = (struct vcpu_set_singleshot_timer){
        .timeout_abs_ns = now + below(c, 2000000) };
    if ( one_in(c, 2) )
        hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, c->id,
                   ADDRESS(&timer), 0, 0);
    else
        hypercall5(__HYPERVISOR_set_timer_op, now + below(c, 2000000), 0, 0, 0,
                   0);
    if ( one_in(c, 2) )
        hypercall5(__HYPERVISOR_sched_op, SCHEDOP_poll, ADDRESS(&poll), 0, 0,
                   0);
}

void fuzz_plan(struct fuzz_cpu *c)
{
    switch ( below(c, 16) )
    {
    case 0: case 1: bind(c); break;
    case 2: case 3: use_port(c); break;
    case 4: fifo(c); break;
    case 5 ... 7: offer(c); break;
    case 8: case 9: map(c); break;
    case 10: unmap(c); break;
    case 11: copy(c); break;
    case 12: grant_rest(c); break;
    case 13: memory(c); break;
    case 14: resource(c); break;
    default:
        if ( one_in(c, 16) )
            initialise(c);
        else
            wait(c);
        break;
    }
}
