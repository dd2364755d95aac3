/* SPDX-License-Identifier: MIT */
/*
 * Output that guests and device models cause: guests' own lines (debug port),
 * and the hypervisor's messages about domains.
 *
 * The console is slow and shared, so this output goes through two token buckets
 * (hv/console.h): one of the domain, and one of all domains, of which guests'
 * own lines must leave CONSOLE_KEPT bytes.  So no domain can suppress messages
 * about another one.  Messages about no domain are printk()'s, which are limited
 * only where `loglvl=` has a second level.
 *
 * A console may be slower than the buckets are refilled.  So output is also
 * dropped while too many bytes wait for the console, for otherwise a control
 * domain would have to wait for them.  Here too guests' own lines leave
 * CONSOLE_KEPT bytes for messages.
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
    console_input_init();
    spin_lock_init(&limit_lock, LOCK_CONSOLE);
    all_until = 0;
    suppressed = 0;
}

/* True: print it; *notice is the number of messages dropped before it. */
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

/* Print a line of a level that is not dropped. */
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

/* Print the domain's complete line. */
static void write_line(struct domain *d, const char *text)
{
    char line[CONSOLE_LINE + 16];
    int len = hv_snprintf(line, sizeof(line), "(d%u) %s\n", d->domain_id, text);

    /* The control domain's own lines are not limited. */
    if ( is_control_domain(d) )
        console_log(line, (size_t)len);
    else if ( XENLOG_DEBUG <= guest_loglvl.limited )
        write_line_of(d, XENLOG_DEBUG, line, (size_t)len, CONSOLE_KEPT);
}

void domain_console_putc(struct domain *d, char c)
{
    char text[CONSOLE_LINE];
    bool whole = c == '\n';

    /* Replace control characters: no terminal escape sequences from guests. */
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
