/* SPDX-License-Identifier: MIT */
/*
 * What a toolstack that saves or moves a domain asks of the hypervisor: the log
 * of dirty frames, the types of frames, registers of vcpus.
 */
#include <xen/hvm/save.h>

#include "ct.h"

enum { PAGES = 700, BITS = 2048 };

/* ---- the log ---- */

static xc_shadow_op_stats_t stats;
static uint8_t dirty[BITS / 8];

static int control(uint32_t domid, unsigned int op, unsigned int mode)
{
    return xc_shadow_control(ct.xch, domid, op, NULL, mode);
}

/* The frames that were looked at, or -1; `dirty` and `stats` get the answer. */
static long read_log(uint32_t domid, unsigned int op, unsigned long frames,
                     unsigned int mode)
{
    DECLARE_HYPERCALL_BUFFER(uint8_t, bits);
    long rc;
    int err;

    bits = xc_hypercall_buffer_alloc(ct.xch, bits, BITS / 8);
    if ( !bits )
        ct_bail("no buffer");
    memset(bits, 0x55, BITS / 8);
    rc = (long)xc_logdirty_control(ct.xch, domid, op, HYPERCALL_BUFFER(bits),
                                   frames, mode, &stats);
    err = errno;
    memcpy(dirty, bits, sizeof(dirty));
    xc_hypercall_buffer_free(ct.xch, bits);
    errno = err;
    return rc;
}

static unsigned int count(void)
{
    unsigned int n = 0;

    for ( unsigned int i = 0; i < BITS; i++ )
        n += dirty[i / 8] >> i % 8 & 1;
    return n;
}

static bool is_dirty(unsigned int i)
{
    return dirty[i / 8] >> i % 8 & 1;
}

static void clean(uint32_t domid, unsigned int expected, const char *what)
{
    ct_equal((uint64_t)read_log(domid, XEN_DOMCTL_SHADOW_OP_CLEAN, BITS, 0),
             BITS, "clean: %s: all frames are answered", what);
    ct_equal(count(), expected, "clean: %s: so many are dirty", what);
}

static void test_off(uint32_t domid)
{
    ct_equal((uint64_t)read_log(domid, XEN_DOMCTL_SHADOW_OP_PEEK, BITS, 0),
             BITS, "peek without a log: all frames are answered");
    ct_equal(count(), 0, "peek without a log: none is dirty");
    clean(domid, 0, "without a log");
    ct_expect(0, control(domid, XEN_DOMCTL_SHADOW_OP_OFF, 0),
              "off without a log");
}

static void test_errors(uint32_t domid)
{
    ct_expect(0, control(domid, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0),
              "enable");
    ct_expect(EINVAL, control(domid, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0),
              "enable again");
    ct_expect(EINVAL, control(domid, XEN_DOMCTL_SHADOW_OP_ENABLE,
                              XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY),
              "enable again by the other operation");
    ct_expect(EINVAL, control(domid, XEN_DOMCTL_SHADOW_OP_ENABLE, 0),
              "enable nothing");
    ct_expect(EINVAL, control(domid, XEN_DOMCTL_SHADOW_OP_ENABLE_TEST, 0),
              "enable for a test");
    ct_expect(EINVAL, control(domid, 5, 0), "an unknown operation");
    ct_expect(EINVAL, read_log(domid, XEN_DOMCTL_SHADOW_OP_CLEAN, BITS, 2),
              "clean in an unknown mode");
    ct_expect(EINVAL, read_log(domid, XEN_DOMCTL_SHADOW_OP_PEEK, BITS, 2),
              "peek in an unknown mode");
    ct_expect(ESRCH, control(CT_NO_DOMAIN,
                             XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0),
              "enable: no domain");
    ct_expect(EINVAL, control(0, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0),
              "enable: oneself");
}

