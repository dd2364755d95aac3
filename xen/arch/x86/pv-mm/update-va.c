/* SPDX-License-Identifier: MIT */
/*
 * update_va_mapping: the L1 entry that maps an address of the caller is written,
 * and TLBs are flushed; the entry may map a page of another domain.
 */
#include "pv-private.h"

#include <pv-mm/ops.h>

/* Which vcpus the flags name: the current one, all, or those of a map. */
static int find_vcpus(uint64_t flags, struct pv_vcpus *set)
{
    uint64_t where = flags & ~UVMF_FLUSHTYPE_MASK;

    if ( where != UVMF_LOCAL && where != UVMF_ALL )
        return vcpus_read(set, where);
    if ( where == UVMF_ALL )
        vcpus_all(set);
    else
        vcpus_current(set);
    return 0;
}

static int flush(uint64_t va, uint64_t flags)
{
    struct pv_vcpus set;
    int rc;

    if ( !(flags & UVMF_FLUSHTYPE_MASK) )
        return 0;
    rc = find_vcpus(flags, &set);
    if ( rc )
        return rc;
    if ( flags & UVMF_TLB_FLUSH )
        pv_machine->flush_tlb(current_domain, &set);
    else
        pv_machine->flush_va(current_domain, &set, va);
    return 0;
}

static int update(const struct hypercall *hc, const struct pv_foreign *f)
{
    int rc = foreign_allowed(f);

    if ( !rc )
        rc = pv_update_va(current, hc->a[0], hc->a[1], f->d,
                          f->io ? PV_CALLER_IO : 0);
    return rc ? rc : flush(hc->a[0], hc->a[2]);
}

static long update_for(const struct hypercall *hc, domid_t domid)
{
    struct pv_foreign f;
    int rc;

    if ( !current_domain->pv )
        return -ENOSYS;
    rc = foreign_get(domid, &f);
    if ( rc )
        return rc;
    rc = update(hc, &f);
    foreign_put(&f);
    return rc;
}

long do_update_va_mapping(struct hypercall *hc)
{
    return update_for(hc, DOMID_SELF);
}

long do_update_va_mapping_otherdomain(struct hypercall *hc)
{
    return update_for(hc, (domid_t)hc->a[3]);
}
