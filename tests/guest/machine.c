/* SPDX-License-Identifier: MIT */
/*
 * The processor as a guest of type "hvm" with two vCPUs finds it: what leaves
 * the guest and is answered by the hypervisor alone.  For machines with real
 * virtualisation: Debian's Xen, and Oriel.  At the end, as the command line
 * says: end=1 a triple fault, 2 execution where no memory is, 3 both vCPUs
 * halted for ever, 4 an interrupt with its stack where no memory is.
 */
#include "smp.h"

#define VECTOR 0x40        /* and the next ones */
#define VECTOR_HIGH 0x90
#define ON APIC_BASE_ENABLE
#define X2APIC APIC_BASE_X2APIC
#define BSP APIC_BASE_BSP
#define CR0_64 (CR0_PG | CR0_ET | CR0_PE)
#define EFER_64 (EFER_LMA | EFER_LME)

enum { UD = 6, GP = 13 };

static volatile unsigned int taken[256], order[8], nr_order;

static bool is_x2apic(void)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_APIC_BASE));
    return low & 0x400;
}

static void note(unsigned int vector)
{
    taken[vector]++;
    if ( nr_order < 8 )
        order[nr_order++] = vector;
    if ( is_x2apic() )
        __asm__ volatile("wrmsr" : : "c"(0x80b), "a"(0), "d"(0));
    else
        apic_write(APIC_EOI, 0);
}

#define HANDLER(name, vector)                                                \
    __attribute__((interrupt)) static void name(struct trap_frame *f)        \
    {                                                                        \
        (void)f;                                                             \
        note(vector);                                                        \
    }
HANDLER(on_low, VECTOR)
HANDLER(on_next, VECTOR + 1)
HANDLER(on_high, VECTOR_HIGH)

static volatile unsigned int nmis;
__attribute__((interrupt)) static void on_nmi(struct trap_frame *f)
{
    (void)f;
    __atomic_add_fetch(&nmis, 1, __ATOMIC_SEQ_CST);
}

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

/* ---- CPUID, XCR0 ---- */

static void test_cpuid(void)
{
    uint32_t c[4], features;

    cpuid(1, 0, c);
    features = c[2];
    tap(c[1] >> 24 == 0 && apic_read(APIC_ID) == 0, "the first APIC id is 0");
    tap(features >> 31 && (c[3] & 0x200), "CPUID: a hypervisor, an APIC");
    tap(!(features & 1U << 27), "CPUID: OSXSAVE is clear at first");
    cpuid(0x40000002, 0, c);
    tap(c[0] == 1 && c[1] == 0x40000000, "CPUID: the hypercall page's MSR");
    cpuid(0x40000001, 0, c);
    tap(c[0] == (uint32_t)hypercall5(__HYPERVISOR_xen_version, 0, 0, 0, 0, 0),
        "CPUID: the version, as by hypercall");
    tap(in_ring3(ring3_cpuid) == 0x566e6558, "CPUID in ring 3");
    tap(try_insn(insn_xgetbv, r) == UD, "XGETBV before CR4.OSXSAVE: #UD");
    if ( !(features & 1U << 26) )
        return;
    __asm__ volatile("mov %0, %%cr4" : : "r"(0x40220UL));
    cpuid(1, 0, c);
    tap(c[2] & 1U << 27, "CPUID: OSXSAVE follows CR4");
}

static unsigned int xsetbv(uint32_t index, uint64_t value)
{
    r[2] = index;
    r[0] = (uint32_t)value;
    r[3] = value >> 32;
    return try_insn(insn_xsetbv, r);
}

static uint64_t xcr0(void)
{
    r[2] = 0;
    if ( try_insn(insn_xgetbv, r) != NO_FAULT )
        return 0;
    return (uint32_t)r[0] | r[3] << 32;
}

static void test_xcr0(void)
{
    uint32_t c[4];

    tap((xcr0() & ~2UL) == 1, "XCR0 at first");
    tap(xsetbv(0, 3) == NO_FAULT && xcr0() == 3, "XSETBV: x87 and SSE");
    cpuid(0xd, 0, c);
    tap(c[1] == 576, "CPUID: the size of what is on");
    tap(xsetbv(0, 2) == GP && xsetbv(0, 0) == GP, "x87 is always on");
    tap(xsetbv(0, 1UL << 62) == GP && xsetbv(0, 0x11) == GP && xcr0() == 3,
        "what does not exist");
    tap(xsetbv(1, 3) == GP, "XCR1");
    tap(xsetbv(0, 5) == GP, "AVX wants SSE");
}

