/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls of 32-bit callers.  What such a caller names lies in one block of
 * memory below 4 GiB; the page behind the block cannot be accessed.  The tests
 * write structures as arrays of 32-bit numbers, as i386 has them, without the
 * core's own tables.
 */
#ifndef TEST_COMPAT_H
#define TEST_COMPAT_H

#include "fixture.h"

#include <sys/mman.h>

#define LOW_BYTES (64 * 1024)
#define LOW_PAGE 4096

static char *low;

static inline void low_map(void)
{
    low = mmap(NULL, LOW_BYTES + LOW_PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    assert_true(low != MAP_FAILED);
    assert_int_equal(mprotect(low + LOW_BYTES, LOW_PAGE, PROT_NONE), 0);
}

static inline void low_unmap(void)
{
    assert_int_equal(munmap(low, LOW_BYTES + LOW_PAGE), 0);
}

#define P32(x) ((uint32_t)(uintptr_t)(x))

static inline int32_t hcall_32(unsigned int nr, uint32_t a0, uint32_t a1,
                               uint32_t a2, uint32_t a3, uint32_t a4)
{
    struct hypercall hc = { nr, { a0, a1, a2, a3, a4, 0 } };

    return (int32_t)hypercall_run_32(&hc);
}

#endif
