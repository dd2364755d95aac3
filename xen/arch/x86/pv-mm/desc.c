/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of PV guests: which ones may be in a GDT or LDT, and the frames
 * that a vcpu has there.
 *
 * The processor reads the frames by addresses of the hypervisor's.  So the guest
 * must not write to them: they have the type SEG, whose first reference checks
 * all 512 descriptors of the frame, and pv_update_descriptor() checks each that
 * is written afterwards.
 *
 * A guest's kernel and its programs run in ring 3, and each descriptor that a
 * selector can be loaded from gets DPL 3.  Gates, TSSs and LDTs are refused:
 * through them the guest would enter ring 0.
 *
 * The frames of a GDT are referred to at once, those of an LDT when they are
 * used: the guest names the LDT by an address, what is mapped there may come
 * later, and a part of it that is never used need not be mapped at all.
 */
#include "pv-private.h"

#define DESC_TYPE_SHIFT 40
#define DESC_TYPE 0xfUL
#define DESC_S X86_BIT(44) /* code or data */
#define DESC_DPL (X86_BIT(45) | X86_BIT(46))
#define DESC_P X86_BIT(47)

bool pv_check_descriptor(uint64_t *desc)
{
    if ( !(*desc & DESC_P) )
        return true;
    if ( *desc & DESC_S )
    {
        *desc |= DESC_DPL;
        return true;
    }
    /* Type 0 is no descriptor: whoever uses it gets #GP. */
    return !(*desc >> DESC_TYPE_SHIFT & DESC_TYPE);
}

bool check_descriptors(uint64_t *desc)
{
    for ( unsigned int i = 0; i < PV_ENTRIES; i++ )
    {
        uint64_t value = READ_ONCE(desc[i]);

        if ( !pv_check_descriptor(&value) )
            return false;
        WRITE_ONCE(desc[i], value);
    }
    return true;
}

/* ---- frames; locked ---- */

static struct page *get_frame(struct domain *d, mfn_t mfn)
{
    struct page *pg;

    if ( !mfn_valid(mfn) || !page_get(mfn_to_page(mfn), d) )
        return NULL;
    pg = mfn_to_page(mfn);
    if ( type_get_seg(pg) )
        return pg;
    pv_put_later(d->pv, pg);
    return NULL;
}

static void put_frames(struct domain *d, struct page **pg, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        if ( !pg[i] )
            continue;
        type_put_seg(pg[i]);
        pv_put_later(d->pv, pg[i]);
        pg[i] = NULL;
    }
}

static int get_frames(struct domain *d, const uint64_t *frames,
                      unsigned int nr, struct page **pg)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        pg[i] = get_frame(d, _mfn(frames[i]));
        if ( !pg[i] )
        {
            put_frames(d, pg, i);
            return -EINVAL;
        }
    }
    return 0;
}

void drop_descriptors(struct domain *d, unsigned int i)
{
    struct pv_descriptors *t = &d->pv->descriptors[i];

    put_frames(d, t->gdt, PV_GDT_FRAMES);
    put_frames(d, t->ldt, PV_LDT_FRAMES);
    t->gdt_entries = t->ldt_entries = 0;
}

static struct pv_descriptors *tables_of(const struct vcpu *v)
{
    return &v->domain->pv->descriptors[v->vcpu_id];
}

static unsigned int nr_frames_of(unsigned int entries)
{
    return DIV_ROUND_UP(entries, PV_ENTRIES);
}

/* ---- the GDT ---- */

static int set_gdt_locked(struct vcpu *v, const uint64_t *frames,
                          unsigned int entries)
{
    struct pv_descriptors *t = tables_of(v);
    struct page *pg[PV_GDT_FRAMES] = { NULL }, *old[PV_GDT_FRAMES];
    int rc = -EINVAL;

    /* Frames of a dying domain would outlive pv_domain_relinquish(). */
    if ( !domain_is_dying(v->domain) )
        rc = get_frames(v->domain, frames, nr_frames_of(entries), pg);
    if ( rc )
        return rc;
    memcpy(old, t->gdt, sizeof(old));
    memcpy(t->gdt, pg, sizeof(pg));
    t->gdt_entries = entries;
    pv_machine->load_descriptors(v);
    put_frames(v->domain, old, PV_GDT_FRAMES);
    return 0;
}

