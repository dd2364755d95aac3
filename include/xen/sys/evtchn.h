/* SPDX-License-Identifier: MIT */
/*
 * ioctls of Linux's /dev/xen/evtchn.  Include <sys/ioctl.h> for _IOC().
 *
 * Each open file has its own ports.  read() gives the numbers (uint32_t) of
 * ports that fired, which are masked then; writing a number back unmasks it.
 * The binding ioctls return the local port.
 */
#ifndef __LINUX_PUBLIC_EVTCHN_H__
#define __LINUX_PUBLIC_EVTCHN_H__

#include "../xen.h"

#define IOCTL_EVTCHN_BIND_VIRQ \
    _IOC(_IOC_NONE, 'E', 0, sizeof(struct ioctl_evtchn_bind_virq))
struct ioctl_evtchn_bind_virq
{
    unsigned int virq; /* VIRQ_*, on vCPU 0 */
};

#define IOCTL_EVTCHN_BIND_INTERDOMAIN \
    _IOC(_IOC_NONE, 'E', 1, sizeof(struct ioctl_evtchn_bind_interdomain))
struct ioctl_evtchn_bind_interdomain
{
    unsigned int remote_domain, remote_port;
};

#define IOCTL_EVTCHN_BIND_UNBOUND_PORT \
    _IOC(_IOC_NONE, 'E', 2, sizeof(struct ioctl_evtchn_bind_unbound_port))
struct ioctl_evtchn_bind_unbound_port
{
    unsigned int remote_domain; /* who may connect */
};

/* ENOTCONN: not a port of this file. */
#define IOCTL_EVTCHN_UNBIND \
    _IOC(_IOC_NONE, 'E', 3, sizeof(struct ioctl_evtchn_unbind))
struct ioctl_evtchn_unbind
{
    unsigned int port;
};

#define IOCTL_EVTCHN_NOTIFY \
    _IOC(_IOC_NONE, 'E', 4, sizeof(struct ioctl_evtchn_notify))
struct ioctl_evtchn_notify
{
    unsigned int port;
};

/* Forget the ports that fired and were not read. */
#define IOCTL_EVTCHN_RESET _IOC(_IOC_NONE, 'E', 5, 0)

/* From now on only bind to this domain, once. */
#define IOCTL_EVTCHN_RESTRICT_DOMID \
    _IOC(_IOC_NONE, 'E', 6, sizeof(struct ioctl_evtchn_restrict_domid))
struct ioctl_evtchn_restrict_domid
{
    domid_t domid;
};

#endif
