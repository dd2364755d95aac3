/* SPDX-License-Identifier: MIT */
/* The tracer's decoder: its tables, and what it shows of a program's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/hvm/dm_op.h>
#include <xen/memory.h>
#include <xen/sys/privcmd.h>

#include "../../xen/arch/hosted/tracer/tracer.h"

/* ---- a program's memory ---- */

#define BASE 0x100000UL
#define SIZE 0x10000UL
static uint8_t memory[SIZE];
static uint64_t readable = SIZE; /* up to here */

size_t peek_at(void *dst, uint64_t addr, size_t len)
{
    uint64_t at = addr - BASE;
    size_t n;

    if ( at >= readable )
        return 0;
    n = len < readable - at ? len : readable - at;
    memcpy(dst, memory + at, n);
    return n;
}

static struct line line;

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    readable = SIZE;
    return 0;
}

static void begin(void)
{
    memset(&line, 0, sizeof(line));
    line.limit = LINE_ROOM / 2;
}

static void returned(bool ok)
{
    line.after = true;
    line.ok = ok;
    line.full = false;
    line.limit = LINE_ROOM - 128;
    put(&line, ok ? ") = 0 " : ") = -1 ");
}

/* All that the decoder promises of any line. */
static const char *text(void)
{
    assert_true(line.len < LINE_ROOM);
    for ( size_t i = 0; i < line.len; i++ )
        assert_true(line.text[i] >= ' ' && line.text[i] <= '~');
    line.text[line.len] = '\0';
    return line.text;
}

/* The call: its number and arguments are at BASE. */
static void call(uint64_t op, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t words[6] = { op, a, b, c, 0, 0 };

    memcpy(memory, words, sizeof(words));
    begin();
    show_hypercall(&line, BASE);
}

/* ---- tables ---- */

static unsigned int nr_rows;

static void check_values(const struct value *values);

static void check_field(const struct field *f, size_t size)
{
    if ( f->offset + f->size > size ||
         f->count + f->count_size > size || f->by + f->by_size > size )
        fail_msg("%s: outside of its structure", f->name);
    assert_true(f->dir >= IN && f->dir <= INOUT);
    if ( f->where != HERE && f->where != ROW && f->size != 8 )
        fail_msg("%s: no pointer", f->name);
    if ( f->show == NAME || f->show == FLAGS || f->show == STRUCT ||
         f->show == CHOICE )
        assert_non_null(f->table);
    if ( f->show == CHOICE )
        assert_true(f->by_size > 0);
    if ( f->where == ARRAY || f->where == REST )
        assert_true(f->count_size > 0);
    if ( f->show < UUID || f->show == NAME || f->show == FLAGS )
        assert_true(f->unit || (f->size && f->size <= 8));
    assert_true(f->unit <= 8 && (f->where != ROW || !f->unit ||
                                 f->size % f->unit == 0));
}

static void check_rows(const struct field *rows)
{
    static unsigned int depth;
    const struct field *end = rows;

    while ( end->name )
        end++;
    if ( depth > 6 ) /* a multicall has hypercalls */
        return;
    depth++;
    for ( const struct field *f = rows; f->name; f++ )
    {
        nr_rows++;
        check_field(f, end->size);
        if ( f->show == STRUCT )
            check_rows(f->table);
        else if ( f->show == CHOICE && depth < 4 )
            check_values(f->table);
    }
    depth--;
}

static void check_values(const struct value *values)
{
    for ( const struct value *v = values; v->name; v++ )
    {
        for ( const struct value *w = values; w != v; w++ )
            if ( w->number == v->number )
                fail_msg("%s and %s are the same", v->name, w->name);
        if ( v->rows )
            check_rows(v->rows);
    }
}

static void test_tables(void **state)
{
    (void)state;
    check_values(hypercalls);
    check_values(requests);
    assert_true(nr_rows > 1000);
}

/* ---- lines ---- */

static void test_in_and_out(void **state)
{
    struct xen_domctl *d = (void *)(memory + 0x1000);

    (void)state;
    d->cmd = XEN_DOMCTL_createdomain;
    d->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    d->u.createdomain.flags = XEN_DOMCTL_CDF_hvm | 1U << 20;
    d->u.createdomain.max_vcpus = 3;
    d->u.createdomain.max_grant_frames = -1;
    call(__HYPERVISOR_domctl, BASE + 0x1000, 0, 0);
    d->domain = 7;
    returned(true);
    show_hypercall(&line, BASE);
    assert_string_equal(text(),
        "domctl(XEN_DOMCTL_createdomain, domain=0, {ssidref=0, "
        "handle=00000000-0000-0000-0000-000000000000, "
        "flags=XEN_DOMCTL_CDF_hvm|0x100000, iommu_opts=0, max_vcpus=3, "
        "max_evtchn_port=0, max_grant_frames=-1, max_maptrack_frames=0, "
        "grant_opts=0, vmtrace_size=0, cpupool_id=0, "
        "arch={emulation_flags=0, misc_flags=0}}) = 0 domain=7");
}

