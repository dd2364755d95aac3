/* SPDX-License-Identifier: MIT */
/*
 * XENMEM_acquire_resource itself, below the libraries: which of several errors
 * is answered, and what is left of the caller's structure; and what the
 * kernel's ioctl adds.
 */
#include <sys/ioctl.h>

#include <xen/sys/privcmd.h>

#include "ct.h"

#define GRANT XENMEM_resource_grant_table
#define IOREQ XENMEM_resource_ioreq_server
#define TRACE XENMEM_resource_vmtrace_buf
#define TOO_MANY (1U << 26)

/* With room for this many frame numbers. */
enum { LIST = 64 };

struct request {
    uint32_t domid;
    unsigned int type, id, nr, pad;
    uint64_t frame;
    bool list;
};

/*
 * Frame numbers come back, but to a dom0 that is translated itself: it says at
 * which of its own frames the pages are to be.
 */
static void remove_frame(xen_pfn_t gfn)
{
    xen_remove_from_physmap_t *x =
        xencall_alloc_buffer(ct.call, sizeof(*x));

    if ( !x )
        ct_bail("no hypercall buffer");
    *x = (xen_remove_from_physmap_t){ .domid = DOMID_SELF, .gpfn = gfn };
    if ( xencall2(ct.call, __HYPERVISOR_memory_op,
                  XENMEM_remove_from_physmap, (uintptr_t)x) )
        ct_bail("frame %lx is not removed: %s", (unsigned long)gfn,
                strerror(errno));
    xencall_free_buffer(ct.call, x);
}

/* The structure comes back in *out, if that is asked for. */
static long acquire(const struct request *r, xen_mem_acquire_resource_t *out)
{
    struct area {
        xen_mem_acquire_resource_t x;
        xen_pfn_t list[LIST];
    } *a = xencall_alloc_buffer(ct.call, sizeof(*a));
    bool translated = ct_dom0_is_translated();
    long rc;
    int err;

    if ( !a )
        ct_bail("no hypercall buffer");
    memset(a, 0, sizeof(*a));
    for ( unsigned int i = 0; translated && i < LIST; i++ )
        a->list[i] = CT_FREE_GFN + i;
    a->x.domid = (domid_t)r->domid;
    a->x.type = (uint16_t)r->type;
    a->x.id = r->id;
    a->x.nr_frames = r->nr;
    a->x.pad = r->pad;
    a->x.frame = r->frame;
    if ( r->list )
        set_xen_guest_handle_raw(a->x.frame_list, a->list);
    rc = xencall2(ct.call, __HYPERVISOR_memory_op, XENMEM_acquire_resource,
                  (uintptr_t)a);
    err = errno;
    if ( out )
        *out = a->x;
    for ( unsigned int i = 0; translated && !rc && r->list && i < r->nr; i++ )
        remove_frame(CT_FREE_GFN + i);
    xencall_free_buffer(ct.call, a);
    errno = err;
    return rc;
}

