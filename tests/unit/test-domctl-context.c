/* SPDX-License-Identifier: MIT */
/*
 * HVM contexts: their content, and that no malformed list of records does harm.
 *
 * Seen failing with: no check of a record's length against what is left; a
 * context of a domain without vcpus; a CPU record that leaves its vcpu down.
 */
#include "test-context.h"

#include <x86/defns.h>

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
    assert_int_equal(domctl_call(&op), -ENOBUFS);
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

/* A context without a CPU record of a vcpu takes the vcpu down, as in Xen. */
static void test_vcpus_go_down(void **state)
{
    struct domain *d = fixture_guest(2);
    struct hvm_save_header bad = header;
    struct hvm_hw_cpu cpu = { .cr0 = CR0_ET | CR0_PE };
    uint8_t buf[2048];
    uint32_t at;

    (void)state;
    vcpu_up(domain_vcpu(d, 0));
    vcpu_up(domain_vcpu(d, 1));
    bad.version++;
    at = record(buf, 0, 1, 0, &bad, sizeof(bad));
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &at), -EINVAL);
    assert_false(domain_vcpu(d, 0)->flags & VCPU_DOWN);
    at = record(buf, 0, 1, 0, &header, sizeof(header));
    at = record(buf, at, CPU, 1, &cpu, sizeof(cpu));
    at = record(buf, at, 0, 0, NULL, 0);
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &at), 0);
    assert_true(domain_vcpu(d, 0)->flags & VCPU_DOWN);
    assert_false(domain_vcpu(d, 1)->flags & VCPU_DOWN);
    cpu.flags = 2;
    at = record(buf, 0, 1, 0, &header, sizeof(header));
    at = record(buf, at, CPU, 1, &cpu, sizeof(cpu));
    at = record(buf, at, 0, 0, NULL, 0);
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &at), -EINVAL);
    assert_true(domain_vcpu(d, 1)->flags & VCPU_DOWN);
    cpu.flags = XEN_X86_FPU_INITIALISED;
    cpu.pad0 = 1;
    record(buf, sizeof(header) + 8, CPU, 1, &cpu, sizeof(cpu));
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &at), -EINVAL);
    cpu.pad0 = 0;
    record(buf, sizeof(header) + 8, CPU, 1, &cpu, sizeof(cpu));
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &at), 0);
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
        T(test_vcpus_go_down),            T(test_set_malformed),
        T(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
