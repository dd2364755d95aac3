/* SPDX-License-Identifier: MIT */
/*
 * libxenforeignmemory against its contract, on a kernel played by this file.
 *
 * The kernel keeps the regions mmap() made of privcmd and which of their pages
 * are filled, and insists on what the real one leaves to its callers: the first
 * ioctl on a region names exactly that region, later ones only unfilled pages
 * of it, and munmap() a whole region. Every test ends with no region, no open
 * file and (by LeakSanitizer) no memory left over.
 *
 * Link: this file, $(foreignmemory-src), $(toollog-src), -lxentoolcore -lcmocka
 * and $(foreignmemory-test-ldflags), i.e.
 *   -Wl,--wrap=F   for F = open close ioctl mmap munmap usleep malloc
 */

#include <xenforeignmemory.h>
#include <xentoolcore.h>
#include <xentoollog.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <xen/sys/privcmd.h>

#define FD        1000000
#define MAX_PAGES 1024
#define DOM       7

void *__real_malloc(size_t size);
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t o);
int __real_munmap(void *addr, size_t len);
void *__wrap_malloc(size_t size);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_ioctl(int fd, unsigned long req, void *arg);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t o);
int __wrap_munmap(void *addr, size_t len);
int __wrap_usleep(useconds_t us);

/* The kernel. Cleared before each test. */
static struct
{
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
} k;

static int answer_with(int e)
{
    errno = e;
    return e ? -1 : 0;
}

void *__wrap_malloc(size_t size)
{
    if ( k.malloc_fails_at && !--k.malloc_fails_at )
    {
        errno = ENOMEM;
        return NULL;
    }

    return __real_malloc(size);
}

int __wrap_open(const char *path, int flags, ...)
{
    int old = !strcmp(path, "/proc/xen/privcmd");

    assert_string_equal(path, old ? "/proc/xen/privcmd" : "/dev/xen/privcmd");
    assert_int_equal(flags, O_RDWR | O_CLOEXEC);
    k.opens++;
    if ( answer_with(k.open_errno[old]) )
        return -1;
    k.files++;
    return FD + old;
}

int __wrap_close(int fd)
{
    assert_in_range(fd, FD, FD + 1);
    k.files--;
    return answer_with(k.close_errno);
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t o)
{
    assert_in_range(fd, FD, FD + 1);
    assert_int_equal(o, 0);
    k.hint = addr;
    k.prot = prot;
    k.flags = flags;
    if ( answer_with(k.map_errno) )
        return MAP_FAILED;
    assert_in_range(len, 4096, MAX_PAGES * 4096);
    assert_int_equal(k.regions, 0);
    k.addr = __real_mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                         0);
    assert_ptr_not_equal(k.addr, MAP_FAILED);
    k.pages = len / 4096;
    memset(k.filled, 0, sizeof(k.filled));
    k.batches = 0;
    k.regions++;
    return k.addr;
}

int __wrap_munmap(void *addr, size_t len)
{
    assert_ptr_equal(addr, k.addr);
    assert_int_equal(len, k.pages * 4096);
    assert_int_equal(__real_munmap(addr, len), 0);
    k.regions--;
    k.addr = NULL;
    return answer_with(k.unmap_errno);
}

int __wrap_usleep(useconds_t us)
{
    assert_int_equal(us, 100);
    k.sleeps++;
    return answer_with(EINTR);
}

/* 0, or the error of frame `pfn` this time, and its place is filled or not. */
static int fill(size_t place, xen_pfn_t pfn)
{
    assert_true(place < k.pages && !k.filled[place] && pfn < MAX_PAGES);
    if ( k.paged_for[pfn] && k.paged_for[pfn]-- )
        return ENOENT;
    k.filled[place] = !k.page_error[pfn];
    return k.page_error[pfn];
}

