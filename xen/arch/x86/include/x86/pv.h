/* SPDX-License-Identifier: MIT */
/* PV guests on the bare machine: what boot and dom0/ use of pv/. */
#ifndef X86_PV_H
#define X86_PV_H

#include <hv/types.h>

struct cpu;
struct dom0_builder;

/*
 * The option dom0=pv|pvh.  There are PV guests only if dom0 is one: a translated
 * dom0 would map their frames without regard to the types of these.
 */
bool pv_wanted(void);
/* On each CPU, before hvm_cpu_up(). */
void pv_cpu_up(struct cpu *c);
/* At boot, with the heap there: tables for all frames; panics without memory. */
void pv_init(void);

extern const struct dom0_builder dom0_pv;

#endif
