/* SPDX-License-Identifier: MIT */
/* vcpu/fpu.c: FPU, XCR0 and debug registers of guests. */
#ifndef X86_FPU_H
#define X86_FPU_H

#include <hv/types.h>

struct vcpu;

void fpu_cpu_up(void); /* on each CPU */
/* The bits that XCR0 may have; 0: no XSAVE. */
uint64_t fpu_states(void);

/* Of an XSAVE area that has these states, which are some of fpu_states(). */
size_t fpu_area_bytes(uint64_t states);

/*
 * v is on no CPU, and there is XSAVE.  The states that v's XCR0 enables or that
 * v->arch.fpu has; XCR0, and an area of so many bytes, which XRSTOR can load.
 * No CPU may take v up during fpu_vcpu_set() and fpu_set_legacy().
 */
uint64_t fpu_states_of(const struct vcpu *v);
void fpu_vcpu_set(struct vcpu *v, uint64_t xcr0, const void *area,
                  size_t bytes);
/*
 * v is on no CPU.  The registers of x87 and SSE, as FXSAVE stores them; set:
 * all other states become initial.
 */
void fpu_get_legacy(const struct vcpu *v, void *image);
void fpu_set_legacy(struct vcpu *v, const void *image);

int fpu_vcpu_create(struct vcpu *v); /* -ENOMEM */
void fpu_vcpu_destroy(struct vcpu *v);

/* v's state from, to this CPU. */
void fpu_save(struct vcpu *v);
void fpu_load(struct vcpu *v);
/* INIT clears DR0 to DR3, and leaves the rest; v is on this CPU. */
void fpu_init_received(struct vcpu *v);

#endif
