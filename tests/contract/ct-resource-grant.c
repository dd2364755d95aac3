/* SPDX-License-Identifier: MIT */
/*
 * A domain's grant table as a resource: its size, the order and identity of
 * its frames (proved by mapping grants written through them), growth up to the
 * limit, status frames, many frames, and parts of a mapping going away.
 */
#include <xengnttab.h>

#include "ct.h"

#define TYPE XENMEM_resource_grant_table
#define SHARED XENMEM_resource_grant_table_id_shared
#define STATUS XENMEM_resource_grant_table_id_status
#define PER_FRAME (CT_PAGE / sizeof(grant_entry_v1_t))

static int map(struct ct_map *m, uint32_t domid, unsigned int id,
               unsigned long frame, unsigned long nr)
{
    return ct_map_resource(m, domid, TYPE, id, frame, nr);
}

/* ---- errors and sizes ---- */

static void test_errors(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .grant_frames = 40 });
    const struct {
        const char *what;
        uint32_t domid;
        unsigned int id;
        unsigned long frame, nr;
        int err;
    } cases[] = {
        { "no domain, bad id", CT_NO_DOMAIN, 7, 99, 1, ESRCH },
        { "own domain, bad id", 0, 7, 99, 1, EPERM },
        { "id 2", domid, 2, 0, 1, EINVAL },
        { "id 0xffffffff", domid, 0xffffffff, 0, 1, EINVAL },
        { "status of a version 1 table", domid, STATUS, 0, 1, EINVAL },
        { "status, five frames", domid, STATUS, 0, 5, EINVAL },
        { "beyond the limit", domid, SHARED, 40, 1, EINVAL },
        { "across the limit", domid, SHARED, 39, 2, EINVAL },
        { "one too many", domid, SHARED, 0, 41, EINVAL },
        { "4096 frames", domid, SHARED, 0, 4096, EINVAL },
        { "last 32-bit frame", domid, SHARED, 0xffffffffUL, 1, EINVAL },
        { "last frame first", domid, SHARED, 39, 1, 0 },
        { "frame 0", domid, SHARED, 0, 1, 0 },
        { "last two", domid, SHARED, 38, 2, 0 },
        { "all", domid, SHARED, 0, 40, 0 },
    };

    ct_equal((uint64_t)ct_resource_size(domid, TYPE, SHARED), 40,
             "size of 40 frames");
    for ( size_t i = 0; i < CT_NR(cases); i++ )
    {
        struct ct_map m;

        if ( ct_expect(cases[i].err, map(&m, cases[i].domid, cases[i].id,
                                         cases[i].frame, cases[i].nr),
                       "map: %s", cases[i].what) && !cases[i].err )
            ct_expect(0, ct_unmap_resource(&m), "unmap: %s", cases[i].what);
    }
    ct_expect(EINVAL, ct_resource_size(domid, TYPE, 2), "size: id 2");
    ct_expect(ESRCH, ct_resource_size(CT_NO_DOMAIN, TYPE, SHARED),
              "size: no domain");
    ct_expect(EPERM, ct_resource_size(0, TYPE, SHARED), "size: own domain");
    /* Xen tells what the status frames would be. */
    if ( ct_differs("grant-status-size") )
        ct_expect(EINVAL, ct_resource_size(domid, TYPE, STATUS),
                  "size: status of a version 1 table");
    else
        ct_equal((uint64_t)ct_resource_size(domid, TYPE, STATUS), 5,
                 "size: status of a version 1 table");
    ct_destroy(domid);
}