static void test_reading(uint32_t domid)
{
    clean(domid, 0, "at first");
    ct_expect(0, xendevicemodel_modified_memory(ct.dmod, domid, 3, 2),
              "two frames are written");
    ct_equal((uint64_t)read_log(domid, XEN_DOMCTL_SHADOW_OP_PEEK, BITS, 0),
             BITS, "peek: all frames are answered");
    ct_ok(count() == 2 && is_dirty(3) && is_dirty(4), "peek: the two");
    ct_equal(stats.dirty_count, 2, "peek: so many became dirty");
    ct_equal(stats.fault_count, 0, "peek: no faults of shadow page tables");
    ct_expect(0, xendevicemodel_modified_memory(ct.dmod, domid, 3, 1),
              "one is written again");
    ct_equal((uint64_t)read_log(domid, XEN_DOMCTL_SHADOW_OP_CLEAN, BITS,
                                XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL),
             BITS, "the final clean: all frames are answered");
    ct_ok(count() == 2 && is_dirty(3) && is_dirty(4), "clean: the two");
    ct_equal(stats.dirty_count, 2, "clean: so many became dirty");
    clean(domid, 0, "after that");
    ct_equal(stats.dirty_count, 0, "clean: none became dirty");

    ct_expect(0, xendevicemodel_modified_memory(ct.dmod, domid, 10, 1),
              "a frame is written");
    ct_expect(0, xendevicemodel_modified_memory(ct.dmod, domid, 600, 20),
              "and twenty more");
    ct_equal((uint64_t)read_log(domid, XEN_DOMCTL_SHADOW_OP_CLEAN, 512, 0),
             512, "clean: a part");
    ct_ok(is_dirty(10) && !is_dirty(11), "clean a part: its dirty frame");
    ct_equal(dirty[64], 0x55, "clean a part: nothing is written beyond");
    ct_equal(stats.dirty_count, 21, "clean a part: the number is of all");
}

/* Without a bitmap: the numbers, and a clean log. */
static void test_numbers_alone(uint32_t domid)
{
    read_log(domid, XEN_DOMCTL_SHADOW_OP_CLEAN, BITS, 0);
    ct_expect(0, xendevicemodel_modified_memory(ct.dmod, domid, 20, 5),
              "five frames are written");
    ct_expect(0, xc_logdirty_control(ct.xch, domid, XEN_DOMCTL_SHADOW_OP_PEEK,
                                     NULL, 0, 0, &stats), "peek: no frames");
    ct_equal(stats.dirty_count, 5, "peek without a bitmap: the number");
    ct_expect(0, xc_logdirty_control(ct.xch, domid, XEN_DOMCTL_SHADOW_OP_CLEAN,
                                     NULL, BITS, 0, &stats),
              "clean without a bitmap");
    ct_equal(stats.dirty_count, 5, "clean without a bitmap: the number");
    clean(domid, 0, "after that without a bitmap");
}

/* What a toolstack or a device model writes through its mapping is not seen. */
static void test_who_writes(uint32_t domid)
{
    xen_pfn_t gfn = 900;
    uint8_t *page;

    page = ct_map_foreign(domid, 30, 1);
    if ( !page )
        ct_bail("no mapping");
    memset(page, 1, CT_PAGE);
    munmap(page, CT_PAGE);
    clean(domid, 0, "written through a mapping");
    ct_expect(0, xc_domain_populate_physmap_exact(ct.xch, domid, 1, 0, 0,
                                                  &gfn), "a new frame");
    ct_equal((uint64_t)read_log(domid, XEN_DOMCTL_SHADOW_OP_CLEAN, BITS, 0),
             BITS, "clean: all frames are answered");
    ct_equal(count(), ct_differs("log-new"), "clean: so many new frames");
}

static void test_end(uint32_t domid)
{
    ct_expect(0, xendevicemodel_modified_memory(ct.dmod, domid, 7, 1),
              "a frame is written");
    ct_expect(0, control(domid, XEN_DOMCTL_SHADOW_OP_OFF, 0), "off");
    ct_expect(0, control(domid, XEN_DOMCTL_SHADOW_OP_OFF, 0), "off again");
    ct_equal((uint64_t)read_log(domid, XEN_DOMCTL_SHADOW_OP_PEEK, BITS, 0),
             BITS, "peek after the end: all frames are answered");
    ct_equal(count(), 0, "peek after the end: none is dirty");
    ct_expect(0, control(domid, XEN_DOMCTL_SHADOW_OP_ENABLE,
                         XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY),
              "enable by the other operation");
    clean(domid, 0, "a new log");
}

