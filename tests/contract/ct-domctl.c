/* SPDX-License-Identifier: MIT */
/*
 * Control of domains: what a configuration must be, limits, pausing, the list
 * of domains, their memory and paging pool.
 */
#include "ct.h"

#include <xen/hypfs.h>

/* ---- creation ---- */

static void test_configurations(void)
{
    const struct {
        const char *what;
        int err;
        uint32_t flags, vcpus, emulation, grant_opts;
        uint32_t iommu, vmtrace, misc;
    } cases[] = {
        { .what = "PVH", .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
          .vcpus = 1, .emulation = XEN_X86_EMU_LAPIC, .grant_opts = 1 },
        { .what = "HVM", .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
          .vcpus = 1, .emulation = XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI,
          .grant_opts = 1 },
        { .what = "128 vcpus", .flags = 3, .vcpus = 128, .emulation = 1,
          .grant_opts = 1 },
        { .what = "grant tables of version 2", .flags = 3, .vcpus = 1,
          .emulation = 1, .grant_opts = 2 },
        { "an unknown flag", EINVAL, 3 | 1U << 31, 1, 1, 1, 0, 0, 0 },
        { "hap without hvm", EINVAL, XEN_DOMCTL_CDF_hap, 1, 1, 1, 0, 0, 0 },
        { "no vcpus", EINVAL, 3, 0, 1, 1, 0, 0, 0 },
        { "513 vcpus", EINVAL, 3, 513, 1, 1, 0, 0, 0 },
        { "2^32 - 1 vcpus", EINVAL, 3, 0xffffffff, 1, 1, 0, 0, 0 },
        { "no device at all", EOPNOTSUPP, 3, 1, 0, 1, 0, 0, 0 },
        { "a HPET alone", EOPNOTSUPP, 3, 1, XEN_X86_EMU_HPET, 1, 0, 0, 0 },
        { "an unknown device", EINVAL, 3, 1, 1 | 1U << 20, 1, 0, 0, 0 },
        { "grant tables of version 0", EINVAL, 3, 1, 1, 0, 0, 0, 0 },
        { "grant tables of version 3", EINVAL, 3, 1, 1, 3, 0, 0, 0 },
        { "an unknown grant option", EINVAL, 3, 1, 1, 0x11, 0, 0, 0 },
        { "IOMMU options without an IOMMU", EINVAL, 3, 1, 1, 1, 1, 0, 0 },
        { "trace buffers of 3 bytes", EINVAL, 3, 1, 1, 1, 0, 3, 0 },
        { "an unknown misc flag", EINVAL, 3, 1, 1, 1, 0, 0, 1U << 31 },
    };

    for ( size_t i = 0; i < CT_NR(cases); i++ )
    {
        struct xen_domctl_createdomain c =
            ct_createdomain(&(struct ct_config){ 0 });
        uint32_t domid = DOMID_INVALID;

        c.flags = cases[i].flags;
        c.max_vcpus = cases[i].vcpus;
        c.arch.emulation_flags = cases[i].emulation;
        c.grant_opts = cases[i].grant_opts;
        c.iommu_opts = cases[i].iommu;
        c.vmtrace_size = cases[i].vmtrace;
        c.arch.misc_flags = cases[i].misc;
        ct_expect(cases[i].err, xc_domain_create(ct.xch, &domid, &c),
                  "create: %s", cases[i].what);
        if ( domid != DOMID_INVALID )
            ct_destroy(domid);
    }
}

static void test_ids(void)
{
    struct xen_domctl_createdomain c =
        ct_createdomain(&(struct ct_config){ 0 });
    uint32_t wanted = 1234, again = 1234, any = DOMID_INVALID;

    ct_expect(0, xc_domain_create(ct.xch, &wanted, &c), "create: id 1234");
    ct_equal(wanted, 1234, "is the one wanted");
    ct_expect(EEXIST, xc_domain_create(ct.xch, &again, &c),
              "create: id 1234 again");
    ct_expect(0, xc_domain_create(ct.xch, &any, &c), "create: any id");
    ct_ok(any > 0 && any < DOMID_FIRST_RESERVED && any != 1234,
          "is a free one");
    ct_destroy(any);
    ct_destroy(wanted);
}

/* ---- nobody there ---- */

