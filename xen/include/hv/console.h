/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's console: log lines, a ring that sysctl reads, input.
 *
 * Output goes to the ring first.  From there the machine's console takes it
 * as fast as it can, a bounded number of bytes at once: with each write, and
 * by console_drain() from the machine's timer.
 */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/types.h>

#define CONSOLE_RING_SIZE 65536

void console_init(void); /* boot: an empty ring */

/*
 * Whole text: to the ring, and as much of the ring as it takes now to the
 * machine's console.  Any lock may be held.
 */
void console_write(const char *s, size_t len);

/*
 * Let the machine's console take what it can.  Returns how many bytes still
 * wait for it.
 */
size_t console_drain(void);
/* The same number, with nothing done about it. */
size_t console_waiting(void);

/*
 * Bytes that may wait for the machine's console before a control domain waits
 * too, and domains' lines and messages about them are not printed: however
 * slow the console is, a control domain waits for no more than this of others.
 */
#define CONSOLE_BACKLOG 4096UL

/*
 * Copy ring content from *index on (or the oldest there is) into buf, advance
 * *index; returns the bytes copied.
 */
size_t console_ring_read(char *buf, size_t len, uint32_t *index);
/* The index of the first byte that can be read. */
uint32_t console_ring_oldest(void);

/* Forget what was written before index; later readers start there. */
void console_ring_consume(uint32_t index);

/* What the hypervisor was started with; set by the machine at boot. */
extern const char *hv_command_line;

/* ---- console-guest.c: what guests and device models cause ---- */

/*
 * Bytes a second, and how many at once after a while of silence: of one
 * domain, and of all together.  A port of 115200 baud sends 11520 a second.
 * Lines that guests write leave CONSOLE_KEPT bytes for messages about guests.
 */
#define CONSOLE_ONE_RATE 2048UL
#define CONSOLE_ONE_BURST 16384UL
#define CONSOLE_ALL_RATE 4096UL
#define CONSOLE_ALL_BURST 32768UL
#define CONSOLE_KEPT 8192UL

#define CONSOLE_LINE 256 /* a guest's line, with its end */

/*
 * Are the buckets and the backlog looked at?  Whoever looks for something may
 * switch them off at boot, to have every line: guests then wait for the port.
 */
extern bool guest_console_limited;

struct domain;

void console_guest_init(void); /* boot, with console_init() */

/*
 * printk() for what d can cause, if only by way of its device model.  What
 * exceeds the limit is counted, and the next line that is printed says how
 * many were not.  Any lock may be held.
 */
void guest_printk(struct domain *d, const char *fmt, ...) printf_like(2, 3);

/*
 * One byte of d's debug port, shown by lines as "(dN) ...".  Limited as
 * guest_printk() is, but for a control domain.
 */
void domain_console_putc(struct domain *d, char c);

/* ---- arch contract ---- */

/*
 * Take bytes for the machine's console; returns how many.  It takes a bounded
 * number at once and does not wait until it could take more, except at boot
 * and when the machine is about to end.
 */
size_t arch_console_write(const char *s, size_t len);
size_t arch_console_read(char *buf, size_t len); /* what was typed, or 0 */

#endif
