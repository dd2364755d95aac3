/* SPDX-License-Identifier: MIT */
/*
 * A part of the guest "machine": control and debug registers, bits that a
 * hypervisor sets in page tables, single steps on devices, NMIs.
 */
#include "smp.h"

#include <xen/version.h>

enum { DB = 1, NMI = 2, UD = 6, GP = 13 };

static uint64_t r[4]; /* rax, rbx, rcx, rdx of try_insn() */

static unsigned int with(void (*insn)(void), uint64_t value)
{
    r[0] = value;
    return try_insn(insn, r);
}

#define CR(n)                                                                \
    static uint64_t cr##n(void)                                              \
    {                                                                        \
        uint64_t v;                                                          \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));                    \
        return v;                                                            \
    }
CR(0)
CR(3)
CR(4)

/* ---- control registers ---- */

/* What CPUID says that CR4 may have. */
static uint64_t cr4_offered(void)
{
    static const struct {
        uint8_t leaf, reg, bit, cr4;
    } features[] = {
        { 1, 3, 1, 0 },   { 1, 3, 1, 1 },   { 1, 3, 4, 2 },   { 1, 3, 2, 3 },
        { 1, 3, 3, 4 },   { 1, 3, 6, 5 },   { 1, 3, 7, 6 },   { 1, 3, 13, 7 },
        { 1, 3, 24, 9 },  { 1, 3, 25, 10 }, { 7, 2, 2, 11 },  { 7, 2, 16, 12 },
        { 7, 1, 0, 16 },  { 1, 2, 17, 17 }, { 1, 2, 26, 18 }, { 7, 1, 7, 20 },
        { 7, 1, 20, 21 }, { 7, 2, 3, 22 },  { 7, 2, 7, 23 },
    };
    uint64_t bits = 1 << 8;
    uint32_t c[4];

    for ( unsigned int i = 0; i < sizeof(features) / sizeof(*features); i++ )
    {
        cpuid(features[i].leaf, 0, c);
        if ( c[features[i].reg] >> features[i].bit & 1 )
            bits |= 1UL << features[i].cr4;
    }
    return bits;
}

static void test_cr4(void)
{
    uint64_t old = cr4(), offered = cr4_offered();
    bool refused = true;

    for ( unsigned int bit = 0; bit < 64; bit++ )
        if ( !(offered >> bit & 1) &&
             (with(insn_cr4, old | 1UL << bit) != GP || cr4() != old) )
        {
            say("# CR4 bit %u\n", bit);
            refused = false;
        }
    tap(refused, "CR4: what CPUID does not show is #GP");
    tap(with(insn_cr4, old & ~CR4_PAE) == GP && cr4() == old,
        "CR4: PAE stays in long mode");
    tap(with(insn_cr4, old ^ CR4_PGE) == NO_FAULT &&
            cr4() == (old ^ CR4_PGE) && with(insn_cr4, old) == NO_FAULT &&
            cr4() == old, "CR4: PGE there and back");
}

static uint16_t status_word;

static void test_cr0(void)
{
    uint64_t old = cr0();

    tap(with(insn_cr0, old & ~1UL) == GP, "CR0: paging without protection");
    tap(with(insn_cr0, old | 1UL << 32) == GP, "CR0: upper half");
    tap(with(insn_cr0, old & ~CR0_PG) == GP && cr0() == old,
        "CR0: no paging in 64-bit mode");
    tap(with(insn_cr0, old ^ CR0_WP) == NO_FAULT && cr0() == (old ^ CR0_WP) &&
            with(insn_cr0, old) == NO_FAULT, "CR0: WP there and back");
    tap(with(insn_lmsw, old | CR0_TS) == NO_FAULT && cr0() == (old | CR0_TS) &&
            try_insn(insn_clts, r) == NO_FAULT && cr0() == old,
        "LMSW sets TS, CLTS clears it");
    r[1] = ADDRESS(&status_word);
    status_word = (uint16_t)((old & ~1UL) | 4);
    tap(try_insn(insn_lmsw_memory, r) == NO_FAULT && cr0() == (old | 4) &&
            with(insn_lmsw, old) == NO_FAULT && cr0() == old,
        "LMSW from memory sets EM, and does not clear PE");
}

/* On Xen these reach QEMU 7.2 itself, which does not know #GP for them. */
static void test_upper_halves(void)
{
    uint64_t dr7;

    tap(with(insn_cr0, cr0() | CR0_NW) == GP, "CR0: NW without CD");
    tap(with(insn_cr3, cr3() | 1UL << 60) == GP, "CR3: reserved bits");
    tap(with(insn_dr6, 1UL << 32) == GP && with(insn_dr7, 1UL << 63) == GP,
        "DR6, DR7: upper halves");
    tap(with(insn_dr7, 0x3) == NO_FAULT, "DR7 written");
    __asm__ volatile("mov %%db7, %0" : "=r"(dr7));
    tap(dr7 == 0x403 && with(insn_dr7, 0x400) == NO_FAULT, "DR7 read");
}

/* ---- accessed and dirty bits ---- */

#define ACCESSED 0x20UL
#define DIRTY 0x40UL
#define WINDOW (1UL << 39) /* the second entry of the top table */

