/* SPDX-License-Identifier: MIT */
/*
 * The debug key `F`: where the control domain has other domains' pages.
 *
 * Its devices take its addresses for the machine's.  So a page of another
 * domain belongs where the machine has no RAM, and its own memory, when it is
 * direct mapped, at the machine's addresses; whatever is elsewhere is counted.
 */
#include <hv/domain.h>
#include <hv/keys.h>
#include <hv/lib.h>
#include <hv/memory.h>

#define MAX_LINES 32

struct show {
    struct key_press *key;
    unsigned int left;     /* entries until the lock is released           */
    unsigned int lines;
    uint64_t start, end;   /* gfns of others' pages, not yet printed       */
    uint64_t others, in_ram, moved;
};

static bool is_host_ram(uint64_t gfn)
{
    const struct e820entry *map;
    unsigned int nr = arch_host_e820(&map);
    uint64_t at = gfn << PAGE_SHIFT;

    for ( unsigned int i = 0; i < nr; i++ )
        if ( map[i].type == E820_RAM && at < map[i].addr + map[i].size &&
             at + PAGE_SIZE > map[i].addr )
            return true;
    return false;
}

static void print_range(struct show *s)
{
    if ( s->start != s->end && s->lines++ < MAX_LINES )
        key_print(s->key, "gfns: %#lx-%#lx are of other domains",
                  (unsigned long)s->start, (unsigned long)s->end - 1);
    s->start = s->end = 0;
}

static int look(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    struct show *s = arg;

    if ( !s->left-- )
        return 1;
    if ( p2m_is_ram(e.type) )
        s->moved += d->direct_mapped && gfn_x(gfn) != mfn_x(e.mfn) &&
                    !(mfn_to_page(e.mfn)->flags & PAGE_EXTRA);
    if ( e.type != P2M_FOREIGN && !p2m_is_grant(e.type) )
        return 0;
    if ( s->end != gfn_x(gfn) )
    {
        print_range(s);
        s->start = gfn_x(gfn);
    }
    s->end = gfn_x(gfn) + 1;
    s->others++;
    s->in_ram += is_host_ram(gfn_x(gfn));
    return 0;
}

int gfn_key_foreign(struct key_press *k)
{
    struct show s = { .key = k };
    struct domain *dom0 = domain_get(0);
    uint64_t gfn = 0;

    if ( !dom0 )
        return 0;
    do
        s.left = LOOK_AT_ONCE;
    while ( p2m_for_each(dom0, &gfn, look, &s) );
    domain_put(dom0);
    print_range(&s);
    key_print(k, "gfns: %lu of other domains, %lu of these where the machine "
              "has RAM; %lu of its own not at the machine's address",
              (unsigned long)s.others, (unsigned long)s.in_ram,
              (unsigned long)s.moved);
    return 0;
}
