/* SPDX-License-Identifier: MIT */
/* Memory mapped by /dev/xen/privcmd in other ways: ranges, and resources. */
#define _GNU_SOURCE
#include <signal.h>

#include <xen/memory.h>
#include <xen/sys/privcmd.h>

#include "ct-files.h"

/* ---- ranges ---- */

static int ranges(int fd, uint32_t domid, struct privcmd_mmap_entry *e, int nr)
{
    struct privcmd_mmap m = { nr, (domid_t)domid, e };

    return ioctl(fd, IOCTL_PRIVCMD_MMAP, &m);
}

enum { RANGES = 4 }; /* pages of the mapping */

/* A bad list of three, by what is wrong with it, and what is mapped all the same. */
static const struct {
    const char *what;
    unsigned int entry;
    struct privcmd_mmap_entry add;
    int err;
    unsigned int good; /* pages */
    bool begun;        /* it is too late for a batch of the whole */
} wrong[] = {
    { "not at the beginning", 0, { CT_PAGE, 0, 0 }, EINVAL, 0, false },
    { "not at a page", 0, { 100, 0, 0 }, EINVAL, 0, false },
    { "a gap", 1, { CT_PAGE, 0, 0 }, EINVAL, 1, true },
    { "too long", 2, { 0, 0, 4 }, EINVAL, 2, true },
    { "a bad frame", 1, { 0, 100000, 0 }, EINVAL, 1, true },
    { "far too long", 0, { 0, 0, 1UL << 60 }, EINVAL, 0, true },
};

static void bad_ranges(int fd, uint32_t domid, size_t i)
{
    uint8_t *p = map_file(fd, RANGES, CT_RW, MAP_SHARED, 0);
    const xen_pfn_t gfn[RANGES] = { 0, 1, 2, 3 };
    struct privcmd_mmap_entry e[3];
    int err[RANGES];

    for ( unsigned int n = 0; n < 3; n++ )
        e[n] = (struct privcmd_mmap_entry){ (uintptr_t)p + n * CT_PAGE, n, 1 };
    e[wrong[i].entry].va += wrong[i].add.va;
    e[wrong[i].entry].mfn += wrong[i].add.mfn;
    e[wrong[i].entry].npages += wrong[i].add.npages;
    ct_expect(wrong[i].err, ranges(fd, domid, e, 3), "ranges: %s",
              wrong[i].what);
    for ( unsigned int n = 0; n < 3; n++ )
        ct_equal((uint64_t)touched(p + n * CT_PAGE, true),
                 n < wrong[i].good ? 0 : SIGBUS, "ranges: %s: page %u",
                 wrong[i].what, n);
    ct_expect(EINVAL, ranges(fd, domid, e, 3), "ranges: %s, again",
              wrong[i].what);
    ct_expect(wrong[i].begun ? 0 : EINVAL,
              map_batch(fd, domid, p + 3 * CT_PAGE, 1, gfn, err),
              "ranges: %s, then a batch of the rest", wrong[i].what);
    ct_expect(wrong[i].begun ? EINVAL : 0,
              map_batch(fd, domid, p, RANGES, gfn, err),
              "ranges: %s, then a batch of all", wrong[i].what);
    munmap(p, RANGES * CT_PAGE);
}

static void good_ranges(int fd, uint32_t domid)
{
    uint8_t *p = map_file(fd, 2, CT_RW, MAP_SHARED, 0);
    struct privcmd_mmap_entry e[2] = {
        { (uintptr_t)p, 0, 1 }, { (uintptr_t)p + CT_PAGE, PAGES - 1, 1 },
    };

    ct_expect(0, ranges(fd, domid, e, 0), "ranges: none");
    ct_expect(EFAULT, ranges(fd, domid, (void *)0x10000, 1),
              "ranges: from nowhere");
    ct_expect(EFAULT, ranges(fd, domid, e, -1), "ranges: -1 of them");
    ct_expect(0, ranges(fd, domid, e, 2), "ranges");
    ct_ok(p[0] == 9 && p[CT_PAGE] == 8, "ranges: the right pages");
    ct_expect(EINVAL, ranges(fd, domid, e, 2), "ranges: a second time");
    munmap(p, 2 * CT_PAGE);
    p = map_file(fd, 2, CT_RW, MAP_SHARED, 0);
    e[0].va = (uintptr_t)p;
    ct_expect(ESRCH, ranges(fd, CT_NO_DOMAIN, e, 1),
              "ranges: of a domain that is not there");
    ct_expect(EINVAL, ranges(fd, domid, e, 1), "ranges: too late then");
    munmap(p, 2 * CT_PAGE);
}

