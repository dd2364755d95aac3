/* SPDX-License-Identifier: MIT */
/*
 * Areas of guest memory that the hypervisor writes for a vcpu: its vcpu_info
 * and its runstate.
 *
 * vcpu_info moves once in a vcpu's life, from where it was (shared info page,
 * or v->own_info for vcpus that have no place there) to the guest's page, on
 * which v->info_page then holds a reference until the domain's end.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/lib.h>

#include "vcpu-private.h"

long vcpu_register_info(struct vcpu *v, uint64_t arg)
{
    struct vcpu_register_vcpu_info reg;
    struct domain *d = v->domain;
    struct vcpu_info *info;
    struct page *pg;
    long rc = 0;

    if ( copy_from_arg(&reg, arg) )
        return -EFAULT;
    /* Aligned: pending bits are changed by 64-bit atomic operations. */
    if ( reg.offset > PAGE_SIZE - sizeof(*info) ||
         reg.offset % sizeof(uint64_t) )
        return -EINVAL;
    pg = p2m_get_own_page(d, reg.mfn);
    if ( !pg )
        return -EINVAL;
    info = (struct vcpu_info *)((char *)page_to_virt(pg) + reg.offset);

    spin_lock(&d->lock);
    /* Of a running vcpu only itself knows when its info may move. */
    if ( v->info_page || domain_is_dying(d) ||
         (v != current && !(READ_ONCE(v->flags) & VCPU_DOWN)) )
        rc = -EINVAL;
    else
    {
        memcpy(info, v->info, sizeof(*info));
        WRITE_ONCE(v->info_page, pg);
        store_release(&v->info, info);
        evtchn_rescan(v);
    }
    spin_unlock(&d->lock);
    if ( rc )
        page_put(pg);
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
    if ( !copy_to_arg(v->runstate_addr, &info) )
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
