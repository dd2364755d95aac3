/* SPDX-License-Identifier: MIT */
/*
 * The domain that a hypercall about memory names (FD): the caller, another one,
 * or the owners of what is no domain's: DOMID_IO and DOMID_XEN.
 */
#include "pv-private.h"

int foreign_get(domid_t domid, struct pv_foreign *f)
{
    *f = (struct pv_foreign){ .io = domid == DOMID_IO };
    switch ( domid )
    {
    case DOMID_IO:
    case DOMID_XEN:
        return 0;
    case DOMID_SELF:
        f->d = current_domain;
        domain_get_more(f->d);
        return 0;
    default:
        return domain_get_remote(domid, &f->d) ? -ESRCH : 0;
    }
}

void foreign_put(struct pv_foreign *f)
{
    if ( f->d )
        domain_put(f->d);
}

int foreign_allowed(const struct pv_foreign *f)
{
    if ( f->d == current_domain || is_control_domain(current_domain) )
        return 0;
    return f->d ? domain_dm_allowed(current_domain, f->d) : -EPERM;
}
