/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl against a scripted Xen.  The library's sources are linked with
 * the libxencall, libxenforeignmemory and libxendevicemodel of this file:
 * every hypercall is recorded with the bytes behind its pointers and answered
 * from a script, every buffer, mapping and handle is counted, and each test
 * ends with none left.
 *
 * Seen failing, among others: when destroy does not retry or retries any
 * error; when an _exact form accepts a short count; when a result is cut to
 * an int; when seeding ignores a skip rule, takes the way through frames on
 * ENOSYS, never or always, leaves the table at the scratch gfn or forgets to
 * unmap; when a failed bounce keeps the buffers before it; when a mapping is
 * not undone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <xencall.h>
#include <xenctrl.h>
#include <xendevicemodel.h>
#include <xenforeignmemory.h>

/* Of the library, for libxenguest; in no public header. */
struct xc_mmu *xc_alloc_mmu_updates(xc_interface *xch, unsigned int dom);
int xc_add_mmu_update(xc_interface *xch, struct xc_mmu *mmu,
                      unsigned long long ptr, unsigned long long val);
int xc_flush_mmu_updates(xc_interface *xch, struct xc_mmu *mmu);
int read_exact(int fd, void *data, size_t size);
int write_exact(int fd, const void *data, size_t size);
int writev_exact(int fd, const struct iovec *iov, int iovcnt);

/* --- the scripted Xen ---------------------------------------------------- */

#define MAX_CALLS 64

struct call {
    unsigned int op, cmd; /* multicalls are unwrapped */
    uint64_t count;
    uint8_t arg[160]; /* the operation as Xen saw it */
    bool in_multicall;
};

struct reply {
    int err;
    long value;
    void (*fill)(void *arg); /* writes outputs */
};

static struct {
    struct call call[MAX_CALLS];
    unsigned int nr_calls;
    struct reply reply[MAX_CALLS]; /* of the n-th call; default: 0 */
    int bufs, maps, resources, handles; /* alive */
    int fail_alloc; /* counts down to the allocation that fails */
    int fail_open; /* the same for handles */
    unsigned int call_flags;
    int resource_err, map_err;
    struct {
        domid_t domid;
        unsigned int type, id;
        unsigned long frame, nr;
    } resource;
    xen_pfn_t mapped;
    size_t pages; /* of the last mapping that was asked for */
    char log[4096];
    int errors;
} xen;

static grant_entry_v1_t table[512] __attribute__((aligned(4096)));
static xc_interface *xch;

struct buf {
    size_t size;
    uint8_t data[];
};

static bool countdown(int *n)
{
    return *n && !--*n;
}

void *xencall_alloc_buffer(xencall_handle *h, size_t size)
{
    struct buf *b;

    (void)h;
    if ( countdown(&xen.fail_alloc) )
    {
        errno = ENOMEM;
        return NULL;
    }
    /* The real library counts pages in an int, and does not see it overflow. */
    assert_true(size < (size_t)INT_MAX << XC_PAGE_SHIFT);
    b = malloc(sizeof(*b) + size);
    assert_non_null(b);
    b->size = size;
    memset(b->data, 0xcc, size);
    xen.bufs++;

    return b->data;
}

void xencall_free_buffer(xencall_handle *h, void *p)
{
    (void)h;
    free((uint8_t *)p - offsetof(struct buf, data));
    xen.bufs--;
}

void *xencall_alloc_buffer_pages(xencall_handle *h, size_t nr)
{
    return xencall_alloc_buffer(h, nr * 4096);
}

void xencall_free_buffer_pages(xencall_handle *h, void *p, size_t nr)
{
    (void)nr;
    xencall_free_buffer(h, p);
}

