/* SPDX-License-Identifier: MIT */
/*
 * Open modes and flags of the files in /dev/xen: what mmap(), mprotect() and
 * fcntl() allow, and calls for other kinds of files.
 */
#define _GNU_SOURCE
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/gntalloc.h>
#include <xen/sys/privcmd.h>

#include "ct-files.h"

#define LARGEFILE 0100000 /* the kernel's: libc's O_LARGEFILE is 0 */
#define VALIDATE(flags) (MAP_SHARED_VALIDATE | (flags))

static const char *const names[] = { "privcmd", "hypercall", "evtchn",
                                     "gntdev", "gntalloc", "xenbus" };

/* ---- modes of opening against mmap() ---- */

/* 0 or errno; what could be mapped is unmapped. */
static int mapped(int fd, int prot, int flags)
{
    void *p = mmap(NULL, CT_PAGE, prot, flags, fd, 0);
    int err = p == MAP_FAILED ? errno : 0;

    if ( !err )
        munmap(p, CT_PAGE);
    return err;
}

static void open_to_read(const char *name)
{
    int fd = open_dev(name, O_RDONLY);

    ct_equal((uint64_t)mapped(fd, PROT_WRITE, MAP_SHARED), EACCES,
             "%s, O_RDONLY: mapped to write", name);
    ct_equal((uint64_t)mapped(fd, CT_RW, MAP_SHARED), EACCES,
             "%s, O_RDONLY: mapped to read and write", name);
    ct_equal((uint64_t)mapped(fd, CT_RW, VALIDATE(0)), EACCES,
             "%s, O_RDONLY: by MAP_SHARED_VALIDATE", name);
    ct_equal((uint64_t)mapped(fd, CT_RW, VALIDATE(MAP_SYNC)), EOPNOTSUPP,
             "%s, O_RDONLY: with a flag that it has not got", name);
    close(fd);
}

static void open_to_write(const char *name)
{
    static const int prot[] = { PROT_NONE, PROT_READ, PROT_WRITE, CT_RW };
    int fd = open_dev(name, O_WRONLY);

    for ( size_t i = 0; i < CT_NR(prot); i++ )
    {
        ct_equal((uint64_t)mapped(fd, prot[i], MAP_SHARED), EACCES,
                 "%s, O_WRONLY: mapped, protection %d", name, prot[i]);
        ct_equal((uint64_t)mapped(fd, prot[i], MAP_PRIVATE), EACCES,
                 "%s, O_WRONLY: private, protection %d", name, prot[i]);
    }
    close(fd);
    fd = open_dev(name, O_ACCMODE);
    ct_expect(EBADF, read(fd, &(char){ 0 }, 0), "%s, mode 3: read", name);
    ct_expect(EBADF, write(fd, "", 0), "%s, mode 3: write", name);
    ct_equal((uint64_t)mapped(fd, PROT_NONE, MAP_SHARED), EACCES,
             "%s, mode 3: mapped", name);
    close(fd);
}

static void open_for_both(const char *name)
{
    int fd = open_dev(name, O_RDWR);

    ct_equal((uint64_t)mapped(fd, CT_RW, 0), EINVAL,
             "%s: mapped, neither shared nor private", name);
    ct_equal((uint64_t)mapped(fd, CT_RW, MAP_TYPE), EINVAL,
             "%s: mapped in all ways at once", name);
    ct_equal((uint64_t)mapped(fd, CT_RW, VALIDATE(MAP_SYNC)), EOPNOTSUPP,
             "%s: mapped with a flag that it has not got", name);
    close(fd);
}

