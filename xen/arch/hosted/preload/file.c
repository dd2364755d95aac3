/* SPDX-License-Identifier: MIT */
/* Open files: requests and their answers, and the table of the files. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"

pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t map_lock = PTHREAD_MUTEX_INITIALIZER;
struct file *files;

/* ---- requests ---- */

/* The pages that a request has mapped so far, unmapped if it fails. */
struct extent {
    uintptr_t start, end;
};

/* 0 or -errno. */
static int map_run(const struct file *f, const struct wire_run *r)
{
    int rc = 0;

    pthread_mutex_lock(&map_lock);
    if ( real_mmap((void *)(uintptr_t)r->addr, r->nr * PAGE, (int)r->prot,
                   MAP_SHARED | MAP_FIXED, memfd,
                   (off_t)(r->mfn * PAGE)) == MAP_FAILED )
        rc = -errno;
    else if ( !is_inherited(f->kind) )
        real_call(SYS_madvise, r->addr, r->nr * PAGE, MADV_DONTFORK);
    pthread_mutex_unlock(&map_lock);
    return rc;
}

/* Map the frames of one answer: 0 or -errno. */
static int apply_runs(const struct file *f, const struct wire_reply *reply,
                      struct extent *done)
{
    for ( uint32_t i = 0; i < reply->nr_runs; i++ )
    {
        const struct wire_run *r = &reply->run[i];
        uintptr_t end = r->addr + r->nr * PAGE;
        int rc = map_run(f, r);

        if ( rc )
            return rc;
        if ( !done->end || r->addr < done->start )
            done->start = r->addr;
        if ( end > done->end )
            done->end = end;
    }
    return 0;
}

void reserve(uintptr_t start, uintptr_t end)
{
    if ( start < end )
        real_mmap((void *)start, end - start, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
                  0);
}

/* Far behind the end of the memfd there is nothing, as in a device's file. */
#define NOTHING (1L << 45)

bool reserve_empty(uintptr_t start, uintptr_t end, int prot)
{
    bool done;

    pthread_mutex_lock(&map_lock);
    done = real_mmap((void *)start, end - start, prot, MAP_SHARED | MAP_FIXED,
                     memfd, NOTHING) != MAP_FAILED &&
           !real_call(SYS_madvise, start, end - start, MADV_DONTFORK);
    pthread_mutex_unlock(&map_lock);
    return done;
}

/* What a request has mapped before it failed. */
static void undo(const struct extent *done)
{
    if ( done->start < done->end &&
         !reserve_empty(done->start, done->end, map_prot(done->start)) )
        reserve(done->start, done->end);
}

/* The server closes the connection when it sees the file's end first. */
static long no_answer(const struct wire_request *req)
{
    return req->type == WIRE_CLOSED ? 1 : lost();
}

/*
 * One request and its answers; f->lock held.  The result or -errno.  Libc's own
 * functions for sockets would end a thread that is cancelled.
 */
static long transact(struct file *f, const struct wire_request *req)
{
    struct extent done = { 0, 0 };
    struct wire_reply reply;
    int failed = 0;

    if ( real_call(SYS_sendto, f->conn, req, sizeof(*req), MSG_NOSIGNAL, NULL,
                   0) != (long)sizeof(*req) )
        return no_answer(req);
    do {
        ssize_t len;

        do
            len = real_call(SYS_recvfrom, f->conn, &reply, sizeof(reply), 0,
                            NULL, NULL);
        while ( len < 0 && errno == EINTR );
        if ( len < (ssize_t)WIRE_REPLY_SIZE(0) )
            return no_answer(req);
        if ( !failed )
            failed = apply_runs(f, &reply, &done);
    } while ( reply.more & WIRE_MORE );
    if ( !failed && (reply.result >= 0 || reply.more & WIRE_KEEP) )
        return reply.result;
    undo(&done);
    return failed ? failed : reply.result;
}

long request(struct file *f, uint32_t type, uint64_t a, uint64_t b,
             uint64_t c, uint64_t d)
{
    struct wire_request req = { type, getpid(), a, b, c, d };
    long rc;

    pthread_mutex_lock(&f->lock);
    rc = transact(f, &req);
    pthread_mutex_unlock(&f->lock);
    return rc;
}

/* ---- the table ---- */

/* The file's name, or 0: the descriptor is no handle. */
static uint32_t name_of(int fd)
{
    long flags = real_call(SYS_fcntl, fd, F_GETFL);
    struct stat st;

    if ( flags < 0 || (flags & WIRE_MARK) != WIRE_MARK ||
         real_call(SYS_fstat, fd, &st) )
        return 0;
    return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ? (uint32_t)st.st_ino
                                                        : 0;
}

