/* SPDX-License-Identifier: MIT */
/*
 * multicall, xen_version, vm_assist, console_io.
 *
 * Seen failing with: a multicall that loses the continuation of an entry; a
 * nested multicall; the command line shown to a guest.
 */
#include "fixture.h"

#include <hv/console.h>

#include <xen/features.h>
#include <xen/memory.h>
#include <xen/version.h>

/* What the machine's console got. */
static char shown[4096];
static size_t nr_shown;

static void show(const char *s, size_t len)
{
    if ( nr_shown + len < sizeof(shown) )
        memcpy(shown + nr_shown, s, len);
    nr_shown += len;
    shown[nr_shown] = '\0';
}

/* ---- multicall ---- */

static long multicall(multicall_entry_t *list, unsigned int nr)
{
    return hcall(__HYPERVISOR_multicall, P(list), nr, 0, 0, 0);
}

static void three_entries(multicall_entry_t *e, domid_t *self)
{
    memset(e, 0xff, 3 * sizeof(*e));
    e[0].op = __HYPERVISOR_xen_version;
    e[0].args[0] = XENVER_version;
    e[1].op = 999;
    e[2].op = __HYPERVISOR_memory_op;
    e[2].args[0] = XENMEM_maximum_reservation;
    e[2].args[1] = P(self);
}

static void test_multicall(void **state)
{
    multicall_entry_t e[3];
    domid_t self = DOMID_SELF;

    (void)state;
    for ( unsigned int every = 0; every < 3; every++ )
    {
        three_entries(e, &self);
        hosted_preempt_every(every);
        assert_int_equal(multicall(e, 3), 0);
        assert_int_equal(e[0].result, 4 << 16 | 17);
        assert_int_equal((long)e[1].result, -ENOSYS);
        assert_int_not_equal(e[2].result, ~0UL);
    }
    assert_int_equal(multicall(NULL, 0), 0);
    assert_int_equal(multicall((void *)8UL, 1), -EFAULT);
}

static void test_multicall_does_not_nest(void **state)
{
    multicall_entry_t inner = { .op = __HYPERVISOR_xen_version };
    multicall_entry_t outer = {
        .op = __HYPERVISOR_multicall, .args = { P(&inner), 1 },
    };

    (void)state;
    assert_int_equal(multicall(&outer, 1), 0);
    assert_int_equal((long)outer.result, -EINVAL);
    assert_int_equal(inner.result, 0);
}

/* An entry that gives way again and again is done once, and to its end. */
static void test_multicall_continuation(void **state)
{
    static char text[1000];
    multicall_entry_t e = { .op = __HYPERVISOR_console_io };
    struct hypercall hc = { __HYPERVISOR_multicall, { P(&e), 1 } };
    unsigned int restarts = 0;
    uint32_t index = 0;
    long rc;

    (void)state;
    e.args[0] = CONSOLEIO_write;
    e.args[1] = sizeof(text);
    e.args[2] = P(text);
    while ( console_ring_read(text, sizeof(text), &index) )
        ;
    hosted_hooks.console = show;
    nr_shown = 0;
    for ( unsigned int i = 0; i < sizeof(text); i++ )
        text[i] = (char)('a' + i % 17);
    hosted_preempt_every(1);
    while ( (rc = hypercall_dispatch(&hc)) == -ERESTART )
        restarts++;
    hosted_preempt_every(0);
    assert_int_equal(rc, 0);
    assert_int_equal(e.result, 0);
    assert_true(restarts >= 7);
    memset(text, 0, sizeof(text));
    assert_int_equal(console_ring_read(text, sizeof(text), &index),
                     sizeof(text));
    for ( unsigned int i = 0; i < sizeof(text); i++ )
        assert_int_equal(text[i], 'a' + i % 17);
    assert_int_equal(console_ring_read(text, sizeof(text), &index), 0);
}

/* Entries before the bad one are done; their results stand. */
static void test_multicall_fault_in_the_list(void **state)
{
    multicall_entry_t e[2] = {
        { .op = __HYPERVISOR_xen_version }, { .op = __HYPERVISOR_xen_version },
    };

    (void)state;
    hosted_local_window(e, sizeof(e) - 1);
    assert_int_equal(multicall(e, 2), -EFAULT);
    hosted_local_window(NULL, 0);
    assert_int_equal(e[0].result, 4 << 16 | 17);
    assert_int_equal(e[1].result, 0);
}

/* ---- who we are ---- */

static long version(unsigned int cmd, void *arg)
{
    return hcall(__HYPERVISOR_xen_version, cmd, P(arg), 0, 0, 0);
}

