/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/evtchn, and the event upcall of dom0 behind it.
 *
 * A port of dom0 belongs to the file that bound the port.  When an event is
 * pending the port is masked and written to the file's pipe, which has room for
 * all ports.  The program reads the port from the pipe and later writes it
 * back; the preload library turns this write into an unmasking (doorbell.c).
 *
 * ports_lock is a leaf: the upcall runs wherever the core raises an event.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xen/sys/evtchn.h>

#include "server.h"

#include <hv/evtchn.h>

#define NR_PORTS WIRE_NR_PORTS

struct evtchn_file {
    struct file *file;
    domid_t restricted; /* DOMID_INVALID: none */
};

static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;
static struct evtchn_file *owner[NR_PORTS]; /* [ports_lock] */
/* One for the owner, one for each unmap notification that names the port. */
static unsigned int users[NR_PORTS];        /* [ports_lock] */

/* dom0's kernel has one port itself: xenstored's. */
static uint32_t kernel_port = UINT32_MAX; /* [I] */
static void (*kernel_upcall)(void);       /* [I] */
/* [I] set before the machine has programs */

/* ---- delivery ---- */

/* ports_lock held.  The event of a program that has died is dropped. */
static void deliver(struct shared_info *s, uint32_t port)
{
    const struct evtchn_file *e = owner[port];

    if ( port == kernel_port )
    {
        clear_bit(port, s->evtchn_pending);
        kernel_upcall();
        return;
    }
    set_bit(port, s->evtchn_mask);
    if ( !e )
        return; /* still pending: unmasked, and raised again, when bound */
    clear_bit(port, s->evtchn_pending);
    (void)!write(e->file->handle, &port, sizeof(port));
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

static bool is_owner(const struct evtchn_file *e, uint32_t port)
{
    bool mine;

    pthread_mutex_lock(&ports_lock);
    mine = port < NR_PORTS && owner[port] == e;
    pthread_mutex_unlock(&ports_lock);
    return mine;
}

static bool is_bound(uint32_t port)
{
    bool bound;

    pthread_mutex_lock(&ports_lock);
    bound = port < NR_PORTS && owner[port];
    pthread_mutex_unlock(&ports_lock);
    return bound;
}

void server_notify(uint32_t port)
{
    if ( is_bound(port) )
        evtchn_send(server_dom0, port);
}

void server_unmask(uint32_t port)
{
    if ( is_bound(port) )
        evtchn_unmask(server_dom0, port);
}

/* ---- binding ---- */

static long op(unsigned int cmd, void *arg)
{
    return kernel_hypercall(__HYPERVISOR_event_channel_op, cmd,
                            (uintptr_t)arg, 0);
}

int evtchn_port_get(uint32_t port)
{
    int rc = -EINVAL;

    pthread_mutex_lock(&ports_lock);
    if ( port < NR_PORTS && users[port] )
    {
        users[port]++;
        rc = 0;
    }
    pthread_mutex_unlock(&ports_lock);
    return rc;
}

void evtchn_port_put(uint32_t port)
{
    struct evtchn_close c = { .port = port };
    bool last;

    pthread_mutex_lock(&ports_lock);
    last = !--users[port];
    pthread_mutex_unlock(&ports_lock);
    if ( last )
        op(EVTCHNOP_close, &c);
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
    users[port] = 1;
    pthread_mutex_unlock(&ports_lock);
    bell_set_owner(port, e->file->name);
    evtchn_unmask(server_dom0, port);
    return port;
}

int evtchn_kernel_port(void (*upcall)(void), uint32_t *port)
{
    struct evtchn_alloc_unbound b = { .dom = DOMID_SELF,
                                      .remote_dom = DOMID_SELF };
    long rc = op(EVTCHNOP_alloc_unbound, &b);

    if ( rc )
        return (int)rc;
    kernel_upcall = upcall;
    kernel_port = *port = b.port;
    evtchn_unmask(server_dom0, b.port);
    return 0;
}

static long disown(struct evtchn_file *e, uint32_t port)
{
    if ( !is_owner(e, port) )
        return -ENOTCONN;
    doorbell_serve(); /* the port's bits that were set before this call */
    pthread_mutex_lock(&ports_lock);
    owner[port] = NULL;
    pthread_mutex_unlock(&ports_lock);
    bell_set_owner(port, 0);
    evtchn_port_put(port);
    return 0;
}

static long bind_virq(struct file *f, uint64_t arg)
{
    struct evtchn_file *e = f->priv;
    struct ioctl_evtchn_bind_virq a;
    struct evtchn_bind_virq b;
    long rc;

    if ( e->restricted != DOMID_INVALID )
        return -EACCES;
    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    b = (struct evtchn_bind_virq){ .virq = a.virq };
    rc = op(EVTCHNOP_bind_virq, &b);
    return own(e, rc, b.port);
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
        return 0; /* the library has emptied the pipe */
    case IOCTL_EVTCHN_RESTRICT_DOMID:
        return restrict_domid(f, arg);
    default:
        return -ENOSYS;
    }
}

uint32_t evtchn_next_port(const struct file *f, uint32_t from)
{
    pthread_mutex_lock(&ports_lock);
    while ( from < NR_PORTS && !(owner[from] && owner[from]->file == f) )
        from++;
    pthread_mutex_unlock(&ports_lock);
    return from;
}

static int evtchn_open(struct file *f)
{
    struct evtchn_file *e = calloc(1, sizeof(*e));

    if ( !e )
        return -ENOMEM;
    e->file = f;
    e->restricted = DOMID_INVALID;
    f->priv = e;
    return 0;
}

static void evtchn_close(struct file *f)
{
    struct evtchn_file *e = f->priv;

    for ( uint32_t port = 0; port < NR_PORTS; port++ )
        disown(e, port);
    free(e);
}

const struct file_ops evtchn_ops = {
    .open = evtchn_open,
    .ioctl = evtchn_ioctl,
    .close = evtchn_close,
};
