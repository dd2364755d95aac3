/* SPDX-License-Identifier: MIT */
/*
 * Who waits for which ioreq server: as debug key i prints it, and as reports get
 * it.
 */
#include "test-ioreq.h"

#include <hv/keys.h>

static char said[1 << 16];

static void show(const char *s, size_t len)
{
    size_t have = strlen(said);

    assert_true(have + len < sizeof(said));
    memcpy(said + have, s, len);
    said[have + len] = '\0';
}

static int setup(void **state)
{
    int rc = fixture_setup(state);

    hosted_hooks.console = show;
    return rc;
}

static bool key_says(const char *text)
{
    said[0] = '\0';
    assert_int_equal(key_pressed('i'), 0);
    return strstr(said, text) != NULL;
}

static void waits(struct vcpu *v, const char *what, const char *step)
{
    struct ioreq_wait w = { 0 };

    assert_true(ioreq_next_wait(v, 0, &w));
    assert_string_equal(w.what, what);
    assert_string_equal(w.step, step);
    assert_false(ioreq_next_wait(v, w.server + 1U, &w));
}

static void test_each_step(void **state)
{
    struct domain *d = fixture_guest(2);
    unsigned int id = serve(d, OFF, PORT, 0x60, 0x6f);
    struct vcpu *v = domain_vcpu(d, 1);
    ioreq_t *slot = slot_of(d, id, 1), p = in(0x64, 2);
    struct evtchn_bind_interdomain bind = { .remote_dom = d->domain_id };
    struct ioreq_wait w;

    (void)state;
    assert_false(ioreq_next_wait(v, 0, &w));
    assert_false(key_says("waits"));
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    waits(v, "read of port 0x64, size 2, count 1", "not taken");
    assert_true(ioreq_next_wait(v, 0, &w));
    assert_int_equal(w.server, id);
    assert_int_equal(w.emulator, 0);
    assert_int_equal(w.port, 0);
    bind.remote_port = slot->vp_eport;
    assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &bind), 0);
    assert_true(ioreq_next_wait(v, 0, &w));
    assert_int_equal(w.port, bind.local_port);
    assert_false(ioreq_next_wait(domain_vcpu(d, 0), 0, &w));
    slot->state = STATE_IOREQ_INPROCESS;
    waits(v, "read of port 0x64, size 2, count 1", "taken, not answered");
    assert_true(key_says("    vcpu 1 waits: read of port 0x64, size 2, count 1: "
                         "taken, not answered\n"));
    slot->state = STATE_IORESP_READY;
    waits(v, "read of port 0x64, size 2, count 1",
          "answered, the vcpu has not looked");
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_false(ioreq_next_wait(v, 0, &w));
    assert_false(key_says("waits"));
}

static void test_memory_and_strings(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int id = serve(d, OFF, MEMORY, 0x1000, 0x1fff);
    struct vcpu *v = domain_vcpu(d, 0);
    ioreq_t p = store(0x1010, 4, 7);

    (void)state;
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    waits(v, "write of memory 0x1010, size 4, count 1", "not taken");
    answer(slot_of(d, id, 0), 0);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    p = store(0x1010, 4, 7);
    p.count = 3;
    p.data_is_ptr = 1;
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    waits(v, "write of memory 0x1010, size 4, count 3", "not taken");
    answer(slot_of(d, id, 0), 0);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
}

static void test_a_broadcast_waits_for_all(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int a = serve(d, OFF, PORT, 0x60, 0x60);
    unsigned int b = serve(d, OFF, PORT, 0x70, 0x70);
    struct vcpu *v = domain_vcpu(d, 0);
    struct ioreq_wait w;

    (void)state;
    assert_int_equal(ioreq_invalidate_mapcache(v), IO_PENDING);
    assert_true(ioreq_next_wait(v, 0, &w));
    assert_int_equal(w.server, a);
    assert_string_equal(w.what, "request to drop cached mappings");
    assert_true(ioreq_next_wait(v, w.server + 1U, &w));
    assert_int_equal(w.server, b);
    assert_int_equal(destroy(d, a), 0);
    assert_true(ioreq_next_wait(v, 0, &w));
    assert_int_equal(w.server, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)
        T(test_each_step),
        T(test_memory_and_strings),
        T(test_a_broadcast_waits_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
