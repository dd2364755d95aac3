/* SPDX-License-Identifier: MIT */
/*
 * Power management: statistics of P-states and C-states, CPU frequencies.
 */
#include "private.h"

static int pmstat(xc_interface *xch, struct xen_sysctl *op, uint32_t type,
                  int cpuid, struct array *a, unsigned int nr)
{
    op->cmd = XEN_SYSCTL_get_pmstat;
    op->u.get_pmstat.type = type;
    op->u.get_pmstat.cpuid = cpuid;

    return sysctl_arrays(xch, op, a, nr);
}

int xc_pm_get_max_px(xc_interface *xch, int cpuid, int *max_px)
{
    struct xen_sysctl op = { 0 };
    int rc = pmstat(xch, &op, PMSTAT_get_max_px, cpuid, NULL, 0);

    if ( !rc )
        *max_px = op.u.get_pmstat.u.getpx.total;

    return rc;
}

int xc_pm_get_pxstat(xc_interface *xch, int cpuid, struct xc_px_stat *pxpt)
{
    struct xen_sysctl op = { 0 };
    struct pm_px_stat *px = &op.u.get_pmstat.u.getpx;
    int max, rc;

    if ( !pxpt->trans_pt || !pxpt->pt )
        return fail(EINVAL);
    rc = xc_pm_get_max_px(xch, cpuid, &max);
    if ( rc )
        return rc;

    struct array a[] = {
        ARRAY(px->trans_pt, pxpt->trans_pt,
              (size_t)max * max * sizeof(*pxpt->trans_pt), BOUNCE_OUT),
        ARRAY(px->pt, pxpt->pt, max * sizeof(*pxpt->pt), BOUNCE_OUT),
    };

    px->total = max;
    rc = pmstat(xch, &op, PMSTAT_get_pxstat, cpuid, a, 2);
    if ( rc )
        return rc;
    pxpt->total = px->total;
    pxpt->usable = px->usable;
    pxpt->last = px->last;
    pxpt->cur = px->cur;

    return 0;
}

int xc_pm_reset_pxstat(xc_interface *xch, int cpuid)
{
    struct xen_sysctl op = { 0 };

    return pmstat(xch, &op, PMSTAT_reset_pxstat, cpuid, NULL, 0);
}

int xc_pm_get_max_cx(xc_interface *xch, int cpuid, int *max_cx)
{
    struct xen_sysctl op = { 0 };
    int rc = pmstat(xch, &op, PMSTAT_get_max_cx, cpuid, NULL, 0);

    if ( !rc )
        *max_cx = op.u.get_pmstat.u.getcx.nr;

    return rc;
}

int xc_pm_get_cxstat(xc_interface *xch, int cpuid, struct xc_cx_stat *cxpt)
{
    struct xen_sysctl op = { 0 };
    struct pm_cx_stat *cx = &op.u.get_pmstat.u.getcx;
    struct array a[] = {
        ARRAY(cx->triggers, cxpt->triggers,
              cxpt->nr * sizeof(*cxpt->triggers), BOUNCE_OUT),
        ARRAY(cx->residencies, cxpt->residencies,
              cxpt->nr * sizeof(*cxpt->residencies), BOUNCE_OUT),
        ARRAY(cx->pc, cxpt->pc, cxpt->nr_pc * sizeof(*cxpt->pc), BOUNCE_OUT),
        ARRAY(cx->cc, cxpt->cc, cxpt->nr_cc * sizeof(*cxpt->cc), BOUNCE_OUT),
    };
    int rc;

    cx->nr = cxpt->nr;
    cx->nr_pc = cxpt->nr_pc;
    cx->nr_cc = cxpt->nr_cc;
    rc = pmstat(xch, &op, PMSTAT_get_cxstat, cpuid, a, 4);
    if ( rc )
        return rc;
    cxpt->nr = cx->nr;
    cxpt->last = cx->last;
    cxpt->idle_time = cx->idle_time;
    cxpt->nr_pc = cx->nr_pc;
    cxpt->nr_cc = cx->nr_cc;

    return 0;
}

int xc_pm_reset_cxstat(xc_interface *xch, int cpuid)
{
    struct xen_sysctl op = { 0 };

    return pmstat(xch, &op, PMSTAT_reset_cxstat, cpuid, NULL, 0);
}

/* --- frequencies --------------------------------------------------------- */

static int pm_op(xc_interface *xch, struct xen_sysctl_pm_op *arg)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_pm_op, .u.pm_op = *arg };
    int rc = do_sysctl(xch, &op);

    *arg = op.u.pm_op;

    return rc;
}

/* What the two structures have in common, but for the arrays. */
static void copy_para(struct xc_get_cpufreq_para *to,
                      const struct xen_get_cpufreq_para *from)
{
    to->cpuinfo_cur_freq = from->cpuinfo_cur_freq;
    to->cpuinfo_max_freq = from->cpuinfo_max_freq;
    to->cpuinfo_min_freq = from->cpuinfo_min_freq;
    to->scaling_cur_freq = from->scaling_cur_freq;
    to->scaling_max_freq = from->scaling_max_freq;
    to->scaling_min_freq = from->scaling_min_freq;
    to->turbo_enabled = from->turbo_enabled;
    memcpy(to->scaling_driver, from->scaling_driver, CPUFREQ_NAME_LEN);
    memcpy(to->scaling_governor, from->scaling_governor, CPUFREQ_NAME_LEN);
    memcpy(&to->u, &from->u, sizeof(to->u));
}

