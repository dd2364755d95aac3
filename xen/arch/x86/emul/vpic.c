/* SPDX-License-Identifier: MIT */
/*
 * 8259A interrupt controllers.  After each change of a chip's state update()
 * computes its INT output; the second chip's is input 2 of the first, and the
 * first's is INTR.
 */
#include <emul/vpic.h>
#include <hv/array.h>
#include <hv/lib.h>

#include <xen/hvm/save.h>

#define CASCADE 2 /* input of the first chip */
#define CASCADE_BIT (1U << CASCADE)

#define NR_INPUTS 8
#define NO_INPUT (-1)

/* Inputs whose trigger mode can be changed; not: timer, keyboard, RTC, FPU. */
static const uint8_t elcr_writable[2] = { 0xf8, 0xde };

/* ICW1, and what tells the others from it and from each other. */
#define ICW1 0x10U
#define ICW1_HAS_4 0x01U
#define ICW1_SINGLE 0x02U
#define ICW4_AUTO_EOI 0x02U
#define ICW4_NESTED 0x10U
#define OCW3 0x08U
#define OCW3_READ_ISR 0x01U
#define OCW3_READ 0x02U
#define OCW3_POLL 0x04U
#define OCW3_SPECIAL 0x20U
#define OCW3_SET_SPECIAL 0x40U
#define OCW2_ROTATE 0x80U
#define OCW2_SPECIFIC 0x40U
#define OCW2_EOI 0x20U
#define POLL_VALID 0x80U

void vpic_init(struct vpic *p, void (*raised)(void *arg), void *arg)
{
    *p = (struct vpic){ .raised = raised, .arg = arg };
    p->chip[0].elcr = CASCADE_BIT;
    spin_lock_init(&p->lock, LOCK_ARCH);
}

void vpic_destroy(struct vpic *p)
{
    spin_lock_destroy(&p->lock);
}

/* ---- priorities ---- */

/* How many inputs come before the first of `inputs`; none: NR_INPUTS. */
static unsigned int rank(const struct vpic_chip *c, uint8_t inputs)
{
    unsigned int turned = (inputs | (unsigned int)inputs << 8) >> c->highest;

    return inputs ? (unsigned int)__builtin_ctz(turned) : NR_INPUTS;
}

/* The input to be served next, or NO_INPUT. */
static int next_input(const struct vpic *p, const struct vpic_chip *c)
{
    unsigned int wanted = rank(c, c->irr & (uint8_t)~c->imr), input;
    uint8_t served = c->isr;

    if ( wanted == NR_INPUTS )
        return NO_INPUT;
    input = (wanted + c->highest) & 7;
    if ( c->special_mask )
        served &= (uint8_t)~c->imr;
    /* The second chip knows best whether its request may interrupt another. */
    if ( c->nested && c == &p->chip[0] && input == CASCADE )
        served &= (uint8_t)~CASCADE_BIT;
    return wanted < rank(c, served) ? (int)input : NO_INPUT;
}

/* p->lock held.  True: INTR was asserted, so that raised() is due. */
static bool update(struct vpic *p)
{
    struct vpic_chip *first = &p->chip[0], *second = &p->chip[1];
    bool was = p->intr;

    second->out = next_input(p, second) != NO_INPUT;
    if ( second->out )
        first->irr |= CASCADE_BIT;
    else
        first->irr &= (uint8_t)~CASCADE_BIT;
    first->out = next_input(p, first) != NO_INPUT;
    WRITE_ONCE(p->intr, first->out);
    return first->out && !was;
}

/* p->lock held, which is dropped. */
static void update_unlock(struct vpic *p)
{
    bool raised = update(p);

    spin_unlock(&p->lock);
    if ( raised && p->raised )
        p->raised(p->arg);
}

/* ---- interrupts ---- */

void vpic_set_irq(struct vpic *p, unsigned int irq, bool asserted)
{
    struct vpic_chip *c = &array_at(p->chip, irq / NR_INPUTS);
    uint8_t bit = (uint8_t)(1U << irq % NR_INPUTS);

    if ( irq == CASCADE )
        return;
    spin_lock(&p->lock);
    if ( asserted )
        c->irr |= bit;
    else
        c->irr &= (uint8_t)~bit;
    update_unlock(p);
}

