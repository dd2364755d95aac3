/* SPDX-License-Identifier: MIT */
/*
 * What interrupt lines, 8259s and I/O APIC of fuzz-platform.c must do: each
 * source of a line by itself, the requests of the 8259s, and the messages that
 * the I/O APIC sends.  A local APIC may get no vector that nobody sent, nor lose
 * one.
 */
#include "platform.h"

#include <x86/defns.h>

static struct {
    bool isa[16], gsi[48], intx[32][4], callback;
    unsigned int route[4];
    struct irq_callback to;
    uint8_t irr[2]; /* of the 8259s, without input 2 */
} m;

/* Of the operation that goes on. */
static uint64_t irr_before[PLATFORM_VCPUS][4], allowed[PLATFORM_VCPUS][4];
static uint64_t taken[PLATFORM_VCPUS][4];
static bool accept_all;

/* Messages that the I/O APIC, or a device model, is to send now. */
static struct vlapic_message due[VIOAPIC_MAX_PINS];
static unsigned int nr_due;
static int written_pin = -1; /* its entry is written: it may send */
static bool was_taken; /* the last message */

static struct vioapic *ioapic(void)
{
    return platform.arch.hvm.vioapic;
}

/* ---- lines ---- */

void model_set_isa(struct irq_lines *l, unsigned int irq, bool asserted)
{
    m.isa[irq] = asserted;
    irq_lines_set_isa(l, irq, asserted);
}

void model_set_gsi(struct irq_lines *l, unsigned int gsi, bool asserted)
{
    m.gsi[gsi] = asserted;
    irq_lines_set_gsi(l, gsi, asserted);
}

void model_set_intx(struct irq_lines *l, unsigned int device,
                    unsigned int intx, bool asserted)
{
    m.intx[device][intx] = asserted;
    irq_lines_set_intx(l, device, intx, asserted);
}

void model_set_link(struct irq_lines *l, unsigned int link, unsigned int irq)
{
    m.route[link] = irq;
    irq_lines_set_link(l, link, irq);
}

void model_route_callback(struct irq_lines *l, struct irq_callback to)
{
    m.to = to;
    irq_lines_route_callback(l, to);
}

void model_set_callback(struct irq_lines *l, bool asserted)
{
    m.callback = asserted;
    irq_lines_set_callback(l, asserted);
}

static void isa_input(unsigned int irq, bool *isa, bool *gsi)
{
    isa[irq] = true;
    gsi[irq ? irq : 2] = true;
}

static void intx_input(unsigned int device, unsigned int intx, bool *isa,
                       bool *gsi)
{
    unsigned int irq = m.route[(device + intx) % 4];

    gsi[16 + (device * 4 + device / 8 + intx) % 32] = true;
    if ( irq )
        isa_input(irq, isa, gsi);
}

/* The outputs: each is asserted while a source of it is. */
static void outputs_wanted(bool *isa, bool *gsi)
{
    memcpy(gsi, m.gsi, sizeof(m.gsi));
    for ( unsigned int i = 0; i < 16; i++ )
        if ( m.isa[i] )
            isa_input(i, isa, gsi);
    for ( unsigned int i = 0; i < 32 * 4; i++ )
        if ( m.intx[i / 4][i % 4] )
            intx_input(i / 4, i % 4, isa, gsi);
    if ( m.callback && m.to.type == IRQ_CALLBACK_INTX )
        intx_input(m.to.device, m.to.intx, isa, gsi);
    if ( m.callback && m.to.type == IRQ_CALLBACK_GSI )
    {
        gsi[m.to.gsi] = true;
        if ( m.to.gsi < 16 )
            isa[m.to.gsi] = true;
    }
}

