/* SPDX-License-Identifier: MIT */
/*
 * Time is the time stamp counter.  Its frequency is measured once, at boot,
 * against the ACPI PM timer or else the PIT, and rounded to kHz: the hypervisor
 * and its guests compute from the same tsc_khz().  The TSCs of all CPUs are
 * assumed to be synchronous; smp.c checks that when it starts a CPU.  0 ns is
 * the time of time_init().
 *
 * Each CPU's local APIC timer serves the core's list of timers (core_due) and
 * the scheduler (slice_end).  timer_due is the time that it is set to.
 *
 *   armed --fires: timer_interrupt()--> armed for core_due, softirq raised
 *     ^                                      |
 *     +--- timer_rearm(), by the run loop ---+
 *
 * The timer fires at least once a second.  So a machine that loses a timer
 * interrupt stalls for a second at most; QEMU 7.2 loses one rarely, when it
 * arrives during the exit from a guest.
 */
#include <hv/atomic.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include <x86/platform.h>

#define NEVER UINT64_MAX
#define NS_PER_MS 1000000UL
#define MIN_KHZ 8000 /* or ns_of_cycles overflows */

#define HEARTBEAT_NS NS_PER_S

#define PM_TIMER_HZ 3579545U
#define PIT_HZ 1193182U
#define CALIBRATE_MS 20U

#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_CHANNEL2_COUNTDOWN 0xb0 /* both bytes, mode 0 */
#define PIT_CHANNEL2_LATCH 0x80
#define SYSTEM_CONTROL 0x61 /* bit 0: channel 2 counts, 1: is heard */

static uint32_t khz;
static uint64_t boot_tsc, boot_wallclock;
/* From cycles to ns, with NS_POINT fraction bits. */
static uint64_t ns_of_cycles;
#define NS_POINT 56
/* The bits of a TSC that count: a shift to the right drops the others. */
static uint64_t counting_bits;
static uint64_t cycles_of_ns;
/*
 * cycles_of_ns has POINT fraction bits: an error of some ns a day, and no
 * overflow below 16 GHz.
 */
#define POINT 40

/* ---- the frequency of the TSC, measured against another counter ---- */

struct sample {
    uint64_t tsc, width; /* read within width cycles around tsc */
    uint32_t count;
};

/* SMIs and hypervisors delay reads: take the fastest of eight. */
static struct sample take_sample(uint32_t (*read)(void))
{
    struct sample best = { .width = NEVER };

    for ( unsigned int i = 0; i < 8; i++ )
    {
        uint64_t before = rdtsc(), after;
        uint32_t count = read();

        after = rdtsc();
        if ( after - before < best.width )
            best = (struct sample){ before + (after - before) / 2,
                                    after - before, count };
    }
    return best;
}

static bool pace_once(uint32_t (*read)(void), uint32_t mask, uint32_t ticks,
                      uint64_t cycles, struct pace *p, uint64_t *width)
{
    struct sample from = take_sample(read), to;
    uint64_t limit = max(4 * cycles, 1UL << 30);

    while ( ((read() - from.count) & mask) < ticks ||
            rdtsc() - from.tsc < cycles )
    {
        if ( rdtsc() - from.tsc > limit )
            return false;
        cpu_relax();
    }
    to = take_sample(read);
    p->ticks = (to.count - from.count) & mask;
    p->cycles = to.tsc - from.tsc;
    *width = from.width + to.width;
    return p->ticks != 0;
}

bool pace_measure(uint32_t (*read)(void), uint32_t mask, uint32_t ticks,
                  uint64_t cycles, struct pace *result)
{
    uint64_t best_width = 0;
    bool found = false;

    for ( unsigned int i = 0; i < 3; i++ )
    {
        struct pace p;
        uint64_t width;

        if ( !pace_once(read, mask, ticks, cycles, &p, &width) )
            continue;
        /* width / cycles, the uncertainty, by cross-multiplication. */
        if ( !found || width * result->cycles < best_width * p.cycles )
        {
            *result = p;
            best_width = width;
        }
        found = true;
    }
    return found;
}

/* ---- the two clocks of known frequency ---- */

static uint32_t read_pm_timer(void)
{
    return inl(acpi.pm_timer);
}

static uint32_t read_pit(void)
{
    uint32_t low;

    outb(PIT_COMMAND, PIT_CHANNEL2_LATCH);
    low = inb(PIT_CHANNEL2);
    return 0xffff - (low | (uint32_t)inb(PIT_CHANNEL2) << 8);
}

static uint32_t pace_khz(const struct pace *p, uint32_t hz)
{
    return (uint32_t)((p->cycles * hz / p->ticks + 500) / 1000);
}

static bool calibrate_pm_timer(void)
{
    uint32_t mask = acpi.pm_timer_32bit ? UINT32_MAX : 0xffffff;
    struct pace p;

    if ( !acpi.pm_timer ||
         !pace_measure(read_pm_timer, mask, PM_TIMER_HZ / 1000 * CALIBRATE_MS,
                       0, &p) )
        return false;
    khz = pace_khz(&p, PM_TIMER_HZ);
    return true;
}

