/* SPDX-License-Identifier: MIT */
/*
 * A PV guest's memory, by addresses of its kernel or its program: the guest's own
 * page tables are in CR3, so the processor finds the pages, and the protection that
 * they have.  An access that faults is fixed up.
 *
 * A kernel's pages are no more protected than a program's, which has other page
 * tables: what is done for a program's instruction goes by those.
 */
#include "pv.h"

#include <x86/fixup.h>

/* Words first, then bytes; false: not all of them were copied. */
static bool copy(void *dst, const void *src, size_t bytes)
{
    size_t words = bytes / 8, rest = bytes % 8;

    allow_ring3(true);
    __asm__ volatile ( "1: rep movsq\n2:\n" FIXUP(1b, 2b)
                       : "+D" (dst), "+S" (src), "+c" (words) :: "memory" );
    if ( !words )
        __asm__ volatile ( "1: rep movsb\n2:\n" FIXUP(1b, 2b)
                           : "+D" (dst), "+S" (src), "+c" (rest)
                           :: "memory" );
    allow_ring3(false);
    return !words && !rest;
}

/* v's kernel's tables are in CR3 meanwhile, also when a program was left. */
static int copy_by_kernel(struct vcpu *v, void *dst, const void *src,
                          size_t bytes)
{
    bool program = !pv_of(v)->kernel;
    bool whole;

    tlb_begin(false);
    if ( program )
    {
        pv_of(v)->kernel = true;
        pv_load_cr3(v);
    }
    whole = copy(dst, src, bytes);
    if ( program )
    {
        pv_of(v)->kernel = false;
        pv_load_cr3(v);
    }
    tlb_end();
    return whole ? 0 : -EFAULT;
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

static int copy_by_ring3(void *dst, const void *src, size_t bytes)
{
    bool whole;

    tlb_begin(false);
    whole = copy(dst, src, bytes);
    tlb_end();
    return whole ? 0 : -EFAULT;
}

int pv_read(void *dst, uint64_t src, size_t bytes)
{
    return pv_range_ok(src, bytes)
               ? copy_by_ring3(dst, (const void *)src, bytes) : -EFAULT;
}

int pv_write(uint64_t dst, const void *src, size_t bytes)
{
    return pv_range_ok(dst, bytes) ? copy_by_ring3((void *)dst, src, bytes)
                                   : -EFAULT;
}
