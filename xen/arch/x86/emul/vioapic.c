/* SPDX-License-Identifier: MIT */
/*
 * I/O APICs: registers, and the way from a pin to local APICs.
 *
 * io->lock covers the decision (is it to be sent?  then remote IRR shows it);
 * the message itself goes out after the lock was left, since waking a vcpu
 * takes locks that come before this one.
 */
#include <emul/vioapic.h>
#include <emul/vlapic.h>
#include <hv/array.h>
#include <hv/atomic.h>
#include <hv/lib.h>

#include <xen/hvm/save.h>

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define REG_EOI 0x40

#define INDEX_ID 0x00
#define INDEX_VERSION 0x01
#define INDEX_ARBITRATION 0x02
#define INDEX_RTE 0x10

#define VERSION_EOI 0x20U /* the first with an EOI register */

#define RTE_READ_ONLY (RTE_STATUS | RTE_REMOTE_IRR)
#define RTE_WRITABLE (0xffUL << RTE_DEST_SHIFT | 0x1afffUL)

void vioapic_init(struct vioapic *io, struct domain *d, vioapic_route_t route,
                  uint8_t id, uint64_t gpa, unsigned int gsi_base,
                  unsigned int nr_pins)
{
    ASSERT(nr_pins && nr_pins <= VIOAPIC_MAX_PINS);
    *io = (struct vioapic){ .d = d, .route = route, .gpa = gpa,
                            .gsi_base = gsi_base, .nr_pins = nr_pins,
                            .id = id & 0xf, .version = VERSION_EOI };
    for ( unsigned int pin = 0; pin < nr_pins; pin++ )
        io->rte[pin] = RTE_MASKED;
    spin_lock_init(&io->lock, LOCK_ARCH);
}

void vioapic_destroy(struct vioapic *io)
{
    spin_lock_destroy(&io->lock);
}

uint64_t vioapic_rte(const struct vioapic *io, unsigned int pin)
{
    return READ_ONCE(io->rte[pin]);
}

static void set_rte(struct vioapic *io, unsigned int pin, uint64_t rte)
{
    ASSERT(spin_is_mine(&io->lock));
    WRITE_ONCE(io->rte[pin], rte);
}

static struct vlapic_message rte_message(uint64_t rte)
{
    struct vlapic_message m = {
        .dest = (uint32_t)(rte >> RTE_DEST_SHIFT),
        .logical = rte & RTE_LOGICAL, .level = rte & RTE_LEVEL,
        .mode = (rte >> RTE_MODE_SHIFT) & 7, .vector = (uint8_t)rte,
    };

    if ( m.dest == 0xff && !m.logical )
        m.dest = VLAPIC_BROADCAST;
    return m;
}

/* Only these modes are in service until an EOI. */
static bool rte_is_level(uint64_t rte)
{
    return (rte & RTE_LEVEL) &&
           ((rte >> RTE_MODE_SHIFT) & 7) <= VLAPIC_LOWEST;
}

static void route(struct vioapic *io, unsigned int pin)
{
    if ( io->route )
        io->route(io, pin);
}

/* Nobody took what was sent: it is not in service. */
static void take_back(struct vioapic *io, unsigned int pin)
{
    spin_lock(&io->lock);
    set_rte(io, pin, io->rte[pin] & ~RTE_REMOTE_IRR);
    spin_unlock(&io->lock);
}

/*
 * Send for a pin when there is something to be sent: an edge that just came,
 * or a line that is asserted and not in service.
 */
static void send(struct vioapic *io, unsigned int pin, bool edge)
{
    uint64_t rte;
    bool level, due;

    spin_lock(&io->lock);
    rte = io->rte[pin];
    level = rte_is_level(rte);
    due = !(rte & (RTE_MASKED | RTE_REMOTE_IRR)) &&
          (level ? test_bit(pin, io->line) : edge);
    if ( due && level )
        set_rte(io, pin, rte | RTE_REMOTE_IRR);
    spin_unlock(&io->lock);

    if ( due )
    {
        struct vlapic_message m = rte_message(rte);

        if ( !vlapic_deliver(io->d, &m) && level )
            take_back(io, pin);
    }
}

void vioapic_set_irq(struct vioapic *io, unsigned int pin, bool asserted)
{
    bool was;

    if ( pin >= io->nr_pins )
        return;
    was = asserted ? test_and_set_bit(pin, io->line)
                   : test_and_clear_bit(pin, io->line);
    if ( asserted )
        send(io, pin, !was);
}

bool vioapic_arrived(struct vioapic *io, uint8_t vector, struct vlapic *l)
{
    uint64_t held[ARRAY_SIZE(io->line)] = { 0 };
    bool any = false;

    spin_lock(&io->lock);
    for ( unsigned int pin = 0; pin < io->nr_pins; pin++ )
    {
        uint64_t rte = io->rte[pin];
        struct vlapic_message m = rte_message(rte);

        if ( m.vector != vector || (rte & RTE_MASKED) ||
             !rte_is_level(rte) || !vlapic_matches(l, &m) )
            continue;
        set_rte(io, pin, rte | RTE_REMOTE_IRR);
        set_bit(pin, held);
        any = true;
    }
    spin_unlock(&io->lock);
    if ( !any )
        return false;

    for ( unsigned int pin = 0; pin < io->nr_pins; pin++ )
        if ( test_bit(pin, held) )
            route(io, pin);
    if ( !vlapic_set_irq(l, vector, true) )
        for ( unsigned int pin = 0; pin < io->nr_pins; pin++ )
            if ( test_bit(pin, held) )
                take_back(io, pin);
    return true;
}

