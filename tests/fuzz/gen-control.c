/* SPDX-License-Identifier: MIT */
/* domctl and sysctl from input bytes: see gen.h. */
#include "gen.h"

#include <xen/domctl.h>
#include <xen/sysctl.h>

#include <oriel/ioreq.h>
#include <oriel/trace.h>

/* Seldom: a domain that goes or comes is much work. */
static bool is_heavy(uint32_t cmd)
{
    return cmd == XEN_DOMCTL_createdomain || cmd == XEN_DOMCTL_destroydomain;
}

#define C(op, ...) { XEN_DOMCTL_##op, sizeof(struct xen_domctl), {           \
    F(struct xen_domctl, interface_version, VERSION),                        \
    F(struct xen_domctl, domain, DOM), ##__VA_ARGS__ } }
#define A(name, k) F(struct xen_domctl, u.name, k)
#define MAP(name) A(name.nr_bits, NUM), A(name.bitmap, BYTES)

static const struct shape domctl_shapes[] = {
    C(createdomain, A(createdomain.flags, SMALL),
      A(createdomain.max_vcpus, SMALL), A(createdomain.max_evtchn_port, RAW),
      A(createdomain.max_grant_frames, SMALL),
      A(createdomain.max_maptrack_frames, SMALL),
      A(createdomain.grant_opts, SMALL),
      A(createdomain.arch.emulation_flags, SMALL),
      A(createdomain.iommu_opts, ZERO), A(createdomain.vmtrace_size, ZERO)),
    C(destroydomain),
    C(pausedomain), C(unpausedomain), C(resumedomain), C(resumedomain),
    C(getdomaininfo),
    C(setvcpuaffinity, A(vcpuaffinity.vcpu, VCPU),
      A(vcpuaffinity.flags, SMALL), MAP(vcpuaffinity.cpumap_hard),
      MAP(vcpuaffinity.cpumap_soft)),
    C(getvcpuaffinity, A(vcpuaffinity.vcpu, VCPU),
      A(vcpuaffinity.flags, SMALL), MAP(vcpuaffinity.cpumap_hard),
      MAP(vcpuaffinity.cpumap_soft)),
    C(shadow_op, A(shadow_op.op, NUM), A(shadow_op.mb, SMALL)),
    C(getpageframeinfo3, A(getpageframeinfo3.num, NUM),
      A(getpageframeinfo3.array, GFNS)),
    C(getvcpucontext, A(vcpucontext.vcpu, VCPU), A(vcpucontext.ctxt, STATE)),
    C(setvcpucontext, A(vcpucontext.vcpu, VCPU), A(vcpucontext.ctxt, STATE)),
    C(max_mem, A(max_mem.max_memkb, NUM)),
    C(max_mem, A(max_mem.max_memkb, RAW)),
    C(getvcpuinfo, A(getvcpuinfo.vcpu, VCPU)),
    C(max_vcpus, A(max_vcpus.max, SMALL)),
    C(scheduler_op, A(scheduler_op.sched_id, NUM),
      A(scheduler_op.cmd, SMALL), A(scheduler_op.u.v.vcpus, PTR),
      A(scheduler_op.u.v.nr_vcpus, NUM)),
    C(setdomainhandle, A(setdomainhandle.handle, RAW)),
    C(gethvmcontext, A(hvmcontext.size, RAW), A(hvmcontext.buffer, STATE)),
    C(gethvmcontext, A(hvmcontext.size, NUM), A(hvmcontext.buffer, PTR)),
    C(sethvmcontext, A(hvmcontext.size, RAW), A(hvmcontext.buffer, STATE)),
    C(sethvmcontext, A(hvmcontext.size, RAW), A(hvmcontext.buffer, STATE)),
    C(gethvmcontext_partial, A(hvmcontext_partial.type, NUM),
      A(hvmcontext_partial.instance, VCPU), A(hvmcontext_partial.bufsz, RAW),
      A(hvmcontext_partial.buffer, PTR)),
    C(set_target, A(set_target.target, DOM)),
    C(gettscinfo), C(settscinfo, A(tsc_info.tsc_mode, SMALL),
      A(tsc_info.gtsc_khz, RAW), A(tsc_info.incarnation, RAW),
      A(tsc_info.elapsed_nsec, RAW)),
    C(setnodeaffinity, MAP(nodeaffinity.nodemap)),
    C(getnodeaffinity, MAP(nodeaffinity.nodemap)),
    C(get_cpu_policy, A(cpu_policy.nr_leaves, NUM),
      A(cpu_policy.nr_msrs, NUM), A(cpu_policy.leaves, STATE),
      A(cpu_policy.msrs, PTR)),
    C(set_cpu_policy, A(cpu_policy.nr_leaves, NUM),
      A(cpu_policy.nr_msrs, NUM), A(cpu_policy.leaves, STATE),
      A(cpu_policy.msrs, BYTES)),
    C(set_cpu_policy, A(cpu_policy.nr_leaves, SMALL),
      A(cpu_policy.nr_msrs, SMALL), A(cpu_policy.leaves, BYTES),
      A(cpu_policy.msrs, BYTES)),
    C(get_paging_mempool_size),
    C(set_paging_mempool_size, A(paging_mempool.size, ADDR)),
    C(bind_pt_irq), C(memory_mapping), C(ioport_mapping),
    C(shadow_op, A(shadow_op.op, SMALL), A(shadow_op.pages, GFN)),
    C(shadow_op, A(shadow_op.op, SMALL), A(shadow_op.pages, GFN),
      A(shadow_op.mode, SMALL), A(shadow_op.dirty_bitmap, STATE)),
    C(getpageframeinfo3, A(getpageframeinfo3.num, NUM),
      A(getpageframeinfo3.array, GFNS)),
    C(getvcpucontext, A(vcpucontext.vcpu, VCPU), A(vcpucontext.ctxt, STATE)),
    C(setvcpucontext, A(vcpucontext.vcpu, VCPU), A(vcpucontext.ctxt, STATE)),
};