static void test_sizes(void)
{
    static const unsigned int frames[] = { 1, 2, 31, 32, 33, 64 };

    for ( size_t i = 0; i < CT_NR(frames); i++ )
    {
        uint32_t domid = ct_create(&(struct ct_config){
            .grant_frames = frames[i] });
        struct ct_map m;

        ct_equal((uint64_t)ct_resource_size(domid, TYPE, SHARED), frames[i],
                 "size of %u frames", frames[i]);
        ct_expect(0, map(&m, domid, SHARED, 0, frames[i]),
                  "map: all %u frames", frames[i]);
        ct_ok(ct_all_bytes(m.addr, 0, frames[i] * CT_PAGE), "new: all zero");
        ct_expect(0, ct_unmap_resource(&m), "unmap: all %u frames",
                  frames[i]);
        ct_expect(EINVAL, map(&m, domid, SHARED, 0, frames[i] + 1),
                  "map: %u of %u frames", frames[i] + 1, frames[i]);
        ct_destroy(domid);
    }
}

static void test_a_thousand(void)
{
    enum { FRAMES = 1500 };
    static const char name[] = "map: 1500 frames";
    int domid = ct_try_create(&(struct ct_config){ .grant_frames = FRAMES });
    struct ct_map m;
    bool right = true;

    if ( domid < 0 )
    {
        int err = errno;

        if ( !ct_differs("grant-limits") && err == EINVAL )
            ct_skip(name, "the host allows fewer (gnttab_max_frames=)");
        else
            ct_result(-1, err, 0, "a domain with 1500 grant frames");
        return;
    }
    if ( ct_expect(0, map(&m, (uint32_t)domid, SHARED, 0, FRAMES), name) )
    {
        for ( unsigned int i = 0; i < FRAMES; i++ )
            *(uint32_t *)((char *)m.addr + i * CT_PAGE) = i + 1;
        for ( unsigned int i = 0; i < FRAMES; i += 149 )
        {
            struct ct_map one;

            right &= !map(&one, (uint32_t)domid, SHARED, i, 1) &&
                     *(uint32_t *)one.addr == i + 1 &&
                     !ct_unmap_resource(&one);
        }
        ct_ok(right, "single frames are those of the whole");
        ct_expect(0, ct_unmap_resource(&m), "unmap: 1500 frames");
    }
    ct_destroy((uint32_t)domid);
}

/* ---- order and identity ---- */

/* Entry i * PER_FRAME + i grants page i, which says so. */
static void test_order(void)
{
    enum { FRAMES = 40 };
    uint32_t domid = ct_create(&(struct ct_config){ .grant_frames = FRAMES,
                                                    .pages = FRAMES });
    xengnttab_handle *gnt = xengnttab_open(ct.quiet, 0);
    uint32_t refs[FRAMES], *pages, *granted;
    bool order = true;
    struct ct_map m;

    if ( !gnt )
        ct_bail("no grant table device");
    pages = ct_map_foreign(domid, 0, FRAMES);
    if ( !pages ||
         !ct_expect(0, map(&m, domid, SHARED, 0, FRAMES), "map: 40 frames") )
        ct_bail("cannot map domain %u", domid);
    for ( uint32_t i = 0; i < FRAMES; i++ )
    {
        grant_entry_v1_t *e = m.addr;

        refs[i] = i * PER_FRAME + i;
        pages[i * CT_PAGE / sizeof(*pages)] = 0xabcd0000 + i;
        e[refs[i]].domid = 0;
        e[refs[i]].frame = i;
        xen_wmb();
        e[refs[i]].flags = GTF_permit_access;
    }
    granted = xengnttab_map_domain_grant_refs(gnt, FRAMES, domid, refs,
                                              CT_RW);
    if ( ct_ok(granted, "one grant of each frame is mapped") )
    {
        for ( uint32_t i = 0; i < FRAMES; i++ )
            order &= granted[i * CT_PAGE / sizeof(*granted)] ==
                     0xabcd0000 + i;
        ct_ok(order, "each leads to its own page: the frames are in order");
        granted[3 * CT_PAGE / sizeof(*granted)] = 77;
        ct_equal(pages[3 * CT_PAGE / sizeof(*pages)], 77,
                 "written through the grant, seen in the page");
        ct_ok(((grant_entry_v1_t *)m.addr)[refs[3]].flags & GTF_writing,
              "the entry shows that it is in use");
        ct_expect(0, xengnttab_unmap(gnt, granted, FRAMES), "grants unmapped");
        ct_equal(((grant_entry_v1_t *)m.addr)[refs[3]].flags,
                 GTF_permit_access, "and the entry that it is not");
    }
    ct_expect(0, ct_unmap_resource(&m), "unmap: 40 frames");
    xenforeignmemory_unmap(ct.fmem, pages, FRAMES);
    xengnttab_close(gnt);
    ct_destroy(domid);
}

