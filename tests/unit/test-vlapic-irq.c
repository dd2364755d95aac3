/* SPDX-License-Identifier: MIT */
/* The local APIC: priorities, service, waking; at random, many senders. */
#include "test-vlapic.h"

#include <pthread.h>

#define NONE -1

static void test_priorities(void **state)
{
    static const struct {
        uint8_t tpr;
        int in_service, requested;
        uint8_t ppr;
        int pending;
    } cases[] = {
        { 0x00, NONE, NONE, 0x00, NONE }, { 0x00, NONE, 0x10, 0x00, 0x10 },
        { 0x00, NONE, 0xff, 0x00, 0xff }, { 0x10, NONE, 0x1f, 0x10, NONE },
        { 0x0f, NONE, 0x10, 0x0f, 0x10 }, { 0x2f, NONE, 0x30, 0x2f, 0x30 },
        { 0x30, NONE, 0x3f, 0x30, NONE }, { 0xff, NONE, 0xff, 0xff, NONE },
        { 0x00, 0x35, 0x3f, 0x30, NONE }, { 0x00, 0x35, 0x40, 0x30, 0x40 },
        { 0x37, 0x35, 0x40, 0x37, 0x40 }, { 0x41, 0x35, 0x4f, 0x41, NONE },
        { 0x29, 0x35, 0x41, 0x30, 0x41 }, { 0x00, 0xf1, 0xff, 0xf0, NONE },
        { 0x00, 0x40, 0x3f, 0x40, NONE }, { 0x00, 0x3f, 0x40, 0x30, 0x40 },
        { 0x00, 0x7f, 0x80, 0x70, 0x80 }, { 0x00, 0xbf, 0xc0, 0xb0, 0xc0 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct vlapic *l = &lapic[0];

        vlapic_reset(l);
        enable(l);
        if ( cases[i].in_service != NONE )
        {
            vlapic_set_irq(l, (uint8_t)cases[i].in_service, false);
            assert_int_equal(take(l), cases[i].in_service);
        }
        if ( cases[i].requested != NONE )
            assert_true(vlapic_set_irq(l, (uint8_t)cases[i].requested, false));
        vlapic_set_tpr(l, cases[i].tpr);
        if ( rd(l, 0xa0) != cases[i].ppr ||
             vlapic_pending(l) != cases[i].pending )
            fail_msg("case %u: ppr %#x pending %#x", i, rd(l, 0xa0),
                     vlapic_pending(l));
    }
}

static void test_eoi_ends_the_highest_and_tells_of_level(void **state)
{
    struct vlapic *l = &lapic[1];

    (void)state;
    enable(l);
    vlapic_eoi(l); /* of nothing */
    vlapic_set_irq(l, 0x31, true);
    assert_int_equal(take(l), 0x31);
    vlapic_set_irq(l, 0x52, false);
    assert_int_equal(take(l), 0x52);
    assert_int_equal(rd(l, 0x110), 1U << 17);
    assert_int_equal(rd(l, 0x120), 1U << 18);
    wr(l, 0xb0, 0);
    assert_int_equal(eois[1], 0);
    assert_int_equal(rd(l, 0x120), 0);
    assert_int_equal(rd(l, 0x110), 1U << 17);
    wr(l, 0xb0, 0);
    assert_int_equal(eois[1], 1);
    assert_int_equal(eoi_vector[1], 0x31);
    assert_int_equal(rd(l, 0x110), 0);

    vlapic_set_irq(l, 0x31, false); /* the vector is an edge's now */
    assert_int_equal(rd(l, 0x190), 0);
    assert_int_equal(take(l), 0x31);
    vlapic_set_irq(l, 0x31, false); /* again, while in service */
    assert_int_equal(vlapic_pending(l), -1);
    wr(l, 0xb0, 0);
    assert_int_equal(take(l), 0x31);
    assert_int_equal(eois[1], 1);
}

/* Taken, but not arrived: as it was before. */
static void test_given_back(void **state)
{
    struct vlapic *l = &lapic[0];

    (void)state;
    enable(l);
    vlapic_set_irq(l, 0x35, true);
    assert_int_equal(take(l), 0x35);
    vlapic_set_irq(l, 0x52, false);
    assert_int_equal(take(l), 0x52);
    vlapic_unack(l, 0x52);
    assert_int_equal(rd(l, 0x120), 0);
    assert_int_equal(vlapic_ppr(l), 0x30);
    vlapic_set_irq(l, 0x61, false); /* a higher one goes first now */
    assert_int_equal(take(l), 0x61);
    wr(l, 0xb0, 0);
    assert_int_equal(take(l), 0x52);
    wr(l, 0xb0, 0);
    wr(l, 0xb0, 0);
    assert_int_equal(eois[0], 1); /* of 0x35 alone */
    assert_int_equal(take(l), -1);
}

static void test_software_disabled_takes_nothing_new(void **state)
{
    struct vlapic *l = &lapic[0];

    (void)state;
    assert_false(vlapic_set_irq(l, 0x40, false));
    wr(l, 0x320, 0x40); /* cannot be unmasked */
    assert_int_equal(rd(l, 0x320), 0x10040);
    enable(l);
    assert_int_equal(vlapic_pending(l), -1);
    wr(l, 0x320, 0x40);
    wr(l, 0x360, 0x400);
    assert_int_equal(rd(l, 0x320), 0x40);
    assert_true(vlapic_set_irq(l, 0x41, false));
    wr(l, 0xf0, 0xff);
    assert_int_equal(rd(l, 0x320), 0x10040);
    assert_int_equal(rd(l, 0x360), 0x10400);
    assert_int_equal(vlapic_pending(l), 0x41); /* held, and to be handled */
    assert_false(vlapic_set_irq(l, 0x42, false));
    assert_int_equal(rd(l, 0x220), 2);
    vlapic_set_nmi(l);
    assert_true(vlapic_nmi_pending(l));
    assert_true(vlapic_nmi_take(l));
    assert_false(vlapic_nmi_take(l));
}

static void test_wakes_who_can_take_it(void **state)
{
    struct vlapic *l = &lapic[2];
    struct vcpu *v = l->v;

    (void)state;
    enable(l);
    vlapic_set_tpr(l, 0x40);
    vcpu_block(v);
    assert_int_equal(v->flags, VCPU_BLOCKED);
    kicks[2] = 0;
    assert_true(vlapic_set_irq(l, 0x45, false));
    assert_int_equal(v->flags, VCPU_BLOCKED); /* not above its priority */
    assert_int_equal(kicks[2], 1);
    assert_true(vlapic_set_irq(l, 0x50, false));
    assert_int_equal(v->flags, 0);
    assert_int_equal(kicks[2], 2);
    vcpu_block(v);
    assert_true(vlapic_set_irq(l, 0x50, false)); /* was there already */
    assert_int_equal(kicks[2], 2);
    vlapic_set_nmi(l);
    assert_int_equal(v->flags, 0);
    assert_int_equal(kicks[0] + kicks[1] + kicks[3], 0);
}

/* ---- many operations, against the plainest model ---- */

struct plain {
    bool irr[256], isr[256], tmr[256];
    uint8_t tpr;
};

static int plain_highest(const bool set[256])
{
    for ( int i = 255; i >= 0; i-- )
        if ( set[i] )
            return i;
    return -1;
}

static uint8_t plain_ppr(const struct plain *p)
{
    int served = plain_highest(p->isr);

    if ( served < 0 || p->tpr / 16 >= served / 16 )
        return p->tpr;
    return (uint8_t)(served / 16 * 16);
}

static int plain_pending(const struct plain *p)
{
    int vector = plain_highest(p->irr);

    return vector >= 0 && vector / 16 > plain_ppr(p) / 16 ? vector : -1;
}

static uint32_t plain_register(const bool set[256], unsigned int i)
{
    uint32_t value = 0;

    for ( unsigned int bit = 0; bit < 32; bit++ )
        value |= (uint32_t)set[i * 32 + bit] << bit;
    return value;
}

static void plain_step(struct plain *p, struct vlapic *l, unsigned int r)
{
    uint8_t vector = (uint8_t)(r >> 8);
    bool level = r & 0x10000;
    int which;

    switch ( r % 5 )
    {
    case 0:
    case 1:
        assert_int_equal(vlapic_set_irq(l, vector, level), vector >= 16);
        if ( vector >= 16 )
        {
            p->irr[vector] = true;
            p->tmr[vector] = level;
        }
        break;
    case 2:
        which = plain_pending(p);
        assert_int_equal(take(l), which);
        if ( which >= 0 )
        {
            p->irr[which] = false;
            p->isr[which] = true;
        }
        break;
    case 3:
        which = plain_highest(p->isr);
        eoi_vector[0] = -1;
        wr(l, 0xb0, 0);
        assert_int_equal(eoi_vector[0],
                         which >= 0 && p->tmr[which] ? which : -1);
        if ( which >= 0 )
            p->isr[which] = false;
        break;
    default:
        p->tpr = (uint8_t)(vector & (r >> 16));
        wr(l, 0x80, p->tpr);
    }
}

static void test_random_operations(void **state)
{
    struct plain p = { .tpr = 0 };
    struct vlapic *l = &lapic[0];
    uint64_t seed = 42;

    (void)state;
    enable(l);
    for ( unsigned int n = 0; n < 100000; n++ )
    {
        seed = seed * 6364136223846793005UL + 1442695040888963407UL;
        plain_step(&p, l, (unsigned int)(seed >> 33));
        assert_int_equal(rd(l, 0xa0), plain_ppr(&p));
        assert_int_equal(vlapic_pending(l), plain_pending(&p));
        for ( unsigned int i = n % 8, end = i + 1; i < end; i++ )
        {
            assert_int_equal(rd(l, 0x100 + i * 16), plain_register(p.isr, i));
            assert_int_equal(rd(l, 0x180 + i * 16), plain_register(p.tmr, i));
            assert_int_equal(rd(l, 0x200 + i * 16), plain_register(p.irr, i));
        }
    }
}

/* ---- many senders ---- */

#define ROUNDS 2000
static unsigned int sent, taken_count;

/* Sends its own vectors, each one again when the one before was served. */
static uint32_t served[256];

static void *sender(void *arg)
{
    uint8_t vector = (uint8_t)(uintptr_t)arg;

    for ( unsigned int n = 0; n < ROUNDS; n++ )
    {
        assert_true(vlapic_set_irq(&lapic[0], vector, vector & 1));
        atomic_add_return(&sent, 1);
        while ( __atomic_load_n(&served[vector], __ATOMIC_ACQUIRE) <= n )
            sched_yield();
    }
    return NULL;
}

static void test_senders_on_other_cpus(void **state)
{
    static const uint8_t vectors[] = { 0x31, 0x32, 0x3f, 0xe0 };
    pthread_t thread[ARRAY_SIZE(vectors)];

    (void)state;
    enable(&lapic[0]);
    memset(served, 0, sizeof(served));
    sent = taken_count = 0;
    for ( unsigned int i = 0; i < ARRAY_SIZE(vectors); i++ )
        assert_int_equal(pthread_create(&thread[i], NULL, sender,
                                        (void *)(uintptr_t)vectors[i]), 0);
    while ( taken_count < ROUNDS * ARRAY_SIZE(vectors) )
    {
        int vector = take(&lapic[0]);

        if ( vector < 0 )
        {
            sched_yield();
            continue;
        }
        taken_count++;
        vlapic_eoi(&lapic[0]);
        atomic_add_return(&served[vector], 1);
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(vectors); i++ )
        pthread_join(thread[i], NULL);
    assert_int_equal(sent, taken_count);
    assert_int_equal(vlapic_pending(&lapic[0]), -1);
    assert_int_equal(eois[0], 2 * ROUNDS); /* 0x31 and 0x3f */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        vlapic_test(test_priorities),
        vlapic_test(test_eoi_ends_the_highest_and_tells_of_level),
        vlapic_test(test_given_back),
        vlapic_test(test_software_disabled_takes_nothing_new),
        vlapic_test(test_wakes_who_can_take_it),
        vlapic_test(test_random_operations),
        vlapic_test(test_senders_on_other_cpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
