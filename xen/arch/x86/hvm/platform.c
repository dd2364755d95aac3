/* SPDX-License-Identifier: MIT */
/*
 * The devices that the hypervisor emulates for a guest: a table of ports and
 * one of memory.  A row applies to domains that were created with its emulation
 * flag; for all others the device does not exist, and the access goes on to
 * device models.
 *
 * An access that is inside a row's range goes to this row; one that is only
 * partly inside goes to device models.  A device may decline an access, which
 * then goes to device models, too.
 */
#include <hv/domain.h>
#include <hv/lib.h>

#include <x86/hvm.h>

#include "vclocks.h"

#define DEBUG_CONSOLE 0xe9

#define EVERY_DOMAIN 0

struct port_device {
    uint32_t flag; /* XEN_X86_EMU_*, or EVERY_DOMAIN */
    uint16_t first, last;
    /* False: the device declines.  `size` is 1, 2 or 4. */
    bool (*read)(struct domain *d, uint16_t port, unsigned int size,
                 uint32_t *value);
    bool (*write)(struct domain *d, uint16_t port, unsigned int size,
                  uint32_t value);
};

struct memory_device {
    uint32_t flag;
    bool (*covers)(struct vcpu *v, uint64_t gpa);
    /* `size` is 1, 2, 4 or 8. */
    uint64_t (*read)(struct vcpu *v, uint64_t gpa, unsigned int size);
    void (*write)(struct vcpu *v, uint64_t gpa, unsigned int size,
                  uint64_t value);
};

/* ---- ports ---- */

static bool debug_write(struct domain *d, uint16_t port, unsigned int size,
                        uint32_t value)
{
    (void)port;
    if ( size != 1 )
        return false;
    domain_console_putc(d, (char)value);
    return true;
}

static bool declined(struct domain *d, uint16_t port, unsigned int size,
                     uint32_t *value)
{
    (void)d, (void)port, (void)size, (void)value;
    return false;
}

/* One of two places, of which one answers. */
#define PM_ROWS(event, timer)                                                \
    { XEN_X86_EMU_PM, event, event + 3, pm_event_read, pm_event_write },     \
    { XEN_X86_EMU_PM, timer, timer + 3, pm_timer_read, pm_timer_write }

/* The 8259s take accesses of any size, and act upon bytes. */
static bool pic_read(struct domain *d, uint16_t port, unsigned int size,
                     uint32_t *value)
{
    *value = size == 1 ? vpic_read(&d->arch.hvm.pic, port) : 0;
    return true;
}

static bool pic_write(struct domain *d, uint16_t port, unsigned int size,
                      uint32_t value)
{
    if ( size == 1 )
        vpic_write(&d->arch.hvm.pic, port, (uint8_t)value);
    return true;
}

/* In ascending order: the search begins with the last row. */
static const struct port_device port_devices[] = {
    { XEN_X86_EMU_PIC, 0x20, 0x21, pic_read, pic_write },
    { EVERY_DOMAIN, 0x40, 0x43, pit_read, pit_write },
    { EVERY_DOMAIN, 0x61, 0x61, pit_read, pit_write },
    { XEN_X86_EMU_RTC, VRTC_INDEX, VRTC_DATA, rtc_read_port, rtc_write_port },
    { XEN_X86_EMU_PIC, 0xa0, 0xa1, pic_read, pic_write },
    { EVERY_DOMAIN, DEBUG_CONSOLE, DEBUG_CONSOLE, declined, debug_write },
    { XEN_X86_EMU_PIC, 0x4d0, 0x4d0, pic_read, pic_write },
    { XEN_X86_EMU_PIC, 0x4d1, 0x4d1, pic_read, pic_write },
    PM_ROWS(ACPI_PM1A_EVT_BLK_ADDRESS_V0, ACPI_PM_TMR_BLK_ADDRESS_V0),
    PM_ROWS(ACPI_PM1A_EVT_BLK_ADDRESS_V1, ACPI_PM_TMR_BLK_ADDRESS_V1),
};

static bool has(const struct domain *d, uint32_t flag)
{
    return flag == EVERY_DOMAIN || hvm_has(d, flag);
}

/* In blocks that have no row, which are most, the search is saved. */
static unsigned int block_of(uint64_t port)
{
    return (unsigned int)(port / PORTS_PER_BLOCK);
}

static const struct port_device *find_port(const struct domain *d,
                                           uint64_t port, unsigned int size)
{
    if ( likely(!test_bit(block_of(port), d->arch.hvm.port_blocks)) )
        return NULL;
    for ( unsigned int i = ARRAY_SIZE(port_devices);
          i-- && port <= port_devices[i].last; )
        if ( port >= port_devices[i].first &&
             port + size - 1 <= port_devices[i].last &&
             has(d, port_devices[i].flag) )
            return &port_devices[i];
    return NULL;
}