/* Drivers that want a shared mapping do not get one of such a file. */
static void drivers(void)
{
    struct ioctl_gntalloc_alloc_gref a = {
        .domid = 0, .flags = GNTALLOC_FLAG_WRITABLE, .count = 1,
    };
    int fd = open_dev("privcmd", O_RDONLY);

    ct_equal((uint64_t)mapped(fd, PROT_READ, MAP_SHARED), 0,
             "privcmd, O_RDONLY: mapped to read");
    ct_equal((uint64_t)mapped(fd, CT_RW, MAP_PRIVATE), 0,
             "privcmd, O_RDONLY: private, to read and write");
    close(fd);
    fd = open_dev("hypercall", O_RDONLY);
    ct_equal((uint64_t)mapped(fd, PROT_READ, MAP_SHARED), EINVAL,
             "hypercall, O_RDONLY: mapped to read");
    close(fd);
    fd = open_dev("gntalloc", O_RDONLY);
    ct_expect(0, ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &a),
              "gntalloc, O_RDONLY: allocate");
    ct_equal((uint64_t)mapped(fd, PROT_READ, MAP_SHARED), EINVAL,
             "gntalloc, O_RDONLY: mapped to read");
    close(fd);
}

static void protections(void)
{
    int fd = open_dev("privcmd", O_RDONLY);
    uint8_t *p = mmap(NULL, 2 * CT_PAGE, PROT_READ, MAP_SHARED, fd, 0);

    ct_expect(EACCES, mprotect(p, 2 * CT_PAGE, CT_RW),
              "privcmd, O_RDONLY: mprotect, to write");
    ct_expect(0, mprotect(p, 2 * CT_PAGE, PROT_READ),
              "privcmd, O_RDONLY: mprotect, to read");
    munmap(p, 2 * CT_PAGE);
    close(fd);
    fd = open_dev("privcmd", O_RDWR);
    p = mmap(NULL, 2 * CT_PAGE, PROT_READ, MAP_SHARED, fd, 0);
    ct_expect(0, mprotect(p, 2 * CT_PAGE, CT_RW), "privcmd: mprotect");
    ct_expect(EINVAL, mprotect(p, CT_PAGE, PROT_READ),
              "privcmd: mprotect of a part");
    ct_expect(EINVAL, madvise(p, 2 * CT_PAGE, MADV_DONTNEED),
              "privcmd: MADV_DONTNEED");
    ct_expect(EINVAL, madvise(p, 2 * CT_PAGE, MADV_DOFORK),
              "privcmd: MADV_DOFORK");
    ct_equal((uint64_t)touched(p, false), SIGBUS,
             "privcmd: read where nothing is mapped yet");
    ct_equal((uint64_t)touched(p, true), SIGBUS,
             "privcmd: written where nothing is mapped yet");
    munmap(p, 2 * CT_PAGE);
    close(fd);
}

/* ---- fcntl ---- */

static void flags_of(const char *name, int fd)
{
    fcntl(fd, F_SETFL, 0);
    ct_equal((uint64_t)fcntl(fd, F_GETFL), O_RDWR | LARGEFILE,
             "%s: its flags", name);
    ct_expect(0, fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_NOATIME),
              "%s: F_SETFL", name);
    ct_equal((uint64_t)fcntl(fd, F_GETFL),
             O_RDWR | LARGEFILE | O_APPEND | O_NONBLOCK | O_NOATIME,
             "%s: the new flags", name);
    ct_expect(EINVAL, fcntl(fd, F_SETFL, O_DIRECT), "%s: F_SETFL, O_DIRECT",
              name);
    ct_expect(0, fcntl(fd, F_SETFL, O_ASYNC), "%s: F_SETFL, O_ASYNC", name);
    ct_equal((uint64_t)fcntl(fd, F_GETFL) & O_ASYNC,
             strcmp(name, "evtchn") ? 0 : O_ASYNC,
             "%s: which evtchn alone has", name);
    ct_expect(0, fcntl(fd, F_SETFL, 0), "%s: F_SETFL, nothing", name);
    ct_expect(EBADF, fcntl(fd, F_GETPIPE_SZ), "%s: F_GETPIPE_SZ", name);
    ct_expect(EBADF, fcntl(fd, F_SETPIPE_SZ, 4096), "%s: F_SETPIPE_SZ", name);
}

