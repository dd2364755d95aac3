/* SPDX-License-Identifier: MIT */
/* pv_audit() finds what is wrong: words and tables are spoilt on purpose. */
#include "test-pv.h"

#include "../../xen/arch/x86/pv-mm/pv-private.h"

static struct domain *d;
static struct tree t;

static unsigned int wrong(void)
{
    return audit_all();
}

/* The word or entry is `value` for one audit; each fault is found. */
static void spoil(uint64_t *at, uint64_t value)
{
    uint64_t good = *at;

    *at = value;
    if ( !wrong() )
        fail_msg("%#lx instead of %#lx is not found", value, good);
    *at = good;
    assert_int_equal(wrong(), 0);
}

static uint64_t *word(const struct page *pg)
{
    return &frame_of(pg)->word;
}

static void test_words(void **state)
{
    struct page *spare, *seg;
    uint64_t frame;

    (void)state;
    d = pv_guest(1);
    t = make_tree(d, RW);
    spare = pv_page(d);
    seg = pv_page(d);
    frame = mfn_of(seg);
    cpu_root = NULL;
    assert_int_equal(set_root(domain_vcpu(d, 0), t.table[4], false), 0);
    assert_int_equal(pv_set_gdt(domain_vcpu(d, 0), &frame, 1), 0);
    assert_int_equal(wrong(), 0);
    for ( unsigned int level = 1; level <= 4; level++ )
    {
        spoil(word(t.table[level]), *word(t.table[level]) + 1);
        spoil(word(t.table[level]), *word(t.table[level]) - 1);
        spoil(word(t.table[level]), *word(t.table[level]) & ~WORD_VALID);
        spoil(word(t.table[level]), *word(t.table[level]) | WORD_PINNED);
        spoil(word(t.table[level]), *word(t.table[level]) & ~WORD_OWNED);
        spoil(word(t.table[level]), *word(t.table[level]) ^
                                        7UL << WORD_TYPE_SHIFT);
    }
    spoil(word(t.data), *word(t.data) + 1);
    spoil(word(t.data), *word(t.data) & ~WORD_TYPE);
    spoil(word(seg), *word(seg) & ~WORD_TYPE);
    spoil(word(seg), *word(seg) + 1);
    spoil(word(spare), *word(spare) | WORD_VALID);
    /* A frame that is free. */
    spoil(&pv_frames[PV_FRAMES - 1].word, WORD_OWNED);
    spoil(&pv_m2p[PV_FRAMES - 1], 5);
    fixture_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
