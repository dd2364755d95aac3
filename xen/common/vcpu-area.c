/* SPDX-License-Identifier: MIT */
/*
 * Areas of guest memory that the hypervisor writes for a vcpu: its vcpu_info
 * and its runstate.
 *
 * vcpu_info moves at most once in a vcpu's life: from the shared info page, or
 * from v->own_info if that page has no place for the vcpu, to a page of the
 * guest's.  v->info_page then holds a reference on that page until the domain
 * is destroyed.
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
    /* While v runs, only v itself may move its vcpu_info. */
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

    /* Without the lock in the common case: a later change is written at the
     * next entry. */
    if ( likely(!v->runstate_addr) ||
         READ_ONCE(v->runstate.state_entry_time) == v->runstate_shown )
        return;
    vcpu_runstate_get(v, &info);
    /* A failed copy harms only the guest, which unmapped its own area. */
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
