/* SPDX-License-Identifier: MIT */
/*
 * A 16550 UART without interrupts: a guest that polls the line status
 * register gets a console.  Eight byte-wide registers, two of which change
 * meaning with the divisor latch bit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "dm.h"

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCRATCH };
#define LCR_DLAB 0x80
#define LSR_DATA_READY 0x01
#define LSR_TX_EMPTY 0x60 /* holding register and shifter */
#define IIR_NOTHING 0x01
#define MSR_CARRIER 0xb0 /* carrier, data set ready, clear to send */

static uint8_t reg[8];
static uint8_t divisor[2] = { 1, 0 };
static int in = -1, out = -1;

void uart_connect(int in_fd, int out_fd)
{
    in = in_fd;
    out = out_fd;
}

static bool input_ready(void)
{
    struct pollfd p = { .fd = in, .events = POLLIN };

    return in >= 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

static uint8_t receive(void)
{
    uint8_t byte = 0;
    ssize_t got = input_ready() ? read(in, &byte, 1) : 0;

    if ( got < 0 && errno != EINTR )
        in = -1;
    return byte;
}

static void transmit(uint8_t byte)
{
    if ( out >= 0 && !output_write(out, "the UART's output", &byte, 1) )
        out = -1;
}

uint64_t uart_read(void *data, uint64_t offset, unsigned int size)
{
    bool dlab = reg[LCR] & LCR_DLAB;

    (void)data, (void)size; /* a byte-wide device: the upper bytes read as zero */
    switch ( offset )
    {
    case DATA:
        return dlab ? divisor[0] : receive();
    case IER:
        return dlab ? divisor[1] : reg[IER];
    case IIR_FCR:
        return IIR_NOTHING;
    case LSR:
        return LSR_TX_EMPTY | (input_ready() ? LSR_DATA_READY : 0);
    case MSR:
        return MSR_CARRIER;
    default:
        return reg[offset];
    }
}

void uart_write(void *data, uint64_t offset, unsigned int size, uint64_t value)
{
    uint8_t byte = (uint8_t)value;
    bool dlab = reg[LCR] & LCR_DLAB;

    (void)data, (void)size;
    if ( offset <= IER && dlab )
        divisor[offset] = byte;
    else if ( offset != DATA )
        reg[offset] = byte;
    else
        transmit(byte);
}
