/* SPDX-License-Identifier: MIT */
/*
 * Random operations of two PV guests on few frames, so that frames change their
 * types all the time, with tables of all kinds: half made, wrong, shared, their
 * own.  Operations give way at random and are dropped in the middle.  The CPU
 * walks what roots there are.  After each operation types, counts, references
 * and TLB are compared with what the tables say.
 */
#include "test-pv.h"

#define NR_FRAMES 24
#define STEPS 4000

static uint64_t seed;
static struct domain *guest[2];
static uint64_t frame[2][NR_FRAMES]; /* some of the guest's, by number */
static unsigned int done_ops[6], refused_ops[6];

static unsigned int roll(unsigned int n)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned int)(seed >> 33) % n;
}

static unsigned int who(const struct domain *d)
{
    return d == guest[1];
}

static uint64_t roll_mfn(const struct domain *d)
{
    switch ( roll(40) )
    {
    case 0:
        return roll((unsigned int)nr_frames);
    case 1:
        return nr_frames + roll(100);
    case 2:
        return IO_FRAME;
    case 3:
        return frame[!who(d)][roll(NR_FRAMES)];
    default:
        return frame[who(d)][roll(NR_FRAMES)];
    }
}

/* Few slots, so that they are used again; some of the hypervisor's. */
static unsigned int roll_index(void)
{
    return roll(10) ? roll(6) : 254 + roll(20);
}

static uint64_t roll_entry(const struct domain *d)
{
    uint64_t e = roll_mfn(d) << PAGE_SHIFT;

    if ( roll(8) )
        e |= PTE_P;
    if ( roll(2) )
        e |= PTE_RW;
    if ( roll(2) )
        e |= PTE_US | PTE_A;
    if ( !roll(12) )
        e |= 1UL << (4 + roll(60));
    return e;
}

/*
 * The guest's kernel writes a page itself, which it can do if the page is mapped
 * writable: so only where no table is.
 */
static void write_raw(struct domain *d)
{
    struct page *pg = mfn_to_page(_mfn(frame[who(d)][roll(NR_FRAMES)]));

    if ( pg->owner != d || !pv_get_writable(pg) )
        return;
    for ( unsigned int i = roll(4); i; i-- )
        set_raw(pg, roll_index(), roll_entry(d));
    pv_put_writable(pg);
}

/* A tree that is right, more or less. */
static void write_tree(struct domain *d)
{
    uint64_t below = roll_mfn(d);

    for ( unsigned int level = 1; level <= 4; level++ )
    {
        uint64_t mfn = frame[who(d)][roll(NR_FRAMES)];
        struct page *pg = mfn_to_page(_mfn(mfn));

        if ( pg->owner == d && pv_get_writable(pg) )
        {
            if ( roll(3) == 0 )
                memset(page_to_virt(pg), 0, PAGE_SIZE);
            set_raw(pg, roll_index(), below << PAGE_SHIFT | PTE_P |
                    (roll(2) ? PTE_RW : 0));
            pv_put_writable(pg);
        }
        below = mfn;
    }
}

/* A frame goes, and one comes. */
static int exchange(struct domain *d)
{
    uint64_t *f = &frame[who(d)][roll(NR_FRAMES)];
    struct page *pg;
    bool gone;
    int rc = pv_release(d, _mfn(*f), &gone);

    if ( !gone )
        return rc;
    pg = pv_page(d);
    *f = mfn_of(pg);
    return 0;
}

static void touch(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct pv_roots *r = &d->pv->roots[i];
        struct page *root = roll(2) ? r->kernel : r->user;

        for ( unsigned int k = 0; root && k < 8; k++ )
            tlb_touch(d, root, (uint64_t)roll(6) << 39 |
                      (uint64_t)roll(6) << 30 | (uint64_t)roll(6) << 21 |
                      (uint64_t)roll(6) << 12);
    }
}

/* One call; what gives way may never be called again. */
static int one_call(struct domain *d, unsigned int op)
{
    struct domain *owner = roll(6) ? d : guest[!who(d)];
    mfn_t mfn = _mfn(roll_mfn(d));
    bool done;

    switch ( op )
    {
    case 0:
        return pv_pin(d, mfn, roll(6));
    case 1:
        return pv_unpin(d, mfn, &done);
    case 2:
        cpu_root = NULL; /* which of the vcpus is on it, nobody knows */
        return pv_set_root(domain_vcpu(d, roll(2)),
                           roll(8) ? mfn : _mfn(0), roll(2), &done);
    case 3:
        return exchange(d);
    default:
        return pv_update(d, (mfn_x(mfn) << PAGE_SHIFT) + roll_index() * 8,
                         roll_entry(d), owner, roll(4), &done);
    }
}

static void step(void)
{
    struct domain *d = guest[roll(2)];
    unsigned int op = roll(8), tries = roll(20);
    uint64_t before = seed;
    int rc;

    fixture_be(domain_vcpu(d, roll(2)));
    hosted_preempt_every(roll(3) ? 0 : 1 + roll(3));
    switch ( roll(8) )
    {
    case 0:
    case 1:
        write_raw(d);
        return;
    case 2:
        write_tree(d);
        return;
    case 3:
        touch(d);
        return;
    default:
        break;
    }
    before = seed;
    do {
        seed = before; /* the same call again */
        rc = one_call(d, op);
    } while ( rc == -ERESTART && tries-- );
    if ( rc == -EINVAL )
        refused_ops[min(op, 4U)]++;
    else if ( !rc )
        done_ops[min(op, 4U)]++;
}

static void play(uint64_t start)
{
    uint64_t free_before = page_nr_free();

    seed = start;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        guest[i] = pv_guest(2);
        for ( unsigned int k = 0; k < NR_FRAMES; k++ )
            frame[i][k] = mfn_of(pv_page(guest[i]));
    }
    for ( unsigned int i = 0; i < STEPS; i++ )
    {
        step();
        tlb_check();
        if ( i % 16 == 0 )
            pv_check();
    }
    pv_check();
    hosted_preempt_every(0);
    fixture_be_dom(dom0);
    fixture_kill(guest[0]);
    pv_check();
    fixture_kill(guest[1]);
    assert_int_equal(page_nr_free(), free_before);
}

static void test_random(void **state)
{
    (void)state;
    for ( uint64_t start = 1; start <= 6; start++ )
        play(start);
    for ( unsigned int op = 0; op < 5; op++ )
    {
        assert_true(done_ops[op] > 20);
        assert_true(op == 3 || refused_ops[op] > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
