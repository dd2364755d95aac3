/* SPDX-License-Identifier: MIT */
/*
 * What guests read the time from: the clock of each vcpu in its vcpu_info (its
 * TSC at some moment, the system time then, and how they go on together) and
 * UTC in the shared info.
 *
 * Both are read without a lock: a writer makes the version odd, changes, makes
 * it even again.  A vcpu's clock is written by its own run loop only, wherever
 * its vcpu_info is now; again after REFRESH_NS, for the scale is a rounded one,
 * and when the guest cleared it, as hvmloader does before a kernel starts; UTC
 * under d->lock.
 *
 * Guests may write to these pages: nothing in them is believed.
 */
#include <hv/atomic.h>
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include "vcpu-private.h"

#define REFRESH_NS NS_PER_S

void tsc_scale(uint32_t khz, uint32_t *mul, int8_t *shift)
{
    uint64_t ns = 1000000, ticks = khz;

    *shift = 1;
    while ( ticks > ns )
    {
        ns <<= 1;
        --*shift;
    }
    while ( ticks && ticks <= ns >> 1 )
    {
        ticks <<= 1;
        ++*shift;
    }
    /* Now ticks <= ns < 2 * ticks; the one more shift lets mul fit 32 bits. */
    *mul = ticks ? (uint32_t)((ns << 31) / ticks) : 0;
}

/* ---- writing ---- */

static uint32_t begin_write(uint32_t *version)
{
    uint32_t odd = READ_ONCE(*version) | 1;

    WRITE_ONCE(*version, odd);
    smp_mb();
    return odd;
}

static void end_write(uint32_t *version, uint32_t odd)
{
    smp_mb();
    WRITE_ONCE(*version, odd + 1);
}

/* ---- a vcpu's clock ---- */

static void make_time(const struct vcpu *v, const struct vcpu_clock *clock,
                      struct vcpu_time_info *t)
{
    struct cpu_info info;

    arch_cpu_info(&info);
    *t = (struct vcpu_time_info){
        .tsc_timestamp = clock->tsc,
        .system_time = clock->now - (uint64_t)v->domain->time_offset_ns,
        .flags = clock->stable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0,
    };
    tsc_scale(info.khz, &t->tsc_to_system_mul, &t->tsc_shift);
}

/* In a vcpu_info, which 32-bit guests align to 4 bytes. */
typedef struct vcpu_time_info time_ref_t __attribute__((aligned(4)));

static void write_time(time_ref_t *to,
                       const struct vcpu_time_info *t)
{
    uint32_t odd = begin_write(&to->version);

    WRITE_ONCE(to->tsc_timestamp, t->tsc_timestamp);
    WRITE_ONCE(to->system_time, t->system_time);
    WRITE_ONCE(to->tsc_to_system_mul, t->tsc_to_system_mul);
    WRITE_ONCE(to->tsc_shift, t->tsc_shift);
    WRITE_ONCE(to->flags, t->flags);
    end_write(&to->version, odd);
}

/* The same into v's other copy: user space reads it on any processor. */
static int copy_time(uint64_t addr, struct vcpu_time_info t)
{
    uint32_t version;

    if ( guest_copy_in(&version, addr, sizeof(version)) )
        return -EFAULT;
    t.version = version | 1;
    if ( guest_copy_out(addr, &t.version, sizeof(t.version)) )
        return -EFAULT;
    smp_mb();
    if ( copy_to_arg(addr, &t) )
        return -EFAULT;
    smp_mb();
    t.version++;
    return guest_copy_out(addr, &t.version, sizeof(t.version));
}

