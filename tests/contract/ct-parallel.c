/* SPDX-License-Identifier: MIT */
/*
 * Several processes of several threads make, map, unmap and destroy domains and
 * servers at the same time, partly in one domain they share: CT_CYCLES of them
 * each, which CT_SEED chooses.  Nothing fails that should not, and all is as it
 * was afterwards.
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ct.h"

enum { PROCESSES = 3, THREADS = 3, FRAMES = 8, PAGES = 24 };

static unsigned long nr_cycles, seed;

/* Shared by all processes. */
struct state {
    uint32_t common; /* the domain they share */
    unsigned long cycles, errors, no_room;
    char first[160]; /* the first error       */
};
static struct state *state;

static void add(unsigned long *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* What must not have failed did. */
static void bad(const char *what, int err)
{
    if ( __atomic_add_fetch(&state->errors, 1, __ATOMIC_RELAXED) == 1 )
    {
        strncat(state->first, what, 80);
        strncat(state->first, ": ", 3);
        strncat(state->first, ct_errno(err), 40);
    }
}

/* A thread's own handles. */
struct thread {
    pthread_t id;
    xc_interface *xch;
    xendevicemodel_handle *dmod;
    xenevtchn_handle *evtchn;
    unsigned int seed;
};

static void *map(uint32_t domid, unsigned int type, unsigned int id,
                 unsigned int nr, xenforeignmemory_resource_handle **h)
{
    void *p = NULL;

    *h = xenforeignmemory_map_resource(ct.fmem, (domid_t)domid, type, id, 0,
                                       nr, &p, CT_RW, 0);
    return p;
}

/* A domain of one's own, from the beginning to the end. */
static void own_domain(struct thread *t)
{
    struct xen_domctl_createdomain c =
        ct_createdomain(&(struct ct_config){ .grant_frames = FRAMES });
    xenforeignmemory_resource_handle *h = NULL;
    uint32_t domid = DOMID_INVALID;
    xen_pfn_t gfn[PAGES];
    uint32_t *p;

    for ( unsigned int i = 0; i < PAGES; i++ )
        gfn[i] = i;
    if ( xc_domain_create(t->xch, &domid, &c) )
        return bad("create", errno);
    if ( xc_domain_max_vcpus(t->xch, domid, 1) ||
         xc_domain_setmaxmem(t->xch, domid, -1UL) ||
         xc_domain_populate_physmap_exact(t->xch, domid, PAGES, 0, 0, gfn) )
        bad("prepare", errno);
    p = map(domid, XENMEM_resource_grant_table, 0, FRAMES, &h);
    if ( !p )
        bad("map the table", errno);
    else
    {
        p[1] = domid; /* nobody else has this memory */
        sched_yield();
        if ( *(volatile uint32_t *)(p + 1) != domid )
            bad("memory of two", 0);
    }
    if ( rand_r(&t->seed) & 1 ) /* before the end, or after it */
    {
        xenforeignmemory_unmap_resource(ct.fmem, h);
        h = NULL;
    }
    if ( xc_domain_destroy(t->xch, domid) )
        bad("destroy", errno);
    if ( xenforeignmemory_unmap_resource(ct.fmem, h) )
        bad("unmap the table", errno);
}

/* One of eight servers of the common domain, if one is free. */
static void common_server(struct thread *t)
{
    domid_t domid = (domid_t)state->common;
    xenforeignmemory_resource_handle *h;
    evtchn_port_t port = 0;
    ioservid_t id;
    uint32_t *p;
    int local;

    if ( xendevicemodel_create_ioreq_server(t->dmod, domid, 2, &id) )
    {
        if ( errno != ENOSPC )
            bad("create a server", errno);
        return add(&state->no_room);
    }
    p = map(domid, XENMEM_resource_ioreq_server, id, 2, &h);
    if ( !p )
        bad("map a server", errno);
    else
        p[0] = id; /* read_pointer of nobody's ring */
    if ( xendevicemodel_set_ioreq_server_state(t->dmod, domid, id, 1) ||
         xendevicemodel_map_io_range_to_ioreq_server(
             t->dmod, domid, id, 0, t->seed & 0xff00, t->seed | 0xff) ||
         xendevicemodel_get_ioreq_server_info(t->dmod, domid, id, NULL, NULL,
                                              &port) )
        bad("set up a server", errno);
    local = xenevtchn_bind_interdomain(t->evtchn, domid, port);
    if ( local <= 0 || xenevtchn_notify(t->evtchn, (evtchn_port_t)local) ||
         xenevtchn_unbind(t->evtchn, (evtchn_port_t)local) )
        bad("bind a server's port", errno);
    if ( xendevicemodel_destroy_ioreq_server(t->dmod, domid, id) )
        bad("destroy a server", errno);
    if ( p && *(volatile uint32_t *)p != id )
        bad("a dead page of two", 0);
    if ( xenforeignmemory_unmap_resource(ct.fmem, h) )
        bad("unmap a server", errno);
}

static void common_pages(void)
{
    xen_pfn_t gfn[PAGES];
    int err[PAGES];
    void *p;

    for ( unsigned int i = 0; i < PAGES; i++ )
        gfn[i] = PAGES - 1 - i;
    p = xenforeignmemory_map(ct.fmem, state->common, CT_RW, PAGES, gfn, err);
    if ( !p )
        return bad("map pages", errno);
    for ( unsigned int i = 0; i < PAGES; i++ )
        if ( err[i] )
            bad("map a page", -err[i]);
    if ( xenforeignmemory_unmap(ct.fmem, p, PAGES) )
        bad("unmap pages", errno);
}

static void *work(void *arg)
{
    struct thread *t = arg;

    t->xch = xc_interface_open(ct.quiet, ct.quiet, 0);
    t->dmod = xendevicemodel_open(ct.quiet, 0);
    t->evtchn = xenevtchn_open(ct.quiet, 0);
    if ( !t->xch || !t->dmod || !t->evtchn )
    {
        bad("open", errno);
        return NULL;
    }
    for ( unsigned int i = 0; i < nr_cycles; i++ )
    {
        if ( __atomic_load_n(&state->errors, __ATOMIC_RELAXED) )
            break;
        switch ( rand_r(&t->seed) % 4 )
        {
        case 0:  own_domain(t); break;
        case 1:  common_pages(); break;
        default: common_server(t); break;
        }
        add(&state->cycles);
    }
    xenevtchn_close(t->evtchn);
    xendevicemodel_close(t->dmod);
    xc_interface_close(t->xch);
    return NULL;
}

static void process(unsigned int nr)
{
    struct thread t[THREADS] = { 0 };

    ct_reopen();
    for ( unsigned int i = 0; i < THREADS; i++ )
    {
        t[i].seed = (unsigned int)seed + nr * THREADS + i;
        if ( pthread_create(&t[i].id, NULL, work, &t[i]) )
            _exit(2);
    }
    for ( unsigned int i = 0; i < THREADS; i++ )
        pthread_join(t[i].id, NULL);
    _exit(0);
}

static void run(void)
{
    pid_t pid[PROCESSES];
    int status, sum = 0;

    for ( unsigned int i = 0; i < PROCESSES; i++ )
    {
        pid[i] = fork();
        if ( pid[i] == 0 )
            process(i);
    }
    for ( unsigned int i = 0; i < PROCESSES; i++ )
        sum |= waitpid(pid[i], &status, 0) == pid[i] ? status : -1;
    ct_equal((uint64_t)sum, 0, "%d processes end well", PROCESSES);
}

static unsigned int nr_domains(void)
{
    xc_domaininfo_t list[64];

    return (unsigned int)xc_domain_getinfolist(ct.xch, 0, 64, list);
}

int main(void)
{
    unsigned int domains;
    uint64_t before;

    ct_begin();
    nr_cycles = ct_number("CT_CYCLES", 60);
    seed = ct_number("CT_SEED", 1);
    state = mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ( state == MAP_FAILED )
        ct_bail("no memory");
    state->common = ct_create(&(struct ct_config){ .vcpus = 4,
                                                   .pages = PAGES });
    domains = nr_domains();
    before = ct_free_pages();
    run();
    ct_diag("%lu cycles, %lu without a free server", state->cycles,
            state->no_room);
    ct_equal(state->errors, 0, "nothing fails that should not");
    if ( state->errors )
        ct_diag("first: %s", state->first);
    ct_equal(state->cycles, PROCESSES * THREADS * nr_cycles, "all have worked");
    ct_ok(ct_eventually(nr_domains() == domains), "all their domains go");
    ct_equal((uint64_t)ct_tot_pages(state->common), PAGES,
             "the common one has what it had");
    ct_no_leak(before, 64, "after all");
    ct_destroy(state->common);
    return ct_end();
}
