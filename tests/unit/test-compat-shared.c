/* SPDX-License-Identifier: MIT */
/*
 * The layout of what a domain and the hypervisor share: when it becomes the
 * 32-bit one, and what lies where then.  Offsets are i386's, as numbers.
 *
 * Seen failing with: a callback that does not latch; a mask at its 64-bit place;
 * a selector of 64-bit words; a run loop that writes the 64-bit runstate.
 */
#include "test-compat.h"
#include "test-evtchn.h"

#include <hv/compat.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/vcpu.h>

#define PENDING_AT 2048
#define MASK_AT_32 2176
#define MASK_AT_64 2560
#define UTC_AT_32 2304
#define UTC_HI_AT_32 2340
#define UTC_AT_64 3072
#define SELECTOR_AT_32 4

static uint32_t *arg; /* in low */

static uint32_t word(const void *p, size_t at)
{
    uint32_t value;

    memcpy(&value, (const char *)p + at, sizeof(value));
    return value;
}

static void put_word(void *p, size_t at, uint32_t value)
{
    memcpy((char *)p + at, &value, sizeof(value));
}

/* XENMEM_add_to_physmap of the shared info, in code of either kind. */
static void map_shared(bool is_32)
{
    struct xen_add_to_physmap x = { .domid = DOMID_SELF,
                                    .space = XENMAPSPACE_shared_info,
                                    .gpfn = 7 };

    if ( !is_32 )
    {
        assert_int_equal(memory_op(XENMEM_add_to_physmap, &x), 0);
        return;
    }
    memset(arg, 0, 16);
    *(uint16_t *)arg = DOMID_SELF;
    arg[1] = XENMAPSPACE_shared_info;
    arg[3] = 7;
    assert_int_equal(hcall_32(__HYPERVISOR_memory_op, XENMEM_add_to_physmap,
                              P32(arg), 0, 0, 0), 0);
}

static struct domain *guest_32(void)
{
    struct domain *d = fixture_guest(2);

    fixture_be_dom(d);
    map_shared(true);
    assert_true(d->shared_32);
    return d;
}

static long set_callback(domid_t domid)
{
    struct xen_hvm_param a = { .domid = domid,
                               .index = HVM_PARAM_CALLBACK_IRQ };

    return hcall(__HYPERVISOR_hvm_op, HVMOP_set_param, P(&a), 0, 0, 0);
}

/* Its own operations latch the layout, those of others do not. */
static void test_latch(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_false(d->shared_32);
    fixture_be_dom(d);
    map_shared(true);
    assert_true(d->shared_32);
    map_shared(false);
    assert_false(d->shared_32);
    memset(arg, 0, 16);
    *(uint16_t *)arg = DOMID_SELF;
    arg[1] = HVM_PARAM_CALLBACK_IRQ;
    assert_int_equal(hcall_32(__HYPERVISOR_hvm_op, HVMOP_set_param, P32(arg),
                              0, 0, 0), 0);
    assert_true(d->shared_32);
    arg[1] = HVM_PARAM_VM86_TSS_SIZED; /* any other parameter does not */
    map_shared(false);
    assert_int_equal(hcall_32(__HYPERVISOR_hvm_op, HVMOP_set_param, P32(arg),
                              0, 0, 0), 0);
    assert_false(d->shared_32);
    map_shared(true);
    fixture_be_dom(dom0);
    assert_int_equal(set_callback(d->domain_id), 0);
    assert_true(d->shared_32);
    fixture_be_dom(d);
    assert_int_equal(set_callback(DOMID_SELF), 0);
    assert_false(d->shared_32);
    fixture_be_dom(dom0);
}

