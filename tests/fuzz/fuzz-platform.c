/* SPDX-License-Identifier: MIT */
/*
 * An HVM guest's platform devices: ports and memory of all sizes, MSRs, lines
 * and messages from device models, vcpus that take interrupts, time, records.
 *
 * After each operation the model (platform-model.c) finds no interrupt lost or
 * invented; no timer comes more often than each 100 us and a write of a guest's
 * allow; a record that is saved loads and saves to the same bytes, and one that
 * is refused changes nothing.  One operation takes no more steps than hv/budget.h
 * says.  What is demanded of whole contexts stands in platform.h.
 */
#include "platform.h"

#include <emul/control-regs.h>
#include <hv/hvm-irq.h>
#include <hv/hvm-save.h>
#include <xen/hvm/params.h>
#include <x86/hvm-vendor.h>

#define PVH_ONE_IN 16

/* ---- what a vcpu does ---- */

/* One that has entered the guest since. */
static struct vcpu *some_vcpu(struct input *in)
{
    struct vcpu *v = &platform_vcpu[in_rarely(in, 4) ? in_below(in, 4) : 0];

    platform.pause_count = 0;
    vcpu_wake(v);
    event_timers_resume(v);
    platform_check_timers(v);
    return v;
}

/* value NULL: any; else it is written, mostly. */
static void access(struct vcpu *v, struct input *in, bool memory,
                   uint64_t addr, const uint64_t *value)
{
    unsigned int shift = in_rarely(in, 4) ? in_below(in, 4) : memory ? 2 : 0;
    ioreq_t p = {
        .addr = addr, .size = 1U << min(shift, memory ? 3U : 2U), .count = 1,
        .dir = in_below(in, 4) ? IOREQ_WRITE : IOREQ_READ,
    };
    enum io_result result = IO_UNHANDLED;

    if ( p.dir == IOREQ_WRITE )
        p.data = value ? *value : in_bytes(in, in_rarely(in, 4) ? p.size : 1);
    (void)(memory ? platform_memory(v, &p, &result)
                  : platform_port(v, &p, &result));
}

static void port(struct input *in)
{
    static const uint16_t ports[] = {
        0x20, 0x21, 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x40, 0x41,
        0x42, 0x43, 0x43, 0x61, 0x70, 0x71, 0x70, 0x71, 0x1f40, 0x1f42, 0x1f48,
        0xb000, 0xb002, 0xb008, 0x3f, 0x44, 0x60,
    };

    access(some_vcpu(in), in, false, ports[in_below(in, ARRAY_SIZE(ports))],
           NULL);
}

/* A whole command of the RTC: the register first. */
static void rtc(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    ioreq_t p = { .addr = VRTC_INDEX, .size = 1, .count = 1,
                  .dir = IOREQ_WRITE, .data = in_below(in, 18) };
    enum io_result result;

    (void)platform_port(v, &p, &result);
    access(v, in, false, VRTC_DATA, NULL);
}

/* Both chips as firmware and kernels set them up; then any can be masked. */
static void pic_init(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    uint8_t icw4 = in8(in);
    const uint8_t writes[][2] = { { 0, 0x11 }, { 1, 0x20 }, { 1, 4 },
                                  { 1, icw4 }, { 1, in8(in) & in8(in) } };

    for ( unsigned int i = 0; i < 2 * ARRAY_SIZE(writes); i++ )
    {
        ioreq_t p = { .addr = (i & 1 ? 0xa0U : 0x20U) + writes[i / 2][0],
                      .size = 1, .count = 1, .dir = IOREQ_WRITE,
                      .data = writes[i / 2][1] };
        enum io_result result;

        (void)platform_port(v, &p, &result);
    }
}

static void hpet(struct input *in)
{
    static const uint16_t offsets[] = { 0x00, 0x10, 0x10, 0x20, 0xf0,
                                        0x100, 0x108, 0x120, 0x128, 0x140,
                                        0x148, 0x104, 0x3f8 };
    uint64_t at = offsets[in_below(in, ARRAY_SIZE(offsets))];

    access(some_vcpu(in), in, true,
           VHPET_BASE + at + (in_rarely(in, 16) ? in_below(in, 8) : 0), NULL);
}

