/* SPDX-License-Identifier: MIT */
/*
 * The files by which programs and xenstored meet in dom0: /dev/xen/xenbus,
 * xenbus_backend, /proc/xen/xsd_port and xsd_kva.  By system calls, beside a
 * xenstored that runs.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "ct-files.h"

#define MAX 4096

enum { DIRECTORY = 1, READ = 2, WATCH = 4, UNWATCH = 5, START = 6, END = 7,
       WRITE = 11, RM = 13, WATCH_EVENT = 15, ERROR = 16 };

struct message {
    uint32_t type, id, tx, len;
    char body[MAX];
};

#define HEAD offsetof(struct message, body)
#define NODE "/local/domain/0/data"

static struct message make(uint32_t type, uint32_t tx, const void *body,
                           size_t len)
{
    static uint32_t id = 7000;
    struct message m = { .type = type, .id = ++id, .tx = tx,
                         .len = (uint32_t)len };

    memcpy(m.body, body, len);
    return m;
}

static bool put(int fd, const struct message *m)
{
    return write(fd, m, HEAD + m->len) == (ssize_t)(HEAD + m->len);
}

static void get_all(int fd, void *to, size_t len)
{
    for ( size_t done = 0; done < len; )
    {
        ssize_t nr = read(fd, (char *)to + done, len - done);

        if ( nr <= 0 )
            ct_bail("xenbus: read: %s", strerror(errno));
        done += (size_t)nr;
    }
}

static struct message get(int fd)
{
    struct message m = { 0 };

    get_all(fd, &m, HEAD);
    if ( m.len > MAX )
        ct_bail("xenbus: an answer of %u bytes", m.len);
    get_all(fd, m.body, m.len);
    return m;
}

static unsigned int nr_events;

/* The answer; Linux may put an event of a new watch before it. */
static struct message ask(int fd, uint32_t type, uint32_t tx, const void *body,
                          size_t len)
{
    struct message m = make(type, tx, body, len);

    if ( !put(fd, &m) )
        ct_bail("xenbus: write: %s", strerror(errno));
    while ( (m = get(fd)).type == WATCH_EVENT )
        nr_events++;
    return m;
}

static bool is(const struct message *m, uint32_t type, const char *text)
{
    return m->type == type && m->len == strlen(text) + 1 &&
           !strcmp(m->body, text);
}

#define TEXT(s) s, sizeof(s)

/* ---- messages ---- */

static void messages(int fd)
{
    struct message m = make(READ, 0, TEXT("/local/domain/0/domid")), r;
    struct iovec part[2] = { { &m, HEAD }, { m.body, m.len } };

    ct_ok(put(fd, &m), "xenbus: a request");
    r = get(fd);
    ct_ok(r.type == READ && r.id == m.id && !r.tx && r.len == 1 &&
          r.body[0] == '0', "its answer has the request's id");

    m.id++;
    ct_ok(write(fd, &m, 5) == 5 && write(fd, (char *)&m + 5, HEAD) == HEAD &&
          write(fd, (char *)&m + 5 + HEAD, m.len - 5) == m.len - 5,
          "a request in three parts");
    r = get(fd);
    ct_ok(r.type == READ && r.id == m.id, "is answered once");
    m.id++;
    ct_ok(writev(fd, part, 2) == (ssize_t)(HEAD + m.len), "by writev");
    r = get(fd);
    ct_ok(r.type == READ && r.id == m.id, "the same");

    m.id++;
    put(fd, &m);
    ct_ok(read(fd, &r, 3) == 3 && (get_all(fd, (char *)&r + 3, HEAD - 3), 1) &&
          r.id == m.id, "an answer is read in parts");
    get_all(fd, r.body, r.len);

    r = ask(fd, READ, 0, TEXT("/no/such/node"));
    ct_ok(is(&r, ERROR, "ENOENT"), "an error of xenstored's");
    r = ask(fd, 77, 0, TEXT("what"));
    ct_ok(r.type == ERROR, "a type that xenstored does not know");
}

