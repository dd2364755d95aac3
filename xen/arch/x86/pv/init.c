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

static uint64_t place(uint64_t bytes)
{
    void *room = hv_zalloc(bytes);

    if ( !room || (uint64_t)room % bytes )
        panic("no memory for the tables of PV guests' frames\n");
    return virt_to_phys(room);
}

void pv_init(void)
{
    const uint64_t *root = phys_to_virt(paging_cr3);

    paging_frames(M2P_RW_MAP, sizeof(uint64_t), 0xff, place); /* PV_M2P_NONE */
    paging_show(M2P_RW_MAP, M2P_MAP, sizeof(uint64_t));
    paging_frames(PV_FRAME_MAP, sizeof(struct pv_frame), 0, place);
    pv_bare_machine.m2p = (uint64_t *)M2P_RW_MAP;
    pv_bare_machine.frames = (struct pv_frame *)PV_FRAME_MAP;
    pv_bare_machine.m2p_slot = root[PV_FIRST_HV_SLOT];
    pv_mm_init(&pv_bare_machine);
    guest_register(&pv_guest_ops);
}
