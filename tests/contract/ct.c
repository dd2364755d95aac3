/* SPDX-License-Identifier: MIT */
/* Helpers of the contract tests: see the header. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../limit.h"
#include "ct.h"

struct ct ct;

static unsigned int nr_checks, nr_failed;

/* ---- the run ---- */

static void on_alarm(int sig)
{
    static const char text[] = "Bail out! timeout: the program hangs\n";

    (void)sig;
    (void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
    _exit(TIMEOUT_STATUS);
}

static void open_handles(void)
{
    ct.quiet = (xentoollog_logger *)
        xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
    ct.xch = xc_interface_open(ct.quiet, ct.quiet, 0);
    ct.fmem = xenforeignmemory_open(ct.quiet, 0);
    ct.call = xencall_open(ct.quiet, 0);
    ct.dmod = xendevicemodel_open(ct.quiet, 0);
    if ( !ct.xch || !ct.fmem || !ct.call || !ct.dmod )
        ct_bail("cannot open the handles: %s", strerror(errno));
}

void ct_begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGALRM, on_alarm);
    alarm(limit_seconds(PROGRAM_LIMIT));
    open_handles();
    ct_diag("hypervisor: %s", is_oriel() ? "Oriel" : "Xen");
}

/* The parent's handles stay as they are: a child may not use them. */
void ct_reopen(void)
{
    open_handles();
}

int ct_end(void)
{
    xendevicemodel_close(ct.dmod);
    xencall_close(ct.call);
    xenforeignmemory_close(ct.fmem);
    xc_interface_close(ct.xch);
    printf("1..%u\n", nr_checks);
    if ( nr_failed )
        ct_diag("%u of %u failed", nr_failed, nr_checks);
    return nr_failed || !nr_checks;
}

static void vdiag(const char *fmt, va_list ap)
{
    printf("# ");
    vprintf(fmt, ap);
    printf("\n");
}

void ct_diag(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vdiag(fmt, ap);
    va_end(ap);
}

void ct_bail(const char *fmt, ...)
{
    va_list ap;

    printf("Bail out! ");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    exit(1);
}

void ct_skip(const char *name, const char *reason)
{
    printf("ok %u - %s # SKIP %s\n", ++nr_checks, name, reason);
}

bool ct_dom0_is_translated(void)
{
    char type[16] = "";
    FILE *f = fopen("/sys/hypervisor/guest_type", "r");

    if ( f && !fgets(type, sizeof(type), f) )
        type[0] = '\0';
    if ( f )
        fclose(f);
    return !strncmp(type, "PVH", 3);
}

bool is_oriel(void)
{
    static int answer = -1;
    xen_extraversion_t extra = "";

    if ( answer < 0 )
    {
        xc_version(ct.xch, XENVER_extraversion, &extra);
        answer = strstr(extra, "oriel") != NULL;
    }
    return answer;
}

bool ct_differs(const char *id)
{
    if ( is_oriel() )
        ct_diag("differs: %s", id);
    return is_oriel();
}

/* ---- checks ---- */

static void vreport(bool ok, const char *fmt, va_list ap)
{
    printf("%sok %u - ", ok ? "" : "not ", ++nr_checks);
    vprintf(fmt, ap);
    printf("\n");
    nr_failed += !ok;
}

bool ct_ok(bool ok, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vreport(ok, fmt, ap);
    va_end(ap);
    return ok;
}

bool ct_equal(uint64_t got, uint64_t expected, const char *fmt, ...)
{
    bool ok = got == expected;
    va_list ap;

    va_start(ap, fmt);
    vreport(ok, fmt, ap);
    va_end(ap);
    if ( !ok )
        ct_diag("expected %#lx (%ld), got %#lx (%ld)", expected,
                (long)expected, got, (long)got);
    return ok;
}

bool ct_result(long rc, int got, int err, const char *fmt, ...)
{
    bool ok = err ? rc == -1 && got == err : rc >= 0;
    va_list ap;

    va_start(ap, fmt);
    vreport(ok, fmt, ap);
    va_end(ap);
    if ( !ok )
        ct_diag("expected %s, got %s (%ld)", ct_errno(err),
                rc < 0 ? ct_errno(got) : "success", rc);
    return ok;
}

