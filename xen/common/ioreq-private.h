/* SPDX-License-Identifier: MIT */
/*
 * What the ioreq files share.
 *
 *   ioreq-server.c  life of servers, their ports, ranges and state
 *   ioreq-pages.c   the pages that servers share with emulators
 *   ioreq.c         a vcpu's access: routing, the slot, the answer
 *   ioreq-look.c    requests without events, while both sides look
 *   ioreq-ring.c    the ring of buffered writes
 *   ioreq-mem.c     memory whose writes go to a server
 *   ioreq-index.c   the servers that claim an address
 *   ioreq-list.c    what servers claim, for control domains
 *   ioreq-show.c    debug key i
 *
 * d->ioreq.lock protects all of it.  A server is freed only after it was
 * removed from d->ioreq.server[] under the lock and its unanswered requests
 * were completed; no pointer to a server is kept beyond the lock.
 */
#ifndef IOREQ_PRIVATE_H
#define IOREQ_PRIVATE_H

#include <hv/array.h>
#include <hv/domain.h>
#include <hv/ioreq.h>
#include <hv/lib.h>

/* Frames are numbered as the resource's: the ring, then pages of slots. */
#define FRAME_RING 0
#define FRAME_SLOTS 1
#define MAX_FRAMES (FRAME_SLOTS + DIV_ROUND_UP(MAX_VCPUS, IOREQS_PER_PAGE))

enum ioreq_backing {
    BACKED_NOT_YET,
    BACKED_BY_GFN, /* guest memory, taken out of the p2m while enabled */
    BACKED_BY_MFN, /* extra pages of the target, never in a p2m        */
};

struct ioreq_gfn {
    gfn_t gfn;
    unsigned int slot; /* the gfn's place in the pool */
};

struct ioreq_server {
    struct domain *target;      /* [I] */
    struct domain *emulator;    /* [I] the creator; referenced               */
    uint8_t id;                 /* [I] */
    uint8_t bufioreq;           /* [I] HVM_IOREQSRV_BUFIOREQ_*               */
    enum ioreq_backing backing; /* [i] leaves NOT_YET once                   */
    struct ioreq_gfn gfn[FRAME_SLOTS + 1]; /* [i] by frame, when BY_GFN      */
    struct page *frame[MAX_FRAMES];        /* [i] held; NULL: none           */
    evtchn_port_t ring_port;               /* [i] 0: none                    */
    uint32_t ring_binding;     /* [i] bindings of ring_port at its last word  */
    /* [i] Requests in slots and entries of the ring; those without an event. */
    uint64_t sent, silent, ring_sent, ring_silent;
    evtchn_port_t port[]; /* [i] max_vcpus, 0: no such vcpu yet              */
};
/* [I] immutable  [i] target->ioreq.lock */

static inline uint8_t ioreq_server_bit(const struct ioreq_server *s)
{
    return (uint8_t)(1U << s->id);
}

static inline bool ioreq_server_buffers(const struct ioreq_server *s)
{
    return s->bufioreq != HVM_IOREQSRV_BUFIOREQ_OFF;
}

static inline bool ioreq_server_enabled(const struct ioreq_server *s)
{
    return s->target->ioreq.enabled & ioreq_server_bit(s);
}

#define for_each_ioreq_vcpu(d, v) \
    list_for_each (v, &(d)->ioreq.vcpus, io.link)

/*
 * The server with this id.  -ENOENT no such server; -EPERM the caller is not
 * its emulator.  Lock held.
 */
static inline int must_check ioreq_server_find(struct domain *d,
                                               unsigned int id,
                                               struct ioreq_server **sp)
{
    ASSERT(spin_is_mine(&d->ioreq.lock));
    *sp = id < MAX_IOREQ_SERVERS ? array_at(d->ioreq.server, id) : NULL;
    if ( !*sp )
        return -ENOENT;
    return (*sp)->emulator == current_domain ? 0 : -EPERM;
}

/* ---- ioreq-pages.c: lock held unless said otherwise ---- */

