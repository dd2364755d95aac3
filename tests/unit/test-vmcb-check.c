/* SPDX-License-Identifier: MIT */
/*
 * svm/vmcb-check.c: a good VMCB, then each rule broken in turn; clean bits
 * with each field that they cover.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/arch/x86/emul/rules.c"
#include "../../xen/arch/x86/svm/vmcb-check.c"

#define RFLAGS_GOOD (RFLAGS_FIXED | RFLAGS_IF)
#define ERROR(n) (EVENT_HAS_ERROR | (uint64_t)(n) << EVENT_ERROR_SHIFT)
#define EXCEPTION(n) (EVENT_VALID | EVENT_EXCEPTION | (n))

#define OFFER (VINTR_MASKING | VINTR_IRQ | VINTR_IGNORE_TPR | 0x40UL << 32)

static const struct vmcb_limits limits = {
    .nr_asids = 16,
    .mode = {
        .cr4 = 0x4006ff | CR4_PCIDE,
        .efer = EFER_SVME | EFER_LME | EFER_LMA | EFER_NX,
        .physical = (1UL << 40) - 1,
    },
};

/* 64-bit code, nothing to deliver. */
static struct vmcb good(void)
{
    struct vmcb b = {
        .intercept_1 = INTERCEPT_VINTR,
        .intercept_2 = INTERCEPT_VMRUN,
        .iopm = 0x10000, .msrpm = 0x20000, .asid = 1,
        .vintr = VINTR_MASKING,
        .np_control = NP_ENABLE, .np_cr3 = 0x30000,
        .efer = EFER_SVME | EFER_LME | EFER_LMA,
        .cr0 = CR0_PG | CR0_PE, .cr3 = 0x1000, .cr4 = CR4_PAE,
        .dr6 = DR6_RESET, .dr7 = DR7_RESET, .rflags = RFLAGS_GOOD,
        .pat = 0x0007040600070406,
        .cs = { 8, 0xa9b, 0xffffffff, 0 },
    };

    return b;
}

