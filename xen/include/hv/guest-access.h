/* SPDX-License-Identifier: MIT */
/*
 * The only way to the memory of the one who called.
 *
 * Addresses are virtual addresses of the caller (`current`).  Copies are all
 * or error: 0, or -EFAULT with an unknown part copied.  A value is copied in
 * once, then checked, then used.  No lock is held over a copy.
 */
#ifndef HV_GUEST_ACCESS_H
#define HV_GUEST_ACCESS_H

#include <hv/types.h>

int guest_copy_in(void *dst, uint64_t src, size_t bytes) must_check;
int guest_copy_out(uint64_t dst, const void *src, size_t bytes) must_check;

/* Handles of the ABI headers are structs around a pointer, p. */
#define handle_addr(h) ((uint64_t)(uintptr_t)(h).p)
#define handle_is_null(h) ((h).p == NULL)

/* Element i of the array behind the handle, nr elements from it on. */
#define copy_from_handle(dst, h, i, nr)                                      \
    guest_copy_in((dst), handle_addr(h) + (uint64_t)(i) * sizeof(*(h).p),    \
                  (nr) * sizeof(*(h).p) +                                    \
                      0 * sizeof((dst) == (const typeof(*(h).p) *)NULL))
#define copy_to_handle(h, i, src, nr)                                        \
    guest_copy_out(handle_addr(h) + (uint64_t)(i) * sizeof(*(h).p), (src),   \
                   (nr) * sizeof(*(h).p) +                                   \
                       0 * sizeof((src) == (const typeof(*(h).p) *)NULL))

/* An object at an address given as a plain argument. */
#define copy_from_arg(dst, addr) guest_copy_in((dst), (addr), sizeof(*(dst)))
#define copy_to_arg(addr, src) guest_copy_out((addr), (src), sizeof(*(src)))

/* One field of the structure at addr. */
#define copy_field_to_arg(addr, src, field)                                  \
    guest_copy_out((addr) + offsetof(typeof(*(src)), field), &(src)->field,  \
                   sizeof((src)->field))

/* ---- arch contract ---- */

int arch_guest_copy_in(void *dst, uint64_t src, size_t bytes);
int arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes);

#endif
