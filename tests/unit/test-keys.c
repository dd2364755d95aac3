/* SPDX-License-Identifier: MIT */
/*
 * Debug keys: each row of the table on a machine that has something of each
 * kind, and what it prints is what is there.
 *
 * Seen failing with: a key without a row; a range that loses its end; disabled
 * servers that overlap; grants of a wrong number; a pending port that is not
 * told; more lines than KEY_LINES; a lock kept while everything is looked at.
 */
#include "fixture.h"

#include <hv/console.h>
#include <hv/grant.h>
#include <hv/keys.h>

#include <xen/hvm/save.h>
#include <xen/sched.h>

#define PORT XEN_DMOP_IO_RANGE_PORT
#define MEMORY XEN_DMOP_IO_RANGE_MEMORY
#define PCI XEN_DMOP_IO_RANGE_PCI

static char said[1 << 20];
static unsigned int stopped;
static int stop_result;

static void show(const char *s, size_t len)
{
    size_t have = strlen(said);

    assert_true(have + len < sizeof(said));
    memcpy(said + have, s, len);
    said[have + len] = '\0';
}

static int stop(void)
{
    stopped++;
    return stop_result;
}

static void get_context(struct vcpu *v, struct hvm_hw_cpu *c)
{
    c->rip = 0x1000 + v->vcpu_id;
    c->r15 = 0x5151;
    c->cr3 = 0x7000;
    c->cs_sel = 0x10;
}

static int setup(void **state)
{
    int rc = fixture_setup(state);

    hosted_hooks.console = show;
    hosted_hooks.stop_machine = stop;
    hosted_hooks.get_context = get_context;
    stopped = 0;
    stop_result = 0;
    return rc;
}

static const char *press(char key)
{
    said[0] = '\0';
    assert_int_equal(key_pressed(key), 0);
    return said;
}

static unsigned int count_lines(void)
{
    unsigned int nr = 0;

    for ( const char *p = said; (p = strchr(p, '\n')) != NULL; p++ )
        nr++;
    return nr;
}

