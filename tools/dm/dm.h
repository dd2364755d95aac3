/* SPDX-License-Identifier: MIT */
/*
 * The reference device model.
 *
 *   main.c     options, when to end
 *   devices.c  which devices there are, and where
 *   server.c   the ioreq server, by liboriel-ioreq, and what it claims
 *   overlap.c  ranges that another server claims, too
 *   uart.c     a 16550 UART: the guest's console
 *   block.c    a block of registers, by port and by memory
 *   lines.c    ports by which a guest moves its own interrupt lines
 *   pci.c      a PCI function
 *   trace.c    a readable line for each request
 *   output.c   writing to the console's and the trace's file
 *
 * The calls of Xen's libraries are in liboriel-ioreq: read tools/libs/ioreq/open.c
 * first.
 */
#ifndef DM_H
#define DM_H

#include <stdbool.h>
#include <stdint.h>
#include <oriel-ioreq.h>

/* An address range that a device answers. */
struct region {
    struct ioserver_range range;
    bool off; /* not claimed, or not to be claimed */
};

extern struct region regions[];
extern const unsigned int nr_regions;

/* ---- devices.c ---- */

/*
 * Serve the named devices only ("uart,block"), beside a PCI function; or a PCI
 * function ("00:1e.0").  False after a message.
 */
bool devices_choose(const char *list);
bool devices_place_pci(const char *text);
/* The first region with this name, which must exist. */
struct region *device_region(const char *name);

/* ---- server.c ---- */

struct server {
    domid_t domid;
    unsigned int looks; /* for requests, before it sleeps */
    ioserver *io;       /* NULL: not open */
};

/*
 * Open a server for the domain and claim the regions.  False after a message;
 * server_close() undoes the steps that were done.
 */
bool server_open(struct server *s, domid_t domid);
void server_close(struct server *s);

/*
 * Claim the region's range, or give it back.  False, with errno, when claiming
 * failed: then the region is off.
 */
bool server_claim(struct server *s, struct region *r, bool claim);

/* ---- overlap.c ---- */

/* Warns of ranges of the open server that another one of the guest claims. */
struct xc_interface_core;
void overlaps_warn(struct xc_interface_core *xch, const struct server *s);

/* ---- devices ---- */

uint64_t uart_read(void *data, uint64_t offset, unsigned int size);
void uart_write(void *data, uint64_t offset, unsigned int size, uint64_t value);
void uart_connect(int in_fd, int out_fd); /* -1: not connected */

uint64_t block_read(void *data, uint64_t offset, unsigned int size);
void block_write(void *data, uint64_t offset, unsigned int size, uint64_t value);
void block_buffered(void *data, uint64_t offset, unsigned int size,
                    uint64_t value);

uint64_t lines_read(void *data, uint64_t offset, unsigned int size);
void lines_write(void *data, uint64_t offset, unsigned int size, uint64_t value);
void lines_connect(xendevicemodel_handle *dm, domid_t domid);

uint64_t pci_read(void *data, uint64_t offset, unsigned int size);
void pci_write(void *data, uint64_t offset, unsigned int size, uint64_t value);
uint64_t bar_read(void *data, uint64_t offset, unsigned int size);
void bar_write(void *data, uint64_t offset, unsigned int size, uint64_t value);
/* Before the server is opened: accesses may arrive from then on. */
void pci_connect(struct server *s);

/* Registers that are bytes, as a value and back. */
static inline uint64_t load_bytes(const uint8_t *from, unsigned int size)
{
    uint64_t value = 0;

    for ( unsigned int i = 0; i < size; i++ )
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

static inline void store_bytes(uint8_t *to, unsigned int size, uint64_t value)
{
    for ( unsigned int i = 0; i < size; i++ )
        to[i] = (uint8_t)(value >> (8 * i));
}

/* ---- trace.c ---- */

/* The trace's file, or -1: no trace. */
void trace_to(int fd);
extern int trace_fd;
/* vcpu -1: a buffered write. */
void trace_line(domid_t domid, int vcpu, const char *region,
                const ioreq_t *p);

/* ---- output.c ---- */

/*
 * Writes len bytes to fd.  False after a message, which calls the file `what`;
 * the device model continues to serve and will end with status 1.
 */
bool output_write(int fd, const char *what, const void *bytes, size_t len);
/* Closes the file: what it is opened for is done. */
void output_close(int fd, const char *what);
/* Has every write succeeded? */
bool output_complete(void);

/* ---- main.c ---- */

/* "oriel-dm: d5: cannot WHAT: REASON; HINT" */
void complain(domid_t domid, const char *what, const char *hint);

#endif
