/* SPDX-License-Identifier: MIT */
/*
 * The processor as a guest is told of it: all leaves of CPUID, all MSRs that
 * can be read and what a write of the same value does, for a comparison of
 * hypervisors; and an instruction of each feature that is shown.
 *
 * "dump" on the command line prints all that; else only the features are tried.
 * With "xen" those of AVX are not: there QEMU 7.2 may forget that they are on.
 */
#include "smp.h"

enum { A, B, C, D };

static char memory[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static uint64_t r[4]; /* rax, rbx, rcx, rdx of try_insn() */

static unsigned int rdmsr(uint32_t msr, uint64_t *value)
{
    unsigned int fault;

    r[2] = msr;
    fault = try_insn(insn_rdmsr, r);
    *value = (uint32_t)r[0] | r[3] << 32;
    return fault;
}

static unsigned int wrmsr(uint32_t msr, uint64_t value)
{
    r[2] = msr;
    r[0] = (uint32_t)value;
    r[3] = value >> 32;
    return try_insn(insn_wrmsr, r);
}

/* ---- the dump ---- */

static void dump_leaf(uint32_t leaf, uint32_t sub, bool has_sub)
{
    uint32_t c[4];

    cpuid(leaf, sub, c);
    if ( has_sub && !(c[0] | c[1] | c[2] | c[3]) )
        return;
    say("cpuid %08x.%u: %08x %08x %08x %08x\n", leaf, sub, c[0], c[1], c[2],
        c[3]);
}

static void dump_range(uint32_t first, uint32_t at_most)
{
    uint32_t c[4], last;

    cpuid(first, 0, c);
    last = c[0] - first > at_most ? first + at_most : c[0];
    for ( uint32_t leaf = first; leaf <= last + 1; leaf++ )
    {
        dump_leaf(leaf, 0, false);
        for ( uint32_t sub = 1; sub < 64; sub++ )
            if ( leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd ||
                 leaf == 0x8000001d || leaf == 0x40000003 )
                dump_leaf(leaf, sub, true);
    }
}

static void dump_msr(uint32_t msr)
{
    uint64_t value;

    if ( rdmsr(msr, &value) == NO_FAULT )
        say("msr %08x: %016lx, the same written: %s\n", msr, value,
            wrmsr(msr, value) == NO_FAULT ? "fine" : "#GP");
}

static void dump(void)
{
    static const struct { uint32_t first, last; } ranges[] = {
        { 0, 0x7ff }, { 0xc00, 0xfff }, { 0x40000000, 0x400000ff },
        { 0xc0000080, 0xc00002ff }, { 0xc0010000, 0xc00103ff },
        { 0xc0011000, 0xc00110ff },
    };

    dump_range(0, 0x40);
    dump_range(0x40000000, 0x10);
    dump_range(0x40000100, 0x10);
    dump_range(0x80000000, 0x40);
    for ( unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++ )
        for ( uint32_t m = ranges[i].first; m <= ranges[i].last; m++ )
            dump_msr(m);
}

/* Where a guest wants that, CPUID in ring 3 is #GP; in ring 0 it is not. */
static void test_cpuid_faulting(void)
{
    enum { DB = 1, GP = 13 };
    uint64_t v;

    tap(rdmsr(MSR_PLATFORM_INFO, &v) == NO_FAULT &&
            v == PLATFORM_INFO_CPUID_FAULTING, "CPUID can be a fault");
    tap(wrmsr(MSR_PLATFORM_INFO, v) == GP &&
            wrmsr(MSR_MISC_FEATURES, 2) == GP, "what is reserved");
    tap(wrmsr(MSR_MISC_FEATURES, 1) == NO_FAULT &&
            rdmsr(MSR_MISC_FEATURES, &v) == NO_FAULT && v == 1 &&
            in_ring3(ring3_cpuid) == (1UL << 32 | GP), "then it is, in ring 3");
    tap(try_insn(insn_cpuid_step, r) == DB, "and not in ring 0");
    tap(wrmsr(MSR_MISC_FEATURES, 0) == NO_FAULT &&
            in_ring3(ring3_cpuid) == 0x566e6558, "no longer");
}

/* ---- features ---- */

#define TRY(name) try_##name(void)
void TRY(nothing), TRY(cr4), TRY(fpu), TRY(tsc), TRY(cx8), TRY(cmov), TRY(clflush);
void TRY(mmx), TRY(fxsr), TRY(sse), TRY(sse2), TRY(sse3), TRY(pclmul), TRY(ssse3);
void TRY(fma), TRY(cx16), TRY(sse41), TRY(sse42), TRY(movbe), TRY(popcnt), TRY(aes);
void TRY(avx), TRY(f16c), TRY(rdrand), TRY(fsgsbase), TRY(bmi1), TRY(avx2);
void TRY(bmi2), TRY(erms), TRY(invpcid), TRY(rdseed), TRY(adx), TRY(smap);
void TRY(clflushopt), TRY(clwb), TRY(sha), TRY(avx512f), TRY(avx512dq);
void TRY(avx512ifma), TRY(avx512cd), TRY(avx512bw), TRY(avx512vl), TRY(avx512vbmi);
void TRY(avx512vbmi2), TRY(gfni), TRY(vaes), TRY(vpclmul), TRY(avx512vnni);
void TRY(avx512bitalg), TRY(avx512vpopcnt), TRY(pku), TRY(rdpid), TRY(cldemote);
void TRY(movdiri), TRY(movdir64b), TRY(serialize), TRY(avx_vnni), TRY(avx512bf16);
void TRY(mmxext), TRY(rdtscp), TRY(3dnowext), TRY(3dnow), TRY(lahf);
void TRY(cr8_legacy), TRY(abm), TRY(sse4a), TRY(prefetchw), TRY(xop), TRY(fma4);
void TRY(tbm), TRY(xsaveopt), TRY(xsavec), TRY(xgetbv1), TRY(clzero), TRY(wbnoinvd);

/*
 * Features by word.  Each has the bits of CR4 and XCR0 that belong to it, an
 * instruction, or an MSR that is read.
 */
struct feature {
    uint8_t bit;
    const char *name;
    void (*insn)(void);
    uint64_t cr4;
    uint32_t states, msr;
};

#define AVX_STATE 0x6
#define AVX512_STATE 0xe6
#define PKU_STATE 0x200
#define AVX512(bit, name) { bit, #name, try_##name, 0, AVX512_STATE, 0 }
#define AVX(bit, name) { bit, #name, try_##name, 0, AVX_STATE, 0 }
#define PLAIN(bit, name) { bit, #name, try_##name, 0, 0, 0 }
#define BY_CR4(bit, name, cr4) { bit, name, try_nothing, cr4, 0, 0 }
#define BY_MSR(bit, name, msr) { bit, name, insn_rdmsr, 0, 0, msr }

static const struct feature f_1d[] = {
    PLAIN(0, fpu), BY_CR4(1, "vme", CR4_VME), BY_CR4(2, "de", CR4_DE),
    BY_CR4(3, "pse", CR4_PSE), PLAIN(4, tsc), BY_MSR(5, "msr", MSR_EFER),
    BY_CR4(7, "mce", CR4_MCE), PLAIN(8, cx8), BY_MSR(9, "apic", MSR_APIC_BASE),
    BY_MSR(11, "sep", MSR_SYSENTER_CS), BY_MSR(12, "mtrr", MSR_MTRR_CAP),
    BY_CR4(13, "pge", CR4_PGE), BY_MSR(14, "mca", 0x179), PLAIN(15, cmov),
    BY_MSR(16, "pat", MSR_PAT), PLAIN(19, clflush), PLAIN(23, mmx),
    PLAIN(24, fxsr), PLAIN(25, sse), PLAIN(26, sse2), { },
};
static const struct feature f_1c[] = {
    PLAIN(0, sse3), PLAIN(1, pclmul), PLAIN(9, ssse3), AVX(12, fma),
    PLAIN(13, cx16), BY_CR4(17, "pcid", CR4_PCIDE), PLAIN(19, sse41),
    PLAIN(20, sse42), PLAIN(22, movbe), PLAIN(23, popcnt), PLAIN(25, aes),
    { 26, "xsave", insn_xgetbv, CR4_OSXSAVE, 1, 0 }, AVX(28, avx),
    AVX(29, f16c), PLAIN(30, rdrand), { },
};
static const struct feature f_7b[] = {
    { 0, "fsgsbase", try_fsgsbase, CR4_FSGSBASE, 0, 0 },
    BY_MSR(1, "tsc_adjust", 0x3b), PLAIN(3, bmi1), AVX(5, avx2),
    BY_CR4(7, "smep", CR4_SMEP), PLAIN(8, bmi2), PLAIN(9, erms),
    PLAIN(10, invpcid), AVX512(16, avx512f), AVX512(17, avx512dq),
    PLAIN(18, rdseed), PLAIN(19, adx),
    { 20, "smap", try_smap, CR4_SMAP, 0, 0 }, AVX512(21, avx512ifma),
    PLAIN(23, clflushopt), PLAIN(24, clwb), AVX512(28, avx512cd),
    PLAIN(29, sha), AVX512(30, avx512bw), AVX512(31, avx512vl), { },
};
static const struct feature f_7c[] = {
    AVX512(1, avx512vbmi), BY_CR4(2, "umip", CR4_UMIP),
    { 3, "pku", try_pku, CR4_PKE, PKU_STATE, 0 }, AVX512(6, avx512vbmi2),
    PLAIN(8, gfni), AVX(9, vaes), AVX(10, vpclmul), AVX512(11, avx512vnni),
    AVX512(12, avx512bitalg), AVX512(14, avx512vpopcnt), PLAIN(22, rdpid),
    PLAIN(25, cldemote), PLAIN(27, movdiri), PLAIN(28, movdir64b), { },
};
static const struct feature f_7d[] = { PLAIN(14, serialize), { } };
static const struct feature f_71a[] = {
    AVX(4, avx_vnni), AVX512(5, avx512bf16), { },
};
static const struct feature f_e1d[] = {
    BY_MSR(11, "syscall", MSR_STAR), PLAIN(22, mmxext), PLAIN(27, rdtscp),
    PLAIN(30, 3dnowext), PLAIN(31, 3dnow), { },
};
static const struct feature f_e1c[] = {
    PLAIN(0, lahf), PLAIN(4, cr8_legacy), PLAIN(5, abm), PLAIN(6, sse4a),
    PLAIN(8, prefetchw), AVX(11, xop), AVX(16, fma4), PLAIN(21, tbm), { },
};
static const struct feature f_d1a[] = {
    PLAIN(0, xsaveopt), PLAIN(1, xsavec), PLAIN(2, xgetbv1), { },
};
static const struct feature f_e8b[] = {
    PLAIN(0, clzero), PLAIN(9, wbnoinvd), BY_MSR(14, "ibrs", 0x48),
    BY_MSR(15, "stibp", 0x48), BY_MSR(24, "ssbd", 0x48), { },
};
static const struct feature none[] = { { } };

/* In each word, what has no instruction of its own. */
static const struct {
    uint32_t leaf, sub, without;
    unsigned int reg;
    const struct feature *f;
} words[] = {
    /* PAE, which is on; 36-bit large pages; several logical processors */
    { 0x1, 0, 1U << 6 | 1U << 17 | 1U << 28, D, f_1d },
    /* x2APIC: the guest "machine"; OSXSAVE; a hypervisor; PDCM-like: none */
    { 0x1, 0, 1U << 21 | 1U << 27 | 1U << 31, C, f_1c },
    /* FDP only for exceptions; no FPU CS and DS */
    { 0x7, 0, 1U << 6 | 1U << 13, B, f_7b },
    { 0x7, 0, 1U << 4, C, f_7c }, /* OSPKE */
    /* fast short REP MOV; MD_CLEAR; nothing to do about several leaks */
    { 0x7, 0, 1U << 4 | 1U << 10, D, f_7d },
    { 0x7, 1, 7U << 10, A, f_71a }, /* fast REPs */
    { 0xd, 1, 0, A, f_d1a },
    /* those of 1.D again; NX, fast FXSAVE, 1 GiB pages, long mode */
    { 0x80000001, 0, 0x0183f3ff | 1U << 20 | 1U << 25 | 1U << 26 | 1U << 29,
      D, f_e1d },
    /* the legacy way to count cores; unaligned SSE; data breakpoints */
    { 0x80000001, 0, 1U << 1 | 1U << 7 | 1U << 22 | 1U << 26, C, f_e1c },
    { 0x80000007, 0, 1U << 8, D, none }, /* the TSC's rate is constant */
    /* what is restored by XRSTOR; IBPB is write-only; how speculation is */
    { 0x80000008, 0, 1U << 2 | 1U << 12 | 0x7e1f0000, B, f_e8b },
    { 0x80000021, 0, 0xffffffff, A, none }, /* how the processor behaves */
};

static uint32_t states(void)
{
    uint32_t c[4];

    cpuid(0xd, 0, c);
    return c[0];
}

static bool try_feature(const struct feature *f)
{
    unsigned int fault;

    if ( (f->states & states()) != f->states )
    {
        say("# %s: states %x of %x\n", f->name, f->states, states());
        return false;
    }
    if ( f->cr4 )
    {
        r[1] = f->cr4;
        fault = try_insn(try_cr4, r);
        if ( fault != NO_FAULT )
        {
            say("# %s: CR4: exception %u\n", f->name, fault);
            return false;
        }
    }
    r[0] = r[3] = 0;
    r[1] = ADDRESS(memory);
    r[2] = f->msr;
    fault = try_insn(f->insn, r);
    if ( fault != NO_FAULT )
        say("# %s: exception %u\n", f->name, fault);
    return fault == NO_FAULT;
}

static void states_on(void)
{
    uint32_t c[4];

    cpuid(1, 0, c);
    if ( !(c[2] & 1U << 26) )
        return;
    r[1] = CR4_OSXSAVE;
    try_insn(try_cr4, r);
    r[0] = states();
    r[2] = r[3] = 0;
    tap(try_insn(insn_xsetbv, r) == NO_FAULT, "all states are on");
    cpuid(0xd, 0, c);
    if ( !command_has("xen") )
        tap(c[1] == c[2], "and CPUID tells the size of all");
}

static void try_features(void)
{
    for ( unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++ )
    {
        uint32_t c[4], shown, left;

        cpuid(words[i].leaf & 0x80000000, 0, c);
        if ( c[0] < words[i].leaf )
            continue;
        cpuid(words[i].leaf, words[i].sub, c);
        shown = c[words[i].reg];
        left = shown & ~words[i].without;
        for ( const struct feature *f = words[i].f; f->name; f++ )
            if ( shown >> f->bit & 1 )
            {
                left &= ~(1U << f->bit);
                if ( !(f->states & AVX_STATE) || !command_has("xen") )
                    tap(try_feature(f), f->name);
            }
        if ( left )
            say("# leaf %x.%u: %08x\n", words[i].leaf, words[i].sub, left);
        tap(!left, "each feature of this word has been tried");
    }
}

/* As an instruction that is where no memory is. */
static void test_no_memory(void)
{
    enum { GP = 13 };
    void (*nowhere)(void) = (void (*)(void))0xe8000000;

    tap(try_insn(nowhere, r) == GP && try_rip == ADDRESS(nowhere),
        "execution where no memory is: #GP");
}

_Noreturn void guest_main(void)
{
    guest_init();
    smp_init();
    if ( !command_has("hosted") ) /* no MSR leaves the engine */
        test_cpuid_faulting();
    /* For SMEP and SMAP: no page is ring 3's. */
    *(uint64_t *)(void *)pml4 &= ~4UL;
    __asm__ volatile("mov %0, %%cr3" : : "r"(pml4) : "memory");
    if ( command_has("dump") )
        dump();
    states_on();
    if ( command_has("dump") )
    {
        dump_leaf(1, 0, false);
        dump_leaf(0xd, 1, false);
    }
    try_features();
    test_no_memory();
    tap_end();
    guest_shutdown(SHUTDOWN_poweroff);
}
