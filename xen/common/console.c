/* SPDX-License-Identifier: MIT */
/*
 * The console ring.  All output goes into it; XEN_SYSCTL_readconsole and the
 * machine's console read it.
 *
 * Bytes are numbered from boot on, modulo 2^32.  The ring holds the newest
 * CONSOLE_RING_SIZE bytes, [produced - size, produced), except those that a
 * reader consumed.  Bytes from `sent` on wait for the machine's console.  When
 * the ring is full of waiting bytes, the oldest are never sent, and a line on the
 * console says so.  console_lock is the last in the lock order, so any code may
 * print.
 */
#include <hv/console.h>
#include <hv/lib.h>
#include <hv/lock.h>

_Static_assert((CONSOLE_RING_SIZE & (CONSOLE_RING_SIZE - 1)) == 0,
               "indices wrap with 2^32");

static char ring[CONSOLE_RING_SIZE];
static uint32_t produced; /* number of the next byte           */
static uint32_t oldest;   /* number of the first one to be read */
static uint32_t sent;     /* number of the first one to be sent */
static uint64_t unsent;   /* bytes that never will be           */
static bool mid_line;     /* the last log line has no end yet   */
static spinlock_t console_lock;

const char *hv_command_line = "";

void console_ring_init(void)
{
    spin_lock_init(&console_lock, LOCK_CONSOLE);
    produced = oldest = sent = 0;
    unsent = 0;
    mid_line = false;
}

/* Nothing older than this can be read. */
static uint32_t clamp_index(uint32_t index)
{
    return produced - index > produced - oldest ? oldest : index;
}

static void append_locked(const char *s, size_t len)
{
    for ( size_t i = 0; i < len; i++ )
        ring[produced++ % CONSOLE_RING_SIZE] = s[i];
    if ( produced - oldest > CONSOLE_RING_SIZE )
        oldest = produced - CONSOLE_RING_SIZE;
    if ( produced - sent > CONSOLE_RING_SIZE )
    {
        unsent += produced - CONSOLE_RING_SIZE - sent;
        sent = produced - CONSOLE_RING_SIZE;
    }
}

static void send_locked(void)
{
    while ( sent != produced )
    {
        uint32_t at = sent % CONSOLE_RING_SIZE;
        size_t len = min(produced - sent, CONSOLE_RING_SIZE - at);
        size_t took = arch_console_write(ring + at, len);

        sent += (uint32_t)took;
        if ( took < len )
            break;
    }
}

/* Say how many bytes were not sent, once there is room again. */
static void tell_unsent_locked(void)
{
    char line[64];
    int len;

    if ( likely(!unsent) || produced - sent > CONSOLE_RING_SIZE / 2 )
        return;
    len = hv_snprintf(line, sizeof(line), "(%lu bytes were not sent)\n",
                      (unsigned long)unsent);
    unsent = 0;
    append_locked(line, (size_t)len);
}

void console_write(const char *s, size_t len)
{
    spin_lock(&console_lock);
    tell_unsent_locked();
    append_locked(s, len);
    send_locked();
    spin_unlock(&console_lock);
}

/* An empty line, which separates a crash report, gets no time stamp. */
static void append_lines_locked(const char *s, size_t len, const char *stamp)
{
    while ( len )
    {
        size_t n = 1;

        while ( n < len && s[n - 1] != '\n' )
            n++;
        if ( !mid_line && *s != '\n' )
            append_locked(stamp, strlen(stamp));
        append_locked(s, n);
        mid_line = s[n - 1] != '\n';
        s += n;
        len -= n;
    }
}

void console_write_lines(const char *s, size_t len, const char *stamp)
{
    spin_lock(&console_lock);
    tell_unsent_locked();
    append_lines_locked(s, len, stamp);
    send_locked();
    spin_unlock(&console_lock);
}

size_t console_drain(void)
{
    size_t left;

    spin_lock(&console_lock);
    send_locked();
    left = produced - sent;
    spin_unlock(&console_lock);
    return left;
}

size_t console_waiting(void)
{
    size_t left;

    spin_lock(&console_lock);
    left = produced - sent;
    spin_unlock(&console_lock);
    return left;
}

size_t console_ring_read(char *buf, size_t len, uint32_t *index)
{
    size_t n = 0;
    uint32_t at;

    spin_lock(&console_lock);
    at = clamp_index(*index);
    while ( n < len && at != produced )
        buf[n++] = ring[at++ % CONSOLE_RING_SIZE];
    spin_unlock(&console_lock);
    *index = at;
    return n;
}

uint32_t console_ring_oldest(void)
{
    uint32_t index;

    spin_lock(&console_lock);
    index = oldest;
    spin_unlock(&console_lock);
    return index;
}

void console_ring_consume(uint32_t index)
{
    spin_lock(&console_lock);
    oldest = clamp_index(index);
    spin_unlock(&console_lock);
}