/* After an error what has changed is shown, and what was not written is not. */
static void test_after_an_error(void **state)
{
    struct xen_domctl *d = (void *)(memory + 0x1000);

    (void)state;
    d->cmd = XEN_DOMCTL_set_cpu_policy;
    d->interface_version = 14;
    d->domain = DOMID_SELF;
    call(__HYPERVISOR_domctl, BASE + 0x1000, 0, 0);
    d->u.cpu_policy.err_msr = 0x1b;
    returned(false);
    show_hypercall(&line, BASE);
    assert_string_equal(text(),
        "domctl(XEN_DOMCTL_set_cpu_policy, interface_version=0xe, "
        "domain=DOMID_SELF, {nr_leaves=0, nr_msrs=0, leaves=NULL, msrs=NULL, "
        "err_leaf=0, err_subleaf=0, err_msr=0}) = -1 err_msr=0x1b");
}

static void test_arrays(void **state)
{
    struct xen_memory_reservation *r = (void *)(memory + 0x1000);
    struct gnttab_query_size *q = (void *)(memory + 0x3000);
    uint64_t *frames = (void *)(memory + 0x2000);

    (void)state;
    for ( unsigned int i = 0; i < 9; i++ )
        frames[i] = 16 + i;
    r->nr_extents = 9;
    r->domid = 1;
    r->mem_flags = XENMEMF_populate_on_demand;
    r->extent_start.p = (void *)(BASE + 0x2000);
    call(__HYPERVISOR_memory_op, XENMEM_populate_physmap, BASE + 0x1000, 0);
    assert_string_equal(text(),
        "memory_op(XENMEM_populate_physmap, {domid=1, nr_extents=9, "
        "extent_order=0, mem_flags=XENMEMF_populate_on_demand, "
        "extent_start=[0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, ...]}");

    q[0].dom = 1;
    q[1].dom = DOMID_SELF;
    call(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, BASE + 0x3000, 2);
    q[0].status = GNTST_bad_domain;
    q[1].nr_frames = 4;
    returned(true);
    show_hypercall(&line, BASE);
    assert_string_equal(text(),
        "grant_table_op(GNTTABOP_query_size, count=2, [{dom=1}, "
        "{dom=DOMID_SELF}]) = 0 [{nr_frames=0, max_nr_frames=0, "
        "status=GNTST_bad_domain}, {nr_frames=4, max_nr_frames=0, "
        "status=GNTST_okay}]");
}

static void test_dm_op(void **state)
{
    struct privcmd_dm_op *p = (void *)(memory + 0x1000);
    struct privcmd_dm_op_buf *buf = (void *)(memory + 0x1100);
    struct xen_dm_op *op = (void *)(memory + 0x1200);

    (void)state;
    p->dom = 5;
    p->num = 2;
    p->ubufs = (void *)(BASE + 0x1100);
    buf[0] = (struct privcmd_dm_op_buf){ (void *)(BASE + 0x1200), sizeof(*op) };
    buf[1] = (struct privcmd_dm_op_buf){ (void *)(BASE + 0x2000), 3 };
    memcpy(memory + 0x2000, "\1\2\3", 3);
    op->op = XEN_DMOP_track_dirty_vram;
    op->u.track_dirty_vram.nr = 24;
    op->u.track_dirty_vram.first_pfn = 0xf0000;
    begin();
    show_request(&line, IOCTL_PRIVCMD_DM_OP, BASE + 0x1000);
    memory[0x2000] = 0xff;
    returned(true);
    show_request(&line, IOCTL_PRIVCMD_DM_OP, BASE + 0x1000);
    assert_string_equal(text(),
        "{dom=5, num=2, XEN_DMOP_track_dirty_vram, {nr=24, first_pfn=0xf0000}, "
        "ubufs=[{size=3, uptr=010203}]}) = 0 ubufs=[{uptr=ff0203}]");
}

/* What no table has is shown by its number and its bytes. */
static void test_unknown(void **state)
{
    struct xen_domctl *d = (void *)(memory + 0x1000);

    (void)state;
    call(63, 1, 2, 0x30);
    assert_string_equal(text(), "hypercall 63(arg0=0x1, arg1=0x2, arg2=0x30, "
                                "arg3=0, arg4=0");
    d->cmd = 999;
    d->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    memcpy(&d->u, "\xab\xcd", 2);
    call(__HYPERVISOR_domctl, BASE + 0x1000, 0, 0);
    assert_string_equal(text(),
        "domctl(999, domain=0, abcd00000000000000000000000000000000000000000000"
        "0000000000000000...");
    call(__HYPERVISOR_memory_op, 60, BASE + 0x1000, 0);
    assert_non_null(strstr(text(), "memory_op(60, e7030000"));
    begin();
    show_request(&line, _IOC(_IOC_NONE, 'P', 99, 4), BASE + 0x1000);
    assert_string_equal(text(), "e7030000");
}

