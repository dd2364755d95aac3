/* SPDX-License-Identifier: MIT */
/*
 * Three CPUs: two vcpus of a PV guest and a control domain that maps the guest's
 * frames, all on few frames, so that types are taken and dropped at the same
 * time.  At the end all counts are recomputed.  Run under the thread sanitizer
 * as well: accesses of guests are atomic, as a processor's are.
 */
#include <pthread.h>

#include "fixture.h"

#include <hv/atomic.h>
#include <pv-mm/ops.h>
#include <pv-mm/pv-mm.h>
#include <x86/defns.h>

#define NR 10
#define ROUNDS 3000
#define VA (1UL << 39 | 1UL << 30 | 1UL << 21 | 2UL << 12)

static uint64_t tlb_time = 1, flushed_at;
static uint64_t m2p[FIXTURE_FRAMES];
static struct pv_frame frames[FIXTURE_FRAMES];

static uint64_t tlb_clock(void)
{
    return READ_ONCE(tlb_time);
}

static void flush_since(uint64_t stamp)
{
    if ( load_acquire(&flushed_at) <= stamp )
        store_release(&flushed_at, atomic_add_return(&tlb_time, 1));
}

static bool is_io(mfn_t mfn)
{
    return !mfn_valid(mfn);
}

static bool may_map_io(const struct domain *d, mfn_t mfn)
{
    (void)d, (void)mfn;
    return false;
}

static void fill_l4(uint64_t *l4)
{
    l4[PV_FIRST_HV_SLOT] = 0;
}

static void load(struct vcpu *v)
{
    (void)v;
}

static const struct pv_machine machine = {
    .tlb_clock = tlb_clock, .flush_since = flush_since, .is_io = is_io,
    .may_map_io = may_map_io, .fill_l4 = fill_l4, .load_root = load,
    .load_descriptors = load, .m2p = m2p, .frames = frames,
};

static bool has_pv; /* the domain that is being created */

static int domain_create_hook(struct domain *d)
{
    return has_pv ? pv_domain_create(d) : 0;
}

static void relinquish_hook(struct domain *d)
{
    while ( d->pv && pv_domain_relinquish(d) == -ERESTART )
        continue;
}

/* ---- what the CPUs do ---- */

struct cpu {
    struct vcpu *v;
    uint64_t seed;
    unsigned int done;
};

static uint64_t frame[NR];    /* the guest's */
static uint64_t of_control[NR];

static unsigned int roll(struct cpu *c, unsigned int n)
{
    c->seed = c->seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned int)(c->seed >> 33) % n;
}

static uint64_t roll_entry(struct cpu *c, const uint64_t *pool)
{
    return pool[roll(c, NR)] << PAGE_SHIFT | (roll(c, 4) ? PTE_P : 0) |
           (roll(c, 2) ? PTE_RW : 0);
}

/* Where the page may be mapped writable: tables that belong together. */
static void write_tree(struct cpu *c)
{
    unsigned int first = roll(c, NR);

    for ( unsigned int level = 1; level <= 4; level++ )
    {
        uint64_t mfn = frame[(first + level) % NR];
        struct page *pg = mfn_to_page(_mfn(mfn));
        uint64_t *word = page_to_virt(pg);

        if ( !pv_get_writable(pg) )
            continue;
        for ( unsigned int i = 0; i < 4; i++ )
            WRITE_ONCE(word[i], 0);
        WRITE_ONCE(word[1], frame[(first + level - 1) % NR] << PAGE_SHIFT |
                            PTE_P | (roll(c, 2) ? PTE_RW : 0));
        if ( level == 1 )
            WRITE_ONCE(word[2], mfn << PAGE_SHIFT | PTE_P);
        pv_put_writable(pg);
    }
}

static int write_instruction(struct cpu *c)
{
    static const char code[] = "\xf0\x80\x0f\x02"; /* lock or $2,(%rdi) */
    struct pv_regs r = { .rip = P(code) };

    r.gpr[7] = VA + 8 * roll(c, 3);
    return pv_emulate_pt_write(c->v, &r, r.gpr[7]) == PV_PT_DONE ? 0 : -EINVAL;
}

