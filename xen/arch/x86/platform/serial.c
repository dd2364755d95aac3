/* SPDX-License-Identifier: MIT */
/*
 * The console's serial port: a 16550 or what passes for one, polled.
 *
 *   console=com1,vga   where the console is: com1 (default) or none of ours
 *   com1=115200,8n1,0x3f8   speed (auto: as it was), data bits, parity, stop
 *                           bits, address; all optional
 *
 * A port that takes no more characters is given up after a while, so that
 * none that is missing or stuck can hold the machine; it gets another chance
 * with each write.
 */
#include <hv/console.h>
#include <hv/heap.h>
#include <hv/lib.h>

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

/* A read takes about 1 us: more than 16 characters need at 1200 baud. */
#define PATIENCE 200000

static uint16_t base; /* 0: none */
static unsigned int fifo = 1;
static bool stuck;

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

void serial_write(const char *s, size_t len)
{
    static char last; /* terminals want \r before \n: not all give it */
    unsigned int room = 0;

    if ( !base )
        return;
    for ( size_t i = 0; i < len; )
    {
        char c = s[i];

        if ( !room )
        {
            if ( !wait_for(LSR_THRE) )
                return;
            room = fifo;
        }
        if ( c == '\n' && last != '\r' )
            c = '\r';
        else
            i++;
        outb(base + UART_DATA, (uint8_t)c);
        last = c;
        room--;
    }
}

size_t serial_read(char *buf, size_t len)
{
    size_t n = 0;

    if ( !base )
        return 0;
    while ( n < len )
    {
        uint8_t status = inb(base + UART_LSR);

        /* All ones: there is nothing any more. */
        if ( !(status & LSR_DATA) || status == 0xff )
            break;
        buf[n++] = (char)inb(base + UART_DATA);
    }
    return n;
}

void serial_flush(void)
{
    if ( base )
        wait_for(LSR_THRE | LSR_IDLE);
}

bool serial_ports(uint16_t *first, uint16_t *last)
{
    *first = base;
    *last = base + UART_SCRATCH;
    return base;
}

/* ---- the core's console ---- */

void arch_console_write(const char *s, size_t len)
{
    serial_write(s, len);
}

size_t arch_console_read(char *buf, size_t len)
{
    return console_poll_read(buf, len);
}