static bool port_access(struct domain *d, const struct port_device *dev,
                        ioreq_t *p)
{
    uint16_t port = (uint16_t)p->addr;
    uint32_t value = 0;

    if ( p->dir == IOREQ_WRITE )
        return dev->write(d, port, p->size, (uint32_t)p->data);
    if ( !dev->read(d, port, p->size, &value) )
        return false;
    p->data = value;
    return true;
}

bool platform_port(struct vcpu *v, ioreq_t *p, enum io_result *result)
{
    const struct port_device *dev = find_port(v->domain, p->addr, p->size);

    if ( !dev )
        return false;
    *result = IO_UNHANDLED;
    if ( p->count != 1 || p->data_is_ptr )
        return true;
    *result = IO_DONE;
    return port_access(v->domain, dev, p);
}

/* ---- memory ---- */

static unsigned int offset_in_page(uint64_t gpa)
{
    return (unsigned int)(gpa & ~PAGE_MASK);
}

static bool lapic_covers(struct vcpu *v, uint64_t gpa)
{
    return vlapic_covers(&v->arch.hvm.vlapic, gpa);
}

static uint64_t lapic_read(struct vcpu *v, uint64_t gpa, unsigned int size)
{
    return vlapic_mmio_read(&v->arch.hvm.vlapic, offset_in_page(gpa), size);
}

static void lapic_write(struct vcpu *v, uint64_t gpa, unsigned int size,
                        uint64_t value)
{
    vlapic_mmio_write(&v->arch.hvm.vlapic, offset_in_page(gpa), size, value);
}

static struct vioapic *ioapic_at(struct vcpu *v, uint64_t gpa)
{
    struct hvm_domain *h = &v->domain->arch.hvm;

    for ( unsigned int i = 0; i < h->nr_vioapics; i++ )
        if ( vioapic_covers(&h->vioapic[i], gpa) )
            return &h->vioapic[i];
    return NULL;
}

static bool ioapic_covers(struct vcpu *v, uint64_t gpa)
{
    return ioapic_at(v, gpa);
}

static uint64_t ioapic_read(struct vcpu *v, uint64_t gpa, unsigned int size)
{
    return vioapic_mmio_read(ioapic_at(v, gpa), offset_in_page(gpa), size);
}

static void ioapic_write(struct vcpu *v, uint64_t gpa, unsigned int size,
                         uint64_t value)
{
    vioapic_mmio_write(ioapic_at(v, gpa), offset_in_page(gpa), size,
                       (uint32_t)value);
}

static const struct memory_device memory_devices[] = {
    { XEN_X86_EMU_LAPIC, lapic_covers, lapic_read, lapic_write },
    { XEN_X86_EMU_IOAPIC, ioapic_covers, ioapic_read, ioapic_write },
    { XEN_X86_EMU_HPET, hpet_covers, hpet_read, hpet_write },
};

static const struct memory_device *find_memory(struct vcpu *v, uint64_t gpa)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(memory_devices); i++ )
        if ( has(v->domain, memory_devices[i].flag) &&
             memory_devices[i].covers(v, gpa) )
            return &memory_devices[i];
    return NULL;
}

bool platform_memory(struct vcpu *v, ioreq_t *p, enum io_result *result)
{
    const struct memory_device *dev = find_memory(v, p->addr);

    if ( !dev )
        return false;
    *result = IO_UNHANDLED;
    if ( p->count != 1 || p->data_is_ptr )
        return true;
    *result = IO_DONE;
    if ( p->dir == IOREQ_READ )
        p->data = dev->read(v, p->addr, p->size);
    else
        dev->write(v, p->addr, p->size, p->data);
    return true;
}

/* ---- domains ---- */

/* Which blocks of ports have a row that applies to d? */
static void mark_blocks(struct domain *d)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(port_devices); i++ )
    {
        const struct port_device *dev = &port_devices[i];

        ASSERT(!i || port_devices[i - 1].last < dev->first);
        ASSERT(block_of(dev->first) == block_of(dev->last));
        if ( has(d, dev->flag) )
            set_bit(block_of(dev->first), d->arch.hvm.port_blocks);
    }
}

void platform_init(struct domain *d)
{
    mark_blocks(d);
    vclocks_init(d);
}

void platform_stop(struct domain *d)
{
    vclocks_stop(d);
}

void platform_resume(struct domain *d)
{
    vclocks_resume(d);
}

void platform_destroy(struct domain *d)
{
    vclocks_destroy(d);
}
