/* SPDX-License-Identifier: MIT */
/*
 * dm_op: ioreq servers, their ranges and state; what each operation answers
 * to what is wrong, in which order, and what happens to the buffers.
 */
#include <sys/ioctl.h>

#include <xen/hvm/ioreq.h>
#include <xen/sys/privcmd.h>

#include "ct.h"

#define NR_RANGES 256

static uint32_t target;

/* ---- raw operations ---- */

/* One buffer of `size` bytes, by the kernel's ioctl. */
static int dm_op_sized(uint32_t domid, struct xen_dm_op *op, size_t size)
{
    privcmd_dm_op_buf_t buf = { .uptr = op, .size = size };
    privcmd_dm_op_t x = { .dom = (domid_t)domid, .num = 1, .ubufs = &buf };

    return ioctl(xencall_fd(ct.call), IOCTL_PRIVCMD_DM_OP, &x);
}

static int dm_op(struct xen_dm_op op)
{
    return dm_op_sized(target, &op, sizeof(op));
}

static int dm_op_bufs(uint16_t nr, size_t size)
{
    struct xen_dm_op op = { .op = XEN_DMOP_nr_vcpus };
    privcmd_dm_op_buf_t buf[17];
    privcmd_dm_op_t x = { .dom = (domid_t)target, .num = nr, .ubufs = buf };

    for ( unsigned int i = 0; i < CT_NR(buf); i++ )
        buf[i] = (privcmd_dm_op_buf_t){ .uptr = &op, .size = size };
    return ioctl(xencall_fd(ct.call), IOCTL_PRIVCMD_DM_OP, &x);
}

static void test_envelope(void)
{
    /* Memory behind it for the sizes that are too long. */
    static struct xen_dm_op page[2 * 4096 / sizeof(struct xen_dm_op)];
    /*
     * An empty buffer at the beginning of a page is the end of Linux 6.1: it
     * pins a page all the same, for which its list has no entry.
     */
    static struct xen_dm_op inside[2] __attribute__((aligned(4096)));
    struct xen_dm_op op = { .op = XEN_DMOP_nr_vcpus };
    size_t need = offsetof(struct xen_dm_op, u) + sizeof(op.u.nr_vcpus);

    ct_expect(ESRCH, dm_op_sized(CT_NO_DOMAIN, &op, 1), "no domain");
    ct_expect(EPERM, dm_op_sized(0, &op, 1), "own domain");
    ct_expect(ESRCH, dm_op_sized(DOMID_SELF, &op, 1), "DOMID_SELF");
    ct_expect(EFAULT, dm_op_sized(target, &inside[1], 0),
              "an empty buffer");
    ct_expect(EFAULT, dm_op_sized(target, &op, 7), "a piece of the header");
    ct_expect(EFAULT, dm_op_sized(target, &op, 8), "the header alone");
    ct_expect(EFAULT, dm_op_sized(target, &op, need - 1), "one byte short");
    ct_expect(0, dm_op_sized(target, &op, need), "as long as needed");
    ct_equal(op.u.nr_vcpus.vcpus, 3, "and it works");
    page[0].op = XEN_DMOP_nr_vcpus;
    ct_expect(0, dm_op_sized(target, page, 4096), "a page");
    ct_expect(E2BIG, dm_op_sized(target, page, 4097), "more than a page");
    ct_expect(EFAULT, dm_op_sized(target, NULL, 32), "no memory there");
    op.op = 0;
    ct_expect(EOPNOTSUPP, dm_op_sized(target, &op, sizeof(op)), "op 0");
    op.op = 1000;
    ct_expect(EOPNOTSUPP, dm_op_sized(target, &op, sizeof(op)), "op 1000");
    op.op = XEN_DMOP_nr_vcpus;
    op.pad = 1;
    ct_expect(EINVAL, dm_op_sized(target, &op, sizeof(op)), "pad");
    ct_expect(EFAULT, dm_op_sized(target, &op, 8), "short before pad");

    ct_expect(0, dm_op_bufs(0, 32), "no buffer: the kernel's answer");
    ct_expect(0, dm_op_bufs(2, 32), "two buffers");
    ct_expect(E2BIG, dm_op_bufs(3, 32), "three buffers");
    ct_expect(E2BIG, dm_op_bufs(17, 32), "17 buffers");
    if ( ct_differs("dm-op-nothing") )
        ct_expect(ENODATA, xencall3(ct.call, __HYPERVISOR_dm_op, target, 0, 0),
                  "no buffer: Xen's answer");
    else
        ct_skip("no buffer: Xen's answer",
                "dm-op-nothing: 4.17 looks at a buffer that is not there");
}

/* ---- create, info, state, destroy ---- */

