/* SPDX-License-Identifier: MIT */
/*
 * What a processor needs for itself: struct cpu, descriptor table, task state
 * (stacks of exceptions), stack.
 *
 * The boot CPU's stand in the image, so that locks and crashes work from the
 * first line on.  None is ever freed.
 */
#include <hv/heap.h>
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/cpu.h>
#include <x86/irq.h>
#include <x86/selectors.h>

#define CODE64 0x00af9b000000ffffUL
#define DATA32 0x00cf93000000ffffUL
#define RING3_CODE64 0x00affb000000ffffUL
#define RING3_CODE32 0x00cffb000000ffffUL
#define RING3_DATA 0x00cff3000000ffffUL
#define TSS64_AVAILABLE 0x0000890000000000UL

_Static_assert(offsetof(struct cpu, self) == 0, "this_cpu() counts on it");
_Static_assert(offsetof(struct cpu, trap_rsp) == CPU_TRAP_RSP &&
                   offsetof(struct cpu, run_rsp) == CPU_RUN_RSP &&
                   offsetof(struct cpu, guest_rsp) == CPU_GUEST_RSP,
               "ring3.S counts on it");

struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus;

/* From head.S on the stack that boot_main() runs on. */
extern uint8_t boot_stack[STACK_PAGES * PAGE_SIZE];
uint8_t boot_stack[STACK_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static uint64_t boot_gdt[GDT_SLOTS] __attribute__((aligned(4096)));
static struct cpu boot_cpu;

void stack_call(uint64_t top, void (*fn)(void)) noreturn_fn; /* entry.S */

/*
 * Such an exception may come while GS is still, or again, a guest's: the stack
 * begins with the CPU that it belongs to (entry.S).
 */
static uint64_t exception_stack(const struct cpu *c, unsigned int nr)
{
    uint64_t top = (uint64_t)c->stack + (nr + 1) * IST_BYTES - 2 * sizeof(c);

    *(const struct cpu **)top = c;
    return top;
}

static void fill(struct cpu *c, unsigned int id, uint32_t apic_id)
{
    uint64_t tss = (uint64_t)&c->tss;

    c->self = c;
    c->id = id;
    c->apic_id = apic_id;

    for ( unsigned int i = 0; i < NR_IST; i++ )
        c->tss.ist[i] = exception_stack(c, i);
    c->tss.iomap_base = sizeof(c->tss); /* none */

    c->gdt[GDT_CODE] = CODE64;
    c->gdt[GDT_DATA] = DATA32;
    c->gdt[GDT_RING3_CODE32] = RING3_CODE32;
    c->gdt[GDT_RING3_DATA] = RING3_DATA;
    c->gdt[GDT_RING3_CODE64] = RING3_CODE64;
    c->gdt[GDT_TSS] = TSS64_AVAILABLE | (sizeof(c->tss) - 1) |
                      (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
    c->gdt[GDT_TSS + 1] = tss >> 32;

    cpus[id] = c;
    nr_cpus = max(nr_cpus, id + 1);
}

void cpu_init_boot(void)
{
    boot_cpu.stack = boot_stack;
    boot_cpu.gdt = boot_gdt;
    fill(&boot_cpu, 0, 0);
    cpu_load(&boot_cpu);
    boot_cpu.online = true;
}

struct cpu *cpu_alloc(unsigned int id, uint32_t apic_id)
{
    struct cpu *c;

    BUG_ON(id >= MAX_CPUS);
    if ( id == 0 )
    {
        boot_cpu.apic_id = apic_id;
        return &boot_cpu;
    }
    c = new_object(struct cpu);
    if ( !c || !(c->stack = hv_zalloc(STACK_PAGES * PAGE_SIZE)) ||
         !(c->gdt = new_array(uint64_t, GDT_SLOTS)) )
        panic("no memory for CPU %u\n", id);
    unmap_guard((char *)c->stack + STACK_GUARD * PAGE_SIZE);
    fill(c, id, apic_id);
    return c;
}

void cpu_load_gdt(uint64_t base)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) gdtr = { GDT_LIMIT, base };

    __asm__ volatile ( "lgdt %0" :: "m" (gdtr) );
}

static void load_descriptors(struct cpu *c)
{
    cpu_load_gdt((uint64_t)c->gdt - GDT_FIRST * 8);
    /* Loading a TSS marks it busy; this may be not the first time. */
    c->gdt[GDT_TSS] &= ~(2UL << 40);
    __asm__ volatile ( "mov %0, %%ds; mov %0, %%es; mov %0, %%ss"
                       :: "r" (SELECTOR_DATA) );
    __asm__ volatile ( "mov %0, %%fs; mov %0, %%gs" :: "r" (0) );
    __asm__ volatile ( "pushq %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:"
                       :: "i" (SELECTOR_CODE) : "rax", "memory" );
    wrmsr(MSR_GS_BASE, (uint64_t)c);
    __asm__ volatile ( "lldt %w0" :: "r" (0) );
    __asm__ volatile ( "ltr %w0" :: "r" (SELECTOR_TSS) );
}

/* Protection first: what the processor has to keep us from mistakes. */
static void load_control_registers(void)
{
    uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    uint32_t a, b, c, d, max_leaf;

    cpuid(0, 0, &max_leaf, &b, &c, &d);
    cpuid(1, 0, &a, &b, &c, &d);
    if ( c & CPUID_1C_XSAVE )
        cr4 |= CR4_OSXSAVE;
    if ( max_leaf >= 7 )
    {
        cpuid(7, 0, &a, &b, &c, &d);
        if ( b & CPUID_7B_SMEP )
            cr4 |= CR4_SMEP;
        if ( b & CPUID_7B_SMAP )
            cr4 |= CR4_SMAP;
    }
    cpuid(0x80000001, 0, &a, &b, &c, &d);
    if ( d & CPUID_E1D_NX )
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NX);
    write_cr0(CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
    write_cr4(cr4);
}

void cpu_load(struct cpu *c)
{
    load_descriptors(c);
    traps_load();
    load_control_registers();
}

void cpu_switch_stack(struct cpu *c, void (*fn)(void))
{
    stack_call(cpu_stack_top(c), fn);
}
