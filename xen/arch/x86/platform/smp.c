/* SPDX-License-Identifier: MIT */
/*
 * The other CPUs: start them, interrupt them, stop them.
 *
 * CPUs are started one after the other, so one trampoline page and one set of
 * variables (smp_starting, smp_stack) serve all of them:
 *
 *   reset --INIT, STARTUP--> trampoline.S --> smp_main(): online, asleep
 *     ^                                          |
 *     +--INIT-- (silent for a second, refused)   +--smp_release()--> run()
 *
 * Any CPU may stop the others, once: `stopper` says which does.
 */
#include <hv/array.h>
#include <hv/atomic.h>
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/irq.h>
#include <x86/platform.h>
#include <x86/smp.h>

#define LOW_MEMORY_END 0xa0000UL
#define INIT_US 10000U /* from INIT to STARTUP */
#define STARTUP_US 200U /* from one STARTUP to the next */
#define ANSWER_US 1000000U
#define STOP_US 100000U

extern const uint8_t trampoline_start[], trampoline_end[];
extern const uint8_t trampoline_cr3[], trampoline_efer[];

/* For the CPU that comes up, read by trampoline.S. */
extern struct cpu *smp_starting;
extern uint64_t smp_stack;
void smp_main(struct cpu *c) noreturn_fn;

struct cpu *smp_starting;
uint64_t smp_stack;

static const struct smp_start *to_do;
static bool released;          /* [a] */
static const char *refused;    /* [a] why the CPU that came up is no use */
static uint64_t started_tsc;   /* just before the last STARTUP */
static uint64_t arrived_tsc;   /* read by the CPU that came up */
static unsigned int stopper;   /* [a] number + 1 */

void arch_cpu_info(struct cpu_info *info)
{
    info->nr_cpus = nr_cpus;
    info->khz = tsc_khz();
}

void arch_cpu_ids(unsigned int cpu, uint32_t *apic_id, uint32_t *acpi_id)
{
    *apic_id = cpus[array_index(cpu, nr_cpus)]->apic_id;
    *acpi_id = cpu;
}

void arch_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *out)
{
    cpuid(leaf, subleaf, &out->a, &out->b, &out->c, &out->d);
}

/* ---- on the CPU that comes up ---- */

/*
 * Report why this CPU is of no use, and halt.  It holds no resource; start()
 * sends it an INIT.
 */
static void refuse(const char *why) noreturn_fn;
static void refuse(const char *why)
{
    store_release(&refused, why);
    for ( ;; )
        __asm__ volatile ( "cli; hlt" );
}

void smp_main(struct cpu *c)
{
    const char *why;

    cpu_load(c);
    why = to_do->lacks();
    if ( why )
        refuse(why);
    lapic_init_cpu();
    to_do->up(c);
    arrived_tsc = rdtsc();
    store_release(&c->online, true);

    while ( !load_acquire(&released) )
    {
        c1e_off();
        WRITE_ONCE(c->idle, true);
        irq_wait();
        WRITE_ONCE(c->idle, false);
    }
    to_do->run();
}

/* ---- on the boot CPU ---- */

/* A page of RAM that real mode reaches; 0: none. */
static uint64_t find_low_page(void)
{
    for ( uint64_t page = LOW_MEMORY_END - PAGE_SIZE; page; page -= PAGE_SIZE )
        if ( memory_is_ram(page, page + PAGE_SIZE) )
            return page;
    return 0;
}

static void put32(uint8_t *page, const uint8_t *field, uint32_t value)
{
    memcpy(page + (field - trampoline_start), &value, sizeof(value));
}

static void write_trampoline(uint8_t *page)
{
    memcpy(page, trampoline_start,
           (size_t)(trampoline_end - trampoline_start));
    put32(page, trampoline_cr3, (uint32_t)to_do->tables);
    put32(page, trampoline_efer,
          (uint32_t)(rdmsr(MSR_EFER) & (EFER_LME | EFER_NX)));
}

/* Wait up to us microseconds; true: c is online or has refused. */
static bool answers(const struct cpu *c, unsigned int us)
{
    uint64_t start = rdtsc(), cycles = ns_to_tsc(us * 1000UL);

    while ( !load_acquire(&c->online) && !load_acquire(&refused) )
    {
        if ( rdtsc() - start > cycles )
            return false;
        cpu_relax();
    }
    return true;
}