/* ---- MSRs ---- */

static void test_msrs(void)
{
    uint64_t v, again;

    tap(rdmsr(MSR_APIC_BASE, &v) == NO_FAULT && v == (APIC | ON | BSP),
        "the APIC's base");
    tap(rdmsr(MSR_EFER, &v) == NO_FAULT && v == EFER_64, "EFER");
    tap(wrmsr(MSR_EFER, v | 1UL << 40) == GP, "EFER: a reserved bit");
    tap(wrmsr(MSR_EFER, v & ~EFER_LME) == GP, "EFER: LME while paging");
    tap(wrmsr(MSR_EFER, v | EFER_SVME) == GP, "EFER: no virtualisation");
    tap(wrmsr(MSR_EFER, v | 0x801) == NO_FAULT &&
            rdmsr(MSR_EFER, &again) == NO_FAULT && again == (v | 0x801),
        "EFER: syscall and NX");
    tap(wrmsr(MSR_GS_BASE, 0xffff800000001234) == NO_FAULT &&
            rdmsr(MSR_GS_BASE, &v) == NO_FAULT && v == 0xffff800000001234,
        "GS base");
    tap(wrmsr(MSR_LSTAR, 0x5000) == NO_FAULT &&
            rdmsr(MSR_LSTAR, &v) == NO_FAULT && v == 0x5000, "LSTAR");
    tap(rdmsr(0x10, &v) == NO_FAULT && rdmsr(0x10, &again) == NO_FAULT &&
            again > v && ticks() > again, "the TSC");
    tap(rdmsr(0x12345, &v) == GP && wrmsr(0x12345, 0) == GP, "nobody's MSR");
    tap(in_ring3(ring3_rdmsr) == (1UL << 32 | GP), "RDMSR in ring 3");
}

/* On Xen they reach the processor itself, and QEMU 7.2 has one PAT for all. */
static void test_pat(void)
{
    uint64_t v, again;

    tap(rdmsr(MSR_PAT, &v) == NO_FAULT && v == PAT_RESET, "PAT");
    tap(wrmsr(MSR_PAT, 0x0007040600070402) == GP, "PAT: no such type");
    tap(wrmsr(MSR_PAT, 0x0007040600070400) == NO_FAULT &&
            rdmsr(MSR_PAT, &again) == NO_FAULT && again == 0x0007040600070400,
        "PAT: written");
    wrmsr(MSR_PAT, v);
}

/* ---- hypercalls ---- */

static char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static unsigned int by_page(unsigned int nr)
{
    r[1] = ADDRESS(page);
    r[2] = nr;
    return try_insn(insn_hypercall_page, r);
}

static void test_hypercalls(void)
{
    long version = hypercall5(__HYPERVISOR_xen_version, 0, 0, 0, 0, 0);

    tap(wrmsr(0x40000000, ADDRESS(page)) == NO_FAULT, "the hypercall page");
    tap(by_page(__HYPERVISOR_xen_version) == NO_FAULT &&
            (long)r[0] == version, "a hypercall by it");
    tap(by_page(__HYPERVISOR_iret) == UD, "its entry for iret: #UD");
    tap(by_page(63) == NO_FAULT && (long)r[0] == -38, "a number without call");
    tap(wrmsr(0x40000000, ADDRESS(page) + 1) == GP, "there is one page only");
    tap(wrmsr(0x40000000, 1UL << 45) == GP, "not where no memory is");
    tap((long)in_ring3(ring3_hypercall) == -1, "in ring 3: EPERM");
}

/* ---- what is not for guests ---- */

static void test_refused(void)
{
    r[2] = 0x1000; /* #GP, but #UD where the processor has none of them */
    tap(try_insn(insn_rdpmc, r) != NO_FAULT, "RDPMC");
    tap(try_insn(insn_vmrun, r) == UD && try_insn(insn_vmload, r) == UD &&
            try_insn(insn_stgi, r) == UD, "VMRUN, VMLOAD, STGI: #UD");
    tap(try_insn(insn_mwait, r) == UD, "MWAIT: #UD");
    tap(in_ring3(ring3_in) == (1UL << 32 | GP), "IN in ring 3");
    tap(in_ring3(ring3_hlt) == (1UL << 32 | GP), "HLT in ring 3");
    tap((in_ring3(ring3_mmio) & 0xff) >= 0x10, "the APIC's page in ring 3");
    __asm__ volatile("wbinvd" ::: "memory");
    tap(true, "WBINVD");
    tap(try_insn(insn_cpuid_step, r) == 1 &&
            try_rip == ADDRESS(insn_cpuid_step_end),
        "single steps stop behind CPUID");
}

