/* SPDX-License-Identifier: MIT */
/*
 * The saved state of an HVM guest as a toolstack sees it: which records there
 * are, that they can be loaded again, one by one and all of them, and that a
 * record which is not legal changes nothing.
 */
#include <stdio.h>

#include <xen/hvm/save.h>

#include "ct.h"

#define VCPUS 2
#define ROOM (1U << 18)
#define LAST_CODE 20

/* ---- a context, and its records ---- */

struct context {
    uint8_t bytes[ROOM];
    uint32_t size;
};

static struct hvm_save_descriptor desc_at(const struct context *c, uint32_t at)
{
    struct hvm_save_descriptor desc;

    memcpy(&desc, c->bytes + at, sizeof(desc));
    return desc;
}

static uint32_t next_of(const struct context *c, uint32_t at)
{
    return at + (uint32_t)sizeof(struct hvm_save_descriptor) +
           desc_at(c, at).length;
}

/* Where the record's descriptor is; the size: there is none. */
static uint32_t find(const struct context *c, unsigned int type,
                     unsigned int instance)
{
    uint32_t at = 0;

    for ( ; at < c->size; at = next_of(c, at) )
        if ( desc_at(c, at).typecode == type &&
             desc_at(c, at).instance == instance )
            break;
    return at < c->size ? at : c->size;
}

static bool has(const struct context *c, unsigned int type)
{
    return find(c, type, 0) < c->size;
}

static void *data_of(struct context *c, unsigned int type,
                     unsigned int instance)
{
    uint32_t at = find(c, type, instance);

    if ( at == c->size )
        ct_bail("no record %u.%u", type, instance);
    return c->bytes + at + sizeof(struct hvm_save_descriptor);
}

static void get(uint32_t domid, struct context *c)
{
    int size;

    memset(c, 0, sizeof(*c));
    size = xc_domain_hvm_getcontext(ct.xch, domid, c->bytes, ROOM);
    if ( size < 0 )
        ct_bail("domain %u has no context: %s", domid, strerror(errno));
    c->size = (uint32_t)size;
}

static int set(uint32_t domid, struct context *c)
{
    return xc_domain_hvm_setcontext(ct.xch, domid, c->bytes, c->size);
}

static void append(struct context *c, unsigned int type,
                   unsigned int instance, const void *data, uint32_t len)
{
    struct hvm_save_descriptor desc = {
        .typecode = (uint16_t)type, .instance = (uint16_t)instance,
        .length = len,
    };

    memcpy(c->bytes + c->size, &desc, sizeof(desc));
    if ( len )
        memcpy(c->bytes + c->size + sizeof(desc), data, len);
    c->size += (uint32_t)sizeof(desc) + len;
}

/* The header of `from`, and behind it one record. */
static void one_record(struct context *c, struct context *from,
                       unsigned int type, unsigned int instance,
                       const void *data, uint32_t len)
{
    memset(c, 0, sizeof(*c));
    append(c, HVM_SAVE_CODE(HEADER), 0, data_of(from, HVM_SAVE_CODE(HEADER), 0),
           HVM_SAVE_LENGTH(HEADER));
    append(c, type, instance, data, len);
    append(c, HVM_SAVE_CODE(END), 0, NULL, 0);
}

/* What goes on by itself becomes 0. */
static void stop_clocks(struct context *c)
{
    for ( unsigned int i = 0; i < VCPUS; i++ )
        if ( find(c, HVM_SAVE_CODE(CPU), i) < c->size )
            ((struct hvm_hw_cpu *)data_of(c, HVM_SAVE_CODE(CPU), i))->tsc = 0;
    if ( has(c, HVM_SAVE_CODE(RTC)) )
        memset(data_of(c, HVM_SAVE_CODE(RTC), 0), 0, RTC_CMOS_SIZE);
    if ( has(c, HVM_SAVE_CODE(PMTIMER)) )
        ((struct hvm_hw_pmtimer *)data_of(c, HVM_SAVE_CODE(PMTIMER), 0))
            ->tmr_val = 0;
}

