/* SPDX-License-Identifier: MIT */
/*
 * The IDT, and where what arrives through it goes: interrupts to their handler,
 * faults of instructions that may fault to their fix-up, NMIs that ask this
 * CPU to stop to its end, all else to crash_trap().
 */
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/fixup.h>
#include <x86/irq.h>
#include <x86/ring3.h>
#include <x86/selectors.h>

#define STUB_SIZE 16
#define GATE_INTERRUPT 0x8e00U /* present, interrupts stay off */
#define GATE_RING3 0x6000U     /* INT3, INTO and INT 0x80 of ring 3 reach it */

struct gate {
    uint16_t offset_low, selector;
    uint16_t flags; /* bits 0-2: which stack, 0: the current one */
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

extern const uint8_t trap_stubs[256][STUB_SIZE];

static struct gate idt[256] __attribute__((aligned(16)));

static unsigned int stack_of(unsigned int vector)
{
    switch ( vector )
    {
    case VECTOR_DF:
        return IST_DF + 1;
    case VECTOR_NMI:
        return IST_NMI + 1;
    case VECTOR_MC:
        return IST_MC + 1;
    case VECTOR_DB: /* may come at the first instruction after SYSCALL */
        return IST_DB + 1;
    default:
        return 0;
    }
}

static unsigned int privilege_of(unsigned int vector)
{
    return vector == VECTOR_BP || vector == VECTOR_OF || vector == VECTOR_LINUX
               ? GATE_RING3 : 0;
}

static void (*interrupt_handler)(unsigned int vector);

void traps_init(void (*interrupt)(unsigned int vector))
{
    interrupt_handler = interrupt;
    for ( unsigned int i = 0; i < 256; i++ )
    {
        uint64_t stub = (uint64_t)trap_stubs[i];

        idt[i] = (struct gate){
            .offset_low = (uint16_t)stub,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
            .selector = SELECTOR_CODE,
            .flags = (uint16_t)(GATE_INTERRUPT | privilege_of(i) | stack_of(i)),
        };
    }
}

void traps_load(void)
{
    struct {
        uint16_t limit;
        const struct gate *base;
    } __attribute__((packed)) idtr = { sizeof(idt) - 1, idt };

    __asm__ volatile ( "lidt %0" :: "m" (idtr) );
}

/* ---- instructions that may fault ---- */

extern const struct fixup fixups_start[], fixups_end[];

static bool fix_up(struct trap_frame *f)
{
    for ( const struct fixup *x = fixups_start; x < fixups_end; x++ )
        if ( (uint64_t)&x->from + (uint64_t)(int64_t)x->from == f->rip )
        {
            f->rip = (uint64_t)&x->to + (uint64_t)(int64_t)x->to;
            return true;
        }
    return false;
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    uint32_t lo = 0, hi = 0;
    bool ok = false;

    __asm__ volatile ( "1: rdmsr\n\tmovb $1, %2\n2:\n" FIXUP(1b, 2b)
                       : "+a" (lo), "+d" (hi), "+q" (ok) : "c" (msr) );
    *value = (uint64_t)hi << 32 | lo;
    return ok;
}

bool wrmsr_safe(uint32_t msr, uint64_t value)
{
    bool ok = false;

    __asm__ volatile ( "1: wrmsr\n\tmovb $1, %0\n2:\n" FIXUP(1b, 2b)
                       : "+q" (ok) : "c" (msr), "a" ((uint32_t)value),
                       "d" ((uint32_t)(value >> 32)) : "memory" );
    return ok;
}

void trap_handle(struct trap_frame *f)
{
    if ( f->vector >= VECTOR_FIRST_DEVICE )
        interrupt_handler((unsigned int)f->vector);
    else if ( f->vector == VECTOR_NMI )
        crash_nmi();
    else if ( f->vector == VECTOR_DB )
        write_dr6(DR6_RESET); /* ring 3's breakpoint, delayed by MOV to SS */
    else if ( !fix_up(f) )
        crash_trap(f);
}

void trap_interrupt(unsigned int vector)
{
    interrupt_handler(vector);
}
