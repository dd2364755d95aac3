/* SPDX-License-Identifier: MIT */
/*
 * Parameters of schedulers: of a domain, of its vcpus, of a CPU pool.
 */
#include "private.h"

static int domain_op(xc_interface *xch, uint32_t domid,
                     struct xen_domctl_scheduler_op *arg)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_scheduler_op,
        .domain = domid16(domid),
        .u.scheduler_op = *arg,
    };
    int rc = do_domctl(xch, &op);

    *arg = op.u.scheduler_op;

    return rc;
}

static int pool_op(xc_interface *xch, struct xen_sysctl_scheduler_op *arg)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_scheduler_op,
        .u.scheduler_op = *arg,
    };
    int rc = do_sysctl(xch, &op);

    *arg = op.u.scheduler_op;

    return rc;
}

/* set and get of a scheduler whose parameters are the member .u.field. */
#define DOMAIN_PARAMS(name, ID, type, field)                                   \
    int xc_sched_##name##_domain_set(xc_interface *xch, uint32_t domid,        \
                                     struct type *sdom)                        \
    {                                                                          \
        struct xen_domctl_scheduler_op op = {                                  \
            .sched_id = ID,                                                    \
            .cmd = XEN_DOMCTL_SCHEDOP_putinfo,                                 \
            .u.field = *sdom,                                                  \
        };                                                                     \
                                                                               \
        return domain_op(xch, domid, &op) ? -1 : 0;                            \
    }                                                                          \
                                                                               \
    int xc_sched_##name##_domain_get(xc_interface *xch, uint32_t domid,        \
                                     struct type *sdom)                        \
    {                                                                          \
        struct xen_domctl_scheduler_op op = {                                  \
            .sched_id = ID,                                                    \
            .cmd = XEN_DOMCTL_SCHEDOP_getinfo,                                 \
        };                                                                     \
                                                                               \
        if ( domain_op(xch, domid, &op) )                                      \
            return -1;                                                         \
        *sdom = op.u.field;                                                    \
                                                                               \
        return 0;                                                              \
    }

DOMAIN_PARAMS(credit, XEN_SCHEDULER_CREDIT, xen_domctl_sched_credit, credit)
DOMAIN_PARAMS(credit2, XEN_SCHEDULER_CREDIT2, xen_domctl_sched_credit2,
              credit2)

/* ABI: 4.17 does not pass the flags on. */
int xc_sched_rtds_domain_set(xc_interface *xch, uint32_t domid,
                             struct xen_domctl_sched_rtds *sdom)
{
    struct xen_domctl_scheduler_op op = {
        .sched_id = XEN_SCHEDULER_RTDS,
        .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
        .u.rtds = { .period = sdom->period, .budget = sdom->budget },
    };

    return domain_op(xch, domid, &op);
}

int xc_sched_rtds_domain_get(xc_interface *xch, uint32_t domid,
                             struct xen_domctl_sched_rtds *sdom)
{
    struct xen_domctl_scheduler_op op = {
        .sched_id = XEN_SCHEDULER_RTDS,
        .cmd = XEN_DOMCTL_SCHEDOP_getinfo,
    };
    int rc = domain_op(xch, domid, &op);

    if ( !rc )
        *sdom = op.u.rtds;

    return rc;
}