/* UTC is at the place of the layout, at once when this changes. */
static void test_wallclock(void **state)
{
    struct domain *d = fixture_guest(1);
    const char *s = (const char *)d->shared;

    (void)state;
    fixture_be_dom(d);
    map_shared(true);
    assert_true(word(s, UTC_AT_32) && !(word(s, UTC_AT_32) & 1));
    assert_in_range(word(s, UTC_AT_32 + 4), 1600000000, UINT32_MAX);
    assert_in_range(word(s, UTC_AT_32 + 8), 0, 999999999);
    assert_int_equal(word(s, UTC_HI_AT_32), 0);
    memset((char *)d->shared + UTC_AT_32, 0xee, 40);
    map_shared(false);
    assert_int_equal(word(s, UTC_AT_32), 0xeeeeeeee);
    assert_in_range(word(s, UTC_AT_64 + 4), 1600000000, UINT32_MAX);
    assert_int_equal(word(s, UTC_AT_64 + 12), 0);
    fixture_be_dom(dom0);
}

/* Pending bits at one place, mask and selector at those of 32-bit words. */
static void test_events(void **state)
{
    struct domain *d = guest_32();
    struct vcpu *v = domain_vcpu(d, 0);
    char *s = (char *)d->shared;
    evtchn_port_t port[70];

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(port); i++ )
        assert_int_equal(ev_ipi(0, &port[i]), 0);
    v->info->evtchn_upcall_pending = 0;
    put_word(v->info, SELECTOR_AT_32, 0);
    assert_int_equal(port[69], 70);
    assert_int_equal(ev_send(port[69]), 0);
    assert_int_equal(word(s, PENDING_AT + 8), 1U << (70 - 64));
    assert_int_equal(word(v->info, SELECTOR_AT_32), 1U << 2);
    assert_int_equal(v->info->evtchn_upcall_pending, 1);
    assert_int_equal(word(v->info, 8), 0); /* the 64-bit selector's place */

    /* A mask at the 32-bit place holds back, one at the other does not. */
    v->info->evtchn_upcall_pending = 0;
    put_word(v->info, SELECTOR_AT_32, 0);
    put_word(s, MASK_AT_32 + 4, 1U << (40 - 32));
    assert_int_equal(ev_send(40), 0);
    assert_int_equal(v->info->evtchn_upcall_pending, 0);
    assert_int_equal(ev_unmask(40), 0);
    assert_int_equal(word(s, MASK_AT_32 + 4), 0);
    assert_int_equal(word(v->info, SELECTOR_AT_32), 1U << 1);
    put_word(s, MASK_AT_64 + 4, ~0U);
    assert_int_equal(ev_send(41), 0);
    assert_int_equal(word(s, PENDING_AT + 4), 3U << (40 - 32));

    /* A poll of a pending port ends at once; a closed port is not pending. */
    assert_int_equal(evtchn_port_is_pending(d, 70), 1);
    assert_int_equal(ev_close(70), 0);
    assert_int_equal(word(s, PENDING_AT + 8), 0);
    fixture_be_dom(dom0);
    fixture_audit();
}

/* There are 1024 ports. */
static void test_ports(void **state)
{
    struct domain *d = guest_32();
    evtchn_port_t port = 0, last = 0;
    long rc;

    (void)state;
    while ( (rc = ev_ipi(0, &port)) == 0 )
        last = port;
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(last, COMPAT_2L_CHANNELS - 1);
    map_shared(false);
    assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(port, COMPAT_2L_CHANNELS);

    /* A port that the other layout does not have: never pending. */
    map_shared(true);
    memset((char *)d->shared + PENDING_AT, 0, 1024);
    assert_int_equal(ev_send(port), 0);
    for ( unsigned int i = 0; i < 1024; i += 4 )
        assert_int_equal(word(d->shared, PENDING_AT + i), 0);
    assert_int_equal(evtchn_port_is_pending(d, port), 0);
    assert_int_equal(ev_unmask(port), 0);
    assert_int_equal(ev_close(port), 0);
    fixture_be_dom(dom0);
    fixture_audit();
}