static long hypercall(unsigned int op, unsigned int cmd, uint64_t arg,
                      uint64_t count, bool in_multicall)
{
    struct call *c = &xen.call[xen.nr_calls];
    struct reply *r = &xen.reply[xen.nr_calls];
    void *p = (void *)(uintptr_t)arg;

    assert_true(xen.nr_calls++ < MAX_CALLS);
    *c = (struct call){ op, cmd, count, { 0 }, in_multicall };
    if ( p )
    {
        struct buf *b = (void *)((uint8_t *)p - offsetof(struct buf, data));

        memcpy(c->arg, p, b->size < sizeof(c->arg) ? b->size : sizeof(c->arg));
        if ( op == __HYPERVISOR_domctl || op == __HYPERVISOR_sysctl )
            memcpy(&c->cmd, p, sizeof(c->cmd));
    }
    if ( r->fill )
        r->fill(p);
    if ( r->err )
    {
        errno = r->err;
        return -1;
    }

    return r->value;
}

int xencall1(xencall_handle *h, unsigned int op, uint64_t a)
{
    (void)h;
    return hypercall(op, 0, a, 0, false);
}

int xencall2(xencall_handle *h, unsigned int op, uint64_t a, uint64_t b)
{
    multicall_entry_t *e = (void *)(uintptr_t)a;
    long rc;

    (void)h;
    if ( op != __HYPERVISOR_multicall )
        return hypercall(op, a, b, 0, false);

    for ( uint64_t i = 0; i < b; i++, e++ )
    {
        rc = e->op == __HYPERVISOR_platform_op
                 ? hypercall(e->op, 0, e->args[0], 0, true)
                 : hypercall(e->op, e->args[0], e->args[1], 0, true);
        e->result = rc < 0 ? -errno : rc;
    }
    errno = 0;

    return 0;
}

int xencall3(xencall_handle *h, unsigned int op, uint64_t a, uint64_t b,
             uint64_t c)
{
    (void)h;
    return hypercall(op, a, b, c, false);
}

int xencall4(xencall_handle *h, unsigned int op, uint64_t a, uint64_t b,
             uint64_t c, uint64_t d)
{
    (void)h;
    (void)c;
    (void)d;
    return hypercall(op, 0, a, b, false);
}

int xencall_buffers_never_fault(xencall_handle *h)
{
    (void)h;
    return 0;
}

static void *open_handle(void)
{
    if ( countdown(&xen.fail_open) )
    {
        errno = ENOENT;
        return NULL;
    }
    xen.handles++;

    return &xen;
}

static int close_handle(const void *h)
{
    xen.handles -= !!h;
    return 0;
}

xencall_handle *xencall_open(struct xentoollog_logger *l, unsigned flags)
{
    (void)l;
    xen.call_flags = flags;
    return open_handle();
}

int xencall_close(xencall_handle *h)
{
    return close_handle(h);
}

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *l,
                                               unsigned flags)
{
    (void)l;
    (void)flags;
    return open_handle();
}

int xenforeignmemory_close(xenforeignmemory_handle *h)
{
    return close_handle(h);
}

xendevicemodel_handle *xendevicemodel_open(xentoollog_logger *l,
                                           unsigned int flags)
{
    (void)l;
    (void)flags;
    return open_handle();
}

int xendevicemodel_close(xendevicemodel_handle *h)
{
    return close_handle(h);
}

void *xenforeignmemory_map(xenforeignmemory_handle *h, uint32_t dom, int prot,
                           size_t pages, const xen_pfn_t arr[], int err[])
{
    (void)h;
    (void)dom;
    (void)prot;
    (void)err;
    xen.pages = pages;
    if ( xen.map_err )
    {
        errno = xen.map_err;
        return NULL;
    }
    assert_int_equal(pages, 1);
    xen.mapped = arr[0];
    xen.maps++;

    return table;
}

int xenforeignmemory_unmap(xenforeignmemory_handle *h, void *addr, size_t pages)
{
    (void)h;
    assert_ptr_equal(addr, table);
    assert_int_equal(pages, 1);
    xen.maps--;
    return 0;
}

