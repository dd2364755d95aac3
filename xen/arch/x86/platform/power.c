/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine: off, again, or stopped.  The other CPUs are stopped
 * first.  Everything here works in a crash, too: no lock, no allocation.
 */
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/platform.h>
#include <x86/smp.h>

#define PM1_SLEEP_TYPE (7U << 10)
#define PM1_SLEEP_ENABLE (1U << 13)

#define RESET_CONTROL 0xcf9 /* of PCI chip sets */
#define RESET_HARD 0x02
#define RESET_CPU 0x04
#define RESET_FULL 0x08 /* power goes off and on */

#define KEYBOARD_COMMAND 0x64 /* and status */
#define KEYBOARD_BUSY 0x02
#define KEYBOARD_PULSE_RESET 0xfe

#define SETTLE_US 100000U

static void halt_here(void) noreturn_fn;
static void halt_here(void)
{
    for ( ;; )
        __asm__ volatile ( "cli; hlt" );
}

void machine_halt(void)
{
    smp_stop_others();
    halt_here();
}

static uint16_t sleep_value(uint16_t port, unsigned int type)
{
    return (uint16_t)((inw(port) & ~PM1_SLEEP_TYPE) | type << 10 |
                      PM1_SLEEP_ENABLE);
}

void machine_poweroff(void)
{
    irq_disable();
    smp_stop_others();
    if ( acpi.has_s5 && acpi.pm1a_control )
    {
        outw(acpi.pm1a_control,
             sleep_value(acpi.pm1a_control, acpi.slp_typ_s5 & 7));
        if ( acpi.pm1b_control )
            outw(acpi.pm1b_control,
                 sleep_value(acpi.pm1b_control, acpi.slp_typ_s5 >> 8 & 7));
        delay_us(SETTLE_US);
    }
    printk(XENLOG_ALWAYS, "The machine can be switched off now.\n");
    halt_here();
}

static void keyboard_reset(void)
{
    unsigned int left = 100000;

    while ( (inb(KEYBOARD_COMMAND) & KEYBOARD_BUSY) && --left )
        cpu_relax();
    outb(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
}

/* No IDT: the first exception becomes the third, which resets. */
static void triple_fault(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = { 0, 0 };

    __asm__ volatile ( "lidt %0; ud2" :: "m" (none) );
}

void machine_reboot(void)
{
    irq_disable();
    smp_stop_others();
    if ( acpi.reset_port )
    {
        outb(acpi.reset_port, acpi.reset_value);
        delay_us(SETTLE_US);
    }
    outb(RESET_CONTROL, RESET_HARD);
    outb(RESET_CONTROL, RESET_HARD | RESET_CPU);
    delay_us(SETTLE_US);
    outb(RESET_CONTROL, RESET_HARD | RESET_CPU | RESET_FULL);
    delay_us(SETTLE_US);
    keyboard_reset();
    delay_us(SETTLE_US);
    triple_fault();
    halt_here();
}

void machine_begin_crash(void)
{
    smp_stop_others();
    serial_wait(true);
}

void machine_end_of_crash(void)
{
    bool again = option_reboots(serial_is_there());

    printk(XENLOG_ALWAYS,
           "%s\n", again ? "Rebooting" : "The machine stays as it is");
    serial_flush();
    if ( !again )
        machine_halt();
    machine_reboot();
}
