/* SPDX-License-Identifier: MIT */
/*
 * Prints what a libxenctrl does: for every call, under every scripted answer
 * of Xen, the hypercalls with the bytes behind their pointers, then the
 * result, errno and outputs.  check-calls runs it with this library and with
 * another one of the same ABI and compares.
 *
 * The program stands in for libxencall, libxenforeignmemory and
 * libxendevicemodel: its own definitions come first in symbol lookup.
 */
#include "check-calls.h"

static const struct scenario scenarios[] = {
    { "done", 0, 0, 0, 0, 0 },
    { "outputs", 0, 0, 0, 1, 0 },
    { "positive", 0, 0, 2, 0, 0 },
    { "short", 0, 0, 1, 0, 0 },
    { "EINVAL", EINVAL, 1000, 0, 1, 0 },
    { "EPERM", EPERM, 1000, 0, 0, 0 },
    { "EACCES", EACCES, 1000, 0, 0, 0 },
    { "ESRCH", ESRCH, 1000, 0, 0, 0 },
    { "EAGAIN", EAGAIN, 3, 0, 0, 0 },
    { "EFAULT", EFAULT, 1, 0, 0, 0 },
    { "E2BIG", E2BIG, 2, 0, 0, 0 },
    { "E2BIG always", E2BIG, 1000, 0, 0, 0 },
    { "EBUSY", EBUSY, 3, 0, 0, 0 },
    { "ENOSYS", ENOSYS, 1000, 0, 1, 0 },
    { "EFAULT always", EFAULT, 1000, 0, 0, 0 },
    { "no buffer", 0, 0, 0, 0, 1 },
    { "one buffer", 0, 0, 0, 0, 2 },
    { "two buffers", 0, 0, 0, 1, 3 },
    { "three buffers", 0, 0, 0, 0, 4 },
};
const struct scenario *now;
static int answered, allocated;
static bool quiet;
static unsigned int grant_version;

/* --- libxencall ---------------------------------------------------------- */

#define MAX_BUFS 64
static struct buf {
    void *p;
    size_t size;
} bufs[MAX_BUFS];

void *xencall_alloc_buffer(xencall_handle *h, size_t size)
{
    (void)h;
    if ( now->no_buffer && ++allocated >= now->no_buffer )
    {
        errno = ENOMEM;
        return NULL;
    }
    for ( int i = 0; i < MAX_BUFS; i++ )
        if ( !bufs[i].p )
        {
            bufs[i].size = size;
            return bufs[i].p = calloc(1, size + 1);
        }
    abort();
}

