/* SPDX-License-Identifier: MIT */
/* vcpu/fpu.c: FPU, XCR0 and debug registers of guests. */
#ifndef X86_FPU_H
#define X86_FPU_H

#include <hv/types.h>

struct vcpu;

void fpu_cpu_up(void); /* on each CPU */
/* The bits that XCR0 may have; 0: no XSAVE. */
uint64_t fpu_states(void);

int fpu_vcpu_create(struct vcpu *v); /* -ENOMEM */
void fpu_vcpu_destroy(struct vcpu *v);

/* v's state from, to this CPU. */
void fpu_save(struct vcpu *v);
void fpu_load(struct vcpu *v);
/* INIT clears DR0 to DR3, and leaves the rest; v is on this CPU. */
void fpu_init_received(struct vcpu *v);

#endif
