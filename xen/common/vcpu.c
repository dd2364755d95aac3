/* SPDX-License-Identifier: MIT */
/*
 * vcpus: creation and destruction.
 *
 * An entry of d->vcpu[] is set under d->lock, once its vcpu is complete, and
 * stays until the domain is freed: readers need no lock.
 */
#include <hv/array.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/heap.h>
#include <hv/lib.h>

#include <xen/sched.h>

static void singleshot_fired(void *data)
{
    evtchn_send_virq(data, VIRQ_TIMER);
}

static void poll_timed_out(void *data)
{
    vcpu_wake(data);
}

static void vcpu_init(struct vcpu *v, struct domain *d, unsigned int id)
{
    v->domain = d;
    v->vcpu_id = id;
    v->flags = VCPU_DOWN;
    memset(v->hard_affinity, 0xff, sizeof(v->hard_affinity));
    memset(v->soft_affinity, 0xff, sizeof(v->soft_affinity));
    v->info = id < XEN_LEGACY_MAX_VCPUS ? &d->shared->vcpu_info[id]
                                        : &v->own_info;
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = now_ns();
    spin_lock_init(&v->lock, LOCK_VCPU);
    timer_init(&v->singleshot, singleshot_fired, v);
    timer_init(&v->poll_timer, poll_timed_out, v);
}

int vcpu_create(struct domain *d, unsigned int id)
{
    struct vcpu *v, **slot;
    int rc;

    if ( id >= d->max_vcpus || domain_vcpu(d, id) )
        return -EINVAL;
    slot = &d->vcpu[array_index(id, d->max_vcpus)];

    v = new_object(struct vcpu);
    if ( !v )
        return -ENOMEM;
    vcpu_init(v, d, id);

    rc = arch_vcpu_create(v);
    if ( rc )
        goto free;
    rc = ioreq_vcpu_add(v);
    if ( rc )
        goto arch;

    spin_lock(&d->lock);
    if ( *slot || domain_is_dying(d) )
        rc = -EINVAL;
    else
        store_release(slot, v);
    spin_unlock(&d->lock);
    if ( !rc )
        return 0;

    ioreq_vcpu_remove(v);
 arch:
    arch_vcpu_destroy(v);
 free:
    spin_lock_destroy(&v->lock);
    hv_free(v);
    return rc;
}

void vcpu_destroy(struct vcpu *v)
{
    v->domain->vcpu[v->vcpu_id] = NULL;
    /* A hypercall in progress may have set timers after relinquish_vcpus(). */
    timer_stop(&v->singleshot);
    timer_stop(&v->poll_timer);
    evtchn_vcpu_destroy(v);
    arch_vcpu_destroy(v);
    spin_lock_destroy(&v->lock);
    hv_free(v);
}
