/* SPDX-License-Identifier: MIT */
/*
 * check-calls: calls about one domain.
 */
#include "check-calls.h"

#include <xen/sys/privcmd.h>

/* Of the library, for libxenguest; in no public header. */
struct mmu_updates;
struct mmu_updates *xc_alloc_mmu_updates(xc_interface *xch, unsigned int dom);
int xc_add_mmu_update(xc_interface *xch, struct mmu_updates *mmu,
                      unsigned long long ptr, unsigned long long val);
int xc_flush_mmu_updates(xc_interface *xch, struct mmu_updates *mmu);
int xc_get_pfn_type_batch(xc_interface *xch, uint32_t dom, unsigned int num,
                          xen_pfn_t *arr);
void *xc_map_foreign_ranges(xc_interface *xch, uint32_t dom, size_t size,
                            int prot, size_t chunksize,
                            privcmd_mmap_entry_t entries[], int nentries);

static void mmu_calls(xc_interface *x)
{
    struct mmu_updates *mmu = xc_alloc_mmu_updates(x, 7);

    CALL(xc_flush_mmu_updates, x, mmu);
    CALL(xc_add_mmu_update, x, mmu, 0x1000, 0x2000);
    CALL(xc_add_mmu_update, x, mmu, 0x3001, 0x4000);
    CALL(xc_flush_mmu_updates, x, mmu);
    for ( int i = 0; i < 1023; i++ )
        xc_add_mmu_update(x, mmu, i, i);
    CALL(xc_add_mmu_update, x, mmu, 1023, 1);
    CALL(xc_flush_mmu_updates, x, mmu);
    free(mmu);
}

static void pv_calls(xc_interface *x)
{
    static xc_vcpu_extstate_t ext;
    static privcmd_mmap_entry_t entries[2] = { { .mfn = 0x10 },
                                               { .mfn = 0x30 } };
    static struct mmuext_op ops[2] = { { .cmd = MMUEXT_PIN_L1_TABLE,
                                         .arg1.mfn = 5 },
                                       { .cmd = MMUEXT_UNPIN_TABLE } };

    CALL(xc_vcpu_getcontext, x, 7, 1, &out.context);
    CALL(xc_vcpu_setcontext, x, 7, 1, &in.context);
    CALL(xc_vcpu_setcontext, x, 7, 1, NULL);
    if ( !now->scribble && now->value == 0 && !now->no_buffer )
    {
        CALL_WITH(memset(&ext, 0, sizeof(ext)), xc_vcpu_get_extstate,
                  printf("ext %lx %lx\n", ext.xfeature_mask, ext.size), x, 7,
                  1, &ext);
        CALL_WITH((ext.size = 16, ext.xfeature_mask = 3,
                   ext.buffer = calloc(1, 16)),
                  xc_vcpu_get_extstate,
                  printf("ext %lx %lx\n", ext.xfeature_mask, ext.size), x, 7,
                  1, &ext);
    }
    CALL(xc_translate_foreign_address, x, 7, 1, 0x1234);
    CALL(xc_translate_foreign_address, x, 7, 1, 0xffff800012345678);
    CALL(xc_mmuext_op, x, ops, 2, 7);
    CALL(xc_machphys_mfn_list, x, 4, out.pfn);
    CALL(xc_domain_memory_exchange_pages, x, 7, 2, 0, in.pfn, 2, 0, out.pfn);
    CALL(xc_domain_memory_exchange_pages, x, 7, 2, 9, in.pfn, 4, 8, out.pfn);
    CALL(xc_make_page_below_4G, x, 7, 0x123456);
    CALL(xc_get_pfn_type_batch, x, 7, 3, in.pfn);
    POINTER(xc_map_foreign_ranges, x, 7, 8192, PROT_READ, 4096, entries, 2);
    POINTER(xc_map_foreign_ranges, x, 7, 16384, PROT_READ, 8192, entries, 2);
    /* Without a buffer 4.17 writes behind the end of the list. */
    if ( !now->no_buffer )
        mmu_calls(x);
}

static void dirty_calls(xc_interface *x)
{
    DECLARE_HYPERCALL_BUFFER(uint8_t, bitmap);
    long rc;

    CALL(xc_shadow_control, x, 7, XEN_DOMCTL_SHADOW_OP_OFF, NULL, 0);
    CALL(xc_shadow_control, x, 7, XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION,
         &out.u32[0], 0);
    CALL(xc_shadow_control, x, 7, XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION,
         &out.u32[0], 2);
    CALL(xc_logdirty_control, x, 7, XEN_DOMCTL_SHADOW_OP_PEEK, NULL, 0, 0,
         NULL);
    if ( now->no_buffer )
        return;
    reset();
    bitmap = xc_hypercall_buffer_alloc(x, bitmap, 16);
    if ( !bitmap )
        abort();
    wipe_stack();
    rc = xc_logdirty_control(x, 7, XEN_DOMCTL_SHADOW_OP_CLEAN,
                                  HYPERCALL_BUFFER(bitmap), 128, 1,
                                  (xc_shadow_op_stats_t *)&out.u32[4]);
    xc_hypercall_buffer_free(x, bitmap);
    result("xc_logdirty_control", rc);
}