/* The chip's INT is answered: its input, or NO_INPUT. */
static int ack_chip(struct vpic *p, struct vpic_chip *c)
{
    int input = next_input(p, c);
    uint8_t bit;

    if ( input == NO_INPUT )
        return NO_INPUT;
    bit = (uint8_t)(1U << input);
    if ( !(c->elcr & bit) )
        c->irr &= (uint8_t)~bit;
    if ( !c->auto_eoi )
        c->isr |= bit;
    else if ( c->rotate_on_auto_eoi )
        c->highest = (uint8_t)((input + 1) & 7);
    return input;
}

int vpic_ack(struct vpic *p)
{
    int input, vector = -1;

    spin_lock(&p->lock);
    input = ack_chip(p, &p->chip[0]);
    if ( input != NO_INPUT && input != CASCADE )
        vector = p->chip[0].base + input;
    else if ( input == CASCADE )
    {
        input = ack_chip(p, &p->chip[1]);
        ASSERT(input != NO_INPUT); /* what asserted input 2 */
        vector = p->chip[1].base + input;
    }
    update_unlock(p);
    return vector;
}

/* ---- registers ---- */

static void write_icw1(struct vpic_chip *c, uint8_t value)
{
    c->irr &= c->elcr; /* edges are forgotten */
    c->imr = c->isr = 0;
    c->highest = 0;
    c->rotate_on_auto_eoi = c->special_mask = c->read_isr = c->poll = false;
    c->icw1_has_4 = value & ICW1_HAS_4;
    c->icw1_single = value & ICW1_SINGLE;
    if ( !c->icw1_has_4 )
        c->auto_eoi = c->nested = false;
    c->next_icw = 2;
}

static void write_ocw2(struct vpic_chip *c, uint8_t value)
{
    unsigned int input = value & 7;
    uint8_t served = c->isr;

    if ( !(value & OCW2_EOI) )
    {
        if ( !(value & OCW2_SPECIFIC) )
            c->rotate_on_auto_eoi = value & OCW2_ROTATE;
        else if ( value & OCW2_ROTATE )
            c->highest = (uint8_t)((input + 1) & 7);
        return;
    }
    if ( !(value & OCW2_SPECIFIC) )
    {
        if ( c->special_mask )
            served &= (uint8_t)~c->imr;
        if ( !served )
            return;
        input = (rank(c, served) + c->highest) & 7;
    }
    c->isr &= (uint8_t)~(1U << input);
    if ( value & OCW2_ROTATE )
        c->highest = (uint8_t)((input + 1) & 7);
}

static void write_ocw3(struct vpic_chip *c, uint8_t value)
{
    c->poll = value & OCW3_POLL;
    if ( value & OCW3_READ )
        c->read_isr = value & OCW3_READ_ISR;
    if ( value & OCW3_SET_SPECIAL )
        c->special_mask = value & OCW3_SPECIAL;
}

static void write_odd(struct vpic_chip *c, uint8_t value)
{
    switch ( c->next_icw )
    {
    case 2:
        c->base = value & 0xf8;
        c->next_icw = !c->icw1_single ? 3 : c->icw1_has_4 ? 4 : 0;
        break;
    case 3: /* where the chips are connected, which cannot be changed */
        c->next_icw = c->icw1_has_4 ? 4 : 0;
        break;
    case 4:
        c->auto_eoi = value & ICW4_AUTO_EOI;
        c->nested = value & ICW4_NESTED;
        c->next_icw = 0;
        break;
    default:
        c->imr = value;
    }
}

static bool is_elcr(uint16_t port)
{
    return port >= 0x4d0;
}

static unsigned int chip_of(uint16_t port)
{
    return is_elcr(port) ? port & 1 : (unsigned int)(port >> 7 & 1);
}

