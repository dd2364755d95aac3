/* SPDX-License-Identifier: MIT */
/*
 * Random numbers and addresses, with interesting ones more often than others,
 * and hypercalls made of them.
 */
#include "fuzz.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

/* ---- chance ---- */

uint64_t any(struct fuzz_cpu *c)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random * 0x2545f4914f6cdd1dUL;
}

uint64_t below(struct fuzz_cpu *c, uint64_t n)
{
    return (any(c) >> 16) % n;
}

bool one_in(struct fuzz_cpu *c, unsigned int n)
{
    return !below(c, n);
}

/* A number of the kind that breaks things. */
uint64_t number(struct fuzz_cpu *c)
{
    switch ( below(c, 6) )
    {
    case 0: return below(c, 16);
    case 1: return 1UL << below(c, 64);
    case 2: return (1UL << below(c, 64)) - 1;
    case 3: return any(c);
    case 4: return (uint32_t)any(c);
    default: return below(c, 4096);
    }
}

uint64_t device_address(struct fuzz_cpu *c)
{
    static const uint64_t where[] = {
        DEVICE, DEVICE, DEVICE, DEVICE + PAGE_SIZE - 8, 0xa0000, 0xbffff - 8,
        ABSENT, APIC, IOAPIC, HOLES, 0xe0000000, DEVICE + 4 * PAGE_SIZE,
    };

    return PICK(c, where) + below(c, one_in(c, 4) ? 4096 : 64);
}

uint64_t data_address(struct fuzz_cpu *c)
{
    return DATA + below(c, DATA_SIZE - 8192);
}

uint64_t address(struct fuzz_cpu *c)
{
    switch ( below(c, 8) )
    {
    case 0: return device_address(c);
    case 1: return any(c);
    case 2: return HOLES + below(c, HOLES_SIZE - 4096);
    case 3: return (data_address(c) | 0xfff) - below(c, 16);
    default: return data_address(c);
    }
}

/* Not of what this program is: it would be gone, and all hang. */
uint64_t gfn(struct fuzz_cpu *c)
{
    uint64_t n = number(c);

    if ( one_in(c, 8) )
        return n < CODE / PAGE_SIZE ? n + HOLES / PAGE_SIZE : n;
    return (one_in(c, 4) ? 0xe0000000 + below(c, 64) * PAGE_SIZE
                         : HOLES + below(c, HOLES_SIZE)) / PAGE_SIZE;
}

/* ---- hypercalls ---- */

/* Words for a structure: numbers, addresses, frames, domains. */
static uint64_t *arguments(struct fuzz_cpu *c, unsigned int nr)
{
    uint64_t *a = (uint64_t *)(data_address(c) & ~7UL);

    for ( unsigned int i = 0; i < nr; i++ )
        switch ( below(c, 5) )
        {
        case 0: a[i] = number(c); break;
        case 1: a[i] = address(c); break;
        case 2: a[i] = gfn(c); break;
        case 3: a[i] = DOMID_SELF; break;
        default: a[i] = below(c, 4) | below(c, 4) << 32; break;
        }
    return a;
}

static uint64_t memory_args(struct fuzz_cpu *c, unsigned int cmd)
{
    uint64_t *list = arguments(c, 64);
    union {
        struct xen_memory_reservation reservation;
        struct xen_add_to_physmap add;
        struct xen_remove_from_physmap remove;
        uint64_t raw[8];
    } *a = (void *)arguments(c, 8);

    for ( unsigned int i = 0; i < 64; i++ )
        list[i] = gfn(c);
    switch ( cmd )
    {
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        a->reservation = (struct xen_memory_reservation){
            .nr_extents = one_in(c, 8) ? number(c) : below(c, 64),
            .extent_order = one_in(c, 8) ? (unsigned int)below(c, 10) : 0,
            .domid = DOMID_SELF };
        set_xen_guest_handle(a->reservation.extent_start, (xen_pfn_t *)list);
        break;
    case XENMEM_add_to_physmap:
        a->add = (struct xen_add_to_physmap){
            .domid = DOMID_SELF, .size = (uint16_t)below(c, 8),
            .space = (unsigned int)below(c, 6), .idx = below(c, 70),
            .gpfn = gfn(c) };
        if ( one_in(c, 4) )
            a->add.idx = gfn(c);
        break;
    case XENMEM_remove_from_physmap:
        a->remove = (struct xen_remove_from_physmap){ .domid = DOMID_SELF,
                                                      .gpfn = gfn(c) };
        break;
    }
    return ADDRESS(a);
}

static long random_call(struct fuzz_cpu *c, uint64_t out[6])
{
    static const uint8_t known[] = {
        __HYPERVISOR_memory_op, __HYPERVISOR_memory_op,
        __HYPERVISOR_event_channel_op, __HYPERVISOR_event_channel_op,
        __HYPERVISOR_grant_table_op, __HYPERVISOR_grant_table_op,
        __HYPERVISOR_hvm_op, __HYPERVISOR_vcpu_op, __HYPERVISOR_sched_op,
        __HYPERVISOR_xen_version, __HYPERVISOR_physdev_op,
        __HYPERVISOR_set_timer_op, __HYPERVISOR_domctl, __HYPERVISOR_sysctl,
        __HYPERVISOR_dm_op,
    };
    uint64_t cmd = one_in(c, 16) ? number(c) : below(c, 34);

    out[0] = one_in(c, 12) ? below(c, 64) : PICK(c, known);
    out[1] = cmd;
    out[2] = ADDRESS(arguments(c, 24));
    out[3] = one_in(c, 2) ? below(c, 32) : number(c);
    out[4] = one_in(c, 2) ? address(c) : number(c);
    out[5] = number(c);
    switch ( out[0] )
    {
    case __HYPERVISOR_memory_op:
        out[2] = memory_args(c, (unsigned int)cmd & 0x3f);
        break;
    case __HYPERVISOR_vcpu_op:
        out[2] = below(c, NR_CPUS + 1);
        out[3] = ADDRESS(arguments(c, 64));
        if ( cmd == VCPUOP_down ) /* fuzz_plan() takes care of that */
            out[1] = VCPUOP_is_up;
        break;
    case __HYPERVISOR_sched_op:
        if ( cmd == SCHEDOP_shutdown || cmd == SCHEDOP_shutdown_code )
            out[1] = SCHEDOP_yield;
        if ( cmd == SCHEDOP_poll ) /* not for ever */
            ((uint64_t *)out[2])[2] = ticks() / 4;
        break;
    case __HYPERVISOR_console_io:
        out[0] = __HYPERVISOR_xen_version;
        break;
    case __HYPERVISOR_hvm_op:
        if ( cmd < 2 )
            *(struct xen_hvm_param *)out[2] = (struct xen_hvm_param){
                DOMID_SELF, 0, (uint32_t)below(c, 40), number(c) };
        break;
    }
    return 0;
}

void fuzz_call(struct fuzz_cpu *c)
{
    uint64_t a[6];

    if ( one_in(c, 12) )
    {
        multicall_entry_t *list = (void *)(data_address(c) & ~7UL);
        unsigned int nr = (unsigned int)below(c, 12);

        for ( unsigned int i = 0; i < nr; i++ )
        {
            random_call(c, a);
            list[i] = (multicall_entry_t){ .op = a[0] };
            for ( unsigned int j = 0; j < 5; j++ )
                list[i].args[j] = a[j + 1];
        }
        hypercall5(__HYPERVISOR_multicall, ADDRESS(list), nr, 0, 0, 0);
        return;
    }
    random_call(c, a);
    hypercall5(a[0], a[1], a[2], a[3], a[4], a[5]);
}