const char *ct_errno(int err)
{
    const char *name = err ? strerrorname_np(err) : "success";

    return name ? name : "an unknown error";
}

bool ct_wait(struct ct_wait *w, const char *what)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if ( !w->end )
        w->end = now.tv_sec + limit_seconds(WAIT_LIMIT);
    if ( now.tv_sec >= w->end )
        ct_timeout("%s", what);
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL); /* look again */
    return true;
}

void ct_timeout(const char *fmt, ...)
{
    va_list ap;

    printf("Bail out! timeout: not within %u s: ", limit_seconds(WAIT_LIMIT));
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
    _exit(TIMEOUT_STATUS);
}

unsigned long ct_number(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    unsigned long n = text ? strtoul(text, NULL, 0) : otherwise;

    ct_diag("%s=%lu", name, n);
    return n;
}

/* The child goes on counting, and hands its counts back. */
void ct_in_child(void (*fn)(uint32_t a, uint32_t b), uint32_t a, uint32_t b)
{
    unsigned int *counts = mmap(NULL, CT_PAGE, CT_RW,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = -1;
    pid_t pid;

    fflush(stdout);
    pid = counts == MAP_FAILED ? -1 : fork();
    if ( pid < 0 )
        ct_bail("no child: %s", strerror(errno));
    if ( pid == 0 )
    {
        ct_reopen();
        fn(a, b);
        counts[0] = nr_checks;
        counts[1] = nr_failed;
        fflush(stdout);
        _exit(0);
    }
    if ( waitpid(pid, &status, 0) != pid || status )
        ct_bail("the child ended with status %#x", (unsigned int)status);
    nr_checks = counts[0];
    nr_failed = counts[1];
    munmap(counts, CT_PAGE);
}

/* ---- domains ---- */

struct xen_domctl_createdomain ct_createdomain(const struct ct_config *c)
{
    return (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = c->vcpus ? c->vcpus : 1,
        .max_evtchn_port = c->ports ? c->ports : 1023,
        .max_grant_frames = (int)(c->grant_frames ? c->grant_frames : 4),
        .max_maptrack_frames = 8,
        .grant_opts =
            XEN_DOMCTL_GRANT_version(c->grant_version ? c->grant_version : 1),
        .arch.emulation_flags = c->hvm ? XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI
                                       : XEN_X86_EMU_LAPIC,
    };
}

static void populate(uint32_t domid, unsigned int pages)
{
    xen_pfn_t gfn[256];

    for ( unsigned int done = 0; done < pages; )
    {
        unsigned int nr = pages - done < CT_NR(gfn) ? pages - done
                                                    : CT_NR(gfn);

        for ( unsigned int i = 0; i < nr; i++ )
            gfn[i] = done + i;
        if ( xc_domain_populate_physmap_exact(ct.xch, domid, nr, 0, 0, gfn) )
            ct_bail("cannot give domain %u memory: %s", domid,
                    strerror(errno));
        done += nr;
    }
}

int ct_try_create(const struct ct_config *c)
{
    struct xen_domctl_createdomain config = ct_createdomain(c);
    uint32_t domid = DOMID_INVALID;

    if ( xc_domain_create(ct.xch, &domid, &config) )
        return -1;
    if ( xc_set_paging_mempool_size(ct.xch, domid, 4UL << 20) )
        ct_bail("paging pool of domain %u: %s", domid, strerror(errno));
    if ( !c->no_vcpus &&
         xc_domain_max_vcpus(ct.xch, domid, config.max_vcpus) )
        ct_bail("vcpus of domain %u: %s", domid, strerror(errno));
    if ( xc_domain_setmaxmem(ct.xch, domid, -1UL) )
        ct_bail("memory limit of domain %u: %s", domid, strerror(errno));
    populate(domid, c->pages);
    return (int)domid;
}

uint32_t ct_create(const struct ct_config *c)
{
    int domid = ct_try_create(c);

    if ( domid < 0 )
        ct_bail("cannot create a domain: %s", strerror(errno));
    return (uint32_t)domid;
}

void ct_destroy(uint32_t domid)
{
    ct_expect(0, xc_domain_destroy(ct.xch, domid), "domain %u is destroyed",
              domid);
    ct_ok(ct_eventually(!ct_domain_exists(domid)), "domain %u is gone",
          domid);
}

static bool get_info(uint32_t domid, xc_domaininfo_t *info)
{
    return xc_domain_getinfolist(ct.xch, domid, 1, info) == 1 &&
           info->domain == domid;
}

bool ct_domain_exists(uint32_t domid)
{
    xc_domaininfo_t info;

    return get_info(domid, &info);
}

bool ct_domain_dying(uint32_t domid)
{
    xc_domaininfo_t info;

    return get_info(domid, &info) && (info.flags & XEN_DOMINF_dying);
}

long ct_tot_pages(uint32_t domid)
{
    xc_domaininfo_t info;

    return get_info(domid, &info) ? (long)info.tot_pages : -1;
}

uint64_t ct_free_pages(void)
{
    xc_physinfo_t info = { 0 };

    if ( xc_physinfo(ct.xch, &info) )
        ct_bail("physinfo: %s", strerror(errno));
    return info.free_pages + info.scrub_pages;
}

void ct_no_leak(uint64_t before, unsigned int cycles, const char *what)
{
    struct ct_wait w = { 0 };
    char text[160];
    int64_t missing;

    while ( (missing = (int64_t)(before - ct_free_pages())) >= cycles )
    {
        snprintf(text, sizeof(text), "%s: %ld pages are back after %u cycles",
                 what, (long)missing, cycles);
        ct_wait(&w, text);
    }
    ct_ok(true, "%s: no page is lost", what);
}

/* ---- resources ---- */

int ct_map_resource(struct ct_map *m, uint32_t domid, unsigned int type,
                    unsigned int id, unsigned long frame, unsigned long nr)
{
    m->addr = NULL;
    m->handle = xenforeignmemory_map_resource(ct.fmem, (domid_t)domid, type,
                                              id, frame, nr, &m->addr, CT_RW,
                                              0);
    return m->handle ? 0 : -1;
}

int ct_unmap_resource(struct ct_map *m)
{
    return xenforeignmemory_unmap_resource(ct.fmem, m->handle);
}

long ct_resource_size(uint32_t domid, unsigned int type, unsigned int id)
{
    size_t size = 0;

    if ( xenforeignmemory_resource_size(ct.fmem, (domid_t)domid, type, id,
                                        &size) )
        return -1;
    return (long)(size / CT_PAGE);
}

bool ct_all_bytes(const void *p, uint8_t value, size_t len)
{
    const volatile uint8_t *byte = p;

    for ( size_t i = 0; i < len; i++ )
        if ( byte[i] != value )
            return false;
    return true;
}

void *ct_map_foreign(uint32_t domid, xen_pfn_t gfn, size_t nr)
{
    xen_pfn_t *gfns = calloc(nr, sizeof(*gfns));
    void *p;

    for ( size_t i = 0; i < nr; i++ )
        gfns[i] = gfn + i;
    p = xenforeignmemory_map(ct.fmem, domid, CT_RW, nr, gfns, NULL);
    free(gfns);
    return p;
}

long ct_hypercall(unsigned int op, unsigned long cmd, void *arg, size_t len)
{
    void *buf = xencall_alloc_buffer(ct.call, len);
    bool first = op == __HYPERVISOR_domctl || op == __HYPERVISOR_sysctl;
    long rc;
    int err;

    if ( !buf )
        ct_bail("no hypercall buffer");
    memcpy(buf, arg, len);
    errno = 0;
    rc = first ? xencall1(ct.call, op, (uintptr_t)buf)
               : xencall2(ct.call, op, cmd, (uintptr_t)buf);
    err = errno;
    memcpy(arg, buf, len);
    xencall_free_buffer(ct.call, buf);
    errno = err;
    return rc;
}