void xencall_free_buffer(xencall_handle *h, void *p)
{
    (void)h;
    for ( int i = 0; i < MAX_BUFS; i++ )
        if ( p && bufs[i].p == p )
        {
            bufs[i].p = NULL;
            free(p);
        }
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

static struct buf *buf_at(uint64_t addr)
{
    for ( int i = 0; i < MAX_BUFS; i++ )
        if ( addr && (uintptr_t)bufs[i].p == addr )
            return &bufs[i];
    return NULL;
}

static void dump(uint64_t addr, int depth)
{
    struct buf *b = buf_at(addr);
    uint64_t inner[16];
    int nr = 0;

    if ( !b )
    {
        printf(" %#lx", addr);
        return;
    }
    printf(" [%zu:", b->size);
    for ( size_t i = 0; i < b->size; )
    {
        uint64_t w = 0;

        if ( i % 8 == 0 && i + 8 <= b->size )
            memcpy(&w, (char *)b->p + i, 8);
        if ( depth < 3 && nr < 16 && buf_at(w) )
        {
            printf("<%d>", nr);
            inner[nr++] = w;
            i += 8;
        }
        else
            printf("%02x", ((uint8_t *)b->p)[i++]);
    }
    printf("]");
    for ( int i = 0; i < nr; i++ )
        dump(inner[i], depth + 1);
}

/* Fills what Xen may write, keeping pointers to other buffers alive. */
static void scribble(uint64_t addr, size_t skip)
{
    struct buf *b = buf_at(addr);

    for ( size_t i = skip; b && i < b->size; i++ )
    {
        uint64_t w = 0;

        if ( i % 8 == 0 && i + 8 <= b->size )
            memcpy(&w, (char *)b->p + i, 8);
        if ( buf_at(w) )
        {
            scribble(w, 0);
            i += 7;
        }
        else
            ((uint8_t *)b->p)[i] = 0x11 + i;
    }
}

int next_answer(void)
{
    if ( !now->err || answered++ >= now->times )
        return 0;

    errno = now->err;
    return -1;
}

static long answer(unsigned int op, uint64_t arg, size_t skip)
{
    wipe_stack();
    if ( now->scribble )
        scribble(arg, skip);

    /* The size of CPU maps must be a sane one. */
    if ( op == __HYPERVISOR_sysctl && now->err == 0 )
    {
        struct xen_sysctl *s = (void *)(uintptr_t)arg;

        if ( s->cmd == XEN_SYSCTL_physinfo )
        {
            s->u.physinfo.max_cpu_id = 11;
            s->u.physinfo.max_node_id = 2;
        }
    }
    /* No endless list of patches: up to the third. */
    if ( op == __HYPERVISOR_sysctl )
    {
        struct xen_sysctl *s = (void *)(uintptr_t)arg;
        struct xen_sysctl_livepatch_list *list = &s->u.livepatch.u.list;

        if ( s->cmd == XEN_SYSCTL_livepatch_op &&
             s->u.livepatch.cmd == XEN_SYSCTL_LIVEPATCH_LIST )
        {
            list->nr = now->value && list->idx < 3 ? 3 - list->idx : 0;
            list->name_total_size = 10;
            list->metadata_total_size = 12;
        }
    }
    /* No endless domain walk, and an HVM domain where one is looked at. */
    if ( op == __HYPERVISOR_domctl )
    {
        struct xen_domctl *d = (void *)(uintptr_t)arg;

        if ( d->cmd == XEN_DOMCTL_getdomaininfo )
        {
            d->u.getdomaininfo.domain = d->domain;
            d->u.getdomaininfo.flags |= XEN_DOMINF_hvm_guest;
            if ( now->err == E2BIG )
                return 0;
        }
    }
    return next_answer() ? -1 : now->value;
}

/* What an operation does not use, 4.17 takes from the stack now and then. */
static void clear_unused(struct xen_domctl *d)
{
    size_t used = d->cmd == XEN_DOMCTL_getpageframeinfo3 ? 16
                  : d->cmd == XEN_DOMCTL_gethvmcontext_partial ? 24
                  : d->cmd == XEN_DOMCTL_vm_event_op     ? 8
                  : d->cmd == XEN_DOMCTL_pausedomain ||
                          d->cmd == XEN_DOMCTL_unpausedomain
                      ? 0
                      : sizeof(d->u);

    memset((char *)&d->u + used, 0, sizeof(d->u) - used);
    memset(d->_pad, 0, sizeof(d->_pad));
}

static void clear_unused_flask(struct xen_flask_op *f)
{
    size_t from = f->cmd == FLASK_AVC_CACHESTATS ? 4 : sizeof(f->u);

    if ( f->cmd == FLASK_CONTEXT_TO_SID )
    {
        f->u.sid_context.sid = 0;
        from = sizeof(f->u.sid_context);
    }
    memset((char *)&f->u + from, 0, sizeof(f->u) - from);
}

static void clear_unused_sysctl(struct xen_sysctl *s)
{
    struct xen_sysctl_livepatch_list *list = &s->u.livepatch.u.list;

    if ( s->cmd == XEN_SYSCTL_tbuf_op )
        memset(&s->u.tbuf_op + 1, 0, sizeof(s->u) - sizeof(s->u.tbuf_op));
    if ( s->cmd == XEN_SYSCTL_livepatch_op &&
         s->u.livepatch.cmd == XEN_SYSCTL_LIVEPATCH_LIST )
        list->version = list->name_total_size = list->metadata_total_size = 0;
}

int xencall1(xencall_handle *h, unsigned int op, uint64_t a)
{
    (void)h;
    if ( op == __HYPERVISOR_xsm_op )
        clear_unused_flask((void *)(uintptr_t)a);
    if ( op == __HYPERVISOR_sysctl )
        clear_unused_sysctl((void *)(uintptr_t)a);
    if ( op == __HYPERVISOR_domctl )
        clear_unused((void *)(uintptr_t)a);
    if ( !quiet )
    {
        printf("  call %u:", op);
        dump(a, 0);
        printf("\n");
    }
    return answer(op, a, op == __HYPERVISOR_domctl ? 16 : 8);
}

int xencall2(xencall_handle *h, unsigned int op, uint64_t a, uint64_t b)
{
    (void)h;
    printf("  call %u:", op);
    dump(a, 0);
    dump(b, 0);
    printf("\n");
    if ( op == __HYPERVISOR_multicall )
    {
        multicall_entry_t *e = (void *)(uintptr_t)a;
        long rc = answer(e->op, e->args[1], 0);

        e->result = rc < 0 ? -errno : rc;
        errno = 0;
        return 0;
    }
    return answer(op, b, 4);
}

/* Outputs, which 4.17 leaves unset, are not compared. */
static void prepare_gnttab_op(uint64_t cmd, void *arg)
{
    struct gnttab_query_size *query = arg;
    struct gnttab_setup_table *setup = arg;
    domid_t dom = query->dom;

    if ( cmd == GNTTABOP_query_size )
    {
        memset(query, 0, sizeof(*query));
        query->dom = dom;
    }
    if ( cmd == GNTTABOP_setup_table )
        memset((char *)setup + 8, 0, 8);
}

/* A small table, of any version. */
static void finish_gnttab_op(uint64_t cmd, void *arg)
{
    struct gnttab_query_size *query = arg;
    struct gnttab_setup_table *setup = arg;
    struct gnttab_get_version *version = arg;

    switch ( cmd )
    {
    case GNTTABOP_query_size:
        query->nr_frames = 2;
        query->status = now->value;
        break;
    case GNTTABOP_setup_table:
        setup->nr_frames = 2;
        setup->status = now->value == 1 ? GNTST_general_error : GNTST_okay;
        break;
    case GNTTABOP_get_version:
        version->version = grant_version;
        break;
    }
}

int xencall3(xencall_handle *h, unsigned int op, uint64_t a, uint64_t b,
             uint64_t c)
{
    long rc;

    (void)h;
    prepare_gnttab_op(a, (void *)(uintptr_t)b);
    printf("  call %u: %#lx", op, a);
    dump(b, 0);
    printf(" %#lx\n", c);
    rc = answer(op, b, 0);
    finish_gnttab_op(a, (void *)(uintptr_t)b);

    return rc;
}

int xencall4(xencall_handle *h, unsigned int op, uint64_t a, uint64_t b,
             uint64_t c, uint64_t d)
{
    (void)h;
    printf("  call %u:", op);
    dump(a, 0);
    printf(" %#lx", b);
    dump(c, 0);
    printf(" %#lx\n", d);
    return answer(op, a, 0);
}

int xencall_buffers_never_fault(xencall_handle *h)
{
    (void)h;
    return 0;
}

xencall_handle *xencall_open(struct xentoollog_logger *l, unsigned flags)
{
    (void)l;
    printf("  xencall_open %u\n", flags);
    return (void *)bufs;
}

int xencall_close(xencall_handle *h)
{
    printf("  xencall_close %d\n", !!h);
    return 0;
}

/* --- the other two ------------------------------------------------------- */

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *l,
                                               unsigned flags)
{
    (void)l;
    printf("  xenforeignmemory_open %u\n", flags);
    return (void *)bufs;
}

