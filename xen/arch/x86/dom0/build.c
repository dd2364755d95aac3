/* SPDX-License-Identifier: MIT */
/*
 * The control domain, built at boot: memory, content, processors.
 *
 * It gets the RAM that lib/memory.c kept for it, at the machine's addresses,
 * so that its devices' DMA needs no translation; and one vcpu for each CPU, on
 * that CPU and with its APIC id, so that its devices' interrupts need none.
 */
#include <hv/domain.h>
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/cpu.h>
#include <x86/dom0.h>
#include <x86/sched.h>

#include <xen/hvm/save.h>

#include "dom0-private.h"

#define DOM0_GRANT_FRAMES 64
#define DOM0_MAPTRACK_FRAMES 1024
/*
 * Pages for tables of a PVH dom0: all its RAM in small pages, once dom0 gave some
 * away here and there; 512 MiB of devices; the memory of other domains, as far as
 * there is some, up to 4 GiB.
 */
#define PAGES_PER_TABLE 512
#define DEVICE_TABLES 256
#define MAX_OTHER_TABLES 2048

struct domain *dom0;

static void create(const struct dom0_builder *b)
{
    unsigned int vcpus = option_uint("dom0_max_vcpus", nr_cpus);
    struct xen_domctl_createdomain config = {
        .flags = b->translated ? XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap : 0,
        .max_vcpus = max(min(vcpus, nr_cpus), 1U),
        .max_evtchn_port = UINT32_MAX,
        .max_grant_frames = DOM0_GRANT_FRAMES,
        .max_maptrack_frames = DOM0_MAPTRACK_FRAMES,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
        .arch = { .emulation_flags =
                      b->translated ? XEN_X86_EMU_LAPIC | XEN_X86_EMU_IOAPIC
                                    : 0 },
    };
    int rc = domain_create(0, &config, true, &dom0);

    if ( rc )
        panic("dom0: cannot be created: error %d\n", -rc);
    dom0->direct_mapped = b->translated;
    dom0->arch.hardware = true;
    run_until_shutdown_of(dom0);
}

/* The ranges of its memory; all its pages. */
static uint64_t find_memory(struct ram_map *ram)
{
    uint64_t pages = 0, start, end;

    for ( unsigned int i = 0; memory_dom0_range(i, &start, &end); i++ )
    {
        if ( !ram_add(ram, start, end) )
        {
            printk(XENLOG_WARNING,
                   "dom0: too many pieces of memory: none above %lx\n",
                   (unsigned long)start);
            break;
        }
        pages += (end - start) >> PAGE_SHIFT;
    }
    return pages;
}

static unsigned int pages_of_tables(uint64_t dom0_pages)
{
    uint64_t others = min(page_nr_free() / PAGES_PER_TABLE,
                          (uint64_t)MAX_OTHER_TABLES);

    return (unsigned int)(dom0_pages / PAGES_PER_TABLE + DEVICE_TABLES + others);
}

static void give_memory(const struct dom0_builder *b, struct ram_map *ram)
{
    uint64_t pages = find_memory(ram);
    unsigned int tables = pages_of_tables(pages);
    int rc;

    do
        rc = b->translated ? p2m_pool_resize(dom0, tables) : 0;
    while ( rc == -ERESTART );
    for ( unsigned int i = 0; i < ram->nr && !rc; i++ )
    {
        uint64_t first = ram->ram[i].start >> PAGE_SHIFT;
        uint64_t nr = (ram->ram[i].end >> PAGE_SHIFT) - first;

        rc = page_assign_boot(dom0, _mfn(first), nr);
        if ( !rc )
            rc = b->give(first, nr);
    }
    if ( rc == -ENOMEM )
        panic("dom0: too little memory is left for the hypervisor: give dom0 "
              "less with dom0_mem=\n");
    if ( rc || !pages )
        panic("dom0: cannot have %lu pages: error %d\n", (unsigned long)pages,
              -rc);
    printk(XENLOG_INFO,
           "dom0: %lu MiB\n", (unsigned long)(pages >> (20 - PAGE_SHIFT)));
}

static void create_vcpus(void)
{
    for ( unsigned int i = 0; i < dom0->max_vcpus; i++ )
    {
        int rc = vcpu_create(dom0, i);

        if ( rc )
            panic("dom0: vcpu %u cannot be created: error %d\n", i, -rc);
        sched_pin(domain_vcpu(dom0, i), i);
    }
}

/* As hvm/start_info.h promises it; the others wait for the first. */
static void start_first_vcpu(const struct dom0_layout *l)
{
    enum { FLAT_CODE = 0xc9b, FLAT_DATA = 0xc93, TSS_BUSY = 0x8b };
    static struct hvm_hw_cpu context;
    struct vcpu *v = domain_vcpu(dom0, 0);

    context = (struct hvm_hw_cpu){
        .rip = l->entry, .rbx = l->start_info,
        .rflags = RFLAGS_FIXED, .cr0 = CR0_PE | CR0_ET,
        .dr6 = DR6_RESET, .dr7 = DR7_RESET,
        .cs_limit = ~0U, .cs_arbytes = FLAT_CODE,
        .ds_limit = ~0U, .ds_arbytes = FLAT_DATA,
        .es_limit = ~0U, .es_arbytes = FLAT_DATA,
        .ss_limit = ~0U, .ss_arbytes = FLAT_DATA,
        .tr_limit = 0x67, .tr_arbytes = TSS_BUSY,
    };
    if ( vcpu_load(v, &context) )
        panic("dom0: its first vcpu cannot start as it should\n");
    vcpu_up(v);
}

/* Identity mapped. */
static int pvh_give(uint64_t first, uint64_t nr)
{
    uint64_t done = 0;
    int rc;

    do
        rc = p2m_map_range(dom0, _gfn(first), _mfn(first), nr, P2M_RAM_RW,
                           &done);
    while ( rc == -ERESTART );
    return rc;
}

static void pvh_give_devices(void)
{
    if ( dom0_devices_init(dom0) )
        panic("dom0: no memory for its I/O APICs\n");
}

static void pvh_start(struct dom0_layout *l)
{
    dom0_load(dom0, l);
    start_first_vcpu(l);
    printk(XENLOG_WARNING,
           "dom0: no IOMMU: back ends that copy may run, not those whose "
           "devices reach guests' pages by DMA (blkback on a disk, netback)\n");
}

const struct dom0_builder dom0_pvh = {
    .name = "PVH",
    .translated = true,
    .give = pvh_give,
    .give_devices = pvh_give_devices,
    .start = pvh_start,
};

void dom0_build(const struct dom0_builder *b)
{
    static struct dom0_layout layout;

    dom0_msrs_init();
    create(b);
    give_memory(b, &layout.ram);
    b->give_devices();
    create_vcpus();
    b->start(&layout);
    memory_release_modules();
    if ( domain_ctl_unpause(dom0) )
        panic("dom0: it does not run\n");
    printk(XENLOG_INFO, "dom0: built, %s, %u vcpus\n", b->name,
           dom0->max_vcpus);
}