xenforeignmemory_resource_handle *xenforeignmemory_map_resource(
    xenforeignmemory_handle *h, domid_t domid, unsigned int type,
    unsigned int id, unsigned long frame, unsigned long nr_frames,
    void **paddr, int prot, int flags)
{
    (void)h;
    (void)prot;
    assert_int_equal(flags, 0);
    xen.resource.domid = domid;
    xen.resource.type = type;
    xen.resource.id = id;
    xen.resource.frame = frame;
    xen.resource.nr = nr_frames;
    if ( xen.resource_err )
    {
        errno = xen.resource_err;
        return NULL;
    }
    *paddr = table;
    xen.resources++;

    return (void *)&xen.resource;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *h,
                                    xenforeignmemory_resource_handle *r)
{
    (void)h;
    assert_ptr_equal(r, &xen.resource);
    xen.resources--;
    errno = EBADF;
    return -1; /* its failure must not matter */
}

/* --- fixture ------------------------------------------------------------- */

static void __attribute__((format(printf, 5, 0)))
log_message(xentoollog_logger *l, xentoollog_level level, int errnoval,
            const char *context, const char *format, va_list al)
{
    size_t used = strlen(xen.log);

    (void)l;
    (void)errnoval;
    assert_string_equal(context, "xc");
    xen.errors += level >= XTL_ERROR;
    vsnprintf(xen.log + used, sizeof(xen.log) - used, format, al);
    errno = ENOTTY; /* a logger may leave anything */
}

static xentoollog_logger logger = { .vmessage = log_message };

static int setup(void **state)
{
    (void)state;
    memset(&xen, 0, sizeof(xen));
    memset(table, 0, sizeof(table));
    xch = xc_interface_open(&logger, NULL, 0);
    return !xch;
}

static int teardown(void **state)
{
    (void)state;
    return xc_interface_close(xch) || xen.bufs || xen.maps || xen.resources ||
           xen.handles;
}

static const void *arg_of(unsigned int n)
{
    assert_true(n < xen.nr_calls);
    return xen.call[n].arg;
}

/* Fields are read where the ABI has them, not through the same structs. */
static uint64_t field(unsigned int n, unsigned int offset, unsigned int size)
{
    uint64_t v = 0;

    memcpy(&v, (const uint8_t *)arg_of(n) + offset, size);

    return v;
}

#define assert_call(n, o, c)                                                   \
    do                                                                         \
    {                                                                          \
        assert_true((n) < xen.nr_calls);                                       \
        assert_int_equal(xen.call[n].op, o);                                   \
        assert_int_equal(xen.call[n].cmd, c);                                  \
    } while ( 0 )

#define assert_fails(err, expr)                                                \
    do                                                                         \
    {                                                                          \
        errno = 0;                                                             \
        assert_int_equal(expr, -1);                                            \
        assert_int_equal(errno, err);                                          \
    } while ( 0 )

/* --- handle and reports -------------------------------------------------- */

static void test_open(void **state)
{
    xc_interface *x;

    (void)state;
    for ( int n = 1; n <= 3; n++ )
    {
        xen.fail_open = n;
        errno = 0;
        assert_null(xc_interface_open(&logger, NULL, 0));
        assert_int_equal(errno, ENOENT);
        assert_int_equal(xen.handles, 3); /* the fixture's */
    }

    x = xc_interface_open(&logger, NULL, XC_OPENFLAG_DUMMY);
    assert_int_equal(xen.handles, 3);
    assert_null(xc_interface_xcall_handle(x));
    assert_int_equal(xc_interface_close(x), 0);

    x = xc_interface_open(NULL, NULL, XC_OPENFLAG_NON_REENTRANT);
    assert_int_equal(xen.call_flags, XENCALL_OPENFLAG_NON_REENTRANT);
    assert_int_equal(xc_interface_close(x), 0);
    assert_int_equal(xc_interface_close(NULL), 0);
}

static void test_reports(void **state)
{
    (void)state;

    /* A refusal is described, keeps errno, and is no error of ours. */
    xen.reply[0].err = EPERM;
    assert_fails(EPERM, xc_domain_pause(xch, 7));
    assert_non_null(strstr(xen.log, "domctl 3 for domain 7"));
    assert_int_equal(xen.errors, 0);
    assert_int_equal(xc_get_last_error(xch)->code, XC_ERROR_NONE);
    assert_string_equal(xc_get_last_error(xch)->message, "");

    xen.fail_alloc = 1;
    assert_fails(ENOMEM, xc_domain_pause(xch, 7));
    assert_int_equal(xen.errors, 1);
    assert_int_equal(xc_get_last_error(xch)->code, XC_INTERNAL_ERROR);
    assert_non_null(strstr(xc_get_last_error(xch)->message, "144 bytes"));
    xc_clear_last_error(xch);
    assert_int_equal(xc_get_last_error(xch)->code, XC_ERROR_NONE);
    assert_string_equal(xc_get_last_error(xch)->message, "");
}

