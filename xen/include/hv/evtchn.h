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
 * between two domains is made and torn down with both their locks held, so
 * either one keeps it as it is: a sender takes the lock of its own domain
 * only, and what it reads of the other end is stable or atomic.  The FIFO
 * queues have a lock of their own, taken inside.
 *
 * Lifetimes.  Buckets live as long as the domain.  A binding holds no domain
 * reference and needs none: a dying domain gets no new port and closes all it
 * has before its existence reference goes, so while a binding is there, and
 * one of the two locks keeps it there, the other domain is too.
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
    uint32_t look_next;     /* [E] where to look for one that has left it    */
    uint32_t active;        /* [E] ports not free                            */
    uint32_t xen_ports;     /* [E] of these, bound to the hypervisor         */
    uint32_t reset_next;    /* [E] where a reset goes on; 0: none in progress */
    uint32_t close_next;    /* [E] where evtchn_relinquish() goes on         */
    const struct evtchn_abi *abi;    /* [E] to change, atomic to read        */
    spinlock_t queue_lock;           /* LOCK_EVTCHN_QUEUE                    */
    struct evtchn_fifo_domain *fifo; /* [E+Q] NULL: 2-level                  */
};
/* [I] immutable  [E] lock  [E+Q] either to read, both to change */

/* Before vcpus exist.  -ENOMEM. */
int evtchn_init(struct domain *d) must_check;
/* At the end, all ports closed; fine after a failed or no evtchn_init(). */
void evtchn_destroy(struct domain *d);

/* Close all ports of a dying domain: 0, or -ERESTART.  No locks held. */
int evtchn_relinquish(struct domain *d) must_check;

/* v goes away, the ports of its domain are closed. */
void evtchn_vcpu_destroy(struct vcpu *v);

/*
 * A port of v's domain that `remote` may bind to, whose other end is the
 * hypervisor: when remote sends, consumer(v, port) is called with the evtchn
 * lock of the sender held: it may only take leaf locks and kick v.  v need
 * not be in its domain's table yet; until it is, nobody is called.
 * Returns the port, which remote sees as an unbound one; -ENOSPC, -ENOMEM,
 * -EINVAL (the domain is dying).
 */
typedef void (*evtchn_consumer_t)(struct vcpu *v, evtchn_port_t port);
int evtchn_alloc_xen(struct vcpu *v, domid_t remote,
                     evtchn_consumer_t consumer) must_check;
/*
 * Close it: when this returns the consumer is not running, nor called again.
 * Nothing happens when port is not such a port (any more: a dying domain
 * closes all).  May be called with locks below LOCK_EVTCHN held, if the
 * caller or those locks keep the domain that `remote` names.
 */
void evtchn_free_xen(struct domain *d, evtchn_port_t port);
/*
 * Send from the hypervisor's end: sets the port the remote bound, if any.
 * False when the remote had bound it and closed its end since: nobody is
 * there any more.  The consumer is called when that happens, too.
 */
bool evtchn_notify_xen(struct domain *d, evtchn_port_t port);
/*
 * How often the remote has bound and closed port, which is the caller's: odd
 * while it is bound.  No lock: between two calls with the same result nobody
 * else was bound.
 */
uint32_t evtchn_xen_bindings(const struct domain *d, evtchn_port_t port);
/* The port that the remote has bound to it; 0: none. */
evtchn_port_t evtchn_xen_remote(struct domain *d, evtchn_port_t port);
/*
 * True when the remote had bound port and closed its end since; then value is
 * stored at *at, before anybody can bind again.  Nothing is sent.
 */
bool evtchn_xen_lost(struct domain *d, evtchn_port_t port, uint8_t *at,
                     uint8_t value);

/*
 * VIRQs: to one vcpu (nothing happens when it has not bound virq); to domain 0,
 * if its vcpu 0 has bound a global one.  The global form looks the domain up:
 * no locks held.
 */
void evtchn_send_virq(struct vcpu *v, unsigned int virq);
void evtchn_send_global_virq(unsigned int virq);

/*
 * A physical interrupt that d has bound to this port: nothing happens if the
 * port has another use by now.  From the interrupt's handler: no locks held.
 */
void evtchn_send_pirq(struct domain *d, evtchn_port_t port, uint32_t pirq);

/*
 * A guest's send, also used by the machine underneath.  0 (also when nobody
 * is bound to the other end), or -EINVAL: no such port, not one to send
 * through, or one of the hypervisor's.
 */
int evtchn_send(struct domain *d, evtchn_port_t port);
/* Clear the mask, deliver what is pending: 0, -EINVAL no such port. */
int evtchn_unmask(struct domain *d, evtchn_port_t port);

/*
 * For SCHEDOP_poll: 1 or 0; -EINVAL when the port does not exist.  Any vcpu
 * with VCPU_POLLING set is woken when any port of its domain becomes pending:
 * set the flag, then ask.
 */
int evtchn_port_is_pending(struct domain *d, evtchn_port_t port);

/*
 * v's vcpu_info moved (registered or mapped anew; v->info already changed):
 * re-raise everything, so that no event is lost that was sent meanwhile.  The
 * guest sees a spurious upcall.  d->lock held.
 */
void evtchn_rescan(struct vcpu *v);

/*
 * d's shared info has the 32-bit layout from now on, or the 64-bit one: the
 * 2-level ABI, if d uses that, has words of this width.  d->lock held.
 */
void evtchn_set_layout(struct domain *d, bool is_32);

/*
 * Mark v->info upcall pending, wake v.  Any lock may be held.  ABIs call it
 * when an unmasked event became pending.
 */
void evtchn_mark_upcall(struct vcpu *v);

/* Audit: the pages of the FIFO ABI, one HOLD_TABLE reference each. */
void evtchn_audit_refs(struct domain *d,
                       void (*count)(mfn_t mfn, enum page_holder holder));

/*
 * ---- arch contract: physical interrupts, the evtchn lock of d held ----
 *
 * d gets this interrupt at the port.  -EINVAL d has no such interrupt; -EEXIST
 * it is bound.  To be undone by arch_pirq_unbind().
 */
int arch_pirq_bind(struct domain *d, uint32_t pirq, evtchn_port_t port,
                   bool may_share) must_check;
void arch_pirq_unbind(struct domain *d, uint32_t pirq);
/* It interrupts the CPU that v is on, from now on. */
void arch_pirq_move(struct domain *d, uint32_t pirq, const struct vcpu *v);

#endif