static uint64_t t3[512] __attribute__((aligned(PAGE_SIZE)));
static uint64_t t2[512] __attribute__((aligned(PAGE_SIZE)));
static volatile uint64_t t1[512] __attribute__((aligned(PAGE_SIZE)));
static char data[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static long write_by_hypercall(void)
{
    return hypercall5(__HYPERVISOR_xen_version, XENVER_extraversion, WINDOW, 0,
                      0, 0);
}

static void test_dirty(void)
{
    uint64_t *top = (uint64_t *)(void *)pml4;

    t1[0] = ADDRESS(data) | 3;
    t2[0] = ADDRESS(t1) | 3;
    t3[0] = ADDRESS(t2) | 3;
    *(volatile uint64_t *)&top[1] = ADDRESS(t3) | 3;
    *(uint16_t *)(void *)data = DOMID_SELF;
    tap(hypercall5(__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, WINDOW, 0, 0,
                   0) > 0 && (t1[0] & (ACCESSED | DIRTY)) == ACCESSED &&
            (t2[0] & ACCESSED) && (t3[0] & ACCESSED) && (top[1] & ACCESSED),
        "a hypercall that reads sets accessed bits");
    tap(!write_by_hypercall() && (t1[0] & DIRTY) && data[0] == '.',
        "one that writes sets the dirty bit");
    t1[0] &= ~(ACCESSED | DIRTY);
    tap(!write_by_hypercall() && (t1[0] & (ACCESSED | DIRTY)) ==
            (ACCESSED | DIRTY), "and again when the guest has cleared it");
    *(volatile uint64_t *)&top[1] = 0;
    __asm__ volatile("mov %0, %%cr3" : : "r"(cr3()) : "memory");
}

/* ---- single steps ---- */

static volatile unsigned int steps_at, steps_behind;
static uint64_t step_insn, step_behind;

__attribute__((interrupt)) static void on_step(struct trap_frame *f)
{
    steps_at += f->rip == step_insn;
    if ( f->rip == step_behind )
    {
        steps_behind++;
        f->rflags &= ~0x100UL;
    }
}

static char buffer[16];

/* Four elements: a trap after each. */
static void step(void (*insn)(void), void *at, void *behind, const char *what)
{
    steps_at = steps_behind = 0;
    step_insn = ADDRESS(at);
    step_behind = ADDRESS(behind);
    r[1] = ADDRESS(buffer);
    tap(try_insn(insn, r) == NO_FAULT && steps_at == 3 && steps_behind == 1,
        what);
}

static void test_steps(void)
{
    set_vector(DB, on_step);
    step(insn_step_memory, insn_step_memory_at, insn_step_memory_behind,
         "REP MOVS from a device, in single steps");
    step(insn_step_port, insn_step_port_at, insn_step_port_behind,
         "REP OUTS, in single steps");
    step(insn_step_ram, insn_step_ram_at, insn_step_ram_behind,
         "REP MOVS in memory, in single steps");
}

/* ---- NMIs ---- */

static volatile unsigned int nr_nmis, depth, deepest, more;
static volatile uint64_t nmi_rip[4];

__attribute__((interrupt)) static void on_nmi(struct trap_frame *f)
{
    depth++;
    if ( depth > deepest )
        deepest = depth;
    if ( nr_nmis < 4 )
        nmi_rip[nr_nmis] = f->rip;
    nr_nmis++;
    for ( ; more; more-- )
        apic_write(APIC_ICR, ICR_NMI);
    depth--;
}

static void test_nmis(void)
{
    set_vector(NMI, on_nmi);
    interrupts_off();
    apic_write(APIC_ICR_HIGH, 0);
    more = 3;
    apic_write(APIC_ICR, ICR_NMI);
    tap(WAIT_FOR(nr_nmis >= 2) && nr_nmis == 2 && deepest == 1,
        "NMIs in an NMI's handler: one more");
    /* Xen's window needs IF set. */
    if ( !command_has("xen") )
        tap(nmi_rip[0] == nmi_rip[1],
            "behind its IRET, interrupts being off");
    nr_nmis = 0;
    r[1] = APIC + APIC_ICR;
    r[0] = ICR_NMI;
    tap(try_insn(insn_nmi_sti, r) == NO_FAULT && nr_nmis == 1 &&
            nmi_rip[0] == ADDRESS(insn_nmi_sti_behind),
        "an NMI in the shadow of STI comes behind it");
    r[0] = ICR_NMI;
    tap(try_insn(insn_nmi_ss, r) == NO_FAULT && nr_nmis == 2 &&
            nmi_rip[1] == ADDRESS(insn_nmi_ss_behind),
        "an NMI in the shadow of MOV to SS comes behind it");
    interrupts_on();
}

/* Xen takes what is written there, and drops it. */
static void test_lfence(void)
{
    r[2] = 0xc0011029;
    tap(try_insn(insn_rdmsr, r) == NO_FAULT, "DE_CFG is read");
    tap(try_insn(insn_wrmsr, r) == NO_FAULT, "and written as it is");
    if ( command_has("xen") )
        return;
    r[0] ^= 2;
    tap(try_insn(insn_wrmsr, r) == GP, "but not changed");
}

void test_control(void)
{
    test_lfence();
    test_cr4();
    test_cr0();
    if ( !command_has("xen") )
        test_upper_halves();
    tap(try_insn(insn_rdpru, r) == UD, "RDPRU: #UD");
    test_dirty();
    test_steps();
    test_nmis();
}