/* The log of dirty frames instead of the pool. */
static uint32_t log_operation(struct input *in)
{
    static const uint32_t ops[] = {
        XEN_DOMCTL_SHADOW_OP_OFF, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY,
        XEN_DOMCTL_SHADOW_OP_CLEAN, XEN_DOMCTL_SHADOW_OP_PEEK,
    };

    return ops[in8(in) % ARRAY_SIZE(ops)];
}

/* A state that some call has left, all of it or cut, or spoilt. */
static void mend_state(struct input *in, struct xen_domctl *op)
{
    uint8_t *state = (uint8_t *)(uintptr_t)op->u.hvmcontext.buffer.p;
    uint8_t *end = fuzz_arena + sizeof(fuzz_arena);
    unsigned int b = in8(in);

    if ( b < 0x60 )
        op->u.hvmcontext.size = 8 * FUZZ_SLOT;
    else if ( b < 0xe0 )
        op->u.hvmcontext.size = in_bytes(in, 2) % (8 * FUZZ_SLOT);
    if ( b % 4 == 0 && state >= fuzz_arena && state < end )
        state[in_bytes(in, 2) % (size_t)(end - state)] ^= in8(in);
}

void gen_domctl(struct input *in, struct hypercall *hc)
{
    const struct shape *s = gen_pick(in, domctl_shapes,
                                     ARRAY_SIZE(domctl_shapes));
    struct xen_domctl *op = (void *)fuzz_arena;

    if ( is_heavy(s->cmd) && in8(in) < 0xa0 )
        s = &domctl_shapes[4];
    gen_struct(in, s, fuzz_arena);
    op->cmd = in_rarely(in, 64) ? in8(in) : s->cmd;
    if ( s->cmd == XEN_DOMCTL_shadow_op && op->u.shadow_op.pages )
        op->u.shadow_op.op = log_operation(in);
    if ( s->cmd == XEN_DOMCTL_sethvmcontext )
        mend_state(in, op);
    /* Most configurations are as a toolstack would have them. */
    if ( s->cmd == XEN_DOMCTL_createdomain && in8(in) < 0xc0 )
    {
        op->domain = 0;
        op->u.createdomain.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
        op->u.createdomain.arch.emulation_flags = XEN_X86_EMU_LAPIC;
    }
    hc->nr = __HYPERVISOR_domctl;
    hc->a[0] = in_rarely(in, 64) ? gen_pointer(in) : (uintptr_t)fuzz_arena;
}