/* From FIFO, which is the same for both, back to the words of the layout. */
static void test_fifo(void **state)
{
    struct domain *d = guest_32();

    (void)state;
    fixture_populate(d, 0x100, 1);
    fixture_be_dom(d);
    assert_int_equal(ev_control(0x100, 0, 0), 0);
    map_shared(false);
    map_shared(true);
    assert_int_equal(ev_reset(DOMID_SELF), 0);
    test_events(state);
    (void)d;
}

static long register_info(uint64_t gfn, uint32_t offset)
{
    struct vcpu_register_vcpu_info r = { .mfn = gfn, .offset = offset };

    return hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, P(&r), 0,
                 0);
}

/* i386 aligns a vcpu_info to 4 bytes; all of it works there. */
static void test_vcpu_info(void **state)
{
    struct domain *d = guest_32();
    struct vcpu *v = domain_vcpu(d, 0);
    evtchn_port_t port;
    char *page;

    (void)state;
    fixture_populate(d, 0x100, 1);
    page = fixture_gfn_to_virt(d, 0x100);
    fixture_be_dom(d);
    assert_int_equal(register_info(0x100, 0x102), -ENXIO);
    map_shared(false);
    assert_int_equal(register_info(0x100, 0x104), -ENXIO);
    map_shared(true);
    assert_int_equal(register_info(0x100, 0x104), 0);
    assert_int_equal(page[0x104], 1);
    assert_int_equal(word(page, 0x104 + SELECTOR_AT_32), ~0U);
    assert_int_equal(ev_ipi(0, &port), 0);
    memset(page + 0x104, 0, 8);
    assert_int_equal(ev_send(port), 0);
    assert_int_equal(page[0x104], 1);
    assert_int_equal(word(page, 0x104 + SELECTOR_AT_32), 1);
    vcpu_time_update(v);
    assert_true(word(page, 0x104 + 32) && !(word(page, 0x104 + 32) & 1));
    assert_true(word(page, 0x104 + 32 + 24)); /* the multiplier */

    /* A 64-bit kernel cannot take this area over: nothing changes. */
    map_shared(false);
    assert_true(d->shared_32);
    fixture_be_dom(dom0);
    fixture_audit();
}

/* state, then 64-bit numbers aligned to 4 bytes: 44 bytes. */
static void test_runstate(void **state)
{
    struct domain *d = guest_32();
    struct vcpu *v = domain_vcpu(d, 0);
    uint32_t *area = (uint32_t *)(low + LOW_BYTES) - 11;
    uint64_t entry;

    (void)state;
    memset(area, 0xee, 44);
    arg[0] = P32(area);
    arg[1] = 0xdeadbeef; /* the high half of the union: not looked at */
    assert_int_equal(hcall_32(__HYPERVISOR_vcpu_op,
                              VCPUOP_register_runstate_memory_area, 0,
                              P32(arg), 0, 0), 0);
    assert_int_equal(v->runstate_addr, P(area));
    memcpy(&entry, area + 1, 8);
    assert_int_equal(entry, v->runstate.state_entry_time);

    /* The run loop writes the same layout, outside of any hypercall. */
    memset(area, 0xee, 44);
    v->runstate_shown = 0;
    vcpu_runstate_show(v);
    memcpy(&entry, area + 1, 8);
    assert_int_equal(area[0], v->runstate.state);
    assert_int_equal(entry, v->runstate.state_entry_time);
    assert_int_equal(v->runstate_shown, v->runstate.state_entry_time);
    v->runstate_addr = 0;
    memset(area, 0xee, 44);
    assert_int_equal(hcall_32(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info,
                              0, P32(area), 0, 0), 0);
    memcpy(&entry, area + 1, 8);
    assert_int_equal(entry, v->runstate.state_entry_time);
    fixture_be_dom(dom0);
}

static int group_setup(void **state)
{
    (void)state;
    low_map();
    arg = (uint32_t *)low;
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
        TEST(latch), TEST(wallclock), TEST(events), TEST(ports), TEST(fifo),
        TEST(vcpu_info), TEST(runstate),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
