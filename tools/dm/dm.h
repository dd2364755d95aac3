/* SPDX-License-Identifier: MIT */
/*
 * The reference device model.
 *
 *   main.c     options, when to end
 *   devices.c  which devices there are, and where
 *   server.c   the ioreq server: pages, ports, the request loop
 *   serve.c    one request: repetitions, memory operands, the device
 *   memory.c   the guest's memory that a request refers to
 *   uart.c     a 16550 UART: the guest's console
 *   block.c    a block of registers, by port and by memory
 *   lines.c    ports by which a guest moves its own interrupt lines
 *   pci.c      a PCI function
 *   trace.c    a readable line for each request
 *   output.c   writing to the console's and the trace's file
 *
 * Read server.c first: all calls of the API are there.
 */
#ifndef DM_H
#define DM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/ioreq.h>

/* An address range that a device answers. */
struct region {
    uint32_t type; /* XEN_DMOP_IO_RANGE_* */
    /* Inclusive.  Of PCI: both are bus << 8 | device << 3 | function. */
    uint64_t start, end;
    const char *name;
    bool off; /* not claimed, or not to be claimed */
    /* size is 1, 2, 4 or 8; offset is from start, of PCI the register. */
    uint64_t (*read)(uint64_t offset, unsigned int size);
    void (*write)(uint64_t offset, unsigned int size, uint64_t value);
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

    evtchn_port_t *vcpu_port; /* local ends of vp_eport, by vcpu */
    evtchn_port_t ring_port;
};

/*
 * Connect to the domain: create a server, map its pages, claim the regions,
 * enable it, bind the ports.  False after a message; server_close() undoes the
 * steps that were done.
 */
bool server_open(struct server *s, domid_t domid);
void server_close(struct server *s);

/*
 * Claim the region's range, or give it back.  False, with errno, when claiming
 * failed: then the region is off.
 */
bool server_claim(struct server *s, struct region *r, bool claim);

/*
 * Wait up to timeout_ms for an event and serve all requests.  False: the
 * connection is broken.  A timeout of -1 waits until an event or a signal, and
 * saves a system call for each event.
 */
bool server_wait(struct server *s, int timeout_ms);

/* ---- serve.c ---- */

/* Serve a request taken from a slot: p->data is the answer to a read. */
void serve(struct server *s, unsigned int vcpu, ioreq_t *p);
/* The same for an entry of the ring, which is always a write. */
void serve_buffered(const ioreq_t *p);

/*
 * memcpy() for an operand of a request.  libc's memcpy() uses vector registers,
 * which kernel and hypervisor then must switch: some 350 instructions for each
 * request.  The device model is compiled without vector registers.
 */
static inline void copy_operand(void *to, const void *from, size_t len)
{
    switch ( len )
    {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    default: /* 3, 5, 6, 7: a part of an operand that crosses a page */
        for ( size_t i = 0; i < len; i++ )
            ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
}

/* ---- memory.c ---- */

/* Copy all bytes from or to the guest; false: there is no such memory. */
bool memory_access(const struct server *s, uint64_t gpa, void *buf,
                   size_t len, bool write);
/* Drop all mappings: the guest's memory changed, or before closing. */
void memory_forget(const struct server *s);

/* ---- devices ---- */

uint64_t uart_read(uint64_t offset, unsigned int size);
void uart_write(uint64_t offset, unsigned int size, uint64_t value);
void uart_connect(int in_fd, int out_fd); /* -1: not connected */

uint64_t block_read(uint64_t offset, unsigned int size);
void block_write(uint64_t offset, unsigned int size, uint64_t value);
void block_buffered(uint64_t offset, unsigned int size, uint64_t value);

uint64_t lines_read(uint64_t offset, unsigned int size);
void lines_write(uint64_t offset, unsigned int size, uint64_t value);
void lines_connect(xendevicemodel_handle *dm, domid_t domid);

uint64_t pci_read(uint64_t offset, unsigned int size);
void pci_write(uint64_t offset, unsigned int size, uint64_t value);
uint64_t bar_read(uint64_t offset, unsigned int size);
void bar_write(uint64_t offset, unsigned int size, uint64_t value);
/* Before the server is opened: accesses may arrive from then on. */
void pci_connect(struct server *s);

/* ---- trace.c ---- */

/* The trace's file, or -1: no trace. */
void trace_to(int fd);
extern int trace_fd;
void trace_line(domid_t domid, int vcpu, const char *region,
                const ioreq_t *p);

/* Inline, since most requests are not traced.  vcpu -1: a buffered write. */
static inline void trace(domid_t domid, int vcpu, const char *region,
                         const ioreq_t *p)
{
    if ( __builtin_expect(trace_fd >= 0, 0) )
        trace_line(domid, vcpu, region, p);
}

/* ---- output.c ---- */

/*
 * Writes len bytes to fd.  False after a message, which calls the file `what`;
 * the device model continues to serve and will end with status 1.
 */
bool output_write(int fd, const char *what, const void *bytes, size_t len);
/* Has every write succeeded? */
bool output_complete(void);

/* ---- main.c ---- */

/* "oriel-dm: d5: cannot WHAT: REASON; HINT" */
void complain(domid_t domid, const char *what, const char *hint);

#endif