int xenforeignmemory_close(xenforeignmemory_handle *h)
{
    printf("  xenforeignmemory_close %d\n", !!h);
    return 0;
}

static uint8_t foreign[4 * 4096];

void *xenforeignmemory_map(xenforeignmemory_handle *h, uint32_t dom, int prot,
                           size_t pages, const xen_pfn_t arr[], int err[])
{
    (void)h;
    printf("  map dom %u prot %d pages %zu err %d:", dom, prot, pages, !!err);
    for ( size_t i = 0; i < pages; i++ )
        printf(" %#lx", (unsigned long)arr[i]);
    printf("\n");
    if ( now->err )
    {
        errno = now->err;
        return NULL;
    }
    memset(foreign, 0xaa, sizeof(foreign));
    return foreign;
}

/* Either way of unmapping counts. */
int munmap(void *addr, size_t size)
{
    unsigned int sum = 0;

    for ( size_t i = 0; i < sizeof(foreign); i++ )
        sum = sum * 31 + foreign[i];
    printf("  unmap %d bytes %zu, left %#x\n", addr == foreign, size, sum);
    return 0;
}

int xenforeignmemory_unmap(xenforeignmemory_handle *h, void *addr,
                           size_t pages)
{
    (void)h;
    return munmap(addr, pages * 4096);
}

