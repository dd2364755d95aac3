/* SPDX-License-Identifier: MIT */
/* update_va_mapping, mmuext_op, memory_op and multicall. */
#include "contract.h"

#define NR(list) (sizeof(list) / sizeof((list)[0]))
#define UNMAPPED 0x8000000UL
#define OF_HYPERVISOR 0xffff830000000000UL

static uint64_t *data = pool[20], *other = pool[21];

static void va_mappings(void)
{
    uint64_t entry = pte_of(data, PAGE_RW);

    for ( unsigned long flags = 0; flags < 8; flags++ )
        say("update_va_mapping: flags %lx: %ld\n", flags,
            update_va(data, entry, flags));
    line("update_va_mapping: vcpus, unmapped",
         update_va(data, entry, UNMAPPED | UVMF_INVLPG));
    line("update_va_mapping: vcpus, unmapped, TLB",
         update_va(data, entry, UNMAPPED | UVMF_TLB_FLUSH));
    line("update_va_mapping: no table", update_va((void *)UNMAPPED, entry, 0));
    line("update_va_mapping: no table of a higher level",
         update_va((void *)(1UL << 40), entry, 0));
    line("update_va_mapping: not canonical",
         update_va((void *)(1UL << 63), entry, 0));
    line("update_va_mapping: the hypervisor's",
         update_va((void *)OF_HYPERVISOR, entry, 0));
    line("update_va_mapping: the m2p",
         update_va((void *)0xffff800000000000UL, entry, 0));
    line("update_va_mapping: no such frame",
         update_va(data, 0x000ffffffffff000UL | PAGE_RW, 0));
    line("update_va_mapping: a table for writing",
         update_va(data, pte_of(table_of(data, 1), PAGE_RW), 0));
    line("update_va_mapping: the root for writing",
         update_va(data, pte_of(table_of(data, 4), PAGE_RW), 0));
    line("update_va_mapping: a table",
         update_va(data, pte_of(table_of(data, 1), PAGE_RO), UVMF_INVLPG));
    line("update_va_mapping: away", update_va(data, 0, UVMF_INVLPG));
    try((code_t)insn_load, ADDRESS(data), 0);
    told("load", insn_load);
    line("update_va_mapping: back", update_va(data, entry, UVMF_INVLPG));
    for ( unsigned int i = 0; i < 5; i++ )
    {
        static const uint64_t of[] = { DOMID_SELF, 0, DOMID_IO, DOMID_XEN,
                                       0x7fff };

        say("update_va_mapping_otherdomain: %lx: %ld\n", of[i],
            hypercall5(__HYPERVISOR_update_va_mapping_otherdomain,
                       ADDRESS(data), entry, UVMF_INVLPG, of[i], 0));
    }
}

static void counts(void)
{
    struct mmu_update u = { .ptr = l1e_address(data),
                            .val = pte_of(data, PAGE_RW) };
    struct mmuext_op e = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };
    unsigned int done = 77;
    static const uint64_t doms[] = { DOMID_SELF, 0, DOMID_IO, DOMID_XEN, 0x7fff,
                                     1UL << 16 | DOMID_SELF };

    line("mmu_update: none", hypercall5(__HYPERVISOR_mmu_update, 0, 0, 0,
                                        DOMID_SELF, 0));
    line("mmu_update: list unmapped",
         hypercall5(__HYPERVISOR_mmu_update, UNMAPPED, 1, 0, DOMID_SELF, 0));
    line("mmu_update: done unmapped",
         hypercall5(__HYPERVISOR_mmu_update, ADDRESS(&u), 1, UNMAPPED,
                    DOMID_SELF, 0));
    line("mmu_update", hypercall5(__HYPERVISOR_mmu_update, ADDRESS(&u), 1,
                                  ADDRESS(&done), DOMID_SELF, 0));
    say("done %u\n", done);
    for ( unsigned int i = 0; i < NR(doms); i++ )
    {
        say("mmu_update: domain %lx: %ld\n", doms[i],
            hypercall5(__HYPERVISOR_mmu_update, ADDRESS(&u), 1, 0, doms[i], 0));
        say("mmuext_op: domain %lx: %ld\n", doms[i],
            hypercall5(__HYPERVISOR_mmuext_op, ADDRESS(&e), 1, 0, doms[i], 0));
    }
    line("mmuext_op: none", hypercall5(__HYPERVISOR_mmuext_op, 0, 0, 0,
                                       DOMID_SELF, 0));
    line("mmuext_op: list unmapped",
         hypercall5(__HYPERVISOR_mmuext_op, UNMAPPED, 1, 0, DOMID_SELF, 0));
    done = 77;
    line("mmuext_op", hypercall5(__HYPERVISOR_mmuext_op, ADDRESS(&e), 1,
                                 ADDRESS(&done), DOMID_SELF, 0));
    say("done %u\n", done);
    line("M2P: its own", mmu_update(mfn_of(data) * PAGE_SIZE | 1,
                                    ADDRESS(data) / PAGE_SIZE));
    line("M2P: no such frame", mmu_update(0x000ffffffffff001UL, 1));
}

