/* SPDX-License-Identifier: MIT */
/* event_channel_op, vcpu_op, sched_op and small calls from input bytes. */
#include "gen.h"

#include <xen/event_channel.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define E(op, type, ...) { EVTCHNOP_##op, sizeof(struct evtchn_##type),      \
    { __VA_ARGS__ } }

static const struct shape event_shapes[] = {
    E(alloc_unbound, alloc_unbound, F(struct evtchn_alloc_unbound, dom, DOM),
      F(struct evtchn_alloc_unbound, remote_dom, DOM)),
    E(bind_interdomain, bind_interdomain,
      F(struct evtchn_bind_interdomain, remote_dom, DOM),
      F(struct evtchn_bind_interdomain, remote_port, PORT)),
    E(bind_interdomain, bind_interdomain,
      F(struct evtchn_bind_interdomain, remote_dom, DOM),
      F(struct evtchn_bind_interdomain, remote_port, PORT)),
    E(bind_virq, bind_virq, F(struct evtchn_bind_virq, virq, NUM),
      F(struct evtchn_bind_virq, vcpu, VCPU)),
    E(bind_ipi, bind_ipi, F(struct evtchn_bind_ipi, vcpu, VCPU)),
    E(close, close, F(struct evtchn_close, port, PORT)),
    E(send, send, F(struct evtchn_send, port, PORT)),
    E(send, send, F(struct evtchn_send, port, PORT)),
    E(status, status, F(struct evtchn_status, dom, DOM),
      F(struct evtchn_status, port, PORT)),
    E(bind_vcpu, bind_vcpu, F(struct evtchn_bind_vcpu, port, PORT),
      F(struct evtchn_bind_vcpu, vcpu, VCPU)),
    E(unmask, unmask, F(struct evtchn_unmask, port, PORT)),
    E(reset, reset, F(struct evtchn_reset, dom, DOM)),
    E(init_control, init_control,
      F(struct evtchn_init_control, control_gfn, GFN),
      F(struct evtchn_init_control, offset, NUM),
      F(struct evtchn_init_control, vcpu, VCPU)),
    E(init_control, init_control,
      F(struct evtchn_init_control, control_gfn, MFN),
      F(struct evtchn_init_control, offset, ZERO),
      F(struct evtchn_init_control, vcpu, VCPU)),
    E(expand_array, expand_array,
      F(struct evtchn_expand_array, array_gfn, GFN)),
    E(set_priority, set_priority, F(struct evtchn_set_priority, port, PORT),
      F(struct evtchn_set_priority, priority, NUM)),
};

void gen_event_channel_op(struct input *in, struct hypercall *hc)
{
    const struct shape *s = gen_pick(in, event_shapes,
                                     ARRAY_SIZE(event_shapes));

    gen_struct(in, s, fuzz_arena);
    hc->nr = __HYPERVISOR_event_channel_op;
    hc->a[0] = in_rarely(in, 64) ? in8(in) : s->cmd;
    hc->a[1] = in_rarely(in, 64) ? gen_pointer(in) : (uintptr_t)fuzz_arena;
}

static const struct shape vcpu_shapes[] = {
#define START(mode_kind, type) { VCPUOP_initialise,                          \
      sizeof(struct vcpu_hvm_context), {                                     \
        F(struct vcpu_hvm_context, mode, mode_kind),                         \
        F(struct vcpu_hvm_context, pad, ZERO),                               \
        F(struct vcpu_hvm_context, cpu_regs.type.cr0, START_CR0),            \
        F(struct vcpu_hvm_context, cpu_regs.type.cr4, START_CR4),            \
        F(struct vcpu_hvm_context, cpu_regs.type.efer, START_EFER) } }
    START(SMALL, x86_64), START(SMALL, x86_32),
    { VCPUOP_initialise, sizeof(struct vcpu_hvm_context), {
        F(struct vcpu_hvm_context, mode, SMALL),
        F(struct vcpu_hvm_context, cpu_regs.x86_32.cs_limit, RAW),
        F(struct vcpu_hvm_context, cpu_regs.x86_32.ss_limit, RAW),
        F(struct vcpu_hvm_context, cpu_regs.x86_32.tr_limit, NUM),
        F(struct vcpu_hvm_context, cpu_regs.x86_32.cs_ar, START_AR),
        F(struct vcpu_hvm_context, cpu_regs.x86_32.ds_ar, START_AR),
        F(struct vcpu_hvm_context, cpu_regs.x86_32.ss_ar, START_AR),
        F(struct vcpu_hvm_context, cpu_regs.x86_32.es_ar, START_AR),
        F(struct vcpu_hvm_context, cpu_regs.x86_32.tr_ar, START_TR) } },
    { VCPUOP_up, 0, { { 0 } } },
    { VCPUOP_down, 0, { { 0 } } },
    { VCPUOP_is_up, 0, { { 0 } } },
    { VCPUOP_get_runstate_info, sizeof(struct vcpu_runstate_info), { { 0 } } },
    { VCPUOP_register_runstate_memory_area,
      sizeof(struct vcpu_register_runstate_memory_area), { { 0, 8, PTR } } },
    { VCPUOP_stop_periodic_timer, 0, { { 0 } } },
    { VCPUOP_set_periodic_timer, sizeof(struct vcpu_set_periodic_timer), {
        F(struct vcpu_set_periodic_timer, period_ns, RAW) } },
    { VCPUOP_set_singleshot_timer, sizeof(struct vcpu_set_singleshot_timer), {
        F(struct vcpu_set_singleshot_timer, timeout_abs_ns, RAW),
        F(struct vcpu_set_singleshot_timer, flags, SMALL) } },
    { VCPUOP_stop_singleshot_timer, 0, { { 0 } } },
    { VCPUOP_register_vcpu_info, sizeof(struct vcpu_register_vcpu_info), {
        F(struct vcpu_register_vcpu_info, mfn, GFN),
        F(struct vcpu_register_vcpu_info, offset, NUM),
        F(struct vcpu_register_vcpu_info, rsvd, ZERO) } },
    { VCPUOP_get_physid, sizeof(struct vcpu_get_physid), { { 0 } } },
};