xendevicemodel_handle *xendevicemodel_open(xentoollog_logger *l,
                                           unsigned int flags)
{
    (void)l;
    printf("  xendevicemodel_open %u\n", flags);
    return (void *)bufs;
}

int xendevicemodel_close(xendevicemodel_handle *h)
{
    printf("  xendevicemodel_close %d\n", !!h);
    return 0;
}

/* --- the calls ----------------------------------------------------------- */

union call_out out;
union call_in in;

void reset(void)
{
    for ( size_t i = 0; i < sizeof(in); i++ )
        in.bytes[i] = 0x40 + i;
    memset(&out, 0, sizeof(out));
    out.u32[0] = 3;
    answered = allocated = 0;
    errno = 0;
}

void result(const char *call, long rc)
{
    int err = rc == -1 ? errno : 0; /* -errno speaks for itself */
    size_t end = now->no_buffer ? 0 : sizeof(out);

    /* Outputs are undefined after an error of the library. */
    while ( end && !out.bytes[end - 1] )
        end--;
    printf("%s %s = %ld errno %d out ", now->name, call, rc, err);
    for ( size_t i = 0; i < end; i++ )
        printf("%02x", out.bytes[i]);
    for ( size_t i = 0; i < 64; i++ )
        printf("%s%02x", i ? "" : " in ", in.bytes[i]);
    printf("\n");
    for ( int i = 0; i < MAX_BUFS; i++ )
        if ( bufs[i].p )
        {
            printf("LEAK of %zu bytes\n", bufs[i].size);
            xencall_free_buffer(NULL, bufs[i].p);
        }
    fflush(stdout);
}

