/* SPDX-License-Identifier: MIT */
/*
 * What the files of the event channels share: a port and its states, and the
 * operations in which the two ABIs differ.
 *
 *               alloc_unbound, alloc_xen
 *        FREE ---------------------------> UNBOUND
 *         | ^                               ^   |
 *         | | close          the other side |   | the other side binds
 *         | |                        closes |   v
 *         | +<--------------------------- INTERDOMAIN
 *         | |                               ^
 *         +-|-------------------------------+ bind_interdomain
 *         +-|---> VIRQ, PIRQ, IPI             bind_virq, bind_pirq, bind_ipi
 *           +<------+
 *
 * Port 0 is RESERVED for ever.
 */
#ifndef EVTCHN_PRIVATE_H
#define EVTCHN_PRIVATE_H

#include <hv/array.h>
#include <hv/domain.h>
#include <hv/evtchn.h>
#include <hv/lib.h>

/* A reset that gave way: not in the public header. */
#define EVTCHNOP_reset_cont 14

enum evtchn_state {
    EVTCHN_FREE,
    EVTCHN_RESERVED,
    EVTCHN_UNBOUND,
    EVTCHN_INTERDOMAIN,
    EVTCHN_VIRQ,
    EVTCHN_PIRQ,
    EVTCHN_IPI,
};

struct evtchn {
    uint32_t port;      /* [I] */
    uint8_t state;      /* [E] enum evtchn_state                            */
    uint8_t priority;   /* [Ea] FIFO: the queue it will join                */
    uint16_t vcpu;      /* [Ea] whom it notifies                            */
    uint16_t last_vcpu; /* [Q] FIFO: the queue that it joined last, which it */
    uint8_t last_queue; /* [Q] may still be linked in: outlives a close     */
    bool saved;         /* [Q] FIFO: pending, but it has no event word yet  */
    domid_t remote_id;  /* [E] UNBOUND: who may bind                        */
    uint32_t virq;      /* [E] VIRQ, PIRQ: its number                       */
    struct domain *remote_dom; /* [B] INTERDOMAIN: the other end            */
    struct evtchn *remote;     /* [B] */
    evtchn_consumer_t consumer; /* [B] of the hypervisor's own ports        */
    /* [Ba] hypervisor's own: how often it was bound and closed; odd: bound */
    uint32_t bindings;
};
/*
 * [I] immutable  [E] evtchn lock  [Ea] [E] to change, atomic to read
 * [Q] queue_lock  [B] of an INTERDOMAIN port: both domains' evtchn locks to
 * change, one of them to read; else [E]  [Ba] [B] to change, atomic to read
 */

/* An ABI's operations on a port; all but set_pending with the lock held. */
struct evtchn_abi {
    uint32_t max_ports;
    /* Returns whether it became pending; sender's or d's lock held. */
    bool (*set_pending)(struct domain *d, struct evtchn *chn);
    void (*clear_pending)(struct domain *d, struct evtchn *chn);
    void (*unmask)(struct domain *d, struct evtchn *chn);
    bool (*is_pending)(struct domain *d, const struct evtchn *chn);
    /* A closed port that the guest has not let go of: not to be reused. */
    bool (*is_busy)(struct domain *d, const struct evtchn *chn);
    int (*set_priority)(struct domain *d, struct evtchn *chn, uint32_t prio);
    void (*rescan)(struct vcpu *v);
};

extern const struct evtchn_abi evtchn_abi_2l, evtchn_abi_2l_32, evtchn_abi_fifo;

/* ---- evtchn-port.c ---- */

/* A port of the hypervisor was bound, and its other end closed.  [B] */
static inline bool evtchn_is_lost(const struct evtchn *chn)
{
    return chn->bindings && !(chn->bindings & 1);
}

/* NULL when there is none; lock held. */
static inline struct evtchn *evtchn_find(const struct domain *d,
                                         evtchn_port_t port)
{
    const struct evtchn_domain *e = &d->evtchn;

    ASSERT(spin_is_mine(&e->lock));
    if ( port >= e->nr_ports )
        return NULL;
    port = (evtchn_port_t)array_index(port, e->nr_ports);
    return &e->bucket[port / EVTCHN_PER_BUCKET][port % EVTCHN_PER_BUCKET];
}

