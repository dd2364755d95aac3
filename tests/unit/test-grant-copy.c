/* SPDX-License-Identifier: MIT */
/* GNTTABOP_copy: the matrix of sources and destinations, and its bounds. */
#include "test-grant.h"

#define SRC GNTCOPY_source_gref
#define DST GNTCOPY_dest_gref
#define R_RW 20U  /* offered to the caller: writable, read-only, sub-page */
#define R_RO 21U
#define R_SUB 22U
#define R_NONE 23U

static const char text[] = "granted bytes";

struct op {
    domid_t sdom, ddom;
    uint64_t src, dst; /* gref or gmfn, by the flags */
    unsigned int soff, doff, len, flags;
};

static int16_t copy(const struct op *o)
{
    gnttab_copy_t op = { .len = (uint16_t)o->len,
                         .flags = (uint16_t)o->flags, .status = 77 };

    op.source.domid = o->sdom;
    op.source.offset = (uint16_t)o->soff;
    op.dest.domid = o->ddom;
    op.dest.offset = (uint16_t)o->doff;
    if ( o->flags & SRC )
        op.source.u.ref = (grant_ref_t)o->src;
    else
        op.source.u.gmfn = o->src;
    if ( o->flags & DST )
        op.dest.u.ref = (grant_ref_t)o->dst;
    else
        op.dest.u.gmfn = o->dst;
    assert_int_equal(grant_op(GNTTABOP_copy, &op, 1), 0);
    return op.status;
}

static char *ram(struct domain *d, unsigned int n)
{
    return fixture_gfn_to_virt(d, RAM_GFN + n);
}

static struct pair make_offers(void)
{
    struct pair p = make_pair();
    grant_entry_v2_t *e;

    assert_int_equal(set_version(p.granter, 2), 0);
    offer_v2(p.granter, R_RW, p.mapper, RAM_GFN, 0);
    offer_v2(p.granter, R_RO, p.mapper, RAM_GFN + 1, GTF_readonly);
    offer_v2(p.granter, R_SUB, p.mapper, RAM_GFN + 2, GTF_sub_page);
    e = entry_v2(p.granter, R_SUB);
    e->sub_page.page_off = 100;
    e->sub_page.length = 50;
    return p;
}

static void test_copy_between_all_kinds(void **state)
{
    struct pair p = make_offers();
    domid_t rd = p.granter->domain_id;
    struct op in = { DOMID_SELF, rd, RAM_GFN, R_RW, 8, 16, sizeof(text),
                     DST };
    struct op out = { rd, DOMID_SELF, R_RW, RAM_GFN + 1, 16, 24,
                      sizeof(text), SRC };
    struct op both = { rd, rd, R_RW, R_RW, 16, 4082, sizeof(text),
                       SRC | DST };
    struct op own = { DOMID_SELF, DOMID_SELF, RAM_GFN, RAM_GFN, 8, 9,
                      sizeof(text), 0 };

    (void)state;
    memcpy(ram(p.mapper, 0) + 8, text, sizeof(text));
    assert_int_equal(copy(&in), GNTST_okay);
    assert_memory_equal(ram(p.granter, 0) + 16, text, sizeof(text));
    assert_int_equal(copy(&out), GNTST_okay);
    assert_memory_equal(ram(p.mapper, 1) + 24, text, sizeof(text));
    assert_int_equal(copy(&both), GNTST_okay);
    assert_memory_equal(ram(p.granter, 0) + 4082, text, sizeof(text));
    /* Overlapping: as if through a buffer. */
    assert_int_equal(copy(&own), GNTST_okay);
    assert_memory_equal(ram(p.mapper, 0) + 9, text, sizeof(text));
    assert_int_equal(*status_v2(p.granter, R_RW), 0);
    assert_int_equal(page_refs(p.granter, RAM_GFN), 1);
}

