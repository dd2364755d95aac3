/* SPDX-License-Identifier: MIT */
/*
 * The hosted server: it plays the kernel of dom0 for its clients.
 *
 * A connection (connection.c) is one process' way to one open file, with a
 * thread of its own; an open file (file.c) lives until its last descriptor is
 * closed, in whichever process, and nothing is mapped through it any more.
 * Hypercalls of different files run in parallel.
 *
 * Locks: a file's, then an address space's.
 */
#ifndef SERVER_H
#define SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <hosted.h>
#include <wire.h>

struct conn;
struct file;

/* What one kind of file does.  Results: >= 0 or -errno. */
struct file_ops {
    int (*open)(struct file *f);
    long (*ioctl)(struct file *f, unsigned long request, uint64_t arg);
    /* Fill [addr, addr + len) by file_map_page() calls; mm locked. */
    long (*mmap)(struct file *f, uint64_t addr, size_t len, uint64_t offset,
                 int prot);
    /* [addr, addr + len) goes, then the page references; mm locked. */
    void (*munmap)(struct file *f, uint64_t addr, size_t len);
    void (*close)(struct file *f); /* mappings are gone already */
};

extern const struct file_ops privcmd_ops, hypercall_ops, evtchn_ops,
    gntdev_ops, gntalloc_ops;

/* One page that a client has mapped: one HOLD_ARCH reference. */
struct mapping {
    uint64_t addr;
    struct page *page;
};

/* A process' addresses, as far as they are mapped through files. */
struct mm {
    uint64_t id;
    unsigned int users;      /* [list's lock]                              */
    pthread_mutex_t lock;
    struct vma *vmas;        /* [lock]                                     */
    struct mapping *map;     /* [lock] sorted by address                   */
    size_t nr_map, room;
    struct mm *next;         /* [list's lock]                              */
};

struct file {
    const struct file_ops *ops;
    int kind;                /* enum wire_file                             */
    int mode;                /* O_RDONLY, O_WRONLY or O_RDWR               */
    uint32_t name;           /* inode's number of the handle               */
    int handle;              /* our end of it: evtchn writes ports there   */
    unsigned int users;      /* [list's lock] connections, and the handle  */
    void *priv;              /* of the ops                                 */

    pthread_mutex_t lock;    /* a request at a time                        */
    struct conn *conn;       /* [lock] whose request is served             */
    bool open;               /* [lock] descriptors of it are left          */
    bool released;           /* [lock] ops->close() was called             */
    unsigned int nr_vmas;    /* [lock]                                     */
    struct file *next;       /* [list's lock]                              */
};

extern struct domain *server_dom0;

/* ---- file.c ---- */

/*
 * A new open file, with one user for the caller and one for its handle, whose
 * other end is *client: NULL with *rc -errno.
 */
struct file *file_open(int kind, int mode, int *client, int *rc);
/* The file with a handle of this name, with a user for the caller, or NULL. */
struct file *file_find(uint32_t name);
void file_put(struct file *f);
/* Release what the file has if it is of no use any more; f->lock held. */
void file_may_end(struct file *f);
/* Has the last descriptor been closed by now?  f->lock held. */
bool file_is_closed(struct file *f);
/* Release all files, whoever has descriptors of them; no request is served. */
void files_end(void);
int files_start(void); /* -errno */

/* ---- mm.c ---- */

/* The address space with this id, with a user for the caller, or NULL. */
struct mm *mm_get(uint64_t id);
void mm_put(struct mm *mm);

/*
 * Map the page (whose reference passes to the address space) at addr in the
 * client, with the answer to the request being served.  Replaces nothing:
 * -EBUSY when there is a page, -ENOMEM; the reference is dropped then.  mm
 * locked, as for all below.
 */
int file_map_page(struct file *f, uint64_t addr, struct page *page, int prot);

/* Drop the references on what is mapped in the range. */
void mm_unmap_range(struct mm *mm, uint64_t addr, size_t len);

/* The page that is mapped at addr, or NULL; no reference taken. */
struct page *mm_mapped_page(struct mm *mm, uint64_t addr);

/* For the hooks: references of all address spaces. */
void mms_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- client memory (connection.c) ---- */

/* Copies from and to the client whose request is served: 0 or -EFAULT. */
int client_read(const struct file *f, void *dst, uint64_t src, size_t len);
int client_write(const struct file *f, uint64_t dst, const void *src,
                 size_t len);

/* A hypercall of dom0's kernel: arguments in this process. */
long kernel_hypercall(unsigned long nr, unsigned long a0, unsigned long a1,
                      unsigned long a2);

/* The same as the references of mms_audit() for the pages that dom0 grants. */
void gntalloc_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- connection.c ---- */

/* A process' way to a file. */
struct conn {
    int fd;
    pid_t pid;               /* of the request being served                */
    struct mm *mm;
    struct file *file;
    long pinned;             /* what the request says of its buffers       */
    struct wire_reply reply; /* being built                                */
    struct conn *next;
};

/* Part of the answer to the request: frame mfn at addr. */
void conn_add_run(struct conn *c, uint64_t addr, mfn_t mfn, int prot);
/* Shut down all connections, or those to one file but for the one served. */
void conns_hang_up(const struct file *f);

/* Listen at path: the descriptor, or -errno. */
int server_listen(const char *path);
/* Accept until the descriptor is shut down; threads serve. */
void server_run(int listener);
/* Wait until the last connection thread has gone. */
void server_drain(void);

/* ---- doorbell.c ---- */

int doorbell_start(void); /* -errno; after dom0 exists */
void doorbell_serve(void); /* all that was rung is done when it returns */
uint64_t doorbell_mfn(void);
/* Tell clients whose port it is: the file's name, 0: nobody's. */
void bell_set_owner(uint32_t port, uint32_t name);
int doorbell_pipe(void); /* where clients write */
void doorbell_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- dev-evtchn.c ---- */

/* A port that a file has bound, kept from being closed: 0 or -EINVAL. */
int evtchn_port_get(uint32_t port);
void evtchn_port_put(uint32_t port);

/* What a program asks of a port that a file has bound; else nothing. */
void server_notify(uint32_t port);
void server_unmask(uint32_t port);

/* dom0's event upcall: deliver what is pending to the files that bound it. */
void server_dom0_upcall(struct vcpu *v);

/* ---- folder.c ---- */

int life_make_folder(void); /* 0, or -errno and a line that says so */
const char *life_folder(void);
void life_remove_folder(void);
/* Remove what runs have left that were killed as a whole. */
void life_remove_dead(void);

/* ---- life.c ---- */

/*
 * Returns in a child.  However that ends, all processes that it has started
 * end, and the folder goes; the caller waits for this and then exits.
 */
void life_split(void);
/* Until the process ends or the run is to end: a status as a shell's. */
int life_wait(pid_t pid);
/* All children, their children with them. */
void life_end_children(void);
/* In a child that is to run a program: signals as they were at the start. */
void life_restore_signals(void);

/* ---- command.c ---- */

/* 0, or 125 and a line about why this program cannot run. */
int command_check(const char *name);
/* LD_PRELOAD for the program: what comes before our library, or "". */
const char *command_runtime(const char *name);

#endif
