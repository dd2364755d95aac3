/* SPDX-License-Identifier: MIT */
/*
 * A guest that executes random operations, also forbidden ones, on two vCPUs:
 * seed=N chooses the operations, ops=N their number.  Ports, devices' memory by
 * random instructions, MSRs, CPUID, hypercalls, APIC registers, IPIs, INIT,
 * jumps to random bytes in each mode; after any trap the vCPU continues.  A
 * third vCPU counts, wakes the two by NMI, starts them again by INIT and SIPI,
 * and ends the guest by a triple fault.  Debug registers are not used: QEMU 7.2
 * confuses those of the two levels, and crashes.
 *
 * The guest hangs when all three vCPUs stop at once: a stray IPI or write hit
 * the third vCPU while the others sleep or loop with interrupts masked.
 *
 * Memory: 4 MiB code that is made up, 6 MiB arguments and targets, 12 MiB to
 * 16 MiB pages that are given back and populated again.  Below 1 MiB are loops,
 * for real mode after a SIPI to a page without code.
 */
#include "fuzz.h"

#define CHECK_MS 4 /* between looks: no verdict */
#define PERIOD_US 10000 /* who halts is woken */
#define PATIENCE_MS 20 /* without a step: NMI, then INIT: no verdict */
#define MISSED_MS 500 /* the watcher itself: no verdict */

/* Blocks: the structure, and the stack of its traps. */
static union {
    struct fuzz_cpu cpu;
    char block[16384];
} cpus[NR_CPUS] __attribute__((aligned(16384)));

static struct { uint64_t low, high; } catch_all[256]
    __attribute__((aligned(4096)));

uint64_t ticks_per_ms;
static volatile uint64_t starting; /* until when: one at a time */
static uint64_t next_report;
static unsigned long wanted; /* operations */

struct fuzz_cpu *fuzz_cpu(unsigned int id)
{
    return &cpus[id].cpu;
}

/* ---- the local APIC ---- */

static void wrmsr(uint32_t m, uint64_t v)
{
    __asm__ volatile("wrmsr" : : "c"(m), "a"((uint32_t)v), "d"(v >> 32));
}

static void apic_on(void)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_APIC_BASE));
    if ( low & 0x400 )
        wrmsr(MSR_APIC_BASE, APIC);
    wrmsr(MSR_APIC_BASE, APIC | APIC_BASE_ENABLE);
    __asm__ volatile("mov %0, %%cr8" : : "r"(0UL));
    apic_write(APIC_SVR, 0x1ff);
    apic_write(APIC_TDCR, 0xb);
}

void arm_timer(uint32_t us)
{
    apic_on();
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | WATCH_VECTOR);
    apic_write(APIC_TMICT, us * 100);
}

/* ---- traps ---- */

static void load_cpu(struct fuzz_cpu *c)
{
    uint64_t base = ADDRESS(c->tss);
    uint64_t top = ADDRESS(c) + sizeof(cpus[0]);
    struct __attribute__((packed))
    {
        uint16_t limit;
        uint64_t base;
    } gdtr = { sizeof(c->gdt) - 1, ADDRESS(c->gdt) };
    struct idtr idtr = { sizeof(catch_all) - 1, catch_all };

    c->tss[9] = (uint32_t)top;
    c->tss[1] = (uint32_t)top;
    c->gdt[1] = 0x00af9b000000ffff;
    c->gdt[2] = 0x00cf93000000ffff;
    c->gdt[3] = 0x00cff3000000ffff; /* STACK3 */
    c->gdt[4] = 0x00affb000000ffff; /* USER64 */
    c->gdt[5] = 103 | (base & 0xffffff) << 16 | 0x89UL << 40 |
                (base >> 24 & 0xff) << 56;
    c->gdt[6] = base >> 32;
    c->gdt[7] = 0x00cf9b000000ffff; /* CODE32 */
    c->gdt[8] = 0x008f9b000000ffff; /* CODE16 */
    c->gdt[9] = 0x00cffb000000ffff; /* USER32 */
    __asm__ volatile("lgdt %0; lidt %1; ltr %2"
                     : : "m"(gdtr), "m"(idtr), "m"(tss_selector));
    /*
     * INIT leaves an LDT at 0, where loops are: as descriptors these have L and
     * D, which QEMU 7.2 loads into CS and a processor refuses.
     */
    __asm__ volatile("lldt %w0" : : "r"(0));
    __asm__ volatile("wrmsr" : : "c"(MSR_EFER), "a"(EFER_64), "d"(0));
    __asm__ volatile("mov %0, %%cr4" : : "r"(0x40220UL));
    __asm__ volatile("mov %0, %%cr0" : : "r"(0x80010011UL));
}