#undef C
#undef A
#undef MAP
#define C(op, ...) { XEN_SYSCTL_##op, sizeof(struct xen_sysctl), {           \
    F(struct xen_sysctl, interface_version, VERSION), ##__VA_ARGS__ } }
#define A(name, k) F(struct xen_sysctl, u.name, k)

#define T(name, k)                                                           \
    { offsetof(struct xen_sysctl, u) +                                       \
          offsetof(struct oriel_sysctl_trace, name),                         \
      sizeof(((struct oriel_sysctl_trace *)0)->name), k }

#define S(name, k)                                                           \
    { offsetof(struct xen_sysctl, u) +                                       \
          offsetof(struct oriel_sysctl_ioreq, name),                         \
      sizeof(((struct oriel_sysctl_ioreq *)0)->name), k }

static const struct shape sysctl_shapes[] = {
    { ORIEL_SYSCTL_ioreq, sizeof(struct xen_sysctl), {
      F(struct xen_sysctl, interface_version, VERSION), S(op, SMALL),
      S(domain, DOM), S(server, SMALL), S(type, SMALL), S(nr, NUM),
      S(start, NUM), S(ranges, PTR) } },
    { ORIEL_SYSCTL_trace, sizeof(struct xen_sysctl), {
      F(struct xen_sysctl, interface_version, VERSION), T(op, SMALL),
      T(events, NUM), T(cpu, SMALL), T(nr, NUM), T(record_size, NUM),
      T(domain, DOM), T(vcpu, VCPU), T(cursor, NUM), T(records, PTR),
      T(counters, PTR) } },
    C(readconsole, A(readconsole.clear, SMALL),
      A(readconsole.incremental, SMALL), A(readconsole.index, RAW),
      A(readconsole.buffer, PTR), A(readconsole.count, NUM)),
    C(physinfo), C(sched_id), C(get_cpu_levelling_caps),
    C(getdomaininfolist, A(getdomaininfolist.first_domain, DOM),
      A(getdomaininfolist.max_domains, NUM),
      A(getdomaininfolist.buffer, PTR)),
    C(cputopoinfo, A(cputopoinfo.num_cpus, NUM), A(cputopoinfo.cputopo, PTR)),
    C(numainfo, A(numainfo.num_nodes, NUM), A(numainfo.meminfo, PTR),
      A(numainfo.distance, PTR)),
    C(cpupool_op, A(cpupool_op.op, SMALL), A(cpupool_op.cpupool_id, SMALL),
      A(cpupool_op.domid, DOM), A(cpupool_op.cpumap.nr_bits, NUM),
      A(cpupool_op.cpumap.bitmap, PTR)),
    C(get_cpu_featureset, A(cpu_featureset.index, SMALL),
      A(cpu_featureset.nr_features, NUM), A(cpu_featureset.features, PTR)),
    C(get_cpu_policy, A(cpu_policy.index, SMALL),
      A(cpu_policy.nr_leaves, NUM), A(cpu_policy.nr_msrs, NUM),
      A(cpu_policy.leaves, STATE), A(cpu_policy.msrs, PTR)),
};

void gen_sysctl(struct input *in, struct hypercall *hc)
{
    const struct shape *s = gen_pick(in, sysctl_shapes,
                                     ARRAY_SIZE(sysctl_shapes));
    struct xen_sysctl *op = (void *)fuzz_arena;

    gen_struct(in, s, fuzz_arena);
    op->cmd = in_rarely(in, 64) ? in8(in) : s->cmd;
    if ( op->cmd == ORIEL_SYSCTL_trace && !in_rarely(in, 16) )
    {
        struct oriel_sysctl_trace *t = (void *)&op->u;

        t->op %= ORIEL_TRACE_OP_counters + 1;
        t->record_size = sizeof(struct oriel_trace_record);
        t->events &= (1U << ORIEL_TRACE_NR_EVENTS) - 1;
    }
    hc->nr = __HYPERVISOR_sysctl;
    hc->a[0] = in_rarely(in, 64) ? gen_pointer(in) : (uintptr_t)fuzz_arena;
}
