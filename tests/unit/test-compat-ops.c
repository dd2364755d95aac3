/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls of 32-bit callers.
 *
 * Seen failing with: arrays with the step of the 64-bit layout; a multicall whose
 * entries are dispatched as a 64-bit caller's; arguments that keep their high
 * halves; lists that go on behind 4 GiB, or at 0.
 */
#include "test-compat.h"

#include <hv/memory.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

static uint32_t *arg; /* in low */

static struct domain *be_guest(void)
{
    struct domain *d = fixture_guest(2);

    fixture_be_dom(d);
    arg = (uint32_t *)low;
    memset(low, 0, LOW_BYTES);
    return d;
}

static int32_t memory_op_32(unsigned int op)
{
    return hcall_32(__HYPERVISOR_memory_op, op, P32(arg), 0, 0, 0);
}

/* reservation: the list, how many, order, flags, whose */
static int32_t reservation_32(unsigned int op, const uint32_t *gfns,
                              uint32_t nr, uint32_t order)
{
    arg[0] = P32(gfns);
    arg[1] = nr;
    arg[2] = order;
    arg[3] = 0;
    arg[4] = DOMID_SELF;
    return memory_op_32(op);
}

static void test_reservation(void **state)
{
    uint32_t *gfns = (uint32_t *)low + 64;
    struct domain *d = be_guest();
    uint64_t had = d->tot_pages;

    (void)state;
    for ( unsigned int i = 0; i < 40; i++ )
        gfns[i] = 0x100 + 2 * i;
    assert_int_equal(reservation_32(XENMEM_populate_physmap, gfns, 40, 0), 40);
    assert_int_equal(d->tot_pages, had + 40);
    for ( unsigned int i = 0; i < 40; i++ )
        assert_non_null(fixture_gfn_to_virt(d, 0x100 + 2 * i));
    assert_null(fixture_gfn_to_virt(d, 0x101));
    assert_int_equal(reservation_32(XENMEM_decrease_reservation, gfns, 40, 0),
                     40);
    assert_int_equal(d->tot_pages, had);

    /* An extent whose progress is kept in the argument. */
    gfns[0] = 0x400;
    assert_int_equal(reservation_32(XENMEM_populate_physmap, gfns, 1, 9), 1);
    assert_int_equal(d->tot_pages, had + 512);
    assert_int_equal(reservation_32(XENMEM_decrease_reservation, gfns, 1, 9),
                     1);
    assert_int_equal(d->tot_pages, had);

    /* Too many to keep the progress; too large. */
    assert_int_equal(reservation_32(XENMEM_populate_physmap, gfns, 1U << 22,
                                    0), 0);
    assert_int_equal(reservation_32(XENMEM_populate_physmap, gfns, 1, 10), 0);
    /* The list ends early. */
    gfns = (uint32_t *)(low + LOW_BYTES) - 2;
    gfns[0] = 0x100;
    gfns[1] = 0x101;
    assert_int_equal(reservation_32(XENMEM_populate_physmap, gfns, 3, 0), 2);
    fixture_be_dom(dom0);
}

static void test_physmap(void **state)
{
    uint32_t *idxs = (uint32_t *)low + 64, *gfns = idxs + 64;
    int32_t *errs = (int32_t *)gfns + 64;
    struct domain *d = be_guest();
    uint16_t *half = (uint16_t *)arg;

    (void)state;
    half[0] = DOMID_SELF;
    arg[1] = XENMAPSPACE_shared_info;
    arg[2] = 0;
    arg[3] = 0x80;
    assert_int_equal(memory_op_32(XENMEM_add_to_physmap), 0);
    assert_ptr_equal(fixture_gfn_to_virt(d, 0x80), d->shared);
    arg[1] = 0x80;
    assert_int_equal(memory_op_32(XENMEM_remove_from_physmap), 0);
    assert_null(fixture_gfn_to_virt(d, 0x80));

    /* domid, space, size, extra; three lists */
    half[0] = DOMID_SELF;
    half[1] = XENMAPSPACE_grant_table;
    half[2] = 3;
    half[3] = 0;
    arg[2] = P32(idxs);
    arg[3] = P32(gfns);
    arg[4] = P32(errs);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        idxs[i] = i == 1 ? 1U << 20 : i;
        gfns[i] = 0x90 + i;
        errs[i] = 77;
    }
    assert_int_equal(memory_op_32(XENMEM_add_to_physmap_batch), 0);
    assert_int_equal(errs[0], 0);
    assert_int_equal(errs[1], -EINVAL);
    assert_int_equal(errs[2], 0);
    assert_int_equal(errs[3], 0);
    assert_non_null(fixture_gfn_to_virt(d, 0x92));
    fixture_be_dom(dom0);
}

