/* SPDX-License-Identifier: MIT */
/*
 * fork() while the hosted machine is stopped in the middle of something: what a
 * child then has of gntalloc's pages.  Elsewhere nobody can stop the hypervisor.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/gntalloc.h>

#include "ct-files.h"

#define MANY 500

static pid_t server;

/* The number of the process' children. */
static unsigned int nr_children(pid_t pid)
{
    char path[64];
    unsigned int nr = 0;
    FILE *f;
    int child;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
    f = fopen(path, "r");
    while ( f && fscanf(f, "%d", &child) == 1 )
        nr++;
    if ( f )
        fclose(f);
    return nr;
}

/* Is the thread in recvfrom()?  It waits for an answer to a request then. */
static bool waits_for_answer(pid_t thread)
{
    char path[64];
    int nr = -1;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", thread);
    f = fopen(path, "r");
    if ( !f || fscanf(f, "%d", &nr) != 1 )
        nr = -1;
    if ( f )
        fclose(f);
    return nr == SYS_recvfrom;
}

/* Is the server's thread stopped, or gone? */
static bool is_stopped(const char *thread)
{
    char path[300], state = 'T';
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", server, thread);
    f = fopen(path, "r");
    if ( f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1 )
        state = '?';
    if ( f )
        fclose(f);
    return strchr("TZX", state);
}

static bool all_stopped(void)
{
    const struct dirent *e;
    bool stopped = true;
    char path[64];
    DIR *d;

    snprintf(path, sizeof(path), "/proc/%d/task", server);
    d = opendir(path);
    if ( !d )
        ct_bail("%s: %s", path, strerror(errno));
    while ( stopped && (e = readdir(d)) )
        stopped = e->d_name[0] == '.' || is_stopped(e->d_name);
    closedir(d);
    return stopped;
}

/* kill() returns before the threads stop: until then they serve requests. */
static void stop_server(void)
{
    kill(server, SIGSTOP);
    while ( !all_stopped() )
        sched_yield();
}

static int allocate(int fd, uint32_t nr, uint64_t *index)
{
    static _Thread_local struct {
        struct ioctl_gntalloc_alloc_gref a;
        uint32_t more[MANY];
    } op;
    int rc;

    op.a.domid = 0;
    op.a.flags = GNTALLOC_FLAG_WRITABLE;
    op.a.count = (uint16_t)nr;
    rc = ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &op.a);
    *index = op.a.index;
    return rc;
}

static int give_up(int fd, uint64_t index, uint32_t nr)
{
    struct ioctl_gntalloc_dealloc_gref op = { index, nr };

    return ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, &op);
}

/* ---- another thread unmaps ---- */

struct unmapping {
    int fd;
    uint8_t *p;
    atomic_int busy; /* the thread whose request is first */
};

static void *makes_server_busy(void *arg)
{
    struct unmapping *u = arg;
    uint64_t index;

    atomic_store(&u->busy, gettid());
    if ( !allocate(u->fd, MANY, &index) )
        give_up(u->fd, index, MANY);
    return NULL;
}

static void *unmaps_the_middle(void *arg)
{
    struct unmapping *u = arg;

    munmap(u->p + CT_PAGE, CT_PAGE);
    return NULL;
}

/* fork() returns when the server goes on: this process sees to it. */
static int lets_server_go_on(void *arg)
{
    int *go = arg;
    char c;

    close(go[1]);
    if ( read(go[0], &c, 1) != 1 )
        return 1;
    while ( nr_children(getppid()) < 2 )
        sched_yield();
    return kill(server, SIGCONT);
}

static void unmap_and_fork(struct unmapping *u)
{
    int go[2], status = -1;
    pthread_t thread[2];
    pid_t helper, child;

    if ( pipe(go) || (helper = fork()) < 0 )
        ct_bail("no helper: %s", strerror(errno));
    if ( !helper )
        _exit(lets_server_go_on(go));
    stop_server();
    atomic_store(&u->busy, 0);
    pthread_create(&thread[0], NULL, makes_server_busy, u);
    while ( !waits_for_answer(atomic_load(&u->busy)) )
        sched_yield();
    pthread_create(&thread[1], NULL, unmaps_the_middle, u);
    while ( !touched(u->p + CT_PAGE, false) )
        sched_yield();
    ct_ok(write(go[1], "", 1) == 1, "stopped: the helper knows");
    child = fork();
    if ( child == 0 )
        _exit(touched(u->p, true) || !touched(u->p + CT_PAGE, true) ||
              touched(u->p + 2 * CT_PAGE, true));
    ct_ok(waitpid(child, &status, 0) == child && status == 0,
          "stopped: a child has what is still mapped");
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    waitpid(helper, NULL, 0);
    close(go[0]);
    close(go[1]);
}