/* ---- the local APIC ---- */

static void test_apic(void)
{
    apic_write(APIC_SVR, 0x1ff);
    apic_write(APIC_TPR, 0);
    interrupts_off();
    apic_write(APIC_ICR, ICR_SELF | VECTOR);
    tap(WAIT_FOR(apic_read(APIC_IRR + VECTOR / 32 * 0x10)) &&
            !taken[VECTOR], "an IPI to itself waits while interrupts are off");
    interrupts_on();
    tap(WAIT_FOR(taken[VECTOR] == 1), "and comes when they are on");
    tap(!apic_read(APIC_ISR + VECTOR / 32 * 0x10), "its EOI ends it");

    interrupts_off();
    nr_order = 0;
    apic_write(APIC_ICR, ICR_SELF | VECTOR);
    apic_write(APIC_ICR, ICR_SELF | VECTOR_HIGH);
    apic_write(APIC_ICR, ICR_SELF | VECTOR);
    interrupts_on();
    tap(WAIT_FOR(nr_order == 2) && order[0] == VECTOR_HIGH &&
            order[1] == VECTOR, "the higher one is first, two of one are one");

    apic_write(APIC_TPR, 0x50);
    apic_write(APIC_ICR, ICR_SELF | VECTOR);
    apic_write(APIC_ICR, ICR_SELF | VECTOR_HIGH);
    tap(WAIT_FOR(taken[VECTOR_HIGH] == 2) && taken[VECTOR] == 2 &&
            apic_read(APIC_PPR) == 0x50, "the task's priority holds one back");
    __asm__ volatile("mov %%cr8, %0" : "=r"(r[0]));
    tap(r[0] == 5, "CR8 tells the priority");
    apic_write(APIC_TPR, 0);
    tap(WAIT_FOR(taken[VECTOR] == 3), "it is let in");
}

/* On Xen QEMU 7.2 ends itself when an interrupt is let in by CR8. */
static void test_cr8(void)
{
    unsigned int before = taken[VECTOR];

    __asm__ volatile("mov %0, %%cr8" : : "r"(9UL));
    tap(apic_read(APIC_TPR) == 0x90, "CR8 is the priority");
    apic_write(APIC_ICR, ICR_SELF | VECTOR);
    (void)apic_read(APIC_PPR);
    tap(taken[VECTOR] == before, "CR8 holds an interrupt back");
    __asm__ volatile("mov %0, %%cr8" : : "r"(0UL));
    tap(WAIT_FOR(taken[VECTOR] == before + 1), "CR8 lets it in");
}

static void test_timer(void)
{
    unsigned int before = taken[VECTOR + 1];
    uint32_t now;

    apic_write(APIC_TDCR, 0xb); /* each tick */
    apic_write(APIC_LVT_TIMER, LVT_MASKED | (VECTOR + 1));
    /* A pause of the whole machine may be all the time that it has. */
    tap(WAIT_FOR(({ apic_write(APIC_TMICT, 1000000000);
                    now = apic_read(APIC_TMCCT); })) && now <= 1000000000 &&
            WAIT_FOR(apic_read(APIC_TMCCT) < now), "the timer counts down");
    apic_write(APIC_TMICT, 0);
    tap(apic_read(APIC_TMCCT) == 0, "0 stops it");

    interrupts_off();
    apic_write(APIC_TMICT, 100000);
    tap(WAIT_FOR(!apic_read(APIC_TMCCT)) && taken[VECTOR + 1] == before,
        "masked, it ends silently");
    apic_write(APIC_LVT_TIMER, VECTOR + 1);
    apic_write(APIC_TMICT, 1000000);
    sleep_for_event();
    tap(taken[VECTOR + 1] == before + 1 && !apic_read(APIC_TMCCT),
        "it wakes from HLT, once");
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | (VECTOR + 1));
    apic_write(APIC_TMICT, 1000000);
    for ( unsigned int i = 0; i < 5; i++ )
        sleep_for_event();
    tap(taken[VECTOR + 1] >= before + 6, "again and again"); /* or oftener */
    apic_write(APIC_TMICT, 0);
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    interrupts_on();
}

