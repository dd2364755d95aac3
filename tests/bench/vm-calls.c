/* SPDX-License-Identifier: MIT */
/*
 * What calls cost a program of dom0, in ticks of the time stamp counter, which
 * in a machine of scripts/vm --icount are instructions: of the program, its
 * libraries, the kernel and the hypervisor.  A figure is the smallest of many;
 * reading the counter is taken off.
 *
 *   vm-calls OURS DEBIANS     paths of two libxenforeignmemory.so.1
 *
 * Both are measured in turns, in the same process, at the same addresses.
 * Lines: "row<TAB>GROUP<TAB>LABEL<TAB>TICKS" and, with the two libraries'
 * figures, "pair<TAB>LABEL<TAB>OURS<TAB>DEBIANS".
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "../contract/ct.h"

#define GNTTAB XENMEM_resource_grant_table
#define IOREQ XENMEM_resource_ioreq_server
#define MUST(condition)                                                      \
    do {                                                                     \
        if ( !(condition) )                                                  \
        {                                                                    \
            fprintf(stderr, "vm-calls: %s failed: %s\n", #condition,         \
                    strerror(errno));                                        \
            exit(1);                                                         \
        }                                                                    \
    } while ( 0 )

enum { OURS, DEBIANS, NR_LIBRARIES };
enum { GRANT_FRAMES = 64, PAGES = 512, TIMES = 60, TIMES_DOMAIN = 8,
       WHOLE_DOMAIN = 4096 };

static struct library {
    xenforeignmemory_handle *handle;
    __typeof__(xenforeignmemory_open) *open;
    __typeof__(xenforeignmemory_map) *map;
    __typeof__(xenforeignmemory_unmap) *unmap;
    __typeof__(xenforeignmemory_map_resource) *map_resource;
    __typeof__(xenforeignmemory_unmap_resource) *unmap_resource;
    __typeof__(xenforeignmemory_resource_size) *resource_size;
} library[NR_LIBRARIES];

static struct {
    uint32_t domid;
    ioservid_t server;
    xen_pfn_t gfn[PAGES];
} g;

/* An operation in two halves, each timed; the second may be nothing. */
struct op {
    const char *label, *undo_label;
    void (*fn)(const struct op *op, const struct library *l, uint64_t at[3]);
    unsigned int type;
    size_t nr;
};

static inline uint64_t now(void)
{
    return __rdtsc();
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- the library ---- */

static void op_resource(const struct op *op, const struct library *l,
                        uint64_t at[3])
{
    xenforeignmemory_resource_handle *r;
    void *p = NULL;
    int rc;

    at[0] = now();
    r = l->map_resource(l->handle, (domid_t)g.domid, op->type,
                        op->type == IOREQ ? g.server : 0, 0, op->nr, &p,
                        CT_RW, 0);
    at[1] = now();
    rc = l->unmap_resource(l->handle, r);
    at[2] = now();
    MUST(r && !rc);
}

static void op_foreign(const struct op *op, const struct library *l,
                       uint64_t at[3])
{
    void *p;
    int rc;

    at[0] = now();
    p = l->map(l->handle, g.domid, CT_RW, op->nr, g.gfn, NULL);
    at[1] = now();
    rc = l->unmap(l->handle, p, op->nr);
    at[2] = now();
    MUST(p && !rc);
}

static void op_size(const struct op *op, const struct library *l,
                    uint64_t at[3])
{
    size_t size = 0;
    int rc;

    at[0] = now();
    rc = l->resource_size(l->handle, (domid_t)g.domid, op->type, 0, &size);
    at[1] = at[2] = now();
    MUST(!rc && size == GRANT_FRAMES * CT_PAGE);
}

static const struct op ops[] = {
#define MAP(what, nr) "map " what ", " #nr, "unmap " what ", " #nr
    { MAP("grant frames", 1), op_resource, GNTTAB, 1 },
    { MAP("grant frames", 2), op_resource, GNTTAB, 2 },
    { MAP("grant frames", 32), op_resource, GNTTAB, 32 },
    { MAP("grant frames", 64), op_resource, GNTTAB, 64 },
    { MAP("ioreq pages", 1), op_resource, IOREQ, 1 },
    { MAP("ioreq pages", 2), op_resource, IOREQ, 2 },
    { MAP("foreign pages", 1), op_foreign, 0, 1 },
    { MAP("foreign pages", 16), op_foreign, 0, 16 },
    { MAP("foreign pages", 512), op_foreign, 0, 512 },
    { "size of a resource", NULL, op_size, GNTTAB, 0 },
#undef MAP
};

static uint64_t counter_cost;

static void report(const char *label, const uint64_t best[NR_LIBRARIES])
{
    if ( !label )
        return;
    printf("row\tdom0\t%s\t%lu\n", label, best[OURS] - counter_cost);
    printf("pair\t%s\t%lu\t%lu\n", label, best[OURS] - counter_cost,
           best[DEBIANS] - counter_cost);
}

static void compare(const struct op *op)
{
    uint64_t best[2][NR_LIBRARIES] = { { ~0UL, ~0UL }, { ~0UL, ~0UL } };

    for ( unsigned int i = 0; i < 2 * TIMES; i++ )
    {
        unsigned int which = (i ^ (i >> 1)) & 1; /* neither always goes first */
        uint64_t at[3];

        op->fn(op, &library[which], at);
        best[0][which] = least(best[0][which], at[1] - at[0]);
        best[1][which] = least(best[1][which], at[2] - at[1]);
    }
    report(op->label, best[0]);
    report(op->undo_label, best[1]);
}

/* ---- other calls ---- */

static void nothing(void)
{
}

/* What Linux does by itself: a system call, page tables, processes. */
static void system_call(void)
{
    MUST(syscall(SYS_getppid) > 0);
}

static void process(void)
{
    int status = -1;
    pid_t child = fork();

    if ( !child )
        _exit(0);
    MUST(child > 0 && waitpid(child, &status, 0) == child && !status);
}

static void hypercall(void)
{
    MUST(xencall2(ct.call, __HYPERVISOR_xen_version, XENVER_version, 0) > 0);
}

static void io_range(void)
{
    MUST(!xendevicemodel_map_io_range_to_ioreq_server(
        ct.dmod, (domid_t)g.domid, g.server, 0, 0x1000, 0x100f));
    MUST(!xendevicemodel_unmap_io_range_from_ioreq_server(
        ct.dmod, (domid_t)g.domid, g.server, 0, 0x1000, 0x100f));
}

static void server(void)
{
    ioservid_t id;

    MUST(!xendevicemodel_create_ioreq_server(ct.dmod, (domid_t)g.domid,
                                             HVM_IOREQSRV_BUFIOREQ_ATOMIC,
                                             &id));
    MUST(!xendevicemodel_destroy_ioreq_server(ct.dmod, (domid_t)g.domid, id));
}

static void domain(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = WHOLE_DOMAIN });
    int rc;

    do
        rc = xc_domain_destroy(ct.xch, domid);
    while ( rc && errno == EAGAIN ); /* older libraries' */
    MUST(!rc);
}

