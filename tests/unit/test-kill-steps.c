/* SPDX-License-Identifier: MIT */
/*
 * All operations of test-kill-ops.h between all steps of a kill, and on the
 * zombie that a foreign mapping keeps: the audit is clean after each operation,
 * and when the zombie is freed all pages and objects are free.
 */
#include "test-kill-ops.h"

/* ---- the steps ---- */

/* Device models answer; false: v goes on waiting. */
static bool answered(struct vcpu *v)
{
    struct ioreq_server *const *server = v->domain->ioreq.server;
    ioreq_t p;

    if ( !ioreq_in_flight(v) )
        return true;
    for ( unsigned int left = v->io.pending; left; left &= left - 1 )
        ioreq_slot(server[__builtin_ctz(left)], v->vcpu_id)->state =
            STATE_IORESP_READY;
    return ioreq_resume(v, &p) == IO_DONE;
}

/* One operation as each of them; v of a domain that may be dying. */
static void as_everybody(void (*op)(void))
{
    struct vcpu *caller[] = { domain_vcpu(dom0, 0), domain_vcpu(pvh, 0),
                              domain_vcpu(stub, 0), domain_vcpu(peer, 0),
                              domain_vcpu(guest, 0), domain_vcpu(guest, 1) };

    for ( unsigned int i = 0; i < ARRAY_SIZE(caller); i++ )
    {
        fixture_be(caller[i]);
        if ( answered(caller[i]) )
            op();
    }
    fixture_be_dom(dom0);
}

/* Operation nr of them (or all), on the victim at this point of its life. */
static void operate(unsigned int nr)
{
    for ( unsigned int i = 0; i < NR_OPERATIONS; i++ )
        if ( nr == NR_OPERATIONS || nr == i )
        {
            as_everybody(operation[i]);
            fixture_audit();
        }
}

/* One step: to the next check for preemption. */
static int kill_step(struct domain *d)
{
    int rc;

    hosted_preempt_every(1);
    rc = domain_kill(d);
    hosted_preempt_every(0);
    return rc;
}

/* The holder's entry keeps d a zombie. */
static void hold(struct domain *d)
{
    fixture_be_dom(dom0);
    assert_int_equal(foreign_map(pvh, d, RAM_GFN + 14, FOREIGN_GFN), 0);
}

static unsigned int kill_among(unsigned int nr, bool kill_stub)
{
    struct domain *victim;
    unsigned int steps = 0;

    kill_cast();
    victim = kill_stub ? stub : guest;
    hold(victim);
    operate(nr); /* alive */
    while ( kill_step(victim) == -ERESTART )
    {
        operate(nr);
        steps++;
        assert_true(steps < 1000);
    }
    operate(nr); /* the zombie */
    domain_get_more(victim); /* while its vcpus are used here */
    assert_int_equal(unmap_gfn(pvh, FOREIGN_GFN), 0);
    operate(nr); /* without the holder's page */
    domain_put(victim);
    return steps;
}

/* In a fixture of its own, whose end finds pages and objects all back. */
static void one_life(unsigned int nr, bool kill_stub)
{
    assert_int_equal(fixture_setup(NULL), 0);
    assert_in_range(kill_among(nr, kill_stub), 4, 1000);
    if ( fixture_teardown(NULL) )
        fail_msg("after operation %u, %s killed", nr,
                 kill_stub ? "device model" : "guest");
}

static void test_each_operation_at_each_step(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < NR_OPERATIONS; i++ )
        one_life(i, false);
}

static void test_all_operations_at_each_step(void **state)
{
    (void)state;
    one_life(NR_OPERATIONS, false);
}

static void test_while_the_device_model_dies(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < NR_OPERATIONS; i++ )
        one_life(i, true);
    one_life(NR_OPERATIONS, true);
}

/* ---- within an operation, wherever it holds no lock ---- */

static unsigned int locks_left;

static void kill_now(void)
{
    struct vcpu *v = current;

    if ( !locks_left || --locks_left )
        return;
    fixture_be_dom(dom0); /* on another CPU */
    fixture_kill(guest);
    fixture_be(v);
}

/* The guest is killed at the nth lock taken; false: there are not so many. */
static bool killed_within(unsigned int nr, unsigned int nth)
{
    assert_int_equal(fixture_setup(NULL), 0);
    kill_cast();
    hold(guest);
    domain_get_more(guest);
    locks_left = nth;
    hosted_hooks.unlocked = kill_now;
    as_everybody(operation[nr]);
    hosted_hooks.unlocked = NULL;
    fixture_audit();
    if ( locks_left )
        fixture_kill(guest);
    for ( unsigned int i = 0; i < NR_OPERATIONS; i++ )
        as_everybody(operation[i]);
    fixture_audit();
    assert_int_equal(unmap_gfn(pvh, FOREIGN_GFN), 0);
    domain_put(guest);
    if ( fixture_teardown(NULL) )
        fail_msg("killed within operation %u, lock %u", nr, nth);
    return !locks_left;
}

static void test_kill_within_each_operation(void **state)
{
    unsigned int killed = 0;

    (void)state;
    for ( unsigned int i = 0; i < NR_OPERATIONS; i++ )
        for ( unsigned int nth = 1; killed_within(i, nth);
              nth += 1 + nth / 2 )
            killed++;
    assert_in_range(killed, 10, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_operation_at_each_step),
        cmocka_unit_test(test_all_operations_at_each_step),
        cmocka_unit_test(test_while_the_device_model_dies),
        cmocka_unit_test(test_kill_within_each_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
