/* SPDX-License-Identifier: MIT */
/*
 * Event channels as a program sees them through /dev/xen/evtchn: binding,
 * delivery, masking until the port is written back, ownership of ports, the end
 * of one side, limits, and two processes that notify each other.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "ct.h"

#define OWN 0 /* these programs run in domain 0 */

static xenevtchn_handle *open_file(void)
{
    xenevtchn_handle *h = xenevtchn_open(ct.quiet, 0);

    if ( !h )
        ct_bail("no event channel device: %s", strerror(errno));
    return h;
}

static unsigned int status(uint32_t domid, int port)
{
    struct evtchn_status s = { .dom = (domid_t)domid, .port = (uint32_t)port };

    return xc_evtchn_status(ct.xch, &s) ? ~0U : s.status;
}

/* A port to oneself, and one bound to it, each in a file. */
struct pair {
    xenevtchn_handle *h[2];
    struct ct_fence fence[2];
    int port[2];
};

static struct pair make_pair(void)
{
    struct pair p = { .h = { open_file(), open_file() } };

    p.port[0] = xenevtchn_bind_unbound_port(p.h[0], OWN);
    p.port[1] = xenevtchn_bind_interdomain(p.h[1], OWN,
                                           (evtchn_port_t)p.port[0]);
    if ( p.port[0] <= 0 || p.port[1] <= 0 )
        ct_bail("no channel to oneself: %s", strerror(errno));
    /* Who binds a port sees an event at once, in case one came before. */
    for ( unsigned int i = 0; i < 2; i++ )
    {
        ct_fence_make(&p.fence[i], p.h[i]);
        ct_drain(&p.fence[i]);
    }
    return p;
}

static void close_pair(struct pair *p)
{
    xenevtchn_close(p->h[0]);
    xenevtchn_close(p->h[1]);
}

/* ---- binding ---- */

static void test_binding(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ 0 });
    int remote = xc_evtchn_alloc_unbound(ct.xch, domid, OWN), port, elsewhere;
    xenevtchn_handle *h = open_file(), *other = open_file();

    ct_ok(remote > 0, "the domain has a port for us");
    ct_equal(status(domid, remote), EVTCHNSTAT_unbound, "which is unbound");
    elsewhere = xc_evtchn_alloc_unbound(ct.xch, domid, domid);
    ct_expect(ESRCH, xenevtchn_bind_interdomain(h, CT_NO_DOMAIN, 1),
              "bind: no domain");
    ct_expect(EINVAL, xenevtchn_bind_interdomain(h, domid, 999),
              "bind: no such port");
    ct_expect(EINVAL, xenevtchn_bind_interdomain(h, domid, 1 << 30),
              "bind: not a port at all");
    ct_expect(EINVAL, xenevtchn_bind_interdomain(
                          h, domid, (evtchn_port_t)elsewhere),
              "bind: a port for somebody else");
    port = xenevtchn_bind_interdomain(h, domid, (evtchn_port_t)remote);
    ct_ok(port > 0, "bind");
    ct_equal(status(domid, remote), EVTCHNSTAT_interdomain, "is bound");
    ct_equal(status(OWN, port), EVTCHNSTAT_interdomain, "on both sides");
    ct_expect(EINVAL, xenevtchn_bind_interdomain(h, domid,
                                                 (evtchn_port_t)remote),
              "bind: twice");

    ct_expect(0, xenevtchn_notify(h, (evtchn_port_t)port), "notify");
    ct_expect(ENOTCONN, xenevtchn_notify(other, (evtchn_port_t)port),
              "notify: another file's port");
    ct_expect(ENOTCONN, xenevtchn_notify(h, 4000), "notify: nobody's port");
    ct_expect(ENOTCONN, xenevtchn_unbind(other, (evtchn_port_t)port),
              "unbind: another file's port");
    ct_expect(ENOTCONN, xenevtchn_unbind(h, 1000), "unbind: nobody's port");
    ct_expect(EINVAL, xenevtchn_unbind(h, 1 << 20), "unbind: not a port");
    ct_expect(0, xenevtchn_unbind(h, (evtchn_port_t)port), "unbind");
    ct_expect(ENOTCONN, xenevtchn_unbind(h, (evtchn_port_t)port),
              "unbind: twice");
    ct_expect(ENOTCONN, xenevtchn_notify(h, (evtchn_port_t)port),
              "notify: an unbound port");
    ct_equal(status(domid, remote), EVTCHNSTAT_unbound,
             "the other side can be bound again");
    ct_ok(xenevtchn_bind_interdomain(h, domid, (evtchn_port_t)remote) > 0,
          "and is");
    ct_expect(0, xenevtchn_close(h), "closing the file");
    ct_ok(ct_eventually(status(domid, remote) == EVTCHNSTAT_unbound),
          "unbinds its ports");
    xenevtchn_close(other);
    ct_destroy(domid);
}