static void test_order_of_checks(uint32_t d)
{
    bool size_id = ct_differs("size-id"); /* the id is looked at first */
    const struct {
        const char *what;
        struct request r;
        int err;
    } cases[] = {
        { "pad before the domain",
          { CT_NO_DOMAIN, 99, 9, 1, 1, 0, true }, EINVAL },
        { "pad of a size query", { d, GRANT, 0, 0, 1, 0, false }, EINVAL },
        { "frame of 33 bits before the domain",
          { CT_NO_DOMAIN, 99, 9, 1, 0, 1UL << 32, true }, EINVAL },
        { "frame + count of 33 bits before the domain",
          { CT_NO_DOMAIN, 99, 9, 2, 0, 0xffffffff, true }, EINVAL },
        { "frame + count of 65 bits before the domain",
          { CT_NO_DOMAIN, 99, 9, 1, 0, ~0UL, true }, EINVAL },
        { "the domain before the type",
          { CT_NO_DOMAIN, 99, 9, 1, 0, 0, true }, ESRCH },
        { "the domain before the size",
          { CT_NO_DOMAIN, GRANT, 0, 0, 0, 0, false }, ESRCH },
        { "oneself before the type", { 0, 99, 9, 1, 0, 0, true }, EPERM },
        { "DOMID_SELF", { DOMID_SELF, GRANT, 0, 1, 0, 0, true }, ESRCH },
        { "DOMID_INVALID", { DOMID_INVALID, GRANT, 0, 1, 0, 0, true },
          ESRCH },
        { "DOMID_IO", { DOMID_IO, GRANT, 0, 1, 0, 0, true }, ESRCH },
        { "no list but a count", { d, GRANT, 0, 1, 0, 0, false }, EINVAL },
        { "no list, a count and a bad id",
          { d, GRANT, 9, 1, 0, 0, false }, EINVAL },
        { "a list but no count", { d, GRANT, 0, 0, 0, 0, true }, EINVAL },
        { "no count of a resource that is not",
          { d, GRANT, 9, 0, 0, 0, true }, EINVAL },
        { "2^26 frames", { d, GRANT, 0, TOO_MANY, 0, 0, true }, EINVAL },
        { "2^26 frames of no server", { d, IOREQ, 0, TOO_MANY, 0, 0, true },
          size_id ? ENOENT : EINVAL },
        { "2^32 - 1 frames", { d, GRANT, 0, 0xffffffff, 0, 0, true },
          EINVAL },
        { "a bad grant table id", { d, GRANT, 2, 1, 0, 0, true }, EINVAL },
        { "no such server", { d, IOREQ, 3, 1, 0, 0, true }, ENOENT },
        { "no trace buffers", { d, TRACE, 0, 1, 0, 0, true }, EINVAL },
        { "size of no trace buffers", { d, TRACE, 0, 0, 0, 0, false },
          EINVAL },
        { "type 3", { d, 3, 0, 1, 0, 0, true }, EOPNOTSUPP },
        { "type 0xffff", { d, 0xffff, 0, 1, 0, 0, true }, EOPNOTSUPP },
        { "one frame", { d, GRANT, 0, 1, 0, 0, true }, 0 },
        { "the last frame", { d, GRANT, 0, 1, 0, 3, true }, 0 },
    };

    for ( size_t i = 0; i < CT_NR(cases); i++ )
        ct_expect(cases[i].err, acquire(&cases[i].r, NULL), "acquire: %s",
                  cases[i].what);
}

/* 4.17 takes the error for a number, of which the library makes a size. */
static void test_size_of_unknown_type(uint32_t d)
{
    xen_mem_acquire_resource_t x;
    const struct request r = { .domid = d, .type = 3 };

    if ( ct_differs("size-type") )
    {
        ct_expect(EOPNOTSUPP, acquire(&r, NULL), "size: type 3");
        ct_expect(EOPNOTSUPP, ct_resource_size(d, 3, 0),
                  "size: type 3, by the library");
        return;
    }
    if ( ct_expect(0, acquire(&r, &x), "size: type 3") )
        ct_equal(x.nr_frames, (uint32_t)-EOPNOTSUPP, "the size is an errno");
}

static void test_structure(uint32_t d)
{
    struct request r = { .domid = d, .type = GRANT };
    xen_mem_acquire_resource_t x;

    ct_expect(0, acquire(&r, &x), "size query");
    ct_equal(x.nr_frames, 4, "the size is told");
    ct_ok(x.domid == d && x.type == GRANT && !x.id && !x.pad && !x.frame,
          "nothing else is changed");
    r.nr = 2;
    r.list = true;
    ct_expect(0, acquire(&r, &x), "acquire two frames");
    ct_ok(x.domid == d && x.type == GRANT && !x.id && !x.pad,
          "what says which resource is unchanged");
    r.frame = 3;
    ct_expect(EINVAL, acquire(&r, &x), "acquire across the end");
    ct_ok(x.nr_frames == 2 && x.frame == 3, "an error changes nothing");
    ct_expect(EFAULT, xencall2(ct.call, __HYPERVISOR_memory_op,
                               XENMEM_acquire_resource, 8),
              "a structure that cannot be read");
}