static int batch(uint64_t addr, size_t nr, domid_t dom, const xen_pfn_t *arr,
                 int *err, xen_pfn_t *answer)
{
    size_t i, at = ((char *)(uintptr_t)addr - k.addr) / 4096;
    bool paged = false;

    assert_int_equal(dom, DOM);
    assert_int_equal(k.regions, 1);
    if ( !k.batches++ )
        assert_true((char *)(uintptr_t)addr == k.addr && nr == k.pages);
    else if ( k.second_errno )
        return answer_with(k.second_errno);
    if ( k.batch_errno )
        return answer_with(k.batch_errno);
    assert_true(nr > 0 && at + nr <= k.pages);
    for ( i = 0; i < nr; i++ )
    {
        int e = fill(at + i, arr[i]);

        paged |= e == ENOENT;
        if ( err )
            err[i] = -e;
        else if ( e )
            answer[i] |= e == ENOENT ? 0x80000000U : 0xf0000000U;
    }

    return answer_with(paged ? ENOENT : 0);
}

static int resource(privcmd_mmap_resource_t *res)
{
    k.res = *res;
    if ( k.no_resource || k.resource_errno )
        return answer_with(k.no_resource ? k.unknown_errno : k.resource_errno);
    if ( !res->addr != !res->num )
        return answer_with(EINVAL);
    if ( !res->addr )
        res->num = k.size;
    else
        assert_true(res->addr == (uintptr_t)k.addr && res->num == k.pages);
    return 0;
}

int __wrap_ioctl(int fd, unsigned long req, void *arg)
{
    privcmd_mmapbatch_t *v1 = arg;
    privcmd_mmapbatch_v2_t *v2 = arg;

    assert_in_range(fd, FD, FD + 1);
    switch ( req )
    {
    case 0x00205004:
        if ( k.no_v2 )
            return answer_with(EINVAL);
        return batch(v2->addr, v2->num, v2->dom, v2->arr, v2->err, NULL);

    case 0x00185003:
        return batch(v1->addr, v1->num, v1->dom, v1->arr, NULL, v1->arr);

    case 0x00205007:
        return resource(arg);

    case 0x00025006:
        k.restricted = *(domid_t *)arg;
        return answer_with(k.restrict_errno);

    default:
        assert_int_equal(req, 0x000050ff);
        return answer_with(k.unknown_errno);
    }
}

static int messages, message_errno;

static void count_vmessage(xentoollog_logger *l, xentoollog_level level, int e,
                           const char *context, const char *fmt, va_list al)
{
    (void)l, (void)fmt, (void)al;
    assert_int_equal(level, XTL_ERROR);
    assert_string_equal(context, "xenforeignmemory");
    messages++;
    message_errno = e;
}

static xentoollog_logger logger = { .vmessage = count_vmessage };
static xenforeignmemory_handle *fmem;
static xen_pfn_t gfns[MAX_PAGES];

static int begin(void **state)
{
    size_t i;

    (void)state;
    memset(&k, 0, sizeof(k));
    k.unknown_errno = ENOTTY;
    k.restricted = -1;
    messages = 0;
    for ( i = 0; i < MAX_PAGES; i++ )
        gfns[i] = MAX_PAGES - 1 - i;
    fmem = NULL;
    return 0;
}

static int begin_open(void **state)
{
    begin(state);
    fmem = xenforeignmemory_open(&logger, 0);
    return !fmem;
}

static int end(void **state)
{
    (void)state;
    k.close_errno = 0;
    return xenforeignmemory_close(fmem) || k.files || k.regions || messages;
}

