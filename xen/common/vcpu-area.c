/* SPDX-License-Identifier: MIT */
/*
 * Areas of guest memory that the hypervisor writes for a vcpu: its vcpu_info
 * and its runstate.
 *
 * vcpu_info moves once in a vcpu's life, from where it was (shared info page,
 * or v->own_info for vcpus that have no place there) to the guest's page, on
 * which v->info_page then holds a reference until the domain's end.
 *
 * The layout of these areas and of the shared info page is that of 64-bit or of
 * 32-bit code, as the domain was when it last told where its shared info is.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/lib.h>

#include "vcpu-private.h"

/* Pending bits are changed by atomic operations on words. */
static size_t alignment_of_info(const struct domain *d)
{
    return READ_ONCE(d->shared_32) ? sizeof(uint32_t) : sizeof(uint64_t);
}

long vcpu_register_info(struct vcpu *v, uint64_t arg)
{
    struct vcpu_register_vcpu_info reg;
    struct domain *d = v->domain;
    vcpu_info_ref_t *info;
    struct page *pg;
    long rc = 0;

    if ( copy_from_arg(&reg, arg) )
        return -EFAULT;
    if ( reg.offset > PAGE_SIZE - sizeof(*info) ||
         reg.offset % alignment_of_info(d) )
        return -ENXIO;
    pg = p2m_get_own_page(d, reg.mfn);
    if ( !pg )
        return -EINVAL;
    info = (void *)((char *)page_to_virt(pg) + reg.offset);

    spin_lock(&d->lock);
    /* Of a running vcpu only itself knows when its info may move. */
    if ( v->info_page || domain_is_dying(d) ||
         (v != current && !(READ_ONCE(v->flags) & VCPU_DOWN)) )
        rc = -EINVAL;
    else if ( reg.offset % alignment_of_info(d) ) /* the layout changed */
        rc = -ENXIO;
    else
    {
        memcpy(info, v->info, sizeof(*info));
        WRITE_ONCE(v->info_page, pg);
        store_release(&v->info, info);
        evtchn_rescan(v);
    }
    spin_unlock(&d->lock);
    if ( rc )
        p2m_put_own_page(pg);
    return rc;
}

void vcpu_runstate_show(struct vcpu *v)
{
    struct vcpu_runstate_info info;

    /* The common case without the lock: a change to come is seen next time. */
    if ( likely(!v->runstate_addr) ||
         READ_ONCE(v->runstate.state_entry_time) == v->runstate_shown )
        return;
    vcpu_runstate_get(v, &info);
    /* An area that went away is the guest's affair. */
    if ( READ_ONCE(v->domain->shared_32)
             ? !compat_copy_out(&compat_of_vcpu_runstate_info,
                                v->runstate_addr, &info, 1)
             : !guest_copy_out(v->runstate_addr, &info, sizeof(info)) )
        v->runstate_shown = info.state_entry_time;
}

long vcpu_register_runstate(struct vcpu *v, uint64_t arg)
{
    struct vcpu_register_runstate_memory_area area;
    struct vcpu_runstate_info info;

    if ( copy_from_arg(&area, arg) )
        return -EFAULT;
    vcpu_runstate_get(v, &info);
    if ( area.addr.p && copy_to_arg(area.addr.p, &info) )
        return -EFAULT;
    WRITE_ONCE(v->runstate_addr, area.addr.p);
    return 0;
}

/* ---- layout ---- */

/* d->lock is held. */
static bool only_32(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        const struct vcpu *v = domain_vcpu(d, i);

        if ( v && (uintptr_t)READ_ONCE(v->info) % sizeof(uint64_t) )
            return true;
    }
    return false;
}

void domain_latch_layout(struct domain *d, bool is_32)
{
    spin_lock(&d->lock);
    evtchn_set_layout(d, is_32 || only_32(d));
    spin_unlock(&d->lock);
    domain_wallclock_update(d);
}
