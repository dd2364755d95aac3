/* SPDX-License-Identifier: MIT */
/*
 * check-calls: calls about the host.
 */
#include "check-calls.h"

static void trace_calls(xc_interface *x)
{
    DECLARE_HYPERCALL_BUFFER(xc_perfc_desc_t, desc);
    DECLARE_HYPERCALL_BUFFER(xc_perfc_val_t, val);
    DECLARE_HYPERCALL_BUFFER(xc_lockprof_data_t, locks);
    long rc;

    if ( !now->no_buffer ) /* 4.17 answers success */
        CALL(xc_tbuf_enable, x, 16, &out.ul[0], &out.ul[1]);
    CALL(xc_tbuf_disable, x);
    CALL(xc_tbuf_set_size, x, 16);
    CALL(xc_tbuf_get_size, x, &out.ul[0]);
    CALL(xc_tbuf_set_cpu_mask, x, in.bytes);
    CALL(xc_tbuf_set_evt_mask, x, 0x1f000);
    CALL(xc_perfc_reset, x);
    CALL(xc_perfc_query_number, x, &out.i[0], &out.i[1]);
    CALL(xc_perfc_query_number, x, NULL, NULL);
    CALL(xc_lockprof_reset, x);
    CALL(xc_lockprof_query_number, x, &out.u32[0]);

    if ( now->no_buffer )
        return;
    reset();
    desc = xc_hypercall_buffer_alloc(x, desc, 96);
    val = xc_hypercall_buffer_alloc(x, val, 16);
    if ( !desc || !val )
        abort();
    wipe_stack();
    rc = xc_perfc_query(x, HYPERCALL_BUFFER(desc), HYPERCALL_BUFFER(val));
    xc_hypercall_buffer_free(x, desc);
    xc_hypercall_buffer_free(x, val);
    result("xc_perfc_query", rc);

    /* The time is not compared: 4.17 leaves it unset. */
    reset();
    locks = xc_hypercall_buffer_alloc(x, locks, 160);
    if ( !locks )
        abort();
    wipe_stack();
    rc = xc_lockprof_query(x, &out.u32[0], &(uint64_t){ 0 },
                           HYPERCALL_BUFFER(locks));
    xc_hypercall_buffer_free(x, locks);
    result("xc_lockprof_query", rc);
}

static void power_calls(xc_interface *x)
{
    CALL(xc_set_cpufreq_gov, x, 1, (char *)"ondemand");
    CALL(xc_set_cpufreq_gov, x, 1, (char *)"a name that is much too long");
    CALL(xc_set_cpufreq_gov, x, 1, NULL);
    CALL(xc_set_cpufreq_para, x, 1, SCALING_MAX_FREQ, 2000000);
    CALL(xc_get_cpufreq_avgfreq, x, 1, &out.i[0]);
    CALL(xc_enable_turbo, x, 1);
    CALL(xc_disable_turbo, x, 1);
    CALL(xc_set_sched_opt_smt, x, 1);
    CALL(xc_get_cpuidle_max_cstate, x, &out.u32[0]);
    CALL(xc_set_cpuidle_max_cstate, x, 2);
    CALL(xc_get_cpuidle_max_csubstate, x, &out.u32[0]);
    CALL(xc_set_cpuidle_max_csubstate, x, 2);
}

