/* SPDX-License-Identifier: MIT */
/*
 * event_channel_op(cmd, arg): one-bit signals between domains, from virtual
 * and physical interrupts, and between a domain's own vCPUs.
 *
 * A port is a domain's name for its end.  It starts bound to vCPU 0 unless
 * the operation names one.  -XEN_ENOSPC: no port is free.
 */
#ifndef __XEN_PUBLIC_EVENT_CHANNEL_H__
#define __XEN_PUBLIC_EVENT_CHANNEL_H__

#include "xen.h"

#define EVTCHNOP_bind_interdomain 0
#define EVTCHNOP_bind_virq 1
#define EVTCHNOP_bind_pirq 2
#define EVTCHNOP_close 3
#define EVTCHNOP_send 4
#define EVTCHNOP_status 5
#define EVTCHNOP_alloc_unbound 6
#define EVTCHNOP_bind_ipi 7
#define EVTCHNOP_bind_vcpu 8
#define EVTCHNOP_unmask 9
#define EVTCHNOP_reset 10
#define EVTCHNOP_init_control 11
#define EVTCHNOP_expand_array 12
#define EVTCHNOP_set_priority 13

typedef uint32_t evtchn_port_t;
DEFINE_XEN_GUEST_HANDLE(evtchn_port_t);

/* A port of dom that only remote_dom can connect to. */
struct evtchn_alloc_unbound
{
    domid_t dom, remote_dom; /* IN  */
    evtchn_port_t port;      /* OUT */
};
typedef struct evtchn_alloc_unbound evtchn_alloc_unbound_t;

/* Connect to it.  The new port starts pending: an event may have been lost. */
struct evtchn_bind_interdomain
{
    domid_t remote_dom;        /* IN  */
    evtchn_port_t remote_port; /* IN  */
    evtchn_port_t local_port;  /* OUT */
};
typedef struct evtchn_bind_interdomain evtchn_bind_interdomain_t;

/* -XEN_EEXIST: that VIRQ (of that vCPU) is bound already. */
struct evtchn_bind_virq
{
    uint32_t virq; /* IN: VIRQ_* */
    uint32_t vcpu; /* IN: 0 unless the VIRQ is per vCPU */
    evtchn_port_t port; /* OUT */
};
typedef struct evtchn_bind_virq evtchn_bind_virq_t;

struct evtchn_bind_pirq
{
    uint32_t pirq; /* IN */
#define BIND_PIRQ__WILL_SHARE 1
    uint32_t flags;     /* IN  */
    evtchn_port_t port; /* OUT */
};
typedef struct evtchn_bind_pirq evtchn_bind_pirq_t;

struct evtchn_bind_ipi
{
    uint32_t vcpu;      /* IN  */
    evtchn_port_t port; /* OUT */
};
typedef struct evtchn_bind_ipi evtchn_bind_ipi_t;

struct evtchn_close
{
    evtchn_port_t port; /* IN; the other end becomes unbound */
};
typedef struct evtchn_close evtchn_close_t;

struct evtchn_send
{
    evtchn_port_t port; /* IN: interdomain or IPI */
};
typedef struct evtchn_send evtchn_send_t;

