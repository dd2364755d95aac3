/* SPDX-License-Identifier: MIT */
/*
 * sched_op(cmd, arg): what a vCPU tells the scheduler, and how a domain ends.
 */
#ifndef __XEN_PUBLIC_SCHED_H__
#define __XEN_PUBLIC_SCHED_H__

#include "event_channel.h"

#define SCHEDOP_yield 0           /* let others run; arg NULL              */
#define SCHEDOP_block 1           /* unmask events, sleep until one; NULL  */
#define SCHEDOP_shutdown 2        /* sched_shutdown: end this domain       */
#define SCHEDOP_poll 3            /* sched_poll: sleep until a port fires  */
#define SCHEDOP_remote_shutdown 4 /* sched_remote_shutdown: end another    */
#define SCHEDOP_shutdown_code 5   /* sched_shutdown: latch a reason        */
#define SCHEDOP_watchdog 6        /* sched_watchdog                        */
#define SCHEDOP_pin_override 7    /* sched_pin_override                    */

struct sched_shutdown
{
    unsigned int reason; /* SHUTDOWN_* */
};
typedef struct sched_shutdown sched_shutdown_t;
DEFINE_XEN_GUEST_HANDLE(sched_shutdown_t);

struct sched_poll
{
    XEN_GUEST_HANDLE(evtchn_port_t) ports;
    unsigned int nr_ports;
    uint64_t timeout; /* absolute system time in ns; 0 = none */
};
typedef struct sched_poll sched_poll_t;
DEFINE_XEN_GUEST_HANDLE(sched_poll_t);

struct sched_remote_shutdown
{
    domid_t domain_id;
    unsigned int reason; /* SHUTDOWN_* */
};
typedef struct sched_remote_shutdown sched_remote_shutdown_t;
DEFINE_XEN_GUEST_HANDLE(sched_remote_shutdown_t);

/* id 0: a new watchdog, its id is returned.  timeout 0: stop it. */
struct sched_watchdog
{
    uint32_t id;
    uint32_t timeout; /* s */
};
typedef struct sched_watchdog sched_watchdog_t;
DEFINE_XEN_GUEST_HANDLE(sched_watchdog_t);

struct sched_pin_override
{
    int32_t pcpu; /* negative: back to normal */
};
typedef struct sched_pin_override sched_pin_override_t;
DEFINE_XEN_GUEST_HANDLE(sched_pin_override_t);

#define SHUTDOWN_poweroff 0
#define SHUTDOWN_reboot 1
#define SHUTDOWN_suspend 2
#define SHUTDOWN_crash 3
#define SHUTDOWN_watchdog 4
#define SHUTDOWN_soft_reset 5
#define SHUTDOWN_MAX 5

#endif
