/* SPDX-License-Identifier: MIT */
/*
 * multicall(list, nr): several hypercalls in one, in order.
 *
 * Each entry's result is written to its `result` field; the call itself fails
 * only when the list cannot be read or written.  An entry that gives way is
 * written back with the arguments with which it goes on; the multicall then
 * gives way too, and starts again at that entry.  A guest that changes the
 * entry meanwhile gets what it wrote.
 *
 * Multicalls do not nest: such an entry gets -EINVAL.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

/* Runs the entry at addr: 0 done, -ERESTART, -EFAULT. */
static long run_entry(uint64_t addr)
{
    struct multicall_entry e;
    struct hypercall hc;
    long rc;

    if ( copy_from_arg(&e, addr) )
        return -EFAULT;
    hc.nr = e.op;
    memcpy(hc.a, e.args, sizeof(hc.a));

    rc = hc.nr == __HYPERVISOR_multicall ? -EINVAL : hypercall_nested(&hc);
    if ( rc == -ERESTART )
    {
        memcpy(e.args, hc.a, sizeof(e.args));
        return copy_field_to_arg(addr, &e, args) ? -EFAULT : -ERESTART;
    }
    e.result = (unsigned long)rc;
    return copy_field_to_arg(addr, &e, result) ? -EFAULT : 0;
}

long do_multicall(struct hypercall *hc)
{
    uint32_t nr = (uint32_t)hc->a[1];
    long rc = 0;

    while ( nr && !rc )
    {
        rc = run_entry(hc->a[0]);
        if ( rc )
            break;
        hc->a[0] += guest_sizeof(*(struct multicall_entry *)NULL);
        hc->a[1] = --nr;
        if ( nr && hypercall_preempt_check() )
            rc = -ERESTART;
    }
    return rc;
}
