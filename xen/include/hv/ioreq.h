/* SPDX-License-Identifier: MIT */
/*
 * ioreq servers: how a guest's I/O reaches device models.
 *
 * A domain has up to eight servers, each created by a domain (its emulator).  A
 * vcpu's access goes to the enabled server with the highest id that claims the
 * address.  The request is written to the vcpu's slot of the server's ioreq
 * pages, and the vcpu waits until the emulator has answered in the slot.
 *
 *   slot:  NONE -> READY -> INPROCESS -> RESP_READY -> NONE
 *          `hypervisor'     `----- emulator -----'     hypervisor
 *
 * The emulator is an adversary: it may write any value into the slot or the
 * ring at any time.  Each look reads the state once: the same state is no answer
 * yet, NONE is an answer of all ones, and a step back or a state that does not exist
 * crashes the target domain.
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
    struct list vcpus;        /* [i] after ioreq_vcpu_add(), by io.link      */
    uint32_t cf8;             /* [i] PCI configuration address latch         */
    uint64_t gfn_free;        /* [i] free GFNs of the legacy pool, bit mask  */
    uint8_t legacy_free;      /* [i] free GFNs of the two legacy PFN params  */
    /* [ia] p2m_removals() at the last IOREQ_TYPE_INVALIDATE to emulators */
    uint64_t mapcache_generation;
    int mem_type_server;      /* [i] id that claimed HVMMEM_ioreq_server, -1 */
    bool mem_type_used;       /* [i] there may be P2M_IOREQ entries          */
    uint32_t relinquish_next; /* ioreq_domain_relinquish() only */
};
/* [i] ioreq.lock  [ia] ioreq.lock to change, atomic to read */

/* Requests without events (ioreq-look.c).  What v alone changes has no mark. */
struct ioreq_look {
    uint32_t binding[MAX_IOREQ_SERVERS]; /* [i] whose words are in v's slots */
    bool silent;   /* the emulator looked before the request was there       */
    bool active;   /* the slot says that v looks for the answer              */
    uint32_t ns;   /* how long it would                                      */
    uint64_t sent; /* now_ns() of a request to an emulator that looked, or 0 */
};

/* The request that a vcpu waits for. */
struct ioreq_vcpu {
    struct list link; /* [i] in d->ioreq.vcpus                               */
    ioreq_t req;      /* [i] state NONE: nothing in flight; data: the answer */
    uint8_t pending;  /* [i] one bit for each server that has not answered   */
    int8_t server;    /* [i] the server whose data counts; -1: a broadcast   */
    uint8_t seen[MAX_IOREQ_SERVERS]; /* [i] the slot's state when read last  */
    struct ioreq_look look;
};

/* No servers.  Always 0. */
int ioreq_domain_init(struct domain *d) must_check;

/*
 * Destroy all servers of d, and all that d emulates for other domains; waiting
 * vcpus are answered with all-ones.  d is dying; no locks held.  0, or
 * -ERESTART: call again.
 */
int ioreq_domain_relinquish(struct domain *d) must_check;

/*
 * Allocate v's ports of all servers, present and future, before v is in its
 * domain's table; all or none.  -EBUSY a vcpu has this id; -ENOMEM, -ENOSPC
 * as evtchn_alloc_xen().
 */
int ioreq_vcpu_add(struct vcpu *v) must_check;
/* Undo ioreq_vcpu_add() for a vcpu that is not created after all. */
void ioreq_vcpu_remove(struct vcpu *v);

/*
 * HVM_PARAM_NR_IOREQ_SERVER_PAGES, IOREQ_PFN or BUFIOREQ_PFN was set: add the
 * GFNs to the pool.  Other params are ignored.  d->lock held.
 */
void ioreq_params_changed(struct domain *d, uint32_t param);

/* ---- the machine's side: one access of `current` ---- */

enum io_result {
    IO_DONE,      /* complete: p->data is the value of a read                */
    IO_PENDING,   /* with a device model: v must wait, then ioreq_resume()   */
    IO_UNHANDLED, /* not claimed: reads give all-ones, writes are dropped    */
    IO_RETRY,     /* not sent: v has to execute the instruction again, since */
                  /* its domain is shut down, or the address is RAM by now   */
};

/*
 * Send an access: p->type PIO or COPY, addr, data (of writes), count, size,
 * dir, df, data_is_ptr; other fields are ignored.  v is current and has
 * nothing in flight.  On IO_UNHANDLED of a read p->data is all-ones.
 */
enum io_result ioreq_send(struct vcpu *v, ioreq_t *p);

/*
 * Has v's request been answered?  IO_DONE: *p is the request as it was sent,
 * p->data the value of a read; nothing is in flight any more.  IO_PENDING: no;
 * call again after the next kick.
 */
enum io_result ioreq_resume(struct vcpu *v, ioreq_t *p);

/*
 * Before ioreq_resume(): when the emulator looks for requests, too, look for its
 * answer, for a bounded time and while arch_vcpu_may_look().  No locks held.
 */
void ioreq_look(struct vcpu *v);
/*
 * Does v's slot say that v looks?  Then v must not sleep: the answer may come
 * without a notification.  Not after ioreq_resume() returned IO_PENDING.
 */
bool ioreq_looks(const struct vcpu *v);
/* At boot: the bound, in microseconds, of which 1000 is the most; 0: never. */
#define IOREQ_LOOK_US 20U
void ioreq_look_set_limit(uint32_t us);

