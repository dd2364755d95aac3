/* SPDX-License-Identifier: MIT */
/*
 * The ring between dom0's kernel and xenstored: a page, which xenstored maps by
 * /proc/xen/xsd_kva, and an event channel, which it binds by the port in
 * /proc/xen/xsd_port.  Requests of several programs are on their way at once:
 * each has an id of the kernel's until its answer comes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server.h"
#include "xenstore.h"

#include <hv/atomic.h>
#include <hv/evtchn.h>
#include <hv/lib.h>
#include <hv/page.h>

#define RING_BYTES 1024u
#define MAX_WAITING 256 /* programs' descriptors in one poll() */

struct xs_ring {
    char req[RING_BYTES], rsp[RING_BYTES];
    uint32_t req_cons, req_prod, rsp_cons, rsp_prod;
};

pthread_mutex_t xenstore_lock = PTHREAD_MUTEX_INITIALIZER;

static struct page *page;
static struct xs_ring *ring;
static uint32_t port;
static int wake_fd;
static uint32_t last_id;            /* [xenstore_lock]                    */
static struct xs_request *to_send;  /* [xenstore_lock] the first one first */
static struct xs_request *awaited;  /* [xenstore_lock] sent              */

/* The answer that is being received. */
static struct {
    size_t got;
    struct xs_header header;
    char body[XS_PAYLOAD_MAX + 1];
} in;

struct page *xenstore_page(void)
{
    return page;
}

uint32_t xenstore_port(void)
{
    return port;
}

void xenstore_wake(void)
{
    uint64_t one = 1;

    (void)!write(wake_fd, &one, sizeof(one));
}

/* ---- requests ---- */

struct xs_request *xenstore_request(const struct xs_header *h,
                                    const void *body)
{
    struct xs_request *r = calloc(1, sizeof(*r) + sizeof(*h) + h->len);
    struct xs_header sent = *h;

    if ( !r )
        return NULL;
    r->type = h->type;
    r->caller_id = h->req_id;
    sent.req_id = r->id = ++last_id;
    r->len = sizeof(*h) + h->len;
    memcpy(r->bytes, &sent, sizeof(sent));
    memcpy(r->bytes + sizeof(sent), body, h->len);
    return r;
}

void xenstore_send(struct xs_request *r)
{
    struct xs_request **p = &to_send;

    while ( *p )
        p = &(*p)->next;
    *p = r;
    xenstore_wake();
}

static void forget(struct xs_request *r, const void *owner)
{
    for ( ; r; r = r->next )
        if ( r->owner == owner )
            r->owner = NULL;
}

void xenstore_forget(const void *owner)
{
    forget(to_send, owner);
    forget(awaited, owner);
}

void xenstore_ignore(struct xs_request *r, const struct xs_header *h,
                     const char *body)
{
    (void)r, (void)h, (void)body;
}

static void answered(void)
{
    struct xs_request **p = &awaited, *r;

    in.body[in.header.len] = '\0';
    if ( in.header.type == XS_TYPE_WATCH_EVENT )
    {
        const char *token = memchr(in.body, '\0', in.header.len);

        if ( token )
            xenbus_watch_event(in.body, token + 1);
        return;
    }
    while ( (r = *p) && r->id != in.header.req_id )
        p = &r->next;
    if ( !r )
        return;
    *p = r->next;
    r->done(r, &in.header, in.body);
    free(r);
}

/* ---- the ring ---- */

/* As many bytes as fit: how many; xenstored owns the other index. */
static uint32_t put_bytes(const char *bytes, size_t len)
{
    uint32_t prod = ring->req_prod, cons = load_acquire(&ring->req_cons);
    uint32_t room = prod - cons <= RING_BYTES ? RING_BYTES - (prod - cons) : 0;
    uint32_t nr = len < room ? (uint32_t)len : room;

    for ( uint32_t i = 0; i < nr; i++ )
        ring->req[(prod + i) % RING_BYTES] = bytes[i];
    store_release(&ring->req_prod, prod + nr);
    return nr;
}

static uint32_t get_bytes(char *bytes, size_t len)
{
    uint32_t cons = ring->rsp_cons, prod = load_acquire(&ring->rsp_prod);
    uint32_t there = prod - cons <= RING_BYTES ? prod - cons : 0;
    uint32_t nr = len < there ? (uint32_t)len : there;

    for ( uint32_t i = 0; i < nr; i++ )
        bytes[i] = ring->rsp[(cons + i) % RING_BYTES];
    store_release(&ring->rsp_cons, cons + nr);
    return nr;
}

/* True: something was sent. */
static bool send_requests(void)
{
    struct xs_request *r;
    uint32_t nr = 0, all = 0;

    while ( (r = to_send) &&
            (nr = put_bytes(r->bytes + r->sent, r->len - r->sent)) )
    {
        all += nr;
        r->sent += nr;
        if ( r->sent < r->len )
            continue;
        to_send = r->next;
        r->next = awaited;
        awaited = r;
    }
    return all;
}

/* True: something was received. */
static bool receive_answers(void)
{
    uint32_t nr, all = 0;

    do {
        size_t head = sizeof(in.header);

        if ( in.got < head )
            nr = get_bytes((char *)&in.header + in.got, head - in.got);
        else
            nr = get_bytes(in.body + (in.got - head),
                           head + in.header.len - in.got);
        in.got += nr;
        all += nr;
        if ( in.got >= head && in.header.len > XS_PAYLOAD_MAX )
        {
            in.got = 0; /* no message: xenstored has gone mad */
            in.header.len = 0;
        }
        else if ( in.got >= head && in.got == head + in.header.len )
        {
            answered();
            in.got = 0;
        }
    } while ( nr );
    return all;
}

static void *ring_thread(void *arg)
{
    struct pollfd p[1 + MAX_WAITING] = { { .fd = wake_fd, .events = POLLIN } };

    (void)arg;
    hosted_enter((struct hosted_context){ .v = domain_vcpu(server_dom0, 0) });
    for ( ;; )
    {
        uint64_t count;
        bool moved;
        size_t nr;

        pthread_mutex_lock(&xenstore_lock);
        moved = receive_answers();
        moved |= send_requests();
        nr = xenbus_flush(p + 1, MAX_WAITING);
        pthread_mutex_unlock(&xenstore_lock);
        if ( moved )
            evtchn_send(server_dom0, port);
        poll(p, 1 + nr, -1);
        if ( p[0].revents & POLLIN )
            (void)!read(wake_fd, &count, sizeof(count));
    }
    return NULL;
}

void xenstore_audit(void (*count)(mfn_t mfn, enum page_holder holder))
{
    count(page_to_mfn(page), HOLD_ARCH);
}

int xenstore_start(void)
{
    pthread_t thread;
    int rc;

    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if ( wake_fd < 0 )
        return -errno;
    page = page_alloc(NULL, 0, 0);
    if ( !page )
        return -ENOMEM;
    ring = page_to_virt(page);
    rc = evtchn_kernel_port(xenstore_wake, &port);
    if ( rc )
        return rc;
    return -pthread_create(&thread, NULL, ring_thread, NULL);
}
