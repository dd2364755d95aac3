/* SPDX-License-Identifier: MIT */
/* common/domain-ref.c: domains found by their ids, and one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

/* Some whose last bits are the same; of neighbouring words, of far ones. */
static const domid_t some[] = { 1, 2, 63, 64, 65, 256 + 1, 512 + 1, 4095, 4096,
                                8192 + 63, 0x7eff, DOMID_FIRST_RESERVED - 1 };

static void make(domid_t id)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d;

    assert_int_equal(domain_create(id, &config, false, &d), 0);
    while ( p2m_pool_resize(d, 4) == -ERESTART )
        continue;
}

static bool is_some(unsigned int id, const bool *there)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(some); i++ )
        if ( some[i] == id )
            return there[i];
    return id == 0; /* dom0 */
}

/* Each id is found when it is there, and each one's successor. */
static void look(const bool *there)
{
    unsigned int next = 0x10000; /* none */

    for ( unsigned int id = 0x8000; id-- > 0; )
    {
        struct domain *d = domain_get((domid_t)id);

        assert_int_equal(d != NULL, is_some(id, there));
        if ( d )
        {
            assert_int_equal(d->domain_id, id);
            domain_put(d);
            next = id;
        }
        d = domain_get_from((domid_t)id);
        assert_int_equal(d ? d->domain_id : 0x10000, next);
        if ( d )
            domain_put(d);
    }
    assert_null(domain_get(DOMID_SELF));
    assert_null(domain_get_from(DOMID_INVALID));
}

static void test_ids(void **state)
{
    static const unsigned int order[] = { 7, 3, 11, 0, 5, 1, 10, 2, 6, 9, 4, 8 };
    struct xen_domctl_createdomain config = fixture_config(1);
    bool there[ARRAY_SIZE(some)] = { false };
    struct domain *d;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(order); i++ )
    {
        make(some[order[i]]);
        there[order[i]] = true;
        look(there);
    }
    assert_int_equal(domain_create(257, &config, false, &d), -EEXIST);
    for ( unsigned int i = 0; i < ARRAY_SIZE(some); i++ )
    {
        d = domain_get(some[order[i]]);
        domain_put(d);
        fixture_kill(d);
        there[order[i]] = false;
        look(there);
    }
}

/* An id is picked behind the last one; those in use are passed over. */
static void test_picked(void **state)
{
    domid_t first = fixture_guest(1)->domain_id, id = (domid_t)(first + 1);

    (void)state;
    make(id);
    make((domid_t)(id + 1));
    assert_int_equal(fixture_guest(1)->domain_id, id + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_ids),
        T(test_picked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
