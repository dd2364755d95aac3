/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: buffers, page tables, and calls that are several hypercalls.
 *
 * Seen failing, among others: when a failed bounce keeps the buffers before it.
 */
#include "ctrl-xen.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <xenforeignmemory.h>

/* Of the library, for libxenguest; in no public header. */
struct xc_mmu *xc_alloc_mmu_updates(xc_interface *xch, unsigned int dom);
int xc_add_mmu_update(xc_interface *xch, struct xc_mmu *mmu,
                      unsigned long long ptr, unsigned long long val);
int xc_flush_mmu_updates(xc_interface *xch, struct xc_mmu *mmu);
int read_exact(int fd, void *data, size_t size);
int write_exact(int fd, const void *data, size_t size);
int writev_exact(int fd, const struct iovec *iov, int iovcnt);

/* --- buffers ------------------------------------------------------------- */

/* A buffer that arrives as an argument is the one that was passed. */
static unsigned long as_argument(xc_hypercall_buffer_t *again)
{
    DECLARE_HYPERCALL_BUFFER_ARGUMENT(again);

    return HYPERCALL_BUFFER_AS_ARG(again);
}

static void test_buffers(void **state)
{
    DECLARE_HYPERCALL_BUFFER(uint32_t, word);
    DECLARE_HYPERCALL_BUFFER(uint32_t, other);
    xc_hypercall_buffer_array_t *array;
    XEN_GUEST_HANDLE(uint32) h;

    (void)state;
    word = xc_hypercall_buffer_alloc(xch, word, 8);
    assert_non_null(word);
    assert_int_equal(word[0] | word[1], 0);
    set_xen_guest_handle(h, word);
    assert_ptr_equal(h.p, word);
    set_xen_guest_handle_offset(h, word, 1);
    assert_ptr_equal(h.p, word + 1);
    set_xen_guest_handle(h, HYPERCALL_BUFFER_NULL);
    assert_null(h.p);
    assert_int_equal(as_argument(HYPERCALL_BUFFER(word)), (uintptr_t)word);
    xc_hypercall_buffer_free(xch, word);
    xc_hypercall_buffer_free(xch, word); /* harmless */
    assert_int_equal(xen.bufs, 0);

    array = xc_hypercall_buffer_array_create(xch, 2);
    word = xc_hypercall_buffer_array_alloc(xch, array, 1, word, 4);
    *word = 42;
    other = xc_hypercall_buffer_array_get(xch, array, 1, other, 4);
    assert_int_equal(*other, 42);
    xc_hypercall_buffer_array_destroy(xch, array);
    assert_int_equal(xen.bufs, 0);
}

static void fill_pattern(void *arg)
{
    struct xen_domctl *op = arg;

    if ( op->u.hvmcontext.buffer.p )
        memset(op->u.hvmcontext.buffer.p, 0x5a, op->u.hvmcontext.size);
    op->u.hvmcontext.size = 8;
}

static void test_bounce(void **state)
{
    uint8_t out[16] = { 0 }, want[16];

    (void)state;
    memset(want, 0x5a, sizeof(want));
    xen.reply[0].fill = xen.reply[1].fill = fill_pattern;
    assert_int_equal(xc_domain_hvm_getcontext(xch, 7, NULL, 0), 8);
    assert_int_equal(field(0, 24, 8), 0);
    assert_int_equal(xc_domain_hvm_getcontext(xch, 7, out, sizeof(out)), 8);
    assert_memory_equal(out, want, sizeof(out));

    /* What is only sent is never written to. */
    memset(out, 1, sizeof(out));
    memset(want, 1, sizeof(want));
    xen.reply[2].fill = fill_pattern;
    assert_int_equal(xc_domain_hvm_setcontext(xch, 7, out, sizeof(out)), 0);
    assert_memory_equal(out, want, sizeof(out));
}

/* --- page tables --------------------------------------------------------- */

static struct hvm_hw_cpu vcpu;

static void fill_vcpu(void *arg)
{
    struct xen_domctl *op = arg;

    assert_int_equal(op->u.hvmcontext_partial.bufsz, sizeof(vcpu));
    memcpy(op->u.hvmcontext_partial.buffer.p, &vcpu, sizeof(vcpu));
}

