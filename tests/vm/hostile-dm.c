/* SPDX-License-Identifier: MIT */
/*
 * hostile-dm DOMID SEED OPS: a hostile device model in dom0.
 *
 * It makes so many calls and accesses, chosen by the seed, as the device model
 * of the guest, which runs meanwhile: servers made and destroyed in the middle
 * of requests, any ranges, states and contents of slots and rings, frames of
 * all resources, pages mapped, moved and given another type, event channels of
 * all kinds.  Now and then it kills itself, and starts again; a guest that has
 * crashed is resumed; behind the third quarter the guest may be destroyed.
 * tests/vm/fuzz-dm.sh looks at what has become of the machine.  TAP.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../contract/ct.h"
#include "../guest/hostile.h"

#include <xen/memory.h>

#define NR_HELD 12
#define NR_OWN 3 /* the first ones: of servers that were set up */
#define NR_PORTS 32
#define LIFE 300 /* operations of one process, on average */

static struct held {
    struct ct_map map;
    void *foreign;
    size_t nr; /* frames */
    ioservid_t id; /* of those that were set up */
} held[NR_HELD];

/* Of all processes, one after the other. */
static struct counts {
    unsigned long ops, calls, done, servers, mapped, answers, events, deaths,
        resumed;
    bool gone;
} *total;

static struct chance c;
static uint32_t domid;
static unsigned long wanted;
static xenevtchn_handle *events;
static evtchn_port_t port[NR_PORTS];

/* ---- calls ---- */

static void model_op(void)
{
    uint8_t *mem = xencall_alloc_buffer_pages(ct.call, 3);
    struct xen_dm_op *op = (void *)mem;
    struct xen_dm_op_buf *buf = (void *)(mem + 2 * CT_PAGE);
    unsigned int nr;

    if ( !mem )
        ct_bail("no memory");
    nr = hostile_dm_op(&c, op, mem + CT_PAGE);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        buf[i] = (struct xen_dm_op_buf){ .size = i ? CT_PAGE : sizeof(*op) };
        buf[i].h.p = mem + (i & 1) * CT_PAGE;
    }
    if ( one_in(&c, 32) )
        buf[below(&c, 3)].h.p = (void *)number(&c);
    if ( one_in(&c, 32) )
        buf[below(&c, 3)].size = number(&c);
    if ( one_in(&c, 32) )
        nr = (unsigned int)number(&c);
    total->calls++;
    total->done += xencall3(ct.call, __HYPERVISOR_dm_op, domid, nr,
                            (uintptr_t)buf) >= 0;
    xencall_free_buffer_pages(ct.call, mem, 3);
}

/* Give memory to the guest, and take it. */
static void change_memory(void)
{
    xen_pfn_t gfn[4];
    unsigned int nr = 1 + (unsigned int)below(&c, 4);

    for ( unsigned int i = 0; i < 4; i++ )
        gfn[i] = HOSTILE_SPARE_GFN + below(&c, HOSTILE_SPARE_GFNS);
    if ( one_in(&c, 3) )
    {
        struct xen_remove_from_physmap r = { .domid = (domid_t)domid,
                                             .gpfn = gfn[0] };

        (void)ct_hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
                           &r, sizeof(r));
    }
    else
        (void)xc_domain_populate_physmap(ct.xch, domid, nr, 0, 0, gfn);
}

/* It goes on with what it was about to do. */
static void resume(void)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_resumedomain,
                             .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
                             .domain = (domid_t)domid };
    xc_domaininfo_t info;

    if ( xc_domain_getinfolist(ct.xch, domid, 1, &info) != 1 ||
         info.domain != domid || !(info.flags & XEN_DOMINF_shutdown) )
        return;
    total->resumed += !ct_hypercall(__HYPERVISOR_domctl, 0, &op, sizeof(op));
}

/* ---- event channels ---- */

static void take_events(void)
{
    struct pollfd p = { .fd = xenevtchn_fd(events), .events = POLLIN };

    while ( poll(&p, 1, 0) == 1 && (p.revents & POLLIN) )
    {
        int got = xenevtchn_pending(events);

        if ( got < 0 )
            break;
        total->events++;
        if ( !one_in(&c, 8) ) /* else it stays masked */
            (void)xenevtchn_unmask(events, (evtchn_port_t)got);
    }
}

