/* SPDX-License-Identifier: MIT */
/*
 * Writes of a guest's kernel to L1 tables, which are mapped read-only: each is
 * done as an update of the entry, with all checks of that.
 *
 * The instruction is decoded, and its operand has to be where the fault was.
 * Then the entry is exchanged: at once where the new value does not depend on
 * the old one, else by comparing.  When the entry is another one meanwhile, the
 * guest executes its instruction again.
 */
#include "pv-private.h"
#include "pt-insn.h"

/* The L1 table that v's kernel has mapped read-only at va, with a reference. */
static int get_l1_at(const struct vcpu *v, uint64_t va, struct page **table)
{
    struct domain *d = v->domain;
    struct page *l1, *pg = NULL;
    unsigned int index;
    uint64_t e = 0;
    int rc = pv_lock_settled(d);

    if ( rc )
        return rc;
    l1 = find_l1(d->pv->roots[v->vcpu_id].kernel, va, &index);
    if ( l1 )
        e = READ_ONCE(((uint64_t *)page_to_virt(l1))[index]);
    if ( (e & (PTE_P | PTE_RW)) == PTE_P && mfn_valid(entry_mfn(e)) )
        pg = mfn_to_page(entry_mfn(e));
    if ( pg && !page_get(pg, d) )
        pg = NULL;
    if ( pg && pv_type(pg) != PV_L1 )
    {
        pv_put_later(d->pv, pg);
        pg = NULL;
    }
    pv_unlock(d);
    *table = pg;
    return pg ? 0 : -EINVAL;
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

static int execute(struct domain *d, struct page *table,
                   const struct pt_insn *i, struct pv_regs *regs)
{
    unsigned int index = (unsigned int)((i->addr & ~PAGE_MASK) / 8);
    uint64_t entry = READ_ONCE(((uint64_t *)page_to_virt(table))[index]);
    bool compare = i->op != PT_MOV && i->op != PT_XCHG;
    uint64_t flags = regs->rflags, value, old = operand(entry, i);
    int rc = 0;

    value = pt_insn_result(i, regs, old, &flags);
    if ( i->op == PT_CMPXCHG && old != regs->gpr[0] )
        regs->gpr[0] = old; /* nothing is written */
    else
        rc = swap_l1_entry(d, table, index, compare, &entry,
                           merge(entry, i, value));
    if ( rc )
        return rc;
    if ( i->op == PT_XCHG )
        regs->gpr[i->reg] = entry;
    regs->rflags = flags & ~RFLAGS_RF;
    regs->rip += i->len;
    return 0;
}

enum pv_pt_write pv_emulate_pt_write(struct vcpu *v, struct pv_regs *regs,
                                     uint64_t va)
{
    struct page *table;
    struct pt_insn i;
    int rc = get_l1_at(v, va, &table);

    if ( !rc )
    {
        rc = -EINVAL;
        if ( pt_insn_decode(regs, &i) && i.addr == va &&
             !(va & (i.bytes - 1)) )
            rc = execute(v->domain, table, &i, regs);
        page_put(table);
    }
    if ( !rc )
        return PV_PT_DONE;
    return rc == -ERESTART || rc == -EAGAIN ? PV_PT_RETRY : PV_PT_FAULT;
}
