/* SPDX-License-Identifier: MIT */
/*
 * Hypercall buffers: memory that the kernel does not move while Xen uses it.
 *
 * An xc_hypercall_buffer_t either owns such memory (alloc ... free) or stands
 * for ordinary memory of the caller that is copied through it (bounce pre ...
 * post).  In both, .hbuf is the address that Xen gets, and NULL while there is
 * no such memory, so that freeing twice or freeing nothing is harmless.
 */
#include "private.h"

#include <limits.h>

/*
 * libxencall counts a buffer's pages in an int, adds a header to its size, and
 * sees neither overflow: what it would give for more than this is too small.
 */
#define MOST_BYTES (((size_t)INT_MAX << XC_PAGE_SHIFT) - XC_PAGE_SIZE)

xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(HYPERCALL_BUFFER_NULL) = {
    HYPERCALL_BUFFER_INIT_NO_BOUNCE
};

void *xc__hypercall_buffer_alloc(xc_interface *xch, xc_hypercall_buffer_t *b,
                                 size_t size)
{
    b->hbuf = NULL;
    if ( size > MOST_BYTES )
        errno = ENOMEM;
    else
        b->hbuf = xencall_alloc_buffer(xch->xcall, size);
    if ( b->hbuf )
        memset(b->hbuf, 0, size);

    return b->hbuf;
}

void xc__hypercall_buffer_free(xc_interface *xch, xc_hypercall_buffer_t *b)
{
    int saved = errno;

    if ( b->hbuf )
        xencall_free_buffer(xch->xcall, b->hbuf);
    b->hbuf = NULL;
    errno = saved;
}

void *xc__hypercall_buffer_alloc_pages(xc_interface *xch,
                                       xc_hypercall_buffer_t *b, int nr_pages)
{
    b->hbuf = xencall_alloc_buffer_pages(xch->xcall, nr_pages);
    if ( b->hbuf )
        memset(b->hbuf, 0, nr_pages * XC_PAGE_SIZE);

    return b->hbuf;
}

void xc__hypercall_buffer_free_pages(xc_interface *xch,
                                     xc_hypercall_buffer_t *b, int nr_pages)
{
    int saved = errno;

    if ( b->hbuf )
        xencall_free_buffer_pages(xch->xcall, b->hbuf, nr_pages);
    b->hbuf = NULL;
    errno = saved;
}

int xc__hypercall_bounce_pre(xc_interface *xch, xc_hypercall_buffer_t *b)
{
    /* Declared as no bounce: the caller mixed the two kinds up. */
    if ( b->ubuf == (void *)-1 || b->dir == BOUNCE_NONE )
        abort();

    b->hbuf = NULL;
    if ( !b->ubuf )
        return 0;

    if ( !xc__hypercall_buffer_alloc(xch, b, b->sz) )
        return -1;
    if ( b->dir & BOUNCE_IN )
        memcpy(b->hbuf, b->ubuf, b->sz);

    return 0;
}

void xc__hypercall_bounce_post(xc_interface *xch, xc_hypercall_buffer_t *b)
{
    if ( b->ubuf == (void *)-1 || b->dir == BOUNCE_NONE )
        abort();

    if ( b->hbuf && (b->dir & BOUNCE_OUT) )
        memcpy(b->ubuf, b->hbuf, b->sz);
    xc__hypercall_buffer_free(xch, b);
}

int bounce_in(xc_interface *xch, const char *what, xc_hypercall_buffer_t *b,
              unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        if ( !xc__hypercall_bounce_pre(xch, &b[i]) )
            continue;

        report_errno(xch, "%s: no hypercall buffer of %zu bytes", what,
                     b[i].sz);
        while ( i-- )
            xc__hypercall_buffer_free(xch, &b[i]);
        return -1;
    }

    return 0;
}

void bounce_out(xc_interface *xch, xc_hypercall_buffer_t *b, unsigned int nr)
{
    while ( nr-- )
        xc__hypercall_bounce_post(xch, &b[nr]);
}

int arrays_in(xc_interface *xch, const char *what, struct array *a,
              unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        if ( bounce_in(xch, what, &a[i].b, 1) )
        {
            while ( i-- )
                xc__hypercall_buffer_free(xch, &a[i].b);
            return -1;
        }
        memcpy(a[i].handle, &a[i].b.hbuf, sizeof(a[i].b.hbuf));
    }

    return 0;
}

void arrays_out(xc_interface *xch, struct array *a, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
        xc__hypercall_bounce_post(xch, &a[i].b);
}

/* --- arrays of buffers --------------------------------------------------- */

struct xc_hypercall_buffer_array {
    unsigned int nr;
    xc_hypercall_buffer_t buf[];
};

xc_hypercall_buffer_array_t *xc_hypercall_buffer_array_create(xc_interface *xch,
                                                              unsigned n)
{
    xc_hypercall_buffer_array_t *array;

    array = calloc(1, sizeof(*array) + n * sizeof(array->buf[0]));
    if ( !array )
        report_errno(xch, "no array of %u hypercall buffers", n);
    else
        array->nr = n;

    return array;
}

void *xc__hypercall_buffer_array_alloc(xc_interface *xch,
                                       xc_hypercall_buffer_array_t *array,
                                       unsigned index,
                                       xc_hypercall_buffer_t *hbuf, size_t size)
{
    /* An index out of range, or one in use, is the caller's bug. */
    if ( index >= array->nr || array->buf[index].hbuf )
        abort();

    if ( xc__hypercall_buffer_alloc(xch, hbuf, size) )
        array->buf[index] = *hbuf;

    return hbuf->hbuf;
}

void *xc__hypercall_buffer_array_get(xc_interface *xch,
                                     xc_hypercall_buffer_array_t *array,
                                     unsigned index,
                                     xc_hypercall_buffer_t *hbuf)
{
    (void)xch;
    if ( index >= array->nr || !array->buf[index].hbuf )
        abort();

    *hbuf = array->buf[index];

    return hbuf->hbuf;
}

void xc_hypercall_buffer_array_destroy(xc_interface *xch,
                                       xc_hypercall_buffer_array_t *array)
{
    if ( !array )
        return;

    for ( unsigned int i = 0; i < array->nr; i++ )
        xc__hypercall_buffer_free(xch, &array->buf[i]);
    free(array);
}
