/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/gntdev and gntalloc: ioctls with bad arguments, and the effects of
 * unmapping, of closing and of the death of a process with mappings.
 */
#define _GNU_SOURCE
#include <signal.h>

#include <xen/grant_table.h>
#include <xen/sys/gntalloc.h>
#include <xen/sys/gntdev.h>

#include "ct-files.h"

#define BAD ((void *)0x10000)
#define REF 9
#define BYTE 100
#define GFN 3

struct granter make_granter(void)
{
    struct granter g = {
        .domid = ct_create(&(struct ct_config){ .pages = 8 }),
    };
    grant_entry_v1_t *e;

    if ( ct_map_resource(&g.table, g.domid, XENMEM_resource_grant_table, 0, 0,
                         1) ||
         !(g.page = ct_map_foreign(g.domid, GFN, 1)) )
        ct_bail("no page to grant: %s", strerror(errno));
    e = (grant_entry_v1_t *)g.table.addr + REF;
    for ( unsigned int i = 0; i < GRANTS; i++ )
    {
        e[i] = (grant_entry_v1_t){ 0, 0, GFN + i };
        __atomic_store_n(&e[i].flags, GTF_permit_access, __ATOMIC_RELEASE);
    }
    return g;
}

bool in_use(const struct granter *g, unsigned int nr)
{
    const grant_entry_v1_t *e = g->table.addr;

    return __atomic_load_n(&e[REF + nr].flags, __ATOMIC_ACQUIRE) &
           (GTF_reading | GTF_writing);
}

void end_granter(struct granter *g)
{
    xenforeignmemory_unmap(ct.fmem, g->page, 1);
    ct_unmap_resource(&g->table);
    ct_destroy(g->domid);
}

uint64_t announce(int fd, const struct granter *g, uint32_t nr)
{
    union {
        struct ioctl_gntdev_map_grant_ref m;
        uint64_t room[2 + GRANTS];
    } u = { .m.count = nr };

    for ( uint32_t i = 0; i < nr; i++ )
        u.m.refs[i] = (struct ioctl_gntdev_grant_ref){ g->domid, REF + i };
    return ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, &u) ? UINT64_MAX : u.m.index;
}

int dev_notify(int fd, uint64_t index, uint32_t action, uint32_t port)
{
    struct ioctl_gntdev_unmap_notify n = { index, action, port };

    return ioctl(fd, IOCTL_GNTDEV_SET_UNMAP_NOTIFY, &n);
}

static void gntdev_ioctls(const struct granter *g)
{
    int fd = open_dev("gntdev", O_RDWR);
    struct ioctl_gntdev_unmap_grant_ref u = { .index = 0, .count = 1 };
    uint64_t index;
    uint8_t *p;

    for ( unsigned int i = 0; i < 3; i++ )
        ct_expect(EFAULT, ioctl(fd, _IOC(_IOC_NONE, 'G', i,
                                         i == 0 || i == 2 ? 24 : 16), BAD),
                  "gntdev: ioctl %u with its argument nowhere", i);
    ct_expect(ENOTTY, ioctl(fd, _IOC(_IOC_NONE, 'G', 99, 8), BAD),
              "gntdev: ioctl 99");
    ct_expect(ENOTTY, ioctl(fd, _IOC(_IOC_NONE, 'G', 0, 8), BAD),
              "gntdev: ioctl 0 of another size");
    ct_expect(ENOENT, ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &u),
              "gntdev: unmap what was never there");
    ct_expect(EINVAL, (long)mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED, fd, 0),
              "gntdev: mmap of nothing announced");
    index = announce(fd, g, 1);
    ct_ok(index != UINT64_MAX, "gntdev: announce");
    ct_expect(EINVAL, (long)mmap(NULL, 2 * CT_PAGE, CT_RW, MAP_SHARED, fd,
                                 (off_t)index), "gntdev: mmap of too much");
    ct_expect(EINVAL, (long)mmap(NULL, CT_PAGE, CT_RW, MAP_PRIVATE, fd,
                                 (off_t)index), "gntdev: private mmap");
    ct_expect(EINVAL, dev_notify(fd, index, 4, 0),
              "gntdev: notify of an unknown kind");
    ct_expect(ENOENT, dev_notify(fd, index + CT_PAGE, 1, 0),
              "gntdev: notify beyond the page");
    ct_expect(EINVAL, dev_notify(fd, index, 2, 4000),
              "gntdev: notify by a port that is not there");
    ct_expect(EINVAL, dev_notify(fd, index, 2, 1U << 31),
              "gntdev: notify by a number above all ports");
    p = mmap(NULL, CT_PAGE, PROT_READ, MAP_SHARED, fd, (off_t)index);
    ct_ok(p != MAP_FAILED, "gntdev: mapped to read");
    ct_expect(EINVAL, dev_notify(fd, index, 1, 0),
              "gntdev: a byte to clear in what is mapped to read");
    ct_ok(in_use(g, 0), "gntdev: the entry is in use");
    munmap(p, CT_PAGE);
    close(fd); /* a PVH dom0 has it mapped until then */
    ct_ok(ct_eventually(!in_use(g, 0)), "gntdev: and then not any more");
}