/* Every allocation of every shape of call fails once: ENOMEM, nothing sent. */
static void test_no_memory(void **state)
{
    uint64_t word[4] = { 0 };
    uint8_t map[8] = { 0 };
    xc_domaininfo_t info;

    (void)state;
    xen.reply[0].value = 0;
    assert_int_equal(xc_get_max_cpus(xch), 1); /* asks for physinfo now */
    xen.nr_calls = 0;
    for ( int n = 1; n <= 3; n++ )
    {
        int rc[] = {
            (xen.fail_alloc = n, xc_domain_populate_physmap_exact(
                                     xch, 7, 1, 0, 0, word)),
            (xen.fail_alloc = n, n < 3 ? xc_domain_getinfolist(xch, 0, 1, &info)
                                       : -1),
            (xen.fail_alloc = n,
             xc_vcpu_setaffinity(xch, 7, 0, map, map, 3)),
            (xen.fail_alloc = n, n < 3 ? xc_domain_hvm_setcontext(
                                             xch, 7, map, sizeof(map))
                                       : -1),
            (xen.fail_alloc = n, n < 2 ? xc_gnttab_op(xch, 6, word, 8, 2)
                                       : -1),
            (xen.fail_alloc = n, n < 2 ? xc_evtchn_alloc_unbound(xch, 7, 0)
                                       : -1),
        };

        for ( size_t i = 0; i < sizeof(rc) / sizeof(rc[0]); i++ )
            assert_int_equal(rc[i], -1);
        assert_int_equal(xen.bufs, 0);
        assert_int_equal(xen.nr_calls, 0);
    }
    xen.fail_alloc = 0;
}

/* Counts that are negative or have no memory: ENOMEM, nothing sent. */
static void test_huge_counts(void **state)
{
    DECLARE_HYPERCALL_BUFFER(uint8_t, buffer);
    uint64_t word = 0;
    xc_cpuinfo_t cpu;
    unsigned int nr = UINT_MAX;

    (void)state;
    assert_fails(ENOMEM, xc_getcpuinfo(xch, -1, &cpu, NULL));
    assert_fails(ENOMEM, xc_gnttab_op(xch, 6, &word, 8, -1));
    assert_fails(ENOMEM, xc_domain_populate_physmap(xch, 7, 1UL << 41, 0, 0,
                                                    &word));
    assert_fails(ENOMEM, xc_domain_populate_physmap(xch, 7, (1UL << 61) - 1, 0,
                                                    0, &word));
    assert_fails(ENOMEM, xc_numainfo(xch, &nr, NULL, (uint32_t *)&word));
    assert_fails(ENOMEM, xc_memory_op(xch, 6, &word, SIZE_MAX));
    buffer = xc_hypercall_buffer_alloc(xch, buffer, SIZE_MAX);
    assert_null(buffer);
    buffer = xc_hypercall_buffer_alloc(xch, buffer, 1UL << 44);
    assert_null(buffer);
    assert_int_equal(xen.nr_calls, 0);
}

/* --- marshalling --------------------------------------------------------- */

static void fill_created(void *arg)
{
    uint8_t *op = arg;

    op[8] = 0x34; /* domain */
    op[9] = 0x12;
    op[16 + 32] = 9; /* max_evtchn_port */
}

