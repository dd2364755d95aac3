/* SPDX-License-Identifier: MIT */
/*
 * Everyday helpers: memory and string functions, console output, assertions.
 *
 * Error ladder, mildest first: return an error < domain_crash() (the guest
 * did the impossible) < BUG_ON() (going on could leak or corrupt).  A BUG_ON
 * or ASSERT that a guest can reach is a security bug.
 */
#ifndef HV_LIB_H
#define HV_LIB_H

#include <hv/errno.h>
#include <hv/types.h>

void *memset(void *s, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
void *memmove(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
/* Freestanding, the compiler copies structures inline only when asked. */
#if !__STDC_HOSTED__
#define memset(s, c, n) __builtin_memset(s, c, n)
#define memcpy(d, s, n) __builtin_memcpy(d, s, n)
#endif

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/*
 * The number at the beginning of s in this base (0: as in C, by its prefix);
 * one that is too large is ~0UL.  *end (may be NULL) is where it stops: s when
 * there is none.  No blanks, no sign.
 */
unsigned long hv_strtoul(const char *s, const char **end, unsigned int base);

/*
 * Format into buf (at most size bytes, always terminated when size > 0).
 * Knows %d %i %u %x %X %o %c %s %p %%, flags 0 - and #, width, .precision,
 * and h, hh, l, ll, z.  Returns the length the whole text would have.
 */
int hv_snprintf(char *buf, size_t size, const char *fmt, ...)
    printf_like(3, 4);
int hv_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

/* How much a message matters; `loglvl=` says which ones are printed. */
enum log_level {
    XENLOG_ALWAYS,  /* a crash, and what somebody asked for: debug keys */
    XENLOG_ERR,     /* something does not work                          */
    XENLOG_WARNING, /* something works less well than it might          */
    XENLOG_INFO,    /* what was found and done                          */
    XENLOG_DEBUG,   /* for who looks for a fault; off by default        */
};

/*
 * One line (or part of one: each part with the level of the line) for the
 * hypervisor's log and console ring.  Any lock may be held.
 */
void printk(enum log_level level, const char *fmt, ...) printf_like(2, 3);

/* Print, then stop the machine (hosted: abort). Never returns. */
void panic(const char *fmt, ...) printf_like(1, 2) noreturn_fn;

#define BUG_ON(cond)                                                         \
    do {                                                                     \
        if ( unlikely(cond) )                                                \
            panic("BUG at %s:%d: %s\n", __FILE__, __LINE__, #cond);          \
    } while ( 0 )

#ifdef DEBUG
#define ASSERT(cond) BUG_ON(!(cond))
#define ASSERT_UNREACHABLE() \
    panic("unreachable code reached at %s:%d\n", __FILE__, __LINE__)
#else
#define ASSERT(cond) ((void)sizeof(cond))
#define ASSERT_UNREACHABLE() ((void)0)
#endif

#endif
