/* SPDX-License-Identifier: MIT */
/* Hypercalls of the guest "pv-hostile": hostile.h. */
#include "hostile.h"

#include <xen/grant_table.h>
#include <xen/physdev.h>

#define NR(list) (sizeof(list) / sizeof((list)[0]))
#define WORDS 64

/* What a call reads: one for each call of a multicall. */
struct call
{
    unsigned long nr, a[5];
    uint64_t words[WORDS];
};

static void lists(struct chance *c, struct call *k, unsigned int nr)
{
    k->a[0] = ADDRESS(k->words);
    k->a[1] = one_in(c, 64) ? number(c) : 1 + below(c, nr);
    k->a[2] = one_in(c, 8) ? any_address(c) : 0;
    k->a[3] = any_domain(c);
}

static void of_mmu_update(struct chance *c, struct call *k)
{
    struct mmu_update *u = (void *)k->words;

    k->nr = __HYPERVISOR_mmu_update;
    for ( unsigned int i = 0; i < 8; i++ )
    {
        u[i].ptr = any_frame(c) * PAGE_SIZE + below(c, 512) * 8;
        if ( one_in(c, 2) )
            u[i].ptr &= ~0xff8UL;
        u[i].ptr |= one_in(c, 4) ? below(c, 4) : 0;
        u[i].val = any_entry(c);
    }
    lists(c, k, 8);
}

static void of_mmuext(struct chance *c, struct call *k)
{
    struct mmuext_op *op = (void *)k->words;

    k->nr = __HYPERVISOR_mmuext_op;
    for ( unsigned int i = 0; i < 4; i++ )
    {
        op[i].cmd = (unsigned int)(one_in(c, 2) ? below(c, 5) : below(c, 22));
        if ( op[i].cmd == MMUEXT_NEW_BASEPTR && !one_in(c, 64) )
            op[i].cmd = MMUEXT_UNPIN_TABLE;
        op[i].arg1.mfn = one_in(c, 4) ? any_address(c) : any_frame(c);
        op[i].arg2.src_mfn = one_in(c, 2) ? any_frame(c) : number(c);
        if ( op[i].cmd == MMUEXT_SET_LDT )
        {
            op[i].arg1.linear_addr = ADDRESS(any_page(c));
            op[i].arg2.src_mfn = below(c, 1024);
        }
    }
    lists(c, k, 4);
}

static void of_va(struct chance *c, struct call *k)
{
    k->nr = one_in(c, 8) ? __HYPERVISOR_update_va_mapping_otherdomain
                         : __HYPERVISOR_update_va_mapping;
    k->a[0] = one_in(c, 16) ? any_address(c) + (1UL << 40)
                            : ADDRESS(any_page(c));
    k->a[1] = any_entry(c);
    k->a[2] = one_in(c, 16) ? number(c) : below(c, 8);
    k->a[3] = any_domain(c);
}

static uint64_t any_descriptor(struct chance *c)
{
    static const uint64_t known[] = {
        0x00cff3000000ffff, 0x00affb000000ffff, 0x0000890000000fff,
        0x0000e20000000fff, 0x0000ec0000000000, 0, 0x0000ee0000000000,
    };

    return PICK(c, known) ^ (one_in(c, 2) ? 1UL << below(c, 64) : 0);
}

static void of_descriptors(struct chance *c, struct call *k)
{
    if ( one_in(c, 2) )
    {
        k->nr = __HYPERVISOR_update_descriptor;
        k->a[0] = any_frame(c) * PAGE_SIZE + below(c, 512) * 8;
        k->a[1] = any_descriptor(c);
        return;
    }
    k->nr = __HYPERVISOR_set_gdt;
    for ( unsigned int i = 0; i < 16; i++ )
        k->words[i] = any_frame(c);
    k->a[0] = ADDRESS(k->words);
    k->a[1] = one_in(c, 32) ? number(c) : below(c, 1500);
}