static void pm_calls(xc_interface *x)
{
    static uint64_t trans[256 * 256], numbers[4][64];
    static struct xc_px_val px[256];
    static struct xc_px_stat pxstat;
    static struct xc_cx_stat cxstat;
    static uint32_t cpus[64], freqs[64];
    static char governors[1024];
    static struct xc_get_cpufreq_para para;

    CALL(xc_pm_get_max_px, x, 1, &out.i[0]);
    CALL(xc_pm_reset_pxstat, x, 1);
    CALL(xc_pm_get_max_cx, x, 1, &out.i[0]);
    CALL(xc_pm_reset_cxstat, x, 1);
    power_calls(x);
    if ( now->no_buffer ) /* 4.17 answers success */
        return;
    CALL_WITH((pxstat = (struct xc_px_stat){ .trans_pt = trans, .pt = px },
               memset(trans, 0, sizeof(trans)), memset(px, 0, sizeof(px))),
              xc_pm_get_pxstat,
              printf("px %u %u %u %u %lx %lx\n", pxstat.total, pxstat.usable,
                     pxstat.last, pxstat.cur, trans[0], px[0].freq),
              x, 1, &pxstat);
    CALL_WITH((pxstat = (struct xc_px_stat){ .trans_pt = NULL, .pt = px }),
              xc_pm_get_pxstat, , x, 1, &pxstat);
    CALL_WITH((pxstat = (struct xc_px_stat){ .trans_pt = trans }),
              xc_pm_get_pxstat, , x, 1, &pxstat);
    CALL_WITH((cxstat = (struct xc_cx_stat){ .nr = 3, .nr_pc = 2, .nr_cc = 1,
                                             .triggers = numbers[0],
                                             .residencies = numbers[1],
                                             .pc = numbers[2],
                                             .cc = numbers[3] },
               memset(numbers, 0x77, sizeof(numbers))),
              xc_pm_get_cxstat,
              printf("cx %u %u %lu %u %u %lx %lx %lx %lx\n", cxstat.nr,
                     cxstat.last, cxstat.idle_time, cxstat.nr_pc,
                     cxstat.nr_cc, numbers[0][1], numbers[1][1],
                     numbers[2][1], numbers[3][0]),
              x, 1, &cxstat);
    CALL_WITH((cxstat = (struct xc_cx_stat){ .nr = 3,
                                             .triggers = numbers[0],
                                             .residencies = numbers[1] }),
              xc_pm_get_cxstat, , x, 1, &cxstat);
    for ( int full = 0; full < 2; full++ )
        CALL_WITH((para = (struct xc_get_cpufreq_para){
                       .cpu_num = 2 * full, .freq_num = 3 * full,
                       .gov_num = 2 * full,
                       .affected_cpus = full ? cpus : NULL,
                       .scaling_available_frequencies = full ? freqs : NULL,
                       .scaling_available_governors = full ? governors
                                                           : NULL }),
                  xc_get_cpufreq_para,
                  printf("para %u %u %u %.16s %u %u %u %u %.16s %u %u %u %d "
                         "%x %x %x\n",
                         para.cpu_num, para.freq_num, para.gov_num,
                         para.scaling_driver, para.cpuinfo_cur_freq,
                         para.cpuinfo_max_freq, para.cpuinfo_min_freq,
                         para.scaling_cur_freq, para.scaling_governor,
                         para.scaling_max_freq, para.scaling_min_freq,
                         para.u.ondemand.sampling_rate, para.turbo_enabled,
                         cpus[1], freqs[1], governors[1]),
                  x, 1, &para);
    CALL_WITH((para = (struct xc_get_cpufreq_para){ .cpu_num = 2,
                                                    .freq_num = 2,
                                                    .gov_num = 2,
                                                    .affected_cpus = cpus }),
              xc_get_cpufreq_para, , x, 1, &para);
}

static void cpu_calls(xc_interface *x)
{
    static physdev_pci_device_t devs[3] = { { 0, 1, 2 }, { 0, 3, 4 } };
    static struct xen_mc mc;
    static xc_resource_entry_t entries[2][2] = { { { .idx = 0x10 } } };
    static xc_resource_op_t ops[2];

    CALL(xc_cpu_online, x, 3);
    CALL(xc_cpu_offline, x, 3);
    CALL(xc_smt_enable, x);
    CALL(xc_smt_disable, x);
    CALL(xc_microcode_update, x, in.bytes, 48);
    CALL(xc_pcitopoinfo, x, 3, devs, &out.u32[4]);
    CALL(xc_reserved_device_memory_map, x, 0, 0, 1, 2,
         (struct xen_reserved_device_memory *)&out.u64[2], &out.u32[0]);
    CALL_WITH((memset(&mc, 0, sizeof(mc)), mc.cmd = XEN_MC_mceinject,
               mc.u.mc_mceinject.mceinj_cpunr = 2),
              xc_mca_op, , x, &mc);
    CALL(xc_mca_op_inject_v2, x, XEN_MC_INJECT_TYPE_CMCI, in.bytes, 12);
    CALL(xc_mca_op_inject_v2, x, XEN_MC_INJECT_TYPE_CMCI, in.bytes, 0);
    for ( int nr = 0; nr < 3; nr++ )
        CALL_WITH((memset(ops, 0, sizeof(ops)), ops[0].cpu = 1,
                   ops[0].nr_entries = 2, ops[0].entries = entries[0],
                   ops[1].nr_entries = 1, ops[1].entries = entries[1]),
                  xc_resource_op,
                  printf("ops %lx %lx %lx %lx\n", ops[0].result,
                         ops[1].result, entries[0][0].val, entries[1][0].val),
                  x, nr, ops);
}

