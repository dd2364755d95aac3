/* SPDX-License-Identifier: MIT */
/*
 * The only way to the memory of the one who called.
 *
 * Addresses are virtual addresses of the caller (`current`), below 4 GiB if it is
 * in 32-bit code.  Copies are all or error: 0, or -EFAULT with an unknown part
 * copied.  A value is copied in once, then checked, then used.  No lock is held
 * over a copy.
 */
#ifndef HV_GUEST_ACCESS_H
#define HV_GUEST_ACCESS_H

#include <hv/compat.h>
#include <hv/types.h>

int guest_copy_in(void *dst, uint64_t src, size_t bytes) must_check;
int guest_copy_out(uint64_t dst, const void *src, size_t bytes) must_check;

/* Handles of the ABI headers are structs around a pointer, p. */
#define handle_addr(h) ((uint64_t)(uintptr_t)(h).p)
#define handle_is_null(h) ((h).p == NULL)

/* Is current, which makes a hypercall, in 32-bit code? */
bool guest_is_32bit(void);

/*
 * nr structures, which begin with structure i of the array at addr; size: of
 * one in the 64-bit layout; l: NULL where the layouts are equal.
 */
static inline int must_check guest_in(const struct compat_layout *l,
                                      size_t size, void *dst, uint64_t addr,
                                      uint64_t i, size_t nr)
{
    if ( l && unlikely(guest_is_32bit()) )
        return compat_copy_in(l, dst, addr + i * l->bytes_32, nr);
    return guest_copy_in(dst, addr + i * size, nr * size);
}

static inline int must_check guest_out(const struct compat_layout *l,
                                       size_t size, uint64_t addr, uint64_t i,
                                       const void *src, size_t nr)
{
    if ( l && unlikely(guest_is_32bit()) )
        return compat_copy_out(l, addr + i * l->bytes_32, src, nr);
    return guest_copy_out(addr + i * size, src, nr * size);
}

/* The field in `bytes` bytes from offset on of the structure at addr. */
static inline int must_check guest_field_out(const struct compat_layout *l,
                                             uint64_t addr, const void *src,
                                             size_t offset, size_t bytes)
{
    if ( l && unlikely(guest_is_32bit()) )
        return compat_copy_part_out(l, addr, src, offset, bytes);
    return guest_copy_out(addr + offset, (const char *)src + offset, bytes);
}

static inline size_t guest_size(const struct compat_layout *l, size_t size)
{
    return l && unlikely(guest_is_32bit()) ? l->bytes_32 : size;
}

/* The size that the structure x has for the caller. */
#define guest_sizeof(x) guest_size(compat_layout_of(&(x)), sizeof(x))

/* Handles of the ABI headers are structs around a pointer, p. */
#define handle_addr(h) ((uint64_t)(uintptr_t)(h).p)
#define handle_is_null(h) ((h).p == NULL)

/* Element i of the array behind the handle, nr elements from it on. */
#define copy_from_handle(dst, h, i, nr)                                      \
    guest_in(compat_layout_of_handle(h), sizeof(*(h).p), (dst),              \
             handle_addr(h), (i),                                            \
             (nr) + 0 * sizeof((dst) == (const typeof(*(h).p) *)NULL))
#define copy_to_handle(h, i, src, nr)                                        \
    guest_out(compat_layout_of_handle(h), sizeof(*(h).p), handle_addr(h),    \
              (i), (src),                                                    \
              (nr) + 0 * sizeof((src) == (const typeof(*(h).p) *)NULL))

/* An object at an address given as a plain argument. */
#define copy_from_arg(dst, addr)                                             \
    guest_in(compat_layout_of(dst), sizeof(*(dst)), (dst), (addr), 0, 1)
#define copy_to_arg(addr, src)                                               \
    guest_out(compat_layout_of(src), sizeof(*(src)), (addr), 0, (src), 1)

/* One field of the structure at addr. */
#define copy_field_to_arg(addr, src, field)                                  \
    guest_field_out(compat_layout_of(src), (addr), (src),                    \
                    offsetof(typeof(*(src)), field), sizeof((src)->field))

/* ---- arch contract ---- */

int arch_guest_copy_in(void *dst, uint64_t src, size_t bytes);
int arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes);

#endif
