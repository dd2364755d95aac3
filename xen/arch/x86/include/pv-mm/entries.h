/* SPDX-License-Identifier: MIT */
/* Look through the entries of a page table. */
#ifndef PV_MM_ENTRIES_H
#define PV_MM_ENTRIES_H

#include <hv/types.h>

#include <x86/defns.h>

static inline bool pv_none_of_8_present(const uint64_t *e)
{
    return !((e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) & PTE_P);
}

/* The number, from i on, of the table's next present entry, or nr. */
static inline unsigned int pv_next_present(const uint64_t *table, unsigned int i,
                                           unsigned int nr)
{
    while ( i < nr && !(table[i] & PTE_P) )
        i += i + 8 <= nr && pv_none_of_8_present(table + i) ? 8 : 1;
    return i;
}

#endif