bool is_handle(int fd)
{
    return name_of(fd);
}

bool may_read(const struct file *f)
{
    return (f->flags & O_ACCMODE) == O_RDONLY ||
           (f->flags & O_ACCMODE) == O_RDWR;
}

bool may_write(const struct file *f)
{
    return (f->flags & O_ACCMODE) == O_WRONLY ||
           (f->flags & O_ACCMODE) == O_RDWR;
}

struct file *look_up(uint32_t name)
{
    struct file *f = files;

    while ( f && (f->name != name || f->closed) )
        f = f->next;
    if ( f )
        f->users++;
    return f;
}

struct file *file_known(int fd)
{
    int err = errno;
    uint32_t name = name_of(fd);
    struct file *f;

    errno = err;
    if ( !name )
        return NULL;
    pthread_mutex_lock(&table_lock);
    f = look_up(name);
    pthread_mutex_unlock(&table_lock);
    return f;
}

struct file *add_file(struct file *f, uint32_t name)
{
    struct file *other;

    f->name = name;
    pthread_mutex_lock(&table_lock);
    other = look_up(name);
    if ( !other )
    {
        f->next = files;
        files = f;
    }
    pthread_mutex_unlock(&table_lock);
    if ( other )
        free_file(f);
    return other ? other : f;
}

struct file *file_get(int fd, long *rc)
{
    struct file *f = file_known(fd);
    uint32_t name = f ? 0 : name_of(fd);
    int none;

    *rc = 0;
    if ( !name )
        return f;
    f = new_file(WIRE_ATTACH, name, 0, &none, rc);
    return f ? add_file(f, name) : NULL;
}

void file_put(struct file *f)
{
    struct file **p = &files;
    bool last;

    pthread_mutex_lock(&table_lock);
    last = !--f->users && f->closed && !f->nr_maps;
    if ( last )
    {
        while ( *p != f )
            p = &(*p)->next;
        *p = f->next;
    }
    pthread_mutex_unlock(&table_lock);
    if ( last )
        free_file(f);
}

void file_closed(struct file *f)
{
    if ( request(f, WIRE_CLOSED, 0, 0, 0, 0) )
    {
        pthread_mutex_lock(&table_lock);
        f->closed = true;
        pthread_mutex_unlock(&table_lock);
    }
}

void files_closed(void)
{
    uint32_t after = 0;
    struct file *f;

    do {
        struct file *next = NULL;

        pthread_mutex_lock(&table_lock);
        for ( f = files; f; f = f->next )
            if ( !f->closed && f->name > after &&
                 (!next || f->name < next->name) )
                next = f;
        f = next;
        if ( f )
            f->users++;
        pthread_mutex_unlock(&table_lock);
        if ( f )
        {
            after = f->name;
            file_closed(f);
            file_put(f);
        }
    } while ( f );
}

/* Files whose last descriptor was closed unnoticed, for example by fclose(). */
static void reap(void)
{
    struct file *f;
    char byte;

    for ( ;; )
    {
        pthread_mutex_lock(&table_lock);
        for ( f = files; f; f = f->next )
            if ( !f->users && !f->nr_maps &&
                 real_call(SYS_recvfrom, f->conn, &byte, 1,
                           MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == 0 )
                break;
        if ( f )
        {
            f->closed = true;
            f->users++;
        }
        pthread_mutex_unlock(&table_lock);
        if ( !f )
            return;
        file_put(f);
    }
}

/* Flags that stay with the file; those of a pipe itself are not among them. */
static int kept_flags(int kind, int flags)
{
    flags &= ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC | O_NONBLOCK);
    return kind == WIRE_EVTCHN ? flags & ~O_ASYNC : flags;
}

int open_file(int kind, int flags)
{
    int handle = -1, async = kind == WIRE_EVTCHN ? flags & O_ASYNC : 0;
    struct file *f;
    long rc;

    if ( flags & O_DIRECT )
        return -EINVAL;
    reap();
    f = new_file(WIRE_OPEN, (uint64_t)kind, kept_flags(kind, flags), &handle,
                 &rc);
    if ( !f )
        return (int)rc;
    real_call(SYS_fcntl, handle, F_SETFD, flags & O_CLOEXEC ? FD_CLOEXEC : 0);
    if ( flags & O_NONBLOCK || async )
        real_call(SYS_fcntl, handle, F_SETFL,
                  WIRE_MARK | (flags & O_NONBLOCK) | async);
    file_put(add_file(f, name_of(handle)));
    return handle;
}