static void signals_of(const char *name, int fd)
{
    ct_equal((uint64_t)fcntl(fd, F_GETSIG), 0, "%s: F_GETSIG", name);
    ct_expect(0, fcntl(fd, F_SETSIG, SIGUSR1), "%s: F_SETSIG", name);
    ct_equal((uint64_t)fcntl(fd, F_GETSIG), SIGUSR1, "%s: F_GETSIG then",
             name);
    ct_expect(EINVAL, fcntl(fd, F_SETSIG, 65), "%s: F_SETSIG, 65", name);
    ct_expect(strcmp(name, "evtchn") ? ENOTTY : ENOSYS,
              ioctl(fd, _IOC(_IOC_NONE, 'Z', 99, 8), NULL),
              "%s: an ioctl after it", name);
    ct_expect(0, fcntl(fd, F_SETSIG, 0), "%s: F_SETSIG, none", name);
}

static void opened_with(void)
{
    static const struct { int flags, kept; } open_flags[] = {
        { O_RDONLY, O_RDONLY }, { O_WRONLY, O_WRONLY },
        { O_RDWR | O_APPEND, O_RDWR | O_APPEND },
        { O_RDWR | O_TRUNC | O_CREAT | O_NOCTTY | O_CLOEXEC, O_RDWR },
        { O_RDWR | O_NOFOLLOW | O_NONBLOCK, O_RDWR | O_NOFOLLOW | O_NONBLOCK },
        { O_RDWR | O_NOATIME | O_SYNC, O_RDWR | O_NOATIME | O_SYNC },
    };

    for ( size_t i = 0; i < CT_NR(open_flags); i++ )
    {
        int fd = open("/dev/xen/privcmd", open_flags[i].flags, 0600);

        ct_equal((uint64_t)fcntl(fd, F_GETFL),
                 (uint64_t)(open_flags[i].kept | LARGEFILE),
                 "opened with %#x: its flags", open_flags[i].flags);
        close(fd);
    }
    ct_expect(EINVAL, open("/dev/xen/privcmd", O_RDWR | O_DIRECT),
              "opened with O_DIRECT");
}

static volatile sig_atomic_t seen;

static void on_signal(int nr)
{
    (void)nr;
    seen = 1;
}

static void asynchronous(void)
{
    struct channel c = open_channel();
    sigset_t all, old;

    signal(SIGUSR1, on_signal);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    fcntl(c.fd[0], F_SETOWN, getpid());
    fcntl(c.fd[0], F_SETSIG, SIGUSR1);
    fcntl(c.fd[0], F_SETFL, O_ASYNC);
    unmask_port(c.fd[0], c.port[0]);
    notify_port(c.fd[1], c.port[1]);
    sigdelset(&all, SIGUSR1);
    while ( !seen )
        sigsuspend(&all);
    sigprocmask(SIG_SETMASK, &old, NULL);
    ct_ok(seen, "evtchn: a signal for an event");
    ct_equal(next_event(c.fd[0]), c.port[0], "evtchn: which is read then");
    signal(SIGUSR1, SIG_DFL);
    close_channel(&c);
}

/* ---- calls for files of other kinds ---- */

static void waits(const char *name, int fd)
{
    bool can = !strcmp(name, "evtchn") || !strcmp(name, "xenbus");
    struct epoll_event e = { EPOLLIN, { 0 } };
    int epoll = epoll_create1(0);

    ct_expect(can ? ENOENT : EPERM, epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &e),
              "%s: epoll, removed before", name);
    ct_expect(can ? 0 : EPERM, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e),
              "%s: epoll", name);
    ct_expect(EBADF, epoll_ctl(-1, EPOLL_CTL_ADD, fd, &e),
              "%s: epoll, by no descriptor", name);
    close(epoll);
}

