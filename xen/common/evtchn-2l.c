/* SPDX-License-Identifier: MIT */
/*
 * The 2-level ABI: a pending and a mask bit for each port in the shared info
 * page, a selector bit for each word of ports in the vcpu's info.  Words have 64
 * bits, or 32 bits in a domain whose shared info has the 32-bit layout: the
 * same functions, compiled for each.
 *
 * Nothing here takes a lock: all of it is atomic operations on shared memory.
 * A guest that switches to the FIFO ABI while another domain sends is the one
 * case that needs care: the switch changes d->evtchn.abi and then collects the
 * pending bits; the sender sets its bit and then looks at the ABI.  Either the
 * switch finds the bit, or the sender finds the new ABI and carries it over.
 * The same look carries an event over a change of the layout.
 */
#include "evtchn-private.h"

#include <hv/compat.h>
#include <hv/lib.h>

#define INLINE static inline __attribute__((always_inline))

_Static_assert(EVTCHN_2L_NR_CHANNELS == 4096, "64 words of 64 ports");
_Static_assert(COMPAT_2L_CHANNELS == 1024, "32 words of 32 ports");

INLINE bool in_bitmap(evtchn_port_t port, bool is_32)
{
    return port < (is_32 ? COMPAT_2L_CHANNELS : EVTCHN_2L_NR_CHANNELS);
}

/* An array of bits is the same, whatever the width of its words. */
INLINE uint64_t *mask_of(const struct domain *d, bool is_32)
{
    return is_32 ? (void *)((char *)d->shared +
                            offsetof(struct compat_shared_info, evtchn_mask))
                 : d->shared->evtchn_mask;
}
_Static_assert(offsetof(struct compat_shared_info, evtchn_mask) % 8 == 0,
               "changed by 64-bit operations");

/* port is pending and not masked: tell the vcpu that it notifies. */
INLINE void raise(struct domain *d, const struct evtchn *chn, bool is_32)
{
    struct vcpu *v = domain_vcpu(d, READ_ONCE(chn->vcpu));
    vcpu_info_ref_t *info;
    bool was_set;

    if ( !v )
        return;
    info = READ_ONCE(v->info);
    if ( is_32 )
    {
        struct compat_vcpu_info *info_32 = (void *)info;
        uint32_t bit = 1U << chn->port / COMPAT_WORD_BITS;

        was_set = atomic_fetch_or(&info_32->evtchn_pending_sel, bit) & bit;
    }
    else
        was_set = test_and_set_bit(chn->port / 64, &info->evtchn_pending_sel);
    if ( !was_set )
        evtchn_mark_upcall(v);
}

bool evtchn_2l_take_pending(struct domain *d, evtchn_port_t port)
{
    return test_and_clear_bit(port, d->shared->evtchn_pending);
}

INLINE bool set_pending(struct domain *d, struct evtchn *chn, bool is_32,
                        const struct evtchn_abi *self)
{
    const struct evtchn_abi *abi;

    /* A port that was opened when the layout was the other one. */
    if ( is_32 && !in_bitmap(chn->port, is_32) )
        return false;
    ASSERT(in_bitmap(chn->port, is_32));
    if ( test_and_set_bit(chn->port, d->shared->evtchn_pending) )
        return false;
    if ( !test_bit(chn->port, mask_of(d, is_32)) )
        raise(d, chn, is_32);

    smp_mb();
    abi = load_acquire(&d->evtchn.abi);
    if ( unlikely(abi != self) && evtchn_2l_take_pending(d, chn->port) )
        return abi->set_pending(d, chn);
    return true;
}

/* A port of the hypervisor may be beyond what this ABI can name. */
INLINE void clear_pending(struct domain *d, const struct evtchn *chn,
                          bool is_32)
{
    if ( in_bitmap(chn->port, is_32) )
        clear_bit(chn->port, d->shared->evtchn_pending);
}

INLINE void unmask(struct domain *d, const struct evtchn *chn, bool is_32)
{
    if ( in_bitmap(chn->port, is_32) &&
         test_and_clear_bit(chn->port, mask_of(d, is_32)) &&
         test_bit(chn->port, d->shared->evtchn_pending) )
        raise(d, chn, is_32);
}

INLINE bool is_pending(const struct domain *d, const struct evtchn *chn,
                       bool is_32)
{
    return in_bitmap(chn->port, is_32) &&
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

static void rescan_64(struct vcpu *v)
{
    WRITE_ONCE(v->info->evtchn_pending_sel, ~0UL);
}

static void rescan_32(struct vcpu *v)
{
    struct compat_vcpu_info *info = (void *)v->info;

    WRITE_ONCE(info->evtchn_pending_sel, ~0U);
}

#define ABI(abi, width, is_32)                                               \
    static bool set_pending_##width(struct domain *d, struct evtchn *chn)    \
    {                                                                        \
        return set_pending(d, chn, is_32, &abi);                             \
    }                                                                        \
    static void clear_pending_##width(struct domain *d, struct evtchn *chn)  \
    {                                                                        \
        clear_pending(d, chn, is_32);                                        \
    }                                                                        \
    static void unmask_##width(struct domain *d, struct evtchn *chn)         \
    {                                                                        \
        unmask(d, chn, is_32);                                               \
    }                                                                        \
    static bool is_pending_##width(struct domain *d,                         \
                                   const struct evtchn *chn)                 \
    {                                                                        \
        return is_pending(d, chn, is_32);                                    \
    }                                                                        \
    const struct evtchn_abi abi = {                                          \
        .max_ports = is_32 ? COMPAT_2L_CHANNELS : EVTCHN_2L_NR_CHANNELS,     \
        .set_pending = set_pending_##width,                                  \
        .clear_pending = clear_pending_##width,                              \
        .unmask = unmask_##width,                                            \
        .is_pending = is_pending_##width,                                    \
        .is_busy = is_busy,                                                  \
        .set_priority = set_priority,                                        \
        .rescan = rescan_##width,                                            \
    };
ABI(evtchn_abi_2l, 64, false)
ABI(evtchn_abi_2l_32, 32, true)

/* ---- which of them ---- */

const struct evtchn_abi *evtchn_2l_of(const struct domain *d)
{
    return READ_ONCE(d->shared_32) ? &evtchn_abi_2l_32 : &evtchn_abi_2l;
}

void evtchn_set_layout(struct domain *d, bool is_32)
{
    struct evtchn_domain *e = &d->evtchn;

    spin_lock(&e->lock);
    WRITE_ONCE(d->shared_32, is_32);
    if ( e->abi != &evtchn_abi_fifo )
        store_release(&e->abi, evtchn_2l_of(d));
    spin_unlock(&e->lock);
}
