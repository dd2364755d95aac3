/* SPDX-License-Identifier: MIT */
/*
 * The hosted server: it plays the kernel of dom0 for its clients.
 *
 * A connection (connection.c) carries the requests of one process for one open
 * file and has a thread of its own.  An open file (file.c) lives until its last
 * descriptor in any process is closed and its last mapping is gone.  Hypercalls
 * through different files run in parallel.
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
    long (*write)(struct file *f, uint64_t addr, size_t len);
    /* Fill [addr, addr + len) by file_map_page() calls; mm locked. */
    long (*mmap)(struct file *f, uint64_t addr, size_t len, uint64_t offset,
                 int prot);
    /* Unmap [addr, addr + len), then drop page references; mm locked. */
    void (*munmap)(struct file *f, uint64_t addr, size_t len);
    /* A child has a copy of what is mapped there, in conn->mm; locked. */
    void (*inherit)(struct file *f, uint64_t addr, size_t len);
    void (*close)(struct file *f); /* mappings are gone already */
};

extern const struct file_ops privcmd_ops, hypercall_ops, evtchn_ops,
    gntdev_ops, gntalloc_ops, xenbus_ops, xenbus_backend_ops, xsd_kva_ops;

/* One page that a client has mapped: one HOLD_ARCH reference. */
struct mapping {
    uint64_t addr;
    struct page *page;
};

/* The part of a process' addresses that is mapped through files. */
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
    int flags;               /* of open(); O_NONBLOCK is the handle's      */
    uint32_t name;           /* inode's number of the handle               */
    int handle;              /* our end of it: evtchn writes ports there   */
    unsigned int users;      /* [list's lock] connections, and the handle  */
    void *priv;              /* of the ops                                 */

    pthread_mutex_t lock;    /* a request at a time                        */
    struct conn *conn;       /* [lock] its request is being served         */
    bool open;               /* [lock] it has descriptors                  */
    bool released;           /* [lock] ops->close() was called             */
    unsigned int nr_vmas;    /* [lock]                                     */
    struct file *next;       /* [list's lock]                              */
};

extern struct domain *server_dom0;

/* ---- options.c ---- */

/* What the command line says; NULL or 0: nothing. */
extern struct server_options {
    const char *socket, *preload, *console;
    const char *loglvl, *guest_loglvl, *timestamps;
    long memory_mib, fail, fail_copy;
    const char *debian; /* where the toolstack is unpacked */
    const char *trace_file; /* NULL: standard error */
    bool audit, toolstack, trace;
} server_option;

/* The index of the command in argv, or -1 after a message. */
int options_parse(int argc, char **argv);

/* ---- file.c ---- */

/*
 * A new open file, with one user for the caller and one for its handle, whose
 * other end is *client: NULL with *rc -errno.
 */
struct file *file_open(int kind, int flags, int *client, int *rc);
/* The file with a handle of this name, with a user for the caller, or NULL. */
struct file *file_find(uint32_t name);
void file_put(struct file *f);
/* Release the file's resources if it cannot be used again; f->lock held. */
void file_may_end(struct file *f);
/* Has the last descriptor been closed by now?  f->lock held. */
bool file_is_closed(struct file *f);
/* Release all files, also open ones; no request is being served. */
void files_end(void);
int files_start(void); /* -errno */

/* ---- mm.c ---- */

/*
 * The address space with this id, made when there is none, with a user for the
 * caller, or NULL.
 */
struct mm *mm_get(uint64_t id);
/* The same, but NULL when there is none. */
struct mm *mm_find(uint64_t id);
void mm_put(struct mm *mm);

/*
 * Map the page at addr in the client, with the answer to the request being
 * served; the address space gets the caller's reference.  -EBUSY: a page is
 * mapped there; -ENOMEM; the reference is dropped then.  mm locked, as for all
 * below.
 */
int file_map_page(struct file *f, uint64_t addr, struct page *page, int prot);

/* Drop the references on the pages that are mapped in the range. */
void mm_unmap_range(struct mm *mm, uint64_t addr, size_t len);

/* Pages of the range in the other address space, too: 0 or -ENOMEM. */
int mm_copy_range(struct mm *mm, const struct mm *from, uint64_t addr,
                  size_t len);

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

/* As mms_audit(), for the pages that dom0 grants. */
void gntalloc_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- connection.c ---- */

/* The requests of one process for one file. */
struct conn {
    int fd;
    pid_t pid;               /* of the request being served                */
    bool busy;               /* a request is being served; any thread reads */
    struct mm *mm;
    struct file *file;
    long pinned;             /* of the request: can its buffers be pinned? */
    struct wire_reply reply; /* being built                                */
    struct conn *next;
};

/* Part of the answer to the request: frame mfn at addr. */
void conn_add_run(struct conn *c, uint64_t addr, mfn_t mfn, int prot);
/* Shut down all connections, or those of a file except the one served. */
void conns_hang_up(const struct file *f);

/* Listen at path: the descriptor, or -errno. */
int server_listen(const char *path);
/* Accept until the descriptor is shut down; threads serve. */
void server_run(int listener);
/* Wait until the last connection thread has gone. */
void server_drain(void);
/*
 * fn() for each connection whose process has opened its file; connections do not
 * begin or end meanwhile.
 */