static void test_open(void **state)
{
    static const int next[] = { ENOENT, ENXIO, ENODEV };
    size_t i;

    (void)state;
    errno = EXDEV;
    fmem = xenforeignmemory_open(&logger, ~0u);
    assert_non_null(fmem);
    assert_int_equal(errno, 0);
    assert_int_equal(k.opens, 1);
    assert_int_equal(xenforeignmemory_close(fmem), 0);

    for ( i = 0; i < 3; i++ )
    {
        k.open_errno[0] = next[i];
        fmem = xenforeignmemory_open(&logger, 0);
        assert_non_null(fmem);
        assert_int_equal(errno, 0);
        assert_int_equal(k.opens, 3 + 2 * i);
        /* A close that fails has closed, and tells. */
        k.close_errno = EIO;
        assert_int_equal(xenforeignmemory_close(fmem), -1);
        assert_int_equal(errno, EIO);
        assert_int_equal(k.files, 0);
    }

    /* A logger of its own. */
    fmem = xenforeignmemory_open(NULL, 0);
    assert_non_null(fmem);
    assert_int_equal(xenforeignmemory_close(NULL), 0);
}

static void expect_open_fails(int e, int nr_messages)
{
    errno = EXDEV;
    assert_null(xenforeignmemory_open(&logger, 0));
    assert_int_equal(errno, e);
    assert_int_equal(messages, nr_messages);
    assert_int_equal(k.files, 0);
    messages = 0;
}

static void test_open_fails(void **state)
{
    (void)state;
    k.open_errno[0] = EACCES;
    expect_open_fails(EACCES, 1);
    assert_int_equal(message_errno, EACCES);
    assert_int_equal(k.opens, 1);
    k.open_errno[0] = ENOENT;
    k.open_errno[1] = EPERM;
    expect_open_fails(EPERM, 1);
    assert_int_equal(message_errno, EPERM);

    k.open_errno[0] = 0;
    k.unknown_errno = 0;
    expect_open_fails(ENODEV, 1);
    k.unknown_errno = ENOTTY;
    k.malloc_fails_at = 1;
    expect_open_fails(ENOMEM, 0);
    k.malloc_fails_at = 2;
    assert_null(xenforeignmemory_open(NULL, 0));
    assert_int_equal(errno, ENOMEM);

    /* None of these is still registered. */
    assert_int_equal(xentoolcore_restrict_all(DOM), 0);
    assert_int_equal(k.restricted, -1);
}

static void test_map(void **state)
{
    static const size_t sizes[] = { 1, 2, 511, 512, 513, MAX_PAGES };
    int err[MAX_PAGES];
    size_t i, n;
    void *p;

    (void)state;
    for ( i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++ )
    {
        p = xenforeignmemory_map(fmem, DOM, PROT_READ, sizes[i], gfns, NULL);
        assert_ptr_equal(p, k.addr);
        assert_int_equal(k.batches, 1);
        assert_int_equal(k.prot, PROT_READ);
        assert_int_equal(k.flags, MAP_SHARED);
        assert_null(k.hint);
        assert_int_equal(xenforeignmemory_unmap(fmem, p, sizes[i]), 0);

        memset(err, 0x5a, sizeof(err));
        p = xenforeignmemory_map2(fmem, DOM, k.filled, PROT_WRITE, MAP_LOCKED,
                                  sizes[i], gfns, err);
        assert_ptr_equal(p, k.addr);
        assert_ptr_equal(k.hint, k.filled);
        assert_int_equal(k.flags, MAP_SHARED | MAP_LOCKED);
        for ( n = 0; n < sizes[i]; n++ )
            assert_int_equal(err[n], 0);
        assert_int_equal(xenforeignmemory_unmap(fmem, p, sizes[i]), 0);
    }
    assert_int_equal(k.sleeps, 0);
}

/* Expect all-or-nothing to give nothing but errno `e`, with the pages given. */
static void expect_map_fails(uint32_t dom, size_t pages, int e)
{
    errno = EXDEV;
    assert_null(xenforeignmemory_map(fmem, dom, PROT_READ, pages, gfns, NULL));
    assert_int_equal(errno, e);
    assert_int_equal(k.regions, 0);
}