static void test_version(void **state)
{
    xen_capabilities_info_t caps;
    xen_extraversion_t extra;
    xen_compile_info_t compile;
    xen_changeset_info_t changeset;
    xen_platform_parameters_t params;
    uint8_t handle[16];

    (void)state;
    assert_int_equal(version(XENVER_version, NULL), 4 << 16 | 17);
    assert_int_equal(version(XENVER_pagesize, NULL), 4096);
    assert_int_equal(version(XENVER_pagesize, &params), -EINVAL);
    assert_int_equal(version(XENVER_extraversion, extra), 0);
    assert_non_null(memchr(extra, 0, sizeof(extra)));
    assert_int_equal(version(XENVER_compile_info, &compile), 0);
    assert_int_equal(version(XENVER_changeset, changeset), 0);
    assert_int_equal(version(XENVER_platform_parameters, &params), 0);
    assert_int_equal(params.virt_start, 0xffff800000000000UL);
    assert_int_equal(version(XENVER_capabilities, caps), 0);
    assert_non_null(strstr(caps, "hvm-3.0-x86_32 "));
    assert_non_null(strstr(caps, "xen-3.0-x86_64 "));
    memset(dom0->handle, 0x42, 16);
    assert_int_equal(version(XENVER_guest_handle, handle), 0);
    assert_memory_equal(handle, dom0->handle, 16);
    for ( unsigned int cmd = 1; cmd < 10; cmd++ )
        if ( cmd != XENVER_pagesize )
            assert_int_equal(version(cmd, (void *)8UL), -EFAULT);
    assert_int_equal(version(11, NULL), -ENOSYS);
}

static void test_version_for_control_only(void **state)
{
    xen_commandline_t line;

    (void)state;
    hv_command_line = "secret=1";
    assert_int_equal(version(XENVER_commandline, line), 0);
    assert_string_equal(line, "secret=1");
    assert_int_equal(version(XENVER_build_id, NULL), -ENODATA);
    fixture_be_dom(fixture_guest(1));
    assert_int_equal(version(XENVER_commandline, line), 0);
    assert_string_equal(line, "<denied>");
    assert_int_equal(version(XENVER_build_id, NULL), -EPERM);
    fixture_be_dom(dom0);
    hv_command_line = "";
}

static uint32_t features(struct domain *d)
{
    xen_feature_info_t info = { .submap_idx = 0 };

    fixture_be_dom(d);
    assert_int_equal(version(XENVER_get_features, &info), 0);
    fixture_be_dom(dom0);
    return info.submap;
}

/* The numbers that real guests see on Xen 4.17. */
static void test_features(void **state)
{
    xen_feature_info_t info = { .submap_idx = XENFEAT_NR_SUBMAPS };

    (void)state;
    assert_int_equal(features(dom0), 0x228e0);
    assert_int_equal(features(fixture_pvh_dom0()), 0x12b05);
    assert_int_equal(features(fixture_guest(1)), 0x12305);
    assert_int_equal(version(XENVER_get_features, &info), -EINVAL);
}

static long assist(unsigned int cmd, unsigned int type)
{
    return hcall(__HYPERVISOR_vm_assist, cmd, type, 0, 0, 0);
}

static void test_vm_assist(void **state)
{
    (void)state;
    fixture_be_dom(fixture_guest(1)); /* translated: it has none */
    for ( unsigned int type = 0; type < 70; type++ )
    {
        assert_int_equal(assist(VMASST_CMD_enable, type), -EINVAL);
        assert_int_equal(assist(VMASST_CMD_disable, type), -EINVAL);
        assert_int_equal(assist(2, type), type == 5 ? -ENOSYS : -EINVAL);
    }
    fixture_be_dom(dom0); /* not translated */
    for ( unsigned int type = 0; type < 70; type++ )
    {
        long rc = type < 4 ? 0 : -EINVAL;
        bool is_xens = type <= 5 || type == VMASST_TYPE_m2p_strict;

        assert_int_equal(assist(VMASST_CMD_enable, type), rc);
        assert_int_equal(dom0->writable_tables, type >= 2);
        assert_int_equal(assist(2, type), is_xens ? -ENOSYS : -EINVAL);
    }
    assert_int_equal(assist(VMASST_CMD_disable,
                            VMASST_TYPE_writable_pagetables), 0);
    assert_false(dom0->writable_tables);
}

/* ---- console ---- */

static long console(unsigned int cmd, int count, const void *buf)
{
    return hcall(__HYPERVISOR_console_io, cmd, (unsigned long)count, P(buf), 0,
                 0);
}

static void test_console(void **state)
{
    struct domain *d = fixture_guest(1);
    char typed[8];

    (void)state;
    hosted_hooks.console = show;
    nr_shown = 0;
    assert_int_equal(console(CONSOLEIO_write, -1, "x"), -EINVAL);
    assert_int_equal(console(CONSOLEIO_write, 4, (void *)8UL), -EFAULT);
    assert_int_equal(console(7, 1, "x"), -ENOSYS);
    assert_int_equal(console(CONSOLEIO_write, 4, "\033raw"), 0);
    assert_string_equal(shown, "\033raw");
    assert_int_equal(console(CONSOLEIO_read, -1, typed), -EINVAL);
    assert_int_equal(console(CONSOLEIO_read, 8, typed), 0);

    /* Nobody else's, whatever the command. */
    fixture_be_dom(d);
    nr_shown = 0;
    assert_int_equal(console(CONSOLEIO_read, 8, typed), -EPERM);
    assert_int_equal(console(CONSOLEIO_write, 5, "text\n"), -EPERM);
    assert_int_equal(console(CONSOLEIO_write, -1, "x"), -EPERM);
    assert_int_equal(console(7, 1, "x"), -EPERM);
    assert_int_equal(nr_shown, 0);
    fixture_be_dom(dom0);
    hosted_hooks.console = NULL;
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_multicall),              T(test_multicall_does_not_nest),
        T(test_multicall_continuation), T(test_multicall_fault_in_the_list),
        T(test_version),                T(test_version_for_control_only),
        T(test_features),               T(test_vm_assist),
        T(test_console),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
