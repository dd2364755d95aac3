/* SPDX-License-Identifier: MIT */
/*
 * Instructions by which a PV guest's kernel writes to its page tables:
 * pv-mm/pt-write.c.  Each is executed by the processor, too, on a copy of the
 * entry: results and flags are the same, where the value is allowed.
 */
#include "test-pv.h"

#include <pv-mm/ops.h>

/* The tree's L1 table is mapped read-only at entry 7 of itself. */
#define VA (4UL << 39 | 3UL << 30 | 2UL << 21 | 7UL << 12)

static struct domain *d;
static struct vcpu *v;
static struct tree t;
static struct page *l1, *spare;

static int write_setup(void **state)
{
    if ( pv_setup(state) )
        return -1;
    d = pv_guest(2);
    v = domain_vcpu(d, 0);
    fixture_be(v);
    t = make_tree(d, RW);
    l1 = t.table[1];
    spare = pv_page(d);
    set_raw(l1, 7, entry_to(l1, RO));
    cpu_root = NULL;
    return set_root(v, t.table[4], false);
}

static int write_teardown(void **state)
{
    pv_kill(d);
    return pv_teardown(state);
}

static enum pv_pt_write emulate(struct pv_regs *r, uint64_t va)
{
    enum pv_pt_write w;

    do
        w = pv_emulate_pt_write(v, r, va);
    while ( w == PV_PT_RETRY );
    return w;
}

/* ---- forms, with the entry at the address that is written as (x) ---- */

struct form {
    const char *start, *end;
    unsigned int offset; /* of the operand in the entry */
};

#define FORM(name, code)                                                     \
    extern const char form_##name[], form_##name##_end[];                    \
    asm(".pushsection .text\nform_" #name ":\n" code "\nform_" #name         \
        "_end:\nret\n.popsection")

FORM(mov, "movq %rax, (%rdi)");
FORM(mov_r9, "movq %r9, 8(%rdi, %rsi)");
FORM(mov_disp, "movq %rcx, -0x12345678(%rdx, %r8, 4)");
FORM(mov_imm, "movq $0, (%rdi)");
FORM(mov_sign, "movq $-2, 8(%rdi, %rsi)");
FORM(mov_r12, "movq %rbx, (%r12)");
FORM(mov_r13, "movq %rbx, 0(%r13)");
FORM(mov_index, "movq %rbx, 16(, %r10, 8)");
FORM(xchg, "xchgq %rcx, (%rdi)");
FORM(xchg_lock, "lock xchgq %rax, (%rdi)");
FORM(xchg_r15, "xchgq %r15, (%rdi)");
FORM(cmpxchg, "lock cmpxchgq %rcx, (%rdi)");
FORM(cmpxchg_alone, "cmpxchgq %r11, (%rdi)");
FORM(and, "lock andb $0xfd, (%rdi)");
FORM(and_alone, "ds andb $0xdf, (%rdi)");
FORM(and_byte_7, "lock andb $0x7f, 7(%rdi)");
FORM(or, "lock orb $0x2, (%rdi)");
FORM(or_byte_1, "orb $0x4, 1(%rdi)");
FORM(btr, "lock btrq $5, (%rdi)");
FORM(bts, "lock btsq $6, (%rdi)");
FORM(bts_69, "btsq $69, (%rdi)");

#define F(name, offset) { form_##name, form_##name##_end, offset }
static const struct form forms[] = {
    F(mov, 0), F(mov_r9, 0), F(mov_disp, 0), F(mov_imm, 0), F(mov_sign, 0),
    F(mov_r12, 0), F(mov_r13, 0), F(mov_index, 0), F(xchg, 0),
    F(xchg_lock, 0), F(xchg_r15, 0), F(cmpxchg, 0), F(cmpxchg_alone, 0),
    F(and, 0), F(and_alone, 0), F(and_byte_7, 7), F(or, 0), F(or_byte_1, 1),
    F(btr, 0), F(bts, 0), F(bts_69, 0),
};

/* The registers from which all forms make the address x. */
static struct pv_regs regs_for(uint64_t x, const uint64_t *values)
{
    struct pv_regs r = { .rflags = RFLAGS_FIXED | values[7] };

    r.gpr[0] = values[0];
    r.gpr[1] = values[1];
    r.gpr[3] = values[2];
    r.gpr[9] = values[3];
    r.gpr[11] = values[4];
    r.gpr[15] = values[5];
    r.gpr[7] = r.gpr[12] = r.gpr[13] = x;
    r.gpr[6] = -8UL;
    r.gpr[8] = 0x1000;
    r.gpr[2] = x + 0x12345678 - 4 * 0x1000;
    r.gpr[10] = (x - 16) / 8;
    return r;
}

