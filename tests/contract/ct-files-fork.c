/* SPDX-License-Identifier: MIT */
/*
 * What a child after fork() has of its parent's mappings: of gntalloc, of
 * hypercall buffers and of xenstored's ring the same pages; of privcmd and gntdev
 * nothing (gntdev: in a PV dom0).
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/gntalloc.h>
#include <xen/sys/privcmd.h>

#include "ct-files.h"

/* ---- an access, and the signal that it gives ---- */

static sigjmp_buf before;
static volatile sig_atomic_t caught;

static void on_fault(int nr)
{
    caught = nr;
    siglongjmp(before, 1);
}

int touched(volatile uint8_t *p, bool writes)
{
    struct sigaction sa = { .sa_handler = on_fault }, segv, bus;

    caught = 0;
    sigaction(SIGSEGV, &sa, &segv);
    sigaction(SIGBUS, &sa, &bus);
    if ( !sigsetjmp(before, 1) )
    {
        uint8_t byte = *p;

        if ( writes )
            *p = byte;
    }
    sigaction(SIGSEGV, &segv, NULL);
    sigaction(SIGBUS, &bus, NULL);
    return caught;
}

/* ---- children, which exit with what they find ---- */

static int child_reads(void *p)
{
    int nr = touched(p, false);

    return nr ? 128 + nr : *(uint8_t *)p;
}

static int child_writes(void *p)
{
    int nr = touched(p, true);

    if ( !nr )
        ((volatile uint8_t *)p)[1] = 99;
    return nr;
}

static int child_unmaps(void *p)
{
    return munmap(p, CT_PAGE) ? errno : 0;
}

static int child_protects(void *p)
{
    return mprotect(p, CT_PAGE, PROT_READ) ? errno : 0;
}

/* A grandchild has it, too. */
static int child_forks(void *p)
{
    return in_process(child_reads, p);
}

/* It does not grow in a child either. */
static int child_grows(void *p)
{
    return mremap(p, CT_PAGE, 2 * CT_PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? errno
                                                                        : 0;
}

static uint64_t allocate(int fd)
{
    struct ioctl_gntalloc_alloc_gref a = {
        .domid = 0, .flags = GNTALLOC_FLAG_WRITABLE, .count = 1,
    };

    ct_expect(0, ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &a),
              "fork: a page of gntalloc");
    return a.index;
}

static uint8_t *map(int fd, uint64_t offset)
{
    uint8_t *p = mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED, fd, (off_t)offset);

    if ( p == MAP_FAILED )
        ct_bail("mmap: %s", strerror(errno));
    return p;
}

static void inherited(const char *name, int fd, uint64_t offset)
{
    uint8_t *p = map(fd, offset);

    p[0] = 42;
    ct_equal((uint64_t)in_process(child_reads, p), 42, "fork, %s: read", name);
    ct_equal((uint64_t)in_process(child_writes, p), 0, "fork, %s: written",
             name);
    ct_equal(p[1], 99, "fork, %s: it is the same page", name);
    ct_equal((uint64_t)in_process(child_unmaps, p), 0, "fork, %s: unmapped",
             name);
    ct_equal((uint64_t)in_process(child_protects, p), 0,
             "fork, %s: protected", name);
    ct_equal((uint64_t)touched(p, true), 0,
             "fork, %s: the parent has it as before", name);
    ct_equal((uint64_t)in_process(child_forks, p), 42,
             "fork, %s: a grandchild", name);
    ct_equal((uint64_t)in_process(child_grows, p), EFAULT, "fork, %s: grown",
             name);
    close(fd);
    ct_equal((uint64_t)in_process(child_reads, p), 42,
             "fork, %s: the file closed", name);
    munmap(p, CT_PAGE);
}

static void not_inherited(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 1 });
    int fd = open_dev("privcmd", O_RDWR), err;
    uint8_t *p = map(fd, 0);
    xen_pfn_t gfn = 0;
    struct privcmd_mmapbatch_v2 m = { 1, (domid_t)domid, (uintptr_t)p, &gfn,
                                      &err };

    ct_equal((uint64_t)in_process(child_reads, p), 128 + SIGSEGV,
             "fork, privcmd: nothing, before a page is mapped");
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH_V2, &m),
              "fork, privcmd: a page");
    ct_equal((uint64_t)in_process(child_reads, p), 128 + SIGSEGV,
             "fork, privcmd: nothing");
    ct_equal((uint64_t)touched(p, true), 0,
             "fork, privcmd: the parent has it as before");
    munmap(p, CT_PAGE);
    close(fd);
    ct_destroy(domid);
}

/* Where a child is told apart by a connection, there must be one for it. */
static void without_descriptors(void)
{
    int fd = open_dev("gntalloc", O_RDWR);
    uint8_t *p = map(fd, allocate(fd));
    struct rlimit limit, none;
    int found;

    p[0] = 42;
    getrlimit(RLIMIT_NOFILE, &limit);
    none = limit;
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
    found = in_process(child_reads, p);
    setrlimit(RLIMIT_NOFILE, &limit);
    ct_equal((uint64_t)found,
             hosted_differs("hosted-fork-descriptors") ? 128 + SIGSEGV : 42,
             "fork, no free descriptor: the page, or none");
    munmap(p, CT_PAGE);
    close(fd);
}

/* ---- who unmaps last ---- */

struct shared {
    uint8_t *p;
    int go;
};

static int child_waits(void *arg)
{
    struct shared *s = arg;
    char c;

    return read(s->go, &c, 1) == 1 ? touched(s->p, true) : 1;
}

/* The byte is cleared, and the event sent, when nobody has the page any more. */
static void last_one(void)
{
    struct channel c = open_channel();
    int fd = open_dev("gntalloc", O_RDWR), go[2], status = -1;
    uint64_t index = allocate(fd);
    struct ioctl_gntalloc_unmap_notify n = { index, 2, c.port[1] };
    struct ioctl_gntalloc_dealloc_gref d = { index, 1 };
    struct shared s = { .p = map(fd, index) };
    pid_t pid;

    if ( pipe(go) )
        ct_bail("no pipe: %s", strerror(errno));
    s.go = go[0];
    unmask_port(c.fd[0], c.port[0]);
    ct_expect(0, ioctl(fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &n),
              "fork: notify on unmap");
    pid = fork();
    if ( pid == 0 )
        _exit(child_waits(&s));
    ct_expect(0, munmap(s.p, CT_PAGE), "fork: unmapped by the parent");
    ct_expect(0, ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, &d),
              "fork: given up by the parent");
    ct_equal((uint64_t)polled(c.fd[0]) & POLLIN, 0,
             "fork: no event while the child has it");
    ct_ok(write(go[1], "", 1) == 1 && waitpid(pid, &status, 0) == pid &&
          status == 0, "fork: the child still had it");
    ct_equal(next_event(c.fd[0]), c.port[0], "fork: an event then");
    close(go[0]);
    close(go[1]);
    close(fd);
    close_channel(&c);
}

void test_forks(void)
{
    int fd = open_dev("gntalloc", O_RDWR);

    inherited("gntalloc", fd, allocate(fd));
    inherited("hypercall", open_dev("hypercall", O_RDWR), 0);
    not_inherited();
    without_descriptors();
    last_one();
}