static void domain_calls(xc_interface *x)
{
    CALL(xc_domain_create, x, &out.u32[40], &out.create);
    /* Different on purpose: 4.17 gives up at EAGAIN, we go on. */
    if ( now->err != EAGAIN )
        CALL(xc_domain_destroy, x, 7);
    CALL(xc_domain_pause, x, 7);
    CALL(xc_domain_unpause, x, 7);
    CALL(xc_domain_soft_reset, x, 7);
    CALL(xc_domain_shutdown, x, 7, 3);
    CALL(xc_watchdog, x, 1, 30);
    CALL(xc_domain_getinfo, x, 7, 2, out.dominfo);
    CALL(xc_domain_getinfo, x, 7, 1, out.dominfo);
    CALL(xc_domain_getinfolist, x, 7, 3, out.domaininfo);
    CALL(xc_get_tot_pages, x, 7);
    CALL(xc_domain_max_vcpus, x, 7, 5);
    CALL(xc_domain_sethandle, x, 7, in.handle);
    CALL(xc_domain_set_target, x, 7, 8);
    CALL(xc_domain_set_virq_handler, x, 7, 3);
    CALL(xc_domain_subscribe_for_suspend, x, 7, 9);
    CALL(xc_domain_send_trigger, x, 7, 1, 2);
    CALL(xc_domain_setdebugging, x, 7, 1);
    CALL(xc_domain_get_guest_width, x, 7, &out.u32[0]);
    CALL(xc_domain_set_time_offset, x, 7, -5);
    CALL(xc_domain_set_tsc_info, x, 7, 1, 2, 3, 4);
    CALL(xc_domain_get_tsc_info, x, 7, &out.u32[0], &out.u64[1], &out.u32[4],
         &out.u32[5]);
    CALL(xc_vcpu_setaffinity, x, 7, 1, out.bytes, out.bytes + 8, 3);
    CALL(xc_vcpu_setaffinity, x, 7, 1, out.bytes, NULL, 1);
    CALL(xc_vcpu_getaffinity, x, 7, 1, out.bytes, out.bytes + 8, 3);
    CALL(xc_domain_node_setaffinity, x, 7, in.bytes);
    CALL(xc_domain_node_getaffinity, x, 7, out.bytes);
    CALL(xc_vcpu_getinfo, x, 7, 1, &out.vcpuinfo);
    CALL(xc_domain_get_cpu_usage, x, 7, 1);
}

static void memory_calls(xc_interface *x)
{
    CALL(xc_domain_setmaxmem, x, 7, 0x12345678);
    CALL(xc_get_paging_mempool_size, x, 7, &out.u64[0]);
    CALL(xc_set_paging_mempool_size, x, 7, 0x100000);
    CALL(xc_domain_increase_reservation, x, 7, 2, 9, 0x20, in.pfn);
    CALL(xc_domain_increase_reservation, x, 7, 2, 9, 0x20, NULL);
    CALL(xc_domain_increase_reservation_exact, x, 7, 2, 9, 0x20, in.pfn);
    CALL(xc_domain_decrease_reservation, x, 7, 2, 9, in.pfn);
    CALL(xc_domain_decrease_reservation, x, 7, 2, 9, NULL);
    CALL(xc_domain_decrease_reservation_exact, x, 7, 2, 9, in.pfn);
    CALL(xc_domain_populate_physmap, x, 7, 2, 9, 0x20, in.pfn);
    CALL(xc_domain_populate_physmap_exact, x, 7, 2, 9, 0x20, in.pfn);
    CALL(xc_domain_claim_pages, x, 7, 99);
    CALL(xc_domain_add_to_physmap, x, 7, 1, 2, 3);
    CALL(xc_domain_add_to_physmap_batch, x, 7, 8, XENMAPSPACE_gmfn_foreign, 2,
         (xen_ulong_t *)in.pfn, in.pfn + 2, out.i);
    CALL(xc_domain_add_to_physmap_batch, x, 7, 8, XENMAPSPACE_grant_table, 2,
         (xen_ulong_t *)in.pfn, in.pfn + 2, out.i);
    CALL(xc_domain_remove_from_physmap, x, 7, 3);
    CALL(xc_domain_maximum_gpfn, x, 7, (xen_pfn_t *)&out.u64[0]);
    CALL(xc_domain_nr_gpfns, x, 7, (xen_pfn_t *)&out.u64[0]);
    CALL(xc_maximum_ram_page, x, &out.u64[0]);
    CALL(xc_sharing_freed_pages, x);
    CALL(xc_sharing_used_frames, x);
    CALL(xc_domain_set_memory_map, x, 7, in.e820, 2);
    CALL(xc_domain_set_memmap_limit, x, 7, 0x10000);
    CALL(xc_get_machine_memory_map, x, in.e820, 3);
    CALL(xc_domain_set_pod_target, x, 7, 5, &out.u64[0], &out.u64[1],
         &out.u64[2]);
    CALL(xc_domain_get_pod_target, x, 7, &out.u64[0], &out.u64[1],
         &out.u64[2]);
    CALL(xc_copy_to_domain_page, x, 7, 0x55, (char *)in.bytes);
    CALL(xc_clear_domain_pages, x, 7, 0x55, 2);
    CALL(xc_domain_cacheflush, x, 7, 1, 1);
    POINTER(xc_map_foreign_range, x, 7, 8192, PROT_READ, 0x66);
    POINTER(xc_map_foreign_range, x, 7, 5000, PROT_READ, 0x66);
    POINTER(xc_map_foreign_pages, x, 7, PROT_READ, in.pfn, 3);
    POINTER(xc_map_foreign_pages, x, 7, PROT_READ, in.pfn, -1);
    POINTER(xc_map_foreign_bulk, x, 7, PROT_READ, in.pfn, out.i, 3);
}

