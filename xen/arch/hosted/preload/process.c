/* SPDX-License-Identifier: MIT */
/* The beginning of a process: by exec, and by fork. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"

static int fork_pipe[2] = { -1, -1 }; /* [table_lock] from before to after */

/*
 * A child that inherits mappings tells the server of them before anything else.
 * It does not inherit them when no descriptor is free for the pipe.
 */
static void before_fork(void)
{
    pthread_mutex_lock(&table_lock);
    if ( !maps_inherited() || real_call(SYS_pipe2, fork_pipe, O_CLOEXEC) )
    {
        fork_pipe[0] = fork_pipe[1] = -1;
        if ( maps_inherited() )
            say_no_descriptor();
    }
    pthread_mutex_lock(&map_lock);
}

/*
 * The child writes a byte.  The pipe ends when it could not: other children have
 * the pipe, too.
 */
static void after_fork(void)
{
    int err = errno;
    char byte;

    pthread_mutex_unlock(&map_lock);
    if ( fork_pipe[0] >= 0 )
    {
        real_close(fork_pipe[1]);
        while ( real_call(SYS_read, fork_pipe[0], &byte, 1) < 0 &&
                errno == EINTR )
            ;
        real_close(fork_pipe[0]);
    }
    pthread_mutex_unlock(&table_lock);
    errno = err;
}

static void new_address_space(void)
{
    if ( getrandom(&address_space, sizeof(address_space), 0) < 0 )
        address_space = (uint64_t)getpid() << 32 | 1;
}

/* A file of the parent's, for this process: a connection of its own. */
static struct file *attach(uint32_t name)
{
    struct file *f;
    int none;
    long rc;

    pthread_mutex_lock(&table_lock);
    f = look_up(name);
    pthread_mutex_unlock(&table_lock);
    if ( f )
        return f;
    f = new_file(WIRE_ATTACH, name, 0, &none, &rc);
    return f ? add_file(f, name) : NULL;
}

/* One mapping of the parent's; without a connection nothing is there. */
static void inherit(const struct map *m, uint64_t parent)
{
    struct file *f = attach(m->file->name);
    struct map own = *m;

    if ( f && !request(f, WIRE_INHERIT, m->start, m->end - m->start, parent,
                       0) )
    {
        own.file = f;
        add_map(&own);
    }
    else
        reserve(m->start, m->end);
    if ( f )
        file_put(f);
}

/*
 * What hypercall buffers of the parent's are mapped through: they are memory of
 * the child's, and the server knows nothing of them.  NULL: no memory.
 */
static struct file *file_of_buffers(void)
{
    struct file *f = calloc(1, sizeof(*f));

    if ( !f )
        return NULL;
    f->conn = -1;
    f->kind = WIRE_HYPERCALL;
    f->closed = true;
    f->users = 1;
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_lock(&table_lock);
    f->next = files;
    files = f;
    pthread_mutex_unlock(&table_lock);
    return f;
}

/* Without memory for the record, mremap() lets such a buffer grow. */
static void keep_buffers(const struct map *list)
{
    struct file *f = NULL;

    for ( ; list; list = list->next )
    {
        struct map own = *list;

        if ( list->file->kind != WIRE_HYPERCALL ||
             !(f || (f = file_of_buffers())) )
            continue;
        own.file = f;
        add_map(&own);
    }
    if ( f )
        file_put(f);
}

/* The connections are not the child's own, nor are most mappings. */
static void in_child(void)
{
    struct file *old = files, *f;
    struct map *list = take_maps(), *m;
    uint64_t parent = address_space;

    for ( f = old; f; f = f->next )
        real_close(f->conn);
    files = NULL;
    new_address_space();
    pthread_mutex_unlock(&map_lock);
    pthread_mutex_unlock(&table_lock);
    keep_buffers(list);
    while ( (m = list) )
    {
        list = m->next;
        if ( is_inherited(m->file->kind) && m->file->kind != WIRE_HYPERCALL )
        {
            if ( fork_pipe[0] >= 0 )
                inherit(m, parent);
            else
                reserve(m->start, m->end);
        }
        free(m);
    }
    while ( (f = old) )
    {
        old = f->next;
        free(f);
    }
    if ( fork_pipe[0] >= 0 )
    {
        (void)!real_call(SYS_write, fork_pipe[1], "", 1);
        real_close(fork_pipe[0]);
        real_close(fork_pipe[1]);
    }
}

/* Let the server read this process' memory, where Linux restricts that. */
__attribute__((constructor)) static void start(void)
{
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    new_address_space();
    pthread_atfork(before_fork, after_fork, in_child);
}