static void test_memory_map(void **state)
{
    struct e820entry map[3] = { { 0, 0x9f000, E820_RAM },
                                { 0x100000, 1UL << 32, E820_RAM },
                                { 1UL << 40, 1UL << 30, 2 } };
    struct xen_foreign_memory_map f = { .map.nr_entries = 3 };
    struct domain *d = be_guest();

    (void)state;
    fixture_be_dom(dom0);
    f.domid = d->domain_id;
    f.map.buffer.p = map;
    assert_int_equal(memory_op(XENMEM_set_memory_map, &f), 0);
    fixture_be_dom(d);
    arg[0] = 128;
    arg[1] = P32(low + 256);
    assert_int_equal(memory_op_32(XENMEM_memory_map), 0);
    assert_int_equal(arg[0], 3);
    assert_memory_equal(low + 256, map, sizeof(map));
    arg[0] = DOMID_SELF;
    assert_int_equal(memory_op_32(XENMEM_current_reservation), d->tot_pages);
    fixture_be_dom(dom0);
}

/* op, result, six arguments: 32 bytes each. */
static void test_multicall(void **state)
{
    struct domain *d = be_guest();
    uint32_t *e = (uint32_t *)low + 64;

    (void)state;
    e[0] = __HYPERVISOR_xen_version;
    e[2] = 0;
    e[8] = __HYPERVISOR_memory_op; /* its arguments have their 32-bit form */
    e[10] = XENMEM_add_to_physmap;
    e[11] = P32(low);
    arg[0] = DOMID_SELF;
    arg[1] = XENMAPSPACE_shared_info;
    arg[3] = 0x80;
    e[16] = __HYPERVISOR_domctl; /* has none */
    e[24] = __HYPERVISOR_multicall;
    e[32] = 0x12345678;
    assert_int_equal(hcall_32(__HYPERVISOR_multicall, P32(e), 4, 0, 0, 0), 0);
    assert_int_equal(e[1], 4 << 16 | 17);
    assert_int_equal(e[9], 0);
    assert_ptr_equal(fixture_gfn_to_virt(d, 0x80), d->shared);
    assert_int_equal((int32_t)e[17], -ENOSYS);
    assert_int_equal((int32_t)e[25], -EINVAL);
    assert_int_equal(e[32], 0x12345678);
    /* Afterwards the vcpu is a 64-bit caller again. */
    assert_false(current->caller_32);
    fixture_be_dom(dom0);
}

/* ---- lists that end at 4 GiB ---- */

#define TOP_BYTES 4096UL
#define TOP ((1UL << 32) - TOP_BYTES)

static bool wraps; /* a machine whose 32-bit addresses do */

/* The last page below 4 GiB is the first one of low, page 0 the second one. */
static uint64_t mapped(uint64_t addr)
{
    if ( wraps )
        addr = (uint32_t)addr;
    if ( wraps && addr < TOP_BYTES )
        addr += (uintptr_t)low + TOP_BYTES;
    return addr - TOP < TOP_BYTES ? addr - TOP + (uintptr_t)low : addr;
}

int __real_arch_guest_copy_in(void *dst, uint64_t src, size_t bytes);
int __wrap_arch_guest_copy_in(void *dst, uint64_t src, size_t bytes);
int __real_arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes);
int __wrap_arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes);

int __wrap_arch_guest_copy_in(void *dst, uint64_t src, size_t bytes)
{
    return __real_arch_guest_copy_in(dst, mapped(src), bytes);
}

int __wrap_arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes)
{
    return __real_arch_guest_copy_out(mapped(dst), src, bytes);
}