static void test_copy_errors(void **state)
{
    struct pair p = make_offers();
    const domid_t rd = p.granter->domain_id, me = p.mapper->domain_id;
    const struct {
        struct op op;
        int status;
    } row[] = {
        { { DOMID_SELF, rd, RAM_GFN, R_RW, 0, 0, 4096, DST }, GNTST_okay },
        { { DOMID_SELF, rd, RAM_GFN, R_RW, 0, 0, 0, DST }, GNTST_okay },
        { { DOMID_SELF, rd, RAM_GFN, R_RO, 0, 0, 8, DST },
          GNTST_general_error },
        { { rd, DOMID_SELF, R_RO, RAM_GFN, 0, 0, 8, SRC }, GNTST_okay },
        /* By number only of DOMID_SELF, however it is called. */
        { { rd, DOMID_SELF, RAM_GFN, RAM_GFN, 0, 0, 8, 0 },
          GNTST_permission_denied },
        { { me, DOMID_SELF, RAM_GFN, RAM_GFN, 0, 0, 8, 0 },
          GNTST_permission_denied },
        { { DOMID_SELF, rd, RAM_GFN, RAM_GFN, 0, 0, 8, 0 },
          GNTST_permission_denied },
        { { 999, DOMID_SELF, R_RW, RAM_GFN, 0, 0, 8, SRC },
          GNTST_bad_domain },
        { { DOMID_SELF, 999, RAM_GFN, R_RW, 0, 0, 8, DST },
          GNTST_bad_domain },
        { { rd, DOMID_SELF, 99999, RAM_GFN, 0, 0, 8, SRC },
          GNTST_bad_gntref },
        { { rd, DOMID_SELF, R_NONE, RAM_GFN, 0, 0, 8, SRC },
          GNTST_general_error },
        { { DOMID_SELF, rd, 0x999, R_RW, 0, 0, 8, DST }, GNTST_bad_page },
        { { rd, DOMID_SELF, R_RW, 0x999, 0, 0, 8, SRC }, GNTST_bad_page },
        { { rd, DOMID_SELF, R_RW, ~0UL, 0, 0, 8, SRC }, GNTST_bad_page },
        /* The offsets come last. */
        { { rd, DOMID_SELF, R_RW, 0x999, 0, 0, 5000, SRC }, GNTST_bad_page },
        { { rd, DOMID_SELF, R_RW, RAM_GFN, 1, 0, 4096, SRC },
          GNTST_bad_copy_arg },
        { { rd, DOMID_SELF, R_RW, RAM_GFN, 0, 1, 4096, SRC },
          GNTST_bad_copy_arg },
        { { rd, DOMID_SELF, R_RW, RAM_GFN, 65535, 0, 65535, SRC },
          GNTST_bad_copy_arg },
        /* A part of a page: exactly that. */
        { { rd, DOMID_SELF, R_SUB, RAM_GFN, 100, 0, 50, SRC }, GNTST_okay },
        { { rd, DOMID_SELF, R_SUB, RAM_GFN, 99, 0, 2, SRC },
          GNTST_general_error },
        { { rd, DOMID_SELF, R_SUB, RAM_GFN, 149, 0, 2, SRC },
          GNTST_general_error },
        { { DOMID_SELF, rd, RAM_GFN, R_SUB, 0, 149, 1, DST }, GNTST_okay },
        { { DOMID_SELF, rd, RAM_GFN, R_SUB, 0, 150, 1, DST },
          GNTST_general_error },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        int16_t status = copy(&row[i].op);

        if ( status != row[i].status )
            fail_msg("row %u: %d, want %d", i, status, row[i].status);
        /* Whatever happened: nothing stays pinned, nothing stays held. */
        for ( unsigned int ref = R_RW; ref <= R_NONE; ref++ )
            assert_int_equal(*status_v2(p.granter, ref), 0);
        fixture_audit();
    }
}

static void test_transitive_is_refused(void **state)
{
    struct pair p = make_offers();
    struct op o = { p.granter->domain_id, DOMID_SELF, R_RW, RAM_GFN, 0, 0, 8,
                    SRC };
    grant_entry_v2_t *e = entry_v2(p.granter, R_RW);

    (void)state;
    e->transitive.trans_domid = 0;
    e->transitive.gref = 5;
    e->hdr.flags = GTF_transitive;
    assert_int_equal(copy(&o), GNTST_general_error);
    assert_int_equal(*status_v2(p.granter, R_RW), 0);
}

/* Only the caller's own memory by number: not what it has mapped. */
static void test_copy_of_mapped_frames(void **state)
{
    struct pair p = make_offers();
    struct op o = { DOMID_SELF, DOMID_SELF, MAP_GFN, RAM_GFN, 0, 0, 8, 0 };
    uint32_t handle = grant_map_ok(p.granter, R_RW, MAP_GFN, 0);
    struct op r = { p.granter->domain_id, DOMID_SELF, R_RW, RAM_GFN, 0, 0,
                    8, SRC };

    (void)state;
    assert_int_equal(copy(&o), GNTST_bad_page);
    /* Of a pinned grant: the pins that were there stay. */
    assert_int_equal(copy(&r), GNTST_okay);
    assert_int_equal(*status_v2(p.granter, R_RW), GTF_reading | GTF_writing);
    assert_int_equal(grant_unmap(handle, MAP_GFN << 12, 0), 0);
}

/* A version 1 entry has no parts: the bit means nothing to a copy. */
static void test_copy_v1(void **state)
{
    struct pair p = make_pair();
    struct op o = { p.granter->domain_id, DOMID_SELF, 9, RAM_GFN, 4000, 0, 8,
                    SRC };

    (void)state;
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, GTF_sub_page);
    memcpy(ram(p.granter, 0) + 4000, text, 8);
    assert_int_equal(copy(&o), GNTST_okay);
    assert_memory_equal(ram(p.mapper, 0), text, 8);
    assert_int_equal(entry_v1(p.granter, 9)->flags,
                     GTF_permit_access | GTF_sub_page);
}

static void test_copy_batch(void **state)
{
    struct pair p = make_offers();
    gnttab_copy_t op[20];

    (void)state;
    for ( unsigned int i = 0; i < 20; i++ )
    {
        op[i] = (gnttab_copy_t){ .len = 1, .flags = SRC, .status = 77 };
        op[i].source.u.ref = i == 7 ? R_NONE : R_RW;
        op[i].source.domid = p.granter->domain_id;
        op[i].source.offset = (uint16_t)i;
        op[i].dest.u.gmfn = RAM_GFN;
        op[i].dest.domid = DOMID_SELF;
        op[i].dest.offset = (uint16_t)(19 - i);
        ram(p.granter, 0)[i] = (char)('a' + i);
    }
    ram(p.mapper, 0)[12] = '?';
    hosted_preempt_every(1);
    assert_int_equal(grant_op(GNTTABOP_copy, op, 20), 0);
    assert_memory_equal(ram(p.mapper, 0), "tsrqponmlkji?gfedcba", 20);
    for ( unsigned int i = 0; i < 20; i++ )
        assert_int_equal(op[i].status,
                         i == 7 ? GNTST_general_error : GNTST_okay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_copy_between_all_kinds),
        with_fixture(test_copy_errors),
        with_fixture(test_transitive_is_refused),
        with_fixture(test_copy_of_mapped_frames),
        with_fixture(test_copy_v1),
        with_fixture(test_copy_batch),
    };

    return cmocka_run_group_tests_name("grant-copy", tests, NULL, NULL);
}