static uint64_t fastest(void (*fn)(void), unsigned int times)
{
    uint64_t best = ~0UL;

    for ( unsigned int i = 0; i < times; i++ )
    {
        uint64_t before = now();

        fn();
        best = least(best, now() - before);
    }
    return best;
}

static void measure(const char *label, void (*fn)(void), unsigned int times)
{
    printf("row\tdom0\t%s\t%lu\n", label, fastest(fn, times) - counter_cost);
}

/* ---- */

static void load(struct library *l, const char *path)
{
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);

    if ( !so )
    {
        fprintf(stderr, "vm-calls: %s\n", dlerror());
        exit(1);
    }
#define FIND(name) MUST((l->name = dlsym(so, "xenforeignmemory_" #name)))
    FIND(open);
    FIND(map);
    FIND(unmap);
    FIND(map_resource);
    FIND(unmap_resource);
    FIND(resource_size);
#undef FIND
    MUST((l->handle = l->open(ct.quiet, 0)));
}

/*
 * The lowest place in memory that a small mapping fits into from now on, in the
 * middle of 2 MiB with a page in use: none needs a page table of its own.
 */
static void make_gap(void)
{
    const uintptr_t part = 2UL << 20;
    char *p = mmap(NULL, 2 * part, CT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *block = (char *)(((uintptr_t)p + part - 1) & ~(part - 1));

    MUST(p != MAP_FAILED);
    *(volatile char *)block = 1;
    MUST(!munmap(block + part / 4, part / 2));
}

static void setup(void)
{
    struct ct_map all;

    make_gap();
    g.domid = ct_create(&(struct ct_config){ .pages = PAGES,
                                             .grant_frames = GRANT_FRAMES });
    MUST(!xendevicemodel_create_ioreq_server(ct.dmod, (domid_t)g.domid,
                                             HVM_IOREQSRV_BUFIOREQ_ATOMIC,
                                             &g.server));
    /* The table is as long as it can be, from now on. */
    MUST(!ct_map_resource(&all, g.domid, GNTTAB, 0, 0, GRANT_FRAMES));
    MUST(!ct_unmap_resource(&all));
    for ( unsigned int i = 0; i < PAGES; i++ )
        g.gfn[i] = i;
}

int main(int argc, char **argv)
{
    uint64_t booted = now();

    if ( argc != 3 )
    {
        fprintf(stderr, "usage: vm-calls OURS DEBIANS\n");
        return 2;
    }
    ct_begin();
    load(&library[OURS], argv[1]);
    load(&library[DEBIANS], argv[2]);
    MUST(library[OURS].map != library[DEBIANS].map);
    setup();
    counter_cost = fastest(nothing, TIMES);
    for ( unsigned int i = 0; i < CT_NR(ops); i++ )
        compare(&ops[i]);
    printf("row\tdom0\tfrom power-on to this program\t%lu\n", booted);
    measure("getppid()", system_call, TIMES);
    measure("fork(), exit and wait", process, TIMES);
    measure("hypercall through privcmd", hypercall, TIMES);
    measure("map and unmap a range of ports", io_range, TIMES);
    measure("create and destroy an ioreq server", server, TIMES);
    MUST(!xc_domain_destroy(ct.xch, g.domid));
    measure("create and destroy a domain, 16 MiB", domain, TIMES_DOMAIN);
    return 0;
}
