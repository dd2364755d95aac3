/* SPDX-License-Identifier: MIT */
/*
 * A server from creation to destruction.
 *
 * The order matters.  The pages are mapped first: a request can only be sent to
 * pages that exist.  Enabling the server puts the ports into the slots, so the
 * ports can be bound only after that; a request that arrives in between is
 * found when its port is bound, because binding raises the event once.
 */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"

#define RW (PROT_READ | PROT_WRITE)

static bool failed(const ioserver *s, const char *what, const char *hint)
{
    int saved = errno;

    if ( s->config.failed )
        s->config.failed(s->config.data, what, hint);
    errno = saved;
    return false;
}

static bool open_interfaces(ioserver *s)
{
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if ( s->stop_fd < 0 )
        return failed(s, "make an eventfd", "");
    s->dm = xendevicemodel_open(NULL, 0);
    s->memory = s->dm ? xenforeignmemory_open(NULL, 0) : NULL;
    s->events = s->memory ? xenevtchn_open(NULL, 0) : NULL;
    return s->events ||
           failed(s, "open /dev/xen", "run it in dom0, or under xen-hosted");
}

static bool create(ioserver *s)
{
    if ( xendevicemodel_nr_vcpus(s->dm, s->config.domid, &s->nr_vcpus) )
        return failed(s, "ask for the number of vcpus",
                      "does the domain exist, and is it HVM or PVH?");
    s->vcpu_port = calloc(s->nr_vcpus, sizeof(*s->vcpu_port));
    if ( !s->vcpu_port )
        return failed(s, "remember the ports", "");
    if ( xendevicemodel_create_ioreq_server(
             s->dm, s->config.domid,
             s->config.no_ring ? HVM_IOREQSRV_BUFIOREQ_OFF
                               : HVM_IOREQSRV_BUFIOREQ_ATOMIC, &s->id) )
        return failed(s, "create an ioreq server",
                      "eight per domain is the limit: end another device "
                      "model");
    s->exists = true;
    return true;
}

/* The ring's page, if there is one, and the slots' behind it. */
static bool map_resource(ioserver *s)
{
    size_t nr = (s->nr_vcpus + SLOTS_PER_PAGE - 1) / SLOTS_PER_PAGE;

    s->nr_pages = nr + !s->config.no_ring;
    s->resource = xenforeignmemory_map_resource(
        s->memory, s->config.domid, XENMEM_resource_ioreq_server, s->id,
        s->config.no_ring ? XENMEM_resource_ioreq_server_frame_ioreq(0)
                          : XENMEM_resource_ioreq_server_frame_bufioreq,
        s->nr_pages, &s->pages, RW, 0);
    return s->resource;
}

/* The same for kernels and hypervisors that have no resources. */
static bool map_gfns(ioserver *s)
{
    bool ring = !s->config.no_ring;
    xen_pfn_t gfn[2];

    if ( s->nr_vcpus > SLOTS_PER_PAGE )
    {
        errno = EOPNOTSUPP;
        return false;
    }
    if ( xendevicemodel_get_ioreq_server_info(s->dm, s->config.domid, s->id,
                                              &gfn[ring],
                                              ring ? &gfn[0] : NULL, NULL) )
        return false;
    s->pages = xenforeignmemory_map(s->memory, s->config.domid, RW,
                                    s->nr_pages, gfn, NULL);
    return s->pages;
}

static bool is_missing(int err)
{
    return err == EOPNOTSUPP || err == ENOSYS ||
           err == EACCES; /* Xen 4.12 to 4.18, to a translated stub domain */
}

static bool map_pages(ioserver *s)
{
    if ( !map_resource(s) && !(is_missing(errno) && map_gfns(s)) )
        return failed(s, "map the ioreq pages",
                      errno == EOPNOTSUPP
                          ? "the kernel or hypervisor is too old: Linux 4.18, "
                            "Xen 4.11"
                          : "was the server also given pages by frame number?");
    s->ring = s->config.no_ring ? NULL : s->pages;
    s->slots = (void *)((char *)s->pages + (s->ring ? PAGE_BYTES : 0));
    return true;
}

/* 0 is no port: *port stays as it is. */
static bool bind_port(const ioserver *s, evtchn_port_t remote,
                      evtchn_port_t *port)
{
    xenevtchn_port_or_error_t rc;

    if ( !remote || *port )
        return true;
    rc = xenevtchn_bind_interdomain(s->events, s->config.domid, remote);
    if ( rc >= 0 )
        *port = (evtchn_port_t)rc;
    return rc >= 0;
}

int ioserver_bind(ioserver *s)
{
    for ( unsigned int i = 0; i < s->nr_vcpus; i++ )
        if ( !bind_port(s, *(volatile uint32_t *)&s->slots[i].vp_eport,
                        &s->vcpu_port[i]) )
            return -1;
    return 0;
}

static bool bind_ports(ioserver *s)
{
    evtchn_port_t ring_port = 0;

    if ( s->ring && xendevicemodel_get_ioreq_server_info(
                        s->dm, s->config.domid, s->id, NULL, NULL,
                        &ring_port) )
        return failed(s, "ask for the ring's port", "");
    return (bind_port(s, ring_port, &s->ring_port) && !ioserver_bind(s)) ||
           failed(s, "bind an event channel of the server",
                  "does another device model hold it?");
}

static bool enable(ioserver *s)
{
    return !xendevicemodel_set_ioreq_server_state(s->dm, s->config.domid,
                                                  s->id, 1) ||
           failed(s, "enable the ioreq server", "");
}

ioserver *ioserver_open(const struct ioserver_config *config)
{
    ioserver *s = calloc(1, sizeof(*s));
    int saved;

    if ( !s )
        return NULL;
    s->config = *config;
    if ( open_interfaces(s) && create(s) && map_pages(s) && enable(s) &&
         bind_ports(s) )
        return s;
    saved = errno;
    ioserver_close(s);
    errno = saved;
    return NULL;
}

static void unmap_pages(const ioserver *s)
{
    if ( s->resource )
        xenforeignmemory_unmap_resource(s->memory, s->resource);
    else if ( s->pages )
        xenforeignmemory_unmap(s->memory, s->pages, s->nr_pages);
}

void ioserver_close(ioserver *s)
{
    if ( !s )
        return;
    if ( s->exists )
        xendevicemodel_destroy_ioreq_server(s->dm, s->config.domid, s->id);
    memory_forget(s);
    unmap_pages(s);
    xenevtchn_close(s->events); /* unbinds all ports */
    xenforeignmemory_close(s->memory);
    xendevicemodel_close(s->dm);
    if ( s->stop_fd >= 0 )
        close(s->stop_fd);
    for ( unsigned int i = 0; i < NR_TYPES; i++ )
        free(s->claims[i].range);
    free(s->vcpu_port);
    free(s);
}

bool ioserver_alive(ioserver *s)
{
    evtchn_port_t port;

    return !xendevicemodel_get_ioreq_server_info(s->dm, s->config.domid, s->id,
                                                 NULL, NULL, &port);
}

int ioserver_restrict(ioserver *s)
{
    return xenevtchn_restrict(s->events, s->config.domid) ||
                   xenforeignmemory_restrict(s->memory, s->config.domid) ||
                   xendevicemodel_restrict(s->dm, s->config.domid)
               ? -1
               : 0;
}

ioservid_t ioserver_id(const ioserver *s)
{
    return s->id;
}

xendevicemodel_handle *ioserver_device_model(const ioserver *s)
{
    return s->dm;
}
