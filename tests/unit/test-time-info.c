/* SPDX-License-Identifier: MIT */
/* The time as guests read it, and platform_op, which sets the wall clock. */
#include "fixture.h"

#include <pthread.h>
#include <time.h>

#include <hv/cpu-policy.h>
#include <hv/timer.h>

#include <xen/domctl.h>
#include <xen/platform.h>
#include <xen/vcpu.h>

#define S 1000000000UL

/* The host's clocks: a microsecond goes by with each look. */
int clock_gettime(clockid_t clock, struct timespec *ts)
{
    static long looks;
    long us = __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);

    *ts = (struct timespec){
        (clock == CLOCK_REALTIME ? 1700000000 : 1000) + us / 1000000,
        us % 1000000 * 1000 };
    return 0;
}

static struct vcpu_clock fake;

static void fake_clock(const struct vcpu *v, struct vcpu_clock *clock)
{
    (void)v;
    *clock = fake;
}

static int setup(void **state)
{
    if ( fixture_setup(state) )
        return -1;
    fake = (struct vcpu_clock){ 5000, 7 * S, false };
    hosted_hooks.vcpu_clock = fake_clock;
    return 0;
}

/* What a guest makes of it. */
static uint64_t read_time(const struct vcpu_time_info *t, uint64_t tsc)
{
    uint64_t ticks = tsc - t->tsc_timestamp;

    ticks = t->tsc_shift < 0 ? ticks >> -t->tsc_shift : ticks << t->tsc_shift;
    return t->system_time +
           (uint64_t)((unsigned __int128)ticks * t->tsc_to_system_mul >> 32);
}

static void test_scale(void **state)
{
    static const uint32_t khz[] = { 1, 999, 1000, 32768, 999999, 1000000,
                                    1000001, 2593906, 5100000, UINT32_MAX };
    struct vcpu_time_info t = {};

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(khz); i++ )
    {
        uint64_t ticks = khz[i] * 1000UL, ns; /* a second */

        tsc_scale(khz[i], &t.tsc_to_system_mul, &t.tsc_shift);
        /* As exact as 32 bits can be. */
        assert_true(t.tsc_to_system_mul >> 31);
        ns = read_time(&t, ticks);
        assert_in_range(ns, S - 2, S);
    }
    tsc_scale(0, &t.tsc_to_system_mul, &t.tsc_shift);
    assert_int_equal(t.tsc_to_system_mul, 0);
}

static void test_shown_when_it_changed(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    struct vcpu_time_info *t = &v->info->time;
    struct vcpu_register_vcpu_info reg = { .mfn = 5, .offset = 128 };
    struct cpu_info info;
    uint64_t second;

    (void)state;
    arch_cpu_info(&info);
    second = info.khz * 1000UL;
    fixture_populate(d, 5, 1);
    fixture_be_dom(d);
    vcpu_time_update(v);
    assert_int_equal(t->version, 2);
    assert_int_equal(t->tsc_timestamp, 5000);
    assert_int_equal(t->system_time, 7 * S);
    assert_int_equal(t->flags, 0);
    assert_in_range(read_time(t, 5000 + second), 8 * S - 2, 8 * S);

    fake = (struct vcpu_clock){ 5000 + second / 2, 7 * S + S / 2, true };
    vcpu_time_update(v);
    assert_int_equal(t->version, 2); /* still true */
    vcpu_time_changed(v);
    vcpu_time_update(v);
    assert_int_equal(t->version, 4);
    assert_int_equal(t->system_time, 7 * S + S / 2);
    assert_int_equal(t->flags, XEN_PVCLOCK_TSC_STABLE_BIT);
    fake.now += S;
    vcpu_time_update(v);
    assert_int_equal(t->system_time, fake.now);
    /* The guest's page: whatever it holds, what we leave is valid. */
    t->version = UINT32_MAX;
    fake.now += S;
    vcpu_time_update(v);
    assert_int_equal(t->version, 0);
    assert_int_equal(t->system_time, fake.now);
    memset(t, 0, sizeof(*t)); /* as hvmloader leaves it to a kernel */
    vcpu_time_update(v);
    assert_int_equal(t->system_time, fake.now);
    assert_int_equal(t->version, 2);

    assert_int_equal(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0,
                           P(&reg), 0, 0), 0);
    assert_ptr_not_equal(t, &v->info->time);
    t = &v->info->time;
    fake.now++;
    vcpu_time_update(v);
    assert_int_equal(t->system_time, fake.now);
    fixture_be_dom(dom0);
}

