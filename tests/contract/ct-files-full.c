/* SPDX-License-Identifier: MIT */
/* mmap() of a file where Linux allows the process few more mappings. */
#define _GNU_SOURCE
#include <stdio.h>

#include <xen/sys/gntalloc.h>

#include "ct-files.h"

#define SCATTERED 32

static uint64_t allocate(int fd, uint16_t nr)
{
    struct {
        struct ioctl_gntalloc_alloc_gref a;
        uint32_t more[2 * SCATTERED];
    } op = { .a = { .flags = GNTALLOC_FLAG_WRITABLE, .count = nr } };

    ct_expect(0, ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &op.a),
              "few mappings: pages");
    return op.a.index;
}

/* Pages that are hardly neighbours: between each two another one is used. */
static uint64_t allocate_scattered(int fd)
{
    uint64_t first = allocate(fd, 2 * SCATTERED);

    for ( unsigned int i = 0; i < 2 * SCATTERED; i += 2 )
    {
        struct ioctl_gntalloc_dealloc_gref d = { first + i * CT_PAGE, 1 };

        if ( ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, &d) )
            ct_bail("gntalloc: %s", strerror(errno));
    }
    return allocate(fd, SCATTERED);
}

static size_t max_mappings(void)
{
    FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
    size_t nr = 0;

    if ( !f || fscanf(f, "%zu", &nr) != 1 )
        ct_bail("max_map_count: %s", strerror(errno));
    fclose(f);
    return nr;
}

/* Every other page differs from its neighbours, but for the last ones. */
static void fill(uint8_t *area, size_t nr)
{
    size_t i = 0;

    while ( i < nr && !mprotect(area + 2 * i * CT_PAGE, CT_PAGE, PROT_READ) )
        i++;
    for ( size_t last = i; i && i + 3 > last; i-- )
        mprotect(area + 2 * (i - 1) * CT_PAGE, CT_PAGE, PROT_NONE);
}

/* What could not be mapped is as if nobody had asked. */
void test_full(void)
{
    int fd = open_dev("gntalloc", O_RDWR);
    uint64_t offset = allocate_scattered(fd);
    size_t nr = max_mappings();
    uint8_t *area = mmap(NULL, 2 * nr * CT_PAGE, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint8_t *at = mmap(NULL, SCATTERED * CT_PAGE, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

    if ( area == MAP_FAILED || at == MAP_FAILED )
        ct_bail("mmap: %s", strerror(errno));
    fill(area, nr);
    p = mmap(at, SCATTERED * CT_PAGE, CT_RW, MAP_SHARED | MAP_FIXED, fd,
             (off_t)offset);
    ct_ok(p == at || errno == ENOMEM, "few mappings: mapped, or ENOMEM");
    munmap(area, 2 * nr * CT_PAGE);
    if ( p == at )
        munmap(at, SCATTERED * CT_PAGE);
    p = mmap(at, SCATTERED * CT_PAGE, CT_RW, MAP_SHARED | MAP_FIXED, fd,
             (off_t)offset);
    ct_ok(p == at, "few mappings: mapped when there is room");
    munmap(at, SCATTERED * CT_PAGE);
    close(fd);
}
