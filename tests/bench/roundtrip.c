/* SPDX-License-Identifier: MIT */
/*
 * From a guest's IN instruction to its device model and back, beside the same
 * between two processes that have nothing but a socket.
 *
 * This program is the device model of a guest that reads one port for ever
 * (tests/guest/hello.c, "spin"): the reference one's server
 * with another device.  The device times batches of reads, and between two
 * batches, while the guest waits for its answer and nothing else happens,
 * batches of messages of 8 bytes to a child process that sends them back.
 *
 *   roundtrip DOMID GROUP CPU   the domain is paused, and has no other device
 *                               model; the child process runs on this CPU
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenctrl.h>

#include "../../tools/dm/dm.h"
#include "bench.h"

enum { WARM_UP = 500, BATCH = 50, SAMPLES = 1000 };

static int peer = -1;
static unsigned int nr_reads, nr_samples;
static uint64_t batch_began;
static double guest_ns[SAMPLES], socket_ns[SAMPLES];

/* ---- the socket ---- */

static void echo(int fd)
{
    uint64_t message;

    while ( read(fd, &message, sizeof(message)) == sizeof(message) )
        if ( write(fd, &message, sizeof(message)) != sizeof(message) )
            break;
    _exit(0);
}

static void run_on(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    MUST(!sched_setaffinity(0, sizeof(set), &set));
}

static pid_t start_echo(int cpu)
{
    int fds[2];
    pid_t pid;

    MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    pid = fork();
    MUST(pid >= 0);
    if ( pid == 0 )
    {
        close(fds[0]);
        run_on(cpu);
        echo(fds[1]);
    }
    close(fds[1]);
    peer = fds[0];
    return pid;
}

static double time_socket(void)
{
    uint64_t before = bench_now(), message = 0;

    for ( unsigned int i = 0; i < BATCH; i++ )
        MUST(write(peer, &message, sizeof(message)) == sizeof(message) &&
             read(peer, &message, sizeof(message)) == sizeof(message));
    return (double)(bench_now() - before) / BATCH;
}

/* ---- the device ---- */

/* All-ones, at the end, tells the guest to shut down. */
static uint64_t timed_read(void *data, uint64_t offset, unsigned int size)
{
    (void)data, (void)offset, (void)size;
    if ( nr_samples == SAMPLES )
        return ~0UL;
    if ( ++nr_reads == WARM_UP )
        batch_began = bench_now();
    else if ( nr_reads == WARM_UP + BATCH )
    {
        guest_ns[nr_samples] = (double)(bench_now() - batch_began) / BATCH;
        socket_ns[nr_samples++] = time_socket();
        batch_began = bench_now();
        nr_reads = WARM_UP;
    }
    return 0;
}

struct region regions[] = {
    { .range = { .type = XEN_DMOP_IO_RANGE_PORT, .start = 0x500,
                 .end = 0x50f, .name = "bench", .read = timed_read } },
};
const unsigned int nr_regions = 1;

void complain(domid_t domid, const char *what, const char *hint)
{
    fprintf(stderr, "bench: d%u: cannot %s; %s\n", domid, what, hint);
}

int main(int argc, char **argv)
{
    domid_t domid = (domid_t)(argc > 1 ? atoi(argv[1]) : 0);
    const char *group = argc > 2 ? argv[2] : "hosted: one port read";
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    struct server server;
    double guest, sockets;
    pid_t pid = start_echo(argc > 3 ? atoi(argv[3]) : 0);

    MUST(xch && server_open(&server, domid) &&
         !xc_domain_unpause(xch, domid));
    while ( nr_samples < SAMPLES )
        MUST(ioserver_wait(server.io, 10000) >= 0);
    for ( unsigned int i = 0; i < 10; i++ ) /* the answers of all-ones */
        ioserver_wait(server.io, 10);
    guest = bench_print(group, "guest, device model, guest", guest_ns,
                        SAMPLES);
    sockets = bench_print(group, "a process, another by a socket, back",
                          socket_ns, SAMPLES);
    bench_ratio(group, "guest / socket", guest / sockets, 2);
    server_close(&server);
    xc_interface_close(xch);
    close(peer);
    waitpid(pid, NULL, 0);
    return 0;
}