/* Make the next EVTCHN_PER_BUCKET ports exist: -ENOMEM.  Lock held. */
int evtchn_add_bucket(struct evtchn_domain *e) must_check;

/*
 * A free port, still FREE; lock held.  -EINVAL dying, -ENOSPC, -ENOMEM.  It
 * becomes the caller's by evtchn_take(), which cannot fail.  xen: for the
 * hypervisor itself.
 */
int evtchn_get_free(struct domain *d, bool xen, struct evtchn **chn)
    must_check;
void evtchn_take(struct domain *d, struct evtchn *chn, enum evtchn_state state,
                 unsigned int vcpu);

/*
 * Close a port.  -EINVAL when there is nothing to close, or it is not one of
 * the closer's.
 */
enum evtchn_closer { CLOSED_BY_GUEST, CLOSED_BY_HV, CLOSED_BY_TEARDOWN };
int evtchn_close(struct domain *d, evtchn_port_t port,
                 enum evtchn_closer closer);

/* Make chn of d pending; its domain's lock or its sender's held. */
void evtchn_deliver(struct domain *d, struct evtchn *chn);

/* Is virq one that vcpu 0 of a domain binds for the whole machine? */
static inline bool virq_is_global(uint32_t virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
           virq != VIRQ_XENPMU;
}

/* ---- evtchn-free.c: lock held, but for the first two ---- */

int evtchn_free_init(struct evtchn_domain *e) must_check; /* -ENOMEM */
void evtchn_free_destroy(struct evtchn_domain *e);

bool port_set_has(const struct port_set *s, uint32_t port);

/* A free port of d, for the guest or for the hypervisor; 0: none is left. */
uint32_t evtchn_free_pick(struct domain *d, bool xen);
void evtchn_free_take(struct evtchn_domain *e, uint32_t port);
/* chn is closed. */
void evtchn_free_give(struct domain *d, const struct evtchn *chn);
/* The FIFO ABI ends. */
void evtchn_free_unlink_all(struct evtchn_domain *e);

/* ---- evtchn-bind.c: decoded sub-operations of current_domain ---- */

int evtchn_alloc_unbound(struct evtchn_alloc_unbound *alloc);
int evtchn_bind_interdomain(struct evtchn_bind_interdomain *bind);
int evtchn_bind_virq(struct evtchn_bind_virq *bind);
int evtchn_bind_pirq(struct evtchn_bind_pirq *bind);
int evtchn_bind_ipi(struct evtchn_bind_ipi *bind);
int evtchn_bind_vcpu(const struct evtchn_bind_vcpu *bind);

/* ---- evtchn-2l.c ---- */

/* The 2-level ABI of d's layout of shared info. */
const struct evtchn_abi *evtchn_2l_of(const struct domain *d);

/* Take port's pending bit out of the bitmap; queue_lock may be held. */
bool evtchn_2l_take_pending(struct domain *d, evtchn_port_t port);

/* ---- evtchn-fifo-setup.c ---- */

int evtchn_fifo_init_control(struct evtchn_init_control *init);
int evtchn_fifo_expand_array(const struct evtchn_expand_array *expand);

/* Back to 2-level: lock held, no guest's port open.  */
void evtchn_fifo_stop(struct domain *d);

/* ---- evtchn-fifo.c ---- */

#define FIFO_WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define FIFO_MAX_PAGES (EVTCHN_FIFO_NR_CHANNELS / FIFO_WORDS_PER_PAGE)

struct evtchn_fifo_domain {
    unsigned int nr_pages;             /* [E+Q] grows only */
    struct page *page[FIFO_MAX_PAGES]; /* [E+Q] event words, held */
    bool complained;                   /* [Q] of a guest that fights us */
};

struct evtchn_fifo_vcpu {
    struct page *page;                     /* [E+Q] held */
    struct evtchn_fifo_control_block *block; /* [E+Q] in it */
    uint32_t tail[EVTCHN_FIFO_MAX_QUEUES]; /* [Q] last port linked, 0: none */
};

/* Re-raise chn if it was made pending while it had no event word. */
void evtchn_fifo_raise_saved(struct domain *d, struct evtchn *chn);

#endif
