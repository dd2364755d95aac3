/* SPDX-License-Identifier: MIT */
/*
 * HVM contexts: their content, and that no malformed list of records does harm.
 *
 * Seen failing with: no check of a record's length against what is left; a
 * context of a domain without vcpus; a CPU record that leaves its vcpu down.
 */
#include "test-domctl.h"

#include <hv/hvm-save.h>

#include <xen/hvm/save.h>

#include <x86/defns.h>

#define CPU 2
#define MTRR 14

static struct hvm_hw_cpu set_ctx;
static unsigned int nr_set;

static int take_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    (void)v;
    set_ctx = *ctx;
    nr_set++;
    return ctx->cr0 ? 0 : -EINVAL;
}

static void give_context(struct vcpu *v, struct hvm_hw_cpu *ctx)
{
    ctx->rip = 0x1000 + v->vcpu_id;
}

static long context(uint32_t cmd, struct domain *d, void *buf, uint32_t *size)
{
    struct xen_domctl op = domctl_make(cmd, d->domain_id);
    long rc;

    op.u.hvmcontext.buffer.p = buf;
    op.u.hvmcontext.size = *size;
    rc = domctl_call(&op);
    *size = op.u.hvmcontext.size;
    return rc;
}

static uint32_t record(uint8_t *buf, uint32_t at, uint16_t type,
                       uint16_t instance, const void *data, uint32_t len)
{
    struct hvm_save_descriptor desc = { type, instance, len };

    memcpy(buf + at, &desc, sizeof(desc));
    if ( len )
        memcpy(buf + at + sizeof(desc), data, len);
    return at + (uint32_t)sizeof(desc) + len;
}

static const struct hvm_save_header header = {
    .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION,
};

/* R5: no vcpus, no context; an error and not a crash. */
static void test_r5_context_without_vcpus(void **state)
{
    struct xen_domctl_createdomain c = fixture_config(1);
    struct domain *d = NULL;
    struct xen_domctl op;
    uint8_t buf[64];
    uint32_t size = 0;

    (void)state;
    assert_int_equal(domain_create(DOMID_INVALID, &c, false, &d), 0);
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, NULL, &size),
                     -EINVAL);
    size = sizeof(buf);
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, buf, &size),
                     -EINVAL);
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &size),
                     -EINVAL);
    op = domctl_make(XEN_DOMCTL_gethvmcontext_partial, d->domain_id);
    op.u.hvmcontext_partial.type = MTRR;
    assert_int_equal(domctl_call(&op), -EINVAL);
}

static void test_get(void **state)
{
    struct domain *d = fixture_guest(3);
    struct hvm_save_descriptor desc;
    unsigned int nr_cpu = 0, nr_mtrr = 0;
    uint32_t size = 0, full, at;
    uint8_t *buf;

    (void)state;
    hosted_hooks.get_context = give_context;
    vcpu_up(domain_vcpu(d, 1));
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, NULL, &size), 0);
    full = size;
    buf = malloc(full);
    size = full - 1;
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, buf, &size),
                     -ENOSPC);
    size = full;
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, buf, &size), 0);
    assert_int_equal(size, full);
    for ( at = 0; at < full; at += sizeof(desc) + desc.length )
    {
        memcpy(&desc, buf + at, sizeof(desc));
        if ( !at )
            assert_int_equal(desc.typecode, 1);
        if ( desc.typecode == CPU )
        {
            struct hvm_hw_cpu cpu;

            memcpy(&cpu, buf + at + sizeof(desc), sizeof(cpu));
            assert_int_equal(desc.instance, 1);
            assert_int_equal(cpu.rip, 0x1001);
            nr_cpu++;
        }
        nr_mtrr += desc.typecode == MTRR;
    }
    assert_int_equal(at, full);
    assert_int_equal(desc.typecode, 0);
    assert_int_equal(nr_cpu, 1);
    assert_int_equal(nr_mtrr, 3);
    /* What was got can be set. */
    hosted_hooks.set_context = NULL;
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &size), 0);
    free(buf);
}

static void test_get_one(void **state)
{
    struct domain *d = fixture_guest(2);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_gethvmcontext_partial,
                                       d->domain_id);
    struct xen_domctl_hvmcontext_partial *p = &op.u.hvmcontext_partial;
    struct hvm_hw_cpu cpu;

    (void)state;
    hosted_hooks.get_context = give_context;
    vcpu_up(domain_vcpu(d, 1));
    p->type = 5; /* LAPIC */
    assert_int_equal(domctl_call(&op), -EINVAL);
    p->type = CPU;
    assert_int_equal(domctl_call(&op), -ENOENT); /* vcpu 0 is down */
    p->instance = 1;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(p->bufsz, sizeof(cpu));
    p->buffer.p = (void *)&cpu;
    p->bufsz = sizeof(cpu) - 1;
    assert_int_equal(domctl_call(&op), -ENOSPC);
    p->bufsz = sizeof(cpu);
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(cpu.rip, 0x1001);
}

