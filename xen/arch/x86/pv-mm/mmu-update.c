/* SPDX-License-Identifier: MIT */
/*
 * mmu_update: a list of entries to be written, to tables of one domain (PFD,
 * mostly the caller), which may map pages of another (FD); and entries of the
 * machine-to-physical table.
 */
#include "pv-private.h"

#include <hv/guest-access.h>

#include <pv-mm/ops.h>

#define PFD_SHIFT 16

struct mmu_call {
    struct domain *tables; /* with a reference */
    struct pv_foreign pages;
};

static int allowed(const struct mmu_call *c)
{
    int rc = 0;

    /* Device memory: may_map_io() decides. */
    if ( !c->pages.io )
        rc = foreign_allowed(&c->pages);
    if ( !rc && c->tables != current_domain )
        rc = domain_dm_allowed(current_domain, c->tables);
    return rc;
}

static int update_table(const struct mmu_call *c, uint64_t ptr, uint64_t value,
                        unsigned int flags, bool *done)
{
    int rc;

    if ( !c->tables->pv )
        return -EOPNOTSUPP;
    rc = allowed(c);
    if ( rc )
        return rc;
    if ( c->pages.io )
        flags |= PV_CALLER_IO;
    return pv_update(c->tables, ptr, value, c->pages.d, flags, done);
}

static int update_m2p(const struct mmu_call *c, uint64_t ptr, uint64_t value)
{
    int rc;

    if ( c->tables != current_domain )
        return -EPERM;
    if ( c->pages.d && c->pages.d->translated )
        return -EINVAL;
    rc = allowed(c);
    if ( rc )
        return rc;
    if ( !c->pages.d || !c->pages.d->pv )
        return -EINVAL;
    return pv_set_m2p(c->pages.d, _mfn(ptr >> PAGE_SHIFT), value);
}

static int update_one(void *arg, uint64_t addr, bool *done)
{
    const struct mmu_call *c = arg;
    struct mmu_update u;
    uint64_t cmd;

    if ( copy_from_arg(&u, addr) )
        return -EFAULT;
    cmd = u.ptr & (sizeof(u.val) - 1);
    u.ptr -= cmd;
    switch ( cmd )
    {
    case MMU_NORMAL_PT_UPDATE:
        return update_table(c, u.ptr, u.val, 0, done);
    case MMU_PT_UPDATE_PRESERVE_AD:
        return update_table(c, u.ptr, u.val, PV_PRESERVE_AD, done);
    case MMU_PT_UPDATE_NO_TRANSLATE:
        return update_table(c, u.ptr, u.val, PV_NO_TRANSLATE, done);
    case MMU_MACHPHYS_UPDATE:
        return update_m2p(c, u.ptr, u.val);
    default:
        return -ENOSYS;
    }
}

/* PFD + 1, or 0 for the caller. */
static int get_tables(unsigned int pfd, struct domain **dp)
{
    if ( !pfd )
        return domain_get_any(DOMID_SELF, dp);
    *dp = domain_get((domid_t)(pfd - 1));
    return *dp ? 0 : -ESRCH;
}

long do_mmu_update(struct hypercall *hc)
{
    uint32_t foreigndom = (uint32_t)hc->a[3];
    struct mmu_call c;
    long rc;

    if ( !current_domain->pv )
        return -ENOSYS;
    rc = get_tables(foreigndom >> PFD_SHIFT, &c.tables);
    if ( rc )
        return rc;
    rc = foreign_get((domid_t)foreigndom, &c.pages);
    if ( rc )
        rc = batch_failed(hc, rc);
    else
    {
        rc = batch_run(hc, sizeof(struct mmu_update), c.tables, update_one,
                       &c);
        foreign_put(&c.pages);
    }
    domain_put(c.tables);
    return rc;
}
