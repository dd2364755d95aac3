/* SPDX-License-Identifier: MIT */
/*
 * mmuext_op: a list of operations: pins, roots, TLB flushes, the LDT, pages to
 * be cleared or copied.  Most are about the caller; pins and pages may be
 * another PV domain's (FD).
 */
#include "pv-private.h"

#include <hv/guest-access.h>

#include <pv-mm/ops.h>

typedef struct mmuext_op op_t;

/* ---- pins, of FD ---- */

static int pin(const struct pv_foreign *f, const op_t *op)
{
    return f->d ? pv_pin(f->d, _mfn(op->arg1.mfn),
                         op->cmd - MMUEXT_PIN_L1_TABLE + PV_L1)
                : -EINVAL;
}

static int unpin(const struct pv_foreign *f, const op_t *op, bool *done)
{
    return f->d ? pv_unpin(f->d, _mfn(op->arg1.mfn), done) : -EINVAL;
}

/* ---- pages of FD ---- */

static struct page *get_page(const struct pv_foreign *f, mfn_t mfn)
{
    if ( !mfn_valid(mfn) || !page_get(mfn_to_page(mfn), f->d) )
        return NULL;
    return mfn_to_page(mfn);
}

/* Nothing but the hypervisor's writes reaches `to` by this way: src or zeroes. */
static int fill_page(const struct pv_foreign *f, mfn_t to, const void *src)
{
    struct page *pg = get_page(f, to);
    int rc = -EINVAL;

    if ( !pg )
        return -EINVAL;
    if ( pv_get_writable(pg) )
    {
        if ( src )
            memcpy(page_to_virt(pg), src, PAGE_SIZE);
        else
            memset(page_to_virt(pg), 0, PAGE_SIZE);
        budget_spend_bytes(PAGE_SIZE);
        pv_put_writable(pg);
        rc = 0;
    }
    page_put(pg);
    return rc;
}

static int copy_page(const struct pv_foreign *f, mfn_t to, mfn_t from)
{
    struct page *src = get_page(f, from);
    int rc;

    if ( !src )
        return -EINVAL;
    rc = fill_page(f, to, page_to_virt(src));
    page_put(src);
    return rc;
}

/* ---- TLBs and caches, of the caller ---- */

static bool is_for_one_address(unsigned int cmd)
{
    return cmd == MMUEXT_INVLPG_LOCAL || cmd == MMUEXT_INVLPG_MULTI ||
           cmd == MMUEXT_INVLPG_ALL;
}

static int flush(const op_t *op)
{
    struct pv_vcpus set;

    switch ( op->cmd )
    {
    case MMUEXT_TLB_FLUSH_LOCAL:
    case MMUEXT_INVLPG_LOCAL:
        vcpus_current(&set);
        break;
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_ALL:
        vcpus_all(&set);
        break;
    default:
        if ( vcpus_read(&set, handle_addr(op->arg2.vcpumask)) )
            return -EINVAL;
        break;
    }
    if ( !is_for_one_address(op->cmd) )
        pv_machine->flush_tlb(current_domain, &set);
    else if ( is_guest_va(op->arg1.linear_addr) )
        pv_machine->flush_va(current_domain, &set, op->arg1.linear_addr);
    return 0;
}

static int flush_cache(bool all_cpus)
{
    if ( !pv_machine->may_flush_cache(current_domain) )
        return all_cpus ? -EINVAL : -EACCES;
    pv_machine->flush_cache(all_cpus);
    return 0;
}

/* ---- dispatch ---- */

/* What a vcpu does to itself. */
static int do_own(const op_t *op, bool *done)
{
    switch ( op->cmd )
    {
    case MMUEXT_NEW_BASEPTR:
    case MMUEXT_NEW_USER_BASEPTR:
        return pv_set_root(current, _mfn(op->arg1.mfn),
                           op->cmd == MMUEXT_NEW_USER_BASEPTR, done);
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        return flush_cache(op->cmd == MMUEXT_FLUSH_CACHE_GLOBAL);
    case MMUEXT_SET_LDT:
        return pv_set_ldt(current, op->arg2.nr_ents ? op->arg1.linear_addr : 0,
                          op->arg2.nr_ents);
    default:
        return flush(op);
    }
}

static int do_one(void *arg, uint64_t addr, bool *done)
{
    const struct pv_foreign *f = arg;
    op_t op;

    if ( copy_from_arg(&op, addr) )
        return -EFAULT;
    switch ( op.cmd )
    {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
        return pin(f, &op);
    case MMUEXT_UNPIN_TABLE:
        return unpin(f, &op, done);
    case MMUEXT_CLEAR_PAGE:
        return fill_page(f, _mfn(op.arg1.mfn), NULL);
    case MMUEXT_COPY_PAGE:
        return copy_page(f, _mfn(op.arg1.mfn), _mfn(op.arg2.src_mfn));
    case MMUEXT_NEW_BASEPTR ... MMUEXT_SET_LDT:
    case MMUEXT_NEW_USER_BASEPTR:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        return f->d == current_domain ? do_own(&op, done) : -EPERM;
    case MMUEXT_MARK_SUPER:
    case MMUEXT_UNMARK_SUPER:
        return -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}

long do_mmuext_op(struct hypercall *hc)
{
    struct pv_foreign f;
    long rc;

    if ( !current_domain->pv )
        return -ENOSYS;
    rc = foreign_get((domid_t)hc->a[3], &f);
    if ( rc )
        return rc;
    rc = f.d && !f.d->pv ? -EINVAL : foreign_allowed(&f);
    if ( !rc )
        rc = batch_run(hc, sizeof(op_t), f.d, do_one, &f);
    foreign_put(&f);
    return rc;
}
