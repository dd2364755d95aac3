/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's console: log lines, a ring that sysctl reads, input.
 *
 * Output goes to the ring first.  From the ring the machine's console takes a
 * bounded number of bytes at once: with each write, and in console_drain(),
 * which the machine's timer calls.
 */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/lib.h>
#include <hv/types.h>

#define CONSOLE_RING_SIZE 65536

void console_init(void);      /* boot: all of the console's files */
void console_ring_init(void); /* by console_init(): an empty ring */

/*
 * Put len bytes into the ring, and pass as much of the ring as fits now to the
 * machine's console.  Any lock may be held.
 */
void console_write(const char *s, size_t len);
/* The same for log lines: put `stamp` in front of each line that begins. */
void console_write_lines(const char *s, size_t len, const char *stamp);

/*
 * Pass as much of the ring as fits to the machine's console.  Returns the
 * number of bytes that still wait for it.
 */
size_t console_drain(void);
/* The number of bytes that wait for the machine's console. */
size_t console_waiting(void);

/*
 * With this many bytes waiting for the machine's console, a control domain's
 * write waits, and lines of other domains and messages about them are dropped.
 * So a control domain never waits for more than this of others' output.
 */
#define CONSOLE_BACKLOG 4096UL

/*
 * Copy ring content from *index on (or the oldest there is) into buf, advance
 * *index; returns the bytes copied.
 */
size_t console_ring_read(char *buf, size_t len, uint32_t *index);
/* The index of the first byte that can be read. */
uint32_t console_ring_oldest(void);

/* Drop what was written before index; later readers start there. */
void console_ring_consume(uint32_t index);

/* The hypervisor's boot options; set by the machine at boot. */
extern const char *hv_command_line;

/* ---- console-log.c: levels and time stamps ---- */

/*
 * Messages of levels up to `always` are printed; those up to `limited` while
 * the token buckets below have room; all others are dropped.
 */
struct console_level {
    uint8_t always, limited; /* enum log_level; always <= limited */
};
extern struct console_level host_loglvl;  /* printk(): by default info */
extern struct console_level guest_loglvl; /* of guests: by default none/all */

void console_log_init(void); /* by console_init(): the defaults */

/*
 * The boot options loglvl, guest_loglvl, console_timestamps and conswitch, with
 * Xen's values.  -ENOENT: no option of that name; -EINVAL: not a value of this
 * option, which is unchanged.
 */
int console_set_option(const char *name, const char *value);

/*
 * Print a log line behind its time stamp (console_timestamps).  At most
 * len + CONSOLE_STAMP bytes, if the only newline is the last byte.
 */
void console_log(const char *s, size_t len);
#define CONSOLE_STAMP 28
/* The length of a time stamp now, in bytes. */
size_t console_stamp_len(void);

/* ---- console-guest.c: output that guests and device models cause ---- */

/*
 * Token buckets, of one domain and of all domains: bytes a second, and the
 * burst after silence.  A port of 115200 baud sends 11520 bytes a second.
 * Guests' own lines leave CONSOLE_KEPT bytes for messages about guests.
 */
#define CONSOLE_ONE_RATE 2048UL
#define CONSOLE_ONE_BURST 16384UL
#define CONSOLE_ALL_RATE 4096UL
#define CONSOLE_ALL_BURST 32768UL
#define CONSOLE_KEPT 8192UL

#define CONSOLE_LINE 256 /* a guest's line, with its end */

/*
 * Messages that guest_loglvl always prints ignore the buckets and the number
 * of waiting bytes: a guest that causes one may wait for the port.
 */

struct domain;

/*
 * printk() for messages that d, or its device model, can cause.  Messages
 * beyond the limit are dropped and counted; the next one that is printed has
 * the count.  Any lock may be held.
 */
void guest_printk(struct domain *d, enum log_level level, const char *fmt, ...)
    printf_like(3, 4);

/*
 * One byte that d wrote to its debug port.  Printed by lines, as "(dN) ...",
 * with level XENLOG_DEBUG; a control domain's lines are always printed.
 */
void domain_console_putc(struct domain *d, char c);

/*
 * A bucket is stored as the time at which it will be full again, `until`.
 * Returns the new `until` after `bytes` were taken now; 0: it has not so many.
 */
static inline uint64_t console_spend(uint64_t until, uint64_t now,
                                     uint64_t bytes, uint64_t burst,
                                     uint64_t rate)
{
    until = (until > now ? until : now) + bytes * 1000000000UL / rate;
    return until > now + burst * 1000000000UL / rate ? 0 : until;
}

/* ---- console-input.c: what is typed at the machine's console ---- */

/*
 * Input is the control domain's, or each byte is a debug key (hv/keys.h).  The
 * switch character, CTRL-a unless conswitch= names another, moves the input when
 * it was typed three times in a row.
 */
void console_input_init(void); /* by console_init(): the control domain's */

/*
 * The boot option conswitch, with Xen's values: a letter, and x if the input is
 * for keys at first; empty: the input never moves.  -EINVAL: not such a value.
 */
int console_set_switch(const char *value) must_check;

/* False: the control domain has to read first; leave input in the device. */
bool console_input_has_room(void);

/*
 * The machine: c was typed.  True: the control domain has more to read, which
 * VIRQ_CONSOLE tells it.
 */
bool console_typed(char c) must_check;

/* At most len bytes of the control domain's input; returns how many. */
size_t console_input_read(char *buf, size_t len);

/* Keys wait for key_press_typed(), which takes them or gives one back. */
extern bool console_keys_typed; /* [a] */
bool console_next_key(char *key); /* false: there is none */
void console_key_again(char key);

/* ---- arch contract ---- */

/*
 * Write to the machine's console; returns the number of bytes taken, which is
 * bounded.  Waits for the device at boot and when the machine is about to stop,
 * and at no other time.
 */
size_t arch_console_write(const char *s, size_t len);

#endif
