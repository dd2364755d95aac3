/* SPDX-License-Identifier: MIT */
/*
 * A PV guest's memory, by the addresses of its kernel: the guest's own page
 * tables are in CR3, so the processor finds the pages, and the protection that
 * they have.  An access that faults is fixed up.
 */
#include "pv.h"

#include <x86/fixup.h>

/* Bytes that were not copied. */
static size_t copy(void *dst, const void *src, size_t bytes)
{
    allow_ring3(true);
    __asm__ volatile ( "1: rep movsb\n2:\n" FIXUP(1b, 2b)
                       : "+D" (dst), "+S" (src), "+c" (bytes) :: "memory" );
    allow_ring3(false);
    return bytes;
}

/* v's kernel's tables are in CR3 meanwhile, also when a program was left. */
static int copy_by_kernel(struct vcpu *v, void *dst, const void *src,
                          size_t bytes)
{
    bool program = !pv_of(v)->kernel;
    size_t left;

    tlb_begin(false);
    if ( program )
    {
        pv_of(v)->kernel = true;
        pv_load_cr3(v);
    }
    left = copy(dst, src, bytes);
    if ( program )
    {
        pv_of(v)->kernel = false;
        pv_load_cr3(v);
    }
    tlb_end();
    return left ? -EFAULT : 0;
}

int pv_copy_in(struct vcpu *v, void *dst, uint64_t src, size_t bytes)
{
    if ( !pv_range_ok(src, bytes) )
        return -EFAULT;
    return copy_by_kernel(v, dst, (const void *)src, bytes);
}

int pv_copy_out(struct vcpu *v, uint64_t dst, const void *src, size_t bytes)
{
    if ( !pv_range_ok(dst, bytes) )
        return -EFAULT;
    return copy_by_kernel(v, (void *)dst, src, bytes);
}
