/* SPDX-License-Identifier: MIT */
/*
 * The records CPU and CPU_XSAVE of a guest's saved context, as the bare machine's
 * files save and load them, on a processor whose XSAVE has the layout of Intel's:
 * the states of FPU and vector registers, and an event that waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Not the hosted machine's; what comes before `arch` in a domain is the same. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include <x86/processor.h>

static void processor_cpuid(uint32_t leaf, uint32_t sub, uint32_t *a,
                            uint32_t *b, uint32_t *c, uint32_t *d);

#define cpuid processor_cpuid
#include "../../xen/arch/x86/vcpu/fpu.c"
#undef cpuid
#include "../../xen/arch/x86/svm/context.c"
#include "../../xen/arch/x86/hvm/context.c"
#include "../../xen/arch/x86/hvm/save-xsave.c"

#include "../../xen/common/domctl-private.h"

#include <hosted.h>
#include <hv/hvm-save.h>

#include "test-policy.h"

#define AVX_AT 576
#define BYTES_7 832
#define BYTES_207 2696
#define RECORD_BYTES(area) (AREA_OFFSET + (area))

/* ---- the processor, and a guest of two vcpus ---- */

static void processor_cpuid(uint32_t leaf, uint32_t sub, uint32_t *a,
                            uint32_t *b, uint32_t *c, uint32_t *d)
{
    static const uint16_t size[] = { 160, 256, 256, 64, 64, 64, 512, 1024, 0, 8 };
    static const uint16_t at[] = { 0, 160, AVX_AT, 960, 1024, 1088, 1152, 1664,
                                   0, 2688 };

    assert_int_equal(leaf, 0xd);
    *a = sub < ARRAY_SIZE(size) ? size[sub] : 0;
    *b = sub < ARRAY_SIZE(at) ? at[sub] : 0;
    *c = *d = 0;
}

static const struct hvm_vendor svm_part = {
    .set_context = svm_set_context, .get_context = svm_get_context,
};
const struct hvm_vendor *vendor = &svm_part;

static struct domain domain, dom0;
static struct vcpu caller = { .domain = &dom0 };
static struct vcpu vcpu[2];
static struct vcpu *vcpus[2] = { &vcpu[0], &vcpu[1] };
static struct svm_vcpu svm[2];
static struct vmcb vmcb[2];
static unsigned int frozen;
static bool is_on_cpu;


bool sched_freeze(struct vcpu *v)
{
    assert_ptr_equal(v, &vcpu[0]);
    frozen += !is_on_cpu;
    return !is_on_cpu;
}

void sched_unfreeze(struct vcpu *v)
{
    assert_ptr_equal(v, &vcpu[0]);
    frozen--;
}

void svm_inject(struct vcpu *v, unsigned int vector, bool has_error,
                uint32_t error)
{
    (void)v, (void)vector, (void)has_error, (void)error;
}

void svm_mask_nmi(struct svm_vcpu *s)
{
    (void)s;
}

static const struct hvm_record *machine_records(unsigned int *nr)
{
    static const struct hvm_record row = {
        .code = CPU_XSAVE_CODE, .instances = RECORD_PER_VCPU,
        .size = XSAVE_RECORD_MOST, .least = XSAVE_RECORD_LEAST,
        .save = save_xsave, .load = load_xsave,
    };

    *nr = 1;
    return &row;
}

static int setup(void **state)
{
    (void)state;
    memset(&domain, 0, sizeof(domain));
    memset(vcpu, 0, sizeof(vcpu));
    memset(&hosted_hooks, 0, sizeof(hosted_hooks));
    hosted_hooks.set_context = hvm_set_context;
    hosted_hooks.get_context = hvm_get_context;
    hosted_hooks.hvm_records = machine_records;
    hosted_enter((struct hosted_context){ .v = &caller,
                                          .access = ACCESS_LOCAL });
    domain.translated = true;
    domain.max_vcpus = 2;
    domain.vcpu = vcpus;
    domain.cpu_policy = &policy;
    guest_sees(0x207);
    have_xsave = true;
    all_states = 0x2e7;
    area_bytes = BYTES_207;
    is_on_cpu = false;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        vcpu[i].domain = &domain;
        vcpu[i].vcpu_id = i;
        vcpu[i].flags = VCPU_DOWN;
        spin_lock_init(&vcpu[i].lock, LOCK_VCPU);
        svm[i] = (struct svm_vcpu){ .vmcb = &vmcb[i] };
        vcpu[i].arch.hvm.vendor = &svm[i];
        svm_reset(&vcpu[i]);
        assert_int_equal(fpu_vcpu_create(&vcpu[i]), 0);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(frozen, 0);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        fpu_vcpu_destroy(&vcpu[i]);
        spin_lock_destroy(&vcpu[i].lock);
    }
    return 0;
}

