/* SPDX-License-Identifier: MIT */
/*
 * One entry of a page table: which bits a guest may set, and the references that
 * the entry holds.
 *
 * A guest's kernel and its programs both run in ring 3, so each present entry
 * gets the user bit.  The global bit is cleared: a global translation would stay
 * in TLBs when another domain's tables are loaded.
 */
#include "pv-private.h"

/* Bits that the processor ignores: 9 to 11, and 52 to 62. */
#define SOFTWARE (X86_BIT(9) | X86_BIT(10) | X86_BIT(11) | 0x7ffUL << 52)
#define CACHE (PTE_PWT | PTE_PCD | PTE_PS) /* PTE_PS is PAT in an L1 entry */
#define GLOBAL X86_BIT(8)
#define ALLOWED_TABLE (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | SOFTWARE |  \
                       PTE_NX | PTE_ADDRESS)
#define ALLOWED_L1 (ALLOWED_TABLE | GLOBAL)

static uint64_t seen_by_cpu(uint64_t e)
{
    return (e & ~GLOBAL) | PTE_US;
}

bool entry_check_table(uint64_t *e)
{
    if ( *e & ~ALLOWED_TABLE )
        return false;
    *e = seen_by_cpu(*e);
    return true;
}

/* ---- device memory, and frames that do not exist: no references ---- */

static bool is_no_ram(mfn_t mfn)
{
    return pv_machine->is_io(mfn) || !mfn_valid(mfn);
}

static int get_io(const struct domain *io, uint64_t e)
{
    if ( e & ~(ALLOWED_L1 | CACHE) )
        return -EINVAL;
    if ( io && pv_machine->is_io(entry_mfn(e)) &&
         pv_machine->may_map_io(io, entry_mfn(e)) )
        return 0;
    return (e & PTE_ADDRESS) == PTE_ADDRESS ? -EINVAL : -EPERM;
}

/* ---- RAM ---- */

static struct page *find_page(const struct domain *owner, mfn_t mfn)
{
    struct page *pg = mfn_to_page(mfn);

    return owner && page_get(pg, owner) ? pg : NULL;
}

static int get_ram(struct domain *d, struct page *pg, uint64_t e)
{
    int rc = e & ~ALLOWED_L1 ? -EINVAL : -EBUSY;

    if ( !pg )
        return rc;
    /* Claimed pages, too: they are a device model's to map. */
    if ( rc == -EBUSY && (!(e & PTE_RW) || pv_get_writable(pg)) )
        return 0;
    pv_put_later(d->pv, pg);
    return rc;
}

int entry_get_l1(struct domain *d, const struct domain *owner,
                 const struct domain *io, struct page *target, uint64_t *e)
{
    mfn_t mfn = entry_mfn(*e);
    int rc;

    if ( !target && is_no_ram(mfn) )
        rc = get_io(io, *e);
    else
        rc = get_ram(d, target ? target : find_page(owner, mfn), *e);
    *e = seen_by_cpu(*e);
    return rc;
}

void entry_put_l1(struct domain *d, uint64_t e)
{
    struct page *pg;

    if ( pv_machine->is_io(entry_mfn(e)) )
        return;
    pg = mfn_to_page(entry_mfn(e));
    frame_stale(pg);
    if ( e & PTE_RW )
        pv_put_writable(pg);
    pv_put_later(d->pv, pg);
}
