/* SPDX-License-Identifier: MIT */
/* The local APIC's timer, by a clock that the test sets. */
#include "test-vlapic.h"

#define T0 1000000000UL
#define MASKED 0x10000U
#define PERIODIC 0x20000U
#define VECTOR 0x60U
#define DIV1 0xbU

static struct vlapic *l;
static uint64_t programmed;

static void programmed_for(uint64_t expires)
{
    programmed = expires;
}

static int timer_setup(void **state)
{
    int rc = vlapic_setup(state);

    hosted_hooks.timer = programmed_for;
    programmed = UINT64_MAX;
    l = &lapic[1];
    assert_int_equal(domain_ctl_unpause(guest), 0);
    enable(l);
    wr(l, 0x3e0, DIV1);
    return rc;
}

#define timer_test(f)                                                        \
    cmocka_unit_test_setup_teardown(f, timer_setup, vlapic_teardown)

/* Fired since the last look?  Served at once. */
static bool fired(void)
{
    int vector = take(l);

    if ( vector >= 0 )
    {
        assert_int_equal(vector, VECTOR);
        vlapic_eoi(l);
    }
    return vector >= 0;
}

static void test_one_shot(void **state)
{
    (void)state;
    wr(l, 0x320, VECTOR);
    assert_int_equal(rd(l, 0x390), 0);
    wr(l, 0x380, 100000); /* 1 ms */
    assert_int_equal(programmed, T0 + 1000000);
    assert_int_equal(rd(l, 0x390), 100000);
    set_time(T0 + 250000);
    assert_int_equal(rd(l, 0x390), 75000);
    set_time(T0 + 250001);
    assert_int_equal(rd(l, 0x390), 75000); /* a tick is not over */
    set_time(T0 + 999999);
    assert_int_equal(rd(l, 0x390), 1);
    assert_false(fired());
    test_now = T0 + 1000001;
    assert_int_equal(rd(l, 0x390), 0);
    timer_run();
    assert_true(fired());
    assert_int_equal(rd(l, 0x390), 0);
    assert_int_equal(rd(l, 0x380), 100000);
    set_time(T0 + 9000000);
    assert_false(fired());
    assert_int_equal(programmed, UINT64_MAX);

    wr(l, 0x380, 100000);
    wr(l, 0x380, 0); /* stops it */
    assert_int_equal(programmed, UINT64_MAX);
    assert_int_equal(rd(l, 0x390), 0);
    wr(l, 0x380, 1);
    set_time(T0 + 9000010);
    assert_true(fired());
}

static void test_periodic(void **state)
{
    (void)state;
    wr(l, 0x320, PERIODIC | VECTOR);
    wr(l, 0x380, 100000);
    for ( uint64_t n = 1; n < 5; n++ )
    {
        set_time(T0 + n * 1000000 - 1);
        assert_false(fired());
        assert_int_equal(rd(l, 0x390), 1);
        set_time(T0 + n * 1000000);
        assert_true(fired());
        assert_int_equal(rd(l, 0x390), 100000);
    }
    test_now = T0 + 7250000; /* late: nobody looked for a while */
    assert_int_equal(rd(l, 0x390), 75000);
    timer_run();
    assert_true(fired());
    assert_false(fired());
    assert_int_equal(rd(l, 0x390), 75000);
    set_time(T0 + 8000000); /* and in step */
    assert_true(fired());
    wr(l, 0x320, VECTOR); /* this period is the last */
    set_time(T0 + 9000000);
    assert_true(fired());
    set_time(T0 + 10000000);
    assert_false(fired());
}

