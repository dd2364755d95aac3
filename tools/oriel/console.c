/* SPDX-License-Identifier: MIT */
/*
 * The guest's console: a page with two rings (xen/io/console.h), which the
 * guest has granted to dom0 in the entry reserved for it, and an event channel.
 *
 * The guest writes the indices: the distance of two indices is checked, and
 * each is taken modulo the ring's size, so wrong indices only garble the
 * guest's own output.
 */
#define _GNU_SOURCE
#include "oriel.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include <xen/hvm/params.h>
#include <xen/io/console.h>

#include "signals.h"
#include "xen.h"

#define LEAVE 0x1d /* Ctrl-] */
#define LOOK_MS 200 /* then look again whether the domain is alive */

struct console {
    uint32_t domid;
    xc_interface *xch;
    xengnttab_handle *grants;
    xenevtchn_handle *events;
    evtchn_port_t port; /* dom0's end; 0: none */
    struct xencons_interface *page;
    bool granted; /* page is a grant mapping, not a foreign one */
    bool input; /* standard input is a terminal */
    char typed[4096]; /* that the guest has no room for yet */
    size_t nr_typed;
    struct termios saved;
};

/* By its grant; if the guest removed the entry, by its page. */
static bool map_page(struct console *c)
{
    uint64_t gfn;
    xen_pfn_t frame;

    c->grants = xengnttab_open(xen_logger(), 0);
    if ( c->grants )
        c->page = xengnttab_map_grant_ref(c->grants, c->domid,
                                          GNTTAB_RESERVED_CONSOLE,
                                          PROT_READ | PROT_WRITE);
    c->granted = c->page;
    if ( c->page )
        return true;
    if ( xc_hvm_param_get(c->xch, c->domid, HVM_PARAM_CONSOLE_PFN, &gfn) )
    {
        failed_errno(errno, "only HVM and PVH domains have a console here",
                     "d%u: ask for its console page", c->domid);
        return false;
    }
    if ( !gfn )
    {
        failed("d%u: it has no console: HVM_PARAM_CONSOLE_PFN is 0", c->domid);
        return false;
    }
    frame = gfn;
    c->page = xenforeignmemory_map(xc_interface_fmem_handle(c->xch), c->domid,
                                   PROT_READ | PROT_WRITE, 1, &frame, NULL);
    if ( !c->page )
        failed_errno(errno, "grant reference 0 could not be mapped either",
                     "d%u: map its console page, frame %#llx", c->domid,
                     (unsigned long long)gfn);
    return c->page;
}

static bool bind_port(struct console *c)
{
    xenevtchn_port_or_error_t rc;
    uint64_t remote;

    if ( xc_hvm_param_get(c->xch, c->domid, HVM_PARAM_CONSOLE_EVTCHN,
                          &remote) || !remote )
    {
        failed("d%u: it has no event channel for its console", c->domid);
        return false;
    }
    c->events = xenevtchn_open(xen_logger(), 0);
    if ( !c->events )
    {
        failed_errno(errno, "is xen-evtchn loaded?", "open /dev/xen/evtchn");
        return false;
    }
    rc = xenevtchn_bind_interdomain(c->events, c->domid,
                                    (evtchn_port_t)remote);
    if ( rc < 0 )
    {
        failed_errno(errno,
                     "another program is attached; --once needs no attaching",
                     "d%u: bind its console's event channel %llu", c->domid,
                     (unsigned long long)remote);
        return false;
    }
    c->port = (evtchn_port_t)rc;
    return true;
}

static void console_close(struct console *c)
{
    if ( c->page && c->granted )
        xengnttab_unmap(c->grants, c->page, 1);
    else if ( c->page )
        xenforeignmemory_unmap(xc_interface_fmem_handle(c->xch), c->page, 1);
    if ( c->events )
        xenevtchn_close(c->events);
    if ( c->grants )
        xengnttab_close(c->grants);
}

