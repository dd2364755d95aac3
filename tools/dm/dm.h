/* SPDX-License-Identifier: MIT */
/*
 * The reference device model.
 *
 *   main.c     options, which devices there are, when to end
 *   server.c   the ioreq server: pages, ports, the request loop
 *   serve.c    one request: repetitions, memory operands, the device
 *   uart.c     a 16550 UART: the guest's console
 *   block.c    a block of registers, by port and by memory
 *   trace.c    what went by, for people
 *
 * Read server.c first: it is the whole use of the API.
 */
#ifndef DM_H
#define DM_H

#include <stdbool.h>
#include <stdint.h>

#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/ioreq.h>

/* An address range that a device answers. */
struct region {
    uint32_t type; /* XEN_DMOP_IO_RANGE_PORT or _MEMORY */
    uint64_t start, end; /* inclusive */
    const char *name;
    /* size is 1, 2, 4 or 8; offset is from start. */
    uint64_t (*read)(uint64_t offset, unsigned int size);
    void (*write)(uint64_t offset, unsigned int size, uint64_t value);
};

extern const struct region regions[];
extern const unsigned int nr_regions;

/* ---- server.c ---- */

struct server {
    domid_t domid;
    ioservid_t id;
    bool exists;
    unsigned int nr_vcpus;

    xendevicemodel_handle *dm;
    xenforeignmemory_handle *memory;
    xenevtchn_handle *events;

    /* Frame 0 of the resource: the ring; frames 1...: 128 slots each. */
    xenforeignmemory_resource_handle *ring_resource, *slot_resource;
    struct buffered_iopage *ring;
    ioreq_t *slots; /* nr_vcpus of them, contiguous */

    evtchn_port_t *vcpu_port; /* our ends of vp_eport, by vcpu */
    evtchn_port_t ring_port;
};

/*
 * Connect to the domain: create a server, map its pages, claim the regions,
 * enable it, bind the ports.  Prints what failed and returns false; what was
 * done is undone by server_close().
 */
bool server_open(struct server *s, domid_t domid);
void server_close(struct server *s);

/*
 * Wait up to timeout_ms for an event and serve all there is.  False: the
 * connection is broken.
 */
bool server_wait(struct server *s, int timeout_ms);

/* ---- serve.c ---- */

/* Serve a request taken from a slot: p->data is the answer to a read. */
void serve(struct server *s, unsigned int vcpu, ioreq_t *p);
/* The same for an entry of the ring, which is always a write. */
void serve_buffered(const ioreq_t *p);

/* ---- devices ---- */

uint64_t uart_read(uint64_t offset, unsigned int size);
void uart_write(uint64_t offset, unsigned int size, uint64_t value);
void uart_connect(int in_fd, int out_fd); /* -1: nothing there */

uint64_t block_read(uint64_t offset, unsigned int size);
void block_write(uint64_t offset, unsigned int size, uint64_t value);
void block_buffered(uint64_t offset, unsigned int size, uint64_t value);

/* ---- trace.c ---- */

/* Where to, or -1: no trace. */
void trace_to(int fd);
void trace(domid_t domid, int vcpu, const char *region, const ioreq_t *p);

/* ---- main.c ---- */

/* "oriel-dm: d5: cannot WHAT: REASON; HINT" */
void complain(domid_t domid, const char *what, const char *hint);

#endif
