/* SPDX-License-Identifier: MIT */
/*
 * memory_op(cmd, arg): the dispatcher, and the operations that return a number.
 *
 * A preemptible operation keeps its progress in cmd, above the operation's
 * number; the others refuse a cmd with progress in it.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/lib.h>
#include <hv/memory.h>

/* ---- numbers ---- */

/* ABI: the count is returned in the register of errors; Xen has 32 bits. */
static long as_count(uint64_t n)
{
    return (long)min(n, (uint64_t)UINT32_MAX);
}

static long reservation_of(unsigned int op, struct domain *d)
{
    uint64_t n;

    if ( op == XENMEM_maximum_gpfn )
        return (long)p2m_max_gfn(d);
    spin_lock(&d->page_lock);
    n = op == XENMEM_current_reservation ? d->tot_pages : d->max_pages;
    spin_unlock(&d->page_lock);
    return as_count(n);
}

static long query_domain(unsigned int op, uint64_t arg)
{
    struct xen_memory_domain m;
    struct domain *d;
    long rc;

    if ( copy_from_arg(&m, arg) )
        return -EFAULT;
    rc = domain_get_any(m.domid, &d);
    if ( rc )
        return rc;
    rc = memory_allowed(d);
    if ( !rc )
        rc = reservation_of(op, d);
    domain_put(d);
    return rc;
}

/* As page_claim(), after: -EFAULT; -EINVAL an extent, no domain; -EPERM. */
static long claim_pages(uint64_t arg)
{
    struct xen_memory_reservation r;
    struct domain *d;
    long rc;

    if ( copy_from_arg(&r, arg) )
        return -EFAULT;
    if ( !handle_is_null(r.extent_start) || r.extent_order || r.mem_flags )
        return -EINVAL;
    d = domain_get(r.domid);
    if ( !d )
        return -EINVAL;
    rc = domain_ctl_allowed(current_domain, d);
    if ( !rc )
        rc = page_claim(d, r.nr_extents);
    domain_put(d);
    return rc;
}

/*
 * XENMEM_set_pod_target, get_pod_target.  -EFAULT; -EINVAL DOMID_SELF; -ESRCH;
 * -EINVAL the domain is not translated; -EPERM; set: -EINVAL above its limit;
 * -ENOMEM.  The counts are answered whatever the set has reached.
 */
static long pod_target(struct hypercall *hc, unsigned int op, uint64_t arg)
{
    struct xen_pod_target t;
    struct domain *d;
    long rc;

    if ( copy_from_arg(&t, arg) )
        return -EFAULT;
    if ( t.domid == DOMID_SELF )
        return -EINVAL;
    rc = domain_get_any(t.domid, &d);
    if ( rc )
        return rc;
    if ( !d->translated )
        rc = -EINVAL;
    else if ( !is_control_domain(current_domain) )
        rc = -EPERM;
    else if ( op == XENMEM_set_pod_target )
        rc = t.target_pages > READ_ONCE(d->max_pages)
                 ? -EINVAL : p2m_pod_set_target(d, t.target_pages);
    if ( rc == -ERESTART )
        (void)memory_restart(hc, 0);
    else if ( !rc )
    {
        spin_lock(&d->page_lock);
        t.tot_pages = d->tot_pages;
        spin_unlock(&d->page_lock);
        p2m_pod_counts(d, &t.pod_cache_pages, &t.pod_entries);
        rc = copy_to_arg(arg, &t) ? -EFAULT : 0;
    }
    domain_put(d);
    return rc;
}

/* Where a PV guest finds the machine-to-physical table. */
static long machphys_mapping(uint64_t arg)
{
    const struct xen_machphys_mapping m = {
        .v_start = MACH2PHYS_VIRT_START,
        .v_end = MACH2PHYS_VIRT_END,
        .max_mfn = nr_frames - 1,
    };

    if ( !current_domain->pv )
        return -ENOSYS;
    return copy_to_arg(arg, &m) ? -EFAULT : 0;
}

/* ---- the dispatcher ---- */

static long one_shot(unsigned int op, uint64_t arg)
{
    switch ( op )
    {
    case XENMEM_maximum_ram_page:
        return (long)nr_frames;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return query_domain(op, arg);
    case XENMEM_memory_map:
        return memory_get_map(arg);
    case XENMEM_machine_memory_map:
        return memory_get_machine_map(arg);
    case XENMEM_set_memory_map:
        return memory_set_map(arg);
    case XENMEM_machphys_mapping:
        return machphys_mapping(arg);
    case XENMEM_remove_from_physmap:
        return memory_remove_from_physmap(arg);
    case XENMEM_claim_pages:
        return claim_pages(arg);
    case XENMEM_get_sharing_freed_pages:
    case XENMEM_get_sharing_shared_pages:
        return 0; /* no page is ever shared between domains */
    case XENMEM_exchange:
        return pv_memory_exchange(arg);
    case XENMEM_get_vnumainfo:
        return -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}

long do_memory_op(struct hypercall *hc)
{
    unsigned int op = hc->a[0] & MEMOP_CMD_MASK;
    unsigned long start = hc->a[0] >> MEMOP_CMD_BITS;
    uint64_t arg = hc->a[1];

    switch ( op )
    {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return memory_reservation(hc, op, arg, start);
    case XENMEM_add_to_physmap:
        return memory_add_to_physmap(hc, arg, start);
    case XENMEM_add_to_physmap_batch:
        return memory_add_to_physmap_batch(hc, arg, start);
    case XENMEM_set_pod_target:
    case XENMEM_get_pod_target:
        return start ? -EINVAL : pod_target(hc, op, arg);
    case XENMEM_acquire_resource:
        if ( guest_is_32bit() )
            return -ENOSYS; /* its progress does not fit 32 bits */
        return memory_acquire_resource(hc, arg, start);
    default:
        return start ? -EINVAL : one_shot(op, arg);
    }
}