void conns_each(void (*fn)(const struct conn *c, void *arg), void *arg);

/* ---- mapping.c: requests, with the file locked ---- */

long conn_map(struct conn *c, const struct wire_request *req);
/* Unmap the parts of [addr, addr + len) that are mapped through the file. */
void conn_unmap(struct conn *c, uint64_t addr, size_t len);
long conn_protect(struct conn *c, const struct wire_request *req);
long conn_inherit(struct conn *c, const struct wire_request *req);

/* ---- doorbell.c ---- */

int doorbell_start(void); /* -errno; after dom0 exists */
void doorbell_serve(void); /* handle all bits that were set before */
uint64_t doorbell_mfn(void);
/* Tell clients the name of the file that owns the port, 0: none. */
void bell_set_owner(uint32_t port, uint32_t name);
int doorbell_pipe(void); /* the end that clients write to */
void doorbell_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- dev-evtchn.c ---- */

/* A port that a file has bound, kept from being closed: 0 or -EINVAL. */
int evtchn_port_get(uint32_t port);
void evtchn_port_put(uint32_t port);

/* Act on a bit of the doorbell, if a file has bound the port. */
void server_notify(uint32_t port);
void server_unmask(uint32_t port);

/*
 * A port of dom0's kernel, for dom0 to bind: 0 or -errno.  Called once.  upcall()
 * is called for each event, with locks held: it is to take none.
 */
int evtchn_kernel_port(void (*upcall)(void), uint32_t *port);

/* The first port from `from` on that f has bound, or WIRE_NR_PORTS. */
uint32_t evtchn_next_port(const struct file *f, uint32_t from);

/* dom0's event upcall: deliver what is pending to the files that bound it. */
void server_dom0_upcall(struct vcpu *v);

/* ---- xenstore.c ---- */

int xenstore_start(void); /* -errno; after dom0 exists */
uint32_t xenstore_port(void); /* for xenstored to bind */
void xenstore_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- folder.c ---- */

int life_make_folder(void); /* 0, or -errno after a message */
const char *life_folder(void);
/* The part of it whose files stand for those of the same path. */
const char *life_root(void);
/*
 * A file with the text in the folder, or, when the name ends in '/' and there is
 * no text, a folder, and what is missing on the way to it: 0, or -errno after a
 * message.
 */
int life_make_file(const char *name, const char *text, unsigned int mode);
void life_remove_folder(void);
/* A socket where nobody listens any more; nothing else. */
void life_remove_socket(const char *path);
/* Remove folders of runs whose processes were killed all at once. */
void life_remove_dead(void);

/* ---- kernel-files.c ---- */

/* /dev/xen, /proc/xen and /sys/hypervisor: 0 or -errno. */
int kernel_files_make(void);

/* ---- toolstack.c ---- */

/* Debian's programs, NULL: those that are installed; 0, or -1 and a line. */
int toolstack_find(const char *where);
bool toolstack_wanted(void); /* they were found */
int toolstack_make_folders(void); /* 0 or -errno */
/* In the process that becomes the command: variables; then, with them, daemons. */
void toolstack_environment(void);
int toolstack_start(void); /* 0, or -1 and a line */

/* ---- life.c ---- */

/*
 * From now on signals wait for life_wait() or the guard: a folder that is made is
 * removed.  Before life_split().
 */
void life_hold_signals(void);
/*
 * Forks and returns in the child, the server.  However the server ends, the
 * parent, the guard, ends all processes that the server has started, removes
 * the folder and exits.
 */
void life_split(void);
/* Wait until the process ends or the run is to end: a status as a shell's. */
int life_wait(pid_t pid);
/* End all children and their children. */
void life_end_children(void);
/* In a child before exec: restore the signals of the start. */
void life_restore_signals(void);

/* ---- report.c ---- */

/*
 * Who waits for whom, on standard error: vcpus of guests for device models, and
 * the programs that have files of /dev/xen open.  why: the first line says it.
 */
void report_waits(const char *why);

/* ---- command.c ---- */

/* 0, or 125 and a line about why this program cannot run. */
int command_check(const char *name);
/* LD_PRELOAD for the program: the part before the preload library, or "". */
const char *command_runtime(const char *name);
/* The same, for the preload library; may change LD_LIBRARY_PATH. */
const char *command_preload(const char *library);

/* ---- output.c ---- */

/* First of all: closed descriptors 0, 1 and 2 are no file's that is opened. */
void output_fill_descriptors(void);
/* The status after --help: 0, or 1 and a line. */
int output_finish_stdout(void);
/* Instead of standard error: 0, or -errno and a line. */
int output_open_console(const char *path);
void output_console(const char *s, size_t len);
/* Where programs that are traced say that a line is lost: 0, or -errno, a line. */
int output_prepare_trace(void);
void output_trace_environment(void);
/* At the end: true, after a line for each, when something was not written. */
bool output_lost(void);

/* ---- tracer.c ---- */

/* Can calls be traced, and the file written?  0, or -1 and a line. */
int tracer_prepare(void);
/* Of the process that becomes the command: its environment, and a descriptor. */
void tracer_environment(void);

#endif
