/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions for machines without a libc: <hv/lib.h>.
 *
 * Memory goes by words of 8 bytes that may lie anywhere, four to a step.  The
 * compiler must not find a memset in memset: it is told so below, and by
 * -ffreestanding.  lib.h has macros of two of the names: these stand in brackets.
 */
#include <hv/lib.h>

#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

typedef uint64_t word_t __attribute__((may_alias, aligned(1)));
typedef uint32_t half_t __attribute__((may_alias, aligned(1)));

#define WORD sizeof(word_t)
#define STEP (4 * WORD)

void *(memset)(void *s, int c, size_t n)
{
    const uint64_t word = (uint8_t)c * 0x0101010101010101UL;
    uint8_t *p = s;

    for ( ; n >= STEP; n -= STEP, p += STEP )
    {
        word_t *w = (word_t *)p;

        w[0] = word;
        w[1] = word;
        w[2] = word;
        w[3] = word;
    }
    for ( ; n >= WORD; n -= WORD, p += WORD )
        *(word_t *)p = word;
    for ( ; n; n-- )
        *p++ = (uint8_t)c;
    return s;
}

/* All of a step is read before any of it is written. */
static void move_step(uint8_t *d, const uint8_t *s)
{
    const word_t *from = (const word_t *)s;
    word_t *to = (word_t *)d;
    uint64_t a = from[0], b = from[1], c = from[2], e = from[3];

    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = e;
}

/* Also right where d lies before an s that it overlaps. */
static void copy_up(uint8_t *d, const uint8_t *s, size_t n)
{
    for ( ; n >= STEP; n -= STEP, d += STEP, s += STEP )
        move_step(d, s);
    for ( ; n >= WORD; n -= WORD, d += WORD, s += WORD )
        *(word_t *)d = *(const word_t *)s;
    if ( n & sizeof(half_t) )
    {
        *(half_t *)d = *(const half_t *)s;
        d += sizeof(half_t);
        s += sizeof(half_t);
    }
    for ( n %= sizeof(half_t); n; n-- )
        *d++ = *s++;
}

static void copy_down(uint8_t *d, const uint8_t *s, size_t n)
{
    for ( ; n >= STEP; n -= STEP )
        move_step(d + n - STEP, s + n - STEP);
    for ( ; n >= WORD; n -= WORD )
        *(word_t *)(d + n - WORD) = *(const word_t *)(s + n - WORD);
    for ( ; n; n-- )
        d[n - 1] = s[n - 1];
}

void *(memcpy)(void *d, const void *s, size_t n)
{
    copy_up(d, s, n);
    return d;
}

void *memmove(void *d, const void *s, size_t n)
{
    if ( (uintptr_t)d - (uintptr_t)s >= n )
        copy_up(d, s, n);
    else
        copy_down(d, s, n);
    return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for ( ; n >= WORD; n -= WORD, p += WORD, q += WORD )
        if ( *(const word_t *)p != *(const word_t *)q )
            break;
    for ( ; n; n--, p++, q++ )
        if ( *p != *q )
            return *p < *q ? -1 : 1;
    return 0;
}

size_t strlen(const char *s)
{
    const char *end = s;

    while ( *end )
        end++;
    return (size_t)(end - s);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for ( ; n; n--, a++, b++ )
    {
        if ( *a != *b )
            return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
        if ( !*a )
            break;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, ~(size_t)0);
}

char *strchr(const char *s, int c)
{
    for ( ; *s != (char)c; s++ )
        if ( !*s )
            return NULL;
    return (char *)(uintptr_t)s;
}