static void test_domain_goes(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ 0 });
    int remote = xc_evtchn_alloc_unbound(ct.xch, domid, OWN);
    xenevtchn_handle *h = open_file();
    int port = xenevtchn_bind_interdomain(h, domid, (evtchn_port_t)remote);

    ct_ok(port > 0, "bind");
    ct_destroy(domid);
    ct_equal(status(OWN, port), EVTCHNSTAT_unbound,
             "our side stays, unbound");
    ct_expect(0, xenevtchn_notify(h, (evtchn_port_t)port),
              "notifying nobody is no error");
    ct_expect(0, xenevtchn_unbind(h, (evtchn_port_t)port), "unbind");
    xenevtchn_close(h);
}

/* ---- delivery ---- */

static void test_delivery(void)
{
    struct pair p = make_pair();
    evtchn_port_t near = (evtchn_port_t)p.port[0];
    evtchn_port_t far = (evtchn_port_t)p.port[1];

    ct_ok(ct_event_before_fence(&p.fence[0]) < 0 &&
          ct_event_before_fence(&p.fence[1]) < 0, "nothing yet");
    ct_expect(0, xenevtchn_notify(p.h[0], near), "notify");
    ct_equal((uint64_t)ct_event(&p.fence[1]), far, "the other side sees it");
    ct_ok(ct_event_before_fence(&p.fence[0]) < 0, "this one does not");
    xenevtchn_notify(p.h[0], near);
    xenevtchn_notify(p.h[0], near);
    ct_ok(ct_event_before_fence(&p.fence[1]) < 0, "while masked nothing comes");
    ct_expect(0, xenevtchn_unmask(p.h[1], far), "unmask");
    ct_equal((uint64_t)ct_event(&p.fence[1]), far, "what came meanwhile, once");
    ct_expect(0, xenevtchn_unmask(p.h[1], far), "unmask");
    ct_ok(ct_event_before_fence(&p.fence[1]) < 0, "and not twice");
    ct_expect(0, xenevtchn_notify(p.h[1], far), "the other way");
    ct_equal((uint64_t)ct_event(&p.fence[0]), near, "as well");
    close_pair(&p);
}

static void test_close_while_pending(void)
{
    struct pair p = make_pair();

    xenevtchn_notify(p.h[0], (evtchn_port_t)p.port[0]);
    ct_expect(0, xenevtchn_close(p.h[1]), "closed with an event pending");
    ct_ok(ct_eventually(status(OWN, p.port[0]) == EVTCHNSTAT_unbound),
          "the other side is unbound");
    ct_expect(0, xenevtchn_notify(p.h[0], (evtchn_port_t)p.port[0]),
              "and may still notify");
    p.h[1] = open_file();
    p.port[1] = xenevtchn_bind_interdomain(p.h[1], OWN,
                                           (evtchn_port_t)p.port[0]);
    ct_ok(p.port[1] > 0, "it is bound by a new file");
    ct_fence_make(&p.fence[1], p.h[1]);
    ct_drain(&p.fence[1]);
    xenevtchn_notify(p.h[0], (evtchn_port_t)p.port[0]);
    ct_equal((uint64_t)ct_event(&p.fence[1]), (uint64_t)p.port[1],
             "which gets events");
    close_pair(&p);
}

/* ---- many ---- */

