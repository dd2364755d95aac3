/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controllers of an HVM guest: 8259s, I/O APIC, the lines and
 * links between devices and them, MSIs, the event channels' callback as a line.
 * The device model moves lines as the guest asks (tools/dm/lines.c).  Each line
 * of output is what was seen; the same is expected on every hypervisor.
 */
#include "interrupts.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#define LINES 0x510
#define IOAPIC 0xfec00000UL
#define GSI_VECTOR 0x60  /* of the I/O APIC's pins: this + pin */
#define APIC_LVT_LINT0 0x350
#define EXTINT 0x700U
#define LEVEL 0x8000U
#define MASKED 0x10000U

/* ---- what arrived, in order ---- */

static volatile unsigned int nr_seen;
static volatile uint8_t seen[16];
static void (*volatile at_once)(unsigned int vector);

static void arrived(unsigned int vector)
{
    if ( nr_seen < sizeof(seen) )
        seen[nr_seen] = (uint8_t)vector;
    nr_seen++;
    if ( at_once )
        at_once(vector);
}

#define H(n)                                                                 \
    static __attribute__((interrupt)) void on_##n(struct trap_frame *f)      \
    {                                                                        \
        (void)f;                                                             \
        arrived(0x##n);                                                      \
    }
#define ROW(x)                                                               \
    H(x##0) H(x##1) H(x##2) H(x##3) H(x##4) H(x##5) H(x##6) H(x##7) H(x##8)  \
    H(x##9) H(x##a) H(x##b) H(x##c) H(x##d) H(x##e) H(x##f)
ROW(4) ROW(6) ROW(7) ROW(8)
#define A(n) on_##n
#define ADDRESSES(x)                                                         \
    A(x##0), A(x##1), A(x##2), A(x##3), A(x##4), A(x##5), A(x##6), A(x##7),  \
    A(x##8), A(x##9), A(x##a), A(x##b), A(x##c), A(x##d), A(x##e), A(x##f)
typedef void handler(struct trap_frame *f);

static void set_vectors(void)
{
    static handler *const row4[] = { ADDRESSES(4) };
    static handler *const row6[] = { ADDRESSES(6), ADDRESSES(7),
                                     ADDRESSES(8) };

    for ( unsigned int i = 0; i < 16; i++ )
        set_vector(PIC_VECTOR + i, row4[i]);
    for ( unsigned int i = 0; i < 48; i++ )
        set_vector(GSI_VECTOR + i, row6[i]);
}

/* Let come what is due; nothing that is due needs more than a window. */
static void window(void)
{
    interrupts_on();
    for ( unsigned int i = 0; i < 100; i++ )
        (void)inb(0x80);
    interrupts_off();
}

void report(const char *what)
{
    window();
    say("%s:", what);
    for ( unsigned int i = 0; i < nr_seen && i < sizeof(seen); i++ )
        say(" %02x", seen[i]);
    say(nr_seen ? "\n" : " none\n");
    nr_seen = 0;
}

/* ---- the device model's part ---- */

static void line_op(unsigned int port, uint32_t value)
{
    uint32_t rc;

    outl((uint16_t)(LINES + port), value);
    rc = inl(LINES);
    if ( rc )
        say("port %x: %x: error %u\n", port, value, rc);
}

void isa(unsigned int irq, unsigned int level)
{
    line_op(0, irq | level << 8);
}

void pulse(unsigned int irq)
{
    isa(irq, 1);
    isa(irq, 0);
}

static void intx(unsigned int device, unsigned int pin, unsigned int level)
{
    line_op(4, device | pin << 8 | level << 16);
}

static void link(unsigned int nr, unsigned int irq)
{
    line_op(8, nr | irq << 8);
}

/* dest: bits 4 to 19 of the address. */
static void msi(unsigned int address, unsigned int data)
{
    line_op(0xc, address << 16 | data);
}

/* ---- from the 8259s to the processor ---- */

/* By which ways INTR reaches the processor. */
static void test_ways(void)
{
    uint64_t base = 0xfee00900;

    init_chips(1);
    apic_write(APIC_LVT_LINT0, EXTINT | MASKED);
    isa(5, 1);
    report("LINT0 masked");
    apic_write(APIC_LVT_LINT0, EXTINT);
    report("unmasked");
    end_both();
    isa(5, 0);
    apic_write(APIC_LVT_LINT0, EXTINT | MASKED);
    write32(IOAPIC, 0x11);
    write32(IOAPIC + 0x10, apic_read(APIC_ID));
    write32(IOAPIC, 0x10);
    write32(IOAPIC + 0x10, EXTINT);
    isa(5, 1);
    report("by pin 0");
    end_both();
    isa(5, 0);
    write32(IOAPIC + 0x10, MASKED);
    isa(5, 1);
    report("pin 0 masked");
    __asm__ volatile("wrmsr" : : "c"(0x1b), "a"((uint32_t)base & ~0x800U),
                     "d"(0));
    report("local APIC disabled");
    end_both();
    isa(5, 0);
    __asm__ volatile("wrmsr" : : "c"(0x1b), "a"((uint32_t)base), "d"(0));
    apic_write(APIC_SVR, 0x1ff);
    outb(FIRST + 1, 0xff);
    outb(SECOND + 1, 0xff);
    report("enabled again");
}

/* ---- I/O APIC ---- */

static uint32_t ioapic_read(unsigned int index)
{
    write32(IOAPIC, index);
    return read32(IOAPIC + 0x10);
}

static void ioapic_write(unsigned int index, uint32_t v)
{
    write32(IOAPIC, index);
    write32(IOAPIC + 0x10, v);
}

static void set_pin(unsigned int pin, uint32_t bits)
{
    ioapic_write(0x11 + 2 * pin, apic_read(APIC_ID));
    ioapic_write(0x10 + 2 * pin, bits);
}

static void eoi(unsigned int vector)
{
    (void)vector;
    apic_write(APIC_EOI, 0);
}

static void test_ioapic_registers(void)
{
    say("ioapic: version %08x\n", ioapic_read(1));
    ioapic_write(0, 0xff000000);
    say("ioapic: id %08x, arbitration %08x\n", ioapic_read(0),
        ioapic_read(2));
    ioapic_write(0, 0x01000000);
    ioapic_write(0x3e, 0xffffffff);
    ioapic_write(0x3f, 0xffffffff);
    say("entry, all ones: %08x %08x\n", ioapic_read(0x3f), ioapic_read(0x3e));
    ioapic_write(0x3e, MASKED);
    ioapic_write(0x3f, 0);
    say("beyond: %08x\n", ioapic_read(0x70));
    say("byte %02x, word %04x of the window\n", read8(IOAPIC + 0x10),
        read16(IOAPIC + 0x10));
    write32(IOAPIC, 0x1234);
    say("select: %08x\n", read32(IOAPIC));
}

static void test_ioapic_pins(void)
{
    at_once = eoi;
    for ( unsigned int pin = 1; pin < 16; pin++ )
    {
        if ( pin == 2 || pin == 8 )
            continue;
        set_pin(pin, GSI_VECTOR + pin);
        pulse(pin);
        say("pin %u", pin);
        report("");
        set_pin(pin, MASKED);
    }
    pulse(5);
    set_pin(5, GSI_VECTOR + 5);
    report("an edge while masked");
    at_once = NULL;
    set_pin(5, LEVEL | MASKED | (GSI_VECTOR + 5));
    isa(5, 1);
    set_pin(5, LEVEL | (GSI_VECTOR + 5));
    report("a level while masked");
    say("entry %08x\n", ioapic_read(0x1a));
    eoi(0);
    report("ended, still up");
    isa(5, 0);
    eoi(0);
    report("ended, down");
    say("entry %08x\n", ioapic_read(0x1a));
    set_pin(5, 0x400 | (GSI_VECTOR + 5));
    set_pin(5, MASKED);
}

static void test_links(void)
{
    at_once = NULL;
    set_pin(28, LEVEL | (GSI_VECTOR + 28)); /* device 3, INTA */
    set_pin(10, LEVEL | (GSI_VECTOR + 10));
    link(3, 10);
    intx(3, 0, 1);
    report("INTA of device 3, link 3 to IRQ 10");
    intx(7, 0, 1); /* the same link, another GSI */
    intx(3, 0, 0);
    eoi(0), eoi(0);
    report("device 7 keeps IRQ 10");
    link(3, 0);
    eoi(0);
    report("the link is cut");
    link(3, 10);
    report("and connected");
    intx(7, 0, 0);
    eoi(0);
    report("all down");
    isa(10, 1);
    report("ISA IRQ 10");
    intx(3, 0, 1);
    isa(10, 0);
    eoi(0), eoi(0);
    report("shared with the link");
    intx(3, 0, 0);
    eoi(0), eoi(0), eoi(0);
    link(3, 0);
    report("all down");
    eoi(0);
    set_pin(28, MASKED);
    set_pin(10, MASKED);
    for ( unsigned int pin = 16; pin < 48; pin++ )
        set_pin(pin, LEVEL | (GSI_VECTOR + pin));
    at_once = eoi;
    for ( unsigned int device = 1; device < 32; device += 5 )
    {
        intx(device, device & 3, 1);
        intx(device, device & 3, 0);
        say("device %u, INT%c", device, 'A' + (int)(device & 3));
        window();
        say(": %02x\n", nr_seen ? seen[0] : 0);
        nr_seen = 0;
    }
    for ( unsigned int pin = 16; pin < 48; pin++ )
        set_pin(pin, MASKED);
}

static void test_msi(void)
{
    uint32_t id = apic_read(APIC_ID) >> 24;

    at_once = eoi;
    apic_write(APIC_LDR, 0x04000000);
    msi(id << 8, GSI_VECTOR);
    report("MSI, physical");
    msi(0xff00, GSI_VECTOR + 1);
    report("MSI, broadcast");
    msi((id + 1) << 8, GSI_VECTOR + 2);
    report("MSI, another");
    msi(id << 8, GSI_VECTOR + 3 + 0x100);
    report("MSI, lowest priority");
    msi((id + 1) << 8, GSI_VECTOR + 3 + 0x100);
    report("MSI, lowest priority, nobody");
    msi(id << 8, 0x400);
    report("MSI, vector 0");
    msi(id << 8, GSI_VECTOR + 0x400);
    report("MSI, NMI");
    msi(id << 8, GSI_VECTOR + 0x200);
    msi(id << 8, GSI_VECTOR + 0x700);
    report("MSI, other modes");
    msi(0, 0);
    report("MSI, nothing");
}

/* ---- the event channels' callback as a line ---- */

static void callback(uint64_t via)
{
    struct xen_hvm_param p = {
        .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ, .value = via,
    };
    long rc = hypercall5(__HYPERVISOR_hvm_op, HVMOP_set_param, ADDRESS(&p), 0,
                         0, 0);

    if ( rc )
        say("callback %lx: %ld\n", (unsigned long)via, rc);
}

static void clear_upcall(unsigned int vector)
{
    (void)vector;
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
    apic_write(APIC_EOI, 0);
}

static void raise_upcall(evtchn_port_t port)
{
    struct evtchn_send s = { .port = port };

    shared_info->evtchn_pending[0] = 0;
    shared_info->vcpu_info[0].evtchn_pending_sel = 0;
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
    evtchn_op(EVTCHNOP_send, &s);
}

static void test_callback(void)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    unsigned int missed;

    if ( !guest_events_init() || evtchn_op(EVTCHNOP_bind_ipi, &ipi) )
    {
        say("no event channel\n");
        return;
    }
    guest_unmask(ipi.port);
    at_once = clear_upcall;
    callback(20);
    set_pin(20, LEVEL | (GSI_VECTOR + 20));
    raise_upcall(ipi.port);
    report("upcall as GSI 20");
    report("once");
    callback(1UL << 56 | 3 << 11);
    set_pin(28, LEVEL | (GSI_VECTOR + 28));
    raise_upcall(ipi.port);
    report("upcall as INTA of device 3");
    at_once = NULL;
    raise_upcall(ipi.port);
    report("not handled");
    eoi(0);
    report("again");
    clear_upcall(0);
    report("handled");
    callback(9);
    set_pin(28, MASKED);
    init_chips(1);
    outb(0x4d1, 0x02);
    apic_write(APIC_LVT_LINT0, EXTINT);
    raise_upcall(ipi.port);
    report("upcall as IRQ 9 of the 8259s");
    end_both();
    report("not handled");
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
    end_both();
    report("handled");
    outb(FIRST + 1, 0xff);
    callback(0);
    raise_upcall(ipi.port);
    missed = nr_seen;
    say("no callback: %u\n", missed);
}

void guest_main(void)
{
    guest_init();
    smp_init();
    set_vectors();
    apic_write(APIC_SVR, 0x1ff);
    apic_write(APIC_LVT_LINT0, EXTINT);
    test_pic();
    test_ways();
    test_ioapic_registers();
    test_ioapic_pins();
    test_links();
    test_msi();
    test_callback();
    say("done\n");
    guest_shutdown(SHUTDOWN_poweroff);
}
