/* SPDX-License-Identifier: MIT */
/*
 * Helpers of domctl and sysctl.  A struct xenctl_bitmap names a byte array of
 * the caller's and its length in bits, both of them its own choice.
 */
#include <hv/guest-access.h>
#include <hv/lib.h>

#include "control.h"

#define MAX_BITMAP_BITS 65536

unsigned int control_nr_cpus(void)
{
    struct cpu_info info;

    arch_cpu_info(&info);
    return min(info.nr_cpus, (unsigned int)MAX_CPUS);
}

void control_bitmap_fill(uint64_t *map, unsigned int nr)
{
    for ( unsigned int i = 0; i < DIV_ROUND_UP(nr, 64); i++ )
        map[i] = nr - i * 64 >= 64 ? ~0UL : (1UL << (nr % 64)) - 1;
}

int control_bitmap_out(const struct xenctl_bitmap *to, const uint64_t *map,
                       unsigned int nr)
{
    static const uint8_t zeroes[64];
    uint32_t have = DIV_ROUND_UP((uint64_t)to->nr_bits, 8);
    uint32_t done = min(have, DIV_ROUND_UP(nr, 8));

    if ( to->nr_bits > MAX_BITMAP_BITS )
        return -EINVAL;
    if ( guest_copy_out(handle_addr(to->bitmap), map, done) )
        return -EFAULT;
    while ( done < have )
    {
        uint32_t n = min(have - done, (uint32_t)sizeof(zeroes));

        if ( guest_copy_out(handle_addr(to->bitmap) + done, zeroes, n) )
            return -EFAULT;
        done += n;
    }
    return 0;
}

int control_bitmap_in(const struct xenctl_bitmap *from, uint64_t *map,
                      unsigned int nr)
{
    unsigned int bits = min(nr, from->nr_bits);

    if ( from->nr_bits > MAX_BITMAP_BITS )
        return -EINVAL;
    memset(map, 0, DIV_ROUND_UP(nr, 64) * sizeof(*map));
    if ( guest_copy_in(map, handle_addr(from->bitmap), DIV_ROUND_UP(bits, 8)) )
        return -EFAULT;
    if ( bits % 64 )
        map[bits / 64] &= (1UL << (bits % 64)) - 1;
    return 0;
}

int control_copy_leaves(const struct cpu_policy *p, uint64_t to, uint32_t *nr)
{
    uint32_t room = *nr;

    *nr = to ? p->nr_leaves : CPU_POLICY_MAX_LEAVES;
    if ( !to )
        return 0;
    if ( room < p->nr_leaves )
        return -ENOBUFS;
    return guest_copy_out(to, p->leaf, p->nr_leaves * sizeof(p->leaf[0]));
}

int control_copy_msrs(const struct cpu_policy *p, uint64_t to, uint32_t *nr)
{
    uint32_t room = *nr;

    *nr = to ? p->nr_msrs : CPU_POLICY_MAX_MSRS;
    if ( !to )
        return 0;
    if ( room < p->nr_msrs )
        return -ENOBUFS;
    return guest_copy_out(to, p->msr, p->nr_msrs * sizeof(p->msr[0]));
}
