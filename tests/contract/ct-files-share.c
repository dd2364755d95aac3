/* SPDX-License-Identifier: MIT */
/*
 * One open file with several descriptors, in one process or in several: dup() in
 * all its forms, fork, exec, and descriptors that are sent by a socket.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/socket.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>

#include "ct-files.h"

static int version(int fd)
{
    struct privcmd_hypercall call = { .op = __HYPERVISOR_xen_version };

    return ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call);
}

static unsigned int status(unsigned int port)
{
    struct evtchn_status s = { .dom = DOMID_SELF, .port = port };

    return xc_evtchn_status(ct.xch, &s) ? ~0U : s.status;
}

/* ---- in one process ---- */

static void duplicates(void)
{
    int fd = open_dev("privcmd", O_RDWR), copy;

    copy = dup(fd);
    ct_ok(version(copy) > 0, "dup: a hypercall");
    close(copy);
    copy = fcntl(fd, F_DUPFD, 50);
    ct_ok(copy >= 50 && version(copy) > 0, "F_DUPFD: a hypercall");
    close(copy);
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 50);
    ct_ok(copy >= 50 && version(copy) > 0, "F_DUPFD_CLOEXEC: a hypercall");
    ct_ok(fcntl(copy, F_GETFD) & FD_CLOEXEC, "F_DUPFD_CLOEXEC: it is");
    close(fd);
    ct_ok(version(copy) > 0, "the first one closed: a hypercall");
    ct_expect(EBADF, version(fd), "by the closed one");
    fd = open("/dev/null", O_RDWR);
    ct_ok(dup2(copy, fd) == fd && version(fd) > 0, "dup2: a hypercall");
    ct_ok(dup2(open("/dev/null", O_RDWR), fd) == fd, "dup2: another over it");
    ct_expect(ENOTTY, version(fd), "which is no privcmd any more");
    ct_expect(EINVAL, dup3(copy, copy, 0), "dup3: onto itself");
    ct_ok(dup3(copy, fd, O_CLOEXEC) == fd && version(fd) > 0,
          "dup3: a hypercall");
    close(fd);
    close(copy);
}

/* The file ends with its last descriptor. */
static void last_descriptor(void)
{
    struct channel c = open_channel();
    int copy = dup(c.fd[0]);

    ct_expect(0, unmask_port(copy, c.port[0]), "a dup: unmask");
    unmask_port(c.fd[1], c.port[1]);
    ct_expect(0, notify_port(copy, c.port[0]), "a dup: notify");
    ct_equal(next_event(c.fd[1]), c.port[1], "a dup: it arrived");
    notify_port(c.fd[1], c.port[1]);
    ct_equal(next_event(copy), c.port[0], "a dup: read");
    close(c.fd[0]);
    ct_equal(status(c.port[0]), EVTCHNSTAT_interdomain,
             "one of two descriptors closed: the port is bound");
    ct_expect(0, notify_port(copy, c.port[0]), "and of use");
    ct_expect(0, close(copy), "the other one closed");
    ct_equal(status(c.port[0]), EVTCHNSTAT_closed, "the port is closed");
    close(c.fd[1]);
}

/* However it is closed. */
static void ways_of_closing(void)
{
    struct channel c = open_channel();
    FILE *stream = fdopen(c.fd[0], "r");
    int null = open("/dev/null", O_RDONLY);

    fclose(stream);
    ct_equal(status(c.port[0]), EVTCHNSTAT_closed, "fclose: the port is closed");
    close(c.fd[1]);
    c = open_channel();
    ct_expect(0, close_range((unsigned int)c.fd[0], (unsigned int)c.fd[0], 0),
              "close_range");
    ct_equal(status(c.port[0]), EVTCHNSTAT_closed,
             "close_range: the port is closed");
    close(c.fd[1]);
    c = open_channel();
    dup2(null, c.fd[0]);
    ct_equal(status(c.port[0]), EVTCHNSTAT_closed,
             "dup2 over it: the port is closed");
    close_channel(&c);
    close(null);
}

/* ---- in several processes ---- */

static int child_binds(void *arg)
{
    struct channel *c = arg;
    int port = bind_unbound(c->fd[0]);

    if ( notify_port(c->fd[0], c->port[0]) )
        return 0;
    return port > 0 && port < 256 ? port : 0;
}

