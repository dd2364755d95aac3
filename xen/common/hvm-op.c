/* SPDX-License-Identifier: MIT */
/*
 * hvm_op(cmd, arg): parameters of HVM guests, and a few operations of theirs.
 *
 * A parameter is described by one row of rules[]: who may set and read it,
 * whether a value once set stays, and which values exist.  d->lock protects
 * the values.
 *
 * Order of checks of get/set_param: -EFAULT, index -EINVAL, domain -ESRCH, not
 * HVM -EINVAL, caller neither itself nor its device model nor in control
 * -EPERM, unassigned index -EINVAL, deprecated (-EPERM to set, -ENODATA to
 * get), not for the guest itself -EPERM, set before -EEXIST, value -EINVAL.
 */
#include <hv/array.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/sched.h>

#define FIRST_VECTOR 0x10 /* those below are exceptions */

enum {
    KNOWN = 0x1,
    DEPRECATED = 0x2,
    GUEST_SETS = 0x4,
    GUEST_GETS = 0x8,
    ONCE = 0x10, /* only from 0 to something */
    BOUNDED = 0x20,
    GUEST = KNOWN | GUEST_SETS | GUEST_GETS,
};

struct param_rule {
    uint16_t flags;
    uint8_t min, max; /* BOUNDED */
};

#define RANGE(f, least, most)                                                \
    { .flags = (f) | BOUNDED, .min = (least), .max = (most) }

static const struct param_rule rules[HVM_NR_PARAMS] = {
    [HVM_PARAM_CALLBACK_IRQ] = { .flags = GUEST },
    [HVM_PARAM_STORE_PFN] = { .flags = KNOWN | GUEST_GETS },
    [HVM_PARAM_STORE_EVTCHN] = { .flags = GUEST },
    [HVM_PARAM_PAE_ENABLED] = { .flags = DEPRECATED },
    [HVM_PARAM_IOREQ_PFN] = { .flags = KNOWN | ONCE },
    [HVM_PARAM_BUFIOREQ_PFN] = { .flags = KNOWN | ONCE },
    [HVM_PARAM_VIRIDIAN] = RANGE(KNOWN, 0, 0),
    [HVM_PARAM_TIMER_MODE] = RANGE(KNOWN, 0, HVMPTM_one_missed_tick_pending),
    [HVM_PARAM_HPET_ENABLED] = { .flags = KNOWN },
    [HVM_PARAM_IDENT_PT] = { .flags = KNOWN },
    [HVM_PARAM_DM_DOMAIN] = { .flags = DEPRECATED },
    [HVM_PARAM_ACPI_S_STATE] = RANGE(KNOWN, 0, 0),
    [HVM_PARAM_VM86_TSS] = { .flags = GUEST },
    [HVM_PARAM_VPT_ALIGN] = { .flags = KNOWN },
    [HVM_PARAM_CONSOLE_PFN] = { .flags = KNOWN | GUEST_GETS },
    [HVM_PARAM_CONSOLE_EVTCHN] = { .flags = GUEST },
    [HVM_PARAM_ACPI_IOPORTS_LOCATION] = RANGE(GUEST, 0, 1),
    [HVM_PARAM_MEMORY_EVENT_CR0] = { .flags = DEPRECATED },
    [HVM_PARAM_MEMORY_EVENT_CR3] = { .flags = DEPRECATED },
    [HVM_PARAM_MEMORY_EVENT_CR4] = { .flags = DEPRECATED },
    [HVM_PARAM_MEMORY_EVENT_INT3] = { .flags = DEPRECATED },
    [HVM_PARAM_NESTEDHVM] = { .flags = DEPRECATED },
    [HVM_PARAM_MEMORY_EVENT_SINGLE_STEP] = { .flags = DEPRECATED },
    [HVM_PARAM_BUFIOREQ_EVTCHN] = { .flags = DEPRECATED },
    [HVM_PARAM_PAGING_RING_PFN] = { .flags = KNOWN },
    [HVM_PARAM_MONITOR_RING_PFN] = { .flags = KNOWN },
    [HVM_PARAM_SHARING_RING_PFN] = { .flags = KNOWN },
    [HVM_PARAM_MEMORY_EVENT_MSR] = { .flags = DEPRECATED },
    [HVM_PARAM_TRIPLE_FAULT_REASON] = RANGE(KNOWN, 0, SHUTDOWN_MAX),
    [HVM_PARAM_IOREQ_SERVER_PFN] = { .flags = KNOWN | ONCE },
    [HVM_PARAM_NR_IOREQ_SERVER_PAGES] = RANGE(KNOWN | ONCE, 1, 64),
    [HVM_PARAM_VM_GENERATION_ID_ADDR] = { .flags = GUEST },
    [HVM_PARAM_ALTP2M] = RANGE(KNOWN | ONCE, 0, XEN_ALTP2M_disabled),
    [HVM_PARAM_X87_FIP_WIDTH] = RANGE(GUEST, 0, 8),
    [HVM_PARAM_VM86_TSS_SIZED] = { .flags = GUEST },
    [HVM_PARAM_MCA_CAP] = RANGE(KNOWN | ONCE, 0, 0),
};

static bool value_ok(uint32_t index, uint64_t value)
{
    const struct param_rule *r = &array_at(rules, index);

    if ( index == HVM_PARAM_X87_FIP_WIDTH && value % 4 )
        return false;
    return !(r->flags & BOUNDED) || (value >= r->min && value <= r->max);
}

