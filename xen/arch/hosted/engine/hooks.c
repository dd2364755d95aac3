/* SPDX-License-Identifier: MIT */
/* The machine's hooks for domains, vcpus, contexts and guest memory. */
#include <errno.h>

#include "engine-private.h"

#include <hv/cpu-policy.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

static int vcpu_create_hook(struct vcpu *v)
{
    struct hosted_vcpu *h;

    if ( !v->domain->translated )
        return 0;
    h = new_object(struct hosted_vcpu);
    if ( !h )
        return -ENOMEM;
    h->v = v;
    h->h = v->domain->arch.h;
    h->kick_fd = -1;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->out, NULL);
    v->arch.h = h;
    return 0;
}

static void vcpu_destroy_hook(struct vcpu *v)
{
    struct hosted_vcpu *h = v->arch.h;

    if ( !h )
        return;
    engine_vcpu_stop(h);
    if ( h->uc )
        uc_close(h->uc);
    regions_free(&h->mapped);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->out);
    v->arch.h = NULL;
    hv_free(h);
}

static int domain_create_hook(struct domain *d)
{
    struct hosted_domain *h;
    int rc;

    if ( !d->translated )
        return 0;
    h = new_object(struct hosted_domain);
    if ( !h )
        return -ENOMEM;
    h->domain = d;
    h->generation = 1;
    rc = space_create(h);
    if ( rc )
    {
        hv_free(h);
        return rc;
    }
    turns_init(&h->turns, 1);
    d->arch.h = h;
    return 0;
}

static void domain_relinquish_hook(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && v->arch.h )
            engine_vcpu_stop(v->arch.h);
    }
    if ( d->arch.h )
        space_close(d->arch.h);
}

static void domain_destroy_hook(struct domain *d)
{
    struct hosted_domain *h = d->arch.h;

    if ( !h )
        return;
    space_destroy(h);
    turns_destroy(&h->turns);
    d->arch.h = NULL;
    hv_free(h);
}

static void p2m_flush_hook(struct domain *d, gfn_t gfn, uint64_t nr)
{
    struct hosted_domain *h = d->arch.h;

    if ( !h )
        return;
    space_flush(h, gfn, nr);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && v != arch_current() )
            engine_kick(v);
    }
}

static int set_context_hook(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    struct hosted_vcpu *h = v->arch.h;
    int rc = context_check(ctx);

    if ( rc || !h )
        return rc;
    pthread_mutex_lock(&h->lock);
    if ( h->active ) /* a vcpu that is paused or down is leaving its engine */
        rc = -ERESTART;
    else if ( h->in_access || h->terminate )
        rc = -EBUSY;
    else if ( !h->started )
        rc = engine_start_locked(h);
    if ( !rc )
    {
        h->context = *ctx;
        h->new_context = true;
    }
    pthread_mutex_unlock(&h->lock);
    return rc;
}

static void get_context_hook(struct vcpu *v, struct hvm_hw_cpu *ctx)
{
    struct hosted_vcpu *h = v->arch.h;
    bool pending;

    if ( !h )
        return;
    pthread_mutex_lock(&h->lock);
    pending = h->new_context;
    if ( pending )
        *ctx = h->context;
    pthread_mutex_unlock(&h->lock);
    if ( !pending && h->uc )
        context_store(h, ctx);
}

static int guest_copy_hook(struct vcpu *v, uint64_t va, void *buf,
                           size_t bytes, bool write)
{
    return guest_virt_copy(v->arch.h, va, buf, bytes, write);
}

void engine_hooks(struct hosted_hooks *hooks)
{
    struct cpu_info info;

    arch_cpu_info(&info);
    turns_init(&machine_turns, info.nr_cpus);
    hooks->cpu_idle_ns = engine_cpu_idle_ns;
    hosted_guest_copy = guest_copy_hook;
    hooks->kick = engine_kick;
    hooks->sync = engine_sync;
    hooks->domain_create = domain_create_hook;
    hooks->domain_relinquish = domain_relinquish_hook;
    hooks->domain_destroy = domain_destroy_hook;
    hooks->vcpu_create = vcpu_create_hook;
    hooks->vcpu_destroy = vcpu_destroy_hook;
    hooks->set_context = set_context_hook;
    hooks->get_context = get_context_hook;
    hooks->p2m_flush = p2m_flush_hook;
}
