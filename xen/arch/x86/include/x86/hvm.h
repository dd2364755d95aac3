/* SPDX-License-Identifier: MIT */
/* Between the files of hvm/: guests' memory, events, I/O. */
#ifndef X86_HVM_H
#define X86_HVM_H

#include <hv/types.h>

struct vcpu;

/* domain.c: once, at boot. */
void hvm_init(void);
/* INIT and SIPI that v got: done by itself, between steps. */
void vcpu_start(struct vcpu *v);

/* copy.c: v's physical memory; false: there is none at gpa. */
bool guest_read_phys(void *vcpu, uint64_t gpa, void *buf, unsigned int bytes);
bool guest_write_phys(void *vcpu, uint64_t gpa, const void *buf,
                      unsigned int bytes);

/* io.c: before v runs. */
void io_vcpu_init(struct vcpu *v);

/* msr.c: false: #GP. */
bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value);
bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value);

#endif