static void says(const char *fmt, ...)
{
    char want[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(want, sizeof(want), fmt, ap);
    va_end(ap);
    if ( !strstr(said, want) )
        fail_msg("no \"%s\" in:\n%s", want, said);
}

static void says_not(const char *text)
{
    if ( strstr(said, text) )
        fail_msg("\"%s\" in:\n%s", text, said);
}

/* ---- the table ---- */

static void test_help(void **state)
{
    static const char keys[] = "defFghHipqrT";
    struct domain *d = fixture_guest(1);
    char list[4096];
    ioservid_t id;

    (void)state;
    domain_vcpu(d, 0)->initialised = true;
    assert_int_equal(ioreq_server_create(d, 0, &id), 0);
    strcpy(list, press('h'));
    assert_int_equal(count_lines(), strlen(keys));
    for ( unsigned int i = 0; keys[i]; i++ )
    {
        char start[16];

        snprintf(start, sizeof(start), "key '%c' (", keys[i]);
        assert_non_null(strstr(list, start));
    }
    /* What is listed does something. */
    for ( char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n") )
    {
        press(line[5]);
        says_not("is no debug key");
        assert_true(count_lines() > 0);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    assert_string_equal(press('z'), "'z' is no debug key: 'h' lists them\n");
    assert_string_equal(press('\n'), "0xa is no debug key: 'h' lists them\n");
    assert_string_equal(press((char)0xff),
                        "0xff is no debug key: 'h' lists them\n");
}

/* The level is for messages that nobody asked for. */
static void test_whatever_the_level(void **state)
{
    (void)state;
    assert_int_equal(console_set_option("loglvl", "none"), 0);
    press('q');
    says("d0: alive");
}

/* ---- what there is ---- */

static void test_domains(void **state)
{
    struct domain *d = fixture_guest(3);

    (void)state;
    fixture_populate(d, 0, 5);
    vcpu_up(domain_vcpu(d, 1));
    domain_vcpu(d, 1)->place = VCPU_QUEUED;
    domain_vcpu(d, 2)->info->evtchn_upcall_pending = 1;
    d->max_pages = 77;
    press('q');
    says("d0: alive, control domain, paused");
    says("d%u: alive, translated, paused 1 (by controller 1), 3 vcpus, refs",
         d->domain_id);
    says("  memory: tot 5, max 77, extra %lu of %lu, paging pool %u of %u",
         (unsigned long)d->extra_pages, (unsigned long)d->max_extra,
         d->p2m.pool_used, d->p2m.pool_pages);
    says("  vcpu 0: CPU 0, aside, down, paused 0, upcall none\n");
    says("  vcpu 1: CPU 0, queued, paused 0, upcall none\n");
    says("  vcpu 2: CPU 0, aside, down, paused 0, upcall pending\n");
    domain_shutdown(d, SHUTDOWN_reboot);
    press('q');
    says("translated, shut down 1, paused");
}

static void test_registers(void **state)
{
    struct domain *d = fixture_guest(3);

    (void)state;
    domain_vcpu(d, 0)->initialised = domain_vcpu(d, 2)->initialised = true;
    press('d');
    assert_int_equal(stopped, 1);
    says("d%uv0: CPU 0, aside\n  rip 0010:0000000000001000 ", d->domain_id);
    says("d%uv2: CPU 0, aside\n  rip 0010:0000000000001002 ", d->domain_id);
    says("r15 0000000000005151");
    says("cr3 0000000000007000");
    says_not("v1: CPU");
    stop_result = -ERESTART;
    assert_int_equal(key_pressed('d'), -ERESTART);
    /* A machine that cannot stand still: vcpus are paused, and go on. */
    stop_result = -EOPNOTSUPP;
    press('d');
    says("d%uv2: CPU 0", d->domain_id);
    assert_int_equal(d->pause_count, 1);
}

static void place(struct domain *d, unsigned int id, uint8_t where,
                  uint64_t since)
{
    struct vcpu *v = domain_vcpu(d, id);

    v->place = where;
    v->runstate.state_entry_time = since;
}

static uint64_t now_9_us(void)
{
    return 9000;
}

static void test_run_queues(void **state)
{
    struct domain *d = fixture_guest(70), *other = fixture_guest(1);

    (void)state;
    hosted_hooks.now = now_9_us;
    place(d, 0, VCPU_QUEUED, 3000);
    place(d, 1, VCPU_ON_CPU, 4000);
    place(d, 2, VCPU_QUEUED, 1000);
    place(other, 0, VCPU_QUEUED, 2000);
    press('r');
    says("CPU 0: idle for ");
    says(" 4 vcpus run or wait\n"
         "  d%uv1: running for 5 us\n"
         "  d%uv2: queued for 8 us\n"
         "  d%uv0: queued for 7 us\n"
         "  d%uv0: queued for 6 us\n",
         d->domain_id, d->domain_id, other->domain_id, d->domain_id);
    for ( unsigned int i = 0; i < 70; i++ )
        place(d, i, VCPU_QUEUED, 5000 + i);
    press('r');
    says("71 vcpus run or wait; some of them:\n");
    assert_true(count_lines() >= 65);
}

static void test_ports(void **state)
{
    struct domain *d = fixture_guest(2);
    struct evtchn_alloc_unbound alloc = { d->domain_id, 0, 0 };
    struct evtchn_alloc_unbound more = { DOMID_SELF, DOMID_SELF, 0 };
    struct evtchn_bind_interdomain bind = { 0 };
    struct evtchn_bind_ipi ipi = { .vcpu = 1 };
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = 0 };
    struct evtchn_send send;

    (void)state;
    assert_int_equal(evtchn_op(EVTCHNOP_alloc_unbound, &alloc), 0);
    bind.remote_dom = d->domain_id;
    bind.remote_port = alloc.port;
    assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &bind), 0);
    fixture_be_dom(d);
    assert_int_equal(evtchn_op(EVTCHNOP_bind_ipi, &ipi), 0);
    assert_int_equal(evtchn_op(EVTCHNOP_bind_virq, &virq), 0);
    assert_int_equal(evtchn_op(EVTCHNOP_alloc_unbound, &more), 0);
    send.port = ipi.port;
    assert_int_equal(evtchn_op(EVTCHNOP_send, &send), 0);
    fixture_be_dom(dom0);
    press('e');
    says("d%u: 4 ports of", d->domain_id);
    says("  port %u: bound to d0 port %u, vcpu 0\n", alloc.port,
         bind.local_port);
    says("  port %u: IPI, vcpu 1, pending\n", ipi.port);
    says("  port %u: VIRQ %u, vcpu 0\n", virq.port, VIRQ_TIMER);
    says("  port %u: unbound, for d%u, vcpu 0\n", more.port, d->domain_id);
    says_not(": , vcpu"); /* a free one */
    press('q');
    says("  1 ports pending: %u\n", ipi.port);
}

