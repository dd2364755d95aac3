/* SPDX-License-Identifier: MIT */
/*
 * Interrupts, as they arrive in the run loop's windows, where the CPU holds no
 * lock: the run loop finds flags.
 */
#include <x86/irq.h>
#include <x86/platform.h>

static void (*device_handler)(unsigned int vector);

void irq_pass_devices(void (*handler)(unsigned int vector))
{
    device_handler = handler;
}

void irq_handle(unsigned int vector)
{
    switch ( vector )
    {
    case VECTOR_TIMER:
        lapic_eoi();
        timer_interrupt(this_cpu());
        break;
    case VECTOR_RESCHEDULE: /* who sent it has set the flag */
        lapic_eoi();
        break;
    case VECTOR_SPURIOUS: /* nothing is in service */
        break;
    default:
        if ( device_handler )
            device_handler(vector);
        else
            lapic_eoi();
        break;
    }
}
