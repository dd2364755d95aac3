/* SPDX-License-Identifier: MIT */
#include "ctrl-xen.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <xencall.h>
#include <xendevicemodel.h>
#include <xenforeignmemory.h>

struct scripted_xen xen;
grant_entry_v1_t table[512] __attribute__((aligned(4096)));
xc_interface *xch;

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

xentoollog_logger logger = { .vmessage = log_message };

int setup(void **state)
{
    (void)state;
    memset(&xen, 0, sizeof(xen));
    memset(table, 0, sizeof(table));
    xch = xc_interface_open(&logger, NULL, 0);
    return !xch;
}

int teardown(void **state)
{
    (void)state;
    return xc_interface_close(xch) || xen.bufs || xen.maps || xen.resources ||
           xen.handles;
}

const void *arg_of(unsigned int n)
{
    assert_true(n < xen.nr_calls);
    return xen.call[n].arg;
}

uint64_t field(unsigned int n, unsigned int offset, unsigned int size)
{
    uint64_t v = 0;

    memcpy(&v, (const uint8_t *)arg_of(n) + offset, size);

    return v;
}

void fill_hvm(void *arg)
{
    struct xen_domctl *op = arg;

    op->u.getdomaininfo.flags = XEN_DOMINF_hvm_guest;
}
