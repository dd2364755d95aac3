/* SPDX-License-Identifier: MIT */
/*
 * The table of debug keys, and what happens when one is pressed: hv/keys.h.
 *
 * Letters are Xen's where Xen has the same.
 */
#include <hv/budget.h>
#include <hv/console.h>
#include <hv/hypercall.h>
#include <hv/keys.h>
#include <hv/lib.h>

struct debug_key {
    char key;
    const char *name;
    key_fn *fn;
    const char *description;
};

static key_fn list_keys;

static const struct debug_key keys[] = {
    { 'd', "registers", domain_key_registers, "registers of all vcpus" },
    { 'e', "event channels", evtchn_key_ports,
      "ports of all domains that are not free" },
    { 'f', "find", audit_key_all, "count again who holds each page" },
    { 'F', "foreign frames", gfn_key_foreign,
      "where dom0 has other domains' pages" },
    { 'g', "grants", grant_key_tables, "grant tables, and grants in use" },
    { 'h', "help", list_keys, "this list" },
    { 'H', "heap", heap_key_use,
      "free frames, and objects of the hypervisor by size" },
    { 'i', "ioreq servers", ioreq_key_servers,
      "ioreq servers, their ranges, and which ranges overlap" },
    { 'p', "performance counters", trace_key_counters,
      "how often vcpus left guest mode, by reason" },
    { 'T', "trace", trace_key_records, "the newest trace records of each CPU" },
    { 'q', "domains", domain_key_domains, "domains, their vcpus and memory" },
    { 'r', "run queues", domain_key_queues,
      "vcpus that have a CPU or wait for one" },
};

static int list_keys(struct key_press *k)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(keys); i++ )
        key_print(k, "key '%c' (%s): %s", keys[i].key, keys[i].name,
                  keys[i].description);
    return 0;
}

static const struct debug_key *find_key(char key)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(keys); i++ )
        if ( keys[i].key == key )
            return &keys[i];
    return NULL;
}

int key_pressed(char key)
{
    const struct debug_key *row = find_key(key);
    struct key_press k = { 0 };
    int rc = 0;

    budget_pause(true);
    if ( row )
        rc = row->fn(&k);
    else if ( key > ' ' && key <= '~' )
        key_print(&k, "'%c' is no debug key: 'h' lists them", key);
    else
        key_print(&k, "%#x is no debug key: 'h' lists them", (uint8_t)key);
    if ( k.cut )
        printk(XENLOG_ALWAYS, "key '%c': there is more than %u lines\n", key,
               KEY_LINES);
    budget_pause(false);
    return rc;
}

void key_press_typed(void)
{
    char key;

    while ( console_next_key(&key) )
    {
        int rc = key_pressed(key);

        if ( rc == -ERESTART )
        {
            console_key_again(key);
            return;
        }
        if ( rc )
            printk(XENLOG_ALWAYS, "key '%c': error %d\n", key, -rc);
    }
}
