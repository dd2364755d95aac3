/* SPDX-License-Identifier: MIT */
/*
 * Tracing: the sysctl command that Oriel has and Xen does not, for control
 * domains.  The structure takes the place of xen_sysctl's union.
 *
 * Each CPU of the machine has a ring of records and overwrites the oldest.  A
 * record has a number, counted from 0 since the ring is there; a reader's
 * cursor is the number of the record that it wants next.
 *
 * Xen answers -ENOSYS to the command, as to all that it does not know.
 */
#ifndef ORIEL_TRACE_H
#define ORIEL_TRACE_H

#include <xen/sysctl.h>

/* Xen counts its commands from 1. */
#define ORIEL_SYSCTL_trace 0x4f720001U

/* What is recorded, in the order of the bits of a mask of events. */
#define ORIEL_TRACE_EVENTS(E)                                                \
    E(exit)      /* guest mode was left: a rip, b reason, c processor's code */ \
    E(enter)     /* guest mode is entered                                  */ \
    E(hypercall) /* is over: a result, b number, c first argument          */ \
    E(ioreq)     /* is in its slot: a address, b IOREQ word, c port        */ \
    E(buffered)  /* is in the ring: a address, b IOREQ word                */ \
    E(resume)    /* was answered: a address, b IOREQ word                  */ \
    E(event)     /* channel raised: the vcpu is told; c port               */ \
    E(wake)      /* the vcpu wants a CPU; b which it gets in line for      */ \
    E(pick)      /* the vcpu gets this CPU                                 */ \
    E(put)       /* the vcpu gives this CPU up; b why                      */ \
    E(sleep)     /* this CPU has nothing to do; no vcpu                    */ \
    E(awake)     /* this CPU was woken; no vcpu                            */

enum oriel_trace_event {
#define ORIEL_TRACE_EVENT(name) ORIEL_TRACE_##name,
    ORIEL_TRACE_EVENTS(ORIEL_TRACE_EVENT)
#undef ORIEL_TRACE_EVENT
    ORIEL_TRACE_NR_EVENTS
};

/* The word b of ioreq, buffered, resume: xen/hvm/ioreq.h has the values. */
#define ORIEL_IOREQ_SERVER(b) ((b) & 0xff) /* 0xff: several */
#define ORIEL_IOREQ_DIR(b) ((b) >> 8 & 0xff)
#define ORIEL_IOREQ_TYPE(b) ((b) >> 16 & 0xff)
#define ORIEL_IOREQ_SIZE(b) ((b) >> 24)

/* Why guest mode was left, whatever the processor; also the counters' order. */
#define ORIEL_EXIT_REASONS(R)                                                \
    R(other, "other")                                                        \
    R(port, "port")                                                          \
    R(memory, "memory")             /* an address without memory, a fault */ \
    R(cpuid, "cpuid")                                                        \
    R(hypercall, "hypercall")                                                \
    R(halt, "halt")                                                          \
    R(msr, "msr")                                                            \
    R(register, "register")         /* control, debug, XCR0 */               \
    R(cache, "cache")               /* WBINVD, INVD */                       \
    R(exception, "exception")                                                \
    R(interrupt, "interrupt")       /* the machine's, and NMIs */            \
    R(window, "window")             /* the guest can take an event now */    \
    R(refused, "refused")           /* an instruction that no guest has */   \
    R(triple_fault, "triple-fault")                                          \
    R(syscall, "syscall")           /* of a program in a PV guest */         \
    R(privileged, "privileged")     /* what a PV kernel may not execute */

enum oriel_exit_reason {
#define ORIEL_EXIT_REASON(name, text) ORIEL_EXIT_##name,
    ORIEL_EXIT_REASONS(ORIEL_EXIT_REASON)
#undef ORIEL_EXIT_REASON
    ORIEL_NR_EXIT_REASONS
};

/* Why a vcpu gave its CPU up. */
#define ORIEL_PUT_REASONS(R)                                                 \
    R(turn, "its turn is over")                                              \
    R(answer, "waits for an answer")                                         \
    R(event, "waits for an event")                                           \
    R(down, "is down")                                                       \
    R(held, "is paused or ends")

enum oriel_put_reason {
#define ORIEL_PUT_REASON(name, text) ORIEL_PUT_##name,
    ORIEL_PUT_REASONS(ORIEL_PUT_REASON)
#undef ORIEL_PUT_REASON
    ORIEL_NR_PUT_REASONS
};

#define ORIEL_TRACE_NO_DOMAIN 0x7fffU

struct oriel_trace_record {
    uint64_t time;   /* ns since boot */
    uint64_t a;      /* a, b, c: see the events */
    uint32_t b, c;
    uint16_t event;  /* ORIEL_TRACE_* */
    uint16_t domain; /* or ORIEL_TRACE_NO_DOMAIN */
    uint16_t vcpu;
    uint16_t cpu;    /* whose ring it is in */
};
typedef struct oriel_trace_record oriel_trace_record_t;
DEFINE_XEN_GUEST_HANDLE(oriel_trace_record_t);

enum oriel_trace_op {
    /* OUT: events, nr (CPUs), record_size, ring_size, time. */
    ORIEL_TRACE_OP_info,
    /*
     * Record these events from now on, none: 0.  IN: events; OUT: events, those
     * before.  The rings are made when something is recorded the first time.
     * -EINVAL: an event that does not exist; -ENOMEM; -EOPNOTSUPP: the machine
     * was started without room for them (trace_size=0).
     */
    ORIEL_TRACE_OP_set,
    /*
     * Copy records of `cpu`, from `cursor` on, oldest first.  IN: cpu, cursor,
     * nr (room, in records), record_size, records; OUT: nr (copied), cursor
     * (behind the last of these), lost (records from `cursor` on that were
     * overwritten before they could be copied).  A call may copy less than
     * there is: nothing is left when nr and lost are 0.
     * -EINVAL: no such cpu, another record_size, a cursor ahead of the ring;
     * -ENOBUFS: no room for a record; -ENODATA: nothing was ever recorded;
     * -EFAULT.
     */
    ORIEL_TRACE_OP_read,
    /*
     * How often a vcpu left guest mode, by reason.  IN: domain, vcpu, nr (room,
     * in counters), counters; OUT: nr (counters there are), counters.
     * -ESRCH: no such domain, or no such vcpu yet; -EINVAL: a vcpu that the
     * domain cannot have; -ENOBUFS: nr is too small (and OUT: what is needed);
     * -EFAULT.
     */
    ORIEL_TRACE_OP_counters,
};

/* The cursor of a reader that wants what comes from now on. */
#define ORIEL_TRACE_NEWEST (~(uint64_t)0)

struct oriel_sysctl_trace {
    uint32_t op;          /* ORIEL_TRACE_OP_*; another one: -EINVAL */
    uint32_t events;      /* a mask: bit ORIEL_TRACE_* */
    uint32_t cpu;
    uint32_t nr;
    uint32_t record_size; /* sizeof(struct oriel_trace_record) */
    uint32_t ring_size;   /* records in a ring */
    uint32_t domain;
    uint32_t vcpu;
    uint64_aligned_t cursor;
    uint64_aligned_t lost;
    uint64_aligned_t time;
    XEN_GUEST_HANDLE_64(oriel_trace_record_t) records;
    XEN_GUEST_HANDLE_64(uint64) counters;
};

#endif
