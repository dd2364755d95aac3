/* SPDX-License-Identifier: MIT */
/*
 * The console's serial port has no interrupt: a timer passes what was typed to
 * the core.  When the core has no room more stays in the port.
 *
 * The same timer sends output that the port did not take when it was written,
 * more often while there is some.  It is armed by its own function alone, so one
 * CPU at a time reads the port.
 */
#include <hv/console.h>
#include <hv/evtchn.h>
#include <hv/timer.h>

#include <x86/platform.h>

#include <xen/xen.h>

#define POLL_NS 10000000UL
#define DRAIN_NS 1000000UL /* 16 characters at 115200 baud: 1.4 ms */
#define AT_ONCE 64         /* QEMU's port always has the next one */

static struct timer poll_timer;

static void poll(void *data)
{
    bool more = false;
    char c;

    (void)data;
    for ( unsigned int n = 0; n < AT_ONCE && console_input_has_room() &&
                              serial_read(&c); n++ )
        more |= console_typed(c);
    if ( more )
        evtchn_send_global_virq(VIRQ_CONSOLE);
    timer_set(&poll_timer, now_ns() + (console_drain() ? DRAIN_NS : POLL_NS));
}

void console_poll_init(void)
{
    timer_init(&poll_timer, poll, NULL);
    timer_set(&poll_timer, now_ns() + POLL_NS);
    serial_wait(false);
}
