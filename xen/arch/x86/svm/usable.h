/* SPDX-License-Identifier: MIT */
/* svm/usable.c: may this processor run guests? */
#ifndef SVM_USABLE_H
#define SVM_USABLE_H

#include <hv/types.h>

/* 0x8000000a, EDX */
#define CPUID_SVM_NPT (1U << 0)
#define CPUID_SVM_NRIPS (1U << 3)
#define CPUID_SVM_CLEAN (1U << 5)
#define CPUID_SVM_FLUSH_ASID (1U << 6)
#define CPUID_SVM_USED (CPUID_SVM_NPT | CPUID_SVM_NRIPS | CPUID_SVM_FLUSH_ASID)

struct svm_found {
    bool there, rdtscp, qemu;
    uint32_t features, nr_asids; /* CPUID 0x8000000a: EDX, EBX */
    uint64_t vm_cr;              /* 0: has none */
};

/* What this CPU has; SVMDIS is cleared where that is not locked. */
void svm_look(struct svm_found *f);
/*
 * NULL: it is usable; or why not.  boot: what the boot CPU has, of which any
 * other CPU must have all; NULL for the boot CPU itself.
 */
const char *svm_unusable(const struct svm_found *f,
                         const struct svm_found *boot);

#endif
