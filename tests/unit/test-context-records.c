/* SPDX-License-Identifier: MIT */
/*
 * Types of records in HVM contexts: those that the machine adds, the core's
 * MTRR field by field, and as many as there can be.
 */
#include "test-context.h"

/* Each field that the record has, one after the other. */
static void test_mtrr_is_checked(void **state)
{
    struct domain *d = fixture_guest(1);
    struct hvm_hw_mtrr good = { .msr_mtrr_def_type = 0xc06,
                                .msr_pat_cr = 0x0007040600070406,
                                .msr_mtrr_var = { 6, 0x800 } }, bad;
    uint8_t buf[512];
    uint32_t head = record(buf, 0, 1, 0, &header, sizeof(header)), at;

    (void)state;
#define LOADED(r)                                                            \
    (at = record(buf, head, MTRR, 0, &(r), sizeof(r)),                       \
     at = record(buf, at, 0, 0, NULL, 0),                                    \
     context(XEN_DOMCTL_sethvmcontext, d, buf, &at))
#define BAD(field, value)                                                    \
    (bad = good, bad.field = (value),                                        \
     assert_int_equal(LOADED(bad), -EINVAL))
    assert_int_equal(LOADED(good), 0);
    BAD(msr_mtrr_def_type, 0x1006);
    BAD(msr_mtrr_def_type, 2);
    BAD(msr_pat_cr, 2);
    BAD(msr_pat_cr, 0x0800000000000000);
    BAD(msr_mtrr_var[0], 2);
    BAD(msr_mtrr_var[14], 0x100);
    BAD(msr_mtrr_var[14], 1UL << 52);
    BAD(msr_mtrr_var[15], 1);
    BAD(msr_mtrr_var[15], 1UL << 52);
    BAD(msr_mtrr_fixed[10], 2);
#undef BAD
#undef LOADED
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

/* That of as many vcpus as there can be, with all records of each. */
#define MOST_VCPUS 512
#define MOST_RECORD 5400 /* the bare machine's of one vcpu together */

static uint32_t save_most(struct domain *d, unsigned int instance, void *data)
{
    (void)d, (void)instance;
    if ( data )
        memset(data, 0x5a, MOST_RECORD);
    return MOST_RECORD;
}

static long load_most(struct domain *d, unsigned int instance,
                      const void *data)
{
    (void)d, (void)instance;
    return ((const uint8_t *)data)[MOST_RECORD - 1] == 0x5a ? 0 : -EINVAL;
}

static const struct hvm_record *most_records(unsigned int *nr)
{
    static const struct hvm_record row = {
        XSAVE, RECORD_PER_VCPU, MOST_RECORD, 0, save_most, load_most,
    };

    *nr = 1;
    return &row;
}

static void test_largest(void **state)
{
    struct domain *d = fixture_guest(MOST_VCPUS);
    uint32_t size = 0;
    uint8_t *buf;

    (void)state;
    hosted_hooks.hvm_records = most_records;
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, NULL, &size), 0);
    assert_in_range(size, MOST_VCPUS * MOST_RECORD, UINT32_MAX);
    buf = malloc(size);
    assert_int_equal(context(XEN_DOMCTL_gethvmcontext, d, buf, &size), 0);
    assert_int_equal(context(XEN_DOMCTL_sethvmcontext, d, buf, &size), 0);
    free(buf);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_mtrr_is_checked),
        T(test_machine_records_are_saved),
        T(test_machine_records_are_loaded),
        T(test_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
