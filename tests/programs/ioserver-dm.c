/* SPDX-License-Identifier: MIT */
/*
 * The device model of the guest "vcpus", by liboriel-ioreq: one page of registers
 * that keep what is written.  $LOOKS is how often it looks before it sleeps; it
 * restricts itself to its guest, which it can serve all the same.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <oriel-ioreq.h>

static uint8_t kept[4096];
static unsigned long nr_buffered;
static ioserver *server;

static uint64_t kept_read(void *data, uint64_t offset, unsigned int size)
{
    uint64_t value = 0;

    (void)data;
    for ( unsigned int i = 0; i < size && offset + i < sizeof(kept); i++ )
        value |= (uint64_t)kept[offset + i] << 8 * i;
    return value;
}

static void kept_write(void *data, uint64_t offset, unsigned int size,
                       uint64_t value)
{
    (void)data;
    for ( unsigned int i = 0; i < size && offset + i < sizeof(kept); i++ )
        kept[offset + i] = (uint8_t)(value >> 8 * i);
}

static void kept_buffered(void *data, uint64_t offset, unsigned int size,
                          uint64_t value)
{
    nr_buffered++;
    kept_write(data, offset, size, value);
}

static void on_signal(int sig)
{
    (void)sig;
    ioserver_stop(server);
}

static bool claim(uint32_t type, uint64_t start, uint64_t end)
{
    struct ioserver_range r = { .type = type, .start = start, .end = end,
                                .read = kept_read, .write = kept_write,
                                .buffered = kept_buffered };

    return !ioserver_claim(server, &r);
}

int main(int argc, char **argv) /* --ready-fd FD ... DOMID */
{
    const char *looks = getenv("LOOKS");
    struct ioserver_config config = {
        .domid = (domid_t)atoi(argv[argc - 1]),
        .looks = looks ? (unsigned int)atoi(looks) : 0 };

    server = ioserver_open(&config);
    if ( !server || ioserver_restrict(server) ||
         !claim(XEN_DMOP_IO_RANGE_PORT, 0x500, 0x50f) ||
         !claim(XEN_DMOP_IO_RANGE_MEMORY, 0xf1000000, 0xf1000fff) ||
         !claim(XEN_DMOP_IO_RANGE_MEMORY, 0xa0000, 0xbffff) )
    {
        perror("ioserver-dm");
        return 1;
    }
    signal(SIGTERM, on_signal);
    if ( argc < 3 || write(atoi(argv[2]), "", 1) != 1 )
        return 1;
    if ( ioserver_run(server) )
        perror("ioserver-dm");
    printf("%lu buffered writes\n", nr_buffered);
    ioserver_close(server);
    return 0;
}