static void test_no_domain(void)
{
    const uint32_t d = CT_NO_DOMAIN;
    xc_domaininfo_t list[2];
    xc_vcpuinfo_t vcpu;
    xc_dominfo_t info;
    uint64_t value;
    uint32_t u;

    ct_expect(ESRCH, xc_domain_destroy(ct.xch, d), "destroy: no domain");
    ct_expect(ESRCH, xc_domain_pause(ct.xch, d), "pause: no domain");
    ct_expect(ESRCH, xc_domain_unpause(ct.xch, d), "unpause: no domain");
    ct_expect(ESRCH, xc_domain_max_vcpus(ct.xch, d, 1), "vcpus: no domain");
    ct_expect(ESRCH, xc_domain_setmaxmem(ct.xch, d, 4), "limit: no domain");
    ct_expect(ESRCH, xc_vcpu_getinfo(ct.xch, d, 0, &vcpu),
              "vcpu info: no domain");
    ct_expect(ESRCH, xc_get_paging_mempool_size(ct.xch, d, &value),
              "pool: no domain");
    ct_expect(ESRCH, xc_set_paging_mempool_size(ct.xch, d, 1 << 20),
              "set pool: no domain");
    ct_expect(ESRCH, xc_hvm_param_get(ct.xch, d, HVM_PARAM_STORE_PFN, &value),
              "parameter: no domain");
    ct_expect(ESRCH, xc_hvm_param_set(ct.xch, d, HVM_PARAM_STORE_PFN, 1),
              "set parameter: no domain");
    ct_expect(ESRCH, xc_domain_hvm_getcontext(ct.xch, d, NULL, 0),
              "context: no domain");
    ct_expect(ESRCH, xc_domain_get_tsc_info(ct.xch, d, &u, &value, &u, &u),
              "tsc: no domain");
    ct_expect(ESRCH, xc_domain_set_tsc_info(ct.xch, d, 0, 0, 0, 0),
              "set tsc: no domain");
    ct_expect(ESRCH, xc_domain_getinfo(ct.xch, d, 1, &info),
              "info: nobody from there on");
    ct_equal((uint64_t)xc_domain_getinfolist(ct.xch, d, 2, list), 0,
             "list: nobody from there on");
    ct_expect(EINVAL, xc_domain_pause(ct.xch, 0), "pause: oneself");
    ct_expect(EINVAL, xc_domain_destroy(ct.xch, 0), "destroy: oneself");
}

static void test_envelope(void)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_pausedomain,
                             .interface_version = 0x14,
                             .domain = CT_NO_DOMAIN };

    ct_expect(EACCES, ct_hypercall(__HYPERVISOR_domctl, 0, &op, sizeof(op)),
              "another version of the interface, before the domain");
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    ct_expect(ESRCH, ct_hypercall(__HYPERVISOR_domctl, 0, &op, sizeof(op)),
              "this version");
    ct_expect(EFAULT, xencall1(ct.call, __HYPERVISOR_domctl, 8),
              "a structure that cannot be read");
    ct_expect(ENOSYS, xencall1(ct.call, 63, 0), "a hypercall that is not");
}

/* What "xl set-parameters" writes to. */
static void test_hypfs(void)
{
    ct_expect(ct_differs("hypfs") ? ENOSYS : 0,
              xencall5(ct.call, __HYPERVISOR_hypfs_op,
                       XEN_HYPFS_OP_get_version, 0, 0, 0, 0),
              "hypfs: its version");
}

/* Nodes of devices that are nowhere, more than a hypervisor does at once. */
static void test_pci_devices(void)
{
    static physdev_pci_device_t devs[150];
    static uint32_t nodes[CT_NR(devs)];
    unsigned int nr = 0;

    for ( size_t i = 0; i < CT_NR(devs); i++ )
        devs[i] = (physdev_pci_device_t){ .seg = 0xfff0, .bus = (uint8_t)i };
    ct_expect(0, xc_pcitopoinfo(ct.xch, CT_NR(devs), devs, nodes),
              "nodes of PCI devices");
    for ( size_t i = 0; i < CT_NR(devs); i++ )
        nr += nodes[i] == XEN_INVALID_DEV;
    ct_equal(nr, CT_NR(devs), "none of them is known");
}

/* ---- triggers ---- */

