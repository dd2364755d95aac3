/* SPDX-License-Identifier: MIT */
/*
 * What the parts of ct-files share.  The program does to each file in /dev/xen
 * what Linux allows, by system calls and not by the libraries: it tests the
 * files and not the hypervisor behind them.
 */
#ifndef CT_FILES_H
#define CT_FILES_H

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ct.h"

/* Where the machine is a process; reports the difference `id` there. */
static inline bool hosted_differs(const char *id)
{
    bool hosted = getenv("ORIEL_SOCKET") != NULL;

    if ( hosted )
        ct_diag("differs: %s", id);
    return hosted;
}

static inline int open_dev(const char *name, int flags)
{
    char path[64] = "/dev/xen/";
    int fd = open(strncat(path, name, 40), flags);

    if ( fd < 0 )
        ct_bail("%s: %s", path, strerror(errno));
    return fd;
}

/* A child that runs fn(arg) and exits with what it returns; its status. */
static inline int in_process(int (*fn)(void *arg), void *arg)
{
    int status = -1;
    pid_t pid = fork();

    if ( pid == 0 )
        _exit(fn(arg));
    if ( pid < 0 || waitpid(pid, &status, 0) != pid )
        ct_bail("no child: %s", strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Read, or read and write, a byte: 0, or the signal that this gives. */
int touched(volatile uint8_t *p, bool writes);

/* What poll() says of the descriptor at once. */
static inline int polled(int fd)
{
    struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

    return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

/* The port of the next event: waits for it; 0 when none comes at all. */
static inline unsigned int next_event(int fd)
{
    struct pollfd p = { fd, POLLIN, 0 };
    unsigned int port = 0;

    return poll(&p, 1, -1) == 1 && (p.revents & POLLIN) &&
           read(fd, &port, sizeof(port)) == sizeof(port) ? port : 0;
}

/* An event channel to oneself: a port in each file. */
struct channel {
    int fd[2];
    unsigned int port[2];
};

int bind_unbound(int fd);
int bind_to(int fd, unsigned int remote_port);
int notify_port(int fd, unsigned int port);
int unmask_port(int fd, unsigned int port);
/* Ports that are masked: no event of before is left in either file. */
struct channel open_channel(void);
void close_channel(struct channel *c);

#define PAGES 8 /* of the domain of test_privcmd_memory() */

uint8_t *map_file(int fd, size_t pages, int prot, int flags, off_t offset);
int map_batch(int fd, uint32_t domid, void *addr, uint32_t nr,
              const xen_pfn_t *gfn, int *err);
/* Its first page has 9 at its beginning, and its last page 8. */
void test_ranges(int fd, uint32_t domid);
void test_resources(int fd, uint32_t domid);

/* A domain that grants pages to domain 0, of which it maps the first one. */
#define GRANTS 3
struct granter {
    uint32_t domid;
    struct ct_map table;
    uint8_t *page;
};

struct granter make_granter(void);
void end_granter(struct granter *g);
/* Is the grant, of GRANTS, mapped by domain 0? */
bool in_use(const struct granter *g, unsigned int nr);
/* Announce the first nr grants: their offset, or UINT64_MAX. */
uint64_t announce(int fd, const struct granter *g, uint32_t nr);
int dev_notify(int fd, uint64_t index, uint32_t action, uint32_t port);

void test_paths(void);
void test_more_paths(void);
void test_places(void);
void test_modes(void);
void test_forks(void);
void test_stopped(void);
void test_full(void);
void test_evtchn(void);
void test_virqs(void);
void test_privcmd(void);
void test_privcmd_memory(void);
void test_grants(void);
void test_notify(void);
void test_sets(void);
void test_sharing(const char *self);
/* The other side of test_sharing()'s exec: the exit status. */
int shared_child(const char *fd, const char *port);

#endif