/* ---- a second vCPU ---- */

#define AP 2 /* its APIC id */
static volatile unsigned int starts, ap_id, ap_apic_id, ap_woken, ap_job;
static volatile unsigned int asked, answered;
static volatile uint64_t sum, ap_dr0;

static void set_xmm(uint64_t v)
{
    __asm__ volatile("movq %0, %%xmm7; movq %0, %%xmm15" : : "r"(v));
}

static bool xmm_is(uint64_t v)
{
    uint64_t a, b;

    __asm__ volatile("movq %%xmm7, %0; movq %%xmm15, %1" : "=r"(a), "=r"(b));
    return a == v && b == v;
}

static volatile bool ap_xmm = true, ap_spins;
static void ap_main(void)
{
    uint32_t c[4], job;

    cpuid(1, 0, c);
    ap_id = c[1] >> 24;
    apic_write(APIC_SVR, 0x1ff);
    ap_apic_id = apic_read(APIC_ID) >> 24;
    set_xmm(0x5a5a5a5a5a5a5a5a);
    __asm__ volatile("mov %%db0, %0" : "=r"(ap_dr0));
    __asm__ volatile("mov %0, %%db0" : : "r"(0x1000UL));
    interrupts_off();
    __atomic_add_fetch(&starts, 1, __ATOMIC_SEQ_CST);
    for ( ;; )
    {
        sleep_for_event();
        job = ap_job; /* read before the count, upon which it is set */
        ap_xmm &= xmm_is(0x5a5a5a5a5a5a5a5a);
        __atomic_add_fetch(&ap_woken, 1, __ATOMIC_SEQ_CST);
        if ( job == 1 && answered != asked )
            answered = asked, apic_send(0, VECTOR_HIGH);
        else if ( job == 2 )
            for ( unsigned int i = 0; i < 100000; i++ )
                __atomic_add_fetch(&sum, 1, __ATOMIC_SEQ_CST);
        else if ( job == 3 )
            for ( ap_spins = true;; ) /* until INIT */
                __asm__ volatile("pause");
        else if ( job == 4 )
            for ( ;; )
                __asm__ volatile("cli; hlt");
    }
}

/* With nothing behind it: only what is refused may be asked for. */
static long initialise(uint64_t cr4)
{
    struct vcpu_hvm_context form = {
        .mode = VCPU_HVM_MODE_64B,
        .cpu_regs.x86_64 = { .cr0 = CR0_64, .cr3 = ADDRESS(pml4),
                             .cr4 = cr4, .efer = EFER_64 },
    };

    return hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 1,
                      ADDRESS(&form), 0, 0);
}

static void test_second(void)
{
    unsigned int before;

    tap(initialise(0x220 | 1UL << 40) == -22 &&
        initialise(0x220 | 1UL << 31) == -22 &&
        initialise(0x220 | 1UL << 15) == -22, "VCPUOP_initialise: CR4");
    start_cpu(AP, ap_main);
    tap(WAIT_FOR(starts == 1), "INIT and SIPI start the second vCPU");
    tap(ap_id == AP && ap_apic_id == AP, "its APIC id");
    apic_send(AP, VECTOR);
    tap(WAIT_FOR(ap_woken == 1), "an IPI wakes it from HLT");
    tap(hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_is_up, 1, 0, 0, 0) == 1,
        "it is up for hypercalls, too");

    ap_job = 1;
    before = taken[VECTOR_HIGH];
    interrupts_off();
    set_xmm(0x1122334455667788);
    for ( asked = 1; asked <= 200; asked++ )
        do
            ask_others(VECTOR, &answered, asked);
        while ( answered != asked );
    interrupts_on();
    tap(command_has("xen") || (taken[VECTOR_HIGH] == before + 200 &&
                               ap_woken == 201),
        "two hundred IPIs there and back");
    tap(ap_xmm && xmm_is(0x1122334455667788), "XMM registers are their own");

    ap_job = 2;
    apic_send(AP, VECTOR);
    for ( unsigned int i = 0; i < 100000; i++ )
        __atomic_add_fetch(&sum, 1, __ATOMIC_SEQ_CST);
    tap(WAIT_FOR(sum == 200000), "locked additions are all there");

    apic_send(AP, ICR_NMI);
    apic_write(APIC_ICR_HIGH, 0);
    tap(WAIT_FOR(nmis == 1), "an NMI");
    ap_job = 3;
    apic_send(AP, VECTOR); /* unless the NMI has woken it to this job */
    WAIT_FOR(ap_spins);
    apic_send(AP, ICR_SIPI | 8);
    start_cpu(AP, ap_main);
    tap(WAIT_FOR(starts == 2) && !ap_dr0,
        "INIT stops it, it starts again, and DR0 is clear");
}

