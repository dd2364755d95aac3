/* SPDX-License-Identifier: MIT */
/*
 * Mapping another domain's pages by number: all or none, page by page, many,
 * for reading only, while and after the domain is destroyed; and a process
 * that restricts itself to one domain.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xentoolcore.h>

#include <xen/sys/privcmd.h>

#include "ct.h"

enum { PAGES = 600 };

/* ---- does an access fault? ---- */

static sigjmp_buf back;

static void on_fault(int sig)
{
    siglongjmp(back, sig);
}

/* The signal that reading (or writing) there raises, or 0. */
static int fault(volatile char *p, bool write)
{
    struct sigaction act = { .sa_handler = on_fault }, old[2];
    int sig;

    sigaction(SIGBUS, &act, &old[0]);
    sigaction(SIGSEGV, &act, &old[1]);
    sig = sigsetjmp(back, 1);
    if ( !sig && write )
        *p = 1;
    else if ( !sig )
        (void)*p;
    sigaction(SIGBUS, &old[0], NULL);
    sigaction(SIGSEGV, &old[1], NULL);
    return sig;
}

/*
 * A translated kernel maps an empty frame of its own: what is written there is
 * lost.  What is read is the machine's answer where it has nothing.
 */
static bool nothing_at(volatile char *p)
{
    char other;

    if ( fault(p, false) )
        return true;
    if ( !ct_dom0_is_translated() )
        return false;
    other = (char)(*p ^ 0x5a);
    *p = other;
    return *p != other;
}

/* ---- mapping ---- */

static void *map(uint32_t domid, size_t nr, const xen_pfn_t *gfn, int *err,
                 int prot)
{
    errno = 0;
    return xenforeignmemory_map(ct.fmem, domid, prot, nr, gfn, err);
}

static void test_all_or_none(uint32_t domid)
{
    const xen_pfn_t good[3] = { 5, 4, 5 }, bad[3] = { 1, 0xfeed, 2 };
    const struct {
        const char *what;
        uint32_t domid;
        const xen_pfn_t *gfn;
        int err;
    } cases[] = {
        { "no domain", CT_NO_DOMAIN, good, ESRCH },
        { "DOMID_INVALID", DOMID_INVALID, good, ESRCH },
        { "a hole among them", domid, bad, EINVAL },
        { "beyond any memory", domid, (xen_pfn_t[3]){ 1UL << 35, 1, 2 },
          EINVAL },
        { "three pages, one twice", domid, good, 0 },
    };
    volatile char *p = NULL;

    for ( size_t i = 0; i < CT_NR(cases); i++ )
        ct_expect(cases[i].err, (p = map(cases[i].domid, 3, cases[i].gfn,
                                         NULL, CT_RW)) ? 0 : -1,
                  "map: %s", cases[i].what);
    if ( !p )
        return;
    p[0] = 'x';
    ct_ok(p[2 * CT_PAGE] == 'x' && p[CT_PAGE] != 'x', "twice is the same");
    ct_expect(0, xenforeignmemory_unmap(ct.fmem, (void *)p, 3), "unmap");
    ct_ok(fault(p, false) == SIGSEGV, "nothing is there any more");
    ct_expect(EINVAL, map(domid, 0, good, NULL, CT_RW) ? 0 : -1,
              "map: no page");
}

static void test_each(uint32_t domid)
{
    const xen_pfn_t mixed[5] = { 7, 0xfeed, 8, ~0UL, 9 };
    const xen_pfn_t none[2] = { 0xbad, 0xbad0 };
    int err[5] = { 1, 1, 1, 1, 1 };
    char *p = map(domid, 5, mixed, err, CT_RW);

    if ( ct_ok(p != NULL, "map: each by itself") )
    {
        ct_ok(!err[0] && !err[2] && !err[4], "those that are there");
        ct_equal((uint64_t)(int64_t)err[1], (uint64_t)-EINVAL, "a hole");
        ct_equal((uint64_t)(int64_t)err[3], (uint64_t)-EINVAL, "nonsense");
        ct_ok(!fault(p, true) && !fault(p + 2 * CT_PAGE, true) &&
              !fault(p + 4 * CT_PAGE, true), "can be used");
        ct_ok(nothing_at(p + CT_PAGE) && nothing_at(p + 3 * CT_PAGE),
              "the others cannot");
        ct_expect(0, xenforeignmemory_unmap(ct.fmem, p, 5), "unmap");
    }
    p = map(domid, 2, none, err, CT_RW);
    ct_ok(p && err[0] == -EINVAL && err[1] == -EINVAL,
          "map: an address even if all fail");
    ct_expect(0, xenforeignmemory_unmap(ct.fmem, p, 2), "unmap");
    p = map(CT_NO_DOMAIN, 2, none, err, CT_RW);
    if ( p )
    {
        ct_ok(err[0] == -ESRCH && err[1] == -ESRCH, "no domain: each page");
        xenforeignmemory_unmap(ct.fmem, p, 2);
    }
    else
        ct_equal((uint64_t)errno, ESRCH, "no domain: the whole");
}

