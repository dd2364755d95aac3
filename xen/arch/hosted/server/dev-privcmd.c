/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/privcmd and /dev/xen/hypercall, as Linux 6.1 offers them to a
 * program in a PV dom0: the ioctls, their checks in that order, and their
 * errnos.  Those that map memory are in privcmd-map.c and privcmd-resource.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <xen/sys/privcmd.h>

#include "privcmd.h"

#define DM_OP_MAX_BUFS 16
#define DM_OP_MAX_SIZE 4096

static int privcmd_open(struct file *f)
{
    struct privcmd *p = calloc(1, sizeof(*p));

    if ( !p )
        return -ENOMEM;
    p->restricted = DOMID_INVALID;
    f->priv = p;
    return 0;
}

static void privcmd_close(struct file *f)
{
    free(f->priv);
}

bool privcmd_may_not(const struct file *f, domid_t domid)
{
    const struct privcmd *p = f->priv;

    return p->restricted != DOMID_INVALID && p->restricted != domid;
}

static long privcmd_mmap(struct file *f, uint64_t addr, size_t len,
                         uint64_t offset, int prot)
{
    /* ioctls put frames there, of this file or of another one. */
    (void)f, (void)addr, (void)len, (void)offset, (void)prot;
    return 0;
}

/* ---- hypercalls ---- */

static long ioctl_hypercall(struct file *f, uint64_t arg)
{
    const struct privcmd *p = f->priv;
    struct privcmd_hypercall call;
    struct hypercall hc;

    if ( p->restricted != DOMID_INVALID )
        return -EPERM;
    if ( client_read(f, &call, arg, sizeof(call)) )
        return -EFAULT;
    hc.nr = call.op;
    for ( unsigned int i = 0; i < 5; i++ )
        hc.a[i] = call.arg[i];
    hc.a[5] = 0;
    return hypercall_run(&hc);
}

static long ioctl_dm_op(struct file *f, uint64_t arg)
{
    struct privcmd_dm_op_buf buf[DM_OP_MAX_BUFS];
    struct privcmd_dm_op op;
    struct hypercall hc = { .nr = __HYPERVISOR_dm_op };

    if ( client_read(f, &op, arg, sizeof(op)) )
        return -EFAULT;
    if ( privcmd_may_not(f, op.dom) )
        return -EPERM;
    if ( op.num == 0 )
        return 0;
    if ( op.num > DM_OP_MAX_BUFS )
        return -E2BIG;
    if ( client_read(f, buf, (uintptr_t)op.ubufs, op.num * sizeof(buf[0])) )
        return -EFAULT;
    for ( unsigned int i = 0; i < op.num; i++ )
        if ( buf[i].size > DM_OP_MAX_SIZE )
            return -E2BIG;
    if ( f->conn->pinned )
        return f->conn->pinned;
    hc.a[0] = op.dom;
    hc.a[1] = op.num;
    hc.a[2] = (uintptr_t)op.ubufs;
    return hypercall_run(&hc);
}

static long ioctl_restrict(struct file *f, uint64_t arg)
{
    struct privcmd *p = f->priv;
    domid_t domid;

    if ( client_read(f, &domid, arg, sizeof(domid)) )
        return -EFAULT;
    if ( privcmd_may_not(f, domid) )
        return -EINVAL;
    p->restricted = domid;
    return 0;
}

static long privcmd_ioctl(struct file *f, unsigned long request, uint64_t arg)
{
    switch ( request )
    {
    case IOCTL_PRIVCMD_HYPERCALL:
        return ioctl_hypercall(f, arg);
    case IOCTL_PRIVCMD_MMAP:
        return privcmd_map_ranges(f, arg);
    case IOCTL_PRIVCMD_MMAPBATCH:
        return privcmd_map_batch_v1(f, arg);
    case IOCTL_PRIVCMD_MMAPBATCH_V2:
        return privcmd_map_batch_v2(f, arg);
    case IOCTL_PRIVCMD_DM_OP:
        return ioctl_dm_op(f, arg);
    case IOCTL_PRIVCMD_RESTRICT:
        return ioctl_restrict(f, arg);
    case IOCTL_PRIVCMD_MMAP_RESOURCE:
        return privcmd_map_resource(f, arg);
    default:
        return -ENOTTY;
    }
}

const struct file_ops privcmd_ops = {
    .open = privcmd_open,
    .ioctl = privcmd_ioctl,
    .mmap = privcmd_mmap,
    .close = privcmd_close,
};

/* Buffers for hypercalls: plain memory of the client, nothing to do here. */
static long hypercall_mmap(struct file *f, uint64_t addr, size_t len,
                           uint64_t offset, int prot)
{
    (void)f, (void)addr, (void)len, (void)offset, (void)prot;
    return 0;
}

const struct file_ops hypercall_ops = {
    .mmap = hypercall_mmap,
};
