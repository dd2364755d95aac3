/* SPDX-License-Identifier: MIT */
/* Sets of grants in /dev/xen/gntdev: what is mapped, for how long, and whose. */
#define _GNU_SOURCE
#include <signal.h>

#include <xen/sys/gntdev.h>

#include "ct-files.h"

#define BYTE 100
#define CLEAR UNMAP_NOTIFY_CLEAR_BYTE
#define EVENT UNMAP_NOTIFY_SEND_EVENT

static uint8_t *map(int fd, uint64_t index, size_t pages, int prot)
{
    return mmap(NULL, pages * CT_PAGE, prot, MAP_SHARED, fd, (off_t)index);
}

static int give_up(int fd, uint64_t index, uint32_t nr)
{
    struct ioctl_gntdev_unmap_grant_ref u = { .index = index, .count = nr };

    return ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &u);
}

/* 0, or -1; the answer's offset and count. */
static int place_of(int fd, void *addr, uint64_t *offset, uint32_t *count)
{
    struct ioctl_gntdev_get_offset_for_vaddr a = { .vaddr = (uintptr_t)addr };
    int rc = ioctl(fd, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &a);

    *offset = a.offset;
    *count = a.count;
    return rc;
}

/* ---- where something is mapped ---- */

static void places(const struct granter *g)
{
    int fd = open_dev("gntdev", O_RDWR), other = open_dev("gntdev", O_RDWR);
    uint64_t skipped = announce(fd, g, 1), index = announce(fd, g, GRANTS);
    uint8_t *p = map(fd, index, GRANTS, CT_RW);
    uint64_t offset = 0;
    uint32_t count = 0;

    ct_ok(skipped == 0 && index == CT_PAGE && p != MAP_FAILED,
          "sets: one behind the other");
    for ( unsigned int at = 0; at < GRANTS * CT_PAGE; at += CT_PAGE / 2 )
        ct_ok(!place_of(fd, p + at, &offset, &count) && offset == index &&
              count == GRANTS, "sets: whose byte %u it is", at);
    ct_ok(!place_of(other, p, &offset, &count) && offset == index,
          "sets: another file is told, too");
    ct_expect(EINVAL, place_of(fd, &offset, &offset, &count),
              "sets: other memory");
    ct_expect(0, give_up(fd, index, GRANTS), "sets: given up");
    ct_ok(!place_of(fd, p, &offset, &count) && offset == index,
          "sets: still mapped");
    ct_equal(announce(fd, g, 1), index, "sets: its place is free");
    munmap(p, GRANTS * CT_PAGE);
    ct_expect(EINVAL, place_of(fd, p, &offset, &count), "sets: unmapped");
    close(fd);
    close(other);
}

/* ---- how often ---- */

static void once(const struct granter *g)
{
    int fd = open_dev("gntdev", O_RDWR);
    uint64_t index = announce(fd, g, 1);
    uint8_t *p = map(fd, index, 1, CT_RW);

    ct_expect(EINVAL, (long)map(fd, index, 1, CT_RW), "sets: mapped twice");
    munmap(p, CT_PAGE);
    ct_expect(EINVAL, (long)map(fd, index, 1, CT_RW),
              "sets: mapped again, when it was unmapped");
    ct_expect(ENOENT, give_up(fd, index, 2), "sets: two given up");
    ct_expect(0, give_up(fd, index, 1), "sets: one given up");
    ct_expect(ENOENT, give_up(fd, index, 1), "sets: once more");
    ct_expect(ENOENT, dev_notify(fd, index, CLEAR, 0), "sets: notify then");
    close(fd);
}

static void failed(const struct granter *g)
{
    struct ioctl_gntdev_map_grant_ref m = {
        .count = 1, .refs = { { g->domid, 500 } },
    };
    int fd = open_dev("gntdev", O_RDWR);

    ct_expect(0, ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, &m),
              "sets: of a grant that is not there");
    for ( int i = 0; i < 2; i++ )
        ct_expect(EINVAL, (long)map(fd, m.index, 1, CT_RW),
                  "sets: which cannot be mapped");
    close(fd);
}