/* ---- parts ---- */

/*
 * The kernel takes a part of a mapping away, or refuses to split it: the rest
 * stays as it is.  The frames are numbered in their first byte.
 */
static void unmap_part(char *p, unsigned int first, unsigned int nr,
                       unsigned int nr_frames)
{
    int rc = munmap(p + first * CT_PAGE, nr * CT_PAGE);
    bool intact = true;

    ct_ok(!rc || errno == EINVAL, "frames %u-%u are unmapped, or refused",
          first, first + nr - 1);
    ct_diag("munmap() of a part: %s", ct_errno(rc ? errno : 0));
    for ( unsigned int i = 0; i < nr_frames; i++ )
        if ( rc || i < first || i >= first + nr )
            intact &= *(volatile char *)(p + i * CT_PAGE) == (char)i;
    ct_ok(intact, "the rest is as before");
}

static void test_partial_unmap(void)
{
    enum { FRAMES = 8 };
    uint32_t domid = ct_create(&(struct ct_config){ .grant_frames = FRAMES });
    struct ct_map m, again;

    ct_expect(0, map(&m, domid, SHARED, 0, FRAMES), "map: 8 frames");
    ct_expect(0, map(&again, domid, SHARED, 2, 3), "map: 3 of them again");
    for ( unsigned int i = 0; i < FRAMES; i++ )
        *((char *)m.addr + i * CT_PAGE) = (char)i;
    unmap_part(m.addr, 5, 3, FRAMES);
    unmap_part(m.addr, 2, 1, 5);
    ct_expect(0, ct_unmap_resource(&m), "unmap what is left");
    ct_equal(((uint8_t *)again.addr)[2 * CT_PAGE], 4,
             "the other mapping stays");
    ct_expect(0, xc_domain_destroy(ct.xch, domid), "the domain is destroyed");
    ct_ok(ct_domain_dying(domid), "and kept by the other mapping");
    ct_equal(((uint8_t *)again.addr)[CT_PAGE], 3,
             "whose frames are as before");
    ct_expect(0, ct_unmap_resource(&again), "unmap that");
    ct_ok(ct_eventually(!ct_domain_exists(domid)), "now it is gone");
}

static void test_accounting(void)
{
    enum { CYCLES = 32 };
    uint32_t domid = ct_create(&(struct ct_config){ .grant_frames = 40,
                                                    .pages = 2 });
    uint64_t free_pages = 0;
    bool worked = true, neutral = true;

    ct_expect(0, xc_domain_setmaxmem(ct.xch, domid, 8), "at its limit");
    for ( unsigned int i = 0; i <= CYCLES; i++ )
    {
        struct ct_map m;

        worked &= !map(&m, domid, SHARED, 0, 40);
        if ( !worked )
            break;
        if ( i == 0 )
            free_pages = ct_free_pages(); /* the table has grown */
        neutral &= ct_tot_pages(domid) == 2;
        worked &= !ct_unmap_resource(&m);
    }
    ct_ok(worked, "the table grows although the domain is at its limit");
    ct_ok(neutral, "which does not count as the domain's memory");
    ct_no_leak(free_pages, CYCLES, "map and unmap");
    ct_destroy(domid);
}

int main(void)
{
    ct_begin();
    test_errors();
    test_sizes();
    test_a_thousand();
    test_order();
    test_partial_unmap();
    test_accounting();
    return ct_end();
}