/* As a toolstack starts a PVH guest. */
static void test_set_starts_the_vcpu(void **state)
{
    struct domain *d = fixture_guest(2);
    struct hvm_hw_cpu cpu = { .cr0 = CR0_ET | CR0_PE,
                              .rip = 0x1000850, .rbx = 0x1234 };
    uint8_t buf[2048];
    uint32_t at;

    (void)state;
    hosted_hooks.set_context = take_context;
    nr_set = 0;
    at = record(buf, 0, 1, 0, &header, sizeof(header));
    at = record(buf, at, CPU, 0, &cpu, sizeof(cpu));
    at = record(buf, at, 0, 0, NULL, 0);
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &at), 0);
    assert_int_equal(nr_set, 1);
    assert_int_equal(set_ctx.rip, 0x1000850);
    assert_false(domain_vcpu(d, 0)->flags & VCPU_DOWN);
    assert_true(domain_vcpu(d, 1)->flags & VCPU_DOWN);
    assert_int_equal(d->pause_count, 1);

    cpu.cr0 = 0; /* the machine refuses it */
    at = record(buf, 0, 1, 0, &header, sizeof(header));
    at = record(buf, at, CPU, 1, &cpu, sizeof(cpu));
    at = record(buf, at, 0, 0, NULL, 0);
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &at), -EINVAL);
    assert_true(domain_vcpu(d, 1)->flags & VCPU_DOWN);
}

static void test_set_malformed(void **state)
{
    struct domain *d = fixture_guest(1);
    struct hvm_save_header bad = header;
    struct hvm_hw_mtrr mtrr = { .msr_mtrr_def_type = 0x806 };
    uint8_t buf[2048] = { 0 }, long_record[sizeof(mtrr) + 8] = { 0 };
    uint32_t head, at;

    (void)state;
#define WANT(rc, size)                                                       \
    do {                                                                     \
        uint32_t size_ = (size);                                             \
        assert_int_equal(                                                    \
            context(XEN_DOMCTL_sethvmcontext, d, buf, &size_), (rc));        \
    } while ( 0 )

    WANT(-ENODATA, 0);
    WANT(-ENODATA, 7);
    WANT(-ENODATA, 8); /* an end, but no header */
    WANT(-ENOMEM, ~0U);
    bad.magic++;
    record(buf, 0, 1, 0, &bad, sizeof(bad));
    WANT(-EINVAL, sizeof(buf));
    head = record(buf, 0, 1, 0, &header, sizeof(header));
    for ( uint32_t size = 0; size < head + 8; size++ )
        WANT(-ENODATA, size);
    record(buf, head, 0, 0, NULL, 0);
    WANT(0, head + 8);
    record(buf, head, 3, 0, NULL, 0); /* PIC: not ours */
    WANT(-EINVAL, sizeof(buf));

    at = record(buf, head, MTRR, 0, &mtrr, sizeof(mtrr));
    record(buf, at, 0, 0, NULL, 0);
    WANT(0, at + 8);
    WANT(-ENODATA, at);     /* no end */
    WANT(-ENODATA, at - 1); /* cut off */
    record(buf, head, MTRR, 1, &mtrr, sizeof(mtrr)); /* no such vcpu */
    WANT(-EINVAL, at + 8);
    record(buf, head, MTRR, 0, &mtrr, sizeof(mtrr) - 8);
    WANT(-EINVAL, at + 8);
    at = record(buf, head, MTRR, 0, long_record, sizeof(long_record));
    record(buf, at, 0, 0, NULL, 0);
    WANT(-EINVAL, at + 8);
    at = head + 8 + sizeof(mtrr);
    mtrr.msr_mtrr_def_type = 0x802;
    record(buf, head, MTRR, 0, &mtrr, sizeof(mtrr));
    WANT(-EINVAL, at + 8);
    mtrr.msr_mtrr_def_type = 0x806;
    mtrr.msr_mtrr_fixed[10] = 2; /* a memory type that does not exist */
    record(buf, head, MTRR, 0, &mtrr, sizeof(mtrr));
    WANT(-EINVAL, at + 8);
    ((struct hvm_save_descriptor *)(buf + head))->length = ~0U;
    WANT(-ENODATA, at + 8);
#undef WANT
}

/* ---- types that the machine adds ---- */

#define PIC 3   /* two of a domain */
#define XSAVE 16 /* one of each vcpu, 16 to 64 bytes */

static uint64_t pic_value[2], loaded_xsave[8];

static uint32_t save_pic(struct domain *d, unsigned int instance, void *data)
{
    (void)d;
    if ( data )
        memcpy(data, &pic_value[instance], 8);
    return 8;
}

static long load_pic(struct domain *d, unsigned int instance,
                     const void *data)
{
    uint64_t value;

    (void)d;
    memcpy(&value, data, 8);
    if ( value >> 32 )
        return -EINVAL;
    pic_value[instance] = value;
    return 0;
}

static uint32_t save_xsave(struct domain *d, unsigned int instance,
                           void *data)
{
    (void)d;
    if ( data )
    {
        assert_int_equal((uintptr_t)data % 8, 0);
        memset(data, 0xa0 + (int)instance, 16);
    }
    return instance == 1 ? 0 : 16;
}