static void test_divider(void **state)
{
    static const struct { uint8_t tdcr; unsigned int by; } dividers[] = {
        { 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 }, { 0x8, 32 },
        { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 },
    };

    (void)state;
    wr(l, 0x320, VECTOR);
    for ( unsigned int i = 0; i < ARRAY_SIZE(dividers); i++ )
    {
        uint64_t start = test_now;

        wr(l, 0x3e0, dividers[i].tdcr);
        assert_int_equal(rd(l, 0x3e0), dividers[i].tdcr);
        wr(l, 0x380, 1000);
        if ( programmed != start + 10000UL * dividers[i].by )
            fail_msg("divide by %u: %lu ns", dividers[i].by,
                     programmed - start);
        set_time(start + 2500UL * dividers[i].by);
        assert_int_equal(rd(l, 0x390), 750);
    }

    wr(l, 0x3e0, 0x8); /* on the way: what is left takes longer */
    assert_int_equal(rd(l, 0x390), 750);
    assert_int_equal(programmed, test_now + 750 * 320);
    wr(l, 0x320, PERIODIC | VECTOR);
    set_time(test_now + 750 * 320);
    assert_true(fired());
    assert_int_equal(programmed, test_now + 1000 * 320);
}

/* Counts of all 32 bits do not overflow. */
static void test_longest(void **state)
{
    (void)state;
    wr(l, 0x320, VECTOR);
    wr(l, 0x3e0, 0xa);
    wr(l, 0x380, ~0U);
    assert_int_equal(rd(l, 0x390), ~0U);
    assert_int_equal(programmed, T0 + 0xffffffffUL * 1280);
    set_time(T0 + 0xffffffffUL * 1280 - 1);
    assert_false(fired());
    set_time(T0 + 0xffffffffUL * 1280);
    assert_true(fired());
}

static void test_masked_counts_unseen(void **state)
{
    (void)state;
    wr(l, 0x320, MASKED | VECTOR);
    wr(l, 0x380, 100000);
    assert_int_equal(programmed, UINT64_MAX);
    set_time(T0 + 400000);
    assert_int_equal(rd(l, 0x390), 60000);
    wr(l, 0x320, VECTOR);
    assert_int_equal(programmed, T0 + 1000000);
    wr(l, 0x320, MASKED | VECTOR);
    assert_int_equal(programmed, UINT64_MAX);
    set_time(T0 + 2000000);
    wr(l, 0x320, VECTOR); /* it is over */
    set_time(T0 + 3000000);
    assert_false(fired());
    assert_int_equal(rd(l, 0x390), 0);

    wr(l, 0x320, MASKED | PERIODIC | VECTOR);
    wr(l, 0x380, 100000);
    set_time(T0 + 5500000);
    assert_int_equal(rd(l, 0x390), 50000);
    wr(l, 0x320, PERIODIC | VECTOR);
    assert_int_equal(programmed, T0 + 6000000);
    assert_false(fired());

    wr(l, 0xf0, 0xff); /* disabled by software: masked */
    assert_int_equal(programmed, UINT64_MAX);
}

/* What was due before a write is not lost by it. */
static void test_due_before_a_write(void **state)
{
    static const struct { unsigned int offset; uint32_t value; } writes[] = {
        { 0x320, MASKED | VECTOR }, { 0x320, VECTOR }, { 0x380, 0 },
        { 0x380, 5000 }, { 0x3e0, 0 }, { 0xf0, 0xff },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(writes); i++ )
    {
        enable(l);
        wr(l, 0x320, VECTOR);
        wr(l, 0x380, 1000);
        test_now += 10000000; /* and timer_run() has not come yet */
        wr(l, writes[i].offset, writes[i].value);
        if ( !fired() )
            fail_msg("write %u lost an interrupt", i);
    }
}

/* A guest's shortest period leaves the machine time for something else. */
static void test_shortest_period(void **state)
{
    unsigned int n = 0;

    (void)state;
    wr(l, 0x320, PERIODIC | VECTOR);
    wr(l, 0x380, 1);
    for ( uint64_t t = T0; t < T0 + 1000000; t += 10 )
    {
        set_time(t);
        assert_true(rd(l, 0x390) <= 1);
        n += fired();
    }
    assert_in_range(n, 1, 11);
}

