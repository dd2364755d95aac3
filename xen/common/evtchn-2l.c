/* SPDX-License-Identifier: MIT */
/*
 * The 2-level ABI: a pending and a mask bit for each port in the shared info
 * page, a selector bit for each word of 64 ports in the vcpu's info.
 *
 * Nothing here takes a lock: all of it is atomic operations on shared memory.
 * A guest that switches to the FIFO ABI while somebody sends is the one case
 * that needs care: the switch changes d->evtchn.abi and then collects the
 * pending bits; the sender sets its bit and then looks at the ABI.  Either the
 * switch finds the bit, or the sender finds the new ABI and carries it over.
 */
#include "evtchn-private.h"

#include <hv/lib.h>

_Static_assert(EVTCHN_2L_NR_CHANNELS == 4096, "64 words of 64 ports");

static bool in_bitmap(evtchn_port_t port)
{
    return port < EVTCHN_2L_NR_CHANNELS;
}

/* port is pending and not masked: tell whom it notifies. */
static void raise(struct domain *d, const struct evtchn *chn)
{
    struct vcpu *v = domain_vcpu(d, READ_ONCE(chn->vcpu));
    struct vcpu_info *info;

    if ( !v )
        return;
    info = READ_ONCE(v->info);
    if ( !test_and_set_bit(chn->port / 64, &info->evtchn_pending_sel) )
        evtchn_mark_upcall(v);
}

bool evtchn_2l_take_pending(struct domain *d, evtchn_port_t port)
{
    return test_and_clear_bit(port, d->shared->evtchn_pending);
}

static bool set_pending(struct domain *d, struct evtchn *chn)
{
    const struct evtchn_abi *abi;

    ASSERT(in_bitmap(chn->port));
    if ( test_and_set_bit(chn->port, d->shared->evtchn_pending) )
        return false;
    if ( !test_bit(chn->port, d->shared->evtchn_mask) )
        raise(d, chn);

    smp_mb();
    abi = load_acquire(&d->evtchn.abi);
    if ( unlikely(abi != &evtchn_abi_2l) &&
         evtchn_2l_take_pending(d, chn->port) )
        return abi->set_pending(d, chn);
    return true;
}

/* A port of the hypervisor may be beyond what this ABI can name. */
static void clear_pending(struct domain *d, struct evtchn *chn)
{
    if ( in_bitmap(chn->port) )
        clear_bit(chn->port, d->shared->evtchn_pending);
}

static void unmask(struct domain *d, struct evtchn *chn)
{
    if ( in_bitmap(chn->port) &&
         test_and_clear_bit(chn->port, d->shared->evtchn_mask) &&
         test_bit(chn->port, d->shared->evtchn_pending) )
        raise(d, chn);
}

static bool is_pending(struct domain *d, const struct evtchn *chn)
{
    return in_bitmap(chn->port) &&
           test_bit(chn->port, d->shared->evtchn_pending);
}

static bool is_busy(struct domain *d, const struct evtchn *chn)
{
    (void)d, (void)chn;
    return false;
}

static int set_priority(struct domain *d, struct evtchn *chn, uint32_t prio)
{
    (void)d, (void)chn, (void)prio;
    return -ENOSYS;
}

static void rescan(struct vcpu *v)
{
    WRITE_ONCE(v->info->evtchn_pending_sel, ~0UL);
}

const struct evtchn_abi evtchn_abi_2l = {
    .max_ports = EVTCHN_2L_NR_CHANNELS,
    .set_pending = set_pending,
    .clear_pending = clear_pending,
    .unmask = unmask,
    .is_pending = is_pending,
    .is_busy = is_busy,
    .set_priority = set_priority,
    .rescan = rescan,
};
