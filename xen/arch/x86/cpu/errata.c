/* SPDX-License-Identifier: MIT */
/*
 * Bits of MSRs that mend a processor's faults, or make LFENCE wait for all
 * before it: set on each CPU where they exist.  Guests read them as they are,
 * and need not, and cannot, set them.
 */
#include <hv/lib.h>

#include <x86/errata.h>
#include <x86/irq.h>
#include <x86/processor.h>

static const struct erratum {
    uint8_t family, first_model, last_model;
    uint32_t msr;
    uint64_t bits;
} errata[] = {
    { 0x10, 0x00, 0xff, MSR_DE_CFG, 1UL << 0 },  /* 721: stack pointer     */
    { 0x12, 0x00, 0xff, MSR_DE_CFG, 1UL << 0 | 1UL << 31 }, /* 665: DIV    */
    { 0x16, 0x00, 0x0f, MSR_LS_CFG, 1UL << 15 }, /* 793: locked and WC     */
    { 0x17, 0x30, 0x4f, MSR_DE_CFG, 1UL << 9 },  /* vector registers leak  */
    { 0x17, 0x60, 0x7f, MSR_DE_CFG, 1UL << 9 },
    { 0x17, 0x90, 0x91, MSR_DE_CFG, 1UL << 9 },
    { 0x17, 0xa0, 0xaf, MSR_DE_CFG, 1UL << 9 },
    { 0x17, 0x30, 0xff, MSR_BP_CFG_2, 1UL << 1 }, /* false branches        */
    /* LFENCE; families 0xf and 0x11 do not have the MSR, nor need it. */
    { 0x10, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 },
    { 0x12, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 },
    { 0x14, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 },
    { 0x15, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 },
    { 0x16, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 },
    { 0x17, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 },
    { 0x18, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 }, /* Hygon */
    { 0x19, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 },
    { 0x1a, 0x00, 0xff, MSR_DE_CFG, 1UL << 1 },
};

/* What all CPUs have of a row's bits; a CPU without the MSR has none. */
static uint64_t have[ARRAY_SIZE(errata)];
static bool counted;

static bool applies(const struct erratum *e, uint32_t signature)
{
    unsigned int family = signature >> 8 & 0xf, model = signature >> 4 & 0xf;

    if ( family == 0xf )
    {
        family += signature >> 20 & 0xff;
        model |= signature >> 12 & 0xf0;
    }
    return e->family == family && e->first_model <= model &&
           e->last_model >= model;
}

void errata_cpu_up(uint32_t signature)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(errata); i++ )
    {
        const struct erratum *e = &errata[i];
        uint64_t value = 0;

        if ( applies(e, signature) && rdmsr_safe(e->msr, &value) &&
             (value & e->bits) != e->bits )
        {
            wrmsr_safe(e->msr, value | e->bits);
            rdmsr_safe(e->msr, &value);
        }
        value &= applies(e, signature) ? e->bits : 0;
        have[i] = counted ? have[i] & value : value;
    }
    counted = true;
}

bool errata_rdmsr(uint32_t msr, uint64_t *value)
{
    bool found = false;

    *value = 0;
    for ( unsigned int i = 0; i < ARRAY_SIZE(errata); i++ )
        if ( errata[i].msr == msr && (have[i] || msr == MSR_DE_CFG) )
        {
            found = true;
            *value |= have[i];
        }
    return found;
}
