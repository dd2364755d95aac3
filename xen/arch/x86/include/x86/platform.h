/* SPDX-License-Identifier: MIT */
/* The machine around the processors: tables, interrupt controllers, time. */
#ifndef X86_PLATFORM_H
#define X86_PLATFORM_H

#include <hv/types.h>

#include <x86/acpi.h>
#include <x86/cpu.h>

/* ---- platform/acpi.c ---- */

extern struct acpi_info acpi;

void acpi_init(void);
/*
 * Without x2APIC there is no message to an APIC id above 254, and one to the
 * lower 8 bits would reach another CPU: those CPUs are left out, and said.
 */
void acpi_drop_unreachable(bool x2apic);
/* A table by signature, the n-th; NULL.  Checked for length and checksum. */
const void *acpi_table(const char *signature, unsigned int n);

/* ---- platform/lapic.c: this CPU's local APIC, xAPIC or x2APIC ---- */

/* This CPU's APIC id as CPUID tells it; at any time. */
uint32_t lapic_boot_id(void);
void lapic_init_boot(void); /* mode, address */
/*
 * Each CPU: on, everything masked.  In xAPIC mode CPUs 0 to 7 have the flat
 * logical ids 1 << number, as a dom0 gives them that programs its devices
 * with logical destinations; in x2APIC mode hardware makes them so.
 */
void lapic_init_cpu(void);
bool lapic_is_x2apic(void);
uint32_t lapic_id(void);
void lapic_eoi(void);
void lapic_send_ipi(uint32_t apic_id, uint8_t vector);
void lapic_send_nmi(uint32_t apic_id);
void lapic_send_init(uint32_t apic_id);
void lapic_send_startup(uint32_t apic_id, uint8_t page);
void lapic_timer_calibrate(void);
/*
 * Fire VECTOR_TIMER once, not before ns are over; earlier when that is more
 * than the counter holds.
 */
void lapic_timer_set(uint64_t ns);
/* Was the last interrupt that arrived with this vector level triggered? */
bool lapic_is_level(unsigned int vector);

/* ---- platform/irq.c ---- */

/*
 * An interrupt, taken in an interrupt window: timer, reschedule IPI, or a
 * device's, which goes to the handler that irq_pass_devices() has set, to be
 * ended at the local APIC by it.
 */
void irq_handle(unsigned int vector);
void irq_pass_devices(void (*handler)(unsigned int vector));

/* ---- platform/ioapic.c: the physical I/O APICs ---- */

void ioapic_init(void); /* all pins masked */
unsigned int ioapic_pins(unsigned int io);
uint64_t ioapic_read_rte(unsigned int io, unsigned int pin);
void ioapic_write_rte(unsigned int io, unsigned int pin, uint64_t rte);
void ioapic_mask(unsigned int io, unsigned int pin, bool masked);
/* Version register, for the guest's copy. */
uint32_t ioapic_version(unsigned int io);

/*
 * ---- platform/pci.c: configuration space of segment 0 ----
 *
 * A register of 1, 2 or 4 bytes, aligned, in the first 256 bytes of a function:
 * bus << 8 | device << 3 | function.  Ones where there is nothing.
 */
void pci_init(void);
uint32_t pci_read(uint16_t bdf, unsigned int reg, unsigned int size);
void pci_write(uint16_t bdf, unsigned int reg, unsigned int size,
               uint32_t value);
/* The ports themselves, for a dom0 whose accesses are emulated. */
bool pci_is_port(uint16_t port, unsigned int size);
uint32_t pci_port_in(uint16_t port, unsigned int size);
void pci_port_out(uint16_t port, unsigned int size, uint32_t value);

/* ---- platform/iommu.c ---- */

/* AMD IOMMUs that firmware left translating: off, with a message. */
void iommu_off(void);

/* ---- platform/time.c ---- */

void time_init(void); /* TSC against PM timer or PIT; wallclock from the RTC */
uint32_t tsc_khz(void);
uint64_t tsc_to_ns(uint64_t tsc);
uint64_t ns_to_tsc(uint64_t ns);
/* At boot: wait, interrupts off. */
void delay_us(unsigned int us);
/*
 * The local timer: at c->core_due, or when the slice of c's vcpu is over and
 * others wait, whichever is first.  c is this CPU; cheap when nothing changed.
 */
void timer_rearm(struct cpu *c);
/* From irq_handle(): it fired. */
void timer_interrupt(struct cpu *c);

/*
 * How fast a counter that wraps at mask goes, against the TSC: over at least
 * `ticks` ticks and `cycles` cycles, of several tries the one with the least
 * uncertainty.  False: it stands still.
 */
struct pace {
    uint64_t ticks, cycles;
};
bool pace_measure(uint32_t (*read)(void), uint32_t mask, uint32_t ticks,
                  uint64_t cycles, struct pace *result);

/* ---- platform/c1e.c: clocks that stop ---- */

#define CLOCKS_TSC_VARIES 1U  /* its pace, with the processor's            */
#define CLOCKS_TIMER_STOPS 2U /* the local APIC's, in sleep deeper than C1 */
/* CPUID 1 and 6, EAX; 0x80000007, EDX; 0 for leaves that are not there. */
unsigned int clocks_lack(uint32_t signature, uint32_t leaf6_a,
                         uint32_t power_d);
void clocks_init(void); /* look, say it, C1E off on the boot CPU */
/* This CPU's HLT goes no further than C1 where the timer would not go on. */
void c1e_off(void);

/* ---- platform/rtc.c: the clock that goes on while the machine is off ---- */

uint64_t rtc_read(void); /* s since 1970, UTC */

/* ---- platform/console-poll.c: the console's port and the core ---- */

/*
 * From now on, every 10 ms: what was typed goes to the core, and output that the
 * port did not take at once goes there.
 */
void console_poll_init(void);
/* Set this CPU's timer to what is due first: a timer, the end of a slice. */
void timer_rearm(struct cpu *c);

/* ---- platform/serial.c: com1 as options say ---- */

void serial_init(void);
/*
 * Do writers wait for the port?  At first they do; no more when timers run;
 * again when the machine is about to end.
 */
void serial_wait(bool wait);
bool serial_read(char *c); /* false: nothing was typed */
/* Before a reset, and writers wait: return when all has been sent. */
void serial_flush(void);
bool serial_is_there(void);
/* Ports that belong to the hypervisor: [*first, *last]; false: none. */
bool serial_ports(uint16_t *first, uint16_t *last);

/* ---- platform/power.c ---- */

void machine_reboot(void) noreturn_fn;
void machine_poweroff(void) noreturn_fn;
void machine_halt(void) noreturn_fn; /* all CPUs stop */
/* A crash begins: stop the others; the console is waited for. */
void machine_begin_crash(void);
/* After a crash, ours or dom0's: one of the two, as option_reboots() has it. */
void machine_end_of_crash(void) noreturn_fn;

#endif
