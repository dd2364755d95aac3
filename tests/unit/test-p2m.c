/* SPDX-License-Identifier: MIT */
/* The p2m: entries and their references, and its end. */
#include "fixture.h"

#include <pthread.h>

#include <asm/p2m.h>

static const struct p2m_entry nothing = { { ~0UL }, P2M_NONE, false };

static struct page *new_page(struct domain *d)
{
    struct page *pg = page_alloc(d, 0, 0);

    assert_non_null(pg);
    return pg;
}

static int set(struct domain *d, uint64_t gfn, struct page *pg,
               enum p2m_type t)
{
    return p2m_set(d, _gfn(gfn), page_to_mfn(pg), t);
}

static void test_types_are_kept(void **state)
{
    static const struct {
        enum p2m_type type;
        bool has_page, own;
    } cases[] = {
        { P2M_RAM_RW, true, true },    { P2M_RAM_RO, true, true },
        { P2M_IOREQ, true, true },     { P2M_FOREIGN, true, false },
        { P2M_GRANT_RW, true, false }, { P2M_GRANT_RO, true, false },
    };
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct page *pg = new_page(cases[i].own ? d : other), *got;
        enum p2m_type t = P2M_NONE;
        struct p2m_entry e;

        assert_int_equal(set(d, 7, pg, cases[i].type), 0);
        e = p2m_lookup(d, _gfn(7));
        assert_int_equal(e.type, cases[i].type);
        assert_true(mfn_eq(e.mfn, page_to_mfn(pg)));
        assert_int_equal(pg->refs, 1);
        got = p2m_get_page(d, _gfn(7), &t);
        assert_ptr_equal(got, pg);
        assert_int_equal(t, cases[i].type);
        assert_int_equal(pg->refs, 2);
        page_put(got);
        fixture_audit();
        /* As many as a PV device model's page tables can hold. */
        pg->refs = PAGE_MAX_GETS;
        assert_null(p2m_get_page(d, _gfn(7), &t));
        assert_int_equal(t, cases[i].type);
        assert_int_equal(pg->refs, PAGE_MAX_GETS);
        pg->refs = 1;
    }
    /* No page: a type alone, or a frame that nobody counts. */
    assert_int_equal(p2m_set(d, _gfn(7), INVALID_MFN, P2M_MMIO_DM), 0);
    assert_int_equal(p2m_lookup(d, _gfn(7)).type, P2M_MMIO_DM);
    assert_false(mfn_valid(p2m_lookup(d, _gfn(7)).mfn));
    assert_int_equal(p2m_set(d, _gfn(7), _mfn(0xfee00), P2M_MMIO_DIRECT), 0);
    assert_int_equal(mfn_x(p2m_lookup(d, _gfn(7)).mfn), 0xfee00);
    assert_null(p2m_get_page(d, _gfn(7), NULL));
    assert_int_equal(d->tot_pages + other->tot_pages, 0);
}

static void test_errors(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *a = new_page(d), *b = new_page(d);
    const struct p2m_entry is_a = { page_to_mfn(a), P2M_RAM_RW, false };
    const struct p2m_entry ro_a = { page_to_mfn(a), P2M_RAM_RO, false };
    const struct p2m_entry is_b = { page_to_mfn(b), P2M_RAM_RW, false };

    (void)state;
    assert_int_equal(set(d, P2M_GFN_LIMIT, a, P2M_RAM_RW), -EINVAL);
    assert_int_equal(set(d, ~0UL, a, P2M_RAM_RW), -EINVAL);
    assert_int_equal(set(dom0, 1, a, P2M_RAM_RW), -EINVAL);
    assert_int_equal(p2m_lookup(dom0, _gfn(1)).type, P2M_NONE);
    assert_int_equal(p2m_lookup(d, _gfn(~0UL)).type, P2M_NONE);
    assert_null(p2m_get_page(d, _gfn(~0UL), NULL));
    assert_int_equal(p2m_remove(d, _gfn(1), INVALID_MFN), -ENOENT);
    assert_int_equal(p2m_remove(d, _gfn(~0UL), INVALID_MFN), -ENOENT);
    assert_int_equal(p2m_remove(dom0, _gfn(1), INVALID_MFN), -ENOENT);

    assert_int_equal(p2m_replace(d, _gfn(1), is_a, page_to_mfn(b),
                                 P2M_RAM_RW), -EBUSY);
    assert_int_equal(set(d, P2M_GFN_LIMIT - 1, a, P2M_RAM_RW), 0);
    assert_int_equal(p2m_max_gfn(d), P2M_GFN_LIMIT - 1);
    assert_int_equal(p2m_remove(d, _gfn(P2M_GFN_LIMIT - 1), page_to_mfn(b)),
                     -EINVAL);
    assert_int_equal(p2m_replace(d, _gfn(P2M_GFN_LIMIT - 1), nothing,
                                 page_to_mfn(b), P2M_RAM_RW), -EBUSY);
    assert_int_equal(p2m_replace(d, _gfn(P2M_GFN_LIMIT - 1), ro_a,
                                 page_to_mfn(b), P2M_RAM_RW), -EBUSY);
    assert_int_equal(p2m_replace(d, _gfn(P2M_GFN_LIMIT - 1), is_b,
                                 page_to_mfn(b), P2M_RAM_RW), -EBUSY);
    assert_int_equal(a->refs, 1);
    /* The old page goes, the new one's reference is the entry's. */
    assert_int_equal(p2m_replace(d, _gfn(P2M_GFN_LIMIT - 1), is_a,
                                 page_to_mfn(b), P2M_RAM_RW), 0);
    assert_int_equal(a->refs, 0);
    assert_int_equal(b->refs, 1);
    assert_int_equal(p2m_remove(d, _gfn(P2M_GFN_LIMIT - 1), page_to_mfn(b)),
                     0);
    assert_int_equal(b->refs, 0);
    assert_int_equal(d->tot_pages, 0);
}