/* A vcpu that does not take them (stopped, say) gets few, and in step. */
static void test_not_taken(void **state)
{
    unsigned int n = 0;
    uint64_t t;

    (void)state;
    wr(l, 0x320, PERIODIC | VECTOR);
    wr(l, 0x380, 10000); /* 100 us */
    for ( t = T0; t < T0 + 100000000; t = programmed, n++ )
        set_time(t);
    assert_in_range(n, 90, 110);
    assert_int_equal((t - T0) % 100000, 0);
    test_now = t - 730000;
    assert_int_equal(rd(l, 0x390), 3000); /* the count goes on */
    assert_true(fired());
    set_time(t);
    assert_true(fired());
    assert_int_equal(programmed, t + 100000);
}

static struct timer again;
static unsigned int agains;

static void arm_again(void *data)
{
    (void)data;
    test_now += 100;
    if ( ++agains < 1000 )
        timer_set(&again, test_now - 50);
}

/* One look at the timers ends, whatever they do. */
static void test_run_ends(void **state)
{
    (void)state;
    agains = 0;
    timer_init(&again, arm_again, NULL);
    timer_set(&again, T0);
    timer_run();
    assert_int_equal(agains, 1);
    assert_int_equal(programmed, T0 + 100); /* at once, but later */
    timer_stop(&again);
}

static void test_reset_and_disabling_stop_it(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        wr(l, 0x320, PERIODIC | VECTOR);
        wr(l, 0x380, 1000);
        assert_int_not_equal(programmed, UINT64_MAX);
        if ( i )
            assert_true(vlapic_base_write(l, VLAPIC_PAGE));
        else
            vlapic_reset(l);
        assert_int_equal(programmed, UINT64_MAX);
        assert_int_equal(rd(l, 0x390), 0);
        assert_true(vlapic_base_write(l, VLAPIC_PAGE | APIC_BASE_ENABLE));
        enable(l);
        wr(l, 0x320, PERIODIC | VECTOR);
        assert_int_equal(programmed, UINT64_MAX);
        set_time(test_now + 10000000);
        assert_false(fired());
    }
}

/* A halted vcpu is woken. */
static void test_wakes(void **state)
{
    (void)state;
    wr(l, 0x320, VECTOR);
    wr(l, 0x380, 1000);
    vcpu_block(l->v);
    set_time(T0 + 9999);
    assert_int_equal(l->v->flags, VCPU_BLOCKED);
    set_time(T0 + 10000);
    assert_int_equal(l->v->flags, 0);
    assert_true(fired());
}

/* While the vcpu cannot run its timer comes once, and then not at all. */
static void test_rests(void **state)
{
    struct vcpu *v = domain_vcpu(guest, 1);
    unsigned int calls = 0;

    (void)state;
    wr(l, 0x320, VECTOR | PERIODIC);
    wr(l, 0x380, 30000); /* 300 us */
    vcpu_pause(v);
    while ( timer_is_armed(&l->timer) && calls < 100 )
    {
        set_time(l->timer.expires);
        calls++;
    }
    assert_int_equal(calls, 1);
    assert_true(vlapic_timer_rests(l));
    test_now = T0 + 1000000000UL + 100000;
    assert_int_equal(rd(l, 0x390), 10000); /* it counts on */
    vcpu_unpause(v);
    vlapic_timer_wake(l);
    assert_false(vlapic_timer_rests(l));
    assert_true(fired()); /* once for all of them */
    assert_false(fired());
    assert_int_equal(l->timer.expires, T0 + 1000000000UL + 1100000);
    set_time(l->timer.expires);
    assert_true(fired());
    assert_true(timer_is_armed(&l->timer));

    vcpu_pause(v); /* what is not periodic has no need to rest */
    wr(l, 0x320, VECTOR);
    wr(l, 0x380, 100000);
    set_time(test_now + 1000000);
    assert_false(vlapic_timer_rests(l) || timer_is_armed(&l->timer));
    vcpu_unpause(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        timer_test(test_rests), timer_test(test_one_shot),
        timer_test(test_periodic),
        timer_test(test_divider),
        timer_test(test_longest),
        timer_test(test_masked_counts_unseen),
        timer_test(test_due_before_a_write),
        timer_test(test_shortest_period),
        timer_test(test_not_taken),
        timer_test(test_run_ends),
        timer_test(test_reset_and_disabling_stop_it),
        timer_test(test_wakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