static bool calibrate_pit(void)
{
    uint8_t control = inb(SYSTEM_CONTROL);
    struct pace p;
    bool ok;

    outb(SYSTEM_CONTROL, (uint8_t)((control & ~2U) | 1));
    outb(PIT_COMMAND, PIT_CHANNEL2_COUNTDOWN);
    outb(PIT_CHANNEL2, 0xff);
    outb(PIT_CHANNEL2, 0xff);
    ok = pace_measure(read_pit, 0xffff, PIT_HZ / 1000 * CALIBRATE_MS, 0, &p);
    outb(SYSTEM_CONTROL, control);
    if ( ok )
        khz = pace_khz(&p, PIT_HZ);
    return ok;
}

static void set_scale(void)
{
    uint32_t mul; /* from cycles to ns, as guests know it: see tsc_scale() */
    int8_t shift;

    tsc_scale(khz, &mul, &shift);
    ns_of_cycles = (uint64_t)mul << (NS_POINT - 32 + shift);
    counting_bits = ~0UL << (shift < 0 ? -shift : 0);
}

void time_init(void)
{
    const char *by = "PM timer";

    boot_tsc = rdtsc();
    if ( !calibrate_pm_timer() )
    {
        by = "PIT";
        if ( !calibrate_pit() )
            panic("no clock to measure the TSC against\n");
    }
    if ( khz < MIN_KHZ )
        panic("the TSC stands still\n");
    set_scale();
    cycles_of_ns = ((uint64_t)khz << POINT) / NS_PER_MS;
    boot_wallclock = rtc_read() * NS_PER_S - arch_now_ns();
    printk(XENLOG_INFO,
           "TSC: %u.%03u MHz by the %s\n", khz / 1000, khz % 1000, by);
}

/* ---- reading the time ---- */

uint32_t tsc_khz(void)
{
    return khz;
}

/*
 * To the bit what a guest computes with the factors of its vcpu_info, in one
 * multiplication instead of a shift and a multiplication.
 */
uint64_t tsc_to_ns(uint64_t tsc)
{
    tsc &= counting_bits;
    return (uint64_t)((unsigned __int128)tsc * ns_of_cycles >> NS_POINT);
}

uint64_t ns_to_tsc(uint64_t ns)
{
    /* In 128 bits: no overflow, however large ns is. */
    return (uint64_t)((unsigned __int128)ns * cycles_of_ns >> POINT);
}

uint64_t arch_now_ns(void)
{
    /* Order the TSC behind earlier loads, such as another CPU's time. */
    __asm__ volatile ( "lfence" ::: "memory" );
    return tsc_to_ns(rdtsc() - boot_tsc);
}

/* One constant pair for all vcpus: no vcpu's clock ever steps. */
void arch_vcpu_clock(const struct vcpu *v, struct vcpu_clock *clock)
{
    (void)v;
    *clock = (struct vcpu_clock){ .tsc = boot_tsc, .now = 0, .stable = true };
}

uint64_t arch_ticks(void)
{
    return rdtsc();
}

uint64_t arch_wallclock_ns(void)
{
    return boot_wallclock + arch_now_ns();
}

void delay_us(unsigned int us)
{
    uint64_t start = rdtsc(), cycles = ns_to_tsc(us * 1000UL);

    while ( rdtsc() - start < cycles )
        cpu_relax();
}

/* ---- the local timer ---- */

static void arm(struct cpu *c, uint64_t due)
{
    uint64_t now = arch_now_ns(), soon = now + HEARTBEAT_NS;

    c->timer_due = due;
    due = min(due, soon);
    lapic_timer_set(due > now ? due - now : 1);
}

void timer_rearm(struct cpu *c)
{
    uint64_t due = c->core_due ? c->core_due : NEVER;

    if ( READ_ONCE(c->rq.nr) || READ_ONCE(c->rq.look) & RQ_BUDGET )
        due = min(due, c->rq.slice_end);
    due = min(due, READ_ONCE(c->rq.unpark_at));
    /* At boot both can be 0, and so is timer_due until the timer is set. */
    due = max(due, 1UL);
    if ( due != c->timer_due )
        arm(c, due);
}

/*
 * The end of a slice is checked by the run loop.  Expired timers run in
 * do_softirq(), where no lock is held; that also happens each second, for
 * timers whose CPU lost its interrupt.
 */
void timer_interrupt(struct cpu *c)
{
    if ( c->core_due <= arch_now_ns() )
        c->core_due = 0;
    c->timer_fired = true;
    WRITE_ONCE(c->softirq_pending, true);
    runqueue_unsettle(c); /* the end of its turn is not armed any more */
    arm(c, c->core_due ? c->core_due : NEVER);
}

/* The CPU that changed the list of timers last has its next expiry. */
void arch_timer_program(uint64_t expires)
{
    struct cpu *c = this_cpu();

    c->core_due = expires == NEVER ? 0 : max(expires, 1UL);
    timer_rearm(c);
}
