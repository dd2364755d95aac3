/* SPDX-License-Identifier: MIT */
/*
 * Helpers without a hypercall, most of which libxenguest calls: bitmaps,
 * whole reads and writes, aligned memory.
 */
#include "private.h"

#include <fcntl.h>
#include <sys/uio.h>

void *xc_memalign(xc_interface *xch, size_t alignment, size_t size)
{
    void *p;
    int err = posix_memalign(&p, alignment, size);

    (void)xch;
    if ( !err )
        return p;
    errno = err;

    return NULL;
}

/* --- bits ---------------------------------------------------------------- */

/* A byte, and a word, are the bits from the lowest on. */
void bitmap_64_to_byte(uint8_t *bp, const uint64_t *lp, int nbits)
{
    for ( int i = 0; i < (nbits + 7) / 8; i++ )
        bp[i] = lp[i / 8] >> i % 8 * 8;
}

void bitmap_byte_to_64(uint64_t *lp, const uint8_t *bp, int nbits)
{
    memset(lp, 0, (nbits + 63) / 64 * sizeof(*lp));
    for ( int i = 0; i < (nbits + 7) / 8; i++ )
        lp[i / 8] |= (uint64_t)bp[i] << i % 8 * 8;
}

int xc_ffs64(uint64_t x)
{
    return __builtin_ffsll(x);
}

int xc_ffs32(uint32_t x)
{
    return xc_ffs64(x);
}

int xc_ffs16(uint16_t x)
{
    return xc_ffs64(x);
}

int xc_ffs8(uint8_t x)
{
    return xc_ffs64(x);
}

/* --- files --------------------------------------------------------------- */

int read_exact(int fd, void *data, size_t size)
{
    for ( size_t done = 0; done < size; )
    {
        ssize_t n = read(fd, (char *)data + done, size - done);

        if ( n < 0 && errno == EINTR )
            continue;
        /* The end of the file is told from an error by errno. */
        if ( !n )
            errno = 0;
        if ( n <= 0 )
            return -1;
        done += n;
    }

    return 0;
}

int write_exact(int fd, const void *data, size_t size)
{
    for ( size_t done = 0; done < size; )
    {
        ssize_t n = write(fd, (const char *)data + done, size - done);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return -1;
        done += n;
    }

    return 0;
}

/* What is behind the first done bytes; the list is the caller's copy. */
static void skip(struct iovec **iov, int *iovcnt, size_t done)
{
    while ( *iovcnt && done >= (*iov)->iov_len )
    {
        done -= (*iov)->iov_len;
        ++*iov;
        --*iovcnt;
    }
    if ( *iovcnt )
    {
        (*iov)->iov_base = (char *)(*iov)->iov_base + done;
        (*iov)->iov_len -= done;
    }
}

int writev_exact(int fd, const struct iovec *iov, int iovcnt)
{
    struct iovec *copy = calloc(iovcnt ?: 1, sizeof(*copy)), *left = copy;
    int rc = 0, err;

    if ( !copy )
        return -1;
    memcpy(copy, iov, iovcnt * sizeof(*iov));

    for ( skip(&left, &iovcnt, 0); iovcnt; )
    {
        ssize_t n = writev(fd, left, iovcnt < 1024 ? iovcnt : 1024);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
        {
            rc = -1;
            break;
        }
        skip(&left, &iovcnt, n);
    }
    err = errno;
    free(copy);
    errno = err;

    return rc;
}

void discard_file_cache(xc_interface *xch, int fd, int flush)
{
    int err = errno;
    off_t pos;

    (void)xch;
    if ( flush && fsync(fd) )
        goto out;

    /* Whole pages before the position: the last one is written to again. */
    pos = lseek(fd, 0, SEEK_CUR);
    if ( pos >= 0 )
        posix_fadvise(fd, 0, pos & XC_PAGE_MASK, POSIX_FADV_DONTNEED);

out:
    errno = err;
}
