/* SPDX-License-Identifier: MIT */
/*
 * What a processor's clocks lack, and C1E.
 *
 * When all cores of an old processor have executed HLT, the chip set or the
 * processor itself may go further than C1 (C1E): local APIC timers stand still
 * then, and nobody is woken by them.  Oriel has no other timer that wakes a
 * CPU, so it keeps to C1: one MSR tells to do without.  Firmware may set that
 * MSR later, when dom0 switches ACPI on; so each CPU looks before it sleeps.
 */
#include <hv/lib.h>

#include <x86/irq.h>
#include <x86/platform.h>
#include <x86/processor.h>

#define C1E_BY_SMI (1UL << 27)
#define C1E_BY_CHIPSET (1UL << 28)

/* From this family on the timer goes on in all C-states, said or not. */
#define FIRST_ALWAYS_RUNNING 0x12

static bool may_stop; /* this machine's local APIC timers */

unsigned int clocks_lack(uint32_t signature, uint32_t leaf6_a,
                         uint32_t power_d)
{
    unsigned int family = signature >> 8 & 0xf, lack = 0;

    if ( family == 0xf )
        family += signature >> 20 & 0xff;
    if ( !(power_d & CPUID_E7D_ITSC) )
        lack |= CLOCKS_TSC_VARIES;
    if ( !(leaf6_a & CPUID_6A_ARAT) && family < FIRST_ALWAYS_RUNNING )
        lack |= CLOCKS_TIMER_STOPS;
    return lack;
}

void c1e_off(void)
{
    const uint64_t c1e = C1E_BY_SMI | C1E_BY_CHIPSET;
    uint64_t value;

    if ( likely(!may_stop) ||
         !rdmsr_safe(MSR_INTERRUPT_PENDING, &value) || !(value & c1e) )
        return;
    wrmsr_safe(MSR_INTERRUPT_PENDING, value & ~c1e);
}

void clocks_init(void)
{
    uint32_t max, max_extended, signature, a = 0, b, c, d = 0, unused;
    unsigned int lack;

    cpuid(0, 0, &max, &b, &c, &unused);
    cpuid(0x80000000, 0, &max_extended, &b, &c, &unused);
    cpuid(1, 0, &signature, &b, &c, &unused);
    if ( max >= 6 )
        cpuid(6, 0, &a, &b, &c, &unused);
    if ( max_extended >= 0x80000007 )
        cpuid(0x80000007, 0, &unused, &b, &c, &d);

    lack = clocks_lack(signature, a, d);
    may_stop = lack & CLOCKS_TIMER_STOPS;
    if ( lack )
        printk(XENLOG_WARNING, "Clocks:%s%s%s\n",
               lack & CLOCKS_TSC_VARIES ? " the TSC is not invariant" : "",
               lack == (CLOCKS_TSC_VARIES | CLOCKS_TIMER_STOPS) ? "," : "",
               may_stop ? " APIC timers stop in C1E, which stays off" : "");
    c1e_off();
}