/* An event is sent when nobody has the page any more. */
static void while_unmapping(void)
{
    struct channel c = open_channel();
    struct ioctl_gntalloc_unmap_notify n = { 0, UNMAP_NOTIFY_SEND_EVENT,
                                             c.port[1] };
    struct unmapping u = { .fd = open_dev("gntalloc", O_RDWR) };
    uint64_t index;

    ct_expect(0, allocate(u.fd, 3, &index), "stopped: three pages");
    u.p = map_file(u.fd, 3, CT_RW, MAP_SHARED, (off_t)index);
    if ( u.p == MAP_FAILED )
        ct_bail("mmap: %s", strerror(errno));
    n.index = index;
    unmask_port(c.fd[0], c.port[0]);
    ct_expect(0, ioctl(u.fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &n),
              "stopped: notify on unmap");
    unmap_and_fork(&u);
    munmap(u.p, 3 * CT_PAGE);
    ct_expect(0, give_up(u.fd, index, 3), "stopped: given up");
    ct_equal(next_event(c.fd[0]), c.port[0], "stopped: no reference is left");
    close(u.fd);
    close_channel(&c);
}

/* ---- the parent dies ---- */

struct orphan {
    int fd, ready[2], go[2], result[2];
};

/* 0: the page is not there; 1: as it was; 2: another file's. */
static char found_in(volatile uint8_t *p, int fd, uint64_t index)
{
    char found = 0;

    give_up(fd, index, 1);
    for ( unsigned int i = 0; i < 64 && found != 2; i++ )
    {
        int other = open_dev("gntalloc", O_RDWR);
        uint64_t at;
        uint8_t *q;

        if ( allocate(other, 1, &at) )
            ct_bail("gntalloc: %s", strerror(errno));
        q = map_file(other, 1, CT_RW, MAP_SHARED, (off_t)at);
        q[0] = 'B';
        found = touched(p, false) ? 0 : *p == 'B' ? 2 : 1;
    }
    return found;
}

static int parent_dies(void *arg)
{
    struct orphan *o = arg;
    uint64_t index;
    uint8_t *p;
    char found;

    if ( allocate(o->fd, 1, &index) )
        return 1;
    p = map_file(o->fd, 1, CT_RW, MAP_SHARED, (off_t)index);
    p[0] = 'A';
    if ( write(o->ready[1], "", 1) != 1 || read(o->go[0], &found, 1) != 1 )
        return 1;
    if ( fork() )
        return 2; /* never: it is killed in there */
    found = found_in(p, o->fd, index);
    return write(o->result[1], &found, 1) != 1;
}

static void while_forking(void)
{
    struct orphan o = { .fd = open_dev("gntalloc", O_RDWR) };
    char found = 2, c;
    pid_t pid;

    if ( pipe(o.ready) || pipe(o.go) || pipe(o.result) || (pid = fork()) < 0 )
        ct_bail("no child: %s", strerror(errno));
    if ( !pid )
        _exit(parent_dies(&o));
    close(o.result[1]);
    ct_ok(read(o.ready[0], &c, 1) == 1, "stopped: a child has a page");
    stop_server();
    ct_ok(write(o.go[1], "", 1) == 1, "stopped: the child forks");
    while ( !nr_children(pid) )
        sched_yield();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    kill(server, SIGCONT);
    ct_ok(read(o.result[0], &found, 1) == 1 && found != 2,
          "stopped: without its parent a child has no other file's page");
    close(o.fd);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        close(o.ready[i]);
        close(o.go[i]);
    }
    close(o.result[0]);
}

void test_stopped(void)
{
    const char *pid = getenv("ORIEL_HYPERVISOR");

    server = pid ? atoi(pid) : 0;
    if ( server <= 0 )
    {
        ct_skip("stopped", "hosted-stopped: the machine is no process");
        return;
    }
    while_unmapping();
    while_forking();
}
