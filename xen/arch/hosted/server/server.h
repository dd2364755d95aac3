/* SPDX-License-Identifier: MIT */
/*
 * The hosted server: it plays the kernel of dom0 for its clients.
 *
 * Each connection is one open file with a thread of its own; closing it, for
 * whatever reason, releases all that the file holds.  Hypercalls of different
 * files run in parallel.
 */
#ifndef SERVER_H
#define SERVER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <hosted.h>
#include <wire.h>

struct file;

/* What one kind of file does.  Results: >= 0 or -errno. */
struct file_ops {
    int (*open)(struct file *f);
    long (*ioctl)(struct file *f, unsigned long request, uint64_t arg);
    /* Fill [addr, addr + len) by file_map_page() calls. */
    long (*mmap)(struct file *f, uint64_t addr, size_t len, uint64_t offset,
                 int prot);
    /* [addr, addr + len) went; the file's page references there are gone. */
    void (*munmap)(struct file *f, uint64_t addr, size_t len);
    void (*close)(struct file *f); /* mappings are gone already */
};

extern const struct file_ops privcmd_ops, hypercall_ops, evtchn_ops,
    gntdev_ops, gntalloc_ops;

/* One page that the client has mapped through a file: one HOLD_ARCH ref. */
struct mapping {
    uint64_t addr;
    struct page *page;
};

struct file {
    const struct file_ops *ops;
    int conn;       /* the connection                                      */
    int stream;     /* where ports are written, -1: none                   */
    pid_t pid;      /* of the request being served                         */
    void *priv;     /* of the ops                                          */

    pthread_mutex_t lock;    /* mappings, against the auditor              */
    struct mapping *map;     /* sorted by address                          */
    size_t nr_map, room;

    struct wire_reply reply; /* being built                                */
    struct file *next;       /* in the list of all files                   */
};

extern struct domain *server_dom0;

/* ---- file.c ---- */

/*
 * Map the page (whose reference passes to the file) at addr in the client,
 * with the answer to the request being served.  Replaces nothing: -EBUSY when
 * the file has a page there, -ENOMEM; the reference is dropped then.
 */
int file_map_page(struct file *f, uint64_t addr, struct page *page, int prot);

/* Drop the references on what is mapped in the range; counts the pages. */
size_t file_unmap_range(struct file *f, uint64_t addr, size_t len);

/* The page that the file has mapped at addr, or NULL; no reference taken. */
struct page *file_mapped_page(struct file *f, uint64_t addr);

/* Answer the request: result after all runs collected so far. */
int file_answer(struct file *f, long result);

struct file *file_new(int conn);
void file_free(struct file *f);

/* Copies from and to the client of f: 0 or -EFAULT. */
int client_read(const struct file *f, void *dst, uint64_t src, size_t len);
int client_write(const struct file *f, uint64_t dst, const void *src,
                 size_t len);

/* A hypercall of dom0's kernel: arguments in this process. */
long kernel_hypercall(unsigned long nr, unsigned long a0, unsigned long a1,
                      unsigned long a2);

/* Shut down the connections of all files. */
void files_hang_up(void);

/* For the hooks: references of all files. */
void files_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* The same for the pages that dom0 grants (dev-gntalloc.c). */
void gntalloc_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- connection.c ---- */

/* Listen at path: the descriptor, or -errno. */
int server_listen(const char *path);
/* Accept until the descriptor is shut down; threads serve. */
void server_run(int listener);
/* Wait until the last connection thread has gone. */
void server_drain(void);

/* ---- bell.c ---- */

int bell_start(void); /* -errno; after dom0 exists */
void bell_serve(void); /* all that was rung is done when it returns */
uint64_t bell_mfn(void);
int bell_pipe(void); /* where clients write */
void bell_audit(void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- dev-evtchn.c ---- */

/* What a program asks of a port that a file has bound; else nothing. */
void server_notify(uint32_t port);
void server_unmask(uint32_t port);

/* dom0's event upcall: deliver what is pending to the files that bound it. */
void server_dom0_upcall(struct vcpu *v);

#endif