static void psr_calls(xc_interface *x)
{
    CALL(xc_psr_cmt_attach, x, 7);
    CALL(xc_psr_cmt_detach, x, 7);
    CALL(xc_psr_cmt_get_domain_rmid, x, 7, &out.u32[0]);
    CALL(xc_psr_cmt_get_total_rmid, x, &out.u32[0]);
    CALL(xc_psr_cmt_get_l3_upscaling_factor, x, &out.u32[0]);
    CALL(xc_psr_cmt_get_l3_event_mask, x, &out.u32[0]);
    CALL(xc_psr_cmt_get_l3_cache_size, x, 2, &out.u32[0]);
    CALL(xc_psr_cmt_enabled, x);
    for ( int type = 0; type < 4; type++ )
    {
        CALL(xc_psr_cmt_get_data, x, 5, 2, type, &out.u64[0], &out.u64[1]);
        CALL(xc_psr_cmt_get_data, x, 5, 2, type, &out.u64[0], NULL);
        CALL(xc_psr_get_hw_info, x, 0, type, (xc_psr_hw_info *)out.u64);
    }
    for ( int type = 0; type < 7; type++ )
    {
        CALL(xc_psr_set_domain_data, x, 7, type, 1, 0xff);
        CALL(xc_psr_get_domain_data, x, 7, type, 1, &out.u64[0]);
    }
}

static void kexec_calls(xc_interface *x)
{
    static xen_kexec_segment_t segments[2] = { { .buf_size = 16,
                                                 .dest_maddr = 0x1000 } };

    CALL(xc_kexec_exec, x, KEXEC_TYPE_CRASH);
    CALL(xc_kexec_get_range, x, KEXEC_RANGE_MA_CPU, 1, &out.u64[0],
         &out.u64[1]);
    CALL(xc_kexec_load, x, KEXEC_TYPE_CRASH, 62, 0x100000, 2, segments);
    CALL(xc_kexec_unload, x, KEXEC_TYPE_CRASH);
    CALL(xc_kexec_status, x, KEXEC_TYPE_CRASH);
}