/* A request of v was sent, and ioreq_resume() has not returned IO_DONE yet. */
bool ioreq_in_flight(const struct vcpu *v);

/* A request that a server has not answered, for people who look for a hang. */
struct ioreq_wait {
    ioservid_t server;
    domid_t emulator;
    evtchn_port_t port; /* the emulator's, bound to the vcpu's; 0: none */
    const char *step;   /* what has become of the request, in words    */
    char what[64];      /* the request, in words                       */
};

/*
 * The first server from id `from` on whose answer v waits for; false: none.  Any
 * vcpu, no locks held.
 */
bool ioreq_next_wait(struct vcpu *v, unsigned int from, struct ioreq_wait *w);

/*
 * Put IOREQ_TYPE_TIMEOFFSET into the ring of each enabled server: the guest has
 * set its clock forward by so many seconds.  A server without a ring, or with a
 * full one, is not told.
 */
void ioreq_time_moved(struct domain *d, int64_t seconds);

/*
 * Send IOREQ_TYPE_INVALIDATE to all enabled servers, which makes them drop
 * cached mappings; v, which has nothing in flight, waits for all answers
 * (IO_PENDING).  IO_DONE no server is there to wait for; IO_RETRY the domain is
 * shut down, nothing was sent.
 */
enum io_result ioreq_invalidate_mapcache(struct vcpu *v);

/*
 * At the end of a hypercall of v: ioreq_invalidate_mapcache(), if any operation
 * has removed memory from the domain's p2m since the last one.
 */
void ioreq_hypercall_done(struct vcpu *v);

/*
 * ---- control operations (dm-op.c): caller is current_domain ----
 *
 * Common to all that name a server, in this order: -ENOENT there is none with
 * this id, -EPERM another domain created it.
 */

/*
 * Create a server with the lowest free id; it holds a reference on the caller.
 * -EINVAL unknown bufioreq mode or a dying domain; -ENOMEM; -ENOSPC eight
 * exist, or no event channel is left.
 */
int ioreq_server_create(struct domain *d, uint8_t bufioreq,
                        ioservid_t *id) must_check;
/* Destroy it; vcpus that wait for it are answered with all-ones. */
int ioreq_server_destroy(struct domain *d, ioservid_t id) must_check;

/*
 * Get the ring's port and, unless XEN_DMOP_no_gfns, the GFNs of the server's
 * pages, which are taken from the pool by the first such call.  Fields that do
 * not apply keep their content.  -EINVAL unknown flag (before all else), dying
 * domain, or no RAM at a GFN; -EPERM the pages were acquired as a resource;
 * -EOPNOTSUPP more vcpus than one page serves; -ENOMEM no GFN left.
 */
int ioreq_server_info(struct domain *d,
                      struct xen_dm_op_get_ioreq_server_info *info) must_check;
int ioreq_server_set_state(struct domain *d, ioservid_t id,
                           bool enabled) must_check;

/*
 * Claim, or give up, the addresses [start, end].  -EINVAL start > end (before
 * the common errors) or unknown type (after them); map: -EEXIST a range of the
 * server overlaps, -ENOMEM no memory or MAX_IO_RANGES; unmap: -ENOENT not fully
 * claimed, -ENOMEM as above, when a range is split.
 */
int ioreq_server_map_range(struct domain *d, ioservid_t id, uint32_t type,
                           uint64_t start, uint64_t end) must_check;
int ioreq_server_unmap_range(struct domain *d, ioservid_t id, uint32_t type,
                             uint64_t start, uint64_t end) must_check;

/*
 * Claim writes to memory of type HVMMEM_ioreq_server, or give up the claim
 * (flags 0).  *gfn is the progress, 0 at first; -ERESTART: call again with
 * *gfn.  -EINVAL type or flags (both before the common errors), or giving up a
 * claim that is not the server's; -EBUSY claimed already.
 */
int ioreq_server_map_mem_type(struct domain *d, ioservid_t id, uint32_t type,
                              uint32_t flags, uint64_t *gfn) must_check;

/*
 * Give the entry at gfn an HVMMEM_ type.  -EINVAL no such type, or no change
 * to it from the entry's type is allowed; -ENOMEM no table; -ERESTART: the
 * entry kept changing, call again.
 */
int ioreq_set_mem_type(struct domain *d, gfn_t gfn, unsigned int type)
    must_check;

/* ---- resource type 0 (resource.c) ---- */

/*
 * The limit of d's PAGE_EXTRA pages for ioreq servers: twice the pages of
 * MAX_IOREQ_SERVERS.  So a new emulator can start while the one it replaces
 * still maps all pages of its destroyed servers.
 */
uint64_t ioreq_max_pages(const struct domain *d);

/*
 * The number of frames of server id: frame 0 is the ring, then the ioreq pages
 * follow.  -EINVAL d is not translated or id is no ioservid_t; -ENOENT no such
 * server.
 */
long ioreq_resource_size(struct domain *d, uint32_t id);
/*
 * Get frames [frame, frame + nr) of server id, with one reference on each; all
 * or none.  Allocates all pages of the server first.  -EINVAL as above; -ENOENT
 * no such server; -EPERM another domain created it, or its pages are GFNs;
 * -ENOMEM; then for the first bad frame: -ENOENT frame 0 without buffered
 * requests, -EINVAL no such frame.
 */
int ioreq_resource_get(struct domain *d, uint32_t id, uint64_t frame,
                       unsigned int nr, struct page **pages);

#endif
