/* SPDX-License-Identifier: MIT */
/*
 * Populate on demand and claims, as a toolstack uses them: targets, entries,
 * accesses by dom0, what is given back; memory that is set aside.
 */
#include "ct.h"

enum { MAX = 512, ENTRIES = 256, BASE = 1024 };

static void counts(uint32_t domid, uint64_t tot, uint64_t cache,
                   uint64_t entries, const char *what)
{
    uint64_t t = 0, c = 0, e = 0;

    ct_expect(0, xc_domain_get_pod_target(ct.xch, domid, &t, &c, &e),
              "%s: counts", what);
    ct_equal(t, tot, "%s: pages", what);
    ct_equal(c, cache, "%s: pages of the cache", what);
    ct_equal(e, entries, "%s: entries", what);
}

static int target(uint32_t domid, uint64_t pages)
{
    return xc_domain_set_pod_target(ct.xch, domid, pages, NULL, NULL, NULL);
}

/* The number of extents that are done, or -1. */
static int mark(uint32_t domid, uint64_t at, unsigned int nr,
                unsigned int order)
{
    xen_pfn_t gfn[ENTRIES];

    for ( unsigned int i = 0; i < nr; i++ )
        gfn[i] = BASE + at + ((uint64_t)i << order);
    return xc_domain_populate_physmap(ct.xch, domid, nr, order,
                                      XENMEMF_populate_on_demand, gfn);
}

static int give_back(uint32_t domid, uint64_t at, unsigned int nr)
{
    xen_pfn_t gfn[ENTRIES];

    for ( unsigned int i = 0; i < nr; i++ )
        gfn[i] = BASE + at + i;
    return xc_domain_decrease_reservation(ct.xch, domid, nr, 0, gfn);
}

static bool maps(uint32_t domid, uint64_t at, uint64_t value, uint64_t was)
{
    uint64_t *page = (void *)ct_map_foreign(domid, BASE + at, 1);
    bool ok = page && page[511] == was;

    if ( ok )
        page[511] = value;
    if ( page )
        munmap(page, CT_PAGE);
    return ok;
}

static void test_target(uint32_t domid)
{
    ct_expect(EINVAL, target(domid, MAX + 1), "a target above the limit");
    ct_expect(ESRCH, target(CT_NO_DOMAIN, 1), "no domain");
    ct_expect(EINVAL, target(DOMID_SELF, 1), "oneself");
    ct_expect(0, target(domid, 16), "a target");
    counts(domid, 16, 16, 0, "without entries");
    ct_equal((uint64_t)mark(domid, 0, ENTRIES, 0), ENTRIES, "entries");
    counts(domid, 16, 16, ENTRIES, "with entries");
    ct_equal((uint64_t)mark(domid, 0, 4, 0), 4, "the same entries again");
    counts(domid, 16, 16, ENTRIES, "the same entries");
    ct_expect(0, target(domid, 8), "a lower target");
    counts(domid, 16, 16, ENTRIES, "a lower target");
    ct_expect(0, target(domid, 32), "a higher target");
    counts(domid, 32, 32, ENTRIES, "a higher target");
}

static void test_accesses(uint32_t domid)
{
    for ( unsigned int i = 0; i < 8; i++ )
        ct_ok(maps(domid, i, i + 1, 0), "frame %u is zero", i);
    counts(domid, 32, 24, ENTRIES - 8, "eight are mapped");
    for ( unsigned int i = 0; i < 8; i++ )
        ct_ok(maps(domid, i, i + 1, i + 1), "frame %u is still there", i);
    counts(domid, 32, 24, ENTRIES - 8, "mapped again");
    ct_equal((uint64_t)mark(domid, 3, 1, 0), 0, "memory becomes no entry");
    counts(domid, 32, 24, ENTRIES - 8, "memory is there");
}

