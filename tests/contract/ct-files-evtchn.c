/* SPDX-License-Identifier: MIT */
/* /dev/xen/evtchn: reading and writing of any size, poll, ioctls, VIRQs. */
#define _GNU_SOURCE
#include <sys/stat.h>

#include <xen/sys/evtchn.h>

#include "ct-files.h"

#define BAD ((void *)0x10000)

int bind_unbound(int fd)
{
    struct ioctl_evtchn_bind_unbound_port a = { .remote_domain = 0 };

    return ioctl(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &a);
}

int bind_to(int fd, unsigned int remote_port)
{
    struct ioctl_evtchn_bind_interdomain a = { 0, remote_port };

    return ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &a);
}

int notify_port(int fd, unsigned int port)
{
    struct ioctl_evtchn_notify a = { port };

    return ioctl(fd, IOCTL_EVTCHN_NOTIFY, &a);
}

static int unbind_port(int fd, unsigned int port)
{
    struct ioctl_evtchn_unbind a = { port };

    return ioctl(fd, IOCTL_EVTCHN_UNBIND, &a);
}

int unmask_port(int fd, unsigned int port)
{
    return write(fd, &port, sizeof(port)) == sizeof(port) ? 0 : -1;
}

/* A port that is bound fires once by itself on some kernels: send, read it. */
static void settle(int to, unsigned int port, int from, unsigned int by)
{
    notify_port(from, by);
    if ( next_event(to) != port )
        ct_bail("no event on a new channel");
}

struct channel open_channel(void)
{
    struct channel c = { .fd = { open_dev("evtchn", O_RDWR),
                                 open_dev("evtchn", O_RDWR) } };
    int port = bind_unbound(c.fd[0]), other = bind_to(c.fd[1],
                                                      (unsigned int)port);

    if ( port <= 0 || other <= 0 )
        ct_bail("no channel: %s", strerror(errno));
    c.port[0] = (unsigned int)port;
    c.port[1] = (unsigned int)other;
    settle(c.fd[0], c.port[0], c.fd[1], c.port[1]);
    settle(c.fd[1], c.port[1], c.fd[0], c.port[0]);
    return c;
}

void close_channel(struct channel *c)
{
    close(c->fd[0]);
    close(c->fd[1]);
}

static void reading(struct channel *c)
{
    unsigned int v[4] = { 0 };

    fcntl(c->fd[0], F_SETFL, O_NONBLOCK);
    ct_expect(EAGAIN, read(c->fd[0], v, 4), "evtchn: nothing to read");
    ct_equal((uint64_t)read(c->fd[0], v, 0), 0, "evtchn: read of 0 bytes");
    ct_equal((uint64_t)read(c->fd[0], v, 3), 0, "evtchn: read of 3 bytes");
    ct_expect(ESPIPE, pread(c->fd[0], v, 4, 0), "evtchn: pread");
    ct_expect(ESPIPE, lseek(c->fd[0], 0, SEEK_SET), "evtchn: lseek");
    if ( !hosted_differs("hosted-evtchn-poll") )
        ct_equal((uint64_t)polled(c->fd[0]), POLLOUT,
                 "evtchn: poll without an event");
    unmask_port(c->fd[0], c->port[0]);
    notify_port(c->fd[1], c->port[1]);
    ct_ok(poll(&(struct pollfd){ c->fd[0], POLLIN, 0 }, 1, -1) == 1,
          "evtchn: poll for an event");
    if ( !hosted_differs("hosted-evtchn-poll") )
        ct_equal((uint64_t)polled(c->fd[0]), POLLIN | POLLOUT,
                 "evtchn: poll with an event");
    ct_equal((uint64_t)read(c->fd[0], v, 3), 0,
             "evtchn: read of 3 bytes of an event");
    ct_expect(EFAULT, read(c->fd[0], BAD, 4), "evtchn: read to nowhere");
    ct_equal((uint64_t)read(c->fd[0], v, 7), 4,
             "evtchn: read of 7 bytes: a port");
    ct_equal(v[0], c->port[0], "evtchn: which is the right one");
}

static void several(struct channel *c)
{
    unsigned int v[4] = { 0 };
    int more = bind_unbound(c->fd[0]);
    int back = bind_to(c->fd[1], (unsigned int)more);

    ct_ok(more > 0 && back > 0, "evtchn: a second port in the file");
    settle(c->fd[0], (unsigned int)more, c->fd[1], (unsigned int)back);
    v[0] = (unsigned int)more;
    v[1] = c->port[0];
    v[2] = 123456;
    v[3] = 0x7fffffff;
    ct_equal((uint64_t)write(c->fd[0], v, 16), 16,
             "evtchn: write of ports, some of them nobody's");
    notify_port(c->fd[1], c->port[1]);
    ct_ok(poll(&(struct pollfd){ c->fd[0], POLLIN, 0 }, 1, -1) == 1,
          "evtchn: the first event");
    notify_port(c->fd[1], (unsigned int)back);
    ct_equal(next_event(c->fd[0]), c->port[0], "evtchn: events in order");
    ct_equal(next_event(c->fd[0]), (unsigned int)more, "evtchn: the second");
    ct_equal((uint64_t)write(c->fd[0], v, 3), 0, "evtchn: write of 3 bytes");
    ct_equal((uint64_t)write(c->fd[0], v, 0), 0, "evtchn: write of 0 bytes");
    ct_expect(EFAULT, write(c->fd[0], BAD, 4), "evtchn: write from nowhere");
    ct_expect(0, unbind_port(c->fd[0], (unsigned int)more), "evtchn: unbind");
    ct_expect(0, unbind_port(c->fd[1], (unsigned int)back),
              "evtchn: unbind the other");
}