static int guest_operation(struct cpu *c)
{
    struct domain *d = c->v->domain;
    mfn_t mfn = _mfn(frame[roll(c, NR)]);
    uint64_t at = (mfn_x(mfn) << PAGE_SHIFT) + 8 * roll(c, 4);
    bool done;

    switch ( roll(c, 10) )
    {
    case 0:
        return pv_pin(d, mfn, 1 + roll(c, 4));
    case 1:
        return pv_unpin(d, mfn, &done);
    case 2:
        return pv_set_root(c->v, mfn, roll(c, 2), &done);
    case 3:
        return pv_set_gdt(c->v, (uint64_t *)&mfn, roll(c, 2));
    case 4:
        return pv_update_descriptor(d, at, 0x00affb000000ffffUL);
    case 5:
        return write_instruction(c);
    case 6:
        return pv_update_va(c->v, VA, roll_entry(c, frame), d, 0);
    case 7:
        write_tree(c);
        return 0;
    default:
        return pv_update(d, at, roll_entry(c, frame), d, 0, &done);
    }
}

/* An L1 table of its own maps the guest's frames. */
static int control_operation(struct cpu *c)
{
    struct domain *d = c->v->domain;
    struct domain *guest = mfn_to_page(_mfn(frame[0]))->owner;
    bool done;

    return pv_update(d, (of_control[0] << PAGE_SHIFT) + 8 * roll(c, 6),
                     roll_entry(c, frame), guest, 0, &done);
}

static void *run(void *arg)
{
    struct cpu *c = arg;

    fixture_be(c->v);
    for ( unsigned int i = 0; i < ROUNDS; i++ )
        c->done += !(c->v->domain->is_privileged ? control_operation(c)
                                                 : guest_operation(c));
    return NULL;
}

static struct domain *make(bool privileged, uint64_t *pool)
{
    struct xen_domctl_createdomain config = fixture_config(2);
    struct domain *d = NULL;

    config.flags = 0;
    config.arch.emulation_flags = 0;
    has_pv = true;
    assert_int_equal(domain_create(DOMID_INVALID, &config, privileged, &d), 0);
    has_pv = false;
    d->max_pages = NR;
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(vcpu_create(d, i), 0);
    for ( unsigned int i = 0; i < NR; i++ )
    {
        struct page *pg = pv_alloc(d, 0);

        assert_non_null(pg);
        pool[i] = mfn_x(page_to_mfn(pg));
    }
    return d;
}

static void test_three_cpus(void **state)
{
    struct domain *d = make(false, frame), *control = make(true, of_control);
    struct cpu cpu[3] = { { domain_vcpu(d, 0), 1, 0 },
                          { domain_vcpu(d, 1), 2, 0 },
                          { domain_vcpu(control, 0), 3, 0 } };
    pthread_t thread[3];

    (void)state;
    while ( pv_pin(control, _mfn(of_control[0]), 1) )
        continue;
    hosted_preempt_every(5);
    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(pthread_create(&thread[i], NULL, run, &cpu[i]), 0);
    for ( unsigned int i = 0; i < 3; i++ )
        pthread_join(thread[i], NULL);
    hosted_preempt_every(0);
    for ( unsigned int i = 0; i < 3; i++ )
        assert_true(cpu[i].done > ROUNDS / 20);
    assert_int_equal(audit_all(), 0);
    fixture_kill(d);
    assert_int_equal(audit_all(), 0);
    fixture_kill(control);
}

static int setup(void **state)
{
    hosted_hooks.domain_create = domain_create_hook;
    hosted_hooks.domain_relinquish = relinquish_hook;
    hosted_hooks.domain_destroy = pv_domain_destroy;
    memset(m2p, 0xff, sizeof(m2p)); /* PV_M2P_NONE */
    memset(frames, 0, sizeof(frames));
    pv_mm_init(&machine);
    return fixture_setup(state);
}

static int teardown(void **state)
{
    hosted_hooks = (struct hosted_hooks){ 0 };
    pv_mm_exit();
    return fixture_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_three_cpus, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