static unsigned long translate(unsigned long long virt)
{
    xen.nr_calls = 0;
    xen.reply[0].fill = fill_hvm;
    xen.reply[1].fill = fill_vcpu;
    errno = 0;

    return xc_translate_foreign_address(xch, 7, 1, virt);
}

/* One page plays the tables of all levels: each level has its own index. */
static void test_translate(void **state)
{
    const uint64_t virt = 1ULL << 39 | 2ULL << 30 | 3ULL << 21 | 4ULL << 12;
    uint64_t *pt = (void *)table;
    uint32_t *pt32 = (void *)table;

    (void)state;
    vcpu.cr0 = 0;
    assert_int_equal(translate(0x12345678), 0x12345);
    assert_int_equal(field(1, 20, 4), 1); /* instance: the vcpu */

    /* Four levels; the last table is that of the entry above it. */
    vcpu = (struct hvm_hw_cpu){ .cr0 = 1U << 31, .cr4 = 1 << 5,
                                .cr3 = 0x10000, .msr_efer = 1 << 10 };
    pt[1] = 0x11001;
    pt[2] = 0x12001;
    pt[3] = 0x8000000000013001;
    pt[4] = 0x8000000055555001;
    assert_int_equal(translate(virt | 0x123), 0x55555);
    assert_int_equal(xen.mapped, 0x13);

    /* Pages of 2 MiB and 1 GiB. */
    pt[3] = 0x40000081;
    assert_int_equal(translate(virt), 0x40004);
    pt[2] = 0x80000081;
    assert_int_equal(translate(virt), 0x80604);

    /* Not present; the top level has no large pages; no such frame. */
    pt[1] = 0x11081;
    pt[2] = 0x12000;
    assert_int_equal(translate(virt), 0);
    assert_int_equal(errno, EADDRNOTAVAIL);
    xen.map_err = EINVAL;
    assert_int_equal(translate(virt), 0);
    assert_int_equal(errno, EINVAL);
    xen.map_err = 0;

    /* Three levels, whose top table is anywhere in its page. */
    vcpu.msr_efer = 0;
    vcpu.cr3 = 0x10000 + 32 * 5;
    memset(table, 0, sizeof(table));
    pt[4 * 5 + 2] = 0x11001;
    pt[3] = 0x12001;
    pt[4] = 0x66666001;
    assert_int_equal(translate(virt & 0xffffffff), 0x66666);

    /* Two levels, of 32 bits. */
    vcpu.cr4 = 0;
    vcpu.cr3 = 0x10000;
    memset(table, 0, sizeof(table));
    pt32[5] = 0x11001;
    pt32[6] = 0x77777001;
    assert_int_equal(translate(5U << 22 | 6 << 12), 0x77777);
    pt32[5] = 0x00800081;
    assert_int_equal(translate(5U << 22 | 6 << 12), 0x806);
}

/* --- calls of several hypercalls ----------------------------------------- */

static uint32_t list_version, list_left;

static void fill_list(void *arg)
{
    struct xen_sysctl_livepatch_list *l =
        &((struct xen_sysctl *)arg)->u.livepatch.u.list;

    l->version = list_version++ / 16;
    l->nr = list_left;
    l->name_total_size = 4;
    l->metadata_total_size = 2;
}

static int livepatch_list(unsigned int max, unsigned int start,
                          unsigned int *done, unsigned int *left)
{
    static xen_livepatch_status_t status[8];
    static char name[64], metadata[64];
    static uint32_t len[8], metadata_len[8];

    xen.nr_calls = 0;

    return xc_livepatch_list(xch, max, start, status, name, len, sizeof(name),
                             metadata, metadata_len, sizeof(metadata), done,
                             left);
}