/* Of none Linux allocates none, and frees none but with an error. */
static void no_pages(int fd, uint64_t index)
{
    struct ioctl_gntalloc_alloc_gref a = { .flags = GNTALLOC_FLAG_WRITABLE };
    struct ioctl_gntalloc_dealloc_gref d = { index, 0 };

    ct_expect(0, ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &a),
              "gntalloc: allocate no page");
    ct_equal(a.index, index + CT_PAGE, "gntalloc: its place");
    ct_expect(EINVAL, ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, &d),
              "gntalloc: free no page, of those there");
    d.index = index + 100 * CT_PAGE;
    ct_expect(EINVAL, ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, &d),
              "gntalloc: free no page, of none");
}

static void alloc_ioctls(void)
{
    int fd = open_dev("gntalloc", O_RDWR);
    struct ioctl_gntalloc_alloc_gref a = {
        .domid = 0, .flags = GNTALLOC_FLAG_WRITABLE, .count = 1,
    };
    struct ioctl_gntalloc_dealloc_gref d = { 0, 1 };
    struct ioctl_gntalloc_unmap_notify n = { 0, 2, 4000 };
    uint8_t *p;

    ct_expect(EFAULT, ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, BAD),
              "gntalloc: allocate with its argument nowhere");
    ct_expect(EFAULT, ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, BAD),
              "gntalloc: free with its argument nowhere");
    ct_expect(ENOTTY, ioctl(fd, _IOC(_IOC_NONE, 'G', 99, 8), BAD),
              "gntalloc: ioctl 99");
    ct_expect(EINVAL, ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, &d),
              "gntalloc: free what was never there");
    ct_expect(ENOENT, ioctl(fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &n),
              "gntalloc: notify of nothing");
    ct_expect(0, ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &a),
              "gntalloc: allocate");
    no_pages(fd, a.index);
    n.index = a.index;
    ct_expect(EINVAL, ioctl(fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &n),
              "gntalloc: notify by a port that is not there");
    n.event_channel_port = 1U << 31;
    ct_expect(EINVAL, ioctl(fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &n),
              "gntalloc: notify by a number above all ports");
    n.action = 4;
    ct_expect(EINVAL, ioctl(fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &n),
              "gntalloc: notify of an unknown kind");
    ct_expect(EINVAL, (long)mmap(NULL, CT_PAGE, CT_RW, MAP_PRIVATE, fd,
                                 (off_t)a.index), "gntalloc: private mmap");
    ct_expect(ENOENT, (long)mmap(NULL, 2 * CT_PAGE, CT_RW, MAP_SHARED, fd,
                                 (off_t)a.index), "gntalloc: too much");
    p = mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED, fd, (off_t)a.index);
    ct_ok(p != MAP_FAILED && (p[5] = 7), "gntalloc: mapped");
    d.index = a.index;
    ct_expect(0, ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, &d),
              "gntalloc: free");
    ct_equal(p[5], 7, "gntalloc: still mapped");
    munmap(p, CT_PAGE);
    close(fd);
}

void test_grants(void)
{
    struct granter g = make_granter();

    gntdev_ioctls(&g);
    alloc_ioctls();
    end_granter(&g);
}

