/* SPDX-License-Identifier: MIT */
/*
 * The protocol between the preload library in a client and the server.
 *
 * For an open file of /dev/xen the program has a handle: the read end of a pipe
 * for event channels and xenbus, a socket for xsd_kva, else a pipe for reading
 * and writing, which carries no data.  The server holds the other end, so Linux
 * tells the server when the last descriptor of the handle, in any process, is
 * closed.  Handles carry a mark, and the inode number of the handle is the
 * file's name.
 *
 * A process sends its requests for a file through a SOCK_SEQPACKET connection
 * of its own: a request, then its answer, one at a time.  The answers to OPEN
 * and ATTACH carry descriptors: the memfd with all frames, the doorbell's pipe
 * and, for OPEN, the handle; and two runs without an address: dom0's shared
 * info page and the doorbell.  Arguments stay in the client's memory, which the
 * server reads and writes as a kernel would.
 *
 * The hosted machine is no security boundary between its clients: they run
 * as one user and all play dom0's programs.
 */
#ifndef WIRE_H
#define WIRE_H

#include <fcntl.h>
#include <stdint.h>

#define WIRE_VERSION 5
#define WIRE_SOCKET_ENV "ORIEL_SOCKET"
/*
 * A folder whose files stand for those of the same path: "dev/xen/privcmd" in it
 * for /dev/xen/privcmd.
 */
#define WIRE_ROOT_ENV "ORIEL_ROOT"
/* Set: paths of the toolstack (preload/names.c) are in that folder, too. */
#define WIRE_TOOLSTACK_ENV "ORIEL_TOOLSTACK"
/*
 * Set for the tracer (../tracer/output.c): the path of a file, or a descriptor,
 * its device and its inode, as three numbers.
 */
#define WIRE_TRACER_ENV "ORIEL_TRACER"
/* Of an empty file, whose size becomes errno when a line of the tracer is lost: a
 * full disk has room for that. */
#define WIRE_TRACER_ERROR_ENV "ORIEL_TRACER_ERROR"
#define WIRE_PID_ENV "ORIEL_HYPERVISOR" /* of the server */

/*
 * The mark of a handle, by F_SETFL: Linux keeps it with the open file, for all
 * descriptors, and it has no effect on a pipe or a socket.
 */
#define WIRE_MARK (O_APPEND | O_NOATIME)

enum wire_file {
    WIRE_PRIVCMD,
    WIRE_HYPERCALL,
    WIRE_EVTCHN,
    WIRE_GNTDEV,
    WIRE_GNTALLOC,
    WIRE_XENBUS,
    WIRE_XENBUS_BACKEND,
    WIRE_XSD_KVA,
    WIRE_NR_FILES,
};

enum wire_request_type {
    WIRE_OPEN,   /* a: enum wire_file, b: WIRE_VERSION, c: address space,
                    d: flags of open(), maybe WIRE_IN_PROC; the result is
                    kind + 256 * flags                                        */
    WIRE_ATTACH, /* the same for a handle: a: its inode's number              */
    WIRE_CLOSED, /* a descriptor was closed: 1 if it was the last             */
    WIRE_IOCTL,  /* a: request number, b: argument, c: what pinning its
                    buffers gave, 0 or an errno                               */
    WIRE_WRITE,  /* a: client address, b: bytes                               */
    WIRE_MMAP,   /* a: client address (reserved there), b: bytes, c: offset,
                    d: PROT_* bits                                            */
    WIRE_MUNMAP, /* a: client address, b: bytes: no longer mapped there       */
    WIRE_PROTECT, /* a: client address, b: bytes, c: PROT_* bits for frames
                    that are mapped there later; the result is 0 if frames that
                    are there must not become writable, else 1                */
    WIRE_INHERIT, /* a: client address, b: bytes, c: address space of the
                    parent: the process has a copy of what is mapped there;
                    -ENOENT, and nothing is done, if not all of it is         */
    WIRE_FLAGS,  /* a: which of the file's flags to set, b: the flags; the
                    result is the flags then                                  */
};

/* A flag of a file: it was opened in /proc/xen. */
#define WIRE_IN_PROC (1 << 30)

struct wire_request {
    uint32_t type;
    int32_t pid; /* the process whose memory has the arguments */
    uint64_t a, b, c, d;
};

/* Map frames [mfn, mfn + nr) of the memfd at addr, before going on. */
struct wire_run {
    uint64_t addr;
    uint64_t mfn;
    uint32_t nr;
    uint32_t prot; /* PROT_* bits */
};

#define WIRE_MAX_RUNS 128

/*
 * Answers with WIRE_MORE carry runs only; the last answer has the result.  A
 * client that cannot map a run, or gets an error without WIRE_KEEP, unmaps the
 * whole range of its request.
 */
#define WIRE_MORE 1U
#define WIRE_KEEP 2U

struct wire_reply {
    int64_t result; /* >= 0, or -errno */
    uint32_t more;  /* WIRE_MORE, WIRE_KEEP */
    uint32_t nr_runs;
    struct wire_run run[WIRE_MAX_RUNS];
};

#define WIRE_REPLY_SIZE(nr) \
    (sizeof(struct wire_reply) - (WIRE_MAX_RUNS - (nr)) * \
                                     sizeof(struct wire_run))

#define WIRE_NR_PORTS 4096 /* of dom0, which uses the 2-level ABI */

/*
 * The doorbell: programs notify and unmask ports here without waiting for an
 * answer.
 *
 * A program sets the port's bit.  If vcpus are waiting, the program writes a
 * byte to the doorbell's pipe, which wakes them (a pipe, since its writer
 * usually sleeps next and Linux then runs the reader on the same CPU);
 * otherwise the program increments `calls` and wakes the server's doorbell
 * thread.  The thread that wakes handles all bits, and a vcpu that stops
 * waiting looks at the bits once more, so no bit is lost.  A port that is not
 * pending is unmasked by the program itself, in the shared info page.
 */
struct wire_doorbell {
    uint32_t waiting; /* vcpus that sleep until the pipe can be read */
    uint32_t calls;   /* futex */
    uint64_t notify[WIRE_NR_PORTS / 64];
    uint64_t unmask[WIRE_NR_PORTS / 64];
    uint32_t owner[WIRE_NR_PORTS]; /* the file's inode number, 0: none */
};

#define WIRE_DOORBELL_ORDER 3

#endif
