/* SPDX-License-Identifier: MIT */
/*
 * callback_op(cmd, arg): where the hypervisor enters a PV guest.
 */
#ifndef __XEN_PUBLIC_CALLBACK_H__
#define __XEN_PUBLIC_CALLBACK_H__

#include "xen.h"

#define CALLBACKTYPE_event 0    /* an event is pending                  */
#define CALLBACKTYPE_failsafe 1 /* a segment register could not load    */
#define CALLBACKTYPE_syscall 2  /* SYSCALL from 64-bit user mode        */
#define CALLBACKTYPE_sysenter_deprecated 3
#define CALLBACKTYPE_nmi 4
#define CALLBACKTYPE_sysenter 5
#define CALLBACKTYPE_syscall32 7

/* Enter with events masked. */
#define _CALLBACKF_mask_events 0
#define CALLBACKF_mask_events (1U << _CALLBACKF_mask_events)

#define CALLBACKOP_register 0
struct callback_register
{
    uint16_t type;  /* IN: CALLBACKTYPE_* */
    uint16_t flags; /* IN: CALLBACKF_*    */
    xen_callback_t address;
};
typedef struct callback_register callback_register_t;
DEFINE_XEN_GUEST_HANDLE(callback_register_t);

#define CALLBACKOP_unregister 1
struct callback_unregister
{
    uint16_t type; /* IN */
    uint16_t _unused;
};
typedef struct callback_unregister callback_unregister_t;
DEFINE_XEN_GUEST_HANDLE(callback_unregister_t);

#endif