static long register_area(struct vcpu_time_info *area)
{
    struct vcpu_register_time_memory_area a = {};

    a.addr.v = area;
    return hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_time_memory_area,
                 0, P(&a), 0, 0);
}

static void test_area(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    struct vcpu_time_info area = { .version = 7, .pad0 = 9 };

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(register_area(&area), -ENOSYS);
    fake.stable = true;
    assert_int_equal(hcall(__HYPERVISOR_vcpu_op,
                           VCPUOP_register_vcpu_time_memory_area, 0, 8, 0, 0),
                     -EFAULT);
    assert_int_equal(register_area((void *)8), -EFAULT);
    fake.now += 2 * S;
    vcpu_time_update(v); /* none yet */
    assert_int_equal(area.version, 7);
    assert_int_equal(register_area(&area), 0);
    assert_int_equal(area.version, 8);
    assert_int_equal(area.system_time, fake.now);
    assert_int_equal(area.flags, XEN_PVCLOCK_TSC_STABLE_BIT);
    fake.now += 2 * S;
    vcpu_time_update(v);
    assert_int_equal(area.version, 10);
    assert_int_equal(area.system_time, fake.now);
    assert_int_equal(area.tsc_to_system_mul, v->info->time.tsc_to_system_mul);
    assert_int_equal(register_area(NULL), 0);
    fake.now += 2 * S;
    vcpu_time_update(v);
    assert_int_equal(area.version, 10);
    fixture_be_dom(dom0);
}

/* A reader sees an old clock or a new one, never a part of each. */
static bool stop;

static void *read_all_the_time(void *arg)
{
    const struct vcpu_time_info *t = arg;
    uint64_t seen = 0;

    while ( !READ_ONCE(stop) || !seen )
    {
        uint32_t version = READ_ONCE(t->version);
        uint64_t tsc, now;

        smp_mb();
        tsc = READ_ONCE(t->tsc_timestamp);
        now = READ_ONCE(t->system_time);
        smp_mb();
        if ( (version & 1) || version != READ_ONCE(t->version) || !version )
            continue;
        BUG_ON(now != 3 * tsc);
        seen++;
    }
    return NULL;
}

static void test_read_while_written(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    pthread_t t;

    (void)state;
    stop = false;
    assert_int_equal(pthread_create(&t, NULL, read_all_the_time,
                                    &v->info->time), 0);
    for ( uint64_t i = 1; i < 200000; i++ )
    {
        fake = (struct vcpu_clock){ i, 3 * i, false };
        vcpu_time_changed(v);
        vcpu_time_update(v);
    }
    WRITE_ONCE(stop, true);
    pthread_join(t, NULL);
}

/* ---- UTC ---- */

static uint64_t utc_at_zero(const struct domain *d)
{
    const struct shared_info *s = d->shared;

    assert_false(s->wc_version & 1);
    assert_true(s->wc_nsec < S);
    return ((uint64_t)s->wc_sec_hi << 32 | s->wc_sec) * S + s->wc_nsec;
}

static long platform_op(struct xen_platform_op *op)
{
    return hcall(__HYPERVISOR_platform_op, P(op), 0, 0, 0, 0);
}

