/* SPDX-License-Identifier: MIT */
/* A kernel with privcmd: see the header. */
#include "privcmd-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

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

struct kernel k;

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

int messages, message_errno;

static void count_vmessage(xentoollog_logger *l, xentoollog_level level, int e,
                           const char *context, const char *fmt, va_list al)
{
    (void)l, (void)fmt, (void)al;
    assert_int_equal(level, XTL_ERROR);
    assert_string_equal(context, "xenforeignmemory");
    messages++;
    message_errno = e;
}

xentoollog_logger logger = { .vmessage = count_vmessage };
xenforeignmemory_handle *fmem;
xen_pfn_t gfns[MAX_PAGES];

int kernel_begin(void **state)
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

int kernel_begin_open(void **state)
{
    kernel_begin(state);
    fmem = xenforeignmemory_open(&logger, 0);
    return !fmem;
}

int kernel_end(void **state)
{
    (void)state;
    k.close_errno = 0;
    return xenforeignmemory_close(fmem) || k.files || k.regions || messages;
}
