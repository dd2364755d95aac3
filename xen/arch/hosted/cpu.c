/* SPDX-License-Identifier: MIT */
/*
 * The processor that hosted guests see: always the same, whatever the host
 * is, and no more than the engine executes.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <hv/cpu-policy.h>

#define VENDOR_B 0x68747541 /* AuthenticAMD: hypercalls by vmmcall */
#define VENDOR_C 0x444d4163
#define VENDOR_D 0x69746e65

static const char brand[48] = "Oriel hosted processor";

static const xen_cpuid_leaf_t leaves[] = {
    { 0x0, 0, 0x7, VENDOR_B, VENDOR_C, VENDOR_D },
    /* SSE3 to SSE4.2, PCLMULQDQ, CX16, MOVBE, POPCNT, AES */
    { 0x1, 0, 0x00800f12, 0x00000800, 0x02d82203, 0x178bfbff },
    { 0x7, 0, 0, 0x00180389, 0, 0 }, /* BMI, SMEP, SMAP, ERMS, ADX */
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

/* What the kernel prints, in kHz; 1 GHz when it prints nothing. */
static uint32_t read_khz(void)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];
    double mhz = 0;

    while ( f && !mhz && fgets(line, sizeof(line), f) )
        if ( sscanf(line, "cpu MHz : %lf", &mhz) != 1 )
            mhz = 0;
    if ( f )
        fclose(f);
    return mhz ? (uint32_t)(mhz * 1000) : 1000000;
}

void arch_cpu_info(struct cpu_info *info)
{
    static uint32_t khz;
    uint32_t known = __atomic_load_n(&khz, __ATOMIC_RELAXED);
    long nr = sysconf(_SC_NPROCESSORS_ONLN);

    if ( !known )
    {
        known = read_khz();
        __atomic_store_n(&khz, known, __ATOMIC_RELAXED);
    }
    info->nr_cpus = nr > 0 ? (unsigned int)nr : 1;
    info->khz = known;
}