/*
 * What fuzz_mark() returned: 0, or a vector + 1.  An upcall comes again and
 * again until somebody says that it was seen.
 */
static void ack(struct fuzz_cpu *c, unsigned int trap)
{
    if ( trap <= 32 )
        return;
    apic_write(APIC_EOI, 0);
    shared_info->vcpu_info[c->id].evtchn_upcall_pending = 0;
}

/* ---- the watcher ---- */

/* Not start_cpu(): its page is written once, and then protected. */
extern char cpu_code[], cpu_code_end[];
extern uint64_t cpu_stack;
extern void (*cpu_entry)(void);
static char stacks[NR_CPUS][16384] __attribute__((aligned(16)));
/* Code in real mode, where nothing is protected, does not get there easily. */
#define START_PAGE 0x9f000UL

static void start(struct fuzz_cpu *c)
{
    uint64_t now = ticks(), until = starting;

    if ( now < until ||
         !__atomic_compare_exchange_n(&starting, &until,
                                      now + 50 * ticks_per_ms, false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) )
        return;
    /* An interrupt would lead elsewhere, before the SIPI is sent. */
    __asm__ volatile("cli" ::: "memory");
    c->ready = c->poked = c->restart = false;
    c->starts++;
    cpu_stack = ADDRESS(stacks[c->id] + sizeof(stacks[0]));
    cpu_entry = second_main;
    apic_send(c->id * 2, ICR_INIT);
    apic_send(c->id * 2, ICR_SIPI | START_PAGE >> 12);
    /* It reads cpu_stack first. */
    while ( !c->ready && ticks() < starting ) /* look again */
        ;
    c->seen_at = ticks();
    starting = 0;
}

static void look_after(struct fuzz_cpu *c)
{
    unsigned long now = c->ops + c->traps;

    if ( c->restart )
        start(c);
    else if ( now != c->seen || !c->seen_at )
    {
        c->seen = now;
        c->seen_at = ticks();
        c->poked = false;
    }
    else if ( ticks() - c->seen_at > PATIENCE_MS * ticks_per_ms )
    {
        c->seen_at = ticks();
        if ( c->poked || !c->ready )
        {
            start(c);
            return;
        }
        c->poked = true;
        c->nmis++;
        apic_send(c->id * 2, ICR_NMI);
    }
}

static unsigned long done(void)
{
    unsigned long ops = 0;

    for ( unsigned int i = 0; i < NR_FUZZERS; i++ )
        for ( unsigned int j = 0; j < NR_KINDS; j++ )
            ops += fuzz_cpu(i)->kinds[j];
    return ops;
}

static void report(const char *what)
{
    unsigned long k[NR_KINDS] = { 0 }, traps = 0, nmis = 0, starts = 0;

    for ( unsigned int i = 0; i < NR_FUZZERS; i++ )
    {
        const struct fuzz_cpu *c = fuzz_cpu(i);

        for ( unsigned int j = 0; j < NR_KINDS; j++ )
            k[j] += c->kinds[j];
        traps += c->traps;
        nmis += c->nmis;
        starts += c->starts;
    }
    say("fuzz: %s: %lu ports, %lu instructions, %lu MSRs, %lu calls, "
        "%lu plans, %lu APIC; %lu traps, %lu NMIs, %lu starts\n", what,
        k[PORTS], k[INSNS], k[MSRS], k[CALLS], k[PLANS], k[APICS], traps,
        nmis, starts);
}

