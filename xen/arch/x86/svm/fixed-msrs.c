/* SPDX-License-Identifier: MIT */
/*
 * MSRs that only AMD's processors have, as guests see them: with fixed values.
 * Data for hvm/msr.c.
 */
#include <hv/lib.h>

#include "svm.h"

#define DROP(why) MSR_DROPPED, why

static const struct hvm_fixed_msr amd_msrs[] = {
    /* performance counters */
    { 0xc0010000, 0xc0010007, 0,
      DROP("kernels look whether they keep a value") },
    { MSR_SYSCFG, MSR_SYSCFG, 0,
      DROP("kernels set what concerns memory types") },
    /* the TSC runs at P0 */
    { MSR_HWCR, MSR_HWCR, 0x1000000,
      DROP("kernels set what concerns machine checks") },
    { MSR_NB_CFG, MSR_NB_CFG, 0, DROP("kernels set what concerns PCI") },
    /* C1E by message: never */
    { MSR_INTERRUPT_PENDING, MSR_INTERRUPT_PENDING, 0, MSR_REFUSED, NULL },
    { MSR_TOP_MEM, MSR_TOP_MEM, 0, MSR_SAME, "top of memory is not told" },
    { MSR_TOP_MEM2, MSR_TOP_MEM2, 0, MSR_SAME, "as TOP_MEM" },
    { MSR_VM_CR, MSR_VM_CR, 0, DROP("read-only as a whole") },
    /* performance counters */
    { 0xc0010200, 0xc001020b, 0, DROP("as 0xc0010000") },
    { 0xc0011023, 0xc0011023, 0, MSR_SAME, "chicken bits: none is set" },
    { 0xc001102a, 0xc001102a, 0, MSR_SAME, "as 0xc0011023" },
    { 0xc001102c, 0xc001102c, 0, MSR_SAME, "as 0xc0011023" },
};

const struct hvm_fixed_msrs svm_fixed_msrs = {
    ARRAY_SIZE(amd_msrs), amd_msrs,
};
