/* SPDX-License-Identifier: MIT */
/* emul/xsave.c: which images may be loaded, and what their x87 and SSE are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <emul/xsave.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include <x86/defns.h>

#include <xen/hvm/save.h>

#include "test-policy.h"

static struct domain domain = { .cpu_policy = &policy };
static struct vcpu vcpu = { .domain = &domain };

static void test_legal(void **state)
{
    struct hvm_hw_cpu_xsave good = {
        .xcr0 = 3, .xcr0_accum = 7, .save_area.xsave_hdr.xstate_bv = 6,
    }, bad;

    (void)state;
    guest_sees(0x2e7);
    good.save_area.fpu_sse.x[24] = (char)0x80; /* MXCSR */
    assert_int_equal(xsave_check(&vcpu, &good, 0x2e7), 0);
#define BAD(err, field, value)                                               \
    do {                                                                     \
        bad = good;                                                          \
        bad.field = (value);                                                 \
        assert_int_equal(xsave_check(&vcpu, &bad, 0x2e7), err);           \
    } while ( 0 )
    BAD(-EINVAL, xcr0, 0);
    BAD(-EINVAL, xcr0, 5);
    BAD(-EINVAL, xcr0, 0xe7); /* more than there ever was */
    BAD(-EINVAL, xcr0_accum, 5);
    BAD(-EINVAL, xcr0_accum, 2); /* less than there is */
    BAD(-EINVAL, xcr0_accum, 0x107);
    BAD(-EINVAL, save_area.xsave_hdr.xstate_bv, 0x10);
    BAD(-EOPNOTSUPP, save_area.xsave_hdr.xcomp_bv, 1UL << 63);
    BAD(-EIO, save_area.xsave_hdr.reserved[0], 1);
    BAD(-EIO, save_area.xsave_hdr.reserved[5], 1);
    BAD(-EINVAL, save_area.fpu_sse.x[27], 1);
#undef BAD
    assert_int_equal(xsave_check(&vcpu, &good, 3), -EOPNOTSUPP);
    guest_sees(3);
    assert_int_equal(xsave_check(&vcpu, &good, 0x2e7), -EINVAL);
    guest_sees(0);
    assert_int_equal(xsave_check(&vcpu, &good, 0x2e7), -EINVAL);
}

/* What is initial is so whatever the image has in its place. */
static void test_legacy(void **state)
{
    uint8_t image[XSAVE_LEGACY_BYTES], got[FXSAVE_BYTES];
    uint16_t fcw;

    (void)state;
    memset(image, 0x77, sizeof(image));
    xsave_set_bv(image, 3);
    xsave_legacy(image, got);
    assert_memory_equal(got, image, sizeof(got));
    xsave_set_bv(image, 2);
    xsave_legacy(image, got);
    memcpy(&fcw, got, 2);
    assert_int_equal(fcw, 0x37f);
    for ( unsigned int i = 2; i < 24; i++ )
        assert_int_equal(got[i], 0);
    assert_memory_equal(got + 24, image + 24, 8); /* MXCSR and its mask */
    for ( unsigned int i = 32; i < 160; i++ )
        assert_int_equal(got[i], 0);
    assert_memory_equal(got + 160, image + 160, 512 - 160);
    xsave_set_bv(image, 5);
    xsave_legacy(image, got);
    assert_memory_equal(got, image, 160);
    for ( unsigned int i = 160; i < 416; i++ )
        assert_int_equal(got[i], 0);
    assert_memory_equal(got + 416, image + 416, 96);
}

/* Whatever a PV guest gives as MXCSR, XRSTOR can load it. */
static void test_mxcsr(void **state)
{
    uint8_t image[XSAVE_LEGACY_BYTES], from[FXSAVE_BYTES];
    uint32_t mxcsr;

    (void)state;
    memset(image, 0, sizeof(image));
    memset(from, 0xff, sizeof(from));
    xsave_set_legacy(image, from);
    memcpy(&mxcsr, image + FXSAVE_MXCSR, sizeof(mxcsr));
    assert_int_equal(mxcsr, 0xffff);
    assert_memory_equal(image, from, FXSAVE_MXCSR);
    assert_memory_equal(image + 28, from + 28, FXSAVE_BYTES - 28);
    assert_int_equal(xsave_bv(image), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_legal),
        cmocka_unit_test(test_legacy),
        cmocka_unit_test(test_mxcsr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