static void ioapic(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    enum io_result result;
    ioreq_t p = { .addr = VIOAPIC_PAGE, .size = 4, .count = 1,
                  .dir = IOREQ_WRITE, .data = 0x10U + in_below(in, 98) };

    if ( in_rarely(in, 8) )
    {
        access(v, in, true, VIOAPIC_PAGE + (in8(in) & 0x5f), NULL);
        return;
    }
    (void)platform_memory(v, &p, &result);
    p.addr += 0x10;
    /* Mostly vectors and destinations that exist. */
    p.data = in_below(in, 4) ? in_bytes(in, 1) | (in8(in) & 0xa9UL) << 8
                             : in_bytes(in, 4);
    (void)platform_memory(v, &p, &result);
}

/* By the page, or in x2APIC mode by an MSR; any vector that is written may come. */
static void lapic_access(struct input *in)
{
    static const uint16_t offsets[] = {
        0x20, 0x80, 0xb0, 0xb0, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310,
        0x320, 0x320, 0x350, 0x370, 0x380, 0x380, 0x390, 0x3e0, 0x100, 0x3f0,
    };
    struct vcpu *v = some_vcpu(in);
    uint64_t at = offsets[in_below(in, ARRAY_SIZE(offsets))], value;
    uint32_t n;

    if ( in_rarely(in, 16) )
        at = in_bytes(in, 2) & 0xfff;
    value = at == 0xf0 && in_below(in, 8) ? 0x1ff
                                          : in_bytes(in, in_below(in, 5));
    model_allow(value & 0xff);
    n = MSR_X2APIC_FIRST + (uint32_t)(at >> 4);
    if ( vlapic_is_x2apic(lapic_of(v)) )
    {
        if ( !vlapic_msr_write(lapic_of(v), n, value) &&
             vlapic_msr_read(lapic_of(v), n, &value) && value >> 32 &&
             at != 0x300 )
            fuzz_fail("MSR %x has more than 32 bits\n", n);
        return;
    }
    /* ICR: another vector with the half that is not written. */
    model_allow(lapic_of(v)->icr & 0xff);
    access(v, in, true, VLAPIC_PAGE + at, &value);
}

static void msr(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    struct vmtrr *mtrr = &v->arch.hvm.mtrr;
    uint64_t value = in_bytes(in, 8), old;
    uint32_t n = 0x200U + in8(in);
    bool kept;

    if ( in_rarely(in, 4) )
    {
        if ( vlapic_base_write(lapic_of(v),
                               VLAPIC_PAGE | (v->vcpu_id ? 0 : APIC_BASE_BSP) |
                               (value & 0xc00)) )
            model_accept();
        return;
    }
    if ( !vmtrr_is(n) )
        return;
    value &= in_below(in, 4) ? 0x0707070707070707 : UINT64_MAX;
    old = vmtrr_read(mtrr, n);
    kept = vmtrr_write(mtrr, n, value, physical_bits(v));
    if ( vmtrr_read(mtrr, n) != (kept ? value : old) )
        fuzz_fail("MTRR %x is not what was written\n", n);
}

static void halt(struct input *in)
{
    unsigned int vcpus = in8(in);

    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        if ( vcpus >> i & 1 )
            vcpu_block(&platform_vcpu[i]);
    platform.pause_count = vcpus >= 0xe0;
}

/* Entries of a vcpu: it takes what interrupts it. */
static void enter(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    bool window = false, ready = in_below(in, 8);
    int vector = event_next(v, ready, &window);

    if ( vector < 0 )
        return;
    if ( v->arch.hvm.event_source == EVENT_LAPIC )
        model_taken(v->vcpu_id, (unsigned int)vector);
    event_taken(v, (unsigned int)vector);
    (void)vlapic_nmi_take(lapic_of(v));
    if ( v->arch.hvm.event_source == EVENT_LAPIC &&
         (test_bit((unsigned int)vector, lapic_of(v)->irr) ||
          !test_bit((unsigned int)vector, lapic_of(v)->isr)) )
        fuzz_fail("vector %d is taken, and not in service\n", vector);
    if ( in_rarely(in, 8) )
    {
        model_allow((unsigned int)vector);
        event_returned(v, (unsigned int)vector);
    }
}

/* As handlers do at their end. */
static void end_of_interrupt(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    enum io_result result;
    ioreq_t p = { .addr = 0x20, .size = 1, .count = 1, .dir = IOREQ_WRITE,
                  .data = 0x20 };

    vlapic_eoi(lapic_of(v));
    (void)platform_port(v, &p, &result);
    p.addr = 0xa0;
    (void)platform_port(v, &p, &result);
}