static bool same(const struct context *a, const struct context *b)
{
    static struct context x, y;
    uint32_t at = 0;

    x = *a;
    y = *b;
    stop_clocks(&x);
    stop_clocks(&y);
    if ( x.size == y.size && !memcmp(x.bytes, y.bytes, x.size) )
        return true;
    ct_diag("%u and %u bytes", x.size, y.size);
    for ( ; at < x.size && at < y.size; at = next_of(&x, at) )
    {
        struct hvm_save_descriptor d = desc_at(&x, at);

        if ( memcmp(x.bytes + at, y.bytes + at, sizeof(d)) )
            break;
        for ( uint32_t i = 0; i < d.length; i++ )
            if ( x.bytes[at + 8 + i] != y.bytes[at + 8 + i] )
                ct_diag("record %u.%u differs at %u: %02x %02x", d.typecode,
                        d.instance, i, x.bytes[at + 8 + i],
                        y.bytes[at + 8 + i]);
    }
    return false;
}

/* ---- what a domain has ---- */

static struct context fresh, full, idle, now, try;

/* Its vcpus in flat 32-bit code, which makes them ready to run. */
static void start_vcpus(uint32_t domid)
{
    struct hvm_hw_cpu cpu = {
        .rip = 0x1000, .rflags = 2, .cr0 = 0x11, .dr6 = 0xffff0ff0,
        .dr7 = 0x400, .cs_sel = 8, .ds_sel = 16, .es_sel = 16, .ss_sel = 16,
        .tr_sel = 24, .cs_arbytes = 0xc9b, .ds_arbytes = 0xc93,
        .es_arbytes = 0xc93, .ss_arbytes = 0xc93, .tr_arbytes = 0x8b,
        .cs_limit = ~0U, .ds_limit = ~0U, .es_limit = ~0U, .ss_limit = ~0U,
        .tr_limit = 0x67,
    };

    get(domid, &fresh);
    memset(&try, 0, sizeof(try));
    append(&try, HVM_SAVE_CODE(HEADER), 0,
           data_of(&fresh, HVM_SAVE_CODE(HEADER), 0), HVM_SAVE_LENGTH(HEADER));
    for ( unsigned int i = 0; i < VCPUS; i++ )
        append(&try, HVM_SAVE_CODE(CPU), i, &cpu, sizeof(cpu));
    append(&try, HVM_SAVE_CODE(END), 0, NULL, 0);
    ct_expect(0, set(domid, &try), "two vcpus are started");
}

/* A record that every domain of this kind has, in their order. */
struct expected {
    unsigned int type, instances;
    uint32_t length;
    bool device; /* of what the hosted machine does not emulate */
};
#define RECORD(name, nr, device)                                             \
    { HVM_SAVE_CODE(name), nr, HVM_SAVE_LENGTH(name), device }
static const struct expected expected[] = {
    RECORD(HEADER, 1, false), RECORD(CPU, VCPUS, false), RECORD(PIC, 2, true),
    RECORD(IOAPIC, 1, true), RECORD(LAPIC, VCPUS, true),
    RECORD(LAPIC_REGS, VCPUS, true), RECORD(PCI_IRQ, 1, true),
    RECORD(ISA_IRQ, 1, true), RECORD(PCI_LINK, 1, true), RECORD(PIT, 1, true),
    RECORD(RTC, 1, true), RECORD(HPET, 1, true), RECORD(PMTIMER, 1, true),
    RECORD(MTRR, VCPUS, false), RECORD(VMCE_VCPU, VCPUS, true),
    RECORD(TSC_ADJUST, VCPUS, true),
};

/* The hosted machine has no devices, on purpose. */
static bool devices;

static void test_list(const struct context *c, bool started)
{
    uint32_t at = 0;

    for ( size_t i = 0; i < CT_NR(expected); i++ )
        for ( unsigned int nr = 0; nr < expected[i].instances; nr++ )
        {
            struct hvm_save_descriptor d = desc_at(c, at);

            if ( (expected[i].device && !devices) ||
                 (expected[i].type == HVM_SAVE_CODE(CPU) && !started) )
                continue;
            ct_ok(d.typecode == expected[i].type && d.instance == nr &&
                      d.length == expected[i].length,
                  "record %u.%u has %u bytes", expected[i].type, nr,
                  expected[i].length);
            at = next_of(c, at);
        }
    ct_ok(!desc_at(c, at).typecode && !desc_at(c, at).length &&
              next_of(c, at) == c->size, "then comes the end");
}

