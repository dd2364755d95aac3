/* SPDX-License-Identifier: MIT */
/*
 * A guest's emulated clocks (PIT, RTC, PM timer, HPET): their ports and memory
 * for platform.c, and where their interrupts go.
 *
 * The PIT's counters exist for every guest, as kernels calibrate with them; its
 * interrupt does only with the emulation flag.  Ports of a device that are not
 * accessed with the size that the device has read as ones.
 */
#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/ioreq.h>
#include <hv/lib.h>

#include <x86/hvm.h>

#include <xen/hvm/params.h>

#include "vclocks.h"

#define PIT_IRQ 0
#define RTC_IRQ 8
#define SCI_IRQ 9

static struct hvm_domain *hvm_of(const struct domain *d)
{
    return &((struct domain *)d)->arch.hvm;
}

/* ---- lines ---- */

/* With legacy replacement the HPET has the PIT's and the RTC's lines. */
static bool hpet_has_line(const struct domain *d)
{
    return hvm_has(d, XEN_X86_EMU_HPET) && vhpet_is_legacy(&d->arch.hvm.vhpet);
}

static void set_pit(void *arg, unsigned int line, bool asserted)
{
    (void)line;
    if ( !hpet_has_line(arg) )
        irq_lines_set_isa(&hvm_of(arg)->irq_lines, PIT_IRQ, asserted);
}

static void set_rtc(void *arg, unsigned int line, bool asserted)
{
    (void)line;
    if ( !hpet_has_line(arg) )
        irq_lines_set_isa(&hvm_of(arg)->irq_lines, RTC_IRQ, asserted);
}

static void set_sci(void *arg, unsigned int line, bool asserted)
{
    (void)line;
    irq_lines_set_isa(&hvm_of(arg)->irq_lines, SCI_IRQ, asserted);
}

static void set_hpet(void *arg, unsigned int line, bool asserted)
{
    if ( line == VHPET_LINE_IRQ0 || line == VHPET_LINE_IRQ8 )
        irq_lines_set_isa(&hvm_of(arg)->irq_lines, line, asserted);
    else
        irq_lines_set_gsi(&hvm_of(arg)->irq_lines, line, asserted);
}

static uint64_t domain_utc(void *arg)
{
    return domain_utc_ns(arg);
}

/* ---- ports ---- */

/* The hardware domain uses the machine's PIT. */
bool pit_read(struct domain *d, uint16_t port, unsigned int size,
              uint32_t *value)
{
    if ( d->arch.hardware )
        return false;
    *value = size == 1 ? vpit_read(&d->arch.hvm.vpit, port) : UINT32_MAX;
    return true;
}

bool pit_write(struct domain *d, uint16_t port, unsigned int size,
               uint32_t value)
{
    if ( d->arch.hardware )
        return false;
    if ( size == 1 )
        vpit_write(&d->arch.hvm.vpit, port, (uint8_t)value);
    return true;
}

bool rtc_read_port(struct domain *d, uint16_t port, unsigned int size,
                   uint32_t *value)
{
    *value = UINT32_MAX;
    return size != 1 || vrtc_read(&d->arch.hvm.vrtc, port, value);
}

/* Device models that keep a clock of their own are told. */
bool rtc_write_port(struct domain *d, uint16_t port, unsigned int size,
                    uint32_t value)
{
    int64_t moved;
    bool mine;

    if ( size != 1 )
        return true;
    mine = vrtc_write(&d->arch.hvm.vrtc, port, (uint8_t)value, &moved);
    if ( moved )
    {
        domain_move_utc(d, moved);
        ioreq_time_moved(d, moved);
    }
    return mine;
}

/* The toolstack or firmware chooses between two places. */
static bool pm_is_at(const struct domain *d, uint16_t port, uint16_t v0,
                     uint16_t v1)
{
    bool is_v1 = READ_ONCE(d->params[HVM_PARAM_ACPI_IOPORTS_LOCATION]);

    return (port & ~3U) == (is_v1 ? v1 : v0);
}

static bool is_pm_event(const struct domain *d, uint16_t port)
{
    return pm_is_at(d, port, ACPI_PM1A_EVT_BLK_ADDRESS_V0,
                    ACPI_PM1A_EVT_BLK_ADDRESS_V1);
}

static bool is_pm_timer(const struct domain *d, uint16_t port)
{
    return pm_is_at(d, port, ACPI_PM_TMR_BLK_ADDRESS_V0,
                    ACPI_PM_TMR_BLK_ADDRESS_V1);
}