/* A page whose mapping is replaced is freed after nobody can reach it. */
static struct page *watched;
static unsigned int flushes;

static void on_flush(struct domain *d, gfn_t gfn, uint64_t nr)
{
    (void)gfn, (void)nr;
    flushes++;
    assert_false(spin_is_mine(&d->p2m.lock));
    if ( watched )
        assert_true(watched->refs >= 1);
}

static void test_flush_comes_before_put(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    hosted_hooks.p2m_flush = on_flush;
    flushes = 0;
    watched = new_page(d);
    assert_int_equal(set(d, 1, watched, P2M_RAM_RW), 0);
    assert_int_equal(flushes, 0); /* nothing was there to be cached */
    fixture_populate(d, 1, 1);
    assert_int_equal(flushes, 1);
    assert_int_equal(watched->refs, 0);
    watched = mfn_to_page(p2m_lookup(d, _gfn(1)).mfn);
    assert_int_equal(p2m_remove(d, _gfn(1), INVALID_MFN), 0);
    assert_int_equal(flushes, 2);
    assert_int_equal(watched->refs, 0);

    fixture_populate(d, 1, 1);
    watched = mfn_to_page(p2m_lookup(d, _gfn(1)).mfn);
    fixture_kill(d);
    assert_int_equal(flushes, 3);
    watched = NULL;
}

struct seen {
    unsigned int nr, stop_at;
    uint64_t gfn[16];
};

static int note(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    struct seen *s = arg;

    (void)d;
    assert_true(p2m_has_page(e.type));
    s->gfn[s->nr++] = gfn_x(gfn);
    return s->nr == s->stop_at ? 42 : 0;
}

static void test_for_each_in_order(void **state)
{
    static const uint64_t at[] = { 0, 1, 511, 512, 0x3ffff, 0x40000, 1UL << 27,
                                   P2M_GFN_LIMIT - 1 };
    struct domain *d = fixture_guest(1);
    struct seen s = { .stop_at = 5 };
    uint64_t gfn = 0;

    (void)state;
    for ( unsigned int i = ARRAY_SIZE(at); i-- > 0; )
        fixture_populate(d, at[i], 1);
    assert_int_equal(p2m_set(d, _gfn(510), INVALID_MFN, P2M_MMIO_DM), 0);
    assert_int_equal(p2m_for_each(d, &gfn, note, &s), 42);
    assert_int_equal(gfn, at[4]);
    gfn++;
    assert_int_equal(p2m_for_each(d, &gfn, note, &s), 0);
    assert_int_equal(s.nr, ARRAY_SIZE(at));
    assert_memory_equal(s.gfn, at, sizeof(at));
    /* From wherever it begins. */
    for ( unsigned int i = 1; i < ARRAY_SIZE(at); i++ )
    {
        s = (struct seen){ .stop_at = 1 };
        gfn = max(at[i - 1] + 1, at[i] - 1);
        assert_int_equal(p2m_for_each(d, &gfn, note, &s), 42);
        assert_int_equal(gfn, at[i]);
    }
}

/* ---- the end ---- */

