/* SPDX-License-Identifier: MIT */
/* Sets of the current domain's vcpus: whose TLBs are to be flushed. */
#include "pv-private.h"

#include <hv/guest-access.h>

_Static_assert(PV_VCPU_WORDS * 64 >= MAX_VCPUS, "a bit for each vcpu");

void vcpus_current(struct pv_vcpus *set)
{
    *set = (struct pv_vcpus){ { 0 } };
    set->bits[current->vcpu_id / 64] = 1UL << current->vcpu_id % 64;
}

/* Clear the bits of vcpus that cannot be. */
static void limit(struct pv_vcpus *set)
{
    unsigned int nr = current_domain->max_vcpus;

    for ( unsigned int i = 0; i < PV_VCPU_WORDS; i++ )
        if ( nr <= i * 64 )
            set->bits[i] = 0;
        else if ( nr < (i + 1) * 64 )
            set->bits[i] &= (1UL << nr % 64) - 1;
}

void vcpus_all(struct pv_vcpus *set)
{
    memset(set, 0xff, sizeof(*set));
    limit(set);
}

int vcpus_read(struct pv_vcpus *set, uint64_t addr)
{
    size_t bytes = DIV_ROUND_UP(current_domain->max_vcpus, 64) * 8;

    *set = (struct pv_vcpus){ { 0 } };
    if ( guest_copy_in(set->bits, addr, bytes) )
        return -EFAULT;
    limit(set);
    return 0;
}