static void test_map_page_errors(void **state)
{
    static const size_t sizes[] = { 1, 2, 512, 600 };
    int err[600];
    size_t i, n, bad;
    void *p;

    (void)state;
    k.unmap_errno = EBUSY; /* must not hide the error */
    for ( i = 0; i < 4; i++ )
        for ( bad = 0; bad < sizes[i]; bad += 37 )
        {
            memset(k.page_error, 0, sizeof(k.page_error));
            k.page_error[gfns[bad]] = ESRCH;
            if ( bad + 1 < sizes[i] )
                k.page_error[gfns[sizes[i] - 1]] = EPERM;
            expect_map_fails(DOM, sizes[i], ESRCH);
        }

    /* Every page failing is a success if the caller takes the errors. */
    k.unmap_errno = 0;
    for ( n = 0; n < 600; n++ )
        k.page_error[gfns[n]] = n % 2 ? EPERM : EINVAL;
    p = xenforeignmemory_map(fmem, DOM, PROT_READ, 600, gfns, err);
    assert_non_null(p);
    for ( n = 0; n < 600; n++ )
        assert_int_equal(err[n], n % 2 ? -EPERM : -EINVAL);
    assert_int_equal(xenforeignmemory_unmap(fmem, p, 600), 0);
}

static void test_map_refused(void **state)
{
    int err[1];

    (void)state;
    k.map_errno = EXDEV; /* none of these gets that far */
    expect_map_fails(DOM, 0, EINVAL);
    expect_map_fails(DOM, 1ul << 32, EINVAL);
    expect_map_fails(DOM, (1ul << 52) + 1, EINVAL);
    expect_map_fails(DOM, ULONG_MAX, EINVAL);
    expect_map_fails(0x10000 + DOM, 1, ESRCH);
    k.malloc_fails_at = 1;
    expect_map_fails(DOM, 513, ENOMEM);
    assert_int_equal(k.flags, 0);

    k.map_errno = ENOMEM;
    expect_map_fails(DOM, 1, ENOMEM);
    k.map_errno = 0;
    k.batch_errno = EPERM;
    k.unmap_errno = EBUSY;
    expect_map_fails(DOM, 1, EPERM);
    expect_map_fails(DOM, 600, EPERM);
    errno = 0;
    assert_null(xenforeignmemory_map(fmem, DOM, PROT_READ, 1, gfns, err));
    assert_int_equal(errno, EPERM);

    assert_int_equal(xenforeignmemory_unmap(fmem, NULL, 1ul << 52), -1);
    assert_int_equal(errno, EINVAL);
}

static void test_paged_out(void **state)
{
    int err[12];
    void *p;

    (void)state;
    /* Two runs, one of which takes three times, and a page in error. */
    k.paged_for[gfns[2]] = k.paged_for[gfns[3]] = 1;
    k.paged_for[gfns[10]] = 1;
    k.paged_for[gfns[11]] = 3;
    k.page_error[gfns[5]] = EINVAL;
    p = xenforeignmemory_map(fmem, DOM, PROT_READ, 12, gfns, err);
    assert_non_null(p);
    assert_int_equal(err[5], -EINVAL);
    assert_int_equal(err[2] | err[3] | err[10] | err[11], 0);
    assert_int_equal(k.batches, 1 + 2 + 1 + 1);
    assert_int_equal(k.sleeps, 3);
    assert_int_equal(xenforeignmemory_unmap(fmem, p, 12), 0);

    /* All-or-nothing waits too, before it decides. */
    k.paged_for[gfns[0]] = 2;
    expect_map_fails(DOM, 12, EINVAL);
    k.page_error[gfns[5]] = 0;
    k.paged_for[gfns[0]] = k.paged_for[gfns[7]] = 2;
    p = xenforeignmemory_map(fmem, DOM, PROT_READ, 12, gfns, NULL);
    assert_non_null(p);
    assert_true(k.filled[0] && k.filled[7]);
    assert_int_equal(xenforeignmemory_unmap(fmem, p, 12), 0);

    k.paged_for[gfns[0]] = 2;
    k.second_errno = EFAULT;
    k.unmap_errno = EBUSY;
    expect_map_fails(DOM, 12, EFAULT);
}