static void test_giving_back(uint32_t domid)
{
    ct_equal((uint64_t)give_back(domid, 0, 4), 4, "memory is given back");
    counts(domid, 32, 28, ENTRIES - 8, "it goes to the cache");
    for ( unsigned int i = 100; i < 104; i++ )
        ct_ok(maps(domid, i, 7, 0), "frame %u is zero", i);
    counts(domid, 32, 24, ENTRIES - 12, "four more are mapped");
    ct_equal((uint64_t)give_back(domid, 110, 140), 140,
             "entries are given back");
    counts(domid, 32, 24, ENTRIES - 152, "no page goes with them");
    ct_equal((uint64_t)give_back(domid, 8, 82), 82, "more entries");
    counts(domid, 30, 22, 22, "as many pages as entries are left");
    ct_expect(0, target(domid, 40), "a target without need");
    counts(domid, 30, 22, 22, "no more than the entries need");
}

static void test_orders(void)
{
    const struct ct_config config = { 0 };
    uint32_t domid = ct_create(&config);

    ct_expect(0, xc_domain_setmaxmem(ct.xch, domid, MAX * 4), "a limit");
    ct_equal((uint64_t)mark(domid, 0, 2, 9), 2, "two of order 9");
    counts(domid, 0, 0, 1024, "two of order 9");
    ct_equal((uint64_t)mark(domid, 8192, 3, 3), 3, "three of order 3");
    counts(domid, 0, 0, 1024 + 24, "three of order 3");
    ct_expect(0, target(domid, 20), "a target");
    counts(domid, 20, 20, 1048, "a target");
    ct_destroy(domid);
}

/* ---- claims ---- */

static uint64_t outstanding(uint32_t domid)
{
    xc_dominfo_t info;

    if ( xc_domain_getinfo(ct.xch, domid, 1, &info) != 1 )
        return ~0UL;
    return info.nr_outstanding_pages;
}

static uint64_t claimed(void)
{
    xc_physinfo_t info = { 0 };

    return xc_physinfo(ct.xch, &info) ? ~0UL : info.outstanding_pages;
}

static int claim(uint32_t domid, unsigned long pages)
{
    return xc_domain_claim_pages(ct.xch, domid, pages);
}

static void test_claims(void)
{
    const struct ct_config config = { .pages = 4 };
    uint32_t domid = ct_create(&config);
    xen_pfn_t gfn = 77;

    ct_expect(0, xc_domain_setmaxmem(ct.xch, domid, MAX * 4), "a limit");
    ct_expect(EINVAL, claim(CT_NO_DOMAIN, 1), "no domain");
    ct_expect(EINVAL, claim(domid, 4), "as many as it has");
    ct_expect(EINVAL, claim(domid, MAX + 1), "above its limit");
    ct_expect(0, claim(domid, 20), "a claim");
    ct_equal(outstanding(domid), 16, "pages that it has not got yet");
    ct_equal(claimed(), 16, "of all domains");
    ct_expect(EINVAL, claim(domid, 30), "another claim");
    ct_expect(0, xc_domain_populate_physmap_exact(ct.xch, domid, 1, 0, 0,
                                                  &gfn), "a page");
    ct_equal(outstanding(domid), 15, "that one has come");
    ct_expect(0, claim(domid, 0), "no claim");
    ct_equal(outstanding(domid), 0, "nothing is outstanding");
    ct_expect(0, claim(domid, 0), "no claim again");
    ct_expect(0, xc_domain_setmaxmem(ct.xch, domid, 1UL << 40), "no limit");
    ct_expect(ENOMEM, claim(domid, 1UL << 30), "more than there is");
    ct_expect(0, claim(domid, 100), "a claim");
    ct_destroy(domid);
    ct_equal(claimed(), 0, "it goes with the domain");
}

int main(void)
{
    const struct ct_config config = { 0 };
    uint32_t domid;

    ct_begin();
    domid = ct_create(&config);
    ct_expect(0, xc_domain_setmaxmem(ct.xch, domid, MAX * 4), "a limit");
    test_target(domid);
    test_accesses(domid);
    test_giving_back(domid);
    ct_destroy(domid);
    test_orders();
    test_claims();
    return ct_end();
}
