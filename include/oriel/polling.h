/* SPDX-License-Identifier: MIT */
/*
 * Oriel: requests through ioreq servers without events, while the other side
 * looks.  docs/polling.md has the protocol; Xen does not have it.
 *
 * Two bytes of each slot (struct ioreq, xen/hvm/ioreq.h) that Xen and device
 * models leave alone.  0 is a side that does not know the protocol.
 */
#ifndef ORIEL_POLLING_H
#define ORIEL_POLLING_H

/* Offset in the slot: written by the emulator, read by the hypervisor. */
#define ORIEL_POLL_EMULATOR 28
/* Offset in the slot: written by the hypervisor, read by the emulator. */
#define ORIEL_POLL_HYPERVISOR 29

/* Of both bytes: about the slot. */
#define ORIEL_POLL_MASK 0x3
/* Of ORIEL_POLL_EMULATOR in the slot of vcpu 0: about the ring. */
#define ORIEL_POLL_RING_SHIFT 2

/* The writer waits for an event. */
#define ORIEL_POLL_SLEEP 1
/* The writer looks, and needs no event. */
#define ORIEL_POLL_LOOK 2

#endif
