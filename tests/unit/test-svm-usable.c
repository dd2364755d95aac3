/* SPDX-License-Identifier: MIT */
/*
 * svm/usable.c on processors whose firmware switched SVM off, with or without
 * a lock, and on those that have less than the boot CPU.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <x86/processor.h>

static void test_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *a,
                       uint32_t *b, uint32_t *c, uint32_t *d);
#define cpuid test_cpuid

#include "../../xen/arch/x86/svm/usable.c"

#define ALL (CPUID_SVM_USED | CPUID_SVM_CLEAN)

static struct {
    uint32_t max, features, nr_asids;
    bool svm, rdtscp, has_vm_cr, keeps;
    const char *hypervisor; /* in CPUID: 12 letters */
    uint64_t vm_cr;
} machine;

static void test_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *a,
                       uint32_t *b, uint32_t *c, uint32_t *d)
{
    (void)subleaf;
    *a = *b = *c = *d = 0;
    if ( leaf == 0x80000000 )
        *a = machine.max;
    else if ( leaf == 0x80000001 )
    {
        *c = machine.svm ? CPUID_E1C_SVM : 0;
        *d = machine.rdtscp ? CPUID_E1D_RDTSCP : 0;
    }
    else if ( leaf == CPUID_HYPERVISOR && machine.hypervisor )
    {
        memcpy(b, machine.hypervisor, 4);
        memcpy(c, machine.hypervisor + 4, 4);
        memcpy(d, machine.hypervisor + 8, 4);
    }
    else if ( leaf != CPUID_HYPERVISOR )
    {
        assert_int_equal(leaf, CPUID_SVM);
        *b = machine.nr_asids;
        *d = machine.features;
    }
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    assert_int_equal(msr, MSR_VM_CR);
    *value = machine.vm_cr;
    return machine.has_vm_cr;
}

bool wrmsr_safe(uint32_t msr, uint64_t value)
{
    assert_int_equal(msr, MSR_VM_CR);
    assert_false(machine.vm_cr & VM_CR_LOCK);
    if ( !machine.keeps )
        machine.vm_cr = value;
    return true;
}

static int setup(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof(machine));
    machine.max = CPUID_SVM;
    machine.features = ALL;
    machine.nr_asids = 64;
    machine.svm = machine.rdtscp = machine.has_vm_cr = true;
    return 0;
}

static const char *why_not(const struct svm_found *boot)
{
    struct svm_found f;

    svm_look(&f);
    return svm_unusable(&f, boot);
}

static void refused(const struct svm_found *boot, const char *why)
{
    const char *said = why_not(boot);

    assert_non_null(said);
    assert_non_null(strstr(said, why));
}

static void test_firmware_left_it_on(void **state)
{
    (void)state;
    assert_null(why_not(NULL));
    machine.vm_cr = VM_CR_LOCK; /* on, and locked */
    assert_null(why_not(NULL));
    machine.has_vm_cr = false;
    assert_null(why_not(NULL));
}

static void test_off_and_not_locked_is_switched_on(void **state)
{
    (void)state;
    machine.vm_cr = VM_CR_SVMDIS | 1;
    assert_null(why_not(NULL));
    assert_int_equal(machine.vm_cr, 1);
    machine.vm_cr = VM_CR_SVMDIS;
    machine.keeps = true;
    refused(NULL, "stays off");
}

static void test_off_and_locked_is_refused(void **state)
{
    (void)state;
    machine.vm_cr = VM_CR_SVMDIS | VM_CR_LOCK;
    refused(NULL, "locked");
    assert_int_equal(machine.vm_cr, VM_CR_SVMDIS | VM_CR_LOCK);
}

static void test_not_there(void **state)
{
    (void)state;
    machine.features &= ~CPUID_SVM_NPT;
    refused(NULL, "nested");
    machine.svm = false;
    refused(NULL, "not have");
    machine.svm = true;
    machine.max = 0x80000008;
    refused(NULL, "not have");
}

static void test_emulated_by_qemu(void **state)
{
    static const char *const others[] = { NULL, "KVMKVMKVM\0\0", "TCGTCGTCGTCX",
                                          "TCGTCXTCGTCG", "XCGTCGTCGTCG" };
    struct svm_found f;

    (void)state;
    for ( unsigned int i = 0; i < 5; i++ )
    {
        machine.hypervisor = others[i];
        svm_look(&f);
        assert_false(f.qemu);
    }
    machine.hypervisor = "TCGTCGTCGTCG";
    svm_look(&f);
    assert_true(f.qemu);
}

/* Any other CPU has what guests were promised, or it stays off. */
static void test_less_than_the_boot_cpu(void **state)
{
    struct svm_found boot;

    (void)state;
    svm_look(&boot);
    assert_null(why_not(&boot));
    machine.nr_asids++;
    machine.features &= ~CPUID_SVM_CLEAN; /* a promise to the processor */
    assert_null(why_not(&boot));
    machine.nr_asids = 63;
    refused(&boot, "less");
    setup(NULL);
    machine.features &= ~CPUID_SVM_NRIPS;
    refused(&boot, "less");
    setup(NULL);
    machine.rdtscp = false;
    refused(&boot, "less");
    setup(NULL);
    machine.vm_cr = VM_CR_SVMDIS | VM_CR_LOCK;
    refused(&boot, "locked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup(f, setup)
        T(test_firmware_left_it_on),
        T(test_off_and_not_locked_is_switched_on),
        T(test_off_and_locked_is_refused),
        T(test_not_there),
        T(test_less_than_the_boot_cpu),
        T(test_emulated_by_qemu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
