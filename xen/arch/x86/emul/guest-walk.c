/* SPDX-License-Identifier: MIT */
/*
 * The page table walk of an x86 processor, for all its paging modes: none,
 * 32-bit (4 MiB pages), PAE (2 MiB) and 4-level (2 MiB, 1 GiB).
 *
 * Tables are the guest's memory: it may change them under the walk, so each
 * entry is read once.  The depth bounds the loop, whatever the entries say.
 */
#include <emul/guest-walk.h>

#include <x86/defns.h>

#define MAX_LEVELS 4

struct mode {
    unsigned int levels, index_bits, entry_bytes;
    bool nx;
};

static struct mode mode_of(const struct guest_paging *p)
{
    bool nx = p->efer & EFER_NX;

    if ( p->efer & EFER_LMA )
        return (struct mode){ 4, 9, 8, nx };
    if ( p->cr4 & CR4_PAE )
        return (struct mode){ 3, 9, 8, nx };
    return (struct mode){ 2, 10, 4, false };
}

static bool canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

/* May an entry of this level map a page itself? */
static bool is_leaf(const struct guest_paging *p, const struct mode *m,
                    unsigned int level, uint64_t pte)
{
    if ( level == 1 )
        return true;
    if ( !(pte & PTE_PS) )
        return false;
    if ( m->levels == 2 )
        return p->cr4 & CR4_PSE;
    return level == 2 || (level == 3 && m->levels == 4);
}

/* Reserved bits of a large page's address must be clear. */
static bool leaf_address(const struct mode *m, unsigned int level,
                         uint64_t pte, uint64_t va, uint64_t *gpa)
{
    uint64_t size = 1UL << (PAGE_SHIFT + (level - 1) * m->index_bits);
    uint64_t frame = pte & PTE_ADDRESS;

    if ( level > 1 )
    {
        if ( m->levels == 2 ) /* bits 13-20 are address bits 32-39 */
            frame = (pte & 0xffc00000UL) | ((pte >> 13 & 0xff) << 32);
        else
            frame &= ~(1UL << PAGE_SHIFT); /* PAT */
    }
    *gpa = frame | (va & (size - 1));
    return !(frame & (size - 1));
}

/* rights: the entries' permissions along the way, and-ed; nx: or-ed. */
static bool allowed(const struct guest_paging *p, unsigned int access,
                    uint64_t rights, bool nx)
{
    if ( (access & WALK_USER) && !(rights & PTE_US) )
        return false;
    if ( (access & WALK_FETCH) && nx )
        return false;
    if ( (access & WALK_WRITE) && !(rights & PTE_RW) )
        return !(access & WALK_USER) && !(p->cr0 & CR0_WP);
    return true;
}

/* What a walk has read, from the top. */
struct entries {
    unsigned int nr;
    uint64_t gpa[MAX_LEVELS], value[MAX_LEVELS];
};

static uint64_t linear(const struct guest_paging *p, uint64_t va)
{
    return p->efer & EFER_LMA ? va : (uint32_t)va;
}

/* Paging is on, and va is linear(). */
static bool walk(const struct guest_paging *p, uint64_t va,
                 unsigned int access, guest_read_phys_t read, void *arg,
                 uint64_t *gpa, unsigned int *error, struct entries *e)
{
    struct mode m = mode_of(p);
    uint64_t rights = PTE_RW | PTE_US, table;
    bool nx = false;

    e->nr = 0;
    *error = access & (WALK_WRITE | WALK_USER | (m.nx ? WALK_FETCH : 0));
    if ( !canonical(va) )
        return false;

    table = m.levels == 4   ? p->cr3 & PTE_ADDRESS
            : m.levels == 3 ? p->cr3 & 0xffffffe0UL
                            : p->cr3 & 0xfffff000UL;
    for ( unsigned int level = m.levels;; level-- )
    {
        unsigned int shift = PAGE_SHIFT + (level - 1) * m.index_bits;
        uint64_t index = (va >> shift) & ((1UL << m.index_bits) - 1);
        uint64_t pte = 0, at;

        if ( m.levels == 3 && level == 3 )
            index &= 3;
        at = table + index * m.entry_bytes;
        if ( !read(arg, at, &pte, m.entry_bytes) || !(pte & PTE_P) )
            return false;
        e->gpa[e->nr] = at;
        e->value[e->nr++] = pte;
        if ( (pte & PTE_NX) && !m.nx )
            goto reserved;
        /* PAE's top entries have no permissions. */
        if ( !(m.levels == 3 && level == 3) )
        {
            rights &= pte;
            nx |= pte & PTE_NX;
        }
        if ( is_leaf(p, &m, level, pte) )
        {
            if ( !leaf_address(&m, level, pte, va, gpa) )
                goto reserved;
            break;
        }
        if ( level > 2 && (pte & PTE_PS) )
            goto reserved;
        table = pte & (m.levels == 2 ? 0xfffff000UL : PTE_ADDRESS);
    }
    if ( allowed(p, access, rights, nx) )
        return true;
    *error |= WALK_PRESENT;
    return false;

 reserved:
    *error |= WALK_PRESENT | WALK_RESERVED;
    return false;
}

bool guest_walk(const struct guest_paging *p, uint64_t va, unsigned int access,
                guest_read_phys_t read, void *arg, uint64_t *gpa,
                unsigned int *error)
{
    struct entries e;

    *gpa = linear(p, va);
    return !(p->cr0 & CR0_PG) ||
           walk(p, *gpa, access, read, arg, gpa, error, &e);
}

enum walk_result guest_walk_marking(const struct guest_paging *p, uint64_t va,
                                    unsigned int access,
                                    guest_read_phys_t read,
                                    guest_cmpxchg_phys_t cmpxchg, void *arg,
                                    uint64_t *gpa, unsigned int *error)
{
    struct entries e;
    struct mode m;

    *gpa = linear(p, va);
    if ( !(p->cr0 & CR0_PG) )
        return WALK_DONE;
    if ( !walk(p, *gpa, access, read, arg, gpa, error, &e) )
        return WALK_FAULT;
    m = mode_of(p);
    /* PAE's top entries have no such bits. */
    for ( unsigned int i = m.levels == 3; i < e.nr; i++ )
    {
        uint64_t old = e.value[i], seen = old, new = old | PTE_A;

        if ( i == e.nr - 1 && (access & WALK_WRITE) )
            new |= PTE_D;
        if ( new == old )
            continue;
        if ( !cmpxchg(arg, e.gpa[i], &seen, new, m.entry_bytes) )
            return WALK_READ_ONLY;
        if ( seen != old )
            return WALK_CHANGED;
    }
    return WALK_DONE;
}
