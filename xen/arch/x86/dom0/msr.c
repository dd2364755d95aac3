/* SPDX-License-Identifier: MIT */
/*
 * MSRs by which firmware describes memory to an operating system, readable for
 * dom0, which has the machine's memory: the MTRRs, and on AMD's processors
 * TOP_MEM, TOP_MEM2 and the part of SYSCFG that gives RAM above 4 GiB its type.
 * A kernel that sees the MTRRs alone takes RAM above 4 GiB for uncached, and
 * does not use it.
 */
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/dom0.h>
#include <x86/irq.h>
#include <x86/processor.h>

#define SYSCFG_FIX_DRAM (1UL << 18) /* fixed MTRRs tell RAM from devices */
#define SYSCFG_VAR_DRAM (1UL << 20) /* so does TOP_MEM                    */
#define SYSCFG_TOM2 (1UL << 21)     /* TOP_MEM2 is on                     */
#define SYSCFG_TOM2_WB (1UL << 22)  /* RAM below it: write-back           */
/* SYSCFG's other bits (encryption, nested tables) read as 0. */
#define SYSCFG_SHOWN (SYSCFG_FIX_DRAM | SYSCFG_VAR_DRAM | SYSCFG_TOM2 |      \
                      SYSCFG_TOM2_WB)

/* Values of the machine, read at boot; all CPUs have the same. */
static struct {
    uint32_t msr;
    bool there;
    uint64_t mask, value;
} amd[] = {
    { MSR_SYSCFG, false, SYSCFG_SHOWN, 0 },
    { MSR_TOP_MEM, false, ~0UL, 0 },
    { MSR_TOP_MEM2, false, ~0UL, 0 },
    { MSR_IORR_FIRST, false, ~0UL, 0 },
    { MSR_IORR_FIRST + 1, false, ~0UL, 0 },
    { MSR_IORR_FIRST + 2, false, ~0UL, 0 },
    { MSR_IORR_FIRST + 3, false, ~0UL, 0 },
    { MSR_SMM_ADDR, false, ~0UL, 0 },
    { MSR_SMM_MASK, false, ~0UL, 0 },
};

/*
 * For tests: emulated processors lack these MSRs.  A debug build sets the values
 * that firmware of AMD machines leaves, for 2 GiB of RAM below 4 GiB.
 */
static void set_as_amd_firmware(void)
{
#ifdef DEBUG
    char value[32];

    if ( !option_get("amd-mtrrs", value, sizeof(value)) )
        return;
    amd[0].value = SYSCFG_SHOWN;
    amd[1].value = 2UL << 30;
    amd[2].value = memory_end();
    wrmsr(MSR_MTRR_FIRST, 6);                 /* from 0: write-back */
    wrmsr(MSR_MTRR_FIRST + 1, ((1UL << 40) - (2UL << 30)) | 1 << 11);
    for ( uint32_t msr = MSR_MTRR_FIRST + 2; msr < MSR_MTRR_FIRST + 16; msr++ )
        wrmsr(msr, 0);
    wrmsr(MSR_MTRR_DEFAULT, 0xc00);           /* all others: uncached */
    printk(XENLOG_INFO, "MTRRs are set as AMD firmware does\n");
#endif
}

void dom0_msrs_init(void)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(amd); i++ )
        amd[i].there = rdmsr_safe(amd[i].msr, &amd[i].value);
    set_as_amd_firmware();
}

/* Also where the processor answers for MTRRs that it does not have. */
static bool is_mtrr(uint32_t msr)
{
    uint64_t cap;

    if ( msr == MSR_MTRR_CAP || msr == MSR_MTRR_DEFAULT )
        return true;
    if ( msr < MSR_MTRR_FIRST || msr >= MSR_MTRR_FIX4K + 8 ||
         !rdmsr_safe(MSR_MTRR_CAP, &cap) )
        return false;
    return msr < MSR_MTRR_FIRST + 2 * (cap & MTRR_CAP_NR) ||
           ((cap & MTRR_CAP_FIXED) &&
            (msr == MSR_MTRR_FIX64K || msr == MSR_MTRR_FIX16K ||
             msr == MSR_MTRR_FIX16K + 1 || msr >= MSR_MTRR_FIX4K));
}

bool dom0_rdmsr(uint32_t msr, uint64_t *value)
{
    if ( is_mtrr(msr) )
        return rdmsr_safe(msr, value);
    for ( unsigned int i = 0; i < ARRAY_SIZE(amd); i++ )
        if ( amd[i].msr == msr && amd[i].there )
        {
            *value = amd[i].value & amd[i].mask;
            return true;
        }
    return false;
}