int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
    int rc;

    if ( entries > PV_GDT_FRAMES * PV_ENTRIES )
        return -EINVAL;
    rc = pv_lock_settled(v->domain);
    if ( rc )
        return rc;
    rc = set_gdt_locked(v, frames, entries);
    pv_unlock(v->domain);
    return rc;
}

/* ---- the LDT ---- */

int pv_set_ldt(struct vcpu *v, uint64_t base, unsigned int entries)
{
    struct pv_descriptors *t = tables_of(v);
    struct page *old[PV_LDT_FRAMES];
    int rc;

    if ( (base & ~PAGE_MASK) || !is_guest_va(base) ||
         entries > PV_LDT_FRAMES * PV_ENTRIES )
        return -EINVAL;
    rc = pv_lock_settled(v->domain);
    if ( rc )
        return rc;
    if ( domain_is_dying(v->domain) )
        rc = -EINVAL;
    else if ( t->ldt_base != base || t->ldt_entries != entries )
    {
        memcpy(old, t->ldt, sizeof(old));
        memset(t->ldt, 0, sizeof(t->ldt));
        t->ldt_base = base;
        t->ldt_entries = entries;
        pv_machine->load_descriptors(v);
        put_frames(v->domain, old, PV_LDT_FRAMES);
    }
    pv_unlock(v->domain);
    return rc;
}

/* The page that v's kernel has mapped at va, if it may have descriptors. */
static struct page *get_mapped(const struct vcpu *v, uint64_t va)
{
    struct domain *d = v->domain;
    unsigned int index;
    struct page *l1 = find_l1(d->pv->roots[v->vcpu_id].kernel, va, &index);
    uint64_t e;

    if ( !l1 )
        return NULL;
    e = READ_ONCE(((uint64_t *)page_to_virt(l1))[index]);
    return e & PTE_P ? get_frame(d, entry_mfn(e)) : NULL;
}

int pv_map_ldt(struct vcpu *v, unsigned int i)
{
    struct pv_descriptors *t = tables_of(v);
    int rc = pv_lock_settled(v->domain);

    if ( rc )
        return rc;
    if ( domain_is_dying(v->domain) || i >= nr_frames_of(t->ldt_entries) )
        rc = -EINVAL;
    else if ( !t->ldt[i] )
    {
        t->ldt[i] = get_mapped(v, t->ldt_base + i * PAGE_SIZE);
        rc = t->ldt[i] ? 0 : -EINVAL;
    }
    if ( !rc )
        pv_machine->load_descriptors(v);
    pv_unlock(v->domain);
    return rc;
}

/* ---- one descriptor ---- */

static int write_descriptor(struct page *pg, uint64_t ptr, uint64_t desc)
{
    uint64_t *at = (uint64_t *)page_to_virt(pg) + (ptr & ~PAGE_MASK) / 8;

    if ( pv_type(pg) == PV_SEG )
    {
        WRITE_ONCE(*at, desc);
        return 0;
    }
    if ( !pv_get_writable(pg) )
        return -EINVAL;
    WRITE_ONCE(*at, desc);
    pv_put_writable(pg);
    return 0;
}

int pv_update_descriptor(struct domain *d, uint64_t ptr, uint64_t desc)
{
    mfn_t mfn = _mfn(ptr >> PAGE_SHIFT);
    int rc;

    if ( (ptr & (sizeof(desc) - 1)) || !mfn_valid(mfn) ||
         !pv_check_descriptor(&desc) || !page_get(mfn_to_page(mfn), d) )
        return -EINVAL;
    rc = pv_lock_settled(d);
    if ( !rc )
    {
        rc = page_is_claimed(mfn_to_page(mfn))
                 ? -EINVAL : write_descriptor(mfn_to_page(mfn), ptr, desc);
        pv_unlock(d);
    }
    page_put(mfn_to_page(mfn));
    return rc;
}
