/* SPDX-License-Identifier: MIT */
/* /dev/xen/privcmd and hypercall: as files, and the ioctls with bad buffers. */
#define _GNU_SOURCE
#include <xen/sys/privcmd.h>
#include <xen/hvm/dm_op.h>

#include "ct-files.h"

#define BAD ((void *)0x10000)
#define READ_ONLY PROT_READ

static int dm_op(int fd, uint32_t domid, void *p, size_t len, uint16_t nr)
{
    struct privcmd_dm_op_buf bufs[17] = { { p, len } };
    struct privcmd_dm_op op = { (domid_t)domid, nr, bufs };

    return ioctl(fd, IOCTL_PRIVCMD_DM_OP, &op);
}

static int version(int fd)
{
    struct privcmd_hypercall call = { .op = __HYPERVISOR_xen_version };

    return ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call);
}

/* What has no function of its own in the driver. */
static void as_file(const char *name)
{
    int fd = open_dev(name, O_RDWR), only = open_dev(name, O_RDONLY);
    char buf[16] = { 0 };

    ct_expect(EINVAL, read(fd, buf, 4), "%s: read", name);
    ct_expect(EINVAL, read(fd, BAD, 4), "%s: read to nowhere", name);
    ct_expect(EINVAL, write(fd, buf, 4), "%s: write", name);
    ct_expect(EBADF, write(only, buf, 4), "%s: write when open to read",
              name);
    ct_expect(EINVAL, pread(fd, buf, 4, 0), "%s: pread", name);
    ct_expect(EINVAL, pwrite(fd, buf, 4, 0), "%s: pwrite", name);
    ct_equal((uint64_t)polled(fd), POLLIN | POLLOUT, "%s: poll", name);
    ct_expect(ESPIPE, lseek(fd, 0, SEEK_SET), "%s: lseek", name);
    ct_equal((uint64_t)fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR,
             "%s: access mode", name);
    close(fd);
    close(only);
}

static void bad_ioctls(int fd)
{
    static const struct { unsigned int nr, size; } known[] = {
        { 0, 48 }, { 3, 24 }, { 4, 32 }, { 5, 16 }, { 6, 2 }, { 7, 32 },
    };
    char buf[64] = { 0 };

    for ( size_t i = 0; i < CT_NR(known); i++ )
    {
        ct_expect(EFAULT, ioctl(fd, _IOC(_IOC_NONE, 'P', known[i].nr,
                                         known[i].size), BAD),
                  "privcmd: ioctl %u with its argument nowhere",
                  known[i].nr);
        ct_expect(ENOTTY, ioctl(fd, _IOC(_IOC_NONE, 'P', known[i].nr,
                                         known[i].size + 8), buf),
                  "privcmd: ioctl %u of another size", known[i].nr);
    }
    ct_expect(ENOTTY, ioctl(fd, _IOC(_IOC_NONE, 'P', 99, 8), buf),
              "privcmd: ioctl 99");
    ct_expect(ENOTTY, ioctl(fd, IOCTL_PRIVCMD_UNIMPLEMENTED, 0),
              "privcmd: the ioctl that never is");
    ct_expect(ENOTTY, ioctl(fd, _IOC(_IOC_NONE, 'E', 4, 4), buf),
              "privcmd: an ioctl of evtchn");
}

static void dm_ops(int fd, uint32_t domid)
{
    struct xen_dm_op *op = mmap(NULL, CT_PAGE, CT_RW,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    op->op = XEN_DMOP_create_ioreq_server;
    mprotect(op, CT_PAGE, READ_ONLY);
    ct_expect(EFAULT, dm_op(fd, domid, op, sizeof(*op), 1),
              "dm_op: a buffer that cannot be written");
    mprotect(op, CT_PAGE, CT_RW);
    ct_expect(0, dm_op(fd, domid, op, sizeof(*op), 1), "dm_op: one that can");
    ct_equal(op->u.create_ioreq_server.id, 0,
             "dm_op: the first server: none is left behind");
    ct_expect(EFAULT, dm_op(fd, domid, BAD, sizeof(*op), 1),
              "dm_op: a buffer nowhere");
    ct_expect(EFAULT, dm_op(fd, domid, BAD, sizeof(*op), 16),
              "dm_op: sixteen buffers");
    ct_expect(E2BIG, dm_op(fd, domid, op, 5000, 1),
              "dm_op: 5000 bytes");
    ct_expect(E2BIG, dm_op(fd, domid, op, sizeof(*op), 17),
              "dm_op: seventeen buffers");
    ct_expect(0, dm_op(fd, domid, op, sizeof(*op), 0), "dm_op: no buffers");
    munmap(op, CT_PAGE);
}

static void restricting(uint32_t domid)
{
    int fd = open_dev("privcmd", O_RDWR), copy = dup(fd);
    domid_t id = (domid_t)domid;
    struct privcmd_mmap_resource r = { .dom = id, .type = 1 };

    ct_ok(version(copy) > 0, "restrict: a hypercall before, by a dup");
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_RESTRICT, &id), "restrict");
    id = DOMID_INVALID;
    ct_expect(EINVAL, ioctl(fd, IOCTL_PRIVCMD_RESTRICT, &id),
              "restrict: to another domain then");
    ct_expect(EPERM, dm_op(fd, 0, NULL, 0, 1), "restrict: another's dm_op");
    ct_expect(EPERM, version(fd), "restrict: a hypercall");
    ct_expect(EPERM, version(copy), "restrict: a hypercall by the dup");
    ct_expect(0, ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &r),
              "restrict: the domain's own resource");
    close(fd);
    close(copy);
}

void test_privcmd(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 1 });
    int fd = open_dev("privcmd", O_RDWR);

    as_file("privcmd");
    as_file("hypercall");
    as_file("gntdev");
    as_file("gntalloc");
    bad_ioctls(fd);
    dm_ops(fd, domid);
    restricting(domid);
    close(fd);
    ct_destroy(domid);
}