/* A PVH guest has no buttons. */
static void test_triggers(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .vcpus = 2 });
    int none = ct_differs("no-button") ? EINVAL : 0;
    const struct {
        const char *what;
        uint32_t trigger, vcpu;
        int err;
    } cases[] = {
        { "the power button", XEN_DOMCTL_SENDTRIGGER_POWER, 0, none },
        { "the sleep button", XEN_DOMCTL_SENDTRIGGER_SLEEP, 1, none },
        { "a button of no vcpu", XEN_DOMCTL_SENDTRIGGER_POWER, 2, ESRCH },
        { "an NMI to no vcpu", XEN_DOMCTL_SENDTRIGGER_NMI, 2, ESRCH },
        { "RESET", XEN_DOMCTL_SENDTRIGGER_RESET, 0, ENOSYS },
        { "INIT", XEN_DOMCTL_SENDTRIGGER_INIT, 0, ENOSYS },
        { "no trigger", 5, 0, ENOSYS },
        { "no trigger of no vcpu", 5, 7, ESRCH },
    };

    for ( size_t i = 0; i < CT_NR(cases); i++ )
        ct_expect(cases[i].err,
                  xc_domain_send_trigger(ct.xch, domid, cases[i].trigger,
                                         cases[i].vcpu),
                  "trigger: %s", cases[i].what);
    ct_destroy(domid);
}

/* ---- vcpus, pausing, information ---- */

static void test_vcpus(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .vcpus = 3,
                                                    .no_vcpus = true });
    xc_vcpuinfo_t info;

    ct_expect(ESRCH, xc_vcpu_getinfo(ct.xch, domid, 0, &info),
              "vcpu 0 is not there yet");
    ct_expect(EINVAL, xc_vcpu_getinfo(ct.xch, domid, 3, &info),
              "vcpu 3 never will be");
    ct_expect(EINVAL, xc_domain_max_vcpus(ct.xch, domid, 2), "make fewer");
    ct_expect(EINVAL, xc_domain_max_vcpus(ct.xch, domid, 4), "make more");
    ct_expect(EINVAL, xc_domain_max_vcpus(ct.xch, domid, 0), "make none");
    ct_expect(0, xc_domain_max_vcpus(ct.xch, domid, 3), "make them");
    ct_expect(0, xc_domain_max_vcpus(ct.xch, domid, 3), "once more");
    ct_expect(0, xc_vcpu_getinfo(ct.xch, domid, 2, &info), "vcpu 2 is there");
    ct_ok(!info.online && !info.running, "and down");
    ct_destroy(domid);
}

static bool paused(uint32_t domid)
{
    xc_dominfo_t info = { 0 };

    return xc_domain_getinfo(ct.xch, domid, 1, &info) == 1 && info.paused;
}

static void test_pause(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ 0 });

    ct_ok(paused(domid), "a new domain is paused");
    ct_expect(0, xc_domain_unpause(ct.xch, domid), "unpause");
    ct_ok(!paused(domid), "it is not any more");
    ct_expect(EINVAL, xc_domain_unpause(ct.xch, domid), "unpause: too often");
    ct_expect(0, xc_domain_pause(ct.xch, domid), "pause");
    ct_expect(0, xc_domain_pause(ct.xch, domid), "pause: twice");
    ct_expect(0, xc_domain_unpause(ct.xch, domid), "unpause: once");
    ct_ok(paused(domid), "pausing is counted");
    ct_expect(0, xc_domain_unpause(ct.xch, domid), "unpause: twice");
    ct_ok(!paused(domid), "to the end");
    ct_destroy(domid);
}