static void other_calls(xc_interface *x)
{
    CALL(xc_hvm_param_set, x, 7, 2, 0x1234);
    CALL(xc_hvm_param_get, x, 7, 2, &out.u64[0]);
    CALL(xc_set_hvm_param, x, 7, 2, 0x1234);
    CALL(xc_get_hvm_param, x, 7, 2, &out.u64[0]);
    CALL(xc_domain_hvm_getcontext, x, 7, out.bytes, 32);
    CALL(xc_domain_hvm_getcontext, x, 7, NULL, 0);
    CALL(xc_domain_hvm_getcontext_partial, x, 7, 2, 1, out.bytes, 32);
    CALL(xc_domain_hvm_setcontext, x, 7, in.bytes, 32);
    CALL(xc_evtchn_alloc_unbound, x, 7, 8);
    CALL(xc_evtchn_reset, x, 7);
    CALL(xc_evtchn_status, x, &out.status);
    CALL(xc_gnttab_op, x, 6, &out.query, sizeof(out.query), 2);
    CALL(xc_gnttab_query_size, x, &out.query);
    for ( grant_version = 0; grant_version < 4; grant_version++ )
    {
        CALL(xc_gnttab_get_version, x, 7);
        POINTER(xc_gnttab_map_table_v1, x, 7, &out.i[0]);
        /* Its count is not compared: 4.17 counts version 1 entries. */
        POINTER(xc_gnttab_map_table_v2, x, 7, &(int){ 0 });
    }
    CALL(xc_physinfo, x, &out.physinfo);
    CALL(xc_sched_id, x, &out.i[0]);
    CALL(xc_availheap, x, 1, 2, -1, &out.u64[0]);
    CALL(xc_getcpuinfo, x, 3, (xc_cpuinfo_t *)out.u64 + 1, &out.i[0]);
    CALL(xc_cputopoinfo, x, &out.u32[0], (xc_cputopo_t *)(out.u32 + 1));
    CALL(xc_cputopoinfo, x, &out.u32[0], NULL);
    CALL(xc_numainfo, x, &out.u32[0], (xc_meminfo_t *)(out.u64 + 1),
         out.u32 + 100);
    for ( int cmd = 0; cmd < 10; cmd++ )
        CALL(xc_version, x, cmd, cmd == 0 || cmd == 7 ? NULL : out.bytes);
    CALL(xc_version, x, XENVER_build_id, &out.id);
    CALL(xc_version, x, 99, out.bytes);
    CALL(xc_readconsolering, x, (char *)out.bytes + 16, &out.u32[0], 1, 1,
         &out.u32[1]);
    CALL(xc_readconsolering, x, (char *)out.bytes + 16, &out.u32[0], 0, 0,
         NULL);
    CALL(xc_send_debug_keys, x, "qr");
    CALL(xc_get_max_cpus, x);
    CALL(xc_get_max_nodes, x);
    CALL(xc_get_online_cpus, x);
    CALL(xc_get_cpumap_size, x);
    CALL(xc_get_nodemap_size, x);
    CALL(xc_cpupool_create, x, &out.u32[0], 5);
    CALL(xc_cpupool_destroy, x, 1);
    POINTER(xc_cpupool_getinfo, x, 1);
    CALL(xc_cpupool_addcpu, x, 1, -1);
    CALL(xc_cpupool_removecpu, x, 1, 3);
    CALL(xc_cpupool_movedomain, x, 1, 7);
    POINTER(xc_cpupool_freeinfo, x);
    CALL(xc_memory_op, x, 99, out.bytes, 24);
    CALL(xc_domctl, x, &out.domctl);
    CALL(xc_sysctl, x, &out.sysctl);
}

