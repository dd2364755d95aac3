/* SPDX-License-Identifier: MIT */
/*
 * ioreq servers: how a guest's I/O reaches device models.
 *
 * A domain has an array of eight servers, each owned by the domain that made
 * it (the emulator).  A vcpu's access goes to the enabled server with the
 * highest id whose range contains it; the request is put in the vcpu's slot
 * of the server's ioreq pages and the vcpu waits until the slot comes back.
 *
 *   slot:  NONE -> READY (us) -> INPROCESS -> RESP_READY (them) -> NONE (us)
 *
 * The emulator is an adversary: it may write any value into the slot or the
 * ring at any time.  A state is read once for each wake; anything but a step
 * forward crashes the target domain.
 */
#ifndef HV_IOREQ_H
#define HV_IOREQ_H

#include <hv/list.h>
#include <hv/lock.h>
#include <hv/page.h>
#include <hv/types.h>

#include <xen/hvm/dm_op.h>
#include <xen/hvm/ioreq.h>

struct domain;
struct vcpu;
struct ioreq_server;
struct ioreq_index;

#define MAX_IOREQ_SERVERS 8
#define MAX_IO_RANGES 256 /* per server and type, adjacent ones joined */
#define NR_IO_RANGE_TYPES (XEN_DMOP_IO_RANGE_PCI + 1)
#define IOREQS_PER_PAGE (PAGE_SIZE / sizeof(ioreq_t))

struct ioreq_domain {
    spinlock_t lock;                               /* LOCK_IOREQ */
    struct ioreq_server *server[MAX_IOREQ_SERVERS]; /* [i] */
    uint8_t enabled;                                /* [i] one bit a server  */
    /* All ranges of all servers, one index for each type; NULL: none. */
    struct ioreq_index *index[NR_IO_RANGE_TYPES];   /* [i] */
    struct list vcpus;        /* [i] those that joined, by io.link           */
    uint32_t cf8;             /* [i] PCI configuration address latch         */
    uint64_t gfn_free;        /* [i] free GFNs of the legacy pool, bit mask  */
    uint8_t legacy_free;      /* [i] legacy PFN params not handed out        */
    /* [ia] p2m_generation() when emulators were sent IOREQ_TYPE_INVALIDATE last */
    uint64_t mapcache_generation;
    int mem_type_server;      /* [i] id that claimed HVMMEM_ioreq_server, -1 */
    bool mem_type_used;       /* [i] there may be P2M_IOREQ entries          */
    uint32_t relinquish_next; /* ioreq_domain_relinquish() only */
};
/* [i] ioreq.lock  [ia] that to change, atomic to read */

/* What a vcpu waits for. */
struct ioreq_vcpu {
    struct list link; /* [i] in d->ioreq.vcpus                               */
    ioreq_t req;      /* [i] state NONE: nothing in flight; data: the answer */
    uint8_t pending;  /* [i] one bit for each server that has not answered   */
    int8_t server;    /* [i] whose answer counts, -1: nobody's (broadcast)   */
    uint8_t seen[MAX_IOREQ_SERVERS]; /* [i] slot state at the last look      */
};

int ioreq_domain_init(struct domain *d) must_check;

/*
 * Destroy all servers of d, and all that d emulates for others; waiting vcpus
 * get all-ones.  d is dying; no locks held.
 */
int ioreq_domain_relinquish(struct domain *d) must_check; /* -ERESTART */

/*
 * A new vcpu joins all servers, present and future, before anybody can see
 * it: -EINVAL (there is one with its id), -ENOMEM, -ENOSPC; all or nothing.
 */
int ioreq_vcpu_add(struct vcpu *v) must_check;
void ioreq_vcpu_remove(struct vcpu *v);

/*
 * A legacy GFN param (NR_IOREQ_SERVER_PAGES, IOREQ_PFN, BUFIOREQ_PFN, ...) was
 * set: make the GFNs available.  d->lock held.
 */
void ioreq_params_changed(struct domain *d, uint32_t param);

/* ---- the machine's side: one access of `current` ---- */

enum io_result {
    IO_DONE,      /* over: p->data holds the value of a read                 */
    IO_PENDING,   /* with a device model: v must wait, then ioreq_resume()   */
    IO_UNHANDLED, /* nobody claims it: reads give all-ones, writes vanish    */
    IO_RETRY,     /* not sent: v is to execute the instruction again, when   */
                  /* its domain runs again or because the address is memory  */
};

/*
 * Send an access: p->type PIO or COPY, addr, data (of writes), count, size,
 * dir, df, data_is_ptr; other fields are ignored.  v is current and has
 * nothing in flight.  On IO_UNHANDLED of a read p->data is all-ones.
 */