static void sched_calls(xc_interface *x)
{
    static struct xen_sysctl_arinc653_schedule arinc;

    CALL(xc_sched_credit_domain_set, x, 7, (void *)in.u32);
    CALL(xc_sched_credit_domain_get, x, 7, (void *)out.u32);
    CALL(xc_sched_credit2_domain_set, x, 7, (void *)in.u32);
    CALL(xc_sched_credit2_domain_get, x, 7, (void *)out.u32);
    CALL(xc_sched_rtds_domain_set, x, 7, (void *)in.u32);
    CALL(xc_sched_rtds_domain_get, x, 7, (void *)out.u32);
    CALL(xc_sched_rtds_vcpu_set, x, 7, (void *)in.u32, 2);
    CALL(xc_sched_rtds_vcpu_get, x, 7, (void *)out.u32, 2);
    CALL(xc_sched_credit_params_set, x, 1, (void *)out.u32);
    CALL(xc_sched_credit_params_get, x, 1, (void *)out.u32);
    CALL(xc_sched_credit2_params_set, x, 1, (void *)out.u32);
    CALL(xc_sched_credit2_params_get, x, 1, (void *)out.u32);
    CALL_WITH(arinc.major_frame = 9, xc_sched_arinc653_schedule_set,
              printf("frame %lu\n", arinc.major_frame), x, 1, &arinc);
    CALL_WITH(arinc.major_frame = 9, xc_sched_arinc653_schedule_get,
              printf("frame %lu\n", arinc.major_frame), x, 1, &arinc);
}

static void numa_calls(xc_interface *x)
{
    xen_vmemrange_t *ranges = (void *)in.u64;

    CALL(xc_domain_setvnuma, x, 7, 2, 3, 4, ranges, in.u32, in.u32 + 4,
         in.u32 + 8);
    CALL(xc_domain_setvnuma, x, 7, 0, 3, 4, ranges, in.u32, in.u32, in.u32);
    CALL(xc_domain_setvnuma, x, 7, 2, 0, 4, ranges, in.u32, in.u32, in.u32);
    CALL(xc_domain_setvnuma, x, 7, 2, 3, 0, ranges, in.u32, in.u32, in.u32);
    CALL(xc_domain_setvnuma, x, 7, 2, 3, 4, NULL, in.u32, in.u32, in.u32);
    CALL(xc_domain_setvnuma, x, 7, 2, 3, 4, ranges, NULL, in.u32, in.u32);
    CALL(xc_domain_setvnuma, x, 7, 2, 3, 4, ranges, in.u32, NULL, in.u32);
    CALL(xc_domain_setvnuma, x, 7, 2, 3, 4, ranges, in.u32, in.u32, NULL);
    CALL_WITH((out.u32[0] = 2, out.u32[1] = 3, out.u32[2] = 4),
              xc_domain_getvnuma, , x, 7, &out.u32[0], &out.u32[1],
              &out.u32[2], (void *)&out.u64[8], &out.u32[64], &out.u32[80]);
    CALL_WITH((out.u32[0] = 2, out.u32[1] = 3, out.u32[2] = 4),
              xc_domain_getvnuma, , x, 7, &out.u32[0], &out.u32[1],
              &out.u32[2], NULL, NULL, NULL);
}

static void vmtrace_calls(xc_interface *x)
{
    CALL(xc_vmtrace_enable, x, 7, 1);
    CALL(xc_vmtrace_disable, x, 7, 1);
    CALL(xc_vmtrace_reset_and_enable, x, 7, 1);
    CALL(xc_vmtrace_output_position, x, 7, 1, &out.u64[0]);
    CALL(xc_vmtrace_get_option, x, 7, 1, 5, &out.u64[0]);
    CALL(xc_vmtrace_set_option, x, 7, 1, 5, 6);
}

static void device_calls(xc_interface *x)
{
    CALL(xc_domain_bind_pt_spi_irq, x, 7, 40, 41);
    CALL(xc_domain_unbind_pt_spi_irq, x, 7, 40, 41);
    CALL(xc_get_device_group, x, 7, 0x1234, 4, &out.u32[0], &out.u32[4]);
    CALL(xc_assign_dt_device, x, 7, (char *)"/soc/dev");
    CALL(xc_test_assign_dt_device, x, 7, (char *)"/soc/dev");
    CALL(xc_deassign_dt_device, x, 7, (char *)"/soc/dev");
    CALL(xc_physdev_pci_access_modify, x, 7, 1, 2, 3, 1);
    CALL(xc_dom_vuart_init, x, 0, 7, 1, 0x55, &out.u32[0]);
}

void more_domain_calls(xc_interface *x)
{
    pv_calls(x);
    dirty_calls(x);
    sched_calls(x);
    numa_calls(x);
    vmtrace_calls(x);
    device_calls(x);
    CALL(xc_domain_debug_control, x, 7, 1, 2);
    CALL(xc_domain_p2m_audit, x, 7, &out.u64[0], &out.u64[1], &out.u64[2]);
    CALL(xc_set_broken_page_p2m, x, 7, 0x1234);
}