static void test_first_version(void **state)
{
    int err[6] = { 1, 1, 1, 1, 1, 1 };
    void *p;

    (void)state;
    k.no_v2 = true;
    p = xenforeignmemory_map(fmem, DOM, PROT_READ, 600, gfns, NULL);
    assert_non_null(p);
    assert_true(k.filled[0] && k.filled[599]);
    assert_int_equal(xenforeignmemory_unmap(fmem, p, 600), 0);

    k.page_error[gfns[1]] = EPERM; /* this version has one error only */
    k.paged_for[gfns[3]] = 3;
    k.paged_for[gfns[4]] = 1;
    k.page_error[gfns[4]] = EPERM;
    p = xenforeignmemory_map(fmem, DOM, PROT_READ, 6, gfns, err);
    assert_non_null(p);
    assert_int_equal(err[0] | err[2] | err[3] | err[5], 0);
    assert_int_equal(err[1], -EINVAL);
    assert_int_equal(err[4], -EINVAL);
    assert_int_equal(k.sleeps, 4);
    assert_int_equal(xenforeignmemory_unmap(fmem, p, 6), 0);
    expect_map_fails(DOM, 6, EINVAL);

    k.unmap_errno = EBUSY;
    k.page_error[gfns[1]] = k.page_error[gfns[4]] = 0;
    k.paged_for[gfns[3]] = 3;
    k.second_errno = EFAULT;
    expect_map_fails(DOM, 6, EFAULT);
    k.malloc_fails_at = 1;
    expect_map_fails(DOM, 6, ENOMEM);
    k.batch_errno = EINVAL;
    expect_map_fails(DOM, 6, EINVAL);
}

