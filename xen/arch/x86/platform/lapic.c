/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of each CPU, through MSRs when it can be (x2APIC: no
 * uncached page, 32-bit ids), else at its page.  One mode for all CPUs.
 *
 * Only its own CPU touches it, with interrupts off: nothing to lock.  Every
 * local vector but the timer's stays masked.
 */
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/irq.h>
#include <x86/platform.h>

/* Offsets in the page; as MSRs they are 16 bytes apart. */
#define REG_ID 0x020
#define REG_VERSION 0x030
#define REG_TPR 0x080
#define REG_EOI 0x0b0
#define REG_LDR 0x0d0
#define REG_DFR 0x0e0
#define REG_SPURIOUS 0x0f0
#define REG_ISR 0x100
#define REG_TMR 0x180
#define REG_ERROR 0x280
#define REG_LVT_CMCI 0x2f0
#define REG_ICR 0x300
#define REG_ICR_HIGH 0x310
#define REG_LVT_TIMER 0x320
#define REG_LVT_THERMAL 0x330
#define REG_LVT_COUNTERS 0x340
#define REG_LVT_LINT0 0x350
#define REG_LVT_LINT1 0x360
#define REG_LVT_ERROR 0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE 0x3e0

#define MSR_X2APIC(reg) (0x800U + ((reg) >> 4))

#define LVT_MASKED 0x10000U
#define SPURIOUS_ENABLE 0x100U
#define TIMER_BY_1 0xbU
#define DFR_FLAT 0xffffffffU

#define ICR_FIXED 0x0000U
#define ICR_NMI 0x0400U
#define ICR_INIT 0x0500U
#define ICR_STARTUP 0x0600U
#define ICR_BUSY 0x1000U
#define ICR_ASSERT 0x4000U

#define NS_PER_MS 1000000UL

static volatile uint32_t *page; /* NULL: x2APIC */
/* Timer ticks in a ns, 32 bits behind the point; 0: not known yet. */
static uint64_t ticks_of_ns;

static uint32_t lapic_read(unsigned int reg)
{
    return page ? page[reg / 4] : (uint32_t)rdmsr(MSR_X2APIC(reg));
}

static void lapic_write(unsigned int reg, uint32_t value)
{
    if ( page )
        page[reg / 4] = value;
    else
        wrmsr(MSR_X2APIC(reg), value);
}

/* ---- the mode ---- */

uint32_t lapic_boot_id(void)
{
    uint32_t a, b, c, d, max_leaf;

    cpuid(0, 0, &max_leaf, &b, &c, &d);
    if ( max_leaf >= 0xb )
    {
        cpuid(0xb, 0, &a, &b, &c, &d);
        if ( b )
            return d;
    }
    cpuid(1, 0, &a, &b, &c, &d);
    return b >> 24;
}

void lapic_init_boot(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);
    uint32_t a, b, c, d;

    cpuid(1, 0, &a, &b, &c, &d);
    /* There is no way back that firmware's own CPUs would survive. */
    if ( (base & APIC_BASE_X2APIC) ||
         ((c & CPUID_1C_X2APIC) && option_bool("x2apic", true)) )
        page = NULL;
    else
        page = map_mmio(base & APIC_BASE_ADDRESS, PAGE_SIZE);
    printk(XENLOG_INFO, "local APIC: %s\n", page ? "xAPIC" : "x2APIC");
}

bool lapic_is_x2apic(void)
{
    return !page;
}

static void enter_mode(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    if ( !(base & APIC_BASE_ENABLE) )
        wrmsr(MSR_APIC_BASE, base |= APIC_BASE_ENABLE);
    if ( !page && !(base & APIC_BASE_X2APIC) )
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
    if ( page && (base & APIC_BASE_X2APIC) )
        panic("CPU %u is in x2APIC mode, CPU 0 is not\n", this_cpu()->id);
}

/* ---- each CPU ---- */

static void mask_all(void)
{
    static const struct {
        uint16_t reg;
        uint8_t number; /* exists when the version's highest LVT reaches it */
    } lvt[] = {
        { REG_LVT_TIMER, 0 },   { REG_LVT_LINT0, 1 }, { REG_LVT_LINT1, 2 },
        { REG_LVT_ERROR, 3 },   { REG_LVT_COUNTERS, 4 },
        { REG_LVT_THERMAL, 5 }, { REG_LVT_CMCI, 6 },
    };
    unsigned int highest = lapic_read(REG_VERSION) >> 16 & 0xff;

    for ( unsigned int i = 0; i < ARRAY_SIZE(lvt); i++ )
        if ( lvt[i].number <= highest )
            lapic_write(lvt[i].reg, LVT_MASKED);
}