static void ext_ops(void)
{
    unsigned long vcpus = 1;
    uint64_t frame = mfn_of(data);

    for ( unsigned int cmd = 6; cmd < 24; cmd++ )
        if ( cmd != MMUEXT_SET_LDT && cmd != MMUEXT_NEW_USER_BASEPTR )
            say("mmuext %u, no arguments: %ld\n", cmd, mmuext(cmd, 0, 0));
    line("INVLPG_LOCAL: not canonical", mmuext(MMUEXT_INVLPG_LOCAL, 1UL << 63, 0));
    line("INVLPG_LOCAL: the hypervisor's",
         mmuext(MMUEXT_INVLPG_LOCAL, OF_HYPERVISOR, 0));
    line("TLB_FLUSH_MULTI", mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, ADDRESS(&vcpus)));
    vcpus = ~0UL;
    line("INVLPG_MULTI", mmuext(MMUEXT_INVLPG_MULTI, ADDRESS(data),
                                ADDRESS(&vcpus)));
    line("INVLPG_MULTI: unmapped", mmuext(MMUEXT_INVLPG_MULTI, ADDRESS(data),
                                          UNMAPPED));
    data[0] = 0x1111, other[0] = 0x2222;
    line("COPY_PAGE", mmuext(MMUEXT_COPY_PAGE, frame, mfn_of(other)));
    say("data %lx\n", data[0]);
    line("CLEAR_PAGE", mmuext(MMUEXT_CLEAR_PAGE, frame, 0));
    say("data %lx\n", data[0]);
    line("COPY_PAGE: to a table",
         mmuext(MMUEXT_COPY_PAGE, mfn_of(table_of(data, 1)), frame));
    line("COPY_PAGE: of a table",
         mmuext(MMUEXT_COPY_PAGE, frame, mfn_of(table_of(data, 1))));
    line("CLEAR_PAGE: a table",
         mmuext(MMUEXT_CLEAR_PAGE, mfn_of(table_of(data, 1)), 0));
    line("COPY_PAGE: no such frame", mmuext(MMUEXT_COPY_PAGE, ~0UL, frame));
    line("COPY_PAGE: of no such frame", mmuext(MMUEXT_COPY_PAGE, frame, ~0UL));
    line("CLEAR_PAGE: no such frame", mmuext(MMUEXT_CLEAR_PAGE, ~0UL, 0));
}

/* ---- memory ---- */

static long reservation(unsigned int op, uint64_t *frames, unsigned long nr,
                        unsigned int order, domid_t of)
{
    struct xen_memory_reservation r = { .nr_extents = nr, .extent_order = order,
                                        .domid = of };

    set_xen_guest_handle(r.extent_start, (void *)frames);
    return hypercall2(__HYPERVISOR_memory_op, op, ADDRESS(&r));
}

