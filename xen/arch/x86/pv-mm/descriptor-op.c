/* SPDX-License-Identifier: MIT */
/* set_gdt and update_descriptor: the hypercalls around desc.c. */
#include "pv-private.h"

#include <hv/guest-access.h>

#include <pv-mm/ops.h>

long do_set_gdt(struct hypercall *hc)
{
    uint32_t entries = (uint32_t)hc->a[1];
    uint64_t frames[PV_GDT_FRAMES];

    if ( !current_domain->pv )
        return -ENOSYS;
    if ( entries > PV_GDT_FRAMES * PV_ENTRIES )
        return -EINVAL;
    if ( guest_copy_in(frames, hc->a[0], DIV_ROUND_UP(entries, PV_ENTRIES) *
                                             sizeof(frames[0])) )
        return -EFAULT;
    return pv_set_gdt(current, frames, entries);
}

long do_update_descriptor(struct hypercall *hc)
{
    if ( !current_domain->pv )
        return -ENOSYS;
    return pv_update_descriptor(current_domain, hc->a[0], hc->a[1]);
}