/* What firmware was serving would hold back all vectors below it. */
static void end_all(void)
{
    unsigned int left = 256;

    for ( unsigned int i = 0; i < 8; i++ )
        while ( lapic_read(REG_ISR + i * 0x10) && left-- )
            lapic_eoi();
}

void lapic_init_cpu(void)
{
    unsigned int id = this_cpu()->id;

    enter_mode();
    mask_all();
    if ( page )
    {
        lapic_write(REG_DFR, DFR_FLAT);
        lapic_write(REG_LDR, id < 8 ? 1U << (24 + id) : 0);
    }
    lapic_write(REG_TPR, 0);
    lapic_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    lapic_write(REG_ERROR, 0);
    end_all();
    lapic_write(REG_TIMER_INITIAL, 0);
    lapic_write(REG_TIMER_DIVIDE, TIMER_BY_1);
    lapic_write(REG_LVT_TIMER, VECTOR_TIMER);
}

uint32_t lapic_id(void)
{
    return page ? lapic_read(REG_ID) >> 24 : lapic_read(REG_ID);
}

void lapic_eoi(void)
{
    lapic_write(REG_EOI, 0);
}

bool lapic_is_level(unsigned int vector)
{
    return lapic_read(REG_TMR + vector / 32 * 0x10) >> (vector % 32) & 1;
}

/* ---- interrupts for other CPUs ---- */

static void wait_sent(void)
{
    unsigned int left = 1000000;

    while ( (lapic_read(REG_ICR) & ICR_BUSY) && --left )
        cpu_relax();
}

static void send(uint32_t apic_id, uint32_t command)
{
    command |= ICR_ASSERT;
    if ( page )
    {
        wait_sent();
        lapic_write(REG_ICR_HIGH, apic_id << 24);
        lapic_write(REG_ICR, command);
    }
    else
    {
        /* These MSRs do not wait for stores, which the other CPU is to see. */
        __asm__ volatile ( "mfence; lfence" ::: "memory" );
        wrmsr(MSR_X2APIC(REG_ICR), (uint64_t)apic_id << 32 | command);
    }
}

void lapic_send_ipi(uint32_t apic_id, uint8_t vector)
{
    send(apic_id, ICR_FIXED | vector);
}

void lapic_send_nmi(uint32_t apic_id)
{
    send(apic_id, ICR_NMI);
}

void lapic_send_init(uint32_t apic_id)
{
    send(apic_id, ICR_INIT);
}

void lapic_send_startup(uint32_t apic_id, uint8_t page_number)
{
    send(apic_id, ICR_STARTUP | page_number);
}

/* ---- the timer ---- */

static uint32_t read_timer(void)
{
    return UINT32_MAX - lapic_read(REG_TIMER_CURRENT);
}

/* Against the TSC; all CPUs' go alike. */
void lapic_timer_calibrate(void)
{
    struct cpu *c = this_cpu();
    struct pace p;
    uint64_t ns;

    lapic_write(REG_LVT_TIMER, LVT_MASKED);
    lapic_write(REG_TIMER_INITIAL, UINT32_MAX);
    if ( !pace_measure(read_timer, UINT32_MAX, 1000,
                       ns_to_tsc(10 * NS_PER_MS), &p) )
        panic("the local APIC's timer stands still\n");
    lapic_write(REG_TIMER_INITIAL, 0);
    lapic_write(REG_LVT_TIMER, VECTOR_TIMER);

    ns = tsc_to_ns(p.cycles);
    ticks_of_ns = (p.ticks << 32) / ns;
    printk(XENLOG_INFO, "local APIC timer: %lu kHz\n",
           (unsigned long)(p.ticks * NS_PER_MS / ns));
    /* Whatever was asked for until now, and the heartbeat. */
    c->timer_due = 0;
    timer_rearm(c);
}

void lapic_timer_set(uint64_t ns)
{
    unsigned __int128 t = (unsigned __int128)ns * ticks_of_ns >> 32;

    if ( ticks_of_ns )
        lapic_write(REG_TIMER_INITIAL,
                    t < UINT32_MAX ? (uint32_t)t + 1 : UINT32_MAX);
}