static void limits(int fd)
{
    static char large[MAX + 1];
    struct message m = make(READ, 0, TEXT("/"));
    struct message r;

    ct_expect(0, write(fd, large, 0), "xenbus: write of nothing");
    ct_expect(EINVAL, write(fd, large, sizeof(large)), "more than fits");
    m.len = MAX - HEAD + 1;
    ct_expect(E2BIG, write(fd, &m, HEAD), "a request that would not fit");
    m = make(READ, 0, TEXT("/tool"));
    ct_ok(put(fd, &m), "what was written before is dropped");
    r = get(fd);
    ct_ok(r.id == m.id, "and the next request answered");
    ct_expect(EFAULT, syscall(SYS_write, fd, 8L, 20L),
              "write from nowhere, by syscall()");
    /* A path, since Debian's xenstored aborts when it reads an empty one. */
    memset(large, 'x', MAX - HEAD - 1);
    large[0] = '/';
    m = make(READ, 0, large, MAX - HEAD);
    ct_ok(put(fd, &m), "a request as long as it may be");
    r = get(fd);
    ct_ok(r.id == m.id && r.type == ERROR, "is answered");
}

static long map(int fd, size_t len, off_t offset)
{
    return mmap(NULL, len, PROT_READ, MAP_SHARED, fd, offset) == MAP_FAILED
               ? -1 : 0;
}

static void as_file(int fd)
{
    int quick = open_dev("xenbus", O_RDWR | O_NONBLOCK), ro, wo;
    struct message m = make(READ, 0, TEXT("/tool"));
    char c;

    ct_equal(polled(fd), 0, "xenbus: poll with nothing to read");
    ct_expect(EAGAIN, read(quick, &c, 1), "read without waiting");
    put(quick, &m);
    ct_ok(ct_eventually(polled(quick) == POLLIN), "poll with an answer");
    ct_equal(polled(fd), 0, "which is not another file's");
    get(quick);
    ct_expect(ESPIPE, lseek(fd, 0, SEEK_SET), "lseek");
    ct_expect(ESPIPE, pread(fd, &c, 1, 0), "pread");
    ct_expect(ESPIPE, pwrite(fd, &c, 1, 0), "pwrite");
    ct_expect(ENOTTY, ioctl(fd, 0x4200, 0), "ioctl");
    ct_expect(ENODEV, map(fd, CT_PAGE, 0), "mmap");
    close(quick);
    ro = open_dev("xenbus", O_RDONLY);
    wo = open_dev("xenbus", O_WRONLY);
    ct_expect(EBADF, write(ro, &m, HEAD), "write when open for reading");
    ct_expect(EBADF, read(wo, &c, 1), "read when open for writing");
    close(ro);
    close(wo);
    wo = open("/proc/xen/xenbus", O_RDWR);
    ct_ok(wo >= 0 && put(wo, &m) && get(wo).id == m.id, "/proc/xen/xenbus");
    close(wo);
}

/* ---- transactions ---- */

static void transactions(int fd)
{
    struct message r = ask(fd, START, 0, TEXT(""));
    uint32_t tx = (uint32_t)atoi(r.body);
    int other;

    ct_ok(r.type == START && tx, "a transaction");
    r = ask(fd, WRITE, tx, NODE "/ct\0one", sizeof(NODE "/ct\0one") - 1);
    ct_ok(is(&r, WRITE, "OK") && r.tx == tx, "a write in it");
    r = ask(fd, READ, 0, TEXT(NODE "/ct"));
    ct_ok(is(&r, ERROR, "ENOENT"), "not seen outside of it");
    r = ask(fd, END, tx, TEXT("X"));
    ct_ok(is(&r, ERROR, "EINVAL"), "it ends with T or F only");
    r = ask(fd, END, tx, TEXT("T"));
    ct_ok(is(&r, END, "OK"), "its end");
    r = ask(fd, READ, 0, TEXT(NODE "/ct"));
    ct_ok(r.type == READ && r.len == 3, "then the write is seen");
    r = ask(fd, READ, tx, TEXT(NODE "/ct"));
    ct_ok(is(&r, ERROR, "ENOENT") && r.tx == tx, "it is no transaction now");
    other = open_dev("xenbus", O_RDWR);
    r = ask(other, START, 0, TEXT(""));
    tx = (uint32_t)atoi(r.body);
    r = ask(fd, READ, tx, TEXT(NODE "/ct"));
    ct_ok(is(&r, ERROR, "ENOENT"), "another file's is none");
    close(other);
    r = ask(fd, RM, 0, TEXT(NODE "/ct"));
    ct_ok(is(&r, RM, "OK"), "the node is removed");
}

