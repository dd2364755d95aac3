/* SPDX-License-Identifier: MIT */
/*
 * The clocks of an HVM guest: 8254, RTC, ACPI's PM timer and event registers,
 * HPET; and the registers of memory types.  Each line of output is what was
 * seen; the same is expected on every hypervisor.
 *
 * No line tells how long something took.  What is to come is waited for, until
 * the PM timer has counted many times as much as it needs.
 */
#include "clocks.h"

#define IOAPIC 0xfec00000UL
#define VECTOR 0x60 /* of the I/O APIC's pins: this + pin */
#define LEVEL 0x8000U
#define MASKED 0x10000U

volatile unsigned int count[NR_PINS];
static volatile enum pin_mode mode_of[NR_PINS];

void eoi(void)
{
    apic_write(APIC_EOI, 0);
}

static void ioapic_write(unsigned int index, uint32_t v)
{
    write32(IOAPIC, index);
    write32(IOAPIC + 0x10, v);
}

/* More than that would only keep a slow processor busy. */
static void arrived(unsigned int pin)
{
    if ( ++count[pin] == ENOUGH )
        ioapic_write(0x10 + 2 * pin, MASKED);
    if ( mode_of[pin] == PIN_EDGE )
        eoi();
}

#define PINS(row) row(0) row(1) row(2) row(3) row(4) row(5) row(6) row(7)    \
    row(8) row(9) row(10) row(11) row(12) row(13) row(14) row(15) row(16)    \
    row(17) row(18) row(19) row(20) row(21) row(22) row(23)
#define HANDLER(pin)                                                         \
    static __attribute__((interrupt)) void on_##pin(struct trap_frame *f)    \
    {                                                                        \
        (void)f;                                                             \
        arrived(pin);                                                        \
    }
PINS(HANDLER)
#define ADDRESS_OF(pin) on_##pin,

static void set_vectors(void)
{
    static void (*const handler[])(struct trap_frame *f) = {
        PINS(ADDRESS_OF)
    };

    for ( unsigned int i = 0; i < NR_PINS; i++ )
        set_vector(VECTOR + i, handler[i]);
}

/* What was on its way to the processor arrives before the pin counts. */
void set_pin(unsigned int pin, enum pin_mode mode)
{
    static const uint32_t bits[] = { MASKED, 0, LEVEL };

    ioapic_write(0x10 + 2 * pin, MASKED);
    ioapic_write(0x11 + 2 * pin, apic_read(APIC_ID));
    interrupts_on();
    (void)pm();
    interrupts_off();
    mode_of[pin] = mode;
    count[pin] = 0;
    ioapic_write(0x10 + 2 * pin, bits[mode] | (VECTOR + pin));
}

void wait_pm(uint32_t ticks)
{
    uint32_t start = pm();

    while ( pm() - start < ticks ) /* at least, then no verdict on how long */
        ;
}

void say_whether(const char *name, bool yes)
{
    say("%s: %s\n", name, yes ? "yes" : "no");
}

void say_count(const char *name, unsigned int pin, unsigned int expected)
{
    const char *what = "again and again";

    (void)COMES(count[pin] >= expected, LONG);
    if ( !COMES(count[pin] > 2, SOON) )
        what = count[pin] == 0 ? "none" : count[pin] == 1 ? "once" : "twice";
    say("%s: %s\n", name, what);
}

void guest_main(void)
{
    guest_init();
    smp_init();
    set_vectors();
    apic_write(APIC_SVR, 0x1ff);
    for ( unsigned int pin = 0; pin < NR_PINS; pin++ )
        set_pin(pin, PIN_MASKED);
    test_pit();
    test_rtc();
    test_hpet();
    test_acpi();
    test_mtrr();
    say("done\n");
    guest_shutdown(SHUTDOWN_poweroff);
}
