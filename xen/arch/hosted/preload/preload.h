/* SPDX-License-Identifier: MIT */
/*
 * Preload library: /dev/xen files for unmodified programs.
 *
 *   devxen.c   what programs call instead of libc's functions
 *   file.c     open files: a connection each, requests and answers
 *   map.c      which addresses are mapped through which file
 *   bell.c     event channels without waiting for an answer
 *
 * Each open of a /dev/xen file becomes a connection to the hosted hypervisor
 * (wire.h).  The program gets a descriptor that it may close, poll and, for
 * event channels, read and write as it would the real file; the connection
 * itself stays hidden at a high number, and lives until the descriptor is
 * closed and the last mapping made through it is gone.
 *
 * Locks: table_lock protects the lists of files and maps; a file's own lock
 * makes its requests wait for each other, and is never taken under it.
 */
#ifndef PRELOAD_H
#define PRELOAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wire.h>

#define PAGE 4096UL
#define HIDDEN_FD_MIN 700
#define MAX_PORTS WIRE_NR_PORTS

struct file {
    int fd;        /* [t] the program's, -1 once closed      */
    int conn;      /* [I] hidden                             */
    int kind;      /* [I] enum wire_file                     */
    int nr_maps;   /* [t] maps that name this file           */
    uint8_t bound[MAX_PORTS / 8]; /* event channels: ports   */
    pthread_mutex_t lock;
    struct file *next; /* [t] */
};
/* [I] immutable  [t] table_lock */

extern pthread_mutex_t table_lock;
extern struct file *files; /* [t] */

/* ---- the real calls: by system call, so no symbol lookup can recurse ---- */

void *real_mmap(void *addr, size_t len, int prot, int flags, int fd,
                off_t offset);
int real_munmap(void *addr, size_t len);
int real_close(int fd);

/* ---- file.c ---- */

/* enum wire_file of a path, or -1. */
int kind_of(const char *path);

/* A descriptor for the program, or -errno. */
int open_file(int kind, int flags);
struct file *find_file(int fd);
/* The event channel file with this descriptor; takes no lock. */
struct file *evtchn_file(int fd);
/* The program's descriptor is not the file's any more; table_lock held. */
void close_file(struct file *f);
/* Free a file that is closed and has no maps; table_lock held. */
void maybe_free(struct file *f);

/* One request, its frames put in place: its result, or -errno. */
long request(struct file *f, uint32_t type, uint64_t a, uint64_t b,
             uint64_t c, uint64_t d);

/* Reserved and not mapped, as it is before frames come. */
void reserve(uintptr_t start, uintptr_t end);

/* ---- bell.c ---- */

/*
 * Map the two frames and keep a copy of fd, once: 0 or -ENOMEM.  table_lock
 * held.
 */
int bell_connect(int memfd, uint64_t shared_mfn, uint64_t mfn, int fd);
/* Ports that the file has bound. */
void bell_notify(uint32_t port);
void bell_unmask(uint32_t port);

/* ---- map.c ---- */

void add_map(struct file *f, void *addr, size_t len);
/*
 * Forget one part of [start, end) that is mapped through a file: the file
 * and the part, or NULL when there is none.  The file stays until the caller
 * has told the server and called map_told().
 */
struct file *cut_map(uintptr_t start, uintptr_t end, uintptr_t *from,
                     uintptr_t *to);
void map_told(struct file *f);

#endif