static int child_version(void *arg)
{
    return version(*(int *)arg) > 0 ? 0 : 1;
}

static void forked(void)
{
    struct channel c = open_channel();
    int fd = open_dev("privcmd", O_RDWR), port;
    struct ioctl_evtchn_unbind u;

    ct_equal((uint64_t)in_process(child_version, &fd), 0,
             "fork: a hypercall by what the child has inherited");
    unmask_port(c.fd[1], c.port[1]);
    port = in_process(child_binds, &c);
    ct_ok(port > 0, "fork: the child binds a port and notifies another");
    ct_equal(next_event(c.fd[1]), c.port[1], "fork: that arrived");
    u.port = (unsigned int)port;
    ct_expect(0, ioctl(c.fd[0], IOCTL_EVTCHN_UNBIND, &u),
              "fork: the parent unbinds the child's port");
    ct_expect(0, notify_port(c.fd[0], c.port[0]),
              "fork: the parent goes on when the child has gone");
    close_channel(&c);
    ct_equal(status(c.port[0]), EVTCHNSTAT_closed, "fork: closed here, closed");
    ct_ok(version(fd) > 0, "fork: a hypercall of the parent");
    close(fd);
}

int shared_child(const char *fd, const char *port)
{
    return notify_port(atoi(fd), (unsigned int)atoi(port)) ? 1 : 0;
}

static int run_self(void *arg)
{
    char **argv = arg;

    execv("/proc/self/exe", argv);
    return 99;
}

static void executed(const char *self)
{
    struct channel c = open_channel();
    char fd[16], port[16];
    char *argv[] = { (char *)self, "--shared", fd, port, NULL };

    snprintf(fd, sizeof(fd), "%d", c.fd[0]);
    snprintf(port, sizeof(port), "%u", c.port[0]);
    unmask_port(c.fd[1], c.port[1]);
    ct_equal((uint64_t)in_process(run_self, argv), 0,
             "exec: a program notifies by what it has inherited");
    ct_equal(next_event(c.fd[1]), c.port[1], "exec: that arrived");
    fcntl(c.fd[0], F_SETFD, FD_CLOEXEC);
    ct_equal((uint64_t)in_process(run_self, argv), 1,
             "exec: closed on it, it is not there");
    close_channel(&c);
}

static int send_fd(int to, int fd)
{
    char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    return sendmsg(to, &msg, 0) == 1 ? 0 : -1;
}

static int receive_fd(int from)
{
    char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control) };
    int fd = -1;

    if ( recvmsg(from, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg) )
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
    return fd;
}

/* Opens a file and gives it away: the receiver goes on with it. */
static int giver(void *arg)
{
    int fd = open_dev("privcmd", O_RDWR), ev = open_dev("evtchn", O_RDWR);
    int port = bind_unbound(ev), to = *(int *)arg;

    if ( send_fd(to, fd) || send_fd(to, ev) ||
         write(to, &port, sizeof(port)) != sizeof(port) )
        return 1;
    return 0;
}

static void received(void)
{
    int pair[2], fd, ev, port = 0, own = open_dev("evtchn", O_RDWR), mine;

    if ( socketpair(AF_UNIX, SOCK_STREAM, 0, pair) )
        ct_bail("no sockets: %s", strerror(errno));
    ct_equal((uint64_t)in_process(giver, &pair[0]), 0,
             "sent: by a process that has ended");
    fd = receive_fd(pair[1]);
    ev = receive_fd(pair[1]);
    ct_ok(read(pair[1], &port, sizeof(port)) == sizeof(port) && port > 0,
          "sent: a port that was bound there");
    ct_ok(version(fd) > 0, "sent: a hypercall");
    ct_ok(mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED, fd, 0) != MAP_FAILED,
          "sent: mmap");
    mine = bind_to(own, (unsigned int)port);
    ct_ok(mine > 0, "sent: the port is there");
    ct_expect(0, notify_port(ev, (unsigned int)port), "sent: notify");
    ct_equal(next_event(own), (unsigned int)mine, "sent: it arrived");
    close(fd);
    close(ev);
    ct_equal(status((unsigned int)port), EVTCHNSTAT_closed,
             "sent: closed, so is the port");
    close(own);
    close(pair[0]);
    close(pair[1]);
}

void test_sharing(const char *self)
{
    duplicates();
    last_descriptor();
    ways_of_closing();
    forked();
    executed(self);
    received();
}