static struct xen_dm_op op_create(unsigned int mode, unsigned int pad)
{
    struct xen_dm_op op = { .op = XEN_DMOP_create_ioreq_server };

    op.u.create_ioreq_server.handle_bufioreq = (uint8_t)mode;
    if ( pad )
        op.u.create_ioreq_server.pad[pad - 1] = 1;
    op.u.create_ioreq_server.id = 0xbeef;
    return op;
}

static struct xen_dm_op op_info(unsigned int id, unsigned int flags)
{
    struct xen_dm_op op = { .op = XEN_DMOP_get_ioreq_server_info };

    memset(&op.u, 0x77, sizeof(op.u));
    op.u.get_ioreq_server_info.id = (uint16_t)id;
    op.u.get_ioreq_server_info.flags = (uint16_t)flags;
    return op;
}

static struct xen_dm_op op_state(unsigned int id, unsigned int pad)
{
    struct xen_dm_op op = { .op = XEN_DMOP_set_ioreq_server_state };

    op.u.set_ioreq_server_state.id = (uint16_t)id;
    op.u.set_ioreq_server_state.enabled = 1;
    op.u.set_ioreq_server_state.pad = (uint8_t)pad;
    return op;
}

static struct xen_dm_op op_destroy(unsigned int id, unsigned int pad)
{
    struct xen_dm_op op = { .op = XEN_DMOP_destroy_ioreq_server };

    op.u.destroy_ioreq_server.id = (uint16_t)id;
    op.u.destroy_ioreq_server.pad = (uint16_t)pad;
    return op;
}

static void test_life(void)
{
    struct xen_dm_op op = op_create(3, 0);

    ct_expect(EINVAL, dm_op_sized(target, &op, sizeof(op)), "create: mode 3");
    ct_equal(op.u.create_ioreq_server.id, 0xbeef, "no id is told then");
    for ( unsigned int pad = 1; pad <= 3; pad++ )
        ct_expect(EINVAL, dm_op(op_create(0, pad)), "create: pad[%u]",
                  pad - 1);
    op = op_create(HVM_IOREQSRV_BUFIOREQ_OFF, 0);
    ct_expect(0, dm_op_sized(target, &op, sizeof(op)), "create: no ring");
    ct_equal(op.u.create_ioreq_server.id, 0, "its id");
    op = op_create(HVM_IOREQSRV_BUFIOREQ_ATOMIC, 0);
    ct_expect(0, dm_op_sized(target, &op, sizeof(op)), "create: with a ring");
    ct_equal(op.u.create_ioreq_server.id, 1, "its id");

    ct_expect(ENOENT, dm_op(op_info(7, XEN_DMOP_no_gfns)), "info: no server");
    ct_expect(ENOENT, dm_op(op_info(0xffff, XEN_DMOP_no_gfns)),
              "info: id 0xffff");
    ct_expect(EINVAL, dm_op(op_info(1, 2)), "info: flag 2");
    ct_expect(EINVAL, dm_op(op_info(7, 0x8001)),
              "info: a flag before the server");
    /* 4.17 takes gfn 0 then, which has no page here. */
    ct_expect(ct_differs("legacy-gfns") ? ENOMEM : EINVAL,
              dm_op(op_info(1, 0)), "info: gfns without a pool");
    op = op_info(1, XEN_DMOP_no_gfns);
    ct_expect(0, dm_op_sized(target, &op, sizeof(op)), "info: the port");
    ct_ok(op.u.get_ioreq_server_info.bufioreq_port != 0x77777777 &&
          op.u.get_ioreq_server_info.bufioreq_port, "is told");
    ct_equal(op.u.get_ioreq_server_info.ioreq_gfn, 0x7777777777777777UL,
             "the gfn field keeps the caller's bytes");
    op = op_info(0, XEN_DMOP_no_gfns);
    ct_expect(0, dm_op_sized(target, &op, sizeof(op)), "info: without ring");
    ct_equal(op.u.get_ioreq_server_info.bufioreq_port, 0x77777777,
             "the port field keeps the caller's bytes");

    ct_expect(ENOENT, dm_op(op_state(5, 0)), "state: no server");
    ct_expect(EINVAL, dm_op(op_state(1, 1)), "state: pad");
    ct_expect(EINVAL, dm_op(op_state(5, 1)), "state: pad before the server");
    ct_expect(0, dm_op(op_state(1, 0)), "state: enabled, without its pages");
    ct_expect(0, dm_op(op_state(1, 0)), "state: enabled again");
    ct_expect(ENOENT, dm_op(op_destroy(5, 0)), "destroy: no server");
    ct_expect(EINVAL, dm_op(op_destroy(1, 1)), "destroy: pad");
    ct_expect(0, dm_op(op_destroy(1, 0)), "destroy");
    ct_expect(ENOENT, dm_op(op_destroy(1, 0)), "destroy: again");
    ct_expect(ENOENT, dm_op(op_state(1, 0)), "state: after that");
    ct_expect(0, dm_op(op_destroy(0, 0)), "destroy the other");
}

