/* SPDX-License-Identifier: MIT */
/*
 * Atomic accesses, by the compiler's builtins: the same on both machines and
 * visible to the thread sanitizer.
 *
 * READ_ONCE is how a value on a page shared with a guest or a device model is
 * read: once, into a local, which is then checked and used.
 */
#ifndef HV_ATOMIC_H
#define HV_ATOMIC_H

#include <hv/types.h>

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* Full barrier, for the flag protocols that store, then load another word. */
static inline void smp_mb(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
/* Stores before it come before stores after it; so do loads. */
static inline void smp_wmb(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void smp_rmb(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

#define atomic_add_return(p, n) __atomic_add_fetch((p), (n), __ATOMIC_SEQ_CST)
#define atomic_sub_return(p, n) __atomic_sub_fetch((p), (n), __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, n) __atomic_fetch_or((p), (n), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, n) __atomic_fetch_and((p), (n), __ATOMIC_SEQ_CST)
#define atomic_xchg(p, n) __atomic_exchange_n((p), (n), __ATOMIC_SEQ_CST)

/* *p == *old ? (*p = new, true) : (*old = *p, false) */
#define atomic_cmpxchg(p, old, new)                                          \
    __atomic_compare_exchange_n((p), (old), (new), false, __ATOMIC_SEQ_CST,  \
                                __ATOMIC_SEQ_CST)

/* Bits in arrays of 64-bit words; the test_and_ forms return the old bit. */
static inline bool test_bit(unsigned int nr, const uint64_t *p)
{
    return (READ_ONCE(p[nr / 64]) >> (nr % 64)) & 1;
}

static inline bool test_and_set_bit(unsigned int nr, uint64_t *p)
{
    uint64_t bit = 1UL << (nr % 64);

    return atomic_fetch_or(&p[nr / 64], bit) & bit;
}

static inline bool test_and_clear_bit(unsigned int nr, uint64_t *p)
{
    uint64_t bit = 1UL << (nr % 64);

    return atomic_fetch_and(&p[nr / 64], ~bit) & bit;
}

#define set_bit(nr, p) ((void)test_and_set_bit(nr, p))
#define clear_bit(nr, p) ((void)test_and_clear_bit(nr, p))

#endif