static void test_limit(void)
{
    enum { PORTS = 63 };
    uint32_t domid = ct_create(&(struct ct_config){ .ports = PORTS });
    xenevtchn_handle *h = open_file();
    int port[PORTS], local[PORTS];
    unsigned int nr = 0, bound = 0;

    while ( nr < PORTS &&
            (port[nr] = xc_evtchn_alloc_unbound(ct.xch, domid, OWN)) > 0 )
        nr++;
    ct_equal(nr, PORTS, "as many ports as the limit says, but for port 0");
    ct_expect(ENOSPC, xc_evtchn_alloc_unbound(ct.xch, domid, OWN),
              "one more");
    for ( unsigned int i = 0; i < nr; i++ )
    {
        local[i] = xenevtchn_bind_interdomain(h, domid,
                                              (evtchn_port_t)port[i]);
        bound += local[i] > 0;
    }
    ct_equal(bound, nr, "all are bound");
    for ( unsigned int i = 0; i < nr; i++ )
        bound -= !xenevtchn_unbind(h, (evtchn_port_t)local[i]);
    ct_equal(bound, 0, "and unbound");
    xenevtchn_close(h);
    ct_destroy(domid);
}

static void test_many(void)
{
    enum { PAIRS = 300 };
    xenevtchn_handle *a = open_file(), *b = open_file();
    static int near[PAIRS], far[PAIRS];
    static bool seen[65536];
    unsigned int nr = 0, got = 0;
    struct ct_fence fence;
    int port;

    for ( ; nr < PAIRS; nr++ )
    {
        near[nr] = xenevtchn_bind_unbound_port(a, OWN);
        far[nr] = xenevtchn_bind_interdomain(b, OWN, (evtchn_port_t)near[nr]);
        if ( near[nr] <= 0 || far[nr] <= 0 )
            break;
    }
    ct_equal(nr, PAIRS, "%u channels in two files", PAIRS);
    ct_fence_make(&fence, b);
    ct_drain(&fence);
    for ( unsigned int i = 0; i < nr; i++ )
        xenevtchn_notify(a, (evtchn_port_t)near[i]);
    while ( got < nr && (port = ct_event_before_fence(&fence)) >= 0 )
    {
        got += !seen[port];
        seen[port] = true;
    }
    for ( unsigned int i = 0; i < nr; i++ )
        got -= seen[far[i]];
    ct_ok(got == 0 && seen[far[0]], "all events come, each for its port");
    xenevtchn_close(a);
    xenevtchn_close(b);
}

/* ---- two processes ---- */

enum { ROUNDS = 500 };

static void echo(evtchn_port_t remote)
{
    xenevtchn_handle *h = xenevtchn_open(NULL, 0);
    int port = h ? xenevtchn_bind_interdomain(h, OWN, remote) : -1;
    struct ct_fence fence;

    if ( port <= 0 )
        _exit(1);
    ct_fence_make(&fence, h);
    ct_drain(&fence);
    xenevtchn_notify(h, (evtchn_port_t)port); /* here we are */
    for ( unsigned int i = 0; i < ROUNDS; i++ )
        if ( ct_event(&fence) != port ||
             xenevtchn_unmask(h, (evtchn_port_t)port) ||
             xenevtchn_notify(h, (evtchn_port_t)port) )
            _exit(2);
    _exit(0);
}

static void test_processes(void)
{
    xenevtchn_handle *h = open_file();
    int port = xenevtchn_bind_unbound_port(h, OWN), wstatus = -1;
    unsigned int rounds = 0;
    struct ct_fence fence;
    pid_t pid = fork();

    if ( pid == 0 )
        echo((evtchn_port_t)port);
    ct_fence_make(&fence, h);
    ct_equal((uint64_t)ct_event(&fence), (uint64_t)port, "the child is there");
    for ( ; rounds < ROUNDS; rounds++ )
    {
        xenevtchn_unmask(h, (evtchn_port_t)port);
        if ( xenevtchn_notify(h, (evtchn_port_t)port) ||
             ct_event(&fence) != port )
            break;
    }
    ct_equal(rounds, ROUNDS, "each event is answered by one");
    waitpid(pid, &wstatus, 0);
    ct_equal((uint64_t)wstatus, 0, "the child has seen as many");
    ct_ok(ct_eventually(status(OWN, port) == EVTCHNSTAT_unbound),
          "its end unbinds its port");
    xenevtchn_close(h);
}

int main(void)
{
    ct_begin();
    test_binding();
    test_domain_goes();
    test_delivery();
    test_close_while_pending();
    test_limit();
    test_many();
    test_processes();
    return ct_end();
}