static void test_livepatch_list(void **state)
{
    unsigned int done, left;

    (void)state;
    /* Too many at once: half of them, from where the first call was. */
    list_version = 0;
    list_left = 1;
    xen.reply[0].err = E2BIG;
    for ( int i = 1; i < 4; i++ )
        xen.reply[i] = (struct reply){ .value = 1, .fill = fill_list };
    assert_int_equal(livepatch_list(3, 5, &done, &left), 0);
    assert_int_equal(done, 3);
    assert_int_equal(left, 1);
    assert_int_equal(xen.nr_calls, 4);
    assert_int_equal(field(0, 20, 4), 5); /* idx */
    assert_int_equal(field(0, 24, 4), 3); /* nr */
    assert_int_equal(field(1, 24, 4), 1);
    assert_int_equal(field(3, 20, 4), 7);

    /* One is too many: the error, not a loop. */
    xen.reply[1] = (struct reply){ .err = E2BIG };
    assert_fails(E2BIG, livepatch_list(3, 0, &done, &left));
    assert_int_equal(xen.nr_calls, 2);

    /* The list changed between two calls. */
    xen.reply[0] = xen.reply[1] = xen.reply[2];
    list_version = 15;
    assert_fails(EAGAIN, livepatch_list(3, 0, &done, &left));
}

static void fill_port(void *arg)
{
    ((struct xen_domctl *)arg)->u.vm_event_op.u.enable.port = 77;
}

static void fill_no_page(void *arg)
{
    struct xen_domctl *op = arg;

    if ( op->cmd == XEN_DOMCTL_getpageframeinfo3 )
        op->u.getpageframeinfo3.array.p[0] = XEN_DOMCTL_PFINFO_XTAB;
}

/* Pause, parameter, type, [populate,] enable, take away, unpause. */
static void test_monitor_ring(void **state)
{
    uint32_t port = 0;

    (void)state;
    xen.reply[3].fill = fill_port;
    xen.reply[4].value = 1;
    assert_ptr_equal(xc_monitor_enable(xch, 7, &port), table);
    assert_int_equal(port, 77);
    assert_int_equal(xen.nr_calls, 6);
    assert_call(5, __HYPERVISOR_domctl, XEN_DOMCTL_unpausedomain);
    xenforeignmemory_unmap(NULL, table, 1);

    /* The page is away since the last monitor: it is populated. */
    xen.nr_calls = 0;
    xen.reply[2].fill = fill_no_page;
    xen.reply[3] = (struct reply){ .value = 1 };
    xen.reply[5].value = 1;
    xen.reply[4].value = 0;
    assert_ptr_equal(xc_monitor_enable(xch, 7, &port), table);
    assert_call(3, __HYPERVISOR_memory_op, XENMEM_populate_physmap);
    xenforeignmemory_unmap(NULL, table, 1);

    /* Whatever fails, the domain runs again and nothing stays mapped. */
    for ( int n = 0; n < 7; n++ )
    {
        if ( n == 2 ) /* its failure means only that there is no page */
            continue;
        xen.nr_calls = 0;
        xen.reply[n].err = EXDEV;
        errno = 0;
        assert_null(xc_monitor_enable(xch, 7, &port));
        assert_int_equal(errno, EXDEV);
        assert_int_equal(xen.maps, 0);
        if ( n )
            assert_call(xen.nr_calls - 1, __HYPERVISOR_domctl,
                        XEN_DOMCTL_unpausedomain);
        xen.reply[n].err = 0;
    }

    errno = 0;
    assert_null(xc_monitor_enable(xch, 7, NULL));
    assert_int_equal(errno, EINVAL);
}

/* Several lists are one multicall: each has its own result. */
static void test_resource_ops(void **state)
{
    xc_resource_entry_t entries[2] = { { .idx = 0x10 }, { .idx = 0x11 } };
    xc_resource_op_t ops[2] = {
        { .cpu = 1, .nr_entries = 1, .entries = &entries[0] },
        { .cpu = 2, .nr_entries = 1, .entries = &entries[1] },
    };

    (void)state;
    xen.reply[0].value = 1;
    xen.reply[1].err = EINVAL;
    assert_int_equal(xc_resource_op(xch, 2, ops), 0);
    assert_int_equal(ops[0].result, 1);
    assert_int_equal((int64_t)ops[1].result, -EINVAL);
    assert_int_equal(field(1, 12, 4), 2); /* cpu */

    for ( int n = 1; n <= 5; n++ )
    {
        xen.nr_calls = 0;
        xen.fail_alloc = n;
        assert_fails(ENOMEM, xc_resource_op(xch, 2, ops));
        assert_int_equal(xen.bufs, 0);
        assert_int_equal(xen.nr_calls, 0);
    }
}