/* ---- contexts ---- */

static uint8_t context[32768];
static uint32_t context_size;

static void put(uint16_t type, uint16_t instance, const void *data,
                uint32_t len)
{
    struct hvm_save_descriptor desc = { type, instance, len };

    memcpy(context + context_size, &desc, sizeof(desc));
    if ( len )
        memcpy(context + context_size + sizeof(desc), data, len);
    context_size += (uint32_t)sizeof(desc) + len;
}

static void begin(void)
{
    static const struct hvm_save_header header = {
        .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION,
    };

    context_size = 0;
    put(HVM_SAVE_CODE(HEADER), 0, &header, sizeof(header));
}

static long set(void)
{
    struct domctl c = { .d = &domain };

    put(0, 0, NULL, 0);
    c.op.u.hvmcontext.buffer.p = context;
    c.op.u.hvmcontext.size = context_size;
    return domctl_sethvmcontext(&c);
}

/* A record of vcpu 0 as it is saved: its length; 0: there is none. */
static uint32_t get(uint16_t type, void *data, uint32_t size)
{
    struct domctl c = { .d = &domain };
    long rc;

    c.op.u.hvmcontext_partial.type = type;
    c.op.u.hvmcontext_partial.buffer.p = data;
    c.op.u.hvmcontext_partial.bufsz = size;
    rc = domctl_gethvmcontext_partial(&c);
    if ( rc == -ENOENT )
        return 0;
    assert_int_equal(rc, 0);
    return (uint32_t)c.op.u.hvmcontext_partial.bufsz;
}

union record {
    struct hvm_hw_cpu_xsave hw;
    uint8_t bytes[XSAVE_RECORD_MOST + 8];
};

/* Of these states, which have values that are not the initial ones. */
static union record made(uint64_t xcr0, uint64_t accum)
{
    union record r = { .hw = { .xfeature_mask = 0x2e7, .xcr0 = xcr0,
                               .xcr0_accum = accum } };

    memset(r.bytes + AREA_OFFSET, 0x5a, fpu_area_bytes(accum));
    memset(&r.hw.save_area.xsave_hdr, 0, sizeof(r.hw.save_area.xsave_hdr));
    r.hw.save_area.xsave_hdr.xstate_bv = accum;
    memcpy(r.hw.save_area.fpu_sse.x + FXSAVE_MXCSR, &(uint32_t){ 0x1fa0 }, 4);
    return r;
}

static long load(const union record *r, size_t len)
{
    begin();
    put(CPU_XSAVE_CODE, 0, r, (uint32_t)len);
    return set();
}

static void test_saved(void **state)
{
    union record r;
    uint8_t *area = vcpu[0].arch.fpu;

    (void)state;
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)), 0);
    xsave_set_bv(area, 3);
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)), 0);
    vcpu[0].arch.xcr0 = 3; /* XCR0 is in this record alone */
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)), RECORD_BYTES(576));
    vcpu[0].arch.xcr0 = 7;
    memset(area + AVX_AT, 0x33, 256);
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)),
                     RECORD_BYTES(BYTES_7));
    assert_int_equal(r.hw.xfeature_mask, 0x2e7);
    assert_int_equal(r.hw.xcr0, 7);
    assert_int_equal(r.hw.xcr0_accum, 7);
    assert_memory_equal(&r.hw.save_area, area, BYTES_7);
    /* A state that is no longer enabled has its values still. */
    vcpu[0].arch.xcr0 = 1;
    xsave_set_bv(area, 4);
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)),
                     RECORD_BYTES(BYTES_7));
    assert_int_equal(r.hw.xcr0, 1);
    assert_int_equal(r.hw.xcr0_accum, 7);
    xsave_set_bv(area, 0x200);
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)),
                     RECORD_BYTES(BYTES_207));
    assert_int_equal(r.hw.xcr0_accum, 0x201);
}

/* What CPUID hides is not saved: the record can always be loaded. */
static void test_hidden(void **state)
{
    uint8_t *area = vcpu[0].arch.fpu;
    union record r;
    uint32_t len;

    (void)state;
    xsave_set_bv(area, 0x2e7);
    vcpu[0].arch.xcr0 = 3;
    guest_sees(7);
    len = get(CPU_XSAVE_CODE, &r, sizeof(r));
    assert_int_equal(len, RECORD_BYTES(BYTES_7));
    assert_int_equal(r.hw.xcr0_accum, 7);
    assert_int_equal(r.hw.save_area.xsave_hdr.xstate_bv, 7);
    assert_int_equal(load(&r, len), 0);
    vcpu[0].arch.xcr0 = 0xe7; /* in spite of CPUID */
    xsave_set_bv(area, 0x2e7);
    len = get(CPU_XSAVE_CODE, &r, sizeof(r));
    assert_int_equal(r.hw.xcr0, 1);
    assert_int_equal(load(&r, len), 0);
    guest_sees(5); /* of no processor */
    xsave_set_bv(area, 0x2e7);
    vcpu[0].arch.xcr0 = 7;
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)), 0);
    guest_sees(0);
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)), 0);
    guest_sees(7);
    have_xsave = false;
    assert_int_equal(get(CPU_XSAVE_CODE, &r, sizeof(r)), 0);
}

