/* SPDX-License-Identifier: MIT */
/*
 * Writes of a guest's kernel to L1 tables, which are mapped read-only: each is
 * done as an update of the entry, with all checks of that.
 *
 * The instruction is decoded, and its operand has to be where the fault was, in
 * an L1 table.  Then the entry is exchanged: at once where the new value does not
 * depend on the old one, else by comparing.  When the entry is another one
 * meanwhile, the guest executes its instruction again.
 */
#include "pv-private.h"
#include "pt-insn.h"

/*
 * Locked.  The L1 table that v's kernel has mapped read-only at va; NULL.  The
 * mapping has a reference on it, and stays until the lock is dropped.
 */
static struct page *find_table(const struct vcpu *v, uint64_t va)
{
    struct domain *d = v->domain;
    struct page *l1, *pg = NULL;
    unsigned int index;
    uint64_t e = 0;

    l1 = find_l1(d->pv->roots[v->vcpu_id].kernel, va, &index);
    if ( l1 )
        e = READ_ONCE(((uint64_t *)page_to_virt(l1))[index]);
    if ( (e & (PTE_P | PTE_RW)) == PTE_P && mfn_valid(entry_mfn(e)) )
        pg = mfn_to_page(entry_mfn(e));
    if ( !pg || !page_get(pg, d) ) /* another domain's */
        return NULL;
    pv_put_later(d->pv, pg);
    return pv_type(pg) == PV_L1 ? pg : NULL;
}

/* The entry with the operand, of i->bytes bytes at va, replaced by `value`. */
static uint64_t merge(uint64_t entry, const struct pt_insn *i, uint64_t value)
{
    unsigned int shift = 8 * (i->addr & 7);

    if ( i->bytes == 8 )
        return value;
    return (entry & ~(0xffUL << shift)) | value << shift;
}

static uint64_t operand(uint64_t entry, const struct pt_insn *i)
{
    return i->bytes == 8 ? entry : (uint8_t)(entry >> 8 * (i->addr & 7));
}

/* Locked. */
static int execute(struct domain *d, struct page *table,
                   const struct pt_insn *i, struct pv_regs *regs)
{
    unsigned int index = (unsigned int)((i->addr & ~PAGE_MASK) / 8);
    uint64_t entry = READ_ONCE(((uint64_t *)page_to_virt(table))[index]);
    bool compare = i->op != PT_MOV && i->op != PT_XCHG;
    uint64_t flags = regs->rflags, value, old = operand(entry, i);
    uint8_t changed = PV_NO_REG;
    int rc = 0;

    value = pt_insn_result(i, regs, old, &flags);
    if ( i->op == PT_CMPXCHG && old != regs->gpr[0] )
        changed = 0; /* nothing is written */
    else
        rc = swap_l1_entry(d, table, index, compare, &entry,
                           merge(entry, i, value));
    if ( rc )
        return rc;
    if ( i->op == PT_XCHG )
        changed = i->reg;
    if ( changed != PV_NO_REG )
        regs->gpr[changed] = entry;
    regs->changed = changed;
    regs->rflags = flags & ~RFLAGS_RF;
    regs->rip += i->len;
    return 0;
}

enum pv_pt_write pv_emulate_pt_write(struct vcpu *v, struct pv_regs *regs,
                                     uint64_t va)
{
    struct domain *d = v->domain;
    struct page *table;
    struct pt_insn i;
    int rc;

    if ( !pt_insn_decode(regs, &i) || i.addr != va || (va & (i.bytes - 1)) )
        return PV_PT_FAULT;
    rc = pv_lock_settled(d);
    if ( !rc )
    {
        table = find_table(v, va);
        rc = table ? execute(d, table, &i, regs) : -EINVAL;
        pv_unlock(d);
    }
    if ( !rc )
        return PV_PT_DONE;
    return rc == -ERESTART || rc == -EAGAIN ? PV_PT_RETRY : PV_PT_FAULT;
}