/* ---- the kernel ---- */

/*
 * For each call addresses of its own, and no more than it maps: a kernel that
 * is translated uses them up in a call that fails, and gives back all at once.
 */
static char *new_area(int fd, size_t pages)
{
    char *area = mmap(NULL, pages * CT_PAGE, CT_RW, MAP_SHARED, fd, 0);

    if ( area == MAP_FAILED )
        ct_bail("mmap of privcmd: %s", strerror(errno));
    return area;
}

static void test_ioctl(uint32_t d)
{
    enum { NOWHERE, AREA, ELSEWHERE };
    static const struct {
        const char *what;
        privcmd_mmap_resource_t m; /* addr: one of the above */
        int err;
    } cases[] = {
        { "frames but no address", { 0, GRANT, 0, 0, 1, NOWHERE }, EINVAL },
        { "an address but no frames", { 0, GRANT, 0, 0, 0, AREA }, EINVAL },
        { "an address of something else", { 0, GRANT, 0, 0, 1, ELSEWHERE },
          EINVAL },
        { "an error of Xen's", { 0, GRANT, 0, 4, 1, AREA }, EINVAL },
        { "no domain", { CT_NO_DOMAIN, GRANT, 0, 0, 1, AREA }, ESRCH },
        { "no such type", { 0, 3, 0, 0, 1, AREA }, EOPNOTSUPP },
        { "three frames", { 0, GRANT, 0, 1, 3, AREA }, 0 },
    };
    int fd = xencall_fd(ct.call);
    privcmd_mmap_resource_t m;
    char *area = NULL;
    size_t pages = 0;

    for ( size_t i = 0; i < CT_NR(cases); i++ )
    {
        if ( area )
            munmap(area, pages * CT_PAGE);
        m = cases[i].m;
        pages = m.num ? m.num : 1;
        area = new_area(fd, pages);
        if ( !m.dom )
            m.dom = (domid_t)d;
        if ( m.addr == AREA )
            m.addr = (uintptr_t)area;
        else if ( m.addr == ELSEWHERE )
            m.addr = (uintptr_t)&m & ~(CT_PAGE - 1);
        ct_expect(cases[i].err, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &m),
                  "ioctl: %s", cases[i].what);
    }
    ct_ok(ct_all_bytes(area, 0, 3 * CT_PAGE), "the frames are there");
    m = (privcmd_mmap_resource_t){ .dom = (domid_t)d, .type = GRANT };
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &m),
              "ioctl: neither: a size query");
    ct_equal(m.num, 4, "the size is told");
    ct_expect(EFAULT, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, NULL),
              "ioctl: no structure");
    ct_expect(ENOTTY, ioctl(fd, IOCTL_PRIVCMD_UNIMPLEMENTED, 0),
              "ioctl: the one that never is");
    ct_expect(0, munmap(area, pages * CT_PAGE), "all of it is unmapped");
}

/* What Xen refused must not keep the domain. */
static void test_refusals_keep_nothing(void)
{
    uint32_t d = ct_create(&(struct ct_config){ 0 });
    bool refused = true;

    for ( unsigned int i = 0; i < 1000; i++ )
    {
        struct request r = { .domid = d, .type = i & 3, .id = 9, .nr = 1,
                             .list = true };

        refused &= acquire(&r, NULL) < 0;
    }
    ct_ok(refused, "a thousand refusals");
    ct_destroy(d);
}

int main(void)
{
    uint32_t domid;

    ct_begin();
    domid = ct_create(&(struct ct_config){ .grant_frames = 4 });
    test_order_of_checks(domid);
    test_size_of_unknown_type(domid);
    test_structure(domid);
    test_ioctl(domid);
    ct_destroy(domid);
    test_refusals_keep_nothing();
    return ct_end();
}
