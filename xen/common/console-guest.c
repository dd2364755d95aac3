/* SPDX-License-Identifier: MIT */
/*
 * What guests and device models cause to be printed: their own lines (the
 * debug port), and the hypervisor's messages about them.
 *
 * The console is slow and everybody's, so all of it goes through two token
 * buckets (hv/console.h): one of the domain, and one of all domains, in which
 * a part is kept back from the guests' own lines.  So one domain cannot keep
 * messages about the others from being printed.  Messages that concern no
 * domain are printk()'s and not limited.
 *
 * Nor is anything printed that would make a control domain wait: a console may
 * be slower than the buckets are filled.  Guests' own lines leave the same part
 * of what may wait for it to messages.
 *
 * A bucket is kept as the time at which all that was spent has been paid for.
 */
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/lock.h>
#include <hv/timer.h>

#define NS_PER_S 1000000000UL
#define NOTICE_BYTES 40 /* "(4294967295 messages suppressed)\n" and some */

bool guest_console_limited = true;

static spinlock_t limit_lock;    /* LOCK_CONSOLE; alone */
static uint64_t all_until;       /* limit_lock: the bucket of all domains */
static unsigned int suppressed;  /* limit_lock: since the last notice     */

void console_guest_init(void)
{
    spin_lock_init(&limit_lock, LOCK_CONSOLE);
    all_until = 0;
    suppressed = 0;
}

/* What *until becomes when `bytes` are spent; 0: the bucket has not so many. */
static uint64_t spend(uint64_t until, uint64_t now, uint64_t bytes,
                      uint64_t burst, uint64_t rate)
{
    until = max(until, now) + bytes * NS_PER_S / rate;
    return until > now + burst * NS_PER_S / rate ? 0 : until;
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
    one = spend(d->console_until, now, bytes, CONSOLE_ONE_BURST,
                CONSOLE_ONE_RATE);
    all = spend(all_until, now, bytes, CONSOLE_ALL_BURST - keep,
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

static void write_limited(struct domain *d, const char *s, size_t len,
                          uint64_t keep)
{
    unsigned int notice = 0;

    if ( guest_console_limited && !admit(d, len, keep, &notice) )
        return;
    if ( notice )
        printk("(%u messages suppressed)\n", notice);
    console_write(s, len);
    while ( !guest_console_limited && console_drain() > CONSOLE_BACKLOG )
        continue;
}

void guest_printk(struct domain *d, const char *fmt, ...)
{
    char line[400];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = hv_vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    write_limited(d, line, min((size_t)len, sizeof(line) - 1), 0);
}

/* The line that is complete, as it is to be shown. */
static void write_line(struct domain *d, const char *text)
{
    char line[CONSOLE_LINE + 16];
    int len = hv_snprintf(line, sizeof(line), "(d%u) %s\n", d->domain_id, text);

    /* What the control domain writes is nobody's flood. */
    if ( is_control_domain(d) )
        console_write(line, (size_t)len);
    else
        write_limited(d, line, (size_t)len, CONSOLE_KEPT);
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