static void memory(void)
{
    uint64_t frame = mfn_of(other), pfn = ADDRESS(other) / PAGE_SIZE;
    uint64_t bad = ~0UL;
    domid_t self = DOMID_SELF;

    line("decrease: mapped",
         reservation(XENMEM_decrease_reservation, &frame, 1, 0, DOMID_SELF));
    line("increase: to full",
         reservation(XENMEM_increase_reservation, &frame, 1, 0, DOMID_SELF));
    line("unmap it", update_va(other, 0, UVMF_INVLPG));
    line("decrease: gone",
         reservation(XENMEM_decrease_reservation, &frame, 1, 0, DOMID_SELF));
    frame = pfn;
    line("populate",
         reservation(XENMEM_populate_physmap, &frame, 1, 0, DOMID_SELF));
    line("map it", update_va(other, frame * PAGE_SIZE | PAGE_RW, UVMF_INVLPG));
    ((uint64_t *)start_info->mfn_list)[pfn] = frame;
    say("m2p %d\n", machine_to_phys_mapping[frame] == pfn);
    frame = pfn;
    line("populate: to full",
         reservation(XENMEM_populate_physmap, &frame, 1, 0, DOMID_SELF));
    line("decrease: no such frame",
         reservation(XENMEM_decrease_reservation, &bad, 1, 0, DOMID_SELF));
    memset(pool[22], 0, PAGE_SIZE);
    map_page(pool[22], PAGE_RO);
    frame = mfn_of(pool[22]);
    line("pin", mmuext(MMUEXT_PIN_L1_TABLE, frame, 0));
    line("decrease: a page table",
         reservation(XENMEM_decrease_reservation, &frame, 1, 0, DOMID_SELF));
    line("decrease: of dom0",
         reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0));
    line("decrease: list unmapped",
         reservation(XENMEM_decrease_reservation, (void *)UNMAPPED, 1, 0,
                     DOMID_SELF));
    line("populate: order 9",
         reservation(XENMEM_populate_physmap, &frame, 1, 9, DOMID_SELF));
    line("populate: order 20",
         reservation(XENMEM_populate_physmap, &frame, 1, 20, DOMID_SELF));
    line("current reservation",
         hypercall2(__HYPERVISOR_memory_op, 3, ADDRESS(&self)));
    for ( unsigned int op = 2; op < 30; op++ )
        if ( op != 2 && op != 3 && op != 6 && op != 4 )
            say("memory_op %u, unmapped: %ld\n", op,
                hypercall2(__HYPERVISOR_memory_op, op, UNMAPPED));
    for ( unsigned int op = 3; op < 5; op++ )
    {
        self = 0;
        say("memory_op %u of dom0: %ld\n", op,
            hypercall2(__HYPERVISOR_memory_op, op, ADDRESS(&self)));
        self = 0x7000;
        say("memory_op %u of no domain: %ld\n", op,
            hypercall2(__HYPERVISOR_memory_op, op, ADDRESS(&self)));
    }
}

static void maps(void)
{
    struct xen_add_to_physmap a = { .domid = DOMID_SELF };
    struct xen_remove_from_physmap r = { .domid = DOMID_SELF };
    struct xen_memory_map m = { .nr_entries = 0 };

    for ( unsigned int space = 0; space < 7; space++ )
    {
        a.space = (uint16_t)space;
        say("add_to_physmap: space %u: %ld\n", space,
            hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap,
                       ADDRESS(&a)));
    }
    r.gpfn = ADDRESS(data) / PAGE_SIZE;
    line("remove_from_physmap",
         hypercall2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
                    ADDRESS(&r)));
    line("memory_map", hypercall2(__HYPERVISOR_memory_op, XENMEM_memory_map,
                                  ADDRESS(&m)));
    line("machine_memory_map",
         hypercall2(__HYPERVISOR_memory_op, XENMEM_machine_memory_map,
                    ADDRESS(&m)));
}

/* ---- multicall ---- */

static void multicalls(void)
{
    struct multicall_entry m[4] = {
        { .op = __HYPERVISOR_xen_version },
        { .op = 63 },
        { .op = __HYPERVISOR_multicall },
        { .op = __HYPERVISOR_stack_switch, .args = { FLAT_KERNEL_SS,
              KERNEL_STACK_END } },
    };

    line("multicall: none", hypercall2(__HYPERVISOR_multicall, 0, 0));
    line("multicall: unmapped",
         hypercall2(__HYPERVISOR_multicall, UNMAPPED, 1));
    line("multicall", hypercall2(__HYPERVISOR_multicall, ADDRESS(m), 4));
    for ( unsigned int i = 0; i < 4; i++ )
        say("  %ld\n", (long)m[i].result);
}

void contract_mmu(void)
{
    va_mappings();
    counts();
    ext_ops();
    memory();
    maps();
    multicalls();
}
