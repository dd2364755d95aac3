/* SPDX-License-Identifier: MIT */
/*
 * The console's serial port: a 16550 or what passes for one, polled.
 *
 *   console=com1,vga   where the console is: com1 (default) or none of ours
 *   com1=115200,8n1,0x3f8   speed (auto: as it was), data bits, parity, stop
 *                           bits, address; all optional
 *
 * At boot, and before the machine stops, a writer waits for the port.  At all
 * other times no CPU waits: the port takes what fits into its FIFO, and the core
 * keeps the rest for the timer of console-poll.c.
 *
 * When the port has taken no character for PATIENCE, its output is dropped, so
 * that a missing or stuck port cannot stop the machine.  Each write tries the
 * port again.
 */
#include <hv/atomic.h>
#include <hv/console.h>
#include <hv/heap.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include <x86/boot.h>
#include <x86/platform.h>

#define COM1 0x3f8
#define BASE_BAUD 115200

enum {
    UART_DATA = 0,    /* divisor's low byte when DLAB  */
    UART_IER = 1,     /* and its high one              */
    UART_FCR = 2,     /* written; read: IIR            */
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_SCRATCH = 7,
};
#define LCR_DLAB 0x80
#define FCR_ON_CLEAR 0x07
#define IIR_FIFO 0xc0
#define MCR_DTR_RTS 0x03
#define LSR_DATA 0x01
#define LSR_THRE 0x20
#define LSR_IDLE 0x40

/*
 * Reads of the status, 1 us each, before the port counts as stuck: more than 16
 * characters take at 1200 baud.
 */
#define PATIENCE 200000
/* The same when no CPU waits for the port. */
#define PATIENCE_NS 1000000000UL

/* Characters in one call: QEMU's port is always ready, so set a limit. */
#define AT_ONCE 256

static uint16_t base; /* 0: none */
static unsigned int fifo = 1;
static bool stuck;
static bool waits = true;
static uint64_t last_ready; /* ns, when the port was last ready; console lock */

static bool console_on_com1(void)
{
    char value[64];

    if ( !option_get("console", value, sizeof(value)) )
        return true;
    for ( const char *p = value; p; p = strchr(p, ',') )
    {
        p += *p == ',';
        if ( !strncmp(p, "com1", 4) && (!p[4] || p[4] == ',') )
            return true;
    }
    return false;
}

/* "8n1" in the line control register's bits. */
static uint8_t parse_format(const char *p)
{
    uint8_t lcr = 0x03;

    if ( *p >= '5' && *p <= '8' )
        lcr = (uint8_t)(*p++ - '5');
    switch ( *p )
    {
    case 'o': lcr |= 0x08; break;
    case 'e': lcr |= 0x18; break;
    case 'm': lcr |= 0x28; break;
    case 's': lcr |= 0x38; break;
    }
    if ( *p && p[1] == '2' )
        lcr |= 0x04;
    return lcr;
}

static const char *next_field(const char *p)
{
    p = strchr(p, ',');
    return p ? p + 1 : "";
}

static bool is_there(void)
{
    outb(base + UART_SCRATCH, 0x5a);
    if ( inb(base + UART_SCRATCH) != 0x5a )
        return false;
    outb(base + UART_SCRATCH, 0xa5);
    return inb(base + UART_SCRATCH) == 0xa5;
}

void serial_init(void)
{
    char value[64] = "115200,8n1";
    const char *format, *address;
    unsigned long baud;
    uint8_t lcr;

    if ( !console_on_com1() )
        return;
    option_get("com1", value, sizeof(value));
    format = next_field(value);
    address = next_field(format);
    base = *address ? (uint16_t)hv_strtoul(address, NULL, 0) : COM1;
    if ( base < 0x100 || !is_there() )
    {
        base = 0;
        return;
    }

    baud = hv_strtoul(value, NULL, 10); /* "auto": 0 */
    lcr = parse_format(format);
    outb(base + UART_IER, 0);
    if ( baud && baud <= BASE_BAUD )
    {
        unsigned int divisor = (unsigned int)(BASE_BAUD / baud);

        outb(base + UART_LCR, lcr | LCR_DLAB);
        outb(base + UART_DATA, (uint8_t)divisor);
        outb(base + UART_IER, (uint8_t)(divisor >> 8));
    }
    outb(base + UART_LCR, lcr);
    outb(base + UART_MCR, MCR_DTR_RTS);
    outb(base + UART_FCR, FCR_ON_CLEAR);
    if ( (inb(base + UART_FCR) & IIR_FIFO) == IIR_FIFO )
        fifo = 16;
}

static bool wait_for(uint8_t bits)
{
    for ( unsigned int i = 0; i < (stuck ? 1 : PATIENCE); i++ )
        if ( (inb(base + UART_LSR) & bits) == bits )
        {
            stuck = false;
            return true;
        }
    stuck = true;
    return false;
}

/* True: the FIFO is empty.  False: it is not; sets `stuck` after a while. */
static bool takes_more(void)
{
    uint64_t now;

    if ( waits )
        return wait_for(LSR_THRE);
    now = arch_now_ns();
    if ( inb(base + UART_LSR) & LSR_THRE )
    {
        last_ready = now;
        stuck = false;
        return true;
    }
    stuck = now - last_ready > PATIENCE_NS;
    return false;
}

static size_t serial_write(const char *s, size_t len)
{
    static char last; /* terminals need \r before \n: add a missing one */
    unsigned int room = 0, nr = 0;

    if ( !base )
        return len;
    for ( size_t i = 0; i < len; )
    {
        char c = s[i];

        if ( !waits && nr == AT_ONCE )
            return i;
        if ( !room )
        {
            if ( !takes_more() )
                return stuck ? len : i;
            room = fifo;
        }
        if ( c == '\n' && last != '\r' )
            c = '\r';
        else
            i++;
        outb(base + UART_DATA, (uint8_t)c);
        last = c;
        room--;
        nr++;
    }
    return len;
}

void serial_wait(bool wait)
{
    last_ready = arch_now_ns();
    WRITE_ONCE(waits, wait);
}

bool serial_read(char *c)
{
    uint8_t status = base ? inb(base + UART_LSR) : 0;

    /* All ones: no device answers at this port. */
    if ( !(status & LSR_DATA) || status == 0xff )
        return false;
    *c = (char)inb(base + UART_DATA);
    return true;
}

void serial_flush(void)
{
    console_drain();
    if ( base )
        wait_for(LSR_THRE | LSR_IDLE);
}

bool serial_is_there(void)
{
    return base;
}

bool serial_ports(uint16_t *first, uint16_t *last)
{
    *first = base;
    *last = base + UART_SCRATCH;
    return base;
}

/* ---- the core's console ---- */

size_t arch_console_write(const char *s, size_t len)
{
    return serial_write(s, len);
}