/* One field of it, or two. */
static const struct {
    const char *rule; /* NULL: it is good */
    size_t at;
    uint64_t value;
    size_t and_at;
    uint64_t and_value;
} cases[] = {
#define F(field) offsetof(struct vmcb, field)
    { NULL, F(rip), 0, 0, 0 },
    { "VMRUN is not intercepted", F(intercept_2), 0, 0, 0 },
    { "ASID", F(asid), 0, 0, 0 },
    { "ASID", F(asid), 16, 0, 0 },
    { "TLB control", F(asid), 1 | 2UL << 32, 0, 0 },
    { "TLB control", F(asid), 1 | 3UL << 32, 0, 0 },
    { NULL, F(asid), 1 | 1UL << 32, 0, 0 },
    { "permission maps", F(iopm), 0x10001, 0, 0 },
    { "permission maps", F(iopm), 0, 0, 0 },
    { "permission maps", F(msrpm), 1UL << 40, 0, 0 },
    { "nested CR3", F(np_cr3), 0, 0, 0 },
    { "nested CR3", F(np_cr3), 0x30001, 0, 0 },
    { "nested CR3", F(np_cr3), 1UL << 41, 0, 0 },
    { "a reserved field is not zero", F(reserved_018), 1, 0, 0 },
    { "a reserved field is not zero", F(reserved_098), 1, 0, 0 },
    { "a reserved field is not zero", F(reserved_0e0), 1, 0, 0 },
    { "a reserved field is not zero", F(clean), 1UL << 32, 0, 0 },
    { "branch records are on", F(lbr_control), 1, 0, 0 },
    { "branch records are on", F(debugctl), 1, 0, 0 },
    { "the TSC has an offset", F(tsc_offset), 1, 0, 0 },
    { "nested paging alone is on", F(np_control), 0, 0, 0 },
    { "nested paging alone is on", F(np_control), 3, 0, 0 },

    { NULL, F(event_inject), EXCEPTION(6), 0, 0 },
    { NULL, F(event_inject), EXCEPTION(13) | ERROR(5), 0, 0 },
    { NULL, F(event_inject), EVENT_VALID | EVENT_INTR | 0x40, 0, 0 },
    { NULL, F(event_inject), EVENT_VALID | EVENT_NMI | 2, 0, 0 },
    { NULL, F(event_inject), 0x7ffff7ff, 0, 0 },
    { "event: reserved bits", F(event_inject), EXCEPTION(6) | 1 << 12, 0, 0 },
    { "event: type", F(event_inject), EVENT_VALID | 1 << 8 | 6, 0, 0 },
    { "event: type", F(event_inject), EVENT_VALID | EVENT_SOFTWARE | 6, 0, 0 },
    { "event: an NMI's vector", F(event_inject), EVENT_VALID | EVENT_NMI | 3,
      0, 0 },
    { NULL, F(event_inject), EVENT_VALID | EVENT_INTR | 8, 0, 0 },
    { "event: an exception's vector", F(event_inject), EXCEPTION(2), 0, 0 },
    { "event: an exception's vector", F(event_inject), EXCEPTION(32), 0, 0 },
    { "event: an interrupt where none can be", F(event_inject),
      EVENT_VALID | EVENT_INTR | 0x40, F(rflags), RFLAGS_FIXED },
    { "event: an interrupt where none can be", F(event_inject),
      EVENT_VALID | EVENT_INTR | 0x40, F(interrupt_shadow), 1 },
    { "event: error code", F(event_inject), EXCEPTION(6) | ERROR(0), 0, 0 },
    { "event: error code", F(event_inject), EXCEPTION(13), 0, 0 },
    { "event: error code", F(event_inject), EXCEPTION(8), 0, 0 },
    { "event: error code", F(event_inject), EXCEPTION(17), 0, 0 },
    { "event: error code", F(event_inject), EVENT_VALID | EVENT_NMI | 2 |
      ERROR(0), 0, 0 },
    { "event: error code", F(event_inject), EXCEPTION(13) | ERROR(0), F(cr0),
      0 }, /* real mode */
    { "event: an error code that is none", F(event_inject),
      EXCEPTION(6) | 1UL << 32, 0, 0 },

    { "virtual interrupt: reserved bits", F(vintr), VINTR_MASKING | 1 << 9, 0,
      0 },
    { "virtual interrupts are not the guest's own", F(vintr), 0, 0, 0 },
    { "virtual interrupts are not the guest's own", F(vintr),
      VINTR_MASKING | 0x10, 0, 0 },
    { NULL, F(vintr), VINTR_MASKING | VINTR_IRQ | VINTR_IGNORE_TPR, F(rflags),
      RFLAGS_FIXED }, /* a window */
    { "a virtual interrupt with priority", F(vintr), VINTR_MASKING | VINTR_IRQ,
      0, 0 },
    { NULL, F(vintr), OFFER, 0, 0 },

    { "CR0: upper half", F(cr0), 1UL << 40 | CR0_PG | CR0_PE, 0, 0 },
    { "CR0: NW without CD", F(cr0), CR0_NW | CR0_PG | CR0_PE, 0, 0 },
    { NULL, F(cr0), CR0_NW | CR0_CD | CR0_PG | CR0_PE, 0, 0 },
    { "CR0: PG without PE", F(cr0), CR0_PG, 0, 0 },
    { "CR4: reserved bits", F(cr4), CR4_PAE | 1 << 12, 0, 0 },
    { "CR4: reserved bits", F(cr4), CR4_PAE | 1UL << 32, 0, 0 },
    { "EFER: SVME", F(efer), EFER_LME | EFER_LMA, 0, 0 },
    { "EFER: reserved bits", F(efer), EFER_SVME | EFER_LME | EFER_LMA | 2, 0,
      0 },
    { "EFER: LMA", F(efer), EFER_SVME | EFER_LME, 0, 0 },
    { "EFER: LMA", F(efer), EFER_SVME | EFER_LMA, 0, 0 },
    { "EFER: LMA", F(cr0), CR0_PE, 0, 0 },
    { "long mode without PAE", F(cr4), 0, 0, 0 },
    { NULL, F(cr4), CR4_PAE | CR4_PCIDE, 0, 0 },
    { "CR4: PCIDE, not long mode", F(cr4), CR4_PAE | CR4_PCIDE, F(efer),
      EFER_SVME },
    { "CR3: reserved bits", F(cr3), 1UL << 40, 0, 0 },
    { "CR3: reserved bits", F(cr3), 1UL << 63, 0, 0 },
    { "CS: L and D", F(cs), 8 | 0xe9bUL << 16, 0, 0 },
    { "DR6, DR7: upper half", F(dr6), 1UL << 32, 0, 0 },
    { "DR6, DR7: upper half", F(dr7), 1UL << 63, 0, 0 },
    { "RFLAGS: reserved bits", F(rflags), 0, 0, 0 },
    { "RFLAGS: reserved bits", F(rflags), RFLAGS_GOOD | 1 << 15, 0, 0 },
    { "RFLAGS: reserved bits", F(rflags), RFLAGS_GOOD | 1UL << 22, 0, 0 },
    { NULL, F(rflags), RFLAGS_GOOD | RFLAGS_VM, 0, 0 },
    { "CPL", F(reserved_4a0) + 0x28, 4UL << 24, 0, 0 },
    { "PAT", F(pat), 0x0007040600070402, 0, 0 },
    { "PAT", F(pat), 0x0807040600070406, 0, 0 },
    { "a segment's attributes", F(ldtr), 0x1000UL << 16, 0, 0 },
};