static void check_lines(void)
{
    const struct irq_lines *l = &platform.arch.hvm.irq_lines;
    bool isa[16] = { false }, gsi[48];

    outputs_wanted(isa, gsi);
    for ( unsigned int i = 0; i < 16; i++ )
        if ( isa[i] != (l->isa_out >> i & 1) )
            fuzz_fail("IRQ %u is %d\n", i, l->isa_out >> i & 1);
    for ( unsigned int i = 0; i < 48; i++ )
        if ( gsi[i] != (l->gsi_out >> i & 1) )
            fuzz_fail("GSI %u is %d\n", i, (int)(l->gsi_out >> i & 1));
    if ( ioapic() && ioapic()->line[0] != l->gsi_out )
        fuzz_fail("the I/O APIC has other levels than the lines\n");
}

/* ---- 8259s ---- */

/* The input that a chip serves next, by looking at one after the other; -1. */
static int next_input(const struct vpic *p, unsigned int n)
{
    const struct vpic_chip *c = &p->chip[n];

    for ( unsigned int i = 0; i < 8; i++ )
    {
        unsigned int input = (c->highest + i) % 8, bit = 1U << input;
        bool nested = !n && input == 2 && c->nested;

        if ( (c->isr & bit) && !(c->special_mask && (c->imr & bit)) && !nested )
            return -1;
        if ( c->irr & ~c->imr & bit )
            return (int)input;
        if ( (c->isr & bit) && !(c->special_mask && (c->imr & bit)) )
            return -1;
    }
    return -1;
}

static void check_pic(void)
{
    const struct vpic *p = &platform.arch.hvm.pic;

    for ( unsigned int n = 0; n < 2; n++ )
        if ( (p->chip[n].irr & (n ? 0xff : 0xfb)) != m.irr[n] )
            fuzz_fail("8259 %u has requests %x, not %x\n", n, p->chip[n].irr,
                      m.irr[n]);
    if ( (p->chip[0].irr >> 2 & 1) != (next_input(p, 1) >= 0) ||
         p->intr != (next_input(p, 0) >= 0) )
        fuzz_fail("an 8259's output is wrong\n");
}

void model_pic_input(struct vpic *p, unsigned int irq, bool asserted)
{
    uint8_t bit = (uint8_t)(1U << irq % 8);

    if ( asserted && irq != 2 )
        m.irr[irq / 8] |= bit;
    else
        m.irr[irq / 8] &= (uint8_t)~bit;
    vpic_set_irq(p, irq, asserted);
}

/* Chip n's request is acknowledged. */
static void acknowledged(const struct vpic *p, unsigned int n, int input)
{
    if ( input >= 0 && !(p->chip[n].elcr >> input & 1) )
        m.irr[n] &= (uint8_t)~(1U << input);
}

int model_pic_ack(struct vpic *p)
{
    int first = next_input(p, 0), second = next_input(p, 1), vector;
    int expected = first == 2 ? p->chip[1].base + second
                   : first < 0 ? -1 : p->chip[0].base + first;

    acknowledged(p, first == 2, first == 2 ? second : first);
    vector = vpic_ack(p);
    if ( vector != expected )
        fuzz_fail("the 8259s give vector %d, not %d\n", vector, expected);
    return vector;
}

uint8_t model_pic_read(struct vpic *p, uint16_t port)
{
    unsigned int n = port >> 7 & 1;
    int input = next_input(p, n);
    bool polled = port < 0x4d0 && p->chip[n].poll;
    uint8_t value;

    if ( polled )
        acknowledged(p, n, input);
    value = vpic_read(p, port);
    if ( polled && value != (input < 0 ? 0 : 0x80 | input) )
        fuzz_fail("polled %x, not %d\n", value, input);
    return value;
}

void model_pic_write(struct vpic *p, uint16_t port, uint8_t value)
{
    unsigned int n = port >> 7 & 1;

    if ( port < 0x4d0 && !(port & 1) && (value & 0x10) )
        m.irr[n] &= p->chip[n].elcr;
    vpic_write(p, port, value);
    if ( port < 0x4d0 && !(port & 1) && (value & 0x10) &&
         (p->chip[n].isr || p->chip[n].imr) )
        fuzz_fail("ICW1 leaves an interrupt in service, or masked\n");
}

