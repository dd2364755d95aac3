/* SPDX-License-Identifier: MIT */
/*
 * vchan server|client PATH BYTES RING: two processes of dom0 over libxenvchan.
 *
 * The server offers a channel at PATH of xenstore whose rings have at least RING
 * bytes, sends BYTES bytes through it and waits for their sum.  The client, which
 * maps what the server granted, adds them up and sends the sum back.  Each writes
 * a line; the server also whether it has noticed that the client has gone.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxenvchan.h>

#define CHUNK 3000 /* no divisor or multiple of a ring */

static uint8_t chunk[CHUNK];

/* The same bytes each time: of a linear congruential generator. */
static void make(size_t count)
{
    static uint32_t state = 1;
    size_t i;

    for ( i = 0; i < count; i++ )
    {
        state = state * 1664525 + 1013904223;
        chunk[i] = (uint8_t)(state >> 24);
    }
}

static uint32_t add(uint32_t sum, size_t count)
{
    size_t i;

    for ( i = 0; i < count; i++ )
        sum = sum * 31 + chunk[i];
    return sum;
}

static int whole(struct libxenvchan *vchan, void *data, size_t size,
                 int (*call)(struct libxenvchan *, void *, size_t))
{
    size_t done = 0;
    int n;

    for ( ; done < size; done += (size_t)n )
    {
        n = call(vchan, (char *)data + done, size - done);
        if ( n <= 0 )
            return -1;
    }
    return 0;
}

static int send_some(struct libxenvchan *vchan, void *data, size_t size)
{
    return libxenvchan_write(vchan, data, size);
}

static int transfer(struct libxenvchan *vchan, int server, size_t left,
                    uint32_t *sum)
{
    size_t n;

    for ( ; left; left -= n )
    {
        n = left < CHUNK ? left : CHUNK;
        if ( server )
            make(n);
        if ( whole(vchan, chunk, n, server ? send_some : libxenvchan_read) )
            return -1;
        *sum = add(*sum, n);
    }
    return 0;
}

static int serve(struct libxenvchan *vchan, size_t bytes)
{
    uint32_t sum = 0, theirs = 0;

    if ( transfer(vchan, 1, bytes, &sum) ||
         whole(vchan, &theirs, sizeof(theirs), libxenvchan_read) )
        return -1;
    while ( libxenvchan_is_open(vchan) == 1 )
        libxenvchan_wait(vchan);
    printf("server: %zu bytes, sum %08x, theirs %08x, then open: %d\n", bytes,
           sum, theirs, libxenvchan_is_open(vchan));
    return sum == theirs ? 0 : -1;
}

static int answer(struct libxenvchan *vchan, size_t bytes)
{
    uint32_t sum = 0;

    if ( transfer(vchan, 0, bytes, &sum) ||
         whole(vchan, &sum, sizeof(sum), send_some) )
        return -1;
    printf("client: %zu bytes, sum %08x\n", bytes, sum);
    return 0;
}

int main(int argc, char **argv)
{
    struct libxenvchan *vchan;
    int server, rc;

    if ( argc != 5 )
        return 2;
    server = !strcmp(argv[1], "server");
    if ( server )
        vchan = libxenvchan_server_init(NULL, 0, argv[2], strtoul(argv[4], NULL, 0),
                                        strtoul(argv[4], NULL, 0));
    else
        vchan = libxenvchan_client_init(NULL, 0, argv[2]);
    if ( !vchan )
    {
        perror(argv[1]);
        return 1;
    }
    vchan->blocking = 1;
    rc = server ? serve(vchan, strtoul(argv[3], NULL, 0))
                : answer(vchan, strtoul(argv[3], NULL, 0));
    if ( rc )
        perror(argv[1]);
    libxenvchan_close(vchan);
    return rc != 0;
}