/* Pages that come after enabling have the ports too. */
static void test_enabled_before_pages(void)
{
    ioservid_t id = 0;
    struct ct_map m;
    bool ports;

    ct_expect(0, xendevicemodel_create_ioreq_server(
                     ct.dmod, (domid_t)target, 0, &id), "create");
    ct_expect(0, dm_op(op_state(id, 0)), "enable");
    ct_expect(0, ct_map_resource(&m, target, XENMEM_resource_ioreq_server, id,
                                 1, 1), "then acquire");
    ports = ((ioreq_t *)m.addr)[0].vp_eport && ((ioreq_t *)m.addr)[2].vp_eport;
    if ( ct_differs("late-pages") )
        ct_ok(ports, "the slots have their ports");
    else
        ct_ok(!ports, "the slots have no ports");
    ct_expect(0, ct_unmap_resource(&m), "unmap");
    ct_expect(0, dm_op(op_destroy(id, 0)), "destroy");
}

/* ---- ranges ---- */

static int range(unsigned int cmd, unsigned int id, unsigned int type,
                 uint64_t start, uint64_t end)
{
    struct xen_dm_op op = { .op = cmd };
    struct xen_dm_op_ioreq_server_range *r =
        &op.u.map_io_range_to_ioreq_server;

    r->id = (uint16_t)id;
    r->type = type & 0xff;
    r->pad = (uint16_t)(type >> 8);
    r->start = start;
    r->end = end;
    return dm_op_sized(target, &op, sizeof(op));
}

#define MAP XEN_DMOP_map_io_range_to_ioreq_server
#define UNMAP XEN_DMOP_unmap_io_range_from_ioreq_server
#define PORT XEN_DMOP_IO_RANGE_PORT
#define MEMORY XEN_DMOP_IO_RANGE_MEMORY
#define PCI XEN_DMOP_IO_RANGE_PCI
#define PAD 0x100

static void test_ranges(void)
{
    const struct {
        const char *what;
        unsigned int cmd, id, type;
        uint64_t start, end;
        int err;
    } steps[] = {
        { "map: backwards, before the server", MAP, 7, 9, 2, 1, EINVAL },
        { "map: pad, before the server", MAP, 7, PAD, 0, 1, EINVAL },
        { "map: no server, before the type", MAP, 7, 9, 0, 1, ENOENT },
        { "map: type 3", MAP, 0, 3, 0, 1, EINVAL },
        { "unmap: backwards", UNMAP, 0, PORT, 2, 1, EINVAL },
        { "unmap: pad", UNMAP, 0, PAD, 0, 1, EINVAL },
        { "unmap: no server", UNMAP, 7, 9, 0, 1, ENOENT },
        { "unmap: type 3", UNMAP, 0, 3, 0, 1, EINVAL },
        { "unmap: nothing there", UNMAP, 0, PORT, 0, 0, ENOENT },
        { "map 10-1f", MAP, 0, PORT, 0x10, 0x1f, 0 },
        { "map: the same", MAP, 0, PORT, 0x10, 0x1f, EEXIST },
        { "map: inside", MAP, 0, PORT, 0x14, 0x14, EEXIST },
        { "map: across the start", MAP, 0, PORT, 0, 0x10, EEXIST },
        { "map: across the end", MAP, 0, PORT, 0x1f, 0x2f, EEXIST },
        { "map: around", MAP, 0, PORT, 0, 0xffff, EEXIST },
        { "map: the neighbour", MAP, 0, PORT, 0x20, 0x20, 0 },
        { "map: other kinds are apart", MAP, 0, MEMORY, 0x10, 0x1f, 0 },
        { "map: and PCI", MAP, 0, PCI, 0x10, 0x1f, 0 },
        { "map: other servers too", MAP, 1, PORT, 0x10, 0x1f, 0 },
        { "unmap: not all of it mapped", UNMAP, 0, PORT, 0x0f, 0x12, ENOENT },
        { "unmap: over the end", UNMAP, 0, PORT, 0x1f, 0x21, ENOENT },
        { "unmap: the middle", UNMAP, 0, PORT, 0x14, 0x17, 0 },
        { "unmap: again", UNMAP, 0, PORT, 0x14, 0x17, ENOENT },
        { "unmap: across the hole", UNMAP, 0, PORT, 0x10, 0x1f, ENOENT },
        { "map: into the hole", MAP, 0, PORT, 0x14, 0x17, 0 },
        { "unmap: across neighbours", UNMAP, 0, PORT, 0x10, 0x20, 0 },
        { "unmap: the other server has it", UNMAP, 1, PORT, 0x10, 0x1f, 0 },
        { "map: all there is", MAP, 0, MEMORY, 0x20, ~0UL, 0 },
        { "map: its last byte", MAP, 0, MEMORY, ~0UL, ~0UL, EEXIST },
        { "unmap: the last byte", UNMAP, 0, MEMORY, ~0UL, ~0UL, 0 },
        { "map: a single byte", MAP, 0, MEMORY, ~0UL, ~0UL, 0 },
    };
    ioservid_t id[2] = { 9, 9 };

    for ( unsigned int i = 0; i < 2; i++ )
        ct_expect(0, xendevicemodel_create_ioreq_server(
                         ct.dmod, (domid_t)target, 0, &id[i]), "server %u", i);
    for ( size_t i = 0; i < CT_NR(steps); i++ )
        ct_expect(steps[i].err,
                  range(steps[i].cmd, steps[i].id, steps[i].type,
                        steps[i].start, steps[i].end), "%s", steps[i].what);
    for ( unsigned int i = 0; i < 2; i++ )
        ct_expect(0, dm_op(op_destroy(i, 0)), "destroy server %u", i);
}

