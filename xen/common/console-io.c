/* SPDX-License-Identifier: MIT */
/*
 * console_io(cmd, count, buffer): writing to the hypervisor's console, and
 * reading what was typed there.
 *
 * A control domain writes raw bytes.  What others write is filtered and shown
 * by lines with the domain's name, by domain_console_putc().
 *
 * Progress of a long write is kept in the arguments: count down, buffer up.
 */
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#define CHUNK 128

static long console_write_op(struct hypercall *hc)
{
    char buf[CHUNK];
    int count = (int)hc->a[1];

    if ( count < 0 )
        return -EINVAL;
    while ( count > 0 )
    {
        size_t n = min((size_t)count, sizeof(buf));

        if ( guest_copy_in(buf, hc->a[2], n) )
            return -EFAULT;
        if ( is_control_domain(current_domain) )
            console_write(buf, n);
        else
            for ( size_t i = 0; i < n; i++ )
                domain_console_putc(current_domain, buf[i]);
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

    if ( !is_control_domain(current_domain) )
        return -EPERM;
    if ( count < 0 )
        return -EINVAL;
    n = arch_console_read(buf, min((size_t)count, sizeof(buf)));
    return guest_copy_out(hc->a[2], buf, n) ? -EFAULT : (long)n;
}

long do_console_io(struct hypercall *hc)
{
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