static void passthrough_calls(xc_interface *x)
{
    CALL(xc_domain_ioport_permission, x, 7, 1, 2, 1);
    CALL(xc_domain_irq_permission, x, 7, 5, true);
    CALL(xc_domain_iomem_permission, x, 7, 1, 2, 1);
    CALL(xc_assign_device, x, 7, 0x1234, 1);
    CALL(xc_test_assign_device, x, 7, 0x1234);
    CALL(xc_deassign_device, x, 7, 0x1234);
    CALL(xc_domain_memory_mapping, x, 7, 0x10, 0x20, 8, 1);
    CALL(xc_domain_memory_mapping, x, 7, 0x10, 0x20, 8, 0);
    CALL(xc_domain_memory_mapping, x, 7, 0x10, 0x20, 0, 1);
    CALL(xc_domain_ioport_mapping, x, 7, 1, 2, 3, 1);
    CALL(xc_domain_update_msi_irq, x, 7, 1, 2, 3, 4);
    CALL(xc_domain_unbind_msi_irq, x, 7, 1, 2, 3);
    for ( int type = 0; type < 6; type++ )
    {
        CALL(xc_domain_bind_pt_irq, x, 7, 1, type, 2, 3, 4, 5);
        CALL(xc_domain_unbind_pt_irq, x, 7, 1, type, 2, 3, 4, 5);
    }
    CALL(xc_domain_bind_pt_pci_irq, x, 7, 1, 2, 3, 4);
    CALL(xc_domain_bind_pt_isa_irq, x, 7, 1);
    CALL(xc_physdev_map_pirq, x, 7, 11, &out.i[0]);
    CALL(xc_physdev_map_pirq, x, 7, 11, NULL);
    CALL(xc_physdev_map_pirq_msi, x, 7, 11, &out.i[0], 2, 3, 4, 5);
    CALL(xc_physdev_unmap_pirq, x, 7, 11);
}

int main(void)
{
    const size_t nr = sizeof(scenarios) / sizeof(scenarios[0]);
    xc_interface *x;

    static char buffer[1 << 16];

    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    now = &scenarios[0];
    x = xc_interface_open(NULL, NULL, XC_OPENFLAG_NON_REENTRANT);

    /* When these are asked for the first time is not compared. */
    now = &scenarios[0];
    quiet = true;
    xc_get_max_cpus(x);
    xc_get_max_nodes(x);
    quiet = false;

    for ( size_t i = 0; i < nr; i++ )
    {
        now = &scenarios[i];
        /* Different on purpose in these: 4.17 goes on without a buffer. */
        if ( !now->no_buffer )
        {
            domain_calls(x);
            memory_calls(x);
            other_calls(x);
            passthrough_calls(x);
        }
        more_domain_calls(x);
        more_host_calls(x);
        event_calls(x);
        compat_calls(x);
        helper_calls(x);
    }
    printf("close %d\n", xc_interface_close(x));

    return 0;
}
