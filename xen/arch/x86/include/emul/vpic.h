/* SPDX-License-Identifier: MIT */
/*
 * The two 8259A interrupt controllers of an HVM guest, the second on input 2 of
 * the first, and their edge/level control registers.
 *
 *   input --> IRR --mask, priority--> INTR --vpic_ack()--> ISR --EOI--> done
 *
 * As Xen's do, and unlike a real one, a controller forgets the edge of an input
 * that is deasserted before vpic_ack(); so INTR is deasserted, too, and there
 * are no spurious interrupts 7 and 15.
 */
#ifndef EMUL_VPIC_H
#define EMUL_VPIC_H

#include <hv/atomic.h>
#include <hv/lock.h>
#include <hv/types.h>

struct hvm_hw_vpic;

struct vpic_chip {
    uint8_t irr, imr, isr; /* bit: input */
    uint8_t base;          /* the vector of input 0 */
    uint8_t elcr;          /* bit: input is level-triggered */
    uint8_t highest;       /* input with the highest priority */
    uint8_t next_icw;      /* 2 to 4: what a write of the odd port is; 0: mask */
    bool icw1_has_4, icw1_single;
    bool read_isr, poll, auto_eoi, rotate_on_auto_eoi, nested, special_mask;
    bool out;              /* INT is asserted */
};

struct vpic {
    spinlock_t lock; /* LOCK_ARCH */
    struct vpic_chip chip[2]; /* [p] */
    bool intr;                /* [p] chip[0].out; read anywhere */
    void (*raised)(void *arg); /* [I] INTR was asserted; no lock of ours held */
    void *arg;                 /* [I] */
};
/* [p] lock  [I] immutable */

/* As after reset: nothing is masked, vectors begin at 0. */
void vpic_init(struct vpic *p, void (*raised)(void *arg), void *arg);
void vpic_destroy(struct vpic *p);

static inline bool vpic_covers(uint16_t port)
{
    return (port & 0xff7e) == 0x20 || (port & 0xfffe) == 0x4d0;
}
/* Byte accesses to a port that vpic_covers(). */
uint8_t vpic_read(struct vpic *p, uint16_t port);
void vpic_write(struct vpic *p, uint16_t port, uint8_t value);

/* The level of input 0 to 15; of input 2 nothing, it has the second chip. */
void vpic_set_irq(struct vpic *p, unsigned int irq, bool asserted);

/* Is INTR asserted? */
static inline bool vpic_intr(const struct vpic *p)
{
    return READ_ONCE(p->intr);
}
/* The processor takes the interrupt: its vector, or -1 if INTR is no more. */
int vpic_ack(struct vpic *p);

/*
 * The record of chip 0 or 1 (xen/hvm/save.h).  Loading: -EINVAL a state that
 * these functions never reach; INTR follows, without a call of raised().
 */
void vpic_save(struct vpic *p, unsigned int chip, struct hvm_hw_vpic *r);
int vpic_load(struct vpic *p, unsigned int chip,
              const struct hvm_hw_vpic *r) must_check;

#endif