/* ---- one record ---- */

static long partial(uint32_t domid, unsigned int type, unsigned int instance,
                    void *buf, uint32_t size)
{
    return xc_domain_hvm_getcontext_partial(ct.xch, domid, (uint16_t)type,
                                            (uint16_t)instance, buf, size);
}

static void test_partial(uint32_t domid)
{
    static uint8_t buf[8192];

    for ( uint32_t at = 0; at < full.size; at = next_of(&full, at) )
    {
        struct hvm_save_descriptor d = desc_at(&full, at);
        bool single = d.typecode > HVM_SAVE_CODE(HEADER);

        memset(&try, 0, sizeof(try));
        if ( !ct_expect(single ? 0 : EINVAL,
                        partial(domid, d.typecode, d.instance, buf,
                                sizeof(buf)),
                        "record %u.%u alone", d.typecode, d.instance) ||
             !single )
            continue;
        append(&try, d.typecode, d.instance, buf, d.length);
        memset(&now, 0, sizeof(now));
        append(&now, d.typecode, d.instance,
               full.bytes + at + sizeof(d), d.length);
        ct_ok(same(&now, &try), "as in the list");
        ct_expect(ENOBUFS, partial(domid, d.typecode, d.instance, buf,
                                  d.length - 1), "no room for it");
    }
    ct_expect(ENOENT, partial(domid, HVM_SAVE_CODE(CPU), VCPUS, buf,
                              sizeof(buf)), "no such vcpu");
    ct_expect(EINVAL, partial(domid, LAST_CODE + 1, 0, buf, sizeof(buf)),
              "no such type");
}

/* ---- what is refused ---- */

/* Loading `try` is refused, all vcpus are down, and nothing else has changed. */
static void refused(uint32_t domid, int err, const char *what)
{
    ct_expect(err, set(domid, &try), "%s", what);
    get(domid, &now);
    ct_ok(same(&idle, &now), "nothing else has changed");
}

/* A context takes all vcpus down whose CPU record it does not have. */
static void test_down(uint32_t domid)
{
    memset(&try, 0, sizeof(try));
    append(&try, HVM_SAVE_CODE(HEADER), 0,
           data_of(&full, HVM_SAVE_CODE(HEADER), 0), HVM_SAVE_LENGTH(HEADER));
    append(&try, HVM_SAVE_CODE(END), 0, NULL, 0);
    ((struct hvm_save_header *)data_of(&try, HVM_SAVE_CODE(HEADER), 0))
        ->magic++;
    ct_expect(EINVAL, set(domid, &try), "another magic number");
    get(domid, &now);
    ct_ok(same(&full, &now), "nothing has changed");
    ((struct hvm_save_header *)data_of(&try, HVM_SAVE_CODE(HEADER), 0))
        ->magic--;
    ct_expect(0, set(domid, &try), "no record");
    get(domid, &idle);
    test_list(&idle, false);
}

static void test_frames(uint32_t domid)
{
    uint64_t zero = 0;

    one_record(&try, &full, LAST_CODE + 1, 0, &zero, sizeof(zero));
    refused(domid, EINVAL, "no such type");
    one_record(&try, &full, HVM_SAVE_CODE(MTRR), VCPUS,
               data_of(&full, HVM_SAVE_CODE(MTRR), 0), HVM_SAVE_LENGTH(MTRR));
    refused(domid, EINVAL, "no such vcpu");
    try.size = 8 + HVM_SAVE_LENGTH(HEADER);
    refused(domid, ENODATA, "no end");
}