static void test_bad_pointers(void **state)
{
    (void)state;
    call(__HYPERVISOR_domctl, 0x123, 0, 0);
    assert_string_equal(text(), "domctl(0x123 (bad address)");
    call(__HYPERVISOR_grant_table_op, GNTTABOP_copy, ~0UL, 3);
    assert_string_equal(text(), "grant_table_op(GNTTABOP_copy, count=3, "
                                "0xffffffffffffffff (bad address)");
    begin();
    show_hypercall(&line, 8);
    assert_string_equal(text(), "hypercall ? (arg0=?, arg1=?, arg2=?, arg3=?, "
                                "arg4=?");
    begin();
    show_request(&line, IOCTL_PRIVCMD_MMAP_RESOURCE, 8);
    assert_string_equal(text(), ", 0x8 (bad address)");
}

/* ---- anything ---- */

static void both(bool ok, void (*show)(uint64_t, uint64_t), uint64_t a,
                 uint64_t b)
{
    begin();
    show(a, b);
    returned(ok);
    show(a, b);
    text();
}

static void as_hypercall(uint64_t addr, uint64_t unused)
{
    (void)unused;
    show_hypercall(&line, addr);
}

static void as_request(uint64_t request, uint64_t addr)
{
    show_request(&line, (uint32_t)request, addr);
}

/* Each operation of `ops`, which `op` selects, with memory that ends anywhere. */
static void cut(uint64_t op, const struct value *ops, bool by_argument)
{
    for ( ; ops->name; ops++ )
    {
        uint64_t words[6] = { op, by_argument ? ops->number : BASE + 0x1000,
                              BASE + 0x1000, 2, 1, 1 };

        memset(memory, 0x5a, sizeof(memory));
        memcpy(memory, words, sizeof(words));
        if ( !by_argument )
            memcpy(memory + 0x1000, &ops->number, 4);
        for ( readable = 0; readable < 0x1200; readable++ )
        {
            if ( readable == sizeof(words) )
                readable = 0x1000;
            both(readable & 1, as_hypercall, BASE, 0);
        }
    }
}

static void test_short_buffers(void **state)
{
    (void)state;
    cut(__HYPERVISOR_domctl, domctls, false);
    cut(__HYPERVISOR_sysctl, sysctls, false);
    cut(__HYPERVISOR_memory_op, memory_ops, true);
    for ( const struct value *v = requests; v->name; v++ )
        for ( readable = 0; readable < 0x100; readable++ )
            both(readable & 1, as_request, v->number, BASE);
}

static uint64_t seed = 1;

static uint64_t dice(uint64_t sides)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (seed >> 33) % sides;
}

/* Words that look like counts, commands and pointers into the same memory. */
static void shake(void)
{
    for ( uint64_t i = 0; i < 256; i++ )
    {
        uint64_t word = dice(3) ? dice(64) : dice(2) ? BASE + dice(SIZE)
                                                     : ~dice(1UL << 31);

        memcpy(memory + dice(SIZE / 64 - 8), &word, dice(2) ? 8 : 4);
    }
}

static void test_anything(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 20000; i++ )
    {
        const struct value *v = requests;

        shake();
        readable = dice(4) ? SIZE : dice(SIZE);
        both(dice(2), as_hypercall, BASE + dice(SIZE / 64), 0);
        for ( uint64_t n = dice(20); n; n-- )
            v = v[1].name ? v + 1 : requests;
        both(dice(2), as_request, v->number, BASE + dice(SIZE / 64));
    }
}

/* A line has an end, behind which the result finds room. */
static void test_long_lines(void **state)
{
    struct multicall_entry *m = (void *)(memory + 0x1000);

    (void)state;
    memset(memory, 0xff, sizeof(memory));
    for ( unsigned int i = 0; i < 8; i++ )
    {
        m[i] = (struct multicall_entry){ .op = __HYPERVISOR_mmuext_op };
        m[i].args[0] = BASE + 0x2000;
        m[i].args[1] = 1000;
    }
    call(__HYPERVISOR_multicall, BASE + 0x1000, 8, 0);
    assert_true(line.full);
    assert_true(line.len <= LINE_ROOM / 2 + 3);
    assert_non_null(strstr(text(), "..."));
    returned(true);
    assert_non_null(strstr(text(), ") = 0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_tables, setup),
        cmocka_unit_test_setup(test_in_and_out, setup),
        cmocka_unit_test_setup(test_after_an_error, setup),
        cmocka_unit_test_setup(test_arrays, setup),
        cmocka_unit_test_setup(test_dm_op, setup),
        cmocka_unit_test_setup(test_unknown, setup),
        cmocka_unit_test_setup(test_bad_pointers, setup),
        cmocka_unit_test_setup(test_short_buffers, setup),
        cmocka_unit_test_setup(test_anything, setup),
        cmocka_unit_test_setup(test_long_lines, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
