/* SPDX-License-Identifier: MIT */
/* Basic types, frame numbers and compiler attributes. */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

/*
 * Guest and machine frame numbers never mix: they are distinct struct types
 * in every build.
 */
typedef struct { uint64_t gfn; } gfn_t;
typedef struct { uint64_t mfn; } mfn_t;

static inline gfn_t _gfn(uint64_t g) { return (gfn_t){ g }; }
static inline uint64_t gfn_x(gfn_t g) { return g.gfn; }
static inline mfn_t _mfn(uint64_t m) { return (mfn_t){ m }; }
static inline uint64_t mfn_x(mfn_t m) { return m.mfn; }
static inline bool gfn_eq(gfn_t a, gfn_t b) { return a.gfn == b.gfn; }
static inline bool mfn_eq(mfn_t a, mfn_t b) { return a.mfn == b.mfn; }
static inline gfn_t gfn_add(gfn_t g, uint64_t n) { return _gfn(g.gfn + n); }
static inline mfn_t mfn_add(mfn_t m, uint64_t n) { return _mfn(m.mfn + n); }

#define INVALID_GFN _gfn(~0UL)
#define INVALID_MFN _mfn(~0UL)

#define must_check __attribute__((warn_unused_result))
#define noreturn_fn __attribute__((noreturn))
/* Where inlining decides about the instructions of each exit or wake-up. */
#define noinline_fn __attribute__((noinline))
#define inline_fn inline __attribute__((always_inline))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

#define container_of(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Names of their own for each use, so that uses can nest. */
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define PICK_(a, op, b, x, y)                                                \
    ({ typeof(a) x = (a); typeof(b) y = (b); x op y ? x : y; })
#define PICK(a, op, b, n) PICK_(a, op, b, CAT(pick_a, n), CAT(pick_b, n))
#define min(a, b) PICK(a, <, b, __COUNTER__)
#define max(a, b) PICK(a, >, b, __COUNTER__)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

#endif
