/* SPDX-License-Identifier: MIT */
/* Memory mapped by /dev/xen/privcmd: batches, offsets, parts, two files. */
#define _GNU_SOURCE
#include <signal.h>

#include <xen/memory.h>
#include <xen/sys/privcmd.h>

#include "ct-files.h"

uint8_t *map_file(int fd, size_t pages, int prot, int flags, off_t offset)
{
    return mmap(NULL, pages * CT_PAGE, prot, flags, fd, offset);
}

int map_batch(int fd, uint32_t domid, void *addr, uint32_t nr,
                 const xen_pfn_t *gfn, int *err)
{
    struct privcmd_mmapbatch_v2 m = { nr, (domid_t)domid, (uintptr_t)addr,
                                      gfn, err };

    return ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH_V2, &m);
}


static void batches(int fd, uint32_t domid)
{
    xen_pfn_t gfn[PAGES];
    int err[PAGES], one;
    uint8_t *p = map_file(fd, PAGES, CT_RW, MAP_SHARED, 0), *other;

    for ( size_t i = 0; i < PAGES; i++ )
        gfn[i] = i;
    ct_expect(EINVAL, map_batch(fd, domid, p + 100, 1, gfn, err),
              "batch: not at a page's beginning");
    ct_expect(EINVAL, map_batch(fd, domid, p, 0, gfn, err), "batch: no pages");
    ct_expect(EINVAL, map_batch(fd, domid, p, 1, gfn, err),
              "batch: a part of the mapping");
    ct_expect(EFAULT, map_batch(fd, domid, p, 1U << 31, gfn, err),
              "batch: 2^31 pages");
    ct_expect(EINVAL, map_batch(fd, domid, &gfn, 1, gfn, err),
              "batch: not at a page of memory");
    other = mmap(NULL, CT_PAGE, CT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ct_expect(EINVAL, map_batch(fd, domid, other, 1, gfn, err),
              "batch: into other memory");
    munmap(other, CT_PAGE);
    ct_expect(0, map_batch(fd, domid, p, PAGES, gfn, err), "batch");
    p[0] = 9;
    p[(PAGES - 1) * CT_PAGE] = 8;
    ct_expect(EINVAL, map_batch(fd, domid, p, PAGES, gfn, err), "batch: again");
    ct_expect(EINVAL, map_batch(fd, domid, p, 1, gfn, &one),
              "batch: over one of its pages");
    ct_expect(0, munmap(p, PAGES * CT_PAGE), "batch: unmapped");
}

/* As some programs do: reserve by one file, close it, map by the other. */
static void two_files(uint32_t domid)
{
    int a = open_dev("privcmd", O_RDWR), b = open_dev("privcmd", O_RDWR);
    xen_pfn_t gfn = 0;
    int err = 77;
    uint8_t *p = map_file(a, 1, CT_RW, MAP_SHARED, 0);
    struct privcmd_mmap_resource r = {
        .dom = (domid_t)domid, .type = XENMEM_resource_grant_table, .num = 1,
    };

    ct_expect(0, map_batch(b, domid, p, 1, &gfn, &err),
              "two files: one maps into the other's");
    ct_ok(!err && p[0] == 9, "two files: the right page");
    ct_expect(0, munmap(p, CT_PAGE), "two files: unmapped");
    p = map_file(a, 1, CT_RW, MAP_SHARED, 0);
    r.addr = (uintptr_t)p;
    close(a);
    ct_expect(0, ioctl(b, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "two files: a resource, the first file closed");
    close(b);
    ct_ok(ct_all_bytes(p, 0, 16), "two files: both closed, still mapped");
    ct_expect(0, munmap(p, CT_PAGE), "two files: the resource unmapped");
}

static void kinds_of_mapping(int fd, uint32_t domid)
{
    xen_pfn_t gfn = 0;
    int err = 77;
    uint8_t *p = map_file(fd, 1, PROT_READ, MAP_SHARED, 0);

    ct_expect(0, map_batch(fd, domid, p, 1, &gfn, &err), "mapped to read");
    ct_equal(p[0], 9, "mapped to read: the right page");
    munmap(p, CT_PAGE);
    p = map_file(fd, 1, CT_RW, MAP_SHARED, CT_PAGE);
    ct_ok(p != MAP_FAILED, "mmap with an offset");
    ct_expect(0, map_batch(fd, domid, p, 1, &gfn, &err),
              "mapped with an offset");
    ct_equal(p[0], 9, "mapped with an offset: the right page");
    munmap(p, CT_PAGE);
    ct_expect(EINVAL, (long)map_file(fd, 1, CT_RW, MAP_SHARED, 100),
              "mmap with an odd offset");
    ct_expect(EINVAL, (long)map_file(fd, 0, CT_RW, MAP_SHARED, 0),
              "mmap of nothing");
}

static void parts(int fd, uint32_t domid)
{
    const xen_pfn_t gfn[3] = { 0, 1, PAGES - 1 };
    int err[3];
    uint8_t *p = map_file(fd, 3, CT_RW, MAP_SHARED, 0), *q;

    ct_expect(0, map_batch(fd, domid, p, 3, gfn, err), "three pages");
    ct_expect(EFAULT, (long)mremap(p, 3 * CT_PAGE, 8 * CT_PAGE,
                                   MREMAP_MAYMOVE), "mremap: grown");
    ct_equal(p[2 * CT_PAGE], 8, "mremap: nothing has changed");
    q = mremap(p, 3 * CT_PAGE, 3 * CT_PAGE, MREMAP_MAYMOVE);
    ct_ok(q == p, "mremap: to the same size");
    ct_expect(EINVAL, munmap(p + CT_PAGE, CT_PAGE), "a part unmapped");
    ct_equal(p[CT_PAGE], 0, "it is still there");
    ct_expect(EINVAL, munmap(p, CT_PAGE), "the first page unmapped");
    ct_expect(0, munmap(p, 3 * CT_PAGE), "unmapped as a whole");
}

/* 0 or errno of mmap() in the place of what is at p. */
static int put_over(void *p, size_t pages, int flags, int fd)
{
    return mmap(p, pages * CT_PAGE, CT_RW, flags | MAP_FIXED, fd,
                0) == MAP_FAILED ? errno : 0;
}

static void mapped_over(int fd, uint32_t domid)
{
    const xen_pfn_t gfn[2] = { 0, PAGES - 1 };
    uint8_t *p = map_file(fd, 2, CT_RW, MAP_SHARED, 0);
    int other = MAP_PRIVATE | MAP_ANONYMOUS, err[2];
    int ro = open_dev("privcmd", O_RDONLY), events = open_dev("evtchn", O_RDWR);

    ct_expect(0, map_batch(fd, domid, p, 2, gfn, err), "mapped over: before");
    ct_equal((uint64_t)put_over(p, 2, MAP_SHARED, ro), EACCES,
             "mapped over: by a file that is open to be read");
    ct_equal((uint64_t)put_over(p, 2, MAP_SHARED, events), ENODEV,
             "mapped over: by an evtchn");
    ct_equal((uint64_t)put_over(p, 2, MAP_SHARED, -1), EBADF,
             "mapped over: by no file");
    ct_equal((uint64_t)put_over(p, 2, MAP_ANONYMOUS, -1), EINVAL,
             "mapped over: in no way");
    ct_equal((uint64_t)put_over(p + 100, 1, other, -1), EINVAL,
             "mapped over: within a page");
    ct_equal((uint64_t)put_over(p, 1, other, -1), ENOMEM,
             "mapped over: a part");
    ct_ok(p[0] == 9 && p[CT_PAGE] == 8, "mapped over: all is as before");
    ct_equal((uint64_t)put_over(p, 2, other, -1), 0,
             "mapped over: by other memory");
    ct_equal(p[0], 0, "mapped over: which is there");
    ct_expect(EINVAL, map_batch(fd, domid, p, 2, gfn, err),
              "mapped over: it is not the file's any more");
    munmap(p, 2 * CT_PAGE);
    close(ro);
    close(events);
}

static void old_form(int fd, uint32_t domid)
{
    xen_pfn_t gfn[2] = { 0, PAGES - 1 };
    uint8_t *p = map_file(fd, 2, CT_RW, MAP_SHARED, 0);
    struct privcmd_mmapbatch m = { 2, (domid_t)domid, (uintptr_t)p, gfn };

    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH, &m), "old batch");
    ct_ok(p[0] == 9 && p[CT_PAGE] == 8, "old batch: the right pages");
    munmap(p, 2 * CT_PAGE);
    m.num = -1;
    ct_expect(EFAULT, ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH, &m),
              "old batch: -1 pages");
}

