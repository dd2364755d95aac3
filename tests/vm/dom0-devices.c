/* SPDX-License-Identifier: MIT */
/*
 * In dom0 of a machine: the memory of its devices.  TAP.
 *
 * A device with a large BAR of plain memory (QEMU's ivshmem-plain, 8 GiB):
 * more blocks of 2 MiB are touched than the hypervisor has pages for tables
 * of 4 KiB entries, and each has to hold what was written to it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../contract/ct.h"

#define DEVICES "/sys/bus/pci/devices"
#define BLOCK (2UL << 20)
#define BLOCKS 3200UL

static unsigned long read_number(const char *device, const char *file)
{
    char path[512];
    unsigned long v = 0;
    FILE *f;

    snprintf(path, sizeof(path), DEVICES "/%s/%s", device, file);
    f = fopen(path, "r");
    if ( f && fscanf(f, "%lx", &v) != 1 )
        v = 0;
    if ( f )
        fclose(f);
    return v;
}

static void enable(const char *device)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), DEVICES "/%s/enable", device);
    f = fopen(path, "w");
    if ( f )
    {
        fputs("1", f);
        fclose(f);
    }
}

/* The BAR of the first such device, whole. */
static volatile uint64_t *map_bar(size_t *size)
{
    DIR *dir = opendir(DEVICES);
    void *p = MAP_FAILED;
    struct dirent *e;

    while ( dir && p == MAP_FAILED && (e = readdir(dir)) != NULL )
    {
        char path[512];
        struct stat st;
        int fd;

        if ( read_number(e->d_name, "vendor") != 0x1af4 ||
             read_number(e->d_name, "device") != 0x1110 )
            continue;
        enable(e->d_name);
        snprintf(path, sizeof(path), DEVICES "/%s/resource2", e->d_name);
        fd = open(path, O_RDWR | O_SYNC);
        if ( fd < 0 || fstat(fd, &st) )
            continue;
        *size = (size_t)st.st_size;
        p = mmap(NULL, *size, CT_RW, MAP_SHARED, fd, 0);
        close(fd);
    }
    if ( dir )
        closedir(dir);
    return p == MAP_FAILED ? NULL : p;
}

static uint64_t mark(size_t i)
{
    return 0x9e3779b97f4a7c15UL * (i + 1);
}

int main(void)
{
    volatile uint64_t *bar;
    size_t size = 0, bad = 0;

    ct_begin();
    bar = map_bar(&size);
    ct_ok(bar && size >= BLOCKS * BLOCK, "a device with a BAR of %zu MiB",
          size >> 20);
    if ( !bar || size < BLOCKS * BLOCK )
        return ct_end();
    /* Each block at another place in it, from the last one down. */
    for ( size_t i = BLOCKS; i-- > 0; )
        bar[(i * BLOCK + i % 512 * 4096) / 8] = mark(i);
    for ( size_t i = 0; i < BLOCKS; i++ )
        if ( bar[(i * BLOCK + i % 512 * 4096) / 8] != mark(i) && !bad++ )
            ct_diag("block %zu reads %#lx", i,
                    bar[(i * BLOCK + i % 512 * 4096) / 8]);
    ct_equal(bad, 0, "%lu blocks hold what was written", BLOCKS);
    return ct_end();
}
