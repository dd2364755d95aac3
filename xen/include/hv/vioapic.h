/* SPDX-License-Identifier: MIT */
/*
 * An I/O APIC as a domain sees it: a select and a window register, and one
 * redirection entry for each pin.
 *
 * A pin is driven in one of two ways.  A line of ours: vioapic_set_irq(), and
 * the message goes where the entry says.  Or the machine's pin passed through:
 * the machine programs it as the guest programs its entry (route()), the
 * interrupt arrives at a CPU, and vioapic_arrived() holds it back until the
 * guest's EOI when it is level triggered.
 *
 *   level:  idle --sent: remote IRR--> in service --EOI--> idle, or sent again
 *
 * No callback and no delivery happens with the lock held.
 */
#ifndef HV_VIOAPIC_H
#define HV_VIOAPIC_H

#include <hv/lock.h>
#include <hv/types.h>

struct domain;
struct vioapic;
struct vlapic;

#define VIOAPIC_PAGE 0xfec00000UL /* of the first one, by custom */
#define VIOAPIC_MAX_PINS 240

/* Redirection entries. */
#define RTE_VECTOR 0xffUL
#define RTE_MODE_SHIFT 8 /* enum vlapic_mode, three bits */
#define RTE_LOGICAL 0x800UL
#define RTE_STATUS 0x1000UL /* read only: always delivered */
#define RTE_LOW 0x2000UL    /* polarity: of no meaning for lines of ours */
#define RTE_REMOTE_IRR 0x4000UL /* read only */
#define RTE_LEVEL 0x8000UL
#define RTE_MASKED 0x10000UL
#define RTE_DEST_SHIFT 56

/*
 * For pins passed through: make the machine's pin as vioapic_rte() says, and
 * masked while that has RTE_MASKED or RTE_REMOTE_IRR.  Read it under the
 * machine's own lock, so that of two changes the last one wins.
 */
typedef void (*vioapic_route_t)(struct vioapic *io, unsigned int pin);

struct vioapic {
    spinlock_t lock;                 /* LOCK_ARCH */
    struct domain *d;                /* [I] */
    vioapic_route_t route;           /* [I] or NULL: lines of ours only */
    uint64_t gpa;                    /* [I] of its page */
    unsigned int gsi_base, nr_pins;  /* [I] */
    uint8_t id;                      /* [i] */
    uint8_t select;                  /* [i] */
    uint64_t line[DIV_ROUND_UP(VIOAPIC_MAX_PINS, 64)]; /* [a] asserted */
    uint64_t rte[VIOAPIC_MAX_PINS];  /* [i] read anywhere */
};
/* [I] immutable  [i] io->lock  [a] atomic */

/* All pins masked, without a call of route.  1..VIOAPIC_MAX_PINS pins. */
void vioapic_init(struct vioapic *io, struct domain *d, vioapic_route_t route,
                  uint8_t id, uint64_t gpa, unsigned int gsi_base,
                  unsigned int nr_pins);
void vioapic_destroy(struct vioapic *io);

static inline bool vioapic_covers(const struct vioapic *io, uint64_t gpa)
{
    return (gpa & PAGE_MASK) == io->gpa;
}

/*
 * Offset in the page: 0 select, 0x10 window, 0x40 EOI (version 0x20).  Writes
 * of 1, 2 or 4 bytes, extended with zeros; the window only as 4.  No locks
 * held.
 */
uint32_t vioapic_mmio_read(struct vioapic *io, unsigned int offset,
                           unsigned int size);
void vioapic_mmio_write(struct vioapic *io, unsigned int offset,
                        unsigned int size, uint32_t value);

/* The entry as the guest reads it. */
uint64_t vioapic_rte(const struct vioapic *io, unsigned int pin);

/*
 * A line of ours rises or falls.  Locks below LOCK_ARCH may be held; a pin
 * that does not exist is ignored.
 */
void vioapic_set_irq(struct vioapic *io, unsigned int pin, bool asserted);

/*
 * A vector arrived from the machine, at the CPU of l's vcpu.  When unmasked
 * level entries send this vector to l: they show remote IRR, their pins are
 * masked (route()), l gets the interrupt; true.  The machine then EOIs its
 * own local APIC.  False: nothing was done, the interrupt is edge triggered or
 * of no I/O APIC: for vlapic_set_irq().  When l does not take it remote IRR is
 * not shown, but the pins stay masked until the guest writes their entries.
 */
bool vioapic_arrived(struct vioapic *io, uint8_t vector, struct vlapic *l);

/*
 * A level interrupt ended, on any vcpu: all pins with this vector leave remote
 * IRR, route() is called, lines still asserted send again.  No locks held.
 */
void vioapic_eoi(struct vioapic *io, uint8_t vector);

#endif