static void test_info(void)
{
    uint32_t first = ct_create(&(struct ct_config){ .vcpus = 2, .pages = 7 });
    uint32_t second = ct_create(&(struct ct_config){ .hvm = true });
    xen_domain_handle_t handle = { 1, 2, 3, 4, 5, 6, 7, 8,
                                   9, 10, 11, 12, 13, 14, 15, 16 };
    xc_domaininfo_t list[512];
    xc_dominfo_t info;
    int nr, seen = 0;
    bool sorted = true;

    ct_expect(0, xc_domain_sethandle(ct.xch, first, handle), "set the handle");
    ct_equal((uint64_t)xc_domain_getinfo(ct.xch, first, 1, &info), 1,
             "info of one");
    ct_ok(info.domid == first && info.hvm && info.hap && !info.dying &&
          !info.shutdown && !info.crashed, "its kind and state");
    ct_ok(info.nr_pages == 7 && info.max_vcpu_id == 1 &&
          info.nr_online_vcpus == 0, "its pages and vcpus");
    ct_ok(!memcmp(info.handle, handle, sizeof(handle)), "its handle");
    ct_equal(info.arch_config.emulation_flags, XEN_X86_EMU_LAPIC,
             "its devices");
    ct_equal((uint64_t)xc_domain_getinfo(ct.xch, CT_NO_DOMAIN - 1, 1, &info),
             (uint64_t)-1, "nobody far up");
    ct_equal((uint64_t)xc_get_tot_pages(ct.xch, first), 7, "its pages, again");

    nr = xc_domain_getinfolist(ct.xch, 0, 512, list);
    for ( int i = 0; i < nr; i++ )
    {
        sorted &= i == 0 || list[i - 1].domain < list[i].domain;
        seen += list[i].domain == first || list[i].domain == second ||
                list[i].domain == 0;
    }
    ct_ok(nr >= 3 && seen == 3 && sorted, "the list has all, in order");
    ct_equal((uint64_t)xc_domain_getinfolist(ct.xch, 0, 1, list), 1,
             "a list of one");
    ct_equal(list[0].domain, 0, "is the first");
    ct_ok(list[0].max_pages <= UINT32_MAX,
          "domain 0's limit of pages fits an unsigned int");
    ct_destroy(first);
    ct_equal((uint64_t)xc_domain_getinfo(ct.xch, first, 1, &info), 1,
             "asked for one that is gone");
    ct_equal(info.domid, second, "the next one is told");
    ct_destroy(second);
}

/* ---- memory ---- */

static void test_memory_limit(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 4 });
    xen_pfn_t gfn[4] = { 10, 11, 12, 13 };

    ct_expect(0, xc_domain_setmaxmem(ct.xch, domid, 24), "limit: six pages");
    ct_equal((uint64_t)xc_domain_populate_physmap(ct.xch, domid, 4, 0, 0,
                                                  gfn), 2,
             "two of four fit");
    ct_equal((uint64_t)ct_tot_pages(domid), 6, "six they are");
    ct_expect(0, xc_domain_setmaxmem(ct.xch, domid, 4), "limit: below that");
    ct_equal((uint64_t)ct_tot_pages(domid), 6, "nothing is taken away");
    ct_expect(0, xc_domain_decrease_reservation_exact(ct.xch, domid, 2, 0,
                                                      gfn), "give back two");
    ct_equal((uint64_t)ct_tot_pages(domid), 4, "four are left");
    ct_ok(!ct_map_foreign(domid, 10, 1), "those are not there any more");
    ct_destroy(domid);
}

static void test_pool(void)
{
    struct xen_domctl_createdomain c =
        ct_createdomain(&(struct ct_config){ 0 });
    uint32_t domid = DOMID_INVALID;
    uint64_t size = 0;

    ct_expect(0, xc_domain_create(ct.xch, &domid, &c), "a domain");
    ct_expect(0, xc_get_paging_mempool_size(ct.xch, domid, &size), "pool");
    ct_equal(size, 1 << 20, "is 1 MiB at first");
    ct_expect(EINVAL, xc_set_paging_mempool_size(ct.xch, domid, size + 1),
              "set pool: not whole pages");
    ct_expect(0, xc_set_paging_mempool_size(ct.xch, domid, 8 << 20),
              "set pool: 8 MiB");
    ct_expect(0, xc_get_paging_mempool_size(ct.xch, domid, &size), "pool");
    ct_equal(size, 8 << 20, "is 8 MiB");
    ct_expect(0, xc_set_paging_mempool_size(ct.xch, domid, 2 << 20),
              "set pool: less");
    ct_expect(0, xc_get_paging_mempool_size(ct.xch, domid, &size), "pool");
    ct_equal(size, 2 << 20, "is 2 MiB");
    ct_destroy(domid);
}

int main(void)
{
    uint64_t before;

    ct_begin();
    before = ct_free_pages();
    test_configurations();
    test_ids();
    test_no_domain();
    test_envelope();
    test_hypfs();
    test_pci_devices();
    test_triggers();
    test_vcpus();
    test_pause();
    test_info();
    test_memory_limit();
    test_pool();
    ct_no_leak(before, 512, "all of it");
    return ct_end();
}