static void of_memory(struct chance *c, struct call *k)
{
    struct xen_memory_reservation *r = (void *)k->words;
    struct xen_memory_exchange *e = (void *)k->words;
    uint64_t *frames = &k->words[32];

    k->nr = __HYPERVISOR_memory_op;
    k->a[0] = one_in(c, 4) ? below(c, 30) : below(c, 3) * 5 + one_in(c, 3);
    k->a[1] = ADDRESS(k->words);
    for ( unsigned int i = 0; i < 16; i++ )
        frames[i] = one_in(c, 4) ? ADDRESS(any_page(c)) / PAGE_SIZE
                                 : any_frame(c);
    *r = (struct xen_memory_reservation){
        .nr_extents = one_in(c, 64) ? number(c) : below(c, 4),
        .extent_order = (unsigned int)(one_in(c, 8) ? below(c, 20) : 0),
        .mem_flags = (unsigned int)(one_in(c, 8) ? number(c) : 0),
        .domid = any_domain(c) };
    set_xen_guest_handle(r->extent_start, (void *)frames);
    if ( k->a[0] == XENMEM_exchange )
    {
        e->out = e->in;
        set_xen_guest_handle(e->out.extent_start, (void *)(frames + 8));
        e->nr_exchanged = one_in(c, 16) ? number(c) : 0;
    }
}

static void of_grants(struct chance *c, struct call *k)
{
    struct gnttab_map_grant_ref *m = (void *)k->words;
    struct gnttab_unmap_grant_ref *u = (void *)k->words;

    k->nr = __HYPERVISOR_grant_table_op;
    k->a[0] = one_in(c, 2) ? below(c, 2) : below(c, 14);
    k->a[1] = ADDRESS(k->words);
    k->a[2] = one_in(c, 64) ? number(c) : 1;
    grant_table[below(c, 64)] = any(c) & 0xffff7fff001f;
    for ( unsigned int i = 0; i < WORDS; i++ )
        k->words[i] = one_in(c, 2) ? below(c, 64) : number(c);
    if ( k->a[0] == GNTTABOP_map_grant_ref )
        *m = (struct gnttab_map_grant_ref){
            .host_addr = one_in(c, 4) ? l1e_address(any_page(c))
                                      : ADDRESS(any_page(c)),
            .flags = (uint32_t)below(c, 64), .ref = (uint32_t)below(c, 64),
            .dom = any_domain(c) };
    else if ( k->a[0] == GNTTABOP_unmap_grant_ref )
        *u = (struct gnttab_unmap_grant_ref){
            .host_addr = ADDRESS(any_page(c)), .handle = (uint32_t)below(c, 32) };
}

static void of_registers(struct chance *c, struct call *k)
{
    static const uint8_t nrs[] = {
        __HYPERVISOR_stack_switch, __HYPERVISOR_set_callbacks,
        __HYPERVISOR_fpu_taskswitch, __HYPERVISOR_set_debugreg,
        __HYPERVISOR_get_debugreg, __HYPERVISOR_vm_assist,
        __HYPERVISOR_set_segment_base, __HYPERVISOR_set_trap_table,
    };
    struct trap_info *t = (void *)k->words;

    k->nr = PICK(c, nrs);
    for ( unsigned int i = 0; i < 5; i++ )
        k->a[i] = one_in(c, 2) ? any_address(c) : below(c, 8);
    if ( k->nr == __HYPERVISOR_set_trap_table )
    {
        memset(t, 0, sizeof(k->words));
        for ( unsigned int i = 0; i < below(c, 8); i++ )
            t[i] = (struct trap_info){
                .vector = (uint8_t)(one_in(c, 64) ? any(c) : any(c) | 0x20),
                .flags = (uint8_t)any(c), .cs = (uint16_t)any_selector(c),
                .address = one_in(c, 4) ? any_address(c)
                                        : ADDRESS(TRAP_ENTRY(0x80)) };
        k->a[0] = ADDRESS(t);
    }
    else if ( k->nr == __HYPERVISOR_stack_switch && !one_in(c, 512) )
        k->a[1] = KERNEL_STACK_END;
    else if ( k->nr == __HYPERVISOR_set_callbacks )
        for ( unsigned int i = 0; i < 3; i++ )
            k->a[i] = ADDRESS(syscall_entry);
}