/* xenstored allows a client few transactions at once: they end with the file. */
static void left_transactions(void)
{
    bool good = true;

    for ( int i = 0; i < 30; i++ )
    {
        int fd = open_dev("xenbus", O_RDWR);
        struct message r = ask(fd, START, 0, TEXT(""));

        good = good && r.type == START;
        close(fd);
    }
    ct_ok(good, "transactions end with the file");
}

/* ---- watches ---- */

static void watches(int fd)
{
    static const char watch[] = NODE "/w\0token", bad[] = "//\0token";
    struct message m = make(WATCH, 0, watch, sizeof(watch)), r;

    ct_ok(put(fd, &m), "a watch");
    for ( int i = 0; i < 2; i++ )
    {
        r = get(fd);
        ct_ok(r.id == m.id ? is(&r, WATCH, "OK")
                           : r.type == WATCH_EVENT && r.len == sizeof(watch) &&
                             !memcmp(r.body, watch, r.len),
              "its answer, and it fires at once: %d of 2", i + 1);
    }
    m = make(WRITE, 0, NODE "/w/x\0y", sizeof(NODE "/w/x\0y") - 1);
    put(fd, &m);
    for ( int i = 0; i < 2; i++ )
    {
        r = get(fd);
        ct_ok(r.id == m.id ? is(&r, WRITE, "OK")
                           : r.type == WATCH_EVENT &&
                             !strcmp(r.body, NODE "/w/x") &&
                             !strcmp(r.body + strlen(r.body) + 1, "token"),
              "a write below it: answer and event, %d of 2", i + 1);
    }
    nr_events = 0;
    r = ask(fd, UNWATCH, 0, watch, sizeof(watch));
    ct_ok(is(&r, UNWATCH, "OK"), "unwatch");
    r = ask(fd, UNWATCH, 0, watch, sizeof(watch));
    ct_ok(is(&r, UNWATCH, "OK"), "once more");
    r = ask(fd, RM, 0, TEXT(NODE "/w"));
    ct_ok(is(&r, RM, "OK") && !nr_events, "no event comes any more");

    r = ask(fd, WATCH, 0, "no token", 8);
    ct_ok(is(&r, ERROR, "EINVAL"), "a watch without an end");
    r = ask(fd, WATCH, 0, TEXT("no token"));
    ct_ok(is(&r, ERROR, "EINVAL"), "a watch without a token");
    m = make(WATCH, 0, bad, sizeof(bad));
    ct_expect(EINVAL, write(fd, &m, HEAD + m.len), "a watch of no path");
    r = ask(fd, READ, 0, TEXT("/tool"));
    ct_ok(r.type == READ, "it is forgotten");
}

/* Watches of a file that is closed fire for nobody; others' go on. */
static void left_watches(int fd)
{
    static const char watch[] = NODE "/w\0token";
    int other = open_dev("xenbus", O_RDWR);
    struct message r = ask(other, WATCH, 0, watch, sizeof(watch));

    ct_ok(is(&r, WATCH, "OK"), "the watch of another file");
    close(other);
    nr_events = 0;
    r = ask(fd, WRITE, 0, NODE "/w\0y", sizeof(NODE "/w\0y") - 1);
    ct_ok(is(&r, WRITE, "OK") && !nr_events, "no event comes for it");
    ask(fd, RM, 0, TEXT(NODE "/w"));
}