void vioapic_eoi(struct vioapic *io, uint8_t vector)
{
    for ( unsigned int pin = 0; pin < io->nr_pins; pin++ )
    {
        uint64_t rte = vioapic_rte(io, pin);
        bool ended;

        if ( (rte & RTE_VECTOR) != vector || !(rte & RTE_REMOTE_IRR) )
            continue;
        spin_lock(&io->lock);
        rte = io->rte[pin];
        ended = (rte & RTE_VECTOR) == vector && (rte & RTE_REMOTE_IRR);
        if ( ended )
            set_rte(io, pin, rte & ~RTE_REMOTE_IRR);
        spin_unlock(&io->lock);
        if ( !ended )
            continue;
        route(io, pin);
        send(io, pin, false);
    }
}

/* ---- registers ---- */

/* What is selected; io->lock held. */
static uint32_t read_window(const struct vioapic *io)
{
    unsigned int pin = (io->select - INDEX_RTE) / 2;

    switch ( io->select )
    {
    case INDEX_ID:
    case INDEX_ARBITRATION:
        return (uint32_t)io->id << 24;
    case INDEX_VERSION:
        return io->version | (io->nr_pins - 1) << 16;
    default:
        if ( io->select < INDEX_RTE || pin >= io->nr_pins )
            return 0;
        return (uint32_t)(array_at(io->rte, pin) >>
                          (io->select & 1 ? 32 : 0));
    }
}

static uint64_t new_rte(uint64_t rte, bool high, uint32_t value)
{
    uint64_t wanted = high ? (uint64_t)value << 32 | (uint32_t)rte
                           : (rte & ~0UL << 32) | value;

    rte = (wanted & RTE_WRITABLE) | (rte & RTE_READ_ONLY);
    /* An edge has no EOI; guests clear a stuck remote IRR by this. */
    return rte & RTE_LEVEL ? rte : rte & ~RTE_REMOTE_IRR;
}

/* Write what is selected; returns the pin whose entry that was, or -1. */
static int write_window(struct vioapic *io, uint32_t value)
{
    unsigned int pin = (io->select - INDEX_RTE) / 2;

    if ( io->select == INDEX_ID )
        io->id = (value >> 24) & 0xf;
    if ( io->select < INDEX_RTE || pin >= io->nr_pins )
        return -1;
    pin = (unsigned int)array_index(pin, io->nr_pins);
    set_rte(io, pin, new_rte(io->rte[pin], io->select & 1, value));
    return (int)pin;
}

uint32_t vioapic_mmio_read(struct vioapic *io, unsigned int offset,
                           unsigned int size)
{
    uint32_t value = 0;

    spin_lock(&io->lock);
    if ( offset == REG_SELECT )
        value = io->select;
    else if ( offset == REG_WINDOW )
        value = read_window(io);
    spin_unlock(&io->lock);
    return size < 4 ? value & ((1U << (size * 8)) - 1) : value;
}

void vioapic_mmio_write(struct vioapic *io, unsigned int offset,
                        unsigned int size, uint32_t value)
{
    int pin = -1;

    if ( offset == REG_EOI && io->version >= VERSION_EOI )
    {
        vioapic_eoi(io, (uint8_t)value);
        return;
    }
    spin_lock(&io->lock);
    if ( offset == REG_SELECT )
        io->select = (uint8_t)value;
    else if ( offset == REG_WINDOW && size == 4 )
        pin = write_window(io, value);
    spin_unlock(&io->lock);

    if ( pin >= 0 )
    {
        route(io, (unsigned int)pin);
        send(io, (unsigned int)pin, false);
    }
}

/* ---- records ---- */

void vioapic_save(struct vioapic *io, struct hvm_hw_vioapic *r)
{
    ASSERT(io->nr_pins == VIOAPIC_NUM_PINS);
    memset(r, 0, sizeof(*r));
    spin_lock(&io->lock);
    r->base_address = io->gpa;
    r->ioregsel = io->select;
    r->id = io->id;
    for ( unsigned int pin = 0; pin < VIOAPIC_NUM_PINS; pin++ )
        r->redirtbl[pin].bits = io->rte[pin];
    spin_unlock(&io->lock);
}

int vioapic_load(struct vioapic *io, const struct hvm_hw_vioapic *r)
{
    ASSERT(io->nr_pins == VIOAPIC_NUM_PINS);
    if ( r->base_address != io->gpa || r->ioregsel > 0xff || r->id > 0xf )
        return -EINVAL;
    for ( unsigned int pin = 0; pin < VIOAPIC_NUM_PINS; pin++ )
        if ( r->redirtbl[pin].bits & ~(RTE_WRITABLE | RTE_READ_ONLY) )
            return -EINVAL;
    spin_lock(&io->lock);
    io->select = (uint8_t)r->ioregsel;
    io->id = (uint8_t)r->id;
    for ( unsigned int pin = 0; pin < VIOAPIC_NUM_PINS; pin++ )
        set_rte(io, pin, r->redirtbl[pin].bits & ~RTE_STATUS);
    spin_unlock(&io->lock);
    return 0;
}

void vioapic_load_lines(struct vioapic *io, uint64_t asserted)
{
    WRITE_ONCE(io->line[0], asserted);
}