static void put(struct vmcb *b, size_t at, uint64_t value)
{
    memcpy((char *)b + at, &value, sizeof(value));
}

static void test_each_rule(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        const char *rule = cases[i].rule, *said;
        struct vmcb b = good();

        put(&b, cases[i].at, cases[i].value);
        if ( cases[i].and_at )
            put(&b, cases[i].and_at, cases[i].and_value);
        said = vmcb_check(&b, &limits);
        if ( rule ? !said || strcmp(rule, said) : !!said )
            fail_msg("case %u, field %#zx: \"%s\", not \"%s\"", i, cases[i].at,
                     said ? said : "good", rule ? rule : "good");
    }
}

/* V_IRQ is set only for what the guest can take at once. */
static void test_v_irq(void **state)
{
    const char *rule = "V_IRQ where no interrupt can be taken";
    struct vmcb b = good();

    (void)state;
    b.vintr = OFFER;
    b.intercept_1 = 0;
    assert_null(vmcb_check(&b, &limits));
    b.vintr = (OFFER & ~(0xffUL << 32)) | 8UL << 32;
    assert_null(vmcb_check(&b, &limits)); /* the timer's under a BIOS */
    b.vintr = OFFER;
    b.rflags = RFLAGS_FIXED;
    assert_string_equal(vmcb_check(&b, &limits), rule);
    b.rflags = RFLAGS_GOOD;
    b.interrupt_shadow = 1;
    assert_string_equal(vmcb_check(&b, &limits), rule);
    b.interrupt_shadow = 0;
    b.event_inject = EXCEPTION(6);
    assert_string_equal(vmcb_check(&b, &limits), rule);
}

static void test_real_mode(void **state)
{
    struct vmcb b = good();

    (void)state;
    b.cr0 = b.cr4 = 0;
    b.efer = EFER_SVME;
    b.cs.attr = 0x9b;
    b.event_inject = EXCEPTION(13);
    assert_null(vmcb_check(&b, &limits));
    b.event_inject |= ERROR(0);
    assert_string_equal(vmcb_check(&b, &limits), "event: error code");
    b.event_inject = 0;
    b.cpl = 3;
    assert_string_equal(vmcb_check(&b, &limits), "CPL");
    b.cpl = 0;
    b.rflags |= RFLAGS_VM;
    assert_null(vmcb_check(&b, &limits));
    b.cr0 = CR0_PE;
    assert_string_equal(vmcb_check(&b, &limits), "CPL");
    b.cpl = 3;
    assert_null(vmcb_check(&b, &limits));
}

/* Every byte of the VMCB: changed, with all bits set; and with its own clear. */
static void test_clean_bits(void **state)
{
    static const struct {
        size_t first, after;
        uint32_t bit;
    } covered[] = {
        { 0x000, 0x018, 0 },  { 0x03c, 0x040, 0 },  { 0x040, 0x050, 1 },
        { 0x050, 0x058, 0 },  { 0x058, 0x05c, 2 },  { 0x060, 0x068, 3 },
        { 0x090, 0x098, 4 },  { 0x0b0, 0x0b8, 4 },  { 0x0b8, 0x0c0, 10 },
        { 0x400, 0x440, 8 },  { 0x460, 0x470, 7 },  { 0x480, 0x490, 7 },
        { 0x4cb, 0x4cc, 8 },  { 0x4d0, 0x4d8, 5 },  { 0x548, 0x560, 5 },
        { 0x560, 0x570, 6 },  { 0x640, 0x648, 9 },  { 0x668, 0x670, 4 },
        { 0x670, 0x678, 10 },
    };

    (void)state;
    for ( size_t at = 0; at < sizeof(struct vmcb); at++ )
    {
        struct vmcb kept = good(), b = kept;
        uint32_t bit = 0;

        if ( at >= 0xc0 && at < 0xc4 )
            continue;
        for ( unsigned int i = 0; i < ARRAY_SIZE(covered); i++ )
            if ( at >= covered[i].first && at < covered[i].after )
                bit = 1U << covered[i].bit;
        ((uint8_t *)&b)[at] ^= 0x80;
        b.clean = 0x7ff;
        if ( !vmcb_check_clean(&b, &kept) != !bit )
            fail_msg("field at %#zx", at);
        b.clean &= ~bit;
        assert_null(vmcb_check_clean(&b, &kept));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_v_irq),
        cmocka_unit_test(test_real_mode),
        cmocka_unit_test(test_clean_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