/* Of each type one that is 8 bytes too short. */
static void test_lengths(uint32_t domid)
{
    for ( uint32_t at = next_of(&full, 0); desc_at(&full, at).typecode;
          at = next_of(&full, at) )
    {
        struct hvm_save_descriptor d = desc_at(&full, at);
        char what[64];

        snprintf(what, sizeof(what), "record %u.%u, too short", d.typecode,
                 d.instance);
        one_record(&try, &full, d.typecode, d.instance,
                   full.bytes + at + sizeof(d), d.length - 8);
        refused(domid, EINVAL, what);
    }
}

static void test_cpu(uint32_t domid)
{
    struct hvm_hw_cpu cpu;

    memcpy(&cpu, data_of(&full, HVM_SAVE_CODE(CPU), 0), sizeof(cpu));
    cpu.flags |= 2;
    one_record(&try, &full, HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
    refused(domid, EINVAL, "CPU.flags has an unknown one");
    memcpy(&cpu, data_of(&full, HVM_SAVE_CODE(CPU), 0), sizeof(cpu));
    cpu.pad0 = 1;
    one_record(&try, &full, HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
    refused(domid, EINVAL, "CPU.pad0 is not 0");
}

/* A field of a record, and a value that it cannot have. */
#define FIELD(name, record, field, value)                                    \
    { #name "." #field " = " #value, HVM_SAVE_CODE(name),                    \
      offsetof(struct record, field), sizeof(((struct record *)0)->field),   \
      value }
static const struct {
    const char *what;
    unsigned int type;
    size_t at, size;
    uint64_t value;
} illegal[] = {
    FIELD(CPU, hvm_hw_cpu, cr0, 0x80000000),
    FIELD(CPU, hvm_hw_cpu, cr4, 1UL << 40),
    FIELD(CPU, hvm_hw_cpu, msr_efer, 1UL << 40),
    FIELD(CPU, hvm_hw_cpu, dr6, 1UL << 40),
    FIELD(CPU, hvm_hw_cpu, dr7, 1UL << 40),
    FIELD(CPU, hvm_hw_cpu, pending_event, 0x80000130),
    FIELD(IOAPIC, hvm_hw_vioapic, base_address, 0x1000),
    FIELD(IOAPIC, hvm_hw_vioapic, redirtbl[3], ~0UL),
    FIELD(LAPIC, hvm_hw_lapic, disabled, 0x100),
    FIELD(LAPIC, hvm_hw_lapic, apic_base_msr, 1UL << 60),
    FIELD(ISA_IRQ, hvm_hw_isa_irqs, pad[0], 0x10000),
    FIELD(PCI_LINK, hvm_hw_pci_link, route[0], 16),
    FIELD(PCI_LINK, hvm_hw_pci_link, pad0[0], 1),
    FIELD(PIT, hvm_hw_pit, channels[0].count, 0x10001),
    FIELD(PIT, hvm_hw_pit, channels[0].mode, 6),
    FIELD(PIT, hvm_hw_pit, channels[1].gate, 2),
    FIELD(PIT, hvm_hw_pit, channels[2].bcd, 2),
    FIELD(PIT, hvm_hw_pit, speaker_data_on, 2),
    FIELD(RTC, hvm_hw_rtc, cmos_index, 0x80),
    FIELD(RTC, hvm_hw_rtc, cmos_data[12], 1),
    FIELD(RTC, hvm_hw_rtc, cmos_data[13], 1),
    FIELD(HPET, hvm_hw_hpet, capability, 1),
    FIELD(HPET, hvm_hw_hpet, config, 4),
    FIELD(HPET, hvm_hw_hpet, isr, 8),
    FIELD(HPET, hvm_hw_hpet, timers[0].config, 0),
    FIELD(HPET, hvm_hw_hpet, period[0], 1),
    FIELD(MTRR, hvm_hw_mtrr, msr_pat_cr, 2),
    FIELD(MTRR, hvm_hw_mtrr, msr_mtrr_var[0], 2),
    FIELD(MTRR, hvm_hw_mtrr, msr_mtrr_var[1], 1UL << 60),
    FIELD(MTRR, hvm_hw_mtrr, msr_mtrr_fixed[10], 2),
    FIELD(MTRR, hvm_hw_mtrr, msr_mtrr_def_type, 2),
    FIELD(VMCE_VCPU, hvm_vmce_vcpu, caps, 1UL << 40),
    FIELD(TSC_ADJUST, hvm_tsc_adjust, tsc_adjust, 1),
};

/* Xen looks at a few of them only, and its guests live with the others. */
static void test_fields(uint32_t domid)
{
    static struct context bad;

    if ( !ct_differs("record-fields") )
        return;
    test_lengths(domid);
    for ( size_t i = 0; i < CT_NR(illegal); i++ )
    {
        unsigned int type = illegal[i].type;

        /* Hosted, the engine refuses what it cannot run, and no more. */
        if ( !has(&full, type) || (type == HVM_SAVE_CODE(CPU) && !devices) )
            continue;
        bad = full;
        memcpy((uint8_t *)data_of(&bad, type, 0) + illegal[i].at,
               &illegal[i].value, illegal[i].size);
        one_record(&try, &full, type, 0, data_of(&bad, type, 0),
                   desc_at(&bad, find(&bad, type, 0)).length);
        refused(domid, EINVAL, illegal[i].what);
    }
}

/* ---- records that a vcpu has when it uses what they are about ---- */

#define TSC_AUX 0xc0000103
#define MISC_FEATURES 0x140

struct two_msrs {
    uint32_t count, pad;
    struct hvm_one_msr msr[2];
};

/* 0: there is no such record. */
static uint64_t saved_features(uint32_t domid)
{
    struct two_msrs r = { 0 };

    if ( partial(domid, CPU_MSR_CODE, 0, &r, sizeof(r)) < 0 )
        return 0;
    for ( uint32_t i = 0; i < r.count && i < 2; i++ )
        if ( r.msr[i].index == MISC_FEATURES )
            return r.msr[i].val;
    return 0;
}

static void load_msrs(uint32_t domid, int err, uint32_t nr, uint64_t features,
                      const char *what)
{
    struct two_msrs r = { .count = nr, .msr = {
        { MISC_FEATURES, 0, features }, { TSC_AUX, 0, ~0UL } } };

    one_record(&try, &full, CPU_MSR_CODE, 0, &r,
               (uint32_t)(offsetof(struct two_msrs, msr[nr])));
    ct_expect(err, set(domid, &try), "%s", what);
}

static void test_msrs(uint32_t domid)
{
    bool whole;

    if ( !devices )
        return;
    whole = ct_differs("record-fields");
    load_msrs(domid, ENXIO, 2, 1, "a second MSR that is refused");
    ct_equal(saved_features(domid), !whole, "the first is set on Xen only");
    load_msrs(domid, 0, 1, 1, "the first alone");
    ct_equal(saved_features(domid), 1, "it is saved");
    load_msrs(domid, ENXIO, 2, 0, "a second MSR that is refused");
    ct_equal(saved_features(domid), whole, "the first is cleared on Xen only");
    load_msrs(domid, ENXIO, 1, 2, "a reserved bit");
    ct_equal(saved_features(domid), whole, "nothing has changed");
    load_msrs(domid, 0, 1, 0, "0 again");
    ct_equal(saved_features(domid), 0, "it is not saved");
}

int main(void)
{
    uint32_t domid;

    ct_begin();
    domid = ct_create(&(struct ct_config){ .hvm = true, .vcpus = VCPUS });
    get(domid, &fresh);
    devices = !is_oriel() || has(&fresh, HVM_SAVE_CODE(PIC));
    if ( !devices )
        ct_skip("records of devices", "hosted-records: there are no devices");
    test_list(&fresh, false);
    start_vcpus(domid);
    get(domid, &full);
    test_list(&full, true);
    ct_expect(0, set(domid, &full), "all of it is loaded");
    get(domid, &now);
    ct_ok(same(&full, &now), "it is the same again");
    test_partial(domid);
    test_down(domid);
    test_frames(domid);
    test_cpu(domid);
    test_fields(domid);
    test_msrs(domid);
    ct_destroy(domid);
    return ct_end();
}
