/* SPDX-License-Identifier: MIT */
/*
 * Watches of programs that use /dev/xen/xenbus.  xenstored knows them by tokens
 * of the kernel's, and their events go to the file with the program's token.
 * A program that writes WATCH waits until xenstored has answered; UNWATCH is
 * answered at once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server.h"
#include "xenstore.h"

struct watch {
    struct watch *next;
    struct xenbus *x;  /* while somebody waits                      */
    uint32_t token;    /* the kernel's: of which watch an event is  */
    bool answered;
    int rc;            /* of registering it                         */
    int event;         /* becomes readable with rc; -1: nobody waits */
    char *user_token;  /* within path[]                             */
    char path[];
};

static uint32_t last_token;

void xenbus_watch_event(const char *path, const char *token)
{
    uint32_t nr = (uint32_t)strtoul(token, NULL, 16);

    xenstore_answers = true;
    for ( struct xenbus *x = xenbus_files; x; x = x->next )
        for ( struct watch *w = x->watches; w; w = w->next )
            if ( w->token == nr )
            {
                char body[2 * XS_PAYLOAD_MAX];
                int len = snprintf(body, sizeof(body), "%s%c%s", path, 0,
                                   w->user_token) + 1;
                const struct xs_header h = { .type = XS_TYPE_WATCH_EVENT,
                                             .len = (uint32_t)len };

                xenbus_append(x, &h, body);
                return;
            }
}

/* WATCH or UNWATCH, with the kernel's token. */
static struct xs_request *watch_request(const struct watch *w, uint32_t type)
{
    char body[XS_PAYLOAD_MAX + 16];
    int len = snprintf(body, sizeof(body), "%s%c%X", w->path, 0, w->token) + 1;
    const struct xs_header h = { .type = type, .len = (uint32_t)len };

    return xenstore_request(&h, body);
}

static void end_watch(struct watch *w)
{
    struct xs_request *r = watch_request(w, XS_TYPE_UNWATCH);

    if ( r )
    {
        r->done = xenstore_ignore;
        xenstore_send(r);
    }
    free(w);
}

/* Names of errors as xenstore's protocol has them. */
static int errno_of(const char *name)
{
    static const struct {
        const char *name;
        int err;
    } errors[] = {
        { "EINVAL", EINVAL }, { "EACCES", EACCES }, { "EEXIST", EEXIST },
        { "EISDIR", EISDIR }, { "ENOENT", ENOENT }, { "ENOMEM", ENOMEM },
        { "ENOSPC", ENOSPC }, { "EIO", EIO },       { "EAGAIN", EAGAIN },
        { "ENOSYS", ENOSYS }, { "EROFS", EROFS },   { "EBUSY", EBUSY },
        { "EISCONN", EISCONN }, { "E2BIG", E2BIG }, { "EPERM", EPERM },
    };

    for ( size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++ )
        if ( !strcmp(name, errors[i].name) )
            return errors[i].err;
    return EINVAL;
}

static void watch_answered(struct xs_request *r, const struct xs_header *h,
                           const char *body)
{
    struct watch *w = r->owner;
    uint64_t one = 1;

    xenstore_answers = true;
    w->answered = true;
    w->rc = h->type == XS_TYPE_ERROR ? -errno_of(body) : 0;
    if ( w->event >= 0 )
    {
        if ( !w->rc )
            xenbus_reply(w->x, XS_TYPE_WATCH, "OK"); /* before its events */
        (void)!write(w->event, &one, sizeof(one));
        return;
    }
    /* The program died while it waited. */
    if ( w->rc )
        free(w);
    else
        end_watch(w);
}

/* Wait for xenstored's answer, or for the end of the client: 0 or -EINTR. */
static int await_watch(const struct file *f, int event)
{
    struct pollfd p[2] = { { .fd = event, .events = POLLIN },
                           { .fd = f->conn->fd, .events = POLLRDHUP } };

    while ( !p[0].revents )
        if ( poll(p, 2, -1) > 0 && !p[0].revents && p[1].revents )
            return -EINTR;
    return 0;
}

static void drop_watch(struct xenbus *x, struct watch *w)
{
    struct watch **p = &x->watches;

    while ( *p != w )
        p = &(*p)->next;
    *p = w->next;
}

/* xenstore_lock is dropped while the answer is awaited. */
static long add_watch(struct xenbus *x, const char *path, const char *token)
{
    size_t len = strlen(path) + strlen(token) + 2;
    struct watch *w = calloc(1, sizeof(*w) + len);
    struct xs_request *r = NULL;
    int rc, event;

    if ( !w )
        return -ENOMEM;
    w->user_token = stpcpy(w->path, path) + 1;
    strcpy(w->user_token, token);
    w->x = x;
    w->token = ++last_token;
    event = w->event = eventfd(0, EFD_CLOEXEC);
    if ( event >= 0 )
        r = watch_request(w, XS_TYPE_WATCH);
    if ( !r )
    {
        if ( event >= 0 )
            close(event);
        free(w);
        return -ENOMEM;
    }
    r->done = watch_answered;
    r->owner = w;
    w->next = x->watches;
    x->watches = w;
    xenstore_send(r);
    pthread_mutex_unlock(&xenstore_lock);
    rc = await_watch(x->f, event);
    pthread_mutex_lock(&xenstore_lock);
    close(event);
    w->event = -1;
    if ( w->answered )
        rc = w->rc;
    if ( !rc )
        return 0;
    drop_watch(x, w);
    if ( w->answered )
        free(w); /* else with its answer */
    return rc;
}

static void remove_watch(struct xenbus *x, const char *path, const char *token)
{
    struct watch *w = x->watches;

    while ( w && (strcmp(w->path, path) || strcmp(w->user_token, token)) )
        w = w->next;
    if ( !w )
        return;
    drop_watch(x, w);
    end_watch(w);
}

long xenbus_write_watch(struct xenbus *x)
{
    const struct xs_header h = x->msg.header;
    const char *path = x->msg.bytes + sizeof(h);
    const char *token = memchr(path, '\0', h.len);

    if ( token++ && memchr(token, '\0', h.len - (size_t)(token - path)) )
    {
        if ( h.type == XS_TYPE_WATCH )
            return add_watch(x, path, token);
        remove_watch(x, path, token);
        xenbus_reply(x, XS_TYPE_UNWATCH, "OK");
        return 0;
    }
    xenbus_reply(x, XS_TYPE_ERROR, "EINVAL");
    return 0;
}

void xenbus_end_watches(struct xenbus *x)
{
    struct watch *w;

    while ( (w = x->watches) )
    {
        x->watches = w->next;
        end_watch(w);
    }
}