/* ---- I/O APIC ---- */

static struct vlapic_message message(uint64_t rte)
{
    uint32_t dest = (uint32_t)(rte >> 56);
    bool logical = rte >> 11 & 1;

    return (struct vlapic_message){
        .dest = !logical && dest == 0xff ? VLAPIC_BROADCAST : dest,
        .logical = logical, .level = rte >> 15 & 1, .mode = rte >> 8 & 7,
        .vector = rte & 0xff,
    };
}

static bool is_level(uint64_t rte)
{
    return (rte >> 15 & 1) && (rte >> 8 & 7) <= 1;
}

static bool pin_is_up(unsigned int pin)
{
    return ioapic()->line[0] >> pin & 1;
}

static bool may_send(uint64_t rte)
{
    return !(rte & (RTE_MASKED | RTE_REMOTE_IRR));
}

static void nothing_left(void)
{
    if ( nr_due )
        fuzz_fail("%u interrupts of the I/O APIC are lost\n", nr_due);
}

static bool same(const struct vlapic_message *a, const struct vlapic_message *b)
{
    return a->dest == b->dest && a->logical == b->logical &&
           a->level == b->level && a->mode == b->mode &&
           a->vector == b->vector;
}

static void expect(uint64_t rte)
{
    due[nr_due++] = message(rte);
}

/* Remote IRR of a level-triggered pin that sent: was the message taken? */
static void check_remote_irr(unsigned int pin)
{
    if ( !(ioapic()->rte[pin] & RTE_REMOTE_IRR) != !was_taken )
        fuzz_fail("pin %u: remote IRR is not as taken\n", pin);
}

void model_pin(struct vioapic *io, unsigned int pin, bool asserted)
{
    uint64_t rte = io->rte[pin];
    bool rises = asserted && !pin_is_up(pin);

    nothing_left();
    if ( may_send(rte) && (is_level(rte) ? asserted : rises) )
        expect(rte);
    if ( nr_due && is_level(rte) )
    {
        vioapic_set_irq(io, pin, asserted);
        check_remote_irr(pin);
    }
    else
        vioapic_set_irq(io, pin, asserted);
    nothing_left();
}

void model_ioapic_write(struct vioapic *io, unsigned int offset,
                        unsigned int size, uint32_t value)
{
    unsigned int pin = (io->select - 0x10U) / 2;
    uint64_t rte;

    if ( offset != 0x10 || size != 4 || io->select < 0x10 || pin >= 48 )
    {
        vioapic_mmio_write(io, offset, size, value);
        return;
    }
    written_pin = (int)pin;
    was_taken = true;
    vioapic_mmio_write(io, offset, size, value);
    written_pin = -1;
    rte = io->rte[pin];
    if ( pin_is_up(pin) && is_level(rte) && may_send(rte) && was_taken )
        fuzz_fail("pin %u is asserted, and its new entry sends nothing\n", pin);
}

void model_eoi(uint8_t vector)
{
    struct vioapic *io = ioapic();

    model_allow(vector);
    if ( !io )
        return;
    nothing_left();
    for ( unsigned int pin = 0; pin < io->nr_pins; pin++ )
    {
        uint64_t rte = io->rte[pin];

        if ( (rte & 0xff) == vector && (rte & RTE_REMOTE_IRR) &&
             !(rte & RTE_MASKED) && is_level(rte) && pin_is_up(pin) )
            expect(rte);
    }
    vioapic_eoi(io, vector);
    nothing_left();
}

void model_msi(const struct vlapic_message *msi)
{
    nothing_left();
    due[nr_due++] = *msi;
}

bool __real_vlapic_deliver(struct domain *d, const struct vlapic_message *msg);
bool __wrap_vlapic_deliver(struct domain *d, const struct vlapic_message *msg);

