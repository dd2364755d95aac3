/* SPDX-License-Identifier: MIT */
/* libxenforeignmemory against its contract: handles, and mapping of pages. */
#include "privcmd-kernel.h"

#include <xentoolcore.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOSED(test_open),
        CLOSED(test_open_fails),
        OPENED(test_map),
        OPENED(test_map_page_errors),
        OPENED(test_map_refused),
        OPENED(test_paged_out),
        OPENED(test_first_version),
        OPENED(test_restrict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
