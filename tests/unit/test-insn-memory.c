/* SPDX-License-Identifier: MIT */
/*
 * emulate() while other vcpus change page tables, memory or code, when an
 * instruction runs or waits.
 *
 * Seen failing with: a second page of code fetched too early; no dirty bits,
 * or those of tables; PAE's top entries marked; no difference between users
 * and supervisors; a plain write after a read-modify of RAM; instruction
 * bytes, or translations, taken anew after a wait; a write to a device
 * repeated as one to RAM; a wait that outlives emul_reset(); the second page
 * of 16 bytes not looked at before the first is written.
 */
#include "test-insn.h"

#define BASE 0x10000000UL
#define DEV (BASE + DEVICE_AT)
#define RBX gpr[EMUL_RBX]

static struct box box;
static struct emul_regs *const regs = &box.e.regs;

/* ---- page tables: 4 KiB pages, the table of the arena is at 0 ---- */

static void set_pte(unsigned int page, uint64_t flags)
{
    uint64_t pte = (BASE + page * PAGE) | flags;

    memcpy(box.tables + page * 8, &pte, 8);
}

static uint64_t get_entry(unsigned int at)
{
    uint64_t v;

    memcpy(&v, box.tables + at, 8);
    return v;
}

static void paged(const void *code, unsigned int len)
{
    static const uint64_t pml4e = 0x2007, pdpte = 0x3007, pde = 7;

    box_init(&box, 8, BASE, 1);
    memcpy(box.tables + 0x1000, &pml4e, 8);
    memcpy(box.tables + 0x2000, &pdpte, 8);
    memcpy(box.tables + 0x3000 + 0x80 * 8, &pde, 8);
    for ( unsigned int i = 0; i < ARENA_PAGES; i++ )
        set_pte(i, 7);
    box_code(&box, code, len);
}

static void page_fault(uint64_t cr2, unsigned int error)
{
    assert_int_equal(box_run(&box), EMUL_EXCEPTION);
    assert_int_equal(box.e.vector, 14);
    assert_true(box.e.has_error);
    assert_int_equal(box.e.cr2, cr2);
    assert_int_equal(box.e.error, error);
}

static void test_page_faults(void **state)
{
    (void)state;
    paged("\x48\x89\x03", 3); /* mov %rax,(%rbx): device, then page 4 */
    regs->RBX = BASE + 4 * PAGE - 3;
    set_pte(4, 0);
    page_fault(BASE + 4 * PAGE, 2);
    assert_int_equal(box.nr_io, 0);
    set_pte(4, 5);
    page_fault(BASE + 4 * PAGE, 3);
    regs->cpl = 3;
    set_pte(4, 3);
    page_fault(BASE + 4 * PAGE, 7);
    set_pte(4, 7);
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(box.nr_io, 2); /* 2 + 1 bytes, then RAM */
}

/* Nothing of 16 bytes is written when not all of them can be. */
static void test_wide_page_fault(void **state)
{
    (void)state;
    paged("\x0f\x11\x03", 3); /* movups %xmm0,(%rbx) */
    memcpy(box.ymm[0], "0123456789abcdef", 16);
    regs->RBX = BASE + 4 * PAGE - 11;
    set_pte(4, 0);
    page_fault(BASE + 4 * PAGE, 2);
    assert_int_equal(box.nr_io, 0);
    set_pte(4, 7);
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(box.nr_io, 3); /* 8, 2 and 1 bytes */
    assert_memory_equal(box.arena + 4 * PAGE - 11, "0123456789abcdef", 16);
}

/* The next page's bytes are of no interest to what ends before it. */
static void test_fetch(void **state)
{
    (void)state;
    paged("", 0);
    set_pte(1, 0);
    regs->rip = BASE + PAGE - 2;
    regs->RBX = DEV;
    memcpy(box.arena + PAGE - 2, "\x8b\x43\x04", 3); /* mov 4(%rbx),%eax */
    page_fault(BASE + PAGE, 0);
    regs->efer |= EFER_NX;
    page_fault(BASE + PAGE, 0x10);
    set_pte(1, PTE_NX | 7);
    page_fault(BASE + PAGE, 0x11);
    set_pte(1, 7);
    assert_int_equal(box_run(&box), EMUL_DONE);
    set_pte(1, 0);
    box.arena[PAGE - 1] = 3; /* mov (%rbx),%eax */
    regs->rip = BASE + PAGE - 2;
    assert_int_equal(box_run(&box), EMUL_DONE);
    regs->rip = DEV;
    assert_int_equal(box_run(&box), EMUL_UNHANDLEABLE);
}

static void test_accessed_and_dirty(void **state)
{
    (void)state;
    paged("\x8b\x03", 2);
    regs->RBX = DEV;
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(get_entry(0x1000) & 0x60, 0x20);
    assert_int_equal(get_entry(0x3000 + 0x80 * 8) & 0x60, 0x20);
    assert_int_equal(get_entry(0) & 0x60, 0x20);
    assert_int_equal(get_entry(2 * 8) & 0x60, 0x20);
    assert_int_equal(get_entry(1 * 8) & 0x60, 0);
    box_code(&box, "\x89\x03", 2);
    regs->rip -= 2;
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(get_entry(2 * 8) & 0x60, 0x60);
    assert_int_equal(get_entry(0x3000 + 0x80 * 8) & 0x60, 0x20);
}

