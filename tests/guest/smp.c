/* SPDX-License-Identifier: MIT */
/* Local APICs, further vCPUs, ring 3, exceptions: see smp.h. */
#include "smp.h"

#define CPU_CODE 0x8000UL /* a page of RAM below 1 MiB, for SIPI */
#define USER 4UL

extern char cpu_code[], cpu_code_end[], from_ring3[], try_back[];
extern uint64_t cpu_stack;
extern void (*cpu_entry)(void);
extern volatile uint8_t trying;
extern volatile uint32_t try_vector;

volatile uint64_t try_rip;

static uint64_t full_gdt[7];
static struct __attribute__((packed))
{
    uint32_t zero;
    uint64_t rsp[3], none, ist[7], none2;
    uint32_t io_map;
} tss;
static char ring0_stack[8192] __attribute__((aligned(16)));
static char cpu_stacks[4][16384] __attribute__((aligned(16)));

/* ---- exceptions ---- */

static bool recover(unsigned int vector, uint64_t error, struct trap_frame *f)
{
    (void)error;
    try_rip = f->rip;
    if ( (f->cs & 3) == 3 ) /* in_ring3() answers with the vector */
    {
        __asm__ volatile("mov %0, %%rax; jmp from_ring3"
                         : : "r"((uint64_t)vector | 1UL << 32));
        __builtin_unreachable();
    }
    if ( !trying )
        return false;
    try_vector = vector;
    f->rip = ADDRESS(try_back);
    f->rflags &= ~0x100UL;
    return true;
}

/* ---- segments and pages ---- */

static void load_segments(void)
{
    uint64_t base = ADDRESS(&tss);
    struct __attribute__((packed))
    {
        uint16_t limit;
        uint64_t base;
    } gdtr = { sizeof(full_gdt) - 1, ADDRESS(full_gdt) };

    tss.rsp[0] = ADDRESS(ring0_stack + sizeof(ring0_stack));
    tss.io_map = sizeof(tss) << 16;
    full_gdt[1] = 0x00af9b000000ffff; /* code */
    full_gdt[2] = 0x00cf93000000ffff; /* data */
    full_gdt[3] = 0x00cff3000000ffff; /* data of ring 3 */
    full_gdt[4] = 0x00affb000000ffff; /* code of ring 3 */
    full_gdt[5] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 |
                  0x89UL << 40 | (base >> 24 & 0xff) << 56;
    full_gdt[6] = base >> 32;
    __asm__ volatile("lgdt %0; ltr %1" : : "m"(gdtr), "m"(tss_selector));
}

static void open_pages(void)
{
    uint64_t *top = (uint64_t *)(void *)pml4;
    uint64_t *pdpt = (uint64_t *)(top[0] & ~0xfffUL);

    top[0] |= USER;
    for ( unsigned int i = 0; i < 4; i++ )
    {
        uint64_t *pd = (uint64_t *)(pdpt[i] & ~0xfffUL);

        pdpt[i] |= USER;
        for ( unsigned int j = 0; j < 512; j++ )
            pd[j] |= USER;
    }
    __asm__ volatile("mov %0, %%cr3" : : "r"(top) : "memory");
}

void set_vector(unsigned int vector, void (*handler)(struct trap_frame *f))
{
    guest_set_gate(vector, (void *)handler, 0);
}

void smp_init(void)
{
    load_segments();
    open_pages();
    guest_set_gate(0x80, from_ring3, 3);
    trap_hook = recover;
}

/* ---- vCPUs ---- */

void apic_send(unsigned int id, uint32_t icr)
{
    apic_write(APIC_ICR_HIGH, id << 24);
    apic_write(APIC_ICR, icr);
}

void ask_others(uint8_t vector, const volatile unsigned int *answered,
                unsigned int asked)
{
    static unsigned int last;

    if ( asked != last || command_has("xen") )
        apic_write(APIC_ICR, ICR_OTHERS | vector);
    last = asked;
    if ( !command_has("xen") )
    {
        sleep_for_event();
        return;
    }
    interrupts_on();
    for ( unsigned int i = 0; i < 10000000 && *answered != asked; i++ )
        __asm__ volatile("pause");
    interrupts_off();
}

void start_cpu(unsigned int id, void (*fn)(void))
{
    unsigned int stack = id / 2 % 4;

    for ( char *from = cpu_code, *to = (char *)CPU_CODE; from < cpu_code_end; )
        *to++ = *from++;
    cpu_stack = ADDRESS(cpu_stacks[stack] + sizeof(cpu_stacks[stack]));
    cpu_entry = fn;
    apic_send(id, ICR_INIT);
    for ( uint64_t start = ticks(); ticks() - start < 10000000; ) /* no verdict */
        ;
    apic_send(id, ICR_SIPI | CPU_CODE >> 12);
    apic_send(id, ICR_SIPI | CPU_CODE >> 12);
}
