/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/xenbus, as Linux 6.1 offers it: xenstore's messages by write() and
 * read(); the kernel puts ids of its own into them, keeps account of watches
 * (xenbus-watch.c) and transactions, and ends what is left when the file is
 * closed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"
#include "xenstore.h"

#include <hv/lib.h>
#include <hv/page.h>

/* Bytes that the program has not read. */
struct chunk {
    struct chunk *next;
    size_t len, done;
    char bytes[];
};

struct transaction {
    struct transaction *next;
    uint32_t id;
};

struct xenbus *xenbus_files;
bool xenstore_answers;

/* ---- to the program ---- */

void xenbus_append(struct xenbus *x, const struct xs_header *h,
                   const void *body)
{
    struct chunk *c = malloc(sizeof(*c) + sizeof(*h) + h->len), **p = &x->out;

    if ( !c )
        return;
    c->next = NULL;
    c->len = sizeof(*h) + h->len;
    c->done = 0;
    memcpy(c->bytes, h, sizeof(*h));
    memcpy(c->bytes + sizeof(*h), body, h->len);
    while ( *p )
        p = &(*p)->next;
    *p = c;
    xenstore_wake();
}

/* False: the program has to read first. */
static bool flush(struct xenbus *x)
{
    struct chunk *c;

    while ( (c = x->out) )
    {
        ssize_t nr = write(x->f->handle, c->bytes + c->done, c->len - c->done);

        if ( nr < 0 && errno == EAGAIN )
            return false;
        c->done += nr > 0 ? (size_t)nr : 0;
        if ( nr > 0 && c->done < c->len )
            continue;
        x->out = c->next;
        free(c);
    }
    return true;
}

size_t xenbus_flush(struct pollfd *p, size_t max)
{
    size_t nr = 0;

    for ( struct xenbus *x = xenbus_files; x; x = x->next )
        if ( !flush(x) && nr < max )
            p[nr++] = (struct pollfd){ .fd = x->f->handle, .events = POLLOUT };
    return nr;
}

/* An answer of the kernel's own to the message that was written. */
void xenbus_reply(struct xenbus *x, uint32_t type, const char *text)
{
    struct xs_header h = x->msg.header;

    h.type = type;
    h.len = (uint32_t)strlen(text) + 1;
    xenbus_append(x, &h, text);
}

/* ---- transactions ---- */

static struct transaction **find_transaction(struct xenbus *x, uint32_t id)
{
    struct transaction **p = &x->transactions;

    while ( *p && (*p)->id != id )
        p = &(*p)->next;
    return p;
}

/* A request whose answer is of no interest. */
static void tell(uint32_t type, uint32_t tx_id, const void *body, size_t len)
{
    struct xs_header h = { .type = type, .tx_id = tx_id,
                           .len = (uint32_t)len };
    struct xs_request *r = xenstore_request(&h, body);

    if ( !r )
        return;
    r->done = xenstore_ignore;
    xenstore_send(r);
}

static void began(struct xenbus *x, uint32_t id)
{
    struct transaction *t = x ? malloc(sizeof(*t)) : NULL;

    if ( !t )
    {
        tell(XS_TYPE_TRANSACTION_END, id, "F", 2);
        return;
    }
    *t = (struct transaction){ x->transactions, id };
    x->transactions = t;
}

static void ended(struct xenbus *x, uint32_t id)
{
    struct transaction **p = find_transaction(x, id), *t = *p;

    if ( !t )
        return;
    *p = t->next;
    free(t);
}

/* xenstored's answer to a program's message. */
static void pass_answer(struct xs_request *r, const struct xs_header *h,
                        const char *body)
{
    struct xenbus *x = r->owner;
    struct xs_header to = *h;

    xenstore_answers = true;
    if ( r->type == XS_TYPE_TRANSACTION_START && h->type == r->type )
        began(x, (uint32_t)strtoul(body, NULL, 0));
    if ( !x )
        return;
    if ( r->type == XS_TYPE_TRANSACTION_END )
        ended(x, h->tx_id);
    to.req_id = r->caller_id;
    xenbus_append(x, &to, body);
}

static long write_request(struct xenbus *x)
{
    const struct xs_header *h = &x->msg.header;
    const char *body = (const char *)(h + 1);
    struct xs_request *r;

    if ( h->type != XS_TYPE_TRANSACTION_START && h->tx_id &&
         !*find_transaction(x, h->tx_id) )
    {
        xenbus_reply(x, XS_TYPE_ERROR, "ENOENT");
        return 0;
    }
    if ( h->type == XS_TYPE_TRANSACTION_END &&
         !(h->len == 2 && (!memcmp(body, "T", 2) || !memcmp(body, "F", 2))) )
    {
        xenbus_reply(x, XS_TYPE_ERROR, "EINVAL");
        return 0;
    }
    r = xenstore_request(h, body);
    if ( !r )
        return -ENOMEM;
    r->done = pass_answer;
    r->owner = x;
    xenstore_send(r);
    return 0;
}

/* ---- the file ---- */

static long write_message(struct xenbus *x)
{
    bool watch = x->msg.header.type == XS_TYPE_WATCH ||
                 x->msg.header.type == XS_TYPE_UNWATCH;
    long rc;

    pthread_mutex_lock(&xenstore_lock);
    rc = watch ? xenbus_write_watch(x) : write_request(x);
    pthread_mutex_unlock(&xenstore_lock);
    return rc;
}

/* A message may come in parts; one write does not go beyond its end. */
static long xenbus_write(struct file *f, uint64_t addr, size_t len)
{
    struct xenbus *x = f->priv;
    size_t whole;
    long rc;

    if ( !len )
        return 0;
    if ( len > sizeof(x->msg) - x->len )
        return -EINVAL;
    if ( client_read(f, x->msg.bytes + x->len, addr, len) )
        return -EFAULT;
    x->len += len;
    if ( x->len < sizeof(x->msg.header) )
        return (long)len;
    whole = sizeof(x->msg.header) + (size_t)x->msg.header.len;
    if ( whole > sizeof(x->msg) )
    {
        x->len = 0;
        return -E2BIG;
    }
    if ( x->len < whole )
        return (long)len;
    rc = write_message(x);
    x->len = 0;
    return rc ? rc : (long)len;
}

static int xenbus_open(struct file *f)
{
    struct xenbus *x = calloc(1, sizeof(*x));

    if ( !x )
        return -ENOMEM;
    x->f = f;
    f->priv = x;
    pthread_mutex_lock(&xenstore_lock);
    x->next = xenbus_files;
    xenbus_files = x;
    pthread_mutex_unlock(&xenstore_lock);
    return 0;
}

static void xenbus_close(struct file *f)
{
    struct xenbus *x = f->priv, **p = &xenbus_files;
    struct transaction *t;
    struct chunk *c;

    pthread_mutex_lock(&xenstore_lock);
    while ( *p != x )
        p = &(*p)->next;
    *p = x->next;
    xenstore_forget(x);
    while ( (t = x->transactions) )
    {
        x->transactions = t->next;
        tell(XS_TYPE_TRANSACTION_END, t->id, "F", 2);
        free(t);
    }
    xenbus_end_watches(x);
    while ( (c = x->out) )
    {
        x->out = c->next;
        free(c);
    }
    xenstore_wake(); /* to wait for its descriptor no longer */
    pthread_mutex_unlock(&xenstore_lock);
    free(x);
}

const struct file_ops xenbus_ops = {
    .open = xenbus_open,
    .write = xenbus_write,
    .close = xenbus_close,
};
