/* SPDX-License-Identifier: MIT */
/*
 * The hypercall table: which kinds of guests have which row.
 *
 * Seen failing with: a dispatcher that does not look at a row's kinds; one that
 * takes all guests for translated ones; a row without a kind.
 */
#include <sys/mman.h>

#include "fixture.h"

/* In place of the library's: its table is to be looked at. */
#include "../../xen/common/hypercall.c"

static unsigned int nr_called;

static long called(struct hypercall *hc)
{
    nr_called++;
    return (long)hc->nr;
}

/* A row for one kind is none for the other, whatever the caller may do. */
static void test_kinds(void **state)
{
    const struct hypercall_entry of_pv = { "pv", called, called, PV, ANYONE };
    const struct hypercall_entry of_hvm = { "hvm", called, called,
                                            TRANSLATED, ANYONE };
    const struct hypercall_entry of_all = { "all", called, called, ALL, CONTROL };
    const struct hypercall_entry none = { 0 };
    const struct domain *pv = dom0, *hvm = fixture_guest(1);

    (void)state;
    assert_true(has_hypercall(pv, &of_pv));
    assert_false(has_hypercall(hvm, &of_pv));
    assert_false(has_hypercall(pv, &of_hvm));
    assert_true(has_hypercall(hvm, &of_hvm));
    assert_true(has_hypercall(pv, &of_all) && has_hypercall(hvm, &of_all));
    assert_false(has_hypercall(pv, &none) || has_hypercall(hvm, &none));
}

/* All that are there are for both, until there is one that is not. */
static void test_every_row(void **state)
{
    unsigned int nr = 0;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(table); i++ )
    {
        assert_true(!table[i].handler == !table[i].kinds);
        if ( !table[i].handler )
            continue;
        assert_int_equal(table[i].kinds, ALL);
        nr++;
    }
    assert_int_equal(nr, 15);
}

static long dispatch_as(struct domain *d, unsigned long nr)
{
    struct hypercall hc = { .nr = nr, .a = { ~0UL, ~0UL } };
    long rc;

    fixture_be_dom(d);
    rc = hypercall_dispatch(&hc);
    fixture_be_dom(dom0);
    return rc;
}

/* The dispatcher asks: an empty row, and one past the last, have nobody. */
static void test_dispatch(void **state)
{
    struct domain *callers[] = { dom0, fixture_guest(1), fixture_pvh_dom0() };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(callers); i++ )
    {
        bool control = is_control_domain(callers[i]);

        for ( unsigned long nr = 0; nr < ARRAY_SIZE(table); nr++ )
            if ( !table[nr].handler )
                assert_int_equal(dispatch_as(callers[i], nr), -ENOSYS);
        assert_int_equal(dispatch_as(callers[i], ARRAY_SIZE(table)), -ENOSYS);
        assert_int_equal(dispatch_as(callers[i], ~0UL), -ENOSYS);
        assert_int_equal(dispatch_as(callers[i], __HYPERVISOR_sysctl),
                         control ? -EFAULT : -EPERM);
    }
}

/* The table is a constant, but as long as a test needs another row. */
static void replace_row(unsigned long nr, struct hypercall_entry row)
{
    const uintptr_t page = 4096, first = (uintptr_t)table & -page;
    const uintptr_t end = ((uintptr_t)table + sizeof(table) + page) & -page;
    void *volatile to = (void *)(uintptr_t)&table[nr];

    assert_int_equal(mprotect((void *)first, end - first,
                              PROT_READ | PROT_WRITE), 0);
    memcpy(to, &row, sizeof(row));
    assert_int_equal(mprotect((void *)first, end - first, PROT_READ), 0);
}

/* Of a row that one kind has the dispatcher calls the handler for that only. */
static void test_dispatch_by_kind(void **state)
{
    const struct hypercall_entry for_pv = { "pv", called, called, PV, CONTROL };
    const struct hypercall_entry for_hvm = { "hvm", called, called,
                                             TRANSLATED, ANYONE };
    const struct hypercall_entry old = table[__HYPERVISOR_console_io];
    volatile unsigned long nr = __HYPERVISOR_console_io;
    struct domain *hvm = fixture_guest(1);

    (void)state;
    nr_called = 0;
    replace_row(nr, for_pv);
    assert_int_equal(dispatch_as(dom0, nr), nr);
    assert_int_equal(dispatch_as(hvm, nr), -ENOSYS); /* before -EPERM */
    replace_row(nr, for_hvm);
    assert_int_equal(dispatch_as(dom0, nr), -ENOSYS);
    assert_int_equal(dispatch_as(hvm, nr), nr);
    assert_int_equal(nr_called, 2);
    replace_row(nr, old);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_kinds), T(test_every_row), T(test_dispatch),
        T(test_dispatch_by_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