/* False: c stays off, and the console says why. */
static bool start(struct cpu *c, uint64_t page)
{
    uint8_t number = (uint8_t)(page >> PAGE_SHIFT);
    const char *why;

    refused = NULL;
    smp_starting = c;
    smp_stack = cpu_stack_top(c);
    write_trampoline(phys_to_virt(page));

    lapic_send_init(c->apic_id);
    delay_us(INIT_US);
    started_tsc = rdtsc();
    lapic_send_startup(c->apic_id, number);
    if ( !answers(c, STARTUP_US) )
    {
        /* Old processors need a second STARTUP; a running CPU ignores it. */
        lapic_send_startup(c->apic_id, number);
        answers(c, ANSWER_US);
    }
    if ( load_acquire(&c->online) )
        return true;
    why = load_acquire(&refused);
    printk(XENLOG_INFO, "CPU with APIC id %u %s%s\n", c->apic_id,
           why ? "stays off: " : "does not answer", why ? why : "");
    /* A late start would run on a trampoline page that has another use. */
    lapic_send_init(c->apic_id);
    delay_us(INIT_US);
    return false;
}

static void check_tsc(const struct cpu *c)
{
    if ( arrived_tsc < started_tsc || arrived_tsc > rdtsc() )
        printk(XENLOG_WARNING,
               "CPU %u: its TSC does not go with CPU 0's: time will jump\n",
               c->id);
}

/* The struct for the next CPU; that of a CPU that stayed off is used again. */
static struct cpu *next_cpu(struct cpu *unused, uint32_t apic_id)
{
    struct cpu *c = unused;

    if ( !c )
        c = cpu_alloc(nr_cpus, apic_id);
    c->apic_id = apic_id;
    return c;
}

static void start_all(unsigned int max, uint64_t page)
{
    struct cpu *silent = NULL;

    for ( unsigned int i = 1; i < acpi.nr_cpus; i++ )
    {
        struct cpu *c;

        if ( nr_cpus - (silent != NULL) >= max )
            break;
        c = next_cpu(silent, acpi.cpu_apic_id[i]);
        silent = NULL;
        if ( start(c, page) )
            check_tsc(c);
        else
            silent = c;
    }
    if ( silent )
        cpus[--nr_cpus] = NULL;
}

void smp_boot(unsigned int max, const struct smp_start *how)
{
    static uint8_t saved[PAGE_SIZE];
    size_t bytes = (size_t)(trampoline_end - trampoline_start);
    uint64_t page = find_low_page();

    BUG_ON(bytes > PAGE_SIZE);
    to_do = how;
    max = min(max, (unsigned int)MAX_CPUS);
    if ( !page )
        printk(XENLOG_WARNING, "no memory below 640 KiB: one CPU only\n");
    else
    {
        memcpy(saved, phys_to_virt(page), bytes);
        start_all(max, page);
        memcpy(phys_to_virt(page), saved, bytes);
    }
    printk(XENLOG_INFO, "%u of %u CPUs\n", nr_cpus, acpi.nr_cpus);
}

void smp_release(void)
{
    struct cpu *c;

    store_release(&released, true);
    for_each_cpu (c)
        if ( c != this_cpu() )
            lapic_send_ipi(c->apic_id, VECTOR_RESCHEDULE);
}

/* ---- reschedule IPI ---- */

void cpu_raise_softirq(struct cpu *c)
{
    const struct vcpu *v;

    /* The CPU that set the flag before has sent the IPI, if one was needed. */
    if ( atomic_xchg(&c->softirq_pending, true) || c == this_cpu() )
        return;
    /*
     * c sets idle or in_guest before it reads the flag; this CPU sets the flag
     * before it reads them.  So either c sees the flag, or this CPU sends the
     * IPI.  If v left c in between, c reads the flag afterwards.
     */
    v = READ_ONCE(c->vcpu);
    if ( READ_ONCE(c->idle) || (v && READ_ONCE(v->arch.in_guest)) )
        lapic_send_ipi(c->apic_id, VECTOR_RESCHEDULE);
}

/* ---- stopping ---- */

static void stop_here(void) noreturn_fn;
static void stop_here(void)
{
    store_release(&this_cpu()->online, false);
    for ( ;; )
        __asm__ volatile ( "cli; hlt" );
}

static bool all_stopped(void)
{
    const struct cpu *c;

    for_each_cpu (c)
        if ( c != this_cpu() )
            return false;
    return true;
}

void smp_stop_others(void)
{
    unsigned int nobody = 0;
    struct cpu *c;

    if ( !atomic_cmpxchg(&stopper, &nobody, this_cpu()->id + 1) )
    {
        /* This CPU stopped the others before, or is one to be stopped. */
        if ( nobody != this_cpu()->id + 1 )
            stop_here();
        return;
    }
    WRITE_ONCE(nmi_stops, true);
    for_each_cpu (c)
        if ( c != this_cpu() )
            lapic_send_nmi(c->apic_id);
    for ( unsigned int us = 0; !all_stopped() && us < STOP_US; us += 100 )
        delay_us(100);
}
