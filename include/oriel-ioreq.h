/* SPDX-License-Identifier: MIT */
/*
 * liboriel-ioreq: an ioreq server of a device model, from creation to end.
 *
 * A program opens a server for one guest, claims ranges of ports, memory or PCI
 * functions, each with the functions that answer accesses to it, and calls
 * ioserver_run(); or waits for ioserver_fd() in an event loop of its own and
 * calls ioserver_wait().  docs/device-models.md has the contract behind it.
 *
 * The library uses libxendevicemodel, libxenforeignmemory and libxenevtchn, and
 * needs nothing that Xen 4.17 does not have.  What a guest, or a hypervisor gone
 * wrong, puts into the pages is read once, checked, then used.
 *
 * A server belongs to one thread; only ioserver_stop() may be called from
 * others.  Callbacks are called by that thread; they may use every function but
 * ioserver_close(), _wait(), _look() and _run().  A child after fork() must not
 * use the server.  Unless said otherwise a function that fails returns -1 and
 * sets errno, and has changed nothing.
 */
#ifndef ORIEL_IOREQ_LIBRARY_H
#define ORIEL_IOREQ_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1 /* as xenctrl.h: the headers below need it */
#endif
#include <xendevicemodel.h>

#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/ioreq.h>

typedef struct ioserver ioserver;

/*
 * Addresses, and who answers accesses to them.  `data` is handed to the
 * functions.  `offset` counts from `start`; of a PCI function it is the register.
 * `size` is 1, 2, 4 or 8; the access begins inside the range and, where ranges
 * adjoin, may end outside of it.
 */
struct ioserver_range {
    uint32_t type; /* XEN_DMOP_IO_RANGE_PORT, _MEMORY, _PCI */
    /* Inclusive.  Of PCI both are bus << 8 | device << 3 | function. */
    uint64_t start, end;
    const char *name; /* for the program's own messages; may be NULL */
    void *data;
    /* NULL: reads give all-ones. */
    uint64_t (*read)(void *data, uint64_t offset, unsigned int size);
    /* NULL: writes are dropped. */
    void (*write)(void *data, uint64_t offset, unsigned int size,
                  uint64_t value);
    /* Writes that came through the ring; NULL: as other writes. */
    void (*buffered)(void *data, uint64_t offset, unsigned int size,
                     uint64_t value);
};

/* What became of a request. */
enum ioserver_outcome {
    IOSERVER_SERVED,    /* a range has its first address */
    IOSERVER_UNCLAIMED, /* none has: as reads of all-ones, writes dropped */
    IOSERVER_REFUSED,   /* a type, size or count that no request has */
    IOSERVER_NOTICE,    /* IOREQ_TYPE_INVALIDATE, IOREQ_TYPE_TIMEOFFSET */
};

/* Zeroes are a good choice for all but the domain. */
struct ioserver_config {
    domid_t domid;
    bool no_ring;       /* no buffered writes: each has its slot */
    unsigned int looks; /* of ioserver_run(), before it sleeps */
    void *data;         /* handed to the functions below; each may be NULL */
    /*
     * A step of ioserver_open() failed: "cannot WHAT", errno, and what might
     * help, which may be "".
     */
    void (*failed)(void *data, const char *what, const char *hint);
    /*
     * Copy len bytes from or to the guest's memory, for string instructions.
     * False: there is none.  NULL: the library maps the memory.
     */
    bool (*memory)(void *data, uint64_t gpa, void *buf, size_t len, bool write);
    /* Memory left the guest: mappings of it have to go.  The library's have. */
    void (*invalidate)(void *data);
    /*
     * Each request after it was served, with the answer, and before the guest
     * is told.  vcpu -1: a buffered write.  range is a copy, NULL: none.
     */
    void (*observe)(void *data, int vcpu, const ioreq_t *req,
                    const struct ioserver_range *range,
                    enum ioserver_outcome outcome);
};

/*
 * Create a server, map its pages (as a resource; at gfns where kernel or
 * hypervisor have no resources), enable it, bind its event channels.  Requests
 * come when a range is claimed.  NULL with errno, after config->failed():
 *
 *   ENOMEM      no memory
 *   EOPNOTSUPP  pages at gfns for more than 128 vcpus
 *   other       open(2) of /dev/xen/privcmd and evtchn, the calls' own errno:
 *               ESRCH no such domain; ENOSPC no server is left
 */
ioserver *ioserver_open(const struct ioserver_config *config);

/* Destroy the server, unmap and close everything.  NULL is allowed. */
void ioserver_close(ioserver *s);

/*
 * Claim a range; the structure is copied.  The hypervisor checks it:
 *
 *   EINVAL  no such type, start above end, or a PCI range of several functions
 *   ENOMEM  no memory, or 256 ranges of this type
 *   EEXIST  this server has claimed a part of it
 *   ENOENT  the server has gone
 */
int ioserver_claim(ioserver *s, const struct ioserver_range *range);

/*
 * Give back a range with this type, start and end.
 *
 *   ENOENT  this server has claimed none like it, or has gone
 */
int ioserver_release(ioserver *s, const struct ioserver_range *range);

/*
 * Bind the event channels of vcpus that were created after ioserver_open().
 * After a failure some are bound; the rest can be bound by another call.
 *
 *   EACCES  event channels are restricted
 *   other   xenevtchn_bind_interdomain()
 */
int ioserver_bind(ioserver *s);

/* For poll(): readable when ioserver_wait() has something to do. */
int ioserver_fd(const ioserver *s);

/*
 * Wait up to timeout_ms for one event and serve what it announces: 1.  0: none
 * came, or a signal did.  -1 waits for ever, without poll() and so with one
 * system call fewer for each event, until an event or a signal.
 *
 *   other   poll(2), read(2): the event channels are of no use any more
 */
int ioserver_wait(ioserver *s, int timeout_ms);

/*
 * Look once at the ring and at all slots, without a system call unless there is
 * a request, and serve what is there.  Was anything there?
 */
bool ioserver_look(ioserver *s);

/*
 * Serve until ioserver_stop(): 0; then what was in the pages is served, too.
 * After each request the server looks config->looks times for the next one
 * before it sleeps.  Meanwhile Oriel sends no events, and needs none for the
 * answers that it looks for itself (docs/polling.md); Xen sends and needs all.
 *
 *   ESRCH   the server has gone, as a rule with the guest
 *   other   as ioserver_wait()
 */
int ioserver_run(ioserver *s);

/*
 * Let ioserver_run() return, or its next call if it does not run.  For signal
 * handlers and for other threads.
 */
void ioserver_stop(ioserver *s);

/* Does the hypervisor still have this server? */
bool ioserver_alive(ioserver *s);

/*
 * Copy all bytes from or to the guest's memory, through mappings that are kept
 * until the guest gives memory away.  False: a part is no memory; bytes before
 * it are copied.
 */
bool ioserver_memory(ioserver *s, uint64_t gpa, void *buf, size_t len,
                     bool write);

/*
 * From now on the server's handles are of use for its guest only, which cannot
 * be undone.  All but ioserver_bind() works as before.  After a failure a part
 * of the handles may be restricted.  xentoolcore_restrict_all() does the same
 * to all handles of the process.
 *
 *   ENOTTY, EOPNOTSUPP  the kernel cannot
 */
int ioserver_restrict(ioserver *s);

ioservid_t ioserver_id(const ioserver *s);
/* For other operations of a device model, such as interrupts. */
xendevicemodel_handle *ioserver_device_model(const ioserver *s);

#endif