static long load_xsave(struct domain *d, unsigned int instance,
                       const void *data)
{
    (void)d, (void)instance;
    assert_int_equal((uintptr_t)data % 8, 0);
    memcpy(loaded_xsave, data, sizeof(loaded_xsave));
    return 0;
}

static const struct hvm_record *machine_records(unsigned int *nr)
{
    static const struct hvm_record rows[] = {
        { XSAVE, RECORD_PER_VCPU, 64, 16, save_xsave, load_xsave },
        { PIC, 2, 8, 0, save_pic, load_pic },
    };

    *nr = ARRAY_SIZE(rows);
    return rows;
}

/* In the order of codes, whatever the order of rows; none for vcpu 1. */
static void test_machine_records_are_saved(void **state)
{
    static const uint16_t want[][3] = {
        { 1, 0, 24 }, { PIC, 0, 8 }, { PIC, 1, 8 }, { MTRR, 0, 240 },
        { MTRR, 1, 240 }, { MTRR, 2, 240 }, { XSAVE, 0, 16 },
        { XSAVE, 2, 16 }, { 0, 0, 0 },
    };
    struct domain *d = fixture_guest(3);
    struct hvm_save_descriptor desc;
    static uint8_t buf[8192];
    uint32_t size = sizeof(buf), at = 0, counted = 0;

    (void)state;
    hosted_hooks.hvm_records = machine_records;
    pic_value[1] = 0x12345678;
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, NULL, &counted), 0);
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, buf, &size), 0);
    assert_int_equal(size, counted);
    for ( unsigned int i = 0; i < ARRAY_SIZE(want); i++ )
    {
        memcpy(&desc, buf + at, sizeof(desc));
        assert_int_equal(desc.typecode, want[i][0]);
        assert_int_equal(desc.instance, want[i][1]);
        assert_int_equal(desc.length, want[i][2]);
        at += (uint32_t)sizeof(desc);
        if ( i == 2 )
            assert_memory_equal(buf + at, &pic_value[1], 8);
        if ( i == 7 )
            assert_int_equal(buf[at + 15], 0xa2);
        at += desc.length;
    }
    assert_int_equal(at, size);
    pic_value[1] = 0;
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &size), 0);
    assert_int_equal(pic_value[1], 0x12345678);
}

static void test_machine_records_are_loaded(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t value = 1, half[9];
    uint8_t buf[512];
    uint32_t head = record(buf, 0, 1, 0, &header, sizeof(header)), at;

    (void)state;
    hosted_hooks.hvm_records = machine_records;
    memset(half, 0x55, sizeof(half));
#define LOAD(type, instance, data, len)                                      \
    (at = record(buf, head, type, instance, data, len),                      \
     at = record(buf, at, 0, 0, NULL, 0),                                    \
     context(XEN_DOMCTL_sethvmcontext, d, buf, &at))
    assert_int_equal(LOAD(PIC, 1, &value, 8), 0);
    assert_int_equal(pic_value[1], 1);
    assert_int_equal(LOAD(PIC, 2, &value, 8), -EINVAL);
    assert_int_equal(LOAD(PIC, 0, &value, 7), -EINVAL);
    value = ~0UL;
    assert_int_equal(LOAD(PIC, 0, &value, 8), -EINVAL);
    assert_int_equal(LOAD(XSAVE, 0, half, 15), -EINVAL);
    assert_int_equal(LOAD(XSAVE, 0, half, 72), -EINVAL);
    assert_int_equal(LOAD(XSAVE, 0, half, 64), 0);
    assert_int_equal(LOAD(XSAVE, 0, half, 20), 0);
    assert_int_equal(loaded_xsave[1], 0x5555555555555555UL);
    assert_int_equal(loaded_xsave[2], 0x55555555UL);
    assert_int_equal(loaded_xsave[3], 0);
    assert_int_equal(LOAD(XSAVE, 1, half, 64), -EINVAL); /* no such vcpu */
    assert_int_equal(LOAD(4, 0, half, 64), -EINVAL);     /* no such type */
#undef LOAD
}

static long get_all(void *arg)
{
    static uint8_t buf[8192];
    uint32_t size = sizeof(buf);

    return context(XEN_DOMCTL_gethvmcontext, arg, buf, &size);
}

static long set_some(void *arg)
{
    uint8_t buf[64];
    uint32_t at = record(buf, 0, 1, 0, &header, sizeof(header));

    at = record(buf, at, 0, 0, NULL, 0);
    return context(XEN_DOMCTL_sethvmcontext, arg, buf, &at);
}

static void test_no_memory(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_each_alloc_failure(get_all, d, -ENOMEM);
    fixture_each_alloc_failure(set_some, d, -ENOMEM);
    assert_int_equal(d->pause_count, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_r5_context_without_vcpus), T(test_get),
        T(test_get_one),                  T(test_set_starts_the_vcpu),
        T(test_set_malformed),            T(test_no_memory),
        T(test_machine_records_are_saved),
        T(test_machine_records_are_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
