/* SPDX-License-Identifier: MIT */
/* Between the files of the target for PV guests: see fuzz-pv.c. */
#ifndef FUZZ_PV_H
#define FUZZ_PV_H

#include "fuzz.h"

#include <hv/atomic.h>
#include <hv/lib.h>
#include <hv/page.h>

#include <pv-mm/ops.h>
#include <pv-mm/pv-mm.h>
#include <x86/defns.h>

/* CONTROL may do anything, MODEL is the device model of HVM. */
enum pv_who { PV_CONTROL, PV_GUEST, PV_MODEL, PV_HVM, PV_WHO };

#define PV_KNOWN 20 /* frames of each domain that are mostly used */

struct pv_actor {
    struct domain *d; /* NULL: there is none now */
    uint64_t frame[PV_KNOWN];
};
extern struct pv_actor pv_actor[PV_WHO];

/* ---- fuzz-pv.c ---- */

/* The current vcpu's domain. */
enum pv_who pv_current(void);
/* Frames that may be mapped, and may not be: devices'. */
extern const uint64_t pv_io_frame, pv_io_other;
extern const uint64_t pv_nr_frames; /* of RAM */

/* ---- pv-calls.c ---- */

/* Something that the current vcpu does: a hypercall, mostly. */
void pv_operation(struct input *in);
/* An mfn: mostly one of the actor's frames, else anything. */
uint64_t pv_mfn(struct input *in);

#endif
