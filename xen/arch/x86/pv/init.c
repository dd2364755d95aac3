/* SPDX-License-Identifier: MIT */
/* PV guests, at boot: what all of them share, and what a CPU needs for them. */
#include "pv.h"

#include <hv/heap.h>

#include <x86/boot.h>

bool pv_wanted(void)
{
    char value[8];

    if ( !option_get("dom0", value, sizeof(value)) || !strcmp(value, "pvh") )
        return false;
    if ( strcmp(value, "pv") )
        panic("dom0=%s: it is pv or pvh\n", value);
    return true;
}

void pv_cpu_up(struct cpu *c)
{
    ring3_cpu_up();
    pv_descriptors_cpu_up(c);
}

void pv_init(void)
{
    size_t bytes = (nr_frames * sizeof(uint64_t) + PAGE_SIZE - 1) & PAGE_MASK;
    uint64_t *m2p = arch_heap_alloc(bytes);
    const uint64_t *root;

    if ( !m2p || (uint64_t)m2p % PAGE_SIZE )
        panic("no memory for the machine-to-physical table of PV guests\n");
    memset(m2p, 0xff, bytes);
    pv_bare_machine.m2p = m2p;
    paging_show(M2P_MAP, virt_to_phys(m2p), bytes);
    root = phys_to_virt(paging_cr3);
    pv_bare_machine.m2p_slot = root[PV_FIRST_HV_SLOT];
    if ( pv_mm_init(&pv_bare_machine) )
        panic("no memory for the types of PV guests' frames\n");
    guest_register(&pv_guest_ops);
}