/* The number of pages of slots that a domain's vcpus need. */
static inline unsigned int ioreq_nr_slot_frames(const struct domain *d)
{
    return (unsigned int)DIV_ROUND_UP(d->max_vcpus, IOREQS_PER_PAGE);
}

/* The vcpu's slot; NULL while the server has no pages. */
ioreq_t *ioreq_slot(const struct ioreq_server *s, unsigned int vcpu_id);

/* Back the server by GFNs: errors as ioreq_server_info(). */
int ioreq_pages_from_gfns(struct ioreq_server *s) must_check;

/*
 * The server was enabled, or got its pages while enabled: remove GFNs from the
 * p2m, zero them, and write the ports into the slots.
 */
void ioreq_pages_enabled(struct ioreq_server *s);
/* The server is disabled: zero GFNs and map them in the p2m again. */
void ioreq_pages_disabled(struct ioreq_server *s);
/* Write the vcpu's port into its slot. */
void ioreq_show_port(struct ioreq_server *s, unsigned int vcpu_id);

/* Give the GFNs back to the pool and end the pages' claim. */
void ioreq_pages_unpool(struct ioreq_server *s);

/* Drop the references.  No locks held: a page may be the owner's last. */
void ioreq_pages_put(struct ioreq_server *s);

/* The page that has the slot. */
static inline struct page *ioreq_slot_page(const struct ioreq_server *s,
                                           unsigned int vcpu_id)
{
    return array_at(s->frame, FRAME_SLOTS + vcpu_id / IOREQS_PER_PAGE);
}

/* ---- the slot's state: the low bits of a byte that has others ---- */

#define IOREQ_STATE_OFFSET 30
#define IOREQ_STATE_MASK 0xf

_Static_assert(offsetof(ioreq_t, type) == IOREQ_STATE_OFFSET + 1,
               "ABI: the slot");

static inline uint8_t *ioreq_state_byte(ioreq_t *slot)
{
    return (uint8_t *)slot + IOREQ_STATE_OFFSET;
}

static inline uint8_t ioreq_slot_state(ioreq_t *slot)
{
    return load_acquire(ioreq_state_byte(slot)) & IOREQ_STATE_MASK;
}

/* ---- ioreq.c ---- */


/* The server ends: answer all that wait for it with all-ones.  Lock held. */
void ioreq_complete_all(struct ioreq_server *s);

/* ---- ioreq-ring.c ---- */

/*
 * Put a write into the ring and notify.  False: the write cannot be encoded,
 * the ring is full, or there is no ring.  Lock held.
 */
bool ioreq_ring_put(struct ioreq_server *s, const ioreq_t *p);

/* ---- ioreq-look.c: lock held ---- */

/* v's port is a new one: what an earlier emulator said counts no more. */
void ioreq_look_begin(struct ioreq_server *s, struct vcpu *v);
/*
 * A request of v is about to be READY: note whether the emulator looks, and say
 * in the slot whether v will.  one: this server alone answers v.
 */
void ioreq_look_prepare(struct ioreq_server *s, struct vcpu *v, ioreq_t *slot,
                        bool one);
/* It is READY now: does the emulator find it without an event? */
bool ioreq_look_silent(const struct ioreq_server *s, const struct vcpu *v,
                       ioreq_t *slot);
/* The same of an entry of the ring. */
bool ioreq_look_ring_silent(struct ioreq_server *s);
/*
 * v, which looked and has no answer, says that it does not look any more.  The
 * caller reads the slot's state again.
 */
void ioreq_look_stop(struct vcpu *v);
/* v has its answer. */
void ioreq_look_over(struct vcpu *v);

/* ---- ioreq-mem.c ---- */

/*
 * Does a write to addr belong to the server that claimed the memory type?
 * IO_PENDING: yes, to server *id.  IO_RETRY: the address is plain RAM (by now).
 * IO_UNHANDLED: the address is not RAM.  Lock held.
 */
enum io_result ioreq_mem_route(struct domain *d, uint64_t addr,
                               unsigned int *id);

#endif
