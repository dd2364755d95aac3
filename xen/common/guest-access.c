/* SPDX-License-Identifier: MIT */
/* Copies from and to the memory of the caller: see the header. */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/lib.h>

static bool range_ok(uint64_t addr, size_t bytes)
{
    return addr + bytes >= addr;
}

int guest_copy_in(void *dst, uint64_t src, size_t bytes)
{
    if ( !bytes )
        return 0;
    if ( !range_ok(src, bytes) )
        return -EFAULT;
    return arch_guest_copy_in(dst, src, bytes);
}

int guest_copy_out(uint64_t dst, const void *src, size_t bytes)
{
    if ( !bytes )
        return 0;
    if ( !range_ok(dst, bytes) )
        return -EFAULT;
    return arch_guest_copy_out(dst, src, bytes);
}

bool guest_is_32bit(void)
{
    return current->caller_32;
}
