/* SPDX-License-Identifier: MIT */
/*
 * XEN_DOMCTL_createdomain and getdomaininfo: a domain's configuration, and its
 * state.
 *
 * A configuration is checked as a whole before anything is created: -EINVAL for
 * an invalid field, -EOPNOTSUPP for a set of emulated devices that cannot be
 * combined.  Grant limits below zero become the defaults here.
 */
#include <hv/lib.h>

#include <pv-mm/pv-mm.h>

#include "domctl-private.h"

#define DEFAULT_GRANT_FRAMES 64
#define DEFAULT_MAPTRACK_FRAMES 1024

#define SUPPORTED_FLAGS                                                      \
    (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_oos_off |      \
     XEN_DOMCTL_CDF_xs_domain)
#define HVM_FLAGS (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap)

#define EMU_PVH XEN_X86_EMU_LAPIC
#define EMU_HVM (XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI)

/* HVM with nested paging; or PV, where the machine has PV guests. */
static bool kind_ok(uint32_t flags)
{
    if ( flags & HVM_FLAGS )
        return (flags & HVM_FLAGS) == HVM_FLAGS;
    return !(flags & XEN_DOMCTL_CDF_oos_off) && pv_mm_present();
}

static int check_config(struct xen_domctl_createdomain *c)
{
    uint32_t emu = c->arch.emulation_flags;
    uint32_t version = XEN_DOMCTL_GRANT_version(c->grant_opts);

    /* Not supported: shadow paging, pass-through, nesting, vPMU. */
    if ( c->flags & ~SUPPORTED_FLAGS || !kind_ok(c->flags) )
        return -EINVAL;
    if ( c->iommu_opts || c->vmtrace_size || c->cpupool_id )
        return -EINVAL;
    if ( c->max_vcpus < 1 || c->max_vcpus > MAX_VCPUS )
        return -EINVAL;
    if ( c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask || version < 1 ||
         version > 2 )
        return -EINVAL;
    if ( c->arch.misc_flags & ~XEN_X86_MISC_FLAGS_MAX ||
         emu & ~XEN_X86_EMU_ALL )
        return -EINVAL;
    if ( !(c->flags & XEN_DOMCTL_CDF_hvm) ? emu != 0
                                          : emu != EMU_PVH && emu != EMU_HVM )
        return -EOPNOTSUPP;

    if ( c->max_grant_frames < 0 )
        c->max_grant_frames = DEFAULT_GRANT_FRAMES;
    if ( c->max_maptrack_frames < 0 )
        c->max_maptrack_frames = DEFAULT_MAPTRACK_FRAMES;
    if ( c->max_grant_frames < 1 || c->max_grant_frames > MAX_GRANT_FRAMES )
        return -EINVAL;
    return 0;
}

long domctl_createdomain(struct domctl *c)
{
    domid_t domid = c->op.domain;
    struct domain *d;
    long rc = check_config(&c->op.u.createdomain);

    if ( rc )
        return rc;
    /* Zero and all reserved ids ask for any free id. */
    if ( domid == 0 || domid >= DOMID_FIRST_RESERVED )
        domid = DOMID_INVALID;
    rc = domain_create_get(domid, &c->op.u.createdomain, false, &d);
    if ( rc )
        return rc;
    c->op.domain = d->domain_id;
    c->copyback = true;
    domain_put(d);
    return 0;
}

/* Sums over all vcpus. */
static uint32_t vcpu_summary(struct domain *d,
                             struct xen_domctl_getdomaininfo *info)
{
    uint32_t flags = XEN_DOMINF_blocked;

    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu_runstate_info runstate;
        struct vcpu *v = domain_vcpu(d, i);
        uint32_t vflags;

        if ( !v )
            continue;
        vcpu_runstate_get(v, &runstate);
        info->cpu_time += runstate.time[RUNSTATE_running];
        info->max_vcpu_id = i;
        vflags = READ_ONCE(v->flags);
        if ( vflags & VCPU_DOWN )
            continue;
        info->nr_online_vcpus++;
        if ( !(vflags & (VCPU_BLOCKED | VCPU_POLLING)) )
            flags &= ~XEN_DOMINF_blocked;
        if ( v == current || runstate.state == RUNSTATE_running )
            flags |= XEN_DOMINF_running;
    }
    return info->nr_online_vcpus ? flags : 0;
}

static uint32_t domain_flags(struct domain *d)
{
    uint16_t code = READ_ONCE(d->shutdown_code);
    uint32_t flags = (code & XEN_DOMINF_shutdownmask)
                     << XEN_DOMINF_shutdownshift;

    if ( READ_ONCE(d->state) == DOM_DEAD )
        flags |= XEN_DOMINF_dying;
    if ( code != NOT_SHUT_DOWN )
        flags |= XEN_DOMINF_shutdown;
    if ( READ_ONCE(d->ctl_pause_count) )
        flags |= XEN_DOMINF_paused;
    if ( d->translated )
        flags |= XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
    if ( d->config.flags & XEN_DOMCTL_CDF_xs_domain )
        flags |= XEN_DOMINF_xs_domain;
    return flags;
}

void domctl_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    memset(info, 0, sizeof(*info));
    info->domain = d->domain_id;
    info->flags = vcpu_summary(d, info) | domain_flags(d);
    info->ssidref = d->ssidref;
    info->gpaddr_bits = __builtin_ctzl(P2M_GFN_LIMIT) + PAGE_SHIFT;
    info->arch_config = d->config.arch;

    spin_lock(&d->page_lock);
    info->tot_pages = d->tot_pages;
    info->max_pages = d->max_pages;
    info->outstanding_pages = READ_ONCE(d->outstanding_pages);
    spin_unlock(&d->page_lock);

    spin_lock(&d->lock);
    memcpy(info->handle, d->handle, sizeof(info->handle));
    /* Translated guests map the page themselves, at a gfn of their choice. */
    info->shared_info_frame = d->translated || d->state == DOM_DEAD
                                  ? UINT64_MAX
                                  : mfn_x(page_to_mfn(d->shared_page));
    spin_unlock(&d->lock);
}

long domctl_getdomaininfo(struct domctl *c)
{
    domctl_fill_info(c->d, &c->op.u.getdomaininfo);
    c->op.domain = c->d->domain_id;
    c->copyback = true;
    return 0;
}