/* ---- what device models do ---- */

static void line(struct input *in)
{
    bool asserted = in8(in) & 1;

    switch ( in_below(in, 4) )
    {
    case 0:
        (void)platform_set_pci_intx(&platform, in_below(in, 32),
                                    in_below(in, 4), asserted);
        break;
    case 1:
        (void)platform_set_pci_link(&platform, in_below(in, 4),
                                    in_below(in, 16));
        break;
    default:
        (void)platform_set_isa_irq(&platform, in_below(in, 16), asserted);
        break;
    }
}

static void message_signalled(struct input *in)
{
    uint64_t address = 0xfee00000UL | in_bytes(in, 3);
    uint32_t data = (uint32_t)in_bytes(in, 2) & (in_below(in, 4) ? 0xff : ~0U);
    struct vlapic_message msg = {
        .dest = address >> 12 & 0xff, .logical = address & 4,
        .level = data & 0x8000, .mode = data >> 8 & 7, .vector = (uint8_t)data,
    };
    int rc;

    if ( msg.dest == 0xff && !msg.logical )
        msg.dest = VLAPIC_BROADCAST;
    if ( msg.mode <= VLAPIC_LOWEST )
        model_msi(&msg);
    rc = platform_inject_msi(&platform, address, data);
    if ( (rc == -EINVAL) != (msg.mode > VLAPIC_LOWEST) )
        fuzz_fail("an MSI of mode %u: %d\n", msg.mode, rc);
}

static void upcall(struct input *in)
{
    struct vcpu *v = &platform_vcpu[in_below(in, PLATFORM_VCPUS)];
    uint64_t *via = &platform.params[HVM_PARAM_CALLBACK_IRQ];

    v->own_info.evtchn_upcall_pending = in8(in) & 1;
    if ( in_rarely(in, 4) )
        *via = (uint64_t)in_below(in, 4) << 56 | in_bytes(in, 2);
    event_update_line(&platform);
    if ( v->own_info.evtchn_upcall_pending )
        vcpu_wake(v);
}

static void toolstack(struct input *in)
{
    static const unsigned int params[] = {
        HVM_PARAM_HPET_ENABLED, HVM_PARAM_ACPI_IOPORTS_LOCATION,
    };

    bool has_pm = hvm_has(&platform, XEN_X86_EMU_PM), sleep;

    platform.params[params[in_below(in, 2)]] = in8(in) & 1;
    if ( in_rarely(in, 4) )
        (void)platform_send_nmi(&platform_vcpu[in_below(in, 4)]);
    if ( !in_rarely(in, 4) )
        return;
    sleep = in8(in) & 1;
    (void)platform_press_button(&platform, sleep);
    if ( has_pm != !!(vpmtimer_event_read(&platform.arch.hvm.vpmtimer, 0, 2) &
                      (sleep ? 0x200 : 0x100)) )
        fuzz_fail("a button is not seen, or one that is not there\n");
}

static void pass(struct input *in)
{
    platform_pass((in_bytes(in, 5) >> in_below(in, 40)) % NS_PER_S);
}

static void record(struct input *in)
{
    platform_record(in);
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ ) /* they begin here, too */
        vcpu_wake(&platform_vcpu[i]);
}

static void context(struct input *in)
{
    platform_context(in);
    model_accept();
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
    {
        vcpu_up(&platform_vcpu[i]);
        vcpu_wake(&platform_vcpu[i]);
    }
}

/* ---- operations ---- */

static void (*const operations[])(struct input *in) = {
    port, port, port, port, rtc, pic_init, hpet, hpet, ioapic, ioapic, ioapic,
    lapic_access, lapic_access, lapic_access, msr, halt, enter, enter, enter,
    enter, end_of_interrupt, end_of_interrupt, line, line, line,
    message_signalled, upcall, toolstack, pass, pass, pass, record, context,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    platform_begin(in_rarely(&in, PVH_ONE_IN) ? XEN_X86_EMU_LAPIC
                                              : XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI);
    platform_context_begin();
    while ( in_more(&in) )
    {
        unsigned int i = in_below(&in, ARRAY_SIZE(operations));

        platform_operation(operations[i], operations[i] == pass, &in);
    }
    platform_end();
    return 0;
}