static void test_restrict(void **state)
{
    (void)state;
    assert_int_equal(xenforeignmemory_restrict(fmem, DOM), 0);
    assert_int_equal(k.restricted, DOM);
    assert_int_equal(xentoolcore_restrict_all(0x7ff0), 0);
    assert_int_equal(k.restricted, 0x7ff0);
    k.restrict_errno = EINVAL;
    assert_int_equal(xenforeignmemory_restrict(fmem, 1), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(xentoolcore_restrict_all(1), -1);
    assert_int_equal(errno, EINVAL);

    assert_int_equal(xenforeignmemory_close(fmem), 0);
    fmem = NULL;
    assert_int_equal(xentoolcore_restrict_all(2), 0);
    assert_int_equal(k.restricted, 1);
}

static void test_map_resource(void **state)
{
    xenforeignmemory_resource_handle *fres;
    void *addr = k.filled;

    (void)state;
    fres = xenforeignmemory_map_resource(fmem, DOM, 1, 0xabcdef01, 0xffffffff,
                                         40, &addr, PROT_WRITE, MAP_PRIVATE);
    assert_non_null(fres);
    assert_ptr_equal(addr, k.addr);
    assert_ptr_equal(k.hint, k.filled);
    assert_int_equal(k.prot, PROT_WRITE);
    assert_int_equal(k.flags, MAP_SHARED | MAP_PRIVATE);
    assert_int_equal(k.res.dom, DOM);
    assert_int_equal(k.res.type, 1);
    assert_int_equal(k.res.id, 0xabcdef01);
    assert_int_equal(k.res.idx, 0xffffffff);
    assert_int_equal(k.res.num, 40);
    assert_int_equal(xenforeignmemory_unmap_resource(fmem, fres), 0);

    /* The handle goes, even so. */
    addr = NULL;
    fres = xenforeignmemory_map_resource(fmem, DOM, 0, 0, 0, 1, &addr,
                                         PROT_READ, 0);
    assert_non_null(fres);
    k.unmap_errno = EBUSY;
    assert_int_equal(xenforeignmemory_unmap_resource(fmem, fres), -1);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(xenforeignmemory_unmap_resource(fmem, NULL), 0);
}

static void expect_resource_fails(unsigned long frame, unsigned long nr,
                                  int flags, int e)
{
    void *hint = k.filled, *addr = hint;

    errno = EXDEV;
    assert_null(xenforeignmemory_map_resource(fmem, DOM, 1, 0, frame, nr, &addr,
                                              PROT_READ, flags));
    assert_int_equal(errno, e);
    assert_ptr_equal(addr, hint);
    assert_int_equal(k.regions, 0);
}

static void test_map_resource_fails(void **state)
{
    (void)state;
    k.map_errno = EXDEV; /* none of these gets that far */
    expect_resource_fails(0, 1, MAP_FIXED, EINVAL);
    expect_resource_fails(0, 1, MAP_SHARED | MAP_LOCKED, EINVAL);
    expect_resource_fails(0, 0, 0, EINVAL);
    expect_resource_fails(1ul << 32, 1, 0, EINVAL);
    expect_resource_fails(0, 1ul << 32, 0, EINVAL);
    expect_resource_fails(0, (1ul << 52) + 1, 0, EINVAL);
    k.malloc_fails_at = 1;
    expect_resource_fails(0, 1, 0, ENOMEM);
    assert_int_equal(k.flags, 0);

    k.map_errno = ENOMEM;
    expect_resource_fails(0, 1, 0, ENOMEM);
    k.map_errno = 0;
    k.unmap_errno = EBUSY;
    k.resource_errno = EINVAL;
    expect_resource_fails(0, 40, 0, EINVAL);
    k.resource_errno = EPERM;
    expect_resource_fails(0, 40, 0, EPERM);
    k.no_resource = true;
    expect_resource_fails(0, 40, 0, EOPNOTSUPP);
}

static void test_resource_size(void **state)
{
    size_t size = 1;

    (void)state;
    k.size = 0xffffffff;
    assert_int_equal(
        xenforeignmemory_resource_size(fmem, DOM, 3, 0x12345678, &size), 0);
    assert_true(size == 0xffffffffull << 12);
    assert_int_equal(k.res.dom, DOM);
    assert_int_equal(k.res.type, 3);
    assert_int_equal(k.res.id, 0x12345678);
    assert_true(!k.res.idx && !k.res.num && !k.res.addr);

    size = 1;
    k.resource_errno = EINVAL;
    assert_int_equal(xenforeignmemory_resource_size(fmem, DOM, 3, 0, &size),
                     -1);
    assert_int_equal(errno, EINVAL);
    k.no_resource = true;
    assert_int_equal(xenforeignmemory_resource_size(fmem, DOM, 3, 0, &size),
                     -1);
    assert_int_equal(errno, EOPNOTSUPP);
    assert_int_equal(size, 1);
}

/* A kernel whose word for an unknown ioctl is EINVAL. */
static void test_old_kernel(void **state)
{
    size_t size;

    (void)state;
    k.unknown_errno = EINVAL;
    fmem = xenforeignmemory_open(&logger, 0);
    assert_non_null(fmem);
    k.no_resource = true;
    expect_resource_fails(0, 1, 0, EOPNOTSUPP);
    assert_int_equal(xenforeignmemory_resource_size(fmem, DOM, 1, 0, &size),
                     -1);
    assert_int_equal(errno, EOPNOTSUPP);
    k.no_resource = false;
    k.resource_errno = ENOTTY;
    expect_resource_fails(0, 1, 0, ENOTTY);
}

int main(void)
{
#define CLOSED(t) cmocka_unit_test_setup_teardown(t, begin, end)
#define OPENED(t) cmocka_unit_test_setup_teardown(t, begin_open, end)
    const struct CMUnitTest tests[] = {
        CLOSED(test_open),
        CLOSED(test_open_fails),
        OPENED(test_map),
        OPENED(test_map_page_errors),
        OPENED(test_map_refused),
        OPENED(test_paged_out),
        OPENED(test_first_version),
        OPENED(test_restrict),
        OPENED(test_map_resource),
        OPENED(test_map_resource_fails),
        OPENED(test_resource_size),
        CLOSED(test_old_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