static void ioctls(struct channel *c)
{
    static const unsigned int bad[] = { 0, 1, 2, 3, 4, 6 };
    unsigned long size[] = { 4, 8, 4, 4, 4, 2 };
    char buf[64] = { 0 };

    for ( size_t i = 0; i < CT_NR(bad); i++ )
        ct_expect(EFAULT, ioctl(c->fd[0], _IOC(_IOC_NONE, 'E', bad[i],
                                               size[i]), BAD),
                  "evtchn: ioctl %u with its argument nowhere", bad[i]);
    for ( size_t i = 0; i < CT_NR(bad); i++ )
        ct_expect(ENOSYS, ioctl(c->fd[0], _IOC(_IOC_NONE, 'E', bad[i],
                                               size[i] + 4), buf),
                  "evtchn: ioctl %u of another size", bad[i]);
    ct_expect(ENOSYS, ioctl(c->fd[0], _IOC(_IOC_NONE, 'E', 7, 4), buf),
              "evtchn: ioctl 7");
    ct_expect(ENOSYS, ioctl(c->fd[0], _IOC(_IOC_READ, 'E', 4, 4), buf),
              "evtchn: ioctl 4 to be read");
    ct_expect(ENOSYS, ioctl(c->fd[0], _IOC(_IOC_NONE, 'P', 0, 48), buf),
              "evtchn: an ioctl of privcmd");
    ct_expect(EINVAL, unbind_port(c->fd[0], 1U << 31), "evtchn: unbind a "
              "number above all ports");
    ct_expect(ENOTCONN, notify_port(c->fd[0], 1U << 31), "evtchn: notify it");
    ct_expect(EINVAL, bind_to(c->fd[0], 1U << 31), "evtchn: bind to it");
    ct_expect(ENODEV, mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED,
                                      c->fd[0], 0), "evtchn: mmap");
    ct_expect(0, ioctl(c->fd[0], IOCTL_EVTCHN_RESET, 0), "evtchn: reset");
}

/* An event that was there when the file was reset is not read any more. */
static void resetting(struct channel *c)
{
    unsigned int port;

    unmask_port(c->fd[0], c->port[0]);
    notify_port(c->fd[1], c->port[1]);
    ct_ok(poll(&(struct pollfd){ c->fd[0], POLLIN, 0 }, 1, -1) == 1,
          "evtchn: an event before a reset");
    ct_expect(0, ioctl(c->fd[0], IOCTL_EVTCHN_RESET, 0), "evtchn: reset then");
    ct_expect(EAGAIN, read(c->fd[0], &port, 4), "evtchn: nothing is left");
}

static void restricting(void)
{
    int fd = open_dev("evtchn", O_RDWR);
    struct ioctl_evtchn_restrict_domid a = { .domid = 1 };

    ct_expect(0, ioctl(fd, IOCTL_EVTCHN_RESTRICT_DOMID, &a),
              "evtchn: restrict");
    ct_expect(EACCES, ioctl(fd, IOCTL_EVTCHN_RESTRICT_DOMID, &a),
              "evtchn: restrict again");
    ct_expect(EACCES, bind_unbound(fd), "evtchn: bind then");
    ct_expect(EACCES, bind_to(fd, 1), "evtchn: bind to another domain then");
    close(fd);
}

void test_evtchn(void)
{
    struct channel c = open_channel();

    reading(&c);
    several(&c);
    ioctls(&c);
    resetting(&c);
    close_channel(&c);
    restricting();
}

static int bind_virq(int fd, unsigned int virq)
{
    struct ioctl_evtchn_bind_virq a = { virq };

    return ioctl(fd, IOCTL_EVTCHN_BIND_VIRQ, &a);
}

/* Until the port has fired while `condition` is true. */
#define fires_when(fd, port, condition)                                       \
    ({                                                                        \
        bool yes_ = false;                                                    \
        while ( !yes_ && next_event(fd) == (unsigned int)(port) )             \
            if ( unmask_port(fd, (unsigned int)(port)), (condition) )         \
                yes_ = true;                                                  \
        yes_;                                                                 \
    })

static bool is_shut_down(uint32_t domid)
{
    xc_dominfo_t info;

    return xc_domain_getinfo(ct.xch, domid, 1, &info) == 1 &&
           info.domid == domid && info.shutdown;
}

void test_virqs(void)
{
    int fd = open_dev("evtchn", O_RDWR), other = open_dev("evtchn", O_RDWR);
    int port = bind_virq(fd, VIRQ_DOM_EXC);
    uint32_t domid;

    if ( !ct_ok(port > 0, "virq: its port") )
        ct_diag("port %d: %s", port, strerror(errno));
    ct_expect(EEXIST, bind_virq(other, VIRQ_DOM_EXC), "virq: bound twice");
    ct_expect(EINVAL, bind_virq(fd, NR_VIRQS), "virq: there is none such");
    ct_expect(EINVAL, bind_virq(fd, -1U), "virq: nor such");
    ct_expect(ENOTCONN, notify_port(other, (unsigned int)port),
              "virq: it is the other file's");
    domid = ct_create(&(struct ct_config){ .pages = 1 });
    ct_expect(0, xc_domain_shutdown(ct.xch, domid, 0), "virq: shutdown");
    ct_ok(fires_when(fd, port, is_shut_down(domid)),
          "virq: an event for a domain that shuts down");
    ct_expect(0, xc_domain_destroy(ct.xch, domid), "virq: destroy");
    ct_ok(fires_when(fd, port, !ct_domain_exists(domid)),
          "virq: an event for a domain that is gone");
    close(fd);
    port = bind_virq(other, VIRQ_DOM_EXC);
    ct_ok(port > 0, "virq: bound again by another file");
    close(other);
}
