/* SPDX-License-Identifier: MIT */
/* memory_op: the memory map of a domain, and of the host. */
#include "fixture.h"

#include <hv/memory.h>

static struct e820entry map[MAX_MEMORY_MAP + 1];

static long set_map(domid_t domid, unsigned int nr, void *entries)
{
    struct xen_foreign_memory_map f = { .domid = domid, .map.nr_entries = nr };

    f.map.buffer.p = entries;
    return memory_op(XENMEM_set_memory_map, &f);
}

/* Entries written, or -errno. */
static long get_map(unsigned int op, unsigned int room, void *entries)
{
    struct xen_memory_map m = { .nr_entries = room };
    long rc;

    m.buffer.p = entries;
    rc = memory_op(op, &m);
    return rc ? rc : (long)m.nr_entries;
}

static void test_set_and_get(void **state)
{
    struct domain *d = fixture_guest(1);
    struct e820entry got[4] = {};

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(map); i++ )
        map[i] = (struct e820entry){ i << 20, 1 << 20, E820_RAM };
    fixture_be_dom(d);
    assert_int_equal(get_map(XENMEM_memory_map, 4, got), -ENOSYS);
    assert_int_equal(memory_op(XENMEM_memory_map, NULL), -ENOSYS);
    fixture_be_dom(dom0);
    assert_int_equal(set_map(d->domain_id, MAX_MEMORY_MAP, map), 0);
    assert_int_equal(set_map(d->domain_id, 3, map + 1), 0); /* replaces */
    fixture_be_dom(d);
    assert_int_equal(get_map(XENMEM_memory_map, 4, got), 3);
    assert_memory_equal(got, map + 1, 3 * sizeof(*map));
    memset(got, 0, sizeof(got));
    assert_int_equal(get_map(XENMEM_memory_map, 2, got), 2);
    assert_int_equal(got[1].addr, 2 << 20);
    assert_int_equal(got[2].size, 0);
    assert_int_equal(get_map(XENMEM_memory_map, 4, NULL), -EFAULT);
    assert_int_equal(memory_op(XENMEM_memory_map, NULL), -EFAULT);
    assert_int_equal(set_map(DOMID_SELF, 0, NULL), 0);
    assert_int_equal(get_map(XENMEM_memory_map, 4, got), -ENOSYS);
    fixture_be_dom(dom0);
}

static void test_set_refusals(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);

    (void)state;
    assert_int_equal(memory_op(XENMEM_set_memory_map, NULL), -EFAULT);
    assert_int_equal(set_map(0x1234, MAX_MEMORY_MAP + 1, map), -EINVAL);
    assert_int_equal(set_map(0x1234, 1, map), -ESRCH);
    fixture_be_dom(other);
    assert_int_equal(set_map(d->domain_id, 1, NULL), -EPERM);
    fixture_be_dom(dom0);
    assert_int_equal(set_map(d->domain_id, 1, NULL), -EFAULT);
    assert_int_equal(d->nr_memory_map, 0);
}

static long set_then_get(void *arg)
{
    struct domain *d = arg;
    struct e820entry got[4];
    long rc = set_map(d->domain_id, 2, map);

    if ( rc )
        return rc;
    fixture_be_dom(d);
    rc = get_map(XENMEM_memory_map, 4, got);
    fixture_be_dom(dom0);
    assert_int_equal(set_map(d->domain_id, 0, NULL), 0);
    return rc;
}

static void test_without_memory(void **state)
{
    (void)state;
    fixture_each_alloc_failure(set_then_get, fixture_guest(1), -ENOMEM);
}

static void test_machine_map(void **state)
{
    struct domain *d = fixture_guest(1);
    struct e820entry got[2];

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(get_map(XENMEM_machine_memory_map, 2, got), -EPERM);
    fixture_be_dom(dom0);
    assert_int_equal(memory_op(XENMEM_machine_memory_map, NULL), -EFAULT);
    assert_int_equal(get_map(XENMEM_machine_memory_map, 1, got), -EINVAL);
    assert_int_equal(get_map(XENMEM_machine_memory_map, 2, got), 1);
    assert_int_equal(got[0].size, nr_frames << PAGE_SHIFT);
    assert_int_equal(got[0].type, E820_RAM);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_set_and_get),
        TEST(test_set_refusals),
        TEST(test_without_memory),
        TEST(test_machine_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