/* ---- x2APIC ---- */

static void test_x2apic(void)
{
    uint64_t v;
    unsigned int before = taken[VECTOR];

    tap(wrmsr(MSR_APIC_BASE, APIC | X2APIC | BSP) == GP,
        "x2APIC without xAPIC: #GP");
    tap(rdmsr(0x802, &v) == GP, "no x2APIC registers yet");
    tap(wrmsr(MSR_APIC_BASE, APIC | ON | X2APIC | BSP) == NO_FAULT &&
            rdmsr(MSR_APIC_BASE, &v) == NO_FAULT &&
            v == (APIC | ON | X2APIC | BSP), "x2APIC on");
    tap(rdmsr(0x802, &v) == NO_FAULT && v == 0 && wrmsr(0x802, 0) == GP,
        "the id is read-only");
    tap(rdmsr(0x80d, &v) == NO_FAULT && v == 1, "the logical id");
    tap(rdmsr(0x80e, &v) == GP && rdmsr(0x831, &v) == GP,
        "registers it has not");
    tap(wrmsr(0x80b, 1) == GP, "EOI takes 0 only");
    tap(wrmsr(0x830, ICR_SELF | VECTOR) == NO_FAULT &&
            WAIT_FOR(taken[VECTOR] == before + 1), "an IPI to itself");
    tap(wrmsr(0x83f, VECTOR) == NO_FAULT &&
            WAIT_FOR(taken[VECTOR] == before + 2), "by SELF IPI");
    before = ap_woken;
    ap_job = 0;
    wrmsr(0x830, (uint64_t)AP << 32 | VECTOR);
    tap(WAIT_FOR(ap_woken == before + 1), "to the second vCPU");
    tap(wrmsr(MSR_APIC_BASE, APIC | ON | BSP) == GP, "no way straight back");
    tap(wrmsr(MSR_APIC_BASE, APIC) == NO_FAULT &&
            wrmsr(MSR_APIC_BASE, APIC | ON) == NO_FAULT,
        "but by switching it off");
    tap(apic_read(APIC_SVR) == 0xff, "then it is as after reset");
}

static _Noreturn void end(unsigned long how)
{
    struct idtr none = { 0, 0 };

    interrupts_off();
    if ( how == 1 )
        __asm__ volatile("lidt %0; int3" : : "m"(none));
    if ( how == 2 )
        ((void (*)(void))0xe8000000)();
    if ( how == 3 )
    {
        ap_job = 4;
        apic_write(APIC_SVR, 0x1ff);
        apic_send(AP, VECTOR);
        for ( ;; )
            __asm__ volatile("cli; hlt");
    }
    if ( how == 4 )
    {
        apic_write(APIC_SVR, 0x1ff);
        apic_write(APIC_ICR, ICR_SELF | VECTOR);
        __asm__ volatile("mov %0, %%rsp; sti; 1: pause; jmp 1b"
                         : : "r"(0xe8001000UL));
    }
    guest_shutdown(SHUTDOWN_poweroff);
}

_Noreturn void guest_main(void)
{
    guest_init();
    smp_init();
    set_vector(VECTOR, on_low);
    set_vector(VECTOR + 1, on_next);
    set_vector(VECTOR_HIGH, on_high);
    set_vector(2, on_nmi);
    test_cpuid();
    test_xcr0();
    test_msrs();
    test_hypercalls();
    test_refused();
    test_apic();
    if ( !command_has("xen") )
    {
        test_pat();
        test_cr8();
    }
    test_timer();
    test_control();
    set_vector(2, on_nmi);
    test_second();
    test_x2apic();
    tap_end();
    end(command_number("end", 0));
}
