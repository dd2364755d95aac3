/* SPDX-License-Identifier: MIT */
/*
 * Dom0's kernel as a client of xenstored: the ring and the requests
 * (xenstore.c), and the programs that reach them through /dev/xen/xenbus
 * (dev-xenbus.c).
 *
 * One lock, xenstore_lock, protects all of it.  One thread moves the bytes: it
 * never waits for xenstored or for a program while it holds the lock.
 */
#ifndef XENSTORE_H
#define XENSTORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XS_PAYLOAD_MAX 4096

/* Of enum xsd_sockmsg_type, what a kernel knows. */
enum {
    XS_TYPE_WATCH = 4,
    XS_TYPE_UNWATCH = 5,
    XS_TYPE_TRANSACTION_START = 6,
    XS_TYPE_TRANSACTION_END = 7,
    XS_TYPE_WATCH_EVENT = 15,
    XS_TYPE_ERROR = 16,
};

struct xs_header {
    uint32_t type;
    uint32_t req_id;
    uint32_t tx_id;
    uint32_t len; /* of what follows */
};

/* A request to xenstored, and what to do with its answer. */
struct xs_request {
    struct xs_request *next;
    /* [xenstore_lock] Called once; the request is freed after it. */
    void (*done)(struct xs_request *r, const struct xs_header *h,
                 const char *body);
    void *owner;            /* of done()                          */
    uint32_t type, id;      /* as the ring has them               */
    uint32_t caller_id;     /* the program's                      */
    size_t len, sent;
    char bytes[];           /* header and body                    */
};

extern pthread_mutex_t xenstore_lock;

/* ---- xenstore.c ---- */

struct page *xenstore_page(void); /* the ring */

/* All with xenstore_lock held. */

/* A copy of the message to send, or NULL. */
struct xs_request *xenstore_request(const struct xs_header *h,
                                    const void *body);
void xenstore_send(struct xs_request *r);
/* No answer is wanted any more by this owner. */
void xenstore_forget(const void *owner);
/* Have the thread look at the queues. */
void xenstore_wake(void);

/* An answer that is of no interest: for xs_request.done. */
void xenstore_ignore(struct xs_request *r, const struct xs_header *h,
                     const char *body);

/* ---- dev-xenbus.c ---- */

struct chunk;
struct watch;
struct transaction;

struct xenbus {
    struct file *f;
    struct chunk *out;
    struct watch *watches;
    struct transaction *transactions;
    size_t len;
    union {
        struct xs_header header;
        char bytes[XS_PAYLOAD_MAX];
    } msg;             /* [file's lock] the message that is being written */
    struct xenbus *next;
};
/* All but msg and len: [xenstore_lock] */

extern struct xenbus *xenbus_files; /* [xenstore_lock] */
extern bool xenstore_answers;       /* [xenstore_lock] it has, once */

/* All below with xenstore_lock held. */

/* For the program to read. */
void xenbus_append(struct xenbus *x, const struct xs_header *h,
                   const void *body);
/* An answer of the kernel's own to the message that was written. */
void xenbus_reply(struct xenbus *x, uint32_t type, const char *text);
/* Write what programs have room for; the descriptors to wait for, at most max. */
struct pollfd;
size_t xenbus_flush(struct pollfd *p, size_t max);

/* ---- xenbus-watch.c, with xenstore_lock held ---- */

/*
 * WATCH or UNWATCH was written: 0 or -errno.  The lock is dropped while
 * xenstored's answer is awaited.
 */
long xenbus_write_watch(struct xenbus *x);
void xenbus_watch_event(const char *path, const char *token);
void xenbus_end_watches(struct xenbus *x);

#endif