static void test_grants(void **state)
{
    struct domain *d = fixture_guest(1);
    struct gnttab_map_grant_ref map = {
        .flags = GNTMAP_device_map | GNTMAP_readonly, .ref = 300,
        .dom = d->domain_id,
    };
    struct gnttab_unmap_grant_ref unmap = { 0 };
    struct page *frame;
    grant_entry_v1_t *e;

    (void)state;
    fixture_populate(d, 7, 1);
    assert_int_equal(grant_resource_get(d, 0, 0, 1, &frame), 0);
    e = arch_mfn_to_virt(page_to_mfn(frame));
    e[300] = (grant_entry_v1_t){ GTF_permit_access | GTF_readonly, 0, 7 };
    page_put(frame);
    assert_int_equal(grant_op(GNTTABOP_map_grant_ref, &map, 1), 0);
    assert_int_equal(map.status, GNTST_okay);
    press('g');
    says("d%u: version 1, 1 of 64 frames, 0 status frames, 1 grants in use; "
         "maptrack: 0 of", d->domain_id);
    says("  ref 300: to d0, frame %#lx, pins host 0/0 device 1/0 ",
         (unsigned long)mfn_x(p2m_lookup(d, _gfn(7)).mfn));
    unmap.dev_bus_addr = map.dev_bus_addr;
    unmap.handle = map.handle;
    assert_int_equal(grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1), 0);
    assert_int_equal(unmap.status, GNTST_okay);
    press('g');
    says_not("ref 300");
    says("0 grants in use");
}

/* ---- ioreq servers ---- */

static void claim(struct domain *d, ioservid_t id, uint32_t type,
                  uint64_t start, uint64_t end)
{
    assert_int_equal(ioreq_server_map_range(d, id, type, start, end), 0);
}

static void test_ioreq_servers(void **state)
{
    struct domain *d = fixture_guest(2);
    ioservid_t a, b;

    (void)state;
    assert_int_equal(ioreq_server_create(d, 0, &a), 0);
    assert_int_equal(ioreq_server_create(d, HVM_IOREQSRV_BUFIOREQ_ATOMIC, &b),
                     0);
    claim(d, a, PORT, 0x500, 0x5ff);
    claim(d, a, MEMORY, 0xf1000000, 0xf1000fff);
    claim(d, a, PCI, 0x10003, 0x10003);
    claim(d, b, PORT, 0x580, 0x700);
    claim(d, b, PORT, 0x10, 0x10);
    press('i');
    says("d%u: 2 ioreq servers\n", d->domain_id);
    says("  server %u: of d0, disabled, no pages yet, ring no, port 0\n", a);
    says("  server %u: of d0, disabled, no pages yet, ring yes, port ", b);
    says("    ports 0x500-0x5ff\n    memory 0xf1000000-0xf1000fff\n"
         "    PCI 0001:00:00.3-00:00.3\n");
    says("    ports 0x10-0x10\n    ports 0x580-0x700\n");
    says_not("overlap");
    assert_int_equal(ioreq_server_set_state(d, a, true), 0);
    press('i');
    says("  server %u: of d0, enabled,", a);
    says_not("overlap");
    assert_int_equal(ioreq_server_set_state(d, b, true), 0);
    press('i');
    says("    ports 0x580-0x5ff: overlap of servers %u, %u: goes to %u\n", a,
         b, b);
}

static void test_vcpu_ports(void **state)
{
    struct domain *d = fixture_guest(2);
    ioservid_t id;

    (void)state;
    assert_int_equal(ioreq_server_create(d, 0, &id), 0);
    press('i');
    says("    vcpu 0: port ");
    says("    vcpu 1: port ");
}

/* ---- bounds ---- */

static unsigned int unlocked;

static void count_unlocked(void)
{
    unlocked++;
}

static void test_bounded(void **state)
{
    struct domain *d = fixture_guest(1);
    struct evtchn_alloc_unbound alloc = { DOMID_SELF, 0, 0 };
    struct key_press k = { 0 };

    (void)state;
    fixture_be_dom(d);
    for ( unsigned int i = 0; i < 2000; i++ )
        assert_int_equal(evtchn_op(EVTCHNOP_alloc_unbound, &alloc), 0);
    fixture_be_dom(dom0);
    press('e');
    assert_int_equal(count_lines(), KEY_LINES + 1);
    says("key 'e': there is more than %u lines\n", KEY_LINES);
    assert_true(strlen(said) < CONSOLE_RING_SIZE);
    /* Pending ports of all: nobody waits for the lock until all were seen. */
    hosted_hooks.unlocked = count_unlocked;
    unlocked = 0;
    evtchn_print_pending(&k, d);
    hosted_hooks.unlocked = NULL;
    assert_in_range(unlocked, 2000 / LOOK_AT_ONCE, 2000 / LOOK_AT_ONCE + 2);
}

static void test_dying(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg;

    (void)state;
    fixture_populate(d, 0, 1);
    pg = mfn_to_page(p2m_lookup(d, _gfn(0)).mfn);
    page_get_more(pg);
    fixture_kill(d);
    for ( const char *key = "deghiqr"; *key; key++ )
        press(*key);
    press('q');
    says("d%u: dead, translated", d->domain_id);
    page_put(pg);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_help),     T(test_unknown),       T(test_whatever_the_level),
        T(test_domains),  T(test_registers),     T(test_run_queues),
        T(test_ports),    T(test_grants),        T(test_ioreq_servers),
        T(test_vcpu_ports), T(test_bounded),     T(test_dying),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