/* ---- results that cannot be written ---- */

/* A page that can be read only, with a copy of the frame numbers. */
static void *sealed(const xen_pfn_t *gfn, size_t nr)
{
    void *p = mmap(NULL, CT_PAGE, CT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if ( p == MAP_FAILED )
        ct_bail("no memory: %s", strerror(errno));
    memcpy(p, gfn, nr * sizeof(*gfn));
    mprotect(p, CT_PAGE, PROT_READ);
    return p;
}

/* Errors are cleared first, so nothing has been mapped when that fails. */
static void sealed_errors(int fd, uint32_t domid)
{
    const xen_pfn_t gfn[3] = { 0, 1, PAGES - 1 };
    void *ro = sealed(gfn, 3);
    uint8_t *p = map_file(fd, 3, CT_RW, MAP_SHARED, 0);
    int err[3] = { 7, 7, 7 };

    ct_expect(EFAULT, map_batch(fd, domid, p, 3, gfn, ro),
              "batch: errors that cannot be written");
    ct_equal((uint64_t)touched(p, false), SIGBUS, "batch: nothing is mapped");
    ct_expect(EINVAL, map_batch(fd, domid, p, 2, gfn, err),
              "batch: the range is as new");
    ct_ok(!err[0] && !err[1] && err[2] == 7,
          "batch: errors are cleared before the range is looked at");
    ct_expect(0, map_batch(fd, domid, p, 3, gfn, err), "batch: retried");
    ct_equal(p[0], 9, "batch: the right page then");
    munmap(p, 3 * CT_PAGE);
    munmap(ro, CT_PAGE);
}

/* Version 1 writes where a page failed, and nowhere else. */
static void sealed_frames(int fd, uint32_t domid)
{
    xen_pfn_t gfn[2] = { 0, PAGES - 1 };
    uint8_t *p = map_file(fd, 2, CT_RW, MAP_SHARED, 0);
    struct privcmd_mmapbatch m = { 2, (domid_t)domid, (uintptr_t)p,
                                   sealed(gfn, 2) };
    void *ro = (void *)m.arr;

    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH, &m),
              "old batch: frames that cannot be written");
    ct_ok(p[0] == 9 && p[CT_PAGE] == 8, "old batch: all of them are mapped");
    munmap(p, 2 * CT_PAGE);
    munmap(ro, CT_PAGE);
    gfn[1] = 100000;
    p = map_file(fd, 2, CT_RW, MAP_SHARED, 0);
    m = (struct privcmd_mmapbatch){ 2, (domid_t)domid, (uintptr_t)p, gfn };
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH, &m),
              "old batch: a bad frame");
    ct_ok(gfn[0] == 0 && gfn[1] == (100000 | 0xf0000000UL),
          "old batch: it is marked");
    munmap(p, 2 * CT_PAGE);
    gfn[1] = 100000;
    p = map_file(fd, 2, CT_RW, MAP_SHARED, 0);
    ro = sealed(gfn, 2);
    m = (struct privcmd_mmapbatch){ 2, (domid_t)domid, (uintptr_t)p, ro };
    ct_expect(EFAULT, ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH, &m),
              "old batch: a bad frame that cannot be marked");
    ct_equal((uint64_t)touched(p, true), 0, "old batch: the other is mapped");
    munmap(p, 2 * CT_PAGE);
    munmap(ro, CT_PAGE);
}

void test_privcmd_memory(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = PAGES });
    int fd = open_dev("privcmd", O_RDWR);

    batches(fd, domid);
    two_files(domid);
    kinds_of_mapping(fd, domid);
    parts(fd, domid);
    mapped_over(fd, domid);
    old_form(fd, domid);
    sealed_errors(fd, domid);
    sealed_frames(fd, domid);
    test_ranges(fd, domid);
    test_resources(fd, domid);
    close(fd);
    ct_destroy(domid);
}