static void positions(const char *name, int fd)
{
    int err = strcmp(name, "evtchn") && strcmp(name, "xenbus") ? EINVAL
                                                               : ESPIPE;
    char buf[4] = { 0 };
    struct iovec v = { buf, sizeof(buf) };
    /* A fortified program's compiler looks at numbers that it knows. */
    struct iovec *volatile nowhere = (void *)8;
    volatile int many = 2000;

    ct_expect(err, preadv(fd, &v, 1, 0), "%s: preadv", name);
    ct_expect(err, pwritev(fd, &v, 1, 0), "%s: pwritev", name);
    ct_expect(err, preadv2(fd, &v, 1, 0, 0), "%s: preadv2", name);
    ct_expect(err, pread(fd, buf, 4, 5), "%s: pread", name);
    ct_expect(EINVAL, pread(fd, buf, 4, -5), "%s: pread before the beginning",
              name);
    ct_expect(EFAULT, readv(fd, nowhere, 1), "%s: readv, a bad list", name);
    ct_expect(EINVAL, readv(fd, &v, many), "%s: readv of 2000 parts", name);
    if ( !strcmp(name, "xenbus") )
        return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    ct_expect(err == EINVAL ? EINVAL : EAGAIN, preadv2(fd, &v, 1, -1, 0),
              "%s: preadv2 without a position", name);
    ct_expect(err == EINVAL ? EINVAL : EOPNOTSUPP,
              preadv2(fd, &v, 1, -1, RWF_NOWAIT), "%s: preadv2, RWF_NOWAIT",
              name);
    ct_expect(err == EINVAL ? EINVAL : 0, readv(fd, &v, 0),
              "%s: readv of no parts", name);
    v.iov_base = (void *)0x10000;
    ct_expect(err == EINVAL ? EINVAL : EAGAIN, readv(fd, &v, 1),
              "%s: readv to nowhere", name);
}

static void no_socket(const char *name, int fd)
{
    char buf[8] = { 0 };

    ct_expect(ENOTSOCK, recv(fd, buf, 4, MSG_DONTWAIT), "%s: recv", name);
    ct_expect(ENOTSOCK, send(fd, buf, 4, MSG_DONTWAIT | MSG_NOSIGNAL),
              "%s: send", name);
    ct_expect(ENOTSOCK, shutdown(fd, SHUT_RDWR), "%s: shutdown", name);
    ct_expect(ENOTSOCK, getsockopt(fd, SOL_SOCKET, SO_TYPE, buf,
                                   &(socklen_t){ 4 }), "%s: getsockopt", name);
}

static void no_pipe(const char *name, int fd)
{
    int null = open("/dev/null", O_RDWR), p[2];
    struct iovec v = { (char[4]){ 0 }, 4 };

    if ( pipe(p) )
        ct_bail("no pipe: %s", strerror(errno));
    ct_expect(EINVAL, splice(fd, NULL, p[1], NULL, 4, SPLICE_F_NONBLOCK),
              "%s: splice from it", name);
    ct_ok(write(p[1], "text", 4) == 4, "%s: a pipe with text", name);
    ct_expect(EINVAL, splice(p[0], NULL, fd, NULL, 4, SPLICE_F_NONBLOCK),
              "%s: splice to it", name);
    ct_expect(EINVAL, tee(fd, p[1], 4, SPLICE_F_NONBLOCK), "%s: tee", name);
    ct_expect(EBADF, vmsplice(fd, &v, 1, 0), "%s: vmsplice", name);
    ct_expect(EINVAL, sendfile(null, fd, NULL, 4), "%s: sendfile from it",
              name);
    ct_expect(EINVAL, sendfile(fd, null, NULL, 4), "%s: sendfile to it", name);
    ct_expect(EINVAL, copy_file_range(fd, NULL, null, NULL, 4, 0),
              "%s: copy_file_range", name);
    close(p[0]);
    close(p[1]);
    close(null);
}