/* The same for a pool; both write back what the scheduler uses. */
#define POOL_PARAMS(name, ID, type, field)                                     \
    static int name##_params(xc_interface *xch, uint32_t cpupool_id,           \
                             uint32_t cmd, struct type *schedule)              \
    {                                                                          \
        struct xen_sysctl_scheduler_op op = {                                  \
            .cpupool_id = cpupool_id,                                          \
            .sched_id = ID,                                                    \
            .cmd = cmd,                                                        \
        };                                                                     \
                                                                               \
        if ( cmd == XEN_SYSCTL_SCHEDOP_putinfo )                               \
            op.u.field = *schedule;                                            \
        if ( pool_op(xch, &op) )                                               \
            return -1;                                                         \
        *schedule = op.u.field;                                                \
                                                                               \
        return 0;                                                              \
    }                                                                          \
                                                                               \
    int xc_sched_##name##_params_set(xc_interface *xch, uint32_t cpupool_id,   \
                                     struct type *schedule)                    \
    {                                                                          \
        return name##_params(xch, cpupool_id, XEN_SYSCTL_SCHEDOP_putinfo,      \
                             schedule);                                        \
    }                                                                          \
                                                                               \
    int xc_sched_##name##_params_get(xc_interface *xch, uint32_t cpupool_id,   \
                                     struct type *schedule)                    \
    {                                                                          \
        return name##_params(xch, cpupool_id, XEN_SYSCTL_SCHEDOP_getinfo,      \
                             schedule);                                        \
    }

POOL_PARAMS(credit, XEN_SCHEDULER_CREDIT, xen_sysctl_credit_schedule,
            sched_credit)
POOL_PARAMS(credit2, XEN_SCHEDULER_CREDIT2, xen_sysctl_credit2_schedule,
            sched_credit2)

static int rtds_vcpu(xc_interface *xch, uint32_t domid, uint32_t cmd,
                     struct xen_domctl_schedparam_vcpu *vcpus, uint32_t nr,
                     unsigned int way)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_scheduler_op,
        .domain = domid16(domid),
        .u.scheduler_op = {
            .sched_id = XEN_SCHEDULER_RTDS,
            .cmd = cmd,
            .u.v.nr_vcpus = nr,
        },
    };
    struct array a =
        ARRAY(op.u.scheduler_op.u.v.vcpus, vcpus, nr * sizeof(*vcpus), way);

    return domctl_arrays(xch, &op, &a, 1);
}

int xc_sched_rtds_vcpu_set(xc_interface *xch, uint32_t domid,
                           struct xen_domctl_schedparam_vcpu *vcpus,
                           uint32_t num_vcpus)
{
    return rtds_vcpu(xch, domid, XEN_DOMCTL_SCHEDOP_putvcpuinfo, vcpus,
                     num_vcpus, BOUNCE_IN);
}

int xc_sched_rtds_vcpu_get(xc_interface *xch, uint32_t domid,
                           struct xen_domctl_schedparam_vcpu *vcpus,
                           uint32_t num_vcpus)
{
    return rtds_vcpu(xch, domid, XEN_DOMCTL_SCHEDOP_getvcpuinfo, vcpus,
                     num_vcpus, BOUNCE_BOTH);
}

static int arinc653_schedule(xc_interface *xch, uint32_t cpupool_id,
                             uint32_t cmd,
                             struct xen_sysctl_arinc653_schedule *schedule,
                             unsigned int way)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_scheduler_op,
        .u.scheduler_op = {
            .cpupool_id = cpupool_id,
            .sched_id = XEN_SCHEDULER_ARINC653,
            .cmd = cmd,
        },
    };
    struct array a = ARRAY(op.u.scheduler_op.u.sched_arinc653.schedule,
                           schedule, sizeof(*schedule), way);

    return sysctl_arrays(xch, &op, &a, 1);
}

int xc_sched_arinc653_schedule_set(
    xc_interface *xch, uint32_t cpupool_id,
    struct xen_sysctl_arinc653_schedule *schedule)
{
    return arinc653_schedule(xch, cpupool_id, XEN_SYSCTL_SCHEDOP_putinfo,
                             schedule, BOUNCE_IN);
}

int xc_sched_arinc653_schedule_get(
    xc_interface *xch, uint32_t cpupool_id,
    struct xen_sysctl_arinc653_schedule *schedule)
{
    return arinc653_schedule(xch, cpupool_id, XEN_SYSCTL_SCHEDOP_getinfo,
                             schedule, BOUNCE_OUT);
}
