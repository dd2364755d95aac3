/* SPDX-License-Identifier: MIT */
/*
 * Debug keys: `xl debug-keys KEY`, or KEY typed at the machine's console
 * (hv/console.h), makes the hypervisor print a part of its state there.  The
 * table is in keys.c; each function stands in the file that owns what it prints.
 *
 * How much one key prints is limited to KEY_LINES, whatever guests and device
 * models have made; how many more lines there were is the last line.  A
 * function gives its locks back between steps of LOOK_AT_ONCE and ends as soon
 * as key_is_full(), so that nobody waits long for it.
 */
#ifndef HV_KEYS_H
#define HV_KEYS_H

#include <hv/types.h>

struct domain;

#define KEY_LINES 400U   /* of 60 bytes they fit in the console ring thrice */
#define LOOK_AT_ONCE 512 /* entries under a lock */

/* One press of a key. */
struct key_press {
    unsigned int lines; /* printed */
    bool cut;           /* there was more */
};

/* One whole line; any lock may be held. */
void key_print(struct key_press *k, const char *fmt, ...) printf_like(2, 3);

/* No further line will be printed. */
static inline bool key_is_full(const struct key_press *k)
{
    return k->cut;
}

/*
 * Do what key means: no locks held, and there may be no current vcpu.  A key
 * that means nothing is told so on the console, and no error, as in Xen.
 * -ERESTART: press it again; -EOPNOTSUPP: this machine cannot do it.
 */
int key_pressed(char key) must_check;

/*
 * Press the keys that were typed: no locks held, and no vcpu on this CPU.  The
 * machine calls key_press_typed() soon after console_keys_typed was set; the flag
 * stays set when a key has to be pressed again.
 */
void key_press_typed(void);

/* fn() for each domain, which it keeps. */
void key_each_domain(struct key_press *k,
                     void (*fn)(struct key_press *k, struct domain *d));

/* ---- what keys do; no locks held ---- */

typedef int key_fn(struct key_press *k);

key_fn domain_key_domains;   /* q: domain-show.c: domains, vcpus, memory   */
key_fn domain_key_registers; /* d: domain-show.c: vcpus' registers         */
key_fn domain_key_queues;    /* r: domain-show.c: who has or wants a CPU   */
key_fn evtchn_key_ports;     /* e: evtchn-show.c: ports that are not free  */
key_fn grant_key_tables;     /* g: gnttab-show.c: tables and grants in use */
key_fn ioreq_key_servers;    /* i: ioreq-show.c: servers, ranges, overlaps */
key_fn gfn_key_foreign;      /* F: gfn-show.c: where dom0 has others' pages */
key_fn heap_key_use;         /* H: heap-show.c: objects and their frames */
key_fn trace_key_counters;   /* p: trace-show.c: exits, by reason          */
key_fn trace_key_records;    /* T: trace-show.c: each CPU's newest records */
key_fn audit_key_all;        /* f: audit.c: references counted again       */

/* Ports of d that are pending, a line or none: evtchn-show.c. */
void evtchn_print_pending(struct key_press *k, struct domain *d);

#endif
