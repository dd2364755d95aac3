/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/evtchn, and the event upcall of dom0 behind it.
 *
 * A port of dom0 belongs to the file that bound it.  When an event is pending
 * the port is masked and written to the file's stream; the program reads it
 * there and later writes it back, which unmasks it.  A stream that is full
 * leaves its ports in the file's backlog until the program has read some.
 *
 * ports_lock is a leaf: the upcall runs wherever the core raises an event.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <xen/sys/evtchn.h>

#include "server.h"

#include <hv/evtchn.h>

#define NR_PORTS 4096 /* dom0 uses the 2-level ABI */
#define WORDS (NR_PORTS / 64)
#define LOOKS 20 /* at a stream before sleeping on it: some 10 us */

struct evtchn_file {
    struct file *file;
    pthread_t reader;
    domid_t restricted; /* DOMID_INVALID: none */
    uint64_t backlog[WORDS]; /* [ports_lock] masked, to be written          */
    bool has_backlog;        /* [ports_lock]                                */
};

static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;
static struct evtchn_file *owner[NR_PORTS]; /* [ports_lock] */

/* ---- delivery ---- */

/* ports_lock held. */
static bool write_port(struct evtchn_file *e, uint32_t port)
{
    return send(e->file->stream, &port, sizeof(port),
                MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(port);
}

static void deliver(struct shared_info *s, uint32_t port)
{
    struct evtchn_file *e = owner[port];

    set_bit(port, s->evtchn_mask);
    if ( !e )
        return; /* still pending: unmasked, and raised again, when bound */
    clear_bit(port, s->evtchn_pending);
    if ( !write_port(e, port) )
    {
        e->backlog[port / 64] |= 1UL << (port % 64);
        WRITE_ONCE(e->has_backlog, true);
    }
}

static void deliver_word(struct shared_info *s, unsigned int word)
{
    uint64_t bits;

    while ( (bits = READ_ONCE(s->evtchn_pending[word]) &
                    ~READ_ONCE(s->evtchn_mask[word])) != 0 )
        deliver(s, word * 64 + (unsigned int)__builtin_ctzl(bits));
}

void server_dom0_upcall(struct vcpu *v)
{
    struct shared_info *s = v->domain->shared;
    uint64_t sel;

    pthread_mutex_lock(&ports_lock);
    while ( atomic_xchg(&v->info->evtchn_upcall_pending, 0) )
        for ( sel = atomic_xchg(&v->info->evtchn_pending_sel, 0); sel;
              sel &= sel - 1 )
            deliver_word(s, (unsigned int)__builtin_ctzl(sel));
    pthread_mutex_unlock(&ports_lock);
}

static void flush_backlog(struct evtchn_file *e)
{
    pthread_mutex_lock(&ports_lock);
    for ( unsigned int w = 0; e->has_backlog && w < WORDS; w++ )
        while ( e->backlog[w] )
        {
            uint32_t bit = (uint32_t)__builtin_ctzl(e->backlog[w]);

            if ( !write_port(e, w * 64 + bit) )
                goto full;
            e->backlog[w] &= e->backlog[w] - 1;
        }
    WRITE_ONCE(e->has_backlog, false);
 full:
    pthread_mutex_unlock(&ports_lock);
}

static bool is_owner(const struct evtchn_file *e, uint32_t port)
{
    bool mine;

    pthread_mutex_lock(&ports_lock);
    mine = port < NR_PORTS && owner[port] == e;
    pthread_mutex_unlock(&ports_lock);
    return mine;
}

/*
 * A program that unmasks a port is about to answer through it: look again
 * before going to sleep, and let others run in between.  It saves the program
 * a wake-up, and the guest the time that it takes.
 */
static ssize_t read_stream(int fd, void *buf, size_t len)
{
    for ( unsigned int i = 0; i < LOOKS; i++ )
    {
        ssize_t got = recv(fd, buf, len, MSG_DONTWAIT);

        if ( got >= 0 || errno != EAGAIN )
            return got;
        sched_yield();
    }
    return recv(fd, buf, len, 0);
}

/* What the program writes: ports to unmask, ports to notify. */
static void *stream_reader(void *arg)
{
    struct evtchn_file *e = arg;
    uint32_t word[64];
    size_t have = 0;
    ssize_t got;

    hosted_enter((struct hosted_context){ .v = domain_vcpu(server_dom0, 0) });
    while ( (got = read_stream(e->file->stream, (char *)word + have,
                               sizeof(word) - have)) > 0 )
    {
        size_t nr = (have + (size_t)got) / sizeof(word[0]);

        for ( size_t i = 0; i < nr; i++ )
        {
            uint32_t port = word[i] & ~WIRE_NOTIFY;

            if ( !is_owner(e, port) )
                continue;
            if ( word[i] & WIRE_NOTIFY )
                evtchn_send(server_dom0, port);
            else
                evtchn_unmask(server_dom0, port);
        }
        have = (have + (size_t)got) % sizeof(word[0]);
        memmove(word, &word[nr], have);
        if ( READ_ONCE(e->has_backlog) )
            flush_backlog(e);
    }
    return NULL;
}

/* ---- binding ---- */

static long op(unsigned int cmd, void *arg)
{
    return kernel_hypercall(__HYPERVISOR_event_channel_op, cmd,
                            (uintptr_t)arg, 0);
}

static long own(struct evtchn_file *e, long rc, uint32_t port)
{
    if ( rc )
        return rc;
    if ( port >= NR_PORTS )
    {
        struct evtchn_close c = { .port = port };

        op(EVTCHNOP_close, &c);
        return -ENOSPC;
    }
    pthread_mutex_lock(&ports_lock);
    owner[port] = e;
    pthread_mutex_unlock(&ports_lock);
    evtchn_unmask(server_dom0, port);
    return port;
}

static long disown(struct evtchn_file *e, uint32_t port)
{
    struct evtchn_close c = { .port = port };

    if ( !is_owner(e, port) )
        return -ENOTCONN;
    pthread_mutex_lock(&ports_lock);
    owner[port] = NULL;
    e->backlog[port / 64] &= ~(1UL << (port % 64));
    pthread_mutex_unlock(&ports_lock);
    op(EVTCHNOP_close, &c);
    return 0;
}

static long bind_virq(struct file *f, uint64_t arg)
{
    struct evtchn_file *e = f->priv;
    struct ioctl_evtchn_bind_virq a;
    struct evtchn_bind_virq b;

    if ( e->restricted != DOMID_INVALID )
        return -EACCES;
    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    b = (struct evtchn_bind_virq){ .virq = a.virq };
    return own(e, op(EVTCHNOP_bind_virq, &b), b.port);
}

static long bind_interdomain(struct file *f, uint64_t arg)
{
    struct evtchn_file *e = f->priv;
    struct ioctl_evtchn_bind_interdomain a;
    struct evtchn_bind_interdomain b;
    long rc;

    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    if ( e->restricted != DOMID_INVALID && e->restricted != a.remote_domain )
        return -EACCES;
    b = (struct evtchn_bind_interdomain){ .remote_dom = (domid_t)a.remote_domain,
                                          .remote_port = a.remote_port };
    rc = op(EVTCHNOP_bind_interdomain, &b);
    return own(e, rc, b.local_port);
}

static long bind_unbound(struct file *f, uint64_t arg)
{
    struct evtchn_file *e = f->priv;
    struct ioctl_evtchn_bind_unbound_port a;
    struct evtchn_alloc_unbound b;
    long rc;

    if ( e->restricted != DOMID_INVALID )
        return -EACCES;
    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    b = (struct evtchn_alloc_unbound){ .dom = DOMID_SELF,
                                       .remote_dom = (domid_t)a.remote_domain };
    rc = op(EVTCHNOP_alloc_unbound, &b);
    return own(e, rc, b.port);
}

static long unbind(struct file *f, uint64_t arg)
{
    struct ioctl_evtchn_unbind a;

    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    if ( a.port >= NR_PORTS )
        return -EINVAL;
    return disown(f->priv, a.port);
}

static long notify(struct file *f, uint64_t arg)
{
    struct ioctl_evtchn_notify a;

    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    if ( !is_owner(f->priv, a.port) )
        return -ENOTCONN;
    evtchn_send(server_dom0, a.port);
    return 0;
}

static long restrict_domid(struct file *f, uint64_t arg)
{
    struct evtchn_file *e = f->priv;
    struct ioctl_evtchn_restrict_domid a;

    if ( e->restricted != DOMID_INVALID )
        return -EACCES;
    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    if ( a.domid == 0 || a.domid >= DOMID_FIRST_RESERVED )
        return -EINVAL;
    e->restricted = a.domid;
    return 0;
}

static long evtchn_ioctl(struct file *f, unsigned long request, uint64_t arg)
{
    struct evtchn_file *e = f->priv;

    switch ( request )
    {
    case IOCTL_EVTCHN_BIND_VIRQ:
        return bind_virq(f, arg);
    case IOCTL_EVTCHN_BIND_INTERDOMAIN:
        return bind_interdomain(f, arg);
    case IOCTL_EVTCHN_BIND_UNBOUND_PORT:
        return bind_unbound(f, arg);
    case IOCTL_EVTCHN_UNBIND:
        return unbind(f, arg);
    case IOCTL_EVTCHN_NOTIFY:
        return notify(f, arg);
    case IOCTL_EVTCHN_RESET:
        pthread_mutex_lock(&ports_lock);
        memset(e->backlog, 0, sizeof(e->backlog));
        WRITE_ONCE(e->has_backlog, false);
        pthread_mutex_unlock(&ports_lock);
        return 0;
    case IOCTL_EVTCHN_RESTRICT_DOMID:
        return restrict_domid(f, arg);
    default:
        return -ENOSYS;
    }
}

static int evtchn_open(struct file *f)
{
    struct evtchn_file *e = calloc(1, sizeof(*e));

    if ( !e )
        return -ENOMEM;
    e->file = f;
    e->restricted = DOMID_INVALID;
    if ( pthread_create(&e->reader, NULL, stream_reader, e) )
    {
        free(e);
        return -ENOMEM;
    }
    f->priv = e;
    return 0;
}

static void evtchn_close(struct file *f)
{
    struct evtchn_file *e = f->priv;

    shutdown(f->stream, SHUT_RDWR);
    pthread_join(e->reader, NULL);
    for ( uint32_t port = 0; port < NR_PORTS; port++ )
        disown(e, port);
    free(e);
}

const struct file_ops evtchn_ops = {
    .open = evtchn_open,
    .ioctl = evtchn_ioctl,
    .close = evtchn_close,
};
