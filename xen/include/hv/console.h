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

#include <hv/lib.h>
#include <hv/types.h>

#define CONSOLE_RING_SIZE 65536

void console_init(void);      /* boot: all of the console's files */
void console_ring_init(void); /* by that: an empty ring           */

/*
 * Whole text: to the ring, and as much of the ring as it takes now to the
 * machine's console.  Any lock may be held.
 */
void console_write(const char *s, size_t len);
/* The same for log lines: each that begins here begins with stamp, too. */
void console_write_lines(const char *s, size_t len, const char *stamp);

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

/* ---- console-log.c: what is printed, and when it was ---- */

/*
 * Messages up to one level are printed, others up to the next level as far as
 * the token buckets below have room, and the rest is not.
 */
struct console_level {
    uint8_t always, limited; /* enum log_level; always <= limited */
};
extern struct console_level host_loglvl;  /* printk(): by default info */
extern struct console_level guest_loglvl; /* of guests: by default none/all */

void console_log_init(void); /* by console_init(): the defaults */

/*
 * The boot options loglvl, guest_loglvl and console_timestamps, with Xen's
 * values.  -ENOENT: no option of that name; -EINVAL: no such value, and what
 * was set before stays.
 */
int console_set_option(const char *name, const char *value);

/*
 * A log line, with the time that console_timestamps asks for in front of it.
 * No longer than len + CONSOLE_STAMP, if it has one newline, at its end.
 */
void console_log(const char *s, size_t len);
#define CONSOLE_STAMP 28
/* How long the time in front of a line is now. */
size_t console_stamp_len(void);

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
 * For messages that guest_loglvl always prints neither the buckets nor the
 * backlog are looked at: guests then wait for the port.
 */

struct domain;

/*
 * printk() for what d can cause, if only by way of its device model.  What
 * exceeds the limit is counted, and the next line that is printed says how
 * many were not.  Any lock may be held.
 */
void guest_printk(struct domain *d, enum log_level level, const char *fmt, ...)
    printf_like(3, 4);

/*
 * One byte of d's debug port, shown by lines as "(dN) ...".  Lines are
 * messages of XENLOG_DEBUG, but a control domain's are always printed.
 */
void domain_console_putc(struct domain *d, char c);

/*
 * A bucket is kept as the time at which all that was spent has been paid for.
 * What `until` becomes when `bytes` are spent now; 0: it has not so many.
 */
static inline uint64_t console_spend(uint64_t until, uint64_t now,
                                     uint64_t bytes, uint64_t burst,
                                     uint64_t rate)
{
    until = (until > now ? until : now) + bytes * 1000000000UL / rate;
    return until > now + burst * 1000000000UL / rate ? 0 : until;
}

/* ---- arch contract ---- */

/*
 * Take bytes for the machine's console; returns how many.  It takes a bounded
 * number at once and does not wait until it could take more, except at boot
 * and when the machine is about to end.
 */
size_t arch_console_write(const char *s, size_t len);
size_t arch_console_read(char *buf, size_t len); /* what was typed, or 0 */

#endif