static void livepatch_calls(xc_interface *x)
{
    static char longest[XEN_LIVEPATCH_NAME_SIZE + 1];
    char *name = (char *)"patch";

    memset(longest, 'x', XEN_LIVEPATCH_NAME_SIZE);
    CALL(xc_livepatch_upload, x, name, in.bytes, 32);
    CALL(xc_livepatch_upload, x, longest, in.bytes, 32);
    CALL(xc_livepatch_upload, x, NULL, in.bytes, 32);
    CALL(xc_livepatch_upload, x, name, NULL, 32);
    CALL(xc_livepatch_get, x, name, (xen_livepatch_status_t *)&out.u32[4]);
    CALL(xc_livepatch_get, x, longest, (xen_livepatch_status_t *)&out.u32[4]);
    CALL(xc_livepatch_apply, x, name, 100, 1);
    CALL(xc_livepatch_revert, x, name, 100, 1);
    CALL(xc_livepatch_unload, x, name, 100, 1);
    CALL(xc_livepatch_replace, x, name, 100, 1);
    CALL(xc_livepatch_replace, x, longest, 100, 1);
    CALL(xc_livepatch_list_get_sizes, x, &out.u32[0], &out.u32[1],
         &out.u32[2]);
    CALL(xc_livepatch_list_get_sizes, x, NULL, &out.u32[1], &out.u32[2]);
    CALL(xc_livepatch_list_get_sizes, x, &out.u32[0], NULL, &out.u32[2]);
    if ( now->scribble )
        return; /* what Xen never answers: more than there is room for */
    /* From 0 on: 4.17 asks for some twice when start is not 0. */
    CALL(xc_livepatch_list, x, 4, 0, (void *)&out.u64[8],
         (char *)&out.bytes[256], &out.u32[128], 64, (char *)&out.bytes[1024],
         &out.u32[512], 64, &out.u32[0], &out.u32[1]);
    CALL(xc_livepatch_list, x, 0, 1, (void *)&out.u64[8],
         (char *)&out.bytes[256], &out.u32[128], 64, (char *)&out.bytes[1024],
         &out.u32[512], 64, &out.u32[0], &out.u32[1]);
    CALL(xc_livepatch_list, x, 4, 0, NULL, (char *)&out.bytes[256],
         &out.u32[128], 64, (char *)&out.bytes[1024], &out.u32[512], 64,
         &out.u32[0], &out.u32[1]);
    CALL(xc_livepatch_list, x, 1, 0, (void *)&out.u64[8], NULL, &out.u32[128],
         64, (char *)&out.bytes[1024], &out.u32[512], 64, &out.u32[0],
         &out.u32[1]);
}

static void flask_calls(xc_interface *x)
{
    static xen_flask_op_t op = { .cmd = FLASK_POLICYVERS };
    char *label = (char *)"system_u:object_r:x";

    CALL(xc_flask_op, x, &op);
    CALL(xc_flask_load, x, in.text, 32);
    CALL(xc_flask_context_to_sid, x, in.text, 20, &out.u32[0]);
    CALL(xc_flask_sid_to_context, x, 5, (char *)out.bytes, 20);
    CALL(xc_flask_getenforce, x);
    CALL(xc_flask_setenforce, x, 1);
    CALL(xc_flask_getbool_byid, x, 3, (char *)&out.bytes[16], 20, &out.i[0],
         &out.i[1]);
    CALL(xc_flask_getbool_byname, x, (char *)"boolean", &out.i[0], &out.i[1]);
    CALL(xc_flask_setbool, x, (char *)"boolean", 1, 1);
    CALL(xc_flask_add_pirq, x, 5, label);
    CALL(xc_flask_add_ioport, x, 5, 6, label);
    CALL(xc_flask_add_iomem, x, 5, 6, label);
    CALL(xc_flask_add_device, x, 5, label);
    CALL(xc_flask_del_pirq, x, 5);
    CALL(xc_flask_del_ioport, x, 5, 6);
    CALL(xc_flask_del_iomem, x, 5, 6);
    CALL(xc_flask_del_device, x, 5);
    CALL(xc_flask_access, x, "a:b:c", "d:e:f", 3, 5, &out.u32[0], &out.u32[1],
         &out.u32[2], &out.u32[3], &out.u32[4]);
    CALL(xc_flask_access, x, "a:b:c", "d:e:f", 3, 0, NULL, NULL, NULL, NULL,
         NULL);
    CALL(xc_flask_avc_cachestats, x, (char *)out.bytes, 512);
    CALL(xc_flask_avc_hashstats, x, (char *)out.bytes, 512);
    CALL(xc_flask_policyvers, x);
    CALL(xc_flask_getavc_threshold, x);
    CALL(xc_flask_setavc_threshold, x, 99);
    CALL(xc_flask_relabel_domain, x, 7, 3);
}

void more_host_calls(xc_interface *x)
{
    trace_calls(x);
    pm_calls(x);
    cpu_calls(x);
    psr_calls(x);
    kexec_calls(x);
    livepatch_calls(x);
    flask_calls(x);
}