uint8_t vpic_read(struct vpic *p, uint16_t port)
{
    struct vpic_chip *c = &array_at(p->chip, chip_of(port));
    uint8_t value;
    int input;

    spin_lock(&p->lock);
    if ( is_elcr(port) )
        value = c->elcr & array_at(elcr_writable, chip_of(port));
    else if ( c->poll )
    {
        c->poll = false;
        input = ack_chip(p, c);
        value = input == NO_INPUT ? 0 : (uint8_t)(POLL_VALID | (unsigned int)input);
    }
    else if ( port & 1 )
        value = c->imr;
    else
        value = c->read_isr ? c->isr : c->irr;
    update_unlock(p);
    return value;
}

void vpic_write(struct vpic *p, uint16_t port, uint8_t value)
{
    unsigned int n = chip_of(port);
    struct vpic_chip *c = &array_at(p->chip, n);

    spin_lock(&p->lock);
    if ( is_elcr(port) )
        c->elcr = (uint8_t)((value & array_at(elcr_writable, n)) |
                            (n ? 0 : CASCADE_BIT));
    else if ( port & 1 )
        write_odd(c, value);
    else if ( value & ICW1 )
        write_icw1(c, value);
    else if ( value & OCW3 )
        write_ocw3(c, value);
    else
        write_ocw2(c, value);
    update_unlock(p);
}

/* ---- records ---- */

/* init_state: bits 0-1 the next ICW less one, 2 ICW1_HAS_4, 3 ICW1_SINGLE. */
static uint8_t init_state(const struct vpic_chip *c)
{
    return c->next_icw ? (uint8_t)((c->next_icw - 1) | c->icw1_has_4 << 2 |
                                   c->icw1_single << 3)
                       : 0;
}

void vpic_save(struct vpic *p, unsigned int chip, struct hvm_hw_vpic *r)
{
    const struct vpic_chip *c = &array_at(p->chip, chip);

    memset(r, 0, sizeof(*r)); /* the bits between the fields, too */
    spin_lock(&p->lock);
    r->irr = c->irr;
    r->imr = c->imr;
    r->isr = c->isr;
    r->irq_base = c->base;
    r->init_state = init_state(c) & 0xf;
    r->priority_add = c->highest & 0xf;
    r->readsel_isr = c->read_isr;
    r->poll = c->poll;
    r->auto_eoi = c->auto_eoi;
    r->rotate_on_auto_eoi = c->rotate_on_auto_eoi;
    r->special_fully_nested_mode = c->nested;
    r->special_mask_mode = c->special_mask;
    r->is_master = !chip;
    r->elcr = c->elcr;
    r->int_output = c->out;
    spin_unlock(&p->lock);
}

/* INT and the first chip's input 2 are not looked at: they follow. */
int vpic_load(struct vpic *p, unsigned int chip, const struct hvm_hw_vpic *r)
{
    struct vpic_chip *c = &array_at(p->chip, chip);
    uint8_t fixed = chip ? 0 : CASCADE_BIT;

    if ( r->is_master != !chip || r->priority_add > 7 || r->irq_base & 7 ||
         (r->elcr & (uint8_t)~array_at(elcr_writable, chip)) != fixed ||
         (r->init_state && !(r->init_state & 3)) || r->int_output > 1 )
        return -EINVAL;
    spin_lock(&p->lock);
    *c = (struct vpic_chip){
        .irr = r->irr, .imr = r->imr, .isr = r->isr, .base = r->irq_base,
        .elcr = r->elcr, .highest = r->priority_add,
        .next_icw = r->init_state ? (r->init_state & 3) + 1 : 0,
        .icw1_has_4 = r->init_state & 4, .icw1_single = r->init_state & 8,
        .read_isr = r->readsel_isr, .poll = r->poll, .auto_eoi = r->auto_eoi,
        .rotate_on_auto_eoi = r->rotate_on_auto_eoi,
        .nested = r->special_fully_nested_mode,
        .special_mask = r->special_mask_mode,
    };
    update(p);
    spin_unlock(&p->lock);
    return 0;
}