/* Copies the guest's output; the caller stores the new out_cons. */
static uint32_t peek_output(const struct console *c, char *text, size_t *len)
{
    uint32_t cons = __atomic_load_n(&c->page->out_cons, __ATOMIC_RELAXED);
    uint32_t prod = __atomic_load_n(&c->page->out_prod, __ATOMIC_ACQUIRE);

    if ( prod - cons > sizeof(c->page->out) )
        cons = prod - sizeof(c->page->out);
    *len = prod - cons;
    for ( uint32_t i = 0; i < *len; i++ )
        text[i] = c->page->out[MASK_XENCONS_IDX(cons + i, c->page->out)];
    return prod;
}

/* False after a message, or when a signal has arrived. */
static bool write_all(const char *text, size_t len)
{
    while ( len )
    {
        ssize_t done;

        if ( !signals_writable(STDOUT_FILENO) )
            return false;
        done = write(STDOUT_FILENO, text, len);
        if ( done < 0 && errno != EINTR )
        {
            failed_errno(errno, "a part of the guest's output is lost",
                         "write to standard output");
            return false;
        }
        if ( done > 0 )
        {
            text += done;
            len -= (size_t)done;
        }
    }
    return true;
}

/* As write_all(). */
static bool drain(struct console *c)
{
    char text[sizeof(c->page->out)];
    size_t len;
    uint32_t cons = peek_output(c, text, &len);

    if ( !len )
        return true;
    __atomic_store_n(&c->page->out_cons, cons, __ATOMIC_RELEASE);
    xenevtchn_notify(c->events, c->port);
    return write_all(text, len);
}

static size_t input_room(const struct console *c)
{
    uint32_t used = c->page->in_prod -
                    __atomic_load_n(&c->page->in_cons, __ATOMIC_ACQUIRE);

    return used < sizeof(c->page->in) ? sizeof(c->page->in) - used : 0;
}

/* What was typed, as far as there is room. */
static void pass_on(struct console *c)
{
    size_t room = input_room(c), len = c->nr_typed < room ? c->nr_typed : room;
    uint32_t prod = c->page->in_prod;

    if ( !len )
        return;
    for ( size_t i = 0; i < len; i++ )
        c->page->in[MASK_XENCONS_IDX(prod + i, c->page->in)] = c->typed[i];
    c->nr_typed -= len;
    memmove(c->typed, c->typed + len, c->nr_typed);
    __atomic_store_n(&c->page->in_prod, prod + (uint32_t)len, __ATOMIC_RELEASE);
    xenevtchn_notify(c->events, c->port);
}

/*
 * False when the user typed Ctrl-].  A guest that does not take its input must
 * not keep the user: what it leaves no room for is dropped.
 */
static bool type(struct console *c)
{
    char text[64];
    ssize_t len = read(STDIN_FILENO, text, sizeof(text));

    if ( len <= 0 )
    {
        c->input = len < 0 && errno == EINTR;
        return true;
    }
    for ( ssize_t i = 0; i < len; i++ )
    {
        if ( text[i] == LEAVE )
            return false;
        if ( c->nr_typed < sizeof(c->typed) )
            c->typed[c->nr_typed++] = text[i];
    }
    return true;
}

static void raw_terminal(struct console *c)
{
    struct termios raw;

    c->input = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &c->saved);
    if ( !c->input )
        return;
    raw = c->saved;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST; /* the guest's newlines return the carriage */
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fprintf(stderr, "oriel: d%u: console; Ctrl-] ends it, Ctrl-C goes to the "
            "guest\n", c->domid);
}

static enum console_end broken(const struct console *c, int err,
                               const char *what)
{
    failed_errno(err, err == EIO ? "the hypervisor has ended" : NULL,
                 "d%u: %s", c->domid, what);
    return CONSOLE_FAILED;
}

/* False with errno when the hypervisor does not say. */
static bool ask_ended(const struct console *c, bool *ended)
{
    xc_dominfo_t info;
    bool there = xen_domain(c->xch, c->domid, &info);

    *ended = !there || xen_has_ended(&info);
    return there || errno == ESRCH;
}