/* An operation gives way behind the last element, and wants one more. */
static void test_lists_up_to_4_gib(void **state)
{
    uint32_t *e;

    (void)state;
    be_guest();
    for ( unsigned int every = 0; every < 2; every++ )
    {
        hosted_preempt_every(every);
        memset(low, 0, 2 * TOP_BYTES);
        wraps = true;
        /* Two entries of 32 bytes each. */
        e = (uint32_t *)(low + TOP_BYTES) - 16;
        e[0] = e[8] = __HYPERVISOR_xen_version;
        assert_int_equal(hcall_32(__HYPERVISOR_multicall, -64U, 2, 0, 0, 0), 0);
        e[1] = e[9] = 0;
        assert_int_equal(hcall_32(__HYPERVISOR_multicall, -64U, 3, 0, 0, 0),
                         -EFAULT);
        assert_int_equal(e[1], 4 << 16 | 17);
        assert_int_equal(e[9], 4 << 16 | 17);

        /* Two of 12 bytes: reference, reference, status. */
        e = (uint32_t *)(low + TOP_BYTES) - 6;
        e[2] = e[5] = 77;
        e[0] = e[1] = e[3] = e[4] = 8;
        assert_int_equal(hcall_32(__HYPERVISOR_grant_table_op,
                                  GNTTABOP_swap_grant_ref, -24U, 3, 0, 0),
                         -EFAULT);
        assert_int_equal((int16_t)e[2], GNTST_okay);
        assert_int_equal((int16_t)e[5], GNTST_okay);
        wraps = false;
    }
    fixture_be_dom(dom0);
}

static void test_hvm_params(void **state)
{
    struct domain *d = be_guest();

    (void)state;
    arg[0] = DOMID_SELF;
    arg[1] = HVM_PARAM_VM86_TSS_SIZED;
    arg[2] = 0x1000;
    arg[3] = 0x80;
    assert_int_equal(hcall_32(__HYPERVISOR_hvm_op, HVMOP_set_param, P32(arg),
                              0, 0, 0), 0);
    assert_int_equal(d->params[HVM_PARAM_VM86_TSS_SIZED], 0x8000001000UL);
    arg[2] = arg[3] = 0;
    assert_int_equal(hcall_32(__HYPERVISOR_hvm_op, HVMOP_get_param, P32(arg),
                              0, 0, 0), 0);
    assert_int_equal(arg[2], 0x1000);
    assert_int_equal(arg[3], 0x80);
    fixture_be_dom(dom0);
}

/* The timeout is 64 bits wide: in two arguments, or aligned to 4 bytes. */
static void test_timers(void **state)
{
    struct domain *d = be_guest();
    struct timer *t = &current->singleshot;
    uint64_t at = now_ns() - (uint64_t)d->time_offset_ns + (1UL << 40);

    (void)state;
    assert_int_equal(hcall_32(__HYPERVISOR_set_timer_op, (uint32_t)at,
                              (uint32_t)(at >> 32), 0, 0, 0), 0);
    assert_int_equal(t->expires - (uint64_t)d->time_offset_ns, at);
    assert_int_equal(hcall_32(__HYPERVISOR_set_timer_op, 0, 0, 0, 0, 0), 0);
    at += 12345;
    arg = (uint32_t *)(low + LOW_BYTES) - 3; /* 12 bytes, not 16 */
    arg[0] = (uint32_t)at;
    arg[1] = (uint32_t)(at >> 32);
    arg[2] = 0;
    assert_int_equal(hcall_32(__HYPERVISOR_vcpu_op,
                              VCPUOP_set_singleshot_timer, 0, P32(arg), 0, 0),
                     0);
    assert_int_equal(t->expires - (uint64_t)d->time_offset_ns, at);
    assert_int_equal(hcall_32(__HYPERVISOR_vcpu_op,
                              VCPUOP_stop_singleshot_timer, 0, 0, 0, 0), 0);
    fixture_be_dom(dom0);
}

static void test_poll(void **state)
{
    struct domain *d = be_guest();
    uint32_t *ports = (uint32_t *)low + 64;

    (void)state;
    arg = (uint32_t *)(low + LOW_BYTES) - 4;
    arg[0] = P32(ports);
    arg[1] = 1;
    arg[2] = 1; /* long ago */
    arg[3] = 0;
    ports[0] = 1U << 20;
    assert_int_equal(hcall_32(__HYPERVISOR_sched_op, SCHEDOP_poll, P32(arg),
                              0, 0, 0), -EINVAL);
    arg[1] = 129;
    assert_int_equal(hcall_32(__HYPERVISOR_sched_op, SCHEDOP_poll, P32(arg),
                              0, 0, 0), -EINVAL);
    arg[1] = 1;
    arg[0] = P32(low + LOW_BYTES);
    assert_int_equal(hcall_32(__HYPERVISOR_sched_op, SCHEDOP_poll, P32(arg),
                              0, 0, 0), -EFAULT);
    assert_false(current->flags & VCPU_POLLING);
    (void)d;
    fixture_be_dom(dom0);
}

