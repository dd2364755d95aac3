/* SPDX-License-Identifier: MIT */
/* A part of interrupts.c: the two 8259As. */
#include "interrupts.h"

void init_chips(uint8_t icw4)
{
    for ( unsigned int i = 0; i < 2; i++ )
    {
        uint16_t port = i ? SECOND : FIRST;

        outb(port, 0x11);
        outb(port + 1, PIC_VECTOR + i * 8);
        outb(port + 1, i ? 2 : 4);
        outb(port + 1, icw4);
        outb(port + 1, 0);
    }
    /* Those that devices of the platform may drive stay masked. */
    outb(FIRST + 1, 0x01);
    outb(SECOND + 1, 0x01);
}

static void chips(const char *what)
{
    uint8_t v[6];

    for ( unsigned int i = 0; i < 2; i++ )
    {
        uint16_t port = i ? SECOND : FIRST;

        outb(port, 0x0a);
        v[i * 3] = inb(port);
        outb(port, 0x0b);
        v[i * 3 + 1] = inb(port);
        v[i * 3 + 2] = inb(port + 1);
    }
    say("%s: irr %02x isr %02x imr %02x, irr %02x isr %02x imr %02x\n", what,
        v[0], v[1], v[2], v[3], v[4], v[5]);
}

void end_both(void)
{
    outb(SECOND, EOI);
    outb(FIRST, EOI);
}

static void test_pic_inputs(void)
{
    init_chips(1);
    chips("initialised");
    pulse(5);
    report("an edge that came and went");
    for ( unsigned int irq = 1; irq < 16; irq++ )
    {
        if ( irq == 2 || irq == 8 )
            continue;
        isa(irq, 1);
        say("irq %u", irq);
        report("");
        chips(" in service");
        end_both();
        report(" after its end, still up");
        isa(irq, 0);
    }
}

static void test_pic_priorities(void)
{
    isa(4, 1);
    isa(3, 1);
    isa(12, 1);
    report("12, 3, 4: the first");
    outb(FIRST, EOI);
    report("not above 4 of the second chip");
    outb(SECOND, EOI);
    report("ended");
    outb(FIRST, EOI);
    report("then");
    outb(FIRST, EOI);
    report("then");
    isa(1, 1);
    isa(3, 0);
    report("nested: 1");
    isa(3, 1);
    report("3 waits");
    outb(FIRST, 0xa0);
    report("rotated at the end");
    chips("now");
    outb(FIRST, 0x60 | 3);
    outb(FIRST, 0xc0 | 7);
    isa(1, 0);
    isa(3, 0);
    isa(4, 0);
    isa(12, 0);
    end_both();
    end_both();
    chips("all ended");
}

static void test_pic_modes(void)
{
    isa(3, 1);
    report("3");
    outb(FIRST, 0x68);
    outb(FIRST + 1, 0x09);
    isa(6, 1);
    report("special mask: 6 over a masked 3");
    outb(FIRST, EOI);
    outb(FIRST, EOI);
    chips("the masked one is not ended");
    outb(FIRST, 0x48);
    outb(FIRST, EOI);
    isa(3, 0);
    isa(6, 0);
    init_chips(0x11);
    isa(12, 1);
    report("nested mode: 12");
    isa(4, 1);
    report("4 waits");
    isa(9, 1);
    report("9 does not");
    chips("now");
    end_both(), end_both(), end_both();
    isa(4, 0), isa(9, 0), isa(12, 0);
    init_chips(3);
    isa(5, 1);
    report("automatic end");
    chips("now");
    isa(5, 0);
    init_chips(1);
    outb(0x4d0, 0xff);
    outb(0x4d1, 0xff);
    say("elcr: %02x %02x\n", inb(0x4d0), inb(0x4d1));
    isa(5, 1);
    report("a level");
    end_both();
    report("still up");
    isa(5, 0);
    end_both();
    report("down");
    outb(0x4d0, 0);
    outb(0x4d1, 0);
    outb(FIRST + 1, 0xff);
    isa(3, 1);
    outb(FIRST, 0x0c);
    say("poll, masked: %02x\n", inb(FIRST) & 0x80);
    interrupts_off();
    outb(FIRST + 1, 0);
    outb(FIRST, 0x0c);
    say("poll: %02x\n", inb(FIRST));
    outb(FIRST, EOI);
    isa(3, 0);
    outb(FIRST, 0x12);
    outb(FIRST + 1, 0x48);
    outb(FIRST + 1, 0x55);
    say("single, no ICW4: %02x\n", inb(FIRST + 1));
}

void test_pic(void)
{
    test_pic_inputs();
    test_pic_priorities();
    test_pic_modes();
}