static void test_create(void **state)
{
    struct xen_domctl_createdomain config = {
        .ssidref = 0x11111111,
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 2,
        .max_evtchn_port = 1023,
        .max_grant_frames = 40,
        .max_maptrack_frames = -1,
        .grant_opts = 1,
        .arch.emulation_flags = 1,
    };
    uint32_t domid = 0xffff;

    (void)state;
    xen.reply[0].fill = fill_created;
    assert_int_equal(xc_domain_create(xch, &domid, &config), 0);
    assert_int_equal(domid, 0x1234);
    assert_int_equal(config.max_evtchn_port & 0xff, 9);

    assert_call(0, 36, 1);
    assert_int_equal(field(0, 4, 4), 0x15);
    assert_int_equal(field(0, 8, 8), 0xffff);
    assert_int_equal(field(0, 16, 4), 0x11111111);
    assert_int_equal(field(0, 16 + 20, 4), 3);
    assert_int_equal(field(0, 16 + 28, 4), 2);
    assert_int_equal(field(0, 16 + 32, 4), 1023);
    assert_int_equal(field(0, 16 + 36, 4), 40);
    assert_int_equal(field(0, 16 + 40, 4), 0xffffffff);
    assert_int_equal(field(0, 16 + 44, 4), 1);
    assert_int_equal(field(0, 16 + 56, 4), 1);

    xen.reply[1].err = EINVAL;
    domid = 5;
    assert_fails(EINVAL, xc_domain_create(xch, &domid, &config));
    assert_int_equal(domid, 5);
}

static void test_destroy(void **state)
{
    (void)state;
    for ( int i = 0; i < 3; i++ )
        xen.reply[i].err = EAGAIN;
    assert_int_equal(xc_domain_destroy(xch, 7), 0);
    assert_int_equal(xen.nr_calls, 4);
    assert_call(3, 36, 2);
    assert_int_equal(field(3, 8, 2), 7);

    xen.reply[4].err = EAGAIN;
    xen.reply[5].err = ESRCH;
    assert_fails(ESRCH, xc_domain_destroy(xch, 7));
    assert_int_equal(xen.nr_calls, 6);
}

static void fill_domain3(void *arg)
{
    struct xen_domctl *op = arg;

    op->domain = op->u.getdomaininfo.domain = 3;
    op->u.getdomaininfo.flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_shutdown |
                                (SHUTDOWN_crash << XEN_DOMINF_shutdownshift);
    op->u.getdomaininfo.tot_pages = 0x123456789;
    op->u.getdomaininfo.max_pages = 4;
}

static void test_getinfo(void **state)
{
    xc_dominfo_t info[4];

    (void)state;
    xen.reply[0].fill = fill_domain3;
    xen.reply[1].err = ESRCH;
    assert_int_equal(xc_domain_getinfo(xch, 1, 4, info), 1);
    assert_int_equal(info[0].domid, 3);
    assert_int_equal(info[0].nr_pages, 0x123456789);
    assert_int_equal(info[0].max_memkb, 16);
    assert_true(info[0].hvm && info[0].crashed && !info[0].shutdown);
    assert_int_equal(info[1].domid, 0);
    assert_int_equal(field(1, 8, 2), 4); /* goes on after the one found */

    xen.reply[2].err = ESRCH;
    assert_fails(ESRCH, xc_domain_getinfo(xch, 9, 1, info));

    /* Another domain's answer is not this one's. */
    xen.reply[3].fill = fill_domain3;
    assert_int_equal(xc_get_tot_pages(xch, 2), -1);
}

static void test_hvm_param(void **state)
{
    uint64_t value = 0;

    (void)state;
    assert_int_equal(xc_hvm_param_set(xch, 7, 17, 0x123456789abc), 0);
    assert_call(0, 34, 0);
    assert_int_equal(field(0, 0, 4), 7); /* the padding too */
    assert_int_equal(field(0, 4, 4), 17);
    assert_int_equal(field(0, 8, 8), 0x123456789abc);
    assert_int_equal(xc_hvm_param_get(xch, 7, 17, &value), 0);
    assert_call(1, 34, 1);
}