/* From one own page to another: both are named by a 32-bit number. */
static void test_grant_copy(void **state)
{
    struct domain *d = be_guest();
    uint16_t *half;

    (void)state;
    fixture_populate(d, 0x100, 2);
    strcpy(fixture_gfn_to_virt(d, 0x100), "there");
    fixture_be_dom(d);
    for ( unsigned int i = 0; i < 2; i++, arg += 6 )
    {
        half = (uint16_t *)arg;
        arg[0] = 0x100;
        half[2] = DOMID_SELF;
        half[3] = 0;
        arg[2] = 0x101;
        half[6] = DOMID_SELF;
        half[7] = (uint16_t)(8 + 16 * i);
        half[8] = 6;  /* length */
        half[9] = 0;  /* flags */
        half[10] = 1; /* status */
    }
    assert_int_equal(hcall_32(__HYPERVISOR_grant_table_op, GNTTABOP_copy,
                              P32(low), 2, 0, 0), 0);
    assert_int_equal(((uint16_t *)low)[10], 0);
    assert_int_equal(((uint16_t *)low)[22], 0);
    assert_string_equal((char *)fixture_gfn_to_virt(d, 0x101) + 8, "there");
    assert_string_equal((char *)fixture_gfn_to_virt(d, 0x101) + 24, "there");
    fixture_be_dom(dom0);
}

/* A table's frames have 32 bits each, its status frames 64. */
static void test_frame_lists(void **state)
{
    struct domain *d = be_guest();
    uint32_t *list = (uint32_t *)low + 64;
    uint16_t *half = (uint16_t *)arg;

    (void)state;
    memset(list, 0xee, 64);
    half[0] = DOMID_SELF;
    arg[1] = 2;
    arg[3] = P32(list);
    assert_int_equal(hcall_32(__HYPERVISOR_grant_table_op,
                              GNTTABOP_setup_table, P32(arg), 1, 0, 0), 0);
    assert_int_equal((int16_t)half[4], 0);
    assert_int_equal(list[0], ~0U);
    assert_int_equal(list[1], ~0U);
    assert_int_equal(list[2], 0xeeeeeeee);

    arg[0] = 2;
    assert_int_equal(hcall_32(__HYPERVISOR_grant_table_op,
                              GNTTABOP_set_version, P32(arg), 1, 0, 0), 0);
    memset(list, 0xee, 64);
    arg[0] = 1;
    half[2] = DOMID_SELF;
    arg[2] = P32(list);
    assert_int_equal(hcall_32(__HYPERVISOR_grant_table_op,
                              GNTTABOP_get_status_frames, P32(arg), 1, 0, 0),
                     0);
    assert_int_equal((int16_t)half[3], 0);
    assert_int_equal(list[1], ~0U);
    assert_int_equal(list[2], 0xeeeeeeee);
    (void)d;
    fixture_be_dom(dom0);
}

/* What the high halves of registers hold does not matter. */
static void test_arguments_are_truncated(void **state)
{
    struct hypercall hc = {
        .nr = 1UL << 32 | __HYPERVISOR_memory_op,
        .a = { 1UL << 32 | XENMEM_current_reservation, P32(low) | 5UL << 32 },
    };
    struct domain *d = be_guest();

    (void)state;
    arg[0] = DOMID_SELF;
    assert_int_equal(hypercall_run_32(&hc), d->tot_pages);
    fixture_be_dom(dom0);
}

/* Hypercalls without a 32-bit form do not exist, whoever makes them. */
static void test_refused(void **state)
{
    static const unsigned int nr[] = {
        __HYPERVISOR_platform_op, __HYPERVISOR_sysctl, __HYPERVISOR_domctl,
        __HYPERVISOR_dm_op,
    };

    (void)state;
    be_guest();
    for ( unsigned int pass = 0; pass < 2; pass++ )
    {
        for ( unsigned int i = 0; i < ARRAY_SIZE(nr); i++ )
            assert_int_equal(hcall_32(nr[i], P32(low), 0, P32(low), 0, 0),
                             -ENOSYS);
        assert_int_equal(memory_op_32(XENMEM_acquire_resource), -ENOSYS);
        fixture_be_dom(dom0);
    }
}

static int group_setup(void **state)
{
    (void)state;
    low_map();
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    low_unmap();
    return 0;
}

#define TEST(name)                                                           \
    cmocka_unit_test_setup_teardown(test_##name, fixture_setup,              \
                                    fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reservation), TEST(physmap), TEST(memory_map), TEST(multicall),
        TEST(lists_up_to_4_gib),
        TEST(hvm_params), TEST(timers), TEST(poll), TEST(grant_copy),
        TEST(frame_lists), TEST(arguments_are_truncated), TEST(refused),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
