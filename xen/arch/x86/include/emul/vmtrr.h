/* SPDX-License-Identifier: MIT */
/*
 * The memory type range registers of one vcpu.  They are kept for the guest and
 * have no effect: all guest memory is write-back.
 */
#ifndef EMUL_VMTRR_H
#define EMUL_VMTRR_H

#include <hv/types.h>

struct hvm_hw_mtrr;

#define VMTRR_VARIABLE 16 /* base and mask of eight ranges */
#define VMTRR_FIXED 11

struct vmtrr {
    uint64_t variable[VMTRR_VARIABLE];
    uint64_t fixed[VMTRR_FIXED];
    uint64_t default_type;
};

/* reset: as after power-on, all off; otherwise on, and all write-back. */
void vmtrr_init(struct vmtrr *m, bool reset);

/* MTRRcap, the ranges, the default type; false: msr is none of these. */
bool vmtrr_is(uint32_t msr);
uint64_t vmtrr_read(const struct vmtrr *m, uint32_t msr);
/*
 * False: #GP, since msr is read-only or value has reserved bits or types.
 * physical: the bits of a physical address of this vcpu, as physical_bits().
 */
bool vmtrr_write(struct vmtrr *m, uint32_t msr, uint64_t value,
                 uint64_t physical);

/* All but the PAT.  vmtrr_load(): -EINVAL, and nothing has changed. */
void vmtrr_save(const struct vmtrr *m, struct hvm_hw_mtrr *hw);
int vmtrr_load(struct vmtrr *m, const struct hvm_hw_mtrr *hw,
               uint64_t physical);

#endif
