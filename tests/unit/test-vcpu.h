/* SPDX-License-Identifier: MIT */
/*
 * The bare machine's vcpu/ (run loop, scheduler, stop_machine, arch contract),
 * common/vcpu.c and common/vcpu-run.c as they are, in a process: what is below
 * them and beside them is here.  A thread becomes a CPU by be_this_cpu().  The
 * clock goes on when the test says so.
 */
#ifndef TEST_VCPU_H
#define TEST_VCPU_H

#include <asm/prctl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include <x86/processor.h>

/* What a test does in their place. */
static void test_wrmsr(uint32_t msr, uint64_t value);
static void test_irq_window(void);
static void test_irq_wait(void);
#define wrmsr test_wrmsr
#define irq_window test_irq_window
#define irq_wait test_irq_wait
#define sleep cpu_sleep
#define cpu_relax sched_yield /* threads share the real CPUs */

#include "../../xen/arch/x86/vcpu/share.c"
#include "../../xen/arch/x86/vcpu/runqueue.c"
#include "../../xen/arch/x86/vcpu/placement.c"
#include "../../xen/arch/x86/vcpu/sched.c"
#include "../../xen/arch/x86/vcpu/run.c"
#include "../../xen/arch/x86/vcpu/stop-machine.c"
#include "../../xen/arch/x86/vcpu/domain.c"
#include "../../xen/common/vcpu.c"
#include "../../xen/common/vcpu-run.c"

struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus;

/* Nothing is traced: test-trace does that. */
uint32_t trace_events;

void trace_record(enum oriel_trace_event event, unsigned int domid,
                  unsigned int vcpu, uint64_t a, uint32_t b, uint32_t c)
{
    (void)event, (void)domid, (void)vcpu, (void)a, (void)b, (void)c;
    abort();
}

void trace_put_reason(const struct vcpu *v, bool runnable)
{
    (void)v, (void)runnable;
    abort();
}

static uint64_t clock_now; /* [a] */

static void be_this_cpu(struct cpu *c)
{
    assert_int_equal(syscall(SYS_arch_prctl, ARCH_SET_GS, c), 0);
}

uint64_t now_ns(void)
{
    return READ_ONCE(clock_now);
}

/* ---- locks ---- */

static __thread const spinlock_t *held[4];

void spin_lock_init(spinlock_t *l, enum lock_level level)
{
    (void)level;
    memset(l, 0, sizeof(*l));
}

void spin_lock_destroy(spinlock_t *l)
{
    assert_int_equal(l->owner, 0);
}

void spin_lock(spinlock_t *l)
{
    unsigned int n = this_cpu()->nr_held;
    uint64_t nobody = 0;

    for ( unsigned int i = 0; i < n; i++ )
        assert_ptr_not_equal(held[i], l);
    assert_true(n < ARRAY_SIZE(held));
    while ( !atomic_cmpxchg(&l->owner, &nobody, 1) )
    {
        nobody = 0;
        sched_yield();
    }
    held[n] = l;
    this_cpu()->nr_held = n + 1;
}

void spin_unlock(spinlock_t *l)
{
    unsigned int i = this_cpu()->nr_held;

    while ( i && held[i - 1] != l )
        i--;
    assert_true(i);
    for ( ; i < this_cpu()->nr_held; i++ )
        held[i - 1] = held[i];
    this_cpu()->nr_held--;
    store_release(&l->owner, 0UL);
}

bool spin_is_mine(const spinlock_t *l)
{
    unsigned int n = this_cpu()->nr_held;

    return n && held[n - 1] == l;
}

/* What another CPU does before two locks are taken, once. */
static void (*meanwhile)(void);

/* In one order, whoever asks. */
void spin_lock_two(spinlock_t *a, spinlock_t *b)
{
    void (*fn)(void) = atomic_xchg(&meanwhile, NULL);

    if ( fn )
        fn();
    spin_lock(a < b ? a : b);
    if ( a != b )
        spin_lock(a < b ? b : a);
}

void spin_unlock_two(spinlock_t *a, spinlock_t *b)
{
    spin_unlock(a);
    if ( a != b )
        spin_unlock(b);
}

/* ---- the rest of the machine ---- */

void cpu_raise_softirq(struct cpu *c)
{
    WRITE_ONCE(c->softirq_pending, true);
}

struct vcpu *domain_vcpu(struct domain *d, unsigned int id)
{
    return id < d->max_vcpus ? load_acquire(&d->vcpu[id]) : NULL;
}

bool ioreq_in_flight(const struct vcpu *v)
{
    return READ_ONCE(v->io.pending);
}

bool ioreq_looks(const struct vcpu *v)
{
    return v->io.look.active;
}

void ioreq_look(struct vcpu *v)
{
    (void)v;
}

void *hv_zalloc(size_t bytes)
{
    return calloc(1, bytes);
}

void hv_free(void *p)
{
    free(p);
}

void timer_init(struct timer *t, void (*fn)(void *data), void *data)
{
    t->fn = fn;
    t->data = data;
}

unsigned int option_uint(const char *name, unsigned int other)
{
    (void)name;
    return other;
}

void printk(enum log_level level, const char *fmt, ...)
{
    (void)level, (void)fmt;
}

void panic(const char *fmt, ...)
{
    fail_msg("%s", fmt);
    abort();
}

/* What is not asked for here. */
void fpu_load(struct vcpu *v) { (void)v; }
void fpu_save(struct vcpu *v) { (void)v; }
int fpu_vcpu_create(struct vcpu *v) { return v ? 0 : -ENOMEM; }
void fpu_vcpu_destroy(struct vcpu *v) { (void)v; }
void vcpu_runstate_show(struct vcpu *v) { (void)v; }
void vcpu_time_update(struct vcpu *v) { (void)v; }
void timer_rearm(struct cpu *c) { (void)c; }
void timer_run(void) {}
void timer_stop(struct timer *t) { (void)t; }
void serial_wait(bool wait) { (void)wait; }
void serial_flush(void) {}
void c1e_off(void) {}
bool console_keys_typed;
void key_press_typed(void) {}
void heap_audit_refs(audit_count_t count) { (void)count; }
uint64_t ns_to_tsc(uint64_t ns) { return ns; }
void evtchn_vcpu_destroy(struct vcpu *v) { (void)v; }
void evtchn_send_virq(struct vcpu *v, unsigned int virq) { (void)v, (void)virq; }
int ioreq_vcpu_add(struct vcpu *v) { return v ? 0 : -EINVAL; }
void ioreq_vcpu_remove(struct vcpu *v) { (void)v; }

#endif