static void test_range_limit(void)
{
    bool all = true;
    ioservid_t id = 0;

    ct_expect(0, xendevicemodel_create_ioreq_server(
                     ct.dmod, (domid_t)target, 0, &id), "server");
    for ( unsigned int i = 0; i < NR_RANGES; i++ )
        all &= !range(MAP, id, PORT, i * 4, i * 4 + 2);
    ct_ok(all, "%u ranges", NR_RANGES);
    ct_expect(ENOMEM, range(MAP, id, PORT, 0xf000, 0xf000), "one more");
    ct_expect(0, range(MAP, id, MEMORY, 0xf000, 0xf000), "of another kind");
    ct_expect(ENOMEM, range(UNMAP, id, PORT, 1, 1), "one in two pieces");
    ct_expect(EEXIST, range(MAP, id, PORT, 1, 1), "stays whole");
    ct_expect(0, range(MAP, id, PORT, 3, 3), "two joined to one");
    ct_expect(0, range(MAP, id, PORT, 0xf000, 0xf000), "make room for one");
    ct_expect(ENOMEM, range(MAP, id, PORT, 0xf002, 0xf002), "and no more");
    ct_expect(0, dm_op(op_destroy(id, 0)), "destroy");
    ct_expect(0, xendevicemodel_create_ioreq_server(
                     ct.dmod, (domid_t)target, 0, &id), "a new server");
    ct_expect(0, range(MAP, id, PORT, 0, 0xffff), "has none of them");
    ct_expect(0, dm_op(op_destroy(id, 0)), "destroy");
}

/* As the library spells it: bus, device and function of one segment. */
static void test_pcidev(void)
{
    ioservid_t id = 0;
    domid_t d = (domid_t)target;

    ct_expect(0, xendevicemodel_create_ioreq_server(ct.dmod, d, 0, &id),
              "server");
    ct_expect(0, xendevicemodel_map_pcidev_to_ioreq_server(
                     ct.dmod, d, id, 0, 1, 2, 3), "map 01:02.3");
    ct_expect(EEXIST, range(MAP, id, PCI, 0x113, 0x113), "is 0x113");
    ct_expect(0, xendevicemodel_unmap_pcidev_from_ioreq_server(
                     ct.dmod, d, id, 0, 1, 2, 3), "unmap 01:02.3");
    ct_expect(ENOENT, xendevicemodel_unmap_pcidev_from_ioreq_server(
                          ct.dmod, d, id, 0, 1, 2, 3), "again");
    ct_expect(0, xendevicemodel_map_pcidev_to_ioreq_server(
                     ct.dmod, d, id, 2, 0xff, 31, 7), "map 0002:ff:1f.7");
    ct_expect(EEXIST, range(MAP, id, PCI, 0x2ffff, 0x2ffff), "is 0x2ffff");
    ct_expect(0, dm_op(op_destroy(id, 0)), "destroy");
}

int main(void)
{
    uint64_t before;

    ct_begin();
    before = ct_free_pages();
    target = ct_create(&(struct ct_config){ .vcpus = 3 });
    test_envelope();
    test_life();
    test_enabled_before_pages();
    test_ranges();
    test_range_limit();
    test_pcidev();
    ct_destroy(target);
    ct_no_leak(before, 256, "all of it");
    return ct_end();
}
