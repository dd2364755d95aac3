/* SPDX-License-Identifier: MIT */
/*
 * Event channels, as the rest of the core uses them.
 *
 * Ports of a domain live in buckets allocated on demand, at most
 * config.max_evtchn_port.  Two ABIs deliver them: 2-level bitmaps in the
 * shared info page, and FIFO queues (evtchn-2l.c, evtchn-fifo.c) behind
 * struct evtchn_abi.
 *
 * Locks.  d->evtchn.lock protects the state of all ports of d.  A binding
 * between two domains changes with both their locks held, so either lock keeps
 * the binding: a sender takes the lock of its own domain only, and the fields
 * that the sender reads of the other port are stable or atomic.  The FIFO
 * queues have a lock of their own, taken under d->evtchn.lock.
 *
 * Lifetimes.  Buckets live as long as the domain.  A binding needs no reference
 * on the other domain: a dying domain gets no new port, and closes all its
 * ports before its existence reference is dropped.  So a domain exists while
 * one of the two locks keeps a binding with that domain.
 */
#ifndef HV_EVTCHN_H
#define HV_EVTCHN_H

#include <hv/lock.h>
#include <hv/page.h>
#include <hv/types.h>

#include <xen/event_channel.h>

struct domain;
struct vcpu;
struct evtchn;
struct evtchn_abi;
struct evtchn_fifo_domain;

#define EVTCHN_PER_BUCKET 64
#define MAX_EVTCHNS (1U << 17)

/* A set of ports below limit: evtchn-free.c. */
#define PORT_SET_LEVELS 3
struct port_set {
    uint32_t limit;
    uint64_t *level[PORT_SET_LEVELS];
};

struct evtchn_domain {
    spinlock_t lock;        /* LOCK_EVTCHN */
    struct evtchn **bucket; /* [E] one pointer for each possible bucket      */
    uint32_t limit;         /* [I] ports that may ever exist, 0 included     */
    uint32_t nr_ports;      /* [E] ports that exist (allocated buckets)      */
    struct port_set free;   /* [E] ports that may be taken                   */
    struct port_set linked; /* [E] free but for a FIFO queue that they are in */
    uint32_t look_next;     /* [E] next port of `linked` to check            */
    uint32_t active;        /* [E] ports not free                            */
    uint32_t xen_ports;     /* [E] active ports with a consumer              */
    uint32_t reset_next;    /* [E] next port of the reset; 0: none running   */
    uint32_t close_next;    /* [E] next port of evtchn_relinquish()          */
    const struct evtchn_abi *abi;    /* [E] to change, atomic to read        */
    spinlock_t queue_lock;           /* LOCK_EVTCHN_QUEUE                    */
    struct evtchn_fifo_domain *fifo; /* [E+Q] NULL: 2-level                  */
};
/* [I] immutable  [E] lock  [E+Q] either to read, both to change */

/* Create d's table, before vcpus exist.  -ENOMEM. */
int evtchn_init(struct domain *d) must_check;
/* Free the table, all ports closed; also after a failed evtchn_init(). */
void evtchn_destroy(struct domain *d);

/*
 * Close all ports of a dying domain: 0, or -ERESTART, call again.  No locks
 * held.
 */
int evtchn_relinquish(struct domain *d) must_check;

/* v is freed, all ports of its domain are closed: check that v has none. */
void evtchn_vcpu_destroy(struct vcpu *v);

/*
 * Allocate a port of v's domain that the domain `remote` may bind to, and whose
 * other end is the hypervisor.  When remote sends, consumer(v, port) is called
 * with the sender's evtchn lock held: the consumer may only take leaf locks and
 * kick v.  It is not called until v is in its domain's table.  Returns the
 * port, which remote sees as an unbound one.  -EINVAL the domain is dying;
 * -ENOSPC; -ENOMEM.
 */
typedef void (*evtchn_consumer_t)(struct vcpu *v, evtchn_port_t port);
int evtchn_alloc_xen(struct vcpu *v, domid_t remote,
                     evtchn_consumer_t consumer) must_check;
/*
 * Close a port of evtchn_alloc_xen(): from the return on the consumer neither
 * runs nor is called.  No effect on another port, nor when the dying domain has
 * closed the port.  Locks below LOCK_EVTCHN may be held, if the caller or those
 * locks keep the domain that `remote` names.
 */
void evtchn_free_xen(struct domain *d, evtchn_port_t port);
/*
 * Send from the hypervisor's end: make the port pending that remote has bound,
 * if any.  False when remote had bound the port and has closed its end since.
 * That close calls the consumer, too.
 */
bool evtchn_notify_xen(struct domain *d, evtchn_port_t port);
/* Has remote closed its end, as above? */
bool evtchn_xen_lost(struct domain *d, evtchn_port_t port);

/* Send virq to v; no effect if v has not bound virq. */
void evtchn_send_virq(struct vcpu *v, unsigned int virq);
/*
 * Send a global virq to domain 0; no effect if vcpu 0 there has not bound virq.
 * No locks held.
 */
void evtchn_send_global_virq(unsigned int virq);

/*
 * Send through a port of d, for a guest or the machine underneath.  0, also
 * when the other end is not bound; -EINVAL no such port, not a port to send
 * through, or one with a consumer.
 */
int evtchn_send(struct domain *d, evtchn_port_t port);
/* Clear the port's mask and deliver a pending event; -EINVAL no such port. */
int evtchn_unmask(struct domain *d, evtchn_port_t port);

/*
 * Is the port pending (1) or not (0)?  -EINVAL no such port.  For SCHEDOP_poll:
 * a vcpu with VCPU_POLLING is woken when any port of its domain becomes
 * pending, so set the flag first and then call this.
 */
int evtchn_port_is_pending(struct domain *d, evtchn_port_t port);

/*
 * v->info has changed (vcpu_info was registered, or the upcall's way): raise
 * all events again, since a sender may have used the old area meanwhile.  The
 * guest sees a spurious upcall.  d->lock held.
 */
void evtchn_rescan(struct vcpu *v);

/*
 * An unmasked event became pending: set evtchn_upcall_pending in v->info and
 * wake v.  Any lock but v->lock may be held.
 */
void evtchn_mark_upcall(struct vcpu *v);

/* Audit: count() each page of the FIFO ABI as HOLD_TABLE. */
void evtchn_audit_refs(struct domain *d,
                       void (*count)(mfn_t mfn, enum page_holder holder));

#endif
