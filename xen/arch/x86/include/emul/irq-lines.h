/* SPDX-License-Identifier: MIT */
/*
 * The interrupt lines of an HVM guest: from the devices that drive them to the
 * inputs of its interrupt controllers.
 *
 *   ISA IRQ n ----------------------------> 8259 input n, GSI n (IRQ 0: GSI 2)
 *   PCI INTx of a device --+--------------> GSI 16 to 47
 *                          +-> link 0 to 3 -> 8259 input and GSI that the
 *                                             link's route names (0: none)
 *   GSI source n -------------------------> GSI n
 *   event channels' callback -------------> an INTx, or GSI n and 8259 input n
 *
 * A line is asserted while any source of it is: each source has a bit of its
 * own, and each output is the OR of its sources.  A device that sets its source
 * to the same level again changes nothing.
 */
#ifndef EMUL_IRQ_LINES_H
#define EMUL_IRQ_LINES_H

#include <hv/lock.h>
#include <hv/types.h>

#define IRQ_LINES_GSIS 48
#define IRQ_LINES_ISA 16
#define IRQ_LINES_DEVICES 32
#define IRQ_LINES_LINKS 4

/* Where lines end: called when an output changes its level, l->lock held. */
struct irq_outputs {
    void (*gsi)(void *arg, unsigned int gsi, bool asserted);
    void (*isa)(void *arg, unsigned int irq, bool asserted);
};

/* Where the level of the event channels' callback goes. */
struct irq_callback {
    enum { IRQ_CALLBACK_NONE, IRQ_CALLBACK_GSI, IRQ_CALLBACK_INTX } type;
    uint8_t gsi;          /* 1 to IRQ_LINES_GSIS - 1 */
    uint8_t device, intx; /* below IRQ_LINES_DEVICES, 4 */
};

struct irq_lines {
    spinlock_t lock; /* LOCK_IRQ */
    const struct irq_outputs *out; /* [I] */
    void *arg;                     /* [I] */

    /* Sources */
    uint64_t intx[2];               /* [i] bit device * 4 + INTx            */
    uint64_t gsi;                   /* [i] bit GSI                          */
    uint16_t isa;                   /* [i] bit IRQ                          */
    uint8_t route[IRQ_LINES_LINKS]; /* [i] of a link: ISA IRQ, or 0         */
    struct irq_callback callback;   /* [i] */
    bool callback_asserted;         /* [i] read anywhere                    */

    /* Outputs, as out was told */
    uint64_t gsi_out; /* [i] */
    uint16_t isa_out; /* [i] */
};
/* [I] immutable  [i] lines->lock */

/* All deasserted, no routes. */
void irq_lines_init(struct irq_lines *l, const struct irq_outputs *out,
                    void *arg);
void irq_lines_destroy(struct irq_lines *l);

/*
 * Set one source.  irq below 16, gsi below 48, device below 32, intx and link
 * below 4; a link's IRQ 0 means that the link is not connected.  Locks below
 * LOCK_IRQ may be held: a device that calls these with its own lock held has a
 * lock of level LOCK_DEVICE.
 */
void irq_lines_set_isa(struct irq_lines *l, unsigned int irq, bool asserted);
void irq_lines_set_gsi(struct irq_lines *l, unsigned int gsi, bool asserted);
void irq_lines_set_intx(struct irq_lines *l, unsigned int device,
                        unsigned int intx, bool asserted);
void irq_lines_set_link(struct irq_lines *l, unsigned int link,
                        unsigned int irq);

/* A new destination of the callback; its level moves with it. */
void irq_lines_route_callback(struct irq_lines *l, struct irq_callback to);
/* The callback's level.  Cheap while it does not change. */
void irq_lines_set_callback(struct irq_lines *l, bool asserted);

/*
 * For saved records: the sources as bits.  Loading computes the outputs and
 * tells nobody; what is connected takes irq_lines_outputs(), the GSIs' levels.
 */
void irq_lines_get_intx(struct irq_lines *l, uint64_t bits[2]);
void irq_lines_load_intx(struct irq_lines *l, const uint64_t bits[2]);
uint16_t irq_lines_get_isa(struct irq_lines *l);
void irq_lines_load_isa(struct irq_lines *l, uint16_t bits);
/* Routes below 16. */
void irq_lines_get_links(struct irq_lines *l, uint8_t route[IRQ_LINES_LINKS]);
void irq_lines_load_links(struct irq_lines *l,
                          const uint8_t route[IRQ_LINES_LINKS]);
static inline uint64_t irq_lines_outputs(const struct irq_lines *l)
{
    return l->gsi_out;
}

/* The GSI and the link of a device's INTx. */
static inline unsigned int irq_lines_intx_gsi(unsigned int device,
                                              unsigned int intx)
{
    return 16 + ((device * 4 + device / 8 + intx) & 31);
}
static inline unsigned int irq_lines_intx_link(unsigned int device,
                                               unsigned int intx)
{
    return (device + intx) & 3;
}

#endif
