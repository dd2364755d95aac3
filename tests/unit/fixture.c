/* SPDX-License-Identifier: MIT */
/* A hosted machine for one test: see fixture.h. */
#include "fixture.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "../limit.h"

#include <hv/grant.h>
#include <hv/page.h>

struct domain *dom0;

struct xen_domctl_createdomain fixture_config(unsigned int max_vcpus)
{
    return (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = max_vcpus,
        .max_evtchn_port = -1,
        .max_grant_frames = 64,
        .max_maptrack_frames = 64,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
}

struct domain *fixture_guest_config(const struct xen_domctl_createdomain *config)
{
    struct domain *d = NULL;

    assert_int_equal(domain_create(DOMID_INVALID, config, false, &d), 0);
    d->max_pages = UINT64_MAX;
    for ( unsigned int i = 0; i < config->max_vcpus; i++ )
        assert_int_equal(vcpu_create(d, i), 0);
    return d;
}

struct domain *fixture_guest(unsigned int max_vcpus)
{
    struct xen_domctl_createdomain config = fixture_config(max_vcpus);

    return fixture_guest_config(&config);
}

struct domain *fixture_pvh_dom0(void)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d = NULL;

    assert_int_equal(domain_create(DOMID_INVALID, &config, true, &d), 0);
    assert_int_equal(vcpu_create(d, 0), 0);
    return d;
}

int fixture_setup(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    (void)state;
    config.flags = 0;
    if ( hosted_init(FIXTURE_FRAMES) )
        return -1;
    if ( domain_create(0, &config, true, &dom0) )
        return -1;
    if ( vcpu_create(dom0, 0) )
        return -1;
    fixture_be_dom(dom0);
    return 0;
}

int fixture_teardown(void **state)
{
    unsigned int findings, left;

    (void)state;
    hosted_fail_alloc(0);
    hosted_preempt_every(0);
    findings = audit_all();
    left = hosted_exit();
    if ( findings || left )
        printf("teardown: %u audit findings, %u kinds left over\n", findings,
               left);
    return findings || left ? -1 : 0;
}

void fixture_populate(struct domain *d, uint64_t gfn, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        struct page *pg = page_alloc(d, 0, 0);

        assert_non_null(pg);
        assert_int_equal(p2m_set(d, _gfn(gfn + i), page_to_mfn(pg),
                                 P2M_RAM_RW), 0);
    }
}

void *fixture_gfn_to_virt(struct domain *d, uint64_t gfn)
{
    struct p2m_entry e = p2m_lookup(d, _gfn(gfn));

    return mfn_valid(e.mfn) ? arch_mfn_to_virt(e.mfn) : NULL;
}

void fixture_kill(struct domain *d)
{
    int rc;

    do
        rc = domain_kill(d);
    while ( rc == -ERESTART );
    assert_int_equal(rc, 0);
}

void fixture_be(struct vcpu *v)
{
    hosted_enter((struct hosted_context){ .v = v, .access = ACCESS_LOCAL });
}

void fixture_be_dom(struct domain *d)
{
    fixture_be(domain_vcpu(d, 0));
}

long hcall(unsigned int nr, unsigned long a0, unsigned long a1,
           unsigned long a2, unsigned long a3, unsigned long a4)
{
    struct hypercall hc = { nr, { a0, a1, a2, a3, a4, 0 } };

    return hypercall_run(&hc);
}

void fixture_wait(struct fixture_wait *w, const char *what)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if ( !w->end )
        w->end = now.tv_sec + limit_seconds(WAIT_LIMIT);
    if ( now.tv_sec >= w->end )
    {
        printf("timeout: not within %u s: %s\n", limit_seconds(WAIT_LIMIT),
               what);
        fflush(stdout);
        _exit(TIMEOUT_STATUS);
    }
    sched_yield();
}

long memory_op(unsigned int op, void *arg)
{
    return hcall(__HYPERVISOR_memory_op, op, P(arg), 0, 0, 0);
}

long evtchn_op(unsigned int op, void *arg)
{
    return hcall(__HYPERVISOR_event_channel_op, op, P(arg), 0, 0, 0);
}

long grant_op(unsigned int op, void *arg, unsigned int count)
{
    return hcall(__HYPERVISOR_grant_table_op, op, P(arg), count, 0, 0);
}

void fixture_audit(void)
{
    assert_int_equal(audit_all(), 0);
}

void fixture_each_alloc_failure(long (*op)(void *arg), void *arg, long want)
{
    for ( unsigned int nth = 1;; nth++ )
    {
        uint64_t frames = page_nr_free(), objects = hosted_heap_objects();
        bool failed;
        long rc;

        assert_true(nth < 10000);
        hosted_fail_alloc(nth);
        rc = op(arg);
        failed = hosted_alloc_failed();
        hosted_fail_alloc(0);
        if ( !failed )
        {
            assert_true(rc >= 0);
            break;
        }
        if ( want )
            assert_int_equal(rc, want);
        else
            assert_true(rc < 0);
        fixture_audit();
        assert_int_equal(page_nr_free(), frames);
        assert_int_equal(hosted_heap_objects(), objects);
    }
}
