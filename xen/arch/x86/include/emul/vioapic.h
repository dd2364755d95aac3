/* SPDX-License-Identifier: MIT */
/*
 * An I/O APIC for a domain: a select and a window register, and one redirection
 * entry for each pin.
 *
 * A pin is driven in one of two ways.  An emulated line: vioapic_set_irq()
 * sends the message that the entry describes.  Or a pin of the machine that is
 * passed through: the machine programs its pin as the guest programs the entry
 * (route()), the interrupt arrives at a CPU, and vioapic_arrived() masks a
 * level-triggered one until the guest's EOI.
 *
 *   level:  idle --sent: remote IRR--> in service --EOI--> idle, or sent again
 *
 * Callbacks and deliveries happen without the lock.
 */
#ifndef EMUL_VIOAPIC_H
#define EMUL_VIOAPIC_H

#include <hv/lock.h>
#include <hv/types.h>

struct domain;
struct hvm_hw_vioapic;
struct vioapic;
struct vlapic;

#define VIOAPIC_PAGE 0xfec00000UL /* of the first one, by custom */
#define VIOAPIC_MAX_PINS 240

/* Redirection entries. */
#define RTE_VECTOR 0xffUL
#define RTE_MODE_SHIFT 8 /* enum vlapic_mode, three bits */
#define RTE_LOGICAL 0x800UL
#define RTE_STATUS 0x1000UL /* read only: always delivered */
#define RTE_LOW 0x2000UL    /* polarity: no effect for emulated lines */
#define RTE_REMOTE_IRR 0x4000UL /* read only */
#define RTE_LEVEL 0x8000UL
#define RTE_MASKED 0x10000UL
#define RTE_DEST_SHIFT 56

/*
 * For pins passed through: program the machine's pin as vioapic_rte() of this
 * pin, masked while that entry has RTE_MASKED or RTE_REMOTE_IRR.  The machine
 * reads the entry under a lock of its own, so that the later of two changes
 * wins.
 */
typedef void (*vioapic_route_t)(struct vioapic *io, unsigned int pin);

struct vioapic {
    spinlock_t lock;                 /* LOCK_ARCH */
    struct domain *d;                /* [I] */
    vioapic_route_t route;           /* [I] NULL: emulated lines only */
    uint64_t gpa;                    /* [I] of its page */
    unsigned int gsi_base, nr_pins;  /* [I] */
    uint8_t version;                 /* [I] below 0x20: no EOI register */
    uint8_t id;                      /* [i] */
    uint8_t select;                  /* [i] */
    uint64_t line[DIV_ROUND_UP(VIOAPIC_MAX_PINS, 64)]; /* [a] asserted */
    uint64_t rte[VIOAPIC_MAX_PINS];  /* [i] read anywhere */
};
/* [I] immutable  [i] io->lock  [a] atomic */

/*
 * All pins masked, without a call of route.  1..VIOAPIC_MAX_PINS pins.  The
 * version is 0x20 unless io->version is set to another one afterwards.
 */
void vioapic_init(struct vioapic *io, struct domain *d, vioapic_route_t route,
                  uint8_t id, uint64_t gpa, unsigned int gsi_base,
                  unsigned int nr_pins);
void vioapic_destroy(struct vioapic *io);

static inline bool vioapic_covers(const struct vioapic *io, uint64_t gpa)
{
    return (gpa & PAGE_MASK) == io->gpa;
}

/*
 * Offset in the page: 0 select, 0x10 window, 0x40 EOI (from version 0x20 on).
 * Writes of 1, 2 or 4 bytes, extended with zeros; the window only as 4.  No locks
 * held.
 */
uint32_t vioapic_mmio_read(struct vioapic *io, unsigned int offset,
                           unsigned int size);
void vioapic_mmio_write(struct vioapic *io, unsigned int offset,
                        unsigned int size, uint32_t value);

/* The pin's redirection entry, as the guest reads it. */
uint64_t vioapic_rte(const struct vioapic *io, unsigned int pin);

/*
 * Assert or deassert an emulated line.  A pin that does not exist is ignored.
 * Locks below LOCK_ARCH may be held.
 */
void vioapic_set_irq(struct vioapic *io, unsigned int pin, bool asserted);

/*
 * A vector arrived from the machine, at the CPU of l's vcpu.  True: unmasked
 * level-triggered entries send this vector to l; they have remote IRR set now,
 * their pins are masked (route()), and l got the interrupt.  The machine then
 * EOIs its own local APIC.  False, and nothing was done: the interrupt is edge
 * triggered or of no I/O APIC, and is for vlapic_set_irq().  When l does not
 * take the interrupt, remote IRR stays clear, but the pins stay masked until
 * the guest writes their entries.
 */
bool vioapic_arrived(struct vioapic *io, uint8_t vector, struct vlapic *l);

/*
 * A vcpu ended a level-triggered interrupt: clear remote IRR of all pins with
 * this vector, call route(), and send again for lines that are still asserted.
 * No locks held.
 */
void vioapic_eoi(struct vioapic *io, uint8_t vector);

/*
 * The record IOAPIC (xen/hvm/save.h) of an I/O APIC with VIOAPIC_NUM_PINS pins.
 * Loading: -EINVAL a state that no sequence of writes reaches, or another gpa;
 * nothing is sent.
 */
void vioapic_save(struct vioapic *io, struct hvm_hw_vioapic *r);
int vioapic_load(struct vioapic *io, const struct hvm_hw_vioapic *r)
    must_check;
/* The levels of emulated lines 0 to 63, as they were: nothing is sent. */
void vioapic_load_lines(struct vioapic *io, uint64_t asserted);

#endif