static void bind_to(evtchn_port_t *p, evtchn_port_t far)
{
    int rc;

    if ( *p )
        (void)xenevtchn_unbind(events, *p);
    rc = far ? xenevtchn_bind_interdomain(events, domid, far)
             : xenevtchn_bind_unbound_port(events, domid);
    *p = rc > 0 ? (evtchn_port_t)rc : 0;
}

static void notify_all(void)
{
    for ( unsigned int i = 0; i < NR_PORTS; i++ )
        if ( port[i] )
            (void)xenevtchn_notify(events, port[i]);
}

static void use_events(void)
{
    evtchn_port_t *p = &port[3 * NR_OWN + below(&c, NR_PORTS - 3 * NR_OWN)];

    switch ( below(&c, 8) )
    {
    case 0: case 1:
        bind_to(p, (evtchn_port_t)(one_in(&c, 16) ? number(&c)
                                                  : below(&c, 48)));
        break;
    case 3:
        take_events();
        break;
    case 4:
        if ( !one_in(&c, 16) )
            break;
        xenevtchn_close(events); /* all of them at once */
        memset(port, 0, sizeof(port));
        events = xenevtchn_open(ct.quiet, 0);
        if ( !events )
            ct_bail("no event channels");
        break;
    default:
        notify_all();
        break;
    }
}

/* ---- pages ---- */

static void release(struct held *h)
{
    if ( h->map.handle )
        (void)ct_unmap_resource(&h->map);
    else if ( h->foreign )
        xenforeignmemory_unmap(ct.fmem, h->foreign, h->nr);
    *h = (struct held){ .nr = 0 };
}

static void map_resource(struct held *h)
{
    static const unsigned int types[] = {
        XENMEM_resource_ioreq_server, XENMEM_resource_ioreq_server,
        XENMEM_resource_ioreq_server, XENMEM_resource_grant_table, 5,
    };
    unsigned long frame = one_in(&c, 16) ? number(&c) : below(&c, 2);
    unsigned int id = (unsigned int)(one_in(&c, 16) ? number(&c)
                                                    : below(&c, 8));

    h->nr = 1 + below(&c, one_in(&c, 8) ? 64 : 2);
    if ( ct_map_resource(&h->map, domid, PICK(&c, types), id, frame, h->nr) )
        h->map.handle = NULL;
    else
        total->mapped++;
}

static void map_foreign(struct held *h)
{
    xen_pfn_t gfn[8];
    int err[8];

    h->nr = 1 + below(&c, 8);
    for ( unsigned int i = 0; i < 8; i++ )
        gfn[i] = hostile_gfn(&c);
    h->foreign = xenforeignmemory_map(ct.fmem, domid, CT_RW, h->nr, gfn, err);
    for ( size_t i = 0; h->foreign && i < h->nr; i++ )
        if ( !err[i] )
        {
            *((volatile uint64_t *)h->foreign + i * 512 + below(&c, 512)) =
                any(&c);
            total->mapped++;
        }
}

static void hold(void)
{
    struct held *h = &held[NR_OWN + below(&c, NR_HELD - NR_OWN)];

    release(h);
    if ( one_in(&c, 4) )
        map_foreign(h);
    else
        map_resource(h);
}

/* Each page is taken for a ring or for slots; what it is, is not known. */
static void write_pages(void)
{
    unsigned long before = total->answers;

    for ( unsigned int i = 0; i < NR_HELD; i++ )
        for ( size_t k = 0; held[i].map.handle && k < held[i].nr; k++ )
        {
            uint8_t *page = (uint8_t *)held[i].map.addr + k * CT_PAGE;

            if ( one_in(&c, 4) )
                hostile_ring(&c, page);
            else
                for ( unsigned int v = 0; v < 2; v++ )
                    total->answers += hostile_slot(&c, (ioreq_t *)page + v);
        }
    if ( total->answers != before && !one_in(&c, 8) )
        notify_all();
}