static void test_many(uint32_t domid)
{
    uint32_t *p = ct_map_foreign(domid, 0, PAGES);
    uint32_t *q = ct_map_foreign(domid, 44, 512);
    bool same = true;

    if ( !ct_ok(p && q, "map: 600 pages, and 512 of them again") )
        return;
    for ( uint32_t i = 0; i < PAGES; i++ )
        p[i * CT_PAGE / sizeof(*p)] = 0x1000 + i;
    for ( uint32_t i = 0; i < 512; i++ )
        same &= q[i * CT_PAGE / sizeof(*q)] == 0x1000 + 44 + i;
    ct_ok(same, "in order");
    ct_expect(0, xenforeignmemory_unmap(ct.fmem, p, PAGES), "unmap the first");
    ct_equal(q[511 * CT_PAGE / sizeof(*q)], 0x1000 + 44 + 511,
             "the second stays");
    ct_expect(0, xenforeignmemory_unmap(ct.fmem, q, 512), "unmap the second");
}

static void test_protection(uint32_t domid)
{
    const xen_pfn_t gfn = 3;
    char *p = map(domid, 1, &gfn, NULL, PROT_READ);

    if ( ct_ok(p != NULL, "map: for reading") )
    {
        ct_ok(!fault(p, false), "reading works");
        ct_ok(fault(p, true) == SIGSEGV, "writing does not");
        ct_expect(0, xenforeignmemory_unmap(ct.fmem, p, 1), "unmap");
    }
}

static void test_hint(uint32_t domid)
{
    const xen_pfn_t gfn = 3;
    char *place = mmap(NULL, CT_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
    char *p = xenforeignmemory_map2(ct.fmem, domid, place, CT_RW, MAP_FIXED, 1,
                                    &gfn, NULL);

    ct_ok(p == place, "map2: at a fixed place");
    ct_ok(!fault(place, true), "which can be used");
    ct_expect(0, xenforeignmemory_unmap(ct.fmem, place, 1), "unmap");
}

/* ---- the domain and the handle go ---- */

static void test_dead_memory(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 4 });
    xenforeignmemory_handle *fmem = xenforeignmemory_open(ct.quiet, 0);
    const xen_pfn_t gfn[2] = { 1, 2 };
    char *p = xenforeignmemory_map(fmem, domid, CT_RW, 2, gfn, NULL);

    ct_ok(p != NULL, "map");
    memset(p, 0x42, 2 * CT_PAGE);
    ct_expect(0, xenforeignmemory_close(fmem), "close the handle");
    ct_ok(ct_all_bytes(p, 0x42, 2 * CT_PAGE), "the mapping stays");
    ct_expect(0, xc_domain_destroy(ct.xch, domid), "destroy the domain");
    ct_ok(ct_domain_dying(domid), "it is kept");
    ct_ok(ct_all_bytes(p, 0x42, 2 * CT_PAGE), "and its pages as they were");
    ct_ok(!map(domid, 1, gfn, NULL, CT_RW), "no more can be mapped");
    ct_expect(0, munmap(p, CT_PAGE * 2), "unmap");
    ct_ok(ct_eventually(!ct_domain_exists(domid)), "now it is gone");
}

/* ---- restriction, in a process of its own ---- */