static void test_wallclock(void **state)
{
    struct domain *d = fixture_guest(1), *later;
    uint64_t zero = arch_wallclock_ns() - now_ns();
    struct xen_platform_op op = {
        .cmd = XENPF_settime64,
        .interface_version = XENPF_INTERFACE_VERSION,
        .u.settime64 = { .secs = 1UL << 33, .nsecs = 999999999,
                         .system_time = 3 * S + 5 },
    };

    (void)state;
    assert_in_range(utc_at_zero(d), zero - S / 10, zero + S / 10);
    assert_int_equal(platform_op(&op), 0);
    zero = (1UL << 33) * S + 999999999 - 3 * S - 5;
    later = fixture_guest(1);
    assert_in_range(utc_at_zero(dom0), zero - S / 10, zero + S / 10);
    assert_in_range(utc_at_zero(d), zero - S / 10, zero + S / 10);
    assert_in_range(utc_at_zero(later), zero - S / 10, zero + S / 10);
    assert_in_range(wallclock_ns(), zero + now_ns() - S / 10,
                    zero + now_ns() + S / 10);
    assert_int_equal(d->shared->wc_version, 4);

    op.cmd = XENPF_settime32;
    op.u.settime32 = (struct xenpf_settime32){ 1700000000, 1, 0 };
    assert_int_equal(platform_op(&op), 0);
    zero = 1700000000 * S + 1;
    assert_in_range(utc_at_zero(later), zero - S / 10, zero + S / 10);
    fixture_kill(later);
}

/* The toolstack's offset of one domain's UTC. */
static void test_time_offset(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_settimeoffset,
        .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
        .domain = d->domain_id,
        .u.settimeoffset.time_offset_seconds = -3600,
    };
    uint64_t zero = utc_at_zero(other);

    (void)state;
    assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op), 0, 0, 0, 0), 0);
    assert_true(d->utc_offset_set);
    zero -= 3600 * S;
    assert_in_range(utc_at_zero(d), zero - S / 10, zero + S / 10);
    domain_move_utc(d, 7200);
    zero += 7200 * S;
    assert_in_range(utc_at_zero(d), zero - S / 10, zero + S / 10);
    assert_in_range(domain_utc_ns(d) - domain_utc_ns(other), 3599 * S,
                    3601 * S);
    op.u.settimeoffset.time_offset_seconds = 0;
    assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op), 0, 0, 0, 0), 0);
    assert_false(d->utc_offset_set);
    zero -= 3600 * S;
    assert_in_range(utc_at_zero(d), zero - S / 10, zero + S / 10);
    fixture_kill(other);
}

static void test_errors_in_order(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_platform_op op = {
        .cmd = XENPF_settime64,
        .u.settime64 = { .secs = 1, .mbz = 1 },
    };
    uint64_t before = utc_at_zero(d);

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(platform_op((void *)8), -EFAULT);
    assert_int_equal(platform_op(&op), -EACCES);
    op.interface_version = XENPF_INTERFACE_VERSION;
    assert_int_equal(platform_op(&op), -EPERM);
    fixture_be_dom(dom0);
    assert_int_equal(platform_op(&op), -EINVAL);
    op.interface_version = XENPF_INTERFACE_VERSION + 1;
    assert_int_equal(platform_op(&op), -EACCES);
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.cmd = XENPF_change_freq;
    assert_int_equal(platform_op(&op), -ENOSYS);
    op.cmd = 0;
    assert_int_equal(platform_op(&op), -ENOSYS);
    assert_int_equal(utc_at_zero(d), before);
}

static void test_cpuinfo(void **state)
{
    struct xen_platform_op op = {
        .cmd = XENPF_get_cpuinfo,
        .interface_version = XENPF_INTERFACE_VERSION,
    };
    struct cpu_info info;

    (void)state;
    arch_cpu_info(&info);
    for ( unsigned int i = 0; i <= info.nr_cpus; i++ )
    {
        op.u.pcpu_info = (struct xenpf_pcpuinfo){ .xen_cpuid = i,
                                                  .apic_id = 77 };
        assert_int_equal(platform_op(&op), 0);
        assert_int_equal(op.u.pcpu_info.max_present, info.nr_cpus - 1);
        assert_int_equal(op.u.pcpu_info.flags,
                         i < info.nr_cpus ? XEN_PCPU_FLAGS_ONLINE
                                          : XEN_PCPU_FLAGS_INVALID);
        assert_int_equal(op.u.pcpu_info.apic_id, i < info.nr_cpus ? i : 0);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_scale),     TEST(test_shown_when_it_changed),
        TEST(test_area),      TEST(test_read_while_written),
        TEST(test_wallclock), TEST(test_errors_in_order),
        TEST(test_cpuinfo),   TEST(test_time_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
