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

/* ---- structures ---- */

bool guest_is_32bit(void)
{
    return current->caller_32;
}

int guest_structs_in(const struct compat_layout *l, size_t size, void *dst,
                     uint64_t addr, uint64_t i, size_t nr)
{
    if ( unlikely(guest_is_32bit()) )
        return compat_copy_in(l, dst, addr + i * l->bytes_32, nr);
    return guest_copy_in(dst, addr + i * size, nr * size);
}

int guest_structs_out(const struct compat_layout *l, size_t size,
                      uint64_t addr, uint64_t i, const void *src, size_t nr)
{
    if ( unlikely(guest_is_32bit()) )
        return compat_copy_out(l, addr + i * l->bytes_32, src, nr);
    return guest_copy_out(addr + i * size, src, nr * size);
}

int guest_fields_out(const struct compat_layout *l, uint64_t addr,
                     const void *src, size_t offset, size_t bytes)
{
    if ( unlikely(guest_is_32bit()) )
        return compat_copy_part_out(l, addr, src, offset, bytes);
    return guest_copy_out(addr + offset, (const char *)src + offset, bytes);
}