bool pm_event_read(struct domain *d, uint16_t port, unsigned int size,
                   uint32_t *value)
{
    if ( !is_pm_event(d, port) )
        return false;
    *value = vpmtimer_event_read(&d->arch.hvm.vpmtimer, port & 3, size);
    return true;
}

bool pm_event_write(struct domain *d, uint16_t port, unsigned int size,
                    uint32_t value)
{
    if ( !is_pm_event(d, port) )
        return false;
    vpmtimer_event_write(&d->arch.hvm.vpmtimer, port & 3, size, value);
    return true;
}

bool pm_timer_read(struct domain *d, uint16_t port, unsigned int size,
                   uint32_t *value)
{
    if ( !is_pm_timer(d, port) )
        return false;
    *value = size == 4 ? vpmtimer_value(&d->arch.hvm.vpmtimer) : UINT32_MAX;
    return true;
}

bool pm_timer_write(struct domain *d, uint16_t port, unsigned int size,
                    uint32_t value)
{
    (void)value;
    return is_pm_timer(d, port) && size != 4;
}

/* ---- memory ---- */

bool hpet_covers(struct vcpu *v, uint64_t gpa)
{
    (void)v;
    return gpa - VHPET_BASE < VHPET_BYTES;
}

static bool hpet_is_on(const struct domain *d)
{
    return READ_ONCE(d->params[HVM_PARAM_HPET_ENABLED]);
}

uint64_t hpet_read(struct vcpu *v, uint64_t gpa, unsigned int size)
{
    struct domain *d = v->domain;

    return hpet_is_on(d) ? vhpet_read(&d->arch.hvm.vhpet,
                                      (unsigned int)(gpa - VHPET_BASE), size)
                         : UINT64_MAX;
}

void hpet_write(struct vcpu *v, uint64_t gpa, unsigned int size,
                uint64_t value)
{
    struct domain *d = v->domain;

    if ( hpet_is_on(d) )
        vhpet_write(&d->arch.hvm.vhpet, (unsigned int)(gpa - VHPET_BASE), size,
                    value);
}

/* ---- domains ---- */

static bool can_run(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && vcpu_runnable(v) )
            return true;
    }
    return false;
}

/*
 * A vcpu becomes able to run first and reads clocks_rest then; here it is the
 * other way round.
 */
static bool clocks_rest(void *arg)
{
    struct domain *d = arg;

    if ( can_run(d) )
        return false;
    WRITE_ONCE(d->arch.hvm.clocks_rest, true);
    smp_mb();
    return !can_run(d);
}

void vclocks_resume(struct domain *d)
{
    WRITE_ONCE(d->arch.hvm.clocks_rest, false);
    vpit_resume(&d->arch.hvm.vpit);
    vrtc_resume(&d->arch.hvm.vrtc);
    vhpet_resume(&d->arch.hvm.vhpet);
}

void vclocks_init(struct domain *d)
{
    struct hvm_domain *h = &d->arch.hvm;

    vhpet_init(&h->vhpet, hvm_has(d, XEN_X86_EMU_HPET) ? set_hpet : NULL, d);
    h->vhpet.line.rests = clocks_rest;
    vpit_init(&h->vpit, hvm_has(d, XEN_X86_EMU_PIT) ? set_pit : NULL, d);
    h->vpit.line.rests = clocks_rest;
    vrtc_init(&h->vrtc, hvm_has(d, XEN_X86_EMU_RTC) ? set_rtc : NULL,
              domain_utc, d);
    h->vrtc.line.rests = clocks_rest;
    vpmtimer_init(&h->vpmtimer, hvm_has(d, XEN_X86_EMU_PM) ? set_sci : NULL, d);
}

void vclocks_stop(struct domain *d)
{
    struct hvm_domain *h = &d->arch.hvm;

    vpmtimer_stop(&h->vpmtimer);
    vrtc_stop(&h->vrtc);
    vpit_stop(&h->vpit);
    vhpet_stop(&h->vhpet);
}

void vclocks_destroy(struct domain *d)
{
    struct hvm_domain *h = &d->arch.hvm;

    vpmtimer_destroy(&h->vpmtimer);
    vrtc_destroy(&h->vrtc);
    vpit_destroy(&h->vpit);
    vhpet_destroy(&h->vhpet);
}
