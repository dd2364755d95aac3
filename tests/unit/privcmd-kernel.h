/* SPDX-License-Identifier: MIT */
/*
 * A kernel with privcmd, for tests of libxenforeignmemory.
 *
 * The kernel keeps the regions mmap() made of privcmd and which of their pages
 * are filled, and insists on what the real one leaves to its callers: the first
 * ioctl on a region names exactly that region, later ones only unfilled pages
 * of it, and munmap() a whole region.  kernel_end() fails when a region, an open
 * file or a message that no test looked at is left; memory is LeakSanitizer's.
 *
 * Link: privcmd-kernel.c, $(foreignmemory-src), $(toollog-src), -lxentoolcore
 * -lcmocka and $(foreignmemory-test-ldflags), i.e.
 *   -Wl,--wrap=F   for F = open close ioctl mmap munmap usleep malloc
 */
#ifndef PRIVCMD_KERNEL_H
#define PRIVCMD_KERNEL_H

#include <xenforeignmemory.h>
#include <xentoollog.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <xen/sys/privcmd.h>

#define FD        1000000 /* of /dev/xen/privcmd; one more: /proc/xen/privcmd */
#define MAX_PAGES 1024
#define DOM       7

/* Cleared before each test. */
struct kernel {
    /* How it behaves. An errno of 0 means success. */
    int open_errno[2];      /* of /dev/xen/privcmd, /proc/xen/privcmd */
    int unknown_errno;      /* for an ioctl it does not know; 0: accepts it */
    int map_errno;          /* mmap() */
    int unmap_errno;        /* munmap(), which still unmaps */
    int close_errno;
    int batch_errno;        /* all of MMAPBATCH */
    int second_errno;       /* MMAPBATCH on a region that had one already */
    int resource_errno;
    int restrict_errno;
    bool no_v2, no_resource;
    int page_error[MAX_PAGES]; /* per frame: 0 or errno; ENOENT = paged out */
    int paged_for[MAX_PAGES];  /* so many times, then page_error */
    int malloc_fails_at;       /* 1 = next */
    uint64_t size;

    /* What it has seen. */
    char *addr;
    size_t pages;
    bool filled[MAX_PAGES];
    void *hint;
    int prot, flags;
    int files, regions, batches, sleeps, restricted, opens;
    privcmd_mmap_resource_t res;
};
extern struct kernel k;

extern int messages, message_errno; /* to `logger`, of the last one */
extern xentoollog_logger logger;

extern xenforeignmemory_handle *fmem;
extern xen_pfn_t gfns[MAX_PAGES]; /* from the last of the kernel's frames down */

int kernel_begin(void **state);      /* fmem: none */
int kernel_begin_open(void **state); /* fmem: a handle with `logger` */
int kernel_end(void **state);        /* closes fmem */

#define CLOSED(t) cmocka_unit_test_setup_teardown(t, kernel_begin, kernel_end)
#define OPENED(t)                                                              \
    cmocka_unit_test_setup_teardown(t, kernel_begin_open, kernel_end)

#endif
