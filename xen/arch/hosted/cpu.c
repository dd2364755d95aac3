/* SPDX-License-Identifier: MIT */
/*
 * The processor that hosted guests see: the same on every host, with only the
 * features that the engine executes.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hosted.h>

#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/timer.h>

#define VENDOR_B 0x68747541 /* AuthenticAMD: hypercalls by vmmcall */
#define VENDOR_C 0x444d4163
#define VENDOR_D 0x69746e65

static const char brand[48] = "Oriel hosted processor";

static const xen_cpuid_leaf_t leaves[] = {
    { 0x0, 0, 0x7, VENDOR_B, VENDOR_C, VENDOR_D },
    /* SSE3 to SSE4.2, CX16, AES */
    { 0x1, 0, 0x00800f12, 0x00000800, 0x02182201, 0x178bfbff },
    { 0x7, 0, 0, 0x00180388, 0, 0 }, /* BMI, SMEP, SMAP, ERMS, ADX */
    { 0x80000000, 0, 0x80000008, VENDOR_B, VENDOR_C, VENDOR_D },
    { 0x80000001, 0, 0x00800f12, 0, 0x00000121, 0x2d93fbff },
    { 0x80000007, 0, 0, 0, 0, 0x00000100 },
    { 0x80000008, 0, 0x00003030, 0, 0, 0 },
};

void arch_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *out)
{
    memset(out, 0, sizeof(*out));
    if ( leaf >= 0x80000002 && leaf <= 0x80000004 )
        memcpy(out, brand + (leaf - 0x80000002) * sizeof(*out), sizeof(*out));
    for ( unsigned int i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++ )
        if ( leaves[i].leaf == leaf &&
             (leaf != 0x7 || leaves[i].subleaf == subleaf) )
            *out = (struct cpuid_regs){ leaves[i].a, leaves[i].b, leaves[i].c,
                                        leaves[i].d };
}

/* The engine does not report WRMSR: no guest can ask for it. */
bool arch_cpuid_faulting(void)
{
    return false;
}

void arch_cpu_ids(unsigned int cpu, uint32_t *apic_id, uint32_t *acpi_id)
{
    *apic_id = *acpi_id = cpu;
}

uint32_t arch_apic_id(const struct vcpu *v)
{
    return v->vcpu_id * 2; /* as toolstacks expect */
}

/* The time stamp counter that guests read. */
static uint64_t read_tsc(void)
{
#ifdef __x86_64__
    return __builtin_ia32_rdtsc();
#else
    return arch_now_ns();
#endif
}

/* The host's clock, also when a test has a fake one. */
static uint64_t read_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000UL + (uint64_t)ts.tv_nsec;
}

/* An error of 1/10000 at most: guests get the time again each second. */
static uint32_t measure_khz(void)
{
    const struct timespec some = { .tv_nsec = 5000000 };
    uint64_t tsc = read_tsc(), ns = read_clock();

    nanosleep(&some, NULL);
    ns = read_clock() - ns;
    tsc = read_tsc() - tsc;
    return (uint32_t)(tsc * 1000000 / ns);
}

void arch_vcpu_clock(const struct vcpu *v, struct vcpu_clock *clock)
{
    if ( hosted_hooks.vcpu_clock )
    {
        hosted_hooks.vcpu_clock(v, clock);
        return;
    }
    clock->tsc = read_tsc();
    clock->now = arch_now_ns();
    clock->stable = false; /* the host adjusts its clock, not its TSC */
}

void arch_cpu_info(struct cpu_info *info)
{
    static uint32_t khz;
    uint32_t known = __atomic_load_n(&khz, __ATOMIC_RELAXED);
    long nr = sysconf(_SC_NPROCESSORS_ONLN);

    if ( !known )
    {
        known = measure_khz();
        __atomic_store_n(&khz, known, __ATOMIC_RELAXED);
    }
    info->nr_cpus = nr > 0 ? (unsigned int)nr : 1;
    info->khz = known;
}