bool __wrap_vlapic_deliver(struct domain *d, const struct vlapic_message *msg)
{
    uint64_t rte = written_pin < 0 ? 0 : ioapic()->rte[written_pin];
    struct vlapic_message first = written_pin < 0 ? due[0] : message(rte);

    if ( written_pin >= 0 )
    {
        if ( !is_level(rte) || !(rte & RTE_REMOTE_IRR) ||
             !pin_is_up((unsigned int)written_pin) )
            fuzz_fail("an entry that was written sends for nothing\n");
    }
    else if ( !nr_due-- )
        fuzz_fail("the I/O APIC invents an interrupt\n");
    memmove(due, due + 1, nr_due * sizeof(due[0]));
    if ( !same(&first, msg) )
        fuzz_fail("the message is another one\n");
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        if ( msg->mode <= VLAPIC_LOWEST &&
             vlapic_matches(platform_lapic(i), msg) )
            set_bit(msg->vector, allowed[i]);
    was_taken = __real_vlapic_deliver(d, msg);
    return was_taken;
}

/* ---- local APICs ---- */

void model_allow(unsigned int vector)
{
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        set_bit(vector, allowed[i]);
}

void model_taken(unsigned int vcpu, unsigned int vector)
{
    set_bit(vector, taken[vcpu]);
}

/* What the APIC itself sends to its vcpu. */
static void allow_local(unsigned int i)
{
    set_bit(platform_lapic(i)->lvt[LVT_TIMER] & 0xff, allowed[i]);
    set_bit(platform_lapic(i)->lvt[LVT_ERROR] & 0xff, allowed[i]);
}

void model_step(void)
{
    accept_all = false;
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
    {
        memcpy(irr_before[i], platform_lapic(i)->irr, sizeof(irr_before[i]));
        memset(allowed[i], 0, sizeof(allowed[i]));
        memset(taken[i], 0, sizeof(taken[i]));
        allow_local(i);
    }
}

/* The levels of the 8259s' inputs and of lines may be any. */
void model_accept(void)
{
    const struct irq_lines *l = &platform.arch.hvm.irq_lines;

    accept_all = true;
    m.irr[0] = platform.arch.hvm.pic.chip[0].irr & 0xfb;
    m.irr[1] = platform.arch.hvm.pic.chip[1].irr;
    for ( unsigned int i = 0; i < 16; i++ )
        m.isa[i] = l->isa >> i & 1;
    for ( unsigned int i = 0; i < 128; i++ )
        m.intx[i / 4][i % 4] = l->intx[i / 64] >> i % 64 & 1;
    for ( unsigned int i = 0; i < 4; i++ )
        m.route[i] = l->route[i];
}

static void check_lapic(unsigned int i)
{
    const struct vlapic *l = platform_lapic(i);
    const struct vcpu *v = &platform_vcpu[i];

    allow_local(i);
    for ( unsigned int w = 0; w < 4 && !accept_all; w++ )
    {
        if ( l->irr[w] & ~irr_before[i][w] & ~allowed[i][w] )
            fuzz_fail("vcpu %u: an interrupt that nobody sent\n", i);
        if ( irr_before[i][w] & ~l->irr[w] & ~taken[i][w] )
            fuzz_fail("vcpu %u: an interrupt is lost\n", i);
    }
    if ( (v->flags & VCPU_BLOCKED) &&
         (vlapic_pending(l) >= 0 || vlapic_nmi_pending(l) ||
          (ioapic() && hvm_pic_reaches(v))) )
        fuzz_fail("vcpu %u sleeps over an interrupt\n", i);
}

void model_check(void)
{
    nothing_left();
    check_lines();
    if ( ioapic() )
        check_pic();
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        check_lapic(i);
}

void model_begin(void)
{
    memset(&m, 0, sizeof(m));
    nr_due = 0;
}
