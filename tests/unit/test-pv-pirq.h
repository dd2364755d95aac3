/* SPDX-License-Identifier: MIT */
/*
 * A machine with one I/O APIC and a few functions behind ports 0xcf8 and 0xcfc,
 * and around it the files that give its interrupts to a PV hardware domain.
 */
#ifndef TEST_PV_PIRQ_H
#define TEST_PV_PIRQ_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include <x86/processor.h>

/* ---- configuration space ---- */

#define FUNCTIONS 8
static uint8_t config[FUNCTIONS][256]; /* bdf 0x10, 0x18, ... */
static uint32_t cf8;
static unsigned int other_out, reads;

static uint8_t *config_at(unsigned int port)
{
    unsigned int n = (cf8 >> 8 & 0xffff) / 8 - 2;

    if ( !(cf8 >> 31) || n >= FUNCTIONS || (cf8 >> 8 & 7) )
        return NULL;
    return &config[n][(cf8 & 0xfc) + (port & 3)];
}

static uint32_t test_in(uint16_t port, unsigned int size)
{
    uint32_t value = ~0U;

    if ( port >= 0xcfc && port <= 0xcff && config_at(port) )
    {
        reads++;
        memcpy(&value, config_at(port), size);
    }
    return size == 4 ? value : value & ((1U << 8 * size) - 1);
}

static void test_out(uint16_t port, unsigned int size, uint32_t value)
{
    if ( port == 0xcf8 && size == 4 )
        cf8 = value;
    else if ( port >= 0xcfc && port <= 0xcff && config_at(port) )
        memcpy(config_at(port), &value, size);
    else
        other_out++;
}

#define inb(port) ((uint8_t)test_in(port, 1))
#define inw(port) ((uint16_t)test_in(port, 2))
#define inl(port) test_in(port, 4)
#define outb(port, value) test_out(port, 1, value)
#define outw(port, value) test_out(port, 2, value)
#define outl(port, value) test_out(port, 4, value)

#include "../../xen/arch/x86/platform/pci.c"
#define lock pirqs_lock
#include "../../xen/arch/x86/pv/msi.c"
#include "../../xen/arch/x86/pv/physdev.c"
#include "../../xen/arch/x86/pv/pirq.c"
#include "../../xen/arch/x86/pv/ports.c"
#undef lock

/* ---- device memory: the MSI-X table ---- */

#define TABLE 0x120001000UL
#define ENTRIES 4U
static uint32_t table[4 * ENTRIES];

static uint32_t *table_at(uint64_t phys)
{
    assert_in_range(phys, TABLE, TABLE + sizeof(table) - 4);
    return &table[(phys - TABLE) / 4];
}

uint32_t pv_device_read(uint64_t phys)
{
    return *table_at(phys);
}

void pv_device_write(uint64_t phys, uint32_t value)
{
    *table_at(phys) = value;
}

uint64_t memory_limit(void)
{
    return 1UL << 40;
}

/* ---- the machine ---- */

#define PINS 24U
static uint64_t rte[PINS];
static unsigned int eois, events, held;
static evtchn_port_t last_port;
static uint32_t last_pirq;
static void (*handler)(unsigned int vector);
static struct cpu cpu = { .apic_id = 3 }, second = { .apic_id = 9 };
struct cpu *cpus[MAX_CPUS];
struct acpi_info acpi;
struct domain *dom0;
static struct domain hardware, guest;
static struct vcpu vcpu, guest_vcpu, *now;
static bool argument_is_constant;

struct vcpu *arch_current(void)
{
    return now;
}

unsigned int ioapic_pins(unsigned int io)
{
    (void)io;
    return PINS;
}

uint32_t ioapic_version(unsigned int io)
{
    (void)io;
    return (PINS - 1) << 16 | 0x20;
}

void ioapic_write_rte(unsigned int io, unsigned int pin, uint64_t value)
{
    (void)io;
    rte[pin] = value;
}

void ioapic_mask(unsigned int io, unsigned int pin, bool masked)
{
    (void)io;
    rte[pin] = masked ? rte[pin] | RTE_MASKED : rte[pin] & ~RTE_MASKED;
}

void lapic_eoi(void)
{
    eois++;
}

void irq_pass_devices(void (*pass)(unsigned int vector))
{
    handler = pass;
}

void evtchn_send_pirq(struct domain *d, evtchn_port_t port, uint32_t pirq)
{
    assert_ptr_equal(d, dom0);
    assert_int_equal(held, 0);
    last_port = port;
    last_pirq = pirq;
    events++;
}

void spin_lock_init(spinlock_t *l, enum lock_level level)
{
    (void)l, (void)level;
}

void spin_lock(spinlock_t *l)
{
    (void)l;
    held++;
}

void spin_unlock(spinlock_t *l)
{
    (void)l;
    held--;
}

bool dom0_port_allowed(uint16_t port)
{
    return port != 0x3f8;
}

int guest_copy_in(void *dst, uint64_t src, size_t bytes)
{
    if ( !src )
        return -EFAULT;
    memcpy(dst, (const void *)src, bytes);
    return 0;
}

