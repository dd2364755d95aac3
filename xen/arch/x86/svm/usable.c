/* SPDX-License-Identifier: MIT */
/*
 * Whether a processor can run guests: it needs SVM, enabled or not locked by
 * firmware, and nested paging.  Every other CPU needs all features of the boot
 * CPU, since a vcpu runs on any CPU.
 */
#include <hv/lib.h>

#include <x86/irq.h>
#include <x86/processor.h>

#include "usable.h"

#define CPUID_HYPERVISOR 0x40000000U
#define CPUID_SVM 0x8000000aU
#define VM_CR_LOCK (1UL << 3)
#define VM_CR_SVMDIS (1UL << 4)

/* VM_CR, without SVMDIS where firmware left that open; 0: has none. */
static uint64_t switch_on(void)
{
    uint64_t value;

    if ( !rdmsr_safe(MSR_VM_CR, &value) )
        return 0;
    if ( (value & (VM_CR_SVMDIS | VM_CR_LOCK)) == VM_CR_SVMDIS &&
         wrmsr_safe(MSR_VM_CR, value & ~VM_CR_SVMDIS) )
        rdmsr_safe(MSR_VM_CR, &value);
    return value;
}

/* "TCGTCGTCGTCG": QEMU, when it emulates the processor. */
static bool is_emulated_by_qemu(void)
{
    uint32_t a, b, c, d;

    cpuid(CPUID_HYPERVISOR, 0, &a, &b, &c, &d);
    return b == 0x54474354 && c == 0x43544743 && d == 0x47435447;
}

void svm_look(struct svm_found *f)
{
    uint32_t max, a, b, c, d;

    *f = (struct svm_found){ .there = false };
    cpuid(0x80000000, 0, &max, &b, &c, &d);
    if ( max < CPUID_SVM )
        return;
    cpuid(0x80000001, 0, &a, &b, &c, &d);
    f->rdtscp = d & CPUID_E1D_RDTSCP;
    f->there = c & CPUID_E1C_SVM;
    if ( !f->there )
        return;
    f->vm_cr = switch_on();
    cpuid(CPUID_SVM, 0, &a, &f->nr_asids, &c, &f->features);
    f->qemu = is_emulated_by_qemu();
}

const char *svm_unusable(const struct svm_found *f, const struct svm_found *boot)
{
    if ( !f->there )
        return "it does not have SVM";
    if ( f->vm_cr & VM_CR_SVMDIS )
        return f->vm_cr & VM_CR_LOCK
                   ? "firmware switched SVM off, and locked that: see its setup"
                   : "SVM is off, and stays off";
    if ( !(f->features & CPUID_SVM_NPT) || f->nr_asids < 2 )
        return "it has SVM without nested paging";
    if ( boot && (f->nr_asids < boot->nr_asids ||
                  (boot->features & ~f->features & CPUID_SVM_USED) ||
                  (boot->rdtscp && !f->rdtscp)) )
        return "it has less of SVM than CPU 0";
    return NULL;
}
