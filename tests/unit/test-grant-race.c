/* SPDX-License-Identifier: MIT */
/*
 * Races on grants: guests change their entries between check and use, and the
 * table's version changes while others map.  Run under the thread sanitizer as
 * well: accesses of the guests are atomic, as a processor's are.
 */
#include <pthread.h>

#include "test-grant.h"

#define HOST GNTMAP_host_map
#define ROUNDS 3000

static struct pair pair;
static bool stop;

static uint64_t word_v1(unsigned int flags, const struct domain *to,
                        uint64_t frame)
{
    return flags | (uint64_t)to->domain_id << 16 | frame << 32;
}

/* ---- a guest that flips its entry ---- */

/* Good, a frame it does not own, read-only, another's, invalid. */
static void *flip_v1(void *arg)
{
    uint64_t *entry = arg;
    const uint64_t word[] = {
        word_v1(GTF_permit_access, pair.mapper, RAM_GFN),
        word_v1(GTF_permit_access, pair.mapper, 0x999),
        word_v1(GTF_permit_access | GTF_readonly, pair.mapper, RAM_GFN + 1),
        word_v1(GTF_permit_access, dom0, RAM_GFN + 2),
        word_v1(GTF_invalid, pair.mapper, RAM_GFN + 3),
    };

    for ( unsigned int i = 0; !READ_ONCE(stop); i++ )
        WRITE_ONCE(*entry, word[i % ARRAY_SIZE(word)]);
    return NULL;
}

static void *flip_v2(void *arg)
{
    uint64_t *entry = arg;
    const uint64_t first[] = {
        word_v1(GTF_permit_access, pair.mapper, 0),
        word_v1(GTF_permit_access | GTF_readonly, pair.mapper, 0),
        word_v1(GTF_permit_access | GTF_sub_page, pair.mapper, 0xffffffff),
        word_v1(GTF_transitive, pair.mapper, 0),
        word_v1(GTF_permit_access, dom0, 0),
    };
    const uint64_t frame[] = { RAM_GFN, 0x999, RAM_GFN + 1, ~0UL };

    for ( unsigned int i = 0; !READ_ONCE(stop); i++ )
    {
        WRITE_ONCE(entry[1], frame[i % ARRAY_SIZE(frame)]);
        WRITE_ONCE(entry[0], first[i % ARRAY_SIZE(first)]);
    }
    return NULL;
}

/* Whatever was mapped is one of the frames that were granted so. */
static void check_mapped(unsigned int flags)
{
    mfn_t got = p2m_lookup(pair.mapper, _gfn(MAP_GFN)).mfn;
    mfn_t rw = p2m_lookup(pair.granter, _gfn(RAM_GFN)).mfn;
    mfn_t ro = p2m_lookup(pair.granter, _gfn(RAM_GFN + 1)).mfn;
    bool v1 = pair.granter->config.grant_opts == 1;

    if ( v1 && !(flags & GNTMAP_readonly) )
        assert_true(mfn_eq(got, rw));
    else
        assert_true(mfn_eq(got, rw) || mfn_eq(got, ro));
}

static void hostile(unsigned int version)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    unsigned int mapped = 0, refused = 0;
    pthread_t guest;

    config.grant_opts = version;
    pair = (struct pair){ fixture_guest_config(&config), fixture_guest(1) };
    fixture_populate(pair.granter, RAM_GFN, 8);
    fixture_populate(pair.mapper, RAM_GFN, 1);
    fixture_be_dom(pair.mapper);
    assert_int_equal(set_version(pair.granter, version), 0);
    stop = false;
    assert_int_equal(pthread_create(&guest, NULL,
                                    version == 1 ? flip_v1 : flip_v2,
                                    version == 1
                                        ? (void *)entry_v1(pair.granter, 9)
                                        : (void *)entry_v2(pair.granter, 9)),
                     0);
    for ( unsigned int i = 0; i < ROUNDS || !mapped || !refused; i++ )
    {
        unsigned int flags = i % 2 ? GNTMAP_readonly : 0;
        gnttab_map_grant_ref_t op = grant_map(pair.granter, 9, MAP_GFN << 12,
                                              HOST | flags);
        gnttab_copy_t copy = { .len = 4096, .flags = GNTCOPY_source_gref };

        if ( op.status == GNTST_okay )
        {
            mapped++;
            check_mapped(flags);
            assert_int_equal(grant_unmap(op.handle, MAP_GFN << 12, 0), 0);
        }
        else
        {
            refused++;
            assert_true(op.status == GNTST_general_error ||
                        op.status == GNTST_bad_page);
        }
        copy.source.u.ref = 9;
        copy.source.domid = pair.granter->domain_id;
        copy.dest.u.gmfn = RAM_GFN;
        copy.dest.domid = DOMID_SELF;
        assert_int_equal(grant_op(GNTTABOP_copy, &copy, 1), 0);
    }
    WRITE_ONCE(stop, true);
    pthread_join(guest, NULL);
    for ( unsigned int i = 0; i < 4; i++ )
        assert_int_equal(page_refs(pair.granter, RAM_GFN + i), 1);
    fixture_audit();
}