static void test_log(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = PAGES });
    uint32_t none = ct_create(&(struct ct_config){ .no_vcpus = true });

    test_off(domid);
    test_errors(domid);
    test_reading(domid);
    test_numbers_alone(domid);
    test_who_writes(domid);
    test_end(domid);
    ct_expect(EINVAL, control(none, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0),
              "enable: no vcpus");
    ct_expect(EINVAL, control(none, XEN_DOMCTL_SHADOW_OP_OFF, 0),
              "off: no vcpus");
    ct_destroy(none);
    ct_destroy(domid); /* while it is logged */
}

/* ---- types of frames ---- */

static long types(uint32_t domid, xen_pfn_t *frames, uint64_t nr, uint64_t told)
{
    xen_pfn_t *array = xencall_alloc_buffer(ct.call, nr * sizeof(*array));
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getpageframeinfo3,
        .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
        .domain = (domid_t)domid,
    };
    long rc;
    int err;

    if ( !array )
        ct_bail("no buffer");
    memcpy(array, frames, nr * sizeof(*array));
    op.u.getpageframeinfo3.num = told;
    op.u.getpageframeinfo3.array.p = array;
    rc = ct_hypercall(__HYPERVISOR_domctl, 0, &op, sizeof(op));
    err = errno;
    memcpy(frames, array, nr * sizeof(*array));
    xencall_free_buffer(ct.call, array);
    errno = err;
    return rc;
}

static void test_types(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 16 });
    xen_pfn_t frames[6] = { 0, 15, 16, 1UL << 40, ~0UL, 7 };

    ct_expect(0, types(domid, frames, 6, 6), "types of six frames");
    ct_equal(frames[0], XEN_DOMCTL_PFINFO_NOTAB, "the first is memory");
    ct_equal(frames[1], XEN_DOMCTL_PFINFO_NOTAB, "the last is memory");
    ct_equal(frames[2], XEN_DOMCTL_PFINFO_XTAB, "nothing behind it");
    ct_equal(frames[3], XEN_DOMCTL_PFINFO_XTAB, "nothing far away");
    ct_equal(frames[4], XEN_DOMCTL_PFINFO_XTAB, "nothing at the end");
    ct_equal(frames[5], XEN_DOMCTL_PFINFO_NOTAB, "one in the middle");
    ct_expect(0, types(domid, frames, 1, 0), "types of no frames");
    ct_expect(E2BIG, types(domid, frames, 6, 1025), "of too many");
    ct_expect(E2BIG, types(domid, frames, 6, 1UL << 32), "of far too many");
    ct_expect(ESRCH, types(CT_NO_DOMAIN, frames, 6, 6), "of no domain");
    ct_destroy(domid);
}

/* ---- registers ---- */

static vcpu_guest_context_any_t context;

/* A vcpu has registers that can be read when its record was loaded. */
static void load_record(uint32_t domid, unsigned int vcpu)
{
    struct {
        struct hvm_save_descriptor header_desc;
        struct hvm_save_header header;
        struct hvm_save_descriptor cpu_desc;
        struct hvm_hw_cpu cpu;
        struct hvm_save_descriptor end;
    } __attribute__((packed)) x = {
        .header_desc = { HVM_SAVE_CODE(HEADER), 0, sizeof(x.header) },
        .header = { .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION },
        .cpu_desc = { HVM_SAVE_CODE(CPU), (uint16_t)vcpu, sizeof(x.cpu) },
        .cpu = {
            .cr0 = 0x11, .rflags = 2, .rip = 0x100, .dr6 = 0xffff0ff0,
            .dr7 = 0x400, .cs_limit = ~0U, .cs_arbytes = 0xc9b,
            .ss_limit = ~0U, .ss_arbytes = 0xc93, .ds_limit = ~0U,
            .ds_arbytes = 0xc93, .es_limit = ~0U, .es_arbytes = 0xc93,
            .tr_limit = 0x67, .tr_arbytes = 0x8b, .rbx = 0xb,
        },
    };

    ct_expect(0, xc_domain_hvm_setcontext(ct.xch, domid, (uint8_t *)&x,
                                          sizeof(x)), "load a record");
}