static void fill_tbuf_info(void *arg)
{
    struct xen_sysctl *op = arg;

    op->u.tbuf_op.buffer_mfn = 0x77;
    op->u.tbuf_op.size = 4096; /* bytes */
}

/* What is unmapped is what was mapped, and nothing behind it. */
static void test_tbuf_size(void **state)
{
    unsigned long size = 0;

    (void)state;
    *(uint16_t *)table = 5;
    xen.reply[0].fill = fill_tbuf_info;
    assert_int_equal(xc_tbuf_get_size(xch, &size), 0);
    assert_int_equal(size, 5);
    assert_int_equal(xen.mapped, 0x77);
    assert_int_equal(xen.maps, 0);
}

/* All of them are mapped, also when their bytes need more than an int. */
static void test_clear_pages(void **state)
{
    (void)state;
    memset(table, 0xcc, sizeof(table));
    assert_int_equal(xc_clear_domain_pages(xch, 7, 5, 1), 0);
    assert_int_equal(xen.mapped, 5);
    assert_int_equal(((uint8_t *)table)[4095], 0);
    assert_int_equal(xen.maps, 0);

    xen.map_err = EPERM;
    assert_fails(EPERM, xc_clear_domain_pages(xch, 7, 5, (1 << 20) + 1));
    assert_int_equal(xen.pages, (1 << 20) + 1);
    assert_fails(EINVAL, xc_clear_domain_pages(xch, 7, 5, -1));
}

/* A list that could not be sent is gone: adding never overflows it. */
static void test_mmu_updates(void **state)
{
    struct xc_mmu *mmu = xc_alloc_mmu_updates(xch, 7);

    (void)state;
    assert_non_null(mmu);
    for ( int i = 0; i < 4096; i++ )
    {
        bool full = i % 1024 == 1023;

        xen.fail_alloc = 1;
        assert_int_equal(xc_add_mmu_update(xch, mmu, i, i), full);
    }
    xen.fail_alloc = 0;
    assert_int_equal(xc_flush_mmu_updates(xch, mmu), 0);
    assert_int_equal(xen.nr_calls, 0);

    assert_int_equal(xc_add_mmu_update(xch, mmu, 5, 6), 0);
    xen.reply[0].err = EINVAL;
    assert_int_equal(xc_flush_mmu_updates(xch, mmu), 1);
    assert_call(0, __HYPERVISOR_mmu_update, 0);
    assert_int_equal(xen.call[0].count, 1);
    free(mmu);
}

/* --- files --------------------------------------------------------------- */

static void test_files(void **state)
{
    char in[300000], out[300000];
    struct iovec iov[3] = { { in, 7 }, { in, 0 }, { in + 7, 290000 } };
    int fds[2];
    pid_t child;

    (void)state;
    for ( size_t i = 0; i < sizeof(in); i++ )
        in[i] = i * 7;

    /* More than a pipe holds: the kernel takes parts of it. */
    assert_int_equal(pipe(fds), 0);
    child = fork();
    if ( !child )
        _exit(write_exact(fds[1], in, 200000) || writev_exact(fds[1], iov, 3));
    close(fds[1]);
    assert_int_equal(read_exact(fds[0], out, 200000), 0);
    assert_memory_equal(in, out, 200000);
    assert_int_equal(read_exact(fds[0], out, 290007), 0);
    assert_memory_equal(in, out, 290007);

    errno = EIO;
    assert_int_equal(read_exact(fds[0], out, 1), -1);
    assert_int_equal(errno, 0); /* the end of the file */
    assert_fails(EBADF, read_exact(-1, out, 1));
    assert_fails(EBADF, write_exact(-1, in, 1));
    assert_fails(EBADF, writev_exact(-1, iov, 3));
    assert_int_equal(writev_exact(-1, iov + 1, 1), 0);
    assert_int_equal(waitpid(child, fds, 0), child);
    assert_int_equal(fds[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_buffers),
        TEST(test_bounce),
        TEST(test_translate),
        TEST(test_livepatch_list),
        TEST(test_monitor_ring),
        TEST(test_resource_ops),
        TEST(test_tbuf_size),
        TEST(test_clear_pages),
        TEST(test_mmu_updates),
        TEST(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