/* A part stays when another one is unmapped, and when the file is closed. */
static void parts(const struct granter *g)
{
    int fd = open_dev("gntdev", O_RDWR);
    uint8_t *p = map(fd, announce(fd, g, GRANTS), GRANTS, CT_RW);

    ct_expect(0, munmap(p + CT_PAGE, CT_PAGE), "sets: the second unmapped");
    ct_equal((uint64_t)touched(p, true), 0, "sets: the first is there");
    ct_equal((uint64_t)touched(p + 2 * CT_PAGE, true), 0,
             "sets: the third is there");
    close(fd);
    ct_equal((uint64_t)touched(p, true), 0, "sets: and when it is closed");
    munmap(p, GRANTS * CT_PAGE);
    for ( unsigned int i = 0; i < GRANTS; i++ )
        ct_ok(ct_eventually(!in_use(g, i)), "sets: grant %u is not in use", i);
}

/* ---- until when ---- */

struct watched {
    int fd;           /* gntdev */
    uint64_t index;
    uint8_t *p;
    struct channel c; /* an event comes to fd[0] */
};

static struct watched watch(const struct granter *g, bool mapped)
{
    struct watched w = { .fd = open_dev("gntdev", O_RDWR),
                         .c = open_channel() };

    w.index = announce(w.fd, g, 1);
    w.p = mapped ? map(w.fd, w.index, 1, CT_RW) : NULL;
    g->page[BYTE] = 0x77;
    unmask_port(w.c.fd[0], w.c.port[0]);
    ct_expect(0, dev_notify(w.fd, w.index + BYTE, CLEAR | EVENT, w.c.port[1]),
              "the set's end: notify");
    return w;
}

/*
 * Nothing was sent: what is sent now is the first event, and there is no second
 * one.
 */
static void nothing_yet(struct watched *w, const char *what)
{
    bool early = polled(w->c.fd[0]) & POLLIN;

    ct_ok(!early, "the set's end: no event %s", what);
}

static void event(struct watched *w, const char *what)
{
    ct_equal(next_event(w->c.fd[0]), w->c.port[0], "the set's end: %s", what);
    unmask_port(w->c.fd[0], w->c.port[0]);
}

static void end_watch(struct watched *w)
{
    nothing_yet(w, "a second time");
    close_channel(&w->c);
}

static void until_given_up(const struct granter *g)
{
    struct watched w = watch(g, true);

    munmap(w.p, CT_PAGE);
    /* In a PVH dom0 grants are unmapped with the set. */
    if ( ct_dom0_is_translated() )
        ct_skip("the byte, when unmapped", "hosted-pv-kernel: it is later");
    else
        ct_equal(g->page[BYTE], 0, "the set's end: the byte, when unmapped");
    nothing_yet(&w, "when it is unmapped");
    ct_expect(0, give_up(w.fd, w.index, 1), "the set's end: given up");
    event(&w, "an event when it is given up");
    ct_ok(ct_eventually(!g->page[BYTE]), "the set's end: the byte then");
    close(w.fd);
    end_watch(&w);
}

static void until_unmapped(const struct granter *g)
{
    struct watched w = watch(g, true);

    ct_expect(0, give_up(w.fd, w.index, 1), "the set's end: given up first");
    nothing_yet(&w, "when it is given up");
    close(w.fd);
    nothing_yet(&w, "when the file is closed");
    munmap(w.p, CT_PAGE);
    event(&w, "an event when it is unmapped");
    ct_ok(ct_eventually(!g->page[BYTE]), "the set's end: the byte then");
    end_watch(&w);
}

static void until_closed(const struct granter *g)
{
    struct watched w = watch(g, true);

    munmap(w.p, CT_PAGE);
    nothing_yet(&w, "when it is unmapped");
    close(w.fd);
    event(&w, "an event when the file is closed");
    end_watch(&w);
}

/* What nobody mapped has no byte to clear. */
static void never_mapped(const struct granter *g)
{
    struct watched w = watch(g, false);

    close(w.fd);
    event(&w, "an event, though nothing was mapped");
    ct_equal(g->page[BYTE], 0x77, "the set's end: and no byte cleared");
    end_watch(&w);
}

void test_sets(void)
{
    struct granter g = make_granter();

    places(&g);
    once(&g);
    failed(&g);
    parts(&g);
    until_given_up(&g);
    until_unmapped(&g);
    until_closed(&g);
    never_mapped(&g);
    end_granter(&g);
}