static void test_registers(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .vcpus = 2 });
    uint32_t none = ct_create(&(struct ct_config){ .no_vcpus = true });
    static vcpu_guest_context_any_t other;
    xc_vcpuinfo_t info;

    ct_expect(ENODATA, xc_vcpu_getcontext(ct.xch, domid, 0, &context),
              "registers: none are set");
    ct_expect(EINVAL, xc_vcpu_getcontext(ct.xch, domid, 2, &context),
              "registers: no such vcpu");
    ct_expect(EINVAL, xc_vcpu_getcontext(ct.xch, none, 0, &context),
              "registers: no vcpus");
    ct_expect(ESRCH, xc_vcpu_getcontext(ct.xch, CT_NO_DOMAIN, 0, &context),
              "registers: no domain");
    ct_expect(EINVAL, xc_vcpu_setcontext(ct.xch, domid, 2, &context),
              "set registers: no such vcpu");
    ct_expect(EINVAL, xc_vcpu_setcontext(ct.xch, none, 0, &context),
              "set registers: no vcpus");
    ct_expect(ESRCH, xc_vcpu_setcontext(ct.xch, CT_NO_DOMAIN, 0, &context),
              "set registers: no domain");

    memset(&context, 0, sizeof(context));
    context.x64.user_regs.rax = 0x1122334455667788;
    context.x64.user_regs.r15 = 15;
    context.x64.user_regs.rip = 0x1000;
    context.x64.user_regs.rflags = 2;
    context.x64.flags = VGCF_online;
    context.x64.debugreg[3] = 0x3000;
    context.x64.debugreg[6] = 0xffff0ff0;
    context.x64.debugreg[7] = 0x400;
    ct_expect(ct_differs("vcpu-fresh") ? ENODATA : 0,
              xc_vcpu_setcontext(ct.xch, domid, 1, &context),
              "set registers: there is no record yet");
    ct_expect(ENODATA, xc_vcpu_getcontext(ct.xch, domid, 1, &other),
              "registers: these alone are no state");
    load_record(domid, 1);
    ct_expect(0, xc_vcpu_getcontext(ct.xch, domid, 1, &other), "get them");
    ct_equal(other.x64.user_regs.rbx, 0xb, "rbx of the record");
    ct_equal(other.x64.ctrlreg[0], 0x11, "cr0 of the record");
    ct_expect(0, xc_vcpu_setcontext(ct.xch, domid, 1, &context),
              "set registers");
    memset(&context, 0, sizeof(context));
    ct_expect(0, xc_vcpu_getcontext(ct.xch, domid, 1, &context), "get them");
    ct_equal(context.x64.user_regs.rax, 0x1122334455667788, "rax");
    ct_equal(context.x64.user_regs.r15, 15, "r15");
    ct_equal(context.x64.user_regs.rip, 0x1000, "rip");
    ct_equal(context.x64.user_regs.rflags, 2, "rflags");
    ct_equal(context.x64.debugreg[3], 0x3000, "dr3");
    ct_equal(context.x64.flags & VGCF_online, VGCF_online, "it is online");
    ct_expect(0, xc_vcpu_getinfo(ct.xch, domid, 1, &info), "info");
    ct_equal(info.online, 1, "it is online, says the info");
    context.x64.user_regs.rax = 1;
    context.x64.flags &= ~(unsigned long)VGCF_online;
    ct_expect(0, xc_vcpu_setcontext(ct.xch, domid, 1, &context),
              "set rax, and offline");
    ct_expect(0, xc_vcpu_getcontext(ct.xch, domid, 1, &context), "get them");
    ct_equal(context.x64.user_regs.rax, 1, "rax");
    ct_equal(context.x64.user_regs.r15, 15, "r15 is as before");
    ct_equal(context.x64.flags & VGCF_online, 0, "it is offline");
    ct_destroy(none);
    ct_destroy(domid);
}

int main(void)
{
    ct_begin();
    test_log();
    test_types();
    test_registers();
    return ct_end();
}