static void test_hostile_guest_v1(void **state)
{
    (void)state;
    hostile(1);
}

static void test_hostile_guest_v2(void **state)
{
    (void)state;
    hostile(2);
}

/* ---- a guest that takes its grant back, by the rules ---- */

static bool mapped;
static unsigned int revoked, broken; /* of the guest's thread */

/* True when the guest may take it that nobody uses the page any more. */
static bool revoke(uint64_t *entry, uint16_t *status, uint64_t offer)
{
    if ( !status )
        return atomic_cmpxchg(entry, &offer, 0);
    (void)atomic_xchg(entry, 0);
    return __atomic_load_n(status, __ATOMIC_SEQ_CST) == 0;
}

/* One frame after the other, each until nobody uses it any more. */
static void *offer_and_revoke(void *version)
{
    bool v2 = version != NULL;
    uint64_t *entry = v2 ? (void *)entry_v2(pair.granter, 9)
                         : (void *)entry_v1(pair.granter, 9);
    uint16_t *status = v2 ? status_v2(pair.granter, 9) : NULL;

    for ( unsigned int n = 0; !READ_ONCE(stop); n++ )
    {
        uint64_t frame = RAM_GFN + n % 8;
        uint64_t offer = word_v1(GTF_permit_access, pair.mapper,
                                 v2 ? 0 : frame);

        if ( v2 )
            WRITE_ONCE(entry[1], frame);
        store_release(entry, offer);
        for ( unsigned int i = 0; i < n % 1024; i++ )
            (void)READ_ONCE(stop);
        while ( !revoke(entry, status, offer) )
            if ( READ_ONCE(stop) )
                return NULL;
        atomic_add_return(&revoked, 1);
        for ( unsigned int i = 0; i < 100; i++ )
            broken += __atomic_load_n(&mapped, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* While it is mapped, the entry still names the frame that was mapped. */
static void check_frame(unsigned int version)
{
    const uint64_t *entry = version == 2
                                ? (void *)entry_v2(pair.granter, 9)
                                : (void *)entry_v1(pair.granter, 9);
    uint64_t frame = version == 2 ? READ_ONCE(entry[1])
                                  : READ_ONCE(entry[0]) >> 32;

    assert_true(mfn_eq(p2m_lookup(pair.mapper, _gfn(MAP_GFN)).mfn,
                       p2m_lookup(pair.granter, _gfn(frame)).mfn));
}

static void revoking(uint32_t version)
{
    unsigned int maps = 0;
    pthread_t guest;

    pair = make_pair();
    assert_int_equal(set_version(pair.granter, version), 0);
    stop = mapped = false;
    revoked = broken = 0;
    assert_int_equal(pthread_create(&guest, NULL, offer_and_revoke,
                                    version == 2 ? &pair : NULL), 0);
    for ( unsigned int i = 0; i < 10 * ROUNDS || maps < 100 ||
                              READ_ONCE(revoked) < 100; i++ )
    {
        gnttab_map_grant_ref_t op = grant_map(pair.granter, 9, MAP_GFN << 12,
                                              HOST);

        if ( op.status )
            continue;
        maps++;
        __atomic_store_n(&mapped, true, __ATOMIC_SEQ_CST);
        check_frame(version);
        __atomic_store_n(&mapped, false, __ATOMIC_SEQ_CST);
        assert_int_equal(grant_unmap(op.handle, MAP_GFN << 12, 0), 0);
    }
    WRITE_ONCE(stop, true);
    pthread_join(guest, NULL);
    assert_int_equal(broken, 0);
    fixture_audit();
}

static void test_revoked_v1(void **state)
{
    (void)state;
    revoking(1);
}

static void test_revoked_v2(void **state)
{
    (void)state;
    revoking(2);
}

/* ---- versions against mappers and clients: XSA-379, XSA-384 ---- */

static void *change_versions(void *arg)
{
    unsigned int *changes = arg;

    fixture_be_dom(pair.granter);
    while ( !READ_ONCE(stop) )
        for ( uint32_t version = 1; version <= 2; version++ )
        {
            gnttab_set_version_t op = { .version = version };
            long rc = grant_op(GNTTABOP_set_version, &op, 1);

            atomic_add_return(changes, rc == 0);
            broken += rc != 0 && rc != -EBUSY;
        }
    return NULL;
}

static void *map_and_unmap(void *arg)
{
    unsigned int *maps = arg;

    fixture_be_dom(pair.mapper);
    for ( unsigned int i = 0; !READ_ONCE(stop); i++ )
    {
        /* One that is there in both versions, one that never is. */
        gnttab_map_grant_ref_t op = grant_map(pair.granter, i % 2 ? 3 : 300,
                                              MAP_GFN << 12, HOST);

        if ( op.status )
            continue;
        atomic_add_return(maps, 1);
        assert_int_equal(grant_unmap(op.handle, MAP_GFN << 12, 0), 0);
    }
    return NULL;
}

static void test_xsa_384_version_against_maps(void **state)
{
    unsigned int changes = 0, maps = 0, status = 0;
    pthread_t changer, mapper;

    (void)state;
    broken = 0;
    pair = make_pair();
    fixture_be_dom(dom0);
    offer_v1(pair.granter, 3, pair.mapper, RAM_GFN, 0);
    stop = false;
    assert_int_equal(pthread_create(&changer, NULL, change_versions,
                                    &changes), 0);
    assert_int_equal(pthread_create(&mapper, NULL, map_and_unmap, &maps), 0);
    for ( unsigned int i = 0; i < ROUNDS || status < 20 ||
                              READ_ONCE(changes) < 20 ||
                              READ_ONCE(maps) < 20; i++ )
    {
        struct page *pages[2];

        if ( grant_resource_get(pair.granter, i % 2 ? STATUS : SHARED, 0,
                                1 + i / 2 % 2, pages) )
            continue;
        status += i % 2;
        for ( unsigned int j = 0; j < 1 + i / 2 % 2; j++ )
        {
            assert_ptr_equal(pages[j]->owner, pair.granter);
            page_put(pages[j]);
        }
    }
    WRITE_ONCE(stop, true);
    pthread_join(changer, NULL);
    pthread_join(mapper, NULL);
    assert_int_equal(broken, 0);
    fixture_audit();
}

/* ---- one handle unmapped by two vcpus at once ---- */

static uint32_t handles[64];
static unsigned int wins, ready;

static void *unmap_all(void *arg)
{
    fixture_be(arg);
    for ( unsigned int i = 0; i < ARRAY_SIZE(handles); i++ )
    {
        /* Both at the same one at the same time. */
        atomic_add_return(&ready, 1);
        while ( READ_ONCE(ready) < 2 * (i + 1) )
            continue;
        if ( grant_unmap(handles[i], (MAP_GFN + i) << 12, 0) == GNTST_okay )
            atomic_add_return(&wins, 1);
    }
    return NULL;
}

static void test_unmapped_once(void **state)
{
    (void)state;
    pair = (struct pair){ fixture_guest(1), fixture_guest(2) };
    fixture_populate(pair.granter, RAM_GFN, 1);
    offer_v1(pair.granter, 9, pair.mapper, RAM_GFN, 0);
    for ( unsigned int round = 0; round < 50; round++ )
    {
        pthread_t t[2];

        fixture_be_dom(pair.mapper);
        for ( unsigned int i = 0; i < ARRAY_SIZE(handles); i++ )
            handles[i] = grant_map_ok(pair.granter, 9, MAP_GFN + i, 0);
        wins = ready = 0;
        for ( unsigned int i = 0; i < 2; i++ )
            assert_int_equal(pthread_create(&t[i], NULL, unmap_all,
                                            domain_vcpu(pair.mapper, i)), 0);
        for ( unsigned int i = 0; i < 2; i++ )
            pthread_join(t[i], NULL);
        assert_int_equal(wins, ARRAY_SIZE(handles));
        assert_int_equal(page_refs(pair.granter, RAM_GFN), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_hostile_guest_v1),
        with_fixture(test_hostile_guest_v2),
        with_fixture(test_revoked_v1),
        with_fixture(test_revoked_v2),
        with_fixture(test_xsa_384_version_against_maps),
        with_fixture(test_unmapped_once),
    };

    return cmocka_run_group_tests_name("grant-race", tests, NULL, NULL);
}