/* ---- notify on unmap ---- */

enum way { UNMAPS, EXITS, IS_KILLED, CLOSES_PORT_FIRST, NR_WAYS };
static const char *const ways[NR_WAYS] = { "unmaps", "exits", "is killed",
                                           "closes the port first" };

struct mapper {
    const struct granter *g; /* NULL: gntalloc */
    unsigned int port;       /* to be bound to */
    enum way way;
    int ready, go;           /* pipes */
};

static uint8_t *map_with_notify(const struct mapper *m, unsigned int port)
{
    struct ioctl_gntalloc_alloc_gref a = { 0, GNTALLOC_FLAG_WRITABLE, 1, 0,
                                           { 0 } };
    int fd = open_dev(m->g ? "gntdev" : "gntalloc", O_RDWR);
    uint64_t index;
    uint8_t *p;

    if ( m->g )
        index = announce(fd, m->g, 1);
    else
        index = ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &a) ? ~0UL : a.index;
    p = mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED, fd, (off_t)index);
    if ( p == MAP_FAILED )
        return NULL;
    if ( m->g )
        return dev_notify(fd, index + BYTE, 3, port) ? NULL : p;
    return ioctl(fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY,
                 &(struct ioctl_gntalloc_unmap_notify){ index + BYTE, 3, port })
               ? NULL : p;
}

/* Opened first is closed first, when a process dies. */
static int mapper(void *arg)
{
    struct mapper *m = arg;
    int fd = open_dev("evtchn", O_RDWR), port = bind_to(fd, m->port);
    uint8_t *p = port > 0 ? map_with_notify(m, (unsigned int)port) : NULL;
    char c = p ? 'y' : 'n';

    if ( write(m->ready, &c, 1) != 1 || read(m->go, &c, 1) != 1 )
        return 3;
    if ( m->way == IS_KILLED )
        raise(SIGKILL);
    if ( m->way == CLOSES_PORT_FIRST )
        close(fd);
    if ( m->way != EXITS )
        munmap(p, CT_PAGE);
    return 0;
}

static void one_way(int fd, const struct granter *g, enum way way)
{
    const char *what = g ? "gntdev" : "gntalloc";
    int ready[2], go[2], port = bind_unbound(fd);
    struct mapper m = { g, (unsigned int)port, way, 0, 0 };
    pid_t pid;
    char c = 0;

    if ( port <= 0 || pipe(ready) || pipe(go) )
        ct_bail("nothing to notify by: %s", strerror(errno));
    m.ready = ready[1];
    m.go = go[0];
    if ( g )
        g->page[BYTE] = g->page[BYTE + 1] = 0x77;
    pid = fork();
    if ( pid == 0 )
        _exit(mapper(&m));
    ct_ok(read(ready[0], &c, 1) == 1 && c == 'y', "%s, who %s: mapped", what,
          ways[way]);
    /* A new port may fire once by itself. */
    while ( poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 0) == 1 )
        unmask_port(fd, next_event(fd));
    if ( g )
        ct_equal(g->page[BYTE], 0x77, "%s, who %s: the byte is there", what,
                 ways[way]);
    c = write(go[1], &c, 1) == 1;
    waitpid(pid, NULL, 0);
    ct_equal(next_event(fd), (unsigned int)port, "%s, who %s: an event", what,
             ways[way]);
    if ( g )
        ct_ok(g->page[BYTE] == 0 && g->page[BYTE + 1] == 0x77,
              "%s, who %s: the byte is cleared", what, ways[way]);
    if ( g )
        ct_ok(ct_eventually(!in_use(g, 0)), "%s, who %s: not in use", what,
              ways[way]);
    for ( int i = 0; i < 2; i++ )
    {
        close(ready[i]);
        close(go[i]);
    }
}

void test_notify(void)
{
    struct granter g = make_granter();

    for ( int i = 0; i < 2; i++ )
        for ( enum way way = 0; way < NR_WAYS; way++ )
        {
            int fd = open_dev("evtchn", O_RDWR);

            one_way(fd, i ? NULL : &g, way);
            close(fd);
        }
    end_granter(&g);
}
