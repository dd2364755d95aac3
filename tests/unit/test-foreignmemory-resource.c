/* SPDX-License-Identifier: MIT */
/* libxenforeignmemory against its contract: resources. */
#include "privcmd-kernel.h"

#include <errno.h>
#include <sys/mman.h>

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
    const struct CMUnitTest tests[] = {
        OPENED(test_map_resource),
        OPENED(test_map_resource_fails),
        OPENED(test_resource_size),
        CLOSED(test_old_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