static void test_memory_op(void **state)
{
    xen_pfn_t gfn[2] = { 5, 6 }, max = 0;

    (void)state;
    xen.reply[0].value = 0x123456789;
    assert_int_equal(xc_domain_maximum_gpfn(xch, 7, &max), 0);
    assert_int_equal(max, 0x123456789); /* more than an int */
    assert_call(0, 12, 14);
    assert_true(xen.call[0].in_multicall);

    xen.reply[1].err = EPERM;
    assert_fails(EPERM, xc_domain_nr_gpfns(xch, 7, &max));
    assert_int_equal(max, 0x123456789);

    xen.reply[2].value = 2;
    assert_int_equal(
        xc_domain_populate_physmap_exact(xch, 7, 2, 9, 0x20, gfn), 0);
    assert_call(2, 12, 6);
    assert_int_equal(field(2, 8, 8), 2);
    assert_int_equal(field(2, 16, 4), 9);
    assert_int_equal(field(2, 20, 4), 0x20);
    assert_int_equal(field(2, 24, 8), 7); /* domid and zeroed padding */
}

static void test_exact(void **state)
{
    xen_pfn_t gfn[2] = { 5, 6 };

    (void)state;
    for ( int i = 0; i < 3; i++ )
        xen.reply[i].value = 1;
    assert_fails(EBUSY, xc_domain_populate_physmap_exact(xch, 7, 2, 0, 0, gfn));
    assert_fails(ENOMEM,
                 xc_domain_increase_reservation_exact(xch, 7, 2, 0, 0, gfn));
    assert_fails(EINVAL,
                 xc_domain_decrease_reservation_exact(xch, 7, 2, 0, gfn));
    assert_non_null(strstr(xen.log, "domain 7: 1 of 2 extents"));

    xen.reply[3].err = EPERM;
    assert_fails(EPERM, xc_domain_populate_physmap_exact(xch, 7, 2, 0, 0, gfn));
    assert_fails(EINVAL, xc_domain_decrease_reservation(xch, 7, 2, 0, NULL));
    assert_int_equal(xen.nr_calls, 4);
}

static void fill_hvm(void *arg)
{
    struct xen_domctl *op = arg;

    op->u.getdomaininfo.flags = XEN_DOMINF_hvm_guest;
}

/* Smaller pieces on E2BIG; undone on failure; unmapping goes on. */
static void test_memory_mapping(void **state)
{
    (void)state;
    xen.reply[0].fill = fill_hvm;
    xen.reply[1].err = E2BIG; /* 8 */
    xen.reply[2].value = 3; /* 4, of which 3 */
    xen.reply[4].err = ENOMEM;
    assert_fails(ENOMEM,
                 xc_domain_memory_mapping(xch, 7, 0x10, 0x20, 8,
                                          DPCI_ADD_MAPPING));
    assert_int_equal(field(2, 16 + 16, 8), 4);
    assert_int_equal(field(3, 16, 8), 0x13);
    assert_int_equal(field(3, 24, 8), 0x23);
    assert_int_equal(field(3, 32, 8), 4);
    assert_int_equal(field(4, 16, 8), 0x17);
    assert_int_equal(field(4, 32, 8), 1);
    assert_int_equal(field(5, 16, 8), 0x10); /* the undoing, whole */
    assert_int_equal(field(5, 32, 8), 8);
    assert_int_equal(field(5, 40, 4), DPCI_REMOVE_MAPPING);
    assert_int_equal(xen.nr_calls, 6);

    xen.reply[6].fill = fill_hvm;
    xen.reply[7].err = E2BIG;
    xen.reply[8].err = ENOENT;
    assert_fails(ENOENT,
                 xc_domain_memory_mapping(xch, 7, 0x10, 0x20, 8,
                                          DPCI_REMOVE_MAPPING));
    assert_int_equal(xen.nr_calls, 10);
    assert_int_equal(field(9, 16, 8), 0x14);
}

/* --- grant seeding ------------------------------------------------------- */

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open),
        TEST(test_reports),
        TEST(test_no_memory),
        TEST(test_huge_counts),
        TEST(test_create),
        TEST(test_destroy),
        TEST(test_getinfo),
        TEST(test_hvm_param),
        TEST(test_memory_op),
        TEST(test_exact),
        TEST(test_memory_mapping),
        TEST(test_seed),
        TEST(test_seed_skips),
        TEST(test_seed_errors_are_final),
        TEST(test_seed_compat_pv),
        TEST(test_seed_compat_hvm),
        TEST(test_seed_compat_hvm_removes),
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