/* A PVH dom0's kernel has no such ioctl. */
void test_ranges(int fd, uint32_t domid)
{
    struct privcmd_mmap_entry e = { 0, 0, 1 };

    if ( ct_dom0_is_translated() )
    {
        ct_expect(ENOSYS, ranges(fd, domid, &e, 1), "ranges: PVH");
        ct_skip("ranges", "hosted-pv-kernel: there are none");
        return;
    }
    good_ranges(fd, domid);
    for ( size_t i = 0; i < CT_NR(wrong); i++ )
        bad_ranges(fd, domid, i);
}

/* ---- resources ---- */

/*
 * A resource in a part of the mapping: batches may fill the rest.  A PVH dom0's
 * kernel oopses when such a mapping ends.
 */
static void resource_in_the_middle(int fd, uint32_t domid)
{
    uint8_t *p = map_file(fd, 3, CT_RW, MAP_SHARED, 0);
    struct privcmd_mmap_resource r = {
        .dom = (domid_t)domid, .type = XENMEM_resource_grant_table, .num = 1,
        .addr = (uintptr_t)p + CT_PAGE + 100,
    };
    const xen_pfn_t gfn[3] = { 0, 1, PAGES - 1 };
    int err[3];

    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "resource: in the middle, not at a page's beginning");
    ct_equal((uint64_t)touched(p, false), SIGBUS, "resource: not before");
    ct_equal((uint64_t)touched(p + CT_PAGE, true), 0, "resource: there");
    ct_equal((uint64_t)touched(p + 2 * CT_PAGE, false), SIGBUS,
             "resource: not behind");
    ct_expect(EINVAL, map_batch(fd, domid, p, 3, gfn, err),
              "resource: a batch of all, over it");
    ct_expect(0, map_batch(fd, domid, p, 1, gfn, err),
              "resource: a batch beside it");
    ct_equal(p[0], 9, "resource: the right page beside it");
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "resource: again");
    r.addr = (uintptr_t)p;
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "resource: over a foreign page");
    ct_ok(ct_all_bytes(p, 0, 16), "resource: it is there instead");
    munmap(p, 3 * CT_PAGE);
}

static void refused_resource(int fd, uint32_t domid)
{
    uint8_t *p = map_file(fd, 1, CT_RW, MAP_SHARED, 0);
    struct privcmd_mmap_resource r = {
        .dom = (domid_t)domid, .type = 77, .num = 1, .addr = (uintptr_t)p,
    };
    struct privcmd_mmap_resource *ro;

    ct_expect(EOPNOTSUPP, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "resource: of no type");
    ct_equal((uint64_t)touched(p, false), SIGBUS, "resource: nothing");
    munmap(p, CT_PAGE);
    r = (struct privcmd_mmap_resource){
        .dom = (domid_t)domid, .type = XENMEM_resource_grant_table,
    };
    ro = mmap(NULL, CT_PAGE, CT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *ro = r;
    mprotect(ro, CT_PAGE, PROT_READ);
    ct_expect(EFAULT, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, ro),
              "resource: a size that cannot be written");
    munmap(ro, CT_PAGE);
}

static void resources(int fd, uint32_t domid)
{
    uint8_t *p = map_file(fd, 2, CT_RW, MAP_SHARED, 0);
    struct privcmd_mmap_resource r = {
        .dom = (domid_t)domid, .type = XENMEM_resource_grant_table,
    };

    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r), "resource: size");
    ct_ok(r.num > 0, "resource: is not 0");
    r.num = 1;
    ct_expect(EINVAL, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "resource: a page and no address");
    r.num = 0;
    r.addr = (uintptr_t)p;
    ct_expect(EINVAL, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "resource: an address and no page");
    r.num = 1UL << 31;
    ct_expect(ENOMEM, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "resource: 2^31 pages");
    munmap(p, 2 * CT_PAGE);
}

void test_resources(int fd, uint32_t domid)
{
    resources(fd, domid);
    if ( ct_dom0_is_translated() )
        ct_skip("resource in a part", "hosted-pv-kernel: Linux 6.1 oopses");
    else
        resource_in_the_middle(fd, domid);
    refused_resource(fd, domid);
}
