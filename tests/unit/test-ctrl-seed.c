/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl seeds grant tables.
 *
 * Seen failing, among others: when seeding ignores a skip rule, takes the way
 * through frames on ENOSYS, never or always, leaves the table at the scratch
 * gfn or forgets to unmap.
 */
#include "ctrl-xen.h"

#define GUEST 7
#define CONSOLE_GFN 0xfeff0
#define STORE_GFN 0xfeff1

static int seed(bool hvm)
{
    return xc_dom_gnttab_seed(xch, GUEST, hvm, CONSOLE_GFN, STORE_GFN, 0, 3);
}

/* The table as the bytes Xen reads: u16 flags, u16 domid, u32 frame. */
static void assert_table(uint64_t console, uint64_t xenstore)
{
    uint64_t raw[512] = { console, xenstore };

    assert_memory_equal(table, raw, sizeof(raw));
}

#define ENTRY(dom, gfn) (1 | (uint64_t)(dom) << 16 | (uint64_t)(gfn) << 32)

static void test_seed(void **state)
{
    (void)state;
    assert_int_equal(seed(true), 0);
    assert_table(ENTRY(0, CONSOLE_GFN), ENTRY(3, STORE_GFN));
    assert_int_equal(xen.resource.domid, GUEST);
    assert_int_equal(xen.resource.type, 1);
    assert_int_equal(xen.resource.id, 0);
    assert_int_equal(xen.resource.frame, 0);
    assert_int_equal(xen.resource.nr, 1);
    assert_int_equal(xen.nr_calls, 0);
    assert_int_equal(xen.errors, 0);
}

static void test_seed_skips(void **state)
{
    (void)state;
    assert_int_equal(xc_dom_gnttab_seed(xch, GUEST, true, -1, STORE_GFN, 0, 3),
                     0);
    assert_table(0, ENTRY(3, STORE_GFN));

    memset(table, 0, sizeof(table));
    assert_int_equal(
        xc_dom_gnttab_seed(xch, GUEST, true, CONSOLE_GFN, -1, 0, 3), 0);
    assert_table(ENTRY(0, CONSOLE_GFN), 0);

    memset(table, 0, sizeof(table));
    assert_int_equal(xc_dom_gnttab_seed(xch, GUEST, true, CONSOLE_GFN,
                                        STORE_GFN, GUEST, 3),
                     0);
    assert_table(0, ENTRY(3, STORE_GFN));

    memset(table, 0, sizeof(table));
    assert_int_equal(xc_dom_gnttab_seed(xch, GUEST, true, CONSOLE_GFN,
                                        STORE_GFN, 0, GUEST),
                     0);
    assert_table(ENTRY(0, CONSOLE_GFN), 0);
}

static void test_seed_errors_are_final(void **state)
{
    static const int errors[] = { EINVAL, ESRCH, EPERM, ENOMEM,
                                  ENOSYS, EACCES, EIO,   ENOTTY };

    (void)state;
    for ( size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++ )
    {
        xen.resource_err = errors[i];
        xen.log[0] = '\0';
        assert_fails(errors[i], seed(i & 1));
        assert_int_equal(xen.nr_calls, 0);
        assert_table(0, 0);
        assert_non_null(strstr(xen.log, "Grant seeding of domain 7"));
        assert_non_null(strstr(xen.log, "type 1, id 0, frame 0"));
        assert_int_equal(xen.errors, i + 1);
    }
}

/* setup_table's answer: the table is at gfn 0x77. */
static void fill_frame(void *arg)
{
    struct gnttab_setup_table *op = arg;

    op->frame_list.p[0] = 0x77;
}

static void fill_bad_status(void *arg)
{
    ((struct gnttab_setup_table *)arg)->status = GNTST_bad_domain;
}

static void assert_setup_table(unsigned int n)
{
    assert_call(n, 20, 2);
    assert_int_equal(xen.call[n].count, 1);
    assert_int_equal(field(n, 0, 2), GUEST);
    assert_int_equal(field(n, 4, 4), 1);
}

static void test_seed_compat_pv(void **state)
{
    (void)state;
    xen.resource_err = EOPNOTSUPP;
    xen.reply[0].fill = fill_frame;
    assert_int_equal(seed(false), 0);
    assert_int_equal(xen.nr_calls, 1);
    assert_setup_table(0);
    assert_int_equal(xen.mapped, 0x77);
    assert_table(ENTRY(0, CONSOLE_GFN), ENTRY(3, STORE_GFN));

    xen.reply[1].fill = fill_bad_status;
    assert_fails(EINVAL, seed(false));
    assert_non_null(strstr(xen.log, "status -2"));

    xen.map_err = EFAULT;
    assert_fails(EFAULT, seed(false));
    assert_non_null(strstr(xen.log, "not mapped"));
}

static void assert_scratch(unsigned int n)
{
    assert_call(n, 12, XENMEM_maximum_gpfn);
    assert_int_equal(field(n, 0, 2), GUEST);
    assert_call(n + 1, 12, XENMEM_add_to_physmap);
    assert_int_equal(field(n + 1, 0, 4), GUEST); /* and size 0 */
    assert_int_equal(field(n + 1, 4, 4), XENMAPSPACE_grant_table);
    assert_int_equal(field(n + 1, 8, 8), 0);
    assert_int_equal(field(n + 1, 16, 8), 0x1001);
}

static void assert_removed(unsigned int n)
{
    assert_call(n, 12, XENMEM_remove_from_physmap);
    assert_int_equal(field(n, 0, 8), GUEST);
    assert_int_equal(field(n, 8, 8), 0x1001);
    assert_int_equal(xen.nr_calls, n + 1);
}

static void test_seed_compat_hvm(void **state)
{
    (void)state;
    xen.resource_err = EOPNOTSUPP;
    xen.reply[0].value = 0x1000;
    xen.reply[2].fill = fill_frame;
    assert_int_equal(seed(true), 0);
    assert_scratch(0);
    assert_setup_table(2);
    assert_removed(3);
    assert_int_equal(xen.mapped, 0x77);
    assert_table(ENTRY(0, CONSOLE_GFN), ENTRY(3, STORE_GFN));

    /* No scratch gfn: nothing to remove. */
    xen.reply[4].err = ESRCH;
    assert_fails(ESRCH, seed(true));
    assert_int_equal(xen.nr_calls, 5);
    xen.reply[5].value = 0x1000;
    xen.reply[6].err = EPERM;
    assert_fails(EPERM, seed(true));
    assert_int_equal(xen.nr_calls, 7);
}

static void test_seed_compat_hvm_removes(void **state)
{
    (void)state;
    xen.resource_err = EOPNOTSUPP;

    /* setup_table fails; removing changes neither answer nor errno. */
    xen.reply[0].value = 0x1000;
    xen.reply[2].err = EPERM;
    xen.reply[3].err = ENOENT;
    assert_fails(EPERM, seed(true));
    assert_removed(3);
    assert_non_null(strstr(xen.log, "remains at gfn 0x1001"));

    /* The mapping fails. */
    xen.reply[4].value = 0x1000;
    xen.map_err = EFAULT;
    assert_fails(EFAULT, seed(true));
    assert_removed(7);

    /* Only removing fails: a table the guest can see is a failure. */
    xen.map_err = 0;
    xen.reply[8].value = 0x1000;
    xen.reply[11].err = EBUSY;
    assert_fails(EBUSY, seed(true));
    assert_removed(11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_seed),
        TEST(test_seed_skips),
        TEST(test_seed_errors_are_final),
        TEST(test_seed_compat_pv),
        TEST(test_seed_compat_hvm),
        TEST(test_seed_compat_hvm_removes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
