/* SPDX-License-Identifier: MIT */
/*
 * Local APICs for tests: a guest of four vcpus, a machine that records what it
 * is asked, and a clock that the test sets.
 */
#ifndef TEST_VLAPIC_H
#define TEST_VLAPIC_H

#include "fixture.h"

#include <emul/vlapic.h>
#include <time.h>

#define NR 4

static struct domain *guest;
static struct vlapic lapic[NR];
static unsigned int kicks[NR], inits[NR], eois[NR];
static int sipi[NR], eoi_vector[NR];

/* ---- time ---- */

static uint64_t test_now;

/* The machine's clock, and so now_ns(). */
int clock_gettime(clockid_t clock, struct timespec *ts)
{
    (void)clock;
    ts->tv_sec = (time_t)(test_now / 1000000000);
    ts->tv_nsec = (long)(test_now % 1000000000);
    return 0;
}

static inline void set_time(uint64_t ns)
{
    test_now = ns;
    timer_run();
}

/* ---- the machine ---- */

static struct vlapic *machine_of(struct vcpu *v)
{
    return v->domain == guest ? &lapic[v->vcpu_id] : NULL;
}

static void machine_init(struct vcpu *target)
{
    inits[target->vcpu_id]++;
}

static void machine_sipi(struct vcpu *target, uint8_t vector)
{
    sipi[target->vcpu_id] = vector;
}

static void machine_eoi(struct vcpu *v, uint8_t vector)
{
    eois[v->vcpu_id]++;
    eoi_vector[v->vcpu_id] = vector;
}

static unsigned int intr_moves[NR];

static void machine_intr_moved(struct vcpu *v)
{
    intr_moves[v->vcpu_id]++;
}

static void machine_kick(struct vcpu *v)
{
    if ( v->domain == guest )
        atomic_add_return(&kicks[v->vcpu_id], 1);
}

static struct vlapic_machine test_machine = {
    machine_of, machine_init, machine_sipi, machine_eoi, machine_intr_moved,
};

/* Vcpus are up; their APICs as after power on, ids 0..3. */
static int vlapic_setup(void **state)
{
    int rc = fixture_setup(state);

    if ( rc )
        return rc;
    test_now = 1000000000;
    hosted_hooks.kick = machine_kick;
    vlapic_machine_register(&test_machine);
    guest = fixture_guest(NR);
    for ( unsigned int i = 0; i < NR; i++ )
    {
        vlapic_init(&lapic[i], domain_vcpu(guest, i), i);
        vcpu_up(domain_vcpu(guest, i));
        kicks[i] = inits[i] = eois[i] = 0;
        sipi[i] = eoi_vector[i] = -1;
    }
    return 0;
}

static int vlapic_teardown(void **state)
{
    for ( unsigned int i = 0; i < NR; i++ )
        vlapic_destroy(&lapic[i]);
    return fixture_teardown(state);
}

#define vlapic_test(f)                                                       \
    cmocka_unit_test_setup_teardown(f, vlapic_setup, vlapic_teardown)

/* ---- what a guest does ---- */

static inline uint32_t rd(struct vlapic *l, unsigned int offset)
{
    return (uint32_t)vlapic_mmio_read(l, offset, 4);
}

static inline void wr(struct vlapic *l, unsigned int offset, uint32_t value)
{
    vlapic_mmio_write(l, offset, 4, value);
}

static inline void enable(struct vlapic *l)
{
    wr(l, 0xf0, 0x1ff);
}

static inline void to_x2apic(struct vlapic *l)
{
    assert_true(vlapic_base_write(l, l->base | APIC_BASE_X2APIC));
}

static inline uint64_t rdmsr(struct vlapic *l, uint32_t msr)
{
    uint64_t value = ~0UL;

    assert_true(vlapic_msr_read(l, msr, &value));
    return value;
}

static inline void wrmsr(struct vlapic *l, uint32_t msr, uint64_t value)
{
    assert_true(vlapic_msr_write(l, msr, value));
}

/* The vector that would be injected is; -1: none. */
static inline int take(struct vlapic *l)
{
    int vector = vlapic_pending(l);

    if ( vector >= 0 )
        vlapic_ack(l, (uint8_t)vector);
    return vector;
}

/* A mask of the local APICs that have the vector requested; it goes. */
static inline unsigned int who(uint8_t vector)
{
    unsigned int mask = 0;

    for ( unsigned int i = 0; i < NR; i++ )
        mask |= (unsigned int)test_and_clear_bit(vector, lapic[i].irr) << i;
    return mask;
}

#endif