/* Execute the form. */
static void native(const struct form *f, struct pv_regs *r)
{
    uint64_t *g = r->gpr;

    asm volatile(
        "push %%rbp\n"
        "push %%rbx\n"
        "mov %0, %%rbp\n"
        "push %1\n"        /* the form */
        "push 128+8(%%rbp)\n"
        "popf\n"
        "mov 0(%%rbp), %%rax\n"
        "mov 8(%%rbp), %%rcx\n"
        "mov 16(%%rbp), %%rdx\n"
        "mov 24(%%rbp), %%rbx\n"
        "mov 48(%%rbp), %%rsi\n"
        "mov 56(%%rbp), %%rdi\n"
        "mov 64(%%rbp), %%r8\n"
        "mov 72(%%rbp), %%r9\n"
        "mov 80(%%rbp), %%r10\n"
        "mov 88(%%rbp), %%r11\n"
        "mov 96(%%rbp), %%r12\n"
        "mov 104(%%rbp), %%r13\n"
        "mov 120(%%rbp), %%r15\n"
        "call *(%%rsp)\n"
        "pushf\n"
        "pop 128+8(%%rbp)\n"
        "mov %%rax, 0(%%rbp)\n"
        "mov %%rcx, 8(%%rbp)\n"
        "mov %%r15, 120(%%rbp)\n"
        "add $8, %%rsp\n"
        "pop %%rbx\n"
        "pop %%rbp\n"
        :
        : "D"(g), "S"(f->start)
        : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15", "memory", "cc");
}

static uint64_t seed = 1;
static uint64_t random_bits(void)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return seed >> 11 ^ seed << 40;
}

/* Values that are allowed, since nothing is present, or are not. */
static void try_form(const struct form *f, unsigned int i)
{
    uint64_t values[8], before = get_raw(l1, i), copy = before;
    struct pv_regs r, n;

    for ( unsigned int k = 0; k < 8; k++ )
        values[k] = random_bits() & ~(k < 6 ? PTE_P : 0);
    values[7] &= RFLAGS_ARITH;
    if ( random_bits() & 1 )
        values[0] = before; /* a cmpxchg that succeeds */
    n = regs_for(P(&copy), values);
    native(f, &n);
    r = regs_for(VA + i * 8, values);
    r.rip = P(f->start);
    r.rflags |= RFLAGS_RF;
    if ( emulate(&r, VA + i * 8 + f->offset) == PV_PT_FAULT )
    {
        assert_int_equal(get_raw(l1, i), before);
        assert_true(copy & PTE_P);
        return;
    }
    assert_int_equal(get_raw(l1, i), copy);
    assert_int_equal(r.rip, P(f->end));
    assert_int_equal(r.gpr[0], n.gpr[0]);
    assert_int_equal(r.gpr[1], n.gpr[1]);
    assert_int_equal(r.gpr[15], n.gpr[15]);
    assert_int_equal((r.rflags ^ n.rflags) & (RFLAGS_ARITH & ~RFLAGS_AF), 0);
    assert_false(r.rflags & RFLAGS_RF);
}

static void test_as_the_processor(void **state)
{
    (void)state;
    for ( unsigned int k = 0; k < 20000; k++ )
        try_form(&forms[random_bits() % ARRAY_SIZE(forms)], 500);
    pv_check();
}

/* What the kernel does with an entry in use. */
static void test_entries_in_use(void **state)
{
    struct pv_regs r = regs_for(VA + 5 * 8, (uint64_t[8]){ 0 });
    uint64_t e = entry_to(t.data, RW | PTE_A | PTE_D);

    (void)state;
    set_raw(l1, 5, e);
    r.rip = P(form_and);
    assert_int_equal(emulate(&r, VA + 5 * 8), PV_PT_DONE);
    assert_int_equal(get_raw(l1, 5), e & ~PTE_RW);
    assert_type(t.data, PV_NONE, 0);
    r.rip = P(form_or);
    assert_int_equal(emulate(&r, VA + 5 * 8), PV_PT_DONE);
    assert_type(t.data, PV_WRITABLE, 1);
    pv_check();
    r.rip = P(form_xchg);
    r.gpr[1] = 0;
    assert_int_equal(emulate(&r, VA + 5 * 8), PV_PT_DONE);
    assert_int_equal(r.gpr[1], e);
    assert_int_equal(get_raw(l1, 5), 0);
    assert_int_equal(t.data->refs, 1);
    r.rip = P(form_mov);
    r.gpr[0] = entry_to(spare, RW);
    assert_int_equal(emulate(&r, VA + 5 * 8), PV_PT_DONE);
    assert_int_equal(get_raw(l1, 5), entry_to(spare, RW));
    assert_type(spare, PV_WRITABLE, 1);
    r.rip = P(form_cmpxchg);
    r.gpr[0] = entry_to(spare, RW);
    r.gpr[1] = entry_to(spare, RO);
    assert_int_equal(emulate(&r, VA + 5 * 8), PV_PT_DONE);
    assert_true(r.rflags & RFLAGS_ZF);
    assert_type(spare, PV_NONE, 0);
    pv_check();
}

