/* SPDX-License-Identifier: MIT */
/*
 * A PCI function: its configuration space, two base address registers with the
 * same 16 bytes behind them, and an interrupt, as a line (INTA) or as an MSI:
 *
 *   0x0  identity "ORIL", read only
 *   0x4  scratch
 *   0x8  interrupt: writing 1 requests it, by MSI once for each write, else on
 *        the line until 0 is written
 *
 * BAR 0 is a page of memory, whose rest keeps what is written; BAR 1 is 16
 * ports.  The server claims a BAR's range while the guest has its decoding
 * enabled in the command register.
 */
#include <stdio.h>

#include "dm.h"

#define CONFIG_BYTES 256U
#define COMMAND 0x04
#define COMMAND_PORTS 0x1U
#define COMMAND_MEMORY 0x2U
#define COMMAND_NO_INTX 0x400U
#define STATUS 0x06
#define STATUS_INTERRUPT 0x8U
#define BAR0 0x10
#define BAR1 0x14
#define BAR1_BYTES 16U
#define MSI 0x50
#define MSI_CONTROL (MSI + 0x2)
#define MSI_CONTROL_ENABLE 0x1U
#define MSI_ADDRESS (MSI + 0x4)
#define MSI_DATA (MSI + 0xc)

#define IDENTITY 0x4c49524fU
#define BAR_SCRATCH 0x4
#define BAR_INTERRUPT 0x8
#define BAR_PLAIN 0x10
#define BAR_BYTES 4096U

/* 1234 is nobody's vendor id; class: a peripheral of no other kind. */
static uint8_t config[CONFIG_BYTES] = {
    [0x00] = 0x34, 0x12, 0x52, 0x4f,
    [STATUS] = 0x10, /* there is a list of capabilities */
    [0x08] = 0x01, 0x00, 0x80, 0x08,
    [BAR1] = 0x01,
    [0x2c] = 0x34, 0x12, 0x52, 0x4f,
    [0x34] = MSI,
    [0x3d] = 1, /* INTA */
    [MSI] = 0x05, [MSI_CONTROL] = 0x80, /* 64-bit address */
};

/* The bits that the guest can write. */
static const uint8_t writable[CONFIG_BYTES] = {
    [COMMAND] = COMMAND_PORTS | COMMAND_MEMORY | 0x4, COMMAND_NO_INTX >> 8,
    [0x0c] = 0xff, /* size of a cache line, for software */
    [BAR0] = 0x00, 0xf0, 0xff, 0xff,
    [BAR1] = 0xf0, 0xff,
    [0x3c] = 0xff, /* interrupt line, for software */
    [MSI_CONTROL] = MSI_CONTROL_ENABLE,
    [MSI_ADDRESS] = 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    [MSI_DATA] = 0xff, 0xff,
};

static union {
    struct {
        uint32_t identity, scratch, interrupt, zero;
    };
    uint8_t byte[BAR_BYTES];
} bar = { .identity = IDENTITY };

static struct server *server;
static struct region *function, *bars[2];
static bool asserted; /* INTA */

static uint64_t value_at(unsigned int offset, unsigned int size)
{
    return load_bytes(&config[offset], size);
}

/* A guest causes these: one message, however often a call fails. */
static void complain_once(const char *what, const char *hint)
{
    static bool said;

    if ( !said )
        complain(server->domid, what, hint);
    said = true;
}

/* ---- BARs ---- */

/* Claim where the register says, or nothing. */
static void place(struct region *r, uint64_t start, uint64_t bytes, bool on)
{
    if ( r->off == !on && r->range.start == start )
        return;
    server_claim(server, r, false);
    r->range.start = start;
    r->range.end = start + bytes - 1;
    if ( on && !server_claim(server, r, true) )
        complain_once(r->range.name, "the guest placed it where claiming fails");
}

static void place_bars(void)
{
    uint64_t command = value_at(COMMAND, 2);
    uint64_t memory = value_at(BAR0, 4), ports = value_at(BAR1, 4) & ~3UL;

    place(bars[0], memory, BAR_BYTES, memory && (command & COMMAND_MEMORY));
    place(bars[1], ports, BAR1_BYTES, ports && (command & COMMAND_PORTS));
}

/* ---- the interrupt ---- */

static bool has_msi(void)
{
    return config[MSI_CONTROL] & MSI_CONTROL_ENABLE;
}

static void drive_line(void)
{
    bool pending = bar.interrupt && !has_msi();
    bool level = pending && !(value_at(COMMAND, 2) & COMMAND_NO_INTX);

    config[STATUS] &= (uint8_t)~STATUS_INTERRUPT;
    config[STATUS] |= pending ? STATUS_INTERRUPT : 0;
    if ( level == asserted )
        return;
    asserted = level;
    if ( xendevicemodel_set_pci_intx_level(
             ioserver_device_model(server->io), server->domid, 0,
             (uint8_t)(function->range.start >> 8),
             (uint8_t)(function->range.start >> 3 & 31), 0, level) )
        complain_once("move the interrupt line",
                      "only bus 0 of an HVM guest has lines");
}

static void request_interrupt(uint32_t value)
{
    bar.interrupt = value & 1;
    drive_line();
    if ( bar.interrupt && has_msi() &&
         xendevicemodel_inject_msi(ioserver_device_model(server->io),
                                   server->domid, value_at(MSI_ADDRESS, 8),
                                   (uint32_t)value_at(MSI_DATA, 2)) )
        complain_once("send an MSI", "");
}

/* ---- accesses ---- */

uint64_t pci_read(void *data, uint64_t offset, unsigned int size)
{
    (void)data;
    return offset + size <= CONFIG_BYTES ? value_at((unsigned int)offset, size)
                                         : ~0UL;
}

void pci_write(void *data, uint64_t offset, unsigned int size, uint64_t value)
{
    (void)data;
    for ( unsigned int i = 0; i < size && offset + i < CONFIG_BYTES; i++ )
    {
        uint8_t mask = writable[offset + i];

        config[offset + i] = (uint8_t)((config[offset + i] & ~mask) |
                                       ((value >> (8 * i)) & mask));
    }
    place_bars();
    drive_line();
}

uint64_t bar_read(void *data, uint64_t offset, unsigned int size)
{
    (void)data;
    return offset + size <= BAR_BYTES ? load_bytes(&bar.byte[offset], size) : 0;
}

void bar_write(void *data, uint64_t offset, unsigned int size, uint64_t value)
{
    (void)data;
    if ( offset == BAR_INTERRUPT )
        request_interrupt((uint32_t)value);
    else if ( offset + size <= BAR_BYTES &&
              (offset >= BAR_PLAIN || (offset >= BAR_SCRATCH &&
                                       offset + size <= BAR_INTERRUPT)) )
        store_bytes(&bar.byte[offset], size, value);
}

void pci_connect(struct server *s)
{
    server = s;
    function = device_region("pci");
    bars[0] = device_region("bar0");
    bars[1] = device_region("bar1");
}