/* PAE in 32-bit mode: bits of the top entries are reserved. */
static void test_pae_top_entries(void **state)
{
    static const uint64_t top = 0x2001;
    uint64_t large = (BASE & ~0x1fffffUL) | 0x87;

    (void)state;
    box_init(&box, 4, BASE, 1);
    box_code(&box, "\x8b\x03", 2);
    regs->cr0 |= CR0_PG;
    regs->cr4 = CR4_PAE;
    memcpy(box.tables + 0x1000, &top, 8);
    memcpy(box.tables + 0x2000 + 0x80 * 8, &large, 8);
    regs->RBX = DEV;
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(get_entry(0x1000), top);
    assert_int_equal(get_entry(0x2000 + 0x80 * 8), large | 0x20);
}

/* ---- what others do meanwhile ---- */

static bool change_first(void *arg, uint64_t gpa, uint64_t *old, uint64_t new,
                         unsigned int bytes)
{
    struct box *b = arg;

    if ( gpa >= BASE )
        b->arena[gpa - BASE]++;
    return box_cmpxchg(arg, gpa, old, new, bytes);
}

static void test_modify_is_atomic(void **state)
{
    struct emul_ops ops = box_ops;

    (void)state;
    box_init(&box, 8, BASE, 0);
    box_code(&box, "\xf0\x01\x03", 3); /* lock add %eax,(%rbx) */
    regs->gpr[0] = 0x10;
    regs->RBX = BASE + PAGE;
    ops.cmpxchg_phys = change_first;
    box.e.ops = &ops;
    assert_int_equal(emulate(&box.e), EMUL_RETRY);
    assert_int_equal(box.arena[PAGE], 1);
    box.e.ops = &box_ops;
    assert_int_equal(emulate(&box.e), EMUL_DONE);
    assert_int_equal(box.arena[PAGE], 0x11);
}

/* The first access waits; then code, tables and memory change. */
static void test_wait_sees_nothing_new(void **state)
{
    (void)state;
    paged("\xa5", 1); /* movsl: device to RAM */
    regs->gpr[EMUL_RSI] = DEV;
    regs->gpr[EMUL_RDI] = BASE + PAGE;
    box.pending_in_8 = 8;
    memcpy(box.arena + DEVICE_AT, "abcd", 4);
    assert_int_equal(emulate(&box.e), EMUL_PENDING);
    assert_int_equal(emulate(&box.e), EMUL_PENDING);
    box.arena[CODE_AT] = 0xa7;
    for ( unsigned int i = 0; i < ARENA_PAGES; i++ )
        set_pte(i, 0);
    emul_answer(&box.e, 0xffffffff64636261);
    assert_int_equal(emulate(&box.e), EMUL_DONE);
    assert_memory_equal(box.arena + PAGE, "abcd\0", 5);
    assert_int_equal(regs->rip, BASE + CODE_AT + 1);
}

/* A write to a device is not done again as one to RAM. */
static void test_wait_to_write(void **state)
{
    (void)state;
    box_init(&box, 8, BASE, 0);
    box_code(&box, "\xff\x03", 2); /* incl (%rbx) */
    regs->RBX = DEV;
    box.pending_in_8 = 8;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        assert_int_equal(emulate(&box.e), EMUL_PENDING);
        assert_int_equal(box.waiting.dir, i ? IOREQ_WRITE : IOREQ_READ);
        box.waiting.count = 0;
        emul_answer(&box.e, 0xffffffff00000007);
    }
    assert_int_equal(box.waiting.data, 8);
    box.all_ram = true;
    box.nr_ram_writes = 0;
    assert_int_equal(emulate(&box.e), EMUL_DONE);
    assert_int_equal(box.nr_ram_writes, 0);
    assert_int_equal(box.arena[DEVICE_AT], 0);
}

static void test_reset_forgets(void **state)
{
    (void)state;
    box_init(&box, 8, BASE, 0);
    box_code(&box, "\x8b\x03", 2);
    regs->RBX = DEV;
    box.pending_in_8 = 8;
    assert_int_equal(emulate(&box.e), EMUL_PENDING);
    emul_reset(&box.e);
    box.waiting.count = 0;
    box.pending_in_8 = 0;
    box_code(&box, "\x8a\x03", 2);
    assert_int_equal(emulate(&box.e), EMUL_DONE);
    assert_int_equal(box.last.size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_faults),
        cmocka_unit_test(test_wide_page_fault),
        cmocka_unit_test(test_fetch),
        cmocka_unit_test(test_accessed_and_dirty),
        cmocka_unit_test(test_pae_top_entries),
        cmocka_unit_test(test_modify_is_atomic),
        cmocka_unit_test(test_wait_sees_nothing_new),
        cmocka_unit_test(test_wait_to_write),
        cmocka_unit_test(test_reset_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
