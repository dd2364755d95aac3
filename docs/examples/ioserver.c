/* SPDX-License-Identifier: MIT */
/* device-model.c by liboriel-ioreq: prints what a guest writes to port 0x3f8. */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <oriel-ioreq.h>

static ioserver *server;

static void on_signal(int sig)
{
    (void)sig;
    ioserver_stop(server);
}

static uint64_t uart_read(void *data, uint64_t offset, unsigned int size)
{
    (void)data, (void)size;
    return offset == 5 ? 0x60 : 0; /* ready to transmit */
}

static void print(void *data, uint64_t offset, unsigned int size, uint64_t value)
{
    (void)data, (void)size;
    if ( offset == 0 )
        putchar((int)(value & 0xff));
}

int main(int argc, char **argv) /* --ready-fd FD ... DOMID, by oriel create */
{
    const struct ioserver_config config = {
        .domid = (domid_t)atoi(argv[argc - 1]), .looks = 100 };
    const struct ioserver_range uart = { XEN_DMOP_IO_RANGE_PORT, 0x3f8, 0x3ff,
                                         .read = uart_read, .write = print };

    server = ioserver_open(&config);
    if ( !server || ioserver_claim(server, &uart) )
        err(1, "domain %s", argv[argc - 1]);
    signal(SIGTERM, on_signal);
    if ( argc > 2 && write(atoi(argv[2]), "", 1) != 1 ) /* ready */
        err(1, "--ready-fd");
    if ( ioserver_run(server) )
        warn("the guest has gone");
    ioserver_close(server);
    return 0;
}
