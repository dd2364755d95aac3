/* SPDX-License-Identifier: MIT */
/*
 * The list of domains: lookup, references, who may control whom.
 *
 * The list, sorted by id, is protected by list_lock (LOCK_DOMAIN_LIST), and so are
 * the lists by_id[] of those that have the same last bits of their ids, and the
 * set of ids.  A domain enters the lists complete and leaves them when the domain's
 * last reference goes.  A lookup takes its reference under the lock, and never from
 * zero, so a lookup cannot revive a domain whose last reference has gone.
 *
 * This file knows nothing of what a domain consists of: domain_put() leaves
 * freeing to d->release(), which domain.c has set.
 */
#include "domain-private.h"

#include <hv/array.h>
#include <hv/lib.h>

#define FIRST_PICKED_DOMID 1

/* Ids are given away one after the other: few domains have the same bits. */
#define NR_BUCKETS 256U

static struct list domains, by_id[NR_BUCKETS];

/* The ids in use: a bit for each, and a bit for each word of these. */
#define ID_WORDS (0x8000U / 64)
_Static_assert(DOMID_FIRST_RESERVED <= ID_WORDS * 64, "a bit for each id");
static uint64_t ids[ID_WORDS], id_words[ID_WORDS / 64];
static spinlock_t list_lock;
static domid_t last_picked;

void domain_list_init(void)
{
    list_init(&domains);
    for ( unsigned int i = 0; i < NR_BUCKETS; i++ )
        list_init(&by_id[i]);
    memset(ids, 0, sizeof(ids));
    memset(id_words, 0, sizeof(id_words));
    spin_lock_init(&list_lock, LOCK_DOMAIN_LIST);
    last_picked = 0;
}

void domain_list_lock(void)
{
    spin_lock(&list_lock);
}

void domain_list_unlock(void)
{
    spin_unlock(&list_lock);
}

struct domain *domain_next(struct domain *d)
{
    struct list *next = d ? d->list.next : domains.next;

    ASSERT(spin_is_mine(&list_lock));
    return next == &domains ? NULL : list_entry(next, struct domain, list);
}

/* ---- lookup and references ---- */

struct vcpu *domain_vcpu(struct domain *d, unsigned int id)
{
    if ( id >= d->max_vcpus )
        return NULL;
    return load_acquire(&d->vcpu[array_index(id, d->max_vcpus)]);
}

static bool get_unless_zero(struct domain *d)
{
    uint32_t refs = READ_ONCE(d->refs);

    do {
        if ( refs == 0 )
            return false;
    } while ( !atomic_cmpxchg(&d->refs, &refs, refs + 1) );
    return true;
}

static struct domain *find_locked(domid_t domid)
{
    struct domain *d;

    list_for_each (d, &by_id[domid % NR_BUCKETS], same_bits)
        if ( d->domain_id == domid )
            return d;
    return NULL;
}

/* The first bit from `from` on; nr * 64: none. */
static unsigned int next_bit(const uint64_t *words, unsigned int nr,
                             unsigned int from)
{
    uint64_t skip = ~0UL << from % 64;

    for ( unsigned int w = from / 64; w < nr; w++, skip = ~0UL )
        if ( words[w] & skip )
            return w * 64 + (unsigned int)__builtin_ctzl(words[w] & skip);
    return nr * 64;
}

/* The first id in use from `from` on; ID_WORDS * 64: none. */
static unsigned int next_id(unsigned int from)
{
    unsigned int word = from / 64, id;

    if ( word >= ID_WORDS )
        return ID_WORDS * 64;
    id = next_bit(ids, word + 1, from);
    if ( id < (word + 1) * 64 )
        return id;
    word = next_bit(id_words, ID_WORDS / 64, word + 1);
    return word < ID_WORDS ? next_bit(ids, word + 1, word * 64)
                           : ID_WORDS * 64;
}