int guest_copy_out(uint64_t dst, const void *src, size_t bytes)
{
    if ( !dst || argument_is_constant )
        return -EFAULT;
    memcpy((void *)dst, src, bytes);
    return 0;
}

/* All callers are of 64 bits. */
const struct compat_layout compat_of_none;

bool guest_is_32bit(void)
{
    return false;
}

int compat_copy_in(const struct compat_layout *l, void *dst, uint64_t src,
                   size_t nr)
{
    (void)l, (void)dst, (void)src, (void)nr;
    return -EFAULT;
}

int compat_copy_out(const struct compat_layout *l, uint64_t dst,
                    const void *src, size_t nr)
{
    (void)l, (void)dst, (void)src, (void)nr;
    return -EFAULT;
}

/* ---- */

static void set16(unsigned int n, unsigned int reg, uint16_t value)
{
    memcpy(&config[n][reg], &value, 2);
}

static uint32_t get(unsigned int n, unsigned int reg, unsigned int size)
{
    uint32_t value = 0;

    memcpy(&value, &config[n][reg], size);
    return value;
}

enum {
    WITH_MSI,    /* 8 of them, 64-bit, maskable; behind another capability */
    WITH_MSIX,   /* table in BAR 2, of 64 bits */
    SHORT_MSI,   /* 32-bit, not maskable, as the first capability */
    ENDLESS,     /* its list of capabilities is a circle */
    WITHOUT,     /* none */
    NOBODY
};
#define BDF(n) (((n) + 2) * 8)

static void make_function(unsigned int n, uint8_t first)
{
    set16(n, 0, 0x8086);
    set16(n, 4, 2);
    set16(n, 6, first ? 0x10 : 0);
    config[n][0x34] = first;
}

static int setup(void **state)
{
    (void)state;
    memset(config, 0xff, sizeof(config));
    for ( unsigned int n = 0; n < NOBODY; n++ )
        memset(config[n], 0, sizeof(config[n]));
    memset(table, 0, sizeof(table));
    memset(rte, 0xff, sizeof(rte));
    for ( unsigned int i = 0; i < ENTRIES; i++ )
        table[4 * i + 3] = 1;

    make_function(WITH_MSI, 0x40);
    set16(WITH_MSI, 0x40, 0x5001); /* power management, then 0x50 */
    set16(WITH_MSI, 0x50, 0x0005);
    set16(WITH_MSI, 0x52, 0x0186); /* 64-bit, masks, 8 vectors */
    config[WITH_MSI][0x60] = 0xff; /* all masked */

    make_function(WITH_MSIX, 0x70);
    set16(WITH_MSIX, 0x70, 0x0011);
    set16(WITH_MSIX, 0x72, ENTRIES - 1);
    set16(WITH_MSIX, 0x74, 0x1002); /* BAR 2, 0x1000 */
    set16(WITH_MSIX, 0x18, 0x0004); /* 64 bits: 0x120000000 */
    set16(WITH_MSIX, 0x1a, 0x2000);
    config[WITH_MSIX][0x1c] = 1;

    make_function(SHORT_MSI, 0x50);
    set16(SHORT_MSI, 0x50, 0x0005);

    make_function(ENDLESS, 0x44);
    set16(ENDLESS, 0x44, 0x4801);
    set16(ENDLESS, 0x48, 0x4401);
    make_function(WITHOUT, 0);

    memset(pirqs, 0, sizeof(pirqs));
    nr_gsis = 0;
    eois = events = other_out = 0;
    argument_is_constant = false;
    acpi.nr_ioapics = 1;
    acpi.ioapic[0].address = 0xfec00000;
    acpi.ioapic[0].id = 5;
    cpus[0] = &cpu;
    cpus[1] = &second;
    hardware.arch.hardware = true;
    hardware.domain_id = 0;
    guest.domain_id = 1;
    vcpu.domain = &hardware;
    guest_vcpu.domain = &guest;
    dom0 = &hardware;
    now = &vcpu;
    pci_init();
    pv_pirq_init();
    return 0;
}

static long op(unsigned int cmd, void *arg)
{
    struct hypercall hc = { .a = { cmd, (uint64_t)arg } };
    long rc = pv_physdev_op(&hc);

    assert_int_equal(held, 0);
    return rc;
}

static struct physdev_map_pirq msi_of(unsigned int n)
{
    return (struct physdev_map_pirq){
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI_SEG, .index = -1,
        .pirq = -1, .bus = 0, .devfn = BDF(n),
    };
}

static int map(struct physdev_map_pirq m)
{
    long rc = op(PHYSDEVOP_map_pirq, &m);

    return rc ? (int)rc : m.pirq;
}

static int unmap_of(int pirq)
{
    struct physdev_unmap_pirq u = { .domid = DOMID_SELF, .pirq = pirq };

    return (int)op(PHYSDEVOP_unmap_pirq, &u);
}

static bool masked(unsigned int pin)
{
    return rte[pin] & RTE_MASKED;
}

#endif
