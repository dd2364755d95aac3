/* SPDX-License-Identifier: MIT */
/*
 * Preload library: /dev/xen files for unmodified programs.
 *
 *   calls.c      replaces functions of libc that open a path, or look for it
 *   stat.c       replaces those that say what is at a path
 *   paths.c      replaces those that change what is at a path
 *   exec.c       replaces those that run a program, or connect by a path
 *   syscall.c    replaces syscall()
 *   places.c     replaces the rest of those with a path, also of fortified
 *                programs
 *   folders.c    replaces those that read folders
 *   attributes.c replaces those for extended attributes
 *   walks.c      replaces those that walk a tree of folders
 *   devxen.c     replaces functions of libc that take a descriptor
 *   transfer.c   replaces those that read or write in other ways
 *   control.c    replaces those that ask about a descriptor, or change it
 *   memory.c     replaces those that map, and change what is mapped
 *   names.c      which paths are ours
 *   file.c       open files: requests and answers
 *   connect.c    a connection for each
 *   process.c    what a process begins with, and a child inherits
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
 * connections; for mappings that it inherits it makes its own, while its parent
 * waits.
 *
 * Locks: table_lock protects the lists of files and maps, and fork() waits for
 * it.  A file's own lock serialises its requests and is never taken while
 * table_lock is held.  map_lock is the last: who has it makes no request and
 * takes no lock.
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
    int flags;          /* [I] of open(): the access mode, WIRE_IN_PROC */
    unsigned int users; /* [t] threads that use it now                 */
    int nr_maps;        /* [t] maps that name this file                */
    bool closed;        /* [t] no descriptor of it is left             */
    pthread_mutex_t lock;
    struct file *next;  /* [t] */
};
/* [I] immutable  [t] table_lock */

extern pthread_mutex_t table_lock;
/* fork() waits for it: held until what was mapped is as a child may have it. */
extern pthread_mutex_t map_lock;

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
/* Is it the name of one in /dev/xen, without the folder? */
bool is_device_name(const char *name);
/* Does the stand-in look like a device? */
bool is_device(const char *stand_in);
/*
 * The same for functions that follow links: /proc/self/fd/N and its other names
 * are the file that descriptor N has open.
 */
const char *followed(int dirfd, const char *path, char buf[PATH_MAX]);
/* The stand-in of the descriptor's file, in buf, or NULL. */
const char *stand_in_of(int fd, char buf[PATH_MAX]);
/* N of /proc/self/fd/N and its other names, or -1. */
int descriptor_of(const char *path);
/* Is it a text of the kernel's, which cannot be written? */
bool is_text(const char *stand_in);
/* On which file system Linux has the path, which need not be a stand-in. */
enum file_system { FS_OTHER, FS_DEV, FS_PROC, FS_SYS };
enum file_system file_system_of(const char *path);
/* The path that a stand-in stands for, a part of it; NULL: it is none. */
const char *original(const char *stand_in);

/* ---- stat.c ---- */

struct stat;
/* Make what was found of a device's stand-in what Linux says of the device. */
void make_device(const char *stand_in, struct stat *st);

/* ---- file.c ---- */

/* A descriptor for the program, or -errno; flags may have WIRE_IN_PROC. */
int open_file(int kind, int flags);
bool may_read(const struct file *f);
bool may_write(const struct file *f);
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
/* The program has closed descriptors, of whatever files. */
void files_closed(void);

/* Send one request and map its frames: its result, or -errno. */
long request(struct file *f, uint32_t type, uint64_t a, uint64_t b,
             uint64_t c, uint64_t d);

/* Reserve the range again, without mappings: an access is a SIGSEGV. */
void reserve(uintptr_t start, uintptr_t end);
/* The same, where frames are to be mapped: an access that prot allows: SIGBUS. */
bool reserve_empty(uintptr_t start, uintptr_t end, int prot);

/* ---- connect.c ---- */

/* Print once that the hypervisor has gone; -EIO. */
int lost(void);
/* A descriptor like fd that the program does not see, or -errno. */
int hide(int fd);

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

/* ---- map.c ---- */

/* A range that is mapped through a file. */
struct map {
    uintptr_t start, end;
    struct file *file;
    int prot;      /* as the program knows it                    */
    bool no_write; /* shared, of a file that is open to be read  */
    struct map *next;
};

/* A copy of *new is kept; false: there is no memory for it. */
bool add_map(const struct map *new);
/* Would Linux refuse to unmap that?  A privcmd mapping goes as a whole. */
bool splits_map(uintptr_t start, uintptr_t end);
/* Is there a mapping of ours at addr? */
bool is_mapped(uintptr_t addr);
/* Is a privcmd mapping in the range? */
bool is_foreign(uintptr_t start, size_t len);
/* The protection of the mapping of ours at addr; PROT_NONE: there is none. */
int map_prot(uintptr_t addr);
/*
 * mprotect() of the range: 0 or -errno, *ours: is a mapping of ours in it?
 * *allowed: prot, without PROT_WRITE when frames there must not be written.
 */
long protect_maps(uintptr_t start, uintptr_t end, int prot, bool *ours,
                  int *allowed);
/* Forget mappings of the range through files, here and in the server. */
void forget_range(uintptr_t start, uintptr_t end);
/* Are such mappings inherited by a child? */
bool is_inherited(int kind);
/* Is there one that the server is told of?  table_lock held. */
bool maps_inherited(void);
/* The list, which is the caller's now; in a child. */
struct map *take_maps(void);

/* ---- safe.c ---- */

/* 0 or -EFAULT, for which nothing is copied. */
int poke(void *dst, const void *src, size_t len);
int peek(void *dst, const void *src, size_t len);
/* Linux' answer to pinning the dm_op's buffers. */
long pin_dm_op(unsigned long arg);

#endif