/* What a hypercall would refuse. */
static void test_refused(void **state)
{
    struct domain *other = pv_guest(1);
    const uint64_t bad[] = {
        entry_to(l1, RW), entry_to(t.table[3], RW), entry_to(pv_page(other), RO),
        IO_OTHER << PAGE_SHIFT | RO, entry_to(spare, RO) | PTE_PS,
        0x000ffffffffff000 | RO, entry_to(spare, RO) | PTE_PCD,
    };
    struct pv_regs r, before;
    uint64_t va = VA + 9 * 8;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
        for ( unsigned int k = 0; k < 3; k++ )
        {
            static const char *const code[] = { form_mov, form_xchg_lock,
                                                form_cmpxchg };

            r = regs_for(va, (uint64_t[8]){ k == 2 ? 0 : bad[i], bad[i] });
            r.rip = P(code[k]);
            before = r;
            assert_int_equal(emulate(&r, va), PV_PT_FAULT);
            assert_memory_equal(&r, &before, sizeof(r));
            assert_int_equal(get_raw(l1, 9), 0);
        }
    /* A read-only entry for a table becomes writable: no. */
    r = regs_for(VA + 7 * 8, (uint64_t[8]){ 0 });
    r.rip = P(form_or);
    assert_int_equal(emulate(&r, VA + 7 * 8), PV_PT_FAULT);
    assert_int_equal(get_raw(l1, 7), entry_to(l1, RO));
    pv_check();
    pv_kill(other);
    fixture_be(v);
}

/* Where the page is not an L1 table that is mapped read-only. */
static void test_other_pages(void **state)
{
    struct pv_regs r;
    const uint64_t entry[] = {
        entry_to(t.table[2], RO), entry_to(spare, RO), entry_to(spare, RW),
        IO_FRAME << PAGE_SHIFT | RO, 0,
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(entry); i++ )
    {
        assert_int_equal(update(d, at(l1, 8), entry[i]), 0);
        r = regs_for(VA + PAGE_SIZE + 40, (uint64_t[8]){ 0 });
        r.rip = P(form_mov);
        assert_int_equal(emulate(&r, VA + PAGE_SIZE + 40), PV_PT_FAULT);
    }
    assert_int_equal(get_raw(t.table[2], 5), 0);
    r = regs_for(0xffff800000000000UL, (uint64_t[8]){ 0 });
    r.rip = P(form_mov);
    assert_int_equal(emulate(&r, 0xffff800000000000UL), PV_PT_FAULT);
    /* A vcpu without tables. */
    r = regs_for(VA, (uint64_t[8]){ 0 });
    r.rip = P(form_mov);
    assert_int_equal(pv_emulate_pt_write(domain_vcpu(d, 1), &r, VA),
                     PV_PT_FAULT);
    pv_check();
}

static enum pv_pt_write run_bytes(const char *bytes, uint64_t va)
{
    struct pv_regs r = regs_for(VA + 9 * 8, (uint64_t[8]){ 0 });

    r.rip = P(bytes);
    return emulate(&r, va);
}

static void test_other_instructions(void **state)
{
    static const char *const bytes[] = {
        "\x89\x07",                 /* mov of 4 bytes */
        "\xf0\x48\x89\x07",         /* lock mov */
        "\xf0\x48\xc7\x07\0\0\0\0",
        "\x48\xc7\x0f\0\0\0\0",     /* not /0 */
        "\x66\x48\x89\x07",         /* prefixes with an effect */
        "\x67\x48\x89\x07", "\x64\x48\x89\x07", "\x65\x48\x89\x07",
        "\xf2\x48\x89\x07", "\xf3\x48\xa5",
        "\x48\x40\x89\x07",         /* REX that is not the last */
        "\x48\x89\xc7",             /* a register */
        "\x48\x31\x07", "\x48\x0f\xc1\x07", "\x80\x37\x01", "\x80\x3f\x01",
        "\x0f\xb1\x0f", "\x0f\xba\x2f\x01", "\x48\x0f\xba\x27\x01",
        "\x48\x0f\xba\x3f\x01", "\x48\x0f\x11\x07", "\x48\x88\x07",
        "\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\x48\x87\x0f",
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(bytes); i++ )
        if ( run_bytes(bytes[i], VA + 9 * 8) != PV_PT_FAULT )
            fail_msg("instruction %u was executed", i);
    /* The operand is elsewhere, or goes over two entries. */
    assert_int_equal(run_bytes("\x48\x89\x07", VA + 9 * 8), PV_PT_DONE);
    assert_int_equal(run_bytes("\x48\x89\x07", VA + 8 * 8), PV_PT_FAULT);
    assert_int_equal(run_bytes("\x48\x89\x47\x04", VA + 9 * 8 + 4),
                     PV_PT_FAULT);
    assert_int_equal(get_raw(l1, 9), 0);
    pv_check();
}