static _Noreturn void watch(struct fuzz_cpu *c)
{
    struct idtr none = { 0, NULL };

    for ( ;; )
    {
        /* From here, after each interrupt. */
        ack(c, fuzz_mark(c));
        c->ops++;
        apic_on();
        apic_write(APIC_LVT_TIMER, WATCH_VECTOR);
        for ( unsigned int i = 0; i < NR_FUZZERS; i++ )
            look_after(fuzz_cpu(i));
        if ( done() >= wanted )
            break;
        if ( ticks() > next_report )
        {
            next_report += 1000 * ticks_per_ms;
            report("so far");
        }
        apic_write(APIC_TMICT, CHECK_MS * 100000);
        __asm__ volatile("sti; hlt; cli" ::: "memory");
    }
    report("done");
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    for ( ;; )
        ;
}

/* ---- the others ---- */

static void find_watcher(struct fuzz_cpu *c)
{
    const struct fuzz_cpu *w = fuzz_cpu(NR_FUZZERS);

    if ( w->ops != c->seen_watcher )
    {
        c->seen_watcher = w->ops;
        c->watcher_at = ticks();
    }
    else if ( ticks() - c->watcher_at > MISSED_MS * ticks_per_ms )
    {
        c->watcher_at = ticks();
        start(fuzz_cpu(NR_FUZZERS));
    }
}

static void step(struct fuzz_cpu *c)
{
    static const enum kind kinds[] = {
        PORTS, PORTS, INSNS, INSNS, INSNS, INSNS, INSNS, INSNS, MSRS, MSRS,
        CALLS, CALLS, CALLS, PLANS, PLANS, APICS,
    };
    enum kind k = PICK(c, kinds);

    if ( one_in(c, 4) )
        __asm__ volatile("cli");
    else
        __asm__ volatile("sti");
    c->kinds[k]++;
    switch ( k )
    {
    case PORTS: fuzz_port(c); break;
    case INSNS:
        if ( one_in(c, 8) )
            fuzz_exception(c);
        fuzz_code(c);
        break;
    case MSRS:
        if ( one_in(c, 2) )
            fuzz_register(c);
        fuzz_msr(c);
        break;
    case CALLS: fuzz_call(c); break;
    case PLANS: fuzz_plan(c); break;
    default: fuzz_apic(c); break;
    }
}

static _Noreturn void live(struct fuzz_cpu *c)
{
    unsigned int trap = fuzz_mark(c);

    if ( !trap )
    {
        c->watcher_at = ticks();
        load_cpu(c);
        arm_timer(PERIOD_US);
        c->ready = true;
    }
    else
    {
        if ( trap <= 32 )
            c->traps++;
        ack(c, trap);
        if ( trap == 3 || one_in(c, 64) ) /* that NMI is the watcher's */
        {
            wrmsr(MSR_EFER, EFER_64);
            arm_timer(PERIOD_US);
        }
    }
    if ( c->id == NR_FUZZERS )
        watch(c);
    for ( ;; )
    {
        if ( !(c->ops++ & 63) )
            find_watcher(c);
        step(c);
    }
}

/* All but the first vCPU come here, and that one after an INIT. */
void second_main(void)
{
    uint32_t r[4];

    cpuid(1, 0, r);
    live(fuzz_cpu(r[1] >> 25));
}

/* ---- the first steps ---- */

extern char image_writable[];