static bool is_end(const struct call *k)
{
    return k->nr == __HYPERVISOR_iret ||
           k->nr == __HYPERVISOR_sched_op_compat ||
           (k->nr == __HYPERVISOR_sched_op && k->a[0] != SCHEDOP_yield);
}

static void of_chance(struct chance *c, struct call *k)
{
    static const uint8_t ops[] = {
        __HYPERVISOR_event_channel_op, __HYPERVISOR_event_channel_op,
        __HYPERVISOR_physdev_op, __HYPERVISOR_xen_version,
        __HYPERVISOR_hvm_op, __HYPERVISOR_callback_op, __HYPERVISOR_nmi_op,
    };

    k->nr = one_in(c, 2) ? PICK(c, ops) : below(c, 64);
    for ( unsigned int i = 0; i < WORDS; i++ )
        k->words[i] = one_in(c, 4) ? number(c)
                                   : below(c, 16) | below(c, 16) << 32;
    for ( unsigned int i = 0; i < 5; i++ )
        k->a[i] = one_in(c, 4) ? any_address(c) : one_in(c, 2) ? below(c, 40)
                                                : ADDRESS(k->words);
    k->a[0] = one_in(c, 8) ? k->a[0] : below(c, 40);
    if ( k->nr == __HYPERVISOR_vcpu_op )
        k->a[2] = ADDRESS(k->words);
    if ( k->nr == __HYPERVISOR_stack_switch )
        k->a[1] = KERNEL_STACK_END;
    if ( is_end(k) || !k->nr || (k->nr == __HYPERVISOR_vcpu_op && k->a[0] == 2) )
        k->nr = __HYPERVISOR_xen_version;
}

static void choose(struct chance *c, struct call *k)
{
    static void (*const of[])(struct chance *c, struct call *k) = {
        of_mmu_update, of_mmu_update, of_mmuext, of_mmuext, of_mmuext, of_va,
        of_va, of_va, of_descriptors, of_memory, of_grants, of_registers,
        of_chance, of_chance,
    };

    for ( unsigned int i = 0; i < 5; i++ )
        k->a[i] = 0;
    PICK(c, of)(c, k);
}

void hostile_call(struct chance *c)
{
    static struct call k[2]; /* of each vcpu: chances[] */
    struct call *own = &k[(ADDRESS(c) >> 3) & 1];

    choose(c, own);
    hypercall5(own->nr, own->a[0], own->a[1], own->a[2], own->a[3], own->a[4]);
}

void hostile_multicall(struct chance *c)
{
    static struct multicall_entry m[8];
    static struct call k[8];

    for ( unsigned int i = 0; i < 8; i++ )
    {
        choose(c, &k[i]);
        m[i].op = k[i].nr;
        memcpy(m[i].args, k[i].a, sizeof(k[i].a));
    }
    hypercall2(__HYPERVISOR_multicall, ADDRESS(m), 1 + below(c, 8));
}

/* A page of the pool is there, and mapped for writing, if that can be. */
static void heal_page(uint64_t *page)
{
    uint64_t frame = ADDRESS(page) / PAGE_SIZE;
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

    if ( !map_page(page, PAGE_RW) )
        return;
    mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page), 0);
    if ( !map_page(page, PAGE_RW) )
        return;
    set_xen_guest_handle(r.extent_start, (void *)&frame);
    if ( hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
                    ADDRESS(&r)) != 1 )
        return;
    ((uint64_t *)start_info->mfn_list)[ADDRESS(page) / PAGE_SIZE] = frame;
    map_page(page, PAGE_RW);
}

void hostile_heal(struct chance *c)
{
    for ( unsigned int i = 0; i < 4; i++ )
        heal_page(any_page(c));
    mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(program_root), 0);
    hypercall1(__HYPERVISOR_fpu_taskswitch, 0);
    hypercall2(__HYPERVISOR_set_debugreg, 7, 0);
    hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
               VMASST_TYPE_writable_pagetables);
    hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, KERNEL_STACK_END);
    pv_set_traps();
}