enum io_result ioreq_send(struct vcpu *v, ioreq_t *p);

/*
 * Look once whether v's request has come back.  IO_DONE: *p is the request
 * as it was sent, p->data the value of a read; v may run on if it is still
 * runnable.  IO_PENDING: wait for the next kick and look again.
 */
enum io_result ioreq_resume(struct vcpu *v, ioreq_t *p);

/* v waits for an answer, or has one it has not taken yet. */
bool ioreq_in_flight(const struct vcpu *v);

/*
 * Tell all enabled servers to drop cached mappings; v, which has nothing in
 * flight, waits for all of them.  IO_DONE when there is nobody to wait for.
 */
enum io_result ioreq_invalidate_mapcache(struct vcpu *v);

/*
 * The same at the end of a hypercall of v, if memory of the domain has left its
 * p2m since they were told last, by whatever operation of whomever.
 */
void ioreq_hypercall_done(struct vcpu *v);

/*
 * ---- control operations (dm-op.c): caller is current_domain ----
 *
 * Common to all that name a server, in this order: -ENOENT there is none with
 * this id, -EPERM another domain created it.
 */

/*
 * A new server with the lowest free id.  -EINVAL unknown bufioreq mode or a
 * dying domain; -ENOMEM; -ENOSPC eight exist, or no event channel is left.
 * Takes a reference on the caller, which the server holds.
 */
int ioreq_server_create(struct domain *d, uint8_t bufioreq,
                        ioservid_t *id) must_check;
int ioreq_server_destroy(struct domain *d, ioservid_t id) must_check;

/*
 * The port and, unless XEN_DMOP_no_gfns, the GFNs of the server's pages, which
 * it takes from the pool now.  Fields that do not apply keep their content.
 * -EINVAL unknown flag (before all else), dying domain, or no RAM at a GFN;
 * -EPERM its pages were acquired as a resource; -EOPNOTSUPP more vcpus than
 * one page serves; -ENOMEM no GFN left.
 */
int ioreq_server_info(struct domain *d,
                      struct xen_dm_op_get_ioreq_server_info *info) must_check;
int ioreq_server_set_state(struct domain *d, ioservid_t id,
                           bool enabled) must_check;

/*
 * Ranges are inclusive.  -EINVAL start > end (before the common ones) or
 * unknown type (after); map: -EEXIST overlaps one of its own, -ENOMEM no
 * memory or MAX_IO_RANGES; unmap: -ENOENT not fully mapped, -ENOMEM (it may
 * split one).
 */
int ioreq_server_map_range(struct domain *d, ioservid_t id, uint32_t type,
                           uint64_t start, uint64_t end) must_check;
int ioreq_server_unmap_range(struct domain *d, ioservid_t id, uint32_t type,
                             uint64_t start, uint64_t end) must_check;

/*
 * Claim writes to memory of type HVMMEM_ioreq_server, or give up the claim
 * (flags 0).  *gfn is the progress, 0 at first; -ERESTART: call again with it.
 * -EINVAL type, flags (both before the common ones), or giving up what is not
 * claimed by it; -EBUSY claimed already.
 */
int ioreq_server_map_mem_type(struct domain *d, ioservid_t id, uint32_t type,
                              uint32_t flags, uint64_t *gfn) must_check;

/*
 * Give the entry at gfn an HVMMEM_ type.  -EINVAL no such change allowed (the
 * type itself, or from what the entry is now), -ENOMEM; -ERESTART: others keep
 * changing the entry, call again.
 */
int ioreq_set_mem_type(struct domain *d, gfn_t gfn, unsigned int type)
    must_check;

/* ---- resource type 0 (resource.c) ---- */

/*
 * The most pages that ioreq servers of d may have got as resources and that
 * are in use: twice what MAX_IOREQ_SERVERS take.  So a new emulator can start
 * while what it replaces still maps all pages of its destroyed servers.
 */
uint64_t ioreq_max_pages(const struct domain *d);

/*
 * How many frame numbers (the ring's, then those of ioreq pages) server id of
 * d has.  -EINVAL d is not translated or id is no ioservid_t; -ENOENT.
 */
long ioreq_resource_size(struct domain *d, uint32_t id);
/*
 * Frames [frame, frame + nr) of server id, one reference taken on each; all
 * or none.  Allocates the server's pages, whatever the frame number.  -EINVAL
 * as above; -ENOENT no such server; -EPERM another domain's, or its pages
 * are GFNs; -ENOMEM; then for the first bad frame: -ENOENT frame 0 without
 * buffered requests, -EINVAL no such frame.
 */
int ioreq_resource_get(struct domain *d, uint32_t id, uint64_t frame,
                       unsigned int nr, struct page **pages);

#endif