static enum console_end talk(struct console *c)
{
    for ( ;; )
    {
        struct pollfd p[3] = {
            { .fd = xenevtchn_fd(c->events), .events = POLLIN },
            { .fd = c->input ? STDIN_FILENO : -1, .events = POLLIN },
            { .fd = signals_fd(), .events = POLLIN },
        };
        /* Asked before reading: output before the end is printed. */
        bool ended;

        if ( !ask_ended(c, &ended) )
            return broken(c, errno, "ask whether it has ended");
        pass_on(c);
        if ( !drain(c) )
            return signals_arrived() ? CONSOLE_LEFT : CONSOLE_FAILED;
        if ( ended )
            return CONSOLE_DOMAIN_ENDED;
        if ( signals_arrived() )
            return CONSOLE_LEFT;
        if ( poll(p, 3, LOOK_MS) < 0 && errno != EINTR )
            return broken(c, errno, "wait for console events");
        if ( p[0].revents & POLLIN )
        {
            xenevtchn_port_or_error_t port = xenevtchn_pending(c->events);

            if ( port >= 0 )
                xenevtchn_unmask(c->events, (evtchn_port_t)port);
        }
        else if ( p[0].revents )
            return broken(c, EIO, "wait for console events");
        if ( p[1].revents && !type(c) )
            return CONSOLE_LEFT;
    }
}

static enum console_end attach(struct console *c, bool (*attached)(void *arg),
                               void *arg)
{
    bool terminal;
    enum console_end end = CONSOLE_FAILED;

    if ( !map_page(c) || !bind_port(c) || !signals_hold() )
        return CONSOLE_FAILED;
    raw_terminal(c);
    terminal = c->input;
    if ( !attached || attached(arg) )
        end = talk(c);
    if ( terminal )
        tcsetattr(STDIN_FILENO, TCSANOW, &c->saved);
    return end;
}

enum console_end console_attach(uint32_t domid, bool (*attached)(void *arg),
                                void *arg)
{
    struct console c = { .domid = domid };
    enum console_end end = CONSOLE_FAILED;

    c.xch = xc_interface_open(xen_logger(), xen_logger(), 0);
    if ( c.xch )
        end = attach(&c, attached, arg);
    console_close(&c);
    xc_interface_close(c.xch);
    return end;
}

static int look_once(xc_interface *xch, uint32_t domid)
{
    struct console c = { .domid = domid, .xch = xch };
    bool good = map_page(&c);

    if ( good )
    {
        char text[sizeof(c.page->out)];
        size_t len;

        peek_output(&c, text, &len);
        good = write_all(text, len);
    }
    console_close(&c);
    return good ? EXIT_OK : EXIT_FAILED;
}

static int run_console(int argc, char **argv)
{
    static const struct option options[] = {
        { "once", no_argument, NULL, '1' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    bool once = false;
    xc_interface *xch;
    xc_dominfo_t info;
    int c, code = EXIT_FAILED;

    while ( (c = command_option(&command_console, argc, argv, "1h",
                                options)) != -1 )
    {
        if ( c != '1' )
            return EXIT_USAGE;
        once = true;
    }
    if ( optind + 1 != argc )
        return misused("console", "expected one DOMAIN");
    xch = xen_open(false);
    if ( !xch )
        return EXIT_FAILED;
    if ( xen_find(xch, argv[optind], &info) )
        code = once ? look_once(xch, info.domid)
               : console_attach(info.domid, NULL, NULL) == CONSOLE_FAILED
                   ? EXIT_FAILED : EXIT_OK;
    xen_close();
    signals_end();
    return code;
}

const struct command command_console = {
    "console", "[--once] DOMAIN",
    "Show a domain's console and pass on what is typed",
    "Ends with the domain, or with Ctrl-]; Ctrl-C goes to the guest.\n"
    "  -1, --once   print the output in the ring, leave it there, end\n",
    run_console,
};