void vcpu_time_update(struct vcpu *v)
{
    vcpu_info_ref_t *info = load_acquire(&v->info);
    struct vcpu_time_info t;
    struct vcpu_clock clock;

    arch_vcpu_clock(v, &clock);
    if ( likely(v->time_info == info &&
                clock.now - v->time_shown < REFRESH_NS &&
                READ_ONCE(info->time.tsc_to_system_mul) == v->time_scale) )
        return;
    make_time(v, &clock, &t);
    write_time(&info->time, &t);
    /* An area that went away is the guest's affair. */
    if ( v->time_addr )
        (void)!copy_time(v->time_addr, t);
    v->time_info = info;
    v->time_shown = clock.now;
    v->time_scale = t.tsc_to_system_mul;
}

void vcpu_time_changed(struct vcpu *v)
{
    v->time_info = NULL;
}

long vcpu_register_time(struct vcpu *v, uint64_t arg)
{
    struct vcpu_register_time_memory_area area;
    struct vcpu_time_info t;
    struct vcpu_clock clock;

    arch_vcpu_clock(v, &clock);
    if ( !clock.stable )
        return -ENOSYS;
    if ( copy_from_arg(&area, arg) )
        return -EFAULT;
    make_time(v, &clock, &t);
    if ( area.addr.p && copy_time(area.addr.p, t) )
        return -EFAULT;
    WRITE_ONCE(v->time_addr, area.addr.p);
    return 0;
}

/* ---- UTC ---- */

/* What the machine's idea of UTC is off by; two's complement. */
static uint64_t wallclock_moved;

void wallclock_init(void)
{
    wallclock_moved = 0;
}

uint64_t wallclock_ns(void)
{
    return arch_wallclock_ns() + READ_ONCE(wallclock_moved);
}

uint64_t domain_utc_ns(const struct domain *d)
{
    return wallclock_ns() + READ_ONCE(d->utc_offset) * NS_PER_S;
}

void domain_set_utc_offset(struct domain *d, int64_t seconds)
{
    WRITE_ONCE(d->utc_offset, (uint64_t)seconds);
    domain_wallclock_update(d);
}

void domain_move_utc(struct domain *d, int64_t seconds)
{
    atomic_add_return(&d->utc_offset, (uint64_t)seconds);
    domain_wallclock_update(d);
}

/* Where a shared info has UTC, in either layout. */
struct utc_place {
    uint32_t *version, *sec, *sec_hi, *nsec;
};

static struct utc_place utc_place(struct page *pg, bool is_32)
{
    struct compat_shared_info *c = page_to_virt(pg);
    struct shared_info *s = page_to_virt(pg);

    if ( is_32 )
        return (struct utc_place){ &c->wc_version, &c->wc_sec, &c->wc_sec_hi,
                                   &c->wc_nsec };
    return (struct utc_place){ &s->wc_version, &s->wc_sec, &s->wc_sec_hi,
                               &s->wc_nsec };
}

void domain_wallclock_update(struct domain *d)
{
    struct page *pg = READ_ONCE(d->shared_page);
    struct utc_place to;
    uint64_t utc, sec;
    uint32_t odd;

    if ( !pg || !page_get(pg, d) )
        return; /* it is dead */
    spin_lock(&d->lock);
    to = utc_place(pg, READ_ONCE(d->shared_32));
    /* Of the moment when d's system time was 0. */
    utc = domain_utc_ns(d) - now_ns() + (uint64_t)d->time_offset_ns;
    sec = utc / NS_PER_S;
    odd = begin_write(to.version);
    WRITE_ONCE(*to.sec, (uint32_t)sec);
    WRITE_ONCE(*to.sec_hi, (uint32_t)(sec >> 32));
    WRITE_ONCE(*to.nsec, (uint32_t)(utc % NS_PER_S));
    end_write(to.version, odd);
    spin_unlock(&d->lock);
    page_put(pg);
}

void wallclock_set(uint64_t utc, uint64_t at)
{
    domid_t from = 0;
    struct domain *d;

    WRITE_ONCE(wallclock_moved, utc + now_ns() - at - arch_wallclock_ns());
    while ( (d = domain_get_from(from)) != NULL )
    {
        from = (domid_t)(d->domain_id + 1);
        domain_wallclock_update(d);
        domain_put(d);
    }
}
