/* SPDX-License-Identifier: MIT */
/*
 * What is typed at the serial port, for dom0: a timer moves it from the port's
 * small buffer to a ring and raises VIRQ_CONSOLE; dom0 then reads the ring with
 * console_io.  When that is full more stays in the port.
 *
 * The same timer sends output that the port did not take when it was written,
 * more often while there is some.
 *
 * The timer runs on whichever CPU it fired at, readers on theirs: the lock is
 * for the ring and for the port's input.
 */
#include <hv/console.h>
#include <hv/evtchn.h>
#include <hv/lib.h>
#include <hv/lock.h>
#include <hv/timer.h>

#include <x86/platform.h>

#include <xen/xen.h>

#define POLL_NS 10000000UL
#define DRAIN_NS 1000000UL /* 16 characters at 115200 baud: 1.4 ms */
#define RING_SIZE 256U /* a power of two */

static struct timer poll_timer;
static spinlock_t lock;
static char ring[RING_SIZE];     /* lock */
static unsigned int head, tail;  /* lock; in at head, out at tail */

static bool take_input(void)
{
    bool some = false;
    char c;

    spin_lock(&lock);
    while ( head - tail < RING_SIZE && serial_read(&c, 1) )
    {
        ring[head++ % RING_SIZE] = c;
        some = true;
    }
    spin_unlock(&lock);
    return some;
}

static void poll(void *data)
{
    (void)data;
    if ( take_input() )
        evtchn_send_global_virq(VIRQ_CONSOLE);
    timer_set(&poll_timer, now_ns() + (console_drain() ? DRAIN_NS : POLL_NS));
}

void console_poll_init(void)
{
    spin_lock_init(&lock, LOCK_CONSOLE);
    timer_init(&poll_timer, poll, NULL);
    timer_set(&poll_timer, now_ns() + POLL_NS);
    serial_wait(false);
}

size_t console_poll_read(char *buf, size_t len)
{
    size_t n = 0;

    spin_lock(&lock);
    while ( n < len && tail != head )
        buf[n++] = ring[tail++ % RING_SIZE];
    spin_unlock(&lock);
    return n;
}
