/* SPDX-License-Identifier: MIT */
/* Copies from and to the memory of the caller: see the header. */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/lib.h>

/* What a 32-bit caller names ends at 4 GiB, and does not go on at 0. */
static noinline_fn bool any_range_ok(uint64_t addr, uint64_t end)
{
    return end >= addr && (end <= 1UL << 32 || !guest_is_32bit());
}

/*
 * Most addresses are those of 64-bit kernels: in the upper half, which no list of
 * a 32-bit caller is long enough to reach.
 */
static inline bool range_ok(uint64_t addr, size_t bytes)
{
    uint64_t end = addr + bytes;

    return likely((int64_t)(addr & end) < 0) || any_range_ok(addr, end);
}

/* Inline: a call for each copy is 2 % of a mapping of many pages. */
inline int guest_copy_in(void *dst, uint64_t src, size_t bytes)
{
    if ( !bytes )
        return 0;
    if ( !range_ok(src, bytes) )
        return -EFAULT;
    return arch_guest_copy_in(dst, src, bytes);
}

inline int guest_copy_out(uint64_t dst, const void *src, size_t bytes)
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
