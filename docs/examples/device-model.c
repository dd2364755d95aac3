/* SPDX-License-Identifier: MIT */
/* A device model: prints what a guest writes to port 0x3f8 and to 0xa0000. */
#define _GNU_SOURCE
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenctrl.h> /* first: it defines what the headers below need */
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/ioreq.h>

#define TRY(call) ({ long r_ = (long)(call); if ( r_ < 0 ) err(1, #call); r_; })

static void on_signal(int sig) { (void)sig; }

static void serve_ring(struct buffered_iopage *ring)
{
    uint32_t at;

    while ( (at = ring->read_pointer) !=
            __atomic_load_n(&ring->write_pointer, __ATOMIC_ACQUIRE) )
    {
        const buf_ioreq_t *e = &ring->buf_ioreq[at % IOREQ_BUFFER_SLOT_NUM];

        putchar((int)(e->data & 0xff));
        __atomic_fetch_add(&ring->read_pointer, e->size == 3 ? 2 : 1,
                           __ATOMIC_RELEASE);
    }
}

static bool serve_slot(volatile ioreq_t *slot, struct buffered_iopage *ring)
{
    if ( slot->state != STATE_IOREQ_READY )
        return false; /* the event that binding raises */
    xen_rmb(); /* read the state before the rest */
    serve_ring(ring); /* the guest wrote there before this access */
    slot->state = STATE_IOREQ_INPROCESS;
    if ( slot->dir == IOREQ_READ )
        slot->data = slot->addr == 0x3fd ? 0x60 : 0; /* ready to transmit */
    else if ( slot->addr == 0x3f8 || slot->type == IOREQ_TYPE_COPY )
        putchar((int)(slot->data & 0xff));
    xen_wmb(); /* write the answer before the state */
    slot->state = STATE_IORESP_READY;
    return true;
}

int main(int argc, char **argv) /* --ready-fd FD ... DOMID, by oriel create */
{
    domid_t d = (domid_t)atoi(argv[argc - 1]);
    xendevicemodel_handle *dm = xendevicemodel_open(NULL, 0);
    xenforeignmemory_handle *mem = xenforeignmemory_open(NULL, 0);
    xenevtchn_handle *ev = xenevtchn_open(NULL, 0);
    xenforeignmemory_resource_handle *res;
    unsigned int nr_vcpus, ring_port;
    sigset_t term, none;
    ioservid_t id;
    void *p = NULL; /* not a hint */

    if ( !dm || !mem || !ev )
        err(1, "open");
    TRY(xendevicemodel_nr_vcpus(dm, d, &nr_vcpus));
    TRY(xendevicemodel_create_ioreq_server(dm, d, HVM_IOREQSRV_BUFIOREQ_ATOMIC,
                                           &id));
    res = xenforeignmemory_map_resource(
        mem, d, XENMEM_resource_ioreq_server, id, 0, 1 + (nr_vcpus + 127) / 128,
        &p, PROT_READ | PROT_WRITE, 0);
    TRY(res ? 0 : -1);
    struct buffered_iopage *ring = p;
    volatile ioreq_t *slots = (ioreq_t *)((char *)p + 4096);

    TRY(xendevicemodel_map_io_range_to_ioreq_server(dm, d, id, 0, 0x3f8, 0x3ff));
    TRY(xendevicemodel_map_io_range_to_ioreq_server(dm, d, id, 1, 0xa0000,
                                                    0xbffff));
    TRY(xendevicemodel_set_ioreq_server_state(dm, d, id, 1));
    TRY(xendevicemodel_get_ioreq_server_info(dm, d, id, NULL, NULL, &ring_port));
    TRY(xenevtchn_bind_interdomain(ev, d, ring_port));
    long port[nr_vcpus];
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        port[i] = TRY(xenevtchn_bind_interdomain(ev, d, slots[i].vp_eport));

    signal(SIGTERM, on_signal); /* is delivered in ppoll() only */
    sigemptyset(&none);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    TRY(argc > 2 ? write(atoi(argv[2]), "", 1) : 0); /* ready */
    while ( ppoll(&(struct pollfd){ xenevtchn_fd(ev), POLLIN, 0 }, 1, NULL,
                  &none) > 0 )
    {
        long event = TRY(xenevtchn_pending(ev));

        TRY(xenevtchn_unmask(ev, (evtchn_port_t)event)); /* then look */
        serve_ring(ring);
        for ( unsigned int i = 0; i < nr_vcpus; i++ )
            if ( port[i] == event && serve_slot(&slots[i], ring) )
                TRY(xenevtchn_notify(ev, (evtchn_port_t)event));
    }

    serve_ring(ring); /* what the guest wrote last */
    xendevicemodel_destroy_ioreq_server(dm, d, id); /* fails if d has gone */
    TRY(xenforeignmemory_unmap_resource(mem, res));
    xenevtchn_close(ev); /* unbinds the ports */
    xenforeignmemory_close(mem);
    xendevicemodel_close(dm);
    return 0;
}