static void test_there_and_back(void **state)
{
    static const uint64_t accums[] = { 0x207, 7, 0x203, 3 };
    union record r, again;

    (void)state;
    for ( size_t i = 0; i < ARRAY_SIZE(accums); i++ )
    {
        size_t len = RECORD_BYTES(fpu_area_bytes(accums[i]));

        r = made(3, accums[i]);
        assert_int_equal(load(&r, len), 0);
        assert_int_equal(vcpu[0].arch.xcr0, 3);
        memset(&again, 0, sizeof(again));
        assert_int_equal(get(CPU_XSAVE_CODE, &again, sizeof(again)), len);
        assert_memory_equal(&again, &r, len);
        /* Of those before nothing is left. */
        for ( size_t at = len - AREA_OFFSET; at < BYTES_207; at++ )
            assert_int_equal(((uint8_t *)vcpu[0].arch.fpu)[at], 0);
    }
    /* Zeros behind the states, as a machine with more of them may send. */
    r = made(7, 7);
    assert_int_equal(load(&r, XSAVE_RECORD_MOST), 0);
    assert_int_equal(get(CPU_XSAVE_CODE, &again, sizeof(again)),
                     RECORD_BYTES(BYTES_7));
    assert_memory_equal(&again, &r, RECORD_BYTES(BYTES_7));
}

static void test_refused(void **state)
{
    const union record good = made(7, 7);
    uint8_t before[BYTES_207];
    union record bad;

    (void)state;
    assert_int_equal(load(&good, RECORD_BYTES(BYTES_7)), 0);
    memcpy(before, vcpu[0].arch.fpu, sizeof(before));
#define REFUSED(err, len)                                                    \
    do {                                                                     \
        assert_int_equal(load(&bad, len), err);                              \
        assert_memory_equal(vcpu[0].arch.fpu, before, sizeof(before));       \
        assert_int_equal(vcpu[0].arch.xcr0, 7);                              \
    } while ( 0 )
#define BAD(err, field, value)                                               \
    do {                                                                     \
        bad = made(3, 7);                                                    \
        bad.field = (value);                                                 \
        REFUSED(err, RECORD_BYTES(BYTES_7));                                 \
    } while ( 0 )
    BAD(-EINVAL, hw.xcr0, 0);
    BAD(-EINVAL, hw.xcr0, 5);
    BAD(-EINVAL, hw.xcr0_accum, 3);
    BAD(-EINVAL, hw.xcr0_accum, 0x47);
    BAD(-EINVAL, hw.save_area.xsave_hdr.xstate_bv, 0x207);
    BAD(-EOPNOTSUPP, hw.save_area.xsave_hdr.xcomp_bv, 1UL << 63 | 7);
    BAD(-EIO, hw.save_area.xsave_hdr.reserved[3], 1);
    BAD(-EINVAL, hw.save_area.fpu_sse.x[26], 1);
    bad = made(3, 7);
    bad.bytes[RECORD_BYTES(BYTES_7)] = 1; /* of no state */
    REFUSED(-EOPNOTSUPP, RECORD_BYTES(BYTES_7) + 8);
    bad = made(3, 7);
    REFUSED(-EINVAL, XSAVE_RECORD_LEAST - 8);
    REFUSED(-EINVAL, XSAVE_RECORD_MOST + 8);
    is_on_cpu = true;
    REFUSED(-ERESTART, RECORD_BYTES(BYTES_7));
    is_on_cpu = false;
    bad = made(7, 0x207);
    all_states = 7; /* CPUID shows what the processor has not */
    REFUSED(-EOPNOTSUPP, RECORD_BYTES(BYTES_207));
    guest_sees(0);
    bad = made(7, 7);
    REFUSED(-EINVAL, RECORD_BYTES(BYTES_7));
    have_xsave = false;
    REFUSED(-EOPNOTSUPP, RECORD_BYTES(BYTES_7));
#undef BAD
#undef REFUSED
}

static const struct hvm_hw_cpu flat = {
    .cr0 = CR0_PE | CR0_ET, .rip = 0x1000, .rflags = 2, .cs_arbytes = 0xc9b,
    .ss_arbytes = 0xc93, .tr_arbytes = 0x8b,
};

