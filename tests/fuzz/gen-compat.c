/* SPDX-License-Identifier: MIT */
/*
 * Calls of 32-bit code: the families make structures of 64-bit callers, from
 * which these are made.
 */
#include "gen.h"

#include <hv/compat.h>
#include <hv/memory.h>

#define MAX_ENTRIES 8 /* of a multicall */

/* Which argument of which operation is a structure with two layouts. */
static const struct {
    uint8_t nr, cmd, arg;
    const struct compat_layout *l;
} row[] = {
#define ROW(nr, cmd, arg, s)                                                 \
    { __HYPERVISOR_##nr, cmd, arg, &compat_of_##s }
    ROW(memory_op, XENMEM_populate_physmap, 1, xen_memory_reservation),
    ROW(memory_op, XENMEM_decrease_reservation, 1, xen_memory_reservation),
    ROW(memory_op, XENMEM_claim_pages, 1, xen_memory_reservation),
    ROW(memory_op, XENMEM_add_to_physmap, 1, xen_add_to_physmap),
    ROW(memory_op, XENMEM_add_to_physmap_batch, 1, xen_add_to_physmap_batch),
    ROW(memory_op, XENMEM_remove_from_physmap, 1, xen_remove_from_physmap),
    ROW(memory_op, XENMEM_memory_map, 1, xen_memory_map),
    ROW(memory_op, XENMEM_machine_memory_map, 1, xen_memory_map),
    ROW(memory_op, XENMEM_set_memory_map, 1, xen_foreign_memory_map),
    ROW(grant_table_op, GNTTABOP_copy, 1, gnttab_copy),
    ROW(grant_table_op, GNTTABOP_setup_table, 1, gnttab_setup_table),
    ROW(grant_table_op, GNTTABOP_get_status_frames, 1,
        gnttab_get_status_frames),
    ROW(sched_op, SCHEDOP_poll, 1, sched_poll),
    ROW(vcpu_op, VCPUOP_register_runstate_memory_area, 2,
        vcpu_register_runstate_memory_area),
    ROW(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 2,
        vcpu_register_time_memory_area),
    ROW(vcpu_op, VCPUOP_set_singleshot_timer, 2, vcpu_set_singleshot_timer),
};

static void narrow(const struct compat_layout *l, unsigned int nr)
{
    static uint8_t wide[MAX_ENTRIES * 256];

    memcpy(wide, fuzz_arena, nr * l->bytes);
    memset(fuzz_arena, 0, nr * l->bytes_32);
    for ( unsigned int i = 0; i < nr; i++ )
        for ( unsigned int k = 0; k < l->nr_fields; k++ )
        {
            const struct compat_field *f = &l->field[k];

            memcpy(fuzz_arena + i * l->bytes_32 + f->at_32,
                   wide + i * l->bytes + f->at, f->bytes_32);
        }
}

void gen_narrow(struct hypercall *hc)
{
    unsigned int cmd = (unsigned int)hc->a[0] & MEMOP_CMD_MASK;

    if ( hc->nr == __HYPERVISOR_multicall )
        narrow(&compat_of_multicall_entry, MAX_ENTRIES);
    if ( hc->nr == __HYPERVISOR_set_timer_op )
        hc->a[1] = hc->a[0] >> 32;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
        if ( hc->nr == row[i].nr && cmd == row[i].cmd &&
             hc->a[row[i].arg] == (uintptr_t)fuzz_arena )
        {
            narrow(row[i].l, 1);
            return;
        }
}