struct evtchn_status
{
    domid_t dom;        /* IN */
    evtchn_port_t port; /* IN */
#define EVTCHNSTAT_closed 0
#define EVTCHNSTAT_unbound 1
#define EVTCHNSTAT_interdomain 2
#define EVTCHNSTAT_pirq 3
#define EVTCHNSTAT_virq 4
#define EVTCHNSTAT_ipi 5
    uint32_t status; /* OUT */
    uint32_t vcpu;   /* OUT: the one it notifies */
    union            /* OUT, per status */
    {
        struct
        {
            domid_t dom; /* who may connect */
        } unbound;
        struct
        {
            domid_t dom;
            evtchn_port_t port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    } u;
};
typedef struct evtchn_status evtchn_status_t;

/* Choose the vCPU to notify.  Not for IPIs and per-vCPU VIRQs. */
struct evtchn_bind_vcpu
{
    evtchn_port_t port; /* IN */
    uint32_t vcpu;      /* IN */
};
typedef struct evtchn_bind_vcpu evtchn_bind_vcpu_t;

struct evtchn_unmask
{
    evtchn_port_t port; /* IN; delivered now if it is pending */
};
typedef struct evtchn_unmask evtchn_unmask_t;

/* Close every port, and return to the two-level ABI. */
struct evtchn_reset
{
    domid_t dom; /* IN */
};
typedef struct evtchn_reset evtchn_reset_t;

/* FIFO ABI: give vCPU `vcpu` a control block; the first call switches over. */
struct evtchn_init_control
{
    uint64_t control_gfn; /* IN */
    uint32_t offset;      /* IN: bytes into it, 8-byte aligned */
    uint32_t vcpu;        /* IN */
    uint8_t link_bits;    /* OUT: EVTCHN_FIFO_LINK_BITS */
    uint8_t _pad[7];
};
typedef struct evtchn_init_control evtchn_init_control_t;

/* FIFO ABI: one more page of event words, after the last one given. */
struct evtchn_expand_array
{
    uint64_t array_gfn; /* IN */
};
typedef struct evtchn_expand_array evtchn_expand_array_t;

struct evtchn_set_priority
{
    evtchn_port_t port; /* IN */
    uint32_t priority;  /* IN: 0, the most urgent, to 15 */
};
typedef struct evtchn_set_priority evtchn_set_priority_t;

/* Argument of event_channel_op_compat: command and operand in one. */
struct evtchn_op
{
    uint32_t cmd;
    union
    {
        evtchn_alloc_unbound_t alloc_unbound;
        evtchn_bind_interdomain_t bind_interdomain;
        evtchn_bind_virq_t bind_virq;
        evtchn_bind_pirq_t bind_pirq;
        evtchn_bind_ipi_t bind_ipi;
        evtchn_close_t close;
        evtchn_send_t send;
        evtchn_status_t status;
        evtchn_bind_vcpu_t bind_vcpu;
        evtchn_unmask_t unmask;
    } u;
};
typedef struct evtchn_op evtchn_op_t;
DEFINE_XEN_GUEST_HANDLE(evtchn_op_t);

/* Ports of the two-level ABI: 64 words of 64 bits. */
#define EVTCHN_2L_NR_CHANNELS (sizeof(xen_ulong_t) * sizeof(xen_ulong_t) * 64)

/*
 * FIFO ABI.  Each port has a word: flags, and the link to the next port of
 * the queue it is in.  There is a queue per priority and vCPU; the control
 * block holds their heads, and `ready` a bit per queue that is not empty.
 */
#define EVTCHN_FIFO_PRIORITY_MAX 0
#define EVTCHN_FIFO_PRIORITY_DEFAULT 7
#define EVTCHN_FIFO_PRIORITY_MIN 15
#define EVTCHN_FIFO_MAX_QUEUES (EVTCHN_FIFO_PRIORITY_MIN + 1)

typedef uint32_t event_word_t;
#define EVTCHN_FIFO_PENDING 31 /* bit numbers */
#define EVTCHN_FIFO_MASKED 30
#define EVTCHN_FIFO_LINKED 29 /* in a queue                              */
#define EVTCHN_FIFO_BUSY 28   /* the hypervisor is about to follow LINK  */
#define EVTCHN_FIFO_LINK_BITS 17
#define EVTCHN_FIFO_LINK_MASK ((1 << EVTCHN_FIFO_LINK_BITS) - 1)
#define EVTCHN_FIFO_NR_CHANNELS (1 << EVTCHN_FIFO_LINK_BITS)

struct evtchn_fifo_control_block
{
    uint32_t ready;
    uint32_t _rsvd;
    event_word_t head[EVTCHN_FIFO_MAX_QUEUES];
};
typedef struct evtchn_fifo_control_block evtchn_fifo_control_block_t;

#endif