/* 4 KiB pages for what is below 2 MiB: code and tables are not written. */
static void protect_image(uint64_t *pd)
{
    static uint64_t pt[512] __attribute__((aligned(4096)));

    for ( unsigned int i = 0; i < 512; i++ )
    {
        uint64_t at = i * PAGE_SIZE;
        bool fixed = (at >= 0x100000 && at < ADDRESS(image_writable)) ||
                     (at >= ADDRESS(pml4) && at < ADDRESS(pml4) + 0x6000) ||
                     at == ADDRESS(catch_all) || at == ADDRESS(pt) ||
                     at == START_PAGE;

        pt[i] = at | (fixed ? 1 : 3);
    }
    pt[0] |= PTE_NX; /* data: QEMU 7.2 ends with "invalid tss" if it has 0F 00 */
    pd[0] = ADDRESS(pt) | 3;
}

/* Only what is ours is there; neither devices nor data are for execution. */
static void narrow_pages(void)
{
    uint64_t *top = (uint64_t *)(void *)pml4;
    uint64_t *pdpt = (uint64_t *)(top[0] & ~0xfffUL);

    top[0] |= 4;
    for ( uint64_t at = 0; at < 1UL << 32; at += 2UL << 20 )
    {
        uint64_t *pd = (uint64_t *)(pdpt[at >> 30] & ~0xfffUL);
        bool used = at == 0xe0000000 || at == DEVICE || at == ABSENT ||
                    at == IOAPIC || at == (APIC & ~0x1fffffUL) ||
                    at == 0xe8000000;

        pdpt[at >> 30] |= 4;
        if ( at >= 16UL << 20 )
            pd[at >> 21 & 511] = used ? at | PTE_NX | 0x87 : 0;
        else if ( at >= CODE )
            pd[at >> 21 & 511] |= at < DATA ? 4 : PTE_NX | 4;
    }
    protect_image((uint64_t *)(pdpt[0] & ~0xfffUL));
    wrmsr(MSR_EFER, EFER_64);
    __asm__ volatile("mov %0, %%cr3" : : "r"(top) : "memory");
}

/* Low memory is loops, for real mode; to which its vectors lead, too. */
static void fill(void)
{
    for ( uint8_t *at = (void *)CODE; at < (uint8_t *)(DATA + DATA_SIZE); )
        *at++ = 0xcc;
    for ( uint16_t *at = (void *)LOOPS; at < (uint16_t *)LOOPS_END; )
        *at++ = 0xfeeb;
    for ( uint16_t *at = (void *)0x1000; at < (uint16_t *)0x9f000; )
        *at++ = 0xfeeb;
    for ( volatile uint32_t *at = (void *)4; at < (uint32_t *)0x400; at++ )
        *at = 0x10000 >> 4 << 16 | 0xffe;
    for ( char *from = cpu_code, *to = (char *)START_PAGE; from < cpu_code_end; )
        *to++ = *from++;
}

_Noreturn void guest_main(void)
{
    unsigned long seed = command_number("seed", 1);
    uint32_t r[4];

    guest_init();
    cpuid(0x40000003, 0, r);
    ticks_per_ms = r[2] ? r[2] : 1000000;
    next_report = ticks() + 1000 * ticks_per_ms;
    wanted = command_number("ops", 10000);
    for ( unsigned int i = 0; i < 256; i++ )
    {
        uint64_t at = ADDRESS(fuzz_vectors) + i * 16;

        catch_all[i].low = (at & 0xffff) | 8UL << 16 | 1UL << 32 |
                           0x8eUL << 40 | (at >> 16 & 0xffff) << 48;
        catch_all[i].high = at >> 32;
    }
    for ( unsigned int i = 0; i < NR_CPUS; i++ )
    {
        fuzz_cpu(i)->id = i;
        fuzz_cpu(i)->random = seed * 0x9e3779b97f4a7c15UL + 0x1234567 + i;
    }
    fill();
    guest_events_init();
    for ( unsigned int i = 0; i < NR_GRANT_FRAMES; i++ )
        add_to_physmap(XENMAPSPACE_grant_table, i, GRANTS + i * PAGE_SIZE);
    say("fuzz: seed %lu\n", seed);
    narrow_pages();
    start(fuzz_cpu(1));
    start(fuzz_cpu(NR_FUZZERS));
    live(fuzz_cpu(0));
}