/* As a device model should begin: of all that follows more then comes to pass. */
static void set_up(void)
{
    static const struct { int memory; uint64_t start, end; } ranges[] = {
        { 0, HOSTILE_PORT, HOSTILE_PORT + 15 },
        { 1, HOSTILE_MEMORY, HOSTILE_MEMORY + 0xfff },
        { 1, HOSTILE_WINDOW, HOSTILE_WINDOW + 0x1ffff },
    };
    unsigned int own = (unsigned int)below(&c, NR_OWN), at = 3 * own;
    struct held *h = &held[own];
    evtchn_port_t far[3] = { 0 };
    const ioreq_t *slot;
    ioservid_t id;

    if ( h->map.handle && !one_in(&c, 8) ) /* else it stays, unserved */
        (void)xendevicemodel_destroy_ioreq_server(ct.dmod, (domid_t)domid,
                                                  h->id);
    release(h);
    for ( unsigned int tries = 0;
          xendevicemodel_create_ioreq_server(ct.dmod, (domid_t)domid,
                                             (int)below(&c, 3), &id);
          tries++ )
        if ( tries == 8 )
            return;
        else
            (void)xendevicemodel_destroy_ioreq_server(
                ct.dmod, (domid_t)domid, (ioservid_t)below(&c, 8));
    h->nr = 2;
    h->id = id;
    if ( ct_map_resource(&h->map, domid, XENMEM_resource_ioreq_server, id,
                         0, h->nr) )
    {
        h->map.handle = NULL;
        h->nr = 1; /* it has no ring */
        if ( ct_map_resource(&h->map, domid, XENMEM_resource_ioreq_server, id,
                             1, 1) )
        {
            h->map.handle = NULL;
            return;
        }
    }
    for ( unsigned int i = 0; i < CT_NR(ranges); i++ )
        (void)xendevicemodel_map_io_range_to_ioreq_server(
            ct.dmod, (domid_t)domid, id, ranges[i].memory, ranges[i].start,
            ranges[i].end);
    (void)xendevicemodel_set_ioreq_server_state(ct.dmod, (domid_t)domid, id, 1);
    (void)xendevicemodel_get_ioreq_server_info(ct.dmod, (domid_t)domid, id,
                                               NULL, NULL, &far[2]);
    slot = (const ioreq_t *)((char *)h->map.addr + (h->nr - 1) * CT_PAGE);
    for ( unsigned int i = 0; i < 2; i++ )
        far[i] = slot[i].vp_eport;
    for ( unsigned int i = 0; i < 3; i++ )
        bind_to(&port[at + i], far[i]);
    total->servers++;
}

/* ---- lives ---- */

static void one_operation(void)
{
    total->ops++;
    switch ( below(&c, 16) )
    {
    case 0 ... 4: model_op(); break;
    case 5 ... 6: hold(); break;
    case 7:
        if ( one_in(&c, 2) )
            set_up();
        else
            release(&held[NR_OWN + below(&c, NR_HELD - NR_OWN)]);
        break;
    case 8: change_memory(); break;
    case 9: resume(); break;
    case 10 ... 11: use_events(); break;
    default:
        for ( uint64_t nr = below(&c, 32); nr--; )
            write_pages();
        break;
    }
    if ( total->ops > wanted / 4 * 3 && !total->gone && one_in(&c, 512) )
    {
        total->gone = true;
        (void)xc_domain_destroy(ct.xch, domid);
    }
}

static void live(uint64_t seed)
{
    ct_reopen();
    events = xenevtchn_open(ct.quiet, 0);
    if ( !events )
        ct_bail("no event channels");
    c.state = seed * 0x9e3779b97f4a7c15UL + 1;
    while ( total->ops < wanted )
    {
        one_operation();
        if ( one_in(&c, LIFE) )
            kill(getpid(), SIGKILL);
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    uint64_t seed;

    ct_begin();
    if ( argc != 4 )
        ct_bail("usage: hostile-dm DOMID SEED OPS");
    domid = (uint32_t)strtoul(argv[1], NULL, 0);
    seed = strtoul(argv[2], NULL, 0);
    wanted = strtoul(argv[3], NULL, 0);
    total = mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ( total == MAP_FAILED )
        ct_bail("no memory");
    for ( int status = -1; status; )
    {
        pid_t pid = fork();

        if ( pid == 0 )
            live(seed * 1000 + total->deaths);
        if ( pid < 0 || waitpid(pid, &status, 0) != pid ||
             (status && (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)) )
            ct_bail("it ended with status %#x", (unsigned int)status);
        total->deaths += status != 0;
    }
    ct_diag("hostile: %lu operations, %lu calls, %lu done, %lu mapped, "
            "%lu servers, %lu answers, %lu events, %lu deaths, %lu resumed, "
            "%u destroyed", total->ops, total->calls, total->done,
            total->mapped, total->servers, total->answers, total->events,
            total->deaths, total->resumed, total->gone);
    ct_equal(total->ops, wanted, "all of it is done");
    return ct_end();
}