/* At the end of what can be read; and rip-relative. */
static void test_fetch(void **state)
{
    char *end = (char *)aligned_alloc(4096, 8192) + 4096;
    static const char mov[] = "\x48\xc7\x07\xf0\xf0\xf0\x70";
    struct pv_regs r;
    int32_t disp;

    (void)state;
    set_raw(l1, 9, 0);
    hosted_local_window(end - 4096, 4096);
    for ( unsigned int n = 0; n <= 7; n++ )
    {
        memcpy(end - n, mov, n);
        assert_int_equal(run_bytes(end - n, VA + 9 * 8),
                         n == 7 ? PV_PT_DONE : PV_PT_FAULT);
        assert_int_equal(get_raw(l1, 9), n == 7 ? 0x70f0f0f0 : 0);
    }
    /* In two pages. */
    hosted_local_window(end - 4096, 8192);
    for ( unsigned int n = 0; n <= 7; n++ )
    {
        memcpy(end - n, mov, 7);
        assert_int_equal(run_bytes(end - n, VA + 9 * 8), PV_PT_DONE);
    }
    hosted_local_window(NULL, 0);

    memcpy(end, "\x48\x89\x05", 3);
    disp = 0x1234;
    memcpy(end + 3, &disp, 4);
    r = regs_for(0, (uint64_t[8]){ 0 });
    r.rip = P(end);
    assert_int_equal(emulate(&r, VA + 9 * 8), PV_PT_FAULT);
    free(end - 4096);
}

/* Work that waits comes first. */
static void test_work_first(void **state)
{
    struct tree other = make_tree(d, RW);
    struct pv_regs r = regs_for(VA + 9 * 8, (uint64_t[8]){ 0 });
    bool done;

    (void)state;
    fill_l1(&other);
    assert_int_equal(pin(d, other.table[4], 4), 0);
    hosted_preempt_every(1);
    assert_int_equal(pv_unpin(d, page_to_mfn(other.table[4]), &done),
                     -ERESTART);
    r.rip = P(form_or);
    assert_int_equal(pv_emulate_pt_write(v, &r, VA + 9 * 8), PV_PT_RETRY);
    assert_int_equal(r.rip, P(form_or));
    assert_int_equal(emulate(&r, VA + 9 * 8), PV_PT_DONE);
    hosted_preempt_every(0);
    pv_check();
}

/* What another vcpu does before the lock is taken. */
static uint64_t change_at;

static void change(void)
{
    hosted_hooks.unlocked = NULL;
    assert_int_equal(update(d, change_at, 0), 0);
}

static enum pv_pt_write changed_meanwhile(uint64_t at_, const char *code)
{
    struct pv_regs r = regs_for(VA + 9 * 8, (uint64_t[8]){ entry_to(spare, RO),
                                                 entry_to(spare, RO) });
    enum pv_pt_write w;

    r.rip = P(code);
    change_at = at_;
    hosted_hooks.unlocked = change;
    w = pv_emulate_pt_write(v, &r, VA + 9 * 8);
    assert_null(hosted_hooks.unlocked);
    assert_int_equal(r.rip == P(code), w != PV_PT_DONE);
    return w;
}

static void test_changes_meanwhile(void **state)
{
    (void)state;
    /* Another value of the entry: the instruction is of that. */
    assert_int_equal(update(d, at(l1, 9), entry_to(spare, RO)), 0);
    assert_int_equal(changed_meanwhile(at(l1, 9), form_or), PV_PT_DONE);
    assert_int_equal(get_raw(l1, 9), PTE_RW);
    set_raw(l1, 9, 0);
    assert_type(spare, PV_NONE, 0);
    assert_int_equal(spare->refs, 1);
    pv_check();
    /* The page is no table any more. */
    assert_int_equal(changed_meanwhile(at(t.table[2], 2), form_mov),
                     PV_PT_FAULT);
    assert_type(l1, PV_NONE, 0);
    assert_int_equal(get_raw(l1, 9), 0);
    pv_check();
}

#define WRITE_TEST(name)                                                     \
    cmocka_unit_test_setup_teardown(name, write_setup, write_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITE_TEST(test_as_the_processor),
        WRITE_TEST(test_entries_in_use),
        WRITE_TEST(test_refused),
        WRITE_TEST(test_other_pages),
        WRITE_TEST(test_other_instructions),
        WRITE_TEST(test_fetch),
        WRITE_TEST(test_work_first),
        WRITE_TEST(test_changes_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