/* d->lock held. */
static int set_param_locked(struct domain *d, uint32_t index, uint64_t value)
{
    uint64_t *param = &array_at(d->params, index);

    /* The same once more is no change: what was handed out stays so. */
    if ( array_at(rules, index).flags & ONCE && *param )
        return *param == value ? 0 : -EEXIST;
    if ( !value_ok(index, value) )
        return -EINVAL;
    *param = value;
    ioreq_params_changed(d, index);
    return 0;
}

static int set_param(struct domain *d, struct xen_hvm_param *a)
{
    uint16_t flags = array_at(rules, a->index).flags;
    int rc;

    if ( flags & DEPRECATED )
        return -EPERM;
    if ( d == current_domain && !(flags & GUEST_SETS) )
        return -EPERM;
    spin_lock(&d->lock);
    rc = set_param_locked(d, a->index, a->value);
    spin_unlock(&d->lock);

    if ( rc || a->index != HVM_PARAM_CALLBACK_IRQ )
        return rc;
    if ( d == current_domain )
        domain_latch_layout(d, guest_is_32bit());
    /* The way events are delivered changed: let all look again. */
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v )
            arch_vcpu_kick(v);
    }
    return 0;
}

static int get_param(struct domain *d, struct xen_hvm_param *a)
{
    uint16_t flags = array_at(rules, a->index).flags;

    if ( flags & DEPRECATED )
        return -ENODATA;
    if ( d == current_domain && !(flags & GUEST_GETS) )
        return -EPERM;
    spin_lock(&d->lock);
    a->value = array_at(d->params, a->index);
    spin_unlock(&d->lock);
    return 0;
}

/*
 * The domain, referenced, if it is an HVM guest that the caller may handle:
 * itself, or one whose device model or controller the caller is.
 */
static int target_get(domid_t domid, struct domain **dp)
{
    struct domain *d;
    int rc = domain_get_any(domid, &d);

    if ( rc )
        return rc;
    if ( !d->translated )
        rc = -EINVAL;
    else if ( d != current_domain )
        rc = domain_dm_allowed(current_domain, d);
    if ( rc )
        domain_put(d);
    else
        *dp = d;
    return rc;
}

static long param_op(uint64_t arg,
                     int (*op)(struct domain *d, struct xen_hvm_param *a))
{
    struct xen_hvm_param a;
    struct domain *d;
    long rc;

    if ( copy_from_arg(&a, arg) )
        return -EFAULT;
    if ( a.index >= HVM_NR_PARAMS )
        return -EINVAL;
    rc = target_get(a.domid, &d);
    if ( rc )
        return rc;
    rc = array_at(rules, a.index).flags ? op(d, &a) : -EINVAL;
    domain_put(d);
    if ( !rc && op == get_param && copy_field_to_arg(arg, &a, value) )
        rc = -EFAULT;
    return rc;
}

static long set_upcall_vector(uint64_t arg)
{
    struct xen_hvm_evtchn_upcall_vector op;
    struct vcpu *v;

    if ( copy_from_arg(&op, arg) )
        return -EFAULT;
    if ( !current_domain->translated || op.vector < FIRST_VECTOR )
        return -EINVAL;
    v = domain_vcpu(current_domain, op.vcpu);
    if ( !v )
        return -ENOENT;
    WRITE_ONCE(v->upcall_vector, op.vector);
    arch_vcpu_kick(v);
    return 0;
}

static long get_mem_type(uint64_t arg)
{
    struct xen_hvm_get_mem_type a;
    struct domain *d;
    enum p2m_type t;
    long rc;

    if ( copy_from_arg(&a, arg) )
        return -EFAULT;
    rc = target_get(a.domid, &d);
    if ( rc )
        return rc;
    t = p2m_lookup(d, _gfn(a.pfn)).type;
    domain_put(d);
    if ( t == P2M_IOREQ )
        a.mem_type = HVMMEM_ioreq_server;
    else if ( t == P2M_RAM_RO || t == P2M_GRANT_RO )
        a.mem_type = HVMMEM_ram_ro;
    else if ( p2m_is_ram(t) || t == P2M_GRANT_RW || t == P2M_POD )
        a.mem_type = HVMMEM_ram_rw;
    else
        a.mem_type = HVMMEM_mmio_dm;
    return copy_field_to_arg(arg, &a, mem_type) ? -EFAULT : 0;
}

static long get_time(uint64_t arg)
{
    struct xen_hvm_get_time a = {
        .now = now_ns() - (uint64_t)current_domain->time_offset_ns,
    };

    return copy_to_arg(arg, &a) ? -EFAULT : 0;
}

long do_hvm_op(struct hypercall *hc)
{
    uint64_t arg = hc->a[1];

    switch ( (unsigned int)hc->a[0] )
    {
    case HVMOP_set_param:
        return param_op(arg, set_param);
    case HVMOP_get_param:
        return param_op(arg, get_param);
    case HVMOP_set_evtchn_upcall_vector:
        return set_upcall_vector(arg);
    case HVMOP_get_mem_type:
        return get_mem_type(arg);
    case HVMOP_get_time:
        return get_time(arg);
    case HVMOP_pagetable_dying:
        return -EINVAL; /* a hint for shadow paging, which does not exist */
    default:
        return -ENOSYS;
    }
}
