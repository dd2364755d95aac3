/* SPDX-License-Identifier: MIT */
/*
 * Waiting for events, looking for requests without them, stopping.
 *
 * A port is unmasked before its slot is looked at: an event that arrives during
 * the search is delivered after it.  A hypervisor that does not know
 * docs/polling.md sends an event for requests that ioserver_look() serves, too,
 * one for each port at most, which later announces nothing.
 */
#include <poll.h>
#include <unistd.h>

#include "private.h"

/* How often to see whether the guest lives: without events, and looks. */
#define CHECK_MS 500 /* then look again */
#define CHECK_LOOKS (1U << 20)

int ioserver_fd(const ioserver *s)
{
    return xenevtchn_fd(s->events);
}

/* One event, which is there or is waited for: 1; 0: a signal came. */
static int take_event(ioserver *s, bool *found)
{
    xenevtchn_port_or_error_t port;

    errno = 0;
    port = xenevtchn_pending(s->events);
    if ( port < 0 )
        return errno == EINTR ? 0 : -1;
    xenevtchn_unmask(s->events, (evtchn_port_t)port);
    *found = slots_serve_port(s, (evtchn_port_t)port);
    return 1;
}

/* What poll() with these said: 1: an event; 0: not yet; -1: never again. */
static int wait_with(struct pollfd *fds, nfds_t nr, int timeout_ms)
{
    int rc = poll(fds, nr, timeout_ms);

    if ( rc < 0 )
        return errno == EINTR ? 0 : -1;
    if ( fds->revents & (POLLERR | POLLNVAL) )
    {
        errno = fds->revents & POLLNVAL ? EBADF : EIO;
        return -1;
    }
    return fds->revents ? 1 : 0;
}

int ioserver_wait(ioserver *s, int timeout_ms)
{
    struct pollfd p = { .fd = ioserver_fd(s), .events = POLLIN };
    int rc = timeout_ms < 0 ? 1 : wait_with(&p, 1, timeout_ms);
    bool found;

    return rc <= 0 ? rc : take_event(s, &found);
}

static bool is_stopped(ioserver *s)
{
    return __atomic_load_n(&s->stop, __ATOMIC_ACQUIRE);
}

/* False: nothing was there, and the next request sends an event. */
static bool look_for_a_while(ioserver *s)
{
    if ( !s->config.looks )
        return false;
    if ( !s->looks )
        slots_say(s, true);
    for ( unsigned int i = 0; i < s->config.looks && !is_stopped(s); i++ )
    {
        if ( ioserver_look(s) )
            return true;
        if ( i % CHECK_LOOKS == CHECK_LOOKS - 1 && !ioserver_alive(s) )
            break;
        __builtin_ia32_pause();
    }
    slots_say(s, false);
    return ioserver_look(s);
}

/* Sleeps for an event and serves it.  -1: ESRCH when nothing can come. */
static int sleep_once(ioserver *s, bool *found)
{
    struct pollfd fds[2] = { { .fd = ioserver_fd(s), .events = POLLIN },
                             { .fd = s->stop_fd, .events = POLLIN } };
    int rc = wait_with(fds, 2, CHECK_MS);

    if ( rc > 0 )
        return take_event(s, found);
    if ( rc == 0 && !fds[1].revents && !ioserver_alive(s) )
    {
        errno = ESRCH;
        return -1;
    }
    return rc;
}

/*
 * The next ioserver_run() serves again.  A thread that stops the server meanwhile
 * writes first: what is left is `stop` or nothing, never a descriptor alone.
 */
static void forget_stop(ioserver *s)
{
    uint64_t count;

    __atomic_store_n(&s->stop, false, __ATOMIC_SEQ_CST);
    (void)!read(s->stop_fd, &count, sizeof(count));
}

int ioserver_run(ioserver *s)
{
    bool found = true;

    while ( !is_stopped(s) )
    {
        if ( found && look_for_a_while(s) )
            continue;
        found = false;
        if ( sleep_once(s, &found) < 0 )
            return -1;
    }
    forget_stop(s);
    if ( s->looks )
        slots_say(s, false);
    ioserver_look(s);
    return 0;
}

void ioserver_stop(ioserver *s)
{
    static const uint64_t one = 1;
    int saved = errno;

    (void)!write(s->stop_fd, &one, sizeof(one));
    __atomic_store_n(&s->stop, true, __ATOMIC_SEQ_CST);
    errno = saved;
}