/* More than a pipe has room for, which nobody reads meanwhile. */
static void many(int fd)
{
    struct message m = make(DIRECTORY, 0, TEXT("/"));
    uint32_t first = m.id;
    bool good = true;
    enum { MANY = 4000 };

    for ( uint32_t i = 0; i < MANY; i++, m.id++ )
        good = good && put(fd, &m);
    ct_ok(good, "%d requests without reading", MANY);
    for ( uint32_t i = 0; i < MANY; i++ )
        good = get(fd).id == first + i && good;
    ct_ok(good, "are answered in their order");
}

static int child(void *arg)
{
    int fd = *(int *)arg;
    struct message m = make(READ, 0, TEXT("/tool"));

    return !put(fd, &m) || get(fd).id != m.id;
}

static void sharing(int fd)
{
    int copy = dup(fd);
    struct message m = make(READ, 0, TEXT("/tool"));

    ct_ok(put(copy, &m) && get(fd).id == m.id, "a copy of the descriptor");
    close(copy);
    ct_equal(in_process(child, &fd), 0, "a child uses it");
}

/* ---- xenstored's side ---- */

static unsigned int number_in(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, text, sizeof(text) - 1);

    close(fd);
    return len > 0 ? (unsigned int)strtoul(text, NULL, 10) : 0;
}

static void maps(const char *name, int fd)
{
    const char *page;

    ct_expect(EINVAL, map(fd, 2 * CT_PAGE, 0), "%s: two pages", name);
    ct_expect(EINVAL, map(fd, CT_PAGE, CT_PAGE), "%s: the second page", name);
    page = mmap(NULL, CT_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ct_ok(page != MAP_FAILED, "%s: the ring", name);
    if ( page == MAP_FAILED )
        return;
    /* Indices that are equal: no message is on its way. */
    ct_ok(!memcmp(page + 2048, page + 2052, 4) &&
          !memcmp(page + 2056, page + 2060, 4), "%s: nothing in it", name);
    munmap((void *)(uintptr_t)page, CT_PAGE);
}

static void backend(void)
{
    int fd = open_dev("xenbus_backend", O_RDWR), kva, port;
    char text[32] = "";

    ct_equal((unsigned int)ioctl(fd, 0x4200, 0),
             number_in("/proc/xen/xsd_port"), "xenbus_backend: the port");
    ct_expect(ENOTTY, ioctl(fd, 0x4202, 0), "no such ioctl");
    ct_expect(EINVAL, read(fd, text, 1), "read");
    ct_expect(EINVAL, write(fd, text, 1), "write");
    maps("xenbus_backend", fd);
    close(fd);
    kva = open("/proc/xen/xsd_kva", O_RDWR);
    ct_ok(read(kva, text, sizeof(text) - 1) > 2 && !memcmp(text, "0x", 2),
          "xsd_kva: read");
    ct_expect(0, read(kva, text, 1), "xsd_kva: to its end");
    ct_expect(EINVAL, write(kva, text, 1), "xsd_kva: write");
    maps("xsd_kva", kva);
    close(kva);
    port = open("/proc/xen/xsd_port", O_RDWR);
    ct_ok(port >= 0 && read(port, text, 1) == 1, "xsd_port: read");
    ct_expect(hosted_differs("lseek in a text of the kernel's") ? 0 : ESPIPE,
              lseek(port, 0, SEEK_SET), "xsd_port: lseek");
    ct_expect(hosted_differs("a text of the kernel's is open for reading")
                  ? EBADF : EINVAL, write(port, text, 1), "xsd_port: write");
    close(port);
}

int main(void)
{
    int fd;

    ct_begin();
    fd = open_dev("xenbus", O_RDWR);
    messages(fd);
    limits(fd);
    as_file(fd);
    transactions(fd);
    left_transactions();
    watches(fd);
    left_watches(fd);
    many(fd);
    sharing(fd);
    backend();
    close(fd);
    return ct_end();
}