static void no_disk_file(const char *name, int fd)
{
    bool is_evtchn = !strcmp(name, "evtchn");
    int n = 1;

    ct_expect(ENODEV, fallocate(fd, 0, 0, 4), "%s: fallocate", name);
    ct_equal((uint64_t)posix_fallocate(fd, 0, 4), ENODEV,
             "%s: posix_fallocate", name);
    ct_equal((uint64_t)posix_fadvise(fd, 0, 4, POSIX_FADV_NORMAL), 0,
             "%s: posix_fadvise", name);
    ct_expect(EINVAL, fsync(fd), "%s: fsync", name);
    ct_expect(EINVAL, ftruncate(fd, 0), "%s: ftruncate", name);
    ct_expect(is_evtchn ? 0 : ENOTTY, ioctl(fd, FIOASYNC, &n),
              "%s: FIOASYNC", name);
    n = 0;
    ct_expect(0, ioctl(fd, FIOASYNC, &n), "%s: FIOASYNC, off", name);
    ct_expect(ENOTTY, ioctl(fd, FIOQSIZE, &(loff_t){ 0 }), "%s: FIOQSIZE",
              name);
    ct_expect(0, ioctl(fd, FIGETBSZ, &n), "%s: FIGETBSZ", name);
    ct_equal((uint64_t)n, 4096, "%s: its block size", name);
    ct_expect(EINVAL, ioctl(fd, FICLONE, fd), "%s: FICLONE", name);
    ct_expect(EBADF, ioctl(fd, FICLONE, -1), "%s: FICLONE of nothing", name);
    ct_expect(EFAULT, ioctl(fd, FIONBIO, (void *)0x10000),
              "%s: FIONBIO from nowhere", name);
    ct_expect(is_evtchn ? ENOSYS : ENOTTY, ioctl(fd, FIONREAD, &n),
              "%s: FIONREAD", name);
}

/* The same by numbers of system calls. */
static void by_number(void)
{
    int fd = open_dev("privcmd", O_RDWR);
    void *p = mmap(NULL, 2 * CT_PAGE, CT_RW, MAP_SHARED, fd, 0);
    struct epoll_event e = { EPOLLIN, { 0 } };
    char text[32] = "", link[40];
    struct stat st;

    ct_equal((uint64_t)syscall(SYS_fcntl, fd, F_GETFL, 0), O_RDWR | LARGEFILE,
             "syscall: F_GETFL");
    ct_expect(EPERM, syscall(SYS_epoll_ctl, epoll_create1(0), EPOLL_CTL_ADD, fd,
                             &e), "syscall: epoll_ctl");
    ct_expect(EINVAL, syscall(SYS_mprotect, p, CT_PAGE, PROT_READ),
              "syscall: mprotect");
    ct_ok(!syscall(SYS_fstat, fd, &st) && S_ISCHR(st.st_mode),
          "syscall: fstat");
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ct_ok(syscall(SYS_readlink, link, text, sizeof(text)) > 0 &&
          !strcmp(text, "/dev/xen/privcmd"), "syscall: readlink");
    ct_ok(!syscall(SYS_stat, "/dev/xen/privcmd", &st) && S_ISCHR(st.st_mode),
          "syscall: stat");
    ct_expect(0, syscall(SYS_munmap, p, 2 * CT_PAGE), "syscall: munmap");
    ct_expect(0, syscall(SYS_close, fd), "syscall: close");
}

void test_modes(void)
{
    for ( size_t i = 0; i < CT_NR(names); i++ )
    {
        int fd = open_dev(names[i], O_RDWR);

        open_to_read(names[i]);
        open_to_write(names[i]);
        open_for_both(names[i]);
        flags_of(names[i], fd);
        signals_of(names[i], fd);
        waits(names[i], fd);
        positions(names[i], fd);
        no_socket(names[i], fd);
        no_pipe(names[i], fd);
        no_disk_file(names[i], fd);
        close(fd);
    }
    drivers();
    protections();
    opened_with();
    asynchronous();
    by_number();
}
