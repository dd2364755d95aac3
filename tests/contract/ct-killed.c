/* SPDX-License-Identifier: MIT */
/*
 * Clients that are killed while they map, use and unmap everything: all that
 * they held is released, pages are free again and domains end.
 *
 * A round: a child works in a loop until SIGKILL, which comes some random time
 * after a random step of its work (or at the very beginning).  Every few rounds
 * the domain is made anew, and the old one must go.  CT_SEED=N for other ones.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xenevtchn.h>
#include <xengnttab.h>

#include "ct.h"

enum { ROUNDS = 300, PER_DOMAIN = 20, PAGES = 32, FRAMES = 4 };

static uint32_t domid;
static unsigned long *steps; /* of all children: shared with them */
static unsigned long least;  /* that are waited for */
static ioservid_t server;

static void new_domain(void)
{
    struct ct_map m;
    grant_entry_v1_t *e;

    domid = ct_create(&(struct ct_config){ .vcpus = 2, .pages = PAGES,
                                           .grant_frames = FRAMES });
    if ( xendevicemodel_create_ioreq_server(ct.dmod, (domid_t)domid, 2,
                                            &server) ||
         ct_map_resource(&m, domid, XENMEM_resource_grant_table, 0, 0, 1) )
        ct_bail("cannot prepare domain %u: %s", domid, strerror(errno));
    e = m.addr;
    for ( uint32_t i = 0; i < PAGES; i++ )
    {
        e[8 + i].domid = 0;
        e[8 + i].frame = i;
        xen_wmb();
        e[8 + i].flags = GTF_permit_access;
    }
    if ( ct_unmap_resource(&m) )
        ct_bail("unmap: %s", strerror(errno));
}

/* ---- the child ---- */

static void use_resources(void)
{
    struct ct_map io, table;

    if ( ct_map_resource(&io, domid, XENMEM_resource_ioreq_server, server, 0,
                         2) ||
         ct_map_resource(&table, domid, XENMEM_resource_grant_table, 0, 0,
                         FRAMES) )
        _exit(3);
    *(volatile char *)io.addr = 1;
    if ( ct_unmap_resource(&table) || ct_unmap_resource(&io) )
        _exit(4);
}

static void use_pages(xengnttab_handle *gnt)
{
    uint32_t refs[PAGES];
    char *foreign = ct_map_foreign(domid, 0, PAGES), *granted;

    for ( uint32_t i = 0; i < PAGES; i++ )
        refs[i] = 8 + i;
    granted = xengnttab_map_domain_grant_refs(gnt, PAGES, domid, refs, CT_RW);
    if ( !foreign || !granted )
        _exit(5);
    foreign[CT_PAGE] = 7;
    if ( *(volatile char *)(granted + CT_PAGE) != 7 )
        _exit(6);
    if ( xengnttab_unmap(gnt, granted, PAGES) ||
         xenforeignmemory_unmap(ct.fmem, foreign, PAGES) )
        _exit(7);
}

static void use_events(xenevtchn_handle *h)
{
    int port = xenevtchn_bind_unbound_port(h, 0), other;

    other = xenevtchn_bind_interdomain(h, 0, (evtchn_port_t)port);
    if ( port <= 0 || other <= 0 ||
         xenevtchn_notify(h, (evtchn_port_t)port) ||
         xenevtchn_unbind(h, (evtchn_port_t)other) ||
         xenevtchn_unbind(h, (evtchn_port_t)port) )
        _exit(8);
}

static void use_grants_of_ours(void)
{
    xengntshr_handle *shr = xengntshr_open(ct.quiet, 0);
    uint32_t refs[2];
    char *p = shr ? xengntshr_share_pages(shr, domid, 2, refs, 1) : NULL;

    if ( !p )
        _exit(9);
    p[0] = 1;
    xengntshr_unshare(shr, p, 2);
    xengntshr_close(shr);
}

static void step(void)
{
    __atomic_add_fetch(steps, 1, __ATOMIC_RELAXED);
}

static void child(void)
{
    xengnttab_handle *gnt;
    xenevtchn_handle *h;

    ct_reopen();
    gnt = xengnttab_open(ct.quiet, 0);
    h = xenevtchn_open(ct.quiet, 0);
    if ( !gnt || !h )
        _exit(2);
    for ( ;; )
    {
        use_resources();
        step();
        use_pages(gnt);
        step();
        use_events(h);
        step();
        use_grants_of_ours();
        step();
    }
}

/* ---- the parent ---- */

/* How it ended: 0 when by the signal. */
static int one_round(void)
{
    unsigned int nr = (unsigned int)rand() % 12;
    unsigned long until = *steps + nr;
    long ns = (rand() % 1000) * 1000L;
    int status = -1;
    pid_t pid = fork();

    if ( pid < 0 )
        ct_bail("no child: %s", strerror(errno));
    if ( pid == 0 )
        child();
    least += nr;
    /* One that ended by itself makes no steps. */
    ct_eventually(__atomic_load_n(steps, __ATOMIC_RELAXED) >= until ||
                  waitpid(pid, &status, WNOHANG) == pid);
    if ( status != -1 )
        return status;
    nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL); /* no verdict */
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : status;
}

int main(void)
{
    uint64_t before = 0;
    unsigned int bad = 0, gone = 0, made = 0;

    ct_begin();
    srand((unsigned int)ct_number("CT_SEED", 1));
    steps = mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ( steps == MAP_FAILED )
        ct_bail("no memory");
    for ( unsigned int i = 0; i < ROUNDS; i++ )
    {
        int status;

        if ( i % PER_DOMAIN == 0 )
            new_domain();
        status = one_round();
        if ( status )
            ct_diag("round %u: a child ended by itself: %#x", i,
                    (unsigned int)status);
        bad += status != 0;
        if ( i % PER_DOMAIN != PER_DOMAIN - 1 )
            continue;
        made++;
        gone += !xc_domain_destroy(ct.xch, domid) &&
                ct_eventually(!ct_domain_exists(domid));
        if ( gone != made )
            break; /* more of the same would only take long */
        if ( i + 1 == PER_DOMAIN )
            before = ct_free_pages(); /* what is kept is kept by now */
    }
    ct_equal(bad, 0, "%u children work until they are killed", ROUNDS);
    ct_ok(*steps >= least, "and do get to work");
    ct_diag("%lu steps", *steps);
    ct_equal(gone, made, "all %u domains go", made);
    ct_no_leak(before, made - 1, "after all");
    return ct_end();
}
