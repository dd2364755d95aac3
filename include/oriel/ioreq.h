/* SPDX-License-Identifier: MIT */
/*
 * What ioreq servers claim: a sysctl command that Oriel has and Xen does not,
 * for control domains.  The structure takes the place of xen_sysctl's union.
 *
 * Xen answers -ENOSYS to the command, as to all that it does not know.
 */
#ifndef ORIEL_IOREQ_H
#define ORIEL_IOREQ_H

#include <xen/sysctl.h>

/* Xen counts its commands from 1. */
#define ORIEL_SYSCTL_ioreq 0x4f720002U

enum oriel_ioreq_op {
    /*
     * IN: domain, server; OUT: emulator, flags, port, and what was sent so far.
     * -ESRCH: no such domain; -EINVAL: an id that no server can have; -ENOENT:
     * no such server.
     */
    ORIEL_IOREQ_OP_server,
    /*
     * Copy what the server claims of one type, adjacent ranges joined, in
     * ascending order: those that end at `start` or above.  IN: domain, server,
     * type, start, nr (room, in ranges), ranges; OUT: nr (copied).  A call may
     * copy less than there is: the next one starts behind the last range, and
     * there are no more when nr is 0.
     * As server, then -EINVAL: no such type; -EFAULT.
     */
    ORIEL_IOREQ_OP_ranges,
};

#define ORIEL_IOREQ_ENABLED 0x1U
#define ORIEL_IOREQ_RING 0x2U     /* it has a ring of buffered writes */
#define ORIEL_IOREQ_GFNS 0x4U     /* its pages are at gfns of the guest */
#define ORIEL_IOREQ_RESOURCE 0x8U /* its pages are a resource */

/* Inclusive.  Of PCI: segment << 16 | bus << 8 | device << 3 | function. */
struct oriel_ioreq_range {
    uint64_t start, end;
};
typedef struct oriel_ioreq_range oriel_ioreq_range_t;
DEFINE_XEN_GUEST_HANDLE(oriel_ioreq_range_t);

struct oriel_sysctl_ioreq {
    uint32_t op;       /* ORIEL_IOREQ_OP_*; another one: -EINVAL */
    uint32_t domain;
    uint32_t server;
    uint32_t type;     /* XEN_DMOP_IO_RANGE_* */
    uint32_t emulator; /* the domain whose device model it is */
    uint32_t flags;    /* ORIEL_IOREQ_* */
    uint32_t port;     /* of the ring; 0: none */
    uint32_t nr;
    uint64_aligned_t start;
    XEN_GUEST_HANDLE_64(oriel_ioreq_range_t) ranges;
    /* Requests in slots, entries of the ring; of these, without an event. */
    uint64_aligned_t requests, silent_requests;
    uint64_aligned_t entries, silent_entries;
};

#endif