void gen_vcpu_op(struct input *in, struct hypercall *hc)
{
    const struct shape *s = gen_pick(in, vcpu_shapes, ARRAY_SIZE(vcpu_shapes));

    gen_struct(in, s, fuzz_arena);
    hc->nr = __HYPERVISOR_vcpu_op;
    hc->a[0] = in_rarely(in, 64) ? in8(in) : s->cmd;
    hc->a[1] = gen_value(in, VCPU, 8);
    hc->a[2] = in_rarely(in, 32) ? gen_pointer(in) : (uintptr_t)fuzz_arena;
}

static const struct shape sched_shapes[] = {
    { SCHEDOP_watchdog, sizeof(struct sched_watchdog), {
        F(struct sched_watchdog, id, SMALL),
        F(struct sched_watchdog, timeout, NUM) } },
    { SCHEDOP_yield, 0, { { 0 } } },
    { SCHEDOP_block, 0, { { 0 } } },
    { SCHEDOP_poll, sizeof(struct sched_poll), {
        F(struct sched_poll, ports, PORTS),
        F(struct sched_poll, nr_ports, NUM),
        F(struct sched_poll, timeout, RAW) } },
    { SCHEDOP_poll, sizeof(struct sched_poll), {
        F(struct sched_poll, ports, PORTS),
        F(struct sched_poll, nr_ports, NUM),
        F(struct sched_poll, timeout, NUM) } },
    { SCHEDOP_shutdown, sizeof(struct sched_shutdown), {
        F(struct sched_shutdown, reason, SMALL) } },
    { SCHEDOP_remote_shutdown, sizeof(struct sched_remote_shutdown), {
        F(struct sched_remote_shutdown, domain_id, DOM),
        F(struct sched_remote_shutdown, reason, SMALL) } },
    { SCHEDOP_pin_override, 8, { { 0, 4, SMALL } } },
};

void gen_sched_op(struct input *in, struct hypercall *hc)
{
    const struct shape *s = gen_pick(in, sched_shapes,
                                     ARRAY_SIZE(sched_shapes));

    gen_struct(in, s, fuzz_arena);
    hc->nr = __HYPERVISOR_sched_op;
    hc->a[0] = in_rarely(in, 64) ? in8(in) : s->cmd;
    hc->a[1] = in_rarely(in, 64) ? gen_pointer(in) : (uintptr_t)fuzz_arena;
}

/* An array of calls of other families in the arena. */
static void gen_multicall(struct input *in, struct hypercall *hc)
{
    static const gen_family inner[] = {
        gen_event_channel_op, gen_sched_op, gen_memory_op,
        gen_grant_table_op, gen_vcpu_op, gen_misc,
    };
    struct multicall_entry e = { .op = 0 };
    uint8_t *list = fuzz_arena + 2 * FUZZ_SLOT;
    unsigned int n = in_below(in, 4);
    struct hypercall one = { .nr = 0 };

    /* They share their structure's place: the last one counts. */
    for ( unsigned int i = 0; i < n; i++ )
    {
        inner[in_below(in, ARRAY_SIZE(inner))](in, &one);
        e.op = one.nr;
        memcpy(e.args, one.a, sizeof(one.a));
        memcpy(list + i * sizeof(e), &e, sizeof(e));
    }
    hc->nr = __HYPERVISOR_multicall;
    hc->a[0] = in_rarely(in, 32) ? gen_pointer(in) : (uintptr_t)list;
    hc->a[1] = in_rarely(in, 32) ? in_bytes(in, 8) : n;
}

void gen_misc(struct input *in, struct hypercall *hc)
{
    unsigned int b = in8(in);

    *hc = (struct hypercall){ .nr = __HYPERVISOR_xen_version };
    switch ( b % 8 )
    {
    case 0:
    case 1:
        hc->a[0] = in_below(in, 16);
        break;
    case 2:
        hc->nr = __HYPERVISOR_console_io;
        hc->a[0] = in_below(in, 3);
        hc->a[1] = gen_value(in, NUM, 8);
        hc->a[2] = gen_pointer(in);
        return;
    case 3:
        hc->nr = __HYPERVISOR_set_timer_op;
        hc->a[0] = in_bytes(in, 8) >> in_below(in, 64);
        return;
    case 4:
        hc->nr = __HYPERVISOR_vm_assist;
        hc->a[0] = in_below(in, 4);
        hc->a[1] = in_below(in, 32);
        return;
    case 5:
        hc->nr = in8(in); /* any number */
        for ( unsigned int i = 0; i < ARRAY_SIZE(hc->a); i++ )
            hc->a[i] = i < 3 ? gen_value(in, NUM, 8) : 0;
        return;
    default:
        if ( b < 0xc0 )
        {
            gen_multicall(in, hc);
            return;
        }
        hc->a[0] = XENVER_get_features;
        break;
    }
    hc->a[1] = gen_pointer(in);
}