static void restricted(uint32_t domid, uint32_t other)
{
    const xen_pfn_t gfn = 1;
    size_t size;
    struct ct_map m;
    ioservid_t id;

    ct_expect(0, xentoolcore_restrict_all((domid_t)domid), "restricted");
    ct_expect(EPERM, map(other, 1, &gfn, NULL, CT_RW) ? 0 : -1,
              "restricted: another domain's page");
    ct_expect(0, map(domid, 1, &gfn, NULL, CT_RW) ? 0 : -1,
              "restricted: its own domain's page");
    ct_expect(EPERM, ct_map_resource(&m, other, XENMEM_resource_grant_table,
                                     0, 0, 1),
              "restricted: another domain's resource");
    ct_expect(0, ct_map_resource(&m, domid, XENMEM_resource_grant_table, 0, 0,
                                 1), "restricted: its own domain's resource");
    ct_expect(EPERM, xenforeignmemory_resource_size(
                         ct.fmem, (domid_t)other, 1, 0, &size),
              "restricted: another domain's size");
    ct_expect(0, xenforeignmemory_resource_size(ct.fmem, (domid_t)domid, 1, 0,
                                                &size),
              "restricted: its own domain's size");
    ct_ok(xencall2(ct.call, __HYPERVISOR_xen_version, 0, 0) < 0,
          "restricted: no hypercalls");
    ct_diag("errno %s", ct_errno(errno));
    ct_ok(xc_domain_unpause(ct.xch, domid) < 0,
          "restricted: nor those of libxenctrl");
    ct_expect(EPERM, xendevicemodel_create_ioreq_server(
                         ct.dmod, (domid_t)other, 0, &id),
              "restricted: another domain's server");
    ct_expect(0, xendevicemodel_create_ioreq_server(ct.dmod, (domid_t)domid,
                                                    0, &id),
              "restricted: its own domain's server");
    ct_expect(0, xenforeignmemory_restrict(ct.fmem, (domid_t)domid),
              "restricted: the same again");
    ct_expect(EINVAL, xenforeignmemory_restrict(ct.fmem, (domid_t)other),
              "restricted: to another");
}

/* The kernel's part of it: hypercalls of any kind are refused. */
static void restricted_device(uint32_t domid, uint32_t other)
{
    privcmd_hypercall_t version = { .op = __HYPERVISOR_xen_version };
    domid_t to = (domid_t)domid, elsewhere = (domid_t)other;
    int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);

    ct_expect(0, fd, "privcmd is opened");
    ct_ok(ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &version) > 0, "hypercall");
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_RESTRICT, &to), "restrict");
    ct_expect(EPERM, ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &version),
              "hypercall, restricted");
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_RESTRICT, &to), "restrict again");
    ct_expect(EINVAL, ioctl(fd, IOCTL_PRIVCMD_RESTRICT, &elsewhere),
              "restrict to another");
    close(fd);
}

/* One library's handle alone. */
static void restricted_model(uint32_t domid, uint32_t other)
{
    xendevicemodel_handle *dm = xendevicemodel_open(ct.quiet, 0);
    unsigned int vcpus = 0;

    ct_ok(dm != NULL, "device model: a handle");
    ct_expect(0, xendevicemodel_nr_vcpus(dm, (domid_t)other, &vcpus),
              "device model: any domain");
    ct_expect(0, xendevicemodel_restrict(dm, (domid_t)domid),
              "device model: restricted");
    ct_expect(EPERM, xendevicemodel_nr_vcpus(dm, (domid_t)other, &vcpus),
              "device model: another domain");
    ct_expect(0, xendevicemodel_nr_vcpus(dm, (domid_t)domid, &vcpus),
              "device model: its own domain");
    ct_expect(0, xendevicemodel_nr_vcpus(ct.dmod, (domid_t)other, &vcpus),
              "device model: by a handle that is not restricted");
    ct_expect(0, xendevicemodel_close(dm), "device model: closed");
}

static void test_restrict(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 2 });
    uint32_t other = ct_create(&(struct ct_config){ .pages = 2 });

    restricted_device(domid, other);
    restricted_model(domid, other);
    ct_in_child(restricted, domid, other);
    ct_destroy(domid);
    ct_destroy(other);
}

int main(void)
{
    uint32_t domid;

    ct_begin();
    domid = ct_create(&(struct ct_config){ .pages = PAGES });
    test_all_or_none(domid);
    test_each(domid);
    test_many(domid);
    test_protection(domid);
    test_hint(domid);
    ct_destroy(domid);
    test_dead_memory();
    test_restrict();
    return ct_end();
}