static void test_relinquish_restarts(void **state)
{
    uint64_t before = page_nr_free();
    struct domain *d = fixture_guest(1), *target = fixture_guest(1);
    unsigned int restarts = 0;
    struct page *pg;
    int rc;

    (void)state;
    fixture_populate(target, 0, 1);
    fixture_populate(d, 0x100, 700);
    for ( uint64_t gfn = 0; gfn < 6UL << 30; gfn += 1UL << 27 )
    {
        pg = p2m_get_page(target, _gfn(0), NULL);
        assert_int_equal(set(d, gfn, pg, P2M_FOREIGN), 0);
    }
    assert_int_equal(p2m_set(d, _gfn(1), _mfn(3), P2M_MMIO_DIRECT), 0);
    hosted_preempt_every(1);
    while ( (rc = domain_kill(d)) == -ERESTART )
    {
        restarts++;
        hosted_preempt_every(0);
        fixture_audit();
        hosted_preempt_every(1);
    }
    assert_int_equal(rc, 0);
    assert_true(restarts > 700 / 64);
    fixture_kill(target);
    assert_int_equal(page_nr_free(), before);
}

/* Two steps of dying: what was emptied stays empty, and a zombie is small. */
static void test_dying_gets_no_new_entries(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    struct page *held, *foreign = new_page(other);
    uint64_t free_after;

    (void)state;
    fixture_populate(d, 5, 1);
    held = p2m_get_page(d, _gfn(5), NULL);
    domain_get_more(d);
    fixture_kill(d);
    free_after = page_nr_free();
    assert_int_equal(set(d, 5, foreign, P2M_FOREIGN), -EINVAL);
    assert_int_equal(p2m_prepare(d, _gfn(5), 1), -EINVAL);
    assert_int_equal(p2m_pool_resize(d, 100), -EINVAL);
    assert_int_equal(p2m_lookup(d, _gfn(5)).type, P2M_NONE);
    assert_int_equal(d->p2m.pool_pages, 1);
    page_put(held);
    domain_put(d);
    assert_int_equal(page_nr_free(), free_after + 2); /* held, the root */
    page_put(foreign);
}

/* Its tables are somebody else's by then. */
static void test_dead_tables_are_not_read(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t *table;

    (void)state;
    fixture_populate(d, 5, 1);
    table = d->p2m.near;
    assert_non_null(table);
    domain_get_more(d);
    fixture_kill(d);
    memset(table, 0xff, PAGE_SIZE);
    assert_int_equal(p2m_lookup(d, _gfn(5)).type, P2M_NONE);
    memset(table, 0, PAGE_SIZE);
    domain_put(d);
}

/* ---- the audit ---- */

static void test_audit_finds(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg = new_page(d);
    struct p2m *p2m = &d->p2m;
    uint64_t *table;

    (void)state;
    assert_int_equal(set(d, 7, pg, P2M_RAM_RW), 0);
    fixture_audit();
    p2m->pod.entries++;
    assert_int_equal(audit_all(), 1);
    p2m->pod.entries--;
    p2m->pod.nr++;
    assert_int_equal(audit_all(), 1);
    p2m->pod.nr--;
    table = p2m->near;
    assert_non_null(table);
    p2m->near = page_to_virt(p2m->root);
    assert_int_equal(audit_all(), 1);
    p2m->near = table;
    table[7] |= (uint64_t)LOG_RANGE << PTE_CLEAN_SHIFT;
    assert_int_equal(audit_all(), 1);
    table[7] &= ~((uint64_t)LOG_RANGE << PTE_CLEAN_SHIFT);
    pg->refs++;
    assert_int_equal(audit_all(), 1);
    pg->refs = 0; /* held and charged, though free */
    assert_true(audit_all() > 1);
    pg->refs = 1;
    fixture_audit();
}

/* ---- at the same time ---- */

static void *hammer(void *arg)
{
    struct domain *d = arg;

    for ( unsigned int i = 0; i < 4000; i++ )
    {
        gfn_t gfn = _gfn(i % 3 + (uint64_t)(i % 5 << 9));
        struct page *pg = p2m_get_page(d, gfn, NULL);

        if ( pg )
            page_put(pg);
        pg = page_alloc(d, 0, 0);
        assert_non_null(pg);
        if ( p2m_set(d, gfn, page_to_mfn(pg), P2M_RAM_RW) )
            page_put(pg);
        if ( i % 2 )
            (void)!p2m_remove(d, gfn, INVALID_MFN);
    }
    return NULL;
}

static void test_many_at_once(void **state)
{
    struct domain *d = fixture_guest(1);
    pthread_t t[3];

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ )
        assert_int_equal(pthread_create(&t[i], NULL, hammer, d), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ )
        pthread_join(t[i], NULL);
    assert_true(d->tot_pages <= 15);
    fixture_audit();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_types_are_kept),
        TEST(test_errors),
        TEST(test_flush_comes_before_put),
        TEST(test_for_each_in_order),
        TEST(test_relinquish_restarts),
        TEST(test_dying_gets_no_new_entries),
        TEST(test_dead_tables_are_not_read),
        TEST(test_audit_finds),
        TEST(test_many_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
