/* SPDX-License-Identifier: MIT */
/*
 * What guests and device models cause to be printed: their own lines (the
 * debug port), and the hypervisor's messages about them.
 *
 * The console is slow and everybody's, so all of it goes through two token
 * buckets (hv/console.h): one of the domain, and one of all domains, in which
 * a part is kept back from the guests' own lines.  So one domain cannot keep
 * messages about the others from being printed.  Messages that concern no
 * domain are printk()'s, limited only where `loglvl=` has a second level.
 *
 * Nor is anything printed that would make a control domain wait: a console may
 * be slower than the buckets are filled.  Guests' own lines leave the same part
 * of what may wait for it to messages.
 */
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/lock.h>
#include <hv/timer.h>

#define NOTICE_BYTES 40 /* "(4294967295 messages suppressed)\n" and some */

static spinlock_t limit_lock;    /* LOCK_CONSOLE; alone */
static uint64_t all_until;       /* limit_lock: the bucket of all domains */
static unsigned int suppressed;  /* limit_lock: since the last notice     */

void console_init(void)
{
    console_ring_init();
    console_log_init();
    spin_lock_init(&limit_lock, LOCK_CONSOLE);
    all_until = 0;
    suppressed = 0;
}

/* May it be printed?  Then *notice is how many before it were not. */
static bool admit(struct domain *d, size_t bytes, uint64_t keep,
                  unsigned int *notice)
{
    size_t room = CONSOLE_BACKLOG - keep * CONSOLE_BACKLOG / CONSOLE_ALL_BURST;
    bool ok = console_waiting() + NOTICE_BYTES + bytes <= room;
    uint64_t now = now_ns(), one, all;

    spin_lock(&limit_lock);
    if ( suppressed )
        bytes += NOTICE_BYTES;
    one = console_spend(d->console_until, now, bytes, CONSOLE_ONE_BURST,
                CONSOLE_ONE_RATE);
    all = console_spend(all_until, now, bytes, CONSOLE_ALL_BURST - keep,
                CONSOLE_ALL_RATE);
    ok = ok && one && all;
    if ( ok )
    {
        d->console_until = one;
        all_until = all;
        *notice = suppressed;
        suppressed = 0;
    }
    else if ( suppressed != UINT32_MAX )
        suppressed++;
    spin_unlock(&limit_lock);
    return ok;
}

/* A line whose level is to be printed at all. */
static void write_line_of(struct domain *d, enum log_level level, const char *s,
                          size_t len, uint64_t keep)
{
    bool limited = level > guest_loglvl.always;
    unsigned int notice = 0;

    if ( limited && !admit(d, console_stamp_len() + len, keep, &notice) )
        return;
    if ( notice )
        printk(XENLOG_WARNING, "(%u messages suppressed)\n", notice);
    console_log(s, len);
    while ( !limited && console_drain() > CONSOLE_BACKLOG )
        continue;
}

void guest_printk(struct domain *d, enum log_level level, const char *fmt, ...)
{
    char line[400];
    va_list ap;
    int len;

    if ( level > guest_loglvl.limited )
        return;
    va_start(ap, fmt);
    len = hv_vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    write_line_of(d, level, line, min((size_t)len, sizeof(line) - 1), 0);
}

/* The line that is complete, as it is to be shown. */
static void write_line(struct domain *d, const char *text)
{
    char line[CONSOLE_LINE + 16];
    int len = hv_snprintf(line, sizeof(line), "(d%u) %s\n", d->domain_id, text);

    /* What the control domain writes is nobody's flood. */
    if ( is_control_domain(d) )
        console_log(line, (size_t)len);
    else if ( XENLOG_DEBUG <= guest_loglvl.limited )
        write_line_of(d, XENLOG_DEBUG, line, (size_t)len, CONSOLE_KEPT);
}

void domain_console_putc(struct domain *d, char c)
{
    char text[CONSOLE_LINE];
    bool whole = c == '\n';

    /* The log is for people: no escape sequences from a guest. */
    if ( !whole && c != '\t' && (c < ' ' || c > '~') )
        return;

    spin_lock(&d->lock);
    if ( !whole )
        d->console[d->console_len++] = c;
    whole |= d->console_len == CONSOLE_LINE - 1;
    if ( whole )
    {
        memcpy(text, d->console, d->console_len);
        text[d->console_len] = '\0';
        d->console_len = 0;
    }
    spin_unlock(&d->lock);
    if ( whole )
        write_line(d, text);
}