int xc_get_cpufreq_para(xc_interface *xch, int cpuid,
                        struct xc_get_cpufreq_para *user_para)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_pm_op,
        .u.pm_op = { .cmd = GET_CPUFREQ_PARA, .cpuid = cpuid },
    };
    struct xen_get_cpufreq_para *para = &op.u.pm_op.u.get_para;
    struct xc_get_cpufreq_para *user = user_para;
    bool arrays = user->cpu_num && user->freq_num && user->gov_num;
    struct array a[] = {
        ARRAY(para->affected_cpus, user->affected_cpus,
              user->cpu_num * sizeof(uint32_t), BOUNCE_BOTH),
        ARRAY(para->scaling_available_frequencies,
              user->scaling_available_frequencies,
              user->freq_num * sizeof(uint32_t), BOUNCE_BOTH),
        ARRAY(para->scaling_available_governors,
              user->scaling_available_governors,
              user->gov_num * CPUFREQ_NAME_LEN, BOUNCE_BOTH),
    };
    int rc;

    if ( arrays &&
         (!user->affected_cpus || !user->scaling_available_frequencies ||
          !user->scaling_available_governors) )
        return fail(EINVAL);

    para->cpu_num = user->cpu_num;
    para->freq_num = user->freq_num;
    para->gov_num = user->gov_num;
    rc = sysctl_arrays(xch, &op, a, arrays ? 3 : 0);
    if ( !rc )
        copy_para(user, para);
    else if ( errno == EAGAIN )
    {
        if ( !arrays )
        {
            user->cpu_num = para->cpu_num;
            user->freq_num = para->freq_num;
            user->gov_num = para->gov_num;
        }
        return -EAGAIN; /* ABI: also in the result */
    }

    return rc;
}

int xc_set_cpufreq_gov(xc_interface *xch, int cpuid, char *govname)
{
    struct xen_sysctl_pm_op op = { .cmd = SET_CPUFREQ_GOV, .cpuid = cpuid };

    if ( !govname )
        return fail(EINVAL);
    strncpy(op.u.set_gov.scaling_governor, govname, CPUFREQ_NAME_LEN - 1);

    return pm_op(xch, &op);
}

int xc_set_cpufreq_para(xc_interface *xch, int cpuid, int ctrl_type,
                        int ctrl_value)
{
    struct xen_sysctl_pm_op op = {
        .cmd = SET_CPUFREQ_PARA,
        .cpuid = cpuid,
        .u.set_para = { .ctrl_type = ctrl_type, .ctrl_value = ctrl_value },
    };

    return pm_op(xch, &op);
}

int xc_get_cpufreq_avgfreq(xc_interface *xch, int cpuid, int *avg_freq)
{
    struct xen_sysctl_pm_op op = { .cmd = GET_CPUFREQ_AVGFREQ, .cpuid = cpuid };
    int rc = pm_op(xch, &op);

    *avg_freq = op.u.get_avgfreq;

    return rc;
}

int xc_enable_turbo(xc_interface *xch, int cpuid)
{
    struct xen_sysctl_pm_op op = {
        .cmd = XEN_SYSCTL_pm_op_enable_turbo,
        .cpuid = cpuid,
    };

    return pm_op(xch, &op);
}

int xc_disable_turbo(xc_interface *xch, int cpuid)
{
    struct xen_sysctl_pm_op op = {
        .cmd = XEN_SYSCTL_pm_op_disable_turbo,
        .cpuid = cpuid,
    };

    return pm_op(xch, &op);
}

int xc_set_sched_opt_smt(xc_interface *xch, uint32_t value)
{
    struct xen_sysctl_pm_op op = {
        .cmd = XEN_SYSCTL_pm_op_set_sched_opt_smt,
        .u.set_sched_opt_smt = value,
    };

    return pm_op(xch, &op);
}

/* which: 0 the state, 1 the sub-state. */
static int get_max_cstate(xc_interface *xch, uint32_t *value, uint32_t which)
{
    struct xen_sysctl_pm_op op = {
        .cmd = XEN_SYSCTL_pm_op_get_max_cstate,
        .cpuid = which,
    };
    int rc = pm_op(xch, &op);

    *value = op.u.get_max_cstate;

    return rc;
}

static int set_max_cstate(xc_interface *xch, uint32_t value, uint32_t which)
{
    struct xen_sysctl_pm_op op = {
        .cmd = XEN_SYSCTL_pm_op_set_max_cstate,
        .cpuid = which,
        .u.set_max_cstate = value,
    };

    return pm_op(xch, &op);
}

int xc_get_cpuidle_max_cstate(xc_interface *xch, uint32_t *value)
{
    return get_max_cstate(xch, value, 0);
}

int xc_get_cpuidle_max_csubstate(xc_interface *xch, uint32_t *value)
{
    return get_max_cstate(xch, value, 1);
}

int xc_set_cpuidle_max_cstate(xc_interface *xch, uint32_t value)
{
    return set_max_cstate(xch, value, 0);
}

int xc_set_cpuidle_max_csubstate(xc_interface *xch, uint32_t value)
{
    return set_max_cstate(xch, value, 1);
}
