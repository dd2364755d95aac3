/* SPDX-License-Identifier: MIT */
/* A part of clocks.c: ACPI's fixed registers; MTRRs and PAT. */
#include "clocks.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#define PM_CONTROL (PM_EVENT + 4)
#define GPE 0xafe0
#define PM_EVENT_V1 0xb000
#define PM_TIMER_V1 0xb008

/* ---- ACPI ---- */

static void test_timer(void)
{
    uint32_t before = pm();
    bool moved = true;

    say("pm timer: bytes %02x %02x, words %04x %04x\n", inb(PM_TIMER),
        inb(PM_TIMER + 3), inw(PM_TIMER), inw(PM_TIMER + 2));
    outl(PM_TIMER, 0);
    outb(PM_TIMER, 0);
    /* Only a pause of minutes, each time, makes a yes of a no. */
    for ( unsigned int i = 0; i < 3 && moved; i++ )
    {
        before = pm();
        outl(PM_TIMER, before + 0x40000000);
        moved = pm() - before > 0x20000000; /* then look again */
    }
    say_whether("a write moves it", moved);
    say_whether("it counts beyond 24 bits",
                COMES(pm() >> 24, SECONDS(6)) || pm() >> 24);
}

static void test_events(void)
{
    outl(PM_EVENT, 0x0000ffff);
    say("pm1a: %08x, words %04x %04x\n", inl(PM_EVENT), inw(PM_EVENT),
        inw(PM_EVENT + 2));
    outw(PM_EVENT + 2, 0xffff);
    say("enabled, all ones: %08x\n", inl(PM_EVENT));
    outb(PM_EVENT + 2, 0x21);
    say("a byte: %08x\n", inl(PM_EVENT));
    outb(PM_EVENT + 3, 0);
    say("the other: %08x, bytes %02x %02x %02x %02x\n", inl(PM_EVENT),
        inb(PM_EVENT), inb(PM_EVENT + 1), inb(PM_EVENT + 2),
        inb(PM_EVENT + 3));
    outl(PM_EVENT, 0x12340000);
    say("both: %08x\n", inl(PM_EVENT));
    say("in the midst: %04x\n", inw(PM_EVENT + 1));
    outl(PM_EVENT, 0);
    say("pm1a control: %04x, gpe: %02x %02x %08x\n", inw(PM_CONTROL),
        inb(GPE), inb(GPE + 2), inl(GPE));
    outw(PM_CONTROL, 1);
    outb(GPE + 2, 0xff);
    say("written: %04x, %02x\n", inw(PM_CONTROL), inb(GPE + 2));
    say("across the event block and control: %08x\n", inl(PM_EVENT + 2));
    say("the other place: %08x %08x\n", inl(PM_EVENT_V1), inl(PM_TIMER_V1));
}

static long set_location(uint64_t where)
{
    struct xen_hvm_param p = {
        .domid = DOMID_SELF, .index = HVM_PARAM_ACPI_IOPORTS_LOCATION,
        .value = where,
    };

    return hypercall5(__HYPERVISOR_hvm_op, HVMOP_set_param, ADDRESS(&p), 0, 0,
                      0);
}

static void test_location(void)
{
    outl(PM_EVENT, 0x00210000);
    say("location 1: %ld\n", set_location(1));
    say("event block there %08x, here %08x, timer here %08x\n",
        inl(PM_EVENT_V1), inl(PM_EVENT), inl(PM_TIMER));
    say_whether("the timer counts there", inl(PM_TIMER_V1) != 0xffffffff);
    say("location 2: %ld\n", set_location(2));
    say("location 0: %ld\n", set_location(0));
    say("event block %08x\n", inl(PM_EVENT));
    outl(PM_EVENT, 0);
}

void test_acpi(void)
{
    test_timer();
    test_events();
    test_location();
}

/* ---- memory types ---- */

static bool read_msr(uint32_t msr, uint64_t *value)
{
    uint64_t r[4] = { 0, 0, msr, 0 };
    bool ok = try_insn(insn_rdmsr, r) == NO_FAULT;

    *value = r[3] << 32 | (uint32_t)r[0];
    return ok;
}

static bool write_msr(uint32_t msr, uint64_t value)
{
    uint64_t r[4] = { (uint32_t)value, 0, msr, value >> 32 };

    return try_insn(insn_wrmsr, r) == NO_FAULT;
}

static void say_msr(const char *name, uint32_t msr)
{
    uint64_t v;
    bool ok = read_msr(msr, &v);

    say("%s %x: ", name, msr);
    if ( ok )
        say("%016lx\n", v);
    else
        say("fault\n");
}

/* Is the value taken, and kept? */
static void say_write(uint32_t msr, uint64_t value)
{
    uint64_t v;

    say("msr %x = %016lx: ", msr, value);
    if ( !write_msr(msr, value) )
        say("fault\n");
    else if ( read_msr(msr, &v) && v != value )
        say("reads %016lx\n", v);
    else
        say("kept\n");
}

static void test_types(uint32_t msr, uint64_t or_with)
{
    say("msr %x takes types", msr);
    for ( uint64_t type = 0; type < 9; type++ )
        if ( write_msr(msr, type | or_with) )
            say(" %lx", type);
    say("\n");
}

void test_mtrr(void)
{
    static const uint32_t fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
                                      0x26b, 0x26c, 0x26d, 0x26e, 0x26f };

    say_msr("capabilities", 0xfe);
    say_write(0xfe, 0x508);
    say_msr("default type", 0x2ff);
    for ( unsigned int i = 0; i < 11; i++ )
        say_msr("fixed", fixed[i]);
    for ( uint32_t msr = 0x200; msr <= 0x212; msr++ )
        say_msr("variable", msr);
    test_types(0x250, 0x0605040100060504);
    say_write(0x250, 0x0706060606060606);
    say_write(0x26f, 0x0001040506060504);
    say_msr("fixed", 0x26f);
    test_types(0x2ff, 0xc00);
    say_write(0x2ff, 0x1006);
    say_write(0x2ff, 0x106);
    say_write(0x2ff, 0x406);
    say_write(0x2ff, 0xc06);
    test_types(0x200, 0xf0000000);
    say_write(0x200, 0xf0000100);
    say_write(0x200, 0x0008000000000006);
    say_write(0x200, 0x0010000000000006);
    say_write(0x201, 0x000000ffff000800);
    say_write(0x201, 0x000000ffff000000);
    say_write(0x201, 0x000000ffff000801);
    say_write(0x201, 0x0010000000000800);
    say_write(0x20f, 0xffffff0000000800);
    say_write(0x277, 0x0007040600070406);
}
