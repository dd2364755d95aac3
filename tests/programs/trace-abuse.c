/* SPDX-License-Identifier: MIT */
/*
 * What a traced program may do: bad pointers, structures that end with their
 * page, numbers that nobody has, small stacks, signal handlers.  Prints what each
 * call returned; a run with the tracer prints the same.  Memory is at fixed
 * addresses, so that two runs make the same calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntalloc.h>
#include <xen/sys/gntdev.h>
#include <xen/sys/privcmd.h>

#define AT 0x20000000UL
#define PAGE 4096UL
#define BYTES (4 * PAGE) /* the page behind them cannot be read */

static uint8_t *memory;
static uint64_t seed = 1;

static uint64_t dice(uint64_t sides)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (seed >> 33) % sides;
}

/* Somewhere in memory, as a rule close to its end; or nowhere. */
static void *pointer(void)
{
    switch ( dice(8) )
    {
    case 0: return NULL;
    case 1: return (void *)(dice(2) ? 0x10 : ~0xfffUL);
    case 2: return memory + BYTES;
    case 3: return memory + dice(BYTES);
    default: return memory + BYTES - dice(300);
    }
}

static void say(const char *what, long rc)
{
    printf("%s %ld %d\n", what, rc, rc < 0 ? errno : 0);
    errno = 0;
}

/* Numbers such as counts, commands and versions, and pointers. */
static void shake(void)
{
    for ( unsigned int i = 0; i < 64; i++ )
    {
        uint64_t word = dice(4) == 0 ? (uintptr_t)pointer()
                        : dice(4) == 0 ? XEN_DOMCTL_INTERFACE_VERSION
                        : dice(4) == 0 ? DOMID_INVALID : dice(40);

        memcpy(memory + BYTES - 8 - dice(400), &word, dice(2) ? 8 : 4);
    }
}

static void hypercalls(int fd)
{
    static const uint8_t ops[] = { 1, 12, 12, 17, 20, 20, 24, 26, 32, 33, 34,
                                   35, 35, 36, 36, 41, 42, 63, 200 };

    for ( unsigned int i = 0; i < 3000; i++ )
    {
        privcmd_hypercall_t *call = dice(10) ? (void *)memory : pointer();
        privcmd_hypercall_t c = { ops[dice(sizeof(ops))], { dice(30) } };

        shake();
        /* memory_op() and the like have a command, domctl() a pointer. */
        if ( c.op == 35 || c.op == 36 || c.op == 1 || c.op == 26 )
            c.arg[0] = (uintptr_t)pointer();
        for ( unsigned int a = 1; a < 5; a++ )
            c.arg[a] = dice(2) ? (uintptr_t)pointer() : dice(5);
        if ( call == (void *)memory )
            *call = c;
        say("hypercall", ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, call));
    }
}

static void requests(const int fd[5])
{
    static const unsigned int known[] = {
        IOCTL_PRIVCMD_MMAP, IOCTL_PRIVCMD_MMAPBATCH, IOCTL_PRIVCMD_MMAPBATCH_V2,
        IOCTL_PRIVCMD_DM_OP, IOCTL_PRIVCMD_MMAP_RESOURCE,
        IOCTL_EVTCHN_BIND_VIRQ, IOCTL_EVTCHN_BIND_INTERDOMAIN,
        IOCTL_EVTCHN_BIND_UNBOUND_PORT, IOCTL_EVTCHN_UNBIND,
        IOCTL_EVTCHN_NOTIFY, IOCTL_EVTCHN_RESET, IOCTL_GNTDEV_MAP_GRANT_REF,
        IOCTL_GNTDEV_UNMAP_GRANT_REF, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR,
        IOCTL_GNTDEV_SET_UNMAP_NOTIFY, IOCTL_GNTDEV_GRANT_COPY,
        IOCTL_GNTALLOC_DEALLOC_GREF, _IOC(_IOC_NONE, 'P', 77, 16),
        _IOC(_IOC_READ, 'x', 1, 0x3fff), 0, ~0U,
    };

    for ( unsigned int i = 0; i < 3000; i++ )
    {
        shake();
        say("ioctl", ioctl(fd[dice(5)],
                           known[dice(sizeof(known) / sizeof(known[0]))],
                           pointer()));
    }
}

static void files(int evtchn, int privcmd)
{
    struct iovec parts[2] = { { memory, 4 }, { pointer(), 8 } };
    char byte;
    void *p;

    say("write", write(evtchn, pointer(), 4));
    say("write", write(evtchn, memory + BYTES - 2, 4));
    say("write", write(privcmd, memory, 4));
    say("writev", writev(evtchn, parts, 2));
    say("read", read(privcmd, &byte, 1));
    say("read", read(evtchn, &byte, 1));
    p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, privcmd, PAGE / 2);
    say("mmap", p == MAP_FAILED ? -1 : 0);
    p = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_SHARED, privcmd, 0);
    say("mmap", p == MAP_FAILED ? -1 : 0);
    say("munmap", munmap(p, PAGE)); /* goes as a whole */
    say("munmap", munmap(p, 3 * PAGE));
    say("syscall", syscall(16, privcmd, IOCTL_PRIVCMD_UNIMPLEMENTED, 0));
    say("open", open("/dev/xen/none", O_RDONLY));
    say("open", open("/dev/xen/evtchn", O_RDWR | O_CREAT | O_EXCL, 0600));
    say("close", close(123456));
}

/* ---- threads and signals ---- */

static int handler_fd;

static void on_signal(int sig)
{
    struct ioctl_evtchn_notify n = { 4000 };

    (void)sig;
    ioctl(handler_fd, IOCTL_EVTCHN_NOTIFY, &n);
}

static void *thread(void *fd)
{
    struct ioctl_evtchn_notify n = { 4001 };

    for ( unsigned int i = 0; i < 300; i++ )
    {
        if ( ioctl(*(int *)fd, IOCTL_EVTCHN_NOTIFY, &n) != -1 )
            abort();
        raise(SIGUSR1);
    }
    return NULL;
}

static void threads(int evtchn)
{
    pthread_attr_t attr;
    pthread_t id[4];

    handler_fd = evtchn;
    signal(SIGUSR1, on_signal);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN);
    for ( unsigned int i = 0; i < 4; i++ )
        if ( pthread_create(&id[i], &attr, thread, &evtchn) )
            abort();
    for ( unsigned int i = 0; i < 4; i++ )
        pthread_join(id[i], NULL);
}

int main(void)
{
    static const char *const names[5] = {
        "/dev/xen/privcmd", "/dev/xen/evtchn", "/dev/xen/gntdev",
        "/dev/xen/gntalloc", "/dev/xen/hypercall",
    };
    int fd[5];

    for ( unsigned int i = 0; i < 5; i++ )
        if ( (fd[i] = open(names[i], O_RDWR | O_CLOEXEC)) < 0 )
            return 1;
    memory = mmap((void *)AT, BYTES + PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if ( memory != (void *)AT || mprotect(memory + BYTES, PAGE, PROT_NONE) )
        return 2;
    hypercalls(fd[0]);
    requests(fd);
    files(fd[1], fd[0]);
    threads(fd[1]);
    return fflush(stdout) ? 3 : 0;
}
