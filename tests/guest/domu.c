/* SPDX-License-Identifier: MIT */
/*
 * What a toolstack expects of a guest: it writes to the PV console, reads its
 * name and writes a node in xenstore, heeds control/shutdown, and answers lines
 * that are typed at the console: "quit" powers off.
 */
#include "guest.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>

#define LINE 80
#define STORE_RING 1024u

enum { STORE_READ = 2, STORE_WATCH = 4, STORE_WRITE = 11, STORE_EVENT = 15 };

struct message {
    uint32_t type, request, transaction, len;
};

struct store {
    char out[STORE_RING], in[STORE_RING];
    volatile uint32_t out_cons, out_prod, in_cons, in_prod;
};

static volatile struct xencons_interface *console;
static evtchn_port_t console_port;
static struct store *store;
static evtchn_port_t store_port;

static uint64_t param(uint32_t index)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

    return hypercall5(__HYPERVISOR_hvm_op, HVMOP_get_param, ADDRESS(&p), 0, 0,
                      0) ? 0 : p.value;
}

static void notify(evtchn_port_t port)
{
    struct evtchn_send s = { .port = port };

    evtchn_op(EVTCHNOP_send, &s);
}

/* ---- the console ---- */

static void print(const char *s)
{
    for ( ; *s; s++ )
    {
        while ( console->out_prod - console->out_cons ==
                sizeof(console->out) )
            sleep_for_event();
        console->out[MASK_XENCONS_IDX(console->out_prod, console->out)] = *s;
        __asm__ volatile("" ::: "memory");
        console->out_prod++;
    }
    notify(console_port);
}

/* ---- xenstore: a request at a time ---- */

static void store_put(const void *from, uint32_t len)
{
    const char *p = from;

    while ( len-- )
    {
        while ( store->out_prod - store->out_cons == STORE_RING )
            sleep_for_event();
        store->out[store->out_prod % STORE_RING] = *p++;
        __asm__ volatile("" ::: "memory");
        store->out_prod++;
    }
}

static void store_get(void *to, uint32_t len)
{
    char *p = to;

    while ( len-- )
    {
        while ( store->in_prod == store->in_cons )
            sleep_for_event();
        *p++ = store->in[store->in_cons % STORE_RING];
        __asm__ volatile("" ::: "memory");
        store->in_cons++;
    }
    notify(store_port);
}

static uint32_t length(const char *s)
{
    uint32_t n = 0;

    while ( s[n] )
        n++;
    return n;
}

/* A message's body, cut to fit, as a string. */
static uint32_t receive(char text[LINE])
{
    struct message m;
    char rest;

    store_get(&m, sizeof(m));
    store_get(text, m.len < LINE - 1 ? m.len : LINE - 1);
    text[m.len < LINE - 1 ? m.len : LINE - 1] = '\0';
    for ( uint32_t i = LINE - 1; i < m.len; i++ )
        store_get(&rest, 1);
    return m.type;
}

/* Events that come before the answer are dropped: their nodes are read later. */
static void ask(uint32_t type, const char *path, const char *value, bool end,
                char answer[LINE])
{
    struct message m = { .type = type, .len = length(path) + 1 };

    m.len += value ? length(value) + end : 0;
    store_put(&m, sizeof(m));
    store_put(path, length(path) + 1);
    if ( value )
        store_put(value, length(value) + end);
    notify(store_port);
    while ( receive(answer) == STORE_EVENT )
        ;
}

static bool is(const char *a, const char *b)
{
    while ( *a && *a == *b )
        a++, b++;
    return *a == *b;
}

static void look_for_shutdown(void)
{
    char what[LINE], answer[LINE];

    ask(STORE_READ, "control/shutdown", NULL, false, what);
    if ( !is(what, "poweroff") && !is(what, "halt") && !is(what, "reboot") )
        return;
    ask(STORE_WRITE, "control/shutdown", "", false, answer);
    print("shutting down: ");
    print(what);
    print("\n");
    guest_shutdown(is(what, "reboot") ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

/* ---- typed lines ---- */

static void typed(char c)
{
    static char line[LINE];
    static unsigned int len;

    if ( c != '\n' && c != '\r' )
    {
        if ( len < LINE - 1 )
            line[len++] = c;
        return;
    }
    line[len] = '\0';
    len = 0;
    print("heard: ");
    print(line);
    print("\n");
    if ( is(line, "quit") )
        guest_shutdown(SHUTDOWN_poweroff);
}

static void read_console(void)
{
    while ( console->in_cons != console->in_prod )
    {
        char c = console->in[MASK_XENCONS_IDX(console->in_cons, console->in)];

        console->in_cons++;
        notify(console_port);
        typed(c);
    }
}

_Noreturn void guest_main(void)
{
    char text[LINE];

    guest_init();
    guest_events_init();
    interrupts_off(); /* but in sleep_for_event(): no event is lost */
    console = (void *)(param(HVM_PARAM_CONSOLE_PFN) * PAGE_SIZE);
    console_port = (evtchn_port_t)param(HVM_PARAM_CONSOLE_EVTCHN);
    store = (void *)(param(HVM_PARAM_STORE_PFN) * PAGE_SIZE);
    store_port = (evtchn_port_t)param(HVM_PARAM_STORE_EVTCHN);
    guest_unmask(console_port);
    guest_unmask(store_port);

    ask(STORE_READ, "name", NULL, false, text);
    print("I am ");
    print(text);
    print("\n");
    ask(STORE_WRITE, "data/greeting", "hello from a guest", false, text);
    print("I wrote: ");
    print(text);
    print("\n");
    ask(STORE_WATCH, "control/shutdown", "w", true, text);
    look_for_shutdown();
    for ( ;; )
    {
        if ( store->in_cons != store->in_prod )
        {
            receive(text);
            look_for_shutdown();
        }
        read_console();
        if ( store->in_cons == store->in_prod &&
             console->in_cons == console->in_prod )
            sleep_for_event();
    }
}
