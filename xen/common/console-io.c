/* SPDX-License-Identifier: MIT */
/*
 * console_io(cmd, count, buffer): a control domain writes raw bytes to the
 * hypervisor's console, and reads its input.
 *
 * No byte of a write is lost: the call waits until few enough bytes wait for the
 * machine's console.  The arguments keep the progress of a long write: count
 * goes down, buffer goes up.
 */
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#define CHUNK 128

/* Wait for the console; false: not ready, and the call must give way. */
static bool have_room(void)
{
    while ( console_drain() > CONSOLE_BACKLOG )
        if ( hypercall_preempt_check() )
            return false;
    return true;
}

static long console_write_op(struct hypercall *hc)
{
    char buf[CHUNK];
    int count = (int)hc->a[1];

    if ( count < 0 )
        return -EINVAL;
    while ( count > 0 )
    {
        size_t n = min((size_t)count, sizeof(buf));

        if ( !have_room() )
            return -ERESTART;
        if ( guest_copy_in(buf, hc->a[2], n) )
            return -EFAULT;
        console_write(buf, n);
        count -= (int)n;
        hc->a[1] = (unsigned long)count;
        hc->a[2] += n;
        if ( count && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}

static long console_read_op(const struct hypercall *hc)
{
    char buf[CHUNK];
    int count = (int)hc->a[1];
    size_t n;

    if ( count < 0 )
        return -EINVAL;
    n = console_input_read(buf, min((size_t)count, sizeof(buf)));
    return guest_copy_out(hc->a[2], buf, n) ? -EFAULT : (long)n;
}

long do_console_io(struct hypercall *hc)
{
    /* ABI: for every command.  Other domains have the debug port. */
    if ( !is_control_domain(current_domain) )
        return -EPERM;
    switch ( (unsigned int)hc->a[0] )
    {
    case CONSOLEIO_write:
        return console_write_op(hc);
    case CONSOLEIO_read:
        return console_read_op(hc);
    default:
        return -ENOSYS;
    }
}