static void use_id(domid_t id, bool used)
{
    uint64_t *word = &ids[id / 64], bit = 1UL << id % 64;

    *word = used ? *word | bit : *word & ~bit;
    bit = 1UL << id / 64 % 64;
    word = &id_words[id / 64 / 64];
    *word = ids[id / 64] ? *word | bit : *word & ~bit;
}

struct domain *domain_get_from(domid_t domid)
{
    struct domain *found = NULL;

    spin_lock(&list_lock);
    for ( unsigned int id = next_id(domid); !found && id < ID_WORDS * 64;
          id = next_id(id + 1) )
    {
        struct domain *d = find_locked((domid_t)id);

        if ( get_unless_zero(d) )
            found = d;
    }
    spin_unlock(&list_lock);
    return found;
}

struct domain *domain_get(domid_t domid)
{
    struct domain *d;

    spin_lock(&list_lock);
    d = find_locked(domid);
    if ( d && !get_unless_zero(d) )
        d = NULL;
    spin_unlock(&list_lock);
    return d;
}

void domain_get_more(struct domain *d)
{
    uint32_t refs = atomic_add_return(&d->refs, 1);

    BUG_ON(refs < 2);
}

int domain_get_any(domid_t domid, struct domain **dp)
{
    if ( domid == DOMID_SELF )
    {
        *dp = current_domain;
        domain_get_more(*dp);
        return 0;
    }
    *dp = domain_get(domid);
    return *dp ? 0 : -ESRCH;
}

int domain_get_remote(domid_t domid, struct domain **dp)
{
    *dp = domain_get(domid);
    if ( *dp != current_domain )
        return *dp ? 0 : -ESRCH;
    domain_put(*dp);
    *dp = NULL;
    return -EPERM;
}

/* Another domain may get the id: no device model keeps its right to the id. */
static void forget_target_locked(domid_t domid)
{
    struct domain *d;

    list_for_each (d, &domains, list)
        if ( READ_ONCE(d->target_id) == domid )
            WRITE_ONCE(d->target_id, DOMID_INVALID);
}

void domain_put(struct domain *d)
{
    if ( atomic_sub_return(&d->refs, 1) )
        return;

    spin_lock(&list_lock);
    if ( !list_empty(&d->list) )
        use_id(d->domain_id, false);
    list_del(&d->list);
    list_del(&d->same_bits);
    forget_target_locked(d->domain_id);
    spin_unlock(&list_lock);
    d->release(d);
}

/* ---- entering the list ---- */

static domid_t pick_locked(void)
{
    if ( ++last_picked >= DOMID_FIRST_RESERVED )
        last_picked = FIRST_PICKED_DOMID;
    return last_picked;
}

static void enlist_locked(struct domain *d, domid_t domid)
{
    struct domain *pos;

    list_for_each (pos, &domains, list)
        if ( pos->domain_id > domid )
            break;
    d->domain_id = domid;
    list_add_tail(&d->list, &pos->list);
    list_add_tail(&d->same_bits, &by_id[domid % NR_BUCKETS]);
    use_id(domid, true);
}

int domain_enlist(struct domain *d, domid_t domid)
{
    unsigned int tries = DOMID_FIRST_RESERVED;
    bool pick = domid == DOMID_INVALID, free;

    spin_lock(&list_lock);
    do {
        if ( pick )
            domid = pick_locked();
        free = !find_locked(domid);
    } while ( !free && pick && --tries );
    if ( free )
        enlist_locked(d, domid);
    spin_unlock(&list_lock);
    if ( free )
        return 0;
    return pick ? -ENOMEM : -EEXIST;
}

/* ---- rights ---- */

int domain_ctl_allowed(const struct domain *caller, const struct domain *d)
{
    (void)d; /* a control domain controls all */
    return is_control_domain(caller) ? 0 : -EPERM;
}

int domain_dm_allowed(const struct domain *caller, const struct domain *d)
{
    if ( READ_ONCE(caller->target_id) == d->domain_id )
        return 0;
    return domain_ctl_allowed(caller, d);
}