/* As a stream has them, the other way round, and each of them alone. */
static void test_both_records(void **state)
{
    const union record xsave = made(7, 7);
    struct hvm_hw_cpu cpu = flat, got;
    uint8_t initial[256] = { 0 };
    const uint8_t *area = vcpu[0].arch.fpu;

    (void)state;
    cpu.flags = XEN_X86_FPU_INITIALISED;
    memset(cpu.fpu_regs, 0x66, sizeof(cpu.fpu_regs));
    memcpy(cpu.fpu_regs + FXSAVE_MXCSR, &(uint32_t){ 0x1f80 }, 4);

    begin();
    put(HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
    put(CPU_XSAVE_CODE, 0, &xsave, RECORD_BYTES(BYTES_7));
    assert_int_equal(set(), 0);
    assert_int_equal(vcpu[0].arch.xcr0, 7);
    assert_memory_equal(area, &xsave.hw.save_area, BYTES_7);
    assert_int_equal(get(HVM_SAVE_CODE(CPU), &got, sizeof(got)), sizeof(got));
    assert_memory_equal(got.fpu_regs, &xsave.hw.save_area, FXSAVE_BYTES);

    /* The last one says what x87 and SSE are, and is all that there is. */
    begin();
    put(CPU_XSAVE_CODE, 0, &xsave, RECORD_BYTES(BYTES_7));
    put(HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
    assert_int_equal(set(), 0);
    assert_memory_equal(area, cpu.fpu_regs, FXSAVE_BYTES);
    assert_int_equal(xsave_bv(area), 3);
    assert_int_equal(get(HVM_SAVE_CODE(CPU), &got, sizeof(got)), sizeof(got));
    assert_memory_equal(got.fpu_regs, cpu.fpu_regs, FXSAVE_BYTES);

    assert_int_equal(load(&xsave, RECORD_BYTES(BYTES_7)), 0);
    assert_memory_equal(area, &xsave.hw.save_area, BYTES_7);

    begin();
    put(HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
    assert_int_equal(set(), 0);
    assert_memory_equal(area, cpu.fpu_regs, FXSAVE_BYTES);
    assert_int_equal(xsave_bv(area), 3); /* AVX is initial */

    /* Not the values that were there before the state became initial. */
    xsave_set_bv(vcpu[0].arch.fpu, 1);
    assert_int_equal(get(HVM_SAVE_CODE(CPU), &got, sizeof(got)), sizeof(got));
    assert_memory_equal(got.fpu_regs + 160, initial, sizeof(initial));
}

/* The 8259s gave the vcpu a vector, in real mode the BIOS's; IF may be clear. */
static void test_undelivered_vector(void **state)
{
    struct hvm_hw_cpu cpu = flat, got;

    (void)state;
    cpu.pending_valid = 1;
    cpu.pending_vector = 8;
    for ( cpu.rflags = 2; cpu.rflags <= 0x202; cpu.rflags += 0x200 )
    {
        begin();
        put(HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
        assert_int_equal(set(), 0);
        assert_int_equal(vcpu[0].arch.hvm.extint, 9);
        assert_int_equal(svm[0].event, 0);
        get(HVM_SAVE_CODE(CPU), &got, sizeof(got));
        assert_int_equal(got.pending_event, cpu.pending_event);
    }
    cpu.pending_type = 2; /* an NMI is the vendor's */
    cpu.pending_vector = 2;
    begin();
    put(HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
    assert_int_equal(set(), 0);
    assert_int_equal(vcpu[0].arch.hvm.extint, 0);
    get(HVM_SAVE_CODE(CPU), &got, sizeof(got));
    assert_int_equal(got.pending_event, cpu.pending_event);
}

/* Neither has a CPU without XSAVE. */
static void test_no_xsave(void **state)
{
    struct hvm_hw_cpu cpu = flat, got;

    (void)state;
    have_xsave = false;
    cpu.flags = XEN_X86_FPU_INITIALISED;
    memset(cpu.fpu_regs, 0, sizeof(cpu.fpu_regs));
    memset(cpu.fpu_regs + 160, 0x66, 256);
    memset((uint8_t *)vcpu[0].arch.fpu + FXSAVE_BYTES, 0, 64);
    begin();
    put(HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
    assert_int_equal(set(), 0);
    assert_int_equal(xsave_bv(vcpu[0].arch.fpu), 0); /* no header */
    assert_int_equal(get(HVM_SAVE_CODE(CPU), &got, sizeof(got)), sizeof(got));
    assert_memory_equal(got.fpu_regs, cpu.fpu_regs, FXSAVE_BYTES);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_saved), T(test_hidden),
        T(test_there_and_back), T(test_refused), T(test_both_records),
        T(test_undelivered_vector), T(test_no_xsave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
