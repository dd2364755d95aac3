/* SPDX-License-Identifier: MIT */
/*
 * Preload library: /dev/xen files for unmodified programs.
 *
 *   calls.c      replaces functions of libc that open, or look at, a path
 *   paths.c      replaces those that change what is at a path
 *   exec.c       replaces those that run a program, or connect by a path
 *   devxen.c     replaces functions of libc that take a descriptor
 *   names.c      which paths are ours
 *   file.c       open files: a connection each, requests and answers
 *   map.c        which addresses are mapped through which file
 *   doorbell.c   event channels without waiting for an answer
 *   safe.c       checked access to the program's memory
 *   real.c       the system calls themselves
 *
 * A program's descriptor is a handle (wire.h), which the program may close,
 * poll, copy, pass on and inherit: Linux counts the descriptors.  A file is
 * identified by its handle, not by the descriptor's number.  The first request
 * of a process for a file makes a connection, which is kept at a high
 * descriptor number until the file is closed and the last mapping that the
 * process made through the file is gone.  A forked child starts without
 * connections.
 *
 * Locks: table_lock protects the lists of files and maps.  A file's own lock
 * serialises its requests and is never taken while table_lock is held.
 */
#ifndef PRELOAD_H
#define PRELOAD_H

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <wire.h>

#define EXPORT __attribute__((visibility("default")))
#define PAGE 4096UL
#define HIDDEN_FD_MIN 700
#define MAX_PORTS WIRE_NR_PORTS

struct file {
    uint32_t name;      /* [I] inode's number of the handle            */
    int conn;           /* [I] hidden                                  */
    int kind;           /* [I] enum wire_file                          */
    int mode;           /* [I] O_RDONLY, O_WRONLY or O_RDWR            */
    unsigned int users; /* [t] threads that use it now                 */
    int nr_maps;        /* [t] maps that name this file                */
    bool closed;        /* [t] no descriptor of it is left             */
    pthread_mutex_t lock;
    struct file *next;  /* [t] */
};
/* [I] immutable  [t] table_lock */

extern pthread_mutex_t table_lock;

/* -1 and errno for a negative rc, else rc. */
long set_errno(long rc);

/* libc's own function of this name and type. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* ---- devxen.c ---- */

/*
 * For the tracer: the enum wire_file of the descriptor's file, or -1, also when
 * `closing` and this process has not used the file.
 */
int devxen_kind(int fd, bool closing);

/* ---- real.c ---- */

/* As syscall(), which the library replaces. */
long real_call(long nr, ...);
/* The same, which pthread_cancel() ends: what libc's function would allow. */
long cancellable_call(long nr, long a, long b, long c, long d);

void *real_mmap(void *addr, size_t len, int prot, int flags, int fd,
                off_t offset);
int real_munmap(void *addr, size_t len);
int real_close(int fd);

/* ---- names.c ---- */

/*
 * The file in the machine's folder that stands for the path, in buf; NULL: the
 * path is not ours.
 */
const char *stand_in(int dirfd, const char *path, char buf[PATH_MAX]);
/* enum wire_file of a stand-in, or -1. */
int kind_of(const char *stand_in);
/* Does the stand-in look like a device? */
bool is_device(const char *stand_in);
/* Is it a text of the kernel's, which cannot be written? */
bool is_text(const char *stand_in);
/* The path that a stand-in stands for, a part of it; NULL: it is none. */
const char *original(const char *stand_in);

/* ---- file.c ---- */

/* A descriptor for the program, or -errno. */
int open_file(int kind, int flags);
bool is_handle(int fd);
/*
 * The file with this descriptor, for the caller to use until file_put(); NULL
 * with *rc 0: it is none of ours, else -errno.
 */
struct file *file_get(int fd, long *rc);
/* The same, but NULL when this process has not used the file. */
struct file *file_known(int fd);
void file_put(struct file *f);
/* The program has closed a descriptor of the file. */
void file_closed(struct file *f);

/* Send one request and map its frames: its result, or -errno. */
long request(struct file *f, uint32_t type, uint64_t a, uint64_t b,
             uint64_t c, uint64_t d);

/* Reserve the range again, without mappings, as before frames are mapped. */
void reserve(uintptr_t start, uintptr_t end);

/* Print once that the hypervisor has gone; -EIO. */
int lost(void);

/* ---- doorbell.c ---- */

/*
 * Map the frames and keep a copy of fd, once: 0 or -ENOMEM.  table_lock held.
 */
int doorbell_connect(int memfd, uint64_t shared_mfn, uint64_t mfn, int fd);
/* Has the file bound the port? */
bool doorbell_owns(const struct file *f, uint32_t port);
/* Ports that the file has bound. */
void doorbell_notify(uint32_t port);
void doorbell_unmask(uint32_t port);
/* A descriptor like fd that the program does not see, or -errno. */
int hide(int fd);

/* ---- map.c ---- */

void add_map(struct file *f, void *addr, size_t len);
/* Would Linux refuse to unmap that?  A privcmd mapping goes as a whole. */
bool splits_map(uintptr_t start, uintptr_t end);
/* Is there a mapping of ours at addr? */
bool is_mapped(uintptr_t addr);
/* Forget mappings of the range through files, here and in the server. */
void forget_range(uintptr_t start, uintptr_t end);
void forget_all_maps(void); /* in a child; table_lock held */

/* ---- safe.c ---- */

/* 0 or -EFAULT. */
int peek(void *dst, const void *src, size_t len);
/* Linux' answer to pinning the dm_op's buffers. */
long pin_dm_op(unsigned long arg);

#endif
